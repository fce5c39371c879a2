"""The vendor's rate limits: calls in a sliding window, calls at once, calls a day."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from finchat.errors import UsageError
from finchat.sandbox.windows import Window

DAY_S = 86_400.0
_TEXT = re.compile(r"(\d{1,7})/(\d{1,6}(?:\.\d{1,3})?)s,(\d{1,4}),(\d{1,9})\Z", re.ASCII)
Problem = Literal["minute", "day", "concurrent"]


@dataclass(frozen=True, slots=True)
class Limits:
    """`per_window` calls in any `window_s` seconds, `concurrent` at once, `per_day` in any 24 hours."""

    per_window: int = 60
    window_s: float = 60.0
    concurrent: int = 5
    per_day: int = 5000

    @classmethod
    def parse(cls, text: str) -> Limits:
        """From "60/60s,5,5000": calls/window, at once, a day. Raises UsageError."""
        match = _TEXT.match(text.strip())
        if match is None or not (int(match[1]) and float(match[2]) and int(match[3]) and int(match[4])):
            raise UsageError(
                f"not a rate limit: {text!r}",
                field="--limits",
                next="write calls/windows,at-once,a-day, for example 60/60s,5,5000",
            )
        return cls(int(match[1]), float(match[2]), int(match[3]), int(match[4]))


@dataclass(frozen=True, slots=True)
class Refused:
    """Which limit a call ran into, and after how many whole seconds it may come again."""

    problem: Problem
    retry_after_s: int | None


class RateLimiter:
    """Counts the calls of one organisation by a monotonic clock. A refused call is not counted."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self.limits = limits
        self._monotonic = monotonic
        self._window = Window(limits.per_window, limits.window_s)
        self._day = Window(limits.per_day, DAY_S)
        self._running = 0

    def enter(self) -> Refused | None:
        """Take a slot; None when the call may run (then `leave` it)."""
        now = self._monotonic()
        if not self._day.left(now):
            return Refused("day", self._day.wait_s(now))
        if not self._window.left(now):
            return Refused("minute", self._window.wait_s(now))
        if self._running >= self.limits.concurrent:
            return Refused("concurrent", None)
        self._window.count(now)
        self._day.count(now)
        self._running += 1
        return None

    def leave(self) -> None:
        self._running -= 1

    def headers(self) -> dict[str, str]:
        """What is left, as the vendor's headers say it.

        Limits that are not the vendor's own are told as well (RateLimit-Policy, RFC draft): no client could know them.
        """
        now = self._monotonic()
        told = f'"minute";q={self.limits.per_window};w={self.limits.window_s:g}'
        standard = Limits()
        own = (self.limits.per_window, self.limits.window_s) != (standard.per_window, standard.window_s)
        return ({"RateLimit-Policy": told} if own else {}) | {
            "X-MinLimit-Remaining": str(self._window.left(now)),
            "X-DayLimit-Remaining": str(self._day.left(now)),
            "X-AppMinLimit-Remaining": str(max(0, 10_000 - self._window.used(now))),
        }
