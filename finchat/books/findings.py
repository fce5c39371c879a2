"""What a person should know about lines that settle nothing, or leave something open, with the correction spelled out.

Texts come from the table "How a line may settle documents" of the accounting rules. Codes are stable; they are the
situation's name, except where one situation needs two different corrections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from finchat.books.documents import BankLine, BankTransaction, Books, Credit, Document
from finchat.books.matching.verdict import Verdict
from finchat.books.money import spoken
from finchat.books.plan import Finding

CODES: dict[str, Literal["info", "warning", "error"]] = {
    "residual_open": "info",
    "rounding_open": "info",
    "overpayment": "warning",
    "over_fee": "warning",
    "needs_coding": "warning",
    "clearing_review": "warning",
    "booked_as_credit": "info",
    "booked_elsewhere": "warning",
    "undeposited": "warning",
    "on_account": "warning",
    "prepayment": "warning",
    "refund": "warning",
    "duplicate": "warning",
    "transfer": "info",
    "unrelated": "info",
    "wrong_direction": "error",
    "paid_again": "warning",
    "ambiguous": "warning",
    "review": "warning",
    "unmatched": "info",
    "claimed_by_amount": "warning",
    "locked": "error",
    "cannot_propose": "error",
    "part_recorded": "warning",
    "policy_forbids": "error",
    "cannot_undo": "error",
    "undone_before": "info",
    "undone_by_hand": "info",
    "stays_in_ledger": "info",
    "statement_does_not_add_up": "error",
    "statement_gap": "warning",
    "statement_overlap": "info",
    "statement_read_before": "info",
    "statement_late_line": "warning",
    "statement_duplicates": "warning",
    "statement_encoding": "warning",
    "statement_pending": "info",
    "statement_balance_unused": "warning",
    "statement_cut_day": "info",
    "statement_cut_short": "error",
    "statement_id_conflict": "error",
}
_SHORT = {
    "part_payment": "It is a part payment.",
    "short_fee": "It looks like a bank or card fee.",
    "short_discount": "It looks like a discount.",
    "short_withholding": "It looks like withheld tax.",
    "short_other": "The evidence does not say why.",
}


_A = {"overpayment": "an overpayment", "prepayment": "a prepayment"}


def findings(books: Books, verdicts: Iterable[Verdict]) -> tuple[Finding, ...]:
    """Findings for the verdicts, in their order. Lines settled to the cent or held by the ledger have none."""
    lines = {line.id: line for line in books.lines}
    records = _Records(
        documents={d.id: d for d in books.documents},
        transactions={t.id: t for t in books.bank_transactions},
        credits={c.id: c for c in books.credits},
        accounts={a.id: a.name for a in books.accounts},
    )
    found: list[Finding] = []
    for verdict in verdicts:
        told = _told(_Case(verdict, lines[verdict.line_id], records))
        if told is not None:
            found.append(told.finding(verdict, lines[verdict.line_id]))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Records:
    documents: dict[str, Document]
    transactions: dict[str, BankTransaction]
    credits: dict[str, Credit]
    accounts: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Told:
    """A finding without what every finding takes from its line."""

    code: str
    text: str
    next: str
    documents: tuple[str, ...] = ()
    amount: Decimal | None = None
    currency: str | None = None

    def finding(self, verdict: Verdict, line: BankLine) -> Finding:
        return Finding(
            code=self.code,
            severity=CODES[self.code],
            text=self.text,
            next=self.next,
            line_id=verdict.line_id,
            documents=self.documents,
            amount=line.amount if self.amount is None else self.amount,
            currency=line.currency if self.currency is None else self.currency,
        )


@dataclass(slots=True)
class _Case:
    verdict: Verdict
    line: BankLine
    records: _Records
    named: tuple[str, ...] = field(init=False)  # documents the evidence rests on
    suggested: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        v = self.verdict
        self.named = tuple(dict.fromkeys(e.record_id for e in v.evidence if e.record_id in self.records.documents))
        settled = [s.document_id for s in v.settlements]
        self.suggested = tuple(
            dict.fromkeys([*settled, *(s.document_id for c in v.suggestions for s in c.settlements)])
        )

    @property
    def verb(self) -> str:
        return "receive" if self.line.direction == "receive" else "spend"

    @property
    def moved(self) -> str:
        amount = spoken(self.line.amount, self.line.currency)
        return f"{amount} {'received' if self.line.direction == 'receive' else 'spent'}"

    @property
    def paid(self) -> str:
        """The documents the verdict pays, as a person calls them."""
        return ", ".join(self.records.documents[s.document_id].name for s in self.verdict.settlements)

    def document(self, ids: tuple[str, ...]) -> Document | None:
        return self.records.documents.get(ids[0]) if ids else None


def _told(case: _Case) -> _Told | None:
    v = case.verdict
    if v.certain:
        return _overpayment(case) if v.situation == "overpayment" else _residual(case)
    if v.status == "already_settled":
        step = "Check in the ledger that the payment is this line's; if it is not, record the line by hand."
        return _Told("claimed_by_amount", f"{case.moved}: {v.reason}", step)
    if v.coded is not None and v.coded.coding is None:
        return _needs_coding(case)
    tell = _TELL.get(v.situation)
    if tell is not None:
        return tell(case)
    if v.status == "review":
        step = "Check the suggestion against the bank's text, then approve its card or leave it."
        return _Told("review", v.reason, step, case.suggested)
    step = "Find out who paid, or record it with an account and tax code you choose."
    return _Told("unmatched", f"{case.moved}: {v.reason}", step, case.suggested)


def _residual(case: _Case) -> _Told | None:
    v = case.verdict
    if v.status != "settle" or v.residual is None or v.residual <= 0 or not (v.settlements or v.allocations):
        return None
    ids = tuple(dict.fromkeys(x.document_id for x in (v.settlements or v.allocations)))
    documents = [case.records.documents[id] for id in ids]
    names, contact = ", ".join(d.name for d in documents), documents[0].contact
    rest = spoken(v.residual, documents[0].currency)
    step = (
        f"Wait for the rest of {names}; nothing else is needed."
        if v.situation == "part_payment"
        else f"Wait for it; or, if nothing more will come, answer on its card with an account and tax code: the {rest} "
        "is then settled in full by a credit note."
    )
    text = f"{rest} of {names} ({contact}) stays open. {_SHORT.get(v.situation, '')}".rstrip()
    code = "rounding_open" if v.situation == "short_other" else "residual_open"
    return _Told(code, text, step, ids, v.residual, documents[0].currency)


def _overpayment(case: _Case) -> _Told:
    v = case.verdict
    over = v.excess.amount if v.excess else abs(v.residual or Decimal(0))
    excess = spoken(over, case.line.currency)
    names = case.paid or "the document"
    who = v.excess.contact if v.excess else "the contact"
    kept = f"what is due on {names} is paid, and {excess} is kept as an overpayment of {who}"
    step = (
        f"Approve its card: {kept}. Allocate that to the next document, or pay it back."
        if v.certain
        else f"Find out what the rest is for. Or approve its card: {kept}; nothing of it is dropped."
    )
    why = "" if v.certain else f" {v.reason}"
    text = f"{case.moved}: {excess} more than is due on {names}.{why}"
    return _Told("overpayment", text, step, tuple(s.document_id for s in v.settlements), over, case.line.currency)


def _over_fee(case: _Case) -> _Told:
    v = case.verdict
    fee = abs(v.residual or Decimal(0))
    said = spoken(fee, case.line.currency)
    return _Told(
        "over_fee",
        f"{case.moved}: {said} more than is due on {case.paid}, a fee as the text says.",
        f"Answer on its card with the account and tax code of the {said}: {case.paid} is paid, and the fee is recorded "
        "as spend money.",
        tuple(s.document_id for s in v.settlements),
        fee,
        case.line.currency,
    )


def _needs_coding(case: _Case) -> _Told:
    coded = case.verdict.coded
    to = " and a contact" if coded is not None and not coded.contact_id else ""
    step = f"Answer on its card with an account and tax code{to}; it is then recorded as {case.verb} money."
    return _Told("needs_coding", f"{case.moved}: {case.verdict.reason}", step, case.suggested)


def _booked_elsewhere(case: _Case) -> _Told:
    v = case.verdict
    held = case.records.transactions.get(v.ledger_ids[0]) if v.ledger_ids else None
    where = ", ".join(case.records.accounts.get(c, c) for c in held.coded_to) if held else "another account"
    document = case.document(case.named)
    return _Told(
        "booked_elsewhere",
        v.reason,
        f"The money is in the books already, coded to {where or 'no account'}. Remove the {case.verb}-money "
        f"transaction {held.id if held else ''} and record a payment of "
        f"{document.name if document else 'the open document'} in its place, or recode its line to a clearing "
        "account that is named in the settings and run this again. "
        "One more payment would book the deposit twice.",
        case.named,
    )


def _paid_again(case: _Case) -> _Told:
    kept = case.verdict.excess
    step = "Send it back; or "
    step += (
        f"approve its card: it is kept as an overpayment of {kept.contact}, to be allocated or paid back later."
        if kept
        else "record it as an overpayment of the contact and allocate it to the next document."
    )
    return _Told("paid_again", f"{case.verdict.reason} {case.moved} once more.", step, case.named)


def _duplicate(case: _Case) -> _Told:
    step = "Delete the copy in the bank feed; nothing is to be recorded for it."
    return _Told("duplicate", f"{case.moved}: {case.verdict.reason}", step)


def _transfer(case: _Case) -> _Told:
    other = case.verdict.transfer
    if other is None:
        step = "Record a transfer between the two accounts, once, and match both statement lines to it."
    else:
        name = case.records.accounts.get(other.account_id, "the other account")
        rest = "both lines are settled by it" if other.line_id else "its line there is settled by it too"
        way = "to" if case.line.direction == "spend" else "from"
        step = f"If it is one, approve its card: one transfer {way} {name}, and {rest}."
    return _Told("transfer", f"{case.moved}: {case.verdict.reason}", step)


def _wrong_direction(case: _Case) -> _Told:
    other = "a customer's invoice" if case.line.direction == "spend" else "a supplier's bill"
    return _Told(
        "wrong_direction",
        f"{case.moved}. {case.verdict.reason}",
        f"It names {other}, which money this way cannot pay: ask the counterparty, then record it as a refund or as "
        f"{case.verb} money.",
        case.named,
    )


def _refund(case: _Case) -> _Told:
    v = case.verdict
    held = case.records.credits

    def names(ids: Iterable[str]) -> list[str]:
        return list(dict.fromkeys(held[id].name for id in ids if id in held))

    own = names(r.credit_id for r in v.refunds)
    choice = names(r.credit_id for c in v.suggestions for r in c.refunds)
    if own:
        step = f"Check what it pays back, then approve its card: {', '.join(own)} is paid back by it."
    elif choice:
        step = f"Choose what it pays back: {' or '.join(choice)}."
    else:
        step = "Raise the credit note it pays back, then run this again; or record it by hand."
    return _Told("refund", f"{case.moved}. {v.reason}", step, case.named)


def _without_document(case: _Case) -> _Told:
    v = case.verdict
    kept = v.excess
    kind = "overpayment" if v.situation == "on_account" else "prepayment"
    step = "Ask which document it is for; or "
    step += (
        f"approve its card: it is kept as {_A[kept.kind]} of {kept.contact}, to be allocated later."
        if kept
        else f"choose whose it is and keep it as {_A[kind]}, to be allocated later."
    )
    return _Told(v.situation, f"{case.moved}. {v.reason}", step, case.named)


def _booked_as_credit(case: _Case) -> _Told:
    step = "Allocate the credit to the right document of the contact, if this is the one."
    return _Told("booked_as_credit", case.verdict.reason, step, case.named)


def _clearing(case: _Case) -> _Told:
    step = "Decide which document it pays, and pay it from the clearing account on the day of the receipt."
    return _Told("clearing_review", case.verdict.reason, step, case.named)


def _undeposited(case: _Case) -> _Told:
    gathered = case.verdict.gathered
    fee = gathered.fee if gathered is not None else Decimal(0)
    step = "Check that these receipts were taken to the bank together, then approve its card: one deposit of them."
    if fee:
        step = (
            "Check that these receipts were taken to the bank together, then answer on its card with the account and "
            f"tax code of the {spoken(fee, case.line.currency)}: one deposit of them, less that."
        )
    return _Told("undeposited", case.verdict.reason, step)


def _unrelated(case: _Case) -> _Told:
    step = f"Record it as {case.verb} money with an account and tax code you choose."
    return _Told("unrelated", f"{case.moved}: {case.verdict.reason}", step)


def _ambiguous(case: _Case) -> _Told:
    step = "Choose one of the documents on its card; finchat does not guess."
    return _Told("ambiguous", case.verdict.reason, step, case.suggested)


_TELL: dict[str, Callable[[_Case], _Told]] = {
    "overpayment": _overpayment,
    "over_fee": _over_fee,
    "booked_elsewhere": _booked_elsewhere,
    "paid_again": _paid_again,
    "duplicate": _duplicate,
    "transfer": _transfer,
    "wrong_direction": _wrong_direction,
    "refund": _refund,
    "on_account": _without_document,
    "prepayment": _without_document,
    "booked_as_credit": _booked_as_credit,
    "clearing": _clearing,
    "undeposited": _undeposited,
    "unrelated": _unrelated,
    "ambiguous": _ambiguous,
}
