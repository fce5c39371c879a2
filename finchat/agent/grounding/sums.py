"""Totals recomputed from what the answer lists: in the same claim, a list, a column, the sentences before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from finchat.agent.grounding.parts import Parts, agree, in_currency, is_sum, settle
from finchat.agent.grounding.said import Said
from finchat.agent.grounding.verdicts import Verdict

_RESULT = re.compile(r"[=＝]\s?[*_`]{0,3}[A-Z$€£]{0,4}\s?\Z")
_TOTAL = re.compile(
    r"\b(?:totals?|totall?ing|together|combined|altogether|in all|sum|overall|come to|comes to|adds? up|makes?"
    r"|amounts? to|in aggregate)\b",
    re.IGNORECASE,
)
_WIDEST = 20  # columns that a total beside a table may be of


def is_result(text: str, said: Said) -> bool:
    """The figure stands behind an equals sign."""
    return bool(_RESULT.search(text[max(0, said.shown.start - 8) : said.shown.start]))


def total(parts: Parts, verdict: Verdict) -> bool:
    """The figure is the sum of verified figures that are listed."""
    for inputs in _groups(parts, verdict):
        value = _value(inputs)
        if value is None or not verdict.shows(value) or (value < 0) != (verdict.value < 0):
            continue
        if _alike(parts, verdict, inputs) and not (verdict.said.whole and _contradicted(parts, inputs, value)):
            return settle(verdict, inputs, f"sum of {len(inputs)} figures listed")
    return False


def denied(parts: Parts, verdict: Verdict) -> bool:
    """What is called the total of a list or column is not the sum of it, although a fact has the value."""
    said = verdict.said
    claim = said.claim
    if not said.aggregate or said.required() or (said.whole and not said.total_row):
        return False
    if said.total_row:
        inputs = _picked(parts.column(claim.table, claim.column, claim.row), parts, said)
    elif claim.follows is not None and claim.follows[0] == "list":
        inputs = _picked(parts.items(claim.follows[1]), parts, said)
    else:
        return False
    value = _value(inputs)
    return value is not None and not verdict.shows(value) and _alike(parts, verdict, inputs)


def _value(inputs: Sequence[Verdict]) -> Decimal | None:
    if len(inputs) < 2 or not all(one.verified for one in inputs):
        return None
    return sum((one.value for one in inputs), Decimal(0))


def _groups(parts: Parts, verdict: Verdict) -> list[list[Verdict]]:
    """What a figure may be the sum of."""
    said, claim = verdict.said, verdict.said.claim
    mine = [one for one in parts.of([claim]) if one is not verdict and _addable(one, said)]
    before = [one for one in mine if one.said.shown.start < said.shown.start]
    after = [one for one in mine if one.said.shown.start > said.shown.start]
    summing = said.aggregate or bool(_TOTAL.search(said.around)) or is_result(parts.text, said)
    heading = not before and ":" in parts.text[said.shown.end : claim.end]  # "1,200: 500 on one and 700 on the other"
    groups = [mine, before, after] if summing or heading else []
    if claim.row >= 0:
        if said.total_row:
            groups.append(_picked(parts.column(claim.table, claim.column, claim.row), parts, said))
        return groups
    groups += [_picked(parts.items(number), parts, said) for number in parts.lists(claim)]
    for table in parts.tables(claim):
        width = max((len(row) for row in parts.document.tables[table]), default=0)
        groups += [_picked(parts.column(table, column), parts, said) for column in range(min(width, _WIDEST))]
    if summing:
        if claim.list_id >= 0:  # the last item of the list itself
            groups.append(_picked(parts.items(claim.list_id), parts, said))
        earlier = [one for one in parts.earlier(claim) if _addable(one, said)]
        groups.append([one for one in earlier if not one.verified or fits_field(parts, one, said)])
    return groups


def _addable(verdict: Verdict, said: Said) -> bool:
    other = verdict.said
    alike = other.shown.unit == said.shown.unit or (other.shown.bare and said.shown.unit == "money")
    return alike and other.shown.noun == said.shown.noun and not other.condition and not is_sum(verdict)


def _picked(groups: Sequence[Sequence[Verdict]], parts: Parts, said: Said) -> list[Verdict]:
    """One figure of each item or cell; nothing when one of them has none, or several that it could be."""
    found = [_pick(group, parts, said) for group in groups if group]
    picked = [one for one in found if one is not None]
    return picked if len(picked) == len(found) else []


def _pick(candidates: Sequence[Verdict], parts: Parts, said: Said) -> Verdict | None:
    fitting = [one for one in candidates if _addable(one, said)]
    if said.fields:
        named = [one for one in fitting if one.verified and fits_field(parts, one, said)]
        if len({one.value for one in named}) > 1:
            named = [one for one in named if one.said.fields & said.fields]
            return named[0] if len(named) == 1 else None
        if named:
            return named[0]
    alone = len(fitting) == 1 or (not said.fields and len({one.value for one in fitting}) == 1)
    return fitting[0] if alone else None


def fits_field(parts: Parts, verdict: Verdict, said: Said) -> bool:
    """A figure is of a field that the total names; an amount due counts as overdue when it is."""
    if not said.fields:
        return True
    if "overdue" not in said.fields or "overdue" in verdict.concepts:
        return bool(said.fields & verdict.concepts)
    if "due" not in verdict.concepts:
        return False
    records = [known for fact in verdict.facts[:1] for known in parts.knowledge.of_record(fact.record)]
    return verdict.said.overdue or any(
        parts.judge.is_overdue(known) for known in records if known.fact in verdict.facts
    )


def _alike(parts: Parts, verdict: Verdict, inputs: Sequence[Verdict]) -> bool:
    """Inputs of one field, period and currency, said of what the result is said of; each listed once."""
    said = verdict.said
    concepts = frozenset.intersection(*(one.concepts for one in inputs))
    if not concepts and any(one.concepts for one in inputs):
        return False
    if concepts and not all(fits_field(parts, one, said) for one in inputs):
        return False
    if not in_currency(said, inputs) or not agree([one.periods for one in inputs]):
        return False
    if not all(_in_period(one, said) for one in inputs) or not _whose(parts, said, inputs):
        return False
    subjects = [(one.names, one.value, one.said.periods) for one in inputs]
    return len(set(subjects)) == len(subjects) or not all(names for names, _, _ in subjects)


def _in_period(verdict: Verdict, said: Said) -> bool:
    if said.periods is None or said.lent_period or verdict.said.periods == said.periods:
        return True
    now = all(period is None or period.first is None for period in verdict.periods)
    return now or bool(verdict.periods & said.periods)


def _whose(parts: Parts, said: Said, inputs: Sequence[Verdict]) -> bool:
    """A total of Acme is over figures of Acme; a total of Acme and Beta over one figure of each."""
    for kind, sets in said.names.items():
        if kind in said.lent and said.aggregate:
            continue  # "together they owe": of more than the sentence before names
        if len(sets) > 1:
            held = {names for one in inputs for names in one.said.names.get(kind, ())}
            if held != set(sets) or len(inputs) != len(sets):
                return False
        elif not all(_is_of(parts, one, kind, sets[0]) for one in inputs):
            return False
    return True


def _is_of(parts: Parts, verdict: Verdict, kind: str, names: frozenset[str]) -> bool:
    said = verdict.said.names.get(kind)
    if said:
        return set(said) == {names}
    held = (name.casefold() for fact in verdict.facts for name in fact.entities)
    return bool(verdict.derivation) or any(names & parts.judge.names.full(name) for name in held)


def _contradicted(parts: Parts, inputs: Sequence[Verdict], value: Decimal) -> bool:
    """The evidence has this total of the whole organisation, and it is another."""
    concepts = frozenset.intersection(*(one.concepts for one in inputs))
    currencies = inputs[0].currencies
    return parts.knowledge.exhausted or any(
        known.fact.unit == "money"
        and not known.fact.filters
        and bool(known.concepts & concepts)
        and known.number != value
        and (not currencies or known.fact.currency in currencies)
        for known in parts.knowledge.about("")
    )
