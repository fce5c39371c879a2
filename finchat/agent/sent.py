"""What left the machine for the model, request by request."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from finchat.agent.messages import (
    Api,
    AssistantText,
    Item,
    Model,
    ModelEvent,
    ModelRequest,
    Reasoning,
    ToolCall,
    ToolOutput,
    ToolSpec,
    UserText,
    WrappedModel,
)
from finchat.agent.tokens import estimate
from finchat.clock import instant_text, utc_now
from finchat.errors import plain
from finchat.events import Emit, Notice, silent
from finchat.store.database import make_private_directory

PartKind = Literal["instructions", "tool", "user", "assistant", "reasoning", "call", "output"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPart:
    """One part of what was sent, as it was sent. `label`: the name of a tool; of a call's output the tool it called.

    `bytes` is of its text in UTF-8, `tokens` our estimate.
    """

    kind: PartKind
    label: str
    text: str
    bytes: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """One request: where it went, what it came to, and the parts that were never sent before.

    `again`: how many parts were sent with it that an earlier request had shown already. `bytes` and `tokens` are of all
    its parts, the repeated ones included; what the API's own wrapping adds is not counted.
    """

    number: int
    at: datetime
    destination: str
    model: str
    api: Api
    bytes: int
    tokens: int
    parts: int
    again: int
    new: tuple[SentPart, ...]


@dataclass(frozen=True, slots=True)
class _Size:
    """What a number of parts come to."""

    parts: int = 0
    bytes: int = 0
    tokens: int = 0

    def with_parts(self, more: Sequence[SentPart]) -> _Size:
        return _Size(
            self.parts + len(more),
            self.bytes + sum(part.bytes for part in more),
            self.tokens + sum(part.tokens for part in more),
        )


class SentLog(WrappedModel):
    """A Model that notes what is sent through it. It is the innermost wrapper: what it sees is what leaves.

    `path` (FINCHAT_HOME/sessions/ID.sent.jsonl, mode 0600) gets each request as a line before it is sent; one that
    cannot be written is told once by `emit`, and stops nothing.
    """

    def __init__(
        self, inner: Model, path: Path | None = None, *,
        now: Callable[[], datetime] = utc_now, emit: Emit = silent,
    ) -> None:  # fmt: skip
        super().__init__(inner)
        self._path = path
        self._now = now
        self._emit = emit
        self._shown: set[tuple[PartKind, str, str]] = set()
        self._known: dict[int, tuple[Item | ToolSpec, SentPart]] = {}  # by id(): a turn repeats the objects before it
        self._before: tuple[Item, ...] = ()  # the items of the last request, and what they came to
        self._called: dict[str, str] = {}
        self._size = _Size()
        self.entries: list[SentRequest] = []

    async def turn(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """See Model.turn."""
        self._note(request)
        stream = self._inner.turn(request)
        try:
            async for event in stream:
                yield event
        finally:
            if (close := getattr(stream, "aclose", None)) is not None:
                await close()

    def _note(self, request: ModelRequest) -> None:
        if request.items[: len(self._before)] != self._before:  # equal objects are seen at their identity
            self._before, self._called, self._size = (), {}, _Size()
        added = request.items[len(self._before) :]
        self._called |= {item.id: item.name for item in added if isinstance(item, ToolCall)}
        head = [_part("instructions", "", request.instructions), *map(self._part_of, request.tools)]
        items = [self._part_of(item) for item in added]
        self._before, self._size = request.items, self._size.with_parts(items)
        new = []
        for part in (*head, *items):  # what stood in the last request was shown with it
            key = (part.kind, part.label, part.text)
            if key not in self._shown:
                self._shown.add(key)
                new.append(part)
        whole = self._size.with_parts(head)
        entry = SentRequest(
            number=len(self.entries) + 1,
            at=self._now(),
            destination=self.destination,
            model=self.name,
            api=self.api,
            bytes=whole.bytes,
            tokens=whole.tokens,
            parts=whole.parts,
            again=whole.parts - len(new),
            new=tuple(new),
        )
        self.entries.append(entry)
        if self._path is not None:
            self._write(self._path, entry)

    def _part_of(self, one: Item | ToolSpec) -> SentPart:
        known = self._known.get(id(one))
        if known is None:  # the object is kept with its part, so that its id stays its own
            known = self._known[id(one)] = (one, _described(one, self._called))
        return known[1]

    def _write(self, path: Path, entry: SentRequest) -> None:
        line = json.dumps(as_json(entry), ensure_ascii=True, separators=(",", ":")) + "\n"
        try:
            make_private_directory(path.parent)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(line.encode("ascii"))
        except OSError as error:
            self._path = None
            text = f"what is sent to the model is not kept in {path}: {plain(error)}"
            self._emit(Notice(text=text, severity="warning"))


def as_json(entry: SentRequest) -> dict[str, Any]:
    """A line of the file, as `finchat schema sent-line` has it."""
    return {
        "number": entry.number,
        "at": instant_text(entry.at),
        "destination": entry.destination,
        "model": entry.model,
        "api": entry.api,
        "bytes": entry.bytes,
        "tokens": entry.tokens,
        "parts": entry.parts,
        "again": entry.again,
        "new": [asdict(part) for part in entry.new],
    }


def read_sent(lines: Iterable[str]) -> Iterator[SentRequest]:
    """The requests of a file of a session. Raises ValueError for a line that is none."""
    for line in lines:
        try:
            data: Mapping[str, Any] = json.loads(line)
            new = tuple(SentPart(**part) for part in data["new"])
            yield SentRequest(**{**data, "at": datetime.fromisoformat(data["at"]), "new": new})
        except (TypeError, KeyError) as error:
            raise ValueError(f"not a line of what was sent: {error}") from None


def _described(one: Item | ToolSpec, called: Mapping[str, str]) -> SentPart:
    match one:
        case ToolSpec():
            return _part("tool", one.name, f"{one.description}\n{_compact(one.parameters)}")
        case UserText():
            return _part("user", "", one.text)
        case AssistantText():
            return _part("assistant", "", one.text)
        case Reasoning():
            return _part("reasoning", "", _compact(one.payload))
        case ToolCall():
            return _part("call", one.name, one.arguments)
        case ToolOutput():
            return _part("output", called.get(one.call_id, ""), one.text)


def _part(kind: PartKind, label: str, text: str) -> SentPart:
    size = len(text.encode("utf-8", "surrogatepass")) + len(label.encode("utf-8", "surrogatepass"))
    return SentPart(kind=kind, label=label, text=text, bytes=size, tokens=estimate(label) + estimate(text))


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
