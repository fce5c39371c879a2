"""`finchat sessions`, on sessions of real runs of `finchat ask`: one that was killed in the middle, one that ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from finchat.agent.messages import ModelRequest, ToolOutput, UserText
from finchat.agent.openai.responses import ResponsesDialect
from finchat.agent.sessions import SessionInUse, SessionStore
from finchat.app.schemas import PUBLISHED
from finchat.settings import Home
from tests import forked, homes
from tests.scripted.server import Raw, Say, ScriptedModel, Seen
from tests.ui.screens import Screen

KILLED = "Which invoices of Kōwhai are late, and what waits in my bank?"
ENDED = "Say hello"


@pytest.fixture(scope="module")
def asked(company_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A home with two sessions, the killed one first; and their ids. While the first runs, nobody else may have it."""
    home = homes.copied(company_home, tmp_path_factory.mktemp("sessions"))
    seen, never = threading.Event(), threading.Event()

    def script(request: Seen) -> Say | Raw:
        if ENDED in request.question:
            return Say("Hello.")
        if not request.results():
            return Say("I look.", calls=[("reconcile", {"days": 2}), ("no_such_tool", {})])
        seen.set()
        return Raw(headers={"content-type": "text/event-stream"}, parts=[never])

    with ScriptedModel(script) as model:
        environment = {**os.environ, **model.environ, "FINCHAT_HOME": str(home), "FINCHAT_NOW": homes.NOW}
        command = ("ask", KILLED, "--api", "responses")
        with open(os.devnull, "r+") as nothing:
            streams = (nothing.fileno(),) * 3
            process = forked.start(command, environment, home, streams, terminal=False)
        assert seen.wait(60)
        store = SessionStore(Home(home))
        (running,) = store.list()
        with pytest.raises(SessionInUse):
            store.open(running.id)
        assert run(home, "delete", running.id, "--yes").returncode == 1
        os.kill(process.pid, signal.SIGKILL)
        assert process.status(10) == signal.SIGKILL
        ended = forked.run("ask", ENDED, environment=environment)
        assert ended.returncode == 0
        never.set()
        last = dict(model.requests[1])
    (home / "last_request.json").write_text(json.dumps(last))
    return home, running.id, next(record.id for record in store.list() if record.id != running.id)


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return forked.run("sessions", *arguments, environment={**os.environ, "FINCHAT_HOME": str(home)})


