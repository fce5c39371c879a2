"""The sandbox ledger seen from outside: SQL on its own file, never through finchat's tools.

Amounts of documents and postings are stored in minor units (of currencies with two places); they come out as Decimal.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
_CENT = Decimal("0.01")


def money(minor: int) -> Decimal:
    return minor * _CENT


def day(text: str) -> date:
    return date.fromisoformat(text[:10])


@dataclass(frozen=True)
class Ledger:
    """One company's ledger and bank feed, as its home holds them."""

    home: Path

    def rows(self, sql: str, *values: Any) -> list[Row]:
        with closing(sqlite3.connect(f"file:{self.home / 'sandbox' / 'xero.sqlite3'}?mode=ro", uri=True)) as file:
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(sql, values)]

    def one(self, sql: str, *values: Any) -> Row:
        (row,) = self.rows(sql, *values)
        return row

    @property
    def organisation(self) -> Row:
        found: Row = json.loads(self.one("SELECT body FROM organisation")["body"])
        return found

    @property
    def currency(self) -> str:
        return str(self.organisation["BaseCurrency"])

    # Reports, from postings

    def movements(self, first: date, last: date) -> dict[str, tuple[str, Decimal]]:
        """What revenue and expense accounts moved in a period: name → type and amount, income and costs positive."""
        found = self.rows(
            "SELECT a.name, a.type, a.class, SUM(p.amount) AS amount FROM posting p "
            "JOIN account a ON a.guid = p.account "
            "WHERE a.class IN ('REVENUE', 'EXPENSE') AND p.date BETWEEN ? AND ? GROUP BY a.guid",
            first.isoformat(), last.isoformat(),
        )  # fmt: skip
        return {
            row["name"]: (row["type"], money(row["amount"]) * (-1 if row["class"] == "REVENUE" else 1)) for row in found
        }

    # Documents

    def document(self, number: str) -> Row:
        """A document with its lines and the name of its contact."""
        row = self.one(
            "SELECT d.*, c.name AS contact_name FROM document d JOIN contact c ON c.guid = d.contact "
            "WHERE d.resource = 'Invoices' AND d.number = ?", number,
        )  # fmt: skip
        return {**row, "lines": json.loads(row["body"])["LineItems"]}

    def open_invoices(self) -> list[Row]:
        """Approved sales invoices with something due, by number."""
        return self.rows(
            "SELECT d.*, c.name AS contact_name FROM document d JOIN contact c ON c.guid = d.contact "
            "WHERE d.resource = 'Invoices' AND d.type = 'ACCREC' AND d.status = 'AUTHORISED' AND d.due > 0 "
            "ORDER BY d.due_date, d.number"
        )  # fmt: skip

    def overdue(self, as_of: date, over: int) -> list[Row]:
        """Those more than `over` days past their due date, with `days`."""
        aged = [{**row, "days": (as_of - day(row["due_date"])).days} for row in self.open_invoices()]
        return [row for row in aged if row["days"] > over]

    def feed(self, first: date, last: date) -> list[Row]:
        """The bank's lines of some days."""
        lines = json.loads((self.home / "sandbox" / "bank_feed.json").read_text("utf-8"))["lines"]
        return [line for line in lines if first <= day(line["date"]) <= last]

    def answers(self) -> Mapping[str, Any]:
        """What the seed knows of its own bank lines, by line id: from a file that nothing else reads."""
        found: Mapping[str, Any] = json.loads((self.home / "sandbox" / "truth.json").read_text("utf-8"))["lines"]
        return found

    def counts(self) -> dict[str, int]:
        """How many records of each kind there are: what a write would change."""
        tables = ("document", "payment", "contact", "journal", "posting", "allocation", "idempotency")
        return {name: int(self.one(f"SELECT COUNT(*) AS n FROM {name}")["n"]) for name in tables}

    def settlements(self) -> dict[str, Row]:
        """Payments and allocations by id: their amount, document and contact; of payments also the account, its
        reference and what bank and control account moved."""
        found = self.rows(
            "SELECT s.*, d.number, d.type, c.name AS contact_name FROM (SELECT guid, document, amount, bank_amount, "
            "control_base, account, reference FROM payment UNION ALL SELECT guid, invoice, amount, 0, 0, NULL, '' "
            "FROM allocation) s JOIN document d ON d.guid = s.document JOIN contact c ON c.guid = d.contact"
        )
        return {row["guid"]: row for row in found}

    def account(self, code: str) -> str:
        return str(self.one("SELECT guid FROM account WHERE code = ?", code)["guid"])

    def balance(self, code: str) -> Decimal:
        """The balance of an account in its own currency, by postings."""
        found = self.one(
            "SELECT COALESCE(SUM(p.account_amount), 0) AS n FROM posting p JOIN account a ON a.guid = p.account "
            "WHERE a.code = ?", code,
        )  # fmt: skip
        return money(int(found["n"]))

    def control(self, system: str) -> Decimal:
        """The balance of a control account (DEBTORS, CREDITORS) in base currency, by postings."""
        found = self.one(
            "SELECT COALESCE(SUM(p.amount), 0) AS n FROM posting p JOIN account a ON a.guid = p.account "
            "WHERE a.system = ?", system,
        )  # fmt: skip
        return money(int(found["n"]))
