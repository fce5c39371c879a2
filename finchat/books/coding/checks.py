"""Whether a coding of the past can be booked to today."""

from __future__ import annotations

from finchat.books.documents import Account, Books, Coding


class Chart:
    """Accounts, tax codes and tracking as the ledger has them now."""

    def __init__(self, books: Books) -> None:
        self.accounts = {a.id: a for a in books.accounts}
        self.tax_rates = {r.type: r for r in books.tax_rates}
        self._options = {(c.name, option) for c in books.tracking for option in c.options}

    def unusable(self, coding: Coding) -> str | None:
        """Why nothing can be coded like this any more, or None. What the ledger does not list cannot be used."""
        account = self.accounts.get(coding.account_id)
        return self._unusable_account(account) or self._unusable_tax(account, coding) or self._unusable_tracking(coding)

    def _unusable_account(self, account: Account | None) -> str | None:
        if account is None:
            return "its account is gone"
        if not account.active:
            return f"{account.label} is archived"
        return None if account.codable else f"{account.label} takes no coding"

    def _unusable_tax(self, account: Account | None, coding: Coding) -> str | None:
        rate = self.tax_rates.get(coding.tax_type)
        if rate is None:
            return f"tax code {coding.tax_type or '(none)'} is gone"
        if not rate.active:
            return f"tax code {rate.name} is not in use any more"
        kind = "" if account is None else account.kind
        if account and ((kind == "revenue" and not rate.revenue) or (kind == "expense" and not rate.expenses)):
            return f"tax code {rate.name} does not go with {account.label}"
        return None

    def _unusable_tracking(self, coding: Coding) -> str | None:
        gone = [f"{name}: {option}" for name, option in coding.tracking if (name, option) not in self._options]
        return f"tracking {gone[0]} is gone" if gone else None
