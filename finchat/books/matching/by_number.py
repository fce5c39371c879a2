"""Answers that rest on numbers in the text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finchat.books.documents import Document
from finchat.books.matching.credited import with_credits
from finchat.books.matching.facts import HINTED
from finchat.books.matching.foreign import foreign_by_number
from finchat.books.matching.groups import chance, groups_summing_to
from finchat.books.matching.numbers import Mention, reads_as_date
from finchat.books.matching.option import (
    BY_GROUP,
    BY_NUMBER,
    BY_NUMBER_PART,
    WHY_SHORT,
    Option,
    Scene,
    Take,
    amount_said,
    contact_fits,
    exact_option,
    name_said,
    number_said,
    open_of,
    replaceable,
    who,
)
from finchat.books.matching.overpaid import over_option
from finchat.books.matching.residuals import why_short
from finchat.books.money import from_minor, spoken


def number_options(scene: Scene) -> list[Option]:
    """Answers that rest on numbers in the text: the first kind that explains the amount is the only one."""
    named = _named_documents(scene)
    same = [(m, d) for m, d in named if d.currency == scene.line.currency]
    solid = [(m, d) for m, d in same if m.strength >= 2 or contact_fits(scene, d)]
    return (
        [_exact_by_number(scene, m, d) for m, d in same if scene.due(d) == scene.minor]
        or _whole_group(scene, same)
        or _whole_group(scene, [(m, d) for m, d in same if m.strength >= 2])
        or foreign_by_number(scene, named)
        or with_credits(scene, solid)
        or _anchored_groups(scene, solid)
        or [
            *_over_group(scene, same),
            *(o for m, d in same for o in _not_exact(scene, m, d, same)),
            *_short_group(scene, same),
        ]
    )


def _named_documents(scene: Scene) -> list[tuple[Mention, Document]]:
    """One document for every number in the text: of the contact the line names when it names one."""
    facts = scene.facts
    pairs = [(m, facts.open[m.document_id]) for m in scene.mentions]
    named = {c for c in scene.contacts if facts.named(scene.line)[c].coverage >= HINTED}
    ours = [(m, d) for m, d in pairs if d.contact_id in named]
    strongest = [(m, d) for m, d in pairs if m.strength == 3]
    chosen = ours or strongest or pairs
    by_text: dict[str, list[tuple[Mention, Document]]] = {}
    for m, d in chosen:
        by_text.setdefault(m.text, []).append((m, d))
    result: dict[str, tuple[Mention, Document]] = {}
    for candidates in by_text.values():
        top = max(m.strength for m, _ in candidates)
        best = [(m, d) for m, d in candidates if m.strength == top]
        exact = [(m, d) for m, d in best if scene.due(d) == scene.minor]
        if len(best) > 1 and len(exact) == 1:
            best = exact
        if len(best) == 1:
            result[best[0][1].id] = best[0]
    return sorted(result.values(), key=lambda p: (-p[0].strength, p[1].number, p[1].id))


def _exact_by_number(scene: Scene, m: Mention, d: Document) -> Option:
    digits = sum(c.isdigit() for c in m.text)
    only = len(scene.facts.by_amount(d.direction, d.currency, scene.minor)) == 1
    bare = digits >= 4 and not scene.contacts and (digits >= 5 or only)
    fits = contact_fits(scene, d)
    written = m.text.replace(" ", "")
    dated = written.isdigit() and reads_as_date(
        written, scene.line.date
    )  # every bank writes dates: no naming by itself
    trusted = fits or (not dated and (bare or (m.strength >= 2 and not _contradicted(scene, d))))
    return exact_option(scene, d, BY_NUMBER, "0.99" if fits else "0.97", trusted, evidence=[number_said(m, d)])


def _contradicted(scene: Scene, d: Document) -> bool:
    """The text clearly names somebody else: one may pay for another, or have copied a number; a human knows which."""
    clear = any(scene.facts.named(scene.line)[c].coverage >= 0.9 for c in scene.contacts)
    return clear and not contact_fits(scene, d)


def _whole_group(scene: Scene, pairs: Sequence[tuple[Mention, Document]]) -> list[Option]:
    if len(pairs) < 2 or sum(scene.due(d) for _, d in pairs) != scene.minor:
        return []
    takes = tuple(Take(document_id=d.id, minor=scene.due(d), bank_minor=scene.due(d)) for _, d in pairs)
    fits = all(contact_fits(scene, d) for _, d in pairs)
    trusted = fits or len({d.contact_id for _, d in pairs}) == 1 or all(m.strength >= 2 for m, _ in pairs)
    trusted = trusted and not any(_contradicted(scene, d) for _, d in pairs)
    return [
        Option(
            situation="several",
            level=BY_NUMBER,
            certain=trusted,
            confidence=Decimal("0.99" if fits else "0.97"),
            reason=f"The line names {len(pairs)} documents, which sum to it to the cent.",
            takes=takes,
            evidence=(
                *(number_said(m, d) for m, d in pairs),
                amount_said(scene, "the sum of what is due on them"),
            ),
            residual=0,
        )
    ]


def _anchored_groups(scene: Scene, solid: Sequence[tuple[Mention, Document]]) -> list[Option]:
    """The line names some of its documents; others of the same contact make up the rest."""
    if not solid or len({d.contact_id for _, d in solid}) != 1:
        return []
    rest = scene.minor - sum(scene.due(d) for _, d in solid)
    if rest <= 0:
        return []
    named_ids = {d.id for _, d in solid}
    contact_id = solid[0][1].contact_id
    others = [d for d in open_of(scene, contact_id) if d.id not in named_ids]
    amounts = [scene.due(d) for d in others]
    groups = groups_summing_to(amounts, rest)
    if not groups.found:
        return []
    smallest = len(groups.found[0])
    alike = [g for g in groups.found if len(g) == smallest]
    chosen = [*(d for _, d in solid), *(others[i] for i in groups.found[0])]
    certain = groups.complete and len(groups.found) == 1 and chance(amounts, rest, smallest) < 0.1
    certain = certain and not replaceable(amounts, groups.found[0])
    return [
        Option(
            situation="several",
            level=BY_GROUP,
            certain=certain,
            confidence=Decimal("0.95" if certain else "0.50" if len(alike) == 1 else "0.35"),
            reason=f"The line names {', '.join(d.name for _, d in solid)}; with "
            f"{', '.join(others[i].name for i in groups.found[0])} it sums to the cent.",
            takes=tuple(Take(document_id=d.id, minor=scene.due(d), bank_minor=scene.due(d)) for d in chosen),
            evidence=(
                *(number_said(m, d) for m, d in solid),
                amount_said(scene, "the sum of what is due on them"),
            ),
            residual=0,
        )
    ]


def _over_group(scene: Scene, pairs: Sequence[tuple[Mention, Document]]) -> list[Option]:
    """Several documents named, the line more than their sum."""
    if len(pairs) < 2:
        return []
    stray = {m.text for m in scene.mentions if m.strength >= 2} - {m.text for m, _ in pairs}
    option = over_option(scene, pairs, trusted=not stray and not scene.facts.numbers.unknown(scene.line))
    return [option] if option else []


def _not_exact(scene: Scene, m: Mention, d: Document, named: Sequence[tuple[Mention, Document]]) -> list[Option]:
    """Less or more than is due on one document that the line names."""
    due = scene.due(d)
    fits = contact_fits(scene, d)
    alone = len(named) == 1
    exact_elsewhere = [x for x in open_of(scene, d.contact_id) if x.id != d.id and scene.due(x) == scene.minor]
    # Another number, of whomever or one that the books do not know, may take its part of the money.
    alone = alone and not any(x.strength >= 2 and x.text != m.text for x in scene.mentions)
    alone = alone and not scene.facts.numbers.unknown(scene.line)
    trusted = alone and not exact_elsewhere and ((fits and m.strength >= 1) or (m.strength == 3 and not scene.contacts))
    if not fits and scene.facts.by_amount(d.direction, d.currency, scene.minor):
        trusted = False  # a number alone, perhaps one digit wrong, while another document is due in just this amount
    if m.strength == 1 and len(m.text) < 4:
        trusted = False
    if scene.minor > due:
        option = over_option(scene, [(m, d)], trusted=trusted)
        return [option] if option else []
    kind = why_short(scene.minor, due, scene.facts.minor_total[d.id])
    return [
        Option(
            situation=kind,
            level=BY_NUMBER_PART,
            certain=trusted,
            confidence=Decimal("0.95" if trusted else "0.45"),
            reason=f"The line names {d.name} of {who(scene, d)}; "
            f"{spoken(from_minor(due - scene.minor, d.currency), d.currency)} of it stays open ({WHY_SHORT[kind]}).",
            takes=(Take(document_id=d.id, minor=scene.minor, bank_minor=scene.minor),),
            evidence=(number_said(m, d), *name_said(scene, d)),
            residual=due - scene.minor,
        )
    ]


def _short_group(scene: Scene, pairs: Sequence[tuple[Mention, Document]]) -> list[Option]:
    """Several documents named, the line a little short of their sum: for a human, shared out in proportion."""
    total = sum(scene.due(d) for _, d in pairs)
    short = total - scene.minor
    if len(pairs) < 2 or not 0 < short * 10 <= total:
        return []
    missing = [short * scene.due(d) // total for _, d in pairs]  # never more than is due: short is a tenth at most
    for i in range(short - sum(missing)):
        missing[i % len(missing)] += 1
    takes = [
        Take(document_id=d.id, minor=scene.due(d) - lack, bank_minor=scene.due(d) - lack)
        for (_, d), lack in zip(pairs, missing, strict=True)
    ]
    if any(t.minor <= 0 for t in takes):
        return []
    return [
        Option(
            situation="short_fee" if short * 100 <= total * 5 else "short_other",
            level=BY_NUMBER_PART,
            certain=False,
            confidence=Decimal("0.80"),
            reason=f"The line names {len(pairs)} documents and is "
            f"{spoken(from_minor(short, scene.line.currency), scene.line.currency)} short of their sum.",
            takes=tuple(takes),
            evidence=tuple(number_said(m, d) for m, d in pairs),
            residual=short,
        )
    ]
