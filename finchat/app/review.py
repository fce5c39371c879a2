"""`finchat review`: the screen for many proposals, over the same plan files, guard and journal as every apply."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finchat.app.desk import books_of_record, quick_imports
from finchat.app.invocation import Invocation, plan_saved
from finchat.errors import ExitCode, FinchatError, UsageError

if TYPE_CHECKING:
    from finchat.app.desk import Desk
    from finchat.books.plan import Balances, Plan, Proposal
    from finchat.safety.approval import Approver
    from finchat.safety.journal import Journal
    from finchat.safety.results import WriteResult
    from finchat.store.database import Database
    from finchat.ui.approval import TerminalApprover
    from finchat.ui.card import CardLines
    from finchat.ui.question import Questions
    from finchat.workflows.execute import Answering, Applied
    from finchat.workflows.review.board import Board
    from finchat.workflows.review.decisions import Decisions
    from finchat.workflows.review.states import State
    from finchat.workflows.review.writer import Writer

NewPlan = Callable[["Plan"], "Plan"]


def review(call: Invocation, named: str | None) -> int:
    """Open the screen on a plan; without one on the newest that has something undecided. Away from a terminal it says
    where it stands: exit code 3 while anything waits."""
    path, plan = _found(call, named)
    if call.sink.interactive:
        from finchat.app import bank_lines

        return bank_lines.apply(call, str(path), yes=False, review=True)
    return _stands(call, path, plan)


def shows_screen(call: Invocation) -> bool:
    """Whether there is a terminal that can show a screen; at a dumb one questions come line by line."""
    return call.sink.interactive and os.environ.get("TERM", "") not in {"", "dumb"}


def check_wish(*, review: bool, yes: bool) -> None:
    """Raises UsageError for a review that nobody is to sit at."""
    if review and yes:
        raise UsageError("--review asks a person and --yes asks nobody", field="--review", next="give one of the two")


# One sitting


@dataclass(kw_only=True)
class _Sitting:
    """What the screen asks of the desk."""

    desk: Desk
    board: Board
    approver: TerminalApprover
    questions: Questions
    answering: Answering
    new_plan: NewPlan
    as_of: date
    warnings: tuple[str, ...]

    def card(self, proposal: Proposal, number: int, total: int, width: int) -> CardLines:
        """The whole card."""
        from finchat.safety.approval import ReviewContext

        found = self.desk.journal.refusals(self.board.plan.only(frozenset({proposal.id})))
        context = ReviewContext(
            proposal_ids=(proposal.id,),
            foreign=self.board.foreign,
            sends_idempotency_key=self.desk.accepts_key,
            account_names=self.board.account_names,
            warnings=self.warnings,
            refused={id: no.sentence for id, no in found.items()},
        )
        return self.approver.card(self.board.plan, proposal, context, number=number, total=total, width=width)

    async def answer(self, proposals: Sequence[Proposal]) -> str:
        """One answer for proposals alike: one new plan, which the board follows."""
        from finchat.workflows.review.answers import answer_all

        answers = await self.questions.answers(proposals)
        if not answers:
            return "nothing was answered"
        changed = answer_all(self.board.plan, answers, self.answering, **self._made(answers[0].proposal_id))
        self._follow(changed)
        many = f"{len(answers)} lines" if len(answers) > 1 else "the line"
        return f"{many} answered, in plan {changed.id}: look, then y"

    async def edit(self, proposal: Proposal) -> str:
        """One write changed: a new plan, which the board follows."""
        from finchat.workflows.review.answers import edit_one

        edit = await self.approver.edit(self.board.plan, proposal)
        if edit is None:
            return "nothing was changed"
        changed = edit_one(self.board.plan, edit, **self._made(proposal.id))
        self._follow(changed)
        return f"changed, in plan {changed.id}: look, then y"

    def _made(self, _about: str) -> dict[str, Any]:
        """How the next plan is called and what of this one it keeps: all that nothing was sent for."""
        from finchat.workflows.plans import new_plan_id

        gone = {"written", "writing", "unknown"}
        return {
            "plan_id": new_plan_id(self.as_of),
            "created_at": self.desk.journal.now(),
            "keep": frozenset(id for id, state in self.board.states.items() if state not in gone),
        }

    def _follow(self, changed: Plan) -> None:
        made_from = self.board.plan.id
        self.new_plan(changed)
        if not self.board.foreign:  # a change on a card makes nobody else's plan our own
            self.desk.journal.plan_made(changed, made_from=made_from)
        self.board.follow(changed)
        plan_saved(self.desk.call.again("review", changed.id))


async def sit(
    desk: Desk,
    plan: Plan,
    *,
    before: Balances,
    as_of: date,
    account_names: Mapping[str, str],
    foreign: bool,
    done: Sequence[WriteResult],
    new_plan: NewPlan,
    answering: Answering,
    chart: Callable[[], Any],
    warnings: tuple[str, ...] = (),
) -> Applied:
    """One sitting at the screen: decisions on disk as they are made, approvals written in the background, the
    balances read once at the end. Raises KeyboardInterrupt after Ctrl-C, once the write in hand is settled."""
    with quick_imports():
        from finchat.safety.approval import ReviewContext
        from finchat.ui.approval import TerminalApprover
        from finchat.ui.question import Questions
        from finchat.ui.review.screen import ReviewScreen
        from finchat.workflows import execute
        from finchat.workflows.earlier import refused_before
        from finchat.workflows.plans import new_plan_id
        from finchat.workflows.review.board import Board
        from finchat.workflows.review.writer import Writer as Background

    async def apply(plan: Plan, approver: Approver, proposal_ids: tuple[str, ...]) -> Sequence[WriteResult]:
        applied = await execute.apply(
            plan,
            guard=desk.guard,
            journal=desk.journal,
            approver=approver,
            context=ReviewContext(proposal_ids=proposal_ids, foreign=foreign, account_names=account_names),
            before=before,
            read_balances=None,
            new_plan=new_plan,
            now=desk.journal.now,
            new_id=lambda: new_plan_id(as_of),
            answered=answering,
            emit=desk.progress,
            done=done,
        )
        asked = frozenset(proposal_ids)
        return [r for r in applied.results if r.proposal_id in asked and r.decision != "pending"]

    def record(plan: Plan, proposals: Sequence[Proposal], choice: State, reason: str) -> None:
        match choice:
            case "skipped" | "refused":
                desk.journal.decided(plan, proposals, choice, reason)
            case _:
                desk.journal.reopened(plan, proposals)

    with _decisions(desk.call) as store:
        # A no of the line by line question is one here too, unless a review has decided since.
        declined = [r for r in refused_before(plan, desk.journal, done) if r.proposal_id not in store.of(plan.id)]
        board = Board(
            plan,
            store,
            now=desk.journal.now,
            account_names=account_names,
            done=[*done, *declined],
            foreign=foreign,
            record=record,
        )
        for result in declined:
            board.reasons[result.proposal_id] = result.error.message if result.error else ""
        sink, chart_source = desk.call.sink, chart
        sitting = _Sitting(
            desk=desk,
            board=board,
            approver=TerminalApprover(sink, desk.progress.paused, chart_source),
            questions=Questions(sink, chart_source),
            answering=answering,
            new_plan=new_plan,
            as_of=as_of,
            warnings=warnings,
        )
        writer = Background(board, apply)
        screen = ReviewScreen(board, writer, sitting, _heading(plan), answers=sink.answers, message=_welcome(board))
        writer.changed = screen.changed
        plan_saved(desk.call.again("review", plan.id))
        with desk.progress.diverted(screen.heard):
            writing = asyncio.ensure_future(writer.run())
            # Without its writer the screen would promise what nobody does.
            writing.add_done_callback(lambda done: None if done.cancelled() or not done.exception() else screen.leave())
            try:
                left = await screen.run()
            except asyncio.CancelledError:
                writing.cancel()
                await asyncio.wait({writing})
                raise
            writer.stop()
        if writer.in_hand and not writing.done():
            desk.call.sink.talk("finishing the write in hand …")
        await writing
        if writer.error is not None:
            desk.call.sink.error(writer.error)
        if left == "interrupted":
            raise KeyboardInterrupt
        return await _summed(desk, plan, board, writer, before=before, as_of=as_of, done=done)


async def _summed(
    desk: Desk,
    first: Plan,
    board: Board,
    writer: Writer,
    *,
    before: Balances,
    as_of: date,
    done: Sequence[WriteResult],
) -> Applied:
    """What came of the sitting, as any apply tells it; the balances read again when something was sent."""
    from finchat.events import Working
    from finchat.safety.results import WriteError, WriteResult
    from finchat.workflows.execute import applied_of

    results = {(r.proposal_id, r.write_id): r for r in done} | writer.results
    for proposal in board.plan.proposals:
        state = board.states[proposal.id]
        if state not in ("skipped", "refused"):
            continue
        reason = board.reasons.get(proposal.id, "")
        why = WriteError(code="refused", message=reason) if state == "refused" and reason else None
        for write in proposal.writes:
            results[proposal.id, write.id] = WriteResult(
                proposal_id=proposal.id, write_id=write.id, decision=state, error=why
            )
    after = None
    if any(r.outcome is not None for r in writer.results.values()):
        desk.progress(Working(what="reading the balances again"))
        after = await desk.provider.balances(as_of)
    earlier = frozenset((r.proposal_id, r.write_id) for r in done if r.outcome == "committed")
    return applied_of(
        first, board.plan, results, before, executed=frozenset(writer.tried), after=after, earlier=earlier
    )


def _welcome(board: Board) -> str:
    """What a person should know when the screen opens."""
    told = []
    if board.voided:
        count = len(board.voided)
        told.append(f"{count} earlier decision{'s' * (count != 1)} no longer hold: their proposals changed")
    if board.held:
        told.append(f"{len(board.held)} approved, not yet written: w writes them")
    if board.foreign:
        told.append("this plan was not made on this machine: every row by itself")
    return "; ".join(told)


def _heading(plan: Plan) -> list[tuple[str, str]]:
    from finchat.text.sanitise import one_line

    made: list[tuple[str, str]] = [
        ("bold", one_line(plan.organisation.name, 40)),
        ("", f" on {one_line(plan.organisation.server, 20)}"),
    ]
    return [*made, ("", " "), ("bold fg:ansiblack bg:ansiyellow", " SANDBOX ")] if plan.organisation.sandbox else made


@contextmanager
def _decisions(call: Invocation) -> Iterator[Decisions]:
    from finchat.store.database import Database
    from finchat.workflows.review.decisions import Decisions

    def opened(*, durable: bool) -> Database:
        return Database(call.home.database, durable=durable)

    with closing(opened(durable=True)) as database, closing(opened(durable=False)) as places:
        yield Decisions(database, places)


# Where it stands


def _found(call: Invocation, named: str | None) -> tuple[Path, Plan]:
    """The plan that is named, or the one its review went on with; else the newest with something undecided."""
    from finchat.workflows import plans
    from finchat.workflows.review.standing import waiting

    with _decisions(call) as store:
        if named is not None:
            path = plans.find(call.home.plans, named)
            plan = plans.load(path)
            latest = store.latest(plan.id)
            if latest != plan.id:
                path = plans.find(call.home.plans, latest)
                plan = plans.load(path)
            return path, plan
        followed = store.followed()
        with books_of_record(call, via="command") as (journal, _, _):
            for path in _newest_first(call):
                if path.stem in followed:
                    continue
                try:
                    plan = plans.load(path)
                except FinchatError:
                    continue  # finchat plan list says what is wrong with it
                if waiting(_states(plan, journal, store)):
                    return path, plan
    raise UsageError(
        "no saved plan waits for a decision", code="nothing_to_review", field="PLAN",
        next="make one: finchat reconcile --days 7 --review",
    )  # fmt: skip


def _newest_first(call: Invocation) -> list[Path]:
    found = [(path.stat().st_mtime_ns, path) for path in call.home.plans.glob("*.json")]
    return [path for _, path in sorted(found, reverse=True)]


def _states(plan: Plan, journal: Journal, store: Decisions) -> dict[str, State]:
    """The state of each proposal as the journal and the decisions have it; the policy is not asked."""
    from finchat.safety.approval import proposal_sha256
    from finchat.workflows.earlier import earlier, refused_before
    from finchat.workflows.review.standing import standing

    results: dict[str, list[WriteResult]] = {}
    known, saved = earlier(plan, journal), store.of(plan.id)
    declined = [r for r in refused_before(plan, journal, known) if r.proposal_id not in saved]
    for result in (*known, *declined):
        results.setdefault(result.proposal_id, []).append(result)
    proposals = {p.id: p for p in plan.proposals}
    return standing(plan, saved, results, lambda id: proposal_sha256(proposals[id])).states


def _stands(call: Invocation, path: Path, plan: Plan) -> int:
    """Where a review stands, for programs and for people away from a terminal."""
    from finchat.books.plan_json import organisation_json
    from finchat.ui.review.standing import standing_view
    from finchat.workflows.review.standing import document, waiting

    with _decisions(call) as store, books_of_record(call, via="command") as (journal, _, _):
        states = _states(plan, journal, store)
    waits = waiting(states)
    code = ExitCode.AWAITING_APPROVAL if waits else ExitCode.DONE
    again = call.again("review", plan.id if path.stem == plan.id else str(path))
    if call.json:
        call.sink.document(
            {
                "schema": "finchat.review/1",
                "plan": {"id": plan.id, "path": str(path)},
                "org": organisation_json(plan.organisation),
                **document(plan, states),
                "next": again if waits else None,
                "exit_code": int(code),
            }
        )
        return code
    call.sink.data(standing_view(plan, states))
    if waits:
        call.sink.data("A review needs a terminal; there:")
        call.sink.raw(f"  {again}\n")
    return code
