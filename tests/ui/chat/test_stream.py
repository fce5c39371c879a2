"""An answer on the screen while it arrives: appended, never redrawn, the same whatever pieces it comes in."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.ui.chat.filling import cells
from finchat.ui.chat.stream import MarkdownStream, render
from finchat.ui.chat.theme import DARK, PLAIN, Theme, choose_theme
from tests.ui.chat.streaming import ANSWER, bare, figure, screen, streamed

PIECES = [
    "**", "*", "_", "`", "~~", "[", "](", "x)", "|", "\n", "\n\n", "- ", "  ", "1. ", "# ", "> ", "```", "```bars\n",
    "```spark\n", "|---|\n", "1,234.50 NZD", "500", "word", "a ", "é", "e\u0301", "日本", "\\", "!", "[unverified]",
    "password: hunter22 ", "sk-abcdefgh123 ", "https://u:p@x.y ", "\r\n", "\t", "---", "bearer abcdef123",
    "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "x" * 45, "\u00a0", "(5.00)", "Acme | 5",
]  # fmt: skip
HOSTILE = [
    "\u202e",
    "\x1b[31m",
    "\x1b]8;;http://x\x07",
    "\u200b",
    "\x07",
    "\r",
    "\x9b2J",
    "\u2028",
    "\ud800",
    "\U000e0041",
]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
hostile = st.lists(st.sampled_from([*PIECES, *HOSTILE]), max_size=30).map("".join)


# As a person sees it


@pytest.mark.parametrize("columns", [60, 80, 140, 200])
def test_an_answer_fits_the_screen_and_no_amount_is_broken(columns: int) -> None:
    lines = screen(streamed(ANSWER, width=columns), columns)
    for amount in ("14,846.50 NZD", "6,187.50 NZD", "234.00 NZD", "8,425.00 NZD"):
        assert any(amount in line for line in lines)
    assert not any(re.search(r"\d,?$|\d\.$", line) for line in lines if "Owes" in line)
    assert lines[0] == "Receivables on 20 November 2026"
    assert all(len(line) < columns for line in lines)


def test_the_points_of_a_column_stand_under_each_other() -> None:
    lines = screen(streamed(ANSWER))
    rows = [line for line in lines if re.search(r"\d\.\d\d NZD$", line) and "owe" not in line]
    assert len(rows) == 4
    assert len({line.rindex(".") for line in rows}) == 1


def test_a_list_is_indented_under_its_bullets() -> None:
    lines = screen(streamed(ANSWER))
    at = lines.index("  • Two reminders were sent, the last on 3 November, and nobody answered either")
    assert lines[at + 1] == "    of them so far."
    assert lines[at + 2] == "• Bayside Club owes 234.00 NZD."


def test_a_line_ends_before_an_amount_never_inside_it() -> None:
    for width in range(24, 60):
        for line in screen(
            streamed("The balance is " + "x " * 9 + "1,234.50 NZD (12.5 %) and USD 1 000.00 less", width=width), width
        ):
            assert not re.search(r"(1,234\.50|\(12\.5|USD|USD 1)$", line), line


def test_soft_breaks_join_and_hard_breaks_do_not() -> None:
    assert screen(streamed("one\ntwo  \nthree\\\nfour")) == ["one two", "three", "four"]
    assert screen(streamed("owes **5**\n**000** NZD")) == ["owes 5", "000 NZD"]
    assert screen(streamed("Total\n=====\nfive")) == ["Total", "five"]


def test_a_rule_a_quote_and_code_are_drawn() -> None:
    lines = screen(streamed("a\n\n---\n> said\n> more\n\n```sql\nSELECT  1\n```\n"))
    assert lines == ["a", "", "---", "│ said more", "", "  SELECT  1"]


def test_a_resize_counts_from_the_next_line_on() -> None:
    columns = 80
    out: list[str] = []
    stream = MarkdownStream(out.append, width=lambda: columns, theme=PLAIN, plain=False)
    stream.feed("word " * 30 + "\n\n")
    columns = 40
    stream.feed("word " * 30)
    stream.commit()
    first, second = "".join(out).split("\n\n")
    assert max(map(len, first.splitlines())) > 70
    assert max(map(len, second.splitlines())) < 40


# As it arrives


def test_the_first_letters_are_on_the_screen_at_once() -> None:
    out: list[str] = []
    stream = MarkdownStream(out.append, width=lambda: 80, theme=DARK, plain=False)
    began = time.perf_counter()
    stream.feed("Here")
    assert time.perf_counter() - began < 0.005
    assert out == ["Here"]
    stream.feed(" are")
    assert out == ["Here", " are"]


def test_a_heading_comes_word_by_word_in_its_look() -> None:
    out: list[str] = []
    stream = MarkdownStream(out.append, width=lambda: 80, theme=DARK, plain=False)
    stream.feed("## Rece")
    assert bare("".join(out)) == "Rece"
    stream.feed("ivables\nand")
    assert "".join(out) == f"{DARK.paint('Receivables', 'heading')}\nand"


@given(text=texts, cuts=st.lists(st.integers(0, 400), max_size=12), width=st.sampled_from([40, 60, 80, 140]))
@settings(max_examples=60, deadline=None)
def test_any_pieces_end_in_the_same_screen(text: str, cuts: list[int], width: int) -> None:
    whole = streamed(text, width=width)
    assert streamed(text, cuts=sorted(min(cut, len(text)) for cut in cuts), width=width) == whole
    assert streamed(text, cuts=range(1, len(text)), width=width) == whole


@given(text=texts, width=st.sampled_from([60, 80, 200]))
@settings(max_examples=60, deadline=None)
def test_at_most_two_bytes_for_each_byte_of_text(text: str, width: int) -> None:
    written = streamed(text, width=width)
    assert len(written.encode()) <= 2 * len(text.encode()) + 200
    assert all(cells(line) < width for line in bare(written).split("\n"))


def test_a_real_answer_takes_little_more_than_its_text() -> None:
    assert len(streamed(ANSWER).encode()) < 1.6 * len(ANSWER.encode())


# Hostile


@given(text=hostile, cuts=st.lists(st.integers(0, 400), max_size=6), plain=st.booleans())
@settings(max_examples=60, deadline=None)
def test_nothing_raw_reaches_the_terminal(text: str, cuts: list[int], plain: bool) -> None:
    written = streamed(text, cuts=sorted(min(cut, len(text)) for cut in cuts), plain=plain)
    assert all(char == "\n" or char.isprintable() for char in bare(written))
    assert "hunter22" not in written
    assert "u:p@" not in written
    if plain:
        assert "\x1b" not in written


@pytest.mark.parametrize(
    "text", ["5*0*0", "5`0`0 NZD", "5**,000**", "**5**,000", "5[0](x)0", "5<b></b>0", "5\\,000", "-**5**"]
)
def test_no_marker_is_taken_from_inside_a_figure(text: str) -> None:
    assert screen(streamed(text)) == [text]


def test_a_link_shows_where_it_leads() -> None:
    assert screen(streamed("see [the report](https://x.example/a)")) == ["see the report (https://x.example/a)"]


def test_a_secret_split_over_pieces_is_never_seen() -> None:
    text = "the key is sk-" + "a1b2" * 8 + " and\n-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----\nafter"
    for cuts in ((), range(1, len(text)), (13, 30, 60)):
        written = streamed(text, cuts=cuts)
        assert "a1b2" not in written
        assert "MII" not in written
        assert "after" in written


@pytest.mark.parametrize(
    "text",
    [
        "x" * 200_000,
        "*a " * 6_000,
        "[a " * 6_000,
        "> " * 8_000,
        "- " * 8_000,
        "|" + "a|" * 20_000,
        "\u0301" * 10_000,
        "".join("  " * depth + "- a\n" for depth in range(150)),
        "```\n" + "token " * 6_000,
        "1" * 100_000,
    ],
)
def test_time_is_bounded_whatever_comes(text: str) -> None:
    began = time.process_time()
    streamed(text)
    streamed(text, cuts=range(97, len(text), 97))
    assert time.process_time() - began < 2


# Figures


def test_figures_that_were_printed_are_named_below_with_their_words() -> None:
    text = "Acme owes 5,000.00 NZD today. Fine."
    lines = screen(streamed(text, [figure(text, "5,000.00 NZD")]))
    assert lines == [
        "Acme owes 5,000.00 NZD today. Fine.",
        "",
        "1 figure could not be traced to your books:",
        "  5,000.00 NZD: no record carries it — “Acme owes 5,000.00 NZD today”",
    ]


def test_figures_of_a_table_that_is_still_held_are_marked_in_it() -> None:
    text = "Acme owes 5.00.\n\n| Who | Owes |\n|---|--:|\n| Acme | 5,111.00 |\n| Bee | 12.50 |"
    lines = screen(streamed(text, [figure(text, "5,111.00"), figure(text, "12.50", verified=True)]))
    assert lines[:5] == [
        "Acme owes 5.00.",
        "",
        "Who       Owes",
        "Acme  5,111.00 [unverified]",
        "Bee      12.50",
    ]


def test_a_text_that_was_never_fed_is_marked_where_it_stands() -> None:
    text = "Acme owes **5,000.00 NZD**."
    out: list[str] = []
    stream = MarkdownStream(out.append, width=lambda: 80, theme=DARK, plain=False)
    stream.end(text, [figure(text, "5,000.00 NZD")])
    assert screen("".join(out))[0] == "Acme owes 5,000.00 NZD [unverified]."


def test_another_text_than_the_one_that_came_is_a_correction() -> None:
    out: list[str] = []
    stream = MarkdownStream(out.append, width=lambda: 80, theme=DARK, plain=False)
    stream.feed("It is 4.")
    stream.end("It is 5.", [])
    assert screen("".join(out)) == [
        "It is 4.", "", "What stands above was corrected. The checked answer:", "", "It is 5.",
    ]  # fmt: skip


def test_an_answer_that_breaks_off_says_why_and_keeps_what_came() -> None:
    out: list[str] = []
    stream = MarkdownStream(out.append, width=lambda: 80, theme=DARK, plain=False)
    stream.feed("Half of **an ans")
    stream.abort("stopped by you")
    assert screen("".join(out)) == ["Half of **an ans", "", "[stopped by you]"]
    stream.feed("New.")
    stream.end("New.", [])
    assert screen("".join(out))[-1] == "New."


def test_a_whole_text_looks_as_it_does_streamed() -> None:
    assert render(ANSWER, (), width=80, theme=DARK) == streamed(ANSWER)
    text = "It is 5."
    assert render(text, [figure(text, "5")], width=80, theme=PLAIN) == "It is 5 [unverified].\n"


# Themes


def test_a_screen_reader_gets_lines_without_boxes_or_colours() -> None:
    written = streamed(ANSWER, plain=True)
    assert "Customer: Bayside Club\nInvoice: INV-0051\nDue: 1 Dec 2026\nAmount: 234.00 NZD\n" in written
    assert "City Limousines: 8,425.00 NZD\n" in written
    assert "- Bayside Club owes" in written
    assert not re.search("[\x1b│█•─]", written)


def test_without_colours_a_header_is_underlined_by_dashes() -> None:
    lines = screen(streamed("| a | b |\n|---|---|\n| Acme | 1.50 |", theme=PLAIN))
    assert lines == ["a        b", "----  ----", "Acme  1.50"]


@pytest.mark.parametrize(
    ("setting", "environ", "expected"),
    [
        (None, {}, Theme("dark")),
        (None, {"COLORFGBG": "0;15"}, Theme("light")),
        (None, {"COLORFGBG": "15;default;0"}, Theme("dark")),
        ("light", {"COLORFGBG": "15;0"}, Theme("light")),
        ("dark", {"NO_COLOR": "1"}, Theme("none")),
        ("dark", {"TERM": "dumb"}, Theme("none", ascii=True)),
        ("none", {}, Theme("none")),
    ],
)
def test_the_theme_is_chosen_by_setting_and_surroundings(
    setting: str | None, environ: dict[str, str], expected: Theme
) -> None:
    assert choose_theme(setting, environ, terminal=True) == expected


def test_off_a_terminal_there_are_no_colours() -> None:
    assert choose_theme("dark", {}, terminal=False).name == "none"
