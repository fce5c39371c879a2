"""The QuickBooks sandbox company seen and changed from outside: SQL on its file, raw requests of another client.

Nothing here uses finchat's tools, provider or server. Amounts are stored in minor units and come out as Decimal.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from finchat.clock import Clock
from finchat.sandbox.quickbooks.app import create_app
from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd
from finchat.sandbox.quickbooks.limits import Limits
from tests.outside import Row, money

NOW = "2026-11-20T18:00:00Z"
CONFIG = '[servers.qb]\nfinchat = { profile = "quickbooks", sandbox = true }\n'
_PLENTY = Limits(per_window=100_000, per_second=100_000, batches=10_000)
_WATCHED = {
    "bank": "Bank", "card": "Credit Card", "receivables": "Accounts Receivable", "payables": "Accounts Payable",
}  # fmt: skip
Money = Mapping[str, Decimal]


@dataclass(frozen=True)
class Company:
    """The QuickBooks company of a home, and its bank's feed."""

    home: Path

    @property
    def directory(self) -> Path:
        return self.home / "sandbox" / "quickbooks"

    def rows(self, sql: str, *values: Any) -> list[Row]:
        path = self.directory / "quickbooks.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(sql, values)]

    def one(self, sql: str, *values: Any) -> Row:
        (row,) = self.rows(sql, *values)
        return row

    # What is open

    def unpaid(self, entity: str) -> list[Row]:
        """Invoices or bills with something due, by due date: number, party, due_date, currency, due."""
        kind = "Customer" if entity == "Invoice" else "Vendor"
        found = self.rows(
            "SELECT d.id, d.number, d.date, d.due AS due_date, d.currency, d.balance, p.name AS party, d.party AS "
            "party_id FROM record d JOIN record p ON p.entity = ? AND p.id = d.party "
            "WHERE d.entity = ? AND d.deleted = 0 AND d.balance > 0 ORDER BY d.due, d.number", kind, entity,
        )  # fmt: skip
        return [{**row, "due": money(row["balance"])} for row in found]

    def record(self, entity: str, id: str) -> dict[str, Any]:
        """The record as it is stored, amounts exact."""
        row = self.one("SELECT * FROM record WHERE entity = ? AND id = ? AND deleted = 0", entity, id)
        body: dict[str, Any] = json.loads(row["body"], parse_float=Decimal)
        return {"Id": row["id"], "SyncToken": str(row["sync"]), **body, "Balance": money(row["balance"])}

    def ids(self) -> set[tuple[str, str]]:
        """Every record that stands."""
        return {(row["entity"], row["id"]) for row in self.rows("SELECT entity, id FROM record WHERE deleted = 0")}

    # What the accounts hold

    def balances(self) -> Money:
        """Bank, card, receivables, payables and undeposited funds in home currency, debits positive; all of a kind
        together. The whole ledger is zero, journal by journal."""
        off = self.rows("SELECT journal FROM posting GROUP BY journal HAVING SUM(amount) <> 0")
        assert off == [], f"journals that are out of balance: {off}"
        sums = {
            row["account"]: int(row["amount"])
            for row in self.rows("SELECT account, SUM(amount) AS amount FROM posting GROUP BY account")
        }
        now = self.rows("SELECT account, SUM(amount) AS amount FROM split GROUP BY account")
        assert {r["account"]: r["amount"] for r in now if r["amount"]} == {a: n for a, n in sums.items() if n}
        accounts = self.rows("SELECT id, body FROM record WHERE entity = 'Account'")
        kinds = {row["id"]: json.loads(row["body"]) for row in accounts}
        found = {
            name: money(sum(n for id, n in sums.items() if kinds[id]["AccountType"] == kind))
            for name, kind in _WATCHED.items()
        }
        waiting = [id for id, body in kinds.items() if body.get("AccountSubType") == "UndepositedFunds"]
        assert sum(sums.values()) == 0
        return {**found, "undeposited": money(sum(sums.get(id, 0) for id in waiting))}

    def account(self, number: str) -> Decimal:
        """The balance of one account in home currency, by postings."""
        (found,) = self.rows(
            "SELECT COALESCE(SUM(p.amount), 0) AS n FROM posting p JOIN record a ON a.entity = 'Account' "
            "AND a.id = p.account WHERE json_extract(a.body, '$.AcctNum') = ?", number,
        )  # fmt: skip
        return money(int(found["n"]))

    # Another client, and the bank

    def send(self, *requests: tuple[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Raw POSTs of somebody else, in order: path and body; the records that came back."""
        return asyncio.run(self._sent(requests))

    async def _sent(self, requests: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
        path, clock = self.directory / "quickbooks.sqlite3", Clock(datetime.fromisoformat(NOW).astimezone(UTC))
        found = []
        with closing(QuickBooksBackEnd(path, clock)) as company:
            transport = httpx.ASGITransport(create_app(company, limits=_PLENTY))
            async with httpx.AsyncClient(
                transport=transport, base_url=f"http://sandbox/v3/company/{company.realm_id}",
                headers={"Authorization": "Bearer somebody-else", "Accept": "application/json"},
            ) as http:  # fmt: skip
                for place, body in requests:
                    answer = await http.post(place, json=body)
                    assert answer.status_code == 200, answer.text
                    (name,) = (key for key in answer.json() if key != "time")
                    found.append(dict(answer.json()[name]))
        return found

    def feed(self, lines: Sequence[Mapping[str, str]]) -> None:
        """The bank's feed is these lines and no others."""
        path = self.directory / "bank_feed.json"
        document = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**document, "lines": [dict(line) for line in lines]}), "utf-8")
