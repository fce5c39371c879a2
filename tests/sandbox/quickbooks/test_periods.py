"""Date macros and columns of QuickBooks' reports."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.sandbox.quickbooks.reports.periods import EARLIEST, Period, macro, split, title

TODAY = date(2026, 11, 20)  # a Friday
UNITS = ("day", "week", "month", "quarter", "year", "fiscal quarter", "fiscal year")


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("All", EARLIEST, TODAY),
        ("Today", TODAY, TODAY),
        ("yesterday", date(2026, 11, 19), date(2026, 11, 19)),
        ("This Week", date(2026, 11, 15), date(2026, 11, 21)),
        ("This Week-to-date", date(2026, 11, 15), TODAY),
        ("Last Week", date(2026, 11, 8), date(2026, 11, 14)),
        ("Next 4 Weeks", date(2026, 11, 22), date(2026, 12, 19)),
        ("this month-to-date", date(2026, 11, 1), TODAY),
        ("Last Month", date(2026, 10, 1), date(2026, 10, 31)),
        ("Last Month-to-date", date(2026, 10, 1), date(2026, 10, 20)),
        ("Next Month", date(2026, 12, 1), date(2026, 12, 31)),
        ("This Calendar Year-to-date", date(2026, 1, 1), TODAY),
        ("This Fiscal Year", date(2026, 7, 1), date(2027, 6, 30)),
        ("This Fiscal Quarter", date(2026, 10, 1), date(2026, 12, 31)),
        ("Last Fiscal Year", date(2025, 7, 1), date(2026, 6, 30)),
        ("Last Fiscal Year-to-date", date(2025, 7, 1), date(2025, 11, 20)),
        ("Next Calendar Quarter", date(2027, 1, 1), date(2027, 3, 31)),
    ],
)
def test_a_date_macro_is_its_days(name: str, first: date, last: date) -> None:
    assert macro(name, TODAY, 7) == Period(first, last)


def test_the_month_before_a_longer_one_ends_with_itself() -> None:
    assert macro("last month-to-date", date(2026, 3, 31), 1) == Period(date(2026, 2, 1), date(2026, 2, 28))


@pytest.mark.parametrize("name", ["", "this", "this decade", "next month-to-date", "today-to-date", "some month"])
def test_what_is_no_macro_is_none(name: str) -> None:
    assert macro(name, TODAY, 1) is None


@given(
    first=st.dates(date(2000, 1, 1), date(2040, 1, 1)),
    days=st.integers(0, 390),
    unit=st.sampled_from(UNITS),
    month=st.integers(1, 12),
)
def test_the_columns_of_a_period_are_its_days_each_once(first: date, days: int, unit: str, month: int) -> None:
    whole = Period(first, first + timedelta(days=days))
    parts = split(whole, unit, month)
    assert (parts[0].first, parts[-1].last) == (whole.first, whole.last)
    assert all(later.first - earlier.last == timedelta(days=1) for earlier, later in pairwise(parts))
    assert len({title(part) for part in parts}) == len(parts)


def test_a_report_has_no_thousand_columns() -> None:
    with pytest.raises(ValueError, match="columns"):
        split(Period(date(2000, 1, 1), date(2026, 1, 1)), "day", 1)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2013-07-04", "2013-12-31", "Jul 4 - Dec 31, 2013"),
        ("2014-01-01", "2014-12-31", "Jan - Dec 2014"),
        ("2015-01-01", "2015-06-21", "Jan 1 - Jun 21, 2015"),
        ("2015-06-01", "2015-06-30", "Jun 2015"),
        ("2015-06-07", "2015-06-13", "Jun 7 - 13, 2015"),
        ("2015-06-07", "2015-06-07", "Jun 7, 2015"),
        ("2025-04-01", "2026-03-31", "Apr 1, 2025 - Mar 31, 2026"),
    ],
)
def test_a_column_says_its_days(first: str, last: str, said: str) -> None:
    assert title(Period(date.fromisoformat(first), date.fromisoformat(last))) == said
