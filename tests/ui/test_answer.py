"""A model's answer on a terminal: what is drawn is what was checked."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from finchat.ui.answer import answer_view
from finchat.ui.sink import Sink


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(answer: str) -> str:
    screen = Terminal()
    console = Console(file=screen, width=100, color_system=None, markup=False, highlight=False)
    console.print(answer_view(answer, (), Sink("human", stdout=screen)))
    return screen.getvalue()


@pytest.mark.parametrize(
    ("entity", "character"),
    [("&#8238;", "\u202e"), ("&#x200b;", "\u200b"), ("&zwnj;", "\u200c"), ("&shy;", "\xad"), ("&#27;", "\x1b")],
)
def test_no_entity_becomes_a_character_that_was_not_cleaned(entity: str, character: str) -> None:
    shown = drawn(f"Acme owes 5{entity}00 NZD")
    assert character not in shown
    assert entity in shown


@pytest.mark.parametrize(
    "answer",
    ["5<b></b>00 NZD", "5<!-- -->00 NZD", "f<i></i>ive hundred", "<div>\n500 NZD\n</div>", "[unverified]: http://x.y"],
)
def test_no_markup_hides_what_was_checked(answer: str) -> None:
    assert "".join(drawn(answer).split()) == "".join(answer.split())


def test_markdown_is_drawn_as_markdown() -> None:
    shown = drawn("# Late\n\n| a | b |\n|---|---|\n| **x** | ~~y~~ |\n\n- one\n- two")
    assert "**" not in shown
    assert "|---" not in shown
    assert "• one" in shown


def test_a_huge_answer_is_on_the_screen_at_once() -> None:
    began = time.process_time()
    shown = drawn("| 1 | 2 |\n|---|---|\n" + "| 1 | 2 |\n" * 5_000)
    assert time.process_time() - began < 2
    assert sum(line.split()[:1] in (["1"], ["|"]) for line in shown.splitlines()) >= 5_000
