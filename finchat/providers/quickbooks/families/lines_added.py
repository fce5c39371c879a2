"""Lines added to an issued invoice: the payload lists every line that QuickBooks has, by its Id, and the new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks import kept_lines
from finchat.providers.quickbooks.again import record_of, records_of
from finchat.providers.quickbooks.families import common
from finchat.providers.quickbooks.payloads import SYNC_TOKEN, currency_of, reference, voided
from finchat.providers.writing import checking
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.family import Check, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

_KIND = "SalesItemLineDetail"
_TAXED, _UNTAXED = "TAX", "NON"
_CENT = Decimal("0.01")


class _LinesAdded:
    operations = frozenset({"invoice.update"})

    def kind(self, write: Write) -> Kind | None:
        return "update"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, id = write.arguments, link.document_id
        yield "line", checking.drafted(proposal)
        yield "arguments", common.shape(given, ("id", SYNC_TOKEN, "Line")) and common.texts(given, "id", SYNC_TOKEN)
        yield "links.document_id", bool(id) and id == given["id"] and link.type == "invoice"
        yield "links.bank_amount", link.bank_amount is None and link.bank_currency is None
        yield "links.credit", link.credit is None and link.coding is None
        # The version a person saw, and all the lines it has: none may be missing.
        yield from checking.active(
            write, ("invoice", id, SYNC_TOKEN, given[SYNC_TOKEN]), ("invoice", id, "status", "open")
        )
        kept, new = _kept(write), _new(write)
        there = self._fact(write, "ids")
        yield "preconditions.ids", bool(kept) and there.split() == kept and len(set(kept)) == len(kept)
        yield "preconditions.contents", bool(self._fact(write, "contents"))
        yield "preconditions.fields", bool(self._fact(write, "fields"))
        yield "arguments.Line", bool(new) and list(given["Line"])[len(kept) :] == list(new)
        for line in new:
            yield from _line(write, line)
        net = sum((parse_amount(line["Amount"]) for line in new), Decimal(0))
        tax = self._tax(write)
        yield "amount", net + tax == write.amount == link.amount > 0
        yield "currency", checking.expected(write, "invoice", id, "currency") == write.currency == link.currency
        yield from self._due(write, id)
        yield from checking.unlocked(write, self._fact(write, "date"))
        yield from self._effects(write, link, tax, base)
        yield from checking.token(write, new[-1]["Description"])
        yield from checking.only_token(write, [line["Description"] for line in new])

    def _fact(self, write: Write, field: str) -> str:
        """What the guard reads again of the invoice's lines. Raises ValueError where the plan does not say it."""
        found = checking.expected(write, kept_lines.FACT, str(write.arguments["id"]), field)
        if not found:
            raise ValueError(f"the {field} of the invoice's lines")
        return found

    def _tax(self, write: Write) -> Decimal:
        """By how much the tax of the whole form grows."""
        more = sum((parse_amount(line["Amount"]) for line in _new(write) if _code(line) == _TAXED), Decimal(0))
        return sum((x.tax(more) - x.tax() for x in kept_lines.taxed_in(self._fact(write, "taxed"))), Decimal(0))

    def _due(self, write: Write, id: str) -> Iterator[Check]:
        verify = write.verify or {}
        due = checking.expected(write, "invoice", id, "amount_due")
        yield "preconditions.amount_due", due is not None
        assert due is not None
        yield "verify.document_id", verify.get("document_id") == id
        yield "verify.amount", parse_amount(verify["amount"]) == write.amount
        yield "verify.due_before", parse_amount(verify["due_before"]) == parse_amount(due) >= 0
        yield "verify.due_after", parse_amount(verify["due_after"]) == parse_amount(due) + write.amount
        yield "verify.fingerprints", "fingerprints" not in verify

    def _effects(self, write: Write, link: Link, tax: Decimal, base: str) -> Iterator[Check]:
        """Exactly what the new lines say, account by account."""
        new, rate = _new(write), parse_amount(self._fact(write, "rate"))
        yield "links.rate", link.rate == (None if write.currency == base else rate)
        yield "links.rate", write.currency != base or rate == 1
        first, *rest = write.effects
        wanted: dict[str, Decimal] = {}
        for line in new:
            id = _account(write, line)
            wanted[id] = wanted.get(id, Decimal(0)) - parse_amount(line["Amount"])
        tax_ids = [c.id for c in write.preconditions if (c.field, c.expected) == ("kind", "tax")]
        if tax:
            yield "preconditions.kind", len(tax_ids) == 1
            wanted[tax_ids[0]] = wanted.get(tax_ids[0], Decimal(0)) - tax
        yield "effects.amount", (first.control, first.amount, first.currency) == (
            "receivables", write.amount, write.currency
        )  # fmt: skip
        yield from checking.active(write, ("account", first.account_id, "kind", "receivables"))
        moved: dict[str, Decimal] = {}
        for effect in rest:
            yield "effects.currency", effect.currency == write.currency
            moved[effect.account_id] = moved.get(effect.account_id, Decimal(0)) + effect.amount
        yield "effects.amount", moved == {id: amount for id, amount in wanted.items() if amount}
        cents = _CENT * (len(new) * 2 + 1)
        yield "effects.base_amount", all(abs(e.amount * rate - e.base_amount) <= cents for e in write.effects)
        yield "effects.control", all((e.account_id in tax_ids) == (e.control == "tax") for e in rest)
        yield from checking.effects(write, base, ("receivables", "tax", "other", "clearing"))

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> Receipt:
        record = record_of("invoice", reply)
        id = record.text("Id", "")
        if id != write.arguments["id"]:
            return Receipt(disagreement="it answers with another record")
        return Receipt(
            ledger_id=id, due_after=record.optional_decimal("Balance"), disagreement=self._differs(write, record)
        )

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        """In the invoice itself: whether one of its lines carries the token."""
        token, id = str((write.verify or {})["token"]), str(write.arguments["id"])
        found = await records_of(toolbox, "invoice", [id])
        marked = [
            x for x in found if any(token in line.text("Description", "").split() for line in x.children("Line", "Id"))
        ]
        if not marked:
            return Sighting(found=False, text=f"no line of invoice {id} carries the token {token}")
        due = marked[0].decimal("Balance", Decimal(0))
        return Sighting(
            found=True, ledger_id=id, due_before=due - write.amount, due_after=due,
            text=f"a line of invoice {id} carries the token {token}",
        )  # fmt: skip

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        yield "invoice", id

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        record = found.get(("invoice", id))
        if record is None:
            return Standing(presence="missing")
        if voided(record):
            return Standing(presence="deleted")
        return Standing(
            presence="there", due=record.decimal("Balance", Decimal(0)), disagreement=self._differs(write, record)
        )

    def _differs(self, write: Write, record: Record) -> str:
        """That a line or field which was there is gone, that a line says something else, or that the new ones are not
        as they were sent."""
        kept, sent, before = set(_kept(write)), _new(write), self._fact(write, "contents")
        if (now := kept_lines.said(record, kept)) != before:
            return f"the lines it had are now {now}, and were {before}"
        if lost := sorted({*self._fact(write, "fields").split()} - {*kept_lines.stated(record)}):
            return f"it states no {', '.join(lost)} any more"
        new = [line for line in kept_lines.lines_of(record) if line.text("Id", "") not in kept]
        if len(new) != len(sent):
            return f"it has {len(new)} new lines, not {len(sent)}"
        wrong = (
            f"the new line {number}: {told}"
            for number, (one, line) in enumerate(zip(sent, new, strict=True), 1)
            if (told := _line_differs(one, line))
        )
        return first_of(unlike("its currency", currency_of(record, write.currency), write.currency), next(wrong, ""))


