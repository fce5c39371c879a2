"""`finchat.ask/1`, the one document of an ask run, and its events as JSON lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from finchat.agent.events import (
    AgentEvent,
    AnswerChecked,
    Called,
    CallStarted,
    Finished,
    ModelAsked,
    ModelWaiting,
    Proposed,
    TextArrived,
    TurnVoid,
)
from finchat.agent.facts import figure_json
from finchat.books.plan_json import balances_json, proposal_json
from finchat.canonical import plain_decimal
from finchat.events import Notice, Reading, Recovered, Waiting, Working, Writing
from finchat.workflows.execute import Applied
from finchat.workflows.reconcile_json import outcome_json

SCHEMA = "finchat.ask/1"
Planned = tuple[Applied, Path | None]  # a plan as it stands after the run, and its file

_NAMES: Mapping[type, str] = {
    ModelAsked: "model_asked",
    TextArrived: "text",
    ModelWaiting: "model_waiting",
    TurnVoid: "turn_void",
    CallStarted: "call_started",
    Called: "call",
    Proposed: "proposed",
    AnswerChecked: "answer_checked",
    Reading: "reading",
    Waiting: "waiting",
    Working: "working",
    Writing: "writing",
    Recovered: "recovered",
    Notice: "notice",
}


def document(finished: Finished, planned: Sequence[Planned], *, exit_code: int) -> dict[str, Any]:
    """The document of a run. `plan` and `outcomes` are of the last plan that the run made; `plans` are all of them."""
    plans = [_plan_json(applied, path) for applied, path in planned]
    usage = finished.usage
    return {
        "schema": SCHEMA,
        "answer": finished.answer,
        "complete": finished.complete,
        "stopped_by": finished.stopped_by,
        "figures": [figure_json(figure) for figure in finished.figures],
        "unverified_count": sum(not figure.verified for figure in finished.figures),
        "calls": [call_json(call) for call in finished.calls],
        "plan": {key: plans[-1][key] for key in ("id", "path", "hash", "status")} if plans else None,
        "outcomes": plans[-1]["outcomes"] if plans else [],
        "plans": plans,
        "usage": {
            "requests": usage.requests,
            "input_tokens": usage.tokens.input_tokens,
            "output_tokens": usage.tokens.output_tokens,
            "cost": None if usage.cost is None else plain_decimal(usage.cost),
        },
        "model": finished.model,
        "api": finished.api,
        "session_id": finished.session_id,
        "exit_code": int(exit_code),
    }


def call_json(call: Called) -> dict[str, Any]:
    """One call of the contract; `arguments` is text where the model's could not be read."""
    return {
        "id": call.id,
        "server": call.server,
        "tool": call.tool,
        "arguments": _plain(call.arguments),
        "effect": call.effect,
        "decision": call.decision,
        "outcome": call.outcome,
        "rows": call.rows,
        "evidence_id": call.evidence_id,
        "error": call.error,
    }


def event_json(event: AgentEvent) -> dict[str, Any] | None:
    """One line of `--events`; None for the last event, whose line is the document itself."""
    match event:
        case Finished():
            return None
        case Called():
            return {"event": "call", **call_json(event)}
        case Proposed():
            plan = event.plan
            proposals = [proposal_json(p) for p in plan.proposals]
            return {"event": "proposed", "plan_id": plan.id, "plan_hash": plan.hash, "proposals": proposals}
        case AnswerChecked():
            figures = [figure_json(figure) for figure in event.figures]
            return {"event": "answer_checked", "text": event.text, "figures": figures, "final": event.final}
    return {"event": _NAMES[type(event)], **_plain(asdict(event))}


def _plan_json(applied: Applied, path: Path | None) -> dict[str, Any]:
    plan = applied.plan
    currencies = {(p.id, w.id): w.currency for p in plan.proposals for w in p.writes}
    return {
        "id": plan.id,
        "path": None if path is None else str(path),
        "hash": plan.hash,
        "status": applied.status,
        "proposals": [proposal_json(p) for p in plan.proposals],
        "outcomes": [outcome_json(r, currencies[r.proposal_id, r.write_id]) for r in applied.results],
        "balances": {
            "before": balances_json(applied.before),
            "expected": balances_json(applied.expected),
            "after": None if applied.after is None else balances_json(applied.after),
        },
    }


def _plain(value: Any) -> Any:
    """The same as JSON can hold it: amounts and seconds as decimal text, never as a float."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, float):
        return plain_decimal(Decimal(f"{value:.3f}"))
    return value
