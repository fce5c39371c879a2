"""Applying a plan: one decision after the other, each approved proposal through the guard, balances read as proof.

Used by reconcile and by `apply`. Nothing is written here; the guard alone sends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

from finchat.books.balances import Difference, differences, expected, stated
from finchat.books.plan import Balances, Plan, Proposal
from finchat.errors import ExitCode, worst
from finchat.events import Emit, Notice, Working
from finchat.safety.approval import Answer, Approval, Approve, Approver, Edit, Quit, Refuse, ReviewContext, Skip
from finchat.safety.results import WriteDecision, WriteError, WriteResult, exit_code_of
from finchat.workflows.editing import edited

PlanStatus = Literal["none", "awaiting", "applied", "partial", "failed", "unknown", "void"]
# What a plan is that has a question open, by what its results alone amount to.
_WITH_QUESTIONS: Mapping[PlanStatus, PlanStatus] = {"none": "awaiting", "applied": "partial"}


class Executor(Protocol):
    """The guard, as far as applying needs it."""

    async def execute(
        self, plan: Plan, proposal: Proposal, approval: Approval, *, upcoming: Sequence[Proposal] = (),
        more_follow: bool = False,
    ) -> tuple[WriteResult, ...]:  # fmt: skip
        """Send the approved writes of one proposal; read what `upcoming` ones rest on in the same batch.

        `more_follow`: leave the read-back to `read_back`.
        """

    async def read_back(self) -> tuple[WriteResult, ...]:
        """Read the ledger again for all writes not read back yet: the results that come of it."""


class Answering(Protocol):
    """Completes a proposal with what a person answered to its question."""

    def __call__(self, plan: Plan, answer: Answer, *, plan_id: str, created_at: datetime, keep: frozenset[str]) -> Plan:
        """The plan of the proposals to `keep`, one completed. Raises WriteRefused naming the field that is wrong."""


class Records(Protocol):
    """The journal, as far as applying needs it."""

    def plan_made(self, plan: Plan, *, made_from: str | None = None) -> None:
        """Remember a plan with its hash, and which plan it was made from."""

    def decided(
        self, plan: Plan, proposals: Iterable[Proposal], decision: Literal["skipped", "refused"], reason: str = ""
    ) -> None:
        """A human's no, on disk when this returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a plan. `plan` is the last one when a person edited; `results` has one entry a write.

    `expected` is `before` changed by what was approved in this run; `after` is None when nothing was sent. `earlier`:
    proposal and write ids of what was written before this run. `unanswered`: proposals that have nothing to write
    before a person answers their question, and that nobody passed over.
    """

    plan: Plan
    results: tuple[WriteResult, ...]
    before: Balances
    expected: Balances
    after: Balances | None
    earlier: frozenset[tuple[str, str]] = frozenset()
    unanswered: frozenset[str] = frozenset()

    @property
    def now(self) -> tuple[WriteResult, ...]:
        """What this run decided or left pending: all but what was written before."""
        return tuple(r for r in self.results if (r.proposal_id, r.write_id) not in self.earlier)

    @property
    def left(self) -> frozenset[str]:
        """The proposals that wait for a person."""
        return frozenset(r.proposal_id for r in self.results if r.decision == "pending") | self.unanswered

    @property
    def forbidden(self) -> frozenset[str]:
        """The proposals that nobody was asked about because the policy refuses them."""
        return frozenset(r.proposal_id for r in self.results if r.decision == "refused" and r.outcome == "not_sent")

    @property
    def status(self) -> PlanStatus:
        found = status_of(self.results)
        if self.unanswered:  # what has no writes yet has no results either
            return _WITH_QUESTIONS.get(found, found)
        return found

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What the ledger does not say as expected; empty when equal to the cent or nothing was sent."""
        return () if self.after is None else differences(self.expected, self.after)

    @property
    def exit_code(self) -> ExitCode:
        """By the contract's precedence: outcomes first, then balances that differ, then what still awaits approval."""
        codes = [exit_code_of(self.results)]
        if self.unanswered:
            codes.append(ExitCode.AWAITING_APPROVAL)
        if self.differences:
            codes.append(ExitCode.MISMATCH)
        return worst(codes)


def untouched(plan: Plan, before: Balances, done: Sequence[WriteResult] = ()) -> Applied:
    """The plan when nobody was asked: every write not `done` is pending."""
    return applied_of(plan, plan, _by_write(done), before, earlier=_written(done))


