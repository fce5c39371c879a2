"""A run of the loop on the small vendor: real guard, journal and audit log; the model alone is scripted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from finchat.agent.conversation import Conversation
from finchat.agent.events import AgentEvent, AnswerChecked, Called, Finished
from finchat.agent.facts import Fact, Vocabulary
from finchat.agent.limits import Prices
from finchat.agent.loop import run
from finchat.agent.messages import (
    Api,
    AssistantText,
    Item,
    Model,
    ModelEvent,
    ModelRequest,
    TextDelta,
    TokenUsage,
    ToolCall,
    ToolOutput,
    TurnComplete,
)
from finchat.agent.offering import Offering
from finchat.agent.tray import Decide, ProposedPlan, Tray
from finchat.connections.own_tools import OwnTool
from finchat.connections.toolbox import CallResult
from finchat.model_settings import RunLimits
from tests.safety.world import ORG, SERVER, World, one_payment

AS_OF = date(2026, 11, 20)
USAGE = TokenUsage(input_tokens=100, output_tokens=10)
_NUMBERS = count()
Step = TurnComplete | Exception | Sequence[ModelEvent | Exception] | Callable[[ModelRequest], Any]


def says(text: str, *calls: tuple[str, Any], ids: Sequence[str] = ()) -> TurnComplete:
    """A turn: words, and calls (name, arguments). Arguments given as text go as they are."""
    items: list[Item] = [AssistantText(text)] if text else []
    for number, (name, arguments) in enumerate(calls):
        raw = arguments if isinstance(arguments, str) else json.dumps(arguments)
        items.append(ToolCall(ids[number] if ids else f"call-{next(_NUMBERS)}", name, raw))
    return TurnComplete(items=tuple(items), usage=USAGE)


def asks(*calls: tuple[str, Any], ids: Sequence[str] = ()) -> TurnComplete:
    return says("", *calls, ids=ids)


@dataclass
class ScriptedModel:
    """Plays its turns one by one; a step may look at the request. Implements Model."""

    steps: list[Step]
    requests: list[ModelRequest] = field(default_factory=list)
    name: str = "scripted"
    api: Api = "responses"
    destination: str = "http://127.0.0.1"
    closed: int = 0

    async def turn(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]  # the last one for ever
        try:
            if callable(step):
                step = step(request)
                if isinstance(step, Awaitable):
                    step = await step
            if isinstance(step, Exception):
                raise step
            if isinstance(step, TurnComplete):
                if step.text:
                    yield TextDelta(step.text)
                yield step
                return
            for event in step:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.closed += 1

    async def close(self) -> None:
        return None


@dataclass(frozen=True)
class InMemory:
    """A result as this store keeps it."""

    id: str
    view: str
    rows: int | None
    server: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass
class Notes:
    """Evidence that is only written down: ids and views, and the facts a test gives it."""

    kept: list[InMemory] = field(default_factory=list)
    known: list[Fact] = field(default_factory=list)

    def keep(
        self, *, server: str, tool: str, arguments: Mapping[str, Any], result: CallResult, at: datetime
    ) -> InMemory:  # fmt: skip
        text = json.dumps(result.structured) if result.structured is not None else result.text
        text = result.error.message if result.error is not None else text
        rows = (result.structured or {}).get("records")
        found = InMemory(
            f"e{len(self.kept) + 1}", text, len(rows) if isinstance(rows, list) else None, server, tool, arguments
        )
        self.kept.append(found)
        return found

    def facts(self, values: Collection[Decimal | date | str] | None = None) -> Sequence[Fact]:
        return self.known

    def all_facts(self, most: int) -> Sequence[Fact] | None:
        return self.known if len(self.known) <= most else None

    def names(self) -> Vocabulary:
        return {}


def own(
    name: str,
    run: Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]],
    effect: Any = "read",
    properties: Mapping[str, Any] | None = None,
    description: str = "A tool.",
) -> OwnTool:
    schema = {"type": "object", "properties": dict(properties or {}), "additionalProperties": False}
    return OwnTool(name=name, description=description, parameters=schema, effect=effect, run=run)


@dataclass
class Session:
    world: World
    tray: Tray
    conversation: Conversation
    offering: Offering
    evidence: Notes

    async def run(
        self, model: ScriptedModel, question: str = "What is due?", *, limits: RunLimits | None = None,
        decide: Decide | None = None, prices: Prices | None = None,
    ) -> list[AgentEvent]:  # fmt: skip
        return [event async for event in self.start(model, question, limits=limits, decide=decide, prices=prices)]

    def start(
        self, model: Model, question: str = "What is due?", *, limits: RunLimits | None = None,
        decide: Decide | None = None, prices: Prices | None = None,
    ) -> AsyncIterator[AgentEvent]:  # fmt: skip
        from finchat.clock import Clock

        return run(
            question, conversation=self.conversation, model=model, guard=self.world.guard, offering=self.offering,
            evidence=self.evidence, tray=self.tray, limits=limits or RunLimits(), clock=Clock(), organisation=ORG,
            as_of=AS_OF, session_id="s1", decide=decide, prices=prices,
        )  # fmt: skip

    def outputs(self) -> list[str]:
        return [item.text for item in self.conversation.items if isinstance(item, ToolOutput)]

    def attempts(self) -> list[dict[str, Any]]:
        """The audit lines of calls."""
        return [line for line in self.world.audit_lines() if line["event"] == "call"]


async def open_session(world: World, *tools: OwnTool, evidence: Notes | None = None) -> Session:
    await world.opened()
    conversation, tray = Conversation(), Tray()
    offering = Offering(world.guard, own=tools, servers=[SERVER], organisation=ORG, fence=conversation.fence)
    return Session(world, tray, conversation, offering, evidence or Notes())


def proposer(session_tray: Callable[[], Tray], plan_ids: Iterable[str]) -> OwnTool:
    """A tool that lays the next plan into the tray."""
    ids = iter(plan_ids)

    async def draft(_: Mapping[str, Any]) -> dict[str, Any]:
        plan = one_payment(next(ids))
        session_tray().put(ProposedPlan(plan=plan, before=plan.expected))
        return {"plan_id": plan.id}

    return own("draft_payment", draft, "propose", {"amount": {"type": "string"}})


def finished(events: Sequence[AgentEvent]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    assert sum(isinstance(event, Finished) for event in events) == 1
    return last


def called(events: Sequence[AgentEvent]) -> list[Called]:
    return [event for event in events if isinstance(event, Called)]


def answers(events: Sequence[AgentEvent]) -> list[AnswerChecked]:
    return [event for event in events if isinstance(event, AnswerChecked)]
