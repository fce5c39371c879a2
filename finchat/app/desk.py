"""Composing one organisation: settings → store, sessions, guard, provider, and what a workflow works with."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from finchat.app import taping
from finchat.app.backends import company_home, load_own, own_server
from finchat.app.invocation import Invocation, journal_opened, plan_saved
from finchat.app.policies import policy_in_force
from finchat.clock import Clock, clock_from_environment
from finchat.errors import ExitCode, FinchatError
from finchat.events import Emit, Event, Notice, silent
from finchat.settings import SANDBOX_CLEARING_ACCOUNTS, Home, ServerSettings
from finchat.text.redact import secrets_of

if TYPE_CHECKING:
    from finchat.books.documents import BankLine, Organisation
    from finchat.books.learning import Remembered
    from finchat.books.plan import Balances, Finding, Plan
    from finchat.books.statement import BankReconciliation
    from finchat.connections.organisation_keys import OrganisationKeys
    from finchat.connections.paced import PacedToolbox
    from finchat.connections.toolbox import Toolbox
    from finchat.providers.provider import Provider
    from finchat.providers.registry import Vendor
    from finchat.providers.writing.context import WriteContext
    from finchat.safety.approval import ApprovalDecision, Approver, ReviewContext
    from finchat.safety.audit import AuditLog
    from finchat.safety.guard import Guard
    from finchat.safety.journal import Journal
    from finchat.safety.results import WriteResult
    from finchat.safety.runs import Run, Via
    from finchat.safety.signatures import Standing
    from finchat.sandbox.home import CompanyHome
    from finchat.store.database import Database
    from finchat.store.owner import Owner
    from finchat.ui.progress import Progress
    from finchat.workflows.execute import Applied
    from finchat.workflows.memory import Memory
    from finchat.workflows.meter import Usage
    from finchat.workflows.reconcile import Reconciliation
    from finchat.workflows.undo import Undo

Entered = TypeVar("Entered")


@contextmanager
def quick_imports() -> Iterator[None]:
    """No garbage collection while large packages are imported; afterwards what they made is never looked at again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@asynccontextmanager
async def begun(manager: AbstractAsyncContextManager[Entered]) -> AsyncIterator[asyncio.Task[Entered]]:
    """Enters a manager in a task of its own, and leaves it at the end. Its first step is done at once: a server's
    process boots while this one imports."""
    entering: asyncio.Task[Entered] = asyncio.create_task(_entered(manager))
    await asyncio.sleep(0)
    try:
        yield entering
    finally:
        entering.cancel()
        await asyncio.wait({entering})
        if not entering.cancelled() and entering.exception() is None:
            await manager.__aexit__(None, None, None)


async def _entered(manager: AbstractAsyncContextManager[Entered]) -> Entered:
    return await manager.__aenter__()


class HeldEvents:
    """Events of what starts before there is anybody to show them: held back until `tell` says who does."""

    def __init__(self) -> None:
        self._held: list[Event] = []
        self._emit: Emit | None = None

    def emit(self, event: Event) -> None:
        if self._emit is None:
            self._held.append(event)
        else:
            self._emit(event)

    def tell(self, emit: Emit) -> None:
        """From now on `emit` gets them, first those that were held."""
        self._emit = emit
        for event in self._held:
            emit(event)
        self._held.clear()


def clock_of(settings: ServerSettings) -> Clock:
    """The clock of one organisation: that of the sandbox can be pinned, others cannot."""
    return clock_from_environment() if settings.sandbox else Clock()


