"""Notes what passes in a run: messages with MCP servers, exchanges with the model, what a person types, the time.

Rows are numbered by when they began, so that a replay asks in the same order; `at` is when that was and `took` how long
it lasted, in milliseconds. Between rows the clock of a recorded run stands still: a replay can tell the same time.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import anyio

from finchat.agent.messages import TurnBroken
from finchat.agent.openai.exchange import Answer, Endpoint
from finchat.agent.openai.failures import Failure
from finchat.agent.openai.wire import EventStream
from finchat.canonical import canonical_json
from finchat.cassettes.content import exact
from finchat.connections.exchange import Exchange, current_exchange
from finchat.connections.tape import OpenLink, definition_of, reply_of
from finchat.errors import FinchatError

_HEADERS = ("ratelimit", "rate-limit", "minlimit", "daylimit", "retry-after", "date", "x-request-id")
_LONGEST_WORDS = 4_000


class Recorder:
    """The tape of a recording: LinkTape, EndpointTape, Answers and Time in one, for they share one order."""

    replays = False

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.started = datetime.now(UTC)
        self._began = time.monotonic()
        self._at = 0

    # Time

    def now(self) -> datetime:
        return self.started + timedelta(milliseconds=self._at)

    def monotonic(self) -> float:
        return self._at / 1000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._step()

    def _step(self) -> int:
        self._at = max(self._at, int((time.monotonic() - self._began) * 1000))
        return self._at

    # Rows

    def begin(self, kind: str, **request: Any) -> dict[str, Any]:
        """A row of something that begins now."""
        row = {"kind": kind, "at": self._step(), **request}
        self.rows.append(row)
        return row

    def end(self, row: dict[str, Any], **answer: Any) -> None:
        """What became of it."""
        row.update(answer)
        row["took"] = self._step() - row["at"]

    def local(self, name: str, compute: Callable[[], Any]) -> Any:
        """A fact of this machine that a run goes by; JSON data."""
        value = compute()
        self.begin("local", name=name, value=kept(value))
        return value

    # Links to servers

    async def link(
        self,
        server: str,
        really: Callable[[], Awaitable[OpenLink]],
        changed: Callable[[], None],
        is_read: Callable[[str], bool] | None = None,
    ) -> OpenLink:
        _ = is_read, changed  # it is noted by whoever is called: see `noticing`
        row = self.begin("mcp", server=server, method="initialize", params={})
        try:
            opened = await really()
        except FinchatError as error:
            self.end(row, error={**_error(error.message), "refused": _refusal(error)})
            raise
        self.end(row, result={})
        return RecordedLink(opened, server, self)

    # The model

    def endpoint(self, really: Callable[[], Endpoint]) -> Endpoint:
        return _RecordedEndpoint(really(), self)

    # The person

    async def answer(self, asks: str, prompt: str, typed: Callable[[], Awaitable[str | None]]) -> str | None:
        row = self.begin("human", asks=asks, prompt=prompt, line=None)
        try:
            line = await typed()
        except asyncio.CancelledError:
            self.end(row, interrupted=True)
            raise
        # The instant that matters is when it was answered, after whatever else happened meanwhile.
        self.rows.remove(row)
        self.rows.append(row)
        row["at"] = self._step()
        self.end(row, line=line)
        return line

    def interruption(self, cancel: Callable[[], None]) -> Callable[[], None]:
        def noted() -> None:
            self.end(self.begin("human", asks="interrupt", prompt="", line=None))
            cancel()

        return noted

    def turn_over(self) -> None:
        return


class RecordedLink:
    """An open link whose messages are noted."""

    def __init__(self, inner: OpenLink, server: str, recorder: Recorder) -> None:
        self._inner = inner
        self._server = server
        self._recorder = recorder
        self.child = inner.child
        self.dropped = inner.dropped

    @property
    def in_flight(self) -> int:
        return self._inner.in_flight

    @property
    def alive(self) -> bool:
        return self._inner.alive

    async def close(self) -> None:
        await self._inner.close()

    async def list_tools(self) -> list[Any]:
        row = self._recorder.begin("mcp", server=self._server, method="tools/list", params={})
        try:
            tools = await self._inner.list_tools()
        except BaseException as error:
            self._failed(row, error)
            raise
        found = [
            {
                "name": t.name,
                "description": t.description,
                "inputSchema": t.input_schema,
                "outputSchema": t.output_schema,
            }
            for t in tools
        ]
        result = kept({"tools": found, "dropped": dict(self.dropped)})
        self._recorder.end(row, result=result)
        return [definition_of(tool) for tool in result["tools"]] if isinstance(result, dict) else tools

    async def call_tool(self, name: str, arguments: dict[str, Any], meta: Mapping[str, Any] | None) -> Any:
        params: dict[str, Any] = {"name": name, "arguments": kept(arguments)}
        if meta:
            params["_meta"] = kept(meta)
        row = self._recorder.begin("mcp", server=self._server, method="tools/call", params=params)
        try:
            reply = await self._inner.call_tool(name, arguments, meta)
        except BaseException as error:
            self._failed(row, error)
            raise
        result = _result(reply)
        self._recorder.end(row, result=result, **_http(current_exchange.get()))
        # The run goes on with what its replay will hear: a cassette keeps no order of members, and what a model is
        # shown of a reply has one.
        unkept = any(isinstance(result.get(name), str) for name in ("structuredContent", "_meta"))
        return reply if unkept else reply_of(result)

    def _failed(self, row: dict[str, Any], error: BaseException) -> None:
        seen = current_exchange.get() or Exchange()
        fault: str | None = seen.fault
        if isinstance(error, asyncio.CancelledError):
            fault = "cancelled"
        elif isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError | ConnectionError):
            fault = fault or "lost"
        code = getattr(error, "code", None)
        told = _error(
            str(error), code=code if isinstance(code, int) else None, fault=fault, status=seen.status,
            headers=_told(seen.headers), detail=seen.detail[:_LONGEST_WORDS],
        )  # fmt: skip
        if isinstance(error, FinchatError):
            told["refused"] = _refusal(error)
        self._recorder.end(row, error=told)


class _RecordedEndpoint:
    """An endpoint whose exchanges are noted."""

    def __init__(self, inner: Endpoint, recorder: Recorder) -> None:
        self._inner = inner
        self._recorder = recorder

    async def close(self) -> None:
        await self._inner.close()

    async def post(self, path: str, body: bytes, *, stream: bool, ends: float) -> Answer:
        row = self._recorder.begin("model", path=path, body=json.loads(body, parse_float=Decimal), stream=stream)
        try:
            answer = await self._inner.post(path, body, stream=stream, ends=ends)
        except Failure as failure:
            told = {
                "kind": failure.kind, "detail": failure.detail, "status": failure.status,
                "headers": _told(failure.headers), "document": kept(failure.document),
            }  # fmt: skip
            self._recorder.end(row, failure=told)
            raise
        except TurnBroken as error:
            self._recorder.end(row, events=[], ended=error.why, words=error.message)
            raise
        except BaseException:
            self._recorder.end(row, events=[], ended="cancelled")
            raise
        return _RecordedAnswer(answer, row, self._recorder)


class _RecordedAnswer:
    """An answer whose events are noted as they pass."""

    def __init__(self, inner: Answer, row: dict[str, Any], recorder: Recorder) -> None:
        self._inner = inner
        self._row = row
        self._recorder = recorder
        row.update(type=inner.content_type, ended="cancelled", events=[])

    @property
    def content_type(self) -> str:
        return self._inner.content_type

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        events: list[list[Any]] = self._row["events"]
        reader = EventStream()
        try:
            async for chunk in self._inner.chunks():
                with suppress(TurnBroken):  # who reads it finds that too
                    events += [[name or None, _event(data)] for name, data in reader.feed(chunk)]
                yield chunk
            with suppress(TurnBroken):
                events += [[name or None, _event(data)] for name, data in reader.finish()]
            self._row["ended"] = "whole"
        except TurnBroken as error:
            self._row.update(ended=error.why, words=error.message)
            raise

    async def read(self) -> bytes:
        try:
            whole = await self._inner.read()
        except TurnBroken as error:
            self._row.update(ended=error.why, words=error.message)
            raise
        del self._row["events"]
        self._row.update(document=_event(whole.decode("utf-8", "replace")), ended="whole")
        return whole

    async def close(self, *, read_whole: bool) -> None:
        if read_whole:
            self._row["ended"] = "whole"
        self._recorder.end(self._row)
        await self._inner.close(read_whole=read_whole)


def kept(value: Any) -> Any:
    """JSON data as a cassette keeps it. What is none is kept as its text: a run never suffers for its recording, which
    is then refused at its end."""
    try:
        return _in_order(exact(value))
    except (TypeError, ValueError, RecursionError):
        return str(value)


def _in_order(value: Any) -> Any:
    """The members of objects as canonical JSON has them."""
    if isinstance(value, Mapping):
        return {key: _in_order(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


def _event(data: str) -> Any:
    """The data of an event, parsed where a cassette can hold it so, else as it came."""
    try:
        found = json.loads(data, parse_float=Decimal)
        canonical_json(found)
    except (ValueError, TypeError, RecursionError):
        return data
    return data if isinstance(found, str) else found


def _result(reply: Any) -> dict[str, Any]:
    if not hasattr(reply, "is_error"):
        return {"inputRequired": True}
    blocks = [{"type": b.type, "text": b.text} if getattr(b, "type", None) == "text" else {"type": b.type}
              for b in reply.content]  # fmt: skip
    return {
        "content": blocks, "structuredContent": kept(reply.structured_content), "isError": bool(reply.is_error),
        "_meta": kept(reply.meta or {}),
    }  # fmt: skip


def _http(seen: Exchange | None) -> dict[str, Any]:
    if seen is None or (seen.status is None and not seen.headers):
        return {}
    return {"http": {"status": seen.status, "headers": _told(seen.headers)}}


def _told(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that finchat reads; no other is ever kept."""
    return {name: value for name, value in headers.items() if any(part in name.lower() for part in _HEADERS)}


def _error(message: str, **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "message": message[:_LONGEST_WORDS],
        "code": None,
        "fault": None,
        "status": None,
        "headers": {},
    }
    return {**plain, **more}


def _refusal(error: FinchatError) -> dict[str, Any]:
    return {
        "code": error.code, "message": error.message, "field": error.field, "next": error.next,
        "exit_code": int(error.exit_code),
    }  # fmt: skip
