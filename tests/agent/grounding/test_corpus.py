"""Honest answers in many styles verify; every false variant of them is marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from finchat.agent.facts import Figure
from finchat.agent.grounding import check
from tests.agent.grounding.corpus import HELD_OUT, HONEST, MORE
from tests.agent.grounding.false_claims import FALSE
from tests.agent.grounding.ledger import AS_OF, FACTS, VOCABULARY, YEAR_END
from tests.agent.grounding.mutations import Variant, variants

ALL_HONEST = (*HONEST, *MORE, *HELD_OUT)


def figures(text: str, question: str = "") -> tuple[Figure, ...]:
    return check(text, facts=FACTS, vocabulary=VOCABULARY, question=question, as_of=AS_OF, year_end=YEAR_END)


def wrong(text: str, question: str = "") -> list[tuple[str, str]]:
    """What is marked, and why. Every figure says what it stands on or what is missing."""
    found = figures(text, question)
    for figure in found:
        assert text[figure.start : figure.end] == figure.text
        assert bool(figure.why) != figure.verified
    return [(figure.text, figure.why) for figure in found if not figure.verified]


@pytest.mark.parametrize(("text", "question"), ALL_HONEST, ids=[text[:60] for text, _ in ALL_HONEST])
def test_an_honest_answer_verifies(text: str, question: str) -> None:
    assert wrong(text, question) == []


@pytest.mark.parametrize(("text", "question"), FALSE, ids=[text[:60] for text, _ in FALSE])
def test_a_false_claim_is_marked(text: str, question: str) -> None:
    assert wrong(text, question)


def accepted(answers: Iterable[tuple[str, str]], most_of_a_kind: int) -> tuple[list[Variant], int]:
    """False variants of honest answers in which the false figure is not marked, and how many were made."""
    made, passed = 0, []
    for text, question in answers:
        kinds: Counter[str] = Counter()
        found = figures(text, question)
        for variant in variants(text, question, found):
            kinds[variant.kind] += 1
            if (variant.text, variant.question) == (text, question) or kinds[variant.kind] > most_of_a_kind:
                continue
            made += 1
            marked = [f for f in figures(variant.text, variant.question) if not f.verified]
            if variant.at is not None:
                marked = [f for f in marked if f.start < variant.at[1] and variant.at[0] < f.end]
            if not marked:
                passed.append(variant)
    return passed, made


def test_no_false_variant_of_an_honest_answer_passes() -> None:
    passed, made = accepted(HONEST, most_of_a_kind=1)
    assert passed == []
    assert made >= 300


@pytest.mark.slow
def test_none_of_all_false_variants_passes() -> None:
    passed, made = accepted(HONEST, most_of_a_kind=1_000)
    assert passed == []
    assert made >= 1_300
