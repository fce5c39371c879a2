"""The writes of one claimed proposal, one by one: facts, intent, call, reply, outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Literal, Protocol, runtime_checkable

from finchat.books.money import amount_text
from finchat.books.plan import Write
from finchat.chance import uuid_text
from finchat.connections.toolbox import CallError, CallResult, Tool, Toolbox, withheld
from finchat.errors import FinchatError, UsageError, WriteRefused
from finchat.events import Emit, Notice, Waiting, Working, Writing
from finchat.safety.attempt import Attempt, approved_hash
from finchat.safety.journal import Conclusion, Journal, WriteRecord
from finchat.safety.payload import sealed
from finchat.safety.policy import Policy
from finchat.safety.preconditions import Facts, change_by, fact_of, surprises
from finchat.safety.profile_protocol import ReceiptLike, SightingLike, ToolEffect
from finchat.safety.reads import Door, decide
from finchat.safety.recovery import Sleep
from finchat.safety.reply import Seen, conclusion, proves_undone, refused_by_server, surprises_in, unclear
from finchat.safety.results import WriteError, WriteOutcome, WriteResult
from finchat.safety.words import amount_of, deed, done
from finchat.settings import ServerSettings
from finchat.store.database import StorageError

MAX_TOLD_WAIT_S = 60.0
_CANCEL_GRACE_S = 2.0


@runtime_checkable
class Reserving(Protocol):
    """A toolbox whose calls may have to wait: the wait can be had before the intent is written."""

    async def reserve(self) -> CallError | None:
        """Wait for the place of the next write; the error when that takes too long."""

    def unreserve(self) -> None:
        """Give an unused place back."""


class Sending:
    """Sends what an attempt has claimed. `own`: the guard's reads of the server; `facts`: what was read there."""

    def __init__(
        self, attempt: Attempt, *, settings: ServerSettings, policy: Policy, journal: Journal, facts: Facts,
        own: Toolbox, emit: Emit, sleep: Sleep,
    ) -> None:  # fmt: skip
        self._attempt = attempt
        self._settings = settings
        self._policy = policy
        self._journal = journal
        self._facts = facts
        self._own = own
        self._emit = emit
        self._sleep = sleep

    async def write(self, write: Write) -> None:
        record = self._attempt.records[write.id]
        if record.state == "committed":  # by an earlier apply of this plan
            self._attempt.done(write, record.result())
            return
        try:
            self._check_dependencies(write)
            await self._get_ready(write)
            record, result = await self._send_with_one_more_try(write, record)
        except FinchatError as error:
            self._not_sent(write, error)
            return
        finally:
            if isinstance(self._attempt.door.toolbox, Reserving):
                self._attempt.door.toolbox.unreserve()
        await self._conclude(write, record, result)

    async def _get_ready(self, write: Write) -> None:
        """Facts checked and a place in the budget taken; the facts again when that took long."""
        toolbox = self._attempt.door.toolbox
        while True:
            await self._check_facts(write)
            if not isinstance(toolbox, Reserving):
                return
            if (error := await toolbox.reserve()) is not None:
                raise WriteRefused(error.message, code=error.code, field=error.field, next=error.next)
            if self._facts.fresh(write.preconditions):
                return
            toolbox.unreserve()  # never read while holding a place: others may hold the rest

    def _check_dependencies(self, write: Write) -> None:
        if self._attempt.storage_lost:
            raise WriteRefused("nothing is sent while the journal cannot be written", code="not_attempted")
        for needed in write.depends_on:
            before = self._attempt.results.get(needed)
            if write.if_dependency_fails == "skip" and (before is None or before.outcome != "committed"):
                state = "missing" if before is None else f"{before.outcome}".replace("_", " ")
                raise WriteRefused(
                    f"not attempted: write {needed}, which it needs, is {state}", code="dependency",
                    next="apply the plan again once that is settled",
                )  # fmt: skip

    async def _check_facts(self, write: Write) -> None:
        """Preconditions at most 60 s old. Before the first send those of all writes: no half-done surprise."""
        profile, facts = self._attempt.door.profile, self._facts
        remaining = [w for w in self._attempt.proposal.writes if w.id not in self._attempt.results]
        checked = [write] if self._attempt.sent_any else remaining
        needed = [c for w in checked for c in w.preconditions]
        if profile is None:
            if needed:
                raise UsageError(f"{self._attempt.plan.organisation.server} has no profile", field="profile")
            return
        if not facts.fresh(needed):
            self._emit(Working(what="re-reading what the approval rests on"))
            also = [c for p in self._attempt.upcoming for w in p.writes for c in w.preconditions]
            await facts.refresh(profile, self._own, needed, also)
        if changed := surprises(facts, self._attempt.proposal, checked, self._attempt.committed()):
            facts.forget(needed)
            raise WriteRefused(
                f"the ledger changed since the approval: {'; '.join(changed)}", code="precondition",
                next="run reconcile again for a new plan",
            )  # fmt: skip

    async def _send_with_one_more_try(self, write: Write, record: WriteRecord) -> tuple[WriteRecord, CallResult]:
        """The call, and one more with the same key when the first is proved not to have happened (401, 429)."""
        record, result = await self._send(write, record)
        error = result.error
        if error is None or not proves_undone(error) or self._attempt.cancelled:
            return record, result
        wait = error.retry_after_s if error.retry_after_s is not None else (1.0 if error.status == 429 else 0.0)
        if wait > MAX_TOLD_WAIT_S:
            return record, result
        text = f"{self._attempt.where} did not take {amount_of(write)} ({error.message}); it is tried once more"
        record = self._attempt.records[write.id] = self._journal.not_done(record, text)
        self._attempt.undone.add(write.id)
        if wait > 0:
            self._emit(Waiting(server=self._attempt.plan.organisation.server, seconds=wait, reason=error.message))
            await self._sleep(wait)
        self._facts.forget(write.preconditions)
        await self._get_ready(write)
        return await self._send(write, record)

    async def _send(self, write: Write, record: WriteRecord) -> tuple[WriteRecord, CallResult]:
        """Intent on disk, then the call. Raises FinchatError only when nothing was sent."""
        ids = self._attempt.ledger_ids()
        self._attempt.before[write.id] = self._facts.amounts(write.preconditions)
        arguments = sealed(write, approved_hash(self._attempt.approval, write), self._attempt.replies, ids)
        permit(self._policy, self._attempt.door, write, await self._attempt.door.toolbox.tools())
        known_ids = {str(id) for id in (write.verify or {}).get("known_ids", ())} | set(ids.values())
        try:
            record = self._journal.intend(
                self._attempt.plan, write, record, call_id=uuid_text("call"), known_ids=known_ids,
                lifetime_s=self._lifetime(),
            )  # fmt: skip
        except StorageError:
            self._attempt.storage_lost = True
            raise
        self._attempt.records[write.id] = record
        self._attempt.undone.discard(write.id)
        self._attempt.sent_any = True
        self._tell(write, "sending")
        call = asyncio.ensure_future(
            self._attempt.door.toolbox.call(
                write.tool, arguments, idempotency_key=record.idempotency_key, deadline_s=self._settings.call_deadline_s
            )
        )
        return record, await self._answer(call)

    async def _answer(self, call: asyncio.Future[CallResult]) -> CallResult:
        """The reply; when we are cancelled, after a short grace, an unknown outcome instead of an exception."""
        try:
            await asyncio.wait({call})
        except asyncio.CancelledError:
            self._attempt.cancelled = True
            with suppress(asyncio.CancelledError):
                await asyncio.wait({call}, timeout=_CANCEL_GRACE_S)
        if not call.done():
            call.cancel()
            call.add_done_callback(lambda done: done.cancelled() or done.exception())
            return unclear("interrupted", "the run was ended before the server answered")
        if call.cancelled():  # by the transport: that is no word from the user, and none from the server
            return unclear("connection_lost", "the connection was lost before the server answered")
        if (error := call.exception()) is not None:
            return unclear("connection_lost", f"the call ended without an answer ({type(error).__name__})")
        return call.result()

    # After the send

    async def _conclude(self, write: Write, record: WriteRecord, result: CallResult) -> None:
        """Check the reply, store what it settles. An unclear one is looked for in the ledger at once.

        Ends with CancelledError when the run was cancelled meanwhile.
        """
        self._facts.touched(self._attempt.proposal, write)
        error, profile = result.error, self._attempt.door.profile
        if error is not None and (proves_undone(error) or error.outcome in ("not_sent", "failed")):
            concluded = refused_by_server(write, self._attempt.where, error)
        else:
            receipt = profile.receipt(write, result) if error is None and profile is not None else None
            doubt = self._doubt(write, receipt) if receipt is not None else ""
            if receipt is not None and receipt.ledger_id is not None and not doubt:
                concluded = self._settled(write, receipt.ledger_id, receipt)
                self._attempt.replies[write.id] = result
            else:  # what such an answer holds is nothing for a later write to build on
                concluded = await self._looked_for(write, record, error, receipt, doubt)
        self._store(write, record, concluded)
        if self._attempt.cancelled:
            raise asyncio.CancelledError

    def _doubt(self, write: Write, receipt: ReceiptLike) -> str:
        """Why the reply does not settle the write; "" when it is clear and agrees with what was sent."""
        if receipt.disagreement:
            return receipt.disagreement
        planned = self._due(write, after=True)
        if receipt.due_after is not None and planned is not None and receipt.due_after != planned:
            return f"it says that {amount_text(receipt.due_after, write.currency)} is due afterwards, not {planned}"
        return ""

    def _settled(self, write: Write, ledger_id: str, receipt: ReceiptLike) -> Conclusion:
        return Conclusion(
            outcome="committed", text=f"{self._attempt.where} took {amount_of(write)} as {ledger_id}",
            ledger_id=ledger_id, due_before=self._due(write, after=False), due_after=receipt.due_after,
        )  # fmt: skip

    def _due(self, write: Write, *, after: bool) -> Decimal | None:
        """What was due on the document just before the write was sent, or must be due after it."""
        before = self._attempt.before.get(write.id, {})
        for condition in write.preconditions:
            if condition.field == "amount_due" and fact_of(condition) in before:
                by = change_by(self._attempt.proposal, write, condition)
                return before[fact_of(condition)] - (by if after else Decimal(0))
        return None

    async def _looked_for(
        self, write: Write, record: WriteRecord, error: CallError | None, receipt: ReceiptLike | None, doubt: str
    ) -> Conclusion:
        left = record.seconds_left()  # before looking: what arrives later was not seen
        sighting, trouble = await self._look(write, record)
        seen = Seen(receipt.ledger_id if receipt is not None else None, error, sighting, trouble, left, doubt)
        for text in surprises_in(deed(self._attempt.proposal, write), seen):
            self._emit(Notice(text=text, severity="warning"))
        found = conclusion(write, self._attempt.where, record, seen)
        return replace(found, due_before=self._due(write, after=False)) if found.due_before is None else found

    async def _look(self, write: Write, record: WriteRecord) -> tuple[SightingLike | None, str]:
        profile = self._attempt.door.profile
        if profile is None or self._attempt.cancelled:
            return None, "it was not read back"
        look = asyncio.ensure_future(profile.look_for(self._own, write, known_ids=record.known_ids))
        try:
            await asyncio.wait({look})
        except asyncio.CancelledError:
            self._attempt.cancelled = True
            look.cancel()
            look.add_done_callback(lambda done: done.cancelled() or done.exception())
            return None, "the run was ended before it was read back"
        if look.cancelled():
            return None, "the connection was lost while reading it back"
        if (error := look.exception()) is not None:
            if not isinstance(error, FinchatError):
                return None, f"it could not be read back ({type(error).__name__})"
            return None, f"it could not be read back: {error.message}"
        return look.result(), ""

    def _store(self, write: Write, record: WriteRecord, conclusion: Conclusion) -> None:
        try:
            self._attempt.records[write.id] = self._journal.conclude(record, conclusion)
        except StorageError as error:
            # The intent is on disk: the next start settles it. What the ledger holds is told all the same.
            self._attempt.storage_lost = True
            self._emit(Notice(text=f"The outcome could not be stored: {error.message}", severity="warning"))
        self._attempt.concluded.add(write.id)
        result = WriteResult(
            proposal_id=self._attempt.proposal.id, write_id=write.id, decision="approved", outcome=conclusion.outcome,
            ledger_id=conclusion.ledger_id, due_before=conclusion.due_before, due_after=conclusion.due_after,
            error=conclusion.error,
        )  # fmt: skip
        self._attempt.done(write, result)
        self._tell(write, conclusion.outcome, conclusion.error)

    def _not_sent(self, write: Write, error: FinchatError) -> None:
        """The write was not sent (or is proved not to have happened) and will not be in this run."""
        problem = WriteError(code=error.code, message=error.message, field=error.field, next=error.next)
        text = f"{amount_of(write)} was not sent to {self._attempt.where}: {error.message}"
        conclusion = Conclusion(outcome="not_sent", text=text, error=problem)
        with suppress(StorageError):
            self._journal.conclude(self._attempt.records[write.id], conclusion)
        self._attempt.concluded.add(write.id)
        self._attempt.done(
            write,
            WriteResult(
                proposal_id=self._attempt.proposal.id,
                write_id=write.id,
                decision="void",
                outcome="not_sent",
                error=problem,
            ),
        )
        self._tell(write, "not_sent", problem)

    def release(self) -> None:
        """Whatever ended the run: claimed writes that were never sent are free again, those sent are not."""
        for write in self._attempt.proposal.writes:
            record = self._attempt.records[write.id]
            never_written = record.state == "approved" or write.id in self._attempt.undone
            if write.id in self._attempt.concluded or not never_written:
                continue
            text = f"{amount_of(write)} was approved but not written on {self._attempt.where}: the run was ended"
            with suppress(StorageError):
                self._journal.conclude(record, Conclusion(outcome="not_sent", text=text))

    def _lifetime(self) -> float:
        told, profile = self._settings.request_lifetime_s, self._attempt.door.profile
        return told if told is not None else (profile.request_lifetime_s if profile is not None else 60.0)

    def _tell(self, write: Write, outcome: WriteOutcome | Literal["sending"], error: WriteError | None = None) -> None:
        text = done(self._attempt.proposal, write) if outcome == "committed" else deed(self._attempt.proposal, write)
        if error is not None:
            text = f"{text}: {error.message}"
        self._emit(Writing(proposal_id=self._attempt.proposal.id, write_id=write.id, text=text, outcome=outcome))


