"""What a person types, as a recording and its replay hold on to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

Asks = Literal["decision", "line", "question", "chat", "keys"]


class Answers(Protocol):
    """Records what a person types in a run, or types it again.

    asks: decision (a line that approves or refuses), line (any other line after a prompt), question (a card's own
    question), chat (a line at the chat's prompt), keys (key presses on a screen of its own).
    """

    replays: bool

    async def answer(self, asks: Asks, prompt: str, typed: Callable[[], Awaitable[str | None]]) -> str | None:
        """The line that `typed` brings, and it is noted; in a replay the line that was recorded here, and `typed` is
        never called: whoever asked writes it where a terminal would have shown it. None is end of input.

        Ctrl-C while it is asked is noted and passes on; in a replay it comes again.
        """

    def interruption(self, cancel: Callable[[], None]) -> Callable[[], None]:
        """For the length of a turn: `cancel` in a cover that notes when it is called. In a replay the cover is called
        by itself at the place where it was recorded."""

    def turn_over(self) -> None:
        """The turn has ended by itself: no interruption of it will come."""
