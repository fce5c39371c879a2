"""The answers one line may have, best first. An option says what it rests on; whether it stands is decided later."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from finchat.books.documents import BankLine
from finchat.books.matching.by_name import amount_options, group_options, name_options, short_options
from finchat.books.matching.by_number import number_options
from finchat.books.matching.facts import Facts, Remaining, rank, supporters
from finchat.books.matching.option import (
    BY_NUMBER,
    BY_NUMBER_PART,
    Option,
    Scene,
    doubtful,
    name_is_enough,
    spent,
    transposed,
)
from finchat.books.matching.rates import own_rate
from finchat.books.matching.refunds import refund_options
from finchat.books.money import to_minor


def involved(line: BankLine, facts: Facts) -> tuple[str, ...]:
    """Contacts whose documents decide which options of the line are certain."""
    named = set(supporters(facts.named(line)))
    named |= {facts.documents[m.document_id].contact_id for m in facts.mentions(line)}
    return tuple(sorted(named))


def options(line: BankLine, facts: Facts, remaining: Remaining, *, guesses: bool = True) -> list[Option]:
    """All answers worth showing for the line as the books stand now, best first; without `guesses` only such as may
    be certain, and what stands against them."""
    scene = Scene(line, facts, remaining, to_minor(line.amount, line.currency))
    scene.mentions = [
        m
        for m in facts.mentions(line)
        if m.document_id in facts.open
        and facts.open[m.document_id].direction == line.direction
        and remaining.due[m.document_id] > 0
    ]
    scene.contacts = {c: rank(n) for c, n in supporters(facts.named(line)).items()}
    found = number_options(scene)
    if guesses or not (found and found[0].certain and found[0].level == BY_NUMBER):
        weaker = [*name_options(scene), *group_options(scene, guesses=guesses)]
        # A number with the line's amount stands against any answer that only a name gives.
        other = {o.documents for o in found if o.level == BY_NUMBER and o.situation == "exact" and not o.certain}
        unknown = spent(scene) or bool(facts.numbers.unknown(line))
        found += [
            doubtful(o) if (unknown or other - {o.documents}) and not _explains_number(scene, o) else o for o in weaker
        ]
        back = refund_options(scene, [o for o in found if o.residual == 0 or o.level == BY_NUMBER_PART])
        # Money that only a name tells of may pay an open credit back as well as a document of the same contact.
        repaid = {
            facts.credits[c].contact_id for o in back if o.residual is None and _whole(scene, o) for c, _ in o.refunds
        }
        found = [_or_back(scene, o, repaid) for o in found]
        found += back
    if guesses:
        found += [*short_options(scene), *amount_options(scene)]
    if line.currency != facts.books.base_currency:
        found = [_judged(scene, o) for o in found]
    best: dict[tuple[object, ...], Option] = {}
    for option in found:
        key = (option.documents, option.credits, option.refunds)
        held = best.get(key)
        if held is None or _merit(option) < _merit(held):
            best[key] = option
    return sorted(best.values(), key=lambda o: (*_merit(o), len(o.takes), sorted(o.documents), o.credits, o.refunds))


def _whole(scene: Scene, option: Option) -> bool:
    return sum(scene.remaining.credit[c] for c, _ in option.refunds) == scene.minor


def _or_back(scene: Scene, option: Option, repaid: set[str]) -> Option:
    theirs = {scene.facts.documents[t.document_id].contact_id for t in option.takes} & repaid
    if not theirs or option.level in (BY_NUMBER, BY_NUMBER_PART) or not option.certain:
        return option
    return replace(doubtful(option), doubt="it may pay an open credit of theirs back")


def _judged(scene: Scene, option: Option) -> Option:
    """The option, in doubt where the rates of its documents and credits in the line's own currency are."""
    facts = scene.facts
    held = [facts.documents[t.document_id] for t in option.takes if t.rate is None]
    rates = [own_rate(facts, scene.line, d.currency, d.rate) for d in held]
    rates += [own_rate(facts, scene.line, c.currency, c.rate) for c in (facts.credits[i] for i, _ in option.refunds)]
    doubts = [r.doubt for r in rates if r is not None and r.doubt]
    if not doubts or not option.certain:
        return option
    return replace(option, certain=False, confidence=min(option.confidence, Decimal("0.80")), doubt=doubts[0])


def _merit(option: Option) -> tuple[bool, int, Decimal]:
    return (not option.certain, option.level, -option.confidence)


def _explains_number(scene: Scene, option: Option) -> bool:
    """The number that hits nothing is the option's own, with two digits swapped."""
    return len(option.takes) == 1 and bool(transposed(scene, scene.facts.documents[option.takes[0].document_id]))


def doubt(line: BankLine, facts: Facts, remaining: Remaining, option: Option) -> str:
    """What keeps an option from being certain, as the end of a sentence that begins with what speaks for it."""
    scene = Scene(line, facts, remaining, to_minor(line.amount, line.currency))
    scene.contacts = {c: rank(n) for c, n in supporters(facts.named(line)).items()}
    kinds = {e.kind for e in option.evidence}
    if option.doubt:
        return option.doubt
    if not option.takes:
        return "another line fits just as well"
    d = facts.documents[option.takes[0].document_id]
    codes = facts.numbers.unknown(line)
    numbered, named = kinds & {"number", "reference"}, kinds & {"payee", "account"}
    half = d.contact_id in scene.contacts and not name_is_enough(scene, d.contact_id)
    reasons = (
        (option.certain, "another line or another document fits just as well"),
        (not kinds - {"amount", "rate", "credit"}, "nothing in the text names it or its contact"),
        (spent(scene), "the line names a document of this amount that is paid already"),
        (codes, f"the text also bears {''.join(codes[:1])}, which no document has"),
        (numbered and not named, "the text does not name its contact"),
        (numbered, "the text bears another number too, or another document of the contact has this amount"),
        (half, "the text does not hold its contact's name whole"),
        (len(scene.contacts) > 1, "the text names other contacts as well"),
        (option.residual, "no number in the text says that it is the one"),
    )
    return next((text for holds, text in reasons if holds), "other documents of the contact may be meant as well")
