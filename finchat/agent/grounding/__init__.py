"""Whether the figures of a model's answer stand on evidence, each in the claim it is part of. Pure: no I/O.

A claim is a sentence, list item or table row with its headings. A figure in it is verified when one fact carries its
value, entity, field and period together, or when it is recomputed from such figures of the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from finchat.agent.facts import Fact, Figure, Vocabulary
from finchat.agent.grounding.checking import check_answer
from finchat.agent.grounding.contrary import denies
from finchat.agent.grounding.lookups import ranges_in, values_in
from finchat.agent.grounding.words import MARK, correction, marked

__all__ = ["MARK", "check", "correction", "denies", "marked", "ranges_in", "values_in"]


def check(
    text: str,
    *,
    facts: Sequence[Fact],
    vocabulary: Vocabulary,
    question: str,
    as_of: date,
    year_end: tuple[int, int],
) -> tuple[Figure, ...]:
    """The figures of `text` in order, each verified or with what is missing. Never raises, whatever the text.

    `facts`: what the evidence holds for the values of the text (`values_in`, `ranges_in`), or all of it: the more is
    there, the more contradictions are seen. `vocabulary`: what the records are called. `question`: what the answer is
    to; it lends its customer, field and period where the answer leaves them out. `as_of`: the day of "today".
    `year_end`: month and day on which the organisation's financial year ends.
    """
    return check_answer(text, facts=facts, vocabulary=vocabulary, question=question, as_of=as_of, year_end=year_end)
