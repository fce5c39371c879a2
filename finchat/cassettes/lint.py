"""Everything that is wrong with a cassette, not only the first thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from finchat.cassettes.reading import content_of, parse
from finchat.cassettes.rows import EXCHANGES, Cassette, CassetteError, Row, unknown_members


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1. `severity`: with an error the cassette cannot be replayed; a warning is only odd."""

    line: int
    severity: str
    text: str


def lint(path: Path) -> list[Problem]:
    """What is wrong with the file, by line. Raises UsageError when it cannot be read."""
    return lint_bytes(content_of(path), str(path))


def lint_bytes(data: bytes, where: str = "cassette") -> list[Problem]:
    """The same for the content of a file."""
    try:
        cassette = parse(data, where)
    except CassetteError as error:
        return [Problem(error.line, "error", error.why)]
    return sorted(lint_rows(cassette), key=lambda problem: (problem.line, problem.severity, problem.text))


def lint_rows(cassette: Cassette) -> Iterator[Problem]:
    """What is wrong with rows that are sound one by one."""
    for row in (cassette.header, *cassette.rows):
        for name in unknown_members(row):
            yield Problem(row.line, "warning", f"this finchat knows no {name!r} in a {row.kind} row")
    if cassette.output is None:
        line = len(cassette.rows) + 2
        yield Problem(line, "error", "there is no output row: nothing says what the run printed")
    yield from _order(cassette.rows)
    yield from _faults(cassette.rows)


def _order(rows: Sequence[Row]) -> Iterator[Problem]:
    at, exchanged = 0, 0
    for row in rows:
        if row.kind in EXCHANGES:
            exchanged = exchanged or row.line
            if row.at < at:
                yield Problem(row.line, "error", f"it happened at {row.at} ms, before the row above it ({at} ms)")
            at = max(at, row.at)
        elif row.kind in {"file", "table"} and exchanged:
            yield Problem(row.line, "warning", f"local state stands after the first exchange (line {exchanged})")


def _faults(rows: Sequence[Row]) -> Iterator[Problem]:
    kinds = {row.n: row.kind for row in rows}
    for row in rows:
        if row.kind == "fault" and kinds.get(row["on"]) not in {"mcp", "model"}:
            yield Problem(row.line, "error", f"the fault is on row {row['on']}, which is no exchange")
