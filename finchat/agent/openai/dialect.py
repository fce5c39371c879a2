"""What the two APIs have in common, so that one model speaks both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from finchat.agent.messages import (
    Api,
    Item,
    ModelRequest,
    Reasoning,
    ToolCall,
    ToolOutput,
    ToolSpec,
    TurnComplete,
    UserText,
)


class Reader(Protocol):
    """Reads one answer. Raises TurnBroken, or ContextTooLong where the answer says so."""

    @property
    def ended(self) -> bool:
        """The API has said that the stream is over."""

    def take(self, name: str, data: str) -> Iterator[str]:
        """One server-sent event; yields the words that can be shown."""

    def take_document(self, document: Mapping[str, Any]) -> Iterator[str]:
        """The document of an answer that is not streamed."""

    def complete(self) -> TurnComplete:
        """The whole turn. Raises TurnBroken when the API did not say that it is whole."""

    def seen(self) -> tuple[ToolCall, ...]:
        """The calls that were begun so far, whole or not: for the record of a turn that broke. Never raises."""


class Dialect(Protocol):
    """One API: how a request is written and an answer read."""

    api: Api
    path: str

    def body(self, request: ModelRequest, *, stream: bool) -> bytes: ...

    def reader(self, request: ModelRequest) -> Reader: ...

    def do_without(self, codes: set[str], words: str) -> str | None:
        """Leave out of later requests what the endpoint just refused, where an answer needs it not. What was left out,
        or None when that is not why it refused."""


def encoded(value: Any) -> bytes:
    """A value as JSON. Halves of surrogate pairs, which no server can read, become question marks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict).encode("utf-8", "replace")


Encoded = list[bytes | bytearray]  # in pieces: a long conversation is copied once, when the body is put together


def encoded_object(fields: Mapping[str, bytes | Encoded]) -> bytes:
    """A JSON object of fields that are encoded already."""
    parts: Encoded = []
    for name, value in fields.items():
        parts.append(b'%s"%s":' % (b"," if parts else b"{", name.encode()))
        parts += value if isinstance(value, list) else [value]
    return b"".join([*parts, b"}"])


class Conversation:
    """The items of a request as JSON, where only what came since the last request is encoded: the time of a turn does
    not grow with the conversation.

    `write` gives the elements of the API's list for a run of items; it must not need the items before a person's text
    or a tool's output.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Any]]) -> None:
        self._write = write
        self._items: tuple[Item, ...] = ()
        self._encoded = bytearray()

    def encoded(self, first: Sequence[Any], items: tuple[Item, ...]) -> Encoded:
        """A JSON list of `first` and the items, in pieces to be joined before the next call."""
        known = len(self._items)
        if items[:known] != self._items:  # equal objects are seen at their identity
            known, self._items, self._encoded = 0, (), bytearray()
        new = _joined(self._write(items[known:]))
        rest = b""
        if items and isinstance(items[-1], UserText | ToolOutput):
            self._items = items
            self._encoded += b"," + new if self._encoded and new else new
        else:
            rest = new
        out: Encoded = [b"["]
        for piece in (_joined(first), self._encoded, rest):
            if piece:
                out += [b",", piece] if len(out) > 1 else [piece]
        return [*out, b"]"]


def _joined(elements: Sequence[Any]) -> bytes:
    return b",".join(encoded(element) for element in elements)


class Tools:
    """The tools of a request as JSON, encoded again only when they are others."""

    def __init__(self, write: Callable[[ToolSpec], Any]) -> None:
        self._write = write
        self._specs: tuple[ToolSpec, ...] = ()
        self._encoded = b""

    def encoded(self, specs: tuple[ToolSpec, ...]) -> bytes:
        if specs != self._specs:
            self._encoded = encoded([self._write(spec) for spec in specs])
            self._specs = specs
        return self._encoded


class OwnReasoning:
    """Reasoning items are read by none but the model, API and endpoint that gave them: they are marked on the way in,
    and others are left out on the way back."""

    def __init__(self, api: Api, destination: str, model: str) -> None:
        self._origin = f"{api} {destination} {model}"

    def keep(self, item: Mapping[str, Any]) -> Reasoning:
        return Reasoning({"origin": self._origin, "item": dict(item)})

    def given_back(self, reasoning: Reasoning) -> Mapping[str, Any] | None:
        item = reasoning.payload.get("item")
        return item if reasoning.payload.get("origin") == self._origin and isinstance(item, dict) else None
