"""Cassettes as a person reads them: what is wrong with one, what happened in it, how two differ, what the world says
now. What stands in a file may come from a stranger: every line of it is cleaned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from finchat.text.sanitise import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

_LONGEST = 160  # characters of a text that is shown in a line
_MOST_FIELDS = 6  # of a record that changed, shown
_MOST_RECORDS = 12  # of a read, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that is wrong with a cassette, or only odd. `line` counts from 1. `check`: of the file itself, of the
    scan for secrets, or of the replay."""

    line: int
    severity: Literal["error", "warning"]
    check: Literal["file", "secret", "replay"]
    text: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def lint_view(found: Mapping[str, Sequence[Found]]) -> str:
    """FILE:LINE and what is wrong there, a line each; then what is sound."""
    lines = [
        f"{one_line(file)}:{one.line}: {one.severity}: {one_line(one.text, 2000)}"
        for file, each in found.items()
        for one in each
    ]
    sound = [one_line(file) for file, each in found.items() if not any(one.severity == "error" for one in each)]
    return "\n".join([*lines, *(f"{file}: sound, without secrets, and its replay is the same" for file in sound)])


StepKind = Literal["question", "opened", "local", "model", "read", "write", "call", "person", "fault", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that happened in a recorded run. `n`: the row, None for what no row tells; `at_ms` since it began."""

    n: int | None
    at_ms: int | None
    kind: StepKind
    text: str
    detail: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a cassette is of. `facts`: a name and what it is, in the order they are shown."""

    title: str
    command: str
    facts: Sequence[tuple[str, str]]
    steps: Sequence[Step]


def story_view(of: Overview) -> RenderableType:
    """The facts, then the run as it went."""
    from rich.console import Group
    from rich.text import Text

    head: list[RenderableType] = [Text(one_line(of.title or of.command, _LONGEST), style="bold")]
    width = max((len(name) for name, _ in of.facts), default=0)
    head += [Text.assemble((f"{name.ljust(width)}  ", "dim"), one_line(value, 400)) for name, value in of.facts]
    return Group(*head, Text(), *(_step(step) for step in of.steps))


_MARKS: Mapping[str, str] = {
    "question": ">", "opened": "·", "local": "·", "model": "<", "read": "·", "write": "!", "call": "·", "person": ">",
    "fault": "x", "end": "=",
}  # fmt: skip
_STYLES: Mapping[str, str] = {
    "question": "bold", "write": "bold", "person": "bold", "fault": "yellow", "opened": "dim", "local": "dim",
}  # fmt: skip


def _step(step: Step) -> RenderableType:
    from rich.text import Text

    when = "" if step.at_ms is None else f"{step.at_ms / 1000:.1f} s"
    row = "" if step.n is None else str(step.n)
    text = Text.assemble((f"{row:>5}  {when:>8}  ", "dim"), f"{_MARKS[step.kind]} ")
    text.append(one_line(step.text, _LONGEST), style=_STYLES.get(step.kind, ""))
    if step.detail:
        text.append(f"  {one_line(step.detail, _LONGEST)}", style="dim")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLine:
    """A row of a cassette in one line. `bytes`: of its line in the file."""

    n: int
    kind: str
    at_ms: int | None
    bytes: int
    text: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def rows_view(rows: Sequence[RowLine]) -> RenderableType:
    """A line a row."""
    from rich.console import Group
    from rich.text import Text

    parts = [Text(f"{'row':>5}  {'kind':<6} {'ms':>8} {'bytes':>9}  what", style="dim")]
    for row in rows:
        at = "" if row.at_ms is None else f"{row.at_ms:,}"
        parts.append(
            Text(
                f"{row.n:>5}  {one_line(row.kind):<6} {at:>8} {row.bytes:>9,}  {one_line(row.text, _LONGEST)}",
                no_wrap=True,
                overflow="ellipsis",
            )
        )
    return Group(*parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A place, as a JSON pointer, and its values as JSON text; None where there is no such place."""

    place: str
    before: str | None
    after: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDifference:
    """What is different of one thing that was asked. `a` and `b`: its rows in the two cassettes; None: only in the
    other one. `count`: differences in all, of which `differences` are the first."""

    what: str
    a: int | None
    b: int | None
    count: int
    differences: Sequence[Difference]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "differences": [one.as_json() for one in self.differences]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How two cassettes differ. `prompts` and `catalogues`: the names of those that are not the same."""

    a: str
    b: str
    header: Sequence[Difference]
    prompts: Sequence[str]
    catalogues: Sequence[str]
    rows: Sequence[RowDifference]
    same_rows: int

    @property
    def same(self) -> bool:
        return not (self.header or self.prompts or self.catalogues or self.rows)


def diff_view(of: Compared) -> RenderableType:
    """All differences, header first."""
    from rich.console import Group
    from rich.text import Text

    if of.same:
        return Text(f"the same: {of.same_rows} rows, but for time and chance")
    parts: list[RenderableType] = []
    if of.header:
        parts += [Text("header", style="bold"), *_differences(of.header)]
    for name, changed in (("prompts", of.prompts), ("tool catalogues", of.catalogues)):
        if changed:
            parts.append(Text.assemble((f"{name} that are not the same: ", "bold"), one_line(", ".join(changed), 2000)))
    for row in of.rows:
        parts.append(Text(_which(row), style="bold"))
        parts += _differences(row.differences)
        if row.count > len(row.differences):
            parts.append(Text(f"  and {row.count - len(row.differences)} more", style="dim"))
    parts.append(Text(f"{of.same_rows} rows are the same", style="dim"))
    return Group(*parts)


def _which(row: RowDifference) -> str:
    what = one_line(row.what, _LONGEST)
    if row.b is None:
        return f"only in the first, row {row.a}: {what}"
    if row.a is None:
        return f"only in the second, row {row.b}: {what}"
    return f"row {row.a}: {what}" if row.a == row.b else f"row {row.a}, row {row.b} of the second: {what}"


def _differences(found: Sequence[Difference]) -> Iterator[RenderableType]:
    from rich.text import Text

    for one in found:
        yield Text(f"  {one_line(one.place, _LONGEST) or '(the whole)'}")
        if one.before is not None:
            yield Text(f"    - {one_line(one.before, _LONGEST)}", style="red")
        if one.after is not None:
            yield Text(f"    + {one_line(one.after, _LONGEST)}", style="green")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """A record of an answer that the ledger holds otherwise now. `id`: what the records are told apart by."""

    id: str
    name: str
    change: Literal["added", "gone", "changed"]
    fields: Sequence[Difference] = ()

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "fields": [one.as_json() for one in self.fields]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """A recorded read that was asked again. `row`: the last one that asked it. `status` not_asked and failed say `why`.
    `own_write_after`: the recorded run itself wrote later. `values`: what differs and is in no record."""

    row: int
    server: str
    tool: str
    arguments: str
    status: Literal["same", "changed", "failed", "not_asked"]
    why: str | None = None
    own_write_after: bool = False
    changes: Sequence[RecordChange] = ()
    values: Sequence[Difference] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self), "changes": [one.as_json() for one in self.changes],
            "values": [one.as_json() for one in self.values],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What became of everything that a recording read."""

    organisation: str
    recorded: str
    reads: Sequence[ReadAgain]
    writes: int  # recorded, never asked again
    exit_code: int

    def as_json(self) -> dict[str, Any]:
        counts = {name: self.count(name) for name in ("same", "changed", "failed", "not_asked")}
        return {
            "organisation": self.organisation, "recorded": self.recorded, "counts": counts, "writes": self.writes,
            "reads": [one.as_json() for one in self.reads],
        }  # fmt: skip

    def count(self, status: str) -> int:
        return sum(one.status == status for one in self.reads)


def verified_view(file: str, rows: int) -> str:
    return f"{one_line(file)}: {rows} rows as they were sealed; the replay is the same, byte for byte"


def live_view(of: World) -> RenderableType:
    """What changed in the world since a recording, per tool."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(f"{one_line(of.organisation, 80)} now, and as recorded {of.recorded}")]
    for read in of.reads:
        if read.status == "same":
            continue
        parts.append(Text(f"{one_line(read.server, 32)}: {one_line(read.tool, 64)}{_added(read)}", style="bold"))
        if read.arguments not in ("", "{}"):
            parts.append(Text(f"  {one_line(read.arguments, _LONGEST)}", style="dim"))
        if read.why:
            parts.append(Text(f"  {one_line(read.why, 300)}"))
        for change in read.changes[:_MOST_RECORDS]:
            name = f" ({one_line(change.name, 60)})" if change.name else ""
            parts.append(Text(f"  {change.change} {one_line(change.id, 64)}{name}"))
            parts += _fields(change.fields)
        if len(read.changes) > _MOST_RECORDS:
            parts.append(Text(f"  and {len(read.changes) - _MOST_RECORDS} more", style="dim"))
        parts += _fields(read.values)
        if read.own_write_after and read.status == "changed":
            parts.append(Text("  the recorded run itself wrote after this read", style="dim"))
    words = [f"{of.count('same')} reads say the same", f"{of.count('changed')} say something else"]
    words += [f"{of.count('failed')} failed"] if of.count("failed") else []
    words += [f"{of.count('not_asked')} were not asked"] if of.count("not_asked") else []
    words += [f"{of.writes} writes of the recording are never asked again"] if of.writes else []
    parts.append(Text("; ".join(words)))
    return Group(*parts)


def _added(read: ReadAgain) -> str:
    if read.status == "failed":
        return ": could not be read"
    if read.status == "not_asked":
        return ": not asked"
    counts = {kind: sum(one.change == kind for one in read.changes) for kind in ("added", "gone", "changed")}
    words = [f"{count} {kind}" for kind, count in counts.items() if count]
    if read.values:
        words.append(f"{len(read.values)} value{'s' * (len(read.values) != 1)} changed")
    return f": {', '.join(words)}"


def _fields(found: Sequence[Difference]) -> Iterator[RenderableType]:
    from rich.text import Text

    for one in found[:_MOST_FIELDS]:
        before = "nothing" if one.before is None else one_line(one.before, 80)
        after = "nothing" if one.after is None else one_line(one.after, 80)
        yield Text(f"    {one_line(one.place, 100)}: {before}, now {after}")
    if len(found) > _MOST_FIELDS:
        yield Text(f"    and {len(found) - _MOST_FIELDS} more fields", style="dim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A cassette that was made of another one. Sizes in bytes; `done`: what was changed, a sentence each."""

    what: Literal["trim", "fault", "anonymise"]
    file: str
    out: str
    bytes_before: int
    bytes_after: int
    rows_before: int
    rows_after: int
    recorded_exit_code: int
    done: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        return {"schema": "finchat.cassette_made/1", **asdict(self), "done": list(self.done), "exit_code": 0}


def made_view(of: Made) -> str:
    """What was made, line by line."""
    sizes = f"{of.bytes_before:,} bytes before, {of.bytes_after:,} after; {of.rows_before} rows before, {of.rows_after}"
    return "\n".join([*(one_line(line, 400) for line in of.done), f"{one_line(of.out)}: {sizes} after"])
