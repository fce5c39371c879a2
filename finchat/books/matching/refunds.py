"""Money back: out to a customer or in from a supplier, where an open credit of the contact explains the amount."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations

from finchat.books.documents import Credit
from finchat.books.matching.facts import contact_name
from finchat.books.matching.option import (
    BY_NAME,
    GUESS,
    Option,
    Scene,
    account_or_name_said,
    amount_said,
    name_is_enough,
    spent,
)
from finchat.books.matching.text import plain_number
from finchat.books.money import from_minor, spoken
from finchat.books.plan import Evidence

_MOST = 3  # credits that one line pays back


def refund_options(scene: Scene, others: Sequence[Option]) -> list[Option]:
    """Credits the line may pay back, best first: those named by number, of its amount, or summing to it; one that is
    larger only when nothing else offers itself. `others`: what the line may pay instead."""
    usable = _usable(scene)
    if not usable:
        return []
    numbered = set(scene.facts.credits_named(scene.line))
    exact = [c for c in usable if scene.remaining.credit[c.id] == scene.minor]
    meant = [c for c in exact if c.id in numbered] or exact
    groups = _groups(scene, [c for c in usable if c.contact_id in scene.contacts])
    doubt = next(_objections(scene, meant, numbered, others, grouped=bool(groups)), "")
    found = [_option(scene, [c], numbered, doubt=doubt, sole=len(meant) == 1 and c in meant) for c in exact]
    found += [_option(scene, g, numbered, doubt="several credits sum to it", sole=False) for g in groups]
    if not found:
        larger = [c for c in usable if scene.remaining.credit[c.id] > scene.minor]
        picked = [c for c in larger if c.id in numbered] or larger
        found = [_option(scene, [c], numbered, doubt="the credit is larger", sole=False) for c in picked[:_MOST]]
    return found


def _usable(scene: Scene) -> list[Credit]:
    """Open credits that money in this direction can pay back: of a contact the line names, or named themselves."""
    facts, line = scene.facts, scene.line
    kind = "invoice" if line.direction == "spend" else "bill"
    held = {c.id: c for contact_id in scene.contacts for c in facts.credits_of.get(contact_id, ())}
    held |= {c: facts.credits[c] for c in facts.credits_named(line)}
    return [
        c
        for c in sorted(held.values(), key=lambda c: (c.date, c.id))
        if c.type == kind and c.currency == line.currency and c.date <= line.date and scene.remaining.credit[c.id] > 0
    ]


def _groups(scene: Scene, usable: Sequence[Credit]) -> list[tuple[Credit, ...]]:
    """The smallest groups of one contact's credits that sum to the line."""
    left = scene.remaining.credit
    small = [c for c in usable if left[c.id] < scene.minor][:20]
    for size in range(2, min(len(small), _MOST) + 1):
        found = [
            g
            for g in combinations(small, size)
            if len({c.contact_id for c in g}) == 1 and sum(left[c.id] for c in g) == scene.minor
        ]
        if found:
            return found[:_MOST]
    return []


def _objections(
    scene: Scene, meant: Sequence[Credit], numbered: set[str], others: Sequence[Option], *, grouped: bool
) -> Iterator[str]:
    """Why no refund is certain, as the end of a sentence; nothing when one credit is meant and nothing else fits."""
    if len(meant) != 1:
        yield "several credits are of this amount"
        return
    (c,) = meant
    facts, line = scene.facts, scene.line
    if c.contact_id not in scene.contacts or not name_is_enough(scene, c.contact_id):
        yield "the text does not name its contact whole"
    if grouped:
        yield "other credits of the contact sum to it as well"
    if numbered - {c.id}:
        yield "the text names another credit too"
    if others:
        yield f"it may be for a document: {others[0].reason.rstrip('.')}"
    if scene.mentions:
        yield f"the text names {facts.documents[scene.mentions[0].document_id].name}"
    if spent(scene):
        yield "the line names a document of this amount that is paid already"
    for m in facts.mentions(line):
        d = facts.documents[m.document_id]
        if d.direction != line.direction and d.id in facts.open and facts.minor_due[d.id] == scene.minor:
            yield f"the text names {d.name}, which is open in this amount"
    own = plain_number(c.number)
    for code in facts.numbers.unknown(line):
        if plain_number(code) not in own:
            yield f"the text also bears {code}, which no document has"


def _option(scene: Scene, credits: Sequence[Credit], numbered: set[str], *, doubt: str, sole: bool) -> Option:
    by_number = all(c.id in numbered for c in credits)
    certain = sole and not doubt
    towards = "to" if scene.line.direction == "spend" else "from"
    who = contact_name(scene.facts, credits[0].contact_id)
    names = ", ".join(c.name for c in credits)
    whole = sum(scene.remaining.credit[c.id] for c in credits) == scene.minor
    confidence = "0.97" if certain and by_number else "0.94" if certain else "0.60" if sole or by_number else "0.45"
    left = from_minor(sum(scene.remaining.credit[c.id] for c in credits), credits[0].currency)
    return Option(
        situation="refund",
        level=BY_NAME if certain else GUESS,
        certain=certain,
        confidence=Decimal(confidence if whole else "0.40"),
        reason=f"Money {towards} {who} that pays back {names}"
        + (" to the cent." if whole else f", of which {spoken(left, credits[0].currency)} is open."),
        takes=(),
        refunds=tuple((c.id, min(scene.remaining.credit[c.id], scene.minor)) for c in credits),
        evidence=(
            *(
                Evidence(
                    kind="credit",
                    text=f"{'the text names' if c.id in numbered else 'open credit'} {c.name}, "
                    f"{spoken(from_minor(scene.remaining.credit[c.id], c.currency), c.currency)}",
                    record_type=c.kind,
                    record_id=c.id,
                )
                for c in credits
            ),
            *([amount_said(scene, "what is left of it")] if whole and len(credits) == 1 else []),
            *account_or_name_said(scene, credits[0].contact_id),
        ),
        doubt="" if certain else doubt or "less speaks for it",
    )
