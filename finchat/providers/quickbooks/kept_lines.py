"""An invoice as a change of its lines must leave it: the lines by their ids, what they say, and all that it states."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from finchat.books.money import parse_amount
from finchat.canonical import plain_decimal, sha256_of
from finchat.providers.fields import Record
from finchat.providers.quickbooks.payloads import reference

FACT = "invoice_lines"  # what preconditions about them are of
_SUBTOTAL = "SubTotalLineDetail"
_SHOWN, _LONGEST = 5, 40
_CENT = Decimal("0.01")
# What a line added to an invoice changes, and what QuickBooks keeps for itself.
_MOVES = frozenset({
    "Line", "SyncToken", "MetaData", "domain", "sparse", "status", "time", "TotalAmt", "HomeTotalAmt", "Balance",
    "HomeBalance", "TxnTaxDetail", "RecurDataRef", "InvoiceLink", "DeliveryInfo",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taxed:
    """What one rate is worked out on: `percent` is 8.25 for 8.25 %, `net` in the invoice's currency."""

    rate_id: str
    percent: Decimal
    net: Decimal

    def tax(self, more: Decimal = Decimal(0)) -> Decimal:
        """Half-up to the cent on all it applies to at once, as QuickBooks works it out."""
        return ((self.net + more) * self.percent / 100).quantize(_CENT, ROUND_HALF_UP)


def facts(record: Record) -> dict[str, str]:
    """Ids and contents of the lines, what is taxed, the rate, the day, and which fields it states."""
    day = record.optional_date("TxnDate")
    return {
        "ids": line_ids(record),
        "contents": said(record),
        "taxed": ", ".join(f"{one.rate_id} {one.percent:f} {one.net:f}" for one in taxed(record)) or "nothing",
        "rate": plain_decimal(rate(record)),
        "date": "" if day is None else day.isoformat(),
        "fields": " ".join(stated(record)),
    }


def line_ids(record: Record) -> str:
    """The ids of the lines in their order, with a space between; a line without one is `?`. QuickBooks' own running
    total is none of them."""
    return " ".join(line.text("Id", "?") for line in lines_of(record))


def lines_of(record: Record) -> list[Record]:
    lines = record.children("Line", "Id")
    return [x for x in lines if x.text("DetailType", "") != _SUBTOTAL or x.text("Id", "")]


def said(record: Record, only: Collection[str] | None = None) -> str:
    """What the lines say: `2 lines for 150.00: Consulting 100.00, Licence 50.00 #0123456789abcdef`, the same for the
    same lines and for no others. `only`: the ids of those that are told."""
    lines = [line for line in lines_of(record) if only is None or line.text("Id", "") in only]
    amounts = [line.decimal("Amount", Decimal(0)) for line in lines]
    told = [
        f"{' '.join(line.text('Description', '').split())[:_LONGEST]} {amount}".strip()
        for line, amount in zip(lines, amounts, strict=True)
    ][:_SHOWN]
    more = ["…"] if len(lines) > len(told) else []
    whole = sha256_of(json.dumps([_plain(line.data) for line in lines], sort_keys=True))
    count = f"{len(lines)} line{'s' * (len(lines) != 1)} for {sum(amounts, Decimal(0))}"
    return f"{count}: {', '.join([*told, *more])} #{whole[:16]}"


def taxed(record: Record) -> list[Taxed]:
    """What each rate of sales tax is worked out on, by the rate's id."""
    found = []
    for line in record.child("TxnTaxDetail", "TotalTax").children("TaxLine", "DetailType"):
        detail = line.child("TaxLineDetail", "TaxRateRef")
        found.append(
            Taxed(reference(detail, "TaxRateRef"), detail.decimal("TaxPercent", Decimal(0)),
                  detail.decimal("NetAmountTaxable", Decimal(0)))
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.rate_id, one.net))


def taxed_in(text: str) -> list[Taxed]:
    """What the fact `taxed` says. Raises ValueError."""
    if text == "nothing":
        return []
    parts = [one.split(" ") for one in text.split(", ")]
    return [Taxed(id, parse_amount(percent), parse_amount(net)) for id, percent, net in parts]


def tax(record: Record) -> Decimal:
    """The tax of the whole invoice."""
    return record.child("TxnTaxDetail", "TotalTax").decimal("TotalTax", Decimal(0))


def rate(record: Record) -> Decimal:
    """Base units for one unit of the invoice's currency; 1 where none is stated."""
    return record.decimal("ExchangeRate", Decimal(1))


def stated(record: Record) -> list[str]:
    """The fields that an invoice states and that a line added to it leaves as they are."""
    return sorted(name for name, value in record.data.items() if name not in _MOVES and value not in (None, "", [], {}))


def _plain(value: Any) -> Any:
    """A line without its position, numbers as they are spelt."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if name != "LineNum"}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, str | bool) else plain_decimal(Decimal(str(value)).normalize())
