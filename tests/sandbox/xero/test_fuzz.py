"""Raw requests no client would send: strange paths, queries, headers and bodies never end in a server error."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from finchat.sandbox.xero.app import create_app
from tests.sandbox.xero.company import PLENTY, Client, back_end, invoice

WORDS = """Invoices payments Contacts Accounts TaxRates CreditNotes Overpayments Allocations Reports TrialBalance
BankTransfers TrackingCategories BankTransactions Items .. é % INV-0001 OUTPUT2 C-1 Organisation"""
SEGMENTS = st.sampled_from([*WORDS.split(), "", "\x00", "a" * 5000])
Headers = list[tuple[bytes, bytes]]
KEYS = st.sampled_from(
    b"where order page pageSize IDs Statuses ContactIDs InvoiceNumbers searchTerm summaryOnly unitdp date".split()
    + b"fromDate toDate periods timeframe includeArchived summarizeErrors References".split()
)
VALUES = st.sampled_from(
    b"x %00 %ff%fe %ED%A0%80 1 0 -5 true Status%3D%3D%22x%22 2026-11-01 9999-12-31 0001-01-01 %C2%B2 \xff ,,,".split()
)
HEADERS = st.lists(
    st.sampled_from(
        [
            (b"if-modified-since", b"x"),
            (b"if-modified-since", b"\xff\xfe"),
            (b"if-modified-since", b"Mon, 99 Jan 2026 00:00:00 GMT"),
            (b"if-modified-since", b"0001-01-01T00:00:00+23:59"),
            (b"if-modified-since", b"/Date(999999999999999)/"),
            (b"idempotency-key", b""),
            (b"idempotency-key", b"\xff"),
            (b"accept", b"application/pdf"),
            (b"xero-tenant-id", b"\xff"),
        ]
    ),
    max_size=2,
)
BODIES = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [
            b"null",
            b"5",
            b'{"Invoices":null}',
            b'{"Allocations":[{}]}',
            b'{"Status":"DELETED"}',
            b'{"Name":"\\ud800"}',
            b'{"Name":"\\u0000"}',
            b'{"Invoice":{"InvoiceNumber":"INV-0001"},"Account":"090","Amount":0.01}',
        ]
    ),
)
CALLS = st.tuples(
    st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD"]),
    st.lists(SEGMENTS, max_size=4).map("/".join),
    st.lists(st.tuples(KEYS, VALUES).map(b"=".join), max_size=3).map(b"&".join),
    HEADERS,
    BODIES,
)


async def raw(app: Starlette, scope: dict[str, Any], body: bytes) -> int:
    """Status of one request handed to the application as a server would."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app({"type": "http", "http_version": "1.1", "scheme": "http", "root_path": "", **scope}, receive, send)
    return statuses[0]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(CALLS, min_size=5, max_size=20))
def test_no_request_ends_in_a_server_error(
    calls: list[tuple[str, str, bytes, list[tuple[bytes, bytes]], bytes]],
) -> None:
    async def play() -> None:
        back = back_end()
        app = create_app(back, limits=PLENTY)
        await Client(back, app).done("PUT", "Invoices", invoice())
        for method, path, query, headers, body in calls:
            scope = {"method": method, "path": f"/api.xro/2.0/{path}", "query_string": query}
            status = await raw(app, {**scope, "headers": [(b"authorization", b"Bearer x"), *headers]}, body)
            assert status < 500
        for authorization in (b"Basic x", b"Basic \xff", b"Bearer \xff", b""):
            scope = {"query_string": b"", "headers": [(b"authorization", authorization)]}
            token = {"method": "POST", "path": "/connect/token", **scope}
            assert await raw(app, token, b"grant_type=refresh_token&refresh_token=\xff") < 500
            assert await raw(app, {"method": "GET", "path": "/connections", **scope}, b"") < 500
        assert back.ledger.difference() == 0

    asyncio.run(play())
