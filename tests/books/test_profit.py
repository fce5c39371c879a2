"""Sections add up to net profit, shares to what they are shares of, and changes know which way is good."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finchat.books.profit import SECTIONS, SIGNS, ProfitLine, beside, change, ratio, ratios, top_expenses, totals

amounts = st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents).scaleb(-2))
lines = st.builds(
    ProfitLine, account_id=st.uuids().map(str), code=st.just(""), name=st.text(max_size=5),
    section=st.sampled_from(SECTIONS), amount=amounts,
)  # fmt: skip


@given(st.lists(lines, max_size=30))
def test_sections_sum_to_net_profit(given_lines: list[ProfitLine]) -> None:
    sums = totals(given_lines)
    assert sums.net_profit == sum((SIGNS[line.section] * line.amount for line in given_lines), Decimal(0))
    assert sums.gross_profit == sums.revenue - sums.cost_of_sales
    assert sums.operating_profit == sums.gross_profit - sums.operating_expenses
    assert (ratios(sums).gross_margin is None) == (sums.revenue == 0)
    top = top_expenses(given_lines, 3)
    expenses = [line.amount for line in given_lines if line.section == "operating_expenses"]
    assert [each.line.amount for each in top] == sorted(expenses, reverse=True)[:3]


@given(st.lists(lines, max_size=12), st.lists(lines, max_size=12), st.data())
def test_the_lines_of_two_periods_carry_the_change_of_their_totals(
    now: list[ProfitLine], before: list[ProfitLine], data: st.DataObject
) -> None:
    before = [*before, *data.draw(st.lists(st.sampled_from(now), unique=True) if now else st.just([]))]
    sums, earlier = totals(now), totals(before)
    rows = beside(now, before)
    for section in SECTIONS:
        moved = sum((told.variance for line, told in rows if line.section == section), Decimal(0))
        assert moved == getattr(sums, section) - getattr(earlier, section)


def test_a_change_is_favourable_by_the_sign_of_its_line() -> None:
    more, less = Decimal("120.00"), Decimal("100.00")
    assert change(more, less, SIGNS["revenue"]).favourable
    assert not change(more, less, SIGNS["operating_expenses"]).favourable
    assert change(less, less, 1).favourable is None
    assert change(more, less, 1).ratio == Decimal("0.2000")
    flipped = change(Decimal("-5.00"), less, 1)
    assert (flipped.sign_flip, flipped.ratio, flipped.variance) == (True, None, Decimal("-105.00"))
    assert change(more, Decimal("0.00"), 1).ratio is None
    assert ratio(Decimal(2), Decimal(3)) == Decimal("0.6667")
