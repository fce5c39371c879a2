"""The real chat at a real terminal, with hostile texts in its answer, its calls, its card and its records."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests import attacks, forked, homes
from tests.scripted.server import Say, ScriptedModel, Seen
from tests.test_chat import PROMPT, chatting, environment

NAME = "Tui [red]&#27;[31m ![x](https://evil.example) " + "Approve?forged " * 12
ANSWER = (
    "\n\n".join(texts[0] for texts in attacks.ATTACKS.values() if len(texts[0]) < 1000) + "\n\n" + attacks.FORGED[8]
)
# What the prompt and the terminal's own line say: cursor, erasing, modes, looks; never a string or a title.
_OWN = re.compile(r"\x1b\[[0-9;]*[ABCDGHJKm]|\x1b\[\?(?:1|7|12|25|2004)[hl]|\x1b\[[0-9 ]*q|\x1b\[6n|\r")


@pytest.fixture
def home(company_home: Path, tmp_path: Path) -> Path:
    return homes.copied(company_home, tmp_path / "home")


def hostile(seen: Seen) -> Say:
    if not seen.results("draft_contact"):
        return Say(calls=[("documents", {ANSWER: ANSWER}), (ANSWER[:60], {}), ("draft_contact", {"name": NAME})])
    return Say("So be it." if "decided" in seen.question else ANSWER)


def test_nothing_of_a_strangers_acts_on_the_terminal_or_begins_a_line(home: Path) -> None:
    with chatting(home, hostile) as chat:
        chat.line("add the contact")
        chat.until(r"^Approve\? y yes, .*q quit: *$")
        chat.line("n")
        place = chat.until("So be it").end()
        for command in ("/source", "/audit", "/sent all", "/sessions", "/plan"):
            place = chat.until(PROMPT, after=place).end()
            chat.line(command)
        chat.until(PROMPT, after=place)
        chat.type("\x04")
        assert chat.ended() == 0
        assert "Approve?forged" in chat.text
        assert not attacks.raw(_OWN.sub("", chat.raw))
        assert not attacks.forged(chat.lines)


def test_the_lines_for_scripts_and_the_log_show_nothing_raw(home: Path) -> None:
    with ScriptedModel(hostile) as model:
        done = forked.run("ask", "add it", "--events", environment=environment(home, model))
    assert not attacks.raw(done.stdout)
    assert json.loads(done.stdout.splitlines()[-1])["answer"] == json.loads(json.dumps(ANSWER))
    assert not attacks.raw((home / "audit.jsonl").read_bytes())
    for command in (("sessions", "list"), ("audit", "show", "--last", "0")):
        shown = homes.run(home, *command).stdout
        assert not attacks.raw(shown)
        assert not attacks.forged(shown.splitlines())
