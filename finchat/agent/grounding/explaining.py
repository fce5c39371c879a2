"""Why a figure is not verified, in plain words."""

from __future__ import annotations

from finchat.agent.facts import FactPeriod
from finchat.agent.grounding.known import Known
from finchat.agent.grounding.said import Said

_WHOLE = "the whole organisation"


def short(text: str) -> str:
    """A text of the ledger or the model in at most 80 characters of one line."""
    folded = " ".join(text.split())
    return folded if len(folded) <= 80 else folded[:79] + "…"


def lacking(step: str, known: Known, said: Said) -> str:
    """What a fact of the same value lacks to carry the figure."""
    fact, figure = known.fact, short(said.shown.text)
    field = short(fact.derivation or fact.field.replace("_", " ") or "figure")
    whose = short(", ".join(sorted(fact.entities, key=str.casefold)[:3]) or _WHOLE)
    limits = "; ".join(f"{one.field} {one.operator} {one.value}" for one in fact.filters[:3])
    words = {
        "entity": f"{figure} is the {field} of {whose}, not of {short(said.who or _WHOLE)}",
        "field": f"{figure} is the {field} of {whose}, not the {short(said.word) or 'field named'}",
        "side": f"{figure} is of {known.side}",
        "period": f"{figure} is the {field} {_days(fact.period)}",
        "currency": f"{figure} is in {fact.currency or 'no currency that is told'}; name the currency",
        "filter": f"{figure} is computed over other records ({short(limits) or 'all of them'})",
        "sign": f"{figure} has the other sign in the evidence",
        "rank": f"{figure} is the {field} of {whose}, not {'a difference' if said.compared else 'this one of them'}",
    }
    return words.get(step, "")


def missing(said: Said) -> str:
    """No fact has the value."""
    noun = "count" if said.shown.unit == "count" else short(said.word)
    of, field = f" of {short(said.who)}" if said.who else "", f" as {noun}" if noun else ""
    return f"no record{of} has {short(said.shown.text)}{field}"


def no_number(fact_of: str, said: Said) -> str:
    """No record (of somebody) has a document number."""
    return f"no record{' of ' + short(fact_of) if fact_of else ''} has the number {short(said.shown.name)}"


def _days(period: FactPeriod | None) -> str:
    if period is None:
        return "of no period"
    return f"as of {period.last}" if period.first is None else f"of {period.first} to {period.last}"