@contextmanager
def state_database(home: Home) -> Iterator[Database]:
    from finchat.store.database import Database

    database = Database(home.database)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def books_of_record(
    call: Invocation, via: Via, emit: Emit = silent, *, session_id: str | None = None
) -> Iterator[tuple[Journal, AuditLog, Run]]:
    """The journal and the audit log, open as one run."""
    journal_opened()
    from finchat.safety.audit import AuditLog
    from finchat.safety.journal import Journal
    from finchat.safety.runs import Run

    with (
        state_database(call.home) as database,
        Run.start(call.home.locks, via=via, session_id=session_id) as run,
    ):
        secrets = [s for server in call.settings.servers.values() for s in secrets_of(server.env, server.headers)]
        model_key = call.settings.model.key or ""  # whatever its variable is called
        audit = AuditLog(database, call.home, run, secrets=(*secrets, model_key, *secrets_of(os.environ)), emit=emit)
        try:
            yield Journal(database, run, audit), audit, run
        finally:
            audit.close()


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One organisation, open: what the workflows of a command work with."""

    call: Invocation
    settings: ServerSettings
    clock: Clock
    progress: Progress
    journal: Journal
    guard: Guard
    vendor: Vendor
    provider: Provider
    organisation: Organisation
    memory: Memory
    paced: PacedToolbox
    recovery_code: ExitCode
    accepts_key: bool
    beside: tuple[Desk, ...] = ()  # the other organisations open in this session

    @property
    def all(self) -> tuple[Desk, ...]:
        """Every organisation open in this session, this one first."""
        return (self, *self.beside)

    @property
    def fingerprint(self) -> str:
        return self.settings.fingerprint(self.organisation.id)

    @property
    def usage(self) -> Usage:
        from finchat.workflows.meter import Usage

        return Usage(calls=self.paced.calls, waited_s=self.paced.waited_s)

    @property
    def feed(self) -> Path | None:
        """The bank's own feed: the one the connection names, or that of the sandbox company."""
        if self.settings.bank_feed is not None:
            return Path(self.settings.bank_feed)
        return _company(self.call, self.settings).feed_path if self.settings.sandbox else None

    def today(self) -> date:
        """The organisation's day: by the pinned clock on the sandbox, else never earlier than the journal knows."""
        now = self.clock.now() if self.settings.sandbox else self.journal.now()
        return now.astimezone(ZoneInfo(self.organisation.timezone)).date()

    def remembered(self, as_of: date) -> Remembered:
        """What memory holds of this organisation on a day."""
        return self.memory.recall(self.organisation.id, as_of)

    def saw(self, lines: Iterable[BankLine]) -> None:
        """The lines that a plan is about: what memory needs of them beside the plan."""
        self.memory.saw(self.organisation.id, lines)

    def keep(self, plan: Plan, out: Path | None = None, *, by_model: bool = False) -> Path:
        """Save the plan under its id, and at `out` when a person named a place; its hash goes to the journal.

        `by_model`: a model asked for it, so that only a person can approve it.
        """
        from finchat.workflows import plans

        path = plans.save(plan, plans.plan_path(self.call.home.plans, plan.id))
        if out is not None:
            path = plans.save(plan, out.absolute())
        self.journal.plan_made(plan, by_model=by_model)
        plan_saved(self.call.again("apply", plan.id))
        return path

    def show(self, found: Reconciliation, *, denied: Collection[str], rows: bool = True) -> None:
        """The window, the plan and the findings, on stdout. `denied`: proposals the policy forbids; without `rows` the
        plan is left to the review screen."""
        from finchat.ui.reconciliation import plan_view

        self.progress.clear()
        self.call.sink.data(plan_view(found, self.call.sink.out.width, denied=denied, rows=rows))
        if not found.answers and not found.statements:
            self.call.sink.data(self._why_no_lines())

    def show_banks(self, banks: Sequence[BankReconciliation]) -> None:
        """The bank reconciliation statement of each account a statement file was read of, on stdout."""
        from finchat.ui.statement import bank_reconciliation_view

        self.progress.clear()
        for one in banks:
            self.call.sink.data()
            self.call.sink.data(bank_reconciliation_view(one))

    def _why_no_lines(self) -> str:
        """Where bank lines would come from, and which days there are."""
        from finchat.text.sanitise import one_line
        from finchat.workflows import feed

        if self.feed is None:
            return f"There is no bank feed: name one as bank_feed of server {self.settings.name} in finchat.toml."
        days = [line.date for line in feed.read(self.feed).lines]
        where = one_line(str(self.feed))
        return f"The bank feed {where} " + (f"covers {min(days)} to {max(days)}." if days else "holds no lines at all.")

    def show_saved(self, applied: Applied, findings: Sequence[Finding], *, foreign: bool) -> None:
        """What is left of a saved plan, and what else should be known of it, on stdout."""
        from finchat.ui.reconciliation import saved_plan_view

        plan_saved(self.call.again("apply", applied.plan.id))
        self.progress.clear()
        self.call.sink.data(saved_plan_view(applied, findings, self.call.sink.out.width, foreign=foreign))

    def show_undo(self, undo: Undo, *, denied: Collection[str], rows: bool = True) -> None:
        """What of a plan can be taken back, and what cannot, on stdout. `denied`: proposals the policy forbids; without
        `rows` the plan is left to whoever asks about it."""
        from finchat.ui.undoing import undo_view

        self.progress.clear()
        self.call.sink.data(undo_view(undo, self.call.sink.out.width, denied=denied, rows=rows))

    async def apply(
        self,
        plan: Plan,
        *,
        before: Balances,
        as_of: date,
        account_names: Mapping[str, str],
        yes: bool,
        foreign: bool = False,
        done: Sequence[WriteResult] = (),
        review: bool = False,
    ) -> Applied:
        """Ask and write: first what the policy allows unattended (with --yes), then the person, when there is one.

        `done`: what an earlier run wrote, and what the policy forbids; nobody is asked about that. `review`: the person
        works on the review screen.
        """
        from finchat.app.review import shows_screen, sit
        from finchat.safety.approval import ReviewContext
        from finchat.ui.approval import TerminalApprover
        from finchat.workflows import execute, plans
        from finchat.workflows.answering import Answers
        from finchat.workflows.earlier import refused_before

        on_screen = review and shows_screen(self.call)  # there questions are answered too, before anybody signs
        if self.guard.signatures(plan).missing and not on_screen:
            known = [*done, *refused_before(plan, self.journal, done)]
            return self.reasons(execute.untouched(plan, before, known), yes=yes)
        settled = {(r.proposal_id, r.write_id) for r in done}
        declined = refused_before(plan, self.journal, done)
        refused = {id: no.sentence for id, no in self.journal.refusals(plan).items()}
        asking = execute.untouched(plan, before, done).unanswered
        waiting = tuple(
            p.id for p in plan.proposals
            if p.id in asking or not settled >= {(p.id, w.id) for w in p.writes}
        )  # fmt: skip
        waiting = tuple(sorted(waiting, key=lambda id: id in refused))  # a no of earlier is not what a run begins with
        asked = self.call.sink.interactive and any(p.asks for p in plan.proposals)
        chart = await self.provider.write_context(plan.id, chart=True) if asked else None

        async def known_chart() -> WriteContext:
            return chart or await self.provider.write_context(plan.id, chart=True)

        person = TerminalApprover(self.call.sink, self.progress.paused, known_chart)

        made = [plan]

        def new_plan(changed: Plan) -> Plan:
            plans.save(changed, plans.plan_path(self.call.home.plans, changed.id))
            plan_saved(self.call.again("apply", changed.id))
            made.append(changed)
            self.memory.begin(changed)
            return changed

        self.memory.begin(plan)
        if on_screen:
            applied = await sit(
                self,
                plan,
                before=before,
                as_of=as_of,
                account_names=account_names,
                foreign=foreign,
                done=done,
                new_plan=new_plan,
                answering=Answers(chart),
                chart=known_chart,
                warnings=self._signed_warnings(plan),
            )
            self._learn(applied, made, account_names)
            return self.reasons(applied, yes=yes)

        applied = await execute.apply(
            plan,
            guard=self.guard,
            journal=self.journal,
            approver=PolicyFirst(
                self.guard, person, unattended=yes, attended=self.call.sink.interactive, emit=self.progress
            ),
            context=ReviewContext(
                proposal_ids=waiting,
                foreign=foreign,
                sends_idempotency_key=self.accepts_key,
                account_names=account_names,
                warnings=self._signed_warnings(plan),
                refused=refused,
            ),
            before=before,
            read_balances=lambda: self.provider.balances(as_of),
            new_plan=new_plan,
            now=self.journal.now,
            new_id=lambda: plans.new_plan_id(as_of),
            answered=Answers(chart),
            emit=self.progress,
            done=[*done, *declined],
        )
        fresh = [r for r in applied.results if r not in declined]
        self._learn_of(applied.plan, fresh, made, account_names)
        return self.reasons(applied, yes=yes)

    def take_signatures(self, plan: Plan, path: Path, shown: Plan) -> Standing:
        """The signatures beside a plan's file and beside its copy in this home, taken by the guard for `shown`, which
        is the plan itself or what this machine makes of a foreign one."""
        from finchat.safety import signatures
        from finchat.workflows.plans import plan_path

        files = signatures.found_with([path, plan_path(self.call.home.plans, plan.id)])
        return self.guard.accept_signatures(shown, signatures.read(files), signed=plan)

    def reasons(self, applied: Applied, *, yes: bool) -> Applied:
        """The same results, each pending one with why: missing signatures, or what `--yes` may not approve."""
        from finchat.safety.results import WriteError

        plan = applied.plan
        standing = self.guard.signatures(plan)
        proposals = {proposal.id: proposal for proposal in plan.proposals}

        def reason(proposal_id: str) -> WriteError | None:
            if standing.missing:
                refusal = standing.refusal()
                return WriteError(
                    code="needs_signatures", message=refusal.message, field=refusal.field, next=refusal.next
                )
            verdict = self.guard.unattended(plan, proposals[proposal_id]) if yes else None
            if verdict is None or verdict.approved:
                return None
            return WriteError(code="needs_approval", message=verdict.reason, next=self.call.again("apply", plan.id))

        results = tuple(
            replace(r, error=reason(r.proposal_id)) if r.decision == "pending" and r.error is None else r
            for r in applied.results
        )
        return replace(applied, results=results)

    def _signed_warnings(self, plan: Plan) -> tuple[str, ...]:
        standing = self.guard.signatures(plan)
        if standing.missing:
            return (f"{standing.sentence}: until then nothing of it is written, whoever approves it",)
        if not standing.signers:
            return ()
        signers = ", ".join(standing.signers)
        return (f"signed by {signers}: a change makes another plan of it, which has to be signed again",)

    def _learn(self, applied: Applied, made: Sequence[Plan], account_names: Mapping[str, str]) -> None:
        """What the person decided, into the memory. What is written stands whether or not it can be remembered."""
        self._learn_of(applied.plan, applied.results, made, account_names)

    async def learn_of_ended_runs(self) -> None:
        """What people decided in runs that ended before it was learned, as far as it was written or refused."""
        from finchat.workflows.earlier import refused_before

        for plan_id in self.memory.begun(self.organisation.id):
            plan = self.journal.plan(plan_id)
            if plan is not None:
                accounts = await self.provider.accounts()
                names = {a.id: a.label for a in accounts.values()}
                written = [record.result() for record in self.journal.writes(plan_id)]
                results = [*written, *refused_before(plan, self.journal, written)]
                self._learn_of(plan, results, [plan], names)

    def _learn_of(
        self, plan: Plan, results: Sequence[WriteResult], made: Sequence[Plan], account_names: Mapping[str, str]
    ) -> None:
        writes = [record for one in made for record in self.journal.writes(one.id)]
        origins = [self.journal.plan(id) for id in self.journal.origins(made[0].id)]
        asked = [*(one for one in origins if one is not None), *made]
        try:
            self.memory.learn(plan, results, writes, asked=asked, account_names=account_names)
        except FinchatError as error:
            self.progress(Notice(text=f"nothing was remembered of this: {error.message}", severity="warning"))

    def report(
        self,
        applied: Applied,
        account_names: Mapping[str, str],
        path: Path | None,
        *,
        plan_id: str,
        asked: Invocation,
        command: str = "apply",
    ) -> None:
        """What was written, the balances as proof, and what is left to the person.

        `path` is the file of `plan_id`; `asked` the command line as it was given; `command` goes on with what is left.
        """
        from finchat.ui.reconciliation import applied_view

        self.progress.clear()
        standing = self.guard.signatures(applied.plan)
        unsigned = bool(standing.missing and applied.left)
        here = asked.chats and not unsigned and self._name(applied.plan.id, path) == applied.plan.id
        view = applied_view(
            applied, account_names, saved=path is not None and not unsigned, vendor=self.vendor.label, here=here
        )  # fmt: skip
        if view is not None:
            self.call.sink.data(view)
        if unsigned:
            from finchat.ui.plans import needs_view

            self.call.sink.data(needs_view(standing, asks=any(p.open_asks for p in applied.plan.proposals)))
        if path is not None and applied.left:
            # Byte for byte: a command that is wrapped to the screen cannot be copied.
            name = self._name(applied.plan.id, path if applied.plan.id == plan_id else None)
            words = ("plan", "sign") if unsigned else (command,)
            self.call.sink.raw(f"  {f'/apply {name}' if here else asked.again(*words, name)}\n")

    def _name(self, plan_id: str, path: Path | None) -> str:
        """What `finchat apply` finds a plan by: its id where it was kept under it, else its file."""
        from finchat.workflows import plans

        kept = plans.plan_path(self.call.home.plans, plan_id)
        return plan_id if path is None or (kept.is_file() and kept.samefile(path)) else str(path)


