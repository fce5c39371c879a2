"""What tool results say, fact by fact: the ground that figures of an answer stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

Unit = Literal["money", "percent", "count", "number", "date", "identifier"]

Vocabulary = Mapping[str, frozenset[str]]
"""What the records are called: a casefolded name, document number, account name or code → what it names (contact,
invoice, bill, account, item …)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactPeriod:
    """The days a figure is about, both included. A balance as of a day has first None."""

    first: date | None
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One condition that a computation was limited by: `field` `operator` `value` (as text)."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value of one record, or one named computation over records.

    A value of unit percent is in percent points (42.5 for 42.5 %), however the result wrote it. `record` is the same
    for all facts of one record. `entities` are the names, numbers and codes that the record is
    about, as they stand there; empty for a figure about the whole organisation. `field` is the name of the field in
    snake_case (amount_due, due_date, gross_profit). `derivation`: "" for what was read, else how it was computed
    (`sum(amount_due)`, `count(rows)`), over rows limited by `filters`. `opaque`: it came out of a computation that
    finchat cannot follow, and proves nothing.
    """

    evidence_id: str
    path: str
    record: str
    field: str
    value: Decimal | date | str
    unit: Unit
    currency: str | None = None
    entities: frozenset[str] = frozenset()
    kind: str = ""  # what the record is: invoice, bill, contact, account, payment, bank_transaction …
    period: FactPeriod | None = None
    derivation: str = ""
    filters: tuple[Filter, ...] = ()
    opaque: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a figure of an answer comes from."""

    evidence_id: str
    path: str
    derivation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure in an answer. `start` and `end` are code points in it; `value` is the figure in plain form: a decimal
    string, an ISO date, a document number. `why`: what is missing when it is not verified, in plain words."""

    text: str
    start: int
    end: int
    value: str
    unit: Unit
    verified: bool
    sources: tuple[Source, ...] = ()
    why: str = ""


def figure_json(figure: Figure) -> dict[str, Any]:
    """One figure as JSON data, with what is missing when it is not verified."""
    return {
        "text": figure.text,
        "start": figure.start,
        "end": figure.end,
        "value": figure.value,
        "unit": figure.unit,
        "verified": figure.verified,
        "sources": [asdict(source) for source in figure.sources],
        "why": figure.why,
    }


def figure_from_json(data: Mapping[str, Any]) -> Figure:
    """The figure that `figure_json` wrote. Raises TypeError or KeyError for what is none."""
    return Figure(**{**data, "sources": tuple(Source(**source) for source in data["sources"])})
