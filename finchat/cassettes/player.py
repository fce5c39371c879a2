"""Plays a cassette back: every request of the run is answered from its rows, and from nowhere else."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from finchat.agent.openai.exchange import Answer, Endpoint
from finchat.agent.openai.failures import Failure, failure_of_status
from finchat.agent.openai.wire import broken
from finchat.canonical import canonical_json
from finchat.cassettes.fault_rows import Fault, Faults
from finchat.cassettes.matching import Matching, Miss
from finchat.cassettes.pace import Pace
from finchat.cassettes.recorder import kept
from finchat.cassettes.rows import Row
from finchat.connections.child import Child
from finchat.connections.exchange import current_exchange
from finchat.connections.tape import Broken, NoAnswer, OpenLink, Seen, definition_of, reply_of
from finchat.errors import AuthenticationError, ExitCode, FinchatError, Unavailable, VerificationMismatch

_STUCK_S = 20.0  # without a step of the run; nothing in a replay takes that long
_ANSWERS_AFTER_S, _FIRST_WORD_S, _PIECE_S = 1.2, 0.7, 0.02  # a pace to read at: speed 1


class Otherwise(VerificationMismatch):
    """A person or this machine is asked for something else than was recorded, or in another order."""

    code = "replay_differs"


class Player:
    """The tape of a replay: LinkTape, EndpointTape, Answers and Time in one.

    `speed` None: nothing waits. Else words and answers come at a pace to read at, times `speed`; the bytes are the
    same. `pace`: of what is shown to somebody who watches. `misses` are the requests that the recording does not
    answer: the run goes on as after a fault, and the replay fails. `rehearses`: it carries faults, so that rows may
    stay unused and more may be asked for than it holds. `stopped`: whoever watches pressed Ctrl-C in a turn.
    """

    replays = True

    def __init__(
        self, rows: Sequence[Row], started: datetime, *, ended_by_signal: bool = False,
        speed: float | None = None, pace: Pace | None = None,
    ) -> None:  # fmt: skip
        self._matching = Matching(row for row in rows if row.kind != "human")
        self._faults = Faults(rows)
        self.rehearses = any(row.kind == "fault" for row in rows)
        self._started = started
        self._ms = 0.0
        self._speed = speed
        self._pace = pace
        self._ended_by_signal = ended_by_signal
        self._human = [row for row in rows if row["kind"] == "human"]
        self._locals = [row for row in rows if row["kind"] == "local"]
        self._ordered = [row for row in rows if _counts(row)]
        self._done: set[int] = set()
        self._steps: list[asyncio.Future[None]] = []
        self._watch: asyncio.Task[None] | None = None
        self.misses: list[FinchatError] = []
        self.stopped = False

    # Time

    def now(self) -> datetime:
        return self._started + timedelta(milliseconds=self._ms)

    def monotonic(self) -> float:
        return self._ms / 1000

    async def sleep(self, seconds: float) -> None:
        self._ms += seconds * 1000
        await self._pause(seconds)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed if self._speed else 0)

    # Rows

    def _take(self, kind: str, request: Mapping[str, Any]) -> Row:
        try:
            row = self._matching.peek(kind, request)
            fault = self._faults.fault_for(row)
            if fault is not None and fault.answers:
                return fault.met_by(row)
            if fault is not None:
                self._ms += fault.seconds * 1000
            row = self._matching.take(kind, request)
        except Miss as miss:
            self.misses.append(miss)
            raise
        self._ms = max(self._ms, row.at)
        return row

    def _end(self, row: Mapping[str, Any]) -> None:
        self._ms = max(self._ms, row["at"] + row.get("took", 0))
        self._done.add(row["n"])
        steps, self._steps = self._steps, []
        for step in steps:
            if not step.done():
                step.set_result(None)

    async def _after_all_before(self, number: int) -> None:
        """Wait until everything that was recorded before a row has happened here too."""
        while early := [row for row in self._ordered if row["n"] < number and row["n"] not in self._done]:
            step = asyncio.get_running_loop().create_future()
            self._steps.append(step)
            try:
                async with asyncio.timeout(_STUCK_S):
                    await step
            except TimeoutError:
                waits = f"the run never came to row {early[0]['n']} ({early[0]['kind']}), which was recorded before"
                raise self._otherwise(f"{waits} row {number}") from None

    def left(self) -> list[Row]:
        """What was recorded and never asked for."""
        return [*self._matching.left(), *(row for row in self._human if row.n not in self._done)]

    def held(self, kind: str, request: Mapping[str, Any]) -> Row | None:
        """The row that answers a request now; None where the recording holds none, or no more."""
        return self._matching.find(kind, request)

    def unmet(self) -> tuple[Fault, ...]:
        """The faults that no exchange met."""
        return self._faults.left()

    def local(self, name: str, compute: Callable[[], Any]) -> Any:
        """The fact as it was recorded; nothing is computed."""
        _ = compute
        for row in self._locals:
            if row["name"] == name:
                self._locals.remove(row)
                return row["value"]
        raise self._otherwise(f"asked this machine for {name}, which the recording does not hold")

    def _otherwise(self, message: str) -> Otherwise:
        error = Otherwise(message, next="record it anew, or look at it: finchat cassette show")
        self.misses.append(error)
        return error

    # Links to servers

    async def link(
        self,
        server: str,
        really: Callable[[], Awaitable[OpenLink]],
        changed: Callable[[], None],
        is_read: Callable[[str], bool] | None = None,
    ) -> OpenLink:
        _ = is_read, really, changed
        row = self._take("mcp", {"server": server, "method": "initialize", "params": {}})
        self._end(row)
        if error := row.get("error"):
            await self._raise(row, error)
        return _PlayedLink(server, self)

    async def asked(self, server: str, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The result of a message. Raises what went wrong when it was recorded."""
        row = self._take("mcp", {"server": server, "method": method, "params": params})
        await self._pause(row.get("took", 0) / 1000)
        self._end(row)
        error = row.get("error")
        told = error or row.get("http") or {}
        if (exchange := current_exchange.get()) is not None:
            Seen(
                status=told.get("status"), headers=told.get("headers") or {}, fault=_fault(told),
                detail=told.get("detail", ""),
            ).put(exchange)  # fmt: skip
        if error is not None:
            await self._raise(row, error)
        result: Mapping[str, Any] = row["result"]
        return result

    async def _raise(self, row: Mapping[str, Any], error: Mapping[str, Any]) -> None:
        if error.get("refused"):
            raise _refused(error["refused"])
        if error["fault"] == "cancelled":
            await self._interrupted(row)
            raise NoAnswer
        raise Broken(error["message"], error["code"])

    async def _interrupted(self, row: Mapping[str, Any]) -> None:
        """Wait for the interruption that ended an exchange; come back when it was none."""
        following = next((h for h in self._human if h["n"] > row["n"] and h["n"] not in self._done), None)
        if following is not None and following["asks"] == "interrupt":
            await asyncio.Event().wait()
        if self._ended_by_signal and not any(r["n"] > row["n"] and _counts(r) for r in self._ordered):
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()

    # The model

    def endpoint(self, really: Callable[[], Endpoint]) -> Endpoint:
        _ = really
        return _PlayedEndpoint(self)

    async def sent(self, path: str, body: Any, stream: bool) -> Mapping[str, Any]:
        """The row of an exchange with the model. Raises what came instead of an answer."""
        row = self._take("model", {"path": path, "body": body, "stream": stream})
        if failure := row.get("failure"):
            self._end(row)
            if failure["kind"] == "status":
                text = canonical_json(failure["document"]).encode()
                raise failure_of_status(failure["status"], failure["headers"], text)
            raise Failure(kind="unreachable", detail=failure["detail"])
        if row.get("type") is None:
            await self._broken(row)
        if self._speed:
            await self._pause(_FIRST_WORD_S)
        return row

    async def _broken(self, row: Mapping[str, Any]) -> None:
        self._end(row)
        if row["ended"] == "cancelled":
            await self._interrupted(row)
            raise broken("too_slow")
        error = broken(row["ended"])
        error.message = row.get("words", error.message)
        error.args = (error.message,)
        raise error

    async def events(self, row: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        """The events of an answer, each a chunk."""
        recorded = row.get("events") or []
        piece = max(_PIECE_S, row.get("took", 0) / 1000 / max(1, len(recorded)))
        for name, data in recorded:
            if self._speed:
                await self._pause(piece)
            text = data if isinstance(data, str) else canonical_json(data)
            lines = "".join(f"data: {line}\n" for line in text.split("\n"))
            yield (f"event: {name}\n{lines}\n" if name else f"{lines}\n").encode()
        if row["ended"] == "whole":
            self._end(row)
        else:
            await self._broken(row)

    def finished(self, row: Mapping[str, Any]) -> None:
        """Nobody reads the rest of an answer."""
        if row["n"] not in self._done:
            self._end(row)

    async def document(self, row: Mapping[str, Any]) -> bytes:
        """An answer that came whole."""
        await self._pause(row.get("took", 0) / 1000)
        if "document" not in row:
            await self._broken(row)
        self._end(row)
        found = row["document"]
        return (found if isinstance(found, str) else canonical_json(found)).encode()

    # The person

    async def answer(self, asks: str, prompt: str, typed: Callable[[], Awaitable[str | None]]) -> str | None:
        _ = typed
        if self.stopped:
            raise KeyboardInterrupt
        row = next((row for row in self._human if row["n"] not in self._done and row["asks"] != "interrupt"), None)
        if row is None or row["asks"] != asks or row["prompt"] != prompt:
            raise self._otherwise(
                f"asked a person {prompt.strip()!r} ({asks}), "
                + (f"where the recording has {row['prompt'].strip()!r} ({row['asks']}, row {row['n']})" if row
                   else "and the recording has no more answers")
            )  # fmt: skip
        await self._after_all_before(row["n"])
        if self._pace is not None:
            await self._pause(self._pace.asks("" if asks == "keys" else prompt))
            if row["line"] and asks != "keys":
                self._pace.types()
        elif self._speed:
            await self._pause(_ANSWERS_AFTER_S)
        self._end(row)
        if row.get("interrupted"):
            if self._watch is None:  # else it was a turn that was interrupted, which is a row of its own
                signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()
        line: str | None = row["line"]
        return line

    def interruption(self, cancel: Callable[[], None]) -> Callable[[], None]:
        self._watch = asyncio.ensure_future(self._interrupt(cancel))

        def stopped() -> None:
            self.stopped = True
            cancel()

        return stopped

    def turn_over(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _interrupt(self, cancel: Callable[[], None]) -> None:
        """Call `cancel` where the recording was interrupted, if it is the next thing that the person did."""
        while True:
            row = next((row for row in self._human if row["n"] not in self._done), None)
            if row is None:
                return
            before = [r for r in self._ordered if r["n"] < row["n"] and r["n"] not in self._done]
            if row["asks"] == "interrupt" and not before:
                self._end(row)
                cancel()
                return
            step = asyncio.get_running_loop().create_future()
            self._steps.append(step)
            await step


class _PlayedLink:
    """An open link as it was recorded."""

    child: Child | None = None
    in_flight = 0
    alive = True

    def __init__(self, server: str, player: Player) -> None:
        self._server = server
        self._player = player
        self.dropped: dict[str, str] = {}

    async def close(self) -> None:
        return

    async def list_tools(self) -> list[Any]:
        result = await self._player.asked(self._server, "tools/list", {})
        self.dropped = dict(result.get("dropped", {}))
        return [definition_of(tool) for tool in result["tools"]]

    async def call_tool(self, name: str, arguments: dict[str, Any], meta: Mapping[str, Any] | None) -> Any:
        params: dict[str, Any] = {"name": name, "arguments": kept(arguments)}
        if meta:
            params["_meta"] = kept(meta)
        try:
            result = await self._player.asked(self._server, "tools/call", params)
        except (Broken, NoAnswer):
            exchange = current_exchange.get()
            self.alive = exchange is None or exchange.fault != "lost"
            raise
        return reply_of(result)


class _PlayedEndpoint:
    """An endpoint as it was recorded."""

    def __init__(self, player: Player) -> None:
        self._player = player

    async def close(self) -> None:
        return

    async def post(self, path: str, body: bytes, *, stream: bool, ends: float) -> Answer:
        _ = ends
        row = await self._player.sent(path, json.loads(body, parse_float=Decimal), stream)
        return _PlayedAnswer(row, self._player)


class _PlayedAnswer:
    """An answer as it was recorded."""

    def __init__(self, row: Mapping[str, Any], player: Player) -> None:
        self._row = row
        self._player = player

    @property
    def content_type(self) -> str:
        found: str = self._row["type"]
        return found

    def chunks(self) -> AsyncGenerator[bytes, None]:
        return self._player.events(self._row)

    async def read(self) -> bytes:
        return await self._player.document(self._row)

    async def close(self, *, read_whole: bool) -> None:
        if read_whole:
            self._player.finished(self._row)


def _counts(row: Mapping[str, Any]) -> bool:
    """Whether others wait for a row: the handshake and the list of tools may be asked at any time, or not at all."""
    if row["kind"] == "mcp":
        return bool(row["method"] == "tools/call")
    return bool(row["kind"] in {"model", "human"})


def _fault(error: Mapping[str, Any]) -> str | None:
    fault = error.get("fault")
    return None if fault == "cancelled" else fault


def _refused(told: Mapping[str, Any]) -> FinchatError:
    """The error that opening a link ended with."""
    kinds: Sequence[type[FinchatError]] = (AuthenticationError, Unavailable)
    kind = next((k for k in kinds if int(k.exit_code) == told["exit_code"]), FinchatError)
    error = kind(told["message"], field=told["field"], next=told["next"], code=told["code"])
    error.exit_code = ExitCode(told["exit_code"])
    return error
