"""A session for others: `finchat.session/1`, or Markdown in which text of a ledger or model stays text.

Every figure stands with its sources, or with what is missing. Reasoning, and what tools answered, are not in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from finchat.agent.conversation import Said
from finchat.agent.facts import Figure, figure_json
from finchat.agent.messages import ToolCall
from finchat.agent.sessions.record import KeptAnswer, KeptPlan, KeptTurn, KeptUsage, SessionRecord
from finchat.canonical import plain_decimal
from finchat.text.redact import redact
from finchat.text.sanitise import in_json, one_line, visible

SCHEMA = "finchat.session/1"
_MARK = " [unverified]"
_LONGEST_CELL = 200
_LONGEST_REASON = 120
_SPECIAL = re.compile(r"([\\`*_\[\]#|~$@])")
_BEGINNING = re.compile(r"^(\s*(?:\d{1,9}(?=[.)]))?)([-+=.)])")
_LIVE = re.compile(r"[\\\[\]@$]")  # links, images, footnotes, mentions, formulas, and what would undo an escape
_HEADING = re.compile(r"^(\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)*)(#+|=+\s*$|-+\s*$)")
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|file|mailto|xmpp|javascript|data):|\b(www)\.")


def session_json(record: SessionRecord) -> dict[str, Any]:
    """The document `finchat.session/1`, without its exit code."""
    arguments = {
        item.id: item.arguments
        for change in record.changes
        if isinstance(change, Said)
        for item in change.items
        if isinstance(item, ToolCall)
    }
    return {
        "schema": SCHEMA,
        "id": record.id,
        "title": record.title,
        "created_at": record.created,
        "updated_at": record.updated,
        "organisation": organisation_json(record),
        "model": record.model,
        "api": record.api,
        "private": record.private,
        "finchat_version": record.finchat,
        "cut_off": record.torn,
        "turns": [_turn_json(turn, record, arguments) for turn in record.turns],
        "plans": [plan_json(plan) for plan in record.plans.values()],
        "compactions": record.compactions,
        "usage": usage_json(record.usage),
    }


def organisation_json(record: SessionRecord) -> dict[str, str]:
    of = record.organisation
    return {"server": of.server, "id": of.id, "name": of.name}


def usage_json(usage: KeptUsage) -> dict[str, Any]:
    return {
        "requests": usage.requests,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost": None if usage.cost is None else plain_decimal(usage.cost),
    }


def plan_json(plan: KeptPlan) -> dict[str, Any]:
    return {
        "id": plan.id,
        "hash": plan.hash,
        "proposals": plan.proposals,
        "writes": plan.writes,
        "status": plan.status,
        "awaits": plan.awaits,
        "outcomes": list(plan.lines),
    }


def _turn_json(turn: KeptTurn, record: SessionRecord, arguments: Mapping[str, str]) -> dict[str, Any]:
    answer = last_answer(turn)
    return {
        "at": turn.at,
        "question": turn.question,
        "answer": "" if answer is None else answer.text,
        "complete": turn.complete is True,
        "stopped_by": turn.stopped_by,
        "interrupted": turn.complete is None,
        "failure": None if turn.failure is None else dict(turn.failure),
        "figures": [] if answer is None else [figure_json(figure) for figure in answer.figures],
        "unverified_count": 0 if answer is None else sum(not figure.verified for figure in answer.figures),
        "calls": [_call_json(call, arguments) for call in turn.calls],
        "plans": list(turn.plans),
        "model": turn.model,
        "api": turn.api,
        "usage": usage_json(turn.usage),
    }


def _call_json(call: Mapping[str, Any], arguments: Mapping[str, str]) -> dict[str, Any]:
    names = ("id", "server", "tool", "effect", "decision", "outcome", "rows", "evidence_id", "error")
    return {name: call[name] for name in names} | {"arguments": arguments.get(call["id"], "")}


def last_answer(turn: KeptTurn) -> KeptAnswer | None:
    """The answer that stood at the end; of a turn that was cut off, the last words that were checked."""
    found = [answer for answer in turn.answers if answer.final] or turn.answers
    return found[-1] if found else None


def json_text(document: Mapping[str, Any]) -> str:
    """A document as text that may be shown anywhere."""
    return in_json(json.dumps(document, ensure_ascii=False, indent=2)) + "\n"


# Markdown


def session_markdown(record: SessionRecord) -> str:
    """The session to be read. Answers are quotes, with their lists and tables; all other text of theirs is plain."""
    parts = [f"# {inline(record.title) or 'A session'}", "\n".join(_head(record))]
    for number, turn in enumerate(record.turns, 1):
        parts += [f"## {number}. Question", quoted(turn.question, plain=True)]
        answer = last_answer(turn)
        if answer is not None:
            parts += ["### Answer", quoted(_marked(answer))]
            parts += _figures(answer.figures)
        parts += [f"*{note}*" for note in _notes(turn, answer)]
        parts += _calls(turn)
        parts += [part for plan_id in turn.plans for part in _plan(record.plans[plan_id])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(record: SessionRecord) -> Iterator[str]:
    of, usage = record.organisation, record.usage
    yield f"- Organisation: {inline(of.name)} ({inline(of.server)})"
    yield f"- Session: {inline(record.id)}, {inline(record.created[:16].replace('T', ' '))} UTC"
    yield f"- Model: {inline(record.model)}" + (", with stand-ins for names" if record.private else "")
    yield f"- Tokens: {usage.input_tokens:,} in, {usage.output_tokens:,} out"
    if record.torn:
        yield "- Its last line was cut off."


def _notes(turn: KeptTurn, answer: KeptAnswer | None) -> Iterator[str]:
    if turn.complete is None:
        yield "The session ended before this was finished."
    elif turn.failure is not None and answer is None:
        yield f"Not answered: {inline(str(turn.failure['message']))}"


def _marked(answer: KeptAnswer) -> str:
    from finchat.agent.grounding import marked

    return marked(answer.text, answer.figures, _MARK)


def _figures(figures: Sequence[Figure]) -> list[str]:
    if not figures:
        return []
    rows = [(figure.text, figure.value, _traced(figure)) for figure in figures]
    return [_table(("Figure", "Value", "Where it comes from"), rows)]


def _traced(figure: Figure) -> str:
    if not figure.verified:
        return f"not verified: {one_line(figure.why or 'no record carries it', _LONGEST_REASON)}"
    sources = [f"{s.evidence_id} {s.derivation or s.path}".strip() for s in figure.sources[:4]]
    more = f" and {len(figure.sources) - 4} more" if len(figure.sources) > 4 else ""
    return (", ".join(sources) or "the question, or the calendar") + more


def _calls(turn: KeptTurn) -> list[str]:
    if not turn.calls:
        return []
    rows = []
    for call in turn.calls:
        where = f"{call['server']}: " if call["server"] not in ("", "finchat") else ""
        counted = "" if call["rows"] is None else str(call["rows"])
        outcome = str(call["outcome"]).replace("_", " ")
        became = f"{outcome}: {call['error']}" if call["error"] else outcome
        rows.append((f"{where}{call['tool']}", counted, call["evidence_id"] or "", became))
    return [_table(("Looked at", "Rows", "Evidence", "Outcome"), rows)]


def _plan(plan: KeptPlan) -> Iterator[str]:
    writes = f"{plan.writes} write{'s' * (plan.writes != 1)}"
    yield f"Plan {inline(plan.id)} ({writes}): {inline(plan_state(plan))}"
    if plan.lines:
        yield "\n".join(f"- {inline(line)}" for line in plan.lines)


def plan_state(plan: KeptPlan) -> str:
    """How a plan stands, in words."""
    if plan.awaits:
        return "waits for a person"
    return f"decided: {plan.status.replace('_', ' ')}" if plan.status else "not there any more"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = [f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}"]
    return "\n".join([*head, *(f"| {' | '.join(inline(cell, _LONGEST_CELL) for cell in row)} |" for row in rows)])


def inline(text: str, limit: int | None = None) -> str:
    """One line of plain text: nothing in it is Markdown, HTML or a link."""
    return _plain(one_line(redact(text), limit))


def quoted(text: str, *, plain: bool = False) -> str:
    """A block quote: whatever the text holds, it ends with the quote. Its lists, tables, code and emphasis stay, unless
    it is `plain`; HTML, links, images, headings and what a reader would make a link of become plain text."""
    lines = [visible(line) for line in redact(text).expandtabs(4).replace("\r\n", "\n").split("\n")]
    return "\n".join(f"> {_plain(line) if plain else _tame(line)}".rstrip() for line in lines)


def _plain(line: str) -> str:
    return _BEGINNING.sub(r"\1\\\2", _no_address(_SPECIAL.sub(r"\\\1", _entities(line))))


def _tame(line: str) -> str:
    return _HEADING.sub(r"\1\\\2", _no_address(_LIVE.sub(r"\\\g<0>", _entities(line))))


def _no_address(line: str) -> str:
    """Without what some readers make a link of by itself."""
    return _ADDRESS.sub(lambda found: f"{found[1]}\\:" if found[1] else f"{found[2]}\\.", line)


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
