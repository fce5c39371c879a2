"""The lines of a session's file: one JSON object each, with `at`, `data` and `type`, written as things happen.

The lines that change the conversation make the same conversation again, to the byte of its next request. What else is
there is for people: answers with their figures, calls, plans, decisions, usage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from finchat.agent.conversation import (
    Answered,
    Asked,
    BatchEnded,
    Change,
    Noted,
    PutAway,
    ReasoningDropped,
    Said,
    Summarised,
    Told,
)
from finchat.agent.events import AgentEvent, AnswerChecked, Called, Finished, Proposed
from finchat.agent.facts import figure_json
from finchat.agent.messages import AssistantText, Item, Reasoning, ToolCall, ToolOutput, UserText
from finchat.canonical import canonical_json, plain_decimal
from finchat.clock import instant_text

FORMAT = 1  # of the file; one of a later finchat is not touched
# What a search, or a list, need not look at: `type` is the last key of a line, so that such lines are not even read.
NOT_SEARCHED = ("model", "output", "told", "call", "note", "put_away", "summary", "batch_end", "reasoning_dropped")
NOT_LISTED = (*NOT_SEARCHED, "answer")


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was read."""

    type: str
    at: str
    data: Mapping[str, Any]


class Damaged(Exception):
    """A line that cannot be read, with others after it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number} is damaged")
        self.number = number


def encoded(kind: str, data: Mapping[str, Any], at: datetime) -> bytes:
    """A line, with its end. Halves of surrogate pairs become question marks, as in every request to a model."""
    line = {"at": instant_text(at), "data": data, "type": kind}
    try:
        text = canonical_json(line)
    except ValueError:
        text = canonical_json(_mended(line))
    return text.encode("utf-8") + b"\n"


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list | tuple) else value


def whole(data: bytes) -> int:
    """How many bytes of a file's content are complete lines; the rest was cut off."""
    return data.rfind(b"\n") + 1


def read(data: bytes, *, without: tuple[str, ...] = ()) -> Iterator[Line]:
    """The complete lines, less those of the types `without`. Raises Damaged for one in the middle that is none; the
    last one is passed over in silence, as a power cut leaves it."""
    ends = tuple(f'"type":"{kind}"}}'.encode() for kind in without)
    raw = data[: whole(data)].split(b"\n")[:-1]
    for number, line in enumerate(raw, 1):
        if ends and line.endswith(ends):
            continue
        try:
            found = json.loads(line)
            yield Line(found["type"], found["at"], found["data"])
        except (ValueError, KeyError, TypeError, RecursionError):
            if number < len(raw):
                raise Damaged(number) from None


def line_of(what: Change | AgentEvent) -> tuple[str, dict[str, Any]] | None:
    """The type and data of what is kept; None for what is not."""
    match what:
        case Called():
            return "call", {
                "id": what.id, "server": what.server, "tool": what.tool, "effect": what.effect,
                "decision": what.decision, "outcome": what.outcome, "rows": what.rows,
                "evidence_id": what.evidence_id, "error": what.error, "took_ms": round(what.took_s * 1000),
            }  # fmt: skip
        case Proposed(plan=plan):
            writes = sum(len(proposal.writes) for proposal in plan.proposals)
            return "proposed", {
                "plan_id": plan.id, "plan_hash": plan.hash, "proposals": len(plan.proposals), "writes": writes,
            }  # fmt: skip
        case AnswerChecked():
            figures = [figure_json(figure) for figure in what.figures]
            return "answer", {"text": what.text, "figures": figures, "final": what.final}
        case Finished():
            return "finished", _finished(what)
    return _change(what)


def _finished(event: Finished) -> dict[str, Any]:
    usage, failure = event.usage, event.failure
    return {
        "complete": event.complete,
        "stopped_by": event.stopped_by,
        "answer": None if event.complete else event.answer,  # that of a complete one has its own line
        "model": event.model,
        "api": event.api,
        "usage": {
            "requests": usage.requests, **asdict(usage.tokens),
            "cost": None if usage.cost is None else plain_decimal(usage.cost),
        },
        "failure": None if failure is None else {"code": failure.code, "message": failure.message},
    }  # fmt: skip


def _change(what: object) -> tuple[str, dict[str, Any]] | None:
    data: dict[str, Any] = {}
    match what:
        case Asked(text) | Noted(text):
            data = {"text": text}
        case Told(text, gist):
            data = {"text": text, "gist": gist}
        case Said(items):
            data = {"items": [_item_json(item) for item in items]}
        case PutAway(places):
            data = {"places": list(places)}
        case Answered() | Summarised():
            data = asdict(what)
    kind = _KINDS.get(type(what))
    return None if kind is None else (kind, data)


_KINDS: Mapping[type, str] = {
    Asked: "question", Told: "told", Said: "model", Answered: "output", BatchEnded: "batch_end", Noted: "note",
    PutAway: "put_away", Summarised: "summary", ReasoningDropped: "reasoning_dropped",
}  # fmt: skip
_CHANGES: Mapping[str, Callable[[Mapping[str, Any]], Change]] = {
    "question": lambda data: Asked(_text(data["text"])),
    "told": lambda data: Told(_text(data["text"]), _text(data["gist"])),
    "model": lambda data: Said(tuple(_item(item) for item in data["items"])),
    "output": lambda data: Answered(**{**data, "text": _text(data["text"]), "short": _text(data["short"])}),
    "batch_end": lambda _: BatchEnded(),
    "note": lambda data: Noted(_text(data["text"])),
    "put_away": lambda data: PutAway(tuple(int(place) for place in data["places"])),
    "summary": lambda data: Summarised(int(data["items"]), int(data["turns"]), _text(data["text"])),
    "reasoning_dropped": lambda _: ReasoningDropped(),
}


def change_of(line: Line) -> Change | None:
    """The change that a line tells of; None for another line. Raises KeyError, TypeError or ValueError for one that
    finchat did not write."""
    made = _CHANGES.get(line.type)
    return None if made is None else made(line.data)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is none")
    return value


def _item_json(item: Item) -> dict[str, Any]:
    match item:
        case UserText(text):
            return {"type": "user", "text": text}
        case AssistantText(text):
            return {"type": "assistant", "text": text}
        case ToolCall(id, name, arguments):
            return {"type": "call", "id": id, "name": name, "arguments": arguments}
        case ToolOutput(call_id, text):
            return {"type": "output", "call_id": call_id, "text": text}
        case Reasoning(payload):
            # As text: the order of its keys and the spelling of its numbers are those of the next request.
            return {"type": "reasoning", "payload": json.dumps(payload, separators=(",", ":"), default=_plain)}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else dict(value)


def _item(data: Mapping[str, Any]) -> Item:
    match data["type"]:
        case "user":
            return UserText(_text(data["text"]))
        case "assistant":
            return AssistantText(_text(data["text"]))
        case "call":
            return ToolCall(_text(data["id"]), _text(data["name"]), _text(data["arguments"]))
        case "output":
            return ToolOutput(_text(data["call_id"]), _text(data["text"]))
        case "reasoning":
            return Reasoning(json.loads(data["payload"]))
    raise ValueError("not an item of a conversation")
