"""The profit and loss equals the postings of its days, whatever period it was asked for by."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.app.tools.room import Room, room

_TYPES = {
    "revenue": ("REVENUE", "SALES"),
    "cost_of_sales": ("DIRECTCOSTS",),
    "other_income": ("OTHERINCOME",),
    "operating_expenses": ("EXPENSE", "OVERHEADS", "DEPRECIATN", "WAGESEXPENSE", "SUPERANNUATIONEXPENSE"),
}


def posted(here: Room, section: str, first: str, last: str) -> Decimal:
    """What was posted to the accounts of a section, positive where it is usual."""
    types = _TYPES[section]
    sign = 1 if section in ("cost_of_sales", "operating_expenses") else -1
    return sign * here.cents(
        "SELECT sum(p.amount) FROM posting p JOIN account a ON a.guid = p.account"
        f" WHERE p.date BETWEEN ? AND ? AND a.type IN ({', '.join('?' * len(types))})",
        first, last, *types,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seed", "words", "days"),
    [
        (1, "last quarter", ("2026-07-01", "2026-09-30")),
        (7, "year to date", ("2026-04-01", "2026-11-20")),
        (23, "October", ("2026-10-01", "2026-10-31")),
    ],
)
async def test_every_total_is_what_was_posted(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, seed: int, words: str, days: tuple[str, str]
) -> None:
    first, last = days
    async with room(own_home, monkeypatch, seed) as here:
        told = await here.call("profit_and_loss", period=words, top=3)
        sums = {section: posted(here, section, first, last) for section in _TYPES}
        expenses = here.sql(
            "SELECT a.name, sum(p.amount) FROM posting p JOIN account a ON a.guid = p.account"
            " WHERE p.date BETWEEN ? AND ? AND a.class = 'EXPENSE' AND a.type <> 'DIRECTCOSTS'"
            " GROUP BY a.guid ORDER BY 2 DESC LIMIT 3",
            first, last,
        )  # fmt: skip
    totals = {name: Decimal(amount) for name, amount in told["totals"].items()}
    assert told["period"] == {"from": first, "to": last}
    assert {section: totals[section] for section in _TYPES} == sums
    assert totals["gross_profit"] == sums["revenue"] - sums["cost_of_sales"]
    net = totals["gross_profit"] - sums["operating_expenses"] + sums["other_income"]
    assert totals["net_profit"] == net == Decimal(told["tie_out"]["report_net_profit"])
    assert told["tie_out"]["difference"] == "0.00"
    assert [(row["account"], row["amount"]) for row in told["top_expenses"]] == [
        (name, str(Decimal(cents).scaleb(-2))) for name, cents in expenses
    ]
    margin = (totals["gross_profit"] / totals["revenue"]).quantize(Decimal("0.0001"), "ROUND_HALF_UP")
    assert Decimal(told["ratios"]["gross_margin"]) == margin
    for row in told["top_expenses"]:
        share = (Decimal(row["amount"]) / totals["revenue"]).quantize(Decimal("0.0001"), "ROUND_HALF_UP")
        assert Decimal(row["share_of_revenue"]) == share


async def test_a_period_stands_beside_another_account_by_account(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room(own_home, monkeypatch) as here:
        told = await here.call("profit_and_loss", from_="2026-07-01", to="2026-09-30", compare="previous period")
        before = posted(here, "revenue", "2026-04-01", "2026-06-30")
    beside = told["comparison"]
    assert beside["period"] == {"from": "2026-04-01", "to": "2026-06-30"}
    assert Decimal(beside["totals"]["revenue"]) == before
    variances = sum(Decimal(row["variance"]) for row in told["accounts"] if row["section"] == "revenue")
    assert variances == Decimal(told["totals"]["revenue"]) - before


async def test_what_cannot_be_answered_says_what_to_ask_for(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with room(own_home, monkeypatch) as here:
        unclear = await here.refused("profit_and_loss", period="the good old days")
        cash = await here.refused("profit_and_loss", period="last quarter", basis="cash")
        long = await here.refused("profit_and_loss", from_="2024-01-01", to="2026-09-30")
        both = await here.refused("profit_and_loss", period="last quarter", to="2026-09-30")
        none = await here.refused("profit_and_loss")
    assert (unclear.field, "last quarter" in (unclear.next or "")) == ("period", True)
    assert (cash.field, "accrual" in (cash.next or "")) == ("basis", True)
    assert (long.field, both.field, none.field) == ("period", "period", "period")
