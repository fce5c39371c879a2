"""A tape that goes on: it answers from a cassette what that holds, and asks the real world for what it lacks.

What is asked is noted like in any recording, held answers and new ones in the order of this run. A write that the
cassette does not hold is never sent, nor is a read that was made of a stand-in for something redacted, or that comes
after a write that was only played: the ledger would not know of it. Once the world was asked anything, what a person
decides is asked of the person again: a recorded yes was to another card.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from finchat.agent.openai.exchange import Answer, Endpoint
from finchat.cassettes.player import Player
from finchat.cassettes.recorder import RecordedLink, Recorder, kept
from finchat.cassettes.records import holds_stand_in
from finchat.cassettes.rows import Row
from finchat.connections.child import Child
from finchat.connections.tape import NotSent, OpenLink
from finchat.errors import FinchatError

_ANEW = "record the run anew: --record-mode all"
_DECIDED = frozenset({"decision", "question", "line"})
_OF_THE_PLACE = frozenset({"n", "prev", "at", "took"})
Echo = Callable[[str, str, str | None], None]


class Continuing(Recorder):
    """LinkTape, EndpointTape, Answers and Time of a run that goes on from a cassette.

    `echo` is told what was asked of a person, the prompt and the line, where the cassette answers for the person.
    `asked_anew` counts the exchanges that the world answered, `refused` names the writes that were not sent.
    """

    def __init__(self, rows: Sequence[Row], started: datetime, echo: Echo) -> None:
        super().__init__()
        self.started = started
        self._player = Player([row for row in rows if _was_over(row)], started)
        self._person = [row for row in rows if row.kind == "human" and row["asks"] != "keys" and _was_over(row)]
        self._facts = [row for row in rows if row.kind == "local"]
        self._echo = echo
        self.asked_anew = 0
        self.refused: list[str] = []
        self.played_write: str | None = None

    # Rows

    def held(self, kind: str, request: Mapping[str, Any]) -> Row | None:
        """The row that answers a request, if the cassette holds one that is not used up."""
        return self._player.held(kind, request)

    @contextmanager
    def again(self, row: Row) -> Iterator[None]:
        """Around a held row that is played: it is noted as it was, at the time of this run."""
        noted = self._noted(row)
        try:
            yield
        finally:
            self._over(noted, row)

    def begin(self, kind: str, **request: Any) -> dict[str, Any]:
        if kind in ("mcp", "model"):
            self.asked_anew += 1
        return super().begin(kind, **request)

    def _noted(self, row: Row) -> dict[str, Any]:
        self._skip_to(row.at)
        noted = {name: value for name, value in row.items() if name not in _OF_THE_PLACE} | {"at": self._at}
        self.rows.append(noted)
        return noted

    def _over(self, noted: dict[str, Any], row: Row) -> None:
        self._skip_to(noted["at"] + row.get("took", 0))
        if row.kind != "local":
            noted["took"] = self._at - noted["at"]

    def _skip_to(self, ms: int) -> None:
        """The clock of a held answer runs as it ran; that of the world goes on from there."""
        behind = ms - self._step()
        if behind > 0:
            self._began -= behind / 1000
            self._at = ms

    def local(self, name: str, compute: Callable[[], Any]) -> Any:
        row = next((row for row in self._facts if row["name"] == name), None)
        if row is None:
            return super().local(name, compute)
        self._facts.remove(row)
        with self.again(row):
            return row["value"]

    # Links to servers

    async def link(
        self,
        server: str,
        really: Callable[[], Awaitable[OpenLink]],
        changed: Callable[[], None],
        is_read: Callable[[str], bool] | None = None,
    ) -> OpenLink:
        row = self.held("mcp", {"server": server, "method": "initialize", "params": {}})
        played: OpenLink | None = None
        if row is not None:
            with self.again(row):
                played = await self._player.link(server, really, changed)

        async def opened() -> OpenLink:
            if row is None:
                return await super(Continuing, self).link(server, really, changed, is_read)
            return RecordedLink(await really(), server, self)  # the recording says already that it was opened

        link = _ContinuedLink(server, self, played, opened, is_read or _never)
        if row is None:
            await link.real()
        return link

    # The model

    def endpoint(self, really: Callable[[], Endpoint]) -> Endpoint:
        return _ContinuedEndpoint(self, self._player.endpoint(really), lambda: super(Continuing, self).endpoint(really))

    # The person

    async def answer(self, asks: str, prompt: str, typed: Callable[[], Awaitable[str | None]]) -> str | None:
        row = self._person[0] if self._person else None
        if row is None or (row["asks"], row["prompt"]) != (asks, prompt) or (asks in _DECIDED and self.asked_anew):
            return await super().answer(asks, prompt, typed)
        self._person.pop(0)
        with self.again(row):
            line: str | None = row["line"]
            self._echo(asks, prompt, line)
        return line


class _ContinuedLink:
    """A link that is opened only when the cassette lacks an answer. `opened` opens it, and notes what passes."""

    child: Child | None = None

    def __init__(
        self, server: str, tape: Continuing, played: OpenLink | None, opened: Callable[[], Awaitable[OpenLink]],
        is_read: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self._server = server
        self._tape = tape
        self._played = played
        self._opened = opened
        self._is_read = is_read
        self._real: OpenLink | None = None
        self._opening = asyncio.Lock()
        self.dropped: dict[str, str] = {}

    @property
    def in_flight(self) -> int:
        return 0 if self._real is None else self._real.in_flight

    @property
    def alive(self) -> bool:
        return (self._played is None or self._played.alive) and (self._real is None or self._real.alive)

    async def close(self) -> None:
        if self._real is not None:
            await self._real.close()

    async def real(self) -> OpenLink:
        """The link to the server itself. Raises FinchatError as opening one does."""
        async with self._opening:
            if self._real is None:
                self._real = await self._opened()
                self.child = self._real.child
            return self._real

    def _kept_back(self, name: str, arguments: Any) -> str | None:
        """Why a call may not go to the server; None when it may."""
        if not self._is_read(name):
            return "it writes, or may, and the cassette does not hold it"
        if holds_stand_in(arguments):
            return "its arguments hold what a cassette redacted"
        if self._tape.played_write is not None:
            return f"the ledger knows nothing of {self._tape.played_write}, which was only played"
        return None

    async def list_tools(self) -> list[Any]:
        row = self._tape.held("mcp", {"server": self._server, "method": "tools/list", "params": {}})
        if row is not None and self._played is not None:
            with self._tape.again(row):
                tools = await self._played.list_tools()
            self.dropped = self._played.dropped
            return tools
        real = await self.real()
        tools = await real.list_tools()
        self.dropped = real.dropped
        return tools

    async def call_tool(self, name: str, arguments: dict[str, Any], meta: Mapping[str, Any] | None) -> Any:
        params = {"name": name, "arguments": kept(arguments), **({"_meta": kept(meta)} if meta else {})}
        row = self._tape.held("mcp", {"server": self._server, "method": "tools/call", "params": params})
        if row is not None and self._played is not None:
            if not self._is_read(name):
                self._tape.played_write = name
            with self._tape.again(row):
                return await self._played.call_tool(name, arguments, meta)
        if (why := self._kept_back(name, params["arguments"])) is not None:
            self._tape.refused.append(f"{self._server} {name}")
            raise NotSent(f"{name} was not sent: {why}", next=_ANEW)
        try:
            real = await self.real()
        except FinchatError as error:
            raise NotSent(error.message, next=error.next) from error
        return await real.call_tool(name, arguments, meta)


class _ContinuedEndpoint:
    """An endpoint that is asked only what the cassette lacks."""

    def __init__(self, tape: Continuing, played: Endpoint, opened: Callable[[], Endpoint]) -> None:
        self._tape = tape
        self._played = played
        self._opened = opened
        self._real: Endpoint | None = None

    async def close(self) -> None:
        if self._real is not None:
            await self._real.close()

    async def post(self, path: str, body: bytes, *, stream: bool, ends: float) -> Answer:
        request = {"path": path, "body": json.loads(body, parse_float=Decimal), "stream": stream}
        row = self._tape.held("model", request)
        if row is None:
            if self._real is None:
                self._real = self._opened()
            return await self._real.post(path, body, stream=stream, ends=ends)
        noting = self._tape.again(row)
        noting.__enter__()
        try:
            answer = await self._played.post(path, body, stream=stream, ends=ends)
        except BaseException:
            noting.__exit__(None, None, None)
            raise
        return _ContinuedAnswer(answer, lambda: noting.__exit__(None, None, None))


class _ContinuedAnswer:
    """A held answer; `over` is told once when nobody reads on."""

    def __init__(self, played: Answer, over: Callable[[], Any]) -> None:
        self._played = played
        self._over: Callable[[], Any] | None = over

    @property
    def content_type(self) -> str:
        return self._played.content_type

    def chunks(self) -> AsyncGenerator[bytes, None]:
        return self._played.chunks()

    async def read(self) -> bytes:
        return await self._played.read()

    async def close(self, *, read_whole: bool) -> None:
        await self._played.close(read_whole=read_whole)
        over, self._over = self._over, None
        if over is not None:
            over()


def _was_over(row: Row) -> bool:
    """Whether what was recorded came to its own end: where it was interrupted, the run goes on."""
    if row.kind == "human":
        return row["asks"] != "interrupt" and not row.get("interrupted")
    return (row.get("error") or {}).get("fault") != "cancelled" and row.get("ended") != "cancelled"


def _never(_tool: str) -> bool:
    return False
