"""MCP sessions as toolboxes: in memory, over stdio and over streamable HTTP.

Whatever a server does wrong (one bad definition, a crash, 429, a broken connection, an answer of 50 MB, silence)
harms the call it happened to and no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import anyio

from finchat.clock import Clock
from finchat.connections import rates
from finchat.connections.answers import MalformedAnswer, read_answer
from finchat.connections.arguments import ArgumentCheck
from finchat.connections.child import MESSAGE_LIMIT_BYTES, Child
from finchat.connections.tape import LinkTape, NoAnswer, NotSent, OpenLink
from finchat.connections.toolbox import IDEMPOTENCY_META, CallError, CallOutcome, CallResult, Tool, Toolbox
from finchat.errors import AuthenticationError, FinchatError, Unavailable, UsageError
from finchat.events import Emit, Notice, silent
from finchat.settings import ServerSettings
from finchat.text.redact import redact, secrets_of

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from finchat.connections.link import Link

InMemory = Callable[[ServerSettings], AbstractAsyncContextManager["Server[Any]"]]


def _never(_tool: str) -> bool:
    return False


@asynccontextmanager
async def open_session(
    settings: ServerSettings,
    *,
    in_memory: InMemory | None = None,
    emit: Emit = silent,
    clock: Clock | None = None,
    is_read: Callable[[str], bool] = _never,
    tape: LinkTape | None = None,
) -> AsyncIterator[Toolbox]:
    """An open session with one configured server.

    `clock` dates what servers tell in seconds. `in_memory` makes the server of settings with neither command nor URL.
    `is_read` names the tools that may be called a second time when the connection broke under the first call; by
    default none is (an unclassified tool is a write). Deadlines are those of `settings`, in seconds. `tape` records
    what passes, or plays it back.

    Raises Unavailable (with the command and its last line on stderr, or the URL) when the server does not start in
    time, AuthenticationError when it answers 401 or is a finchat that lacks credentials, UsageError when nothing can
    make the in-memory server.
    """
    session = _Session(settings, in_memory=in_memory, emit=emit, clock=clock or Clock(), is_read=is_read, tape=tape)
    try:
        await session.start()
        yield session
    finally:
        with anyio.CancelScope(shield=True):
            await session.close()


class _Session:
    """A Toolbox over a Link, which it replaces when it died or lost an answer."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        in_memory: InMemory | None,
        emit: Emit,
        clock: Clock,
        is_read: Callable[[str], bool],
        tape: LinkTape | None,
    ) -> None:
        self._settings = settings
        self._in_memory = in_memory
        self._emit = emit
        self._clock = clock
        self._is_read = is_read
        self._tape = tape
        self._secrets = secrets_of(settings.env, settings.headers)
        self._arguments = ArgumentCheck()
        self._link: OpenLink | None = None
        self._retired: list[OpenLink] = []
        self._linking = asyncio.Lock()
        self._listing = asyncio.Lock()
        self._tools: Mapping[str, Tool] | None = None
        self._changes = 0  # how often the server said that its tools changed
        self._noticed: set[str] = set()
        self._closed = False

    @property
    def server(self) -> str:
        return self._settings.name

    async def start(self) -> None:
        await self._living_link()

    async def close(self) -> None:
        self._closed = True
        for link in (*self._retired, *([self._link] if self._link else [])):
            await link.close()
        self._retired, self._link = [], None

    async def tools(self) -> Mapping[str, Tool]:
        """Every usable tool by name. Raises Unavailable when the server cannot be asked."""
        async with self._listing:
            link = await self._living_link()
            if self._tools is None:
                changes = self._changes
                try:
                    with anyio.fail_after(self._settings.call_deadline_s):
                        found = await link.list_tools()
                except FinchatError:
                    raise
                except Exception as error:
                    why = "no answer in time" if isinstance(error, TimeoutError) else self._clean(str(error))
                    raise self._unavailable(f"did not list its tools: {why}") from error
                listed = self._usable(found, link)
                if changes != self._changes:  # while it was being listed: the next caller lists anew
                    return listed
                self._tools = listed
            return self._tools

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        """See Toolbox.call; `deadline_s` defaults to the server's configured call deadline."""
        try:
            tool = (await self.tools()).get(name)
        except FinchatError as error:
            return _failed(_not_sent(error))
        if tool is None:
            unknown = CallError(
                code="unknown_tool", message=f"server {self.server} has no tool {name!r}", outcome="not_sent"
            )
            return _failed(replace(unknown, next="list the server's tools"))
        prepared = self._arguments.prepare(tool, arguments)
        if isinstance(prepared, CallError):
            return _failed(prepared)
        meta = {IDEMPOTENCY_META: idempotency_key} if idempotency_key is not None else None
        deadline_s = self._settings.call_deadline_s if deadline_s is None else deadline_s
        result = await self._attempt(name, prepared, meta, deadline_s)
        if result.error is not None and result.error.code == "connection_lost" and self._is_read(name):
            result = await self._attempt(name, prepared, meta, deadline_s)
        return result

    async def _attempt(
        self, name: str, arguments: dict[str, Any], meta: Mapping[str, Any] | None, deadline_s: float
    ) -> CallResult:
        from finchat.connections.exchange import Exchange, current_exchange

        try:
            link = await self._living_link()
        except FinchatError as error:
            return _failed(_not_sent(error))
        seen = Exchange()
        token = current_exchange.set(seen)
        reply: Any = None
        failure: BaseException | None = None
        try:
            with anyio.move_on_after(deadline_s) as scope:
                reply = await link.call_tool(name, arguments, meta)
        except asyncio.CancelledError as error:
            if _cancelled_by_caller():
                raise
            failure = error  # a server torn down inside this process: not the user's Ctrl-C
        except Exception as error:
            failure = error
        finally:
            current_exchange.reset(token)
        if scope.cancelled_caught or isinstance(failure, NoAnswer):
            if link.child is not None and link.child.suspect:
                await self._retire(link)
            return _failed(
                CallError(
                    code="timeout",
                    message=f"no answer to {name} within {deadline_s:g} s",
                    outcome="unknown",
                    next="the server may still be working on it",
                )
            )
        if isinstance(failure, NotSent):
            return _failed(
                CallError(code="not_recorded", message=failure.message, outcome="not_sent", next=failure.next)
            )
        if failure is not None:
            if seen.status == 404:  # how a server says that it forgot the session
                await self._retire(link)
            return self._failure(name, failure, seen)
        return self._answer(name, reply, seen)

    def _answer(self, name: str, reply: Any, seen: Any) -> CallResult:
        if not hasattr(reply, "is_error"):
            return _failed(
                CallError(
                    code="input_required",
                    message=f"{name} asked for more input, which finchat does not give",
                    outcome="unknown",
                    next="give it as an argument",
                )
            )
        meta = reply.meta or {}
        rate = rates.from_meta(meta) or (seen.headers and rates.from_headers(seen.headers, self._clock.now())) or None
        text = "\n".join(block.text for block in reply.content if getattr(block, "type", None) == "text")
        try:
            return read_answer(
                structured=reply.structured_content,
                text=text,
                is_error=reply.is_error,
                meta=meta,
                rate=rate,
                exact=not self._settings.in_memory,
            )
        except (MalformedAnswer, RecursionError) as error:
            return _failed(_malformed(name, str(error)))

    def _failure(self, name: str, failure: BaseException, seen: Any) -> CallResult:
        rate = rates.from_headers(seen.headers, self._clock.now()) if seen.headers else None
        return CallResult(error=self._error(name, failure, seen), rate=rate)

    def _error(self, name: str, failure: BaseException, seen: Any) -> CallError:
        detail = self._clean(seen.detail or str(failure))
        if seen.fault == "not_sent":
            return CallError(
                code="unavailable",
                message=f"server {self.server} cannot be reached: {detail}",
                outcome="not_sent",
                next="check the URL and the network",
            )
        if seen.status is not None and seen.status >= 400:
            return self._refused(name, seen, detail)
        code = getattr(failure, "code", None)  # of an MCPError
        if seen.fault == "too_large" or code == _TOO_LARGE or "byte limit" in str(failure):
            return CallError(
                code="answer_too_large",
                message=f"the answer to {name} is larger than {MESSAGE_LIMIT_BYTES // 1024**2} MiB",
                outcome="unknown",
                next="ask for fewer records at a time",
            )
        lost = seen.fault == "lost" or code == _CONNECTION_CLOSED
        if lost or isinstance(
            failure, anyio.ClosedResourceError | anyio.BrokenResourceError | asyncio.CancelledError | ConnectionError
        ):
            return CallError(
                code="connection_lost",
                message=f"the connection to server {self.server} broke during {name}: {detail or 'closed'}",
                outcome="unknown",
                next="run again",
            )
        if code is not None:
            return CallError(code="server_error", message=f"{name}: {detail}", outcome="unknown")
        return _malformed(name, detail)

    def _refused(self, name: str, seen: Any, detail: str) -> CallError:
        # 401 and 429 prove that nothing was done (accounting.md); no other status does.
        code, outcome, next_step = _BY_STATUS.get(
            seen.status, ("unavailable" if seen.status >= 500 else "refused", "unknown", None)
        )
        return CallError(
            code=code,
            message=f"server {self.server} answered {name} with HTTP {seen.status}: {detail}",
            outcome=outcome,
            status=seen.status,
            retry_after_s=rates.retry_after_s(seen.headers, self._clock.now()),
            next=next_step,
            problem=seen.headers.get("x-rate-limit-problem"),
        )

    def _usable(self, found: list[Any], link: OpenLink) -> Mapping[str, Tool]:
        tools: dict[str, Tool] = {}
        dropped = dict(link.dropped)
        for each in found:
            tool = Tool(
                server=self.server,
                name=each.name,
                description=each.description or "",
                input_schema=each.input_schema,
                output_schema=each.output_schema,
            )
            if each.name in tools:
                dropped[each.name] = "it is defined twice; the first definition counts"
                continue
            tools[each.name] = tool
        for name, why in dropped.items():
            if name not in self._noticed:
                self._noticed.add(name)
                self._emit(Notice(text=f"server {self.server}: tool {name!r} is left out: {why}", severity="warning"))
        return MappingProxyType(tools)

    async def _living_link(self) -> OpenLink:
        """The open link, or a new one in the place of one that died. Raises as open_session does."""
        async with self._linking:
            if self._link is not None and self._link.alive:
                return self._link
            if self._closed:
                raise self._unavailable("is closed")
            if self._link is not None:
                self._retired.append(self._link)
                self._link = None
            await self._bury()
            self._tools = None  # another process may define other tools
            self._link = await self._new_link()
            return self._link

    async def _retire(self, link: OpenLink) -> None:
        """Later calls get a fresh session; calls under way keep the old one."""
        if self._link is link:
            self._retired.append(link)
            self._link = None
            await self._bury()

    async def _bury(self) -> None:
        for link in [each for each in self._retired if not each.in_flight or not each.alive]:
            self._retired.remove(link)
            await link.close()

    async def _new_link(self) -> OpenLink:
        if self._tape is not None:
            return await self._tape.link(self.server, self._opened, self._forget_tools, self._is_read)
        return await self._opened()

    async def _opened(self) -> Link:
        settings = self._settings
        child: Child | None = None
        if settings.command is not None:
            # First of all: the child boots while this process imports the MCP client.
            child = await Child.start(settings.command, settings.args, settings.env)
        from finchat.connections import link as links

        if child is not None:
            connect = links.over_stdio(child)
        elif settings.url is not None:
            connect = links.over_http(settings.url, settings.headers, settings.call_deadline_s)
        elif self._in_memory is not None:
            connect = links.in_memory(self._in_memory(settings))
        else:
            raise UsageError(
                f"server {self.server} has neither a command nor a url", field=f"servers.{self.server}",
                next="give it one of them",
            )  # fmt: skip
        opened = links.Link(connect, on_tools_changed=self._forget_tools)
        try:
            await opened.open(settings.start_deadline_s)
        except (asyncio.CancelledError, FinchatError):
            with anyio.CancelScope(shield=True):
                await opened.close()
            raise
        except Exception as error:
            raise await self._not_started(error, opened, child) from error
        return opened

    async def _not_started(self, error: Exception, link: Link, child: Child | None) -> FinchatError:
        words = await child.last_words() if child is not None else ""
        await link.close()
        if child is not None:
            await child.stop()
        why = f"no answer within {self._settings.start_deadline_s:g} s" if isinstance(error, TimeoutError) else ""
        if child is not None and (refused := child.refused_sign_in()) is not None:
            sentence, step = refused
            return AuthenticationError(
                f"server {self.server} could not sign in: {self._clean(sentence)}",
                field=f"servers.{self.server}.env",
                next=f"{self._clean(step or 'set its credentials')}; in the env of the server, which gets no others",
            )
        if child is not None:
            return self._unavailable(
                f"did not start: {self._clean(child.command)}: {why + '; ' if why else ''}{self._clean(words)}",
                next_step="run the command by hand to see what it says",
            )
        seen = link.opening
        where = self._settings.url or "in this process"
        if seen.status == 401:
            return AuthenticationError(
                f"server {self.server} at {self._clean(where)} wants a sign-in (HTTP 401)",
                field=f"servers.{self.server}.headers",
                next="put a valid token into its headers",
            )
        why = why or self._clean(seen.detail or str(error) or type(error).__name__)
        return self._unavailable(f"at {self._clean(where)} did not start: {why}", next_step="check that it is running")

    def _forget_tools(self) -> None:
        self._tools = None
        self._changes += 1

    def _unavailable(self, what: str, next_step: str = "run again") -> Unavailable:
        return Unavailable(f"server {self.server} {what}", field=f"servers.{self.server}", next=next_step)

    def _clean(self, text: str) -> str:
        return " ".join(redact(text, self._secrets).split())[:500]


_TOO_LARGE = -32081  # link.TOO_LARGE, which is not imported before it is needed
_CONNECTION_CLOSED = -32000  # mcp_types.CONNECTION_CLOSED
_BY_STATUS: Mapping[int, tuple[str, CallOutcome, str | None]] = {
    401: ("unauthorized", "failed", "sign in again or correct the token"),
    403: ("forbidden", "unknown", "the connection lacks this permission"),
    404: ("connection_lost", "unknown", "run again"),  # the server forgot the session
    429: ("rate_limited", "failed", None),
}


def _failed(error: CallError) -> CallResult:
    return CallResult(error=error)


def _not_sent(error: FinchatError) -> CallError:
    code = "unauthorized" if isinstance(error, AuthenticationError) else "unavailable"
    return CallError(code=code, message=error.message, outcome="not_sent", field=error.field, next=error.next)


def _malformed(name: str, detail: str) -> CallError:
    return CallError(
        code="malformed_answer",
        message=f"the answer to {name} cannot be read: {detail[:300]}",
        outcome="unknown",
        next="report it to the maker of the server",
    )


def _cancelled_by_caller() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
