"""What an upstream can do to a call: each fault fails its own call only, and says what became of a write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from mcp import Client
from starlette.responses import Response

from finchat.servers import upstream as upstream_module
from finchat.servers.upstream import FixedHeaders, Upstream
from finchat.servers.xero.server import build
from tests.servers.fake_upstream import PAYMENT, Asked, FakeUpstream, error_of, reply, session

READ = ("list_all_xero_payments", dict[str, Any]())
WRITE = ("create_a_xero_payment", PAYMENT)


def always(response: Response) -> Callable[[Asked], Awaitable[Response]]:
    async def answering(_: Asked) -> Response:
        return response

    return answering


async def both(upstream: FakeUpstream, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The errors of a read and of a write on one session, which stays usable."""
    async with session(upstream, **options) as client:
        read, write = await client.call_tool(*READ), await client.call_tool(*WRITE)
        assert (await client.list_tools()).tools
    return error_of(read), error_of(write)


async def test_a_429_is_passed_on_once_with_its_wait() -> None:
    limited = reply("", 429, Retry_After="23", X_Rate_Limit_Problem="minute", X_DayLimit_Remaining="4000")
    upstream = FakeUpstream(always(limited))
    before = datetime.now(UTC)
    async with session(upstream) as client:
        result = await client.call_tool(*WRITE)
    error = error_of(result)
    assert (error["code"], error["status"], error["problem"]) == ("rate_limited", 429, "minute")
    assert (error["retry_after_s"], error["outcome"]) == (23, "failed")
    assert "23 s" in error["next"]
    assert len(upstream.asked) == 1
    assert result.meta is not None
    limits = result.meta["dev.finchat/rate-limit"]
    resets = datetime.fromisoformat(limits.pop("resets_at"))
    assert timedelta(seconds=22) < resets - before < timedelta(seconds=30)
    assert limits == {"minute_limit": 60, "minute_remaining": 0, "day_limit": 5000, "day_remaining": 4000}


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ({"X_Rate_Limit_Problem": "day", "Retry_After": "3600"}, "day"),
        ({"X_Rate_Limit_Problem": "concurrent"}, "concurrent"),
        ({}, "concurrent"),
        ({"Retry_After": "10"}, "minute"),
        ({"X_Rate_Limit_Problem": "appminute", "Retry_After": "10"}, "minute"),
        ({"Retry_After": "Fri, 20 Nov 2026 09:00:00 GMT"}, "concurrent"),
    ],
)
async def test_the_limit_that_was_hit_is_named(headers: dict[str, str], problem: str) -> None:
    read, _ = await both(FakeUpstream(always(reply("", 429, **headers))))
    assert read["problem"] == problem


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_error_leaves_a_write_unknown(status: int) -> None:
    read, write = await both(FakeUpstream(always(reply("<html>offline</html>", status))))
    assert (read["outcome"], write["outcome"]) == ("failed", "unknown")
    assert read["status"] == write["status"] == status
    assert "html" not in json.dumps([read, write])


async def test_an_exception_in_process_is_a_server_error() -> None:
    async def broken(_: Asked) -> Response:
        raise RuntimeError("secret")

    read, write = await both(FakeUpstream(broken))
    assert (read["status"], write["outcome"]) == (500, "unknown")
    assert "secret" not in json.dumps([read, write])


