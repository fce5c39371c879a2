"""What a person should know about lines that settle nothing, or leave something open, with the correction spelled out.

Texts come from the table "How a line may settle documents" of the accounting rules. Codes are stable; they are the
situation's name, except where one situation needs two different corrections.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from finchat.books.documents import BankLine, BankTransaction, Books, Document
from finchat.books.matching.verdict import Verdict
from finchat.books.money import amount_text
from finchat.books.plan import Finding

CODES: dict[str, Literal["info", "warning", "error"]] = {
    "residual_open": "info",
    "rounding_open": "info",
    "overpayment": "warning",
    "clearing_review": "warning",
    "booked_as_credit": "info",
    "booked_elsewhere": "warning",
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
    "locked": "error",
}
_SHORT = {
    "part_payment": "It is a part payment.",
    "short_fee": "It looks like a bank or card fee.",
    "short_discount": "It looks like a discount.",
    "short_withholding": "It looks like withheld tax.",
    "short_other": "The evidence does not say why.",
}


def findings(books: Books, verdicts: Iterable[Verdict]) -> tuple[Finding, ...]:
    """Findings for the verdicts, in their order."""
    lines = {line.id: line for line in books.lines}
    documents = {d.id: d for d in books.documents}
    transactions = {t.id: t for t in books.bank_transactions}
    accounts = {a.id: a.name for a in books.accounts}
    found: list[Finding] = []
    for verdict in verdicts:
        line = lines[verdict.line_id]
        finding = _residual(verdict, line, documents) if verdict.certain else None
        if finding is None and not verdict.certain:
            finding = _unsettled(verdict, line, documents, transactions, accounts)
        if finding is not None:
            found.append(finding)
    return tuple(found)


def _residual(v: Verdict, line: BankLine, documents: dict[str, Document]) -> Finding | None:
    if v.status != "settle" or v.residual is None or v.residual <= 0 or not (v.settlements or v.allocations):
        return None
    document = documents[(v.settlements or v.allocations)[0].document_id]
    rest = f"{amount_text(v.residual, document.currency)} {document.currency}"
    small = v.situation == "short_other"
    step = (
        f"Wait for the rest of {document.number}; nothing else is needed."
        if v.situation == "part_payment"
        else f"If nothing more will come, settle the {rest} in full by a credit note or {_other_side(document)} "
        "to an account and tax code you choose."
    )
    return _make(
        "rounding_open" if small else "residual_open",
        v,
        line,
        f"{rest} of {document.number} ({document.contact}) stays open. {_SHORT.get(v.situation, '')}".rstrip(),
        step,
        documents=(document.id,),
        amount=v.residual,
        currency=document.currency,
    )


def _unsettled(
    v: Verdict,
    line: BankLine,
    documents: dict[str, Document],
    transactions: dict[str, BankTransaction],
    accounts: dict[str, str],
) -> Finding | None:
    money = f"{amount_text(line.amount, line.currency)} {line.currency}"
    moved = "received" if line.direction == "receive" else "spent"
    named = tuple(dict.fromkeys(e.record_id for e in v.evidence if e.record_id in documents))
    first = documents[named[0]] if named else None
    if v.situation == "overpayment":
        over = abs(v.residual or Decimal(0))
        candidate = v.suggestions[0].settlements[0].document_id if v.suggestions else (named[0] if named else "")
        document = documents.get(candidate)
        number = document.number if document else "the document"
        currency = document.currency if document else line.currency
        excess = f"{amount_text(over, currency)} {currency}"
        return _make(
            "overpayment", v, line,
            f"{money} {moved} is {excess} more than is due on {number}.",
            f"Enter the line as one {'receive' if line.direction == 'receive' else 'spend'}-money overpayment of the contact for {money}, "
            f"or a payment of what is due on {number} and an overpayment of {excess}; never drop the excess.",
            documents=(document.id,) if document else (), amount=over, currency=currency,
        )  # fmt: skip
    if v.situation == "booked_elsewhere":
        held = transactions.get(v.ledger_ids[0]) if v.ledger_ids else None
        where = ", ".join(accounts.get(c, c) for c in held.coded_to) if held else "another account"
        number = first.number if first else "the open document"
        return _make(
            "booked_elsewhere", v, line,
            f"{v.reason}",
            f"The money is in the books already, coded to {where}. Change that {'receipt' if line.direction == 'receive' else 'payment'} "
            f"({v.ledger_ids[0] if v.ledger_ids else 'the transaction'}) to a payment of {number}: remove and redo it against the document, "
            "or recode its line to a clearing account that is named in the settings, and run this again. "
            "Recording one more payment would book the deposit twice.",
            documents=named,
        )  # fmt: skip
    if v.situation == "paid_again":
        return _make(
            "paid_again", v, line, f"{v.reason} {money} was {moved} once more.",
            "Refund it, or record it as an overpayment of the contact and allocate it to the next document.", documents=named,
        )  # fmt: skip
    if v.situation == "duplicate":
        return _make(
            "duplicate", v, line, v.reason, "Delete the copy in the bank feed; nothing is to be recorded for it."
        )
    if v.situation == "transfer":
        return _make(
            "transfer", v, line, f"{money}: {v.reason}",
            "Record a transfer between the two accounts, once, and match both statement lines to it.",
        )  # fmt: skip
    if v.situation == "wrong_direction":
        other = "a customer's invoice" if line.direction == "spend" else "a supplier's bill"
        return _make(
            "wrong_direction", v, line, f"{money} {moved}. {v.reason}",
            f"It names {other}, which money this way cannot pay: ask the counterparty, then record it as a refund or as {moved} money.",
            documents=named,
        )  # fmt: skip
    if v.situation == "refund":
        step = "Allocate it as the refund of a credit note or overpayment of the contact; raise the credit note first if there is none."
        return _make("refund", v, line, f"{money} {moved}. {v.reason}", step, documents=named)
    if v.situation in ("on_account", "prepayment"):
        kind = "overpayment" if v.situation == "on_account" else "prepayment"
        return _make(
            v.situation, v, line, f"{money} {moved}. {v.reason}",
            f"Ask which document it is for; or record it as {kind} of the contact, to be allocated later.", documents=named,
        )  # fmt: skip
    if v.situation == "booked_as_credit":
        return _make(
            "booked_as_credit", v, line, v.reason,
            "Allocate the credit to the right document of the contact, if this is the one.", documents=named,
        )  # fmt: skip
    if v.situation == "clearing":
        return _make(
            "clearing_review", v, line, v.reason,
            "Decide which document it pays, and pay it from the clearing account on the day of the receipt.", documents=named,
        )  # fmt: skip
    if v.situation == "unrelated":
        return _make(
            "unrelated", v, line, f"{money} {moved}: {v.reason}",
            f"Record it as {'receive' if line.direction == 'receive' else 'spend'} money with an account and tax code you choose.",
        )  # fmt: skip
    if v.status == "already_settled":
        return None
    candidates = tuple(dict.fromkeys(s.document_id for c in v.suggestions for s in c.settlements))
    if v.situation == "ambiguous":
        return _make(
            "ambiguous", v, line, v.reason, "Choose one of the documents; finchat does not guess.", documents=candidates
        )
    if v.status == "review":
        return _make(
            "review",
            v,
            line,
            v.reason,
            "Check the suggestion against the bank's text before approving it.",
            documents=candidates,
        )
    return _make(
        "unmatched", v, line, f"{money} {moved}: {v.reason}",
        "Find out who paid, or record it with an account and tax code you choose.", documents=candidates,
    )  # fmt: skip


def _other_side(document: Document) -> str:
    return "a spend-money line" if document.type == "invoice" else "a receive-money line"


def _make(
    code: str,
    v: Verdict,
    line: BankLine,
    text: str,
    step: str,
    *,
    documents: tuple[str, ...] = (),
    amount: Decimal | None = None,
    currency: str | None = None,
) -> Finding:
    return Finding(
        code=code,
        severity=CODES[code],
        text=text,
        next=step,
        line_id=v.line_id,
        documents=documents,
        amount=line.amount if amount is None else amount,
        currency=line.currency if currency is None else currency,
    )
