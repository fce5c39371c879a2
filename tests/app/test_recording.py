"""A run is recorded beside what it does; its cassette replays anywhere, byte for byte, with nothing outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import forked
from tests.conversation_cases import NOW
from tests.scripted.server import Say, ScriptedModel, Seen

ROOT = Path(__file__).parents[2]
QUESTION = "Which invoices are more than 30 days overdue?"
# What no replay may do, whatever it tries: it is refused before the program is even imported.
BLOCKED = """
import os, socket, subprocess, sys
def refuse(*_a, **_k): raise SystemExit("a replay reached outside")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = refuse
subprocess.Popen.__init__ = os.system = os.fork = os.posix_spawn = os.execv = refuse
from finchat.cli import run
code = run(["replay", sys.argv[1]])
unwanted = {"openai", "mcp", "mcp_types", "httpx", "httpx2", "uvicorn", "starlette"} & set(sys.modules)
assert not unwanted, unwanted
sys.exit(code)
"""


@dataclass(frozen=True)
class Recorded:
    file: Path
    run: subprocess.CompletedProcess[str]
    home: Path
    environment: dict[str, str]


def script(seen: Seen) -> Say:
    if not seen.results():
        return Say(calls=[("open_documents", {"type": "invoice", "min_days_overdue": 30})])
    return Say("They are in the table of open documents.")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A question to a scripted model, recorded."""
    folder = tmp_path_factory.mktemp("asked")
    with ScriptedModel(script) as model:
        environment = {**os.environ, **model.environ, "FINCHAT_HOME": str(folder / "home"), "FINCHAT_NOW": NOW}
        environment.pop("CI", None)
        run = forked.run("ask", QUESTION, "--record", "asked.jsonl", environment=environment, cwd=folder)
    return Recorded(folder / "asked.jsonl", run, folder / "home", environment)


def replayed(file: Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A replay in an interpreter of its own, with sockets and subprocesses blocked."""
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, str(file)], capture_output=True, cwd=cwd, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip


def test_a_replay_prints_what_the_run_printed(asked: Recorded, tmp_path: Path) -> None:
    assert asked.run.returncode == 0, asked.run.stderr
    done = replayed(asked.file, tmp_path)
    assert (done.returncode, done.stdout.decode()) == (0, asked.run.stdout)
    *said, last = asked.run.stderr.splitlines()
    assert done.stderr.decode().splitlines() == said
    assert last.startswith("recorded: ")


def test_replays_are_equal_under_other_hash_seeds_zones_and_homes(asked: Recorded, tmp_path: Path) -> None:
    one = replayed(asked.file, tmp_path, PYTHONHASHSEED="1", TZ="Pacific/Kiritimati")
    other = replayed(
        asked.file, tmp_path, PYTHONHASHSEED="77", TZ="America/St_Johns", FINCHAT_HOME=str(tmp_path / "mine"),
        OPENAI_API_KEY="sk-of-somebody-else", COLUMNS="47", NO_COLOR="1", LANG="tr_TR.UTF-8",
    )  # fmt: skip
    assert one.returncode == other.returncode == 0
    assert (one.stdout, one.stderr) == (other.stdout, other.stderr)
    assert not (tmp_path / "mine").exists()


def test_a_replay_leaves_nothing_behind(asked: Recorded, tmp_path: Path) -> None:
    replayed(asked.file, tmp_path, TMPDIR=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_cassette_that_is_there_is_replayed_and_not_recorded_again(asked: Recorded) -> None:
    before = asked.file.read_bytes()
    again = forked.run("ask", QUESTION, "--record", "asked.jsonl", environment=asked.environment, cwd=asked.file.parent)
    assert (again.returncode, again.stdout) == (0, asked.run.stdout)
    assert asked.file.read_bytes() == before


def test_in_ci_nothing_is_recorded(asked: Recorded, tmp_path: Path) -> None:
    in_ci = {**asked.environment, "CI": "true"}
    done = forked.run("ask", QUESTION, "--record", "new.jsonl", environment=in_ci, cwd=tmp_path)
    assert done.returncode == 2
    assert "new.jsonl cannot be read" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["ask", "Another question", "--record", "asked.jsonl"], "--record"),
        (["ask", QUESTION, "--record", "asked.jsonl", "--record-mode", "sometimes"], "--record-mode"),
        (["ask", QUESTION, "--record-mode", "all"], "--record-mode"),
        (["ask", QUESTION, "--record"], "--record"),
        (["ask", QUESTION, "--record", "no/such/folder.jsonl"], "--record"),
        (["serve", "xero", "--record", "served.jsonl"], "--record"),
        (["replay", "asked.jsonl", "--speed", "0"], "--speed"),
        (["replay", "nothing.jsonl"], "nothing.jsonl"),
    ],
)
def test_what_cannot_be_recorded_or_replayed_is_said_with_its_field(
    asked: Recorded, arguments: list[str], named: str
) -> None:
    done = forked.run(*arguments, "--json", environment=asked.environment, cwd=asked.file.parent)
    assert done.returncode == 2, done.stderr
    assert named in json.loads(done.stdout)["error"]["field"]


def test_a_replay_for_scripts_is_one_document(asked: Recorded) -> None:
    done = forked.run("replay", "asked.jsonl", "--json", environment=asked.environment, cwd=asked.file.parent)
    document = json.loads(done.stdout)
    assert (done.returncode, document["same"], document["problem"]) == (0, True, None)
    assert (document["command"], document["stdout"]) == (["ask", QUESTION], asked.run.stdout)
    assert document["exchanges"]["model"] == 2


def test_another_answer_of_the_ledger_shows_where(asked: Recorded, tmp_path: Path) -> None:
    lines = asked.file.read_text("utf-8").splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if "list_all_xero_invoices" in line and '"AmountDue":"' in line)
    edited = tmp_path / "edited.jsonl"
    edited.write_text(
        "".join([*lines[:place], lines[place].replace('"AmountDue":"', '"AmountDue":"1', 1), *lines[place + 1 :]])
    )
    done = replayed(edited, tmp_path)
    assert done.returncode == 8
    assert f"line {place + 1}: it was changed after it was written" in done.stderr.decode()