async def test_a_hang_ends_at_the_deadline_and_leaves_a_write_unknown() -> None:
    async def hang(_: Asked) -> Response:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    read, write = await both(FakeUpstream(hang), total_s=0.05)
    assert read["code"] == write["code"] == "timeout"
    assert (read["outcome"], write["outcome"]) == ("failed", "unknown")
    assert "read back" in write["next"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"<html>Sign in to the hotel network</html>",
        b'{"Payments":[{"Amount":1',
        b'{"Invoices":[]}',
        b'{"Payments":{"Amount":1}}',
        b'{"Payments":["x"]}',
        b'["Payments"]',
        b'{"Payments":[{"Amount":NaN}]}',
        b'{"Payments":"\xff\xfe"}',
        b"[" * 100_000,
        b'{"Payments":[],"pagination":{"pageCount":"many"}}',
    ],
)
async def test_a_200_that_is_not_xeros_json_leaves_a_write_unknown(garbage: bytes) -> None:
    if garbage.endswith(b'"many"}}'):
        async with session(FakeUpstream(always(reply(garbage)))) as client:
            assert error_of(await client.call_tool(*READ))["code"] == "unexpected_answer"
        return
    read, write = await both(FakeUpstream(always(reply(garbage))))
    assert read["code"] == write["code"] == "unexpected_answer"
    assert (read["outcome"], write["outcome"]) == ("failed", "unknown")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_never_followed(status: int) -> None:
    upstream = FakeUpstream(always(reply("", status, Location="https://elsewhere.example/api.xro/2.0/Payments")))
    read, write = await both(upstream)
    assert read["code"] == write["code"] == "redirected"
    assert (read["outcome"], write["outcome"]) == ("failed", "unknown")
    assert len(upstream.asked) == 2


async def test_an_answer_of_any_size_is_cut_off_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream_module, "LARGEST_ANSWER", 1000)
    read, write = await both(FakeUpstream(always(reply(b'{"Payments":[]}' + b" " * 2000))))
    assert read["code"] == "too_large"
    assert write["outcome"] == "unknown"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
async def test_a_refusal_proves_that_nothing_was_written(status: int) -> None:
    read, write = await both(FakeUpstream(always(reply('{"Title":"No","Detail":"Because"}', status))))
    assert read["outcome"] == write["outcome"] == "failed"
    assert write["message"] == "Because"
    assert write["next"]


@asynccontextmanager
async def over(base_url: str) -> AsyncIterator[Client]:
    """A session whose upstream is a real socket."""
    http = httpx.AsyncClient(base_url=base_url, timeout=2, trust_env=False)
    async with http, Client(build(Upstream(http, FixedHeaders({})))) as client:
        yield client


async def test_nobody_listening_means_not_sent(unused_tcp_port: int) -> None:
    async with over(f"http://127.0.0.1:{unused_tcp_port}") as client:
        error = error_of(await client.call_tool(*WRITE))
    assert (error["code"], error["outcome"]) == ("unavailable", "not_sent")
    assert "127.0.0.1" in error["message"]


async def test_a_connection_cut_after_the_request_leaves_a_write_unknown() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(cut, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener, over(f"http://127.0.0.1:{port}") as client:
        read, write = await client.call_tool(*READ), await client.call_tool(*WRITE)
    assert (error_of(read)["outcome"], error_of(write)["outcome"]) == ("failed", "unknown")
    assert error_of(write)["code"] == "unavailable"


async def test_validation_errors_name_the_argument_and_the_remedy() -> None:
    body = {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": [
            {"ValidationErrors": [{"Message": "Payment amount exceeds the amount outstanding on this document"}]}
        ],
    }
    _, write = await both(FakeUpstream(always(reply(json.dumps(body), 400))))
    assert (write["code"], write["field"], write["status"]) == ("validation", "amount", 400)
    assert write["message"] == "Payment amount exceeds the amount outstanding on this document"
    assert "AmountDue" in write["next"]


async def test_a_200_with_a_refused_element_is_a_refusal() -> None:
    element = {"StatusAttributeString": "ERROR", "ValidationErrors": [{"Message": "Account code '9' is not valid"}]}
    upstream = FakeUpstream(always(reply(json.dumps({"Payments": [element]}))))
    async with session(upstream) as client:
        error = error_of(await client.call_tool(*WRITE))
    assert (error["code"], error["field"], error["outcome"]) == ("validation", "account_code", "failed")


async def test_a_filter_that_xero_cannot_parse_is_named() -> None:
    body = {
        "ErrorNumber": 16,
        "Type": "QueryParseException",
        "Message": "No property or field 'x' exists in type 'Payment'",
    }
    async with session(FakeUpstream(always(reply(json.dumps(body), 400)))) as client:
        error = error_of(await client.call_tool("list_all_xero_payments", {"where": "x==1"}))
    assert (error["code"], error["field"]) == ("invalid_argument", "where")
    assert "DateTime(" in error["next"]
