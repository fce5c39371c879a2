"""Honest answers in many styles verify; every false variant of them is marked."""

from __future__ import annotations

from collections import Counter

import pytest

from finchat.agent.facts import Figure
from finchat.agent.grounding import check
from tests.agent.grounding.corpus import HONEST, MORE
from tests.agent.grounding.false_claims import FALSE
from tests.agent.grounding.ledger import AS_OF, FACTS, VOCABULARY, YEAR_END
from tests.agent.grounding.mutations import Variant, variants

ALL_HONEST = (*HONEST, *MORE)


def figures(text: str, question: str = "") -> tuple[Figure, ...]:
    return check(text, facts=FACTS, vocabulary=VOCABULARY, question=question, as_of=AS_OF, year_end=YEAR_END)


def wrong(text: str, question: str = "") -> list[tuple[str, str]]:
    return [(figure.text, figure.why) for figure in figures(text, question) if not figure.verified]


@pytest.mark.parametrize(("text", "question"), ALL_HONEST, ids=[text[:60] for text, _ in ALL_HONEST])
def test_an_honest_answer_verifies(text: str, question: str) -> None:
    assert wrong(text, question) == []


@pytest.mark.parametrize(("text", "question"), FALSE, ids=[text[:60] for text, _ in FALSE])
def test_a_false_claim_is_marked(text: str, question: str) -> None:
    assert wrong(text, question)


def test_every_figure_that_is_verified_says_what_it_stands_on_and_every_other_what_is_missing() -> None:
    for text, question in (*ALL_HONEST, *FALSE):
        for figure in figures(text, question):
            assert text[figure.start : figure.end] == figure.text
            assert bool(figure.why) != figure.verified


@pytest.mark.parametrize("part", range(4))
def test_no_false_variant_of_an_honest_answer_passes(part: int) -> None:
    made: Counter[str] = Counter()
    accepted: list[Variant] = []
    for text, question in HONEST[part::4]:
        for variant in variants(text, question, figures(text, question)):
            if (variant.text, variant.question) == (text, question):
                continue
            made[variant.kind] += 1
            marked = [f for f in figures(variant.text, variant.question) if not f.verified]
            if variant.at is not None:
                marked = [f for f in marked if f.start < variant.at[1] and variant.at[0] < f.end]
            if not marked:
                accepted.append(variant)
    assert accepted == []
    assert sum(made.values()) >= 200
