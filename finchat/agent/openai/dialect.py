"""What the two APIs have in common, so that one model speaks both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from finchat.agent.messages import Api, ModelRequest, Reasoning, TurnComplete


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


class Dialect(Protocol):
    """One API: how a request is written and an answer read."""

    api: Api
    path: str

    def body(self, request: ModelRequest, *, stream: bool) -> bytes: ...

    def reader(self, request: ModelRequest) -> Reader: ...

    def do_without(self, codes: set[str], words: str) -> str | None:
        """Leave out of later requests what the endpoint just refused, where an answer needs it not. What was left out,
        or None when that is not why it refused."""


def encoded(body: Mapping[str, Any]) -> bytes:
    """A body as JSON. Halves of surrogate pairs, which no server can read, become question marks."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=dict).encode("utf-8", "replace")


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
