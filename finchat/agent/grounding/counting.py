"""Counts of what the answer lists, and numbers that the question itself says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from finchat.agent.grounding.filtering import limited_by
from finchat.agent.grounding.known import Known
from finchat.agent.grounding.lexicon import NOUN_KINDS, RANKS, words_of
from finchat.agent.grounding.parts import Parts, settle
from finchat.agent.grounding.said import Said
from finchat.agent.grounding.verdicts import Verdict

_RANKED = re.compile(r"\b(?:top|first|last)\s[*_]{0,2}\Z", re.IGNORECASE)
_OVER = frozenset(
    {"over", "more than", "at least", "older than", "beyond", "exceeding", "above", "greater than", "just over",
     "longer than", "later than", "minimum of", "a minimum of"}
)  # fmt: skip
_OWN_REQUEST = re.compile(
    r"\b(?:you asked|you(?:['’]ve| have)? (?:requested|said|mentioned|want|wanted|gave|specified|named)|your request"
    r"|asked for|requested|would|proposed|as requested|the payment of)\b",
    re.IGNORECASE,
)
# What a person's own figure is not taken for: it is a fact or none.
_FACTS = words_of("due overdue balance revenue net_profit gross_profit tax total")

Row = Sequence[Verdict]


def count(parts: Parts, verdict: Verdict) -> bool:
    """The number of items, rows or names that are listed, each with a verified figure; or that of the question."""
    said = verdict.said
    if _is_ranked(parts, said) and _is_asked(parts, verdict):
        return settle(verdict, [], "asked for")
    for rows in _listed(parts, verdict):
        proofs = [next((one for one in row if one.verified), None) for row in rows]
        if len(rows) == verdict.value and all(proofs) and all(_is_counted(parts, said, row) for row in rows):
            return settle(verdict, [one for one in proofs if one is not None], "count of what is listed")
    return False


def _is_ranked(parts: Parts, said: Said) -> bool:
    """The three highest, the top three."""
    after = re.findall(r"[a-z]+", parts.text[said.shown.end : said.shown.end + 40].casefold())[:3]
    return not RANKS.isdisjoint(after) or bool(
        _RANKED.search(parts.text[max(0, said.shown.start - 8) : said.shown.start])
    )


def _is_asked(parts: Parts, verdict: Verdict) -> bool:
    noun = verdict.said.shown.noun if verdict.said.condition else ""
    return any(
        one.shown.numbers and one.shown.numbers[0] == verdict.value and (not noun or one.shown.noun == noun)
        for one in parts.asked
    )


def _listed(parts: Parts, verdict: Verdict) -> list[list[Row]]:
    """Lists and tables that a count may be of, and the numbers and names that follow it in its claim."""
    claim = verdict.said.claim
    found: list[list[Row]] = [list(parts.items(number)) for number in parts.lists(claim)]
    found += [list(parts.rows(table)) for table in parts.tables(claim)]
    after = [one for one in parts.of([claim]) if one.said.shown.start > verdict.said.shown.start]
    numbers = {one.said.shown.name.casefold(): one for one in after if one.said.shown.unit == "identifier"}
    by_name: dict[frozenset[str], list[Verdict]] = {}
    for one in after:
        for kind in {"contact", "account"} - one.said.lent if one.said.shown.unit != "count" else ():
            for names in (*one.said.names.get(kind, ()), *one.said.optional.get(kind, ())):
                by_name.setdefault(names, []).append(one)
    return [*found, [[one] for one in numbers.values()], list(by_name.values())]


def _is_counted(parts: Parts, said: Said, row: Row) -> bool:
    """A row is one of what the noun counts, and of whom the count is said."""
    kinds = NOUN_KINDS.get(said.shown.noun)
    good = [one for one in row if one.verified]
    if kinds is None:
        return not said.statuses - {"open"}
    if not all(_is_of(parts, good[0], names) for names in said.names.get("contact", ())):
        return False
    names = {name for one in good for name in one.said.named} | {
        one.said.shown.name.casefold() for one in good if one.said.shown.unit == "identifier"
    }
    if "contact" in kinds:
        return any(parts.judge.names.kind(name) == "contact" for name in names)
    if kinds & {"account", "item", "line"} and not kinds & {"invoice", "bill"}:
        return True
    documents = [name for name in sorted(names) if parts.judge.names.kind(name) == "document"]
    known = [one for name in documents for one in parts.knowledge.about(name)]
    held = {one.fact.kind for one in known} | {fact.kind for one in good for fact in one.facts}
    return bool(held & kinds) and all(_has_status(parts, status, known, good) for status in said.statuses)


def _is_of(parts: Parts, verdict: Verdict, names: frozenset[str]) -> bool:
    held = [parts.judge.names.full(name.casefold()) for fact in verdict.facts for name in fact.entities]
    return bool(names & verdict.names) or any(names & one for one in held)


def _has_status(parts: Parts, status: str, known: Sequence[Known], row: Row) -> bool:
    if status == "overdue":
        said = any(one.said.fields & {"days_overdue", "overdue"} for one in row)
        return said or any(parts.judge.is_overdue(one) for one in known)
    if status == "paid":
        return any("paid" in str(one.fact.value).casefold() for one in known)
    return True


def condition(parts: Parts, verdict: Verdict) -> bool:
    """A limit ("over 30 days") is the question's, or that of a computation in the same claim, or it holds."""
    said = verdict.said
    if _is_asked(parts, verdict):
        return settle(verdict, [], "asked for")
    for other in parts.of([said.claim]):
        records = other.facts[0].record if other.verified and other.facts and other.facts[0].filters else ""
        if records and any(limited_by(one, said, parts.judge.as_of) for one in parts.knowledge.of_record(records)):
            return settle(verdict, [other], "condition of a computation")
    sizes = (
        _sizes(parts, said)
        if said.names
        else [
            abs(one.value) for one in parts.pool(verdict) if one.is_money and said.shown.unit == "money" and one.facts
        ]
    )
    holds = [size >= verdict.value if said.condition in _OVER else size <= verdict.value for size in sizes]
    return bool(holds) and all(holds) and settle(verdict, [], "holds for the records")


