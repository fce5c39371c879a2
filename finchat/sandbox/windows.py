"""Counting calls in a sliding window of time."""

from __future__ import annotations

import math
from collections import deque


class Window:
    """At most `most` calls in any `seconds`, by a monotonic clock whose instants the caller gives."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most = most
        self.seconds = seconds
        self._calls: deque[float] = deque()

    def left(self, now: float) -> int:
        """How many calls may still come."""
        while self._calls and self._calls[0] <= now - self.seconds:
            self._calls.popleft()
        return max(0, self.most - len(self._calls))

    def count(self, now: float) -> None:
        self._calls.append(now)

    def used(self, now: float) -> int:
        return self.most - self.left(now)

    def wait_s(self, now: float) -> int:
        """Whole seconds until a call may come, at least one; asked when none is left."""
        return max(1, math.ceil(self._calls[0] + self.seconds - now))
