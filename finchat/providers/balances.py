"""Balances as proof, from what a trial balance says of each account; the same for every vendor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from finchat.books.documents import Account
from finchat.books.plan import AccountBalance, Balances, BankBalance

_ZERO = Decimal("0.00")


def balances(by_account: Mapping[str, Decimal], accounts: Iterable[Account], base_currency: str) -> Balances:
    """The contract's `bal`. The trial balance is in base currency, and so is the balance of a foreign bank account.
    Undeposited funds stand beside the banks as money that is being cleared."""
    chart = sorted(accounts, key=lambda a: (a.code, a.id))
    bank = [a for a in chart if a.kind == "bank" and (a.active or a.id in by_account)]

    def control(kind: str, sign: int) -> Decimal | None:
        ids = [a.id for a in chart if a.kind == kind]
        return sum((sign * by_account.get(id, _ZERO) for id in ids), _ZERO) if ids else None

    receivables, payables = control("receivables", 1), control("payables", -1)
    why = [
        f"the chart of accounts has no {name} account"
        for name, value in (("receivables", receivables), ("payables", payables))
        if value is None
    ]
    return Balances(
        bank=tuple(
            BankBalance(account_id=a.id, amount=by_account.get(a.id, _ZERO), currency=base_currency) for a in bank
        ),
        receivables=receivables,
        payables=payables,
        currency=base_currency,
        trial_balance_difference=sum(by_account.values(), _ZERO),
        why_missing="; ".join(why) or None,
        other=tuple(
            AccountBalance(account_id=a.id, control=kind, amount=by_account.get(a.id, _ZERO))
            for a in chart
            if (kind := _other(a)) and (a.active or a.id in by_account)
        ),
    )


def _other(account: Account) -> Literal["tax", "gain_loss", "clearing"] | None:
    if account.clearing or account.undeposited:
        return "clearing"
    return account.kind if account.kind in ("tax", "gain_loss") else None
