"""A session with the model, open: tools behind the guard, evidence, the model in its wrappers, plans put to a person.

`finchat ask` and the chat are two faces of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from finchat.app.desk import HeldEvents, begun, clock_of, pinned, quick_imports
from finchat.app.invocation import Invocation
from finchat.app.nearest import nearest_command
from finchat.app.policies import policy_in_force
from finchat.errors import AuthenticationError, ExitCode, FinchatError, UsageError
from finchat.events import Notice, Waiting, Working

if TYPE_CHECKING:
    from finchat.agent.calls import Kept
    from finchat.agent.conversation import Conversation
    from finchat.agent.events import AgentEvent, Finished
    from finchat.agent.evidence import EvidenceStore
    from finchat.agent.facts import Fact, Figure, Source, Vocabulary
    from finchat.agent.limits import Prices
    from finchat.agent.loop import Evidence
    from finchat.agent.messages import Api, Model
    from finchat.agent.offering import Offering
    from finchat.agent.sent import SentLog
    from finchat.agent.sessions import SavedSession, SessionLog
    from finchat.agent.stand_ins import StandIns
    from finchat.agent.tray import Decided, ProposedPlan, Tray
    from finchat.app.desk import Desk
    from finchat.books.plan import Plan
    from finchat.connections.toolbox import CallResult, Toolbox
    from finchat.ui.progress import Progress
    from finchat.workflows.execute import Applied

_LIMITS = frozenset({"turns", "tokens", "money", "time"})


class NoModel(AuthenticationError):
    """Nobody has connected a model; two lines say how, and which command does without."""

    code = "no_model"

    def __init__(self, question: str, *, inside: Collection[str] = ()) -> None:
        """`inside`: the names of the chat's own commands, where one is in it."""
        nearest = nearest_command(question)
        word, _, rest = nearest.removeprefix("finchat ").partition(" ")
        if word in inside:
            nearest = f"/{word} {rest.replace('--', '')}".strip()
        super().__init__(
            "no model is connected: set OPENAI_API_KEY (OpenAI), or OPENAI_BASE_URL and OPENAI_MODEL with a key where "
            "one is needed (Azure, Ollama, LM Studio, vLLM, OpenRouter)",
            field="OPENAI_API_KEY",
            next=f"or do it without a model: {nearest}",
        )


@dataclass(frozen=True, kw_only=True)
class ModelFlags:
    """How the model is spoken to, and what it may do."""

    api: str | None = None
    stream: bool = True
    read_only: bool = False
    private: bool = False

    @property
    def chosen_api(self) -> Api | None:
        """Raises UsageError for an API that is none."""
        if self.api not in (None, "chat", "responses"):
            raise UsageError(f"there is no API {self.api!r}", field="--api", next="give chat or responses")
        return self.api  # type: ignore[return-value]


def passing(event: AgentEvent, model: str, call: Invocation, progress: Progress) -> None:
    """What passes while a question is answered, on the line and in the log: the same for every face."""
    from finchat.agent import events

    match event:
        case events.ModelAsked():
            progress(Working(what=f"asking {model}"))
        case events.ModelWaiting():
            progress(Waiting(server=model, seconds=event.seconds, reason=event.reason))
        case events.CallStarted():
            progress(Working(what=f"calling {event.tool}"))
        case events.Called():
            from finchat.ui.answer import call_line

            progress.clear()
            call.sink.talk(f"· {call_line(event)}")
        case Notice():
            progress(event)
        case _:
            return


class Face(Protocol):
    """Who shows a run to a person."""

    def show(self, event: AgentEvent) -> None:
        """What happens, as it happens."""

    def deciding(self) -> AbstractContextManager[None]:
        """Around the cards: all that was said before stands on the screen, and the keyboard is theirs."""


