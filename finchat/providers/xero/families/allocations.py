"""Allocations of credit notes, prepayments and overpayments: no cash moves, and nothing carries a reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.events import silent
from finchat.providers.fields import Record
from finchat.providers.reading import records
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero import checking
from finchat.providers.xero.again import credit_records, document_records
from finchat.providers.xero.families.payments import document_status
from finchat.providers.xero.family import Check, XeroReceipt, XeroSighting, XeroStanding
from finchat.providers.xero.parsing import CREDIT_IDS, CreditKind
from finchat.providers.xero.table import TABLE


class _Allocations:
    operations = frozenset(f"{kind}.allocate" for kind in CREDIT_IDS)

    def kind(self, write: Write) -> Kind | None:
        # What only puts a credit note of the same proposal against its document goes with the payment.
        return None if _maker(write) else "allocation"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        kind = _kind(write)
        given, id, maker = write.arguments, f"{kind}_id", _maker(write)
        plain = {name: value for name, value in given.items() if name != id or maker is None}
        yield "arguments", frozenset(given) == {id, "invoice_id", "amount", "date"} and checking.texts(plain)
        yield from checking.on_document(write, link)
        yield "links.bank_amount", link.bank_amount is None and link.rate is None
        verify = write.verify or {}
        yield "verify.by", verify.get("by") == "new_ids"
        yield "effects", not [e for e in write.effects if e.control in ("bank", "clearing")]
        if write.effects:
            control = "receivables" if link.type == "invoice" else "payables"
            yield from checking.control_effects(write, link, control, [-link.amount, link.amount])
            yield from checking.effects(write, base, (control,))
        if maker is not None:
            yield from self._of_new_credit(proposal, write, link, maker)
            return
        yield "links.credit", link.credit is not None and link.credit.id == given[id]
        remaining = checking.expected(write, kind, given[id], "remaining")
        yield "preconditions.remaining", remaining is not None and parse_amount(remaining) >= write.amount
        yield "verify.credit_id", (verify.get("credit_kind"), verify.get("credit_id")) == (kind, given[id])
        yield "verify.remaining_before", verify.get("remaining_before") == remaining

    def _of_new_credit(self, proposal: Proposal, write: Write, link: Link, maker: str) -> Iterator[Check]:
        """The credit is the credit note that an earlier write of the same proposal makes, for the same contact."""
        verify, earlier = write.verify or {}, proposal.writes[: proposal.writes.index(write)]
        made = next((w for w in earlier if w.id == maker and w.operation == "credit_note.create"), None)
        yield "arguments.credit_note_id", made is not None and maker in write.depends_on
        assert made is not None
        yield "links.credit", link.credit is not None and link.credit.id == ""
        yield "links.contact_id", made.arguments["contact_id"] == link.contact_id
        side = "ACCRECCREDIT" if link.type == "invoice" else "ACCPAYCREDIT"
        yield "links.type", made.arguments["type"] == side
        yield "currency", made.currency == write.currency
        yield "amount", write.amount <= made.amount
        yield "if_dependency_fails", write.if_dependency_fails == "skip"
        yield "verify.credit_token", verify.get("credit_token") == (made.verify or {})["token"]
        yield "verify.credit_kind", verify.get("credit_kind") == "credit_note"

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> XeroReceipt:
        record = Record(reply, "Xero allocation", "AllocationID")
        document = record.child("Invoice", "InvoiceID")
        id = record.text("AllocationID", "") or pair(write.verify or {})
        wrong = _differs(write, record.optional_decimal("Amount"), document.text("InvoiceID", ""))
        if id is None:
            wrong = "the answer names no AllocationID"
        return XeroReceipt(ledger_id=id, due_after=document.optional_decimal("AmountDue"), disagreement=wrong)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> XeroSighting:
        """By what is new on its credit."""
        verify = write.verify or {}
        if verify.get("by") != "new_ids":
            return XeroSighting(found=False, certain=False, text="this write leaves nothing to recognise it by")
        credit = await _credit(toolbox, _kind(write), verify)
        if credit is None:
            return XeroSighting(found=False, certain=False, text="the credit is not in the ledger any more")
        known = known_ids | {str(id) for id in verify.get("known_ids", ())}
        amount = parse_amount(str(verify["amount"]))
        fitting = [
            allocation
            for allocation in credit.children("Allocations", "AllocationID")
            if allocation.child("Invoice", "InvoiceID").text("InvoiceID", "") == verify["document_id"]
            and allocation.decimal("Amount") == amount
        ]
        new = [a for a in fitting if (id := a.text("AllocationID", "")) and id not in known]
        # Where allocations have no ids, what the credit has left tells whether this one happened.
        nameless = [a for a in fitting if not a.text("AllocationID", "")]
        before = parse_amount(str(verify["remaining_before"]))
        used = bool(nameless) and credit.decimal("RemainingCredit") <= before - amount
        if not new and not used:
            return XeroSighting(found=False, text="the credit has no new allocation to this document")
        ledger_id = new[0].text("AllocationID") if new else pair(verify)
        document = next(iter(await document_records(toolbox, [str(verify["document_id"])])), None)
        return XeroSighting(
            found=True,
            ledger_id=ledger_id,
            due_before=parse_amount(str(verify["due_before"])),
            due_after=None if document is None else document.decimal("AmountDue"),
            text=f"allocation {ledger_id} is new on the credit",
        )

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        """The document and the credit; of a credit note that was just made, those its document names."""
        verify = write.verify or {}
        if "document_id" not in verify:
            return
        document: Need = ("document", str(verify["document_id"]))
        yield document
        if verify.get("credit_id"):
            yield _kind(write), str(verify["credit_id"])
        elif found.get(document) is not None and _of_credits(found, _kind(write), id) is None:
            for note in cast(Record, found[document]).children("CreditNotes", "CreditNoteID"):
                yield _kind(write), note.text("CreditNoteID")

    def standing(self, write: Write, id: str, found: Found) -> XeroStanding:
        verify = write.verify or {}
        if "document_id" not in verify:
            return XeroStanding(presence="unreadable")
        kind, document = _kind(write), found.get(("document", str(verify["document_id"])))
        due = None if document is None else document.decimal("AmountDue")
        odd = "the document is not in the ledger any more" if document is None else document_status(document)
        if verify.get("credit_id"):
            credit = found.get((kind, str(verify["credit_id"])))
        else:
            credit = _of_credits(found, kind, id)
        presence, remaining, wrong = _on_credit(write, id, credit)
        told = "; ".join(text for text in (wrong, odd) if text)
        if presence == "there":
            return XeroStanding(presence="there", due=due, remaining=remaining, disagreement=told)
        if presence == "deleted":
            return XeroStanding(presence="deleted", due=due, remaining=remaining, disagreement=told)
        return XeroStanding(presence="missing", due=due, remaining=remaining, disagreement=told)


ALLOCATIONS = _Allocations()


def pair(verify: Mapping[str, Any]) -> str | None:
    """The name of an allocation to which the server gives no id: CREDIT:DOCUMENT."""
    if not verify.get("credit_id") or "document_id" not in verify:
        return None
    return f"{verify['credit_id']}:{verify['document_id']}"


def _kind(write: Write) -> CreditKind:
    name = write.operation.partition(".")[0]
    return next(kind for kind in CREDIT_IDS if kind == name)


def _maker(write: Write) -> str | None:
    """The write that makes the credit note this one puts against its document; None for a credit that is there."""
    return checking.late(write.arguments.get("credit_note_id"), "CreditNoteID")


async def _credit(toolbox: Toolbox, kind: CreditKind, verify: Mapping[str, Any]) -> Record | None:
    if verify.get("credit_id"):
        return next(iter(await credit_records(toolbox, kind, [str(verify["credit_id"])])), None)
    return await credit_note_with(toolbox, str(verify["credit_token"]))


async def credit_note_with(toolbox: Toolbox, token: str) -> Record | None:
    """The credit note that carries a token: a customer's in its reference, a supplier's in its number, since Xero
    keeps a reference for sales credit notes only. Raises FinchatError."""
    where = " OR ".join(f'({name}!=null AND {name}.Contains("{token}"))' for name in ("Reference", "CreditNoteNumber"))
    rows = await records(
        toolbox, TABLE["credit_note.list"].tool, {"where": where}, what="credit notes with the write's token",
        emit=silent,
    )  # fmt: skip
    found = [Record(row, "Xero credit note", "CreditNoteID") for row in rows]
    found = [r for r in found if token in f"{r.text('Reference', '')} {r.text('CreditNoteNumber', '')}".split()]
    standing = [r for r in found if r.text("Status", "") not in ("VOIDED", "DELETED")]
    return next(iter((*standing, *found)), None)


def _of_credits(found: Found, kind: CreditKind, id: str) -> Record | None:
    """The credit, among those that were read, that lists this allocation."""
    for (what, _), record in found.items():
        if what == kind and record is not None:
            listed = record.children("Allocations", "AllocationID")
            if any(allocation.text("AllocationID", "") == id for allocation in listed):
                return record
    return None


def _on_credit(write: Write, id: str, credit: Record | None) -> tuple[str, Decimal | None, str]:
    if credit is None:
        gone = "" if not (write.verify or {}).get("credit_id") else "the credit is not in the ledger any more"
        return "missing", None, gone
    verify = write.verify or {}
    remaining, wanted = credit.decimal("RemainingCredit"), str(verify["document_id"])
    for allocation in credit.children("Allocations", "AllocationID"):
        document = allocation.child("Invoice", "InvoiceID").text("InvoiceID", "")
        name = allocation.text("AllocationID", "") or f"{verify.get('credit_id')}:{document}"
        if name == id:
            presence = "deleted" if allocation.flag("IsDeleted") else "there"
            return presence, remaining, _differs(write, allocation.optional_decimal("Amount"), document or wanted)
    return "missing", remaining, ""


def _differs(write: Write, amount: Decimal | None, document_id: str) -> str:
    """What a record of the write says differently from what was sent; "" when it agrees."""
    wanted = str((write.verify or {}).get("document_id", ""))
    if amount != write.amount:
        return f"it says {'no amount' if amount is None else amount}, not {write.amount}"
    if document_id != wanted:
        return f"it says document {document_id or '(none)'}, not {wanted}"
    return ""
