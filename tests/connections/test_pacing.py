"""The organisation's budget: shared by processes, fair, fed by the server's numbers, free again after SIGKILL."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from finchat.connections.pacing import Limits, Pacer, open_budget
from finchat.connections.toolbox import RateState
from finchat.errors import ExitCode, LimitReached
from finchat.events import Event, Waiting
from finchat.settings import Home
from tests.connections import pacing_child

CHILD = str(Path(pacing_child.__file__))


@dataclass
class Bench:
    """Pacers over one home, on a wall clock that a test can set."""

    home: Path
    offset: float = 0.0
    heard: list[Event] = field(default_factory=list)
    opened: list[Pacer] = field(default_factory=list)

    def now(self) -> float:
        return time.time() + self.offset

    def pacer(self, limits: Limits | None = None, longest_wait_s: float = 60.0) -> Pacer:
        pacer = Pacer(
            open_budget(Home(self.home)), self.home / "locks", limits=limits, emit=self.heard.append, now=self.now,
            longest_wait_s=longest_wait_s,
        )  # fmt: skip
        self.opened.append(pacer)
        return pacer


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "home")
    yield made
    for pacer in made.opened:
        pacer.close()


async def spend(pacer: Pacer, calls: int, rate: RateState | None = None) -> None:
    for _ in range(calls):
        pacer.release(await pacer.acquire("org", "books"), rate)


async def blocked(pacer: Pacer) -> bool:
    try:
        async with asyncio.timeout(0.05):
            pacer.release(await pacer.acquire("org", "books"))
    except TimeoutError:
        return True
    return False


async def test_a_free_slot_costs_less_than_a_millisecond(bench: Bench) -> None:
    pacer = bench.pacer(Limits(per_window=10_000))
    await spend(pacer, 500)  # a long day already
    best = min([await timed(pacer) for _ in range(50)])
    assert best < 0.001


async def timed(pacer: Pacer) -> float:
    began = time.perf_counter()
    slot = await pacer.acquire("org", "books")
    took = time.perf_counter() - began
    pacer.release(slot)
    return took


async def test_no_more_calls_run_at_once_than_the_vendor_allows(bench: Bench) -> None:
    one, two = bench.pacer(), bench.pacer()
    slots = [await one.acquire("org", "books") for _ in range(3)] + [
        await two.acquire("org", "books") for _ in range(2)
    ]
    assert await blocked(one)
    assert await blocked(two)
    assert not await blocked_on(one, "another organisation")
    one.release(slots[0])
    assert not await blocked(two)


async def blocked_on(pacer: Pacer, key: str) -> bool:
    async with asyncio.timeout(1):
        pacer.release(await pacer.acquire(key, "books"))
    return False


async def test_the_window_reopens_as_calls_leave_it_and_the_wait_is_announced(bench: Bench) -> None:
    pacer = bench.pacer(Limits(per_window=2, window_s=0.8))
    await spend(pacer, 2)
    slot = await pacer.acquire("org", "books")
    assert 0.5 < slot.waited_s < 2
    (wait,) = bench.heard
    assert isinstance(wait, Waiting)
    assert (wait.server, wait.reason) == ("books", "2 calls in 0.8 s reached")
    assert wait.seconds == pytest.approx(0.8, abs=0.1)


async def test_a_wait_of_more_than_a_minute_ends_with_the_time_of_the_reset(bench: Bench) -> None:
    pacer = bench.pacer(Limits(per_day=3))
    await spend(pacer, 3)
    with pytest.raises(LimitReached, match="3 calls a day reached") as caught:
        await pacer.acquire("org", "books")
    assert caught.value.exit_code is ExitCode.LIMIT
    assert caught.value.field is not None
    reset = datetime.fromisoformat(caught.value.field)
    assert 86_390 < (reset - datetime.now(UTC)).total_seconds() < 86_710
    bench.offset = 86_701
    await spend(pacer, 1)


async def test_a_429_holds_every_process_back_until_the_server_said(bench: Bench) -> None:
    one, two = bench.pacer(), bench.pacer()
    one.release(await one.acquire("org", "books"), retry_after_s=0.6)
    began = time.monotonic()
    await spend(two, 1)
    assert time.monotonic() - began > 0.5
    assert next(event for event in bench.heard if isinstance(event, Waiting)).reason == "the server asked to wait"
    one.release(await one.acquire("org", "books"), retry_after_s=3600)
    with pytest.raises(LimitReached, match="asked to wait"):
        await two.acquire("org", "books")


async def test_the_servers_lower_number_is_adopted(bench: Bench) -> None:
    pacer = bench.pacer()
    await spend(pacer, 1, RateState(minute_limit=60, minute_remaining=2, day_remaining=4000))
    await spend(pacer, 2, RateState(minute_limit=60, minute_remaining=59))
    assert await blocked(pacer)
    bench.offset = 61
    assert not await blocked(pacer)


async def test_a_smaller_limit_and_a_window_of_the_servers_own_are_adopted(bench: Bench) -> None:
    pacer = bench.pacer()
    await spend(pacer, 1, RateState(minute_limit=3, minute_remaining=2))
    await spend(pacer, 2)
    assert await blocked(pacer)
    bench.offset = 61
    await spend(pacer, 1, RateState(minute_limit=4, minute_remaining=3, window_s=2.0))
    await spend(pacer, 3)
    assert await blocked(pacer)
    bench.offset = 61 + 2.1
    assert not await blocked(pacer)


async def test_an_exhausted_day_told_by_the_server_ends_at_once(bench: Bench) -> None:
    pacer = bench.pacer()
    with_nothing_left = RateState(day_limit=5000, day_remaining=0)
    await spend(pacer, 1, with_nothing_left)
    with pytest.raises(LimitReached, match="5,000 calls a day reached"):
        await pacer.acquire("org", "books")
    bench.offset = 901  # nobody knows when those calls were made: the server is asked again
    await spend(pacer, 1)


async def test_a_clock_set_back_a_day_does_not_block_for_a_day(bench: Bench) -> None:
    pacer = bench.pacer(Limits(per_window=2))
    await spend(pacer, 2)
    pacer.release(await bench.pacer().acquire("elsewhere", "books"))
    bench.offset = -86_400
    assert await blocked(pacer)
    bench.offset += 61
    assert not await blocked(pacer)


async def test_a_block_outlives_no_clock_set_back(bench: Bench) -> None:
    pacer = bench.pacer()
    pacer.release(await pacer.acquire("org", "books"), retry_after_s=30)
    bench.offset = -86_400
    assert await blocked(pacer)
    bench.offset += 31
    assert not await blocked(pacer)


async def test_a_waiter_that_gives_up_leaves_the_line(bench: Bench) -> None:
    one, two = bench.pacer(Limits(at_once=1)), bench.pacer(Limits(at_once=1))
    slot = await one.acquire("org", "books")
    waiting = asyncio.create_task(two.acquire("org", "books"))
    database = open_budget(Home(bench.home))
    while database.row("SELECT * FROM line") is None:  # noqa: ASYNC110 - until it stands in the line
        await asyncio.sleep(0.005)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert database.row("SELECT * FROM line") is None
    one.release(slot)
    assert not await blocked(one)


def start(home: Path, calls: int, limits: Limits, held_s: float) -> subprocess.Popen[str]:
    numbers = (limits.per_window, limits.window_s, limits.at_once, held_s)
    command = [sys.executable, CHILD, str(home), str(calls), *map(str, numbers)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline()


def test_two_processes_together_keep_to_the_budget_and_neither_starves(tmp_path: Path) -> None:
    limits = Limits(per_window=20, window_s=0.5, at_once=5)
    children = [start(tmp_path, 40, limits, 0.002) for _ in range(2)]
    assert [line(child) for child in children] == ["ready\n"] * 2
    for child in children:
        go(child)
    outputs = [child.communicate(timeout=30)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    spans = [[tuple(map(float, text.split())) for text in output.splitlines()] for output in outputs]
    assert [len(each) for each in spans] == [40, 40]
    calls = sorted(span for each in spans for span in each)
    for began, _ in calls:
        # Whenever the vendor counted them: no 21 calls can be counted within half a second, no 6 run at once.
        assert sum(start <= began and end > began - limits.window_s for start, end in calls) <= limits.per_window
        assert sum(start <= began < end for start, end in calls) <= limits.at_once
    halves = [sum(span in each for span in calls[:40]) for each in spans]
    assert min(halves) >= 10, halves


def stop_between_transactions(process: subprocess.Popen[str], home: Path) -> None:
    """Stop a process while it does not hold the file's lock: that one is SQLite's to wait for, not the line's."""
    while True:
        process.send_signal(signal.SIGSTOP)
        with closing(sqlite3.connect(home / "budget.sqlite3", timeout=0.05, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                process.send_signal(signal.SIGCONT)
                continue
            other.execute("ROLLBACK")
            return


def test_a_stopped_process_loses_its_place_in_the_line(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    limits = Limits(at_once=1)

    async def take() -> None:
        holder, pacer = bench.pacer(limits), bench.pacer(limits)
        slot = await holder.acquire("org", "books")
        stopped = start(tmp_path, 1, limits, 0.0)
        assert line(stopped) == "ready\n"
        go(stopped)
        database = open_budget(Home(tmp_path))
        while database.row("SELECT * FROM line") is None:  # noqa: ASYNC110 - until the child stands in the line
            await asyncio.sleep(0.005)
        stop_between_transactions(stopped, tmp_path)
        holder.release(slot)
        assert await blocked(pacer)
        bench.offset = 6.0
        assert not await blocked(pacer)
        stopped.kill()
        stopped.wait()
        for opened in bench.opened:
            opened.close()

    asyncio.run(take())


def test_a_slot_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    limits = Limits(per_window=1000, at_once=1)
    killed = start(tmp_path, 1, limits, 60)
    assert line(killed) == "ready\n"
    go(killed)

    async def take() -> float:
        pacer = Pacer(open_budget(Home(tmp_path)), tmp_path / "locks", limits=limits)
        while not await blocked(pacer):  # noqa: ASYNC110 - until the child holds the only slot
            await asyncio.sleep(0.005)
        killed.kill()
        killed.wait()
        slot = await pacer.acquire("org", "books")
        pacer.release(slot)
        pacer.close()
        return slot.waited_s

    assert asyncio.run(take()) < 1
    assert list((tmp_path / "locks").iterdir()) == []
