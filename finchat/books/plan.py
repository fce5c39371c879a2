"""The plan: proposed writes, each with evidence, rival, effects, preconditions and the way it is read back.

The JSON form is `finchat.plan/1` of the machine contract. Amounts are Decimals here and plain decimal strings there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Self

from finchat.books.documents import BankLine, Coding, Direction, Organisation
from finchat.canonical import sha256_of

Kind = Literal[
    "payment", "allocation", "overpayment", "prepayment", "refund", "spend_money", "receive_money", "deposit",
    "apply_payment", "transfer", "create", "update", "delete", "void",
]  # fmt: skip
Class = Literal["certain", "review"]
Control = Literal["bank", "receivables", "payables", "tax", "gain_loss", "clearing", "other"]
DOUBTFUL = "doubtful"  # the kind of evidence that speaks against what a person chose
EDITED = "edited"  # the kind of evidence that says what a person changed
DRAFTED = "conversation"  # the kind of evidence that says that it was drafted from what a person asked for
ANY = "any"  # expected of a fact that is read for the record, whatever it is: no approval rests on it


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """The bank line a proposal is about, as a plan carries it. `amount` is positive, in `currency`, the account's.

    `fingerprints`: all its names, which whatever is written for it consumes.
    """

    id: str
    date: date
    direction: Direction
    amount: Decimal
    currency: str
    account_id: str
    payee: str = ""
    narration: str = ""
    reference: str = ""
    fingerprints: tuple[str, ...] = ()

    @classmethod
    def of(cls, line: BankLine) -> Self:
        return cls(
            id=line.id, date=line.date, direction=line.direction, amount=line.amount, currency=line.currency,
            account_id=line.account_id, payee=line.payee, narration=line.narration, reference=line.reference,
            fingerprints=line.fingerprints,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason for a proposal, with the record it rests on."""

    kind: str  # reference, number, amount, payee, account, date, claim, credit, rate, history …
    text: str
    record_type: str = ""
    record_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """The strongest other answer and why it lost."""

    documents: tuple[str, ...]
    text: str
    why_lost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditName:
    """The credit that an allocation takes from, and what a person calls it: its number, or its date and amount."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What one write is about: cash or credit on one document, or money without one.

    `amount` is in the document's currency, `bank_amount` in the bank's (None where no cash moves). `document_id` is ""
    where there is none (yet): money kept as a credit, coded money, a transfer. `credit` names what an allocation takes
    from or a refund pays back; `coding` says where money without a document, or a credit note, is booked.
    """

    id: str
    document_id: str
    type: str
    number: str
    contact_id: str
    contact: str
    amount: Decimal
    currency: str
    bank_amount: Decimal | None = None
    bank_currency: str | None = None
    rate: Decimal | None = None
    rate_source: Literal["document", "organisation", "file", "bank_line"] | None = None
    credit: CreditName | None = None
    coding: Coding | None = None


