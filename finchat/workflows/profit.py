"""The profit and loss of a period, beside another where wanted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from finchat.books.period_words import Period
from finchat.books.profit import Basis, ProfitReport, Ratios, TieOut, Totals, ratios, tie_out, totals
from finchat.errors import FinchatError, UsageError
from finchat.providers.provider import Provider

_LONGEST = 366  # days: what the report covers at once


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
    provider: Provider, period: Period, basis: Basis, compare: Period | None = None
) -> tuple[ProfitOfPeriod, ProfitOfPeriod | None]:
    """One call a period. Raises UsageError for a period that is too long for the ledger's report and for a basis that
    it does not offer, and the FinchatError of a read that failed."""
    wanted = [period] if compare is None else [period, compare]
    for one in wanted:
        if one.days > _LONGEST:
            raise UsageError(
                f"{one.window} is longer than a year, and the ledger reports a year at most",
                field="period",
                next="ask for a year or less",
            )
    await provider.accounts()  # once, before reads that need it run side by side
    lookups = provider.lookups()
    try:
        reports = await asyncio.gather(*(lookups.profit_and_loss(one.window, basis) for one in wanted))
    except FinchatError as error:
        if basis == "cash" and error.code == "invalid_argument":
            raise UsageError(
                f"the ledger gives no profit and loss on cash basis ({error.message})",
                field="basis",
                next="ask for accrual",
            ) from error
        raise
    found = [ProfitOfPeriod(period=one, report=report) for one, report in zip(wanted, reports, strict=True)]
    return found[0], found[1] if compare is not None else None
