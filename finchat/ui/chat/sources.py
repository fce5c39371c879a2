"""Where figures come from, for a reader: the tool that was asked, what it was asked, and the record that answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finchat.agent.evidence.places import Place
from finchat.agent.evidence.store import Stored
from finchat.agent.facts import Figure, Source
from finchat.text.redact import redact
from finchat.text.sanitise import one_line, scalars

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_FIELDS = 12  # of a record that are shown; `/source eN ROW` shows all
_ROWS = 8  # of a result
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
    value = "" if one_line(figure.value, 60) in ("", text) else f" ({one_line(figure.value, 60)})"
    parts: list[RenderableType] = [Text.assemble((f"{number}. {text}", "bold"), f"{value}  verified")]
    if not traced:
        parts.append(Text(f"   from {UNTRACED}"))
    # One computation over several results is said once.
    derivation = next((one.source.derivation for one in traced if one.source.derivation), "")
    if derivation:
        parts.append(Text(f"   computed: {one_line(derivation, _LONGEST)}"))
    parts += [part for one in traced for part in _traced(one)]
    return Group(*parts)


def result_view(stored: Stored, records: Sequence[Mapping[str, Any]]) -> RenderableType:
    """A result: what was asked, when, and the first of its records."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [*_asked(stored, "")]
    if stored.result.error is not None:
        parts.append(Text(f"it failed: {one_line(redact(stored.result.error.message), _LONGEST)}", style="yellow"))
    elif not records:
        data = stored.data
        parts += _lines(scalars(data) if data else [("", stored.result.text)], set(), _FIELDS * 2, "")
    for number, record in enumerate(records[:_ROWS], 1):
        fields = [text for _, text in scalars(record) if text not in ("null", "[]", "{}", '""')]
        line = Text(f"{number:>4}  {one_line(redact(' · '.join(fields)))}", no_wrap=True, overflow="ellipsis")
        parts.append(line)
    if len(records) > _ROWS:
        parts.append(Text(f"      and {len(records) - _ROWS} more", style="dim"))
    if records:
        parts.append(Text(f"/source {stored.id} ROW shows one of them whole", style="dim"))
    return Group(*parts)


def record_view(stored: Stored, number: int, record: Mapping[str, Any]) -> RenderableType:
    """One record of a result, whole."""
    from rich.console import Group
    from rich.text import Text

    fields = scalars(record)
    return Group(
        *_asked(stored, ""), Text(f"record {number}:", style="bold"), *_lines(fields, set(), len(fields), "  ")
    )


def _traced(one: Traced) -> Iterable[Text]:
    from rich.text import Text

    if one.stored is None:
        yield Text(f"   {one_line(one.source.evidence_id, 20)} is not held any more", style="yellow")
        return
    yield from _asked(one.stored, "   ")
    for other in one.over:
        yield Text(f"     over {_called(other)}", style="dim")
    place = one.place
    if place is None:
        yield Text(f"     at {one_line(one.source.path, _LONGEST)}")
        return
    where = f"record {place.path}" if place.path else "the result itself"
    yield Text(f"     {one_line(where, _LONGEST)}:")
    yield from _lines(scalars(place.record), {place.field}, _FIELDS, "     ")


def _asked(stored: Stored, margin: str) -> Iterable[Text]:
    """The call: what, when, with which arguments, and how much came of it."""
    from rich.text import Text

    rows = "" if stored.rows is None else f" · {stored.rows} row{'s' * (stored.rows != 1)}"
    at = one_line(stored.at[:19].replace("T", " "))
    yield Text.assemble(margin, (_called(stored), "bold"), f" · {at} UTC{rows}")
    words = {name: value for name, value in stored.arguments.items() if isinstance(value, str)}  # SQL has its lines
    for name, value in scalars(stored.arguments) if stored.arguments else ():
        yield Text(f"{margin}  asked: {name} = {one_line(redact(words.get(name, value)), _LONGEST * 2)}")


def _called(stored: Stored) -> str:
    return f"{stored.id}  {tool_of(stored)}"


def tool_of(stored: Stored) -> str:
    """The tool of a result, with its server where that is not finchat itself."""
    where = "" if stored.server in ("", "finchat") else f"{one_line(stored.server, 32)}: "
    return f"{where}{one_line(stored.tool, 60)}"


def _lines(fields: Sequence[tuple[str, str]], cited: set[str], most: int, margin: str) -> Iterable[Text]:
    """Fields, one a line, the cited ones marked; the cited ones are always among those shown."""
    from rich.text import Text

    shown = [pair for pair in fields if pair[0] in cited]
    shown += [pair for pair in fields if pair[0] not in cited][: max(most - len(shown), 0)]
    kept = [pair for pair in fields if pair in shown]
    for name, value in kept:
        mark = ">" if name in cited else " "
        label = f"{name} = " if name else ""
        text = f"{margin}{mark} {label}{one_line(redact(value), _LONGEST)}"
        yield Text(text, style="bold" if name in cited else "")
    if len(fields) > len(kept):
        yield Text(f"{margin}  and {len(fields) - len(kept)} more fields", style="dim")


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
