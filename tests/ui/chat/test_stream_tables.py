"""Tables and charts of an answer: aligned, fitted, nothing left out."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.ui.chat.bars import bar_rows, sparkline, value_of
from finchat.ui.chat.tables import number
from finchat.ui.chat.theme import PLAIN, Theme
from tests.ui.chat.streaming import bare, screen, streamed

amounts = st.decimals("-9999999", "9999999", places=2).map(lambda d: f"{d:,.2f} NZD")
words = st.text("abc de", min_size=1, max_size=60).map(lambda t: " ".join(t.split()) or "x")


def table(header: str, *rows: str) -> str:
    return "\n".join([header, "|".join(["", *["---"] * (header.count("|") - 1), ""]), *rows]) + "\n"


@given(rows=st.lists(st.tuples(words, amounts, words), min_size=1, max_size=5), columns=st.integers(60, 200))
@settings(max_examples=50, deadline=None)
def test_every_word_and_amount_of_a_table_is_whole_on_the_screen(
    rows: list[tuple[str, str, str]], columns: int
) -> None:
    written = streamed(
        table("| Who | Owes | Why |", *(f"| {a} | {b} | {c} |" for a, b, c in rows)), width=columns, theme=PLAIN
    )
    assert all(len(line) < columns for line in written.split("\n"))
    for who, owes, why in rows:
        assert owes in written
        assert not set((who + " " + why).split()) - set(written.split()) or len(who) > 40
    assert len({line.index(".") for line in written.splitlines() if re.search(r"\d\.\d\d NZD", line)}) == 1


def test_the_widest_words_are_wrapped_and_amounts_are_not() -> None:
    text = table(
        "| Name | Note | Amount |", f"| Acme | {'a long story ' * 12}| 1,234.50 NZD |", "| Bee | short | 5 NZD |"
    )
    lines = screen(streamed(text, width=60, theme=PLAIN), 60)
    assert lines[2].startswith("Acme  a long story")
    assert lines[2].endswith("1,234.50 NZD")
    assert lines[-1].startswith("Bee   short")
    assert lines[-1].endswith("5    NZD")


def test_a_table_that_cannot_fit_becomes_lines_of_column_and_value() -> None:
    names = [f"Month {i}" for i in range(12)]
    text = table(f"| {' | '.join(names)} |", f"| {' | '.join(['1,234,567.00 NZD'] * 12)} |")
    lines = screen(streamed(text, width=60), 60)
    assert lines == [f"{name}: 1,234,567.00 NZD" for name in names]


def test_dates_codes_and_words_stay_left_and_bars_stay_in_cells() -> None:
    lines = screen(
        streamed(table("| Code | Day | a\\|b |", "| 090 | 2026-11-20 | x |", "| 200 | 2026-12-01 | y |"), theme=PLAIN)
    )
    assert lines == ["Code  Day         a|b", "----  ----------  ---", "090   2026-11-20  x", "200   2026-12-01  y"]


def test_what_is_too_much_for_a_row_is_shown_all_the_same() -> None:
    assert "x  y | 3 | 4" in "\n".join(screen(streamed(table("| a | b |", "| x | y | 3 | 4 |", "| z |"), theme=PLAIN)))


def test_ten_thousand_rows_are_all_there() -> None:
    text = table("| Who | Owes |", *(f"| c{i} | {i}.00 |" for i in range(10_000)))
    written = bare(streamed(text, width=80))
    assert written.count("\nc") == 10_000


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("1,234.50 NZD", ("1,234", ".50", " NZD")),
        ("(500.00)", ("(500", ".00", ")")),
        ("-25 %", ("-25", "", " %")),
        ("NZ$1.5m", ("NZ$1", ".5", "m")),
        ("1.234,50", ("1.234", ",50", "")),
        ("€ 7", ("€ 7", "", "")),
        ("5.00 [unverified]", ("5", ".00", " [unverified]")),
    ],
)
def test_a_figure_is_cut_at_its_point(text: str, cut: tuple[str, str, str]) -> None:
    found = number(text)
    assert found is not None
    assert (found.head, found.part, found.tail) == cut


@pytest.mark.parametrize("text", ["2026-11-20", "20.11.2026", "090", "INV-1", "", "5 and 6", "1,2,3", "9" * 100])
def test_what_is_no_figure_is_not_aligned_as_one(text: str) -> None:
    assert number(text) is None


# Charts


def test_bars_are_as_long_as_their_figures_and_figures_as_given() -> None:
    chart = "```bars\nRent | 4,000.00 NZD\nPower | 1,000.0 NZD\nRefunds | -2,000 NZD\nNothing | 0 NZD\n```\n"
    lines = screen(streamed("Where the money of the quarter that ended in September went:\n\n" + chart))[2:]
    assert [line.rstrip(" █▏▎▍▌▋▊▉") for line in lines] == [
        "Rent      4,000.00 NZD",
        "Power     1,000.0  NZD",
        "Refunds  -2,000    NZD",
        "Nothing       0    NZD",
    ]
    rent, power, refunds, nothing = (len(re.findall("[█▏▎▍▌▋▊▉]", line)) for line in lines)
    assert rent > 2 * power > 0 == nothing
    assert refunds > power
    assert lines[2].rindex("█") < lines[0].index("█")


@pytest.mark.parametrize("lines", [["a | many"], ["no bar"], ["a | 5 NZD", "b | 5 JPY"], []])
def test_what_has_no_common_length_has_no_bars(lines: list[str]) -> None:
    assert bar_rows(lines) is None


def test_a_chart_without_numbers_is_shown_as_text() -> None:
    assert screen(streamed("```bars\nAcme | lots\n```\n")) == ["Acme: lots"]
    assert screen(streamed("```spark\nup and down\n```\n")) == ["up and down"]


def test_bars_of_a_dumb_terminal_are_plain_characters() -> None:
    written = streamed("```bars\na | 4\nb | 2\n```\n", theme=Theme("none", ascii=True))
    assert re.search(r"a  4  (#+)\nb  2  (#+)\n", written)
    assert written.isascii()


def test_a_sparkline_stands_over_its_figures() -> None:
    assert screen(streamed("```spark\nSales: 1,200 1,300.50 900\n```\n")) == ["Sales ▆█▁", "1,200 1,300.50 900"]
    assert sparkline([Decimal(3)] * 2) == "▄▄"


@pytest.mark.parametrize(
    ("given_text", "value"), [("(5.50)", "-5.5"), ("-1,200", "-1200"), ("1.5m", "1500000"), ("7 %", "7")]
)
def test_the_value_of_a_figure(given_text: str, value: str) -> None:
    assert value_of(given_text) == Decimal(value)
