"""The calls of one turn: checked before anything happens, then run; every attempt is in the audit log.

Reads run at once and side by side, what proposes runs afterwards, one by one in its order. Results go back in the
order of the calls.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from finchat.agent.conversation import Conversation
from finchat.agent.events import AgentEvent, CallDecision, Called, CallEffect, CallOutcome, CallStarted, Proposed
from finchat.agent.find_tools import FIND_TOOLS
from finchat.agent.limits import Meter
from finchat.agent.messages import Item, ToolCall
from finchat.agent.offering import Offered, Offering
from finchat.agent.strict_json import BadJson, parse_arguments
from finchat.agent.tray import Tray
from finchat.canonical import sha256_of
from finchat.clock import Clock
from finchat.connections.arguments import ArgumentCheck
from finchat.connections.own_tools import OWN_SERVER
from finchat.connections.toolbox import CallError, CallResult
from finchat.errors import FinchatError
from finchat.text.sanitise import one_line

if TYPE_CHECKING:
    from finchat.safety.guard import Guard

MOST_CALLS = 32  # of one turn
LONGEST_ARGUMENTS = 64 * 1024  # characters of one call
_LONGEST_SHOWN = 2_000  # of arguments that could not be read
_LONGEST_NAME = 120
_LONGEST_ERROR = 1_000
_LONGEST_VIEW = 8_000
_REFUSALS = frozenset({"denied", "approval_required", "organisation_not_open", "tool_quarantined"})


class Kept(Protocol):
    """A result in the evidence store, and the view of it that a model gets."""

    @property
    def id(self) -> str: ...
    @property
    def view(self) -> str: ...
    @property
    def rows(self) -> int | None: ...


class Keeping(Protocol):
    """The evidence store, as far as calls need it."""

    def keep(
        self, *, server: str, tool: str, arguments: Mapping[str, Any], result: CallResult, at: datetime
    ) -> Kept: ...


@dataclass(slots=True)
class _Attempt:
    """One call of a turn. `arguments` are what is sent, once they are checked; nobody else holds that object."""

    call: ToolCall
    id: str
    offered: Offered | None = None
    arguments: dict[str, Any] | None = None
    refusal: str = ""  # why it is not made
    decision: CallDecision = "allow"
    result: CallResult | None = None
    failure: str = ""  # what broke while it was made
    before: Kept | None = None  # the same call gave this earlier in the run
    kept: Kept | None = None
    asked: bool = False  # it was begun
    took_s: float = 0.0
    called: Called | None = None
    output: str = ""
    short: str = ""

    @property
    def runnable(self) -> bool:
        return not self.refusal

    @property
    def ended(self) -> bool:
        return not self.runnable or self.before is not None or self.result is not None

    @property
    def proposes(self) -> bool:
        return self.offered is not None and self.offered.effect == "propose"

    @property
    def server(self) -> str:
        return self.offered.server if self.offered is not None else ""

    @property
    def tool(self) -> str:
        if self.offered is not None:
            return self.offered.tool.name
        return one_line(self.call.name, _LONGEST_NAME)


@dataclass(slots=True)
class Calls:
    """All calls of one run."""

    guard: Guard
    offering: Offering
    evidence: Keeping
    tray: Tray
    conversation: Conversation
    meter: Meter
    clock: Clock
    done: list[Called] = field(default_factory=list)
    _check: ArgumentCheck = field(default_factory=partial(ArgumentCheck, trusted=(OWN_SERVER,)))
    _read: dict[str, Kept] = field(default_factory=dict)
    _plans: set[str] = field(default_factory=set)  # the plans that are on the record as a model's

    def forget_reads(self) -> None:
        """The ledger has changed: what was read before is no answer any more."""
        self._read.clear()

    async def of_turn(self, items: Sequence[Item], offered: Mapping[str, Offered]) -> AsyncGenerator[AgentEvent, None]:
        """Take a turn's items into the conversation, run its calls and answer each of them, whatever happens.

        Raises Stopped when the time of the run is up; then what was under way is cut off.
        """
        attempts = self._checked([item for item in items if isinstance(item, ToolCall)], offered)
        by_call = {id(attempt.call): attempt for attempt in attempts}
        self.conversation.said(
            _as_history(by_call[id(item)]) if isinstance(item, ToolCall) else item for item in items
        )  # fmt: skip
        try:
            for attempt in attempts:
                if not attempt.runnable:
                    self._note(attempt)
            async for event in self._run(attempts):
                yield event
        finally:
            # Also when it is cut off: a conversation with an unanswered call could not go on.
            for attempt in attempts:
                called = self._conclude(attempt)
                self.done.append(called)
                self.conversation.output(
                    attempt.id, attempt.output, short=attempt.short, evidence_id=called.evidence_id
                )
            self.conversation.end_batch()
            with suppress(FinchatError):  # what cannot be put on the record is no plan of finchat's: a person decides
                self._new_plans()

    def void(self, calls: Sequence[ToolCall], why: str) -> None:
        """The calls of a turn that broke: nothing of them happens, and each is on the record."""
        self.guard.note_attempt(server=None, tool=None, arguments="", reason=f"all its calls are void: {why}")
        for call in calls:
            reason = f"its turn broke: {why}"
            self.guard.note_attempt(server=None, tool=call.name, arguments=call.arguments, reason=reason)
            self.done.append(
                Called(
                    id=one_line(call.id, _LONGEST_NAME), server="", tool=one_line(call.name, _LONGEST_NAME),
                    arguments=_shown(call.arguments), effect="write", decision="void", outcome="not_executed",
                    error=reason,
                )
            )  # fmt: skip

    # Before anything happens

    def _checked(self, calls: Sequence[ToolCall], offered: Mapping[str, Offered]) -> list[_Attempt]:
        times = Counter(call.id for call in calls)
        attempts = []
        for number, call in enumerate(calls):
            attempt = _Attempt(call, self.conversation.id_for(call.id))
            attempts.append(attempt)
            if number >= MOST_CALLS:
                attempt.refusal = f"a turn may hold {MOST_CALLS} calls; this was number {number + 1}"
            elif not call.id:
                attempt.refusal = "a call needs an id"
            elif times[call.id] > 1:
                attempt.refusal = "several calls of this turn have the same id, so none of them is made"
            else:
                self._check_one(attempt, offered)
            if attempt.refusal:
                attempt.decision = "invalid"
        return attempts

    def _check_one(self, attempt: _Attempt, offered: Mapping[str, Offered]) -> None:
        call = attempt.call
        found = offered.get(call.name)  # equal byte for byte: nothing is folded, cut or guessed
        if found is None:
            attempt.refusal = self._unknown(call.name)
            return
        attempt.offered = found
        if len(call.arguments) > LONGEST_ARGUMENTS:
            attempt.refusal = f"the arguments are {len(call.arguments)} characters; {LONGEST_ARGUMENTS} are the most"
            return
        parsed = parse_arguments(call.arguments)
        if isinstance(parsed, BadJson):
            attempt.refusal = parsed.why
            return
        prepared = self._check.prepare(found.tool, parsed)
        if isinstance(prepared, CallError):
            attempt.refusal = _sentence(prepared)
            return
        attempt.arguments = prepared
        key = _key(found, prepared)
        attempt.before = self._read.get(key) if key is not None else None

    def _unknown(self, name: str) -> str:
        if self.offering.known_as(name) is not None:
            return f"it is not offered any more; find it again with {FIND_TOOLS}"
        return f"no tool of exactly this name is offered; {FIND_TOOLS} finds those of the connected servers"

    def _note(self, attempt: _Attempt) -> None:
        server = attempt.server or None
        tool = attempt.offered.tool.name if attempt.offered is not None else attempt.call.name
        arguments = attempt.call.arguments if attempt.arguments is None else attempt.arguments
        self.guard.note_attempt(server=server, tool=tool, arguments=arguments, reason=attempt.refusal)

    # Running

    async def _run(self, attempts: Sequence[_Attempt]) -> AsyncGenerator[AgentEvent, None]:
        """Events in the order of the calls: each call's end is told once those before it have ended too."""
        reads = [a for a in attempts if a.runnable and not a.proposes and a.before is None]
        told = 0
        for attempt in attempts:
            if attempt.before is not None:
                self._from_evidence(attempt)
        for attempt in reads:
            yield self._begin(attempt)
        tasks = {asyncio.create_task(self._call(attempt)) for attempt in reads}
        try:
            waiting = set(tasks)
            while waiting:
                _, waiting = await asyncio.wait(
                    waiting, timeout=max(self.meter.seconds_left(), 0), return_when=asyncio.FIRST_COMPLETED
                )
                if waiting and self.meter.seconds_left() <= 0:
                    raise self.meter.too_late()
                while told < len(attempts) and attempts[told].ended:
                    yield self._conclude(attempts[told])
                    told += 1
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for attempt in attempts[told:]:
            if attempt.proposes and attempt.runnable:
                yield self._begin(attempt)
                await self.meter.within(self._call(attempt))
                yield self._conclude(attempt)
                for plan in self._new_plans():
                    yield plan
            else:
                yield self._conclude(attempt)

    def _begin(self, attempt: _Attempt) -> CallStarted:
        assert attempt.offered is not None
        attempt.asked = True
        return CallStarted(
            id=attempt.id, server=attempt.server, tool=attempt.tool, arguments=deepcopy(attempt.arguments or {}),
            effect=attempt.offered.effect,
        )  # fmt: skip

    def _new_plans(self) -> list[Proposed]:
        """The plans that came into the tray since the last look; from here on only a person approves them."""
        fresh = [one.plan for one in self.tray.plans() if one.plan.id not in self._plans]
        for plan in fresh:
            self.guard.drafted(plan)
            self._plans.add(plan.id)
            self.conversation.note(f"plan {plan.id} was saved for a person to decide")
        return [Proposed(plan=plan) for plan in fresh]

    async def _call(self, attempt: _Attempt) -> None:
        """One call through the guard. What was checked is what is sent: the tool as it was offered, these arguments."""
        offered, arguments = attempt.offered, attempt.arguments
        assert offered is not None
        assert arguments is not None
        box = self.offering.toolbox(offered.server)
        started = Clock.monotonic()
        try:
            now = (await box.tools()).get(offered.tool.name)
            if now is None or now.sha256 != offered.tool.sha256:
                attempt.refusal = "the tool is not the one any more that was offered; find it again"
                attempt.decision = "invalid"
                self._note(attempt)
                return
            self.offering.used(offered)
            attempt.result = await box.call(offered.tool.name, arguments)
        except FinchatError as error:
            attempt.failure = error.message
        except Exception as error:
            # A fault of finchat's own must not end the conversation; its name is enough to look for it.
            attempt.failure = f"finchat failed at it ({type(error).__name__})"
        finally:
            attempt.took_s = Clock.monotonic() - started
        if attempt.failure:
            attempt.result = CallResult(error=CallError(code="internal", message=attempt.failure, outcome="failed"))

    def _from_evidence(self, attempt: _Attempt) -> None:
        assert attempt.before is not None
        assert attempt.offered is not None
        attempt.asked = True
        self.guard.note_attempt(
            server=attempt.server, tool=attempt.tool, arguments=attempt.arguments or {},
            reason=f"it was read before in this run, as evidence {attempt.before.id}", executed_before=True,
        )  # fmt: skip

    # What became of it

    def _conclude(self, attempt: _Attempt) -> Called:
        """What became of a call, for the person and for the model; once."""
        if attempt.called is not None:
            return attempt.called
        fence, kept, error = self.conversation.fence, attempt.before, None
        outcome: CallOutcome = "done"
        if attempt.refusal:
            outcome, error = "not_executed", attempt.refusal
        elif kept is None and attempt.result is None:
            outcome, error = ("failed", "it was cut off") if attempt.asked else ("not_executed", "the run was stopped")
            attempt.decision = "allow" if attempt.asked else "void"
            if not attempt.asked:
                attempt.refusal = error
                self._note(attempt)
        elif attempt.result is not None and attempt.result.error is not None:
            outcome, error = self._failed(attempt, attempt.result.error), _sentence(attempt.result.error)
        rows, evidence_id, text = None, None, ""
        try:
            if error is None:
                rows, evidence_id, text = self._given(attempt, kept)
            elif outcome == "failed" and attempt.result is not None and not attempt.failure:
                _, evidence_id, text = self._stored(attempt)  # what a server said of its failure is kept like an answer
        except Exception as fault:  # a stranger's answer may be stranger than any code that reads it foresaw
            why = fault.message if isinstance(fault, FinchatError) else type(fault).__name__
            outcome, error, text = "failed", f"the answer could not be kept: {why}", ""
        attempt.output = fence.around(text or f"error: {(error or '')[:_LONGEST_ERROR]}", attempt.tool)
        if error is None:
            held = f"evidence {evidence_id}" if evidence_id else "not kept"
            counted = f", {rows} rows" if rows is not None else ""
            attempt.short = fence.around(f"put away to save room: {held}{counted}; read it with query", attempt.tool)
        attempt.called = Called(
            id=attempt.id, server=attempt.server, tool=attempt.tool,
            arguments=deepcopy(attempt.arguments) if attempt.arguments is not None
            else _shown(attempt.call.arguments),
            effect=self._effect(attempt), decision=attempt.decision, outcome=outcome, rows=rows,
            evidence_id=evidence_id, error=None if error is None else one_line(error, _LONGEST_ERROR),
            took_s=attempt.took_s,
        )  # fmt: skip
        return attempt.called

    def _given(self, attempt: _Attempt, kept: Kept | None) -> tuple[int | None, str | None, str]:
        """Rows, evidence id and the model's view of an answer. Tool descriptions are no evidence of anything."""
        result, offered = attempt.result, attempt.offered
        assert offered is not None
        if offered.is_own and offered.tool.name == FIND_TOOLS:
            assert result is not None
            return None, None, _json(result.structured or {})[:_LONGEST_VIEW]
        if kept is not None:
            return kept.rows, kept.id, kept.view[:_LONGEST_VIEW]
        found = self._stored(attempt)
        if (key := _key(offered, attempt.arguments or {})) is not None and attempt.kept is not None:
            self._read[key] = attempt.kept
        return found

    def _stored(self, attempt: _Attempt) -> tuple[int | None, str, str]:
        """Keep what a tool gave; rows, id and the model's view of it."""
        result, offered = attempt.result, attempt.offered
        assert offered is not None
        assert result is not None
        attempt.kept = kept = self.evidence.keep(
            server=offered.server, tool=offered.tool.name, arguments=deepcopy(attempt.arguments or {}), result=result,
            at=self.clock.now(),
        )  # fmt: skip
        return kept.rows, kept.id, kept.view[:_LONGEST_VIEW]

    def _failed(self, attempt: _Attempt, error: CallError) -> CallOutcome:
        if error.code in _REFUSALS:
            attempt.decision = "deny"
            return "refused"
        if error.code == "unknown_tool":
            attempt.decision = "invalid"
            return "not_executed"
        return "failed"

    def _effect(self, attempt: _Attempt) -> CallEffect:
        """A tool that nobody knows counts as a write."""
        return attempt.offered.effect if attempt.offered is not None else "write"


def _as_history(attempt: _Attempt) -> ToolCall:
    """The call as later requests carry it: with an id of its own, and nothing in it that an endpoint chokes on."""
    readable = attempt.arguments is not None
    name = attempt.call.name if attempt.offered is not None else "unknown_tool"
    return replace(attempt.call, id=attempt.id, name=name, arguments=attempt.call.arguments if readable else "{}")


def _shown(arguments: str) -> str:
    return one_line(arguments[: _LONGEST_SHOWN * 2], _LONGEST_SHOWN)


def _key(offered: Offered, arguments: Mapping[str, Any]) -> str | None:
    """What makes two reads the same; None for what is never answered from before."""
    if offered.effect != "read" or offered.asks:
        return None
    try:
        return sha256_of([offered.server, offered.tool.name, offered.tool.sha256, arguments])
    except (TypeError, ValueError):  # a number with a fraction has no canonical form here
        return None


def _sentence(error: CallError) -> str:
    parts = [error.message]
    if error.field and error.field not in error.message:
        parts.append(f"field: {error.field}")
    if error.next:
        parts.append(f"next: {error.next}")
    return "; ".join(parts)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
