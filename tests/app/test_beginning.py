"""What starts before the desk is open: servers that boot meanwhile, and what they have to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from finchat.app.desk import HeldEvents, begun
from finchat.errors import Unavailable
from finchat.events import Event, Notice


@asynccontextmanager
async def server(log: list[str], answers: asyncio.Event, error: Exception | None = None) -> AsyncIterator[str]:
    log.append("started")
    try:
        await answers.wait()
        if error is not None:
            raise error
        log.append("open")
        yield "session"
    finally:
        log.append("closed")


async def test_a_server_is_started_at_once_and_closed_at_the_end() -> None:
    log: list[str] = []
    answers = asyncio.Event()
    async with begun(server(log, answers)) as opening:
        assert log == ["started"]
        answers.set()
        assert await opening == "session"
        assert log == ["started", "open"]
    assert log == ["started", "open", "closed"]


async def test_a_server_that_was_not_waited_for_is_closed_as_well() -> None:
    log: list[str] = []
    with pytest.raises(KeyError):
        async with begun(server(log, asyncio.Event())):
            raise KeyError
    assert log == ["started", "closed"]


async def test_a_server_that_does_not_start_says_so_where_it_is_waited_for() -> None:
    log: list[str] = []
    answers = asyncio.Event()
    answers.set()
    with pytest.raises(Unavailable, match="no answer"):
        async with begun(server(log, answers, Unavailable("no answer"))) as opening:
            await opening
    assert log == ["started", "closed"]


def test_what_was_said_early_is_told_in_its_order() -> None:
    held, told = HeldEvents(), list[Event]()
    first, second, third = (Notice(text=text) for text in ("one", "two", "three"))
    held.emit(first)
    held.emit(second)
    held.tell(told.append)
    held.emit(third)
    assert told == [first, second, third]