def permit(policy: Policy, door: Door, write: Write, tools: Mapping[str, Tool]) -> str:
    """The write's class. Raises WriteRefused when the policy denies it or the tool is not the one approved."""
    if (refusal := forbids(policy, door, write)) is not None:
        raise refusal
    tool = tools.get(write.tool)
    if tool is None or tool.sha256 != write.tool_sha256:
        if tool is None and (held := withheld(door.toolbox, write.tool)) is not None:
            raise WriteRefused(held.message, code="tool_changed", next=held.next)
        what = "is no longer offered" if tool is None else "changed since the plan was made"
        raise WriteRefused(
            f"the tool {write.tool} of {door.toolbox.server} {what}", code="tool_changed", next="make a new plan"
        )
    effect = decide(policy, door, write.tool).effect
    return "destructive" if write.reverses else effect


def forbids(policy: Policy, door: Door, write: Write) -> WriteRefused | None:
    """Why the policy denies a write, whoever approves it; None when it may be asked about."""
    # A tool that writes can also take back (an update that voids): then the rule for what destroys holds as well.
    effect: ToolEffect = "destructive" if write.reverses else "write"
    by_plan = policy.decide(door.toolbox.server, write.tool, effect, write.resource)
    for said in (decide(policy, door, write.tool), by_plan):
        if said.decision == "deny":
            return WriteRefused(
                f"{write.tool} is refused by {said.decided_by}: {said.reason}", code="denied",
                field=said.decided_by,
                next="see `finchat policy test`",
            )  # fmt: skip
    return None
