"""The lines of a document as a change of it must leave them: their ids, and what they say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from finchat.canonical import plain_decimal, sha256_of
from finchat.providers.fields import Record

FACT = "invoice_lines"  # what preconditions about them are of: `ids` and `contents`
_TEXTS = ("LineItemID", "Description", "ItemCode", "AccountCode", "TaxType")
_NUMBERS = ("Quantity", "UnitAmount", "LineAmount", "TaxAmount", "DiscountRate", "DiscountAmount")
_SHOWN, _LONGEST = 5, 40


def line_ids(record: Record) -> str:
    """The ids of a document's lines in their order, with a space between; a line without one is `?`."""
    return " ".join(line.text("LineItemID", "?") for line in _lines(record))


def said(record: Record, only: Collection[str] | None = None) -> str:
    """What the lines say: `2 lines for 150.00: Consulting 100.00, Licence 50.00 #0123456789abcdef`, the same for the
    same lines and for no others. `only`: the ids of those that are told."""
    lines = [line for line in _lines(record) if only is None or line.text("LineItemID", "") in only]
    amounts = [line.decimal("LineAmount", Decimal(0)) for line in lines]
    told = [
        f"{' '.join(line.text('Description', '').split())[:_LONGEST]} {amount}".strip()
        for line, amount in zip(lines, amounts, strict=True)
    ][:_SHOWN]
    more = ["…"] if len(lines) > len(told) else []
    whole = sha256_of([record.text("LineAmountTypes", ""), *sorted((_whole(line) for line in lines), key=str)])
    count = f"{len(lines)} line{'s' * (len(lines) != 1)} for {sum(amounts, Decimal(0))}"
    return f"{count}: {', '.join([*told, *more])} #{whole[:16]}"


def _lines(record: Record) -> list[Record]:
    return record.children("LineItems", "LineItemID")


def _whole(line: Record) -> list[Any]:
    numbers = [line.optional_decimal(name) for name in _NUMBERS]
    return [
        *(line.text(name, "") for name in _TEXTS),
        *("" if number is None else plain_decimal(number.normalize()) for number in numbers),
        *sorted(_tracked(tracking.data) for tracking in line.children("Tracking", "TrackingCategoryID")),
    ]


def _tracked(tracking: Mapping[str, Any]) -> str:
    return f"{tracking.get('Name', '')}={tracking.get('Option', '')}"
