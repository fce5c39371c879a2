"""A toolbox inside the organisation's budget: reads outlast a 429, writes never go out twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from finchat.connections.paced import PacedToolbox
from finchat.connections.pacing import Limits, Pacer, open_budget
from finchat.connections.toolbox import CallError, CallResult, RateState, Tool
from finchat.events import Event, Notice, Waiting
from finchat.settings import Home
from finchat.store.database import StorageError

FINE = CallResult(structured={"ok": True})


def refused(seconds: float | None) -> CallResult:
    return CallResult(
        error=CallError(code="rate_limited", message="HTTP 429", outcome="failed", status=429, retry_after_s=seconds)
    )


class Scripted:
    """A server that answers as told, in order, then well."""

    server = "books"

    def __init__(self, *answers: CallResult) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, Mapping[str, Any], str | None]] = []

    async def tools(self) -> Mapping[str, Tool]:
        return {}

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        self.calls.append((name, arguments, idempotency_key))
        await asyncio.sleep(0)
        return self.answers.pop(0) if self.answers else FINE


class Bench:
    def __init__(self, home: Path, *, limits: Limits | None = None) -> None:
        self.heard: list[Event] = []
        self.database = open_budget(Home(home))
        self.pacer = Pacer(self.database, home / "locks", limits=limits, emit=self.heard.append)

    def paced(self, server: Scripted, key: str = "org") -> PacedToolbox:
        return PacedToolbox(server, self.pacer, key, is_read=lambda tool: tool == "read", emit=self.heard.append)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "home")
    yield made
    made.database.close()


async def test_a_read_answered_429_waits_as_told_and_goes_on(bench: Bench) -> None:
    server = Scripted(refused(0.6))
    paced = bench.paced(server)
    result = await paced.call("read", {"page": 1})
    assert result.structured == {"ok": True}
    assert result.waited_s > 0.5
    assert len(server.calls) == paced.calls == 2
    (wait,) = bench.heard
    assert isinstance(wait, Waiting)
    assert wait.reason == "the server asked to wait"


async def test_a_write_answered_429_is_handed_up_at_once(bench: Bench) -> None:
    server = Scripted(refused(30))
    result = await bench.paced(server).call("pay", {}, idempotency_key="k")
    assert result.error is not None
    assert (result.error.code, result.error.outcome) == ("rate_limited", "failed")
    assert server.calls == [("pay", {}, "k")]


async def test_a_wait_beyond_a_minute_ends_in_the_time_of_the_reset(bench: Bench) -> None:
    server = Scripted(refused(3600))
    paced = bench.paced(server)
    for _ in range(2):  # the second call is not even sent
        error = (await paced.call("read", {})).error
        assert error is not None
        assert (error.code, error.outcome) == ("limit", "not_sent")
        assert error.field is not None
        assert datetime.fromisoformat(error.field).tzinfo is not None
        assert error.next is not None
        assert error.field in error.next
    assert len(server.calls) == 1


async def test_the_numbers_of_an_answer_reach_the_budget(bench: Bench) -> None:
    told = RateState(minute_limit=60, minute_remaining=0, day_remaining=0, day_limit=5000)
    paced = bench.paced(Scripted(CallResult(structured={}, rate=told)))
    assert (await paced.call("read", {})).error is None
    error = (await paced.call("read", {})).error
    assert error is not None
    assert error.code == "limit"


async def test_organisations_do_not_share_a_budget(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "home", limits=Limits(per_day=1))
    one, two = bench.paced(Scripted(), "one"), bench.paced(Scripted(), "two")
    assert (await one.call("read", {})).error is None
    assert (await two.call("read", {})).error is None
    assert (await one.call("read", {})).error is not None


async def test_a_cancelled_call_gives_its_slot_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "home", limits=Limits(at_once=1))
    reached = asyncio.Event()

    class Hanging(Scripted):
        async def call(self, *_call: Any, **_more: Any) -> CallResult:
            reached.set()
            await asyncio.sleep(30)
            return FINE

    waiting = asyncio.create_task(bench.paced(Hanging()).call("read", {}))
    await reached.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(1):
        assert (await bench.paced(Scripted()).call("read", {})).error is None


async def test_a_full_disk_stops_no_read_and_is_told_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise StorageError("the disk is full", code="disk_full")

    monkeypatch.setattr(bench.database, "transaction", full)
    paced = bench.paced(Scripted())
    assert (await paced.call("read", {})).structured == {"ok": True}
    assert (await paced.call("read", {})).structured == {"ok": True}
    (notice,) = bench.heard
    assert isinstance(notice, Notice)
    assert "the disk is full" in notice.text
