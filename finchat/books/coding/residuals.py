"""The rest of a short payment, as the books of this counterparty have it: what memory holds of it, for review."""

from __future__ import annotations

from collections.abc import Mapping

from finchat.books.coding.checks import Chart
from finchat.books.coding.sentences import spoken_coding
from finchat.books.documents import Books, Document, Habit, ResidualKind
from finchat.books.matching.verdict import CodingChoice, Verdict
from finchat.books.money import to_minor

_KINDS: Mapping[str, ResidualKind] = {
    "short_fee": "fee",
    "over_fee": "fee",
    "short_discount": "discount",
    "short_withholding": "withholding",
}
_ROUNDING = 5  # minor units, as the matcher reads it


def residual_kind(verdict: Verdict, document: Document) -> ResidualKind | None:
    """What the rest of a short payment is; None where there is none or its reason is not known."""
    if verdict.situation == "short_other" and verdict.residual is not None:
        return "rounding" if abs(to_minor(verdict.residual, document.currency)) <= _ROUNDING else None
    return _KINDS.get(verdict.situation)


class Residuals:
    """The habits of an organisation's counterparties."""

    def __init__(self, books: Books, chart: Chart) -> None:
        self._chart = chart
        self._documents = {d.id: d for d in books.documents}
        self._habits: dict[tuple[str, ResidualKind], list[Habit]] = {}
        for habit in books.habits:
            self._habits.setdefault((habit.contact_id, habit.kind), []).append(habit)

    def coding(self, verdict: Verdict) -> CodingChoice | None:
        """The habit that fills the rest of this verdict, when there is exactly one that can still be booked to."""
        settled = [self._documents.get(s.document_id) for s in verdict.settlements]
        if not settled or any(d is None for d in settled):
            return None
        documents = [d for d in settled if d is not None]
        kinds = {residual_kind(verdict, d) for d in documents}
        contacts = {d.contact_id for d in documents}
        kind = next(iter(kinds))
        if len(kinds) != 1 or len(contacts) != 1 or kind is None:
            return None
        habits = self._habits.get((next(iter(contacts)), kind), [])
        if len({h.coding for h in habits}) != 1 or self._chart.unusable(habits[0].coding) is not None:
            return None
        said = habits[0].text or f"confirmed {habits[0].confirmed} times"
        where = spoken_coding(habits[0].coding, self._chart.accounts, self._chart.tax_rates)
        return CodingChoice(coding=habits[0].coding, text=f"{where}: {said}")
