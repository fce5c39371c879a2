"""finchat as it is, but for chance and the date: what it draws follows from a seed and its day is that of the small
company, so that a recording made again is nearly the same. Run in a process of its own by `tests.recordings.driving`.
"""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime, timedelta

from finchat.clock import Time

SEED = "FINCHAT_MADE_WITH"
BEGINS = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
_BEFORE = timedelta(minutes=30)  # what is not recorded happened before


class _Morning(Time):
    """The machine's time, moved to that day."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> datetime:
        return BEGINS - _BEFORE + timedelta(seconds=time.monotonic() - self._began)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio

        await asyncio.sleep(seconds)


def main() -> None:
    """As finchat.__main__.main; the variable SEED holds some words."""
    from finchat import __main__, chance, clock
    from finchat.app.cassettes import recording
    from finchat.cassettes.recorder import Recorder

    class Dated(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.started = BEGINS

    words = os.environ.pop(SEED)
    recording.new_seed = lambda: hashlib.sha256(words.encode()).digest()  # type: ignore[attr-defined]
    recording.Recorder = Dated  # type: ignore[attr-defined]
    unrecorded = chance.Seeded(hashlib.sha256(f"{words}, unrecorded".encode()).digest())
    with chance.drawn_from(unrecorded), clock.told_by(_Morning()):
        __main__.main()