AskKind = Literal["fee", "discount", "withholding", "rounding", "rest", "coding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a person answered a question with, and the ids of the writes that came of it."""

    coding: Coding
    writes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An account and tax code a person may answer with, and why it is offered."""

    coding: Coding
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question only a person answers: to which account and tax code `amount` goes. Never answered by default.

    `required`: nothing of the proposal can be written before (a line without a document); otherwise the answer adds
    writes (the rest of a short payment settled in full). `contact_id` "" means that the contact is asked for too.
    `answered`: what it was answered with; another answer takes that one's place.
    """

    id: str
    kind: AskKind
    amount: Decimal
    currency: str
    contact_id: str
    contact: str
    text: str
    required: bool
    choices: tuple[Choice, ...] = ()
    answered: Answered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """A fact the approval rests on, as text: the guard reads it again before it sends. ANY: it must only be there."""

    type: str  # invoice, bill, credit_note, account, organisation …
    id: str
    field: str  # amount_due, status, remaining, lock_date …
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Expected change of one account: debit positive. `amount` in the account's currency, `base_amount` in base."""

    account_id: str
    control: Control
    amount: Decimal
    currency: str
    base_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One tool call that changes the ledger, whole: nothing is filled in later, except a `$from` reference.

    `verify` says how the write is read back: {"by": "token", "token": …, …} or {"by": "new_ids", …}.
    """

    id: str
    operation: str  # canonical: payment.create, credit_note.allocate …
    resource: str  # payments, credit_notes … (as policy.toml names it)
    tool: str
    tool_sha256: str
    arguments: Mapping[str, Any]
    amount: Decimal
    currency: str
    link_ids: tuple[str, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    effects: tuple[Effect, ...] = ()
    verify: Mapping[str, Any] | None = None
    depends_on: tuple[str, ...] = ()
    if_dependency_fails: Literal["skip", "continue"] = "skip"
    reverses: str = ""  # PLAN/PROPOSAL/WRITE of the earlier write that this one takes back

    @property
    def arguments_sha256(self) -> str:
        return sha256_of(self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What finchat would do about one bank line; approved or refused as a whole.

    `line` is None only for a proposal that no bank line asks for. `asks`: what a person may or must still choose.
    """

    id: str
    line_id: str
    kind: Kind
    certainty: Class  # "class" in JSON
    confidence: Decimal
    evidence: tuple[Evidence, ...]
    rival: Rival | None
    links: tuple[Link, ...]
    writes: tuple[Write, ...]
    line: PlanLine | None = None
    asks: tuple[Ask, ...] = ()

    @property
    def open_asks(self) -> tuple[Ask, ...]:
        """The questions that nobody has answered yet."""
        return tuple(ask for ask in self.asks if ask.answered is None)

    @property
    def cash(self) -> Decimal:
        """What its writes record of the bank line, in the line's currency. Allocations move no cash."""
        return sum((link.bank_amount for link in self.links if link.bank_amount is not None), Decimal(0))

    @property
    def unrecorded(self) -> Decimal:
        """What of the bank line its writes leave out, in the line's currency; zero where they only allocate."""
        if self.line is None or all(link.bank_amount is None for link in self.links):
            return Decimal(0)
        return self.line.amount - self.cash


@dataclass(frozen=True, slots=True, kw_only=True)
class BankBalance:
    account_id: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """An account beside banks and debtors that a write can move: debit positive, in base currency."""

    account_id: str
    control: Literal["tax", "gain_loss", "clearing"]
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """Balances as proof. Receivables, payables and `other` accounts are in base currency from the trial balance.

    Receivables: debit positive. Payables: credit positive (what is owed). `why_missing` explains any None.
    `gains_since`: the day from which the ledger counts gains and losses (its financial year), when it was just read.
    """

    bank: tuple[BankBalance, ...]
    receivables: Decimal | None
    payables: Decimal | None
    currency: str
    trial_balance_difference: Decimal | None
    why_missing: str | None = None
    other: tuple[AccountBalance, ...] = ()
    gains_since: date | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a person should know about a line or the books, with the step that deals with it."""

    code: str
    severity: Literal["info", "warning", "error"]
    text: str
    next: str
    line_id: str | None = None
    documents: tuple[str, ...] = ()
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountName:
    """What a person calls an account of the ledger: code and name, as read when the plan was made."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`accounts` names every account that its proposals are about: a plan is read, and signed, without the ledger."""

    id: str
    created_at: datetime
    as_of: date
    organisation: Organisation
    server_fingerprint: str
    command: tuple[str, ...]
    proposals: tuple[Proposal, ...]
    expected: Balances
    accounts: tuple[AccountName, ...] = ()

    @property
    def account_names(self) -> dict[str, str]:
        """What a person calls each account, by id."""
        return {one.id: one.name for one in self.accounts}

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical JSON of the plan without its hash."""
        return sha256_of(self.body())

    def body(self) -> dict[str, Any]:
        from finchat.books.plan_json import plan_body

        return plan_body(self)

    def as_json(self) -> dict[str, Any]:
        body = self.body()
        return {**body, "hash": sha256_of(body)}

    def only(self, proposal_ids: frozenset[str]) -> Plan:
        """The same plan with fewer proposals (for expected balances of what was approved). Not for saving."""
        return replace(self, proposals=tuple(p for p in self.proposals if p.id in proposal_ids))
