"""Xero's JSON as finchat's tools give it: ISO dates, UTC instants, exact decimal texts, no twins.

Field names stay Xero's own. What Xero writes as numbers with a fraction (amounts, rates, quantities) become texts with
exactly the digits sent and at least two places; whole numbers that count something stay numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from finchat.canonical import plain_decimal
from finchat.clock import instant_text

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
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(content: bytes) -> Any:
    """The JSON of an answer, normalised on the way. Raises ValueError (or RecursionError) when it is no JSON."""
    text = content.decode("utf-8")
    data = json.loads(text, parse_float=exact, parse_constant=_no_number, object_hook=normalise)
    # A lone surrogate cannot be written to any wire again; it can only come from an escape.
    return _whole_characters(data) if "\\ud" in text or "\\uD" in text else data


def exact(digits: str) -> str:
    """A JSON number as text: its own digits, at least two places, no exponent. `exact("110.5")` is "110.50"."""
    if "e" in digits or "E" in digits:
        value = Decimal(digits)
        if not -30 < value.adjusted() < 30:
            raise ValueError("a number beyond any amount of money")
        digits = plain_decimal(value)
    whole, _, places = digits.partition(".")
    return f"{whole}.{places:0<2}"


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


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        # U+FFFD, the character for "could not be read".
        return _SURROGATE.sub("�", value)
    if isinstance(value, Mapping):
        return {_whole_characters(name): _whole_characters(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole_characters(inner) for inner in value]
    return value
