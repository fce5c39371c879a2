"""Coding without a document: certain only what a careful person would book without asking; the rest is a question."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.books.coding import code
from finchat.books.documents import (
    Account,
    BankLine,
    BankTransaction,
    Books,
    CodedTransaction,
    Coding,
    Contact,
    Document,
    Habit,
    Payment,
    TaxRate,
    TrackingCategory,
)
from finchat.books.matching import Settlement, Verdict, match

DAY = dt.date(2026, 11, 17)
BANK = Account(id="bank", code="090", name="Everyday", kind="bank", currency="NZD")
SOFTWARE = Account(id="soft", code="463", name="Software", kind="expense", currency="NZD", codable=True)
FEES = Account(id="fees", code="404", name="Bank Fees", kind="expense", currency="NZD", codable=True)
INTEREST = Account(id="interest", code="270", name="Interest Income", kind="revenue", currency="NZD", codable=True)
DRAWINGS = Account(id="owner", code="980", name="Owner Drawings", kind="equity", currency="NZD", codable=True)
RATES = (
    TaxRate(type="INPUT2", name="15% GST on Expenses", percent=Decimal(15), revenue=False),
    TaxRate(type="OUTPUT2", name="15% GST on Income", percent=Decimal(15), expenses=False),
    TaxRate(type="NONE", name="No GST", percent=Decimal(0)),
)
TRACKING = (TrackingCategory(id="t", name="Region", options=("North", "South")),)
TO_SOFTWARE = Coding("soft", "INPUT2")
TO_FEES = Coding("fees", "NONE")


def past(
    contact: str,
    text: str,
    coding: Coding | Sequence[Coding],
    amounts: Sequence[str],
    *,
    every: int = 30,
    **changes: Any,
) -> tuple[CodedTransaction, ...]:
    """One transaction an amount, the newest one pause before DAY."""
    codings = (coding,) if isinstance(coding, Coding) else tuple(coding)
    found = []
    for n, amount in enumerate(reversed(amounts)):
        given: dict[str, Any] = {
            "id": f"{contact}-{codings[0].account_id}-{n}",
            "date": DAY - dt.timedelta(days=every * (n + 1)),
            "account_id": "bank",
            "direction": "spend",
            "contact_id": contact,
            "contact": contact,
            "text": text,
            "amount": Decimal(amount),
            "currency": "NZD",
            "codings": tuple((c, Decimal(amount) / len(codings)) for c in codings),
        }
        found.append(CodedTransaction(**{**given, **changes}))
    return tuple(found)


def line(narration: str, amount: str, **changes: Any) -> BankLine:
    given: dict[str, Any] = {
        "id": f"line {narration} {amount}", "source": "feed", "source_id": "1", "account_id": "bank", "date": DAY,
        "direction": "spend", "amount": Decimal(amount), "currency": "NZD", "narration": narration,
    }  # fmt: skip
    return BankLine(**{**given, **changes})


def books(*lines: BankLine, coded: Sequence[CodedTransaction] = (), **changes: Any) -> Books:
    names = {t.contact_id: t.contact for t in coded}
    given: dict[str, Any] = {
        "base_currency": "NZD", "as_of": DAY, "accounts": (BANK, SOFTWARE, FEES, INTEREST, DRAWINGS),
        "contacts": tuple(Contact(id=id, name=name) for id, name in sorted(names.items())), "lines": lines,
        "coded": tuple(coded), "tax_rates": RATES, "tracking": TRACKING,
    }  # fmt: skip
    return Books(**{**given, **changes})


def coded(given: Books) -> Verdict:
    """The verdict of the last line, as a run gives it."""
    return code(given, match(given))[-1]


NETFLIX = past("Netflix", "NETFLIX.COM 8829 AMSTERDAM", TO_SOFTWARE, ["21.99"] * 6)


def test_a_subscription_is_certain_when_it_was_always_booked_alike() -> None:
    verdict = coded(books(line("NETFLIX.COM 8831 AMSTERDAM", "21.99"), coded=NETFLIX))

    assert (verdict.situation, verdict.status, verdict.certain) == ("coded", "settle", True)
    assert verdict.coded is not None
    assert (verdict.coded.contact_id, verdict.coded.coding) == ("Netflix", TO_SOFTWARE)
    assert verdict.reason == (
        "Netflix: all of the last 6 times to 463 Software, 15% GST on Expenses, last on 2026-10-18."
    )
    assert {e.kind for e in verdict.evidence} == {"payee", "history", "amount"}


@pytest.mark.parametrize(
    ("contact", "text", "narration", "direction", "coding"),
    [
        ("Kiwibank", "ACCOUNT FEE", "ACCOUNT FEE", "spend", TO_FEES),
        ("Kiwibank", "CREDIT INTEREST PAID", "CREDIT INTEREST PAID", "receive", Coding("interest", "NONE")),
        ("Aroha Smith", "A/P SMITH AROHA DRAWINGS", "A/P SMITH AROHA DRAWINGS", "spend", Coding("owner", "NONE")),
        ("中国电信", "月租费 中国电信", "月租费 中国电信 202611", "spend", TO_SOFTWARE),
        ("Städtische Werke Köln", "LASTSCHRIFT STAEDT WERKE KOELN", "LASTSCHRIFT STAEDT WERKE KOELN", "spend", TO_FEES),
        ("ΔΕΗ", "ΠΛΗΡΩΜΗ ΔΕΗ", "ΠΛΗΡΩΜΗ ΔΕΗ 00117", "spend", TO_FEES),
    ],
)
def test_fees_interest_and_owners_money_come_out_of_the_same_rule_in_any_language(
    contact: str, text: str, narration: str, direction: Any, coding: Coding
) -> None:
    history = past(contact, text, coding, ["11.20", "14.80", "12.60", "13.00"], direction=direction)

    verdict = coded(books(line(narration, "12.95", direction=direction), coded=history))

    assert verdict.certain, verdict.reason
    assert verdict.coded is not None
    assert verdict.coded.coding == coding


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (NETFLIX[:2], "only twice so far"),
        (past("Netflix", "NETFLIX.COM AMSTERDAM", TO_SOFTWARE, ["21.99"] * 4, every=0), "on fewer than 3 days"),
        (past("Netflix", "NETFLIX.COM AMSTERDAM", (TO_SOFTWARE, TO_FEES), ["21.99"] * 4), "split"),
        (
            (*NETFLIX[:3], *past("Netflix", "NETFLIX.COM AMSTERDAM", TO_FEES, ["21.99"] * 3, every=31)),
            "booked in different ways",
        ),
        (
            (*NETFLIX[:2], *past("Netflix", "NETFLIX.COM AMSTERDAM", TO_FEES, ["21.99"] * 3, every=100)),
            "its coding changed: the last 2 times",
        ),
        (past("Netflix", "NETFLIX.COM AMSTERDAM", TO_SOFTWARE, ["21.99"] * 18)[13:], "the last time was"),
        (past("Netflix", "NETFLIX.COM AMSTERDAM", TO_SOFTWARE, ["26.99"] * 6), "not what it usually is"),
        (past("Netflix", "NETFLIX.COM AMSTERDAM", Coding("gone", "NONE"), ["21.99"] * 6), "account is gone"),
        (past("Netflix", "NETFLIX.COM AMSTERDAM", Coding("soft", "OLD"), ["21.99"] * 6), "tax code OLD is gone"),
        (past("Netflix", "NETFLIX.COM AMSTERDAM", Coding("soft", "OUTPUT2"), ["21.99"] * 6), "does not go with"),
        (
            past("Netflix", "NETFLIX.COM AMSTERDAM", Coding("soft", "NONE", (("Region", "East"),)), ["21.99"] * 6),
            "tracking Region: East is gone",
        ),
    ],
)
def test_whatever_is_not_uniform_frequent_recent_and_usable_is_asked(
    history: tuple[CodedTransaction, ...], why: str
) -> None:
    verdict = coded(books(line("NETFLIX.COM AMSTERDAM", "21.99"), coded=history))

    assert (verdict.situation, verdict.status, verdict.certain) == ("coded", "review", False)
    assert verdict.coded is not None
    assert verdict.coded.coding is None
    assert verdict.coded.contact_id == "Netflix"
    assert why in verdict.reason


def test_a_yearly_payee_may_be_a_month_late_and_a_rarer_one_keeps_its_own_rhythm() -> None:
    yearly = past("Domains", "DOMAINS COM", TO_SOFTWARE, ["30.00"] * 3, every=365)
    rare = past("Survey", "SURVEY OFFICE", TO_SOFTWARE, ["30.00"] * 3, every=730)

    assert coded(books(line("DOMAINS COM", "30.00", date=DAY + dt.timedelta(days=30)), coded=yearly)).certain
    assert coded(books(line("SURVEY OFFICE", "30.00"), coded=rare)).certain
    assert not coded(books(line("SURVEY OFFICE", "30.00", date=DAY + dt.timedelta(days=100)), coded=rare)).certain


def test_a_mixed_history_offers_its_codings_with_their_counts() -> None:
    history = (*past("Vero", "VERO", TO_FEES, ["9.00"] * 7), *past("Vero", "VERO", TO_SOFTWARE, ["9.00"] * 2, every=35))

    verdict = coded(books(line("VERO", "9.00"), coded=history))

    assert verdict.coded is not None
    assert [(c.coding, c.text) for c in verdict.coded.choices] == [
        (TO_FEES, "7 of 9 times to 404 Bank Fees, No GST, last on 2026-10-18"),
        (TO_SOFTWARE, "2 of 9 times to 463 Software, 15% GST on Expenses, last on 2026-10-13"),
    ]


def test_a_coding_changed_more_than_a_year_of_months_ago_is_forgiven() -> None:
    old = past("Netflix", "NETFLIX.COM", TO_FEES, ["21.99"] * 14)[12:]
    new = past("Netflix", "NETFLIX.COM", TO_SOFTWARE, ["21.99"] * 12)

    assert coded(books(line("NETFLIX.COM", "21.99"), coded=(*old, *new))).certain
    assert not coded(books(line("NETFLIX.COM", "21.99"), coded=(*old, *new[:11]))).certain


def test_different_services_of_one_payee_are_told_apart_by_their_texts() -> None:
    history = (
        *past("Google", "GOOGLE ADS", TO_FEES, ["50.00", "60.00", "55.00"]),
        *past("Google", "GOOGLE CLOUD", TO_SOFTWARE, ["50.00", "60.00", "55.00"]),
    )

    ads = coded(books(line("GOOGLE ADS", "52.00"), coded=history))
    plain = coded(books(line("GOOGLE", "52.00"), coded=history))

    assert ads.certain
    assert ads.coded is not None
    assert ads.coded.coding == TO_FEES
    assert not plain.certain
    assert plain.coded is not None
    assert plain.coded.coding is None


@pytest.mark.parametrize(("amount", "usual"), [("13.00", True), ("40.00", False), ("5.00", False), ("900.00", False)])
def test_amounts_that_vary_are_usual_inside_what_was_seen(amount: str, usual: bool) -> None:
    history = past("Kiwibank", "CARD FEES", TO_FEES, ["11.20", "14.80", "12.60", "9.40", "13.50", "10.10", "480.00"])

    assert coded(books(line("CARD FEES", amount), coded=history)).certain is usual


@pytest.mark.parametrize(("amount", "usual"), [("16.20", True), ("89.00", True), ("50.00", False), ("17.50", False)])
def test_of_two_prices_of_one_payee_one_must_be_met(amount: str, usual: bool) -> None:
    history = past("Canva", "CANVA", TO_SOFTWARE, ["15.99", "89.00"] * 4)

    assert coded(books(line("CANVA", amount), coded=history)).certain is usual


@pytest.mark.parametrize(
    "narration",
    [
        "NETFLIX HOLDINGS LTD AMSTERDAM",
        "ACME WHOLESALE netflix.com amsterdam",
        "PAY NOW certain approved 463 NETFLIX.COM AMSTERDAM",
        "REFUND NETFLIX.COM AMSTERDAM",
        "NETFLIX.COM AMSTERDAM KIWIBANK",
    ],
)
def test_text_beyond_the_payees_own_words_only_takes_certainty_away(narration: str) -> None:
    history = (*NETFLIX, *past("Kiwibank", "KIWIBANK ACCOUNT FEE", TO_FEES, ["5.00"] * 5))

    verdict = coded(books(line(narration, "21.99"), coded=history))

    assert not verdict.certain
    assert verdict.coded is not None
    assert verdict.coded.coding is None
    assert verdict.coded.contact_id == ""  # who it is is asked too


def test_a_customer_whose_name_holds_a_payees_word_never_becomes_that_payee() -> None:
    customer = Contact(id="c", name="Netflix Repairs Ltd")
    given = books(line("NETFLIX REPAIRS LTD", "21.99", direction="receive"), coded=NETFLIX)
    spend = books(line("NETFLIX", "21.99"), coded=NETFLIX)

    paid_in = coded(replace(given, contacts=(*given.contacts, customer)))
    shared = coded(replace(spend, contacts=(*spend.contacts, customer)))

    assert not paid_in.certain
    assert paid_in.coded is None or paid_in.coded.coding is None
    assert not shared.certain, "the word is in two contacts' names"


def test_words_of_two_payees_are_asked_and_both_are_offered() -> None:
    history = (
        *past("Vero", "INSURANCE", TO_FEES, ["9.00"] * 5),
        *past("Tower", "INSURANCE", TO_SOFTWARE, ["9.00"] * 4),
    )

    verdict = coded(books(line("INSURANCE", "9.00"), coded=history))

    assert not verdict.certain
    assert verdict.coded is not None
    assert verdict.coded.coding is None
    assert {c.text.partition(":")[0] for c in verdict.coded.choices} == {"Vero", "Tower"}


def test_a_payee_usually_called_by_name_is_not_meant_by_the_banks_words_around_it() -> None:
    history = past("Ami Insurance", "DIRECT DEBIT AMI INSURANCE", TO_FEES, ["88.00"] * 8)

    assert coded(books(line("DIRECT DEBIT 771", "88.00"), coded=history)).certain is False
    assert coded(books(line("DIRECT DEBIT AMI INSURANCE", "88.00"), coded=history)).certain is True


def test_the_banks_own_words_are_learned_from_those_who_share_them() -> None:
    others = [
        past(name, f"VISA PURCHASE {name.upper()}", TO_FEES, ["4.00"])[0] for name in ("Bakery", "Florist", "Printer")
    ]
    unknown = books(line("VISA PURCHASE NETFLIX.COM", "21.99"), coded=past("Netflix", "x", TO_SOFTWARE, ["21.99"] * 5))
    names = tuple(Contact(id=n, name=n) for n in ("Bakery", "Florist", "Printer", "Netflix.com"))

    assert not coded(unknown).certain
    learned = replace(unknown, coded=(*unknown.coded, *others), contacts=names)
    learned = replace(learned, coded=tuple(replace(t, contact=t.contact_id) for t in learned.coded))
    renamed = replace(learned, contacts=(*names[:3], Contact(id="Netflix", name="Netflix.com")))
    assert coded(renamed).certain


def test_a_text_that_names_nobody_is_not_certain_beside_a_document_it_may_pay() -> None:
    history = past("Counter Sales", "BRANCH DEPOSIT", Coding("interest", "NONE"), ["500.00", "610.00", "440.00"] * 2)
    history = tuple(replace(t, direction="receive") for t in history)
    invoice = Document(
        id="i", type="invoice", number="INV-1", reference="", contact_id="moa", contact="Moa", date=DAY, due_date=None,
        currency="NZD", total=Decimal("522.50"), amount_due=Decimal("522.50"), status="open",
    )  # fmt: skip
    given = books(line("BRANCH DEPOSIT", "522.50", direction="receive"), coded=history)

    def answer(due: str) -> tuple[bool, bool]:
        verdict = coded(replace(given, documents=(replace(invoice, amount_due=Decimal(due), total=Decimal(due)),)))
        assert verdict.coded is not None
        return verdict.certain, verdict.coded.coding is not None

    assert coded(given).certain
    assert answer("522.50") == (False, False), "it has the amount of an invoice"
    assert answer("900.00") == (False, True), "it may be the larger part of an invoice"
    assert answer("9000.00") == (True, True)


def test_the_very_text_of_earlier_money_is_needed_where_no_name_is_said() -> None:
    history = past("Vero", "DIRECT DEBIT AMI INSURANCE\nMonthly cover", TO_FEES, ["88.00"] * 8)

    assert coded(books(line("DIRECT DEBIT AMI INSURANCE 77", "88.00"), coded=history)).certain
    assert not coded(books(line("DIRECT DEBIT", "88.00"), coded=history)).certain
    assert not coded(books(line("DIRECT DEBIT AMI INSURANCE Monthly", "88.00"), coded=history)).certain


def test_the_usual_amount_is_that_of_the_same_bank_account() -> None:
    here = past("Kiwibank", "INTEREST PAID", Coding("interest", "NONE"), ["5.10", "4.80", "5.60", "6.00"])
    there = tuple(replace(t, id=f"s{t.id}", account_id="savings", amount=t.amount + 130) for t in here)
    history = tuple(replace(t, direction="receive") for t in (*here, *there))

    def certain(amount: str) -> bool:
        return coded(books(line("INTEREST PAID", amount, direction="receive"), coded=history)).certain

    assert certain("5.30")
    assert not certain("135.30")


def monthly(words: Sequence[str]) -> tuple[CodedTransaction, ...]:
    """A fee each month before DAY, called by one of the words each, the newest last."""
    history = past("Kiwibank", "", TO_FEES, ["5.00"] * len(words))
    return tuple(replace(t, text=f"ACCOUNT FEE {w}") for t, w in zip(history, reversed(words), strict=True))


def test_the_word_for_a_new_month_is_expected_where_each_month_had_one() -> None:
    months = ["mei", "jun", "jul", "agst", "sept", "okt"]

    assert coded(books(line("ACCOUNT FEE nov", "5.00"), coded=monthly(months))).certain
    assert not coded(books(line("ACCOUNT FEE nov extra", "5.00"), coded=monthly(months))).certain
    assert not coded(
        books(line("ACCOUNT FEE nov", "5.00", date=DAY - dt.timedelta(days=20)), coded=monthly(months))
    ).certain
    assert not coded(books(line("ACCOUNT FEE acme", "5.00"), coded=monthly(["web"] * 6))).certain
    assert not coded(
        books(line("ACCOUNT FEE acme", "5.00"), coded=monthly(["a", "web", "web", "x", "web", "okt"]))
    ).certain


def test_what_the_bank_says_of_claimed_money_is_learned_for_the_next() -> None:
    history = past("Spotify", "Monthly plan", TO_SOFTWARE, ["17.99"] * 4)
    newest = replace(history[0], date=DAY - dt.timedelta(days=20))
    held = BankTransaction(
        id=newest.id, date=newest.date, account_id="bank", direction="spend", kind="money", currency="NZD",
        amount=newest.amount, coded_to=("soft",), lines=1, tax=Decimal(0), contact_id="Spotify", contact="Spotify",
    )  # fmt: skip
    seen = line("SPOTIFY AB STOCKHOLM", "17.99", id="a", date=newest.date)
    new = line("SPOTIFY AB STOCKHOLM", "17.99", id="b")

    without = books(new, coded=(newest, *history[1:]))
    with_it = books(seen, new, coded=(newest, *history[1:]), bank_transactions=(held,))

    assert not coded(without).certain
    assert coded(with_it).certain


def test_a_new_payee_is_asked_under_the_name_the_bank_shows() -> None:
    verdict = coded(books(line("THE CORNER SHOP 14:05", "7.50"), coded=NETFLIX))

    assert (verdict.status, verdict.certain) == ("review", False)
    assert verdict.coded is not None
    assert (verdict.coded.contact_id, verdict.coded.contact) == ("", "THE CORNER SHOP")
    assert verdict.coded.coding is None
    assert verdict.coded.choices == ()


def test_money_of_another_direction_or_currency_teaches_nothing() -> None:
    assert not coded(books(line("NETFLIX.COM AMSTERDAM", "21.99", direction="receive"), coded=NETFLIX)).certain
    assert not coded(books(line("NETFLIX.COM AMSTERDAM", "21.99", currency="EUR"), coded=NETFLIX)).certain


def test_a_payee_with_an_open_bill_is_left_to_the_matcher_and_one_with_paid_bills_is_for_review() -> None:
    bill = Document(
        id="b", type="bill", number="B-1", reference="", contact_id="Netflix", contact="Netflix",
        date=DAY - dt.timedelta(days=60), due_date=None, currency="NZD", total=Decimal("300.00"),
        amount_due=Decimal("300.00"), status="open",
    )  # fmt: skip
    given = books(line("NETFLIX.COM AMSTERDAM", "21.99"), coded=NETFLIX)

    open_bill = coded(replace(given, documents=(bill,)))
    paid_bill = coded(replace(given, documents=(replace(bill, status="paid", amount_due=Decimal(0)),)))

    assert open_bill.coded is None or open_bill.coded.coding is None
    assert not open_bill.certain
    assert (paid_bill.status, paid_bill.certain) == ("review", False)
    assert paid_bill.coded is not None
    assert paid_bill.coded.coding == TO_SOFTWARE


def test_a_line_the_matcher_explains_is_never_coded() -> None:
    given = books(line("NETFLIX.COM AMSTERDAM", "21.99"), coded=NETFLIX)
    (plain,) = match(given)
    for situation in ("refund", "transfer", "duplicate", "paid_again", "wrong_direction", "ambiguous", "part_payment"):
        told = replace(plain, situation=situation)
        assert code(given, (told,)) == (told,)
    for status in ("settle", "already_settled"):
        told = replace(plain, status=status, situation="unrelated")
        assert code(given, (told,)) == (told,)


def test_money_the_ledger_may_already_hold_is_not_booked_again_as_certain() -> None:
    held = replace(NETFLIX[0], id="held", date=DAY - dt.timedelta(days=8))
    early = line("SOMETHING ELSE", "1.00", id="a", date=DAY - dt.timedelta(days=30))

    verdict = coded(books(early, line("NETFLIX.COM AMSTERDAM", "21.99", id="b"), coded=(*NETFLIX[1:], held)))

    assert (verdict.status, verdict.certain) == ("review", False)
    assert "the ledger holds 21.99 NZD of theirs dated 2026-11-09" in verdict.reason


def test_what_a_person_keeps_refusing_is_not_certain_any_more() -> None:
    given = books(line("NETFLIX.COM AMSTERDAM", "21.99"), coded=NETFLIX, doubted=frozenset({("Netflix", TO_SOFTWARE)}))

    verdict = coded(given)

    assert (verdict.status, verdict.certain) == ("review", False)
    assert verdict.coded is not None
    assert verdict.coded.coding == TO_SOFTWARE


def test_a_habit_fills_the_rest_of_a_short_payment_of_that_counterparty_alone() -> None:
    invoice = Document(
        id="i", type="invoice", number="INV-1", reference="", contact_id="moa", contact="Moa", date=DAY, due_date=None,
        currency="NZD", total=Decimal(100), amount_due=Decimal(100), status="open",
    )  # fmt: skip
    habit = Habit(contact_id="moa", kind="fee", coding=TO_FEES, confirmed=3, text="confirmed 3 times")
    short = Verdict(
        line_id="l", situation="short_fee", status="review", certain=False, confidence=Decimal("0.9"), reason="",
        settlements=(Settlement(document_id="i", amount=Decimal(98), bank_amount=Decimal(98)),), residual=Decimal(2),
    )  # fmt: skip
    given = books(documents=(invoice,), habits=(habit,))

    def filled(verdict: Verdict, **changes: Any) -> Coding | None:
        (answer,) = code(replace(given, **changes), (verdict,))
        assert answer.certain == verdict.certain
        return answer.residual_coding.coding if answer.residual_coding else None

    assert filled(short) == TO_FEES
    assert filled(replace(short, situation="over_fee")) == TO_FEES
    assert filled(replace(short, situation="short_discount")) is None
    assert filled(short, habits=(replace(habit, contact_id="other"),)) is None
    assert filled(short, habits=(habit, replace(habit, coding=TO_SOFTWARE))) is None
    assert filled(short, habits=(replace(habit, coding=Coding("gone", "NONE")),)) is None
    rounding = replace(habit, kind="rounding")
    assert filled(replace(short, situation="short_other", residual=Decimal("0.03")), habits=(rounding,)) == TO_FEES
    assert filled(replace(short, situation="short_other"), habits=(rounding,)) is None


_NAMES = ["Orca", "Pohutukawa Power", "Mercury", "Kiwibank", "Zeta Cloud", "Tane Tools"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_order_of_the_facts_changes_an_answer(data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 10_000))
    chance = random.Random(seed)
    history: list[CodedTransaction] = []
    for n in range(24):
        name = chance.choice(_NAMES)
        history.append(
            replace(
                past(name, f"PAY {name} {chance.choice(['A', 'WEB', 'FEE'])}", TO_FEES, ["9.00"])[0],
                id=f"t{n}", date=DAY - dt.timedelta(days=chance.randrange(1, 300)),
                codings=((chance.choice([TO_FEES, TO_SOFTWARE, TO_FEES]), Decimal(9)),),
            )
        )  # fmt: skip
    lines = [line(f"PAY {chance.choice(_NAMES)}", "9.00", id=f"l{n}") for n in range(4)]
    given = books(*lines, coded=history)
    verdicts = match(given)
    answers = {v.line_id: v for v in code(given, verdicts)}
    mixed = list(history)
    chance.shuffle(mixed)

    again = code(replace(given, coded=tuple(mixed), lines=tuple(reversed(lines))), tuple(reversed(verdicts)))

    assert {v.line_id: v for v in again} == answers


@settings(max_examples=60, deadline=None)
@given(extra=st.lists(st.sampled_from(["holdings", "gmbh", "acme", "株式会社", "via", "visa"]), min_size=1, max_size=3))
def test_no_word_that_was_never_seen_with_the_payee_leaves_a_line_certain(extra: list[str]) -> None:
    for text in (f"{' '.join(extra)} NETFLIX.COM AMSTERDAM", f"NETFLIX.COM AMSTERDAM {' '.join(extra)}"):
        assert not coded(books(line(text, "21.99"), coded=NETFLIX)).certain


def test_a_payment_reference_counts_as_use_of_a_word() -> None:
    used = Payment(
        id="p", date=DAY, account_id="bank", direction="spend", contact_id="Other", document_id="", currency="NZD",
        amount=Decimal(1), bank_amount=Decimal(1), reference="ACCOUNT FEE",
    )  # fmt: skip
    history = past("Kiwibank", "ACCOUNT FEE", TO_FEES, ["5.00"] * 5)

    assert coded(books(line("ACCOUNT FEE", "5.00"), coded=history)).certain
    assert not coded(books(line("ACCOUNT FEE", "5.00"), coded=history, payments=(used,))).certain
