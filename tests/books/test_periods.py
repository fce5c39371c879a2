"""Windows of calendar days."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.books.periods import financial_year_start, parse_day, window
from finchat.errors import UsageError

AS_OF = dt.date(2026, 3, 1)


def test_seven_days_end_with_the_day_asked_for() -> None:
    week = window(AS_OF, days=7)
    assert (week.first, week.last, week.days) == (dt.date(2026, 2, 23), AS_OF, 7)
    assert AS_OF in week
    assert AS_OF - dt.timedelta(days=7) not in week


@given(st.integers(1, 3660))
def test_a_window_has_as_many_days_as_were_asked_for(days: int) -> None:
    assert window(AS_OF, days=days).days == days


def test_to_alone_has_no_beginning() -> None:
    with pytest.raises(UsageError) as caught:
        window(AS_OF, last=dt.date(2026, 2, 1))
    assert caught.value.field == "from"


def test_from_alone_runs_to_the_accounting_date() -> None:
    assert window(AS_OF, first=dt.date(2026, 2, 1)).last == AS_OF


@pytest.mark.parametrize(
    ("given_words", "field"),
    [
        ({}, "days"),
        ({"days": 0}, "days"),
        ({"days": -3}, "days"),
        ({"days": 99999}, "days"),
        ({"days": 7, "first": AS_OF}, "days"),
        ({"first": AS_OF + dt.timedelta(days=1)}, "from"),
        ({"first": dt.date(1990, 1, 1)}, "from"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_naming_the_flag(given_words: dict[str, Any], field: str) -> None:
    with pytest.raises(UsageError) as caught:
        window(AS_OF, **given_words)
    assert caught.value.field == field
    assert caught.value.next


def test_days_before_the_calendar_are_refused() -> None:
    with pytest.raises(UsageError):
        window(dt.date(1, 1, 3), days=7)


@pytest.mark.parametrize("text", ["2026-2-1", "20260201", "01/02/2026", "2026-02-30", ""])
def test_only_iso_dates_are_dates(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_day(text, "as-of")
    assert caught.value.field == "as-of"


def test_an_iso_date_is_read() -> None:
    assert parse_day("2026-02-28", "from") == dt.date(2026, 2, 28)


@pytest.mark.parametrize(
    ("on", "month", "day", "start"),
    [
        ("2026-04-01", 3, 31, "2026-04-01"),
        ("2026-03-31", 3, 31, "2025-04-01"),
        ("2026-12-31", 12, 31, "2026-01-01"),
        ("2027-01-01", 12, 31, "2027-01-01"),
        ("2028-03-01", 2, 28, "2028-03-01"),  # the year ended on 29 February
        ("2028-02-29", 2, 28, "2027-03-01"),
    ],
)
def test_a_financial_year_starts_the_day_after_the_last_one_ended(on: str, month: int, day: int, start: str) -> None:
    found = financial_year_start(dt.date.fromisoformat(on), end_month=month, end_day=day)
    assert found == dt.date.fromisoformat(start)
