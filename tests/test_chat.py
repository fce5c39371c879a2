"""The chat, typed into at a real terminal and looked at as a person sees it. The model is scripted."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import forked, homes
from tests.faults.world import Served, journal, served, until
from tests.scripted.server import Raw, Say, Script, ScriptedModel, Seen, stream_of, streamed
from tests.terminal import Terminal

PROMPT = r"finchat> *$"
ASKED = r"Approve\?[^:]*: *$"
Open = Callable[..., Any]


@pytest.fixture
def home(company_home: Path, tmp_path: Path) -> Path:
    return homes.copied(company_home, tmp_path / "home")


def environment(home: Path, model: ScriptedModel | None, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_") and name != "NO_COLOR"}
    given = {} if model is None else model.environ
    return {**clean, **given, "FINCHAT_HOME": str(home), "FINCHAT_NOW": homes.NOW, **more}


@contextmanager
def chatting(
    home: Path, script: Script | None, *flags: str, columns: int = 80, rows: int = 60, books: str = "SANDBOX +Kōwhai",
    **more: str,
) -> Iterator[Terminal]:  # fmt: skip
    """The chat at its first prompt, with the books open."""
    model = None if script is None else ScriptedModel(script)
    if model is not None:
        model.start()
    try:
        with Terminal(
            "chat", *flags, environment=environment(home, model, **more), columns=columns, rows=rows
        ) as terminal:
            terminal.until(books)  # the toolbar names the organisation once it is open
            yield terminal
    finally:
        if model is not None:
            model.stop()


def written(home: Path) -> int:
    """Writes that the ledger has, by the journal's own word."""
    return len(homes.document(home, "journal", "show", "--all")["writes"])


def week(seen: Seen) -> Say:
    """Matches two days, and tells what it was told."""
    if not seen.results("reconcile"):
        return Say(calls=[("reconcile", {"days": 2})])
    if "decided" in seen.question:
        return Say("You were told what became of it.")
    return Say("Here is what I would record.")


def contact(seen: Seen) -> Say:
    if not seen.results("draft_contact"):
        return Say(calls=[("draft_contact", {"name": "Tui & Sons"})])
    if "decided" in seen.question:
        reason = re.search(r"refused; nothing was written: (.*?) *\(", seen.question.replace("\n", " "))
        return Say(f"Understood: {reason[1]}." if reason else "It is in your books now.")
    return Say("I drafted the contact Tui & Sons.")


def test_a_first_run_teaches_on_one_screen(tmp_path: Path) -> None:
    with chatting(tmp_path / "new", None, rows=25) as chat:
        screen = "\n".join(chat.shown)
        for taught in ("SANDBOX", "Three things to try", "OPENAI_API_KEY", "Ctrl-D leaves", "finchat>"):
            assert taught in screen
        chat.line("what do customers owe me?")
        chat.until("no model is connected")
        chat.until("without a model: /reconcile days 7")
        chat.type("\x04")
        assert chat.ended() == 0


def test_an_answer_streams_and_the_session_goes_on(home: Path) -> None:
    def answers(seen: Seen) -> Say:
        if not seen.results():
            return Say(calls=[("organisation", {})])
        return Say(
            f"This is **answer {'one' if seen.question == 'first' else 'two'}**.\n\n| a | b |\n|---|---|\n| x | y |"
        )

    with chatting(home, answers) as chat:
        chat.line("first")
        chat.until("This is answer one")
        place = chat.until(PROMPT).end()
        chat.line("second")
        chat.until("This is answer two", after=place)
        assert "**" not in chat.text
        chat.type("\x04")
        assert chat.ended() == 0


@pytest.mark.parametrize("columns", [80, pytest.param(140, marks=pytest.mark.slow)])
def test_a_proposal_is_approved_on_its_card_and_the_ledger_has_it(home: Path, columns: int) -> None:
    with chatting(home, contact, columns=columns) as chat:
        chat.line("add Tui & Sons")
        chat.until("I drafted the contact Tui & Sons")
        chat.until(ASKED)
        assert written(home) == 0
        chat.line("y")
        chat.until("It is in your books now")
        chat.until(PROMPT)
        chat.until("· 1 written")  # the toolbar's own count, whatever a model says
        assert all(len(line) <= columns for line in chat.lines)
        chat.line("/quit")
        assert chat.ended() == 0
    assert [w["state"] for w in homes.document(home, "journal", "show", "--all")["writes"]] == ["committed"]


def test_a_refusal_with_its_reason_goes_back_to_the_model(home: Path) -> None:
    with chatting(home, contact) as chat:
        chat.line("add Tui & Sons")
        chat.until(ASKED)
        chat.line("r")
        chat.until("Why not")
        chat.line("we know them as Tui Ltd")
        chat.until("Understood: we know them as Tui Ltd")
        chat.until(PROMPT)
        assert "nothing written" in "".join(chat.shown)
    assert written(home) == 0


