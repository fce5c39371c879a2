"""One line from a person at a terminal. What was typed before the prompt appeared is thrown away."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from finchat.text.sanitise import visible

if TYPE_CHECKING:
    from finchat.ui.sink import Sink

_LONGEST_LINE = 4096
# Bracketed paste: the terminal says where something pasted begins and ends.
_MARK_PASTES, _MARK_NO_PASTES = "\x1b[?2004h", "\x1b[?2004l"
_BEGUN, _ENDED = "\x1b[200~", "\x1b[201~"
_NOT_PASTED = "what is pasted decides nothing: press Enter, then type it\n"


async def ask(sink: Sink, prompt: str, *, decides: bool = False) -> str | None:
    """The line typed after `prompt`, stripped; None at end of input. The event loop goes on meanwhile.

    The terminal's own line editing is used: a line arrives whole, and Ctrl-C raises KeyboardInterrupt as anywhere.
    A line that `decides` has to be typed: one that is pasted is refused, and asked for again.
    """
    stream = sink.stderr or sys.stderr
    prompt = "\n".join(map(visible, prompt.split("\n")))  # it may name what strangers named
    sink.err.file.flush()
    fd = sys.stdin.fileno()
    marks = decides and os.environ.get("TERM", "") not in {"", "dumb"}
    while True:
        discard_typed_ahead(fd)
        _say(stream, _MARK_PASTES * marks + prompt)
        try:
            line = await typed_line(fd)
            pasted = marks and line is not None and _BEGUN in line
            if pasted:
                _say(stream, _NOT_PASTED)
                while line is not None and _ENDED not in line:  # the lines that follow are pasted too
                    line = await typed_line(fd)
        finally:
            _say(stream, _MARK_NO_PASTES * marks)
        if line is None:
            _say(stream, "\n")
            return None
        if not pasted:
            return line.strip()


def _say(stream: IO[str], words: str) -> None:
    if words:
        stream.write(words)
        stream.flush()


def discard_typed_ahead(fd: int) -> None:
    """Forget keys pressed before now: a "y" typed or pasted early approves nothing."""
    with suppress(ImportError, OSError):
        import termios

        try:
            termios.tcflush(fd, termios.TCIFLUSH)
        except termios.error:
            return


async def typed_line(fd: int) -> str | None:
    """One line of a terminal in its ordinary mode, without its end; None at end of input. POSIX."""
    loop = asyncio.get_running_loop()
    data = b""
    while b"\n" not in data and len(data) < _LONGEST_LINE:
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(fd, _wake, ready)
        try:
            await ready
        finally:
            loop.remove_reader(fd)
        try:
            chunk = os.read(fd, _LONGEST_LINE)
        except OSError:  # the terminal is gone
            return None
        if not chunk:
            return None
        data += chunk
    return data.split(b"\n", 1)[0].decode("utf-8", "replace")


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
