"""The accounts a company posts to by itself: found by type and sub type, made when missing, as the vendor does."""

from __future__ import annotations

from typing import Any

from finchat.sandbox.quickbooks import errors
from finchat.sandbox.quickbooks.entities import ACCOUNT_TYPES, ENTITIES
from finchat.sandbox.quickbooks.records import Record, Records

_CURRENCIES = {
    "AUD": "Australian Dollar",
    "BRL": "Brazilian Real",
    "CAD": "Canadian Dollar",
    "CHF": "Swiss Franc",
    "CNY": "Chinese Yuan",
    "DKK": "Danish Krone",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "HKD": "Hong Kong Dollar",
    "INR": "Indian Rupee",
    "JPY": "Japanese Yen",
    "MXN": "Mexican Peso",
    "NOK": "Norwegian Krone",
    "NZD": "New Zealand Dollar",
    "SEK": "Swedish Krona",
    "SGD": "Singapore Dollar",
    "USD": "United States Dollar",
    "ZAR": "South African Rand",
}
PROFIT_AND_LOSS = ("Income", "Cost of Goods Sold", "Expense", "Other Income", "Other Expense")


def currency_ref(code: str) -> dict[str, str]:
    return {"value": code, "name": _CURRENCIES.get(code, code)}


class Accounts:
    """The accounts of one company."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def read(self, id: str, name: str) -> Record:
        """The account a reference names. Raises Fault 2500."""
        if (found := self._records.get("Account", id)) is None:
            raise errors.bad_reference(name)
        return found

    def type_of(self, id: str) -> str:
        found = self._records.get("Account", id)
        return str(found.body["AccountType"]) if found else ""

    def receivables(self, currency: str) -> str:
        return self._control("Accounts Receivable", "AccountsReceivable", "Accounts Receivable (A/R)", currency)

    def payables(self, currency: str) -> str:
        return self._control("Accounts Payable", "AccountsPayable", "Accounts Payable (A/P)", currency)

    def undeposited(self) -> str:
        return self._system("Other Current Asset", "UndepositedFunds", "Undeposited Funds")

    def discounts(self) -> str:
        return self._system("Income", "DiscountsRefundsGiven", "Discounts given")

    def exchange_gain(self) -> str:
        return self._system("Other Expense", "ExchangeGainOrLoss", "Exchange Gain or Loss")

    def opening_equity(self) -> str:
        return self._system("Equity", "OpeningBalanceEquity", "Opening Balance Equity")

    def shipping(self) -> str:
        return self._system("Income", "OtherPrimaryIncome", "Shipping Income", by_name=True)

    def tax_payable(self, agency: str) -> str:
        """The liability to a tax agency; "" is sales tax whose agency nobody named."""
        name = f"{agency} Payable" if agency else "Sales Tax Payable"
        return self._system("Other Current Liability", "SalesTaxPayable", name, by_name=True)

    def _control(self, kind: str, sub: str, name: str, currency: str) -> str:
        home = self._records.back_end.home_currency
        row = self._records.db.execute(
            "SELECT id FROM record WHERE entity = 'Account' AND deleted = 0"
            " AND json_extract(body, '$.AccountType') = ? AND coalesce(currency, ?) = ? ORDER BY active DESC, seq",
            (kind, home, currency),
        ).fetchone()
        return row[0] if row else self._make(kind, sub, name if currency == home else f"{name} - {currency}", currency)

    def _system(self, kind: str, sub: str, name: str, *, by_name: bool = False) -> str:
        row = self._records.db.execute(
            "SELECT id FROM record WHERE entity = 'Account' AND deleted = 0 AND json_extract(body, '$.AccountType') = ?"
            " AND CASE WHEN ? THEN name = ? ELSE json_extract(body, '$.AccountSubType') = ? END"
            " ORDER BY active DESC, seq",
            (kind, by_name, name, sub),
        ).fetchone()
        return row[0] if row else self._make(kind, sub, name, self._records.back_end.home_currency)

    def _make(self, kind: str, sub: str, name: str, currency: str) -> str:
        records = self._records
        stamp = records.back_end.stamp()
        body = account_body(name, kind, sub, currency)
        made = Record(
            ENTITIES["Account"],
            records.next_id("Account"),
            body,
            created=stamp,
            updated=stamp,
            name=name,
            currency=currency,
        )
        records.insert(made)
        return made.id


def account_body(name: str, kind: str, sub: str, currency: str) -> dict[str, Any]:
    """What every account has, with a balance of nothing."""
    return {
        "Name": name,
        "SubAccount": False,
        "FullyQualifiedName": name,
        "Active": True,
        "Classification": ACCOUNT_TYPES[kind][0],
        "AccountType": kind,
        "AccountSubType": sub,
        "CurrentBalance": 0,
        "CurrentBalanceWithSubAccounts": 0,
        "CurrencyRef": currency_ref(currency),
    }
