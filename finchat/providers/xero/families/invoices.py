"""Invoices and bills that were drafted from what a person asked for: every line computed again from the payload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast

from finchat.books.invoicing import LineAmounts, LineAmountTypes, line_amounts, totals
from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero import checking
from finchat.providers.xero.facts import tracking_id
from finchat.providers.xero.families.bank_records import Standalone, by_reference
from finchat.providers.xero.families.parties import of_contact
from finchat.providers.xero.family import Check, XeroReceipt, XeroSighting, XeroStanding

_GIVEN = frozenset({
    "type", "contact_id", "date", "due_date", "line_amount_types", "line_items", "currency_code", "status",
})  # fmt: skip
_MAY = frozenset({"currency_rate", "invoice_number", "reference"})
_LINE = frozenset({"Description", "Quantity", "UnitAmount", "AccountCode"})
_LINE_MAY = frozenset({"TaxType", "ItemCode", "Tracking"})
_TYPES = {"ACCREC": "invoice", "ACCPAY": "bill"}


class _Invoices:
    operations = frozenset({"invoice.create"})

    def kind(self, write: Write) -> Kind | None:
        return "create"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, verify = write.arguments, write.verify or {}
        yield "line", checking.drafted(proposal)
        plain = {name: value for name, value in given.items() if name not in ("contact_id", "line_items")}
        yield "arguments", _GIVEN <= frozenset(given) <= _GIVEN | _MAY and checking.texts(plain)
        yield "arguments.status", given["status"] in ("DRAFT", "SUBMITTED", "AUTHORISED")
        yield "arguments.line_amount_types", given["line_amount_types"] in ("Exclusive", "Inclusive", "NoTax")
        yield "arguments.due_date", date.fromisoformat(given["due_date"]) >= date.fromisoformat(given["date"])
        sales = given["type"] == "ACCREC"
        yield "links.type", link.type == _TYPES[given["type"]]
        yield "links.document_id", link.document_id == "" and link.credit is None and link.coding is None
        yield "links.bank_amount", link.bank_amount is None and link.bank_currency is None
        yield "links.number", link.number == given.get("invoice_number", "")
        yield "currency", given["currency_code"] == write.currency == link.currency
        yield from of_contact(proposal, write, link)
        lines = given["line_items"]
        yield "arguments.line_items", isinstance(lines, list | tuple) and len(lines) > 0
        amounts = [line_amounts_of(write, line) for line in lines]
        for line in lines:
            yield from line_checks(write, line)
        total = totals(amounts).total
        yield "amount", total == write.amount == link.amount > 0
        yield "verify.amount", parse_amount(verify["amount"]) == write.amount
        yield "verify.fingerprints", "fingerprints" not in verify
        if sales and "invoice_number" in given:
            yield from checking.active(write, ("invoice_number", given["invoice_number"], "status", "free"))
        locks = [c for c in write.preconditions if (c.type, c.field) == ("organisation", "lock_date")]
        yield "preconditions.lock_date", len(locks) == 1
        yield "preconditions.lock_date", locks[0].expected == "none" or given["date"] > locks[0].expected
        yield from self._rate(write, link, base)
        yield from self._effects(write, amounts, base)
        yield "arguments.reference", ("reference" in given) == sales
        yield from checking.token(write, given["reference"] if sales else lines[-1]["Description"])
        texts = [given.get("reference", ""), given.get("invoice_number", ""), *(line["Description"] for line in lines)]
        yield from checking.only_token(write, texts)

    def _rate(self, write: Write, link: Link, base: str) -> Iterator[Check]:
        given = write.arguments
        yield "arguments.currency_rate", ("currency_rate" in given) == (write.currency != base)
        yield "links.rate", (link.rate is None) == (write.currency == base)
        if link.rate is not None:
            said = write.amount / parse_amount(given["currency_rate"])
            yield "links.rate", abs(said - write.amount * link.rate) <= checking.cent(base)

    def _effects(self, write: Write, amounts: list[LineAmounts], base: str) -> Iterator[Check]:
        """A draft moves nothing; an approved one exactly what its lines say, account by account."""
        given = write.arguments
        if given["status"] != "AUTHORISED":
            yield "effects", not write.effects
            return
        sign, control = (1, "receivables") if given["type"] == "ACCREC" else (-1, "payables")
        (first, *rest) = write.effects
        wanted: dict[str, Decimal] = {}
        for line, one in zip(given["line_items"], amounts, strict=True):
            id = account_of(write, line["AccountCode"])
            wanted[id] = wanted.get(id, Decimal(0)) - sign * one.net
        taxed = totals(amounts).tax
        tax_ids = [c.id for c in write.preconditions if (c.field, c.expected) == ("kind", "tax")]
        if any(one.tax for one in amounts):
            yield "preconditions.kind", len(tax_ids) == 1
            wanted[tax_ids[0]] = wanted.get(tax_ids[0], Decimal(0)) - sign * taxed
        yield "effects.amount", (first.control, first.amount, first.currency) == (
            control, sign * write.amount, write.currency
        )  # fmt: skip
        yield from checking.active(write, ("account", first.account_id, "kind", control))
        # Cents lost in converting go to the ledger's rounding account, in its own currency.
        lost = [e for e in rest if e.account_id not in wanted]
        cents = Decimal("0.01") * (len(amounts) * 2 + 1)
        yield "effects.rounding", len(lost) <= 1 and (not lost or write.currency != base)
        yield "effects.rounding", all(abs(e.amount) <= cents and e.currency == base for e in lost)
        moved: dict[str, Decimal] = {}
        for e in rest:
            if e not in lost:
                yield "effects.currency", e.currency == write.currency
                moved[e.account_id] = moved.get(e.account_id, Decimal(0)) + e.amount
        yield "effects.amount", moved == {id: amount for id, amount in wanted.items() if amount}
        rate = parse_amount(given["currency_rate"]) if "currency_rate" in given else Decimal(1)
        yield "effects.base_amount", all(abs(e.amount / rate - e.base_amount) <= cents for e in rest if e not in lost)
        yield "effects.base_amount", abs(first.amount / rate - first.base_amount) <= checking.cent(base)
        yield "effects.control", all(e.control in ("tax", "other", "clearing") for e in rest)
        yield "effects.control", all((e.account_id in tax_ids) == (e.control == "tax") for e in rest)
        yield from checking.effects(write, base, (control, "tax", "other", "clearing"))

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> XeroReceipt:
        return _RECORDS.receipt(write, reply)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> XeroSighting:
        return await _RECORDS.look_for(toolbox, write)

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        return _RECORDS.needs(id)

    def standing(self, write: Write, id: str, found: Found) -> XeroStanding:
        return _RECORDS.standing(write, id, found)


def line_checks(write: Write, line: Mapping[str, Any]) -> Iterator[Check]:
    """A line says nothing but what is shown, and rests on what the guard reads again."""
    plain = {name: value for name, value in line.items() if name != "Tracking"}
    yield "arguments.line_items", _LINE <= frozenset(line) <= _LINE | _LINE_MAY and checking.texts(plain)
    yield "arguments.line_items", ("TaxType" in line) == (write.arguments["line_amount_types"] != "NoTax")
    yield "arguments.line_items", bool(line["Description"]) and bool(line["AccountCode"])
    account = account_of(write, line["AccountCode"])
    tracking = [(each["Name"], each["Option"]) for each in line.get("Tracking", ())]
    yield "arguments.line_items", all(set(each) == {"Name", "Option"} for each in line.get("Tracking", ()))
    yield from checking.active(
        write,
        ("account", account, "status", "active"),
        ("account", account, "codable", "yes"),
        *([("tax_rate", line["TaxType"], "status", "active")] if "TaxType" in line else []),
        *((("item", line["ItemCode"], "status", "active"),) if "ItemCode" in line else ()),
        *(("tracking", tracking_id(*each), "status", "active") for each in tracking),
    )


def account_of(write: Write, code: str) -> str:
    """The account of a code, as the guard reads it again. Raises ValueError unless the plan names exactly one."""
    ids = [c.id for c in write.preconditions if (c.type, c.field, c.expected) == ("account", "code", code)]
    if len(ids) != 1:
        raise ValueError(f"account code {code}")
    return ids[0]


def line_amounts_of(write: Write, line: Mapping[str, Any]) -> LineAmounts:
    """What a line comes to, by the tax that the guard reads again. Raises ValueError."""
    types = cast(LineAmountTypes, write.arguments["line_amount_types"])
    percent = "0"
    if types != "NoTax":
        percent = checking.expected(write, "tax_rate", line["TaxType"], "percent") or ""
    unit = parse_amount(line["UnitAmount"])
    if unit != round(unit, 2):
        raise ValueError("a unit amount finer than Xero takes it")
    return line_amounts(parse_amount(line["Quantity"]), unit, parse_amount(percent), types)


def _differs(write: Write, record: Record) -> str:
    given = write.arguments
    contact, lines = given["contact_id"], record.children("LineItems", "LineItemID")
    settled = given["status"] == "AUTHORISED" and record.text("Status", "") == "PAID"
    told = first_of(
        unlike("its type", record.text("Type", ""), given["type"]),
        "" if settled else unlike("its status", record.text("Status", ""), given["status"]),
        unlike("its total", record.optional_decimal("Total"), write.amount),
        unlike("its currency", record.text("CurrencyCode", ""), given["currency_code"]),
        unlike("its date", _day(record, "Date"), given["date"]),
        unlike("its due date", _day(record, "DueDate"), given["due_date"]),
        unlike("its contact", record.child("Contact", "ContactID").text("ContactID", ""), contact)
        if isinstance(contact, str)
        else "",
        unlike("its number", record.text("InvoiceNumber", ""), given["invoice_number"])
        if "invoice_number" in given
        else "",
        f"it has {len(lines)} lines, not {len(given['line_items'])}" if len(lines) != len(given["line_items"]) else "",
    )
    if told:
        return told
    for number, (sent, line) in enumerate(zip(given["line_items"], lines, strict=True), 1):
        if wrong := line_differs(sent, line):
            return f"line {number}: {wrong}"
    return ""


def line_differs(sent: Mapping[str, Any], line: Record) -> str:
    """What the ledger's line says differently from the one that was sent; "" when nothing."""
    wanted = {t["Name"]: t["Option"] for t in sent.get("Tracking", ())}
    tracking = {t.text("Name", ""): t.text("Option", "") for t in line.children("Tracking", "TrackingCategoryID")}
    return first_of(
        unlike("its text", line.text("Description", ""), sent["Description"]),
        unlike("its quantity", line.optional_decimal("Quantity"), parse_amount(sent["Quantity"])),
        unlike("its unit amount", line.optional_decimal("UnitAmount"), parse_amount(sent["UnitAmount"])),
        unlike("its account", line.text("AccountCode", ""), sent["AccountCode"]),
        unlike("its tax code", line.text("TaxType", "NONE"), sent.get("TaxType", "NONE")),
        unlike("its item", line.text("ItemCode", ""), sent.get("ItemCode", "")),
        unlike("its tracking", tracking, wanted),
    )


def _day(record: Record, field: str) -> str:
    day = record.optional_date(field)
    return "" if day is None else day.isoformat()


def _texts(record: Record) -> Iterator[str]:
    yield record.text("Reference", "")
    for line in record.children("LineItems", "LineItemID"):
        yield line.text("Description", "")


def _where(write: Write, token: str) -> dict[str, Any]:
    """By reference, whatever its status; a bill, of which Xero keeps none, by its day."""
    if write.arguments["type"] == "ACCREC":
        return by_reference(write, token)
    day = date.fromisoformat(write.arguments["date"])
    on = f"DateTime({day.year}, {day.month:02}, {day.day:02})"
    return {"where": f'Type=="ACCPAY" AND Date>={on} AND Date<={on}'}


_RECORDS = Standalone("invoice", _differs, _texts, _where)
INVOICES = _Invoices()
