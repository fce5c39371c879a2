"""Earlier sessions, for a reader: the list, one of them whole, what a search found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finchat.agent.sessions import KeptTurn, SessionRecord
from finchat.agent.sessions.export import last_answer, plan_state
from finchat.text.redact import redact
from finchat.text.sanitise import one_line
from finchat.ui.answer import answer_view, clean, doubts_view
from finchat.ui.prompt import ask
from finchat.ui.sink import Sink

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_LONGEST_TITLE = 100
_MOST_HITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """One session in a list. `tokens`: in and out together; `size`: bytes of its lines; `updated`: an ISO instant."""

    id: str
    updated: str
    title: str
    organisation: str
    model: str
    private: bool
    turns: int
    tokens: int
    awaiting: tuple[str, ...]
    size: int


def sessions_view(lines: Sequence[SessionLine], unreadable: Sequence[tuple[str, str]]) -> RenderableType:
    """Two lines a session: its id, when it was used last and its title; below, what it came to."""
    from rich.console import Group
    from rich.text import Text

    odd = [Text(f"{one_line(id, 64)} cannot be read: {one_line(why, 200)}", style="yellow") for id, why in unreadable]
    return Group(*(part for line in lines for part in _two_lines(line)), *odd)


def found_view(found: Sequence[tuple[SessionLine, Sequence[tuple[str, str]]]]) -> RenderableType:
    """The sessions of a search, each with where the words stand in it."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    for line, hits in found:
        parts += _two_lines(line)
        parts += [Text(f"  {kind}: {one_line(redact(words))}") for kind, words in hits[:_MOST_HITS]]
        if len(hits) > _MOST_HITS:
            parts.append(Text(f"  and {len(hits) - _MOST_HITS} more places"))
    return Group(*parts)


def session_view(record: SessionRecord, waiting: Collection[str], sink: Sink) -> RenderableType:
    """A session from its beginning: questions, calls, answers with what is not verified, plans and their outcomes."""
    from rich.console import Group
    from rich.text import Text

    of = record.organisation
    head = [
        Text(one_line(redact(record.title), _LONGEST_TITLE), style="bold"),
        Text(
            f"{record.id} · {_when(record.created)} · {one_line(of.name, 60)} on {one_line(of.server, 30)} · "
            f"{one_line(record.model, 60)}{' · private' if record.private else ''}",
            style="dim",
        ),
    ]
    turns = [part for turn in record.turns for part in _turn(turn, record, waiting, sink)]
    return Group(*head, *turns, Text(f"\nto go on with it: finchat chat --resume {record.id}", style="dim"))


async def confirm_deletion(sink: Sink, lines: Sequence[SessionLine]) -> bool:
    """Show what would be deleted, and ask; anything but yes is no."""
    sink.card(sessions_view(lines, []))
    what = "this session" if len(lines) == 1 else f"these {len(lines)} sessions"
    typed = await ask(sink, f"Delete {what}, with all results kept in {'it' if len(lines) == 1 else 'them'}? [y/N] ")
    return (typed or "").lower() in ("y", "yes")


def _two_lines(line: SessionLine) -> list[Text]:
    from rich.text import Text

    facts = [
        one_line(line.organisation, 60),
        one_line(line.model, 60),
        f"{line.turns} question{'s' * (line.turns != 1)}",
        f"{line.tokens:,} tokens",
        _size(line.size),
    ]
    if line.private:
        facts.append("private")
    if line.awaiting:
        facts.append(f"awaiting you: {', '.join(line.awaiting)}")
    title = one_line(redact(line.title), _LONGEST_TITLE) or "(nothing asked)"
    return [
        Text.assemble((line.id, "bold"), f"  {_when(line.updated)}  ", title),
        Text(f"  {' · '.join(facts)}", style="dim"),
    ]


def _turn(turn: KeptTurn, record: SessionRecord, waiting: Collection[str], sink: Sink) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(f"\n> {clean(turn.question)}", style="bold")
    for call in turn.calls:
        yield Text(f"· {_call(call)}", style="dim")
    answer = last_answer(turn)
    if answer is not None and answer.text.strip():
        yield answer_view(answer.text, answer.figures, sink)
        if doubts := doubts_view(answer.figures):
            yield Text(doubts)
    if turn.failure is not None:
        yield Text(f"not answered: {one_line(redact(str(turn.failure['message'])), 300)}")
    elif turn.complete is None:
        yield Text("the session ended before this was finished", style="yellow")
    for plan_id in turn.plans:
        plan = record.plans[plan_id]
        state = f"awaits you: finchat apply {plan.id}" if plan.id in waiting else plan_state(plan)
        yield Text(f"plan {one_line(plan.id, 64)}, {plan.writes} write{'s' * (plan.writes != 1)}: {state}")
        yield from (Text(f"  {one_line(redact(line))}") for line in plan.lines)


def _call(call: Any) -> str:
    where = "" if call["server"] in ("", "finchat") else f"{one_line(call['server'], 32)}: "
    name = f"{where}{one_line(call['tool'], 60)}"
    if call["outcome"] != "done":
        return f"{name}: not done, {one_line(call['error'] or call['outcome'], 200)}"
    rows = "" if call["rows"] is None else f", {call['rows']} row{'s' * (call['rows'] != 1)}"
    held = "" if call["evidence_id"] is None else f" ({call['evidence_id']})"
    return f"{name}{rows}{held}"


def _when(instant: str) -> str:
    return one_line(instant[:16].replace("T", " "), 16)


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(size // 1000, 1)} kB"
