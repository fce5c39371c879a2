"""The organisation's financial year, from the day it ends."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any


def year_start(organisation: Mapping[str, Any], on: date) -> date:
    """The first day of the financial year that holds a date. Raises ValueError for a year end that is no day.

    A year that ends on 28 or 29 February ends on the last of that month.
    """
    month, day = int(organisation.get("FinancialYearEndMonth", 12)), int(organisation.get("FinancialYearEndDay", 31))
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError(f"the financial year cannot end on day {day} of month {month}")

    def end_in(year: int) -> date:
        last = monthrange(year, month)[1]
        return date(year, month, last if month == 2 and day >= 28 else min(day, last))

    return next(end for end in (end_in(on.year), end_in(on.year - 1)) if end < on) + timedelta(days=1)
