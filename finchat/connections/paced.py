"""A toolbox whose calls keep to the organisation's budget, and whose reads outlast a 429."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from finchat.connections.pacing import LONGEST_WAIT_S, Left, Pacer, Slot
from finchat.connections.toolbox import CallError, CallResult, Tool, Toolbox, withheld
from finchat.errors import FinchatError, LimitReached
from finchat.events import Emit, Notice, silent

_FIRST_PAUSE_S = 1.0  # after a 429 that names no time; doubled each time


class PacedToolbox:
    """Wraps `inner`. `key` names the organisation whose budget counts; it may be set once it is known.

    A read (by `is_read`) that is answered 429 waits as long as it was told, in all up to 60 s, and goes on; beyond
    that it ends in the error `limit`, whose field and `next` name the time of the reset. A write is never sent again
    here: its 429 is handed up, and holds every process back all the same.
    """

    def __init__(
        self,
        inner: Toolbox,
        pacer: Pacer,
        key: str,
        *,
        is_read: Callable[[str], bool],
        emit: Emit = silent,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self._inner = inner
        self._pacer = pacer
        self.key = key
        self._is_read = is_read
        self._emit = emit
        self._longest_wait_s = longest_wait_s
        self._warned = False
        self._reserved: Slot | None = None
        self.calls = 0
        self.waited_s = 0.0

    @property
    def server(self) -> str:
        return self._inner.server

    @property
    def left(self) -> Left:
        """What the organisation's budget still allows. Raises StorageError."""
        return self._pacer.left(self.key)

    async def tools(self) -> Mapping[str, Tool]:
        return await self._inner.tools()

    def withheld(self, name: str) -> CallError | None:
        """See Withholding."""
        return withheld(self._inner, name)

    async def reserve(self) -> CallError | None:
        """Wait for the place of the next write now, so that nothing is waited for between its intent and its send.

        The error that the call would have had when the wait is too long. Give an unused place back with `unreserve`.
        """
        if self._reserved is None:
            slot = await self._slot()
            if isinstance(slot, CallError):
                return slot
            self._reserved = slot
            self.waited_s += 0.0 if slot is None else slot.waited_s
        return None

    def unreserve(self) -> None:
        """Let go of a place that `reserve` took and no write has used."""
        slot, self._reserved = self._reserved, None
        if slot is not None:
            self._release(slot, None, 0.0)

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        """See Toolbox.call. `deadline_s` bounds the call itself, not the wait before it."""
        send = partial(self._inner.call, name, arguments, idempotency_key=idempotency_key, deadline_s=deadline_s)
        waited = 0.0
        held_back = 0.0  # waits because of 429, which are bounded in all
        pause = _FIRST_PAUSE_S
        while True:
            slot: Slot | CallError | None
            if self._reserved is not None and not self._is_read(name):
                slot, self._reserved = self._reserved, None  # its wait was counted when it was reserved
            else:
                slot = await self._slot()
                if isinstance(slot, CallError):
                    return CallResult(error=slot, waited_s=waited)
                if slot is not None:
                    waited += slot.waited_s
                    self.waited_s += slot.waited_s
            self.calls += 1
            result = await self._call(slot, send, pause)
            error = result.error
            if error is None or error.code != "rate_limited" or not self._is_read(name):
                return replace(result, waited_s=waited)
            told = error.retry_after_s
            held_back += pause if told is None else told
            if held_back > self._longest_wait_s:
                return replace(result, error=self._too_long(error, pause if told is None else told), waited_s=waited)
            pause *= 2

    async def _call(self, slot: Slot | None, send: Callable[[], Awaitable[CallResult]], pause: float) -> CallResult:
        result: CallResult | None = None
        try:
            result = await send()
            return result
        finally:
            if slot is not None:
                self._release(slot, result, pause)

    async def _slot(self) -> Slot | CallError | None:
        try:
            return await self._pacer.acquire(self.key, self.server)
        except LimitReached as limit:
            return _limit_error(limit)
        except FinchatError as error:
            self._warn(error)
            return None

    def _release(self, slot: Slot, result: CallResult | None, pause: float) -> None:
        error = result.error if result is not None else None
        held_s: float | None = None
        if error is not None and error.code == "rate_limited":
            held_s = pause if error.retry_after_s is None else error.retry_after_s
        try:
            self._pacer.release(slot, result.rate if result is not None else None, held_s)
        except FinchatError as fault:
            self._warn(fault)  # the answer to a call that was made is never lost for it

    def _too_long(self, error: CallError, seconds: float) -> CallError:
        limit = self._pacer.limit_reached(seconds, "the server asked to wait")
        return replace(_limit_error(limit), status=error.status, retry_after_s=seconds, problem=error.problem)

    def _warn(self, error: FinchatError) -> None:
        if not self._warned:
            self._warned = True
            text = f"calls are not paced across processes: {error.message}"
            self._emit(Notice(text=text, severity="warning"))


def _limit_error(limit: LimitReached) -> CallError:
    return CallError(code="limit", message=limit.message, outcome="not_sent", field=limit.field, next=limit.next)
