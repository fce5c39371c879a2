"""The company behind the API: one SQLite file (or memory), opened by as many processes as like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from finchat.clock import Clock
from finchat.errors import UsageError
from finchat.sandbox import exact_json, ledger
from finchat.sandbox.company_file import CompanyFile
from finchat.sandbox.quickbooks import tables
from finchat.sandbox.quickbooks.values import VENDOR_ZONE, dig, stored_instant

RESET = "finchat sandbox reset --vendor quickbooks"


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """An account's balance in home currency: one of debit and credit is zero."""

    account_id: str
    number: str
    name: str
    debit: Decimal
    credit: Decimal


class QuickBooksBackEnd(CompanyFile):
    """A QuickBooks Online company over a double-entry ledger. `path` is a file or ":memory:".

    Raises UsageError when the file is not a company of this version.
    """

    def __init__(self, path: Path | Literal[":memory:"], clock: Clock) -> None:
        missing = {0: (ledger.SCHEMA, tables.SCHEMA)}
        super().__init__(path, clock, version=tables.VERSION, missing=missing, reset=RESET)

    def load(self, collections: Mapping[str, list[dict[str, Any]]], *, realm: str = "9130001") -> None:
        """Fill an empty company with records in the API's own shape, Ids and dates as given, and post every one.

        Links are taken from the records that settle (payments, bill payments, deposits); balances are worked out.
        Raises UsageError when the company is not empty or a record cannot be right (it and its field are named).
        """
        from finchat.sandbox.quickbooks.loading import load

        load(self, collections, realm=realm)

    @property
    def empty(self) -> bool:
        return self.db.execute("SELECT 1 FROM company").fetchone() is None

    @property
    def written(self) -> bool:
        """True once any API call changed the company after it was loaded."""
        row = self.db.execute("SELECT written FROM company").fetchone()
        return bool(row and row[0])

    def mark_written(self) -> None:
        self.db.execute("UPDATE company SET written = 1 WHERE written = 0")

    @property
    def realm_id(self) -> str:
        row = self.db.execute("SELECT realm FROM company").fetchone()
        return str(row[0]) if row else ""

    @property
    def company_info(self) -> dict[str, Any]:
        """The stored CompanyInfo. Raises UsageError when nothing was loaded."""
        return self._single("CompanyInfo")

    @property
    def preferences(self) -> dict[str, Any]:
        """The stored Preferences. Raises UsageError when nothing was loaded."""
        return self._single("Preferences")

    def _single(self, entity: str) -> dict[str, Any]:
        row = self.db.execute("SELECT body FROM record WHERE entity = ?", (entity,)).fetchone()
        if row is None:
            raise UsageError("the sandbox company is empty", next=f"run: {RESET}")
        return _parsed(row[0])

    @property
    def home_currency(self) -> str:
        return str(dig(self.preferences, "CurrencyPrefs", "HomeCurrency", "value") or "USD")

    @property
    def timezone(self) -> str:
        """The company's own zone; the vendor's when it says none that is known."""
        return _zone(str(self.company_info.get("DefaultTimeZone")))

    def now(self) -> datetime:
        return self.clock.now()

    def stamp(self) -> str:
        """The present instant as stored."""
        return stored_instant(self.now())

    def today(self) -> date:
        """The calendar day where the company is."""
        return self.now().astimezone(ZoneInfo(self.timezone)).date()

    def trial_balance(self, as_of: date | None = None) -> tuple[TrialBalanceRow, ...]:
        """Every account with a balance other than zero, by name. Amounts in home currency."""
        held = self.ledger.balances(last=as_of)
        rows = self.db.execute(
            "SELECT id, coalesce(json_extract(body, '$.AcctNum'), ''), name FROM record WHERE entity = 'Account'"
            " ORDER BY name"
        )
        return tuple(
            TrialBalanceRow(id, number, name, _decimal(max(found.amount, 0)), _decimal(max(-found.amount, 0)))
            for id, number, name in rows
            if (found := held.get(id)) and found.amount
        )

    def balances(self, as_of: date | None = None) -> dict[str, Any]:
        """The contract's `bal`: banks and cards in their own currency, controls in home currency (payables positive).

        Undeposited funds are a clearing account; exchange gain is the financial year's.
        """
        held = self.ledger.balances(last=as_of)
        start = self.year_start(as_of or self.today())
        of_the_year = self.ledger.balances(first=start, last=as_of)
        home = self.home_currency
        kinds: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for id, body in self.db.execute("SELECT id, body FROM record WHERE entity = 'Account' ORDER BY seq"):
            account = exact_json.read(body)
            currency = account.get("CurrencyRef", {}).get("value", home)
            kinds.setdefault((account["AccountType"], account["AccountSubType"]), []).append((id, currency))

        def of(kind: str, *subs: str) -> list[tuple[str, str]]:
            return [
                found
                for (type_, sub), accounts in kinds.items()
                if type_ == kind and (not subs or sub in subs)
                for found in accounts
            ]

        def total(accounts: list[tuple[str, str]]) -> int:
            return sum(held[id].amount for id, _ in accounts if id in held)

        others = [("clearing", account, held) for account in of("Other Current Asset", "UndepositedFunds")]
        others += [("gain_loss", account, of_the_year) for account in of("Other Expense", "ExchangeGainOrLoss")]
        tax = of("Other Current Liability", "SalesTaxPayable", "GlobalTaxPayable", "GlobalTaxSuspense")
        others += [("tax", account, held) for account in tax]
        return {
            "bank": [
                {
                    "account_id": id,
                    "amount": str(_decimal(held[id].account_amount if id in held else 0)),
                    "currency": currency,
                }
                for id, currency in (*of("Bank"), *of("Credit Card"))
            ],
            "receivables": str(_decimal(total(of("Accounts Receivable")))),
            "payables": str(_decimal(-total(of("Accounts Payable")))),
            "other": [
                {
                    "account_id": id,
                    "control": control,
                    "amount": str(_decimal(balances[id].amount if id in balances else 0)),
                    "currency": home,
                }
                for control, (id, _), balances in others
            ],
            "currency": home,
            "trial_balance_difference": str(_decimal(sum(found.amount for found in held.values()))),
            "why_missing": None,
        }

    def year_start(self, day: date) -> date:
        """The first day of the financial year a day is in."""
        month = _MONTHS.get(str(self.company_info.get("FiscalYearStartMonth", "January")).lower(), 1)
        return date(day.year if day.month >= month else day.year - 1, month, 1)

    def bank_accounts(self) -> list[dict[str, str]]:
        """Bank and credit card accounts in the order made: account_id, code (may be "") and name."""
        rows = self.db.execute(
            "SELECT id, coalesce(json_extract(body, '$.AcctNum'), ''), name FROM record WHERE entity = 'Account'"
            " AND json_extract(body, '$.AccountType') IN ('Bank', 'Credit Card') ORDER BY seq"
        )
        return [{"account_id": id, "code": code, "name": name} for id, code, name in rows.fetchall()]

    def counts(self) -> dict[str, int]:
        """How many records of each kind the company holds, and how many journals."""
        rows = self.db.execute("SELECT entity, count(*) FROM record WHERE deleted = 0 GROUP BY entity")
        found: dict[str, int] = dict(rows.fetchall())
        found["Journals"] = self.db.execute("SELECT count(*) FROM journal").fetchone()[0]
        return dict(sorted(found.items()))


_MONTHS = {
    name: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
         "november", "december"), 1
    )
}  # fmt: skip


@lru_cache(maxsize=16)
def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return VENDOR_ZONE
    return name


@lru_cache(maxsize=16)
def _parsed(text: str) -> dict[str, Any]:
    """A record that is asked for at every turn, read once; whoever asks never changes it."""
    found: dict[str, Any] = exact_json.read(text)
    return found


def _decimal(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2).quantize(Decimal("0.01"))
