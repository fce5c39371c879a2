"""Payments: of invoices and bills, and of open credits (refunds)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.events import silent
from finchat.providers.fields import Record
from finchat.providers.reading import records
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero import checking
from finchat.providers.xero.again import read_again
from finchat.providers.xero.family import Check, XeroReceipt, XeroSighting, XeroStanding
from finchat.providers.xero.parsing import CREDIT_IDS, CreditKind
from finchat.providers.xero.table import TABLE

_OPERATION = "payment.create"
_GIVEN = frozenset({"account_id", "date", "amount", "reference"})
_RATE = "currency_rate"


class _Payments:
    operations = frozenset({_OPERATION})

    def kind(self, write: Write) -> Kind | None:
        return "refund" if refunded(write) else "payment"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, line = write.arguments, proposal.line
        credit = refunded(write)
        if line is None:
            yield from self._drafted(proposal, write, link)
        paid = "invoice_id" if credit is None else f"{credit}_id"
        yield "arguments", frozenset(given) - {_RATE} == {*_GIVEN, paid} and checking.texts(given)
        yield from self._refund(proposal, write, link, credit) if credit else self._document(proposal, write, link)
        yield "links.bank_currency", line is None or link.bank_currency == line.currency
        bank, at_bank = link.bank_amount, link.bank_currency
        yield "links.bank_amount", bank is not None and bank > 0
        assert bank is not None
        yield "links.bank_amount", bank == link.amount or link.currency != at_bank
        yield "arguments.currency_rate", (_RATE in given) == (link.currency != base)
        yield "links.rate", (link.rate is not None) == (_RATE in given)
        in_base = bank if at_bank == base else checking.cash_in_base(write)
        if _RATE in given and link.rate is not None:
            said = link.amount / parse_amount(given[_RATE])
            yield "arguments.currency_rate", abs(said - in_base) <= checking.cent(base)
            yield "links.rate", abs(link.amount * link.rate - in_base) <= checking.cent(base)
        inward = _inward(proposal, link)
        sign = 1 if inward else -1
        yield from checking.cash_effect(write, given["account_id"], sign * bank, link.bank_currency)
        moved = next(e for e in write.effects if e.control in ("bank", "clearing"))
        # Elsewhere than on the line's own account only clearing moves, and a refund never comes out of clearing.
        own = given["account_id"] if line is None else line.account_id
        yield "effects.control", (moved.account_id == own) == (moved.control == "bank")
        yield "effects.control", credit is None or moved.control == "bank"
        yield "effects.base_amount", moved.base_amount == sign * in_base
        control = "receivables" if inward == (credit is None) else "payables"
        yield from checking.control_effects(write, link, control, [-sign * link.amount])
        yield from checking.effects(write, base, ("bank", "clearing", control))
        yield from checking.token(write, given["reference"])
        yield from checking.active(
            write,
            ("account", given["account_id"], "status", "active"),
            ("account", given["account_id"], "accepts_payments", "yes"),
        )

    def _drafted(self, proposal: Proposal, write: Write, link: Link) -> Iterator[Check]:
        """Without a bank line: of one document, at a bank account that the guard reads again as such, on an open day.
        Which way the money goes follows from the document."""
        account = write.arguments["account_id"]
        yield "line", checking.drafted(proposal) and refunded(write) is None
        yield "verify.fingerprints", not (write.verify or {}).get("fingerprints")
        # Text before a token is taken for the bank's own, and learned from.
        first = write.arguments["reference"].partition(" ")[0]
        yield "arguments.reference", first == (write.verify or {}).get("token")
        yield from checking.only_token(write, [write.arguments["reference"]])
        yield from checking.active(
            write,
            ("account", account, "kind", "bank"),
            ("account", account, "currency", str(link.bank_currency)),
            (link.type, link.document_id, "status", "open"),
        )
        locks = [c.expected for c in write.preconditions if (c.type, c.field) == ("organisation", "lock_date")]
        yield "preconditions.lock_date", len(locks) == 1
        yield "preconditions.lock_date", locks[0] == "none" or write.arguments["date"] > locks[0]

    def _document(self, proposal: Proposal, write: Write, link: Link) -> Iterator[Check]:
        yield "links.type", link.type == ("invoice" if _inward(proposal, link) else "bill")
        yield "links.credit", link.credit is None
        yield from checking.on_document(write, link)

    def _refund(self, proposal: Proposal, write: Write, link: Link, credit: CreditKind) -> Iterator[Check]:
        id, verify = write.arguments[f"{credit}_id"], write.verify or {}
        yield from checking.of_amount(write, link)
        yield "links.document_id", link.document_id == ""
        yield "links.type", link.type == credit
        yield "links.credit", link.credit is not None and link.credit.id == id
        yield "currency", checking.expected(write, credit, id, "currency") == write.currency
        yield from checking.active(write, (credit, id, "status", "open"))
        remaining = checking.expected(write, credit, id, "remaining")
        yield "preconditions.remaining", remaining is not None and parse_amount(remaining) >= write.amount
        # Money goes out to a customer and comes in from a supplier; the ledger tells again whose credit it is.
        side = "bill" if proposal.line is not None and proposal.line.direction == "receive" else "invoice"
        yield "preconditions.side", checking.expected(write, credit, id, "side") == side
        yield "verify.credit_id", (verify.get("credit_kind"), verify.get("credit_id")) == (credit, id)
        yield "verify.amount", parse_amount(verify["amount"]) == write.amount
        yield "verify.remaining_before", verify.get("remaining_before") == remaining

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> XeroReceipt:
        record = Record(reply, "Xero payment", "PaymentID")
        document = record.child("Invoice", "InvoiceID")
        id = record.text("PaymentID", "") or None
        wrong = _differs(write, record)
        if record.text("Status", "AUTHORISED") == "DELETED":
            wrong = "it says that the payment is deleted"
        return XeroReceipt(
            ledger_id=id,
            due_after=None if refunded(write) else document.optional_decimal("AmountDue"),
            disagreement="the answer names no PaymentID" if id is None else wrong,
        )

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> XeroSighting:
        """By the token in its reference: on its document or credit first, which list their standing payments."""
        verify = write.verify or {}
        if verify.get("by") != "token":
            return XeroSighting(found=False, certain=False, text="this write leaves nothing to recognise it by")
        token, (need,) = str(verify["token"]), _owner(write)
        owner = (await read_again(toolbox, [need]))[need]
        due = owner.decimal("AmountDue") if owner is not None and need[0] == "document" else None
        before = parse_amount(str(verify["due_before"])) if "due_before" in verify else None
        listed = owner.children("Payments", "PaymentID") if owner is not None else []
        for payment in listed:
            if token in payment.text("Reference", "").split() and (id := payment.text("PaymentID", "")):
                text = f"payment {id} carries the token {token}"
                return XeroSighting(found=True, ledger_id=id, due_before=before, due_after=due, text=text)
        where = f'Reference!=null AND Reference.Contains("{token}")'
        rows = await records(
            toolbox, TABLE["payment.list"].tool, {"where": where}, what="payments with the write's token", emit=silent
        )
        found = [Record(row, "Xero payment", "PaymentID") for row in rows]
        found = [record for record in found if token in record.text("Reference", "")]
        if not found:
            return XeroSighting(found=False, text=f"no payment carries the token {token}")
        standing = [record for record in found if record.text("Status", "AUTHORISED") != "DELETED"]
        record = (standing or found)[0]
        text = f"payment {record.text('PaymentID')} carries the token {token}"
        if not standing:
            text += ", and was deleted since"
        elif len(standing) > 1:
            text += f", and so do {len(standing) - 1} more"
        return XeroSighting(found=True, ledger_id=record.text("PaymentID"), due_before=before, due_after=due, text=text)

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        """The document or credit; the payment itself only where that does not list it."""
        for need in _owner(write):
            yield need
            if need in found and _listed(found[need], id) is None:
                yield "payment", id

    def standing(self, write: Write, id: str, found: Found) -> XeroStanding:
        if not (owners := _owner(write)):
            return XeroStanding(presence="unreadable")
        (need,) = owners
        owner = found.get(need)
        what = "document" if need[0] == "document" else "credit"
        odd = f"the {what} is not in the ledger any more" if owner is None else ""
        amounts: dict[str, Decimal | None] = {}
        if owner is not None and what == "document":
            amounts, odd = {"due": owner.decimal("AmountDue")}, document_status(owner)
        elif owner is not None:
            amounts = {"remaining": owner.decimal("RemainingCredit")}
        payment = _listed(owner, id)
        standing = XeroStanding(presence="missing")
        if payment is not None:
            standing = XeroStanding(presence="there", disagreement=_dated(write, payment))
        elif (alone := found.get(("payment", id))) is not None:
            standing = _unlisted(alone, what)
        told = "; ".join(text for text in (standing.disagreement, odd) if text)
        return replace(standing, disagreement=told, due=amounts.get("due"), remaining=amounts.get("remaining"))


PAYMENTS = _Payments()


def _inward(proposal: Proposal, link: Link) -> bool:
    """Whether the money comes in: as its bank line says, without one as the document does."""
    return link.type == "invoice" if proposal.line is None else proposal.line.direction == "receive"


def refunded(write: Write) -> CreditKind | None:
    """The kind of credit a payment pays back; None for the payment of a document."""
    if write.operation != _OPERATION:
        return None
    return next((kind for kind in CREDIT_IDS if f"{kind}_id" in write.arguments), None)


def document_status(document: Record) -> str:
    """What is odd about a document's status, given what is due on it; "" when nothing is."""
    status, due = document.text("Status", ""), document.decimal("AmountDue")
    wanted = "AUTHORISED" if due else "PAID"
    return "" if status in ("", wanted) else f"the document is {status} with {due} due"


