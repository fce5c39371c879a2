"""One living MCP session; the only file that imports the MCP client.

The SDK's session runs in a task of its own: when it is torn down, the callers' requests end in an error instead of a
cancellation that would look like the user's Ctrl-C.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self, cast

import anyio
import mcp_types as types
from mcp import Client
from mcp.client.session import IncomingMessage
from mcp.client.streamable_http import streamable_http_client
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage
from mcp_types.methods import validate_server_result
from pydantic import ValidationError

from finchat import __version__
from finchat.connections.child import MESSAGE_LIMIT_BYTES, Child, Oversized
from finchat.connections.exchange import Exchange, current_exchange
from finchat.connections.http_exchange import http_client

logging.getLogger("mcp").addHandler(logging.NullHandler())  # else its tracebacks reach the screen

TOO_LARGE = -32081
CONNECTION_CLOSED = types.CONNECTION_CLOSED
_PAGES = 1000
_CLOSE_S = 5.0
_CLIENT = types.Implementation(name="finchat", version=__version__)
Streams = tuple[Any, Any]


class Link:
    """An open session. `on_tools_changed` is called when the server says that its tools changed."""

    def __init__(
        self, connect: Callable[[Link], AbstractAsyncContextManager[Any]], *, on_tools_changed: Callable[[], None]
    ) -> None:
        self._connect = connect
        self._on_tools_changed = on_tools_changed
        self._stop = asyncio.Event()
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._keeper: asyncio.Task[None] | None = None
        self.child: Child | None = None
        self.dropped: dict[str, str] = {}  # tool name → why its definition was left out
        self.in_flight = 0
        self.opening = Exchange()  # what the HTTP layer saw while connecting
        self.version = types.LATEST_PROTOCOL_VERSION

    async def open(self, deadline_s: float) -> None:
        """Connect and agree on a protocol version. Raises TimeoutError after `deadline_s`, else what went wrong."""
        context = contextvars.copy_context()
        context.run(current_exchange.set, self.opening)
        self._keeper = asyncio.create_task(self._keep(), name="mcp session", context=context)
        done, _ = await asyncio.wait({self._ready}, timeout=deadline_s)
        if not done:
            await self.close()
            raise TimeoutError
        self.version = self._ready.result().protocol_version

    @property
    def alive(self) -> bool:
        """Whether a call sent now could be answered."""
        ended = self._keeper is None or self._keeper.done()
        return not ended and (self.child is None or self.child.alive)

    async def close(self) -> None:
        """End the session and what it started; bounded."""
        self._stop.set()
        if self._keeper is None:
            return
        if not self._ready.done():
            self._keeper.cancel()
        done, _ = await asyncio.wait({self._keeper}, timeout=_CLOSE_S)
        if not done:
            self._keeper.cancel()
            await asyncio.wait({self._keeper}, timeout=_CLOSE_S)

    async def list_tools(self) -> list[types.Tool]:
        """Every tool the server defines, over all its pages, without those the client cannot read."""
        tools: list[types.Tool] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            params = types.PaginatedRequestParams(cursor=cursor)
            page = await self._ready.result().session.list_tools(params=params)
            tools += page.tools
            if page.next_cursor is None or page.next_cursor == cursor:
                break
            cursor = page.next_cursor
        return tools

    async def call_tool(
        self, name: str, arguments: dict[str, Any], meta: Mapping[str, Any] | None
    ) -> types.CallToolResult | types.InputRequiredResult:
        """One request; never sent again by the SDK (its own high-level client would, on a header mismatch)."""
        self.in_flight += 1
        try:
            result = await self._ready.result().session.call_tool(
                name, arguments, meta=cast(Any, meta), allow_input_required=True
            )
        finally:
            self.in_flight -= 1
        assert isinstance(result, types.CallToolResult | types.InputRequiredResult)
        return result

    async def _keep(self) -> None:
        try:
            async with (
                self._connect(self) as server,
                Client(server, client_info=_CLIENT, cache=None, message_handler=self._hear) as client,
            ):
                self._ready.set_result(client)
                await self._stop.wait()
        except BaseException as error:
            # Also an ExceptionGroup of the SDK's tasks. Whoever waits for `open` gets the cause; later, calls find
            # the session closed.
            if not self._ready.done():
                self._ready.set_exception(_cause(error))
                self._ready.exception()  # retrieved: `open` may have given up already
            if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
                raise

    async def _hear(self, message: IncomingMessage) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            self._on_tools_changed()

    def repair(self, message: SessionMessage) -> SessionMessage:
        """Take unreadable tool definitions out of a tools/list answer: one of them would fail the whole list."""
        reply = message.message
        if not isinstance(reply, types.JSONRPCResponse) or not isinstance(reply.result.get("tools"), list):
            return message
        if reply.result.get("content") is not None or self._valid(reply.result, reply.result["tools"]):
            return message
        kept = []
        for number, tool in enumerate(reply.result["tools"], start=1):
            if self._valid(reply.result, [tool]):
                kept.append(tool)
            else:
                name = tool.get("name") if isinstance(tool, Mapping) else None
                self.dropped[name if isinstance(name, str) else f"number {number}"] = "its definition is not valid"
        reply.result["tools"] = kept
        return message

    def _valid(self, result: Mapping[str, Any], tools: list[Any]) -> bool:
        candidate = {**result, "tools": tools}
        try:
            validate_server_result("tools/list", self.version, candidate)
            types.ListToolsResult.model_validate(candidate, by_name=False)
        except ValidationError:
            return False
        return True


def in_memory(
    server: AbstractAsyncContextManager[Server[Any]],
) -> Callable[[Link], AbstractAsyncContextManager[Any]]:
    """A link to a server object in this process."""
    return lambda _link: server


def over_stdio(child: Child) -> Callable[[Link], AbstractAsyncContextManager[Any]]:
    """A link to a child process, which is stopped with it."""

    @asynccontextmanager
    async def connect(link: Link) -> AsyncIterator[Any]:
        link.child = child
        try:
            yield _Transport(lambda: _pipes(child, link))
        finally:
            await child.stop()

    return connect


def over_http(
    url: str, headers: Mapping[str, str], call_deadline_s: float
) -> Callable[[Link], AbstractAsyncContextManager[Any]]:
    """A link to a streamable HTTP endpoint."""

    @asynccontextmanager
    async def connect(link: Link) -> AsyncIterator[Any]:
        async with http_client(url, headers, call_deadline_s) as client:
            yield _Transport(
                lambda: _repaired(
                    streamable_http_client(url, http_client=client, max_sse_event_size=MESSAGE_LIMIT_BYTES), link
                )
            )

    return connect


class _Transport:
    """What the SDK calls a transport: an async context manager yielding its two streams."""

    def __init__(self, opened: Callable[[], AbstractAsyncContextManager[Streams]]) -> None:
        self._opened = opened
        self._manager: AbstractAsyncContextManager[Streams] | None = None

    async def __aenter__(self) -> Streams:
        self._manager = self._opened()
        return await self._manager.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        assert self._manager is not None
        return await self._manager.__aexit__(kind, error, trace)


@asynccontextmanager
async def _repaired(transport: AbstractAsyncContextManager[Streams], link: Link) -> AsyncIterator[Streams]:
    async with transport as (read, write):
        yield _RepairedStream(read, link), write


class _RepairedStream:
    """A read stream whose tool lists are repaired on the way."""

    def __init__(self, inner: Any, link: Link) -> None:
        self._inner = inner
        self._link = link

    @property
    def last_context(self) -> Any:
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        item = await self._inner.receive()
        return self._link.repair(item) if isinstance(item, SessionMessage) else item

    async def aclose(self) -> None:
        await self._inner.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()


@asynccontextmanager
async def _pipes(child: Child, link: Link) -> AsyncIterator[Streams]:
    to_session, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, from_session = anyio.create_memory_object_stream[SessionMessage](0)

    async def reader() -> None:
        # Leaving this block ends the session's read stream: every waiting call then learns that the child is gone.
        async with to_session:
            async for line in child.lines():
                if (message := _parsed(line, child)) is not None:
                    await to_session.send(link.repair(message))

    async def writer() -> None:
        async with from_session:
            async for item in from_session:
                await child.send(item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")

    async with anyio.create_task_group() as group:
        group.start_soon(_until_closed, reader)
        group.start_soon(_until_closed, writer)
        try:
            yield read, write
        finally:
            group.cancel_scope.cancel()
            for stream in (to_session, read, write, from_session):
                stream.close()


async def _until_closed(run: Callable[[], Awaitable[None]]) -> None:
    try:
        await run()
    except (OSError, anyio.ClosedResourceError, anyio.BrokenResourceError):
        return  # one of the two ends is gone; the other end hears of it from its own stream


def _parsed(line: bytes | Oversized, child: Child) -> SessionMessage | None:
    if isinstance(line, Oversized):
        if line.request_id is None:
            child.note(b"an answer larger than finchat reads")
            return None
        error = types.ErrorData(code=TOO_LARGE, message="the answer is larger than finchat reads")
        return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=line.request_id, error=error))
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValidationError:
        # A message may follow half a line, or text printed without a line end. Inside a JSON string the quote would
        # be escaped, so these bytes cannot come from ledger text.
        start = line.rfind(b'{"jsonrpc"')
        child.note(line[:start] if start > 0 else line)
        return _parsed(line[start:], child) if start > 0 else None


def _cause(error: BaseException) -> BaseException:
    """The first plain exception inside a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
