"""Answers about what is proposed, and about documents whose numbers are digits alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from finchat.agent.grounding import check, values_in
from tests.agent.grounding.corpus import PROFIT
from tests.agent.grounding.ledger import AS_OF, FACTS, VOCABULARY, YEAR_END, document, record

HERE = [
    *FACTS,
    *document(
        7, "97563", "Crown Supplies", total="920.00", due="520.00", issued="2026-09-17", payable="2026-10-17",
        kind="invoice",
    ),
    *document(8, "97634", "Capital Cab Co", total="1141.67", due="1141.67", issued="2026-10-05", payable="2026-11-04"),
    *record("e8", "proposals[0].documents[0]", "invoice", ("Capital Cab Co", "97634"), amount="1141.67"),
    *(
        replace(one, unit="count") if one.field == "line_count" else one
        for one in record("e8", "unsettled_totals[0]", "unsettled_total", (), line_count="50", amount="2000.00")
    ),
]  # fmt: skip
CALLED = {**VOCABULARY, "97563": frozenset({"invoice"}), "97634": frozenset({"invoice"})}


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("97563 is a sales invoice.", ""),
        ("I have found it: 97563 is a sales invoice.", ""),
        ("The payment of Capital Cab Co is set against 97634.", ""),
        ("Invoice 97634 would be paid 1,141.67 NZD.", ""),
        ("- Receive, proposed: 50 bank lines, 2,000.00 NZD", ""),
        ("Rent is 9% of revenue (4,500.00 of 50,000.00).", PROFIT),
        ("Rent was 9% of revenue (4,500.00 of 50,000.00) in Q3 2026.", ""),
    ],
)
def test_an_honest_answer_verifies(text: str, question: str) -> None:
    found = check(text, facts=HERE, vocabulary=CALLED, question=question, as_of=AS_OF, year_end=YEAR_END)
    assert found
    assert [(one.text, one.why) for one in found if not one.verified] == []


@pytest.mark.parametrize(
    "text",
    [
        "97564 is a sales invoice.",
        "- Receive, proposed: 51 bank lines, 2,000.00 NZD",
        "Rent was 9% of revenue (3,600.50 of 50,000.00) in Q3 2026.",
        "Rent was 9% of revenue (4,500.00 of 22,845.00) in Q3 2026.",
        "Rent was 8% of revenue (4,500.00 of 50,000.00) in Q3 2026.",
        "Wages were 9% of revenue (4,500.00 of 50,000.00) in Q3 2026.",
    ],
)
def test_a_false_one_is_marked(text: str) -> None:
    found = check(text, facts=HERE, vocabulary=CALLED, question="", as_of=AS_OF, year_end=YEAR_END)
    assert any(not one.verified for one in found)


def test_numbers_of_digits_alone_are_looked_up_as_numbers_of_documents_too() -> None:
    assert "97634" in values_in("Paid against 97634.", AS_OF)
