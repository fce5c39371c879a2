"""Answers that rest on who the text names, or on the amount alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from finchat.books.documents import Document
from finchat.books.matching.credited import credit_sets, credited_option
from finchat.books.matching.facts import HINTED, NAMED, contact_name
from finchat.books.matching.foreign import foreign_by_name
from finchat.books.matching.groups import chance, groups_summing_to
from finchat.books.matching.option import (
    BY_GROUP,
    BY_NAME,
    GUESS,
    WHY_SHORT,
    Option,
    Scene,
    Take,
    amount_said,
    doubtful,
    exact_option,
    held_back,
    name_is_enough,
    name_said,
    open_of,
    replaceable,
    sentence,
    transposed,
    transposed_said,
    who,
)
from finchat.books.matching.residuals import why_short
from finchat.books.money import from_minor, spoken


def name_options(scene: Scene) -> list[Option]:
    """Answers that rest on who the text names."""
    exact = _exact_by_name(scene)
    found = [*exact, *foreign_by_name(scene)]
    credited = [
        credited_option(scene, d, chosen, level=BY_NAME, certain=name_is_enough(scene, contact_id))
        for contact_id in sorted(scene.contacts)
        for d in open_of(scene, contact_id)
        for chosen in credit_sets(scene, d)
    ]
    if exact and credited:  # one document whole, or another less a credit: both are exact
        return [doubtful(o) for o in (*found, *credited)]
    return [*found, *(credited if len(credited) == 1 else [doubtful(o) for o in credited])]


def _exact_by_name(scene: Scene) -> list[Option]:
    equal = {
        contact_id: [d for d in open_of(scene, contact_id) if scene.due(d) == scene.minor]
        for contact_id in sorted(scene.contacts)
    }
    equal = {contact_id: documents for contact_id, documents in equal.items() if documents}
    found: list[Option] = []
    for contact_id, documents in equal.items():
        other = _other_number(scene, contact_id, documents)
        certain = (
            len(equal) == 1
            and name_is_enough(scene, contact_id)
            and not _instalment_possible(scene, contact_id)
            and (other is None or (len(documents) == 1 and bool(transposed(scene, documents[0]))))
        )
        swapped = [d for d in documents if transposed(scene, d)]
        meant = swapped if len(swapped) == 1 else documents
        confidence = "0.94" if certain and len(meant) == 1 else "0.60" if len(equal) == 1 else "0.45"
        why_not = _second_thoughts(scene, contact_id, documents) if certain and not swapped else ""
        for d in meant:
            evidence = [transposed_said(scene, d)] if d in swapped else []
            pool = tuple(x.id for x in meant)
            level = BY_NAME if certain else GUESS
            option = exact_option(scene, d, level, confidence, certain, evidence=evidence, pool=pool)
            found.append(held_back(option, why_not) if why_not else option)
    return found


_TWICE_DAYS = 7  # two payments of one amount by one payer within so many days may be one paid twice


def _second_thoughts(scene: Scene, contact_id: str, documents: Sequence[Document]) -> str:
    """What else a line may be that names only its payer; "" when nothing. It still keeps others from its documents."""
    line, facts = scene.line, scene.facts
    for d in facts.payable.get((contact_id, line.direction, line.currency), ()):
        for line_id in scene.remaining.taken_by.get(d.id, ()):
            day = facts.days[line_id]
            if facts.minor_due[d.id] == scene.minor and abs((day - line.date).days) <= _TWICE_DAYS:
                return f"the line of {day} paid as much on {d.name}: it may be the same payment made twice"
    others = [scene.due(d) for d in open_of(scene, contact_id) if scene.due(d) != scene.minor]
    if groups_summing_to(others, scene.minor, smallest=2).found:
        return f"other documents of {contact_name(facts, contact_id)} sum to the line as well"
    return ""


def _instalment_possible(scene: Scene, contact_id: str) -> bool:
    """The name is not clear, the contact is paying another document in instalments, and a round amount could be one."""
    unclear = scene.facts.named(scene.line)[contact_id].coverage < 0.9
    return (
        unclear
        and scene.minor % 500 == 0
        and any(
            scene.minor < scene.due(d) < scene.facts.minor_total[d.id]
            and scene.facts.minor_due[d.id] < scene.facts.minor_total[d.id]
            for d in open_of(scene, contact_id)
        )
    )


def _other_number(scene: Scene, contact_id: str, documents: Sequence[Document]) -> Document | None:
    """An open document of the contact that the text names and that the line could pay in part."""
    ids = {d.id for d in documents}
    for m in scene.mentions:
        d = scene.facts.open[m.document_id]
        if m.strength >= 2 and d.id not in ids and d.contact_id == contact_id and scene.due(d) > scene.minor:
            return d
    return None


def group_options(scene: Scene, *, guesses: bool) -> list[Option]:
    found: list[Option] = []
    for contact_id in sorted(scene.contacts):
        documents = open_of(scene, contact_id)
        amounts = [scene.due(d) for d in documents]
        if len(documents) < 2 or (scene.minor in amounts and not guesses):
            continue  # one document that fits comes before any group
        groups = groups_summing_to(amounts, scene.minor, smallest=2)
        everything = tuple(range(len(documents)))
        candidates = list(groups.found)
        if sum(amounts) == scene.minor and everything not in [tuple(sorted(g)) for g in candidates]:
            candidates.insert(0, everything)
        for group in candidates:
            whole = len(group) == len(documents)
            alone = groups.complete and len(groups.found) == 1
            rare = chance(amounts, scene.minor, len(group)) < 0.04
            # All that a customer owes, to the cent, is no accident, however many smaller groups would also do.
            certain = (whole or (alone and rare)) and len(scene.contacts) == 1 and scene.minor not in amounts
            certain = certain and name_is_enough(scene, contact_id)
            certain = certain and (whole or not replaceable(amounts, group))
            sister = _sister_with(scene, contact_id) if certain else ""
            chosen = [documents[i] for i in group]
            option = Option(
                situation="several",
                level=BY_GROUP if certain else GUESS,
                certain=certain,
                confidence=Decimal("0.93" if certain else "0.55" if alone else "0.35"),
                reason=f"{'All' if whole else len(group)} open documents of "
                f"{contact_name(scene.facts, contact_id)} sum to the line to the cent.",
                takes=tuple(Take(document_id=d.id, minor=scene.due(d), bank_minor=scene.due(d)) for d in chosen),
                evidence=(
                    *name_said(scene, chosen[0]),
                    amount_said(scene, "the sum of what is due on them"),
                ),
                residual=0,
            )
            found.append(held_back(option, sister) if sister else option)
    return found


def _sister_with(scene: Scene, contact_id: str) -> str:
    """Another contact whose name is partly there, and who owes just this amount: of her name a part was left out."""
    for other, named in sorted(scene.facts.named(scene.line).items()):
        if other != contact_id and named.coverage >= HINTED:
            for d in open_of(scene, other):
                if scene.due(d) == scene.minor:
                    return f"{d.name} of {contact_name(scene.facts, other)} is due in just this amount"
    return ""


def short_options(scene: Scene) -> list[Option]:
    """No number, not exact: a document of the named contact that the line would leave a little open. For a human."""
    found: list[Option] = []
    for contact_id in sorted(scene.contacts):
        for d in open_of(scene, contact_id):
            due = scene.due(d)
            short = due - scene.minor
            if short <= 0:
                continue
            near = short * 100 <= due * 16
            kind = why_short(scene.minor, due, scene.facts.minor_total[d.id]) if short * 3 <= due else "part_payment"
            confidence = "0.50" if kind not in ("part_payment", "short_other") else "0.40" if near else "0.25"
            found.append(
                Option(
                    situation=kind,
                    level=GUESS,
                    certain=False,
                    confidence=Decimal(confidence),
                    reason=f"{sentence(d.name)} of {who(scene, d)} would stay open by "
                    f"{spoken(from_minor(short, d.currency), d.currency)} ({WHY_SHORT[kind]}).",
                    takes=(Take(document_id=d.id, minor=scene.minor, bank_minor=scene.minor),),
                    evidence=name_said(scene, d),
                    residual=short,
                )
            )
    return sorted(found, key=lambda o: (-o.confidence, o.residual, sorted(o.documents)))[:4]


def amount_options(scene: Scene) -> list[Option]:
    """Equal amounts alone never settle anything; they are worth showing when nobody else is named."""
    if any(scene.facts.named(scene.line)[c].coverage >= NAMED for c in scene.contacts):
        return []
    equal = [
        d
        for d in scene.facts.by_amount(scene.line.direction, scene.line.currency, scene.minor)
        if scene.due(d) == scene.minor and d.date <= scene.line.date + timedelta(days=3)
    ]
    if len(equal) > 5:
        return []
    return [
        exact_option(scene, d, GUESS, "0.30" if len(equal) == 1 else "0.20", False)
        for d in equal
        if d.contact_id not in scene.contacts
    ]
