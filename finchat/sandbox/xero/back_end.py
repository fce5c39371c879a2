"""The company behind the API: one SQLite file (or memory), opened by as many processes as like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from finchat.clock import Clock
from finchat.errors import UsageError
from finchat.sandbox import ledger
from finchat.sandbox.company_file import CompanyFile
from finchat.sandbox.ledger import Balance
from finchat.sandbox.xero import tables
from finchat.sandbox.xero.financial_year import year_start
from finchat.sandbox.xero.posting import SystemAccounts
from finchat.sandbox.xero.values import stored_instant

# (SystemAccount, code, name, type): what a company cannot do without; the vendor makes them itself.
SYSTEM_ACCOUNTS = (
    ("DEBTORS", "610", "Accounts Receivable", "CURRENT"),
    ("CREDITORS", "800", "Accounts Payable", "CURRLIAB"),
    ("GST", "820", "GST", "CURRLIAB"),
    ("ROUNDING", "860", "Rounding", "CURRLIAB"),
    ("REALISEDCURRENCYGAIN", "499", "Realised Currency Gains", "EXPENSE"),
    ("BANKTRANSFERS", "879", "Bank Transfers", "CURRENT"),
)


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """An account's balance in base currency: one of debit and credit is zero."""

    account_id: str
    code: str
    name: str
    debit: Decimal
    credit: Decimal


class XeroBackEnd(CompanyFile):
    """A Xero company over a double-entry ledger. `path` is a file or ":memory:".

    Raises UsageError when the file is not a company of this version.
    """

    def __init__(self, path: Path | Literal[":memory:"], clock: Clock) -> None:
        missing = {0: (ledger.SCHEMA, tables.SCHEMA, tables.TRANSFERS), 1: (tables.TRANSFERS,)}
        super().__init__(path, clock, version=tables.VERSION, missing=missing, reset="finchat sandbox reset")

    def load(self, collections: Mapping[str, list[dict[str, Any]]]) -> None:
        """Fill an empty company with records in the vendor's own response shape and post every one of them.

        Raises UsageError when the company is not empty or a record cannot be right (its field is named).
        """
        from finchat.sandbox.xero.loading import load

        load(self, collections)

    @property
    def empty(self) -> bool:
        return self.db.execute("SELECT 1 FROM organisation").fetchone() is None

    @property
    def written(self) -> bool:
        """True once any API call changed the company after it was loaded."""
        row = self.db.execute("SELECT written FROM organisation").fetchone()
        return bool(row and row[0])

    def mark_written(self) -> None:
        self.db.execute("UPDATE organisation SET written = 1 WHERE written = 0")

    @property
    def organisation(self) -> dict[str, Any]:
        """The stored Organisation record. Raises UsageError when nothing was loaded."""
        row = self.db.execute("SELECT body FROM organisation").fetchone()
        if row is None:
            raise UsageError("the sandbox company is empty", next="run: finchat sandbox reset")
        found: dict[str, Any] = json.loads(row[0], parse_float=Decimal)
        return found

    @property
    def tenant_id(self) -> str:
        row = self.db.execute("SELECT guid FROM organisation").fetchone()
        return str(row[0]) if row else ""

    @property
    def base_currency(self) -> str:
        row = self.db.execute("SELECT currency FROM organisation").fetchone()
        return str(row[0]) if row else ""

    def system_accounts(self) -> SystemAccounts:
        found = dict(self.db.execute("SELECT system, guid FROM account WHERE system IS NOT NULL").fetchall())
        return SystemAccounts(*(found[system] for system, *_ in SYSTEM_ACCOUNTS))

    def now(self) -> datetime:
        return self.clock.now()

    def stamp(self) -> str:
        """The present instant as stored."""
        return stored_instant(self.now())

    def trial_balance(self, as_of: date | None = None) -> tuple[TrialBalanceRow, ...]:
        """Every account with a balance other than zero, by code. Amounts in base currency."""
        balances = self.ledger.balances(last=as_of)
        rows = self.db.execute("SELECT guid, coalesce(code, ''), name FROM account ORDER BY coalesce(code, ''), name")
        return tuple(
            TrialBalanceRow(guid, code, name, _decimal(max(found.amount, 0)), _decimal(max(-found.amount, 0)))
            for guid, code, name in rows
            if (found := balances.get(guid)) and found.amount
        )

    def balances(self, as_of: date | None = None) -> dict[str, Any]:
        """The contract's `bal`: bank accounts in their own currency, controls in base currency (payables positive).

        Exchange gain is the financial year's, as the trial balance has it.
        """
        from finchat.sandbox.xero.company import Company

        held = self.ledger.balances(last=as_of)
        start = year_start(self.organisation, as_of or Company(self).today())
        of_the_year = self.ledger.balances(first=start, last=as_of)
        base = self.base_currency
        banks = self.db.execute(
            "SELECT guid, coalesce(currency, ?) FROM account WHERE type = 'BANK' ORDER BY code", (base,)
        )
        system = self.system_accounts()

        def amount(account: str, balances: Mapping[str, Balance] = held) -> int:
            return balances[account].amount if account in balances else 0

        return {
            "bank": [
                {
                    "account_id": guid,
                    "amount": str(_decimal(held[guid].account_amount if guid in held else 0)),
                    "currency": currency,
                }
                for guid, currency in banks.fetchall()
            ],
            "receivables": str(_decimal(amount(system.receivables))),
            "payables": str(_decimal(-amount(system.payables))),
            "other": [
                {"account_id": id, "control": control, "amount": str(_decimal(amount(id, of))), "currency": base}
                for id, control, of in ((system.realised_gain, "gain_loss", of_the_year), (system.tax, "tax", held))
            ],
            "currency": base,
            "trial_balance_difference": str(_decimal(sum(found.amount for found in held.values()))),
            "why_missing": None,
        }

    def bank_accounts(self) -> list[dict[str, str]]:
        """The bank accounts by their codes: account_id, code (may be "") and name."""
        rows = self.db.execute("SELECT guid, coalesce(code, ''), name FROM account WHERE type = 'BANK' ORDER BY code")
        return [{"account_id": guid, "code": code, "name": name} for guid, code, name in rows.fetchall()]

    def counts(self) -> dict[str, int]:
        """How many records of each kind the company holds."""
        found = {
            "Accounts": self._count("account"),
            "Contacts": self._count("contact"),
            "TaxRates": self._count("tax_rate"),
            "Payments": self._count("payment"),
            "Journals": self._count("journal"),
        }
        found.update(self.db.execute("SELECT resource, count(*) FROM document GROUP BY resource").fetchall())
        return dict(sorted(found.items()))

    def _count(self, table: Literal["account", "contact", "tax_rate", "payment", "journal"]) -> int:
        count: int = self.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - a Literal
        return count


def _decimal(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2).quantize(Decimal("0.01"))
