"""The check of an answer: its figures, each against the evidence for the claim it is in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from finchat.agent.facts import Fact, Figure, Source, Unit, Vocabulary
from finchat.agent.grounding.blocks import Claim, Document, document
from finchat.agent.grounding.contrary import Contrary, unsourced
from finchat.agent.grounding.deriving import derive
from finchat.agent.grounding.judging import Judge
from finchat.agent.grounding.known import Knowledge
from finchat.agent.grounding.lookups import LONGEST, MOST
from finchat.agent.grounding.names import Names
from finchat.agent.grounding.numerals import Numeral, numerals
from finchat.agent.grounding.page import Page
from finchat.agent.grounding.parts import Parts
from finchat.agent.grounding.reading import Reader
from finchat.agent.grounding.said import Said
from finchat.agent.grounding.scanning import LONGEST_CLAIM, Lens, Scan, masked, scan
from finchat.agent.grounding.shown import figures
from finchat.agent.grounding.times import Calendar
from finchat.agent.grounding.verdicts import Verdict

_MOST_SOURCES = 20


def check_answer(
    text: str, *, facts: Sequence[Fact], vocabulary: Vocabulary, question: str, as_of: date, year_end: tuple[int, int]
) -> tuple[Figure, ...]:
    """As `finchat.agent.grounding.check`."""
    names = Names(vocabulary)
    knowledge = Knowledge(facts, names, as_of)
    lens = Lens(names, Calendar(as_of, year_end), as_of, knowledge.texts)
    judge = Judge(knowledge, names, as_of)
    read, asked = masked(text[:LONGEST]), masked(question[:LONGEST_CLAIM])
    whole = document(read)
    scanned = _scan(read, whole, lens)
    question_scan = scan(asked, 0, len(asked), lens)
    page = Page(read, scanned.scans, whole.tables, question_scan)
    reader, contrary = Reader(page), Contrary(page, judge, vocabulary)
    verdicts: dict[int, list[Verdict]] = {}
    for claim in scanned.claims:
        said = reader.read(claim)
        verdicts[id(claim)] = [judge.judge(one, said) for one in said]
    question_said = [Said(shown, Claim(0, len(asked), "sentence"), question_scan) for shown in question_scan.shown]
    derive(Parts(read, whole, verdicts, judge, question_said))
    everything = [verdict for each in verdicts.values() for verdict in each]
    _hold_one_order(everything)
    for verdict in everything:
        if verdict.verified and (why := contrary.why(verdict)):
            verdict.verified, verdict.why = False, why
    result = [_figure(text, verdict) for verdict in everything]
    for claim in scanned.crowded:
        result += _unread(text, claim.start, claim.end, as_of)
    for claim in scanned.claims:
        for start, end, why in contrary.nothings(claim, scanned.scans[id(claim)]):
            if not any(one.start < end and start < one.end for one in result):
                result.append(_marked_words(text, start, end, why))
    known = [(mention.start, mention.end) for mention in names.find(read)]
    result = _with_numerals(text, result, numerals(text[:LONGEST], read[: scanned.end], known, as_of))
    result.sort(key=lambda figure: figure.start)
    if scanned.end < len(text):
        result.append(_rest(text, scanned.end))
    return tuple(result)


def _with_numerals(text: str, found: list[Figure], odd: Iterable[Numeral]) -> list[Figure]:
    """The figures, with those numbers that none of them is."""
    for one in odd:
        inside = [figure for figure in found if figure.start < one.end and one.start < figure.end]
        if inside and not one.whole:
            continue
        start = min([one.start, *(figure.start for figure in inside)])
        end = max([one.end, *(figure.end for figure in inside)])
        if len(inside) == 1 and not inside[0].verified and (inside[0].start, inside[0].end) == (start, end):
            continue
        found = [figure for figure in found if figure not in inside]
        found.append(_marked_words(text, start, end, one.why))
    return found


def _marked_words(text: str, start: int, end: int, why: str) -> Figure:
    """Words that stand for a number, which is not verified."""
    return Figure(
        text=text[start:end], start=start, end=end, value=text[start:end], unit="number", verified=False, why=why
    )


@dataclass(slots=True)
class _Scanned:
    """What each claim holds; those that are too full to be read; where reading ended."""

    end: int
    claims: list[Claim] = field(default_factory=list)
    crowded: list[Claim] = field(default_factory=list)
    scans: dict[int, Scan] = field(default_factory=dict)


def _scan(read: str, whole: Document, lens: Lens) -> _Scanned:
    scanned = _Scanned(len(read) if whole.cut is None else whole.cut)
    found = 0
    for claim in whole.claims:
        head = read[claim.head.start : claim.head.end] if claim.head is not None else ""
        one = scan(read, claim.start, claim.end, lens, cell=claim.kind == "cell", head=head)
        found += len(one.shown)
        if found > MOST or claim.start >= scanned.end:
            scanned.end = min(scanned.end, claim.start)
            break
        scanned.scans[id(claim)] = one
        (scanned.crowded if one.crowded else scanned.claims).append(claim)
    for claim in whole.claims[len(scanned.claims) + len(scanned.crowded) :]:
        scanned.scans[id(claim)] = Scan(claim.start, claim.end)
    return scanned


def _hold_one_order(verdicts: Sequence[Verdict]) -> None:
    """Dates such as 12/11/2026 are all written in one order: what verifies only in another than the rest is marked."""
    slashed = [verdict for verdict in verdicts if verdict.said.shown.orders]
    held = {id(verdict): _orders(verdict) for verdict in slashed}
    certain = [set(verdict.said.shown.orders) for verdict in slashed] + [held[id(v)] for v in slashed if v.verified]
    for order in ("day", "month"):
        if all(order in orders for orders in certain if orders):
            return
    for verdict in slashed:
        if verdict.verified and len(verdict.said.shown.dates) > 1:
            verdict.verified, verdict.why = False, "day and month stand in another order elsewhere"


def _orders(verdict: Verdict) -> set[str]:
    """The orders in which a slashed date is that of its facts."""
    shown = verdict.said.shown
    days = {fact.value for fact in verdict.facts}
    if len(shown.orders) > len(shown.dates):
        return set(shown.orders)  # 11/11/2026
    return {order for order, day in zip(shown.orders, shown.dates, strict=True) if day in days}


def _figure(text: str, verdict: Verdict) -> Figure:
    shown = verdict.said.shown
    sources = _sources(verdict) if verdict.verified else ()
    if verdict.verified and unsourced(verdict, sources):
        verdict.verified, verdict.why = False, "nothing in the evidence is its source"
    return Figure(
        text=text[shown.start : shown.end],
        start=shown.start,
        end=shown.end,
        value=shown.plain,
        unit=_unit(verdict),
        verified=verdict.verified,
        sources=sources,
        why="" if verdict.verified else verdict.why or "no record carries it for what it is said of",
    )


def _unit(verdict: Verdict) -> Unit:
    shown = verdict.said.shown
    if verdict.facts and shown.unit in {"money", "number"} and not shown.currencies:
        return verdict.facts[0].unit
    if shown.bare and not verdict.derivation:
        return "number"
    return shown.unit


def _sources(verdict: Verdict) -> tuple[Source, ...]:
    """The facts a figure stands on, its inputs' when it was recomputed."""
    found: dict[Source, None] = {}
    pending = [(verdict, verdict.derivation)]
    while pending and len(found) < _MOST_SOURCES:
        one, derivation = pending.pop(0)
        for fact in one.facts[:1]:
            found[Source(evidence_id=fact.evidence_id, path=fact.path, derivation=derivation or fact.derivation)] = None
        pending += [(v, derivation) for v in one.inputs]
    return tuple(found)


def _unread(text: str, start: int, end: int, as_of: date) -> list[Figure]:
    """The figures of a claim that is too long to be read, none of them verified; at most so many."""
    found: list[Figure] = []
    for shown in figures(text[start : min(end, start + LONGEST)], as_of):
        if len(found) >= MOST:
            break
        found.append(
            Figure(
                text=shown.text, start=shown.start + start, end=shown.end + start, value=shown.plain, unit=shown.unit,
                verified=False, why="the sentence is too long to be checked",
            )
        )  # fmt: skip
    return found


def _rest(text: str, start: int) -> Figure:
    """What lies beyond the bound, as one figure that is not verified."""
    return Figure(
        text=text[start : start + 40], start=start, end=len(text), value="", unit="number", verified=False,
        why="the answer is too long to be checked to its end",
    )  # fmt: skip
