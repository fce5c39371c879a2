"""A model's answer on a terminal: what is drawn is what was checked."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from finchat.agent.events import Called
from finchat.agent.facts import Figure, Source
from finchat.ui.answer import answer_view, elsewhere_view, sources
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


# Below the words


def figure(text: str, *ids: str, verified: bool = True) -> Figure:
    sources = tuple(Source(evidence_id=each, path="/x") for each in ids)
    return Figure(text=text, start=0, end=1, value=text, unit="number", verified=verified, sources=sources)


def test_a_figure_that_another_server_alone_tells_is_said_to_be_no_ledgers() -> None:
    figures = [
        figure("5.00", "e2"), figure("7\x1b[2J", "e2"), figure("5.00", "e2"), figure("of both", "e1", "e2"),
        figure("3", "e2", "e3"), figure("4", "e2", verified=False), figure("of the calendar"),
    ]  # fmt: skip
    assert elsewhere_view(figures, {"e2": "crm", "e3": "shop"}) == (
        "5.00, 7\\x1b[2J: from crm, which is not your ledger\n3: from crm and shop, which is not your ledger"
    )
    assert elsewhere_view(figures, {}) == ""
    many = elsewhere_view([figure(str(n), "e2") for n in range(11)], {"e2": "crm"})
    assert many == "0, 1, 2, 3, 4, 5, 6, 7 and 3 more: from crm, which is not your ledger"


def test_a_tool_that_is_not_finchats_own_is_named_with_its_server() -> None:
    def called(server: str, tool: str, evidence_id: str | None) -> Called:
        return Called(
            id="1", server=server, tool=tool, arguments={}, effect="read", decision="allow", outcome="done",
            evidence_id=evidence_id,
        )  # fmt: skip

    calls = [called("finchat", "chart", "e1"), called("crm", "list_deals", "e3"), called("crm", "none", None)]
    assert sources(calls) == "chart (e1), crm: list_deals (e3)"
