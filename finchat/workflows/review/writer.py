"""Writes what was approved in a review, in the order it was approved, while the person goes on.

Every batch goes the road of any other apply: `workflows.execute`, the guard, intent, read-back. Approvals are given to
it one at a time, so that one can be taken back, and everything stopped, between any two proposals.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from finchat.books.plan import Plan
from finchat.errors import FinchatError
from finchat.events import Event, Waiting, Writing
from finchat.safety.approval import ApprovalDecision, Approve, Approver, ReviewContext, bind
from finchat.safety.results import WriteResult
from finchat.workflows.review.board import Board

# Facts are at most a minute old when a write is sent: reading ahead for more than a minute's writes is in vain.
BATCH = 30


class Applying(Protocol):
    """One apply of some proposals of a plan."""

    def __call__(
        self, plan: Plan, approver: Approver, proposal_ids: tuple[str, ...]
    ) -> Awaitable[Sequence[WriteResult]]:
        """Executes what the approver approves; the results of the writes that were tried."""


class Writer:
    """The background of a review. `changed` is called when something can be drawn anew: whoever draws sets it."""

    def __init__(self, board: Board, apply: Applying) -> None:
        self._board = board
        self._apply = apply
        self.changed: Callable[[], None] = lambda: None
        self._queue: list[str] = []
        self._news = asyncio.Event()
        self._stopping = False
        self.in_hand: str = ""
        self.waiting: Waiting | None = None
        self.error: FinchatError | None = None
        self.results: dict[tuple[str, str], WriteResult] = {}
        self.tried: set[str] = set()

    @property
    def left(self) -> int:
        """How many approved proposals are still to be written, the one in hand included."""
        return len(self._queue) + bool(self.in_hand)

    def add(self, proposal_ids: Iterable[str]) -> None:
        """Write these too, after those that wait."""
        self._queue += proposal_ids
        self._news.set()

    def withdraw(self, proposal_ids: Iterable[str]) -> None:
        """Write these not: their approval was taken back."""
        gone = set(proposal_ids)
        self._queue = [id for id in self._queue if id not in gone]

    def stop(self) -> None:
        """End after the proposal in hand."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Until `stop`. A failure that ends all writing is kept in `error`; what waits stays approved."""
        while not self._stopping:
            if not self._queue:
                self._news.clear()
                await self._news.wait()
                continue
            plan, batch = self._board.plan, tuple(self._queue[:BATCH])
            try:
                results = await self._apply(plan, _OneByOne(self, plan, batch), batch)
            except FinchatError as error:
                self.error = error
                self._stopping = True
                if self.in_hand:
                    self._board.mark(self.in_hand, "approved")
                results = ()
            self.in_hand, self.waiting = "", None
            tried = [r for r in results if r.outcome is not None or r.decision == "void"]
            self.results |= {(r.proposal_id, r.write_id): r for r in tried}
            self._board.settle(tried)
            self.changed()

    def heard(self, event: Event) -> None:
        """An event of the engine, for what can be said before a batch has ended."""
        if isinstance(event, Waiting):
            self.waiting = event
        elif isinstance(event, Writing):
            self.waiting = None
            if event.outcome in ("failed", "unknown"):
                self._board.mark(event.proposal_id, "unknown" if event.outcome == "unknown" else "failed")
            elif event.outcome == "committed" and self._last(event):
                self._board.mark(event.proposal_id, "written")
        else:
            return
        self.changed()

    def take(self, plan: Plan, batch: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
        """The next of a batch that is still approved and what follows it; None when the batch is over."""
        if self._stopping or self._board.plan is not plan:
            return None
        waiting = [id for id in batch if id in self._queue]
        if not waiting:
            return None
        self._queue.remove(waiting[0])
        self.in_hand = waiting[0]
        self.tried.add(waiting[0])
        self._board.mark(waiting[0], "writing")
        self.changed()
        return waiting[0], tuple(waiting[1:])

    def _last(self, event: Writing) -> bool:
        proposal = self._board.proposals.get(event.proposal_id)
        return proposal is not None and bool(proposal.writes) and proposal.writes[-1].id == event.write_id


class _OneByOne:
    """An Approver of what a person approved on the board."""

    def __init__(self, writer: Writer, plan: Plan, batch: Sequence[str]) -> None:
        self._writer = writer
        self._plan = plan
        self._batch = batch

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        """The approvals, each bound to what the board showed."""
        board = self._writer._board
        while (taken := self._writer.take(self._plan, self._batch)) is not None:
            id, following = taken
            approval = bind(plan, board.proposals[id])
            at = board.approved_at.get(id)
            yield Approve(approval if at is None else replace(approval, approved_at=at), following)