def open_questions(plan: Plan, results: Iterable[WriteResult]) -> frozenset[str]:
    """The proposals that have nothing to write before their question is answered; none where the policy refuses every
    write of the plan, and would refuse what an answer adds."""
    found = tuple(results)
    if found and all(r.decision == "refused" and r.error is not None and r.error.code == "denied" for r in found):
        return frozenset()
    return frozenset(p.id for p in plan.proposals if not p.writes and p.asks)


async def apply(
    plan: Plan,
    *,
    guard: Executor,
    journal: Records,
    approver: Approver,
    context: ReviewContext,
    before: Balances,
    read_balances: Callable[[], Awaitable[Balances]] | None,
    new_plan: Callable[[Plan], Plan],
    now: Callable[[], datetime],
    new_id: Callable[[], str],
    answered: Answering,
    emit: Emit,
    done: Sequence[WriteResult] = (),
) -> Applied:
    """Asks about the proposals of `context`, executes each approval before the next question, reads balances after.

    The ledger is read back after each approval, and once for all of those that were given together.

    `read_balances` None: the caller reads them itself, after several such calls. `done`: results of earlier applies of
    the same plan, and of what the policy forbids; the caller leaves proposals that are done out of `context`.
    `new_plan` saves a plan that an edit made and returns it. Raises what the guard raises when it cannot go on at all
    (journal not writable, signals).
    """
    results, earlier = _by_write(done), _written(done)
    executed: set[str] = set()
    passed: set[str] = set()
    current, waiting = plan, list(context.proposal_ids)
    whole = plan  # every proposal as it was last shown: a later plan holds no more than those still waiting
    left = False
    while waiting and not left:
        edit: Edit | Answer | None = None
        decided = context.decided + len(context.proposal_ids) - len(waiting)
        asked = replace(context, proposal_ids=tuple(waiting), decided=decided, written=earlier)
        async for decision in approver.review(current, asked):
            if isinstance(decision, Quit):
                left = True
                break
            if isinstance(decision, Edit | Answer):
                edit = decision
                break
            proposal = _proposal(current, decision.proposal_id)
            waiting.remove(proposal.id)
            passed.add(proposal.id)
            if isinstance(decision, Skip | Refuse):  # on the record before the next question
                no: Literal["skipped", "refused"] = "refused" if isinstance(decision, Refuse) else "skipped"
                journal.decided(current, (proposal,), no, decision.reason if isinstance(decision, Refuse) else "")
            results |= _by_write(await _decided(guard, current, proposal, decision, waiting))
            if isinstance(decision, Approve):
                executed.add(proposal.id)
                if not decision.following:
                    results |= _by_write(await guard.read_back())
        results |= _by_write(await guard.read_back())
        if edit is None:
            break
        undecided = {p.id for p in current.proposals if any(r.decision == "pending" for r in _of(results, p))}
        keep = frozenset(waiting) | undecided
        if isinstance(edit, Answer):
            changed = answered(current, edit, plan_id=new_id(), created_at=now(), keep=keep)
        else:
            changed = edited(current, edit, plan_id=new_id(), created_at=now(), keep=keep)
        made_from, current = current.id, new_plan(changed)
        # What was refused before is another proposal now.
        results = {k: r for k, r in results.items() if k[0] != edit.proposal_id or r.decision != "refused"}
        now_as = {p.id: p for p in current.proposals}
        whole = replace(whole, proposals=tuple(now_as.get(p.id, p) for p in whole.proposals))
        if not context.foreign:  # a change on a card makes nobody else's plan our own
            journal.plan_made(current, made_from=made_from)
    _tell_limited(results.values(), emit)
    after = None
    sent = any(results[key].outcome is not None for key in results if key[0] in executed and key not in earlier)
    if sent and read_balances is not None:
        emit(Working(what="reading the balances again"))
        after = await read_balances()
    found = applied_of(whole, current, results, before, executed=frozenset(executed), after=after, earlier=earlier)
    return replace(found, unanswered=found.unanswered - passed)


def status_of(results: Iterable[WriteResult]) -> PlanStatus:
    """What a plan's writes amount to, in one word of the contract. Pure."""
    found = tuple(results)
    outcomes = {r.outcome for r in found}
    decisions = {r.decision for r in found}
    if not found:
        return "none"
    if "unknown" in outcomes:
        return "unknown"
    wrong = {r.decision for r in found if r.outcome in ("failed", "not_sent") or r.decision == "void"}
    if "committed" in outcomes:
        return "partial" if wrong or "pending" in decisions else "applied"
    if "pending" in decisions and wrong <= {"refused", "void"}:  # what cannot be written leaves the others waiting
        return "awaiting"
    if wrong:
        return "void" if wrong == {"void"} else "failed"
    return "void" if decisions == {"refused"} else "awaiting"


