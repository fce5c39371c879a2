"""A terminal that a test looks at as a person does: a real program behind it, and the screen with its scrollback."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import pexpect
import pyte

from tests import forked

_LOST_S = 30.0  # a test that waits longer for a screen has lost it


class Terminal:
    """finchat at a terminal of `columns` by `rows`. `how`: see forked.spawn. Use it as a context manager."""

    def __init__(
        self, *arguments: str, environment: Mapping[str, str], columns: int = 80, rows: int = 50, term: str = "xterm",
        **how: Any,
    ) -> None:  # fmt: skip
        self._screen = pyte.HistoryScreen(columns, rows, history=5_000, ratio=0.5)
        self._stream = pyte.Stream(self._screen)
        self.raw = ""
        self.child: pexpect.spawn[Any] = forked.spawn(
            *arguments, env={**environment, "TERM": term}, dimensions=(rows, columns), encoding="utf-8",
            timeout=_LOST_S, **how,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.close(force=True)

    def read(self, timeout_s: float = 0.05) -> bool:
        """Take in what the program wrote; False when it has ended."""
        try:
            piece = self.child.read_nonblocking(65_536, timeout=timeout_s)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += piece
        self._stream.feed(piece)
        if "\x1b[6n" in piece:  # where is the cursor? a terminal says
            self.child.send(f"\x1b[{self._screen.cursor.y + 1};{self._screen.cursor.x + 1}R")
        return True

    @property
    def lines(self) -> list[str]:
        """All that was ever on the screen, scrollback first."""
        above = ["".join(row[x].data for x in range(self._screen.columns)) for row in self._screen.history.top]
        return [line.rstrip() for line in (*above, *self._screen.display)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def shown(self) -> list[str]:
        """What is on the screen now."""
        return [line.rstrip() for line in self._screen.display]

    def until(self, pattern: str, *, after: int = 0) -> re.Match[str]:
        """Wait until the screen or its scrollback shows this; `after`: not before this place in `text`."""
        found: list[re.Match[str]] = []

        def there() -> bool:
            found[:] = [m for m in re.finditer(pattern, self.text, re.MULTILINE) if m.start() >= after]
            return bool(found)

        self._wait(there, pattern)
        return found[0]

    def ended(self) -> int | None:
        """Wait for the program's end: its exit code, or None after a signal."""
        deadline = time.monotonic() + _LOST_S
        while self.read() and time.monotonic() < deadline:
            pass
        self.child.close()
        return self.child.exitstatus

    def type(self, text: str) -> None:
        self.child.send(text)

    def line(self, text: str) -> None:
        self.child.send(text + "\r")

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def _wait(self, there: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _LOST_S
        looked_at = -1  # a screen is looked at once
        while looked_at == len(self.raw) or not there():
            looked_at = len(self.raw)
            alive = self.read()
            if looked_at != len(self.raw) and there():
                return
            if not alive or time.monotonic() > deadline:
                raise AssertionError(f"never on the screen: {what}\n{self.text}")
