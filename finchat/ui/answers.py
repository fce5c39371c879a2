"""What a person types, as a recording and its replay hold on to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol

from finchat.text.sanitise import visible

Asks = Literal["decision", "line", "question", "chat", "keys"]


class Answers(Protocol):
    """Records what a person types in a run, or types it again.

    asks: decision (a line that approves or refuses), line (any other line after a prompt), question (a card's own
    question), chat (a line at the chat's prompt), keys (what a terminal sends for keys pressed on a screen of its own;
    the last of a sitting is "": the screen was gone). Turns do not nest.
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


async def heard(
    answers: Answers | None, asks: Asks, prompt: str, typed: Callable[[], Awaitable[str | None]]
) -> str | None:
    """What `typed` brings, noted in a recording; in a replay what was recorded."""
    return await typed() if answers is None else await answers.answer(asks, prompt, typed)


def replayed(answers: Answers | None) -> bool:
    """Nobody is at the keyboard: a recording is played back."""
    return answers is not None and answers.replays


@contextmanager
def stopping(
    answers: Answers | None, work: asyncio.Future[Any], stop: Callable[[], None]
) -> Iterator[Callable[[], None]]:
    """What Ctrl-C calls while `work` goes on: `stop`, noted in a recording; in a replay it is called where it was."""
    noted = stop if answers is None else answers.interruption(stop)

    def stopped() -> None:
        if not work.done():
            noted()

    try:
        yield stopped
    finally:
        if answers is not None:
            answers.turn_over()


def echoed(line: str) -> str:
    """A typed line as a terminal shows it while it is typed: a control character as `^` and its letter. It may come
    from a stranger's recording, so nothing in it is acted on."""
    return _SHOWN.sub(lambda found: visible(_CONTROL.sub(_caret, found[0])), line)


_SHOWN = re.compile(r"[^\n\t]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _caret(found: re.Match[str]) -> str:
    return f"^{chr(ord(found[0]) ^ 0x40)}"
