"""From a run's cassette to one of the repository: titled, called scripted, its machine's ports and pauses made plain,
and small. It is replayed each time; what it prints is what the run printed."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from finchat.app.cassettes.recording import keep, numbered
from finchat.app.cassettes.replaying import play, problem_of
from finchat.cassettes import player
from finchat.cassettes.content import content
from finchat.cassettes.hashes import replaced
from finchat.cassettes.reading import read
from finchat.cassettes.rows import OF_THE_FILE, Cassette, Row
from finchat.cassettes.writing import write
from finchat.cli import _once
from finchat.cli import run as finchat

_A_WAIT = 1500  # milliseconds; what took less is no wait of the run but of this machine
_GAP, _TOOK = 40, 40
_STUCK_S = 2.5
_TIMES = re.compile(r'\d+\.\d s\b|\d+ ms\b|\d\d:\d\d:\d\d|\.\d{6}Z|\b[0-9a-f]{64}\b|(?<=_s": ")[\d.]+')
# Of day, how long it took, and the hash of a plan, which says when it was made.


def finished(file: Path, *, title: str, ports: Mapping[str, str], waits: bool = False) -> Cassette:
    """Make a run's cassette one of the repository, in its place. `ports`: host and port → what to call it.
    `waits`: it is about waiting, and its instants stay as they are.

    Raises VerificationMismatch where it does not replay, AssertionError where it prints something else then.
    """
    recorded = read(file)
    assert recorded.output is not None
    header = {name: value for name, value in recorded.header.items() if name not in OF_THE_FILE}
    header["title"] = title
    if header.get("model"):
        header["model"] = {**header["model"], "scripted": True}
    if not any(row.kind == "model" for row in recorded.rows):
        header["prompts"] = {}  # nobody read them
    rows = [dict(row) for row in recorded.rows] if waits else paced([dict(row) for row in recorded.rows])
    header, *rows = replaced([header, *rows], ports)
    played = keep(file, header, [Row(row) for row in rows], _once, expected=recorded.output["exit_code"])
    (before,) = replaced([dict(recorded.output)], ports)
    now = played.output
    different = [
        (a, b)
        for stream in ("stdout", "stderr")
        for a, b in zip([*before[stream], ""], [*now[stream], ""], strict=False)
        if _TIMES.sub("", a) != _TIMES.sub("", b)
    ]
    assert not different, f"{file.name}: the run printed, the replay prints: {different[0]}"
    with _impatient():
        smaller = without_words_of_tools(without_unused_tools(read(file)))
        write(file, smaller.header, smaller.rows, smaller.output)
        return trimmed(file)


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Many a cut is tried that leads nowhere: not long is waited for a step that does not come."""
    before, player._STUCK_S = player._STUCK_S, _STUCK_S
    try:
        yield
    finally:
        player._STUCK_S = before


def trimmed(file: Path) -> Cassette:
    """Without anything else that the replay does not need, as `finchat cassette trim` finds it."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = finchat(["cassette", "trim", str(file), "-o", str(file)])
    assert code == 0, said.getvalue()
    return read(file)


def without_words_of_tools(cassette: Cassette) -> Cassette:
    """Without the descriptions inside the schemas of tools that no model was shown, and what they say of answers."""
    said = " ".join(content(r["body"]) for r in cassette.rows if r.kind == "model")
    rows = [
        Row({**row, "result": {**row["result"], "tools": [_plain_tool(t, said) for t in row["result"]["tools"]]}})
        if row.kind == "mcp" and row["method"] == "tools/list" and "result" in row
        else row
        for row in cassette.rows
    ]
    return _if_the_same(cassette, rows) or cassette


def _plain_tool(tool: Mapping[str, Any], said: str) -> dict[str, Any]:
    if tool["name"] in said:
        return dict(tool)
    return {**tool, "inputSchema": _plain_schema(tool["inputSchema"]), "outputSchema": None}


def _plain_schema(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain_schema(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {key: _plain_schema(each) for key, each in schema.items() if key not in {"description", "examples"}}
    if isinstance(schema.get("properties"), Mapping):  # whose keys are names
        found["properties"] = {name: _plain_schema(each) for name, each in schema["properties"].items()}
    return found


def _if_the_same(cassette: Cassette, rows: Sequence[Row]) -> Cassette | None:
    """The cassette with these rows, if its replay is the same."""
    smaller = replace(numbered(cassette.header, rows), output=cassette.output)
    return smaller if problem_of(smaller, play(smaller, _once)) is None else None


def without_unused_tools(cassette: Cassette) -> Cassette:
    """Without the tools of the servers that its replay does not need: each cut is tried."""
    known = cassette
    for row in [r for r in cassette.rows if r.kind == "mcp" and r["method"] == "tools/list" and "result" in r]:
        called = {
            r["params"]["name"] for r in cassette.rows
            if r.kind == "mcp" and r["method"] == "tools/call" and r["server"] == row["server"]
        }  # fmt: skip
        said = " ".join(content(r["body"]) for r in cassette.rows if r.kind == "model")
        names = [t["name"] for t in row["result"]["tools"] if t["name"] not in called and t["name"] not in said]
        # What can be drafted is needed, reads of it are, and one need not look.
        wanted = [name for name in names if name.startswith("create_a_xero_") or name in said]
        known = _cut(known, row.n, [name for name in names if name not in wanted])
        known = _cut(known, row.n, wanted)
    return known


def _cut(cassette: Cassette, number: int, names: Sequence[str]) -> Cassette:
    """Without as many of these tools as can be left out."""
    if not names:
        return cassette
    rows = list(cassette.rows)
    place = next(place for place, row in enumerate(rows) if row.n == number)
    kept = [tool for tool in rows[place]["result"]["tools"] if tool["name"] not in names]
    rows[place] = Row({**rows[place], "result": {**rows[place]["result"], "tools": kept}})
    if (smaller := _if_the_same(cassette, rows)) is not None:
        return smaller
    half = len(names) // 2
    return _cut(_cut(cassette, number, names[:half]), number, names[half:]) if half else cassette


def paced(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with instants that do not tell how busy a machine was: waits of the run are kept to the second."""
    now = last = 0
    found = []
    for row in rows:
        if "at" in row:
            gap, last = row["at"] - last, row["at"]
            now += _GAP if gap < _A_WAIT or not now else round(gap, -3)
            took = {"took": _TOOK if row["took"] < _A_WAIT else round(row["took"], -3)} if "took" in row else {}
            row = {**row, "at": now, **took}  # noqa: PLW2901
        found.append(row)
    return found


def plain(lines: Sequence[str]) -> list[str]:
    """Lines of a screen as words: blank ones and what only spaces them left out."""
    return [words for each in lines if (words := re.sub(r"\s+", " ", _TIMES.sub("", each)).strip())]
