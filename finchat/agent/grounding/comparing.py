"""Differences, shares, changes, ratios and products recomputed from verified figures of the same claim or row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations, permutations

from finchat.agent.grounding.lexicon import concepts
from finchat.agent.grounding.parts import Parts, agree, in_currency, is_sum, one_subject, settle
from finchat.agent.grounding.said import Said
from finchat.agent.grounding.sums import is_result
from finchat.agent.grounding.verdicts import Verdict

_CHANGE = re.compile(
    r"\b(?:up|down|more|less|increase|increased|decrease|decreased|difference|change|changed|grew|growth|rose|rise"
    r"|risen|fell|fall|fallen|gap|higher|lower|remaining|remains|leaves|leaving|left|short|shortfall|drop|dropped"
    r"|declined|decline|variance|ahead|behind|exceeds|net|improved|movement|gained|gain|lost|still|balance)\b|[Δδ]",
    re.IGNORECASE,
)
_RISE = re.compile(
    r"\b(?:up|more|increase|increased|grew|growth|rose|rise|risen|higher|gained|improved|ahead|exceeds)\b",
    re.IGNORECASE,
)
_FALL = re.compile(
    r"\b(?:down|less|decrease|decreased|fell|fall|fallen|lower|drop|dropped|declined|decline|lost|behind)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(r"%|\bshare|\bproportion|\brepresent|\baccounts? for|\bof\b|\bper cent\b", re.IGNORECASE)
_OF = re.compile(r"\bof (?:the |its |our |your |all )?([a-z ]{3,40})")
# What a figure is by its parts: result, first, those taken off it.
_IDENTITIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("gross_profit", "revenue", ("cogs",)),
    ("net_profit", "gross_profit", ("opex",)),
    ("operating_profit", "gross_profit", ("opex",)),
    ("due", "total", ("paid",)),
    ("not_due", "due", ("overdue",)),
    ("due", "total", ("paid", "credited")),
    ("due", "due", ("paid",)),
    ("subtotal", "total", ("tax",)),
    ("paid", "total", ("due",)),
    ("tax", "total", ("subtotal",)),
)
_RATIOS = (
    ("gross_margin", "gross_profit", "revenue"),
    ("net_margin", "net_profit", "revenue"),
    ("operating_margin", "operating_profit", "revenue"),
)
# Two fields whose difference is something, where the words do not say what.
_TOGETHER = (
    {"total", "paid"}, {"due", "paid"}, {"total", "credited"}, {"revenue", "cogs"}, {"gross_profit", "opex"},
    {"total", "due"},
)  # fmt: skip


def difference(parts: Parts, verdict: Verdict) -> bool:
    """The figure is one verified figure less others: by what its field is, or because the words speak of a change."""
    pool = [one for one in parts.pool(verdict) if one.is_money]
    return _by_field(verdict, pool) or _by_words(parts, verdict, pool)


def _by_field(verdict: Verdict, pool: Sequence[Verdict]) -> bool:
    fields = verdict.said.fields
    for result, whole, taken in _IDENTITIES:
        if result not in fields or (result == "due" and "not_due" in fields):
            continue
        for first in (one for one in pool if whole in one.concepts):
            less = [next((v for v in pool if v is not first and field in v.concepts), None) for field in taken]
            inputs = [first, *(one for one in less if one is not None)]
            value = first.value - sum((abs(one.value) for one in inputs[1:]), Decimal(0))
            if len(inputs) > len(taken) and _is_signed(verdict, value) and one_subject(verdict, inputs):
                return settle(verdict, inputs, f"{whole} less {' and '.join(taken)}")
    return False


def _by_words(parts: Parts, verdict: Verdict, pool: Sequence[Verdict]) -> bool:
    said, words = verdict.said, parts.near(verdict.said)
    if not _CHANGE.search(words) and not is_result(parts.text, said):
        return False
    for first, second in combinations(pool, 2):
        common = first.concepts & second.concepts
        together = not said.fields and any(pair <= first.concepts | second.concepts for pair in _TOGETHER)
        if (
            verdict.shows(first.value - second.value)
            and (common & said.fields or (common and not said.fields) or together)
            and in_currency(said, [first, second])
            and _apart_in_one(verdict, first, second)
            and _goes_that_way(verdict, words, first, second)
        ):
            return settle(verdict, [first, second], "difference of two figures")
    return False


def _is_signed(verdict: Verdict, value: Decimal) -> bool:
    return verdict.shows(value) and (value < 0) == (verdict.value < 0)


def _apart_in_one(verdict: Verdict, first: Verdict, second: Verdict) -> bool:
    """A difference is said of one or both of those it lies between, and those differ in one thing alone."""
    if not verdict.names <= first.names | second.names:
        return False
    same_time = first.said.periods == second.said.periods or first.periods == second.periods
    return first.names == second.names or same_time


def _goes_that_way(verdict: Verdict, words: str, first: Verdict, second: Verdict) -> bool:
    """What is said to rise must rise: from the older to the newer figure. In a table without a word for it the sign
    says it."""
    rise, fall = bool(_RISE.search(words)), bool(_FALL.search(words))
    pair = _by_age(first, second)
    if pair is None or pair[0].value == pair[1].value:
        return True
    risen = pair[1].value > pair[0].value
    if rise != fall:
        return risen == rise
    return verdict.said.claim.row < 0 or rise or risen == (verdict.value > 0)


def _by_age(first: Verdict, second: Verdict) -> tuple[Verdict, Verdict] | None:
    """The older and the newer of two figures, by the ends of their periods."""
    ends = [max((p.last for p in one.periods if p is not None), default=None) for one in (first, second)]
    a, b = ends
    if a is None or b is None or a == b:
        return None
    return (first, second) if a < b else (second, first)


def product(parts: Parts, verdict: Verdict) -> bool:
    """10 hours at 150 make 1,500: quantity and price of one line."""
    if verdict.said.fields and not verdict.said.fields & {"line_amount", "total", "subtotal"}:
        return False
    pool = [one for one in parts.pool(verdict) if one.facts]
    return any(
        verdict.shows(count.value * price.value)
        and in_currency(verdict.said, [price])
        and count.facts[0].record == price.facts[0].record
        and settle(verdict, [count, price], "quantity times unit price")
        for count, price in permutations(pool, 2)
        if "quantity" in count.concepts and "unit_price" in price.concepts
    )


def price_of_another_line(parts: Parts, verdict: Verdict) -> bool:
    """A unit price that follows a quantity is of another line than the quantity."""
    if "unit_price" not in verdict.concepts & verdict.said.fields:
        return False
    before = [
        one
        for one in parts.pool(verdict)
        if "quantity" in one.concepts and one.records and one.said.shown.start < verdict.said.shown.start
    ]
    return bool(before) and not before[-1].records & verdict.records


def ratio(parts: Parts, verdict: Verdict) -> bool:
    """1.4 times as much."""
    pool = [one for one in parts.pool(verdict) if one.is_money and one.value]
    for first, second in combinations(pool, 2):
        low, high = sorted((abs(first.value), abs(second.value)))
        if first.concepts & second.concepts and verdict.shows(high / low):
            return settle(verdict, [first, second], "ratio of two figures")
    return False


def percentage(parts: Parts, verdict: Verdict) -> bool:
    """A margin, a change or a share of verified figures; percentage points between two percentages."""
    said = verdict.said
    if said.shown.points:
        return _points(parts, verdict)
    money = [one for one in parts.pool(verdict) if one.is_money and one.value]
    if _margin(verdict, money):
        return True
    if said.fields & {"discount", "tax_rate"}:
        return False
    return _growth(parts, verdict, money) or _share(parts, verdict, money)


def _points(parts: Parts, verdict: Verdict) -> bool:
    rates = [one for one in parts.pool(verdict) if one.said.shown.unit == "percent"]
    return any(
        bool(a.concepts & b.concepts)
        and verdict.shows(a.value - b.value)
        and settle(verdict, [a, b], "difference in percentage points")
        for a, b in combinations(rates, 2)
    )


def _margin(verdict: Verdict, money: Sequence[Verdict]) -> bool:
    return any(
        name in verdict.said.fields
        and top in a.concepts
        and bottom in b.concepts
        and _is_share(verdict, a, b)
        and one_subject(verdict, [a, b])
        and settle(verdict, [a, b], f"{top} over {bottom}")
        for name, top, bottom in _RATIOS
        for a, b in permutations(money, 2)
    )


def _growth(parts: Parts, verdict: Verdict, money: Sequence[Verdict]) -> bool:
    words = parts.near(verdict.said)
    if not _CHANGE.search(words):
        return False
    for first, second in combinations(money, 2):
        pair = _by_age(first, second)
        if pair is None or not first.concepts & second.concepts or not _apart_in_one(verdict, first, second):
            continue
        change = (pair[1].value - pair[0].value) / abs(pair[0].value) * 100
        if verdict.shows(change) and _goes_that_way(verdict, words, first, second):
            return settle(verdict, pair, "change between two figures")
    return False


def _share(parts: Parts, verdict: Verdict, money: Sequence[Verdict]) -> bool:
    said = verdict.said
    if not _SHARE.search(parts.near(said)):
        return False
    return any(
        _is_share(verdict, part, whole) and settle(verdict, [part, whole], "share of a total")
        for part in money
        if _is_of_the_same(verdict, part)
        for whole in _wholes(parts, verdict, part)
    )


def _is_share(verdict: Verdict, part: Verdict, whole: Verdict) -> bool:
    return agree([part.currencies, whole.currencies]) and verdict.shows(abs(part.value / whole.value) * 100)


def _is_of_the_same(verdict: Verdict, part: Verdict) -> bool:
    """The share is said of whom the part is."""
    said = verdict.said
    theirs = part.names | part.said.maybe_named
    return said.claim.row >= 0 or (
        said.named <= theirs and bool(said.named or not part.names) and said.maybe_named <= theirs
    )


def _wholes(parts: Parts, verdict: Verdict, part: Verdict) -> Iterator[Verdict]:
    """What a share can be of: a field named after "of" anywhere in the answer, else the total of its claim, list or
    column, else what the part's own names are a part of in the same claim."""
    named = _named_after_of(parts, verdict.said)
    claim = verdict.said.claim
    for whole in parts.totals:
        if whole is part or not agree([part.periods, whole.periods]):
            continue
        there = whole.said.claim
        here = there is claim or (claim.row >= 0 and there.table == claim.table and there.row == claim.row)
        if (named & whole.concepts) or (
            not named - {"any_amount"} and (is_sum(whole) or (here and part.concepts & whole.concepts))
        ):
            yield whole
    for whole in parts.pool(verdict):
        if whole.is_money and whole.value and whole.names < part.names and part.concepts & whole.concepts:
            yield whole


def _named_after_of(parts: Parts, said: Said) -> frozenset[str]:
    after = parts.text[said.shown.end : min(said.claim.end, said.shown.end + 60)]
    match = _OF.search(f"{after} | {parts.head(said.claim)}".casefold())
    return frozenset(c for _, _, hit in concepts(match[1].split()) for c in hit) if match else frozenset()
