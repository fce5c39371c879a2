"""A line is known again in every file that holds it, and two real movements stay two."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.books.known_lines import KnownLine, Recognised, recognise
from finchat.books.lines import RawLine

FIRST = dt.date(2026, 11, 1)
Style = Literal["csv", "ofx", "camt"]


def raw(day: int, cents: int, text: str, *, fitid: str = "", balance: int | None = None) -> RawLine:
    return RawLine(
        source="statement",
        source_id="",
        date=FIRST + dt.timedelta(days=day),
        direction="receive" if cents > 0 else "spend",
        amount=Decimal(abs(cents)) / 100,
        currency="EUR",
        narration=text,
        fitid=fitid,
        balance=None if balance is None else Decimal(balance) / 100,
    )


@dataclass
class Memory:
    """What the store keeps, in the smallest form."""

    known: dict[str, KnownLine] = field(default_factory=dict)
    covered: list[tuple[dt.date, dt.date]] = field(default_factory=list)

    def read(self, lines: list[RawLine], format: str = "csv") -> tuple[Recognised, ...]:
        found = recognise(lines, "bank", format, self.known.values(), self.covered)
        self.known |= {r.known.line.id: r.known for r in found}
        if lines:
            self.covered.append((min(x.date for x in lines), max(x.date for x in lines)))
        return found


def ids(found: tuple[Recognised, ...]) -> list[str]:
    return [r.known.line.id for r in found]


@dataclass(frozen=True)
class Truth:
    """A movement as it happened: its place in time, what it moved, and what it says."""

    n: int
    day: int
    cents: int
    text: str
    balance: int


def happened(kinds: list[tuple[int, int]]) -> list[Truth]:
    """Movements by day; a kind of few amounts and texts, so that twins are common."""
    balance, found = 100_000, []
    for n, (day, kind) in enumerate(sorted(kinds, key=lambda k: k[0])):
        cents = (500, 500, -700, 1200)[kind]
        balance += cents
        found.append(Truth(n, day, cents, ("COFFEE CO", "ACME INV 1", "RENT", "ACME INV 1")[kind], balance))
    return found


def export(part: list[Truth], style: Style, shuffle: random.Random, *, balances: bool) -> list[tuple[Truth, RawLine]]:
    """A file: rows in any order within a day, newest first or last, ids only where the format has them."""
    rows = [
        (t, raw(t.day, t.cents, t.text if style != "camt" else t.text.lower() + " ref",
                fitid="" if style == "csv" else f"{style}-{t.n}", balance=t.balance if balances else None))
        for t in part
    ]  # fmt: skip
    shuffle.shuffle(rows)
    return rows


months = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=1, max_size=24).map(happened)


@settings(max_examples=150)
@given(
    months,
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 8), st.sampled_from(["csv", "ofx", "camt"])), min_size=1, max_size=5
    ),
    st.randoms(use_true_random=False),
)
def test_files_of_whole_days_give_each_movement_one_name_however_they_overlap(
    truth: list[Truth], files: list[tuple[int, int, Style]], shuffle: random.Random
) -> None:
    memory = Memory()
    seen: set[int] = set()
    for a, b, style in files:
        part = [t for t in truth if min(a, b) <= t.day <= max(a, b)]
        rows = export(part, style, shuffle, balances=False)
        names = ids(memory.read([r for _, r in rows], style))
        assert len(set(names)) == len(names)  # no two rows of a file are one line
        seen |= {t.n for t in part}
        assert len(memory.known) == len(seen)  # nothing is paid twice, nothing is lost
    kinds = Counter((t.day, t.cents) for t in truth if t.n in seen)
    lines = Counter((x.line.date, x.line.amount) for x in memory.known.values())
    assert sorted(kinds.values()) == sorted(lines.values())


@settings(max_examples=150)
@given(
    months,
    st.lists(st.tuples(st.integers(0, 23), st.integers(0, 23)), min_size=1, max_size=5),
    st.sampled_from(["csv", "ofx"]),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_a_file_cut_anywhere_never_makes_a_movement_new_again(
    truth: list[Truth], files: list[tuple[int, int]], style: Style, balances: bool, shuffle: random.Random
) -> None:
    memory = Memory()
    seen: set[int] = set()
    for a, b in files:
        part = truth[min(a, b) : max(a, b) + 1]
        rows = export(part, style, shuffle, balances=balances)
        names = ids(memory.read([r for _, r in rows], style))
        assert len(set(names)) == len(names)
        seen |= {t.n for t in part}
        assert len(memory.known) <= len(seen)
        if style == "ofx" or balances:  # an id or a balance tells which of two alike the file shows
            assert len(memory.known) == len(seen)


@given(months, st.randoms(use_true_random=False))
def test_no_fingerprint_names_two_lines(truth: list[Truth], shuffle: random.Random) -> None:
    memory = Memory()
    styles: tuple[Style, ...] = ("ofx", "csv", "camt")
    for style in styles:
        memory.read([r for _, r in export(truth, style, shuffle, balances=False)], style)
    owners: dict[str, str] = {}
    for id, one in memory.known.items():
        for name in one.line.fingerprints:
            assert owners.setdefault(name, id) == id


def test_a_file_that_begins_between_two_identical_rows_names_neither_anew() -> None:
    twin = raw(3, 4900, "COFFEE CO")
    later = raw(4, 100, "B")
    whole = Memory()
    first = ids(whole.read([raw(2, 1, "A"), twin, twin, later]))
    assert ids(whole.read([twin, later])) in ([first[1], first[3]], [first[2], first[3]])
    assert len(whole.known) == 4
    tail = Memory()
    tail.read([twin, later])
    tail.read([raw(2, 1, "A"), twin, twin, later])
    assert len(tail.known) == 4


def test_a_balance_tells_the_second_of_two_alike_from_the_first() -> None:
    memory = Memory()
    memory.read([raw(2, 1, "A", balance=100), raw(3, 500, "COFFEE", balance=600)])
    found = memory.read([raw(3, 500, "COFFEE", balance=1100), raw(4, 1, "B", balance=1101)])
    assert [r.new for r in found] == [True, True]


def test_an_id_that_changes_with_every_export_makes_nothing_new_on_a_day_covered_in_full() -> None:
    memory = Memory()
    days = [raw(n, 100 + n, f"T{n}", fitid=f"x{n}") for n in range(5)]
    memory.read(days, "ofx")
    again = memory.read([replace(x, fitid=f"y{n}") for n, x in enumerate(days)], "ofx")
    assert not any(r.new for r in again)


def test_ids_that_differ_on_one_day_alone_tell_twins_apart() -> None:
    memory = Memory()
    memory.read([raw(1, 100, "A", fitid="1"), raw(3, 4900, "COFFEE", fitid="2")], "ofx")
    found = memory.read([raw(3, 4900, "COFFEE", fitid="3"), raw(4, 100, "B", fitid="4")], "ofx")
    assert [r.new for r in found] == [True, True]


def test_equal_amounts_of_two_payers_on_a_day_cut_in_two_stay_two() -> None:
    """One layout, no ids, no balances: the second file goes on where the first was exported."""
    memory = Memory()
    memory.read([raw(1, 100, "A"), raw(3, 4900, "CR FROM ACME LTD")])
    found = memory.read([raw(3, 4900, "CR FROM BETA LTD"), raw(5, 100, "B")])
    assert [r.new for r in found] == [True, True]
    (other,) = memory.read([raw(3, 4900, "Beta Ltd credit")], "another layout")
    assert not other.new


def test_a_line_the_bank_words_anew_is_known_where_the_later_file_shows_its_whole_day() -> None:
    memory = Memory()
    first = memory.read([raw(1, 100, "A"), raw(3, -1200, "PENDING UBER")])
    again = memory.read([raw(1, 100, "A"), raw(3, -1200, "HELP.COM TRIP AMSTERDAM"), raw(6, 200, "B")])
    assert ids(again)[:2] == ids(first)


def test_an_id_that_every_payer_shares_is_no_id() -> None:
    memory = Memory()
    memory.read([raw(2, 4900, "ANNA LTD", fitid="POS")], "mt940")
    assert memory.read([raw(4, 4900, "BEA LTD", fitid="POS")], "mt940")[0].new
    both = memory.read([raw(7, 4900, "ANNA LTD", fitid="POS"), raw(7, 4900, "BEA LTD", fitid="POS")], "mt940")
    assert [r.known.line.fitid for r in both] == ["", ""]


def test_an_id_on_lines_of_different_amounts_is_no_id() -> None:
    memory = Memory()
    found = memory.read([raw(1, 100, "A", fitid="0"), raw(1, 200, "B", fitid="0")], "mt940")
    assert all(r.known.line.id.startswith("hash:") for r in found)


def test_a_line_on_a_day_that_was_covered_without_it_is_late() -> None:
    memory = Memory()
    memory.read([raw(1, 100, "A"), raw(5, 100, "B")])
    (found,) = memory.read([raw(3, 700, "C")])
    assert (found.new, found.late) == (True, True)


def test_texts_of_two_banks_systems_are_one_line_when_they_share_words() -> None:
    memory = Memory()
    (first,) = memory.read([raw(1, 100, "CR FROM ACME HOLDINGS INV 1001")])
    (second,) = memory.read([raw(1, 100, "Acme Hold INV 1001", fitid="9")], "ofx")
    assert ids((first,)) == ids((second,))
    (third,) = memory.read([raw(1, 100, "OTHER PEOPLE LTD", fitid="10")], "ofx")
    assert third.new
