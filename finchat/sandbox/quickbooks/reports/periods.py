"""The period of a report and its division into columns: date macros, weeks from Sunday, fiscal quarters and years."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)
EARLIEST = date(1900, 1, 1)
_MOST_COLUMNS = 400


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day, both included."""

    first: date
    last: date


def macro(name: str, today: date, fiscal_month: int) -> Period | None:
    """The period of a date macro in any case ("Last Fiscal Quarter-to-date"), None when there is no such macro.

    `fiscal_month` is the month in which the financial year begins, 1 to 12.
    """
    words = " ".join(name.lower().split())
    to_date = words.endswith("-to-date")
    words = words.removesuffix("-to-date")
    if words == "all":
        return Period(EARLIEST, today)
    if (fixed := _fixed(words, today)) is not None:
        return None if to_date else fixed
    which, _, unit = words.partition(" ")
    if which not in ("this", "last", "next") or unit not in _UNITS or (to_date and which == "next"):
        return None
    found = unit_of(unit, today, fiscal_month)
    elapsed = today - found.first
    if which == "last":
        found = unit_of(unit, found.first - DAY, fiscal_month)
    elif which == "next":
        found = unit_of(unit, found.last + DAY, fiscal_month)
    return Period(found.first, min(found.first + elapsed, found.last)) if to_date else found


def _fixed(words: str, today: date) -> Period | None:
    if words in ("today", "yesterday"):
        on = today if words == "today" else today - DAY
        return Period(on, on)
    if words == "next 4 weeks":
        start = _week(today, 1).last + DAY
        return Period(start, start + 27 * DAY)
    return None


def unit_of(unit: str, on: date, fiscal_month: int) -> Period:
    """The week, month, quarter or year (calendar or fiscal) that holds a day."""
    return _UNITS[unit](on, fiscal_month)


def fiscal_year_start(on: date, fiscal_month: int) -> date:
    return date(on.year - (on.month < fiscal_month), fiscal_month, 1)


def split(period: Period, unit: str, fiscal_month: int) -> list[Period]:
    """The period cut at the borders of its days, weeks, months, quarters or years.

    Raises ValueError when that makes more columns than a report has.
    """
    parts: list[Period] = []
    start = period.first
    while start <= period.last:
        end = min(unit_of(unit, start, fiscal_month).last, period.last)
        parts.append(Period(start, end))
        if len(parts) > _MOST_COLUMNS:
            raise ValueError(f"more than {_MOST_COLUMNS} columns")
        start = end + DAY
    return parts


def title(part: Period) -> str:
    """A column's heading: "Jan 2026", "Jan - Dec 2025", "Jan 1 - Jun 21, 2026", "Mar 3, 2026"."""
    first, last = part.first, part.last
    if first == last:
        return f"{first:%b} {first.day}, {first.year}"
    whole = first.day == 1 and last == month_end(last)
    same_month = (first.year, first.month) == (last.year, last.month)
    if whole and same_month:
        return f"{first:%b %Y}"
    if first.year != last.year:
        return f"{first:%b} {first.day}, {first.year} - {last:%b} {last.day}, {last.year}"
    if whole:
        return f"{first:%b} - {last:%b} {last.year}"
    end = f"{last.day}" if same_month else f"{last:%b} {last.day}"
    return f"{first:%b} {first.day} - {end}, {last.year}"


def month_end(on: date) -> date:
    return on.replace(day=monthrange(on.year, on.month)[1])


def months_later(on: date, months: int) -> date:
    """The same day some months later, or the last of its month."""
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))


def _day(on: date, _fiscal_month: int) -> Period:
    return Period(on, on)


def _week(on: date, _fiscal_month: int) -> Period:
    first = on - timedelta(days=(on.weekday() + 1) % 7)
    return Period(first, first + 6 * DAY)


def _months(count: int, *, fiscal: bool) -> Callable[[date, int], Period]:
    def unit(on: date, fiscal_month: int) -> Period:
        origin = fiscal_month if fiscal else 1
        first = months_later(on.replace(day=1), -((on.month - origin) % 12 % count))
        return Period(first, month_end(months_later(first, count - 1)))

    return unit


_UNITS: dict[str, Callable[[date, int], Period]] = {
    "day": _day,
    "week": _week,
    "month": _months(1, fiscal=False),
    "quarter": _months(3, fiscal=False),
    "year": _months(12, fiscal=False),
    "calendar quarter": _months(3, fiscal=False),
    "calendar year": _months(12, fiscal=False),
    "fiscal quarter": _months(3, fiscal=True),
    "fiscal year": _months(12, fiscal=True),
}
