"""The line under the prompt: it always fits, and says the most important longest."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.text.sanitise import visible
from finchat.ui.chat.toolbar import COLOURLESS, ToolbarState, cells, fragments, text

NAME = "Kōwhai Fitout & Supply (Demo)"
STATE = ToolbarState(
    organisation=NAME, sandbox=True, model="gpt-5.2-mini", tokens=12_400, cost=Decimal("0.0834"), currency="USD",
    api_left=4870, awaiting=2,
)  # fmt: skip


def test_a_wide_terminal_is_told_everything() -> None:
    assert text(STATE, 200) == (
        f"SANDBOX  {NAME} · writes on approval · 2 plans await approval · gpt-5.2-mini · 0.08 USD · "
        "4,870 API calls left today · 12.4k tokens"
    )


@pytest.mark.parametrize(
    ("width", "kept"),
    [
        (140, f"SANDBOX  {NAME} · writes on approval · 2 plans await approval · gpt-5.2-mini · 0.08 USD · 4,870 API"),
        (100, f"SANDBOX  {NAME} · writes on approval · 2 plans await approval · gpt-5.2-mini"),
        (80, "SANDBOX  Kōwhai Fitout & Supply … · writes on approval · 2 plans await approval"),
        (60, "SANDBOX  Kōwhai Fitou… · writes on approval · 2 plans await"),
    ],
)
def test_the_least_important_goes_first(width: int, kept: str) -> None:
    assert text(STATE, width).startswith(kept)


def test_sandbox_the_organisation_and_what_may_be_written_are_always_told() -> None:
    starting, trouble = "books, bank-feed and the other one", "stripe does not answer"
    worst = replace(STATE, starting=starting, trouble=trouble, private=True)
    for state, width in product((worst, replace(worst, read_only=True)), range(60, 201)):
        told = text(state, width)
        assert told.startswith("SANDBOX  Kōwhai F")
        assert ("read-only" in told) == state.read_only
        assert ("write" in told) != state.read_only


def test_a_real_organisation_is_not_called_a_sandbox() -> None:
    assert text(replace(STATE, sandbox=False), 80).startswith(NAME)


def test_what_is_not_known_is_not_told() -> None:
    assert text(ToolbarState(starting="books"), 80) == "writes on approval · starting books … · no model: /model"


def test_a_cost_below_a_cent_is_not_told_as_nothing() -> None:
    assert "0.0004 NZD" in text(replace(STATE, cost=Decimal("0.0004"), currency="NZD"), 200)


@pytest.mark.parametrize(("tokens", "told"), [(950, "950"), (999_949, "999.9k"), (1_234_567, "1.2M")])
def test_tokens_are_told_short(tokens: int, told: str) -> None:
    assert f"{told} tokens" in text(replace(STATE, tokens=tokens), 200)


def test_an_empty_budget_stands_out() -> None:
    styles = {part[1]: part[0] for part in fragments(replace(STATE, api_left=0), 200)}
    assert styles["0 API calls left today"] == "class:trouble"


def test_without_colour_sandbox_is_still_loud() -> None:
    assert "reverse" in COLOURLESS["sandbox"]


STRANGE = st.text(max_size=80)


@given(
    state=st.builds(
        ToolbarState, organisation=STRANGE, sandbox=st.booleans(), read_only=st.booleans(), model=st.none() | STRANGE,
        tokens=st.integers(0, 10**12), cost=st.none() | st.decimals(0, 10**9), currency=STRANGE,
        api_left=st.none() | st.integers(0, 10**9), api_window=STRANGE, awaiting=st.integers(0, 10**6),
        starting=STRANGE, trouble=STRANGE, private=st.booleans(),
    ),
    width=st.integers(1, 220),
)  # fmt: skip
def test_the_line_fits_and_is_clean_whatever_it_is_told(state: ToolbarState, width: int) -> None:
    told = "".join(part[1] for part in fragments(state, width))
    assert cells(told) <= width
    assert visible(f"a{told}") == f"a{told}"


def test_a_change_is_heard_at_once() -> None:
    heard: list[str] = []
    state = ToolbarState()
    state.changed = lambda: heard.append(state.organisation)
    state.organisation = NAME
    assert heard == [NAME]
