"""Invoices and bills that were drafted from what a person asked for: every line computed again from the payload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks.families import common
from finchat.providers.quickbooks.families.common import CURRENCY, Stored
from finchat.providers.quickbooks.payloads import reference
from finchat.providers.writing import checking
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.family import Check, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

_GIVEN = frozenset({"TxnDate", "DueDate", "Line", "PrivateNote"})
_MAY = frozenset({"DocNumber", "TxnTaxDetail", *CURRENCY})
_CENT = Decimal("0.01")
_ITEM_ACCOUNT = {"SalesItemLineDetail": "income_account", "ItemBasedExpenseLineDetail": "expense_account"}
_BY_ACCOUNT = "AccountBasedExpenseLineDetail"
_TAXED, _UNTAXED = "TAX", "NON"


class _Invoices:
    operations = frozenset({"invoice.create", "bill.create"})

    def kind(self, write: Write) -> Kind | None:
        return "create"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, verify, sales = write.arguments, write.verify or {}, write.operation == "invoice.create"
        name, role = ("CustomerRef", "customer") if sales else ("VendorRef", "vendor")
        yield "line", checking.drafted(proposal)
        yield "arguments", common.shape(given, _GIVEN | {name}, _MAY) and common.plain_ref(given[name])
        yield "arguments", common.texts(given, "DueDate", "DocNumber")
        yield "arguments.DueDate", date.fromisoformat(given["DueDate"]) >= date.fromisoformat(given["TxnDate"])
        yield from common.dated(write)
        yield "links.type", link.type == ("invoice" if sales else "bill")
        yield "links.document_id", link.document_id == "" and link.credit is None and link.coding is None
        yield "links.bank_amount", link.bank_amount is None and link.bank_currency is None
        yield "links.number", link.number == given.get("DocNumber", "")
        yield from common.of_contact(proposal, write, link, given[name]["value"], role)
        lines = given["Line"]
        yield "arguments.Line", isinstance(lines, list | tuple) and len(lines) > 0
        for line in lines:
            yield from _line(write, line, sales)
        tax = _tax(write)
        yield "arguments.TxnTaxDetail", ("TxnTaxDetail" in given) == bool(tax is not None)
        if "TxnTaxDetail" in given:
            detail = given["TxnTaxDetail"]
            yield "arguments.TxnTaxDetail", sales and set(detail) == {"TxnTaxCodeRef"}
            yield "arguments.TxnTaxDetail", common.plain_ref(detail["TxnTaxCodeRef"])
        total = sum((parse_amount(line["Amount"]) for line in lines), Decimal(0)) + (tax or 0)
        yield "amount", total == write.amount == link.amount > 0
        yield "links.currency", link.currency == write.currency
        yield "verify.amount", parse_amount(verify["amount"]) == write.amount
        yield "verify.fingerprints", "fingerprints" not in verify
        if sales and "DocNumber" in given:
            yield from checking.active(write, ("invoice_number", given["DocNumber"], "status", "free"))
        yield from common.rate(write, link, base, abs(write.effects[0].base_amount))
        yield from self._effects(write, tax or Decimal(0), sales, base)
        yield from common.marked(write)
        worded = [given["PrivateNote"], given.get("DocNumber", ""), *(line["Description"] for line in lines)]
        yield from checking.only_token(write, worded)

    def _effects(self, write: Write, tax: Decimal, sales: bool, base: str) -> Iterator[Check]:
        """Exactly what its lines say, account by account."""
        lines = write.arguments["Line"]
        sign, control = (1, "receivables") if sales else (-1, "payables")
        (first, *rest) = write.effects
        wanted: dict[str, Decimal] = {}
        for line in lines:
            id = _account(write, line)
            wanted[id] = wanted.get(id, Decimal(0)) - sign * parse_amount(line["Amount"])
        tax_ids = [c.id for c in write.preconditions if (c.field, c.expected) == ("kind", "tax")]
        if tax:
            yield "preconditions.kind", len(tax_ids) == 1
            wanted[tax_ids[0]] = wanted.get(tax_ids[0], Decimal(0)) - sign * tax
        yield "effects.amount", (first.control, first.amount, first.currency) == (
            control, sign * write.amount, write.currency
        )  # fmt: skip
        yield from checking.active(write, ("account", first.account_id, "kind", control))
        moved: dict[str, Decimal] = {}
        for effect in rest:
            yield "effects.currency", effect.currency == write.currency
            moved[effect.account_id] = moved.get(effect.account_id, Decimal(0)) + effect.amount
        yield "effects.amount", moved == {id: amount for id, amount in wanted.items() if amount}
        # Cents lost in converting are on the last line's account.
        rate = parse_amount(write.arguments.get("ExchangeRate", "1"))
        cents = _CENT * (len(lines) * 2 + 1)
        yield "effects.base_amount", all(abs(e.amount * rate - e.base_amount) <= cents for e in rest)
        yield "effects.base_amount", abs(first.amount * rate - first.base_amount) <= checking.cent(base)
        yield "effects.control", all((e.account_id in tax_ids) == (e.control == "tax") for e in rest)
        yield from checking.effects(write, base, (control, "tax", "other", "clearing"))

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> Receipt:
        return _stored(write).receipt(write, reply)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        return await _stored(write).look_for(toolbox, write)

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        return _stored(write).needs(id)

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        return _stored(write).standing(write, id, found)


def _line(write: Write, line: Mapping[str, Any], sales: bool) -> Iterator[Check]:
    """A line says nothing but what is shown, and rests on what the guard reads again."""
    kind = line["DetailType"]
    allowed = ("SalesItemLineDetail",) if sales else ("ItemBasedExpenseLineDetail", _BY_ACCOUNT)
    yield "arguments.Line", kind in allowed and set(line) == {"Description", "Amount", "DetailType", kind}
    yield "arguments.Line", common.texts(line, "Description", "Amount") and bool(line["Description"])
    detail = line[kind]
    code = detail["TaxCodeRef"]
    yield "arguments.Line", common.plain_ref(code)
    if code["value"] != _UNTAXED:
        yield from checking.active(write, ("tax_rate", code["value"], "status", "active"))
    account = _account(write, line)
    facts = [("account", account, "status", "active"), ("account", account, "codable", "yes")]
    if kind == _BY_ACCOUNT:
        yield "arguments.Line", set(detail) == {"AccountRef", "TaxCodeRef"} and common.plain_ref(detail["AccountRef"])
    else:
        yield "arguments.Line", set(detail) == {"ItemRef", "Qty", "UnitPrice", "TaxCodeRef"}
        yield "arguments.Line", common.plain_ref(detail["ItemRef"]) and common.texts(detail, "Qty", "UnitPrice")
        product = parse_amount(detail["Qty"]) * parse_amount(detail["UnitPrice"])
        rounded = {product.quantize(_CENT, way) for way in (ROUND_HALF_UP, ROUND_HALF_EVEN)}
        yield "arguments.Line", parse_amount(line["Amount"]) in rounded
        facts.append(("item", detail["ItemRef"]["value"], "status", "active"))
    yield from checking.active(write, *facts)


def _account(write: Write, line: Mapping[str, Any]) -> str:
    """The account a line posts to: its own, or its item's as the guard reads it again. Raises ValueError."""
    kind = line["DetailType"]
    if kind == _BY_ACCOUNT:
        return str(line[kind]["AccountRef"]["value"])
    item = line[kind]["ItemRef"]["value"]
    found = checking.expected(write, "item", item, _ITEM_ACCOUNT[kind])
    if found in (None, "none"):
        raise ValueError(f"the account of item {item}")
    return str(found)


