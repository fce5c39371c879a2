"""Credit notes that settle the rest of a short payment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero import checking
from finchat.providers.xero.families.bank_records import Standalone
from finchat.providers.xero.families.coded_lines import coded_checks, coded_effects, line_differs
from finchat.providers.xero.family import Check, XeroReceipt, XeroSighting, XeroStanding

_GIVEN = frozenset({"type", "contact_id", "date", "line_amount_types", "line_items", "currency_code", "status"})
_TEXT = {"ACCRECCREDIT": "reference", "ACCPAYCREDIT": "credit_note_number"}  # where Xero keeps a text of ours


class _CreditNotes:
    operations = frozenset({"credit_note.create"})

    def kind(self, write: Write) -> Kind | None:
        return None

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given = write.arguments
        text = _TEXT[given["type"]]
        plain = {name: value for name, value in given.items() if name != "line_items"}
        yield "arguments", frozenset(given) == {*_GIVEN, text} and checking.texts(plain)
        yield "arguments.status", given["status"] == "AUTHORISED"
        yield "links.type", link.type == "credit_note" and link.document_id == ""
        yield "links.contact_id", given["contact_id"] == link.contact_id != ""
        yield "links.amount", link.amount == write.amount and link.bank_amount is None and link.rate is None
        yield "currency", given["currency_code"] == write.currency == link.currency == base
        yield "verify.amount", parse_amount((write.verify or {})["amount"]) == write.amount
        yield from checking.active(write, ("contact", link.contact_id, "status", "active"))
        yield from coded_checks(write, link)
        sales = given["type"] == "ACCRECCREDIT"
        control, sign = ("receivables", -1) if sales else ("payables", 1)
        first = write.effects[0]
        yield "effects.amount", (first.control, first.amount, first.currency) == (control, sign * write.amount, base)
        yield from coded_effects(write, link, base)
        yield from checking.effects(write, base, (control, "tax", "other", "clearing"))
        yield "effects", sum(e.control == control for e in write.effects) == 1
        # A credit note of its own would be an open credit: it goes with the payment that leaves its document short.
        later = proposal.writes[proposal.writes.index(write) + 1 :]
        used = [w for w in later if checking.late(w.arguments.get("credit_note_id"), "CreditNoteID") == write.id]
        yield "writes", [w.amount for w in used] == [write.amount]
        paid = {link.contact_id for link in proposal.links if link.document_id}
        yield "links.contact_id", link.contact_id in paid
        yield from checking.token(write, given[text])

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> XeroReceipt:
        return _RECORDS.receipt(write, reply)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> XeroSighting:
        return await _RECORDS.look_for(toolbox, write)

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        return _RECORDS.needs(id)

    def standing(self, write: Write, id: str, found: Found) -> XeroStanding:
        return _RECORDS.standing(write, id, found)


def _differs(write: Write, record: Record) -> str:
    given, day = write.arguments, record.optional_date("Date")
    return first_of(
        unlike("its type", record.text("Type", ""), given["type"]),
        unlike("its total", record.optional_decimal("Total"), write.amount),
        unlike("its date", "" if day is None else day.isoformat(), given["date"]),
        unlike("its contact", record.child("Contact", "ContactID").text("ContactID", ""), given["contact_id"]),
        line_differs(write, record),
    )


def _texts(record: Record) -> Iterator[str]:
    yield record.text("Reference", "")
    yield record.text("CreditNoteNumber", "")


def _where(write: Write, token: str) -> dict[str, Any]:
    field = "Reference" if write.arguments["type"] == "ACCRECCREDIT" else "CreditNoteNumber"
    return {"where": f'{field}!=null AND {field}.Contains("{token}")'}


_RECORDS = Standalone("credit_note", _differs, _texts, _where)
CREDIT_NOTES = _CreditNotes()