@dataclass(frozen=True)
class PolicyFirst:
    """An Approver: what policy.toml allows unattended when asked to, then the person, when there is one."""

    guard: Guard
    person: Approver
    unattended: bool
    attended: bool
    emit: Emit

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        """Decisions of the policy, then of the person; without a person the rest stays pending."""
        from finchat.safety.approval import Approve, Quit
        from finchat.workflows.unattended import PolicyApprover

        if (standing := self.guard.signatures(plan)).missing:  # a change on a card made another plan of a signed one
            text = f"Signatures under the plan before do not hold for the changed one: {standing.sentence}."
            self.emit(Notice(text=text, severity="warning"))
            yield Quit()
            return
        waiting = list(context.proposal_ids)
        if self.unattended:
            # What a person refused, no policy approves.
            allowed = replace(context, proposal_ids=tuple(id for id in waiting if id not in context.refused))
            async for decision in PolicyApprover(self.guard, silent if self.attended else self.emit).review(
                plan, allowed
            ):
                if isinstance(decision, Approve):
                    waiting.remove(decision.proposal_id)
                yield decision
        passed = len(context.proposal_ids) - len(waiting)
        if not self.attended:
            yield Quit()
            return
        left = replace(context, proposal_ids=tuple(waiting), decided=context.decided + passed)
        async for decision in self.person.review(plan, left):
            yield decision


