"""One line from a person at a terminal. What was typed before the prompt appeared is thrown away."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from finchat.text.sanitise import visible
from finchat.ui.answers import Asks, echoed, heard, replayed

if TYPE_CHECKING:
    from finchat.ui.sink import Sink

_LONGEST_LINE = 4096
# Bracketed paste: the terminal says where something pasted begins and ends.
_MARK_PASTES, _MARK_NO_PASTES = "\x1b[?2004h", "\x1b[?2004l"
_BEGUN, _ENDED = "\x1b[200~", "\x1b[201~"
_NOT_PASTED = "what is pasted decides nothing: press Enter, then type it\n"


async def ask(sink: Sink, prompt: str, *, decides: bool = False, asks: Asks = "line") -> str | None:
    """The line typed after `prompt`, stripped; None at end of input. The event loop goes on meanwhile.

    The terminal's own line editing is used: a line arrives whole, and Ctrl-C raises KeyboardInterrupt as anywhere.
    A line that `decides` has to be typed: one that is pasted is refused, and asked for again. `asks`: what a recording
    calls it. In a replay nothing is read: the recorded line stands where a terminal would have shown it.
    """
    stream = sink.stderr or sys.stderr
    prompt = "\n".join(map(visible, prompt.split("\n")))  # it may name what strangers named
    sink.err.file.flush()
    marks = decides and os.environ.get("TERM", "") not in {"", "dumb"}
    while True:
        line = await _answered(sink, stream, prompt, marks=marks, asks="decision" if decides else asks)
        if line is None:
            _say(stream, "\n")
            return None
        if not marks or _BEGUN not in line:
            return line.strip()
        _say(stream, _NOT_PASTED)


async def _answered(sink: Sink, stream: IO[str], prompt: str, *, marks: bool, asks: Asks) -> str | None:
    """A line as it was typed, with the marks of what was pasted."""
    if replayed(sink.answers):
        _say(stream, prompt)
        try:
            line = await heard(sink.answers, asks, prompt, _nothing)
        except asyncio.CancelledError:
            _say(stream, echoed("\x03"))
            raise
        if line is not None:
            _say(stream, f"{echoed(line)}\n")
        return line
    fd = sys.stdin.fileno()
    discard_typed_ahead(fd)
    _say(stream, _MARK_PASTES * marks + prompt)
    try:
        return await heard(sink.answers, asks, prompt, lambda: _typed(fd, marks=marks))
    finally:
        _say(stream, _MARK_NO_PASTES * marks)


async def _typed(fd: int, *, marks: bool) -> str | None:
    """The next line; all the lines where a paste begins in it."""
    line = await typed_line(fd)
    lines = [line or ""]
    if marks and _BEGUN in lines[0]:
        while line is not None and _ENDED not in line:
            line = await typed_line(fd)
            lines.append(line or "")
    return None if line is None else "\n".join(lines)


async def _nothing() -> None:
    """Nobody types in a replay."""


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
