"""`finchat cassette trim`: the same recording without what its replay does not need.

Nothing is known of what a run needs: each cut is tried, and kept only when the replay still prints the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from finchat.app.cassettes.effects import effects_of
from finchat.app.cassettes.making import made, target
from finchat.app.cassettes.recording import numbered
from finchat.app.cassettes.replaying import Run, problem_of
from finchat.app.cassettes.sameness import check_same, played
from finchat.app.invocation import Invocation
from finchat.canonical import canonical_json
from finchat.cassettes.content import content
from finchat.cassettes.matching import may_be_left
from finchat.cassettes.reading import read
from finchat.cassettes.rows import Cassette, Row
from finchat.cassettes.writing import write
from finchat.errors import VerificationMismatch

_WORTH_A_TRY = 2_000  # characters of a table whose rows are looked at
_PIECES = (2, 4, 8)  # into how many the rows of a table are cut


def trim(call: Invocation, file: Path, run: Run, *, out: Path | None) -> int:
    """Leave out what the replay does not need, seal the rest, and say how much smaller it is.

    Raises VerificationMismatch for a cassette whose replay is not the recording: no cut could be judged.
    """
    place = target(out, file, "trim")
    cassette, size = read(file), file.stat().st_size
    trimming = _Trimming(cassette, run)
    check_same(cassette, run, "trimmed")
    done = trimming.all()
    whole = numbered(cassette.header, trimming.rows)
    final = replace(whole, output=cassette.output)
    if (problem := problem_of(final, played(final, run))) is not None:
        raise problem
    write(place, whole.header, whole.rows, cassette.output)
    told = done or ["nothing could be left out"]
    return made(call, "trim", file, place, before=(size, len(cassette.rows)), done=told)


class _Trimming:
    """A cassette that gets smaller. `rows`: what is left."""

    def __init__(self, cassette: Cassette, run: Run) -> None:
        self._cassette = cassette
        self._run = run
        self._effects = effects_of(cassette.header)
        self.rows: list[Row] = list(cassette.rows)

    def problem(self, rows: Sequence[Row]) -> VerificationMismatch | None:
        """Why the replay with these rows is not the recording."""
        cassette = replace(self._cassette, rows=tuple(rows))
        return problem_of(cassette, played(cassette, self._run))

    def all(self) -> list[str]:
        """Try every cut; what was left out, a sentence each."""
        return [*self._handshakes(), *self._tools(), *self._local_state(), *self._lines(), *self._table_rows()]

    def _try(self, rows: list[Row]) -> bool:
        if len(rows) == len(self.rows) and all(a is b for a, b in zip(rows, self.rows, strict=True)):
            return False
        if self.problem(rows) is not None:
            return False
        self.rows = rows
        return True

    def _without(self, *, path: str | None = None, number: int | None = None) -> list[Row]:
        return [
            row for row in self.rows
            if row.n != number and (path is None or row.get("path") != path or row.kind not in ("file", "table"))
        ]  # fmt: skip

    def _instead(self, old: Row, new: Mapping[str, Any]) -> list[Row]:
        return [Row(new) if row is old else row for row in self.rows]

    def _handshakes(self) -> Iterator[str]:
        """Openings and lists of tools that only say again what was said."""
        seen: set[str] = set()
        again: set[int] = set()
        for row in self.rows:
            if may_be_left(row):
                key = content([row["server"], row["method"], row.get("result")])
                if key in seen and "result" in row:
                    again.add(row.n)
                seen.add(key)
        if again and self._try([row for row in self.rows if row.n not in again]):
            yield f"{len(again)} openings and lists of tools that were as before"

    def _tools(self) -> Iterator[str]:
        """Tools that are never called, and whose names no request to the model holds."""
        for row in [r for r in self.rows if r.kind == "mcp" and r["method"] == "tools/list" and "result" in r]:
            tools = list(row["result"]["tools"])
            called = {
                r["params"]["name"] for r in self.rows
                if r.kind == "mcp" and r["method"] == "tools/call" and r["server"] == row["server"]
            }  # fmt: skip
            said = " ".join(content(r["body"]) for r in self.rows if r.kind == "model")
            unused = [t["name"] for t in tools if t["name"] not in called and t["name"] not in said]
            reads = [name for name in unused if self._effects(row["server"], name) == "read"]
            gone: set[str] = set()
            for out in (unused, reads, *_pieces([name for name in unused if name not in reads], 4)):
                kept = [tool for tool in tools if tool["name"] not in gone | set(out)]
                current = next(r for r in self.rows if r.n == row.n)
                if set(out) - gone and self._try(self._instead(current, _with_tools(row, kept))):
                    gone |= set(out)
            if gone:
                yield f"{len(gone)} of {len(tools)} tools of {row['server']}, which are never called or offered"

    def _local_state(self) -> Iterator[str]:
        """Files, databases and tables that the run reads and does not need."""
        for path in dict.fromkeys(row["path"] for row in self.rows if row.kind in ("file", "table")):
            if self._try(self._without(path=path)):
                yield f"{path}"
        for row in [row for row in self.rows if row.kind == "table"]:
            if self._try(self._without(number=row.n)):
                yield f"table {row['name']} of {row['path']}"

    def _lines(self) -> Iterator[str]:
        """Lines of a bank feed before and after the days that the run is about."""
        for path in [row["path"] for row in self.rows if row.kind == "file" and "text" in row]:
            feed = _Feed.of(self._text(path))
            if feed is None:
                continue
            days = feed.days
            self._latest(path, days, lambda day: lambda line: bool(line["date"] >= day))
            self._latest(path, days[::-1], lambda day: lambda line: bool(line["date"] <= day))
            left = _Feed.of(self._text(path))
            if left is not None and len(left.lines) < len(feed.lines):
                yield f"{len(feed.lines) - len(left.lines)} of {len(feed.lines)} bank lines of {path}"

    def _text(self, path: str) -> str:
        return str(self._file(path)["text"])

    def _file(self, path: str) -> Row:
        return next(row for row in self.rows if row.kind == "file" and row["path"] == path)

    def _latest(self, path: str, days: Sequence[str], keeps: Callable[[str], Callable[[Any], bool]]) -> None:
        """Keep of a feed only the lines from the last of `days` on with which the run is the same: found by halves."""
        low, high = 0, len(days) - 1  # all lines are there from days[low] on
        while low < high:
            middle, row = (low + high + 1) // 2, self._file(path)
            feed = _Feed.of(row["text"])
            lines = [] if feed is None else [line for line in feed.lines if keeps(days[middle])(line)]
            if feed is not None and lines and self._try(self._instead(row, {**row, "text": feed.with_lines(lines)})):
                low = middle
            else:
                high = middle - 1

    def _table_rows(self) -> Iterator[str]:
        """Rows of a large table, by pieces."""
        for row in [row for row in self.rows if row.kind == "table" and len(content(row["rows"])) > _WORTH_A_TRY]:
            current, before = row, len(row["rows"])
            for pieces in _PIECES:
                size = -(-len(current["rows"]) // pieces)
                for at in range(len(current["rows"]) - size, -1, -size):
                    left = [*current["rows"][:at], *current["rows"][at + size :]]
                    rows = self._instead(current, {**current, "rows": left})
                    if self._try(rows):
                        current = next(r for r in self.rows if r.n == row.n)
            if len(current["rows"]) < before:
                yield f"{before - len(current['rows'])} of {before} rows of {row['name']} in {row['path']}"


def _with_tools(row: Row, tools: Sequence[Any]) -> dict[str, Any]:
    return {**row, "result": {**row["result"], "tools": list(tools)}}


def _pieces(names: Sequence[str], count: int) -> Iterator[Sequence[str]]:
    size = max(1, -(-len(names) // count))
    return (names[at : at + size] for at in range(0, len(names), size))


class _Feed:
    """The bank feed that a file is: an object with lines, or a list of them."""

    def __init__(self, whole: Any, lines: list[Any]) -> None:
        self._whole = whole
        self.lines = lines

    @classmethod
    def of(cls, text: str) -> _Feed | None:
        try:
            whole = json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError):
            return None
        lines = whole.get("lines") if isinstance(whole, dict) else whole
        if not isinstance(lines, list) or len(lines) < 2:
            return None
        dated = all(isinstance(line, dict) and isinstance(line.get("date"), str) for line in lines)
        return cls(whole, lines) if dated else None

    @property
    def days(self) -> list[str]:
        return sorted({line["date"] for line in self.lines})

    def with_lines(self, lines: list[Any]) -> str:
        """The file with these lines instead."""
        return canonical_json({**self._whole, "lines": lines} if isinstance(self._whole, dict) else lines)
