"""What a trial balance says of each account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from finchat.providers.fields import Record

_ZERO = Decimal("0.00")


def account_balances(rows: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Debit-positive balance in base currency by account id. An account that is not listed has none.

    The report's year-to-date columns are the balances as of its day; debit and credit beside them are one month's.
    """
    found: dict[str, Decimal] = {}
    for row in rows:
        record = Record(row, "Xero trial balance row", "name")
        if account_id := record.text("account_id", ""):
            debit = record.optional_decimal("ytd_debit") or _ZERO
            found[account_id] = found.get(account_id, _ZERO) + debit - (record.optional_decimal("ytd_credit") or _ZERO)
    return found
