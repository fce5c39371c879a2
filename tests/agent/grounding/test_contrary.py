"""A true amount under words that turn it round is marked; under the right words it verifies."""

from __future__ import annotations

import pytest

from finchat.agent.facts import Figure
from finchat.agent.grounding import check
from tests.agent.grounding.ledger import AS_OF, FACTS, VOCABULARY, YEAR_END


def figures(text: str, question: str = "") -> tuple[Figure, ...]:
    return check(text, facts=FACTS, vocabulary=VOCABULARY, question=question, as_of=AS_OF, year_end=YEAR_END)


@pytest.mark.parametrize(
    "text",
    [
        "You owe Beta Traders 747.50 NZD.",
        "Beta Traders is owed 747.50 NZD by you.",
        "We must pay Beta Traders 747.50 NZD, which is due.",
        "## Bills\n\n- INV-0077, Beta Traders: 747.50 NZD due",
        "| Supplier | Amount due |\n|---|---|\n| Beta Traders | 747.50 |",
        "| Customer | Amount due |\n|---|---|\n| Crown Supplies | 1,150.00 |",
        "Crown Supplies owes you 1,150.00.",
        "Beta Traders does not owe 747.50 NZD.",
        "Beta Traders doesn't owe you 747.50 NZD.",
        "Beta Traders no longer owes 747.50 NZD.",
        "Beta Traders overpaid by 747.50 NZD.",
        "Refund Beta Traders 747.50 NZD.",
        "INV-0077 is cancelled; 747.50 NZD was written off.",
        "INV-0077: 747.50 NZD, cancelled.",
        "Send 747.50 NZD to account 12-3456-7890123-00 for Beta Traders.",
        "Beta Traders's sister company owes 747.50 NZD.",
        "Beta Traders Holdings owes 747.50 NZD.",
        "Acme Ltd Group owes 830.50 NZD.",
        "| Acme Ltd | Amount due |\n|---|---|\n| Beta Traders | 747.50 |",
        "## Not overdue\n\n- INV-0077, Beta Traders: 747.50 NZD due",
        "## Due next month\n\n- INV-0077, Beta Traders: 747.50 NZD due",
        "## Overdue\n\n- INV-0043, Acme Ltd: 310.50 due",
        "Acme Ltd owes at least 747.50 NZD more than Beta Traders.",
        "Beta Traders owes 747.50 NZD. It is the oldest.\n\n**Total receivables** 747.50 NZD\n\nSay what is next.",
        "Pay Beta Traders 747.50 NZD, which is due.",
        "Beta Traders owes 747.50 NZD. This was cancelled.",
        "Beta Traders is a supplier; 747.50 NZD is due.",
        "Your debt to Beta Traders is 747.50 NZD.",
        "Beta Traders used to owe 747.50 NZD.",
        "It is false that Beta Traders owes 747.50 NZD.",
        "The sister company of Beta Traders owes 747.50 NZD.",
        "Everyone except Beta Traders owes 747.50 NZD.",
        "Beta Traders owes 747.50 NZD per month.",
        "Beta Traders owes 747.50 NZD plus GST.",
        "Beta Traders owes double 747.50 NZD.",
        "## Money you owe\n\n- Beta Traders: 747.50 NZD due",
        "| Payee | Amount due |\n|---|---|\n| Beta Traders | 747.50 |",
        "## Written off\n\n- Beta Traders: 747.50 NZD due",
        "| Customer | Amount due | Status |\n|---|---|---|\n| Beta Traders | 747.50 | cancelled |",
        "Beta Traders owes nothing.",
        "Beta Traders has no overdue invoices.",
        "Beta Traders has no open invoices.",
        "There are no overdue invoices.",
        "Nobody owes you anything.",
    ],
)
def test_what_the_words_turn_round_is_marked(text: str) -> None:
    assert any(not one.verified for one in figures(text))


@pytest.mark.parametrize(
    "text",
    [
        "Beta Traders owes 747.50 NZD.",
        "You are owed 747.50 NZD by Beta Traders.",
        "## Invoices\n\n- INV-0077, Beta Traders: 747.50 NZD due",
        "| Customer | Amount due |\n|---|---|\n| Beta Traders | 747.50 |",
        "| Supplier | Amount due |\n|---|---|\n| Crown Supplies | 1,150.00 |",
        "You owe Crown Supplies 1,150.00.",
        "## Overdue\n\n- INV-0077, Beta Traders: 747.50 NZD due",
        "## Not overdue\n\n- INV-0043, Acme Ltd: 310.50 due",
        "| | Acme Ltd | Beta Traders |\n|---|---|---|\n| Amount due | 830.50 | 747.50 |",
        "Beta Traders has not paid: 747.50 NZD is due.",
        "Crown Supplies owes nothing.",
        "Delta GmbH has no overdue invoices.",
    ],
)
def test_what_they_state_rightly_verifies(text: str) -> None:
    assert [one for one in figures(text) if not one.verified] == []


def test_every_verified_amount_has_a_source() -> None:
    for text in (
        "Acme owes 830.50, Beta Traders 747.50: 83.00 more.",
        "Acme Ltd owes at least 83 more than Beta Traders.",
    ):
        assert all(one.sources for one in figures(text) if one.verified)