@asynccontextmanager
async def open_desk(
    call: Invocation,
    via: Via,
    *,
    session_id: str | None = None,
    progress: Progress | None = None,
    beside: Sequence[str] = (),
) -> AsyncIterator[Desk]:
    """Everything a workflow needs for one organisation, opened in order and closed in reverse. `progress`: who shows
    what it does; by default the terminal's line. `beside`: servers whose organisations are open with it, behind the
    same guard and in the same journal; one that is not required and cannot be reached is named and left out.

    With others beside it `--org` says which of them is the one whose desk this is. Raises OrganisationUnclear when it
    is none of them.
    """
    named = [call.settings.server(call.server), *(call.settings.server(name) for name in beside)]
    mine = [_Connection(one) for one in named]
    settings = mine[0].settings
    clock, early = clock_of(next((one for one in named if one.sandbox), settings)), HeldEvents()
    policy, doubts = policy_in_force(call)

    async with AsyncExitStack() as stack:
        for one in mine:
            if one.settings.command is not None:
                await one.begin(stack, call, early.emit)
        with quick_imports():
            if not taping.replays():
                import finchat.connections.link  # noqa: F401 - every session needs it, and it is the largest of all
            from finchat.connections.organisation_keys import OrganisationKeys
            from finchat.connections.paced import PacedToolbox
            from finchat.connections.pacing import Pacer, open_budget
            from finchat.safety.guard import Guard
            from finchat.ui.progress import Progress
            from finchat.ui.reads import ReadQuestions
            from finchat.workflows.memory import Memory  # noqa: F401 - wanted a moment later

            for one in mine:
                if one.settings.in_memory and not taping.replays():
                    load_own(one.settings)

        progress = stack.enter_context(progress or Progress(call.sink))
        early.tell(progress)
        for doubt in doubts:
            progress(Notice(text=doubt, severity="warning"))
        journal, audit, run = stack.enter_context(books_of_record(call, via, progress, session_id=session_id))
        budget = stack.enter_context(closing(open_budget(call.home)))
        pacer = stack.enter_context(closing(Pacer(budget, call.home.locks, emit=progress)))
        reached: list[tuple[_Connection, PacedToolbox]] = []
        for one in mine:
            await one.begin(stack, call, early.emit)
        for one in mine:
            try:
                session = pinned(stack, call, one.settings, await one.session(), progress)
            except FinchatError as error:
                if one is mine[0] or one.settings.required:
                    raise
                progress(Notice(text=f"without {one.settings.name}: {error.message}", severity="warning"))
                continue
            here = one.settings.fingerprint("")
            reached.append((one, PacedToolbox(session, pacer, here, is_read=one.is_read, emit=progress)))
        guard = Guard(
            sessions={one.settings.name: paced for one, paced in reached},
            profiles={one.settings.name: one.vendor.profile for one, _ in reached},
            settings={one.settings.name: one.settings for one, _ in reached},
            policy=policy,
            journal=journal,
            audit=audit,
            run=run,
            clock=clock,
            emit=progress,
            ask=ReadQuestions(call.sink, progress.paused) if call.sink.interactive else None,
        )
        office = _Office(
            call=call, stack=stack, guard=guard, journal=journal, keys=OrganisationKeys(budget), owner=pacer.owner,
            progress=progress, several=len(reached) > 1,
        )  # fmt: skip
        desks = [await office.desk(one, paced) for one, paced in reached]
        chosen = _chosen(desks, call) if office.several else desks[0]
        yield replace(chosen, beside=tuple(desk for desk in desks if desk is not chosen))


