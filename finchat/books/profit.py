"""Profit and loss: sections, totals, ratios, top expenses and what changed, from the amounts of one report.

Amounts are in base currency. Every section's amounts are positive where they are usual: revenue and other income as
earned, costs and taxes as spent. Gross margin is gross profit over revenue; operating expenses exclude cost of sales;
a ratio over zero revenue is None (accounting.md, "Reports and definitions").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, get_args

from finchat.books.periods import Window

Section = Literal["revenue", "cost_of_sales", "operating_expenses", "other_income", "other_expenses", "tax"]
Basis = Literal["accrual", "cash"]
SECTIONS: tuple[Section, ...] = get_args(Section)
# Which way a section moves net profit.
SIGNS: Mapping[Section, int] = {
    "revenue": 1, "cost_of_sales": -1, "operating_expenses": -1, "other_income": 1, "other_expenses": -1, "tax": -1,
}  # fmt: skip
_ZERO = Decimal("0.00")
_PLACES = Decimal("0.0001")  # ratios are kept to a hundredth of a percent


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitLine:
    """One account of the report. `account_id` and `code` are "" for a line that is no account of the chart."""

    account_id: str
    code: str
    name: str
    section: Section
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitReport:
    """A profit and loss as the ledger reports it. `net_profit` is the report's own, None where it states none."""

    currency: str
    basis: Basis
    window: Window
    lines: tuple[ProfitLine, ...]
    net_profit: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    revenue: Decimal
    cost_of_sales: Decimal
    gross_profit: Decimal
    operating_expenses: Decimal
    operating_profit: Decimal
    other_income: Decimal
    other_expenses: Decimal
    tax: Decimal
    net_profit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """Shares of revenue, 0.5 for 50 %, rounded half-up to four places; None over zero revenue."""

    gross_margin: Decimal | None
    operating_margin: Decimal | None
    net_margin: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopExpense:
    """One operating expense with its share of revenue and of all operating expenses."""

    line: ProfitLine
    share_of_revenue: Decimal | None
    share_of_expenses: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TieOut:
    """The report's own net profit beside the sum of its lines. `difference` is report less computed."""

    report_net_profit: Decimal | None
    computed: Decimal
    difference: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A figure beside that of the period compared with. `ratio` is the change over the earlier figure's size, None
    where that is zero or the sign flipped, which `sign_flip` then says; `favourable`: it raised profit."""

    before: Decimal
    variance: Decimal
    ratio: Decimal | None
    sign_flip: bool
    favourable: bool | None


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """part ÷ whole to four places, half-up; None over zero."""
    return None if whole == 0 else (part / whole).quantize(_PLACES, ROUND_HALF_UP)


def totals(lines: Iterable[ProfitLine]) -> Totals:
    """What the lines add up to, section by section."""
    sums: dict[Section, Decimal] = dict.fromkeys(SECTIONS, _ZERO)
    for line in lines:
        sums[line.section] += line.amount
    gross = sums["revenue"] - sums["cost_of_sales"]
    operating = gross - sums["operating_expenses"]
    return Totals(
        revenue=sums["revenue"],
        cost_of_sales=sums["cost_of_sales"],
        gross_profit=gross,
        operating_expenses=sums["operating_expenses"],
        operating_profit=operating,
        other_income=sums["other_income"],
        other_expenses=sums["other_expenses"],
        tax=sums["tax"],
        net_profit=operating + sums["other_income"] - sums["other_expenses"] - sums["tax"],
    )


def ratios(of: Totals) -> Ratios:
    return Ratios(
        gross_margin=ratio(of.gross_profit, of.revenue),
        operating_margin=ratio(of.operating_profit, of.revenue),
        net_margin=ratio(of.net_profit, of.revenue),
    )


def top_expenses(lines: Iterable[ProfitLine], count: int) -> tuple[TopExpense, ...]:
    """The `count` highest operating expenses, highest first, by amount and then code and name."""
    listed = list(lines)
    sums = totals(listed)
    expenses = sorted(
        (line for line in listed if line.section == "operating_expenses"), key=lambda x: (-x.amount, x.code, x.name)
    )
    return tuple(
        TopExpense(
            line=line,
            share_of_revenue=ratio(line.amount, sums.revenue),
            share_of_expenses=ratio(line.amount, sums.operating_expenses),
        )
        for line in expenses[:count]
    )


def tie_out(report: ProfitReport) -> TieOut:
    """Whether the lines add up to the net profit that the report itself states."""
    computed, stated = totals(report.lines).net_profit, report.net_profit
    return TieOut(report_net_profit=stated, computed=computed, difference=None if stated is None else stated - computed)


def change(now: Decimal, before: Decimal, sign: int) -> Change:
    """What changed; `sign` is 1 for what raises profit and -1 for what lowers it (`SIGNS`)."""
    variance = now - before
    flipped = now * before < 0
    return Change(
        before=before,
        variance=variance,
        ratio=None if flipped else ratio(variance, abs(before)),
        sign_flip=flipped,
        favourable=None if variance == 0 else variance * sign > 0,
    )


def beside(now: Sequence[ProfitLine], before: Sequence[ProfitLine]) -> tuple[tuple[ProfitLine, Change], ...]:
    """Every line of either period with what changed; one that only the earlier period has stands at zero."""
    earlier = {_key(line): line for line in before}
    found = [
        (line, change(line.amount, earlier[_key(line)].amount if _key(line) in earlier else _ZERO, SIGNS[line.section]))
        for line in now
    ]
    known = {_key(line) for line in now}
    gone = [line for line in before if _key(line) not in known]
    return (
        *found,
        *(
            (
                ProfitLine(
                    account_id=line.account_id, code=line.code, name=line.name, section=line.section, amount=_ZERO
                ),
                change(_ZERO, line.amount, SIGNS[line.section]),
            )
            for line in gone
        ),
    )


def _key(line: ProfitLine) -> tuple[str, str]:
    return line.section, line.account_id or line.name
