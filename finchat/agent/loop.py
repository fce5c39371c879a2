"""The loop: ask the model, run the calls it asks for, until it has nothing but words to say; then check those.

The model is taken to be hostile. It chooses among offered tools and writes words; that is all it can do.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from finchat import prompts
from finchat.agent.attribution import OwnersOf, attributed, called
from finchat.agent.calls import Calls, Keeping
from finchat.agent.conversation import Conversation
from finchat.agent.events import AgentEvent, AnswerChecked, Finished, ModelAsked, ModelWaiting, TextArrived, TurnVoid
from finchat.agent.facts import Fact, Figure, Vocabulary
from finchat.agent.limits import Meter, Prices, Stopped
from finchat.agent.messages import (
    ContextTooLong,
    Model,
    ModelEvent,
    ModelKeyRefused,
    ModelRateLimited,
    ModelRefused,
    ModelRequest,
    ModelUnavailable,
    Retrying,
    TextDelta,
    TurnBroken,
    TurnComplete,
)
from finchat.agent.offering import Offered, Offering
from finchat.agent.summary import summary
from finchat.agent.tokens import estimate, estimate_item, estimate_tool
from finchat.agent.tray import Decide, Decided, Tray
from finchat.connections.own_tools import OWN_SERVER
from finchat.connections.toolbox import CallResult
from finchat.errors import FinchatError
from finchat.events import Notice
from finchat.text.sanitise import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from decimal import Decimal

    from finchat.books.documents import Organisation
    from finchat.clock import Clock
    from finchat.model_settings import RunLimits
    from finchat.safety.guard import Guard

MODEL_FAILURES = (
    TurnBroken, ContextTooLong, ModelRefused, ModelUnavailable, ModelKeyRefused, ModelRateLimited
)  # fmt: skip
_MOST_FACTS = 20_000  # up to so many are all held against an answer, so that what contradicts it is seen
_MOST_ROUNDS = 3  # of proposals put before a person in one run
_FULL, _ROOMY = 0.8, 0.6  # of the model's context: from where on room is made, and how much is left full then
_MODELS_FAULT = frozenset({"length", "content_filter", "malformed", "too_large"})  # it must answer otherwise


class Evidence(Keeping, Protocol):
    """The evidence store of a session."""

    def facts(self, values: Collection[Decimal | date | str] | None = None) -> Sequence[Fact]: ...
    def all_facts(self, most: int) -> Sequence[Fact] | None: ...
    def names(self) -> Vocabulary: ...


async def run(
    question: str,
    *,
    conversation: Conversation,
    model: Model,
    guard: Guard,
    offering: Offering,
    evidence: Evidence,
    tray: Tray,
    limits: RunLimits,
    clock: Clock,
    organisation: Organisation,
    as_of: date,
    session_id: str,
    prices: Prices | None = None,
    decide: Decide | None = None,
    context: int | None = None,
    beside: Mapping[str, Organisation] | None = None,
    owners_of: OwnersOf | None = None,
) -> AsyncGenerator[AgentEvent, None]:
    """Answer one question; yields what happens as it happens, and exactly one Finished at the end.

    `conversation`, `offering`, `evidence` and `tray` are of the session and may have seen earlier questions; `offering`
    is made with `conversation.fence`. `as_of` is the accounting date. `decide` puts plans before a person and executes
    what was approved (`tray.settle` is its part); without it they stay saved. Time it takes is not the run's. `beside`:
    where several organisations are open, all of them by the key that tools take, `organisation` first; `owners_of`
    says whose a figure is then.

    Limits, a model that answers nothing usable and errors of the endpoint end the run with `complete` False. Only
    CancelledError, a closed generator and faults of finchat itself pass through; the latter after Finished.
    """
    work = _Work(
        question, conversation=conversation, model=model, guard=guard, offering=offering, evidence=evidence, tray=tray,
        clock=clock, organisation=organisation, as_of=as_of, decide=decide, meter=Meter(limits, prices),
        context=context, beside=beside or {}, owners_of=owners_of,
    )  # fmt: skip
    stopped: Stopped | None = None
    failure: FinchatError | None = None
    fault: Exception | None = None
    try:
        async with aclosing(work.events()) as events:
            async for event in events:
                yield event
    except Stopped as stop:
        stopped = stop
    except FinchatError as error:
        failure = error
    except Exception as error:
        fault = error
    if (stopped or failure) and work.standing is not None:
        # The answer was whole, only a second look at it was not to be had: it stands as it was checked.
        text, figures = work.answer = work.standing
        stopped = failure = None
        yield AnswerChecked(text=text, figures=figures, final=True)
    yield work.finished(stopped, failure, fault, session_id)
    if fault is not None:
        raise fault


@dataclass(slots=True, kw_only=True)
class _Turn:
    """One whole turn of the model, and what was offered to it."""

    complete: TurnComplete
    offered: Mapping[str, Offered]


class _Work:
    """One run. `answer` is set when it is complete; `standing` is a whole answer that may still be bettered."""

    def __init__(
        self, question: str, *, conversation: Conversation, model: Model, guard: Guard, offering: Offering,
        evidence: Evidence, tray: Tray, clock: Clock, organisation: Organisation, as_of: date, decide: Decide | None,
        meter: Meter, context: int | None, beside: Mapping[str, Organisation],
        owners_of: OwnersOf | None,
    ) -> None:  # fmt: skip
        self._question = question
        self._conversation = conversation
        self._model = model
        self._guard = guard
        self._offering = offering
        self._evidence = evidence
        self._tray = tray
        self._clock = clock
        self._organisation = organisation
        self._as_of = as_of
        self._decide = decide
        self._meter = meter
        self._context = context
        self._calls = Calls(guard, offering, evidence, tray, conversation, meter, clock)
        self._beside, self._owners_of = beside, owners_of
        self._instructions = instructions(organisation, as_of, conversation, beside)
        self._instruction_tokens = estimate(self._instructions)
        self._offer_tokens: tuple[tuple[str, ...], int] = ((), 0)
        self._turn: _Turn | None = None
        self.answer: tuple[str, tuple[Figure, ...]] | None = None
        self.standing: tuple[str, tuple[Figure, ...]] | None = None

    def finished(
        self, stopped: Stopped | None, failure: FinchatError | None, fault: Exception | None, session_id: str
    ) -> Finished:
        text, figures = self.answer or ("", ())
        complete = self.answer is not None and fault is None
        if not complete:
            why = (
                str(stopped) if stopped else failure.message if failure else f"finchat failed ({type(fault).__name__})"
            )
            text, figures = summary(one_line(why), self._calls.done, self._tray), ()
        by_model = isinstance(failure, MODEL_FAILURES)
        return Finished(
            answer=text, complete=complete, stopped_by=stopped.by if stopped else "model" if by_model else None,
            figures=figures, calls=tuple(self._calls.done), usage=self._meter.usage, model=self._model.name,
            api=self._model.api, session_id=session_id, failure=failure,
        )  # fmt: skip

    async def events(self) -> AsyncGenerator[AgentEvent, None]:
        """The whole run; raises what ends it early."""
        self._conversation.ask(self._question)
        corrected, rounds, shown = False, 0, {one.plan.id for one in self._tray.waiting()}
        while True:
            async with aclosing(self._ask()) as asking:
                async for event in asking:
                    yield event
            assert self._turn is not None
            complete, offered = self._turn.complete, self._turn.offered
            text = _sendable(complete.text)
            if complete.calls:
                if text.strip():
                    yield AnswerChecked(text=text, figures=self._figures(text), final=False)
                async with aclosing(self._calls.of_turn(complete.items, offered)) as calls:
                    async for event in calls:
                        yield event
                continue
            self._conversation.said(complete.items)
            figures = self._figures(text)
            wrong = [figure for figure in figures if not figure.verified]
            if wrong and not corrected and self._meter.against(self._request_tokens()) is None:
                corrected = True
                self.standing = text, figures
                yield AnswerChecked(text=text, figures=figures, final=False)
                self._correct(wrong)
                continue
            fresh = [one for one in self._tray.waiting() if one.plan.id not in shown]
            if not fresh or self._decide is None or rounds == _MOST_ROUNDS:
                self.answer = text, figures
                yield AnswerChecked(text=text, figures=figures, final=True)
                return
            rounds += 1
            shown |= {one.plan.id for one in fresh}
            yield AnswerChecked(text=text, figures=figures, final=False)
            self.standing = None  # what is said before a decision is no answer after it
            with self._meter.paused():
                decided = await self._decide(fresh)
            self._tell(decided)

    # One turn

    async def _ask(self) -> AsyncGenerator[AgentEvent, None]:
        """One whole turn, in `_turn`; a broken one is void and asked for once more."""
        self._turn = None
        retried = compacted = False
        while self._turn is None:
            offered = await self._meter.within(self._offering.offer())
            tokens = self._request_tokens(offered)
            if (made := self._make_room(tokens)) is not None:
                yield made
                tokens = self._request_tokens(offered)
            self._meter.admit(tokens)
            request = ModelRequest(
                instructions=self._instructions, items=self._conversation.items,
                tools=tuple(one.spec for one in offered.values()),
            )  # fmt: skip
            yield ModelAsked(turn=self._meter.turns, tools=len(offered), estimated_tokens=tokens)
            broken: TurnBroken | None = None
            try:
                async with aclosing(self._events_of(request, tokens)) as events:
                    async for event in events:
                        if isinstance(event, TurnComplete):
                            self._turn = _Turn(complete=event, offered=offered)
                        else:
                            yield event
            except TurnBroken as error:
                broken = error
            except ContextTooLong:
                if compacted or (made := self._shorten(int(self._conversation.tokens * _ROOMY))) is None:
                    raise
                compacted = True
                yield made
                continue
            if broken is not None:
                self._meter.used(broken.usage, estimated_input=tokens, estimated_output=0)
                self._calls.void(broken.calls, broken.message)
                yield TurnVoid(why=broken.why, text=broken.message, retried=not retried)
                if retried:
                    raise broken
                retried = True
                if broken.why in _MODELS_FAULT:
                    self._conversation.tell(prompts.render("agent/void", why=one_line(broken.message, 300)))

    def _make_room(self, tokens: int) -> Notice | None:
        """Near the end of the model's context, make the conversation shorter; what to say of it. `tokens`: of all that
        the next request carries."""
        if self._context is None or tokens <= self._context * _FULL:
            return None
        return self._shorten(int(self._context * _ROOMY) - (tokens - self._conversation.tokens))

    def _shorten(self, to: int) -> Notice | None:
        before = self._conversation.tokens
        if not self._conversation.fit(to):
            return None
        self._meter.compacted()
        now = self._conversation.tokens
        return Notice(
            text="older parts of the conversation were put away to save room, from about "
            f"{before:,} to {now:,} tokens; all results are kept, and figures are still checked against them"
        )  # fmt: skip

    async def _events_of(
        self, request: ModelRequest, tokens: int
    ) -> AsyncGenerator[TextArrived | ModelWaiting | TurnComplete, None]:
        """What the model sends, with its words as they come and the whole turn last. Raises TurnBroken for anything
        that is not one whole turn, whatever the adapter let through."""
        stream = self._model.turn(request)
        try:
            while True:
                event = await self._next(stream)
                match event:
                    case TextDelta(text):
                        yield TextArrived(_sendable(text))
                    case Retrying():
                        yield ModelWaiting(seconds=event.seconds, reason=event.reason, attempt=event.attempt)
                    case TurnComplete():
                        if not event.calls and not event.text.strip():
                            raise TurnBroken(
                                "the model gave neither words nor calls", why="malformed", usage=event.usage
                            )
                        output = sum(estimate_item(item) for item in event.items)
                        self._meter.used(event.usage, estimated_input=tokens, estimated_output=output)
                        yield event
                        return
        finally:
            if (close := getattr(stream, "aclose", None)) is not None:
                await close()

    async def _next(self, stream: AsyncIterator[ModelEvent]) -> ModelEvent:
        if self._meter.seconds_left() <= 0:
            raise self._meter.too_late()
        try:
            return await self._meter.within(anext(stream))
        except StopAsyncIteration:
            raise TurnBroken("the answer ended before it was whole", why="cut") from None
        except (FinchatError, Stopped):
            raise
        except Exception as error:
            # No adapter should let one through; if one does, it is a turn that cannot be used, and no crash.
            raise TurnBroken(f"the answer could not be read ({type(error).__name__})", why="error") from error

    def _request_tokens(self, offered: Mapping[str, Offered] | None = None) -> int:
        """The estimate of the next request; only what is offered is counted anew, and only when it changed."""
        if offered is not None and self._offer_tokens[0] != tuple(offered):
            self._offer_tokens = (tuple(offered), sum(estimate_tool(one.spec) for one in offered.values()))
        return self._instruction_tokens + self._conversation.tokens + self._offer_tokens[1]

    # Words

    def _figures(self, text: str) -> tuple[Figure, ...]:
        from finchat.agent import grounding

        values, here = grounding.values_in(text, as_of=self._as_of), self._organisation
        facts: Sequence[Fact] = ()  # words alone: the evidence, however much there is, need not be looked at
        if values or grounding.denies(text):
            whole = self._evidence.all_facts(_MOST_FACTS)
            facts = self._evidence.facts(values) if whole is None else whole
        known = {**self._evidence.names(), here.name.casefold(): frozenset({"organisation"})}
        others = [one.name for one in self._beside.values()]
        known |= {short.casefold(): frozenset({"organisation"}) for name in others for short in called(name)}
        checked = grounding.check(
            text, facts=facts, vocabulary=known, question=self._question, as_of=self._as_of,
            year_end=(here.year_end_month, here.year_end_day),
        )  # fmt: skip
        return attributed(text, checked, others, self._owners_of) if others and self._owners_of else checked

    def _correct(self, wrong: Sequence[Figure]) -> None:
        """The model's one chance: what of its words could not be found."""
        from finchat.agent import grounding

        fenced = self._conversation.fence.around(grounding.correction(wrong), "finchat's check of your answer")
        self._conversation.tell(prompts.render("agent/correction", figures=fenced))

    def _tell(self, decided: Decided) -> None:
        """What people decided and what came of it, to the model, as data."""
        self._calls.forget_reads()
        source, lines = "finchat, after the person decided", list(decided.lines)
        if decided.record is not None:
            kept = self._evidence.keep(
                server=OWN_SERVER, tool="decisions", arguments={}, result=CallResult(structured=decided.record),
                at=self._clock.now(),
            )  # fmt: skip
            lines.append(f"(evidence {kept.id})")
        fenced = self._conversation.fence.around("\n".join(lines), source)
        self._conversation.tell(prompts.render("agent/decided", outcomes=fenced), gist="\n".join(decided.lines))


def instructions(
    organisation: Organisation,
    as_of: date,
    conversation: Conversation,
    beside: Mapping[str, Organisation] = MappingProxyType({}),
) -> str:
    """What the model is told before anything else. Nothing of finchat's safety rests on it."""
    several = [
        f"- `{key}`: {conversation.fence.within(one.name, 120)}, base currency {one_line(one.base_currency, 3)}, "
        f"financial year ends on {one.year_end_month:02d}-{one.year_end_day:02d}"
        for key, one in beside.items()
    ]
    more = [prompts.render("agent/organisations", organisations="\n".join(several))] if several else []
    return "\n\n".join([_instructions(organisation, as_of, conversation), *more])


def _instructions(organisation: Organisation, as_of: date, conversation: Conversation) -> str:
    return prompts.render(
        "agent/instructions",
        organisation=conversation.fence.within(organisation.name, 120),
        currency=one_line(organisation.base_currency, 3),
        as_of=as_of.isoformat(),
        year_end=f"{organisation.year_end_month:02d}-{organisation.year_end_day:02d}",
        mark=conversation.fence.mark,
    )


def _sendable(text: str) -> str:
    """Half characters replaced: they can neither be printed nor sent."""
    return text.encode("utf-8", "replace").decode("utf-8")