@dataclass(kw_only=True)
class Run:
    """A session, open. `applied`: what became of each plan that a person was asked about, by the plan's first id."""

    desk: Desk
    model: Model
    sent: SentLog
    private: bool  # names go to the model as stand-ins
    flags: ModelFlags
    tray: Tray
    conversation: Conversation
    evidence: EvidenceStore
    keeping: Evidence
    offering: Offering
    as_of: date
    session_id: str
    log: SessionLog
    prices: Prices | None
    face: Face = field(init=False)
    applied: dict[str, Applied] = field(default_factory=dict)

    @property
    def call(self) -> Invocation:
        return self.desk.call

    async def ask(self, question: str, *, decides: bool) -> Finished:
        """Run one question to its end. `decides`: plans are put to a person; otherwise they stay saved."""
        from finchat.agent import loop
        from finchat.agent.events import Finished

        finished: Finished | None = None
        async for event in loop.run(
            question, conversation=self.conversation, model=self.model, guard=self.desk.guard, offering=self.offering,
            evidence=self._at_one_moment(), tray=self.tray, limits=self.call.settings.limits, clock=self.desk.clock,
            organisation=self.desk.organisation, as_of=self.as_of, session_id=self.session_id, prices=self.prices,
            decide=self.decide if decides else None, context=self.call.settings.model.context,
            beside={one.settings.name: one.organisation for one in self.desk.all} if self.desk.beside else None,
            owners_of=self._owners,
        ):  # fmt: skip
            self.log.note(event)
            self.face.show(event)
            if isinstance(event, Finished):
                finished = event
        assert finished is not None
        return finished

    # What a person decides

    async def decide(self, waiting: Sequence[ProposedPlan]) -> Decided:
        """Show each plan, ask, write what is approved, and say what became of it."""
        from finchat.agent.tray import Decided
        from finchat.workflows.decided import decided_lines, decided_record

        lines: list[str] = []
        records: list[Mapping[str, Any]] = []
        with self.face.deciding():
            for one in waiting:
                applied = await self._offer(one)
                self.applied[one.plan.id] = applied
                self.tray.settle(one.plan.id, applied)
                refused = {id: no.reason for id, no in self.desk.journal.refusals(applied.plan).items()}
                words = decided_lines(applied, refused, organisation=bool(self.desk.beside))
                self.log.decided(one.plan.id, status=applied.status, left=len(applied.left), words=words)
                lines += words
                records += decided_record(applied, refused)
        return Decided(lines=tuple(lines), record={"proposals": records})

    async def _offer(self, one: ProposedPlan) -> Applied:
        from finchat.workflows.execute import untouched
        from finchat.workflows.forbidden import forbidden_findings

        desk, plan = self.desk_of(one.plan), one.plan
        forbidden = desk.guard.forbidden(plan)
        desk.show_saved(untouched(plan, one.before, forbidden), forbidden_findings(plan, forbidden), foreign=False)
        applied = await desk.apply(
            plan, before=one.before, as_of=plan.as_of, account_names=one.account_names, yes=False, done=forbidden
        )
        desk.report(applied, one.account_names, self.path(plan.id), plan_id=plan.id, asked=desk.call)
        return applied

    def desk_of(self, plan: Plan) -> Desk:
        """The desk of the organisation that a plan is of: of those open the one of its server and id. A plan of none of
        them goes to the first, which refuses it."""
        of = (plan.organisation.server, plan.organisation.id)
        desks = (one for one in self.desk.all if (one.settings.name, one.organisation.id) == of)
        return next(desks, self.desk)

    def undecided(self) -> list[tuple[ProposedPlan, Applied]]:
        """The plans that nobody was asked about, as they stand."""
        from finchat.workflows.execute import untouched

        return [
            (one, desk.reasons(untouched(one.plan, one.before, desk.guard.forbidden(one.plan)), yes=False))
            for one in self.tray.waiting()
            for desk in (self.desk_of(one.plan),)
        ]

    def show_undecided(self) -> None:
        """What waits, and the command that goes on with it."""
        from finchat.workflows.forbidden import forbidden_findings

        for one, applied in self.undecided():
            desk = self.desk_of(one.plan)
            forbidden = desk.guard.forbidden(one.plan)
            desk.show_saved(applied, forbidden_findings(one.plan, forbidden), foreign=False)
            desk.report(applied, one.account_names, self.path(one.plan.id), plan_id=one.plan.id, asked=desk.call)

    def _at_one_moment(self) -> Evidence:
        """The evidence, in which what stands as of today in any of several organisations stands as of today."""
        if not self.desk.beside or self.call.as_of_date is not None:
            return self.keeping
        from finchat.agent.evidence.today import AtOneMoment

        todays = {one.organisation.name: one.today() for one in self.desk.all}
        return AtOneMoment(self.keeping, self.as_of, todays, self._owners)

    def _owners(self, source: Source) -> frozenset[str]:
        from finchat.agent.evidence.owners import owners

        return owners(self.evidence, source, {one.settings.name: one.organisation.name for one in self.desk.all})

    def elsewhere(self, figures: Iterable[Figure]) -> dict[str, str]:
        """The server of each result that figures rest on and that is not of the ledger, by evidence id."""
        from finchat.agent.evidence.origin import elsewhere

        return elsewhere(self.evidence, figures, {one.settings.name for one in self.desk.all})

    def path(self, plan_id: str) -> Path | None:
        """The file of a plan that was saved here."""
        from finchat.workflows.plans import plan_path

        path = plan_path(self.call.home.plans, plan_id)
        return path if path.is_file() else None


