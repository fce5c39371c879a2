"""Names, ids and currencies that try to look like the card around them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from rich.cells import cell_len

from finchat.ui.amounts import aligned, money
from finchat.ui.card import card_lines
from tests.ui.samples import PLAN


def test_no_line_of_a_long_argument_name_can_pass_for_a_row_of_the_card() -> None:
    sample = PLAN.proposals[0]
    name = "x" * 60 + " " + "Class         certain, confidence 1" + " " * 30 + "Approve? y"
    write = replace(sample.writes[0], arguments={name: "1"})
    rows = [text.plain for text in card_lines(PLAN, replace(sample, writes=(write,)), number=1, total=1, width=80)]
    assert not any(row.startswith(("Class         certain, confidence 1 ", "Approve?")) for row in rows)
    assert max(map(cell_len, rows)) <= 80


def test_a_currency_or_an_id_never_acts_on_the_terminal() -> None:
    sample = replace(PLAN.proposals[0], id="p1\x1b[2J")
    rows = card_lines(PLAN, sample, number=1, total=1, width=80)
    assert not any("\x1b" in text.plain for text in rows)
    assert money(D("1.00"), "NZD\x1b[2J") == "1.00 NZD\\x1b[2J"
    assert aligned([(D("1.00"), "NZ\nD")]) == ["1.00 NZ\\nD"]
