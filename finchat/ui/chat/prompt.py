"""Where a person types. `open_prompt` gives the prompt that suits the terminal; both kinds have one interface.

Nothing but the standard library, prompt_toolkit and finchat's light modules is imported here: the prompt is there
while everything else still loads.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from finchat.ui.answers import Answers
from finchat.ui.chat.toolbar import ToolbarState
from finchat.ui.sink import is_terminal

if TYPE_CHECKING:
    from finchat.ui.chat.completion import CommandRow, Completion


class ChatPrompt(Protocol):
    """One line, or several, from a person; what happens to the keyboard between two of them."""

    toolbar: ToolbarState
    commands: Sequence[CommandRow]

    @property
    def interactive(self) -> bool:
        """Whether a person is there who can be asked (else: piped lines)."""

    async def ask(self) -> str | None:
        """What was typed, stripped, never empty; None when the person leaves (Ctrl-D, end of input)."""

    def learn(self, words: Iterable[Completion]) -> None:
        """Offer these words at Tab from now on; the latest first."""

    def notice(self, text: str) -> None:
        """Words of finchat's own, above the prompt when one is up; from any thread."""

    def turn(self, cancel: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """While a turn runs: Ctrl-C calls `cancel` at once, and what is typed waits for the next prompt, unseen."""

    def suspended(self) -> AbstractContextManager[None]:
        """Inside a turn: the terminal is an ordinary one again, for cards and screens that read their own keys.

        What was typed before answers nothing there.
        """


def open_prompt(
    plain: bool,
    home: Path,
    commands: Sequence[CommandRow] = (),
    *,
    toolbar: ToolbarState | None = None,
    answers: Answers | None = None,
) -> ChatPrompt:
    """The prompt for this process's terminal.

    A plain line reader when `plain` is wished for, a stream is no terminal, or the terminal cannot place its cursor.
    `home` is FINCHAT_HOME: the history is kept there. `answers`: of a recording, or of the replay of one.
    """
    state = toolbar or ToolbarState()
    if plain or not able():
        from finchat.ui.chat.plain import PlainPrompt

        return PlainPrompt(toolbar=state, commands=commands, answers=answers)
    if answers is not None and answers.replays:
        from finchat.ui.chat.recorded import RecordedPrompt

        return RecordedPrompt(answers, toolbar=state, commands=commands)
    from finchat.ui.chat.live import LivePrompt

    return LivePrompt(home, toolbar=state, commands=commands, answers=answers)


def first_time(home: Path) -> bool:
    """Nothing was ever asked here: the whole first screen is due."""
    return not (home / "history").exists()


def able() -> bool:
    """The terminal can be drawn on: keys come from one, words go to one, and it is no dumb one."""
    drawable = sys.platform == "win32" or os.environ.get("TERM", "") not in {"", "dumb", "unknown"}
    return drawable and is_terminal(sys.stdin) and is_terminal(sys.stderr)
