"""Tools whose definitions changed: what is different, and the question whether to take it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from finchat.text.sanitise import one_line, visible
from finchat.ui.paging import drawn, paged
from finchat.ui.prompt import ask
from finchat.ui.sink import Sink

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_PROMPT = "Take {what} from now on? y yes, n no (Enter), {bulk}q quit: "
_COMPARED_LINES = 400  # above that, old and new are shown one after the other
_UNCHANGED_SHOWN = 3
_STYLES = {"-": "red", "+": "green", " ": "dim"}
Line = tuple[Literal["-", "+", " "], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChange:
    """One tool that is not as it was first seen. The descriptions are None where there is no such definition; `values`
    are places in the schemas with the old and the new JSON text, None where there is none."""

    tool: str
    kind: Literal["changed", "new", "gone"]
    seen_at: datetime
    old_description: str | None
    new_description: str | None
    values: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChanges:
    """A server and what became of its tools. `tools`: how many are pinned; None: it was never seen, or `own`: it is
    finchat's own server in this process, whose tools are this program's."""

    name: str
    own: bool
    tools: int | None
    changes: tuple[ToolChange, ...]


def changes_view(servers: Sequence[ServerChanges]) -> RenderableType:
    """Every difference of every server, whole."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    for server in servers:
        parts.append(Text(f"{one_line(server.name)}: {_standing(server)}", style="bold"))
        for change in server.changes:
            parts += [change_view(change), Text("")]
        if server.changes:
            parts.append(Text(f"next: finchat servers accept {server.name}, once you have read it"))
    return Group(*parts)


def _standing(server: ServerChanges) -> str:
    if server.own:
        return "finchat's own, part of this program; nothing to compare"
    if server.tools is None:
        return "not seen yet; its tools are taken as they are when it is first opened"
    held = sum(change.kind != "gone" for change in server.changes)
    gone = len(server.changes) - held
    words = [f"{server.tools} tool{'s' * (server.tools != 1)} known"]
    words += [f"{held} left out until you accept {'it' if held == 1 else 'them'}"] if held else []
    words += [f"{gone} not offered any more"] if gone else []
    return ", ".join(words if server.changes else [*words, "nothing changed"])


def change_view(change: ToolChange) -> RenderableType:
    """One tool: what happened, the description line by line, and every place in the schemas that differs."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    what = {"changed": "changed since it was first seen", "new": "new", "gone": "not offered any more"}[change.kind]
    head = Text.assemble((visible(change.tool), "bold"), f"  {what} (noticed {change.seen_at:%Y-%m-%d %H:%M} UTC)")
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column(overflow="fold")

    def add(lines: Sequence[Line]) -> None:
        for sign, text in lines:
            table.add_row(Text(sign, style=_STYLES[sign]), Text(text, style=_STYLES[sign]))

    if change.kind == "gone":
        return head
    if change.old_description != change.new_description:
        table.add_row("", Text("description"))
        add(list(_description(change.old_description, change.new_description)))
    for path, old, new in change.values:
        table.add_row("", Text(visible(path)))
        if old is not None:
            add([("-", visible(old))])
        if new is not None:
            add([("+", visible(new))])
    return Group(head, Padding(table, (0, 0, 0, 2)))


def _description(old: str | None, new: str | None) -> Iterator[Line]:
    before, after = (text.split("\n") if text is not None else [] for text in (old, new))
    if len(before) + len(after) > _COMPARED_LINES:
        yield from (("-", visible(line)) for line in before)
        yield from (("+", visible(line)) for line in after)
        return
    for kind, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            same = [visible(line) for line in before[start:end]]
            if len(same) > 2 * _UNCHANGED_SHOWN + 1:
                left_out = f"({len(same) - 2 * _UNCHANGED_SHOWN} lines as before)"
                same = [*same[:_UNCHANGED_SHOWN], left_out, *same[-_UNCHANGED_SHOWN:]]
            yield from ((" ", line) for line in same)
        else:
            yield from (("-", visible(line)) for line in before[start:end])
            yield from (("+", visible(line)) for line in after[new_start:new_end])


async def accepting(sink: Sink, server: str, changes: Sequence[ToolChange]) -> list[ToolChange]:
    """Show each difference and ask about it; those that a person accepted. Silence is no."""
    taken: list[ToolChange] = []
    waiting = list(changes)
    while waiting:
        change = waiting[0]
        number = f"{len(changes) - len(waiting) + 1} of {len(changes)}"
        if not await paged(sink, _lines(sink, f"{one_line(server)}, {number}:", [change]), "this difference"):
            break
        bulk = f"a all {len(waiting)}, " if len(waiting) > 1 else ""
        prompt = _PROMPT.format(what="that it is gone" if change.kind == "gone" else "this definition", bulk=bulk)
        key = await _key(sink, prompt, "ynqa" if bulk else "ynq")
        if key == "q":
            break
        if key == "a":
            if not await _all(sink, server, waiting):
                continue
            return [*taken, *waiting]
        if key == "y":
            taken.append(change)
        waiting.pop(0)
    return taken


async def _key(sink: Sink, prompt: str, keys: str) -> str:
    while True:
        typed = await ask(sink, prompt, decides=True)
        key = {None: "q", "": "n"}.get(typed, (typed or "")[:1].lower())
        words = ("y", "yes", "n", "no", "q", "quit", "a", "all")
        if key in keys and (not typed or typed.lower() in words):
            return key
        sink.card(f"answer {', '.join(keys)}; Enter alone is no")


async def _all(sink: Sink, server: str, changes: Sequence[ToolChange]) -> bool:
    """Whether all of these were shown and their count typed."""
    shown = await paged(sink, _lines(sink, f"{one_line(server)}, all that is left:", changes), "these differences")
    prompt = f"To take them all, type the count ({len(changes)}): "
    typed = await ask(sink, prompt, decides=True) if shown else None
    if typed == str(len(changes)):
        return True
    sink.card("that is not the count: nothing was taken")
    return False


def _lines(sink: Sink, title: str, changes: Sequence[ToolChange]) -> list[Text]:
    from rich.text import Text

    lines = [Text(""), Text(title, style="bold")]
    for change in changes:
        lines += drawn(sink.err, change_view(change))
    return lines
