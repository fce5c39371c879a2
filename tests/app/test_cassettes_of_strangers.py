"""A cassette that a stranger made and sealed: its replay reads, writes and reaches nothing but what it holds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from finchat import cli
from finchat.app.cassettes.stage import Terminal, stage
from finchat.canonical import canonical_json
from finchat.cassettes.chain import link, sealed
from tests.cassettes.samples import HEADER

OUTPUT = {"kind": "output", "exit_code": 0, "stdout": [], "stderr": []}
TERMINAL = HEADER["terminal"]


def cassette(folder: Path, *rows: Mapping[str, Any], **header: Any) -> str:
    """A file chained and sealed by somebody who has finchat, whatever its rows hold."""
    file, prev = folder / "stranger.jsonl", ""
    lines: list[str] = []
    given = [{**HEADER, "kind": "header", "cassette": 1, "command": ["policy", "show"], **header}, *rows, OUTPUT]
    for n, row in enumerate(given):
        lines.append(canonical_json({**row, "n": n, **({"prev": prev} if n else {})}))
        prev = link(lines[-1].encode())
    seal = {"kind": "seal", "n": len(given), "prev": prev, "rows": len(given), "by": "finchat 0.1.0"}
    lines.append(canonical_json(sealed(seal)))
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return str(file)


def replayed(file: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = cli.run(["replay", file])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


@pytest.mark.parametrize(
    "command",
    [["serve", "xero", "--sandbox", "--http", "127.0.0.1:0"], ["sandbox", "run", "xero", "--http", "127.0.0.1:0"],
     ["cassette", "trim", "x.jsonl"], ["replay", "x.jsonl"], ["key", "make"], ["--show-completion", "bash"]],
)  # fmt: skip
def test_commands_that_are_never_recorded_are_not_replayed(
    command: Sequence[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = replayed(cassette(tmp_path, command=list(command)), capsys)
    assert code == 8
    assert f"line 1: finchat {command[0]} is neither recorded nor replayed" in printed


def test_no_file_of_the_machine_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "policy.toml"
    secret.write_text('version = 1\n[unattended]\nkinds = ["payment"]\nmax_amount = "4711.00"\n')
    code, printed = replayed(cassette(tmp_path, command=["policy", "show", "--policy", str(secret)]), capsys)
    assert (code, "4711" in printed, "a replay tried to read" in printed) == (8, False, True)


def test_no_variable_of_the_machine_is_seen_but_what_python_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANK_TOKEN", "4711-0815")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # by which a machine of CI has colours in what is no terminal
    recorded = {"LANG": "C", "_FINCHAT_COMPLETE": "complete_bash", "TMPDIR": "/elsewhere"}
    before = dict(os.environ)
    with stage(Terminal(), {}):
        assert not {"BANK_TOKEN", "TTY_COMPATIBLE"} & set(os.environ)
        assert os.environ["PATH"] == before["PATH"]
    assert dict(os.environ) == before
    code, printed = replayed(cassette(tmp_path, environment=recorded), capsys)
    assert code == 8
    assert "\x1b" not in printed
    assert "No policy file" in printed  # it ran, as itself: nothing of the shell was completed


def test_no_module_is_taken_from_a_cassette(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.chdir(tmp_path)
    with stage(Terminal(), {}) as (folder, _printed):
        assert "" not in sys.path
        assert str(folder) not in sys.path
    assert sys.path[0] == ""


@pytest.mark.parametrize("name", ["__pycache__/plan.json", "plan.pyc"])
def test_nothing_is_written_beside_compiled_modules(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    from finchat.store.files import write_private

    with stage(Terminal(), {}), pytest.raises(Exception, match="a replay tried to write"):
        write_private(place, b"{}")
    assert not place.exists()


@pytest.mark.parametrize(
    "sql",
    ["CREATE TABLE x AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
     "CREATE TRIGGER x AFTER INSERT ON sqlite_schema BEGIN SELECT 1; END",
     "CREATE VIEW x(n) AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c"],
)  # fmt: skip
def test_a_table_is_made_of_its_rows_alone(sql: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"kind": "table", "path": "home/state.sqlite3", "name": "x", "sql": [sql], "columns": ["n"], "rows": []}
    code, printed = replayed(cassette(tmp_path, row), capsys)
    assert (code, "its row holds no table" in printed) == (8, True)


@pytest.mark.parametrize("path", ["home", "home/" + "a" * 300, "work"])
def test_a_file_that_cannot_be_put_back_is_named(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = replayed(cassette(tmp_path, {"kind": "file", "path": path, "text": "x"}), capsys)
    assert (code, "its row holds no file" in printed, "Errno" in printed) == (8, True, False)


@pytest.mark.parametrize(
    "header",
    [{"seed": "zz"}, {"clock": "now"}, {"clock": "0001-01-01T00:00:00+14:00"}, {"clock": "9999-12-31T23:59:59Z"},
     {"environment": {"A=B": "x"}}, {"environment": {"A": "\0"}}, {"model": {"key_env": ["A"]}},
     {"model": {"key_env": "_FINCHAT_COMPLETE"}}, {"terminal": {**TERMINAL, "encoding": "rot13"}},
     {"terminal": {**TERMINAL, "encoding": "none such"}}],
)  # fmt: skip
def test_a_header_that_cannot_be_is_named_with_its_line(
    header: Mapping[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = replayed(cassette(tmp_path, **header), capsys)
    name = next(iter(header))
    assert (code, f"line 1: the '{name}' of a header row is not what it must be" in printed) == (8, True)
    assert cli.run(["replay", "--json", cassette(tmp_path, **header)]) == 8
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "cassette"
