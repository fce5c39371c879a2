"""Calendar windows of bank lines. Days are those of the organisation's time zone, both ends included."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from finchat.errors import UsageError

LONGEST = 3660  # days: ten years; a longer window is a typing error


@dataclass(frozen=True, slots=True)
class Window:
    """From `first` to `last`, both included."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: dt.date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def window(
    as_of: dt.date, *, days: int | None = None, first: dt.date | None = None, last: dt.date | None = None
) -> Window:
    """The `days` calendar days ending with `as_of`, or `first` to `last` (default: `as_of`).

    Raises UsageError when both or neither are given, the ends are crossed, or the window is empty or too long.
    """
    if days is not None and (first is not None or last is not None):
        raise UsageError("--days and --from/--to exclude each other", field="days", next="give one of them")
    if days is not None:
        if not 1 <= days <= LONGEST:
            raise UsageError(f"--days is {days}", field="days", next=f"give a number from 1 to {LONGEST}")
        if as_of.toordinal() < days:
            raise UsageError(f"{days} days before {as_of} is before the calendar", field="days", next="give fewer days")
        return Window(as_of - dt.timedelta(days=days - 1), as_of)
    if first is None and last is not None:
        raise UsageError(
            f"the period ends on {last} and has no beginning",
            field="from",
            next="add --from DATE, or give --days N with --as-of",
        )
    if first is None:
        raise UsageError("no period given", field="days", next="give --days N, or --from DATE and --to DATE")
    end = last if last is not None else as_of
    if first > end:
        raise UsageError(f"the period ends on {end}, before it begins on {first}", field="from", next="swap the dates")
    if (end - first).days + 1 > LONGEST:
        raise UsageError(f"the period {first} to {end} is too long", field="from", next=f"at most {LONGEST} days")
    return Window(first, end)


def parse_day(text: str, field: str) -> dt.date:
    """An ISO date. Raises UsageError naming `field`."""
    try:
        if len(text) != 10:
            raise ValueError
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{field} is not a date: {text!r}", field=field, next="write it as YYYY-MM-DD") from None


def financial_year_start(on: dt.date, *, end_month: int, end_day: int) -> dt.date:
    """The first day of the financial year that holds a date; a year that ends late in February ends on its last."""

    def end_in(year: int) -> dt.date:
        last = (dt.date(year + end_month // 12, end_month % 12 + 1, 1) - dt.timedelta(days=1)).day
        return dt.date(year, end_month, last if end_month == 2 and end_day >= 28 else min(end_day, last))

    return next(end for end in (end_in(on.year), end_in(on.year - 1)) if end < on) + dt.timedelta(days=1)
