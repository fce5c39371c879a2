"""The profit and loss of a period, beside another where wanted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from finchat.books.period_words import Period
from finchat.books.profit import Basis, ProfitReport, Ratios, TieOut, Totals, ratios, tie_out, totals
from finchat.providers.xero.lookups import XeroLookups
from finchat.providers.xero.provider import XeroProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitOfPeriod:
    """The ledger's report of a period with what is computed of it."""

    period: Period
    report: ProfitReport

    @property
    def totals(self) -> Totals:
        return totals(self.report.lines)

    @property
    def ratios(self) -> Ratios:
        return ratios(self.totals)

    @property
    def tie_out(self) -> TieOut:
        return tie_out(self.report)


async def profit_and_loss(
    provider: XeroProvider, period: Period, basis: Basis, compare: Period | None = None
) -> tuple[ProfitOfPeriod, ProfitOfPeriod | None]:
    """One call a period. Raises FinchatError, also where the ledger does not offer the basis."""
    wanted = [period] if compare is None else [period, compare]
    await provider.accounts()  # once, before reads that need it run side by side
    lookups = XeroLookups(provider)
    reports = await asyncio.gather(*(lookups.profit_and_loss(one.window, basis) for one in wanted))
    found = [ProfitOfPeriod(period=one, report=report) for one, report in zip(wanted, reports, strict=True)]
    return found[0], found[1] if compare is not None else None
