"""`--rates FILE`: exchange rates by date and currency, `{"2026-11-20": {"EUR": "1.80"}}`: base units for one EUR."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from finchat.books.money import parse_amount
from finchat.errors import UsageError
from finchat.workflows.feed import read_json


def read_rates(path: Path) -> Mapping[date, Mapping[str, Decimal]]:
    """The rates of a file. Raises UsageError that names the file and the field."""
    data = read_json(path, "--rates")
    if not isinstance(data, dict):
        raise _wrong(path, "the file", 'is not {"DATE": {"CURRENCY": "RATE"}}')
    found: dict[date, dict[str, Decimal]] = {}
    for day, rates in data.items():
        try:
            on = date.fromisoformat(day)
        except ValueError:
            raise _wrong(path, day, "is not a date like 2026-11-20") from None
        if not isinstance(rates, dict):
            raise _wrong(path, day, 'is not {"CURRENCY": "RATE"}')
        found[on] = {currency: _rate(path, f"{day}.{currency}", rate) for currency, rate in rates.items()}
    return found


def _rate(path: Path, field: str, value: object) -> Decimal:
    try:
        rate = value if isinstance(value, Decimal) else parse_amount(str(value))
    except ValueError:
        rate = Decimal(0)
    if not rate.is_finite() or rate <= 0:
        raise _wrong(path, field, f"is {value!r}, not a rate above zero")
    return rate


def _wrong(path: Path, field: str, why: str) -> UsageError:
    return UsageError(f"{path}: {field} {why}", field=field, next="correct the file given with --rates")
