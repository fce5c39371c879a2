"""The check of an answer: its figures, each against the evidence for the claim it is in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from finchat.agent.facts import Fact, Figure, Vocabulary
from finchat.agent.grounding.shown import figures


def check_answer(
    text: str, *, facts: Sequence[Fact], vocabulary: Vocabulary, question: str, as_of: date, year_end: tuple[int, int]
) -> tuple[Figure, ...]:
    """As `finchat.agent.grounding.check`."""
    return tuple(
        Figure(
            text=shown.text,
            start=shown.start,
            end=shown.end,
            value=shown.plain,
            unit=shown.unit,
            verified=False,
            why="no record carries it for what it is said of",
        )
        for shown in figures(text, as_of)
    )
