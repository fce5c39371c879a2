"""Periods as people say them: last quarter, year to date, October, FY2026, 2026-07-01 to 2026-09-30.

Quarters and years are those of the organisation's financial year (accounting.md, "Reports and definitions"); FY2026 is
the one that ends in 2026. Months and plain years (2026) are of the calendar. What has not ended runs to the as-of day.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import month_name, monthrange
from collections.abc import Callable
from dataclasses import dataclass

from finchat.books.periods import LONGEST, Window, financial_year_start, parse_day, window
from finchat.errors import UsageError

FORMS = (
    "last quarter, this quarter, Q1 to Q4, Q1 FY2026, last month, this month, October, October 2026, 2026-10, "
    "last 3 months, last 30 days, year to date, last year, FY2026, 2026, or 2026-07-01 to 2026-09-30"
)
_MONTHS = {name.lower(): number for number, name in enumerate(month_name) if name}
_WORDS = {"previous": "last", "prior": "last", "past": "last", "current": "this", "ytd": "year to date"}
_FILLERS = frozenset({"the", "of", "for", "in", "financial", "fiscal", "so", "far"})


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a period, what it is called, and whether it had ended by the as-of day."""

    label: str
    window: Window
    complete: bool

    @property
    def days(self) -> int:
        return self.window.days


@dataclass(frozen=True, slots=True)
class _Calendar:
    """A day and the financial year it is counted in."""

    as_of: dt.date
    end_month: int
    end_day: int

    def year_holding(self, day: dt.date) -> tuple[dt.date, dt.date]:
        """First and last day of the financial year that holds a day."""
        first = financial_year_start(day, end_month=self.end_month, end_day=self.end_day)
        # 400 days on is always in the year after it, wherever in it the leap day falls.
        following = financial_year_start(first + dt.timedelta(days=400), end_month=self.end_month, end_day=self.end_day)
        return first, following - dt.timedelta(days=1)

    def year_ending_in(self, year: int) -> tuple[dt.date, dt.date]:
        last = monthrange(year, self.end_month)[1]
        # A year that ends late in February ends on its last day, leap day included.
        return self.year_holding(dt.date(year, self.end_month, 1 if self.end_month == 2 else min(self.end_day, last)))

    def quarters(self, day: dt.date) -> list[tuple[dt.date, dt.date]]:
        """The four quarters of the financial year that holds a day."""
        first, last = self.year_holding(day)
        starts = [months_later(first, 3 * n) for n in range(4)]
        ends = [start - dt.timedelta(days=1) for start in starts[1:]] + [last]
        return list(zip(starts, ends, strict=True))

    def quarter_holding(self, day: dt.date) -> tuple[dt.date, dt.date]:
        return next(q for q in self.quarters(day) if q[0] <= day <= q[1])


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of a later (or, below zero, earlier) month, or that month's last day.

    Raises UsageError before the year 1 and after 9999."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise UsageError("the period is outside the calendar", field="period", next="give other dates")
    return dt.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def named_period(words: str, as_of: dt.date, *, end_month: int, end_day: int) -> Period:
    """The period that words name on a day, for a financial year that ends on `end_month`/`end_day`.

    Raises UsageError naming the accepted forms; a period that has not begun is one.
    """
    calendar = _Calendar(as_of, end_month, end_day)
    text = " ".join(words.casefold().split())
    for pattern, read in _FORMS:
        if match := pattern.fullmatch(_plain(text)) or pattern.fullmatch(text):
            try:
                label, first, last = read(calendar, match)
            except (ValueError, OverflowError):
                break
            return _ended(label, first, last, as_of)
    raise UsageError(f"{words[:80]!r} names no period that finchat knows", field="period", next=f"say {FORMS}")


def given_period(first: dt.date, last: dt.date | None, as_of: dt.date) -> Period:
    """From a day to another (default: the as-of day). Raises UsageError."""
    days = window(as_of, first=first, last=last)
    return Period(str(days), days, days.last <= as_of)