def _owner(write: Write) -> list[Need]:
    """What the payment pays, by the way it is read back; empty for a write that says nothing of it."""
    verify, credit = write.verify or {}, refunded(write)
    if credit is not None:
        return [(credit, str(verify["credit_id"]))] if "credit_id" in verify else []
    return [("document", str(verify["document_id"]))] if "document_id" in verify else []


def _listed(owner: Record | None, id: str) -> Record | None:
    payments = owner.children("Payments", "PaymentID") if owner is not None else []
    return next((p for p in payments if p.text("PaymentID", "") == id), None)


def _paid(payment: Record) -> set[str]:
    """What a payment names as paid: Xero shows a credit both as what it is and as an invoice."""
    ids = {payment.child("Invoice", "InvoiceID").text("InvoiceID", "")}
    for key in CREDIT_IDS.values():
        ids.add(payment.child(key.removesuffix("ID"), key).text(key, ""))
    return ids - {""}


def _differs(write: Write, payment: Record) -> str:
    """What a payment's own record says differently from what was sent; "" when it agrees."""
    amount, paid = payment.optional_decimal("Amount"), _paid(payment)
    wanted = next((id for _, id in _owner(write)), "")
    if amount != write.amount:
        return f"it says {'no amount' if amount is None else amount}, not {write.amount}"
    if wanted not in paid:
        return f"it says document {', '.join(sorted(paid)) or '(none)'}, not {wanted}"
    return _unmarked(write, payment)


def _unmarked(write: Write, payment: Record) -> str:
    """That a payment alike in all else is another one: its reference is not the one that was sent."""
    token, reference = str((write.verify or {}).get("token", "")), payment.text("Reference", "")
    if not token or not reference or token in reference.split():
        return ""
    return f"it does not carry the token {token}, so it is another payment"


def _dated(write: Write, payment: Record) -> str:
    """The same of a payment as its document or credit lists it."""
    amount = payment.optional_decimal("Amount")
    if amount != write.amount:
        return f"it says {'no amount' if amount is None else amount}, not {write.amount}"
    day, wanted = payment.optional_date("Date"), write.arguments.get("date")
    if day is not None and day.isoformat() != wanted:
        return f"the payment is dated {day}, not {wanted}"
    return _unmarked(write, payment)


def _unlisted(payment: Record, what: str) -> XeroStanding:
    """A payment that its document or credit does not list, but the ledger knows."""
    if payment.text("Status", "AUTHORISED") == "DELETED":
        return XeroStanding(presence="deleted")
    paid = ", ".join(sorted(_paid(payment))) or "(none)"
    wrong = f"the payment stands on {what} {paid}, which does not list it"
    return XeroStanding(presence="there", disagreement=wrong)
