"""Open credits of a contact that, allocated first, leave exactly what the line pays."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations

from finchat.books.documents import Credit, Document
from finchat.books.matching.numbers import Mention
from finchat.books.matching.option import (
    BY_NUMBER,
    Option,
    Scene,
    Take,
    doubtful,
    name_said,
    number_said,
    who,
)
from finchat.books.money import from_minor, spoken
from finchat.books.plan import Evidence


def with_credits(scene: Scene, pairs: Sequence[tuple[Mention, Document]]) -> list[Option]:
    found: list[Option] = []
    for m, d in pairs:
        for chosen in credit_sets(scene, d):
            found.append(credited_option(scene, d, chosen, level=BY_NUMBER, certain=True, evidence=[number_said(m, d)]))
    if len(found) > 1:
        found = [doubtful(o) for o in found]
    return found


def credit_sets(scene: Scene, d: Document) -> list[tuple[tuple[Credit, int], ...]]:
    """Open credits of the contact that, allocated first, leave exactly the line's amount due."""
    wanted = scene.due(d) - scene.minor
    if wanted <= 0 or d.currency != scene.line.currency:
        return []
    usable = [
        (c, scene.remaining.credit[c.id])
        for c in scene.facts.credits_of.get(d.contact_id, ())
        if c.type == d.type
        and c.currency == d.currency
        and scene.remaining.credit[c.id] > 0
        and c.date <= scene.line.date
    ]
    found: list[tuple[tuple[Credit, int], ...]] = []
    for size in range(1, min(len(usable), 3) + 1):
        for chosen in combinations(usable, size):
            if sum(left for _, left in chosen) == wanted:
                found.append(chosen)
        if found:
            break
    return found


def credited_option(
    scene: Scene,
    d: Document,
    chosen: tuple[tuple[Credit, int], ...],
    *,
    level: int,
    certain: bool,
    evidence: Sequence[Evidence] = (),
) -> Option:
    credit_text = ", ".join(f"{spoken(from_minor(left, c.currency), c.currency)} ({c.name})" for c, left in chosen)
    return Option(
        situation="credits_first",
        level=level,
        certain=certain,
        confidence=Decimal("0.97" if level == BY_NUMBER else "0.92"),
        reason=f"The line equals {d.name} of {who(scene, d)} less the open credit {credit_text}.",
        takes=(Take(document_id=d.id, minor=scene.minor, bank_minor=scene.minor),),
        credits=tuple((c.id, d.id, left) for c, left in chosen),
        evidence=(
            *evidence,
            *(
                Evidence(
                    kind="credit",
                    text=f"open credit of {spoken(from_minor(left, c.currency), c.currency)}",
                    record_type=c.kind,
                    record_id=c.id,
                )
                for c, left in chosen
            ),
            *name_said(scene, d),
        ),
        residual=0,
    )  # fmt: skip
