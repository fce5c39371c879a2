"""Ctrl-C as a call instead of an exception out of nowhere."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType


@contextmanager
def interrupts(heard: Callable[[], None]) -> Iterator[None]:
    """Inside the block SIGINT calls `heard` in the running loop. Outside the main thread signals stay as they are."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, heard)
    except NotImplementedError:  # Windows

        def told(_number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(heard)

        signal.signal(signal.SIGINT, told)
    except (RuntimeError, ValueError):  # not the main thread
        yield
        return
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)
        if before is not None:
            signal.signal(signal.SIGINT, before)
