"""Payment terms: when a document is due, as an organisation or a contact has agreed it (Xero's four kinds)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

TermKind = Literal["days_after_date", "days_after_month_end", "of_current_month", "of_following_month"]
TERM_KINDS: tuple[TermKind, ...] = get_args(TermKind)
_MOST_DAYS = {"days_after_date": 999, "days_after_month_end": 999, "of_current_month": 31, "of_following_month": 31}
_WORDS = {
    "days_after_date": "{} days after its date", "days_after_month_end": "{} days after the end of its month",
    "of_current_month": "day {} of its month", "of_following_month": "day {} of the following month",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """`day`: how many days after, or which day of the month. Raises ValueError for a day that no such term has."""

    kind: TermKind
    day: int

    def __post_init__(self) -> None:
        least = 0 if self.kind.startswith("days_after") else 1
        if not least <= self.day <= _MOST_DAYS[self.kind]:
            raise ValueError(f"{self.day} is no day of payment terms {self.kind}")

    @property
    def words(self) -> str:
        """`20 days after its date`, `day 20 of the following month`."""
        return _WORDS[self.kind].format(self.day)

    def due_on(self, issued: date) -> date | None:
        """The due date of a document issued on a day; a day the month does not have is its last. None where the terms
        give a day before the document's own: what is meant then, they do not say."""
        if self.kind == "days_after_date":
            return issued + timedelta(days=self.day)
        last = issued.replace(day=monthrange(issued.year, issued.month)[1])
        if self.kind == "days_after_month_end":
            return last + timedelta(days=self.day)
        month = issued if self.kind == "of_current_month" else last + timedelta(days=1)
        due = month.replace(day=min(self.day, monthrange(month.year, month.month)[1]))
        return due if due >= issued else None
