"""Where several organisations are open, a figure of one is not verified as one of another."""

from __future__ import annotations

import re

import pytest

from finchat.agent.attribution import attributed
from finchat.agent.facts import Figure, Source

WIDE, NARROW = "Kōwhai Fitout & Supply (Demo)", "Pecan Bayou Outfitters Inc"
OF = {"e1": WIDE, "e2": NARROW}


def checked(text: str) -> list[str]:
    """Each of the figures (96.10 is of the first, 88.20 of the second organisation) with why it does not hold."""
    figures = [
        Figure(
            text=m[0], start=m.start(), end=m.end(), value=m[0], unit="money", verified=True,
            sources=(Source(evidence_id="e1" if m[0] == "96.10" else "e2", path="amount"),),
        )
        for m in re.finditer(r"\d+\.\d+", text)
    ]  # fmt: skip
    found = attributed(text, figures, OF.values(), lambda source: frozenset({OF[source.evidence_id]}))
    return [one.why for one in found]


@pytest.mark.parametrize(
    "text",
    [
        "Kōwhai Fitout & Supply is owed 96.10 NZD and Pecan Bayou Outfitters Inc 88.20 USD.",
        "96.10 NZD are owed to Kōwhai Fitout & Supply, 88.20 USD to PECAN BAYOU OUTFITTERS INC.",
        "| Kōwhai Fitout & Supply (Demo) | 96.10 |\n| Pecan Bayou Outfitters Inc | 88.20 |",
        "## Pecan Bayou Outfitters Inc\n- owed 88.20\n\n## Kōwhai Fitout & Supply\n- owed 96.10",
        "Pecan Bayou Outfitters Inc and Kōwhai Fitout & Supply:\n88.20 and 96.10",
        "They are owed 88.20 and 96.10.",
    ],
)
def test_a_figure_beside_its_own_organisation_stays_verified(text: str) -> None:
    assert checked(text) == ["", ""]


@pytest.mark.parametrize(
    "text",
    [
        "Kōwhai Fitout & Supply is owed 88.20 USD and Pecan Bayou Outfitters Inc 96.10 NZD.",
        "88.20 USD are owed to Kōwhai Fitout & Supply, 96.10 NZD to Pecan Bayou Outfitters Inc.",
        "| Kōwhai Fitout & Supply (Demo) | 88.20 |\n| Pecan Bayou Outfitters Inc | 96.10 |",
        "## Pecan Bayou Outfitters Inc\n- owed 96.10\n\n## Kōwhai Fitout & Supply\n- owed 88.20",
    ],
)
def test_a_figure_that_is_given_to_another_organisation_is_not_verified(text: str) -> None:
    whys = checked(text)
    assert all(why.startswith("it is of ") for why in whys)
    assert {why.partition(", not of ")[2] for why in whys} == {WIDE, NARROW}
