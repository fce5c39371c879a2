"""What a trial balance says of each account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from finchat.providers.fields import Record

_ZERO = Decimal("0.00")


def account_balances(rows: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Debit-positive balance in base currency by account id. An account that is not listed has none."""
    found: dict[str, Decimal] = {}
    for row in rows:
        record = Record(row, "QuickBooks trial balance row", "name")
        if record.text("row", "") == "summary":
            continue
        if account_id := record.text("name_id", "") or record.text("account_id", ""):
            debit = record.optional_decimal("debit") or _ZERO
            found[account_id] = found.get(account_id, _ZERO) + debit - (record.optional_decimal("credit") or _ZERO)
    return found