def test_a_card_is_edited_and_shown_again_before_it_is_written(home: Path) -> None:
    def invoice(seen: Seen) -> Say:
        if not seen.results("find_contact"):
            return Say(calls=[("find_contact", {"search": seen.question.split()[-1]})])
        if not seen.results("draft_invoice"):
            (name,) = re.findall(r'"contact":"([^"]+)"', seen.results("find_contact")[0])[:1]
            line = {"description": "Consulting", "quantity": "1", "unit_amount": "10", "account_code": "200"}
            wanted = {"type": "invoice", "contact": name, "lines": [line], "due_date": "2026-12-20"}
            return Say(calls=[("draft_invoice", wanted)])
        return Say("It is done." if "decided" in seen.question else "Here is the draft.")

    with chatting(home, invoice) as chat:
        chat.line("an invoice for Lindis")
        chat.until(ASKED)
        chat.line("e")
        chat.until(r"date \[2026-11-20\], Enter keeps it")
        chat.line("2026-11-19")
        chat.until(r"reference \[.*\], Enter keeps it|due_date \[")
        chat.line("")
        place = chat.until(r"^    date +2026-11-19").end()
        chat.until(ASKED, after=place)
        chat.line("y")
        chat.until("It is done")
        chat.until("· 1 written")
    assert [w["state"] for w in homes.document(home, "journal", "show", "--all")["writes"]] == ["committed"]


def test_all_certain_ones_are_approved_with_count_and_total_only(home: Path) -> None:
    with chatting(home, week) as chat:
        chat.line("match the last two days")
        chat.until(ASKED)
        chat.line("a")
        wanted = chat.until(r"type the count and the total\s+\((\d+) ([\d.]+)\)")
        assert written(home) == 0
        chat.line(f"{wanted[1]} {wanted[2]}")
        place = chat.until(r"done: ").end()
        chat.until(ASKED, after=place)
        chat.line("q")
        chat.until("You were told what became of it")
        chat.until(PROMPT)
    assert written(home) >= int(wanted[1])


def test_what_is_typed_ahead_answers_no_card_and_waits_for_the_prompt(home: Path) -> None:
    go_on = threading.Event()

    def slow(seen: Seen) -> Say:
        if not seen.results("draft_contact"):
            go_on.wait(30)
        return contact(seen)

    with chatting(home, slow) as chat:
        chat.line("add Tui & Sons")
        chat.until("asking scripted")
        chat.type("y\ry\r")
        go_on.set()
        chat.until(ASKED)
        chat.line("n")
        chat.until(r"^finchat> y")  # where it can be read before it is sent
    assert written(home) == 0


def test_ctrl_c_stops_the_words_in_the_middle_and_keeps_the_session(home: Path) -> None:
    never = threading.Event()

    def endless(seen: Seen) -> Say | Raw:
        if seen.question == "again":
            return Say("Still here.")
        events = stream_of(seen, Say("These are the first words of a long answer. " * 20))
        raw = streamed(seen, events)
        half = len(raw.parts) // 2
        return Raw(headers=raw.headers, parts=[*raw.parts[:half], never], end="silent")

    with chatting(home, endless) as chat:
        chat.line("talk")
        chat.until("These are the first words")
        chat.type("\x03")
        place = chat.until("stopped").end()
        chat.until(PROMPT, after=place)
        chat.line("again")
        chat.until("Still here")
        never.set()
        chat.line("/quit")
        assert chat.ended() == 0


def test_ctrl_c_in_the_middle_of_a_call_stops_it_and_keeps_the_session(home: Path, tmp_path: Path) -> None:
    config, policy = tmp_path / "mcp.json", tmp_path / "policy.toml"
    books = {"finchat": {"profile": "xero", "sandbox": True}}
    slow = {"command": sys.executable, "args": ["-m", "tests.slow_server"], "env": {"PYTHONPATH": str(homes.ROOT)}}
    config.write_text(json.dumps({"mcpServers": {"books": books, "slow": slow}}))
    policy.write_text('version = 1\n[servers.slow]\ntools = { "wait" = "read" }\n')

    def waits(seen: Seen) -> Say:
        if seen.question == "again":
            return Say("Still here.")
        if "slow__wait" not in seen.tools:
            return Say(calls=[("find_tools", {"query": "wait"})])
        return Say(calls=[("slow__wait", {})])

    with chatting(home, waits, "--mcp-config", str(config), "--policy", str(policy)) as chat:
        chat.line("wait for it")
        chat.until("calling wait")
        chat.type("\x03")
        place = chat.until("stopped").end()
        chat.until(PROMPT, after=place)
        chat.line("again")
        chat.until("Still here")


