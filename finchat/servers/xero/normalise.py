"""Xero's JSON as finchat's tools give it: ISO dates, UTC instants, exact decimal texts, no twins.

Field names stay Xero's own. What Xero writes as numbers with a fraction (amounts, rates, quantities) become texts with
exactly the digits sent and at least two places; whole numbers that count something stay numbers.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from finchat.clock import instant_text
from finchat.servers.exact import exact, loads

# Every field of the served resources that the OpenAPI description (16.1.0) calls a number: they may arrive whole.
DECIMALS = frozenset(
    (
        "Amount",
        "AmountCredited",
        "AmountDue",
        "AmountPaid",
        "AppliedAmount",
        "Balance",
        "BankAmount",
        "CISDeduction",
        "CISRate",
        "CurrencyRate",
        "Discount",
        "DiscountAmount",
        "DiscountRate",
        "DisplayTaxRate",
        "EffectiveRate",
        "EnteredTotal",
        "LineAmount",
        "Outstanding",
        "Overdue",
        "Quantity",
        "QuantityAvailable",
        "QuantityOnBackOrder",
        "QuantityOnHand",
        "Rate",
        "RemainingCredit",
        "RoundingAmount",
        "SubTotal",
        "TaxAmount",
        "Total",
        "TotalCostPool",
        "TotalDiscount",
        "TotalTax",
        "UnitAmount",
        "UnitPrice",
    )
)
_MOMENTS = ("Date", "DateUTC", "DateTimeUTC", "PaidOnDate")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DOTNET = re.compile(r"/Date\((-?[0-9]{1,17})(?:([+-])([0-9]{2})([0-9]{2}))?\)/")
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]00:00:00(?:\.0+)?")


def parse(content: bytes) -> Any:
    """The JSON of an answer, normalised on the way. Raises ValueError (or RecursionError) when it is no JSON."""
    return loads(content, normalise)


def normalise(record: dict[str, Any]) -> dict[str, Any]:
    """One JSON object, its inner objects being done already."""
    result: dict[str, Any] = {}
    for name, value in record.items():
        kind = _kind(name)
        if kind == "plain" or value is None:
            result[name] = value
        elif kind == "decimal":
            whole = isinstance(value, int) and not isinstance(value, bool)
            result[name] = exact(str(value)) if whole else value
        elif not isinstance(value, str):
            result[name] = value
        elif kind == "moment":
            result[name] = moment(name, value)
        elif name[:-6] not in record:
            # DateString, UpdatedDateUTCString …: the same moment said twice; used only where the first is missing.
            result[name[:-6]] = moment(name[:-6], value)
    return result


def moment(name: str, value: str) -> str:
    """A date as YYYY-MM-DD, an instant (names that end in UTC) as ISO in UTC; anything else is left as it is."""
    instant = name.endswith("UTC")
    if match := _DOTNET.fullmatch(value):
        try:
            at = _EPOCH + timedelta(milliseconds=int(match[1]))
            if not instant and match[2]:
                # A date is midnight where it was written; the offset says where.
                shift = timedelta(hours=int(match[3]), minutes=int(match[4]))
                at += shift if match[2] == "+" else -shift
        except OverflowError:
            return value
        return instant_text(at) if instant else at.date().isoformat()
    if instant:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return value
        return instant_text(at.replace(tzinfo=UTC) if at.tzinfo is None else at)
    match = _MIDNIGHT.fullmatch(value)
    return match[1] if match else value


def day(value: str) -> str:
    """A date in a report cell ("2018-05-13 00:00:00") as YYYY-MM-DD; anything else is left as it is."""
    match = _MIDNIGHT.fullmatch(value)
    if match is None:
        return value
    try:
        return date.fromisoformat(match[1]).isoformat()
    except ValueError:
        return value


@lru_cache(maxsize=1024)
def _kind(name: str) -> Literal["plain", "decimal", "moment", "twin"]:
    if name in DECIMALS:
        return "decimal"
    if name.endswith(_MOMENTS):
        return "moment"
    return "twin" if name.endswith("String") and name[:-6].endswith(_MOMENTS) else "plain"
