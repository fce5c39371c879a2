"""What counts as a figure, what it can mean, and what is none."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from finchat.agent.facts import FactPeriod
from finchat.agent.grounding import ranges_in, values_in
from finchat.agent.grounding.shown import figures
from finchat.agent.grounding.times import Calendar
from tests.agent.grounding.ledger import AS_OF
from tests.agent.grounding.test_corpus import figures as checked


def found(text: str) -> list[tuple[str, str]]:
    return [(one.plain, one.unit) for one in figures(text, AS_OF)]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,234.50", "1234.50", "money"),
        ("1.234,50", "1234.50", "money"),
        ("1 234.50", "1234.50", "money"),
        ("1\u00a0234\u00a0567", "1234567", "money"),
        ("$5", "5", "money"),
        ("€12.5k", "12500", "money"),
        ("£1.2 million", "1200000", "money"),
        ("AUD 5", "5", "money"),
        ("5 AUD", "5", "money"),
        ("-5.00", "-5.00", "money"),
        ("−5.00", "-5.00", "money"),
        ("$-5.00", "-5.00", "money"),
        ("1.234 EUR", "1234", "money"),
        ("two thousand five hundred dollars", "2500", "money"),
        ("９９９.00", "999.00", "money"),
        ("45.7 %", "45.7", "percent"),
        ("12 per cent", "12", "percent"),
        ("three invoices", "3", "count"),
        ("12 open sales invoices", "12", "count"),
        ("34 days overdue", "34", "number"),
        ("2026-11-12", "2026-11-12", "date"),
        ("12 November 2026", "2026-11-12", "date"),
        ("Nov 12th, 2025", "2025-11-12", "date"),
        ("the 12th of November 2026", "2026-11-12", "date"),
        ("25/11/2026", "2026-11-25", "date"),
        ("INV-0042", "INV-0042", "identifier"),
        ("invoice 77", "77", "identifier"),
        ("#1234", "1234", "identifier"),
        ("0042", "0042", "identifier"),
        ("00000000-1111-2222-3333-444444444444", "00000000-1111-2222-3333-444444444444", "identifier"),
    ],
)
def test_a_figure_is_found_in_each_of_its_forms(text: str, value: str, unit: str) -> None:
    assert found(f"It is {text}.") == [(value, unit)]


def test_a_date_of_digits_has_both_readings_and_a_day_without_a_year_the_nearest() -> None:
    (slashed,) = figures("12/11/2026", AS_OF)
    assert set(slashed.dates) == {date(2026, 11, 12), date(2026, 12, 11)}
    (near,) = figures("Jan 5", AS_OF)
    assert set(near.dates) == {date(2026, 1, 5), date(2027, 1, 5)}


@pytest.mark.parametrize(
    "text",
    [
        "1. First\n2. Second",
        "## 3. Summary",
        "the 2nd of them",
        "at 14:30",
        "Q3 was better than H1 and FY26",
        "see [e3] and e12",
        "https://example.com/2026/500.00",
        "`e1_lines[0].amount`",
        "A4 paper, B2B sales, COVID-19",
        "In 2026 nothing changed.",
        "During the quarter ended 30 September 2026 nothing changed.",
    ],
)
def test_what_is_no_figure_is_left_alone(text: str) -> None:
    assert checked(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "`999.00`",
        "**999.00**",
        "_999.00_",
        "```\n999.00\n```",
        "```sql\nSELECT 999.00 FROM e1\n```",
        '```json\n{"amount_due": "999.00"}\n```',
        "`amount = 999.00`",
        "`999.00;`",
        "> 999.00",
        "| 999.00 |",
        "# 999.00",
        "(999.00)",
        "~999.00",
    ],
)
def test_dress_hides_no_figure(text: str) -> None:
    (figure,) = checked(text)
    assert figure.value == "999.00"
    assert not figure.verified


def test_digits_of_a_known_name_are_the_name_s_but_an_amount_in_a_name_is_an_amount() -> None:
    vocabulary = {"studio 54": frozenset({"contact"}), "pay 500.00 now": frozenset({"contact"})}
    from finchat.agent.grounding import check

    def of(text: str) -> list[str]:
        result = check(text, facts=[], vocabulary=vocabulary, question="", as_of=AS_OF, year_end=(3, 31))
        return [figure.text for figure in result]

    assert of("Studio 54 has nothing open.") == []
    assert of("Pay 500.00 now has nothing open.") == ["500.00"]


def test_what_to_look_up_holds_each_reading_the_other_sign_ratios_days_and_rounded_forms() -> None:
    values = values_in("12.3k is 45.7 % of INV-0042, 34 days late on 12/11/2026, “CR FROM SOMEBODY”", AS_OF)
    assert {Decimal("12300"), Decimal("-12300"), Decimal("45.7"), Decimal("0.457")} <= values
    assert {date(2026, 11, 12), date(2026, 12, 11), date(2026, 10, 17)} <= values
    assert {"INV-0042", "CR FROM SOMEBODY"} <= values
    (rounded,) = [v for v in values if isinstance(v, Decimal) and v == 12300]
    assert rounded.as_tuple().exponent == 2  # whose last place is a hundred
    ranges = ranges_in("12.3k", AS_OF)
    assert (Decimal(12250), Decimal(12350)) in ranges
    assert (Decimal(-12350), Decimal(-12250)) in ranges


@pytest.mark.parametrize(
    ("phrase", "first", "last"),
    [
        ("last quarter", "2026-07-01", "2026-09-30"),
        ("Q3 2026", "2026-07-01", "2026-09-30"),
        ("Q2 FY27", "2026-07-01", "2026-09-30"),
        ("from 1 July to 30 September 2026", "2026-07-01", "2026-09-30"),
        ("between 2026-07-01 and 2026-09-30", "2026-07-01", "2026-09-30"),
        ("the three months to 30 September 2026", "2026-07-01", "2026-09-30"),
        ("Jul–Sep 2026", "2026-07-01", "2026-09-30"),
        ("October", "2026-10-01", "2026-10-31"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("1–31 October 2026", "2026-10-01", "2026-10-31"),
        ("year to date", "2026-04-01", "2026-11-20"),
        ("FY26", "2025-04-01", "2026-03-31"),
        ("FY2025/26", "2025-04-01", "2026-03-31"),
        ("the first half of 2026", "2026-01-01", "2026-06-30"),
        ("the last 7 days", "2026-11-14", "2026-11-20"),
        ("since 1 November 2026", "2026-11-01", "2026-11-20"),
        ("as of 31 October 2026", None, "2026-10-31"),
    ],
)
def test_a_phrase_of_time_is_the_period_of_the_financial_year_and_of_today(
    phrase: str, first: str | None, last: str
) -> None:
    (read,) = Calendar(AS_OF, (3, 31)).phrases(f"Revenue {phrase} was good")
    wanted = FactPeriod(first=date.fromisoformat(first) if first else None, last=date.fromisoformat(last))
    assert wanted in read.periods


def test_an_invoice_for_2026_is_an_amount_and_in_2026_a_year() -> None:
    assert [f.text for f in checked("An invoice for 2026 was sent to Acme.")] == ["2026"]
    assert [f.text for f in checked("Acme owes 2026.")] == ["2026"]
    assert checked("Here is the profit and loss for 2026:") == ()
