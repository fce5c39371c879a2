"""What the engine is doing, while it does it: on stderr, one line that is rewritten on a terminal.

On a dumb terminal every step is a plain line; away from a terminal only what matters later is said (waits,
recoveries, notices, writes).
"""

from __future__ import annotations

import asyncio
import io
import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import IO, Self

from finchat.events import Emit, Event, Notice, Reading, Recovered, Waiting, Working, Writing
from finchat.text.redact import redact
from finchat.text.sanitise import one_line
from finchat.ui.sink import Sink, is_terminal

_LONGEST = 1_000  # characters of what one event names
_OUTCOME_MARK = {"committed": "done", "failed": "FAILED", "unknown": "UNKNOWN", "not_sent": "not sent"}


class Progress:
    """An Emit for people. Use as a context manager: leaving it clears the line."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        stream = sink.stderr or sys.stderr
        self._silent = sink.mode != "human" or stream is None
        self._stream: IO[str] = stream or io.StringIO()
        terminal = is_terminal(self._stream)
        self._live = terminal and os.environ.get("TERM", "") not in {"", "dumb"}
        self._plain = terminal and not self._live
        self._still = self._live and getattr(self._stream, "recorded", False)  # what passes is no part of a recording
        self._shown = ""
        self._read = ""
        self._counts: dict[str, int] = {}
        self._until = 0.0  # of the wait that goes on, by the monotonic clock
        self._reason = self._read_meanwhile = ""
        self._paused = False
        self._diverted: Emit | None = None
        self._ticker: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.clear()

    def __call__(self, event: Event) -> None:
        """Show one event. Never raises: a closed stderr must not stop a write half-way."""
        if self._diverted is not None:
            self._diverted(event)
            return
        if self._silent:
            return
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        try:
            self._show(event)
        except (OSError, ValueError):
            self._silent = True

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is drawn while a person reads a card or types."""
        self.clear()
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    @contextmanager
    def diverted(self, to: Emit) -> Iterator[None]:
        """Events go to a screen of its own, which tells them in its own place."""
        self.clear()
        self._diverted = to
        try:
            yield
        finally:
            self._diverted = None

    @contextmanager
    def drawn(self) -> Iterator[None]:
        """Inside `diverted`: for a while events are drawn here after all."""
        to, self._diverted = self._diverted, None
        try:
            yield
        finally:
            self.clear()
            self._diverted = to

    def clear(self) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        if self._plain and not self._silent:
            try:
                self._say_read()
            except (OSError, ValueError):
                self._silent = True
        if self._live and self._shown:
            try:
                self._stream.write("\r\x1b[K")
                self._stream.flush()
            except (OSError, ValueError):
                self._silent = True
            self._shown = ""

    def _show(self, event: Event) -> None:
        if not isinstance(event, Reading):
            self._say_read()
        match event:
            case Reading() if self._plain:
                self._read = self._reading(event)  # said once, when something else comes
                return
            case Reading() if self._until > time.monotonic():
                self._read_meanwhile = self._reading(event)  # the wait is what holds a person up: it stays in sight
                self._count_down(self._until, self._reason)
            case Reading():
                self._step(self._reading(event))
            case Waiting():
                if not self._still:
                    self._waiting(event)
            case Working():
                self._step(f"{_safe(event.what)} …")
            case Writing(outcome="sending"):
                self._step(f"writing: {_safe(event.text)} …")
            case Writing():
                self._line(f"{_OUTCOME_MARK[event.outcome]}: {_safe(event.text)}")
            case Recovered():
                self._line(f"recovered: {_safe(event.text)} [{_OUTCOME_MARK[event.outcome]}]")
            case Notice():
                self._line(("warning: " if event.severity == "warning" else "note: ") + _safe(event.text))

    def _say_read(self) -> None:
        if self._read:
            text, self._read, self._counts = self._read, "", {}
            self._step(text)

    def _reading(self, event: Reading) -> str:
        self._counts[event.what] = event.rows
        parts = [f"{_safe(what)} {rows}" if rows else _safe(what) for what, rows in self._counts.items()]
        return f"reading {_safe(event.server)}: " + ", ".join(parts) + ("" if event.done else " …")

    def _waiting(self, event: Waiting) -> None:
        reason = _safe(event.reason)
        if self._live:
            self._until, self._reason = time.monotonic() + event.seconds, reason
            self._count_down(self._until, reason)
        elif event.seconds >= 1:
            self._line(f"waiting {event.seconds:.0f} s: {reason}")

    def _count_down(self, until: float, reason: str) -> None:
        """Redraw what is left of a wait once a second, until it is over or something else is shown."""
        left = until - time.monotonic()
        if left <= 0:
            self._read_meanwhile = ""
            return
        meanwhile = f" · {self._read_meanwhile}" if self._read_meanwhile else ""
        self._step(f"waiting {math.ceil(left)} s: {reason}{meanwhile}")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._ticker = loop.call_later(min(1.0, left), self._count_down, until, reason)

    def _step(self, text: str) -> None:
        """A passing state: rewritten in place, or a plain line on a dumb terminal, or nothing."""
        if self._paused or self._still or text == self._shown:
            return
        if self._live:
            width = _width(self._stream)
            shown = _fitted(text, width - 1)
            self._stream.write(f"\r\x1b[K{shown}")
            self._stream.flush()
            self._shown = text
        elif self._plain:
            self._stream.write(f"{text}\n")
            self._stream.flush()
            self._shown = text

    def _line(self, text: str) -> None:
        """Something to keep: one line in a log, wrapped between words on a terminal."""
        self.clear()
        if is_terminal(self._stream):
            self._sink.err.print(text)
        else:
            self._stream.write(f"{text}\n")
            self._stream.flush()


def _safe(text: str) -> str:
    return one_line(redact(text), _LONGEST)


def _fitted(text: str, columns: int) -> str:
    """The text, cut with an ellipsis where it would not stay on its row."""
    if text.isascii() and len(text) <= columns:
        return text
    from finchat.ui.chat.filling import cells, fitting

    return text if cells(text) <= columns else f"{text[: fitting(text, columns - 1)]}…"


def _width(stream: IO[str]) -> int:
    try:
        return max(os.get_terminal_size(stream.fileno()).columns, 20)
    except (OSError, ValueError):
        return 80
