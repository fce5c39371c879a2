"""The prompt at a real terminal: what a person sees."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui.screens import Screen

DRIVER = "tests.ui.chat.prompting"
Open = Callable[..., Screen]


@pytest.fixture
def opened(own_home: Path) -> Iterator[Open]:
    screens: list[Screen] = []

    def start(columns: int = 80, **environment: str) -> Screen:
        screen = Screen(own_home, columns=columns, rows=24, program=DRIVER, **environment)
        screens.append(screen)
        screen.wait("finchat>")
        screen.wait("writes on approval")
        return screen

    yield start
    for screen in screens:
        screen.child.close(force=True)


def prompt_line(text: str) -> str:
    """The last line that is a prompt."""
    return [line for line in text.splitlines() if line.startswith("finchat>")][-1]


def typed(line: str) -> Callable[[str], bool]:
    return lambda text: prompt_line(text) == f"finchat> {line}".rstrip()


def go_on(screen: Screen) -> None:
    os.kill(screen.child.pid or 0, signal.SIGUSR1)


def test_commands_names_and_lines_as_a_person_sees_them(opened: Open) -> None:
    screen = opened()
    screen.press("/")
    shown = screen.wait("/quit              Leave")
    assert "/reconcile [DAYS]  Match bank lines" in shown
    screen.press("se")
    screen.wait(lambda text: "/reconcile" not in text)
    screen.press("\t\r")
    screen.wait("ASKED '/sessions'")
    screen.press("what does kow\t")
    screen.wait(typed("what does Kōwhai Fitout & Supply"))
    screen.press(" owe?\x1b\rand \x1b[200~us\nthem\x1b[201~\\\rall\r")
    screen.wait(r"ASKED 'what does Kōwhai Fitout & Supply owe?\nand us\nthem\nall'")
    assert "     ... them" in screen.text
    screen.wait(lambda text: prompt_line(text) == "finchat>")  # the keyboard is the prompt's again
    screen.press("half a line\x03")
    screen.wait("Ctrl-D leaves")
    assert prompt_line(screen.text) == "finchat>"
    screen.press("\x04")
    screen.wait("LEFT")
    assert screen.end() == 0


def test_notices_warnings_and_the_toolbar_change_around_a_line_that_is_typed(opened: Open) -> None:
    screen = opened()
    assert "starting books" in screen.text
    screen.press("soon\rhalf")
    shown = screen.wait("Kōwhai Fitout & Supply (Demo)")
    screen.wait("a library warns")
    shown = screen.wait(typed("half"))
    assert r"books is ready\x1b[2J\u202e" in shown
    assert "starting books" not in shown
    assert shown.index("books is ready") < shown.index("a library warns") < shown.rindex("finchat> half")
    screen.press(" more\r")
    screen.wait("ASKED 'half more'")


def test_a_turn_shows_nothing_that_is_typed_and_asks_it_next(opened: Open) -> None:
    screen = opened()
    screen.press("work\r")
    screen.wait("WORKING")
    screen.press("first\r\x1b[200~second\nline\x1b[201~\rthi\x1b[D\x1b[3~")
    go_on(screen)
    screen.wait("ASKED 'first'")
    screen.wait(r"ASKED 'second\nline'")
    shown = screen.wait(typed("th"))
    assert re.search(r"WORKING\nDONE\nfinchat> first\n", shown)


def test_ctrl_c_stops_a_turn_at_once_and_what_was_typed_waits_to_be_read(opened: Open) -> None:
    screen = opened()
    screen.press("work\r")
    screen.wait("WORKING")
    screen.press("/quit\r")
    screen.press("\x03")
    screen.wait("CANCELLED")
    screen.wait(lambda text: prompt_line(text) in ("finchat>", "finchat> /quit"))  # the terminal may drop it at Ctrl-C
    assert "ASKED '/quit'" not in screen.text
    screen.press("\x15still here\r")
    screen.wait("ASKED 'still here'")


def test_nothing_typed_or_pasted_early_answers_a_card(opened: Open) -> None:
    screen = opened()
    screen.press("card\ry\r")
    screen.wait("WORKING")
    screen.press("y\ry\r")
    go_on(screen)
    screen.wait("Approve?")
    screen.press("\x1b[200~y\ry\r\x1b[201~\r")
    screen.wait("what is pasted decides nothing")
    screen.wait(lambda text: text.count("Approve?") == 2)
    screen.press("n\r")
    screen.wait("ANSWERED 'n'")
    go_on(screen)
    screen.wait("DONE")
    shown = screen.wait(lambda text: "finchat> y" in text)
    assert shown.count("ANSWERED") == 1
    assert "ASKED 'y" not in shown  # it is there to be read, and is not sent by itself


def test_ctrl_c_at_a_card_stops_the_turn_and_the_prompt_is_whole_again(opened: Open) -> None:
    screen = opened()
    screen.press("card\r")
    screen.wait("WORKING")
    go_on(screen)
    screen.wait("Approve?")
    screen.press("half an ans\x03")
    screen.wait("CANCELLED")
    screen.press("next\x1b[D\x7fi\r")
    screen.wait("ASKED 'neit'")


def test_the_toolbar_fits_after_the_window_got_smaller(opened: Open) -> None:
    screen = opened(columns=140)
    assert "0.12 USD · 12.3k tokens" in screen.text
    screen.resize(60, 24)
    shown = screen.wait(lambda text: "writes on approval" in text and "tokens" not in text)
    assert max(map(len, shown.splitlines())) <= 60
    screen.press("still\r")
    screen.wait("ASKED 'still'")


def test_the_editor_gives_back_what_was_written_in_it(opened: Open, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nprintf 'and\\nmore\\n' >> \"$1\"\n")
    editor.chmod(0o700)
    screen = opened(EDITOR=str(editor), VISUAL="")
    screen.press("text \x18\x05")
    screen.wait("     ... more")
    screen.press("\r")
    screen.wait(r"ASKED 'text and\nmore'")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {}])
def test_colour_is_used_only_where_it_is_wanted(opened: Open, environment: dict[str, Any]) -> None:
    screen = opened(**environment)
    coloured = re.search(rb"\x1b\[[0-9;]*(?:3[0-7]|4[0-7])[;m]", screen.seen) is not None
    assert coloured == (not environment)
    assert re.search(rb"\x1b\[[0-9;]*(?:43|7)[;0-9]*m SANDBOX ", screen.seen)


def test_no_terminal_is_asked_where_its_cursor_is(opened: Open) -> None:
    assert b"\x1b[6n" not in opened().seen
