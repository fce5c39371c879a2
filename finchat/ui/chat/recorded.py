"""The chat's prompt in a replay: each recorded line stands where the scrollback of a terminal would keep it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import IO, TYPE_CHECKING

from finchat.ui.answers import Answers
from finchat.ui.chat.filling import fitting
from finchat.ui.chat.toolbar import ToolbarState
from finchat.ui.chat.typed import CONTINUED, PROMPT, plain, said

if TYPE_CHECKING:
    from finchat.ui.chat.completion import CommandRow, Completion


class RecordedPrompt:
    """Gives back what was typed at a prompt that was drawn. Implements ChatPrompt."""

    interactive = True

    def __init__(
        self,
        answers: Answers,
        *,
        toolbar: ToolbarState,
        commands: Sequence[CommandRow] = (),
        stderr: IO[str] | None = None,
    ) -> None:
        self.toolbar = toolbar
        self.commands = commands
        self._answers = answers
        self._stderr = stderr or sys.stderr

    async def ask(self) -> str | None:
        """The next recorded line that is not empty; None where the person left."""
        while True:
            line = await self._answers.answer("chat", PROMPT, self._nobody)
            line = None if line is None else plain(line)
            self._write(kept(line or "", shutil.get_terminal_size().columns))
            if line is None or line.strip():
                return line and line.strip()

    def learn(self, words: Iterable[Completion]) -> None:
        """Nothing is completed here."""

    def notice(self, text: str) -> None:
        """Words of finchat's own, as lines."""
        self._write(said(text, shutil.get_terminal_size().columns))

    @asynccontextmanager
    async def turn(self, cancel: Callable[[], None]) -> AsyncIterator[None]:
        """A recorded Ctrl-C is given by the recording; one that is pressed now ends the replay."""
        yield

    def suspended(self) -> AbstractContextManager[None]:
        """There is no keyboard that could be lent."""
        return nullcontext()

    async def _nobody(self) -> None:
        return None

    def _write(self, words: str) -> None:
        self._stderr.write(words)
        self._stderr.flush()


def kept(text: str, columns: int) -> str:
    """The prompt and what was typed at it, in the rows of a terminal `columns` wide: every row but the first begins as
    a further line does, and the cursor had its own place after the last character."""
    rows, begins = [], PROMPT
    for line in text.split("\n"):
        rest = f"{line} "
        while rest:
            count = fitting(rest, columns - len(begins)) or 1
            rows.append((begins + rest[:count]).rstrip())
            rest, begins = rest[count:], CONTINUED
        begins = CONTINUED
    return "".join(f"{row}\n" for row in rows)
