"""Every recording of this repository replays here, in one process with nothing outside, byte for byte, twice."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from finchat.app.cassettes.recording import _NOT_RECORDED
from finchat.app.cassettes.replaying import play, problem_of
from finchat.app.commands.rows import ROWS
from finchat.cassettes.reading import read
from finchat.cassettes.rows import Cassette
from finchat.cli import _once, cli
from finchat.settings import PROFILES
from tests.recordings.table import RECORDINGS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "recordings"
FILES = sorted(FOLDER.glob("*.jsonl"))
_LARGEST, _LARGEST_TOGETHER = 140 * 1024, 4 * 1024 * 1024  # bytes
_SLOWEST_S = 5.0  # of CPU; most take a tenth of a second
# What no recording shows, and why.
_UNSHOWN = {
    "plan sign": "it reads a private key, and no recording holds one",
    "audit verify": "redaction would have to make the whole chain anew",
    "audit verifier": "it prints a program",
}


@cache
def cassette(file: Path) -> Cassette:
    return read(file)


@pytest.fixture
def nothing_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No socket is connected, no name looked up and no program started, whatever a replay tries."""

    def refuse(*_given: Any, **_named: Any) -> Any:
        raise AssertionError("a replay reached outside")

    with monkeypatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, refuse)
        patch.setattr(socket, "create_connection", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(subprocess.Popen, "__init__", refuse)
        for name in ("system", "fork", "posix_spawn", "execv", "execve"):
            patch.setattr(os, name, refuse)
        yield


@pytest.mark.usefixtures("nothing_outside")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recording_replays_byte_for_byte_each_time(file: Path) -> None:
    recorded = cassette(file)
    assert recorded.output is not None
    for _ in range(2):
        began = time.process_time()
        played = play(recorded, _once)
        assert problem_of(recorded, played) is None
        assert played.exit_code == recorded.output["exit_code"]
        assert played.stdout.decode() == "".join(recorded.output["stdout"])
        assert played.stderr.decode() == "".join(recorded.output["stderr"])
        took = time.process_time() - began
        assert took < _SLOWEST_S, f"{file.name} takes {took:.1f} s to replay"


@pytest.mark.usefixtures("nothing_outside")
def test_what_is_watched_at_a_pace_is_the_same_bytes() -> None:
    recorded = cassette(FOLDER / "demo.jsonl")
    shown = {"stdout": bytearray(), "stderr": bytearray()}
    played = play(recorded, _once, show=(shown["stdout"].extend, shown["stderr"].extend), speed=1000)
    assert problem_of(recorded, played) is None
    assert (bytes(shown["stdout"]), bytes(shown["stderr"])) == (played.stdout, played.stderr)


# What they are called, and say of themselves


def test_each_is_made_by_its_row_of_the_table() -> None:
    assert [file.stem for file in FILES] == sorted(row.name for row in RECORDINGS)
    for row in RECORDINGS:
        header = cassette(FOLDER / f"{row.name}.jsonl").header
        assert header["title"] == row.title
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row.name), row.name
        assert row.title[0].isupper() or row.title.startswith("finchat"), row.title
        assert 10 < len(row.title) <= 120
        assert not row.title.endswith("."), row.title


def test_a_model_that_was_scripted_is_called_so() -> None:
    for file in FILES:
        recorded = cassette(file)
        model = recorded.header.get("model")
        assert model is None or model["scripted"] is True, file.name
        assert model is not None or not any(row.kind == "model" for row in recorded.rows), file.name


def test_they_stay_small() -> None:
    sizes = {file.name: file.stat().st_size for file in FILES}
    assert {name: size for name, size in sizes.items() if size > _LARGEST} == {}
    assert sum(sizes.values()) < _LARGEST_TOGETHER


def test_the_page_lists_every_file_with_what_it_shows() -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| `([\w-]+)\.jsonl` \| (.+?) \|$", page, re.MULTILINE)
    assert sorted(listed) == sorted((row.name, row.title) for row in RECORDINGS)


# That nothing is missing


def commands(group: Any, before: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of all commands below a group, and of groups that do something alone."""
    for name, one in group.commands.items():
        here = (*before, name)
        if not hasattr(one, "commands") or one.invoke_without_command:
            yield " ".join(here)
        if hasattr(one, "commands"):
            yield from commands(one, here)


def test_every_command_that_can_be_recorded_has_a_recording() -> None:
    wanted = {name for name in commands(typer.main.get_command(cli)) if name.split()[0] not in _NOT_RECORDED}
    shown = set()
    for file in FILES:
        words = cassette(file).header["command"]
        shown |= {" ".join(words[:1]), " ".join(words[:2])}
    assert wanted - shown - set(_UNSHOWN) == set()
    assert set(_UNSHOWN) <= wanted - shown, "there is a recording of it now"


def test_every_command_of_the_chat_is_typed_in_a_recording() -> None:
    typed = {
        row["line"].split()[0][1:]
        for file in FILES for row in cassette(file).rows
        if row.kind == "human" and row["asks"] == "chat" and str(row["line"]).startswith("/")
    }  # fmt: skip
    assert {row.name for row in ROWS} - typed == set()


def test_every_tool_of_finchats_own_is_called_in_a_recording() -> None:
    offered, called = set(), set()
    for file in FILES:
        for row in cassette(file).rows:
            if row.kind != "model":
                continue
            offered |= {tool.get("name") or tool["function"]["name"] for tool in row["body"].get("tools", ())}
            said = row["body"].get("input") or row["body"].get("messages")
            for item in said if isinstance(said, list) else ():
                called |= {item["name"]} if item.get("type") == "function_call" else set()
                called |= {call["function"]["name"] for call in item.get("tool_calls") or ()}
    own = {name for name in offered if "__" not in name}
    assert len(own) >= 13
    assert own - called == set()


def test_every_kind_of_server_and_api_is_in_a_recording() -> None:
    headers = [cassette(file).header for file in FILES]
    paths = {row["path"] for file in FILES for row in cassette(file).rows if row.kind == "model"}
    assert paths == {"/chat/completions", "/responses"}
    servers = [s for h in headers for s in h.get("settings", {}).get("servers", {}).values()]
    assert {"sandbox" if s["sandbox"] else "command" if s["command"] else "url" if s["url"] else "live"
            for s in servers} == {"sandbox", "command", "url", "live"}  # fmt: skip
    assert {s["profile"] for s in servers} <= {None, *PROFILES}


def test_every_way_a_run_can_end_is_in_a_recording() -> None:
    codes = {cassette(file).output["exit_code"] for file in FILES}  # type: ignore[index]
    assert codes >= {0, 3, 4, 6, 7, 9}


# Elsewhere

_ALL = """
import json, sys
from pathlib import Path
from finchat.app.cassettes.replaying import play, problem_of
from finchat.cassettes.reading import read
from finchat.cli import _once
wrong = {}
for name in sys.argv[1:]:
    cassette = read(Path(name))
    if (problem := problem_of(cassette, play(cassette, _once))) is not None:
        wrong[name] = problem.message
print(json.dumps(wrong))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "zone"), [("1", "Pacific/Kiritimati"), ("77", "America/St_Johns"), ("0", "Asia/Kathmandu")]
)
def test_they_are_the_same_under_other_hash_seeds_and_time_zones(seed: str, zone: str, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "TZ": zone, "COLUMNS": "47",
        "LANG": "tr_TR.UTF-8", "HOME": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _ALL, *map(str, FILES)], env=environment, cwd=tmp_path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == {}