def previous_period(period: Period) -> Period:
    """The period of the same length just before: whole months by months, anything else by days."""
    days = period.window
    if (months := _whole_months(days)) is not None:
        first = months_later(days.first, -months)
        return Period(f"{_length(months)} before", Window(first, days.first - dt.timedelta(days=1)), True)
    if days.first.toordinal() <= days.days:
        raise UsageError("the period before is before the calendar", field="compare", next="give other dates")
    earlier = Window(days.first - dt.timedelta(days=days.days), days.first - dt.timedelta(days=1))
    return Period(f"the {days.days} days before", earlier, True)


def year_before(period: Period) -> Period:
    """The same days a year earlier; the end of a month stays one (29 February and 28 February)."""
    days = period.window
    last = months_later(days.last, -12)
    if _is_month_end(days.last):
        last = last.replace(day=monthrange(last.year, last.month)[1])
    return Period("the same period a year before", Window(months_later(days.first, -12), last), True)


def _ended(label: str, first: dt.date, last: dt.date, as_of: dt.date) -> Period:
    if first > as_of:
        raise UsageError(
            f"{label} begins on {first}, after the as-of day {as_of}", field="period", next="name an earlier period"
        )
    complete = last <= as_of
    days = Window(first, last if complete else as_of)
    if days.days > LONGEST:
        raise UsageError(f"the period {days} is too long", field="period", next=f"at most {LONGEST} days")
    return Period(label if complete else f"{label} to date", days, complete)


def _whole_months(days: Window) -> int | None:
    """How many months a period is, wherever in a month it begins; None for any other number of days."""
    months = (days.last.year - days.first.year) * 12 + days.last.month - days.first.month
    following = days.last + dt.timedelta(days=1)
    return next((n for n in (months, months + 1) if n and months_later(days.first, n) == following), None)


