"""The prompt without redraws: for screen readers, terminals that cannot place a cursor, and piped lines."""

from __future__ import annotations

import asyncio
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from typing import IO, TYPE_CHECKING

from finchat.ui.answers import Answers, echoed, heard, replayed
from finchat.ui.chat.interrupts import interrupts
from finchat.ui.chat.toolbar import ToolbarState, cells, text
from finchat.ui.chat.typed import CONTINUED, LEAVES, LONGEST, PROMPT, plain, said
from finchat.ui.prompt import typed_line
from finchat.ui.sink import is_terminal

if TYPE_CHECKING:
    from finchat.ui.chat.completion import CommandRow, Completion

_LONGEST_BYTES = 4 * LONGEST


class PlainPrompt:
    """One line a question; at a terminal a trailing backslash adds a line, and words go to stderr as they come."""

    def __init__(
        self,
        *,
        toolbar: ToolbarState,
        commands: Sequence[CommandRow] = (),
        stdin: IO[bytes] | None = None,
        stderr: IO[str] | None = None,
        answers: Answers | None = None,
    ) -> None:
        self._answers = answers
        self.toolbar = toolbar
        self.commands = commands
        self._stdin = stdin
        self._stderr = stderr or sys.stderr
        self.interactive = stdin is None and is_terminal(sys.stdin) and is_terminal(self._stderr)
        self._state = ""
        self._started = False

    async def ask(self) -> str | None:
        """The next line that is not empty; None at end of input. Ctrl-C at a terminal forgets the line."""
        while True:
            line = await self._answered()
            if line is None:
                return None
            if len(line) > LONGEST:
                self.notice(f"the line is longer than {LONGEST:,} characters: only its beginning is taken")
            if asked := plain(line[:LONGEST]).strip():
                return asked

    def learn(self, words: Iterable[Completion]) -> None:
        """Nothing is completed here."""

    def notice(self, text: str) -> None:
        """Words of finchat's own, as lines on stderr."""
        self._write(said(text, self._columns()))

    @asynccontextmanager
    async def turn(self, cancel: Callable[[], None]) -> AsyncIterator[None]:
        """While a turn runs: Ctrl-C calls `cancel`. The terminal keeps and shows what is typed meanwhile."""
        with interrupts(cancel):
            yield

    def suspended(self) -> AbstractContextManager[None]:
        """The terminal is an ordinary one all the time."""
        return nullcontext()

    async def _answered(self) -> str | None:
        if not self.interactive:
            return await heard(self._answers, "chat", "", self._piped_line)
        self._tell_state()
        if not replayed(self._answers):
            return await heard(self._answers, "chat", PROMPT, self._line)
        self._write(PROMPT)
        line = await heard(self._answers, "chat", PROMPT, self._line)
        typed = () if line is None else map(echoed, line.split("\n"))
        self._write(f"\\\n{CONTINUED}".join(typed) + "\n")
        return line

    async def _line(self) -> str | None:
        with interrupts(lambda: self._write(f"\n{LEAVES}\n{PROMPT}")):
            lines: list[str] = []
            while True:
                self._write(CONTINUED if lines else PROMPT)
                line = await self._terminal_line()
                if line is None:
                    self._write("\n")
                    return "\n".join(lines) if lines else None
                if not line.endswith("\\"):
                    return "\n".join([*lines, line])
                lines.append(line[:-1])

    async def _terminal_line(self) -> str | None:
        if sys.platform == "win32":
            return await self._piped_line()
        return await typed_line(sys.stdin.fileno())

    async def _piped_line(self) -> str | None:
        """A line read in a thread that nobody waits for at the end: a pipe may never say another word."""
        loop = asyncio.get_running_loop()
        line: asyncio.Future[bytes | None] = loop.create_future()

        def take(found: bytes | None) -> None:
            if not line.done():
                line.set_result(found)

        def read() -> None:
            found = self._read()
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(take, found)

        threading.Thread(target=read, name="finchat-input", daemon=True).start()
        given = await line
        if given is None:
            return None
        decoded = given.decode("utf-8", "replace")
        if not self._started:
            self._started, decoded = True, decoded.removeprefix("\ufeff")
        return decoded.rstrip("\r\n")[: LONGEST + 1]

    def _read(self) -> bytes | None:
        stream = self._stdin or getattr(sys.stdin, "buffer", None)
        if stream is None:
            return None
        try:
            line: bytes = stream.readline(_LONGEST_BYTES + 1)
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = stream.readline(_LONGEST_BYTES)
        except (OSError, ValueError):
            return None
        return line or None

    def _tell_state(self) -> None:
        """Where one is, said when it is not what was said last; what every turn changes is left out."""
        state = text(replace(self.toolbar, tokens=0, cost=None, api_left=None, changed=None), 10**6)
        if state != self._state:
            self._state = state
            line, columns = f"[{state}]", self._columns()
            self._write(said(line, columns) if cells(line) > columns > 0 else f"{line}\n")

    def _columns(self) -> int:
        return shutil.get_terminal_size().columns if is_terminal(self._stderr) else 0

    def _write(self, words: str) -> None:
        with suppress(OSError, ValueError):
            self._stderr.write(words)
            self._stderr.flush()