def _sizes(parts: Parts, said: Said) -> list[Decimal]:
    """What is compared with a limit: the days that a record is overdue, or its amounts."""
    required = said.required()
    found: list[Decimal] = []
    for known in (one for name in (required[0] if required else ()) for one in parts.knowledge.about(name)):
        if not all(names & known.names for names in required):
            continue
        if said.shown.noun == "days":
            if "due_date" in known.concepts and isinstance(known.fact.value, date):
                found.append(Decimal((parts.judge.as_of - known.fact.value).days))
        elif known.fact.unit == said.shown.unit == "money" and said.fields & known.concepts:
            found += [abs(known.number)] if parts.judge.carries(known, said, said.names) else []
    return found


def asked(parts: Parts, verdict: Verdict) -> bool:
    """The figure is the person's own, said to be so: "the payment of 2,000 you asked for"."""
    said = verdict.said
    claim = parts.text[said.claim.start : said.claim.end]
    around = parts.text[max(said.claim.start, said.shown.start - 80) : min(said.claim.end, said.shown.end + 60)]
    if not claim.rstrip("*_ \n").endswith("?") and not _OWN_REQUEST.search(around):
        return False
    if said.fields & _FACTS and not said.fields & {"paid", "unit_price"}:
        return False
    own = parts.knowledge.main_currency
    for one in parts.asked:
        same = one.shown.numbers and one.shown.numbers[0] == verdict.value
        if same and (not said.currencies or said.currencies & (one.shown.currencies or own)):
            settle(verdict, [], "asked for")
            verdict.concepts = frozenset({"paid"})
            return True
    return False
