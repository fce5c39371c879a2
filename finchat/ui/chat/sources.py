"""Where figures come from, for a reader: the tool that was asked, what it was asked, and the record that answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finchat.agent.evidence.places import Place
from finchat.agent.evidence.store import Stored, is_query
from finchat.agent.facts import Figure, Source
from finchat.text.redact import redact
from finchat.text.sanitise import one_line, scalars

if TYPE_CHECKING:
    from rich.console import RenderableType

_FIELDS = 12  # of a record that are shown; `/source eN ROW` shows all
_ROWS, _ROWS_BESIDE = 8, 4  # of the first list of a result, and of each other one
_WIDEST, _TITLE = 32, 16  # cells of a value and of a title in a table
_TELLING = (("number", "code"), ("contact", "name"), ("amountdue", "total", "balance"), ("currency",), ("date",))
_EMPTY = frozenset({"null", "[]", "{}", '""', ""})
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_LONGEST = 300  # of one value
_SHORT = 46  # of one in a list
UNTRACED = "the question itself, or the calendar"


@dataclass(frozen=True, slots=True)
class Traced:
    """A source of a figure with the result it names; None where the session does not hold it any more. `over`: of a
    query, the results that it read."""

    source: Source
    stored: Stored | None
    place: Place | None
    over: tuple[Stored, ...] = ()


def figures_view(figures: Sequence[Figure], tools: Mapping[str, str]) -> RenderableType:
    """Each figure of an answer by its number. `tools`: what the results it names came from, by evidence id."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("Figure", overflow="fold", max_width=26)
    table.add_column("From", overflow="fold")
    for number, figure in enumerate(figures, 1):
        told, style = (_first(figure, tools), "") if figure.verified else (f"not verified: {_why(figure)}", "yellow")
        table.add_row(Text(str(number)), Text(one_line(figure.text, 60)), Text(told, style=style))
    return Group(table, Text("/source N shows the records behind one of them", style="dim"))


def figure_view(number: int, figure: Figure, traced: Sequence[Traced]) -> RenderableType:
    """One figure: whether it is verified, and each of its sources with tool, arguments, record and path."""
    from rich.console import Group
    from rich.text import Text

    text = one_line(figure.text, 60)
    if not figure.verified:
        head = Text.assemble((f"{number}. {text}", "bold"), ("  not verified", "yellow"))
        return Group(head, Text(f"   {_why(figure)}"))
    value = one_line(figure.value, 60)
    value = "" if value in text.replace(",", "") else f" ({value})"
    parts: list[RenderableType] = [Text.assemble((f"{number}. {text}", "bold"), f"{value}  verified")]
    if not traced:
        parts.append(Text(f"   from {UNTRACED}"))
    # One computation over several results is said once.
    derivation = next((one.source.derivation for one in traced if one.source.derivation), "")
    if derivation:
        parts.append(Text(f"   computed: {one_line(derivation, _LONGEST)}"))
    parts += [part for one in traced for part in _traced(one)]
    return Group(*parts)


def result_view(
    stored: Stored, lists: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], width: int
) -> RenderableType:  # fmt: skip
    """A result: what was asked, when, what it says of itself, and the first records of its lists. `lists`: by name, the
    one whose records are counted first; `width`: columns there are."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [*_asked(stored, 0)]
    data = stored.data
    if stored.result.error is not None:
        parts.append(Text(f"it failed: {one_line(redact(stored.result.error.message), _LONGEST)}", style="yellow"))
    elif data is None:
        parts += _lines([("", stored.result.text)], set(), 1, 0)
    elif not is_query(stored.server, stored.tool, data):
        own = {name: value for name, value in data.items() if not isinstance(value, list | tuple)}
        parts += _lines(scalars(own) if own else [], set(), _FIELDS, 0)
    for number, (name, records) in enumerate(lists):
        most = _ROWS_BESIDE if number else _ROWS
        parts.append(Text(f"{one_line(name, 60)}, {len(records)}:", style="bold"))
        parts.append(_table(records[:most], width))
        if len(records) > most:
            parts.append(Text(f"  and {len(records) - most} more", style="dim"))
    if lists:
        parts.append(Text(f"/source {stored.id} ROW shows one of {one_line(lists[0][0], 60)} whole", style="dim"))
    return Group(*parts)


def _table(records: Sequence[Mapping[str, Any]], width: int) -> RenderableType:
    """Records with the fields of theirs that say most and fit; ids say nothing to people."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    flat = [{name: _cell(text) for name, text in scalars(record)} for record in records]
    names = list(dict.fromkeys(name for fields in flat for name in fields))
    telling = [n for n in names if not n.casefold().endswith("id") and any(one.get(n) for one in flat)]
    needs = {n: max(min(len(n), _TITLE), *(cell_len(one.get(n, "")) for one in flat)) for n in telling}
    chosen: list[str] = []
    free = width - 4
    for name in sorted(telling, key=_interest):  # of equals the first
        if needs[name] + 2 <= free:
            chosen.append(name)
            free -= needs[name] + 2
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", justify="right", no_wrap=True, min_width=2)
    for name in (n for n in names if n in chosen):
        right = all(not one.get(name) or _NUMBER.fullmatch(one[name]) for one in flat)
        table.add_column(Text(one_line(name, _TITLE)), no_wrap=True, justify="right" if right else "left")
    for number, one in enumerate(flat, 1):
        table.add_row(Text(f"{number}", style="dim"), *(Text(one.get(n, "")) for n in names if n in chosen))
    return table


