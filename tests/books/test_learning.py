"""What people's decisions teach: never from one, never flipped by one, fading when nobody repeats it."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.books.coding import code
from finchat.books.documents import (
    BankLine,
    Books,
    CodedTransaction,
    Coding,
    ConfirmedLine,
    Contact,
    Document,
    Payment,
)
from finchat.books.learning import (
    HALF_LIFE_DAYS,
    Observation,
    Remembered,
    account_digest,
    cut_off,
    facts,
    name_key,
    recalled,
    remembering,
    says_name,
)
from finchat.books.matching import match

DAY = dt.date(2026, 11, 20)
SALT = "salt"
TO_FEES = Coding("fees", "NONE")
TO_SOFTWARE = Coding("soft", "INPUT2", (("Region", "North"),))
_numbers = itertools.count()


def seen(contact: str = "vets", *, ago: int = 0, **changes: Any) -> Observation:
    """A confirmation of a trading name, so many days ago, on a line of its own."""
    n = next(_numbers)
    day = DAY - dt.timedelta(days=ago)
    given: dict[str, Any] = {
        "id": f"o{n:06}", "kind": "name", "key": "the red gate", "contact_id": contact, "contact": contact.title(),
        "sign": 1, "at": dt.datetime.combine(day, dt.time(9), dt.UTC), "line_id": f"line {n}",
        "day": DAY - dt.timedelta(days=n % 365), "direction": "receive", "amount": Decimal(100), "currency": "NZD",
        "text": "THE RED GATE 4411", "shown": "THE RED GATE 4411", "source": f"plan/{n}",
    }  # fmt: skip
    return Observation(**{**given, **changes})


def rest(coding: Coding = TO_FEES, **changes: Any) -> Observation:
    return seen(kind="residual", key="vets|fee", residual="fee", coding=coding, coding_text="404 Fees", **changes)


def booked(coding: Coding = TO_FEES, **changes: Any) -> Observation:
    return seen(kind="coding", key="vets|spend", coding=coding, direction="spend", account_id="bank", **changes)


def names(*observations: Observation, on: dt.date = DAY) -> set[str]:
    """The contacts that the red gate is believed to be."""
    return {f.contact_id for f in facts(observations, on) if f.believed}


def test_a_name_is_believed_after_two_lines_of_two_days_and_not_before() -> None:
    one = seen()

    assert names(one) == set()
    assert names(one, one) == set(), "the same decision twice is one"
    assert names(one, seen(line_id=one.line_id)) == set(), "the same line twice is one"
    assert names(one, seen(day=one.day)) == set(), "two lines of one day may be one mistake"
    assert names(one, seen()) == {"vets"}


def test_a_fact_says_how_often_how_lately_and_until_when() -> None:
    observations = (seen(ago=40), seen(ago=10), seen())
    (fact,) = facts(observations, DAY)

    assert (fact.confirmed, fact.contradicted, fact.last) == (3, 0, DAY)
    assert fact.fades is not None
    assert names(*observations, on=fact.fades - dt.timedelta(days=1)) == {"vets"}
    assert names(*observations, on=fact.fades) == set()


@given(st.integers(2, 12))
def test_one_contradiction_after_several_agreements_never_flips(k: int) -> None:
    agreeing = [seen(ago=k - n) for n in range(k)]

    assert names(*agreeing, seen("stranger")) <= {"vets"}
    assert names(*agreeing, replace(seen(), sign=-1)) <= {"vets"}
    assert "stranger" not in names(*agreeing, seen("stranger"), on=DAY + dt.timedelta(days=3 * HALF_LIFE_DAYS))
    if k >= 3:
        assert names(*agreeing, seen("stranger")) == {"vets"}


@given(st.lists(st.integers(0, 900), min_size=0, max_size=15))
def test_everything_fades_after_long_silence(ages: list[int]) -> None:
    observations = [seen(ago=age) for age in ages]
    later = DAY + dt.timedelta(days=6 * HALF_LIFE_DAYS)

    assert names(*observations, on=later) == set()
    remembered = recalled([*observations, *(booked(ago=a) for a in ages), *(rest(ago=a) for a in ages)], later, SALT)
    assert (remembered.history, remembered.habits, remembered.codings) == ((), (), ())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_decisions_does_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    observations = [
        chance.choice((seen, rest, booked))(ago=chance.randrange(800), sign=chance.choice((1, 1, 1, -1)))
        for _ in range(14)
    ]
    observations += [seen("stranger", ago=chance.randrange(800)) for _ in range(3)]
    mixed = list(observations)
    chance.shuffle(mixed)

    assert facts(mixed, DAY) == facts(observations, DAY)
    assert recalled(mixed, DAY, SALT) == recalled(observations, DAY, SALT)


def test_what_a_person_says_of_the_memory_outweighs_what_was_confirmed_before() -> None:
    before = [seen(ago=n) for n in range(1, 6)]
    said = replace(seen("stranger"), said=True, source="")

    assert names(*before) == {"vets"}
    assert names(*before, said) == {"stranger"}
    again = [seen(ago=-n) for n in range(1, 5)]
    assert names(*before, said, *again, on=DAY + dt.timedelta(days=5)) == {"vets"}, "and can be outlived"


def test_a_habit_needs_the_same_coding_more_than_once() -> None:
    def habits(*observations: Observation) -> list[Coding]:
        return [h.coding for h in recalled(observations, DAY, SALT).habits]

    assert habits(rest()) == []
    assert habits(rest(), rest(TO_SOFTWARE)) == []
    assert habits(rest(), rest()) == [TO_FEES]
    assert habits(rest(), rest(), rest(TO_SOFTWARE)) == []
    assert habits(rest(), rest(), rest(), rest(TO_SOFTWARE)) == [TO_FEES]
    (habit,) = recalled([rest(ago=3), rest(ago=1)], DAY, SALT).habits
    assert (habit.contact_id, habit.kind, habit.confirmed) == ("vets", "fee", 2)
    assert habit.text == "confirmed twice, last on 2026-11-19"


def line(narration: str, amount: str, **changes: Any) -> BankLine:
    given: dict[str, Any] = {
        "id": f"{narration} {amount}", "source": "feed", "source_id": "1", "account_id": "bank", "date": DAY,
        "direction": "receive", "amount": Decimal(amount), "currency": "NZD", "narration": narration,
    }  # fmt: skip
    return BankLine(**{**given, **changes})


VETS = Contact(id="vets", name="Ōtorohanga Veterinary Partners")
INVOICE = Document(
    id="i", type="invoice", number="INV-1", reference="", contact_id="vets", contact=VETS.name, date=DAY,
    due_date=None, currency="NZD", total=Decimal("812.40"), amount_due=Decimal("812.40"), status="open",
)  # fmt: skip
BOOKS = Books(
    base_currency="NZD", as_of=DAY, contacts=(VETS, Contact(id="other", name="Rimutaka Joinery")),
    documents=(INVOICE,), lines=(line("THE RED GATE 9001", "812.40"),),
)  # fmt: skip


def test_a_remembered_name_lets_the_matcher_settle_what_it_could_not() -> None:
    (before,) = match(BOOKS)
    (after,) = match(remembering(BOOKS, recalled([seen(ago=30), seen(ago=20), seen(ago=10)], DAY, SALT)))

    assert not before.certain
    assert (after.certain, after.situation) == (True, "exact"), after.reason


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([seen, rest, booked]),
    st.sampled_from(["vets", "other"]),
    st.integers(0, 700),
    st.sampled_from([1, -1]),
)
def test_one_decision_never_changes_any_verdict(make: Any, contact: str, ago: int, sign: Any) -> None:
    account = account_digest("12-3456-0008812-00", SALT)
    one = make(contact=contact, ago=ago, sign=sign)
    twin = replace(one, id=f"{one.id}a", kind="account", key=account, coding=None, residual=None)
    given = replace(
        BOOKS,
        lines=(*(replace(x, counterparty_account="12 3456 0008812 00") for x in BOOKS.lines), line("SHOP", "9.00")),
    )
    remembered = remembering(given, recalled([one, twin], DAY, SALT))

    assert code(remembered, match(remembered)) == code(given, match(given))


def test_a_payers_account_is_known_by_its_digest_alone() -> None:
    account = account_digest("12-3456-0008812-00", SALT)
    observations = [seen(kind="account", key=account, shown="…1200", text="", ago=n) for n in (3, 2, 1)]
    remembered = recalled(observations, DAY, SALT)
    given = replace(BOOKS, lines=(line("DEPOSIT", "812.40", counterparty_account="12 3456 0008812 00"),))

    assert "0008812" not in repr(remembered)
    (before,) = match(given)
    (after,) = match(remembering(given, remembered))
    assert not before.certain
    assert after.certain, after.reason
    other = replace(given, lines=(line("DEPOSIT", "812.40", counterparty_account="12 3456 0008899 00"),))
    assert remembering(other, remembered).history == ()


def test_what_the_ledger_says_itself_is_not_counted_again() -> None:
    observations = [replace(seen(ago=n), ledger_ids=(f"payment {n}",)) for n in (9, 5)]
    remembered = recalled(observations, DAY, SALT)
    payment = Payment(
        id="payment 5", date=DAY, account_id="bank", direction="receive", contact_id="vets", document_id="",
        currency="NZD", amount=Decimal(1), bank_amount=Decimal(1), reference="THE RED GATE 4411 fc-aaaaaaaaaa",
    )  # fmt: skip

    told = remembering(replace(BOOKS, payments=(payment,)), remembered).history

    assert [c.date for c in told] == [observations[0].day]


def transaction(id: str, ago: int, coding: Coding = TO_FEES) -> CodedTransaction:
    return CodedTransaction(
        id=id, date=DAY - dt.timedelta(days=ago), account_id="bank", direction="spend", contact_id="vets",
        contact="Vets", text="fee", amount=Decimal(5), currency="NZD", codings=((coding, Decimal(5)),),
    )  # fmt: skip


def test_confirmed_codings_add_texts_to_the_ledgers_own_and_transactions_only_beyond_it() -> None:
    held = replace(booked(ago=5, text="ACCOUNT FEE"), ledger_ids=("t1",))
    deleted = replace(booked(ago=9), ledger_ids=("t2",))
    old = replace(booked(ago=500, day=DAY - dt.timedelta(days=500)), ledger_ids=("t3",))
    given = replace(BOOKS, coded=(transaction("t1", 5), transaction("t0", 300)))

    found = remembering(given, recalled([held, deleted, old], DAY, SALT)).coded

    assert [t.id for t in found] == ["t1", "t0", "t3"]
    assert found[0].text == "fee\nACCOUNT FEE"


def test_a_coding_that_was_said_sets_the_other_one_aside() -> None:
    said = replace(booked(TO_SOFTWARE), said=True, source="", day=DAY)
    given = replace(BOOKS, coded=tuple(transaction(f"t{n}", 30 * n) for n in range(1, 5)))

    found = remembering(given, recalled([said], DAY, SALT)).coded

    assert [t.codings[0][0] for t in found] == [TO_SOFTWARE]


def test_a_coding_refused_again_and_again_is_doubted_and_one_refusal_is_not() -> None:
    def doubted(*observations: Observation) -> frozenset[tuple[str, Coding]]:
        return recalled(observations, DAY, SALT).doubted

    assert doubted(booked(sign=-1)) == frozenset()
    assert doubted(booked(sign=-1), booked(sign=-1)) == {("vets", TO_FEES)}
    assert doubted(booked(sign=-1), booked(sign=-1), booked()) == frozenset()


def test_no_memory_leaves_the_books_as_they_are() -> None:
    assert remembering(BOOKS, None) is BOOKS
    assert remembering(BOOKS, Remembered()) == BOOKS


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("THE RED GATE 4411 x", "the red gate"),
        ("12345 678", ""),
        ("AB 1", ""),
        ("電信 202611", "電信"),
        ("Ζαχαροπλαστείο Αθηνά", "ζαχαροπλαστειο αθηνα"),
    ],
)
def test_the_key_of_a_text_is_its_words(text: str, key: str) -> None:
    assert name_key(text) == key


def test_a_text_that_says_the_contacts_own_name_teaches_no_other() -> None:
    assert says_name("DEPOSIT OTOROHANGA VETERINARY PARTNERS", VETS.name)
    assert not says_name("THE RED GATE", VETS.name)
    assert not says_name("OTOROHANGA", VETS.name)
    assert cut_off(name_key("OTOROHANGA VETERINA"), VETS.name)
    assert not cut_off(name_key("RED GATE VETERINARY"), VETS.name)


def payment(line_text: str, *, id: str = "p1", ago: int = 5) -> Payment:
    return Payment(
        id=id, date=DAY - dt.timedelta(days=ago), account_id="bank", direction="receive", contact_id="vets",
        document_id="old", currency="NZD", amount=Decimal("50.00"), bank_amount=Decimal("50.00"),
        reference=f"{line_text} fc-abcdefghij",
    )  # fmt: skip


def confirmed(text: str, *, id: str, ago: int = 5) -> ConfirmedLine:
    return ConfirmedLine(
        id=id, date=DAY - dt.timedelta(days=ago), direction="receive", amount=Decimal("50.00"), currency="NZD",
        narration=text, counterparty_account="", contact_id="vets",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("case", "changes"),
    [
        ("one payment and the history made of it", {
            "payments": (payment("THE RED GATE 7001"),), "history": (confirmed("THE RED GATE 7001", id="p1"),),
        }),
        ("one line that paid two invoices", {
            "payments": (payment("THE RED GATE 7001"), payment("THE RED GATE 7001", id="p2")),
        }),
        ("one payment and the line that it is of", {
            "payments": (payment("THE RED GATE 7001"),),
            "lines": (line("THE RED GATE 7001", "50.00", date=DAY - dt.timedelta(days=5)), *BOOKS.lines),
        }),
    ],
)  # fmt: skip
def test_one_event_teaches_a_name_once_however_often_the_books_tell_it(case: str, changes: dict[str, Any]) -> None:
    verdict = match(replace(BOOKS, **changes))[-1]

    assert not verdict.certain, case
    (other,) = match(
        replace(BOOKS, payments=(payment("THE RED GATE 7001"), payment("THE RED GATE 8", id="p3", ago=40)))
    )
    assert other.certain, "two events do teach it"
