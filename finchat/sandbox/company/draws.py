"""Deterministic draws: random streams, GUIDs, days and the vendor's spelling of dates and decimals.

Money is integer minor units (cents) throughout the generator; Decimals only at its edge.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

_DAY = timedelta(days=1)


def stream(*name: object) -> Random:
    """A random stream of its own for each part of the company, the same under any hash seed."""
    return Random("/".join(str(part) for part in name))


def guid(draw: Random) -> str:
    """A version 4 GUID from the stream."""
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def decimal(cents: int) -> Decimal:
    """Minor units as a Decimal with two places."""
    return Decimal(cents).scaleb(-2)


def text(cents: int) -> str:
    """Minor units as a decimal string with two places."""
    return str(decimal(cents))


def half_up(numerator: int, denominator: int) -> int:
    """Integer division rounding half away from zero; both operands positive or zero."""
    return (2 * numerator + denominator) // (2 * denominator)


def vendor_date(day: date) -> str:
    """A calendar day as Xero writes it: midnight UTC in milliseconds."""
    return f"/Date({int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000}+0000)/"


def vendor_dates(name: str, day: date) -> dict[str, str]:
    """A date and its `...String` twin."""
    return {name: vendor_date(day), f"{name}String": f"{day.isoformat()}T00:00:00"}


def vendor_instant(day: date, draw: Random) -> str:
    """Some moment of a New Zealand morning on that day, as an UpdatedDateUTC (the evening before in UTC)."""
    seconds = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return f"/Date({(seconds - draw.randrange(3 * 3600, 5 * 3600)) * 1000 + draw.randrange(1000)}+0000)/"


def business_day(day: date) -> date:
    """That day, or the Friday before when it is a weekend."""
    return day - max(0, day.weekday() - 4) * _DAY


def month_end(day: date, months_back: int) -> date:
    """The last day of the month that lies `months_back` before the month of `day`."""
    count = day.year * 12 + day.month - 1 - months_back + 1
    return date(count // 12, count % 12 + 1, 1) - _DAY


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or the last of it when it is shorter."""
    last = month_end(day, months)
    return last.replace(day=min(day.day, last.day))


def days_before(day: date, days: int) -> date:
    return day - days * _DAY
