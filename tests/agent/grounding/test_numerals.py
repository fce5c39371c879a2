"""Every number of an answer is a figure: however it is written, it does not stand unmarked."""

from __future__ import annotations

import pytest

from finchat.agent.facts import Figure
from finchat.agent.grounding import check
from tests.agent.grounding.ledger import AS_OF, FACTS, VOCABULARY, YEAR_END


def unverified(text: str) -> list[Figure]:
    found = check(text, facts=FACTS, vocabulary=VOCABULARY, question="", as_of=AS_OF, year_end=YEAR_END)
    assert all(text[one.start : one.end] == one.text for one in found)
    return [one for one in found if not one.verified]


@pytest.mark.parametrize(
    "text",
    [
        "```sql\nSELECT Acme Ltd owes 1,234,567.00 NZD\n```",
        '```json\n{"contact": "Acme Ltd", "amount_due": "1234567.00"}\n```',
        "`Acme Ltd owes 1,234,567.00 NZD;`",
        "`amount_due = 1234567.00`",
        "See [e1234567.00] for Acme Ltd.",
        "Acme Ltd owes [e5000000] NZD.",
        "Acme Ltd owes [e50000] NZD.",
        "Acme Ltd owes https://1,234,567.00 NZD",
        "<https://owes.example/1,234,567.00>",
        "Acme Ltd owes f**iv**e hundred NZD.",
        "Acme Ltd owes *f*ive hundred NZD.",
        "Acme Ltd owes 5**20.0**0 NZD.",
        "Acme Ltd owes 5\u200b20.00 NZD.",
        "Acme Ltd owes ⑤⓪⓪ NZD.",
        "Acme Ltd owes ½ million NZD.",
        "Acme Ltd owes 五百 NZD.",
        "Acme Ltd owes half a million NZD.",
        "Acme Ltd owes a million NZD.",
        "Acme Ltd owes several million NZD.",
        "Acme Ltd owes a thousand NZD.",
        "Acme Ltd owes dozens of thousands.",
        "Acme Ltd owes fünfhundert NZD.",
        "Acme Ltd owes CC NZD.",
        "Acme Ltd owes nine NZD.",
        "Acme Ltd owes 0x7A120 NZD.",
        "7) invoices are overdue",
        "## 7) invoices are overdue",
        "1. Acme Ltd\n999. Beta Traders",
        "Revenue doubled.",
        "Revenue tripled last quarter.",
        "Half of revenue is Acme Ltd.",
        "A third of invoices are late.",
        "Beta Traders owes 747.50, and Acme Ltd owes the same.",
        "Beta Traders owes 747.50\u00a0NZD\u2009000.",
        "Beta Traders owes 747.50\u00a0000 NZD.",
        "Beta Traders owes 747.50 NZD 000.",
    ],
)
def test_a_number_that_no_figure_is_read_from_is_marked(text: str) -> None:
    assert unverified(text)


@pytest.mark.parametrize(
    "text",
    [
        "1. Acme Ltd\n2. Beta Traders\n3. Crown Supplies",
        "1. Acme Ltd\n1. Beta Traders",
        "1. Acme Ltd\n   1. first\n   2. second\n2. Beta Traders",
        "## 4. Summary",
        "Revenue is the same as before.",
        "Acme Ltd is due on the same day.",
        "[the page](https://example.com/2026/invoices)",
        "Beta_Traders and snake_case_names, **bold**ly",
        "The first half of 2026 was calm.",
        "INV-0042 is from Acme Ltd.¹",
        "Nobody else owes as much as Ridgeway University.",
        "`e1_lines[0].amount_due`",
    ],
)
def test_what_states_no_number_is_left_alone(text: str) -> None:
    assert unverified(text) == []


def test_no_number_escapes_behind_many_others() -> None:
    text = "Acme Ltd owes a million. " * 600
    assert max(one.end for one in unverified(text)) == len(text)
