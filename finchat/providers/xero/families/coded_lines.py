"""The one line of a coded record: what the plan says of it, and what the ledger has of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from finchat.books.balances import tax_in
from finchat.books.money import parse_amount
from finchat.books.plan import Link, Write
from finchat.providers.fields import Record
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.xero import checking
from finchat.providers.xero.facts import tracking_id
from finchat.providers.xero.family import Check

_LINE = frozenset({"Description", "Quantity", "UnitAmount", "AccountCode", "TaxType"})


def coded_checks(write: Write, link: Link) -> Iterator[Check]:
    """The line's amount, account, tax code and tracking are those the link names and the guard reads again."""
    (line,) = write.arguments["line_items"]
    coding = link.coding
    yield "links.coding", coding is not None
    assert coding is not None
    plain = {name: value for name, value in line.items() if name != "Tracking"}
    yield "arguments.line_items", frozenset(plain) == _LINE and checking.texts(plain) and line["Quantity"] == "1"
    yield "arguments.line_amount_types", write.arguments["line_amount_types"] == "Inclusive"
    yield "amount", parse_amount(line["UnitAmount"]) == write.amount > 0
    tracking = tuple((each["Name"], each["Option"]) for each in line.get("Tracking", ()))
    yield "links.coding", all(set(each) == {"Name", "Option"} for each in line.get("Tracking", ()))
    yield "links.coding", (coding.tax_type, coding.tracking) == (line["TaxType"], tracking)
    yield from checking.active(
        write,
        ("account", coding.account_id, "status", "active"),
        ("account", coding.account_id, "codable", "yes"),
        ("account", coding.account_id, "code", line["AccountCode"]),
        ("tax_rate", coding.tax_type, "status", "active"),
        *(("tracking", tracking_id(*each), "status", "active") for each in tracking),
    )


def coded_effects(write: Write, link: Link, base: str) -> Iterator[Check]:
    """The account takes the line without its tax, the tax account the tax; a cent lost in converting is named."""
    assert link.coding is not None
    percent = checking.expected(write, "tax_rate", link.coding.tax_type, "percent")
    yield "preconditions.percent", percent is not None
    assert percent is not None
    tax = tax_in(write.amount, parse_amount(percent), write.currency)
    first, *rest = write.effects
    sign = -1 if first.amount > 0 else 1
    own = [e for e in rest if e.account_id == link.coding.account_id and e.currency == write.currency]
    yield "effects.account_id", sum((e.amount for e in own), Decimal(0)) in _net(sign, write.amount, tax, own)
    taxes = [e for e in rest if e.control == "tax" and e not in own]
    yield "effects.tax", sum((e.amount for e in taxes), Decimal(0)) == (sign * tax if len(own) < 2 else 0)
    lost = [e for e in rest if e not in own and e not in taxes]
    cent = Decimal("0.02")
    yield "effects.rounding", len(lost) <= 1 and all(abs(e.base_amount) <= cent and e.currency == base for e in lost)
    yield "effects.rounding", not lost or write.currency != base


def _net(sign: int, amount: Decimal, tax: Decimal, own: list[Any]) -> tuple[Decimal, ...]:
    """The net; the whole where the line is coded to the tax account itself."""
    return (sign * amount,) if len(own) > 1 else (sign * (amount - tax),)


def line_differs(write: Write, record: Record) -> str:
    """What the ledger's lines say differently from the one that was sent."""
    (sent,) = write.arguments["line_items"]
    lines = record.children("LineItems", "LineItemID")
    if len(lines) != 1:
        return f"it has {len(lines)} lines, not one"
    (line,) = lines
    wanted: Mapping[str, str] = {t["Name"]: t["Option"] for t in sent.get("Tracking", ())}
    tracking = {t.text("Name", ""): t.text("Option", "") for t in line.children("Tracking", "TrackingCategoryID")}
    return first_of(
        unlike("the line's account", line.text("AccountCode", ""), sent.get("AccountCode", "")),
        unlike("the line's tax code", line.text("TaxType", ""), sent["TaxType"]),
        unlike("the line's tracking", tracking, wanted),
    )