def document(home: Path, name: str, *arguments: str) -> dict[str, Any]:
    done = run(home, *arguments, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    assert [e.message for e in Draft202012Validator(PUBLISHED[name]).iter_errors(found)] == []
    assert (found["exit_code"], done.stderr) == (done.returncode, "")
    return found


def copied(asked: tuple[Path, str, str], to: Path) -> tuple[Path, str, str]:
    return homes.copied(asked[0], to / "home"), *asked[1:]


def test_a_killed_run_is_opened_again_where_it_was(asked: tuple[Path, str, str], tmp_path: Path) -> None:
    home, id, _ = copied(asked, tmp_path)
    sent = json.loads((home / "last_request.json").read_text())
    with SessionStore(Home(home)).open(id) as saved, saved.evidence() as evidence:
        conversation = saved.conversation()
        request = ModelRequest(instructions=sent["instructions"], items=conversation.items)
        body = json.loads(ResponsesDialect("scripted", "http://127.0.0.1").body(request, stream=True))
        # All but the reasoning, which another endpoint gave: to the letter what the killed process sent.
        assert body["input"] == [item for item in sent["input"] if item["type"] != "reasoning"]
        kept = {output.call_id: output.text for output in conversation.items if isinstance(output, ToolOutput)}
        assert len(kept) == 2
        assert evidence.ids() == ["e1"]
        assert evidence.get("e1").tool == "reconcile"
        (plan,) = saved.undecided
        assert (home / "plans" / f"{plan.id}.json").is_file()
        assert conversation.fence.mark in sent["instructions"]
        conversation.ask("and now?")
        assert conversation.items[-1] == UserText("and now?")
    assert SessionStore(Home(home)).read(id).turns[0].complete is None


def test_the_list_says_what_each_came_to_and_which_plans_wait(asked: tuple[Path, str, str], tmp_path: Path) -> None:
    home, killed, ended = copied(asked, tmp_path)
    found = document(home, "sessions")["sessions"]
    assert [(one["id"], one["title"], one["turns"]) for one in found] == [(ended, ENDED, 1), (killed, KILLED, 1)]
    assert found[0]["usage"]["requests"] == 1
    assert found[0]["plans_awaiting"] == []
    (waiting,) = found[1]["plans_awaiting"]
    shown = run(home).stdout
    assert shown.index(ended) < shown.index(killed)
    assert "Kōwhai Fitout" in shown
    assert waiting in shown
    (home / "plans" / f"{waiting}.json").unlink()  # nobody can decide it any more
    assert [one["plans_awaiting"] for one in document(home, "sessions")["sessions"]] == [[], []]
    (gone,) = document(home, "session", "show", killed)["plans"]
    assert (gone["id"], gone["awaits"]) == (waiting, False)
    assert "writes): not there any more" in run(home, "export", killed).stdout


def test_a_session_is_shown_found_named_and_handed_on(asked: tuple[Path, str, str], tmp_path: Path) -> None:
    home, killed, ended = copied(asked, tmp_path)
    shown = run(home, "show", killed).stdout
    for words in (KILLED, "reconcile", "no_such_tool: not done", "ended before this was finished", "finchat apply",
                  f"finchat chat --resume {killed}"):  # fmt: skip
        assert words in " ".join(shown.split())
    (hit,) = document(home, "session-search", "search", "hello", "SAY")["sessions"]
    assert hit["id"] == ended
    assert hit["hits"][0] == {"kind": "question", "text": ENDED}
    assert "no session holds" in run(home, "search", "nowhere").stderr
    renamed = document(home, "sessions", "rename", ended, "A greeting")
    assert [one["title"] for one in renamed["sessions"]] == ["A greeting"]
    out = tmp_path / "session.json"
    told = document(home, "session-export", "export", killed, "--format", "json", "--out", str(out))
    assert (told["path"], told["turns"]) == (str(out), 1)
    assert out.stat().st_mode & 0o777 == 0o600
    exported = json.loads(out.read_text("utf-8"))
    assert exported == document(home, "session", "show", killed) == document(home, "session", "export", killed)
    assert exported["turns"][0]["interrupted"] is True
    assert [call["outcome"] for call in exported["turns"][0]["calls"]] == ["done", "not_executed"]
    assert run(home, "export", ended).stdout.startswith("# A greeting\n")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("show", "nothing"), "ID"),
        (("show", "../x"), "ID"),
        (("export", "{}", "--format", "html"), "--format"),
        (("export", "{}", "--format", "markdown"), "--out"),
        (("rename", "{}", " "), "TITLE"),
        (("search", " "), "WORDS"),
        (("delete", "{}", "nothing", "--yes"), "ID"),
    ],
)
def test_wrong_use_names_the_field(asked: tuple[Path, str, str], arguments: tuple[str, ...], field: str) -> None:
    home, killed, _ = asked
    found = document(home, "error", *(argument.format(killed) for argument in arguments))
    assert (found["exit_code"], found["error"]["field"]) == (2, field)
    assert (home / "sessions" / f"{killed}.jsonl").exists()


def test_deleting_is_asked_about_and_takes_all_files_but_the_plans(
    asked: tuple[Path, str, str], tmp_path: Path
) -> None:
    home, killed, ended = copied(asked, tmp_path)
    refused = run(home, "delete", killed, ended)
    assert refused.returncode == 3
    assert f"finchat sessions delete {killed} {ended} --yes" in refused.stderr
    for answer, left in (("", {killed, ended}), ("y", {ended})):
        screen = Screen(home, "sessions", "delete", killed, columns=80)
        screen.wait("[y/N]")
        screen.press(answer + "\r")
        assert screen.end() == 0
        assert {path.name.split(".")[0] for path in (home / "sessions").iterdir()} == left
    gone = document(home, "sessions-deleted", "delete", ended, "--yes")
    assert [Path(path).suffix for path in gone["deleted"][0]["files"]] == [".sqlite3", ".jsonl", ".jsonl"]
    assert list((home / "sessions").iterdir()) == []
    assert len(list((home / "plans").glob("*.json"))) == 1
    assert "no sessions yet" in run(home).stderr
