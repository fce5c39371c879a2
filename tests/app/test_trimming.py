"""What trimming takes out of local state: all that a run can do without, and nothing else."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from finchat.app.cassettes.recording import keep
from finchat.app.cassettes.trimming import trim
from finchat.app.invocation import Invocation
from finchat.cassettes.reading import read
from finchat.cassettes.rows import Row
from finchat.ui.sink import Sink

HEADER: dict[str, Any] = {
    "finchat": "0.1.0", "command": ["reconcile"], "clock": "2026-11-20T09:00:00.000000Z", "seed": "00" * 32,
    "terminal": {"stdin": False, "stdout": False, "stderr": False, "width": 80, "height": 25},
}  # fmt: skip
LINES = [{"date": f"2026-11-{day:02}", "amount": f"{day}.00"} for day in range(1, 29)]


def program(_arguments: Sequence[str]) -> int:
    """Stands for a run: it prints the lines of three days of a feed, and of a table the rows that are old enough."""
    try:
        return told()
    except (OSError, sqlite3.Error) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def told() -> int:
    feed = json.loads(Path("home/feed.json").read_text())
    wanted = [line["amount"] for line in feed["lines"] if "2026-11-09" <= line["date"] <= "2026-11-11"]
    with sqlite3.connect("home/state.sqlite3") as state:
        kept = [text for (text,) in state.execute("SELECT text FROM kept WHERE n < 3 ORDER BY n")]
    Path("home/unused.txt").exists()
    sys.stdout.write(f"{feed['currency']} {wanted} {kept}\n")
    return 0


def test_what_a_run_does_not_need_goes_and_what_it_needs_stays(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"kind": "file", "path": "home/feed.json", "text": json.dumps({"currency": "NZD", "lines": LINES})},
        {"kind": "file", "path": "home/unused.txt", "text": "nobody reads it" * 100},
        {"kind": "table", "path": "home/state.sqlite3", "sql": ["CREATE TABLE kept (n INTEGER, text TEXT)"],
         "name": "kept", "columns": ["n", "text"], "rows": [[n, f"{n}" * 40] for n in range(64)]},
        {"kind": "table", "path": "home/state.sqlite3", "sql": ["CREATE TABLE gone (n INTEGER)"], "name": "gone",
         "columns": ["n"], "rows": [[1]]},
    ]  # fmt: skip
    file, out = tmp_path / "run.jsonl", tmp_path / "small.jsonl"
    keep(file, HEADER, [Row(row) for row in rows], program, expected=0)
    before = file.read_bytes()
    call = Invocation(quiet=True)
    assert isinstance(call.sink, Sink)
    assert trim(call, file, program, out=out) == 0
    assert file.read_bytes() == before
    small = read(out)
    feed, table = small.rows
    assert [line["date"] for line in json.loads(feed["text"])["lines"]] == ["2026-11-09", "2026-11-10", "2026-11-11"]
    assert [n for n, _ in table["rows"]][:3] == [0, 1, 2]
    assert len(table["rows"]) <= 16
    assert small.output is not None
    assert small.output["stdout"] == read(file).output["stdout"]  # type: ignore[index]


def test_ctrl_c_ends_the_trimming_and_not_only_the_replay_that_it_met(tmp_path: Path) -> None:
    file, out = tmp_path / "run.jsonl", tmp_path / "small.jsonl"
    rows = [{"kind": "file", "path": f"home/{name}.txt", "text": name} for name in ("one", "two", "three")]
    replays: list[int] = []

    def interrupted(_arguments: Sequence[str]) -> int:
        replays.append(1)
        return 130 if len(replays) == 3 else 0

    keep(file, HEADER, [Row(row) for row in rows], interrupted, expected=0)
    with pytest.raises(KeyboardInterrupt):
        trim(Invocation(quiet=True), file, interrupted, out=out)
    assert (len(replays), out.exists()) == (3, False)