def code_of(finished: Finished) -> ExitCode:
    """The exit code of how a run ended, plans apart."""
    if finished.failure is not None:
        return finished.failure.exit_code
    if finished.stopped_by in _LIMITS:
        return ExitCode.LIMIT
    return ExitCode.DONE if finished.complete else ExitCode.FAILED


@asynccontextmanager
async def open_run(
    desk: Desk, starting: OtherServers, model: Model, flags: ModelFlags, session_id: str, *,
    saved: SavedSession | None = None,
) -> AsyncIterator[Run]:  # fmt: skip
    """All that a session needs; `face` is given by whoever opens it. `saved`: the session that goes on, which is closed
    at the end; `session_id` is its id then, and one that was private stays so."""
    with quick_imports():
        from finchat.agent import loop  # noqa: F401 - what it imports is wanted now
        from finchat.agent.evidence import EvidenceStore, query_tool
        from finchat.agent.limits import Prices
        from finchat.agent.offering import Offering
        from finchat.agent.sent import SentLog
        from finchat.agent.sessions import SessionStore
        from finchat.agent.tray import Tray
        from finchat.app.tools import own_tools

    call, settings = desk.call, desk.call.settings.model
    as_of = call.as_of_date or desk.today()
    private = flags.private or (saved is not None and saved.record.private)
    tray, sessions = Tray(), SessionStore(call.home, emit=desk.progress)
    async with AsyncExitStack() as stack:
        if saved is not None:
            log, conversation = stack.enter_context(saved).log, saved.conversation()
            log.resumed(model=model.name, api=model.api, private=private)
        else:
            log = stack.enter_context(
                sessions.create(
                    session_id, organisation=desk.organisation, model=model.name, api=model.api, private=private
                )
            )
            conversation = log.conversation()
        evidence = EvidenceStore(
            sessions.evidence_path(session_id),
            session_id,
            base_currency=desk.organisation.base_currency,
            base_of={one.settings.name: one.organisation.base_currency for one in desk.beside},
        )
        stack.callback(evidence.close)
        sent = SentLog(model, sessions.sent_path(session_id), emit=desk.progress)
        stack.push_async_callback(sent.close)
        others = await _other_servers(stack, desk, starting)
        outer: Model = sent
        keeping: Evidence = evidence
        if private:
            from finchat.agent.privacy import PrivateModel

            standins = await _stand_ins(desk)
            if saved is not None:
                saved.teach(standins, evidence)
            outer, keeping = PrivateModel(sent, standins), _Learning(evidence, standins)
        own = [*own_tools(desk, tray, as_of), query_tool(evidence)]
        offering = Offering(
            desk.guard,
            own=[row for row in own if not (flags.read_only and row.effect == "propose")],
            servers=[*(one.settings.name for one in desk.all), *others],
            organisation=desk.organisation,
            fence=conversation.fence,
        )
        prices = None
        if settings.input_price is not None and settings.output_price is not None:
            prices = Prices(input=settings.input_price, output=settings.output_price, currency=settings.currency or "")
        yield Run(
            desk=desk, model=outer, sent=sent, private=private, flags=flags, tray=tray, conversation=conversation,
            evidence=evidence, keeping=keeping, offering=offering, as_of=as_of, session_id=session_id, log=log,
            prices=prices,
        )  # fmt: skip


