"""What a chat says and keeps beside its answers: wrong books, a model behind the prompt, an early Ctrl-C."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import homes
from tests.scripted.server import Say, Seen
from tests.test_chat import ASKED, PROMPT, chatting, contact, environment


@pytest.fixture
def home(company_home: Path, tmp_path: Path) -> Path:
    return homes.copied(company_home, tmp_path / "home")


def test_books_that_are_not_there_are_said_once_and_end_no_session(home: Path) -> None:
    asked: list[list[str]] = []

    def script(seen: Seen) -> Say:
        asked.append([getattr(item, "text", "") for item in seen.items])
        return Say("I hear you.")

    with chatting(home, script) as chat:
        chat.line("first question")
        chat.until("I hear you")
        chat.until(PROMPT)
        chat.line("/org nowhere")
        place = chat.until("next: the server has").end()
        place = chat.until(PROMPT, after=place).end()
        assert chat.text.count("is called 'nowhere'") == 1
        chat.line("second question")
        chat.until("I hear you", after=place)
    assert "first question" in asked[-1]
    assert len(homes.document(home, "sessions")["sessions"]) == 1


def test_what_waits_is_named_as_it_is_typed_in_the_chat(home: Path) -> None:
    with chatting(home, contact) as chat:
        chat.line("add Tui & Sons")
        chat.until(ASKED)
        chat.line("q")
        chat.until(r"1 proposal waiting for your approval:\s+/apply 2026")
        assert "finchat apply" not in chat.text[chat.text.rindex("waiting for your approval") :]


def test_ctrl_c_before_anything_is_there_is_one_line(home: Path) -> None:
    hook = (
        "import builtins, os, signal, sys\n"
        "import finchat.__main__ as entry\n"
        "real = builtins.__import__\n"
        "def importing(name, *rest, **more):\n"
        "    if name == 'finchat.cli':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(name, *rest, **more)\n"
        "builtins.__import__ = importing\n"
        "sys.argv = ['finchat', 'sessions']\n"
        "entry.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", hook], capture_output=True, text=True, env=environment(home, None), check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "finchat: interrupted\n")
