"""QuickBooks' JSON as finchat's tools give it: exact decimal texts, UTC instants; field names stay QuickBooks' own.

Amounts, rates and quantities become texts with exactly the digits sent and at least two places, whole ones too;
numbers that count something (LineNum, DueDays) stay numbers.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from finchat.clock import instant_text
from finchat.servers.exact import exact, loads
from finchat.servers.quickbooks.entities import ENTITIES

_IN_LINES = (
    "Amount",
    "BudgetAmount",
    "DiscountPercent",
    "HomeBalance",
    "HomeTotalAmt",
    "NetAmountTaxable",
    "OverrideDeltaAmount",
    "Qty",
    "RateValue",
    "TaxAmount",
    "TaxInclusiveAmount",
    "TaxInclusiveAmt",
    "TaxPercent",
    "TotalTax",
    "UnitPrice",
)
_COUNTS = ("DueDays", "DiscountDays", "Hours", "Minutes")
DECIMALS = frozenset(_IN_LINES) | {
    field.name
    for entity in ENTITIES.values()
    for field in entity.known
    if field.kind == "money" and field.name not in _COUNTS
}
_INSTANTS = frozenset(("CreateTime", "LastUpdatedTime"))


def parse(content: bytes) -> Any:
    """The JSON of an answer, normalised on the way. Raises ValueError (or RecursionError) when it is no JSON."""
    return loads(content, normalise)


def raw(content: bytes) -> Any:
    """The JSON of an answer as it is to be sent again: every number exact. Raises ValueError (or RecursionError)."""
    return json.loads(content, parse_float=Decimal)


def normalise(record: dict[str, Any]) -> dict[str, Any]:
    """One JSON object, its inner objects being done already."""
    return {name: _value(name, value) for name, value in record.items()}


def _value(name: str, value: Any) -> Any:
    if name in DECIMALS and isinstance(value, int) and not isinstance(value, bool):
        return exact(str(value))
    if name in _INSTANTS and isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return value
        return instant_text(at) if at.tzinfo is not None else value
    return value