class _Connection:
    """One server whose books are opened."""

    def __init__(self, settings: ServerSettings) -> None:
        from finchat.providers.registry import vendor

        self.settings = settings
        self.vendor = vendor(settings.profile, settings.name)
        self._opening: asyncio.Task[Toolbox] | None = None

    def is_read(self, tool: str) -> bool:
        return self.vendor.profile.effect(tool) == "read"

    async def begin(self, stack: AsyncExitStack, call: Invocation, emit: Emit) -> None:
        """Puts the session on its way, once."""
        if self._opening is None:
            self._opening = await _session(stack, call, self.settings, emit, self.is_read)

    async def session(self) -> Toolbox:
        assert self._opening is not None
        return await self._opening


@dataclass(frozen=True, kw_only=True)
class _Office:
    """What the desks of one session share. `owner`: this process, to others that pace their calls."""

    call: Invocation
    stack: AsyncExitStack
    guard: Guard
    journal: Journal
    keys: OrganisationKeys
    owner: Owner
    progress: Progress
    several: bool

    async def desk(self, one: _Connection, paced: PacedToolbox) -> Desk:
        """The desk of a connection; what an earlier run left open in its organisation is settled first."""
        from finchat.workflows.memory import Memory

        settings, here = one.settings, one.settings.fingerprint("")
        call = replace(self.call, server=settings.name) if self.several else self.call
        provider = one.vendor.provider(
            self.guard.toolbox(settings.name),
            clearing_accounts=_clearing_accounts(call, settings),
            emit=self.progress,
        )
        async with self.keys.discovering(here, self.owner) as known:
            paced.key = known or here
            organisation = await self._organisation(provider, settings)
            paced.key = self.keys.remember(here, f"{settings.profile}:{organisation.id}")
        if (
            settings.sandbox
            and call.as_of is None
            and (age := taping.local(_fact("sandbox.age", settings), _company(call, settings).age_notice))
        ):
            self.progress(Notice(text=age, severity="warning"))
        recovery = await self.guard.open_organisation(settings.name, organisation)
        clock = clock_of(settings)
        database = self.stack.enter_context(state_database(call.home))
        desk = Desk(
            call=call, settings=settings, clock=clock, progress=self.progress, journal=self.journal, guard=self.guard,
            vendor=one.vendor, provider=provider, organisation=organisation, paced=paced,
            memory=Memory(database, clock.now if settings.sandbox else self.journal.now),
            recovery_code=recovery.exit_code, accepts_key=one.vendor.profile.accepts_idempotency_key,
        )  # fmt: skip
        await desk.learn_of_ended_runs()
        return desk

    async def _organisation(self, provider: Provider, settings: ServerSettings) -> Organisation:
        """The organisation of a connection: as `--org` says, or with several open as its own settings do where `--org`
        is another's. Raises OrganisationUnclear."""
        from finchat.providers.provider import OrganisationUnclear

        wanted = self.call.org
        if not self.several or wanted is None:
            return await provider.organisation(wanted or settings.organisation)
        try:
            return await provider.organisation(wanted)
        except OrganisationUnclear:
            return await provider.organisation(settings.organisation)


