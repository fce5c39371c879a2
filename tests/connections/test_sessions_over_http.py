"""Streamable HTTP: a refusal, a broken connection or an endless answer harms the call it happened to and no other."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import mcp_types as types
import pytest
import uvicorn
from mcp.server.lowlevel import Server

from finchat.connections.sessions import open_session
from finchat.errors import AuthenticationError, ExitCode, Unavailable
from finchat.settings import ServerSettings
from tests.connections import servers
from tests.connections.servers import http_answer, http_server, reply


class Faulty:
    """A streamable HTTP server: well behaved except for the tool `fault`, which does what its argument says."""

    def __init__(self) -> None:
        self.faults = 0
        self.headers: Mapping[str, str] = {}
        self.tools: list[Any] = servers.TOOLS

    async def respond(self, message: dict[str, Any]) -> bytes | None:
        if message.get("method") == "tools/call" and message["params"]["name"] == "fault":
            self.faults += 1
            return await self.fault(message, message["params"].get("arguments") or {})
        said = servers.answer(message, self.tools)
        return http_answer(202) if said is None else http_answer(200, said, self.headers)

    async def fault(self, message: dict[str, Any], arguments: Mapping[str, Any]) -> bytes | None:
        kind = arguments["kind"]
        good = reply(message, {"content": [], "structuredContent": {"count": self.faults, "amount": 110.10}})
        if kind == "drop" or (kind == "drop_once" and self.faults == 1):
            return None
        if kind == "hang":
            await asyncio.sleep(30)
        if kind.isdigit() and kind != "429":
            return http_answer(int(kind), b"<html>no</html>", kind="text/html")
        told = {"retry-after": "7", "ratelimit-limit": "60", "ratelimit-remaining": "0", "ratelimit-reset": "7"}
        day = {"retry-after": "9", "x-rate-limit-problem": "day", "x-daylimit-remaining": "0"}
        huge = {"content": [{"type": "text", "text": "x" * (17 * 1024 * 1024)}]} if kind.startswith("huge") else {}
        prepared = {
            "429": lambda: http_answer(429, None, told),
            "xero 429": lambda: http_answer(429, b"", day),
            "huge": lambda: http_answer(200, reply(message, huge)),
            "huge stream": lambda: event_stream(reply(message, huge)),
            "cut stream": lambda: http_answer(200, b'event: message\ndata: {"jsonrpc"', kind="text/event-stream"),
            "stream": lambda: event_stream(good),
            "garbage": lambda: http_answer(200, b"\x00\xff not json"),
            "nan": lambda: http_answer(200, json.dumps(good).replace("110.1", "NaN").encode()),
            "html": lambda: http_answer(200, b"<html>sign in</html>", kind="text/html"),
            "compressed": lambda: http_answer(200, b"\x1f\x8b bomb", {"content-encoding": "gzip"}),
        }
        return prepared[kind]() if kind in prepared else http_answer(200, good, self.headers)


def event_stream(message: Mapping[str, Any]) -> bytes:
    return http_answer(200, f"event: message\ndata: {json.dumps(message)}\n\n".encode(), kind="text/event-stream")


def settings(url: str, **more: Any) -> ServerSettings:
    return ServerSettings(name="books", url=url, **{"start_deadline_s": 5.0, "call_deadline_s": 5.0, **more})


@pytest.mark.parametrize(
    ("kind", "code", "outcome"),
    [
        ("drop", "connection_lost", "unknown"),
        ("hang", "timeout", "unknown"),
        ("429", "rate_limited", "failed"),
        ("401", "unauthorized", "failed"),
        ("403", "forbidden", "unknown"),
        ("500", "unavailable", "unknown"),
        ("503", "unavailable", "unknown"),
        ("huge", "answer_too_large", "unknown"),
        ("huge stream", "answer_too_large", "unknown"),
        ("cut stream", "connection_lost", "unknown"),
        ("garbage", "server_error", "unknown"),
        ("nan", "malformed_answer", "unknown"),
        ("html", "server_error", "unknown"),
        ("compressed", "server_error", "unknown"),
    ],
)
async def test_a_fault_is_the_answer_to_its_own_call_alone(kind: str, code: str, outcome: str) -> None:
    faulty = Faulty()
    async with http_server(faulty.respond) as url, open_session(settings(url)) as books:
        lost, fine = await asyncio.gather(
            books.call("fault", {"kind": kind}, deadline_s=5.0 if "huge" in kind else 0.4),
            books.call("pay", {"amount": 1}),
        )
        assert fine.error is None
        assert lost.error is not None
        assert (lost.error.code, lost.error.outcome) == (code, outcome)
        assert lost.error.message
        assert faulty.faults == 1
        assert (await books.call("fault", {"kind": "none"})).error is None


async def test_a_read_under_a_dropped_connection_is_tried_once_more() -> None:
    faulty = Faulty()
    async with http_server(faulty.respond) as url, open_session(settings(url), is_read=lambda _: True) as books:
        result = await books.call("fault", {"kind": "drop_once"})
        assert result.structured is not None
        assert result.structured["count"] == 2


async def test_a_session_the_server_forgot_is_opened_again() -> None:
    faulty = Faulty()
    opened = 0

    async def respond(message: dict[str, Any]) -> bytes | None:
        nonlocal opened
        if message["method"] == "server/discover":
            opened += 1
        if message["method"] == "tools/call" and opened == 1:
            return http_answer(404)
        return await faulty.respond(message)

    async with http_server(respond) as url, open_session(settings(url), is_read=lambda _: True) as books:
        assert (await books.call("pay", {"amount": 1})).error is None
    assert opened == 2


async def test_a_page_of_a_thousand_records_comes_through_the_sdks_own_server() -> None:
    records = [{"InvoiceID": f"{number:036}", "Note": "x" * 2000} for number in range(1000)]

    async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[types.Tool(name="page", input_schema={"type": "object"})])

    async def call_tool(_context: Any, _params: Any) -> types.CallToolResult:
        return types.CallToolResult(content=[], structured_content={"records": records})

    app = Server("ledger", on_list_tools=list_tools, on_call_tool=call_tool).streamable_http_app()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with open_session(settings(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp")) as books:
                result = await books.call("page", {})
        finally:
            server.should_exit = True
            await serving
    assert result.structured is not None
    assert len(result.structured["records"]) == 1000


async def test_what_the_server_says_about_its_limits_survives() -> None:
    faulty = Faulty()
    faulty.headers = {"ratelimit-limit": "60", "ratelimit-remaining": "41", "ratelimit-reset": "20"}
    async with http_server(faulty.respond) as url, open_session(settings(url)) as books:
        fine = await books.call("pay", {"amount": 1})
        assert fine.rate is not None
        assert (fine.rate.minute_limit, fine.rate.minute_remaining) == (60, 41)
        refused = await books.call("fault", {"kind": "429"})
        assert refused.error is not None
        assert (refused.error.status, refused.error.retry_after_s) == (429, 7.0)
        assert refused.rate is not None
        assert refused.rate.minute_remaining == 0
        day = await books.call("fault", {"kind": "xero 429"})
        assert day.error is not None
        assert (day.error.problem, day.error.retry_after_s) == ("day", 9.0)
        assert day.rate is not None
        assert day.rate.day_remaining == 0


@pytest.mark.parametrize("kind", ["none", "stream"])
async def test_amounts_sent_as_numbers_arrive_without_binary_rounding(kind: str) -> None:
    faulty = Faulty()
    async with http_server(faulty.respond) as url, open_session(settings(url)) as books:
        result = await books.call("fault", {"kind": kind})
        assert result.structured is not None
        assert str(result.structured["amount"]) == "110.1"
        assert type(result.structured["amount"]).__name__ == "Decimal"


async def test_one_bad_definition_leaves_the_others_usable() -> None:
    faulty = Faulty()
    faulty.tools = [{"name": "empty", "inputSchema": {}}, *servers.TOOLS]
    async with http_server(faulty.respond) as url, open_session(settings(url)) as books:
        assert set(await books.tools()) == {"list_invoices", "pay", "fault"}


async def test_a_server_that_wants_a_sign_in_says_so_at_the_start() -> None:
    async def respond(_message: dict[str, Any]) -> bytes:
        return http_answer(401, None, {"www-authenticate": "Bearer"})

    async with http_server(respond) as url:
        with pytest.raises(AuthenticationError, match="sign-in") as caught:
            async with open_session(settings(url)):
                pass
    assert caught.value.exit_code is ExitCode.AUTHENTICATION


async def test_a_server_that_is_not_there_is_named_at_once() -> None:
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:9/mcp") as caught:
        async with open_session(settings("http://127.0.0.1:9/mcp")):
            pass
    assert caught.value.exit_code is ExitCode.UNAVAILABLE


async def test_a_server_that_hangs_at_the_start_is_given_up_within_its_deadline() -> None:
    async def respond(_message: dict[str, Any]) -> bytes:
        await asyncio.sleep(30)
        return b""

    async with http_server(respond) as url:
        with pytest.raises(Unavailable, match=r"no answer within 0\.3 s"):
            async with open_session(settings(url, start_deadline_s=0.3)):
                pass
