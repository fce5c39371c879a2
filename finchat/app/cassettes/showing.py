"""`finchat cassette show`: what a cassette is of, and the run in it as a readable story."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from finchat.app.cassettes.effects import effects_of
from finchat.app.cassettes.story import story, words_of
from finchat.app.invocation import Invocation
from finchat.cassettes.reading import content_of, parse
from finchat.cassettes.rows import Cassette, Row
from finchat.errors import ExitCode
from finchat.ui.cassettes import Overview, RowLine, rows_view, story_view


def show(call: Invocation, file: Path, *, rows: bool) -> int:
    """Print the facts of a cassette and its story; with `rows` a line for each row instead of the story.

    Raises CassetteError for a file that is none or was changed, UsageError for one that cannot be read.
    """
    data = content_of(file)
    cassette = parse(data, str(file))
    of = Overview(
        title=cassette.header.get("title", ""), command=shlex.join(["finchat", *cassette.header["command"]]),
        facts=list(_facts(cassette)), steps=[] if rows else story(cassette, effects_of(cassette.header)),
    )  # fmt: skip
    lines = list(_lines(cassette, data)) if rows else None
    if call.json:
        call.sink.document({
            "schema": "finchat.cassette/1",
            "file": str(file),
            "title": of.title,
            "command": list(cassette.header["command"]),
            "facts": [{"name": name, "value": value} for name, value in of.facts],
            "steps": None if rows else [step.as_json() for step in of.steps],
            "rows": None if lines is None else [line.as_json() for line in lines],
            "exit_code": 0,
        })  # fmt: skip
    else:
        call.sink.data(story_view(of) if lines is None else rows_view(lines))
    return ExitCode.DONE


def _facts(cassette: Cassette) -> Iterator[tuple[str, str]]:
    header = cassette.header
    yield "command", shlex.join(["finchat", *header["command"]])
    yield "recorded", f"{header['clock']} by {header.get('user', 'somebody')}, finchat {header['finchat']}"
    model = header.get("model")
    yield "model", _model(model) if model else "none"
    for name, server in (header.get("settings", {}).get("servers") or {}).items():
        yield "server", f"{name}: {_server(server)}"
    if (organisation := _organisation(cassette.rows)) is not None:
        yield "organisation", organisation
    environment = header.get("environment") or {}
    pinned = environment.get("FINCHAT_NOW")
    yield "clock", f"pinned to {pinned}" if pinned else f"as it was recorded, {header.get('timezone', 'UTC')}"
    terminal = header["terminal"]
    at = "a terminal" if terminal["stdin"] and terminal["stderr"] else "no terminal"
    yield "terminal", f"{at}, {terminal['width']} columns"
    kept = list(_local(cassette.rows))
    yield "local state", ", ".join(kept) if kept else "none"
    texts, tools = len(header.get("prompts") or {}), header.get("catalogues") or {}
    yield (
        "versions",
        "; ".join([f"{texts} prompts", *(f"tools of {name} {digest[:12]}" for name, digest in tools.items())]),
    )
    faults = sum(row.kind == "fault" for row in cassette.rows)
    if faults:
        yield "faults", f"{faults}: it is a rehearsal"


def _model(model: Mapping[str, Any]) -> str:
    how = "scripted" if model.get("scripted") else "not said to be scripted"
    return f"{model.get('name')} at {model.get('endpoint')}, {model.get('api')} API, {how}"


def _server(server: Mapping[str, Any]) -> str:
    where = server.get("url") or (" ".join(server["command"]) if server.get("command") else "in finchat's own process")
    told = [f"profile {server['profile']}"] if server.get("profile") else ["no profile"]
    return ", ".join([str(where), *told, *(["sandbox"] if server.get("sandbox") else [])])


def _organisation(rows: tuple[Row, ...]) -> str | None:
    """The organisation that a recorded answer names, by the words that accounting systems use."""
    for row in rows:
        if row.kind == "mcp" and "organisation" in str((row["params"] or {}).get("name", "")) and "result" in row:
            told = row["result"].get("structuredContent") or {}
            records = told.get("records") if isinstance(told, Mapping) else None
            if isinstance(records, list) and records and isinstance(records[0], Mapping):
                first = records[0]
                parts = [str(first[key]) for key in ("Name", "OrganisationID", "BaseCurrency") if first.get(key)]
                return ", ".join(parts) or None
    return None


def _local(rows: tuple[Row, ...]) -> Iterator[str]:
    tables: dict[str, int] = {}
    for row in rows:
        if row.kind == "file":
            yield row["path"]
        elif row.kind == "table":
            tables[row["path"]] = tables.get(row["path"], 0) + 1
    yield from (f"{path} ({count} table{'s' * (count != 1)})" for path, count in tables.items())


def _lines(cassette: Cassette, data: bytes) -> Iterator[RowLine]:
    sizes = [len(line) for line in data.split(b"\n")]
    rows = [cassette.header, *cassette.rows, *([cassette.output] if cassette.output is not None else [])]
    for row in rows:
        yield RowLine(
            n=row.n, kind=row.kind, at_ms=row.at if "at" in row else None, bytes=sizes[row.n], text=words_of(row)
        )
    yield RowLine(n=len(rows), kind="seal", at_ms=None, bytes=sizes[len(rows)], text="all rows before it")
