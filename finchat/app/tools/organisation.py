"""`organisation` and `chart`: whose books these are, and what lines can be coded to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from finchat.app.tools.shape import text, tool
from finchat.books.periods import financial_year_start

if TYPE_CHECKING:
    from finchat.app.desk import Desk
    from finchat.connections.own_tools import OwnTool


def rows(desk: Desk, as_of: date) -> list[OwnTool]:
    async def organisation(_: Mapping[str, Any]) -> dict[str, Any]:
        here = desk.organisation
        year = financial_year_start(as_of, end_month=here.year_end_month, end_day=here.year_end_day)
        return {
            "organisation": here.name,
            "base_currency": here.base_currency,
            "timezone": here.timezone,
            "sandbox": here.sandbox,
            "as_of": as_of.isoformat(),
            "today": desk.today().isoformat(),
            "financial_year_end": {"month": here.year_end_month, "day": here.year_end_day},
            "financial_year_start": year.isoformat(),
            "lock_date": None if here.lock_date is None else here.lock_date.isoformat(),
        }

    async def chart(arguments: Mapping[str, Any]) -> dict[str, Any]:
        wanted = str(arguments.get("search", "")).casefold()
        accounts = sorted((await desk.provider.accounts()).values(), key=lambda a: (a.code, a.name))
        return {
            "accounts": [
                {
                    "code": account.code,
                    "name": account.name,
                    "type": account.kind,
                    "tax_type": account.tax_type or None,
                    "currency": account.currency,
                    "takes_lines": account.codable,
                    "takes_payments": account.accepts_payments,
                }
                for account in accounts
                if account.active and wanted in f"{account.label} {account.kind}".casefold()
            ],
            "tax_types": [
                {
                    "tax_type": rate.type,
                    "name": rate.name,
                    "percent": f"{rate.percent:f}",
                    "for_sales": rate.revenue,
                    "for_purchases": rate.expenses,
                }
                for rate in (await desk.provider.chart()).tax_rates
                if rate.active
            ],
        }

    return [tool("organisation", organisation), tool("chart", chart, {"search": text(80)})]
