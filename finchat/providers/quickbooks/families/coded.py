"""The one line of a coded record: what the plan says of it, and what the ledger has of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Link, Write
from finchat.providers.fields import Record
from finchat.providers.quickbooks.families import common
from finchat.providers.quickbooks.payloads import reference
from finchat.providers.writing import checking
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.family import Check

_REFS = ("AccountRef", "ItemRef", "ClassRef", "TaxCodeRef")


def coded_line(
    write: Write, link: Link, line: Mapping[str, Any], kind: str, allowed: tuple[str, ...]
) -> Iterator[Check]:
    """The line's amount, account, tax code and class are those the link names and the guard reads again; no tax."""
    coding = link.coding
    yield "links.coding", coding is not None
    assert coding is not None
    detail = line[kind]
    yield "arguments.Line", set(line) == {"Description", "Amount", "DetailType", kind} and line["DetailType"] == kind
    yield "arguments.Line", common.texts(line, "Description", "Amount")
    yield "arguments.Line", set(detail) <= {*allowed, "ClassRef"}
    yield "arguments.Line", all(common.plain_ref(detail[name]) for name in _REFS if name in detail)
    yield "amount", parse_amount(line["Amount"]) == write.amount > 0
    if "ItemRef" in detail:
        item = detail["ItemRef"]["value"]
        yield from checking.active(
            write, ("item", item, "status", "active"), ("item", item, "income_account", coding.account_id)
        )
    else:
        yield "links.coding", detail["AccountRef"]["value"] == coding.account_id
    if "TaxCodeRef" in detail:
        yield "links.coding", detail["TaxCodeRef"]["value"] == coding.tax_type
    percent = checking.expected(write, "tax_rate", coding.tax_type, "percent")
    yield "preconditions.percent", percent is not None and parse_amount(percent) == 0
    tracked = {name: id for name, id in _tracked(write, detail).items() if id}
    yield "links.coding", {category for category, _ in coding.tracking} == set(tracked)
    yield from checking.active(
        write,
        ("account", coding.account_id, "status", "active"),
        ("account", coding.account_id, "codable", "yes"),
        ("tax_rate", coding.tax_type, "status", "active"),
        *((name.lower(), id, "status", "active") for name, id in tracked.items()),
    )


def coded_effects(write: Write, link: Link, base: str, sign: int, first: tuple[str, str]) -> Iterator[Check]:
    """`first`: the control that moves, and the account where it is known; the line's account takes as much."""
    assert link.coding is not None
    own, other = write.effects
    yield "effects.control", own.control == first[0] and first[1] in ("", own.account_id)
    yield "effects.amount", (own.amount, own.currency) == (sign * write.amount, write.currency)
    yield "effects.account_id", other.account_id == link.coding.account_id
    yield "effects.amount", (other.amount, other.currency) == (-sign * write.amount, write.currency)
    yield from checking.effects(write, base, (first[0], "other", "clearing"))


def line_differs(write: Write, record: Record, kind: str) -> str:
    """What the ledger's lines say differently from the one that was sent."""
    (sent,) = write.arguments["Line"]
    lines = [line for line in record.children("Line", "Id") if line.text("DetailType", "") == kind]
    if len(lines) != 1:
        return f"it has {len(lines)} lines, not one"
    told = [unlike("the line's amount", lines[0].decimal("Amount", Decimal(0)), parse_amount(sent["Amount"]))]
    for name, what in (("AccountRef", "account"), ("ItemRef", "item"), ("ClassRef", "class")):
        if name in sent[kind]:
            told.append(unlike(f"the line's {what}", reference(lines[0], kind, name), sent[kind][name]["value"]))
    return first_of(*told)


def _tracked(write: Write, detail: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Class": (detail.get("ClassRef") or {}).get("value", ""),
        "Department": (write.arguments.get("DepartmentRef") or {}).get("value", ""),
    }
