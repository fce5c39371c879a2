"""One budget of calls per organisation, shared by every finchat process on the machine.

A vendor counts calls per organisation (Xero: 60 in 60 s, 5 at once, 5,000 a day), whoever makes them. A call counts
from its start until its window after its END, because the vendor may have counted it anywhere in between.
Instants are wall-clock seconds: they are compared across processes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from finchat.chance import uniform
from finchat.clock import monotonic, sleep, utc_now
from finchat.connections.toolbox import RateState
from finchat.errors import FinchatError, LimitReached
from finchat.events import Emit, Waiting, silent
from finchat.settings import Home
from finchat.store.database import Database
from finchat.store.owner import Owner

DAY_S = 86_400.0
LONGEST_WAIT_S = 60.0  # accounting.md: a call that is told to wait waits up to 60 s, visibly
_DAY_BELIEVED_S = 600.0
_SHOWN_FROM_S = 0.5  # shorter waits are not worth a word
_DAY_SLICE_S = 300.0  # a call leaves the day at most this much too late
_KEPT_S = 600.0  # single calls are kept at least this long, should the server name a longer window
_ABSENT_AFTER_S = 5.0  # a stopped process (Ctrl-Z) that no longer asks loses its place in the line
_LONGEST_CALL_S = 900.0  # and a slot that nobody gave back for so long is free
_SLICE_S = 0.25  # how often a longer wait looks again: another process may hear news
_TABLES = (
    """
    CREATE TABLE calls (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL,
        at REAL NOT NULL,             -- its end; its start while it runs
        calls INTEGER NOT NULL,       -- one, or those of others that the server told of
        owner TEXT                    -- the process that runs it, NULL once it ended
    ) STRICT;
    CREATE INDEX calls_by_time ON calls (key, at);
    CREATE INDEX calls_running ON calls (key, owner) WHERE owner IS NOT NULL;
    -- The day, in slices: summing 5,000 single calls would cost every call most of a millisecond.
    CREATE TABLE days (
        key TEXT NOT NULL, at REAL NOT NULL, calls INTEGER NOT NULL, PRIMARY KEY (key, at)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE line (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, owner TEXT NOT NULL,
        seen REAL NOT NULL  -- when its owner last asked
    ) STRICT;
    CREATE TABLE told_limits (
        key TEXT PRIMARY KEY, per_window INTEGER, window_s REAL, per_day INTEGER,
        blocked_since REAL, blocked_until REAL
    ) STRICT;
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Calls per window of `window_s` seconds, calls at once, calls per 24 hours; Xero's by default."""

    per_window: int = 60
    window_s: float = 60.0
    at_once: int = 5
    per_day: int = 5000


@dataclass(frozen=True, slots=True)
class Slot:
    """Leave to make one call; hand it back with Pacer.release. `waited_s` is the time it took to get."""

    id: int
    key: str
    waited_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How many calls the budget of an organisation still allows: within `window_s` seconds, and within 24 hours."""

    in_window: int
    window_s: float
    in_day: int


@dataclass(frozen=True, slots=True)
class _Window:
    """One of the two windows calls are counted in: its table, how many calls it holds, its length in seconds."""

    table: str
    limit: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Wait:
    seconds: float
    reason: str


def open_budget(home: Home) -> Database:
    """The file the budget lives in: its own, so that pacing never waits for the journal's disk syncs."""
    return Database(home.path / "budget.sqlite3", durable=False)


def _epoch() -> float:
    return utc_now().timestamp()


class Pacer:
    """Hands out slots. `locks` is the directory of the files that say which process still runs.

    Every process has at most one place per key in the shared line, so that processes take turns however many calls
    each of them has waiting. Use from one event loop; close at the end. `owner` is this process to the others.
    """

    def __init__(
        self,
        database: Database,
        locks: Path,
        *,
        limits: Limits | None = None,
        emit: Emit = silent,
        now: Callable[[], float] = _epoch,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        database.migrate("pacing", _TABLES)
        self._database = database
        self.owner = Owner(locks, "pacer")
        self._limits = limits or Limits()
        self._emit = emit
        self._now = now
        self._longest_wait_s = longest_wait_s
        self._heads: dict[str, asyncio.Lock] = {}
        self._released = asyncio.Event()

    def close(self) -> None:
        """Leave every line and give back what is still held."""
        with suppress(FinchatError), self._database.transaction() as rows:
            self._forget(rows, self.owner.name, self._now())
        self.owner.close()  # what a full disk left in the file, others free once this lock is gone

    @asynccontextmanager
    async def call(self, key: str, server: str) -> AsyncIterator[Slot]:
        """A slot for the length of the block."""
        slot = await self.acquire(key, server)
        try:
            yield slot
        finally:
            self.release(slot)

    async def acquire(self, key: str, server: str) -> Slot:
        """Wait for leave to call the organisation `key`; waits of half a second and more are emitted.

        Raises LimitReached, with the time of the reset, when the wait would be longer than 60 s.
        """
        began = monotonic()
        async with self._heads.setdefault(key, asyncio.Lock()):
            place: int | None = None
            told_until = 0.0
            naps = 0
            try:
                while True:
                    self._released.clear()
                    got, place = self._try(key, place)
                    if isinstance(got, int):
                        place = None
                        return Slot(got, key, monotonic() - began)
                    if got.seconds > self._longest_wait_s:
                        raise self.limit_reached(got.seconds, got.reason)
                    if got.seconds >= _SHOWN_FROM_S and monotonic() > told_until:
                        told_until = monotonic() + got.seconds
                        self._emit(Waiting(server=server, seconds=got.seconds, reason=got.reason))
                    naps += 1
                    # No known end: someone else's call or turn has to end first.
                    nap = min(got.seconds, _SLICE_S) or uniform("nap", 0.002, 0.004 + min(naps, 20) * 0.001)
                    await self._nap(nap)
            finally:
                if place is not None:
                    # A place that cannot be given back is lost by itself after a few seconds.
                    with suppress(FinchatError), self._database.transaction() as rows:
                        rows.execute("DELETE FROM line WHERE id = ?", (place,))

    def release(self, slot: Slot, rate: RateState | None = None, retry_after_s: float | None = None) -> None:
        """The call ended. `rate`: the server's own numbers; `retry_after_s`: it answered 429 and asked to wait."""
        now = self._now()
        with self._database.transaction() as rows:
            rows.execute("UPDATE calls SET owner = NULL, at = ? WHERE id = ?", (now, slot.id))
            _add_to_day(rows, slot.key, now, 1)
            if rate is not None:
                self._learn(rows, slot.key, rate, now)
            if retry_after_s is not None:
                rows.execute(
                    "INSERT INTO told_limits (key, blocked_since, blocked_until) VALUES (?1, ?2, ?3) "
                    "ON CONFLICT (key) DO UPDATE "
                    "SET blocked_since = ?2, blocked_until = max(?3, coalesce(blocked_until, 0))",
                    (slot.key, now, now + min(retry_after_s, DAY_S)),  # no server may hold us back for longer
                )
        self._released.set()

    def left(self, key: str) -> Left:
        """What the organisation `key` may still call, whoever makes the calls. None of it is reserved."""
        now = self._now()
        with self._database.transaction() as rows:
            limits, blocked_s = self._budget(rows, key, now)
            running = rows.execute("SELECT count(*) FROM calls WHERE key = ? AND owner IS NOT NULL", (key,)).fetchone()
            free = [
                max(window.limit - _used(rows, key, window, now) - running[0], 0) for window in _windows(limits)
            ]  # fmt: skip
        return Left(in_window=0 if blocked_s > 0 else free[0], window_s=limits.window_s, in_day=free[1])

    def _try(self, key: str, place: int | None) -> tuple[int | _Wait, int | None]:
        """The id of a slot taken, or how long to wait and the place in the line that was taken for it."""
        now = self._now()
        with self._database.transaction() as rows:
            if place is not None and not rows.execute("UPDATE line SET seen = ? WHERE id = ?", (now, place)).rowcount:
                place = None  # lost while this process was stopped
            wait = self._wait(rows, key, place, now)
            if wait is not None:
                self._bury(rows, key, now)
                wait = self._wait(rows, key, place, now)
            if wait is None:
                taken = rows.execute(
                    "INSERT INTO calls (key, at, calls, owner) VALUES (?, ?, 1, ?)",
                    (key, now, self.owner.name),
                ).lastrowid
                assert taken is not None
                if place is not None:
                    rows.execute("DELETE FROM line WHERE id = ?", (place,))
                if taken % 64 == 0:
                    _forget_old(rows, key, now)
                return taken, None
            if place is None:
                place = rows.execute(
                    "INSERT INTO line (key, owner, seen) VALUES (?, ?, ?)", (key, self.owner.name, now)
                ).lastrowid
            return wait, place

    def _wait(self, rows: sqlite3.Connection, key: str, place: int | None, now: float) -> _Wait | None:
        """Why no call may start now, or None when one may."""
        limits, blocked_s = self._budget(rows, key, now)
        if blocked_s > 0:
            return _Wait(blocked_s, "the server asked to wait")
        ahead = rows.execute("SELECT min(id) FROM line WHERE key = ?", (key,)).fetchone()[0]
        if ahead is not None and ahead != place:
            return _Wait(0.0, "another finchat is first in line")
        running = rows.execute("SELECT count(*) FROM calls WHERE key = ? AND owner IS NOT NULL", (key,)).fetchone()[0]
        if running >= limits.at_once:
            return _Wait(0.0, f"{limits.at_once} calls at once reached")
        short, day = _windows(limits)
        return self._window_wait(rows, key, day, running, now) or self._window_wait(rows, key, short, running, now)

    @staticmethod
    def _window_wait(rows: sqlite3.Connection, key: str, window: _Window, running: int, now: float) -> _Wait | None:
        excess = _used(rows, key, window, now) + running + 1 - window.limit
        if excess <= 0:
            return None
        reason = f"{window.limit:,} calls {_spoken(window.seconds)} reached"
        for at, weight in _ended(rows, key, window, now):
            excess -= weight
            if excess <= 0:
                return _Wait(max(at + window.seconds - now, 0.001), reason)
        return _Wait(0.0, reason)  # only running calls stand in the way

    def _budget(self, rows: sqlite3.Connection, key: str, now: float) -> tuple[Limits, float]:
        """The limits in force and the seconds for which the server wants no call."""
        told = rows.execute("SELECT * FROM told_limits WHERE key = ?", (key,)).fetchone()
        # A clock that was set back: what lies in its future happened now, and a block lasts no longer than it was.
        rows.execute("UPDATE calls SET at = ? WHERE key = ? AND at > ?", (now, key, now + 1.0))
        later = (key, now + _DAY_SLICE_S)
        ahead = rows.execute("SELECT coalesce(sum(calls), 0) FROM days WHERE key = ? AND at > ?", later).fetchone()[0]
        if ahead:
            rows.execute("DELETE FROM days WHERE key = ? AND at > ?", later)
            _add_to_day(rows, key, now, ahead)
        if told is None:
            return self._limits, 0.0
        limits = self._limits
        if told["window_s"] is not None and told["per_window"] is not None:
            limits = replace(limits, per_window=told["per_window"], window_s=told["window_s"])
        elif told["per_window"] is not None:
            limits = replace(limits, per_window=min(limits.per_window, told["per_window"]))
        if told["per_day"] is not None:
            limits = replace(limits, per_day=min(limits.per_day, told["per_day"]))
        if told["blocked_until"] is None:
            return limits, 0.0
        since = min(told["blocked_since"], now)
        if since != told["blocked_since"]:
            until = now + told["blocked_until"] - told["blocked_since"]
            rows.execute("UPDATE told_limits SET blocked_since = ?, blocked_until = ? WHERE key = ?", (now, until, key))
            return limits, until - now
        return limits, told["blocked_until"] - now

    def _learn(self, rows: sqlite3.Connection, key: str, rate: RateState, now: float) -> None:
        """Adopt the server's numbers where they are stricter, or where it names its own window."""
        if rate.minute_limit is not None or rate.day_limit is not None:
            rows.execute(
                "INSERT INTO told_limits (key, per_window, window_s, per_day) VALUES (?1, ?2, ?3, ?4) "
                "ON CONFLICT (key) DO UPDATE "
                "SET per_window = coalesce(?2, per_window), window_s = ?3, per_day = coalesce(?4, per_day)",
                (key, rate.minute_limit, rate.window_s, rate.day_limit),
            )
        limits, _ = self._budget(rows, key, now)
        running = rows.execute("SELECT count(*) FROM calls WHERE key = ? AND owner IS NOT NULL", (key,)).fetchone()[0]
        short, day = _windows(limits)
        # Calls somebody else made: a row stands for them until they leave the window. Nobody told when they were
        # made; those of the day are asked about again soon, lest a day that began elsewhere blocks a whole day here.
        for window, left in ((short, rate.minute_remaining), (day, rate.day_remaining)):
            unseen = 0 if left is None else window.limit - left - _used(rows, key, window, now) - running
            if unseen > 0 and window is short:
                rows.execute("INSERT INTO calls (key, at, calls) VALUES (?, ?, ?)", (key, now, unseen))
            elif unseen > 0:
                _add_to_day(rows, key, now - DAY_S + _DAY_BELIEVED_S, unseen)

    def _bury(self, rows: sqlite3.Connection, key: str, now: float) -> None:
        """Free what processes left behind that ended without a goodbye (SIGKILL) or no longer move."""
        holders = rows.execute(
            "SELECT owner FROM calls WHERE key = ?1 AND owner IS NOT NULL UNION SELECT owner FROM line WHERE key = ?1",
            (key,),
        ).fetchall()
        for (owner,) in holders:
            if not self.owner.present(owner):
                self._forget(rows, owner, now)
        rows.execute("UPDATE line SET seen = ? WHERE seen > ?", (now, now + 1.0))
        rows.execute("DELETE FROM line WHERE key = ? AND seen < ?", (key, now - _ABSENT_AFTER_S))
        rows.execute(
            "UPDATE calls SET owner = NULL, at = ?1 WHERE key = ?2 AND owner IS NOT NULL AND at < ?3",
            (now, key, now - _LONGEST_CALL_S),
        )

    @staticmethod
    def _forget(rows: sqlite3.Connection, owner: str, now: float) -> None:
        for (key,) in rows.execute("SELECT key FROM calls WHERE owner = ?", (owner,)).fetchall():
            _add_to_day(rows, key, now, 1)
        rows.execute("UPDATE calls SET owner = NULL, at = ? WHERE owner = ?", (now, owner))
        rows.execute("DELETE FROM line WHERE owner = ?", (owner,))

    async def _nap(self, seconds: float) -> None:
        """Until a call ended here, at most so long."""
        waits = {asyncio.ensure_future(sleep(seconds)), asyncio.ensure_future(self._released.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    def limit_reached(self, seconds: float, reason: str) -> LimitReached:
        """The error that ends a call which would have to wait `seconds` more; its field is the instant of the reset."""
        reset = datetime.fromtimestamp(self._now() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return LimitReached(
            f"{reason}; the next call may be made at {reset}", field=reset, next=f"run again after {reset}"
        )


def _windows(limits: Limits) -> tuple[_Window, _Window]:
    return _Window("calls", limits.per_window, limits.window_s), _Window("days", limits.per_day, DAY_S)


def _ended(rows: sqlite3.Connection, key: str, window: _Window, now: float) -> list[tuple[float, int]]:
    """When calls of the window ended, and how many, the first first."""
    if window.table == "days":
        listed = "SELECT at, calls FROM days WHERE key = ? AND at > ? ORDER BY at"
    else:
        listed = "SELECT at, calls FROM calls WHERE key = ? AND at > ? AND owner IS NULL ORDER BY at"
    return [(row["at"], row["calls"]) for row in rows.execute(listed, (key, now - window.seconds))]


def _used(rows: sqlite3.Connection, key: str, window: _Window, now: float) -> int:
    """Calls that ended within the window."""
    return sum(calls for _, calls in _ended(rows, key, window, now))


def _add_to_day(rows: sqlite3.Connection, key: str, at: float, calls: int) -> None:
    """Count calls at the end of their slice of the day, so that none leaves the day too early."""
    slice_end = (at // _DAY_SLICE_S + 1) * _DAY_SLICE_S
    rows.execute(
        "INSERT INTO days VALUES (?, ?, ?) ON CONFLICT (key, at) DO UPDATE SET calls = calls + excluded.calls",
        (key, slice_end, calls),
    )


def _forget_old(rows: sqlite3.Connection, key: str, now: float) -> None:
    rows.execute("DELETE FROM calls WHERE key = ? AND at < ? AND owner IS NULL", (key, now - _KEPT_S))
    rows.execute("DELETE FROM days WHERE key = ? AND at < ?", (key, now - DAY_S))


def _spoken(seconds: float) -> str:
    return {60.0: "a minute", DAY_S: "a day"}.get(seconds, f"in {seconds:g} s")
