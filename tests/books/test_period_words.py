"""Periods as people say them: by the organisation's financial year, never a guess."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.books.period_words import FORMS, Period, given_period, named_period, previous_period, year_before
from finchat.errors import UsageError

AS_OF = date(2026, 11, 20)
days = st.dates(date(2001, 1, 1), date(2090, 12, 31))
year_ends = st.sampled_from([(12, 31), (3, 31), (6, 30), (2, 28), (2, 29), (4, 5), (9, 30)])


def said(words: str, *, end: tuple[int, int] = (3, 31), as_of: date = AS_OF) -> Period:
    return named_period(words, as_of, end_month=end[0], end_day=end[1])


@pytest.mark.parametrize(
    ("words", "days", "complete"),
    [
        ("last quarter", "2026-07-01 to 2026-09-30", True),
        ("the previous quarter", "2026-07-01 to 2026-09-30", True),
        ("this quarter", "2026-10-01 to 2026-11-20", False),
        ("Quarter to date", "2026-10-01 to 2026-11-20", False),
        ("Q1", "2026-04-01 to 2026-06-30", True),
        ("q4", "2026-01-01 to 2026-03-31", True),
        ("Q3 FY2026", "2025-10-01 to 2025-12-31", True),
        ("year to date", "2026-04-01 to 2026-11-20", False),
        ("YTD", "2026-04-01 to 2026-11-20", False),
        ("last financial year", "2025-04-01 to 2026-03-31", True),
        ("FY26", "2025-04-01 to 2026-03-31", True),
        ("2025", "2025-01-01 to 2025-12-31", True),
        ("last month", "2026-10-01 to 2026-10-31", True),
        ("December", "2025-12-01 to 2025-12-31", True),
        ("sept 2026", "2026-09-01 to 2026-09-30", True),
        ("2026-02", "2026-02-01 to 2026-02-28", True),
        ("last 3 months", "2026-08-01 to 2026-10-31", True),
        ("last 30 days", "2026-10-22 to 2026-11-20", True),
        ("2026-07-01 to 2026-09-30", "2026-07-01 to 2026-09-30", True),
        ("2026-07-01..2026-09-30", "2026-07-01 to 2026-09-30", True),
    ],
)
def test_words_name_days(words: str, days: str, complete: bool) -> None:
    found = said(words)
    assert (str(found.window), found.complete) == (days, complete)


@pytest.mark.parametrize(
    "words",
    ["", "summer", "Q5", "Q1 2026", "2026-13", "December 2026", "FY2030", "last 0 days", "last 9999 days",
     "last 121 months", "2026-09-30 to 2026-07-01", "2026-02-30 to 2026-03-01", "last quarter; DROP", "0000", "٢٠٢٥"],
)  # fmt: skip
def test_what_is_unclear_or_has_not_begun_is_said(words: str) -> None:
    with pytest.raises(UsageError) as error:
        said(words)
    assert error.value.field in ("period", "from")
    assert error.value.next


def test_the_accepted_forms_are_the_ones_that_are_accepted() -> None:
    forms = [form.strip() for form in FORMS.replace(" or ", " ").replace("Q1 to Q4", "Q1, Q4").split(",")]
    assert all(said(form).days > 0 for form in forms)
    with pytest.raises(UsageError) as error:
        said("whenever")
    assert FORMS in (error.value.next or "")


@given(as_of=days, end=year_ends)
def test_quarters_fill_the_financial_year(as_of: date, end: tuple[int, int]) -> None:
    year = said("last year", end=end, as_of=as_of).window
    quarters = [said(f"Q{n} FY{year.last.year}", end=end, as_of=as_of).window for n in range(1, 5)]
    assert (quarters[0].first, quarters[-1].last) == (year.first, year.last)
    assert all(b.first - a.last == timedelta(days=1) for a, b in pairwise(quarters))
    assert year.last < said("this year", end=end, as_of=as_of).window.first <= as_of
    last, this = (said(f"{which} quarter", end=end, as_of=as_of).window for which in ("last", "this"))
    assert last.last + timedelta(days=1) == this.first <= as_of == said("ytd", end=end, as_of=as_of).window.last


@given(first=days, length=st.integers(1, 400))
def test_the_period_before_ends_where_it_begins(first: date, length: int) -> None:
    period = given_period(first, first + timedelta(days=length - 1), date.max)
    before = previous_period(period).window
    assert before.last + timedelta(days=1) == first
    assert abs(before.days - length) <= 3 * (length // 28)
    assert year_before(period).window.last < period.window.last


def test_months_and_quarters_are_set_beside_months_and_quarters() -> None:
    assert str(previous_period(said("October")).window) == "2026-09-01 to 2026-09-30"
    assert str(previous_period(said("last quarter")).window) == "2026-04-01 to 2026-06-30"
    assert str(previous_period(said("last quarter", end=(4, 5))).window) == "2026-04-06 to 2026-07-05"
    assert str(year_before(said("2025-02")).window) == "2024-02-01 to 2024-02-29"
