"""A run that is recorded prints and ends as without a recording, whatever goes wrong with that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from finchat import cli
from finchat.app.cassettes import recording
from finchat.app.cassettes.modes import without_flags
from finchat.errors import FinchatError, UsageError

SHOWN = ["policy", "show"]
RECORD = ["--record", "run.jsonl", "--record-mode", "all"]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINCHAT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("error", "code"),
    [(FinchatError("the cassette cannot be written"), 1), (RuntimeError("a fault"), 1), (KeyboardInterrupt(), 130)],
)
def test_where_sealing_fails_the_document_of_the_run_stays_the_only_one(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], work: Path
) -> None:
    def fails(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr(recording, "keep", fails)
    assert cli.run([*SHOWN, "--json", *RECORD]) == code
    printed = capsys.readouterr()
    assert json.loads(printed.out)["exit_code"] == 0
    assert printed.err.startswith("finchat: ")
    assert not (work / "run.jsonl").exists()


@pytest.mark.parametrize(
    ("command", "code"), [(["--help"], 0), (["policy", "show", "--policy", "/none/policy.toml"], 2), (["none"], 2)]
)
def test_a_run_ends_as_without_a_recording(
    command: Sequence[str], code: int, capsys: pytest.CaptureFixture[str], work: Path
) -> None:
    assert cli.run(command) == code
    alone = capsys.readouterr()
    assert cli.run([*command, *RECORD]) == code
    recorded = capsys.readouterr()
    assert recorded.out == alone.out
    assert recorded.err.startswith(alone.err)
    assert "its replay prints the same" in recorded.err
    assert (work / "run.jsonl").exists()


def test_words_behind_two_dashes_are_no_flags() -> None:
    assert without_flags(["ask", "--", "--record", "x"]) == (["ask", "--", "--record", "x"], None, None)
    assert without_flags(["ask", "--record", "x", "--", "a"]) == (["ask", "--", "a"], Path("x"), None)


def test_two_files_to_record_into_are_refused() -> None:
    with pytest.raises(UsageError, match="given twice"):
        without_flags(["ask", "a", "--record", "x", "--record=y"])
