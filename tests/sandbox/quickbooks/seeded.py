"""The seeded QuickBooks company for tests that change it: built once, copied for each."""

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
def _built() -> QuickBooksBackEnd:
    made = QuickBooksBackEnd(":memory:", Clock(NOW))
    made.load(generate_quickbooks(1, TODAY).collections)
    return made


def back_end() -> QuickBooksBackEnd:
    """A company of its own for each caller, who closes it."""
    made = QuickBooksBackEnd(":memory:", Clock(NOW))
    _built().db.backup(made.db)
    return made


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
