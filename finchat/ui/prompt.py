"""One line from a person at a terminal. What was typed before the prompt appeared is thrown away."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finchat.ui.sink import Sink

_LONGEST_LINE = 4096


async def ask(sink: Sink, prompt: str) -> str | None:
    """The line typed after `prompt`, stripped; None at end of input. The event loop goes on meanwhile.

    The terminal's own line editing is used: a line arrives whole, and Ctrl-C raises KeyboardInterrupt as anywhere.
    """
    stream = sink.stderr or sys.stderr
    sink.err.file.flush()
    fd = sys.stdin.fileno()
    discard_typed_ahead(fd)
    stream.write(prompt)
    stream.flush()
    line = await typed_line(fd)
    if line is None:
        stream.write("\n")
        stream.flush()
        return None
    return line.strip()


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
