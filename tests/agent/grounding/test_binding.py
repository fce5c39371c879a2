"""Whose a figure is, when several names and figures stand in one claim; and dates written in one order."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.agent.facts import Fact
from finchat.agent.grounding import check
from tests.agent.grounding.ledger import AS_OF, NOW, YEAR_END, document, record

NAMES = ("Acme Ltd", "Beta Traders", "Crown & Sons", "Delta GmbH", "Émile Zed", "Fitzroy 24")
# Each is filled with the figures of two or three customers, in order.
TEMPLATES = (
    "{0} owes {a} and {1} owes {b}.",
    "{0} and {1} owe {a} and {b} respectively.",
    "{0}, {1} and {2} owe {a}, {b} and {c}.",
    "There is {a} due from {0}, {b} from {1} and {c} from {2}.",
    "{a} from {0}, {b} from {1}: both are outstanding.",
    "{0} ({a}) and {1} ({b}) have balances outstanding.",
    "Outstanding: {0} {a}; {1} {b}; {2} {c}.",
    "{0} owes {a}, while {1} still has {b} to pay and {2} {c}.",
    "- {0}: {a} outstanding\n- {1}: {b} outstanding\n- {2}: {c} outstanding",
    "| Customer | Amount due |\n|---|---|\n| {0} | {a} |\n| {1} | {b} |\n| {2} | {c} |",
    "| | {0} | {1} |\n|---|---|---|\n| Amount due | {a} | {b} |",
    "## {0}\n\nAmount due: {a}\n\n## {1}\n\nAmount due: {b}",
    "**{0}**\n\nAmount due: {a}\n\n**{1}**\n\nAmount due: {b}",
    "1. **{0}** – {a} is due\n2. **{1}** – {b} is due",
)


def owing(amounts: dict[str, Decimal]) -> list[Fact]:
    return [
        fact
        for number, (name, amount) in enumerate(amounts.items())
        for fact in record("e1", f"contacts[{number}]", "contact", (name,), period=NOW, amount_due=f"{amount}")
    ]


def verified(text: str, facts: list[Fact]) -> list[bool]:
    vocabulary = {name.casefold(): frozenset({"contact"}) for fact in facts for name in fact.entities}
    found = check(text, facts=facts, vocabulary=vocabulary, question="", as_of=AS_OF, year_end=YEAR_END)
    return [figure.verified for figure in found]


amounts_of_three = st.lists(
    st.decimals(min_value=Decimal("1.01"), max_value=Decimal("99999.99"), places=2), min_size=3, max_size=3, unique=True
)


@given(
    amounts=amounts_of_three, names=st.permutations(NAMES).map(lambda names: names[:3]),
    template=st.sampled_from(TEMPLATES), data=st.data(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_true_sentences_verify_and_no_permutation_of_their_amounts_does(
    amounts: list[Decimal], names: list[str], template: str, data: st.DataObject
) -> None:
    facts = owing(dict(zip(names, amounts, strict=True)))
    shown = [f"{amount:,.2f}" for amount in amounts]

    def filled(order: tuple[str, ...]) -> str:
        return template.format(*names, a=order[0], b=order[1], c=order[2])

    said = 3 if "{c}" in template else 2
    assert verified(filled(tuple(shown)), facts) == [True] * said
    wrong = [o for o in itertools.permutations(shown) if o[:said] != tuple(shown)[:said]]
    order = data.draw(st.sampled_from(wrong))
    assert verified(filled(order), facts) == [
        given == true for given, true in zip(order[:said], shown[:said], strict=True)
    ]


@given(total=st.lists(st.integers(1, 10**6), min_size=2, max_size=8, unique=True), off=st.integers(-3, 3))
@settings(max_examples=40, deadline=None)
def test_a_total_row_verifies_when_it_is_the_sum_of_the_rows_and_only_then(total: list[int], off: int) -> None:
    amounts = {f"Customer{chr(65 + n)} Ltd": Decimal(cents) / 100 for n, cents in enumerate(total)}
    rows = "\n".join(f"| {name} | {amount:,.2f} |" for name, amount in amounts.items())
    claimed = sum(amounts.values(), Decimal(0)) + Decimal(off) / 100
    text = f"| Customer | Amount due |\n|---|---|\n{rows}\n| Total | {claimed:,.2f} |"
    assert verified(text, owing(amounts)) == [True] * len(amounts) + [off == 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Acme and Beta each owe 500.00.", [True]),
        ("Acme and Crown each owe 500.00.", [False]),
        ("Acme and Crown together owe 500.00.", [False]),
        ("Acme owes 500.00. Crown owes 700.00. Together they owe 1,200.00.", [True, True, True]),
        ("Acme owes 500.00. Crown owes 700.00. Together they owe 1,300.00.", [True, True, False]),
        ("Acme owes 500.00 and Crown owes 700.00, 1,200.00 in total.", [True, True, True]),
        ("Crown owes 700.00, which is 200.00 more than Acme's 500.00.", [True, True, True]),
        ("Crown owes 200.00 more than Acme.", [False]),
        ("Crown owes 700.00, 58.3 % of the 1,200.00 that Acme (500.00) and Crown owe together.", None),
    ],
)
def test_joint_claims(text: str, expected: list[bool] | None) -> None:
    facts = owing({"Acme Ltd": Decimal("500.00"), "Beta Traders": Decimal("500.00"), "Crown & Sons": Decimal("700.00")})
    found = verified(text, facts)
    assert expected is None or found == expected


def test_a_short_name_that_fits_two_customers_is_nobody_s() -> None:
    facts = owing({"Acme Ltd": Decimal("500.00"), "Acme Holdings": Decimal("700.00")})
    assert verified("Acme owes 500.00.", facts) == [False]
    assert verified("Acme Holdings owes 700.00.", facts) == [True]


def test_a_line_that_names_nobody_is_held_together_by_its_day_its_amount_and_its_quoted_text() -> None:
    def line(number: int, day: str, amount: str, text: str) -> list[Fact]:
        kept = record("e1", f"bank_lines[{number}]", "bank_line", (), period=NOW, date=day, amount=amount)
        return [*kept, replace(kept[0], field="description", value=text, unit="identifier")]

    facts = [*line(0, "2026-11-14", "55.00", "CR FROM A 51777"), *line(1, "2026-11-16", "77.00", "CR FROM B 51888")]
    assert verified("On 14 November 2026 55.00 was received.", facts) == [True, True]
    assert verified("On 16 November 2026 55.00 was received.", facts) == [False, False]
    assert verified("55.00 was received.", facts) == [False]
    assert verified("55.00 was received, “CR FROM A 51777”.", facts) == [True]
    assert verified("55.00 was received, “CR FROM B 51888”.", facts) == [False]
    assert verified("55.00 was received, “CR FROM A 51999”.", facts)[-1] is False


def test_slashed_dates_are_all_of_one_order() -> None:
    facts = [
        *document(0, "INV-1", "Acme Ltd", total="10.00", due="10.00", issued="2026-03-04", payable="2026-05-06"),
        *document(1, "INV-2", "Acme Ltd", total="20.00", due="20.00", issued="2026-04-05", payable="2026-07-06"),
    ]
    vocabulary = {"inv-1": frozenset({"invoice"}), "inv-2": frozenset({"invoice"}), "acme ltd": frozenset({"contact"})}

    def dates(text: str) -> list[bool]:
        found = check(text, facts=facts, vocabulary=vocabulary, question="", as_of=AS_OF, year_end=YEAR_END)
        return [figure.verified for figure in found if figure.unit == "date"]

    assert dates("INV-1 is due on 06/05/2026. INV-2 is due on 06/07/2026.") == [True, True]
    assert dates("INV-1 is due on 05/06/2026. INV-2 is due on 07/06/2026.") == [True, True]
    assert dates("INV-1 is due on 06/05/2026. INV-2 is due on 07/06/2026.") == [False, False]
    assert date(2026, 5, 6) in {fact.value for fact in facts}
