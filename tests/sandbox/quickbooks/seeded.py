"""QuickBooks companies for tests: a small one for what changes it, the seeded one for what sums it up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import httpx

from finchat.clock import Clock
from finchat.sandbox.company import generate_quickbooks
from finchat.sandbox.quickbooks.app import create_app
from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd
from finchat.sandbox.quickbooks.limits import Limits

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
REALM = "9130001"
PLENTY = Limits(per_window=100_000, per_second=100_000, batches=10_000)


@cache
def _built(name: str) -> QuickBooksBackEnd:
    made = QuickBooksBackEnd(":memory:", Clock(NOW))
    made.load(generate_quickbooks(1, TODAY).collections if name == "seeded" else small_company())
    return made


def _copy(name: str) -> QuickBooksBackEnd:
    made = QuickBooksBackEnd(":memory:", Clock(NOW))
    _built(name).db.backup(made.db)
    return made


def back_end() -> QuickBooksBackEnd:
    """A small company of its own for each caller, who closes it."""
    return _copy("small")


def seeded() -> QuickBooksBackEnd:
    """The company of seed 1, for the caller alone, who closes it."""
    return _copy("seeded")


def small_company() -> dict[str, list[dict[str, Any]]]:
    """One customer with an open invoice and an estimate, two vendors, one item, and the accounts they need."""
    times = {"CreateTime": "2026-10-01T09:00:00-07:00", "LastUpdatedTime": "2026-10-01T09:00:00-07:00"}

    def account(id: str, name: str, kind: str, sub_type: str) -> dict[str, Any]:
        return {"Id": id, "Name": name, "AccountType": kind, "AccountSubType": sub_type, "MetaData": times}

    line = {
        "Id": "1", "Amount": 250, "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 10, "UnitPrice": 25, "TaxCodeRef": {"value": "NON"}},
    }  # fmt: skip
    sale = {"CustomerRef": {"value": "1"}, "TxnDate": "2026-10-01", "Line": [line], "MetaData": times}
    return {
        "Account": [
            account("1", "Services", "Income", "ServiceFeeIncome"),
            account("35", "Checking", "Bank", "Checking"),
            account("84", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
        ],
        "Customer": [{"Id": "1", "DisplayName": "Amy's Bird Sanctuary", "MetaData": times}],
        "Vendor": [{"Id": id, "DisplayName": f"Vendor {id}", "MetaData": times} for id in ("2", "3")],
        "Item": [
            {"Id": "1", "Name": "Hours", "Type": "Service", "IncomeAccountRef": {"value": "1"}, "MetaData": times}
        ],
        "Invoice": [{"Id": "10", "DocNumber": "1001", "DueDate": "2026-10-31", **sale}],
        "Estimate": [{"Id": "11", "DocNumber": "1001", **sale}, {"Id": "12", "DocNumber": "1002", **sale}],
    }


class Api:
    """A client of a company, in process."""

    def __init__(self, company: QuickBooksBackEnd, http: httpx.AsyncClient) -> None:
        self.company = company
        self.http = http

    async def get(self, path: str, **query: str) -> Any:
        """The answer's JSON, which must be a good one."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any, **query: str) -> Any:
        answer = await self.http.post(path, params=query, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def query(self, text: str) -> Any:
        return (await self.get("query", query=text))["QueryResponse"]

    async def refused(self, path: str, body: Any = None, **query: str) -> Any:
        """The first error of a Fault."""
        method = "GET" if body is None else "POST"
        answer = await self.http.request(method, path, params=query, json=body)
        assert answer.status_code == 400, answer.text
        return answer.json()["Fault"]["Error"][0]


@contextmanager
def api(company: QuickBooksBackEnd | None = None) -> Iterator[Api]:
    held = company or back_end()
    transport = httpx.ASGITransport(create_app(held, limits=PLENTY))
    http = httpx.AsyncClient(
        transport=transport, base_url=f"http://sandbox/v3/company/{REALM}", headers={"Authorization": "Bearer any"}
    )
    try:
        yield Api(held, http)
    finally:
        if company is None:
            held.close()