def test_ctrl_c_at_the_card_stops_the_turn_and_writes_nothing(home: Path) -> None:
    with chatting(home, contact) as chat:
        chat.line("add Tui & Sons")
        chat.until(ASKED)
        chat.type("\x03")
        place = chat.until("stopped").end()
        chat.until(PROMPT, after=place)
        chat.line("/quit")
        assert chat.ended() == 0
    assert written(home) == 0


def test_ctrl_c_in_the_middle_of_a_write_keeps_the_session_and_never_sends_it_again(tmp_path: Path) -> None:
    with served(tmp_path / "company", "--delay", "after=6") as company:  # the answer comes long after Ctrl-C
        flags = ("--mcp-config", str(company.config(tmp_path / "mcp.json")))
        home = tmp_path / "home"
        with chatting(home, contact, *flags, books="Kōwhai Fitout") as chat:
            chat.line("add Tui & Sons")
            chat.until(ASKED)
            chat.line("y")
            chat.until("writing: ")
            until(lambda: _contacts(company) == 1)
            chat.type("\x03")
            place = chat.until("stopped").end()
            chat.until(PROMPT, after=place)
            chat.line("/quit")
            assert chat.ended() == 0
        assert journal(home, "SELECT state FROM writes") == [("unknown",)]
        with chatting(home, contact, *flags, books="Kōwhai Fitout") as chat:  # settled by reading, before anything else
            chat.line("/quit")
            assert chat.ended() == 0
        assert journal(home, "SELECT state FROM writes") == [("committed",)]
        assert _contacts(company) == 1


def _contacts(company: Served) -> int:
    """How many contacts of the drafted name the ledger has."""
    with closing(sqlite3.connect(company.ledger.path)) as ledger:
        (count,) = ledger.execute("SELECT count(*) FROM contact WHERE name = 'Tui & Sons'").fetchone()
    return int(count)


def test_a_killed_chat_is_resumed_with_what_was_said_and_its_plans_are_listed_unapproved(home: Path) -> None:
    with chatting(home, contact) as chat:
        chat.line("add Tui & Sons")
        chat.until(ASKED)
        chat.child.kill(signal.SIGKILL)
        assert chat.ended() != 0
    (saved,) = homes.document(home, "sessions")["sessions"]
    seen_again: list[list[str]] = []

    def goes_on(seen: Seen) -> Say:
        seen_again.append([getattr(item, "text", "") for item in seen.items])
        return Say("We spoke of Tui & Sons.")

    with chatting(home, goes_on, "--resume", saved["id"]) as chat:
        chat.until("Going on with session .*: add Tui & Sons")
        chat.until("Approvals of then are void; still waiting: ")
        chat.line("where were we?")
        chat.until("We spoke of Tui")
        chat.until(PROMPT)
        chat.line("/plan")
        chat.until("Tui & Sons")
    assert "add Tui & Sons" in seen_again[0]
    assert written(home) == 0


def test_nothing_is_coloured_where_colour_is_not_wanted(home: Path) -> None:
    with chatting(home, lambda _: Say("# Head\n\nSome **bold** words."), NO_COLOR="1") as chat:
        chat.line("hello")
        chat.until("Some bold words")
        chat.until(PROMPT)
        coloured = re.findall(r"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|9[0-7]|[34]8;\d+)(?:;\d+)*m", chat.raw)
        assert coloured == []


def test_a_resized_terminal_is_drawn_to_its_new_width(home: Path) -> None:
    with chatting(home, lambda _: Say("word " * 60), columns=120) as chat:
        chat.resize(70, 40)
        chat.line("talk")
        chat.until("word word")
        chat.until(PROMPT)
        said = [line for line in chat.lines if line.startswith("  word")]
        assert said
        assert all(len(line) <= 70 for line in said)


def test_a_dumb_terminal_and_the_plain_mode_redraw_nothing(home: Path) -> None:
    def table(seen: Seen) -> Say:
        return Say("| Customer | Due |\n|---|---:|\n| Ann | 5 |")

    with ScriptedModel(table) as model:
        given = environment(home, model)
        with Terminal("chat", "--plain", environment=given) as chat:
            chat.until("finchat>")
            chat.line("hello")
            chat.until("Customer: Ann")
            chat.line("/quit")
            assert chat.ended() == 0
        assert "\x1b" not in chat.raw


def test_piped_questions_are_answered_without_a_terminal_and_nothing_is_asked(home: Path, tmp_path: Path) -> None:
    with ScriptedModel(contact) as model:
        done = forked.run("chat", environment=environment(home, model), typed="add Tui & Sons\n")
    assert "I drafted the contact Tui & Sons" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert done.returncode == 3
    assert written(home) == 0


def test_a_wrong_command_names_the_nearest(home: Path) -> None:
    with chatting(home, None) as chat:
        chat.line("/quti")
        chat.until(r"did you mean /quit\?")
        chat.until(PROMPT)


def test_json_has_no_conversation(home: Path) -> None:
    done = forked.run("chat", "--json", environment=environment(home, None))
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["field"] == "--json"
