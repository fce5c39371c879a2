"""A program at a pseudo-terminal, and what its screen shows: waits for words, never for time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pyte

from tests import forked

NOW = "2026-11-20T09:00:00Z"


class Screen:
    """One finchat at a terminal of its own."""

    def __init__(
        self, home: Path, *arguments: str, columns: int = 100, rows: int = 30,
        program: str = "finchat.__main__", **environment: str,
    ) -> None:  # fmt: skip
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.seen = b""  # every byte that came
        given = {"FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW, "TERM": "xterm-256color", **environment}
        self.child: pexpect.spawn[bytes] = forked.spawn(
            *arguments, program=program, timeout=60, dimensions=(rows, columns), env={**os.environ, **given}
        )

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait(self, wanted: str | Callable[[str], bool], timeout: float = 20) -> str:
        """The screen once it shows some words, or is as wanted."""
        until = time.monotonic() + timeout
        while True:
            text = self.text
            if wanted in text if isinstance(wanted, str) else wanted(text):
                return text
            assert time.monotonic() < until, f"{wanted!r} never came:\n{text}"
            self._read()

    def press(self, keys: str) -> None:
        self.child.send(keys)

    def resize(self, columns: int, rows: int) -> None:
        self.child.setwinsize(rows, columns)
        self._screen.resize(rows, columns)

    def end(self) -> int:
        """Reads to the end; the exit code (negative: the signal that ended it)."""
        while True:
            try:
                self._feed(self.child.read_nonblocking(65536, timeout=60))
            except pexpect.EOF:
                break
        self.child.close()
        code = self.child.exitstatus
        return int(code) if code is not None else -int(self.child.signalstatus or 0)

    def kill(self) -> None:
        """SIGKILL, as a closed laptop or the system would."""
        os.kill(self.child.pid or 0, signal.SIGKILL)
        self.end()

    def _read(self) -> None:
        try:
            self._feed(self.child.read_nonblocking(65536, timeout=0.1))
        except pexpect.TIMEOUT:
            return

    def _feed(self, data: bytes) -> None:
        self.seen += data
        self._stream.feed(data)