def _kept(write: Write) -> list[str]:
    """The ids of the lines that are named by nothing else."""
    return [str(line["Id"]) for line in write.arguments["Line"] if set(line) == {"Id"}]


def _new(write: Write) -> list[Mapping[str, Any]]:
    return [line for line in write.arguments["Line"] if "Id" not in line]


def _code(line: Mapping[str, Any]) -> str:
    return str(line[_KIND]["TaxCodeRef"]["value"])


def _account(write: Write, line: Mapping[str, Any]) -> str:
    """The account that the line's item posts to, as the guard reads it again. Raises ValueError."""
    item = line[_KIND]["ItemRef"]["value"]
    found = checking.expected(write, "item", item, "income_account")
    if found in (None, "none"):
        raise ValueError(f"the account of item {item}")
    return str(found)


def _line(write: Write, line: Mapping[str, Any]) -> Iterator[Check]:
    """A new line says nothing but what is shown, and rests on what the guard reads again."""
    yield "arguments.Line", set(line) == {"Description", "Amount", "DetailType", _KIND} and line["DetailType"] == _KIND
    yield "arguments.Line", common.texts(line, "Description", "Amount") and bool(line["Description"])
    detail = line[_KIND]
    yield "arguments.Line", set(detail) == {"ItemRef", "Qty", "UnitPrice", "TaxCodeRef"}
    yield "arguments.Line", common.plain_ref(detail["ItemRef"]) and common.plain_ref(detail["TaxCodeRef"])
    yield "arguments.Line", common.texts(detail, "Qty", "UnitPrice") and _code(line) in (_TAXED, _UNTAXED)
    product = parse_amount(detail["Qty"]) * parse_amount(detail["UnitPrice"])
    rounded = {product.quantize(_CENT, way) for way in (ROUND_HALF_UP, ROUND_HALF_EVEN)}
    yield "arguments.Line", parse_amount(line["Amount"]) in rounded
    account = _account(write, line)
    yield from checking.active(
        write,
        ("account", account, "status", "active"),
        ("account", account, "codable", "yes"),
        ("item", detail["ItemRef"]["value"], "status", "active"),
    )


def _line_differs(sent: Mapping[str, Any], line: Record) -> str:
    return first_of(
        unlike("its text", line.text("Description", ""), sent["Description"]),
        unlike("its amount", line.decimal("Amount", Decimal(0)), parse_amount(sent["Amount"])),
        *(
            unlike(f"its {name}", reference(line, _KIND, name), sent[_KIND][name]["value"])
            for name in ("ItemRef", "TaxCodeRef")
        ),
    )


LINES_ADDED = _LinesAdded()