def _chosen(desks: Sequence[Desk], call: Invocation) -> Desk:
    """The desk that `--org` names, else the first. Raises OrganisationUnclear."""
    from finchat.providers.provider import OrganisationUnclear

    fitting = [d for d in desks if call.org in (None, d.organisation.id, d.organisation.name)]
    if call.org is not None and len(fitting) != 1:
        names = ", ".join(f"{d.organisation.name} ({d.organisation.id}) on {d.settings.name}" for d in desks)
        raise OrganisationUnclear(
            f"no organisation is called {call.org!r}" if not fitting else "which organisation is meant?",
            field="--org", next=f"open are: {names}", there=names,
        )  # fmt: skip
    return fitting[0]


def _fact(name: str, settings: ServerSettings) -> str:
    """What a fact of a sandbox company is called on a tape: that of the first vendor by its name alone."""
    return name if settings.profile == "xero" else f"{name}.{settings.profile}"


async def _session(
    stack: AsyncExitStack, call: Invocation, settings: ServerSettings, emit: Emit, is_read: Callable[[str], bool]
) -> asyncio.Task[Toolbox]:
    """The session with the server that holds the books, on its way."""
    from finchat.connections.sessions import open_session

    session = open_session(
        settings, in_memory=partial(own_server, call), emit=emit, clock=clock_of(settings), is_read=is_read,
        tape=call.tape,
    )  # fmt: skip
    return await stack.enter_async_context(begun(session))


def pinned(stack: AsyncExitStack, call: Invocation, settings: ServerSettings, session: Toolbox, emit: Emit) -> Toolbox:
    """The session without tools that are not as they were first seen. finchat's own server in this process is this
    program, and is left as it is."""
    if settings.in_memory:
        return session
    from finchat.connections.pins import PinnedToolbox, Pins

    pins = Pins(stack.enter_context(state_database(call.home)))
    return PinnedToolbox(session, pins, settings.fingerprint(""), emit)


def _company(call: Invocation, settings: ServerSettings) -> CompanyHome[Any]:
    """The home of the sandbox company that a connection is on."""
    return company_home(call, settings.profile or "", f"servers.{settings.name}.profile")


def _clearing_accounts(call: Invocation, settings: ServerSettings) -> tuple[str, ...]:
    """The accounts named as clearing; what the built-in connection names is of the demo company alone."""
    built_in = settings.sandbox and settings.clearing_accounts == SANDBOX_CLEARING_ACCOUNTS
    if built_in and taping.local(_fact("sandbox.loaded", settings), _company(call, settings).loaded):
        return ()
    return settings.clearing_accounts
