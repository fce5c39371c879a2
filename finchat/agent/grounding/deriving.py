"""Figures recomputed from other figures of the same answer: sums, differences, shares, products, counts.

Every input must itself be verified. A sum is over what the answer lists, never over what it leaves out.
"""

from __future__ import annotations

from finchat.agent.grounding.blocks import Claim
from finchat.agent.grounding.comparing import difference, percentage, price_of_another_line, product, ratio
from finchat.agent.grounding.counting import asked, condition, count
from finchat.agent.grounding.parts import Parts
from finchat.agent.grounding.sums import denied, total
from finchat.agent.grounding.verdicts import Verdict

_PASSES = 4  # shares need totals, totals need parts


def derive(parts: Parts) -> None:
    """Recompute what no fact carries; then take back what a fact carries but the answer's own parts deny."""
    for _ in range(_PASSES):
        parts.refresh()
        added = [verdict for verdict in _all(parts) if not verdict.verified and _recomputed(parts, verdict)]
        for verdict in added:
            verdict.verified, verdict.why = True, ""
        if not added:
            break
    for claim in parts.document.claims:
        _hold_together(parts, claim)
    for verdict in _all(parts):
        if verdict.verified and verdict.facts and verdict.said.shown.unit == "money":
            if denied(parts, verdict):
                verdict.verified, verdict.why = False, "it is not the sum of what is listed"
            elif price_of_another_line(parts, verdict):
                verdict.verified, verdict.why = False, "it is the price of another line"


def _all(parts: Parts) -> list[Verdict]:
    return [verdict for verdicts in parts.verdicts.values() for verdict in verdicts]


def _recomputed(parts: Parts, verdict: Verdict) -> bool:
    said = verdict.said
    shown = said.shown
    if (said.open and not said.aggregate) or said.stranger or said.misplaced or not shown.numbers:
        return False
    if said.condition:
        return condition(parts, verdict)
    if shown.unit in {"count", "percent"}:
        return count(parts, verdict) if shown.unit == "count" else percentage(parts, verdict)
    if shown.times or shown.noun:
        return shown.times and ratio(parts, verdict)
    return total(parts, verdict) or difference(parts, verdict) or product(parts, verdict) or asked(parts, verdict)


def _hold_together(parts: Parts, claim: Claim) -> None:
    """Figures of records that name nobody verify together or not at all: date and amount of one bank line, with the
    text of it when that is quoted."""
    cells = parts.document.tables[claim.table][claim.row] if claim.row >= 0 else [claim]
    verdicts = [verdict for verdict in parts.of(cells) if verdict.verified]
    nameless = [verdict for verdict in verdicts if verdict.nameless]
    if not nameless:
        return
    dates = [verdict for verdict in verdicts if verdict.said.shown.unit == "date"]
    amounts = [verdict for verdict in nameless if verdict.said.shown.unit != "date"]
    quotes = [parts.knowledge.quoted(text) for text in nameless[0].said.scan.quotes]
    sets = [*(verdict.records for verdict in amounts), *quotes]
    shared = frozenset.intersection(*sets) if amounts else frozenset[str]()
    for verdict in dates:
        days = set(verdict.said.shown.dates)
        shared = frozenset(r for r in shared if days & {one.fact.value for one in parts.knowledge.of_record(r)})
    if shared and (len(amounts) > 1 or dates or quotes):
        return
    for verdict in nameless:
        verdict.verified, verdict.why = False, "no one record holds these figures together"