def _tax(write: Write) -> Decimal | None:
    """The tax of the whole form, rounded once; None where no line is taxed."""
    nets = []
    for line in write.arguments["Line"]:
        code = line[line["DetailType"]]["TaxCodeRef"]["value"]
        percent = checking.expected(write, "tax_rate", code, "percent")
        if code == _TAXED or (percent is not None and parse_amount(percent) != 0):
            if code != _TAXED:
                raise ValueError(f"tax code {code}")
            nets.append(parse_amount(line["Amount"]))
    if not nets:
        return None
    percent = checking.expected(write, "tax_rate", _TAXED, "percent")
    if percent is None:
        raise ValueError("the rate of tax")
    return (sum(nets, Decimal(0)) * parse_amount(percent) / 100).quantize(_CENT, ROUND_HALF_UP)


def _differs(write: Write, record: Record) -> str:
    given = write.arguments
    due = record.optional_date("DueDate")
    return first_of(
        common.same_total(write, record),
        common.same_date(write, record),
        common.same_party(write, record),
        unlike("its due date", "" if due is None else due.isoformat(), given["DueDate"]),
        unlike("its number", record.text("DocNumber", ""), given["DocNumber"]) if "DocNumber" in given else "",
        _lines_differ(write, record),
    )


def _lines_differ(write: Write, record: Record) -> str:
    sent = write.arguments["Line"]
    kinds = {line["DetailType"] for line in sent}
    lines = [line for line in record.children("Line", "Id") if line.text("DetailType", "") in kinds]
    if len(lines) != len(sent):
        return f"it has {len(lines)} lines, not {len(sent)}"
    for number, (line, wanted) in enumerate(zip(lines, sent, strict=True), 1):
        kind = wanted["DetailType"]
        wrong = first_of(
            unlike("its text", line.text("Description", ""), wanted["Description"]),
            unlike("its amount", line.decimal("Amount", Decimal(0)), parse_amount(wanted["Amount"])),
            *(
                unlike(f"its {name}", reference(line, kind, name), wanted[kind][name]["value"])
                for name in ("ItemRef", "AccountRef", "TaxCodeRef")
                if name in wanted[kind]
            ),
        )
        if wrong:
            return f"line {number}: {wrong}"
    return ""


def _stored(write: Write) -> Stored:
    return Stored(write.operation.partition(".")[0], _differs, common.of_customer)


INVOICES = _Invoices()
