"""What the matcher says of each bank line. A verdict proposes nothing by itself: a workflow turns it into writes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finchat.books.documents import Coding
from finchat.books.plan import Evidence, Rival

Situation = Literal[
    "exact",  # one line, one document, amount due to the cent
    "several",  # one line for several documents, summing to the cent
    "part_payment",  # less than is due, text or history says instalment or names the document
    "short_fee",  # short by a bank or card fee
    "short_discount",
    "short_withholding",
    "short_other",  # short for a reason the evidence does not name (rounding included)
    "overpayment",  # more than is due on the documents it names
    "over_fee",  # money out, more than is due by a bank fee, as the text says
    "credits_first",  # exact once open credits of the contact are allocated
    "clearing",  # already booked as receive/spend money to a named clearing account: pay the document from there
    "booked_as_credit",  # already booked as prepayment or overpayment: allocate it
    "undeposited",  # received in the books already, and waiting for the deposit that takes it to the bank
    "booked_elsewhere",  # already booked to income or anything else: report the correction
    "on_account",  # money of a known contact for no document one can name
    "prepayment",  # money of a known contact for a document that does not exist yet
    "refund",
    "duplicate",  # the same line imported twice
    "transfer",  # between own accounts
    "coded",  # no document: receive or spend money, coded as this organisation always codes this payee
    "unrelated",
    "wrong_direction",
    "paid_again",  # names a document that is already settled
    "already_settled",  # claimed by what the ledger holds
    "ambiguous",  # several answers fit as well: a human decides
    "unmatched",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Cash of the line put against one document. `amount` is in the document's currency, at most what is due;
    `bank_amount` is its share of the line in the line's currency."""

    document_id: str
    amount: Decimal
    bank_amount: Decimal
    rate: Decimal | None = None  # base per document unit when the document is in another currency than the line
    rate_source: Literal["document", "organisation", "file", "bank_line"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Part of an open credit put against a document: no cash moves. In the document's currency."""

    credit_id: str
    document_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Cash of the line that pays an open credit back: out to a customer, in from a supplier. `amount` is in the
    credit's currency, at most what remains of it; `bank_amount` its share of the line in the line's currency."""

    credit_id: str
    amount: Decimal
    bank_amount: Decimal
    rate: Decimal | None = None
    rate_source: Literal["document", "organisation", "file", "bank_line"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """Cash of the line that no document takes and that is kept for its contact: what is over what was due
    (overpayment), or money before or without a document (prepayment). `amount` is in the line's currency."""

    kind: Literal["overpayment", "prepayment"]
    contact_id: str
    contact: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTransfer:
    """The other side of a transfer: the own bank account, and its line when a statement shows it ("" when not)."""

    account_id: str
    line_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Receipts of undeposited funds that one deposit takes to the bank, whole. `fee`: what the line is short of them,
    in its currency, which a person codes; zero for none."""

    item_ids: tuple[str, ...]
    fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CodingChoice:
    """A coding with why it is offered, in one sentence with its counts and dates."""

    coding: Coding
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A line without a document, as receive or spend money. `coding` None: a person chooses, from `choices` or the
    chart. `contact_id` "" when the payee is nobody the ledger knows; `contact` is then the name the bank shows."""

    contact_id: str
    contact: str
    coding: Coding | None = None
    choices: tuple[CodingChoice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One possible answer, for a human: documents with the cash each would take, and what is kept or paid back."""

    settlements: tuple[Settlement, ...]
    confidence: Decimal
    reason: str
    allocations: tuple[Allocation, ...] = ()
    refunds: tuple[Refund, ...] = ()
    excess: Excess | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer for one bank line.

    `certain` verdicts carry settlements or allocations the evidence determines; anything less is "review" with
    ranked `suggestions`, or a plain report. `ledger_ids` name what already holds the money (claims, receipts
    booked to clearing or elsewhere). Cash of `settlements`, `refunds` and `excess` sums to the line; a `transfer`,
    `gathered` or `coded` line has none of them. A verdict of status "reported" or "review" may carry them too: a person
    may approve what is not certain. `residual` is what the line leaves open: positive when the documents stay
    open by that much (document currency), negative when the line holds more than is due.
    """

    line_id: str
    situation: Situation
    status: Literal["settle", "review", "already_settled", "reported", "unmatched"]
    certain: bool
    confidence: Decimal
    reason: str  # one plain sentence
    via: Literal["bank", "clearing"] = "bank"
    settlements: tuple[Settlement, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    rival: Rival | None = None
    suggestions: tuple[Candidate, ...] = ()
    ledger_ids: tuple[str, ...] = ()
    residual: Decimal | None = None
    refunds: tuple[Refund, ...] = ()
    excess: Excess | None = None
    transfer: OwnTransfer | None = None
    gathered: Gathered | None = None
    coded: Coded | None = None
    residual_coding: CodingChoice | None = None  # a habit of this counterparty: how the rest was booked before
