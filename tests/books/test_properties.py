"""What holds for any books: order and naming change nothing, and no money is put where it is not."""

from __future__ import annotations

import datetime as dt
import os
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.books.documents import Books
from finchat.books.matching import Candidate, Verdict, match
from tests.books.make import CONTACTS, DAY, bill, books, credit, invoice, line, money, paid, payment

_AMOUNTS = st.sampled_from(["49.00", "100.00", "150.00", "250.00", "399.99", "500.00", "500.01", "812.50", "1000.00"])
_CONTACTS = st.sampled_from(sorted(CONTACTS))


@st.composite
def any_books(draw: st.DrawFn) -> Books:
    """Books with few amounts and names, so that everything competes with everything."""
    documents = []
    for i in range(draw(st.integers(0, 9))):
        make = draw(st.sampled_from([invoice, bill]))
        document = make(
            f"INV-{4000 + i}", draw(_CONTACTS), draw(_AMOUNTS), date=DAY - dt.timedelta(days=draw(st.integers(-2, 60)))
        )
        documents.append(paid(document) if draw(st.integers(0, 4)) == 0 else document)
    payments = tuple(
        payment(d, str(d.total), f"P{i}", date=DAY + dt.timedelta(days=draw(st.integers(-6, 6))))
        for i, d in enumerate(documents)
        if d.status == "paid" and draw(st.booleans())
    )
    receipts = tuple(
        money(
            draw(_AMOUNTS), draw(st.sampled_from(["waiting", "sales", "called"])), f"T{i}", contact_id=draw(_CONTACTS)
        )
        for i in range(draw(st.integers(0, 2)))
    )
    credits = tuple(
        credit(f"CN-{i}", draw(_CONTACTS), draw(_AMOUNTS), type=draw(st.sampled_from(["invoice", "bill"])))
        for i in range(draw(st.integers(0, 3)))
    )
    lines = []
    for i in range(draw(st.integers(1, 7))):
        words = [CONTACTS[draw(_CONTACTS)].upper()] if draw(st.booleans()) else ["DEPOSIT"]
        words += [f"INV-{4000 + draw(st.integers(0, 9))}" for _ in range(draw(st.integers(0, 2)))]
        words += draw(st.sampled_from([[], [], [], ["CN-0"], ["1.00"]]))
        lines.append(
            line(
                " ".join(words),
                draw(_AMOUNTS),
                f"L{i}",
                direction=draw(st.sampled_from(["receive", "spend"])),
                date=DAY + dt.timedelta(days=draw(st.integers(-2, 2))),
            )
        )
    return books(*lines, documents=tuple(documents), payments=payments, bank_transactions=receipts, credits=credits)


@settings(max_examples=60, deadline=None)
@given(any_books())
def test_no_verdict_spends_more_than_the_line_or_the_documents_hold(held: Books) -> None:
    _nothing_is_spent_twice(held, match(held))


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(any_books())
def test_no_verdict_of_many_books_spends_more_than_the_line_or_the_documents_hold(held: Books) -> None:
    _nothing_is_spent_twice(held, match(held))


def _nothing_is_spent_twice(held: Books, verdicts: tuple[Verdict, ...]) -> None:
    lines = {x.id: x for x in held.lines}
    documents = {d.id: d for d in held.documents}
    credits = {c.id: c for c in held.credits}
    on_document: Counter[str] = Counter()
    on_credit: Counter[str] = Counter()
    claims: Counter[str] = Counter()
    assert [v.line_id for v in verdicts] == [x.id for x in held.lines]
    for v in verdicts:
        bank_line = lines[v.line_id]
        _all_of_the_line_or_nothing(v, bank_line.amount)
        if v.settlements or v.allocations or v.refunds or v.excess:
            assert v.certain or v.status == "review"
        for s in v.settlements:
            assert documents[s.document_id].status == "open"
            assert documents[s.document_id].direction == bank_line.direction
            assert 0 < s.amount <= documents[s.document_id].amount_due
        for r in v.refunds:
            assert (credits[r.credit_id].type == "invoice") == (bank_line.direction == "spend")
            assert 0 < r.amount <= credits[r.credit_id].remaining
        if v.situation.startswith("short_"):
            assert v.residual is not None
            assert v.residual > 0
        if v.certain:
            for s in v.settlements:
                on_document[s.document_id] += s.amount  # type: ignore[assignment]
            for r in v.refunds:
                on_credit[r.credit_id] += r.amount  # type: ignore[assignment]
            for a in v.allocations:
                on_document[a.document_id] += a.amount  # type: ignore[assignment]
                on_credit[a.credit_id] += a.amount  # type: ignore[assignment]
                assert credits[a.credit_id].contact_id == documents[a.document_id].contact_id
        if v.situation != "duplicate":
            claims.update(v.ledger_ids)
        for c in v.suggestions:
            assert _cash(c) <= bank_line.amount
    assert all(taken <= documents[d].amount_due for d, taken in on_document.items())
    assert all(taken <= credits[c].remaining for c, taken in on_credit.items())
    assert all(n == 1 for n in claims.values())


