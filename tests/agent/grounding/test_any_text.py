"""Whatever the text: nothing is raised, the work is bounded, and what was not read is not verified."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.agent.facts import Figure
from finchat.agent.grounding import MARK, check, correction, marked, ranges_in, values_in
from tests.agent.grounding.corpus import HONEST
from tests.agent.grounding.ledger import AS_OF, FACTS, VOCABULARY, YEAR_END, document

MILLION = 1_000_000
HOSTILE = {
    "digits": "1" * MILLION,
    "figures": "1 " * (MILLION // 2),
    "rows": "| 5 | 6 |\n|---|---|\n" + "| 5 | 6 |\n" * 100_000,
    "cells": "|" * MILLION,
    "items": "- 5\n" * 250_000,
    "nested items": "".join(" " * depth + "- 5\n" for depth in range(1_400)),
    "parentheses": "(" * (MILLION // 2) + "5" + ")" * (MILLION // 2),
    "sentences": "A 5. " * 200_000,
    "names": "INV-0042 has 0.00 paid. " * 40_000,
    "number words": "two hundred and " * 60_000,
    "odd unicode": "５．\u202e\ud800\u0300" * 200_000,
    "dates": "12 November 2026 to " * 50_000,
    "joined": "a-" * (MILLION // 2),
}


def figures(text: str, question: str = "") -> tuple[Figure, ...]:
    return check(text, facts=FACTS, vocabulary=VOCABULARY, question=question, as_of=AS_OF, year_end=YEAR_END)


# The costly ones are for the slow tests.
_QUICK = ("digits", "cells", "odd unicode", "dates")


@pytest.mark.parametrize(
    "text",
    [pytest.param(text, marks=() if name in _QUICK else pytest.mark.slow, id=name) for name, text in HOSTILE.items()],
)
def test_a_megabyte_of_anything_is_checked_within_bounds(text: str) -> None:
    before = time.process_time()
    found = figures(text)
    assert time.process_time() - before < 4  # about half a second when the machine is idle
    assert len(found) <= 2_001
    assert not found[-1].verified
    assert found[-1].end == len(text)  # the rest, or the last figure, is not passed over in silence
    assert marked(text, found).endswith(MARK)


_PIECES = st.sampled_from(
    ["Acme", "Beta Traders", "INV-0042", "owes", "due", "paid", "|", "\n", "- ", "## ", "**", "`", "(", ")", "%",
     "520.00", "830.50 ", "€", "NZD", "-", "–", ":", ";", ",", " and ", " respectively", "17 October 2026", "Q3 2026",
     "last quarter", "of the", "total", "\ud800", "\u202e", "٣", "½", "“", "”", "0042", "1–30 days", "over 30 days",
     "three", "invoices"]
)  # fmt: skip


@given(
    text=st.one_of(st.text(max_size=200), st.lists(_PIECES, max_size=40).map("".join)), question=st.text(max_size=40)
)
@settings(max_examples=100, deadline=None)
def test_any_text_is_taken_apart_without_an_error(text: str, question: str) -> None:
    found = figures(text, question)
    for figure in found:
        assert 0 <= figure.start < figure.end <= len(text)
        assert bool(figure.why) != figure.verified
    assert [figure.start for figure in found] == sorted(figure.start for figure in found)
    assert marked(text, found).replace(MARK, "") == text.replace(MARK, "")
    values_in(text, AS_OF)
    ranges_in(text, AS_OF)


def test_nothing_verifies_without_evidence() -> None:
    for text, question in HONEST:
        found = check(text, facts=[], vocabulary={}, question=question, as_of=AS_OF, year_end=YEAR_END)
        for figure in found:
            assert not figure.verified or figure.text.casefold() in {"30", "three", "two"}, (text, figure)


def test_opaque_computations_prove_nothing() -> None:
    from dataclasses import replace

    hidden = [replace(fact, opaque=True) for fact in FACTS]
    found = check("Acme owes 830.50.", facts=hidden, vocabulary=VOCABULARY, question="", as_of=AS_OF, year_end=YEAR_END)
    assert [figure.verified for figure in found] == [False]


def test_a_long_answer_over_a_large_ledger_takes_time_linear_in_both() -> None:
    facts = [
        fact
        for n in range(800)
        for fact in document(
            n, f"INV-{10_000 + n}", f"Customer {n % 500} Ltd", total=f"{n}.{n % 90 + 10}", due=f"{n}.{n % 90 + 10}",
            issued="2026-09-01", payable="2026-10-01",
        )
    ]  # fmt: skip
    vocabulary = {
        name.casefold(): frozenset({"invoice" if "INV" in name else "contact"}) for f in facts for name in f.entities
    }
    lines = [
        f"- INV-{10_000 + n} of Customer {n % 500} Ltd: {n}.{n % 90 + 10} outstanding since 1 October 2026"
        for n in range(1, 130)
    ]
    text = "These invoices are unpaid:\n\n" + "\n".join(lines)
    before = time.process_time()
    found = check(text, facts=facts, vocabulary=vocabulary, question="", as_of=AS_OF, year_end=YEAR_END)
    assert time.process_time() - before < 2  # a tenth of it when the machine is idle
    assert len(found) > 300
    assert all(figure.verified for figure in found)


def test_marks_stand_behind_what_is_not_verified_and_the_model_is_told_why() -> None:
    text = "Acme owes **830.50** and Beta owes 830.50."
    found = figures(text)
    assert marked(text, found) == "Acme owes **830.50** and Beta owes 830.50 [unverified]."
    assert marked(text, found, mark="?") == "Acme owes **830.50** and Beta owes 830.50?."
    told = correction(found)
    assert "- 830.50: 830.50 is the outstanding of Acme Ltd, not of beta traders" in told
    assert correction([figure for figure in found if figure.verified]) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Acme owes 700.01.", "no record of acme ltd has 700.01 as owes"),
        ("Acme owes €830.50.", "NZD"),
        ("Revenue in Q2 2026 was 50,000.00.", "of 2026-07-01 to 2026-09-30"),
        ("INV-0999 is open.", "no record has the number INV-0999"),
        ("Acme's INV-0077 is open.", "no record of acme ltd has the number INV-0077"),
        ("Zorro Ltd owes 830.50.", "no record is called Zorro"),
        ("INV-0042 was due on 17 September 2026.", "is the date of Acme Ltd, INV-0042, not the was due"),
    ],
)
def test_what_is_missing_is_said_in_plain_words(text: str, why: str) -> None:
    assert any(why in figure.why for figure in figures(text)), figures(text)
