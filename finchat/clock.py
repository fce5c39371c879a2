"""The clock. Instants are aware UTC; durations come from the monotonic clock.

Everything in finchat that asks for the time, or waits, asks here: a recording and its replay tell the time themselves.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ParamSpec, Protocol, TypeVar
from zoneinfo import ZoneInfo

from finchat.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")


class Time(Protocol):
    """Who tells the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class _System:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


_time: Time = _System()


@contextmanager
def told_by(teller: Time) -> Iterator[None]:
    """Inside the block `teller` tells the time."""
    global _time  # noqa: PLW0603 - a process has one clock
    before, _time = _time, teller
    try:
        yield
    finally:
        _time = before


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return _time.now()


def monotonic() -> float:
    """Seconds of a clock that never goes back; only differences mean anything."""
    return _time.monotonic()


async def sleep(seconds: float) -> None:
    """Wait for `seconds`."""
    await _time.sleep(seconds)


async def beside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do slow work in a thread while everything else goes on. A replay does one thing after the other: nothing it
    prints may hang on which thread is done first."""
    if getattr(_time, "replays", False):
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Clock:
    """`fixed` pins the instant (FINCHAT_NOW: sandbox and --from-files only); otherwise the system clock."""

    fixed: datetime | None = None

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return self.fixed or utc_now()

    def today(self, timezone: str) -> date:
        """The calendar day of `now` in an IANA time zone."""
        return self.now().astimezone(ZoneInfo(timezone)).date()

    @staticmethod
    def monotonic() -> float:
        return monotonic()


def clock_from_environment(environ: Mapping[str, str] = os.environ) -> Clock:
    """A clock pinned by FINCHAT_NOW, when it is set. Raises UsageError when it is not an ISO instant with a zone."""
    text = environ.get("FINCHAT_NOW")
    return Clock(parse_instant(text, "FINCHAT_NOW")) if text else Clock()


def parse_instant(text: str, field: str) -> datetime:
    """An ISO instant with a zone, in UTC. Raises UsageError naming the field."""
    try:
        instant = datetime.fromisoformat(text)
        found = None if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise UsageError(
            f"{field} is not an instant with a zone: {text!r}", field=field, next="write it like 2026-11-20T18:00:00Z"
        )
    return found


def instant_text(instant: datetime) -> str:
    """ISO in UTC with microseconds and Z, the one spelling finchat writes."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
