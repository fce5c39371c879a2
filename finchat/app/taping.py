"""The tape of this process's run: none, one that records it, or one that plays a recording back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from finchat.agent.openai.exchange import Endpoint
    from finchat.app.invocation import Invocation
    from finchat.connections.tape import OpenLink
    from finchat.ui.answers import Asks


class Tape(Protocol):
    """Everything a run hears from outside passes here: servers, the model, the person, facts of this machine."""

    replays: bool

    async def link(
        self,
        server: str,
        really: Callable[[], Awaitable[OpenLink]],
        changed: Callable[[], None],
        is_read: Callable[[str], bool] | None = None,
    ) -> OpenLink:
        """See finchat.connections.tape.LinkTape."""

    def endpoint(self, really: Callable[[], Endpoint]) -> Endpoint:
        """See finchat.agent.openai.exchange.EndpointTape."""

    async def answer(self, asks: Asks, prompt: str, typed: Callable[[], Awaitable[str | None]]) -> str | None:
        """See finchat.ui.answers.Answers."""

    def interruption(self, cancel: Callable[[], None]) -> Callable[[], None]:
        """See finchat.ui.answers.Answers."""

    def turn_over(self) -> None:
        """See finchat.ui.answers.Answers."""

    def local(self, name: str, compute: Callable[[], Any]) -> Any:
        """A fact of this machine that the run goes by (JSON data): computed and noted, or as it was recorded."""


_tape: Tape | None = None
_calls: list[Invocation] = []


def tape() -> Tape | None:
    """The tape of the run that goes on."""
    return _tape


def local(name: str, compute: Callable[[], Any]) -> Any:
    """A fact of this machine that the run goes by (JSON data)."""
    return compute() if _tape is None else _tape.local(name, compute)


def replays() -> bool:
    """Nothing outside is there: a recording is played back."""
    return _tape is not None and _tape.replays


def called(call: Invocation) -> None:
    """The command line of the run, once it is understood: its settings belong to a recording."""
    if _tape is not None:
        _calls[:] = [call]


def last_call() -> Invocation | None:
    """The command line of the run that was taped last."""
    return _calls[0] if _calls else None


@contextmanager
def taped(by: Tape) -> Iterator[None]:
    """Inside the block the run is on a tape."""
    global _tape  # noqa: PLW0603 - a process runs one command
    before, _tape = _tape, by
    _calls.clear()
    try:
        yield
    finally:
        _tape = before
