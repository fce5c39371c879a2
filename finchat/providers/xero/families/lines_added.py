"""Lines added to an issued invoice: the payload lists every line that the ledger has, by its id, and the new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from finchat.books.invoicing import LineAmounts, totals
from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero import checking, kept_lines
from finchat.providers.xero.again import document_records
from finchat.providers.xero.families.bank_records import GONE
from finchat.providers.xero.families.invoices import account_of, line_amounts_of, line_checks, line_differs
from finchat.providers.xero.family import Check, XeroReceipt, XeroSighting, XeroStanding

_GIVEN = frozenset({"id", "line_amount_types", "line_items"})


class _LinesAdded:
    operations = frozenset({"invoice.update"})

    def kind(self, write: Write) -> Kind | None:
        return "update"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, id = write.arguments, link.document_id
        yield "line", checking.drafted(proposal)
        wanted = _GIVEN if write.currency == base else _GIVEN | {"currency_rate"}
        plain = {name: value for name, value in given.items() if name != "line_items"}
        yield "arguments", frozenset(given) == wanted and checking.texts(plain)
        yield "arguments.line_amount_types", given["line_amount_types"] in ("Exclusive", "Inclusive", "NoTax")
        yield "links.document_id", bool(id) and id == given["id"] and link.type == "invoice"
        yield "links.bank_amount", link.bank_amount is None and link.bank_currency is None
        yield "links.credit", link.credit is None and link.coding is None
        # What the guard reads again is all that there is: none of it may be missing, for Xero deletes what is.
        kept, new = _kept(write), _new(write)
        there = checking.expected(write, kept_lines.FACT, id, "ids") or ""
        yield "preconditions.ids", bool(kept) and there.split() == kept and len(set(kept)) == len(kept)
        yield "preconditions.contents", bool(checking.expected(write, kept_lines.FACT, id, "contents"))
        yield "arguments.line_items", bool(new) and list(given["line_items"])[len(kept) :] == list(new)
        amounts = [line_amounts_of(write, line) for line in new]
        for line in new:
            yield from line_checks(write, line)
        yield "amount", totals(amounts).total == write.amount == link.amount > 0
        yield "currency", checking.expected(write, "invoice", id, "currency") == write.currency == link.currency
        yield from checking.active(write, ("invoice", id, "status", "open"))
        yield from self._due(write, id)
        day = checking.expected(write, "invoice", id, "date")
        locks = [c for c in write.preconditions if (c.type, c.field) == ("organisation", "lock_date")]
        yield "preconditions.lock_date", len(locks) == 1 and day is not None
        yield "preconditions.lock_date", locks[0].expected == "none" or str(day) > locks[0].expected
        yield from self._rate(write, link, base)
        yield from self._effects(write, amounts, base)
        yield from checking.token(write, new[-1]["Description"])
        yield from checking.only_token(write, [line["Description"] for line in new])

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

    def _rate(self, write: Write, link: Link, base: str) -> Iterator[Check]:
        yield "links.rate", (link.rate is None) == (write.currency == base)
        if link.rate is not None:
            said = write.amount / parse_amount(write.arguments["currency_rate"])
            yield "links.rate", abs(said - write.amount * link.rate) <= checking.cent(base)

    def _effects(self, write: Write, amounts: Sequence[LineAmounts], base: str) -> Iterator[Check]:
        """What the new lines say, account by account."""
        first, *rest = write.effects
        wanted: dict[str, Decimal] = {}
        for line, one in zip(_new(write), amounts, strict=True):
            id = account_of(write, line["AccountCode"])
            wanted[id] = wanted.get(id, Decimal(0)) - one.net
        tax_ids = [c.id for c in write.preconditions if (c.field, c.expected) == ("kind", "tax")]
        if any(one.tax for one in amounts):
            yield "preconditions.kind", len(tax_ids) == 1
            wanted[tax_ids[0]] = wanted.get(tax_ids[0], Decimal(0)) - totals(amounts).tax
        yield "effects.amount", (first.control, first.amount, first.currency) == (
            "receivables", write.amount, write.currency
        )  # fmt: skip
        yield from checking.active(write, ("account", first.account_id, "kind", "receivables"))
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
        rate = parse_amount(write.arguments["currency_rate"]) if write.currency != base else Decimal(1)
        for e in (first, *(e for e in rest if e not in lost)):
            yield "effects.base_amount", abs(e.amount / rate - e.base_amount) <= cents
        yield "effects.control", all(e.control in ("tax", "other", "clearing") for e in rest)
        yield "effects.control", all((e.account_id in tax_ids) == (e.control == "tax") for e in rest)
        yield from checking.effects(write, base, ("receivables", "tax", "other", "clearing"))

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> XeroReceipt:
        record = Record(reply, "Xero invoice", "InvoiceID")
        id = record.text("InvoiceID", "")
        if id != write.arguments["id"]:
            return XeroReceipt(disagreement="it answers with another record")
        return XeroReceipt(
            ledger_id=id, due_after=record.optional_decimal("AmountDue"), disagreement=_differs(write, record)
        )

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> XeroSighting:
        """In the invoice itself: whether one of its lines carries the token."""
        token, id = str((write.verify or {})["token"]), str(write.arguments["id"])
        found = await document_records(toolbox, [id])
        marked = [record for record in found if _marked(record, token)]
        if not marked:
            return XeroSighting(found=False, text=f"no line of invoice {id} carries the token {token}")
        due = marked[0].decimal("AmountDue")
        return XeroSighting(
            found=True, ledger_id=id, due_before=due - write.amount, due_after=due,
            text=f"a line of invoice {id} carries the token {token}",
        )  # fmt: skip

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        yield "invoice", id

    def standing(self, write: Write, id: str, found: Found) -> XeroStanding:
        record = found.get(("invoice", id))
        if record is None:
            return XeroStanding(presence="missing")
        if record.text("Status", "") in GONE:
            return XeroStanding(presence="deleted")
        return XeroStanding(presence="there", due=record.decimal("AmountDue"), disagreement=_differs(write, record))


def _kept(write: Write) -> list[str]:
    """The ids of the lines that are named by nothing else."""
    return [str(line["LineItemID"]) for line in write.arguments["line_items"] if set(line) == {"LineItemID"}]


def _new(write: Write) -> list[Mapping[str, Any]]:
    return [line for line in write.arguments["line_items"] if "LineItemID" not in line]


def _differs(write: Write, record: Record) -> str:
    """That a line which was there is gone or says something else, or that the new ones are not as they were sent."""
    kept, sent = set(_kept(write)), _new(write)
    before = checking.expected(write, kept_lines.FACT, str(write.arguments["id"]), "contents")
    if (now := kept_lines.said(record, kept)) != before:
        return f"the lines it had are now {now}, and were {before}"
    new = [x for x in record.children("LineItems", "LineItemID") if x.text("LineItemID", "") not in kept]
    if len(new) != len(sent):
        return f"it has {len(new)} new lines, not {len(sent)}"
    wrong = (
        f"the new line {number}: {told}"
        for number, (one, line) in enumerate(zip(sent, new, strict=True), 1)
        if (told := line_differs(one, line))
    )
    return first_of(
        unlike("its currency", record.text("CurrencyCode", ""), write.currency),
        unlike("its line amounts", record.text("LineAmountTypes", ""), write.arguments["line_amount_types"]),
        next(wrong, ""),
    )


def _marked(record: Record, token: str) -> bool:
    return any(token in x.text("Description", "").split() for x in record.children("LineItems", "LineItemID"))


LINES_ADDED = _LinesAdded()