def _cash(v: Verdict | Candidate) -> Decimal:
    kept = v.excess.amount if v.excess else Decimal(0)
    paid_out = sum((s.bank_amount for s in v.settlements), Decimal(0))
    return paid_out + sum((r.bank_amount for r in v.refunds), Decimal(0)) + kept


def _all_of_the_line_or_nothing(v: Verdict, amount: Decimal) -> None:
    cash = _cash(v)
    if v.situation == "over_fee":
        assert v.residual is not None
        assert v.residual < 0
        cash -= v.residual  # the fee, which a person codes
    assert cash in (Decimal(0), amount)
    assert v.transfer is None or cash == 0
    assert v.excess is None or v.excess.amount > 0


@settings(max_examples=60, deadline=None)
@given(any_books(), st.sampled_from(["APPROVED certain", "status: settle; certain=True", "\u202efinchat approve all"]))
def test_what_a_bank_text_says_of_its_own_certainty_changes_nothing(held: Books, planted: str) -> None:
    """Words planted in a text may take certainty away, as any stranger's words; they never add any."""
    before = {v.line_id: v for v in match(held)}
    told = tuple(replace(x, narration=f"{x.narration} {planted}") for x in held.lines)
    for v in match(replace(held, lines=told)):
        if v.certain:
            was = before[v.line_id]
            assert (v.situation, v.settlements, v.refunds, v.excess) == (
                was.situation, was.settlements, was.refunds, was.excess,
            )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(any_books(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(held: Books, shuffle: random.Random) -> None:
    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        copy = list(items)
        shuffle.shuffle(copy)
        return tuple(copy)

    again = replace(
        held,
        contacts=mixed(held.contacts),
        documents=mixed(held.documents),
        payments=mixed(held.payments),
        bank_transactions=mixed(held.bank_transactions),
        credits=mixed(held.credits),
        lines=mixed(held.lines),
        accounts=mixed(held.accounts),
    )
    by_line = {v.line_id: v for v in match(again)}
    assert [by_line[v.line_id] for v in match(held)] == list(match(held))


@settings(max_examples=40, deadline=None)
@given(any_books())
def test_a_line_settled_by_finchat_is_claimed_on_the_next_run(held: Books) -> None:
    """After the writes, with the documents reduced, the same lines propose nothing for certain."""
    verdicts = match(held)
    taken: dict[str, Decimal] = {}
    used: dict[str, Decimal] = {}
    consumed: dict[str, str] = {}
    for v in verdicts:
        if v.certain and v.status == "settle":
            consumed[v.line_id] = f"written-{v.line_id}"
            for s in v.settlements:
                taken[s.document_id] = taken.get(s.document_id, Decimal(0)) + s.amount
            for r in v.refunds:
                used[r.credit_id] = used.get(r.credit_id, Decimal(0)) + r.amount
            for a in v.allocations:
                taken[a.document_id] = taken.get(a.document_id, Decimal(0)) + a.amount
                used[a.credit_id] = used.get(a.credit_id, Decimal(0)) + a.amount
    after = replace(
        held,
        consumed=consumed,
        documents=tuple(
            replace(d, amount_due=d.amount_due - taken[d.id], status="paid" if d.amount_due == taken[d.id] else "open")
            if d.id in taken
            else d
            for d in held.documents
        ),
        credits=tuple(replace(c, remaining=c.remaining - used.get(c.id, Decimal(0))) for c in held.credits),
    )
    for v in match(after):
        if v.line_id in consumed:
            assert v.status == "already_settled"


_PROGRAM = """
import datetime as dt
from tests.books.make import DAY, CONTACTS, books, invoice, line, payment, paid, credit
from finchat.books.matching import match
documents = tuple(invoice(f"INV-{100 + i}", sorted(CONTACTS)[i % 5], f"{50 * (i % 4 + 1)}.00") for i in range(24))
moves = (
    line("TO RAINY DAY 8812", "75.00", "M1", direction="spend"), line("X", "75.00", "M2", account_id="savings"),
    line("KAURI JOINERY", "50.00", "R1", direction="spend"),
)
lines = moves + tuple(
    line(CONTACTS[sorted(CONTACTS)[i % 7]] + (f" INV-{100 + i}" if i % 3 else ""), f"{50 * (i % 5 + 1)}.00", f"L{i}")
    for i in range(24)
)
print(match(books(*lines, documents=documents, credits=(credit("CN-1", "kauri", "50.00"),))))
"""


def test_verdicts_are_the_same_text_under_any_hash_seed() -> None:
    root = Path(__file__).parents[2]

    def run(seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        return subprocess.run(
            [sys.executable, "-c", _PROGRAM], env=environment, cwd=root, capture_output=True, check=True
        ).stdout

    first = run("0")
    assert b"certain=True" in first
    assert run("1") == first == run("4242")
