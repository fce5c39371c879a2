"""A bank line keeps its identity over files, and twins stay two."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.books.lines import RawLine, identify

DAY = dt.date(2026, 11, 17)
LINE = RawLine(
    source="statement",
    source_id="1",
    date=DAY,
    direction="receive",
    amount=Decimal("49.00"),
    currency="NZD",
    narration="COFFEE CO",
)


def test_two_identical_payments_on_one_statement_stay_two() -> None:
    first, second = identify([LINE, replace(LINE, source_id="2")], "bank")
    assert first.id != second.id
    assert not set(first.fingerprints) & set(second.fingerprints)


@given(st.integers(0, 4), st.integers(0, 4))
def test_overlapping_files_give_their_common_lines_the_same_ids(before: int, after: int) -> None:
    lines = [replace(LINE, date=DAY + dt.timedelta(days=d // 2), source_id=str(d)) for d in range(12)]
    early = identify(lines[: 8 + 2 * (before // 2)], "bank")
    late = identify(lines[2 * (after // 2) :], "bank")
    common = {x.source_id: x.id for x in early}
    for x in late:
        if x.source_id in common:
            assert x.id == common[x.source_id]


def test_the_ofx_and_the_csv_of_one_line_share_a_fingerprint() -> None:
    (ofx,) = identify([replace(LINE, fitid="20261117-1")], "bank")
    (csv,) = identify([replace(LINE, narration="Coffee  Co.")], "bank")
    assert ofx.id == "fitid:bank:20261117-1"
    assert csv.id in ofx.fingerprints


def test_twins_with_their_own_fitid_match_the_twins_without() -> None:
    ofx = identify([replace(LINE, fitid="a"), replace(LINE, fitid="b")], "bank")
    csv = identify([LINE, LINE], "bank")
    assert [c.id in o.fingerprints for o, c in zip(ofx, csv, strict=True)] == [True, True]


def test_a_fitid_that_repeats_is_the_same_event_under_two_ids() -> None:
    first, copy = identify([replace(LINE, fitid="a"), replace(LINE, fitid="a")], "bank")
    assert first.id != copy.id
    assert first.fingerprints == copy.fingerprints


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("49.01")},
        {"direction": "spend"},
        {"date": DAY + dt.timedelta(days=1)},
        {"narration": "TEA CO"},
        {"currency": "AUD"},
    ],
)
def test_any_other_fact_makes_another_line(change: dict[str, object]) -> None:
    (first,) = identify([LINE], "bank")
    (second,) = identify([replace(LINE, **change)], "bank")  # type: ignore[arg-type]
    assert first.id != second.id


def test_another_account_makes_another_line() -> None:
    assert identify([LINE], "bank")[0].id != identify([LINE], "savings")[0].id


def test_an_amount_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="not positive"):
        identify([replace(LINE, amount=Decimal(0))], "bank")
