"""The one road to a tool: policy, approval, intent on disk, call, read-back, outcome on disk, audit.

Everybody else gets `Guard.toolbox(server)`, which reads. Only `Guard.execute` writes, and only what was approved.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from finchat.books.documents import Organisation
from finchat.books.money import amount_text
from finchat.books.plan import Plan, Proposal, Write
from finchat.clock import Clock
from finchat.connections.toolbox import CallError, CallResult, Tool, Toolbox
from finchat.errors import FinchatError, UsageError, WriteRefused
from finchat.events import Emit, Notice, Waiting, Working, Writing, silent
from finchat.safety import approval as approvals
from finchat.safety.approval import Approval
from finchat.safety.audit import AuditLog
from finchat.safety.journal import Conclusion, Journal, Reservation, WriteRecord
from finchat.safety.payload import check, sealed
from finchat.safety.policy import Policy
from finchat.safety.preconditions import Facts, surprises
from finchat.safety.profile_protocol import Profile, SightingLike
from finchat.safety.reads import AskRead, Door, GuardedToolbox, decide
from finchat.safety.recovery import Recovery, Sleep, recover
from finchat.safety.results import WriteDecision, WriteError, WriteOutcome, WriteResult
from finchat.safety.runs import Run
from finchat.safety.unattended import UnattendedVerdict, base_amounts, judge
from finchat.settings import ServerSettings
from finchat.store.database import StorageError

MAX_TOLD_WAIT_S = 60.0
_CANCEL_GRACE_S = 2.0


class Guard:
    """The guard of one run. `sessions`, `profiles` and `settings` are by configured server name.

    Nobody else may hold the sessions. `ask` lets a person allow a read that the policy wants asked for; without it
    such a read is refused. `sleep` and the real clock measure waits; `clock` gives the sandbox its day.
    """

    def __init__(
        self,
        *,
        sessions: Mapping[str, Toolbox],
        profiles: Mapping[str, Profile],
        settings: Mapping[str, ServerSettings],
        policy: Policy,
        journal: Journal,
        audit: AuditLog,
        run: Run,
        clock: Clock,
        emit: Emit = silent,
        ask: AskRead | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._doors = {name: Door(toolbox, profiles.get(name)) for name, toolbox in sessions.items()}
        self._settings = settings
        self._policy = policy
        self._journal = journal
        self._audit = audit
        self._run = run
        self._clock = clock
        self._emit = emit
        self._ask = ask
        self._sleep = sleep
        self._facts: dict[str, Facts] = {}
        self._writing = asyncio.Lock()

    def toolbox(self, server: str) -> Toolbox:
        """The tools of a server, for everyone: reads only. Raises UsageError when no such session is open."""
        return GuardedToolbox(self._door(server), self._policy, self._audit, self._run, ask=self._ask)

    async def open_organisation(self, server: str, organisation: Organisation) -> Recovery:
        """Settle what earlier runs left open in this organisation; then it may be read and written.

        Call it after reading the organisation and before anything else there. Raises StorageError when the journal
        cannot be used.
        """
        door = self._door(server)
        if behind := self._journal.clock_set_back_s():
            text = f"The clock is {behind:.0f} s behind an earlier run; limits and expiries go by the later time."
            self._emit(Notice(text=text, severity="warning"))
        own = self._recovering(door)
        found = await recover(
            self._journal, self._run, organisation, door.profile, own, emit=self._emit, sleep=self._sleep
        )
        door.organisation = organisation
        self._facts[server] = Facts()
        return found

    def unattended(self, plan: Plan, proposal: Proposal) -> UnattendedVerdict:
        """Whether `--yes` may approve a proposal; the day's total is held when it is executed."""
        return judge(
            self._policy.unattended, plan, proposal,
            today=self._today(plan.organisation), foreign=not self._journal.knows(plan),
        )  # fmt: skip

    def approve_unattended(self, plan: Plan, proposal: Proposal) -> Approval:
        """The policy's own approval. Raises WriteRefused with the reason when `--yes` may not approve it."""
        verdict = self.unattended(plan, proposal)
        if not verdict.approved:
            raise WriteRefused(
                verdict.reason, code="needs_approval", next=f"approve it at a terminal: finchat apply {plan.id}"
            )
        return approvals.bind(plan, proposal, by="policy:unattended")

    async def execute(
        self, plan: Plan, proposal: Proposal, approval: Approval, *, upcoming: Sequence[Proposal] = ()
    ) -> tuple[WriteResult, ...]:
        """Send the approved writes of one proposal, one by one; what became of each, in order.

        Refusals, failures and unclear outcomes are results, not exceptions. `upcoming`: proposals approved already
        and executed next, whose facts are read in the same batch. When cancelled, the write under way is finished
        or recorded as unknown first. Raises nothing else but UsageError for a server that is not open.
        """
        async with self._writing:
            attempt = _Attempt(plan, proposal, approval, self._door(plan.organisation.server), tuple(upcoming))
            try:
                await self._admit(attempt)
            except FinchatError as error:
                return self._not_admitted(attempt, error)
            try:
                for write in proposal.writes:
                    await self._one(attempt, write)
            finally:
                self._release(attempt)
            return tuple(attempt.results[write.id] for write in proposal.writes)

    def close(self) -> None:
        """Write out the audit lines of the last reads."""
        self._audit.close()

    # Before anything is sent

    async def _admit(self, attempt: _Attempt) -> None:
        """All that can be said no to before the approval is used; then use it. Raises FinchatError."""
        plan, proposal = attempt.plan, attempt.proposal
        org = attempt.door.organisation
        if org is None or org.id != plan.organisation.id:
            raise WriteRefused("the plan is of another organisation than the open one", code="other_organisation")
        if why := approvals.mismatch(attempt.approval, plan, proposal):
            raise WriteRefused(f"the approval does not hold: {why}", code="approval_void", next="approve it again")
        if self._settings[org.server].fingerprint(org.id) != plan.server_fingerprint:
            raise WriteRefused(
                "the server is configured differently than when the plan was made", code="server_changed",
                next="make a new plan",
            )  # fmt: skip
        if proposal not in plan.proposals or len({w.id for w in proposal.writes}) != len(proposal.writes):
            raise WriteRefused("the proposal is not one of this plan", code="approval_void")
        tools = await attempt.door.toolbox.tools()
        for write in proposal.writes:
            attempt.effects[write.id] = self._permit(attempt.door, write, tools)
            check(write, _approved_hash(attempt.approval, write))
        reservation = self._reservation(attempt) if attempt.approval.decided_by != "human" else None
        attempt.records = self._journal.claim(
            plan, proposal, attempt.approval, effects=attempt.effects, reservation=reservation
        )

    def _permit(self, door: Door, write: Write, tools: Mapping[str, Tool]) -> str:
        """The write's class. Raises WriteRefused when the policy denies it or the tool is not the one approved."""
        decision = decide(self._policy, door, write.tool)
        by_plan = self._policy.decide(door.toolbox.server, write.tool, "write", write.resource)
        for said in (decision, by_plan):
            if said.decision == "deny":
                raise WriteRefused(
                    f"{write.tool} is refused by {said.decided_by}: {said.reason}", code="denied",
                    field=said.decided_by,
                    next="see `finchat policy test`",
                )  # fmt: skip
        tool = tools.get(write.tool)
        if tool is None or tool.sha256 != write.tool_sha256:
            what = "is no longer offered" if tool is None else "changed since the plan was made"
            raise WriteRefused(
                f"the tool {write.tool} of {door.toolbox.server} {what}", code="tool_changed", next="make a new plan"
            )
        return decision.effect

    def _reservation(self, attempt: _Attempt) -> Reservation:
        plan, proposal, rules = attempt.plan, attempt.proposal, self._policy.unattended
        verdict = self.unattended(plan, proposal)
        amounts = {id: amount for id, amount in base_amounts(plan, proposal).items() if amount is not None}
        if rules is None or not verdict.approved:
            raise WriteRefused(verdict.reason, code="needs_approval", next=f"finchat apply {plan.id}")
        return Reservation(day=self._today(plan.organisation), limit=rules.max_total_per_day, base_amounts=amounts)

    def _not_admitted(self, attempt: _Attempt, error: FinchatError) -> tuple[WriteResult, ...]:
        """Nothing was sent. What an earlier apply of the same plan has done is told with it."""
        with suppress(FinchatError):
            decided_by = error.field if error.code == "denied" and error.field else "default"
            self._journal.refused(
                attempt.plan, attempt.proposal, attempt.approval, error.message, decided_by=decided_by
            )
            self._audit.flush()
        decision: WriteDecision = "refused" if error.code == "denied" else "void"
        problem = WriteError(code=error.code, message=error.message, field=error.field, next=error.next)
        known: dict[str, WriteRecord] = {}
        with suppress(FinchatError):
            known = {
                r.write_id: r
                for r in self._journal.writes(attempt.plan.id)
                if r.proposal_id == attempt.proposal.id and r.state in ("committed", "unknown")
            }
        results = []
        for write in attempt.proposal.writes:
            before = known.get(write.id)
            outcome: WriteOutcome = "not_sent" if before is None else before.result().outcome or "not_sent"
            results.append(
                WriteResult(
                    proposal_id=attempt.proposal.id, write_id=write.id, decision=decision, outcome=outcome,
                    ledger_id=before.ledger_id if before is not None else None, error=problem,
                )
            )  # fmt: skip
        return tuple(results)

    # One write

    async def _one(self, attempt: _Attempt, write: Write) -> None:
        record = attempt.records[write.id]
        if record.state == "committed":  # by an earlier apply of this plan
            attempt.done(write, record.result())
            return
        try:
            self._check_dependencies(attempt, write)
            await self._check_facts(attempt, write)
            record, result = await self._send_with_one_more_try(attempt, write, record)
        except FinchatError as error:
            self._not_sent(attempt, write, error)
            return
        await self._conclude(attempt, write, record, result)

    def _check_dependencies(self, attempt: _Attempt, write: Write) -> None:
        if attempt.storage_lost:
            raise WriteRefused("nothing is sent while the journal cannot be written", code="not_attempted")
        for needed in write.depends_on:
            before = attempt.results.get(needed)
            if write.if_dependency_fails == "skip" and (before is None or before.outcome != "committed"):
                state = "missing" if before is None else f"{before.outcome}".replace("_", " ")
                raise WriteRefused(
                    f"not attempted: write {needed}, which it needs, is {state}", code="dependency",
                    next="apply the plan again once that is settled",
                )  # fmt: skip

    async def _check_facts(self, attempt: _Attempt, write: Write) -> None:
        """Preconditions at most 60 s old. Before the first send those of all writes: no half-done surprise."""
        profile, facts = attempt.door.profile, self._facts[attempt.plan.organisation.server]
        remaining = [w for w in attempt.proposal.writes if w.id not in attempt.results]
        checked = [write] if attempt.sent_any else remaining
        needed = [c for w in checked for c in w.preconditions]
        if profile is None:
            if needed:
                raise UsageError(f"{attempt.plan.organisation.server} has no profile", field="profile")
            return
        if not facts.fresh(needed):
            self._emit(Working(what="re-reading what the approval rests on"))
            also = [c for p in attempt.upcoming for w in p.writes for c in w.preconditions]
            await facts.refresh(profile, self._recovering(attempt.door), needed, also)
        if changed := surprises(facts, attempt.proposal, checked, attempt.committed()):
            facts.forget(needed)
            raise WriteRefused(
                f"the ledger changed since the approval: {'; '.join(changed)}", code="precondition",
                next="run reconcile again for a new plan",
            )  # fmt: skip

    async def _send_with_one_more_try(
        self, attempt: _Attempt, write: Write, record: WriteRecord
    ) -> tuple[WriteRecord, CallResult]:
        """The call, and one more with the same key when the first is proved not to have happened (401, 429)."""
        record, result = await self._send(attempt, write, record)
        error = result.error
        if error is None or not _proves_undone(error) or attempt.cancelled:
            return record, result
        wait = error.retry_after_s if error.retry_after_s is not None else (1.0 if error.status == 429 else 0.0)
        if wait > MAX_TOLD_WAIT_S:
            return record, result
        text = f"{attempt.where} did not take {_amount(write)} ({error.message}); it is tried once more"
        record = attempt.records[write.id] = self._journal.not_done(record, text)
        attempt.undone.add(write.id)
        if wait > 0:
            self._emit(Waiting(server=attempt.plan.organisation.server, seconds=wait, reason=error.message))
            await self._sleep(wait)
        self._facts[attempt.plan.organisation.server].forget(write.preconditions)
        await self._check_facts(attempt, write)
        return await self._send(attempt, write, record)

    async def _send(self, attempt: _Attempt, write: Write, record: WriteRecord) -> tuple[WriteRecord, CallResult]:
        """Intent on disk, then the call. Raises FinchatError only when nothing was sent."""
        server = attempt.plan.organisation.server
        arguments = sealed(write, _approved_hash(attempt.approval, write), attempt.replies, attempt.ledger_ids())
        self._permit(attempt.door, write, await attempt.door.toolbox.tools())
        known_ids = {str(id) for id in (write.verify or {}).get("known_ids", ())} | set(attempt.ledger_ids().values())
        settings = self._settings[server]
        try:
            record = self._journal.intend(
                attempt.plan, write, record, call_id=str(uuid.uuid4()), known_ids=known_ids,
                lifetime_s=self._lifetime(attempt.door),
            )  # fmt: skip
        except StorageError:
            attempt.storage_lost = True
            raise
        attempt.records[write.id] = record
        attempt.undone.discard(write.id)
        attempt.sent_any = True
        self._tell(attempt, write, "sending", f"sending {_amount(write)}")
        call = asyncio.ensure_future(
            attempt.door.toolbox.call(
                write.tool, arguments, idempotency_key=record.idempotency_key, deadline_s=settings.call_deadline_s
            )
        )
        return record, await self._answer(attempt, call)

    async def _answer(self, attempt: _Attempt, call: asyncio.Future[CallResult]) -> CallResult:
        """The reply; when we are cancelled, after a short grace, an unknown outcome instead of an exception."""
        try:
            await asyncio.wait({call})
        except asyncio.CancelledError:
            attempt.cancelled = True
            with suppress(asyncio.CancelledError):
                await asyncio.wait({call}, timeout=_CANCEL_GRACE_S)
        if not call.done():
            call.cancel()
            call.add_done_callback(lambda done: done.cancelled() or done.exception())
            return _unclear("interrupted", "the run was ended before the server answered")
        if call.cancelled():  # by the transport: that is no word from the user, and none from the server
            return _unclear("connection_lost", "the connection was lost before the server answered")
        if (error := call.exception()) is not None:
            return _unclear("connection_lost", f"the call ended without an answer ({type(error).__name__})")
        return call.result()

    # After the send

    async def _conclude(self, attempt: _Attempt, write: Write, record: WriteRecord, result: CallResult) -> None:
        """Read back, decide, store. Ends with CancelledError when the run was cancelled meanwhile."""
        self._facts[attempt.plan.organisation.server].touched(attempt.proposal, write)
        error, profile = result.error, attempt.door.profile
        if error is not None and (_proves_undone(error) or error.outcome in ("not_sent", "failed")):
            outcome: WriteOutcome = "failed" if error.outcome == "failed" and not _proves_undone(error) else "not_sent"
            conclusion = Conclusion(
                outcome=outcome, text=f"{attempt.where} did not take {_amount(write)}: {error.message}",
                error=_write_error(error),
            )  # fmt: skip
        else:
            settled = profile.settled_id(write, result) if error is None and profile is not None else None
            left = record.seconds_left()  # before reading back: what arrives later was not seen
            sighting, trouble = await self._read_back(attempt, write, record)
            conclusion = self._judge(attempt, write, record, _Seen(settled, error, sighting, trouble, left))
        if result.error is None:
            attempt.replies[write.id] = result
        self._store(attempt, write, record, conclusion)
        if attempt.cancelled:
            raise asyncio.CancelledError

    async def _read_back(self, attempt: _Attempt, write: Write, record: WriteRecord) -> tuple[SightingLike | None, str]:
        profile = attempt.door.profile
        if profile is None or attempt.cancelled:
            return None, "it was not read back"
        look = asyncio.ensure_future(
            profile.look_for(self._recovering(attempt.door), write, known_ids=record.known_ids)
        )
        try:
            await asyncio.wait({look})
        except asyncio.CancelledError:
            attempt.cancelled = True
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

    def _judge(self, attempt: _Attempt, write: Write, record: WriteRecord, seen: _Seen) -> Conclusion:
        sighting, deed = seen.sighting, f"{_amount(write)} on {attempt.where}"
        if sighting is not None and sighting.found:
            ledger_id = sighting.ledger_id or seen.settled_id
            self._tell_surprise(write, sighting, seen)
            return Conclusion(
                outcome="committed", text=f"{attempt.where} took {_amount(write)}, read back as {ledger_id}",
                ledger_id=ledger_id, due_before=sighting.due_before, due_after=sighting.due_after,
            )  # fmt: skip
        if seen.settled_id is not None and (sighting is None or not sighting.certain):
            trouble = seen.trouble or (sighting.text if sighting is not None else "")
            self._emit(Notice(text=f"{deed} was taken as {seen.settled_id}, but {trouble}.", severity="warning"))
            return Conclusion(
                outcome="committed", text=f"{attempt.where} took {_amount(write)} as {seen.settled_id}, not read back",
                ledger_id=seen.settled_id,
            )  # fmt: skip
        certain = sighting is not None and sighting.certain
        if certain and seen.settled_id is None and seen.left_s <= 0 and seen.error is not None:
            message = f"{seen.error.message}; it is not in the ledger and can no longer arrive"
            return Conclusion(
                outcome="not_sent", text=f"{deed} is not in the ledger: {seen.error.message}",
                error=WriteError(code=seen.error.code, message=message, next="apply the plan again"),
            )  # fmt: skip
        why = seen.error.message if seen.error is not None else "the server's answer and the ledger do not agree"
        trouble = seen.trouble or (sighting.text if sighting is not None else "")
        return Conclusion(
            outcome="unknown", text=f"whether {attempt.where} took {_amount(write)} is not known: {why}",
            error=WriteError(
                code="outcome_unknown", message=f"{why}; {trouble}" if trouble else why,
                next=f"run finchat again: it looks first; or finchat journal resolve {record.name} --committed ID",
            ),
        )  # fmt: skip

    def _tell_surprise(self, write: Write, sighting: SightingLike, seen: _Seen) -> None:
        if seen.settled_id is not None and sighting.ledger_id not in (None, seen.settled_id):
            text = f"The server said {seen.settled_id}, the ledger shows {sighting.ledger_id}: look at both."
            self._emit(Notice(text=text, severity="warning"))
        planned = (write.verify or {}).get("due_after")
        if planned is not None and sighting.due_after is not None and Decimal(str(planned)) != sighting.due_after:
            text = f"After write {write.id} the ledger says {sighting.due_after} is due, not {planned} as planned."
            self._emit(Notice(text=text, severity="warning"))

    def _store(self, attempt: _Attempt, write: Write, record: WriteRecord, conclusion: Conclusion) -> None:
        try:
            record = self._journal.conclude(record, conclusion)
        except StorageError as error:
            # The intent is on disk: the next start settles it. What the ledger holds is told all the same.
            attempt.storage_lost = True
            self._emit(Notice(text=f"The outcome could not be stored: {error.message}", severity="warning"))
        attempt.concluded.add(write.id)
        result = WriteResult(
            proposal_id=attempt.proposal.id, write_id=write.id, decision="approved", outcome=conclusion.outcome,
            ledger_id=conclusion.ledger_id, due_before=conclusion.due_before, due_after=conclusion.due_after,
            error=conclusion.error,
        )  # fmt: skip
        attempt.done(write, result)
        self._tell(attempt, write, conclusion.outcome, conclusion.text)

    def _not_sent(self, attempt: _Attempt, write: Write, error: FinchatError) -> None:
        """The write was not sent (or is proved not to have happened) and will not be in this run."""
        problem = WriteError(code=error.code, message=error.message, field=error.field, next=error.next)
        text = f"{_amount(write)} was not sent to {attempt.where}: {error.message}"
        conclusion = Conclusion(outcome="not_sent", text=text, error=problem)
        with suppress(StorageError):
            self._journal.conclude(attempt.records[write.id], conclusion)
        attempt.concluded.add(write.id)
        attempt.done(
            write,
            WriteResult(
                proposal_id=attempt.proposal.id, write_id=write.id, decision="void", outcome="not_sent", error=problem
            ),
        )
        self._tell(attempt, write, "not_sent", text)

    def _release(self, attempt: _Attempt) -> None:
        """Whatever ended the run: claimed writes that were never sent are free again, those sent are not."""
        for write in attempt.proposal.writes:
            record = attempt.records[write.id]
            if write.id in attempt.concluded or not (record.state == "approved" or write.id in attempt.undone):
                continue
            text = f"{_amount(write)} was approved but not written on {attempt.where}: the run was ended"
            with suppress(StorageError):
                self._journal.conclude(record, Conclusion(outcome="not_sent", text=text))

    # Small things

    def _door(self, server: str) -> Door:
        if server not in self._doors:
            raise UsageError(f"server {server!r} is not connected", field="--server")
        return self._doors[server]

    def _recovering(self, door: Door) -> Toolbox:
        return GuardedToolbox(door, self._policy, self._audit, self._run, ask=self._ask, recovering=True)

    def _lifetime(self, door: Door) -> float:
        told = self._settings[door.toolbox.server].request_lifetime_s
        return told if told is not None else (door.profile.request_lifetime_s if door.profile is not None else 60.0)

    def _today(self, organisation: Organisation) -> date:
        """The organisation's day: by the pinned clock on the sandbox, else never earlier than the journal knows."""
        now = self._clock.now() if organisation.sandbox else self._journal.now()
        return now.astimezone(ZoneInfo(organisation.timezone)).date()

    def _tell(self, attempt: _Attempt, write: Write, outcome: Any, text: str) -> None:
        self._emit(Writing(proposal_id=attempt.proposal.id, write_id=write.id, text=text, outcome=outcome))