def _is_month_end(day: dt.date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _length(months: int) -> str:
    return {1: "the month", 3: "the quarter", 12: "the year"}.get(months, f"the {months} months")


def _plain(text: str) -> str:
    words = [_WORDS.get(word, word) for word in text.split() if word not in _FILLERS]
    return " ".join(words)


Named = tuple[str, dt.date, dt.date]
Read = Callable[[_Calendar, "re.Match[str]"], Named]


def _quarter(calendar: _Calendar, match: re.Match[str]) -> Named:
    first, last = calendar.quarter_holding(calendar.as_of)
    if match["which"] == "last":
        first, last = calendar.quarter_holding(first - dt.timedelta(days=1))
    return f"{match['which']} quarter", first, last


def _numbered_quarter(calendar: _Calendar, match: re.Match[str]) -> Named:
    number = int(match["number"])
    year = _year_of(calendar, match) if match["year"] else calendar.year_holding(calendar.as_of)
    first, last = calendar.quarters(year[0])[number - 1]
    if not match["year"] and first > calendar.as_of:  # of this year it has not begun: the last one there was
        year = calendar.year_holding(year[0] - dt.timedelta(days=1))
        first, last = calendar.quarters(year[0])[number - 1]
    return f"Q{number} FY{year[1].year}", first, last


def _year_of(calendar: _Calendar, match: re.Match[str]) -> tuple[dt.date, dt.date]:
    if not match["fy"] and (calendar.end_month, calendar.end_day) != (12, 31):
        written = f"Q{match['number']} FY{match['year']}"
        raise UsageError(
            f"the financial year does not end in December, so {match[0]!r} may mean two quarters",
            field="period",
            next=f"say {written} (of the financial year that ends in {match['year']}), or give the dates",
        )
    return calendar.year_ending_in(int(match["year"]))


def _month(calendar: _Calendar, match: re.Match[str]) -> Named:
    first = calendar.as_of.replace(day=1)
    if match["which"] == "last":
        first = months_later(first, -1)
    return f"{match['which']} month", first, _month_end(first)


def _named_month(calendar: _Calendar, match: re.Match[str]) -> Named:
    said = match["month"]
    number = next(n for name, n in _MONTHS.items() if name == said or (len(said) in (3, 4) and name.startswith(said)))
    year = int(match["year"]) if match["year"] else calendar.as_of.year
    if not match["year"] and dt.date(year, number, 1) > calendar.as_of:
        year -= 1
    first = dt.date(year, number, 1)
    return f"{month_name[number]} {year}", first, _month_end(first)


def _numbered_month(_: _Calendar, match: re.Match[str]) -> Named:
    first = dt.date(int(match["year"]), int(match["month"]), 1)
    return f"{month_name[first.month]} {first.year}", first, _month_end(first)


def _last_months(calendar: _Calendar, match: re.Match[str]) -> Named:
    months = int(match["number"])
    if not 1 <= months <= 120:
        raise ValueError(months)
    this = calendar.as_of.replace(day=1)
    return f"last {months} months", months_later(this, -months), this - dt.timedelta(days=1)


def _last_days(calendar: _Calendar, match: re.Match[str]) -> Named:
    days = int(match["number"])
    if not 1 <= days <= LONGEST:
        raise ValueError(days)
    return f"last {days} days", calendar.as_of - dt.timedelta(days=days - 1), calendar.as_of


def _year(calendar: _Calendar, match: re.Match[str]) -> Named:
    first, last = calendar.year_holding(calendar.as_of)
    if match["which"] == "last":
        first, last = calendar.year_holding(first - dt.timedelta(days=1))
    return f"{match['which']} financial year", first, last


def _to_date(calendar: _Calendar, match: re.Match[str]) -> Named:
    unit, as_of = match["unit"], calendar.as_of
    if unit == "year":
        return "financial year", *calendar.year_holding(as_of)
    if unit == "quarter":
        return "quarter", *calendar.quarter_holding(as_of)
    return "month", as_of.replace(day=1), _month_end(as_of)


def _financial_year(calendar: _Calendar, match: re.Match[str]) -> Named:
    year = int(match["year"])
    first, last = calendar.year_ending_in(year + 2000 if year < 100 else year)
    return f"FY{last.year}", first, last


def _calendar_year(_: _Calendar, match: re.Match[str]) -> Named:
    year = int(match["year"])
    return f"calendar year {year}", dt.date(year, 1, 1), dt.date(year, 12, 31)


def _day(calendar: _Calendar, match: re.Match[str]) -> Named:
    day = calendar.as_of - dt.timedelta(days=0 if match["day"] == "today" else 1)
    return match["day"], day, day


def _dates(_: _Calendar, match: re.Match[str]) -> Named:
    days = window(dt.date.max, first=parse_day(match["first"], "period"), last=parse_day(match["last"], "period"))
    return str(days), days.first, days.last


def _month_end(first: dt.date) -> dt.date:
    return first.replace(day=monthrange(first.year, first.month)[1])


_WHICH = "(?P<which>last|this)"
_MONTH_NAME = "(?P<month>" + "|".join([*_MONTHS, *sorted({name[:3] for name in _MONTHS}), "sept"]) + ")"
_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FORMS: tuple[tuple[re.Pattern[str], Read], ...] = tuple(
    (re.compile(pattern, re.ASCII), read)
    for pattern, read in (
        (f"{_WHICH} quarter", _quarter),
        (r"q(?P<number>[1-4])(?: ?(?P<fy>fy ?)?(?P<year>[0-9]{4}))?", _numbered_quarter),
        (f"{_WHICH} month", _month),
        (rf"{_MONTH_NAME}(?: (?P<year>[0-9]{{4}}))?", _named_month),
        (r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})", _numbered_month),
        (r"last (?P<number>[0-9]{1,3}) months", _last_months),
        (r"last (?P<number>[0-9]{1,4}) days", _last_days),
        (r"(?P<unit>year|quarter|month) to date", _to_date),
        (f"{_WHICH} year", _year),
        (r"fy ?(?P<year>[0-9]{4}|[0-9]{2})", _financial_year),
        (r"(?P<year>[0-9]{4})", _calendar_year),
        (r"(?P<day>today|yesterday)", _day),
        (rf"(?P<first>{_ISO}) ?(?:to|until|\.\.|–|-) ?(?P<last>{_ISO})", _dates),
    )
)