async def _decided(
    guard: Executor, plan: Plan, proposal: Proposal, decision: Approve | Skip | Refuse, waiting: Sequence[str]
) -> Sequence[WriteResult]:
    if isinstance(decision, Approve):
        if decision.following:
            following = frozenset(decision.following)
            upcoming = [p for p in plan.proposals if p.id in following]
        else:
            # Documents are read many a call, so those that may be approved next cost nothing; credits cost a call more.
            upcoming = [p for p in plan.proposals if p.id in waiting and not _rests_on_credit(p)]
        done = await guard.execute(plan, proposal, decision.approval, upcoming=upcoming, more_follow=True)
        return [replace(r, decision="pending", outcome=None) if _needs_a_person(r) else r for r in done]
    if isinstance(decision, Refuse):
        why = WriteError(code="refused", message=decision.reason) if decision.reason else None
        return _same(proposal, "refused", why)
    return _same(proposal, "skipped")


def _by_write(results: Iterable[WriteResult]) -> dict[tuple[str, str], WriteResult]:
    return {(r.proposal_id, r.write_id): r for r in results}


def _written(results: Iterable[WriteResult]) -> frozenset[tuple[str, str]]:
    return frozenset((r.proposal_id, r.write_id) for r in results if r.outcome == "committed")


def _of(results: Mapping[tuple[str, str], WriteResult], proposal: Proposal) -> list[WriteResult]:
    return [results[proposal.id, w.id] for w in proposal.writes if (proposal.id, w.id) in results]


def _same(proposal: Proposal, decision: WriteDecision, error: WriteError | None = None) -> list[WriteResult]:
    return [
        WriteResult(proposal_id=proposal.id, write_id=w.id, decision=decision, error=error) for w in proposal.writes
    ]


def applied_of(
    first: Plan,
    last: Plan,
    results: dict[tuple[str, str], WriteResult],
    before: Balances,
    *,
    executed: frozenset[str] = frozenset(),
    after: Balances | None = None,
    earlier: frozenset[tuple[str, str]] = frozenset(),
) -> Applied:
    """What came of a plan: all proposals of `first` in its order, one that was edited or answered as `last` has it.

    `executed`: the proposals that were approved in this run; `results` by proposal and write id. Pure.
    """
    now = {p.id: p for p in last.proposals}
    proposals = [now.get(p.id, p) for p in first.proposals]
    ordered = tuple(
        results.get((p.id, w.id)) or WriteResult(proposal_id=p.id, write_id=w.id, decision="pending")
        for p in proposals
        for w in p.writes
    )
    approved = {(r.proposal_id, r.write_id) for r in ordered if r.decision == "approved" and r.proposal_id in executed}
    approved -= earlier  # their effects are in the balances before
    effects = stated(before, (w for p in proposals for w in p.writes if (p.id, w.id) in approved))
    whole = last if len(last.proposals) == len(proposals) else replace(last, proposals=tuple(proposals))
    return Applied(
        plan=whole, results=ordered, before=before, expected=expected(before, effects), after=after, earlier=earlier,
        unanswered=open_questions(whole, ordered),
    )  # fmt: skip


def _needs_a_person(result: WriteResult) -> bool:
    """The policy's own approval reached its limit: nothing was refused, a person can still approve it."""
    return result.error is not None and result.error.code in ("unattended_limit", "needs_approval")


def _tell_limited(results: Iterable[WriteResult], emit: Emit) -> None:
    """What the day's total left waiting; the policy's other reasons are told before anything is written."""
    limited = {
        r.proposal_id: r.error.message
        for r in results
        if r.decision == "pending" and r.error is not None and r.error.code == "unattended_limit"
    }
    if limited:
        first, message = next(iter(limited.items()))
        who = f"{first} waits" if len(limited) == 1 else f"{len(limited)} proposals wait"
        which = f" ({', '.join(limited)})" if len(limited) > 1 else ""
        emit(Notice(text=f"{who} for a person: the policy's day is used up: {message}{which}"))


def _rests_on_credit(proposal: Proposal) -> bool:
    return any(condition.field == "remaining" for write in proposal.writes for condition in write.preconditions)


def as_foreign(plan: Plan) -> Plan:
    """A plan that the journal does not know: every proposal is to review, whatever the file claims."""
    return replace(plan, proposals=tuple(replace(p, certainty="review") for p in plan.proposals))


def _proposal(plan: Plan, id: str) -> Proposal:
    return next(p for p in plan.proposals if p.id == id)
