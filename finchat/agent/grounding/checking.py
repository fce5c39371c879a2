"""The check of an answer: its figures, each against the evidence for the claim it is in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from finchat.agent.facts import Fact, Figure, Source, Unit, Vocabulary
from finchat.agent.grounding.blocks import Claim, document
from finchat.agent.grounding.deriving import derive
from finchat.agent.grounding.judging import Judge
from finchat.agent.grounding.known import Knowledge
from finchat.agent.grounding.lookups import LONGEST, MOST
from finchat.agent.grounding.names import Names
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
    read = masked(text[:LONGEST])
    names = Names(vocabulary)
    knowledge = Knowledge(facts, names, as_of)
    lens = Lens(names, Calendar(as_of, year_end), as_of, knowledge.texts)
    whole = document(read)
    claims = whole.claims
    scans: dict[int, Scan] = {}
    found = 0
    end = len(read) if whole.cut is None else whole.cut
    crowded: list[Claim] = []
    for claim in [*claims]:
        head = read[claim.head.start : claim.head.end] if claim.head is not None else ""
        one = scan(read, claim.start, claim.end, lens, cell=claim.kind == "cell", head=head)
        scans[id(claim)] = one
        found += len(one.shown)
        if one.crowded:
            crowded.append(claim)
        if found > MOST:
            end = min(end, claim.start)
            break
    for claim in whole.claims:
        scans.setdefault(id(claim), Scan(claim.start, claim.end))
    asked = masked(question[:LONGEST_CLAIM])
    question_scan = scan(asked, 0, len(asked), lens)
    judge = Judge(knowledge, names, as_of)
    reader = Reader(Page(read, scans, whole.tables, question_scan))
    verdicts: dict[int, list[Verdict]] = {}
    for claim in claims:
        if claim.start >= end:
            break
        said = reader.read(claim)
        verdicts[id(claim)] = [judge.judge(one, said) for one in said]
    question_said = [Said(shown, Claim(0, len(asked), "sentence"), question_scan) for shown in question_scan.shown]
    derive(Parts(read, whole, verdicts, judge, question_said))
    result = [_figure(text, verdict) for each in verdicts.values() for verdict in each]
    for claim in crowded:
        if claim.start < end:
            result += _unread(text, claim.start, claim.end, as_of)
    result.sort(key=lambda f: f.start)
    if end < len(text):
        result.append(_rest(text, end))
    return tuple(result)


def _figure(text: str, verdict: Verdict) -> Figure:
    shown = verdict.said.shown
    return Figure(
        text=text[shown.start : shown.end],
        start=shown.start,
        end=shown.end,
        value=shown.plain,
        unit=_unit(verdict),
        verified=verdict.verified,
        sources=_sources(verdict) if verdict.verified else (),
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
