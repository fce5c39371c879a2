"""Spend and receive money, and the overpayments and prepayments that are made as such."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero import checking
from finchat.providers.xero.families.bank_records import Standalone, by_reference
from finchat.providers.xero.families.coded_lines import coded_checks, coded_effects, line_differs
from finchat.providers.xero.families.parties import of_contact
from finchat.providers.xero.family import Check, XeroReceipt, XeroSighting, XeroStanding

_GIVEN = frozenset({"type", "contact_id", "bank_account_id", "date", "line_amount_types", "line_items", "reference"})
_KINDS: Mapping[str, Kind] = {
    "SPEND": "spend_money",
    "RECEIVE": "receive_money",
    "OVERPAYMENT": "overpayment",
    "PREPAYMENT": "prepayment",
}


class _Money:
    operations = frozenset({"bank_transaction.create"})

    def kind(self, write: Write) -> Kind | None:
        way, _, kept = str(write.arguments.get("type", "")).partition("-")
        return _KINDS.get(kept or way)

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, line = write.arguments, proposal.line
        assert line is not None
        plain = {name: value for name, value in given.items() if name not in ("contact_id", "line_items")}
        yield "arguments", frozenset(given) - {"currency_rate"} == _GIVEN and checking.texts(plain)
        way, _, kept = given["type"].partition("-")
        yield "arguments.type", way == ("RECEIVE" if line.direction == "receive" else "SPEND")
        yield "links.type", link.type == self.kind(write) and (link.coding is None) == bool(kept)
        yield "links.document_id", link.document_id == "" and link.credit is None
        yield from of_contact(proposal, write, link)
        yield "arguments.bank_account_id", given["bank_account_id"] == line.account_id
        yield "currency", write.currency == line.currency
        yield "links.currency", link.currency == write.currency
        yield "links.amount", link.amount == link.bank_amount == write.amount
        yield "verify.amount", parse_amount((write.verify or {})["amount"]) == write.amount
        yield "arguments.currency_rate", ("currency_rate" in given) == (write.currency != base)
        yield from checking.active(
            write,
            ("account", line.account_id, "status", "active"),
            ("account", line.account_id, "kind", "bank"),
            ("account", line.account_id, "currency", write.currency),
        )
        sign = 1 if way == "RECEIVE" else -1
        yield from checking.cash_effect(write, line.account_id, sign * write.amount, write.currency)
        if "currency_rate" in given:
            moved = checking.cash_in_base(write)
            said = write.amount / parse_amount(given["currency_rate"])
            yield "arguments.currency_rate", abs(said - moved) <= checking.cent(base)
            yield "links.rate", link.rate is not None and abs(write.amount * link.rate - moved) <= checking.cent(base)
        else:
            yield "links.rate", link.rate is None
        yield from self._kept(write, link, base, sign) if kept else self._coded(write, link, base)
        yield from checking.token(write, given["reference"])

    def _coded(self, write: Write, link: Link, base: str) -> Iterator[Check]:
        yield from coded_checks(write, link)
        yield "effects", write.effects[0].control == "bank"
        yield from coded_effects(write, link, base)
        yield from checking.effects(write, base, ("bank", "clearing", "tax", "other"))

    def _kept(self, write: Write, link: Link, base: str, sign: int) -> Iterator[Check]:
        (line,) = write.arguments["line_items"]
        yield "arguments.line_items", set(line) == {"Description", "Quantity", "UnitAmount"} and checking.texts(line)
        yield "arguments.line_amount_types", write.arguments["line_amount_types"] == "NoTax"
        yield "amount", parse_amount(line["UnitAmount"]) == write.amount > 0 and line["Quantity"] == "1"
        control = "receivables" if sign > 0 else "payables"
        yield from checking.control_effects(write, link, control, [-sign * write.amount])
        yield "effects", len(write.effects) == 2
        yield from checking.effects(write, base, ("bank", control))
        # Xero keeps no reference of these: the description is what it is found by.
        yield from checking.token(write, line["Description"])

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> XeroReceipt:
        return _RECORDS.receipt(write, reply)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> XeroSighting:
        return await _RECORDS.look_for(toolbox, write)

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        return _RECORDS.needs(id)

    def standing(self, write: Write, id: str, found: Found) -> XeroStanding:
        return _RECORDS.standing(write, id, found)


def _differs(write: Write, record: Record) -> str:
    given = write.arguments
    contact, day = given["contact_id"], record.optional_date("Date")
    who = record.child("Contact", "ContactID").text("ContactID", "")
    return first_of(
        unlike("its type", record.text("Type", ""), given["type"]),
        unlike("its total", record.optional_decimal("Total"), write.amount),
        unlike("its date", "" if day is None else day.isoformat(), given["date"]),
        unlike(
            "its bank account", record.child("BankAccount", "AccountID").text("AccountID", ""), given["bank_account_id"]
        ),
        unlike("its contact", who, contact) if isinstance(contact, str) else "",
        line_differs(write, record) if "-" not in given["type"] else "",
    )


def _texts(record: Record) -> Iterator[str]:
    yield record.text("Reference", "")
    for line in record.children("LineItems", "LineItemID"):
        yield line.text("Description", "")


def _where(write: Write, token: str) -> dict[str, Any]:
    """By reference; an overpayment or prepayment, of which Xero keeps none, by its kind and day."""
    kind, day = str(write.arguments["type"]), date.fromisoformat(write.arguments["date"])
    if "-" not in kind:
        return by_reference(write, token)
    on = f"DateTime({day.year}, {day.month:02}, {day.day:02})"
    return {"where": f'Type=="{kind}" AND Date>={on} AND Date<={on}'}


_RECORDS = Standalone("bank_transaction", _differs, _texts, _where)
MONEY = _Money()
