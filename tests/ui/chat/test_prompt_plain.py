"""The prompt without redraws: piped lines, dumb terminals, screen readers."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from finchat.ui.chat.plain import PlainPrompt
from finchat.ui.chat.toolbar import ToolbarState
from finchat.ui.chat.typed import LONGEST
from tests.ui.screens import Screen

DRIVER = "tests.ui.chat.prompting"


def piped(lines: bytes) -> tuple[PlainPrompt, io.StringIO]:
    words = io.StringIO()
    return PlainPrompt(toolbar=ToolbarState(), stdin=io.BytesIO(lines), stderr=words), words


async def all_of(prompt: PlainPrompt) -> list[str]:
    found = []
    while (asked := await asyncio.wait_for(prompt.ask(), 10)) is not None:
        found.append(asked)
    return found


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (b"one\n\n  two \nthree", ["one", "two", "three"]),
        (b"\xef\xbb\xbfwindows\r\nlines\r\n", ["windows", "lines"]),
        (b"C:\\books\\\nnext\n", ["C:\\books\\", "next"]),
        (b"\xff\xfebroken\n", ["��broken"]),
        ("zero\u200bwidth\x1b[2J\n".encode(), ["zerowidth[2J"]),
        (b"", []),
    ],
)
async def test_every_piped_line_is_one_question(given: bytes, asked: list[str]) -> None:
    prompt, words = piped(given)
    assert not prompt.interactive
    assert await all_of(prompt) == asked
    assert words.getvalue() == ""  # no prompt, no escape


async def test_a_piped_line_without_end_is_cut_and_said_so() -> None:
    prompt, words = piped(b"x" * (4 * LONGEST + 9) + b"\nnext\n")
    assert [len(line) for line in await all_of(prompt)] == [LONGEST, 4]
    assert "only its beginning is taken" in words.getvalue()


def test_a_notice_is_clean_lines_on_stderr() -> None:
    prompt, words = piped(b"")
    prompt.notice("books is ready\x1b[2J\nwith password=hunter22")
    assert words.getvalue() == "books is ready\\x1b[2J\n  with password=[secret]\n"


def test_a_piped_chat_loads_no_screen_and_ends_with_its_input(own_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", DRIVER], input="who owes us?\n", capture_output=True, text=True, check=True,
        env={**os.environ, "TERM": "xterm-256color"}, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.stdout.splitlines() == ["ASKED 'who owes us?'", "LEFT plain"]
    assert done.stderr == ""


@pytest.mark.parametrize(("flags", "environment"), [((), {"TERM": "dumb"}), (("--plain",), {})])
def test_a_plain_terminal_is_only_written_to(
    own_home: Path, flags: tuple[str, ...], environment: Mapping[str, str]
) -> None:
    screen = Screen(own_home, *flags, columns=80, rows=24, program=DRIVER, **environment)
    screen.wait("[SANDBOX  writes on approval · starting books …")
    screen.wait("finchat>")
    screen.press("one \\\n")
    screen.wait("     ...")
    screen.press("two\n")
    screen.wait(r"ASKED 'one \ntwo'")
    screen.press("half")
    screen.wait("half")
    screen.press("\x03")
    screen.wait("Ctrl-D leaves")
    screen.press("work\n")
    screen.wait("WORKING")
    screen.press("\x03")
    screen.wait("CANCELLED")
    screen.wait(lambda text: text.rstrip().endswith("finchat>"))
    screen.press("\x04")
    screen.wait("LEFT")
    assert screen.end() == 0
    assert b"\x1b" not in screen.seen