@dataclass(slots=True)
class _Attempt:
    """One execute: what was claimed, sent and concluded so far."""

    plan: Plan
    proposal: Proposal
    approval: Approval
    door: Door
    upcoming: tuple[Proposal, ...]
    effects: dict[str, str] = field(default_factory=dict)
    records: dict[str, WriteRecord] = field(default_factory=dict)
    results: dict[str, WriteResult] = field(default_factory=dict)
    replies: dict[str, CallResult] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)  # sent, and proved not to have happened
    concluded: set[str] = field(default_factory=set)
    sent_any: bool = False
    cancelled: bool = False
    storage_lost: bool = False

    @property
    def where(self) -> str:
        return f"{self.plan.organisation.server} ({self.plan.organisation.name})"

    def done(self, write: Write, result: WriteResult) -> None:
        self.results[write.id] = result

    def committed(self) -> frozenset[str]:
        known = {id for id, r in self.records.items() if r.state == "committed"}
        return frozenset(known | {id for id, r in self.results.items() if r.outcome == "committed"})

    def ledger_ids(self) -> dict[str, str]:
        return {id: r.ledger_id for id, r in self.results.items() if r.outcome == "committed" and r.ledger_id}


@dataclass(frozen=True, slots=True)
class _Seen:
    """All that is known of a write after its send."""

    settled_id: str | None
    error: CallError | None
    sighting: SightingLike | None
    trouble: str
    left_s: float


def _proves_undone(error: CallError) -> bool:
    """401 and 429 are said before the vendor looks at the request."""
    return error.status in (401, 429) or error.code in ("unauthorized", "rate_limited")


def _write_error(error: CallError) -> WriteError:
    return WriteError(code=error.code, message=error.message, field=error.field, next=error.next)


def _unclear(code: str, message: str) -> CallResult:
    return CallResult(error=CallError(code=code, message=message, outcome="unknown"))


def _approved_hash(approval: Approval, write: Write) -> str:
    return next(bound.arguments_sha256 for bound in approval.writes if bound.write_id == write.id)


def _amount(write: Write) -> str:
    return f"{write.tool} of {amount_text(write.amount, write.currency)} {write.currency}"
