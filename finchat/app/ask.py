"""`finchat ask`: one question to the model, its tools behind the guard, and what a person decides on its proposals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finchat.app.desk import HeldEvents, begun, clock_of, open_desk, pinned, quick_imports
from finchat.app.invocation import Invocation, run_to_exit
from finchat.app.nearest import nearest_command
from finchat.clock import Clock
from finchat.errors import AuthenticationError, ExitCode, FinchatError, UsageError, worst
from finchat.events import Notice, Waiting, Working

if TYPE_CHECKING:
    from finchat.agent.calls import Kept
    from finchat.agent.events import AgentEvent, AnswerChecked, Finished
    from finchat.agent.facts import Fact, Vocabulary
    from finchat.agent.loop import Evidence
    from finchat.agent.messages import Api, Model
    from finchat.agent.sent import SentLog
    from finchat.agent.stand_ins import StandIns
    from finchat.agent.tray import Decided, ProposedPlan, Tray
    from finchat.app.ask_json import Planned
    from finchat.app.desk import Desk
    from finchat.connections.toolbox import CallResult, Toolbox
    from finchat.workflows.execute import Applied

_LIMITS = frozenset({"turns", "tokens", "money", "time"})


class NoModel(AuthenticationError):
    """Nobody has connected a model; two lines say how, and which command does without."""

    code = "no_model"

    def __init__(self, question: str) -> None:
        super().__init__(
            "no model is connected: set OPENAI_API_KEY (OpenAI), or OPENAI_BASE_URL and OPENAI_MODEL with a key where "
            "one is needed (Azure, Ollama, LM Studio, vLLM, OpenRouter)",
            field="OPENAI_API_KEY",
            next=f"or do it without a model: {nearest_command(question)}",
        )


@dataclass(frozen=True, kw_only=True)
class AskFlags:
    """How a question is asked."""

    api: str | None = None
    stream: bool = True
    events: bool = False
    read_only: bool = False
    private: bool = False
    show_sent: bool = False

    @property
    def chosen_api(self) -> Api | None:
        """Raises UsageError for an API that is none."""
        if self.api not in (None, "chat", "responses"):
            raise UsageError(f"there is no API {self.api!r}", field="--api", next="give chat or responses")
        return self.api  # type: ignore[return-value]


def ask(call: Invocation, question: str, flags: AskFlags) -> int:
    """Ask once. Raises UsageError for an empty question, NoModel where none is connected."""
    api = flags.chosen_api
    if not question.strip():
        raise UsageError("there is no question", field="TEXT", next='write it in quotes: finchat ask "…"')
    if flags.events and call.json:
        raise UsageError("--events and --json exclude each other", field="--events", next="give one of the two")
    if not call.settings.model.configured:
        raise NoModel(question)
    call.settings.model.check()

    async def main() -> int:
        async with _others_starting(call) as others:
            with quick_imports():  # while the servers boot
                from finchat.agent.openai import open_model
                from finchat.workflows.plans import new_plan_id

                model = open_model(call.settings.model, stream=flags.stream, api=api)
            session_id = new_plan_id(Clock().now().date())
            async with (
                open_desk(call, via="chat", session_id=session_id) as desk,
                _run_of(desk, others, model, flags, session_id) as run,
            ):
                return await run.answer(question)

    return run_to_exit(main())


@dataclass(kw_only=True)
class _Run:
    """One question, on its way."""

    desk: Desk
    model: Model
    sent: SentLog
    standins: StandIns | None
    flags: AskFlags
    tray: Tray
    as_of: date
    events: Callable[[str], AsyncIterator[AgentEvent]] = field(init=False)
    applied: dict[str, Applied] = field(default_factory=dict)
    said: AnswerChecked | None = None  # the latest words, which are shown when a person has to decide

    @property
    def call(self) -> Invocation:
        return self.desk.call

    async def answer(self, question: str) -> int:
        """Run the question to its end and say what came of it; the exit code."""
        from finchat.agent.events import Finished

        finished: Finished | None = None
        if self.standins is not None:
            self.standins.learn_said(question)
        with self.desk.progress.diverted(self._show) if self.flags.events else nullcontext():
            async for event in self.events(question):
                self._show(event)
                if isinstance(event, Finished):
                    finished = event
        assert finished is not None
        return self._end(finished)

    # While it runs

    def _show(self, event: AgentEvent) -> None:
        from finchat.agent import events

        if self.flags.events:
            from finchat.app.ask_json import event_json

            if (line := event_json(event)) is not None:
                self.call.sink.raw(json.dumps(line, ensure_ascii=False) + "\n")
            return
        progress = self.desk.progress
        match event:
            case events.ModelAsked():
                progress(Working(what=f"asking {self.model.name}"))
            case events.ModelWaiting():
                progress(Waiting(server=self.model.name, seconds=event.seconds, reason=event.reason))
            case events.TurnVoid():
                again = "; asking again" if event.retried else ""
                progress(Notice(text=f"the model's answer broke off ({event.why}) and is void{again}"))
            case events.CallStarted():
                progress(Working(what=f"{event.tool}"))
            case events.Called():
                from finchat.ui.answer import call_line

                progress.clear()
                self.call.sink.talk(f"· {call_line(event)}")
            case events.AnswerChecked():
                self.said = event
            case _:
                return

    def _say(self, text: str, figures: Sequence[Any]) -> None:
        from finchat.ui.answer import answer_view, doubts_view

        self.desk.progress.clear()
        if text.strip():
            if self.applied:  # what was written stands above
                self.call.sink.data()
            self.call.sink.data(answer_view(text, figures, self.call.sink))
            if doubts := doubts_view(figures):
                self.call.sink.data(doubts)

    # What a person decides

    async def decide(self, waiting: Sequence[ProposedPlan]) -> Decided:
        """Show each plan, ask, write what is approved, and say what became of it."""
        from finchat.agent.tray import Decided
        from finchat.workflows.decided import decided_lines, decided_record

        if self.said is not None:
            self._say(self.said.text, self.said.figures)
        lines: list[str] = []
        records: list[Mapping[str, Any]] = []
        for one in waiting:
            applied = await self._offer(one)
            self.applied[one.plan.id] = applied
            self.tray.settle(one.plan.id, applied)
            refused = {id: no.reason for id, no in self.desk.journal.refusals(applied.plan).items()}
            lines += decided_lines(applied, refused)
            records += decided_record(applied, refused)
        return Decided(lines=tuple(lines), record={"proposals": records})

    async def _offer(self, one: ProposedPlan) -> Applied:
        from finchat.workflows.execute import untouched
        from finchat.workflows.forbidden import forbidden_findings

        desk, plan = self.desk, one.plan
        forbidden = desk.guard.forbidden(plan)
        desk.show_saved(untouched(plan, one.before, forbidden), forbidden_findings(plan, forbidden), foreign=False)
        applied = await desk.apply(
            plan, before=one.before, as_of=self.as_of, account_names=one.account_names, yes=False, done=forbidden
        )
        desk.report(applied, one.account_names, self._path(plan.id), plan_id=plan.id, asked=self.call)
        return applied

    def _path(self, plan_id: str) -> Path | None:
        from finchat.workflows.plans import plan_path

        path = plan_path(self.call.home.plans, plan_id)
        return path if path.is_file() else None

    # At its end

    def _end(self, finished: Finished) -> int:
        from finchat.workflows.execute import untouched
        from finchat.workflows.forbidden import forbidden_findings

        desk, sink = self.desk, self.call.sink
        for one in self.tray.plans():
            if one.plan.id not in self.applied:
                forbidden = desk.guard.forbidden(one.plan)
                self.applied[one.plan.id] = desk.reasons(untouched(one.plan, one.before, forbidden), yes=False)
        planned: list[Planned] = [(a, self._path(a.plan.id)) for a in self.applied.values()]
        code = worst([*(a.exit_code for a in self.applied.values()), desk.recovery_code, _code_of(finished)])
        if self.call.json or self.flags.events:
            from finchat.app.ask_json import document

            told = document(finished, planned, exit_code=code)
            if self.call.json:
                sink.document(told)
            else:
                sink.raw(json.dumps(told, ensure_ascii=False) + "\n")
            return int(code)
        nothing_done = not (finished.calls or self.applied or self.flags.show_sent)
        if finished.failure is not None and nothing_done:
            raise finished.failure  # its sentence says it all
        self._say(finished.answer, finished.figures)
        for one in self.tray.waiting():
            forbidden = desk.guard.forbidden(one.plan)
            applied = self.applied[one.plan.id]
            desk.show_saved(applied, forbidden_findings(one.plan, forbidden), foreign=False)
            desk.report(applied, one.account_names, self._path(one.plan.id), plan_id=one.plan.id, asked=self.call)
        self._account(finished)
        if finished.failure is not None:
            raise finished.failure
        return int(code)

    def _account(self, finished: Finished) -> None:
        """What was really written, what was used, and on request what left the machine."""
        from finchat.safety.results import WriteResult
        from finchat.ui.answer import usage_line, written_line

        results: list[WriteResult] = [r for a in self.applied.values() for r in a.now]
        committed = sum(r.outcome == "committed" for r in results)
        waiting = sum(len(a.left) for a in self.applied.values())
        self.desk.progress.clear()
        self.call.sink.talk(written_line(committed, waiting))
        self.call.sink.talk(usage_line(finished))
        if self.flags.show_sent:
            from finchat.ui.sent import sent_view

            self.call.sink.data(sent_view(self.sent.entries))


def _code_of(finished: Finished) -> ExitCode:
    if finished.failure is not None:
        return finished.failure.exit_code
    if finished.stopped_by in _LIMITS:
        return ExitCode.LIMIT
    return ExitCode.DONE if finished.complete else ExitCode.FAILED


@asynccontextmanager
async def _run_of(
    desk: Desk, starting: _Others, model: Model, flags: AskFlags, session_id: str
) -> AsyncIterator[_Run]:  # fmt: skip
    """All that one question needs: tools behind the guard, evidence, the model in its wrappers."""
    with quick_imports():
        from finchat.agent import loop
        from finchat.agent.conversation import Conversation
        from finchat.agent.evidence import EvidenceStore, query_tool
        from finchat.agent.limits import Prices
        from finchat.agent.offering import Offering
        from finchat.agent.sent import SentLog
        from finchat.agent.tray import Tray
        from finchat.app.tools import own_tools

    call, settings = desk.call, desk.call.settings.model
    as_of = call.as_of_date or desk.today()
    sessions = call.home.sessions
    tray, conversation = Tray(), Conversation()
    evidence = EvidenceStore(
        sessions / f"{session_id}.sqlite3", session_id, base_currency=desk.organisation.base_currency
    )
    sent = SentLog(model, sessions / f"{session_id}.sent.jsonl", emit=desk.progress)
    async with AsyncExitStack() as stack:
        stack.callback(evidence.close)
        stack.push_async_callback(sent.close)
        others = await _other_servers(stack, desk, starting)
        outer: Model = sent
        standins: StandIns | None = None
        keeping: Evidence = evidence
        if flags.private:
            from finchat.agent.privacy import PrivateModel

            standins = await _stand_ins(desk)
            outer, keeping = PrivateModel(sent, standins), _Learning(evidence, standins)
        own = [*own_tools(desk, tray, as_of), query_tool(evidence)]
        offering = Offering(
            desk.guard,
            own=[row for row in own if not (flags.read_only and row.effect == "propose")],
            servers=[desk.settings.name, *others],
            organisation=desk.organisation,
            fence=conversation.fence,
        )
        prices = None
        if settings.input_price is not None and settings.output_price is not None:
            prices = Prices(input=settings.input_price, output=settings.output_price, currency=settings.currency or "")
        run = _Run(desk=desk, model=outer, sent=sent, standins=standins, flags=flags, tray=tray, as_of=as_of)
        asks = call.sink.interactive and not flags.events
        run.events = partial(
            loop.run, conversation=conversation, model=outer, guard=desk.guard, offering=offering, evidence=keeping,
            tray=tray, limits=call.settings.limits, clock=desk.clock, organisation=desk.organisation, as_of=as_of,
            session_id=session_id, prices=prices, decide=run.decide if asks else None,
        )  # fmt: skip
        yield run


@dataclass(frozen=True)
class _Learning:
    """The evidence store, with every name in a result known to the stand-ins before any of it can be sent."""

    inner: Evidence
    standins: StandIns

    def keep(self, *, server: str, tool: str, arguments: Mapping[str, Any], result: CallResult, at: datetime) -> Kept:
        self.standins.learn(result)
        return self.inner.keep(server=server, tool=tool, arguments=arguments, result=result, at=at)

    def facts(self, values: Collection[Decimal | date | str] | None = None) -> Sequence[Fact]:
        return self.inner.facts(values)

    def names(self) -> Vocabulary:
        return self.inner.names()


async def _stand_ins(desk: Desk) -> StandIns:
    """Stand-ins that know the organisation and all its contacts before the first word is sent."""
    from finchat.agent.stand_ins import StandIns

    standins = StandIns()
    standins.add("Organisation", desk.organisation.name)
    standins.preload(await desk.provider.rows("contact.list", {}, "contacts"))
    return standins


@dataclass(frozen=True, slots=True)
class _Others:
    """The other configured servers on their way, by name, and what they had to say so far."""

    sessions: dict[str, asyncio.Task[Toolbox]] = field(default_factory=dict)
    events: HeldEvents = field(default_factory=HeldEvents)


@asynccontextmanager
async def _others_starting(call: Invocation) -> AsyncIterator[_Others]:
    """Starts every other configured server that has no profile, side by side, and closes them at the end.

    Raises UsageError where it is not clear which server holds the books.
    """
    books, others = call.settings.server(call.server), _Others()
    async with AsyncExitStack() as stack:
        for one in call.settings.servers.values():
            if one.name != books.name and one.profile is None:
                from finchat.connections.sessions import open_session

                session = open_session(one, emit=others.events.emit, clock=clock_of(books))
                others.sessions[one.name] = await stack.enter_async_context(begun(session))
        yield others


async def _other_servers(stack: AsyncExitStack, desk: Desk, starting: _Others) -> list[str]:
    """The other configured servers, open: what a person's policy calls a read can be read there.

    Raises Unavailable for one that is required and does not start; another is named and left out.
    """
    call = desk.call
    starting.events.tell(desk.progress)
    for one in call.settings.servers.values():
        if one.name != desk.settings.name and one.profile is not None:
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
