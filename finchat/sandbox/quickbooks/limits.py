"""The vendor's throttling: requests a minute and a second, batches a minute; 429 comes as XML."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from finchat.errors import UsageError
from finchat.sandbox.windows import Window

_TEXT = re.compile(r"(\d{1,7})/(\d{1,6}(?:\.\d{1,3})?)s,(\d{1,7}),(\d{1,7})\Z", re.ASCII)
BATCH_ITEMS = 30
"""Operations that one batch may hold."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`per_window` requests of a company in any `window_s` seconds, `per_second` in any one, `batches` in a minute."""

    per_window: int = 500
    window_s: float = 60.0
    per_second: int = 10
    batches: int = 40

    @classmethod
    def parse(cls, text: str) -> Limits:
        """From "500/60s,10,40": requests/window, a second, batches a minute. Raises UsageError."""
        match = _TEXT.match(text.strip())
        if match is None or not (int(match[1]) and float(match[2]) and int(match[3]) and int(match[4])):
            raise UsageError(
                f"not a rate limit: {text!r}",
                field="--limits",
                next="write requests/windows,a-second,batches-a-minute, for example 500/60s,10,40",
            )
        return cls(int(match[1]), float(match[2]), int(match[3]), int(match[4]))


class RateLimiter:
    """Counts the requests of one company by a monotonic clock. A refused request is not counted."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self.limits = limits
        self._monotonic = monotonic
        self._requests = (Window(limits.per_window, limits.window_s), Window(limits.per_second, 1.0))
        self._batches = Window(limits.batches, 60.0)

    def enter(self, *, batch: bool = False) -> bool:
        """Whether the request may run; a batch counts as one request and as one batch."""
        now = self._monotonic()
        windows = (*self._requests, self._batches) if batch else self._requests
        if not all(window.left(now) for window in windows):
            return False
        for window in windows:
            window.count(now)
        return True


def throttled(time: str) -> str:
    """The body of a 429: XML whatever was accepted. The vendor sends no header that says when to come again."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<IntuitResponse time="{time}" xmlns="http://schema.intuit.com/finance/v3">\n'
        '    <Fault type="SERVICE">\n'
        '        <Error code="3001">\n'
        "            <Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>\n"
        "            <Detail>The request limit was reached.  Try again later</Detail>\n"
        "        </Error>\n"
        "    </Fault>\n"
        "</IntuitResponse>\n"
    )
