"""Everything that is wrong with a cassette, not only the first thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from finchat.cassettes.chain import breaks
from finchat.cassettes.content import is_canonical
from finchat.cassettes.reading import (
    NOT_CANONICAL,
    assembled,
    check_version,
    content_of,
    lines_of,
    read_line,
    whole_row,
)
from finchat.cassettes.rows import EXCHANGES, Cassette, CassetteError, Row, unknown_members
from finchat.cassettes.same import Expanding


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """`line` counts from 1. With an error the cassette does not replay; a warning is only odd."""

    line: int
    severity: Literal["error", "warning"]
    text: str


def lint(path: Path) -> list[Problem]:
    """What is wrong with a file, by line. Raises UsageError when it cannot be read."""
    return lint_content(content_of(path))


def lint_content(data: bytes) -> list[Problem]:
    """The same for the content of a file."""
    noted = _Noted()
    cassette = _read(data, noted)
    if cassette is not None:
        noted.problems += _of_whole(cassette)
    return sorted(set(noted.problems))


class _Noted:
    """Problems, and reading that goes on after one."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def trying(self, read: Callable[..., Any], *given: Any) -> Any:
        """What `read` gives, None when it finds something wrong."""
        try:
            return read(*given, "")
        except CassetteError as error:
            self.problems.append(Problem(error.line, "error", error.why))
            return None


def _read(data: bytes, noted: _Noted) -> Cassette | None:
    """The cassette as far as there is one."""
    lines = noted.trying(lines_of, data) or []
    raw = [noted.trying(read_line, line, number) for number, line in enumerate(lines, 1)]
    if noted.problems:
        return None
    noted.trying(check_version, raw[0])
    if noted.problems:
        return None
    for number, (line, row) in enumerate(zip(lines, raw, strict=True), 1):
        if not is_canonical(line.decode("utf-8"), row):
            noted.problems.append(Problem(number, "error", NOT_CANONICAL))
    noted.problems += [Problem(broken.line, "error", broken.why) for broken in breaks(lines, raw)]
    expanding = Expanding()
    rows = [
        noted.trying(whole_row, expanding, n, row, line) for n, (line, row) in enumerate(zip(lines, raw, strict=True))
    ]
    return None if noted.problems else noted.trying(assembled, rows)


def _of_whole(cassette: Cassette) -> Iterator[Problem]:
    """What is wrong with rows that are sound one by one."""
    for row in (cassette.header, *cassette.rows):
        for name in unknown_members(row):
            yield Problem(row.line, "warning", f"this finchat knows no {name!r} in a {row.kind} row")
    if cassette.output is None:
        end = len(cassette.rows) + 2
        yield Problem(end, "error", "there is no output row before the seal: nothing says what the run printed")
    yield from _order(cassette.rows)
    yield from _faults(cassette.rows)


def _order(rows: Sequence[Row]) -> Iterator[Problem]:
    at = first = 0
    for row in rows:
        if row.kind in EXCHANGES:
            first = first or row.line
            if row.at < at:
                yield Problem(row.line, "error", f"it happened at {row.at} ms, before what stands above it ({at} ms)")
            at = max(at, row.at)
        elif row.kind in {"file", "table"} and first:
            yield Problem(row.line, "warning", f"local state stands after the first exchange, line {first}")


def _faults(rows: Sequence[Row]) -> Iterator[Problem]:
    kinds = {row.n: row.kind for row in rows}
    for row in rows:
        if row.kind == "fault" and kinds.get(row["on"]) not in {"mcp", "model"}:
            yield Problem(row.line, "error", f"it is on row {row['on']}, which is no exchange with a server or a model")