def _cell(text: str) -> str:
    return "" if text in _EMPTY else one_line(redact(text), _WIDEST)


def _interest(name: str) -> int:
    """How early a field is wanted in a table: what a record is called, its amount, its day, then the rest."""
    last = name.rpartition(".")[2].casefold().replace("_", "")
    return next((rank for rank, words in enumerate(_TELLING) if any(word in last for word in words)), len(_TELLING))


def record_view(stored: Stored, number: int, record: Mapping[str, Any]) -> RenderableType:
    """One record of a result, whole."""
    from rich.console import Group
    from rich.text import Text

    fields = scalars(record)
    return Group(*_asked(stored, 0), Text(f"record {number}:", style="bold"), *_lines(fields, set(), len(fields), 0))


def _traced(one: Traced) -> Iterable[RenderableType]:
    if one.stored is None:
        yield _set_in(f"{one_line(one.source.evidence_id, 20)} is not held any more", 3, style="yellow")
        return
    yield from _asked(one.stored, 3)
    for other in one.over:
        yield _set_in(f"over {_called(other)}", 5, style="dim")
    place = one.place
    if place is None:
        yield _set_in(f"at {one_line(one.source.path, _LONGEST)}", 5)
        return
    where = f"record {place.path}:" if place.path else "the result itself:"
    yield _set_in(one_line(where, _LONGEST), 5)
    yield from _lines(scalars(place.record), {place.field}, _FIELDS, 5)


def _asked(stored: Stored, margin: int) -> Iterable[RenderableType]:
    """The call: what, when, with which arguments, and how much came of it."""
    from rich.padding import Padding
    from rich.text import Text

    rows = "" if stored.rows is None else f" · {stored.rows} row{'s' * (stored.rows != 1)}"
    at = one_line(stored.at[:19].replace("T", " "))
    yield Padding(Text.assemble((_called(stored), "bold"), f" · {at} UTC{rows}"), (0, 0, 0, margin))
    words = {name: value for name, value in stored.arguments.items() if isinstance(value, str)}  # SQL has its lines
    for name, value in scalars(stored.arguments) if stored.arguments else ():
        yield _set_in(f"asked: {name} = {one_line(redact(words.get(name, value)), _LONGEST * 2)}", margin + 2)


def _set_in(text: str, margin: int, *, style: str = "") -> RenderableType:
    """A text whose further lines stand below its first."""
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(text, style=style), (0, 0, 0, margin))


def _called(stored: Stored) -> str:
    return f"{stored.id}  {tool_of(stored)}"


def tool_of(stored: Stored) -> str:
    """The tool of a result, with its server where that is not finchat itself."""
    where = "" if stored.server in ("", "finchat") else f"{one_line(stored.server, 32)}: "
    return f"{where}{one_line(stored.tool, 60)}"


def _lines(
    fields: Sequence[tuple[str, str]], cited: set[str], most: int, margin: int
) -> Iterable[RenderableType]:  # fmt: skip
    """Fields, one a line, the cited ones marked; the cited ones are always among those shown."""
    shown = [pair for pair in fields if pair[0] in cited]
    shown += [pair for pair in fields if pair[0] not in cited][: max(most - len(shown), 0)]
    kept = [pair for pair in fields if pair in shown]
    for name, value in kept:
        label = f"{name} = " if name else ""
        text = f"{'>' if name in cited else ' '} {label}{one_line(redact(value), _LONGEST)}"
        yield _set_in(text, margin, style="bold" if name in cited else "")
    if len(fields) > len(kept):
        yield _set_in(f"  and {len(fields) - len(kept)} more fields", margin, style="dim")


def _first(figure: Figure, tools: Mapping[str, str]) -> str:
    if not figure.sources:
        return UNTRACED
    source = figure.sources[0]
    what = one_line(source.derivation or source.path, _SHORT)
    more = f" and {len(figure.sources) - 1} more" if len(figure.sources) > 1 else ""
    tool = tools.get(source.evidence_id, "not held any more")
    return f"{one_line(source.evidence_id, 12)} {tool}: {what}{more}"


def _why(figure: Figure) -> str:
    return one_line(figure.why or "no record carries it", 200)
