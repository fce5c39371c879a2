"""`profit_and_loss`: a period's sections, totals, ratios and top expenses, beside another period where wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from finchat.app.tools.shape import DATE, money, one_of, period, said_period, text, tool
from finchat.books.period_words import Period, given_period, previous_period, year_before
from finchat.books.periods import parse_day
from finchat.books.profit import SIGNS, Basis, Change, ProfitLine, Ratios, Totals, beside, change, top_expenses
from finchat.errors import UsageError
from finchat.workflows.profit import ProfitOfPeriod, profit_and_loss

if TYPE_CHECKING:
    from finchat.app.desk import Desk
    from finchat.connections.own_tools import OwnTool

_BEFORE = {"previous period": previous_period, "previous year": year_before}
_SPENT = frozenset(section for section, sign in SIGNS.items() if sign < 0)
_TOP = 5


def rows(desk: Desk, as_of: date) -> list[OwnTool]:
    async def profit(arguments: Mapping[str, Any]) -> dict[str, Any]:
        wanted = _period(arguments, desk, as_of)
        compare = _compared(arguments, wanted, desk, as_of)
        basis = cast(Basis, arguments.get("basis", "accrual"))
        now, before = await profit_and_loss(desk.provider, wanted, basis, compare)
        return _document(now, before, int(arguments.get("top", _TOP)), desk.organisation.name)

    return [
        tool(
            "profit_and_loss",
            profit,
            {
                "period": text(60),
                "from": DATE,
                "to": DATE,
                "basis": one_of("accrual", "cash"),
                "compare": text(60),
                "top": {"type": "integer", "minimum": 1, "maximum": 20},
            },
        )
    ]


def _period(arguments: Mapping[str, Any], desk: Desk, as_of: date) -> Period:
    words, first, last = arguments.get("period"), arguments.get("from"), arguments.get("to")
    if words is not None and (first is not None or last is not None):
        raise UsageError("period and from/to exclude each other", field="period", next="give one of them")
    if words is not None:
        return said_period(words, desk, as_of)
    if first is None:
        raise UsageError("no period given", field="period", next="give period, or from and to")
    return given_period(parse_day(str(first), "from"), None if last is None else parse_day(str(last), "to"), as_of)


def _compared(arguments: Mapping[str, Any], wanted: Period, desk: Desk, as_of: date) -> Period | None:
    words = arguments.get("compare")
    if words is None:
        return None
    known = _BEFORE.get(" ".join(str(words).casefold().replace("_", " ").split()))
    return known(wanted) if known else said_period(words, desk, as_of)


def _document(now: ProfitOfPeriod, before: ProfitOfPeriod | None, top: int, organisation: str) -> dict[str, Any]:
    currency = now.report.currency
    tied = now.tie_out
    result: dict[str, Any] = {
        "organisation": organisation,
        "basis": now.report.basis,
        "period": period(now.period.window),
        "period_description": now.period.label,
        "complete": now.period.complete,
        "currency": currency,
        "totals": _amounts(now.totals, currency),
        "ratios": _ratios(now.ratios),
        "top_expenses": [
            {
                "account": each.line.name,
                "account_code": each.line.code or None,
                "amount": money(each.line.amount, currency),
                "share_of_revenue": _ratio(each.share_of_revenue),
                "share_of_operating_expenses": _ratio(each.share_of_expenses),
                "currency": currency,
            }
            for each in top_expenses(now.report.lines, top)
        ],
        "accounts": _accounts(now, before, currency),
        "tie_out": {
            "report_net_profit": None if tied.report_net_profit is None else money(tied.report_net_profit, currency),
            "computed_net_profit": money(tied.computed, currency),
            "difference": None if tied.difference is None else money(tied.difference, currency),
            "currency": currency,
        },
    }
    if tied.difference:
        result["next"] = "say that the report's own net profit differs from the sum of its accounts"
    if before is not None:
        result["comparison"] = _comparison(now, before, currency)
    return result


def _accounts(now: ProfitOfPeriod, before: ProfitOfPeriod | None, currency: str) -> list[dict[str, Any]]:
    listed: Iterable[tuple[ProfitLine, Change | None]] = (
        ((line, None) for line in now.report.lines) if before is None else beside(now.report.lines, before.report.lines)
    )
    return [
        {
            "account": line.name,
            "account_code": line.code or None,
            "section": line.section,
            "amount": money(line.amount, currency),
            **({} if told is None else _changed(told.before, told.variance, told.ratio, currency)),
            "currency": currency,
        }
        for line, told in listed
    ]


def _comparison(now: ProfitOfPeriod, before: ProfitOfPeriod, currency: str) -> dict[str, Any]:
    changes = []
    for each in fields(Totals):
        sign = -1 if each.name in _SPENT else 1
        amount = getattr(now.totals, each.name)
        told = change(amount, getattr(before.totals, each.name), sign)
        changes.append(
            {
                "label": each.name,
                "amount": money(amount, currency),
                **_changed(told.before, told.variance, told.ratio, currency),
                "sign_flip": told.sign_flip,
                "favourable": told.favourable,
                "currency": currency,
            }
        )
    return {
        "period": period(before.period.window),
        "period_description": before.period.label,
        "currency": currency,
        "totals": _amounts(before.totals, currency),
        "ratios": _ratios(before.ratios),
        "changes": changes,
    }


def _changed(before: Decimal, variance: Decimal, ratio: Decimal | None, currency: str) -> dict[str, Any]:
    return {
        "compare_amount": money(before, currency),
        "variance": money(variance, currency),
        "variance_ratio": _ratio(ratio),
    }


def _amounts(of: Totals, currency: str) -> dict[str, str]:
    return {each.name: money(getattr(of, each.name), currency) for each in fields(of)}


def _ratios(of: Ratios) -> dict[str, str | None]:
    return {each.name: _ratio(getattr(of, each.name)) for each in fields(of)}


def _ratio(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
