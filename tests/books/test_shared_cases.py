"""The labelled cases shared by all: nothing wrong, nothing booked twice, in their own words and in words never seen."""

from __future__ import annotations

import importlib.util
import json
import random
import re
import string
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from finchat.books.documents import Books
from finchat.books.matching import match
from finchat.books.neutral import CASE_FILES, proposals, read_case

_CASES = Path(__file__).parents[3] / "shared" / "bench" / "reconcile"
_NAMES = ("case_200", "case_1000_ledger", "case_2000")

pytestmark = pytest.mark.skipif(not _CASES.exists(), reason="the shared cases are not beside this checkout")


@cache
def _case(name: str) -> tuple[Books, dict[str, Any]]:
    folder = _CASES / name
    files = {f: json.loads((folder / f"{f}.json").read_text()) for f in CASE_FILES if (folder / f"{f}.json").exists()}
    return read_case(files), json.loads((folder / "truth.json").read_text())


def _score(books: Books, truth: dict[str, Any]) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("bench_score", _CASES / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    document = json.loads(json.dumps(proposals(match(books), books), default=str))
    known = {line.source_id for line in books.lines}
    part = {**truth, "lines": {k: v for k, v in truth["lines"].items() if k in known}}
    part["links"] = [x for x in truth["links"] if x["bank_id"] in known]
    result: dict[str, Any] = module.score(part, document)
    return result


@pytest.mark.parametrize("name", _NAMES)
def test_no_payment_is_wrong_and_nothing_is_booked_twice(name: str) -> None:
    books, truth = _case(name)
    score = _score(books, truth)
    assert score["wrong_payments"] == 0
    assert score["misallocated_value"] == "0.00"
    assert score["recall"] >= 0.85
    assert score["suggest_hit3"] >= 0.7
    if truth.get("ledger"):
        assert score["double_booked"] == 0
        assert score["wrong_claims"] == 0
        assert score["claim_recall"] >= 0.99
        assert score["allocations_wrong"] == 0
        assert score["allocations_right"] >= 29


def _other_words(seed: int) -> Callable[[str], str]:
    """Every letter replaced by another of its kind: no word of any bank, name or language survives, currencies do."""
    order = random.Random(seed)
    vowels, consonants = "AEIOUY", "".join(c for c in string.ascii_uppercase if c not in "AEIOUY")
    table: dict[str, str] = {}
    for letters in (vowels, consonants):
        table |= dict(zip(letters, order.sample(letters, len(letters)), strict=True))
    table |= {k.lower(): v.lower() for k, v in table.items()}

    def change(text: str) -> str:
        return re.sub(r"[A-Za-z]+", lambda w: w[0] if w[0] in ("EUR", "GBP") else "".join(table[c] for c in w[0]), text)

    return change


def _renamed(books: Books, change: Callable[[str], str]) -> Books:
    return replace(
        books,
        contacts=tuple(replace(c, name=change(c.name)) for c in books.contacts),
        accounts=tuple(replace(a, name=change(a.name)) for a in books.accounts),
        documents=tuple(
            replace(d, number=change(d.number), reference=change(d.reference), contact=change(d.contact))
            for d in books.documents
        ),
        payments=tuple(replace(p, reference=change(p.reference)) for p in books.payments),
        lines=tuple(
            replace(x, payee=change(x.payee), narration=change(x.narration), reference=change(x.reference))
            for x in books.lines
        ),
        own_names=tuple(change(n) for n in books.own_names),
        history=(),
    )


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        *[("case_200", seed) for seed in (1, 2, 3)],
        ("case_1000_ledger", 1),
        *[pytest.param("case_1000_ledger", seed, marks=pytest.mark.slow) for seed in (2, 3)],
    ],
)
def test_words_never_seen_and_no_history_lead_to_no_wrong_payment(name: str, seed: int) -> None:
    books, truth = _case(name)
    score = _score(_renamed(books, _other_words(seed)), truth)
    assert score["wrong_payments"] == 0
    assert score.get("double_booked", 0) == 0
    assert score["recall"] >= 0.84


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 6))])
@pytest.mark.parametrize("name", _NAMES)
def test_a_weeks_worth_of_lines_teaches_enough_to_be_right(name: str, seed: int) -> None:
    """Few lines, no history: what is certain is still right, for most of what can be settled."""
    books, truth = _case(name)
    order = random.Random(seed)
    some = replace(books, lines=tuple(order.sample(books.lines, 45)), history=())
    links: dict[str, list[dict[str, Any]]] = {}
    for link in truth["links"]:
        group = truth["lines"][link["bank_id"]].get("dup_group") or link["bank_id"]
        links.setdefault(group, []).append(link)
    source = {x.id: x.source_id for x in some.lines}
    for v in match(some):
        bank_id = source[v.line_id]
        facts = truth["lines"][bank_id]
        wanted = links.get(facts.get("dup_group") or bank_id, [])
        for s in v.settlements:
            fitting = [x for x in wanted if s.document_id in x["accept"] and x.get("via", "bank") == v.via]
            assert fitting, (bank_id, facts["scenario"], v.reason)
            assert s.bank_amount in {Decimal(x["amount"]) for x in fitting}


def _fewer_words(books: Books, seed: int, share: float) -> Books:
    order = random.Random(seed)

    def some(text: str) -> str:
        return " ".join(w for w in text.split() if order.random() >= share)

    return replace(books, lines=tuple(replace(x, narration=some(x.narration)) for x in books.lines))


@pytest.mark.parametrize(
    ("name", "seed", "share"),
    [
        ("case_200", 1, 0.35),
        ("case_200", 2, 0.5),
        ("case_1000_ledger", 2, 0.2),
        pytest.param("case_2000", 1, 0.1, marks=pytest.mark.slow),
    ],
)
def test_words_that_a_bank_leaves_out_take_certainty_away_and_lead_to_no_wrong_payment(
    name: str, seed: int, share: float
) -> None:
    books, truth = _case(name)
    score = _score(_fewer_words(books, seed, share), truth)
    assert score["wrong_payments"] == 0
    assert score["misallocated_value"] == "0.00"
    assert score["recall"] >= 0.5