@dataclass(frozen=True)
class _Learning:
    """The evidence store, with every name in a result known to the stand-ins before any of it can be sent."""

    inner: Evidence
    standins: StandIns

    def keep(self, *, server: str, tool: str, arguments: Mapping[str, Any], result: CallResult, at: datetime) -> Kept:
        self.standins.learn(result, server=server, tool=tool)
        return self.inner.keep(server=server, tool=tool, arguments=arguments, result=result, at=at)

    def facts(self, values: Collection[Decimal | date | str] | None = None) -> Sequence[Fact]:
        return self.inner.facts(values)

    def all_facts(self, most: int) -> Sequence[Fact] | None:
        return self.inner.all_facts(most)

    def names(self) -> Vocabulary:
        return self.inner.names()


async def _stand_ins(desk: Desk) -> StandIns:
    """Stand-ins that know every open organisation and all its contacts before the first word is sent."""
    from finchat.agent.stand_ins import StandIns

    standins = StandIns()
    for one in desk.all:
        standins.add("Organisation", one.organisation.name)
        standins.preload(await one.provider.contact_records())
    return standins


@dataclass(frozen=True, slots=True)
class OtherServers:
    """The other configured servers on their way, by name, and what they had to say so far."""

    sessions: dict[str, asyncio.Task[Toolbox]] = field(default_factory=dict)
    events: HeldEvents = field(default_factory=HeldEvents)


def all_books(call: Invocation) -> tuple[Invocation, tuple[str, ...]]:
    """The command line with the server whose books come first, and the servers whose books are open beside them: those
    of every configured ledger, unless `--server` names one."""
    from finchat.providers.registry import PROFILES

    ledgers = [one.name for one in call.settings.servers.values() if one.profile in PROFILES]
    if call.server is not None or len(ledgers) < 2:
        return call, ()
    return replace(call, server=ledgers[0]), tuple(ledgers[1:])


@asynccontextmanager
async def others_starting(call: Invocation) -> AsyncIterator[OtherServers]:
    """Starts every other configured server that has no profile, side by side, and closes them at the end.

    Raises UsageError where it is not clear which server holds the books.
    """
    books, others = call.settings.server(call.server), OtherServers()
    async with AsyncExitStack() as stack:
        for one in call.settings.servers.values():
            if one.name != books.name and one.profile is None:
                from finchat.connections.sessions import open_session

                session = open_session(
                    one, emit=others.events.emit, clock=clock_of(books), tape=call.tape,
                    is_read=partial(_reads, call, one.name),
                )  # fmt: skip
                others.sessions[one.name] = await stack.enter_async_context(begun(session))
        yield others


def _reads(call: Invocation, server: str, tool: str) -> bool:
    """Whether a person has classed a tool without a profile as one that reads."""
    policy, _ = policy_in_force(call)
    return policy.decide(server, tool, None, None).effect == "read"


async def _other_servers(stack: AsyncExitStack, desk: Desk, starting: OtherServers) -> list[str]:
    """The other configured servers, open: what a person's policy calls a read can be read there.

    Raises Unavailable for one that is required and does not start; another is named and left out.
    """
    call = desk.call
    starting.events.tell(desk.progress)
    opened_books = {one.settings.name for one in desk.all}
    for one in call.settings.servers.values():
        if one.name not in opened_books and one.profile is not None:
            text = f"{one.name} holds another organisation's books and is left alone: ask about it with --server."
            desk.progress(Notice(text=text))
    opened: dict[str, Toolbox] = {}
    failures: list[FinchatError] = []
    for name, session in starting.sessions.items():
        one = call.settings.servers[name]
        try:
            opened[name] = pinned(stack, call, one, await session, desk.progress)
        except FinchatError as error:
            if one.required:
                failures.append(error)
            desk.progress(Notice(text=f"without {name}: {error.message}", severity="warning"))
    if failures:
        raise failures[0]
    for toolbox in opened.values():
        desk.guard.add_reader(toolbox)
    return list(opened)
