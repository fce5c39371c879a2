"""One request to the model's endpoint and its answer, as the SDK's user sees them; what a recording holds on to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol


class Answer(Protocol):
    """An answer whose headers have come."""

    @property
    def content_type(self) -> str:
        """In lower case, without its parameters; empty when the answer has none."""

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they come. Raises TurnBroken when they stop, are late or too many."""

    async def read(self) -> bytes:
        """The whole body. Raises TurnBroken as `chunks` does."""

    async def close(self, *, read_whole: bool) -> None:
        """Let go of the connection."""


class Endpoint(Protocol):
    """Where requests go. `post` sends once; retrying is the caller's."""

    async def post(self, path: str, body: bytes, *, stream: bool, ends: float) -> Answer:
        """Send a body. Raises Failure when there is no answer, TurnBroken when it is late (`ends`: the loop's time)."""

    async def close(self) -> None:
        """Let go of everything."""


class EndpointTape(Protocol):
    """Records the exchanges with a model, or plays them back without any endpoint."""

    replays: bool

    def endpoint(self, really: Callable[[], Endpoint]) -> Endpoint:
        """An endpoint that records what passes. `really` makes the one that answers."""
