"""A server object in this process: the same session, without a pipe or a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
import pytest
from mcp.server.lowlevel import Server

from finchat.connections.sessions import open_session
from finchat.connections.toolbox import IDEMPOTENCY_META, RATE_META
from finchat.errors import UsageError
from finchat.settings import ServerSettings

SETTINGS = ServerSettings(name="books", profile="xero", sandbox=True, call_deadline_s=5.0)
ERROR = {
    "code": "validation", "message": "Amount exceeds what is due", "field": "amount", "next": "pay less", "status": 400,
    "retry_after_s": None, "outcome": "failed", "problem": None,
}  # fmt: skip
PAGE = 50


class Ledger:
    """150 tools over three pages; their behaviour is their name."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        names = ["ok", "refused", "foreign_error", "explodes", "cancels", "hangs"]
        names += [f"tool_{number}" for number in range(150 - len(names))]
        self.tools = [types.Tool(name=name, description="", input_schema={"type": "object"}) for name in names]

    @asynccontextmanager
    async def __call__(self, _settings: ServerSettings) -> AsyncIterator[Server[Any]]:
        async def list_tools(_context: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
            start = int(params.cursor) if params and params.cursor else 0
            more = str(start + PAGE) if start + PAGE < len(self.tools) else None
            return types.ListToolsResult(tools=self.tools[start : start + PAGE], next_cursor=more)

        async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
            self.keys.append((params.meta or {}).get(IDEMPOTENCY_META))
            return await self.behave(params.name)

        yield Server("ledger", on_list_tools=list_tools, on_call_tool=call_tool)

    @staticmethod
    async def behave(name: str) -> types.CallToolResult:
        if name == "refused":
            return types.CallToolResult(content=[], structured_content={"error": ERROR}, is_error=True)
        if name == "foreign_error":
            words: list[types.ContentBlock] = [types.TextContent(text="call me first")]
            return types.CallToolResult(content=words, is_error=True)
        if name == "explodes":
            raise ValueError("secret-token-123")
        if name == "cancels":
            raise asyncio.CancelledError
        if name == "hangs":
            await asyncio.sleep(30)
        limits = {"minute_limit": 60, "minute_remaining": 59, "resets_at": "2026-11-20T09:00:00Z"}
        return types.CallToolResult(content=[], structured_content={"amount": "110.00"}, _meta={RATE_META: limits})


async def test_all_pages_of_the_tools_are_listed_and_kept() -> None:
    async with open_session(SETTINGS, in_memory=Ledger()) as books:
        tools = await books.tools()
        assert len(tools) == 150
        assert await books.tools() is tools


async def test_an_answer_comes_with_its_limits_and_exact_texts() -> None:
    ledger = Ledger()
    async with open_session(SETTINGS, in_memory=ledger) as books:
        result = await books.call("ok", {}, idempotency_key="k-7")
    assert result.structured == {"amount": "110.00"}
    assert result.rate is not None
    assert result.rate.minute_remaining == 59
    assert ledger.keys == ["k-7"]


async def test_an_error_in_our_own_form_is_read_field_by_field() -> None:
    async with open_session(SETTINGS, in_memory=Ledger()) as books:
        error = (await books.call("refused", {})).error
    assert error is not None
    assert (error.code, error.field, error.status, error.outcome) == ("validation", "amount", 400, "failed")
    assert (error.message, error.next) == ("Amount exceeds what is due", "pay less")


async def test_a_strangers_error_proves_nothing_about_a_write() -> None:
    async with open_session(SETTINGS, in_memory=Ledger()) as books:
        error = (await books.call("foreign_error", {})).error
    assert error is not None
    assert (error.code, error.message, error.outcome) == ("tool_error", "call me first", "unknown")


@pytest.mark.parametrize(
    ("name", "code"), [("explodes", "server_error"), ("cancels", "connection_lost"), ("hangs", "timeout")]
)
async def test_a_fault_inside_this_process_stays_with_its_call(name: str, code: str) -> None:
    async with open_session(SETTINGS, in_memory=Ledger()) as books:
        lost, fine = await asyncio.gather(books.call(name, {}, deadline_s=0.2), books.call("ok", {}))
        assert fine.error is None
        assert lost.error is not None
        assert (lost.error.code, lost.error.outcome) == (code, "unknown")
        assert "secret" not in lost.error.message
        assert (await books.call("ok", {})).error is None


async def test_a_server_that_nothing_can_make_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="neither a command nor a url"):
        async with open_session(SETTINGS):
            pass


async def test_a_closed_session_answers_that_nothing_was_sent() -> None:
    async with open_session(SETTINGS, in_memory=Ledger()) as books:
        pass
    error = (await books.call("ok", {})).error
    assert error is not None
    assert (error.code, error.outcome) == ("unavailable", "not_sent")
