"""The answers one line may have, best first. An option says what it rests on; whether it stands is decided later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import combinations

from finchat.books.documents import BankLine, Credit, Document
from finchat.books.matching.facts import HINTED, NAMED, Facts, Remaining, contact_name, rank, supporters
from finchat.books.matching.groups import chance, groups_summing_to
from finchat.books.matching.numbers import Mention, reads_as_date
from finchat.books.matching.residuals import why_short
from finchat.books.matching.text import amounts_in, digits_transposed, fold
from finchat.books.matching.verdict import Situation
from finchat.books.money import from_minor, minor_digits, spoken, to_minor
from finchat.books.plan import Evidence

# Levels: stronger evidence is served first, and takes the documents it names from weaker lines.
BY_NUMBER, BY_NUMBER_PART, BY_NAME, BY_GROUP, GUESS = 1, 2, 3, 4, 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Cash of the line for one document: in minor units of the document's currency and of the line's."""

    document_id: str
    minor: int
    bank_minor: int
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    situation: Situation
    level: int
    certain: bool
    confidence: Decimal
    reason: str
    takes: tuple[Take, ...]
    credits: tuple[tuple[str, str, int], ...] = ()  # credit, document, minor units
    evidence: tuple[Evidence, ...] = ()
    residual: int | None = None
    # Documents that would do as well: same contact, same amount. The first is taken when as many lines ask for them.
    pool: tuple[str, ...] = ()

    @property
    def documents(self) -> frozenset[str]:
        return frozenset(t.document_id for t in self.takes)


@dataclass(slots=True)
class Scene:
    """One line with everything the options look at."""

    line: BankLine
    facts: Facts
    remaining: Remaining
    minor: int
    mentions: list[Mention] = field(default_factory=list)
    contacts: dict[str, float] = field(default_factory=dict)

    def due(self, document: Document) -> int:
        return self.remaining.due.get(document.id, 0)


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
    found = _by_number(scene)
    if guesses or not (found and found[0].certain and found[0].level == BY_NUMBER):
        weaker = [*_by_name(scene), *_groups(scene, guesses=guesses)]
        # A number with the line's amount stands against any answer that only a name gives.
        other = {o.documents for o in found if o.level == BY_NUMBER and o.situation == "exact" and not o.certain}
        unknown = _spent(scene) or bool(facts.numbers.unknown(line))
        found += [
            _doubtful(o) if (unknown or other - {o.documents}) and not _explains_number(scene, o) else o for o in weaker
        ]
    if guesses:
        found += [*_shorts(scene), *_by_amount(scene)]
    best: dict[tuple[frozenset[str], tuple[tuple[str, str, int], ...]], Option] = {}
    for option in found:
        key = (option.documents, option.credits)
        held = best.get(key)
        if held is None or _merit(option) < _merit(held):
            best[key] = option
    return sorted(best.values(), key=lambda o: (*_merit(o), len(o.takes), sorted(o.documents), o.credits))


def _merit(option: Option) -> tuple[bool, int, Decimal]:
    return (not option.certain, option.level, -option.confidence)


def _explains_number(scene: Scene, option: Option) -> bool:
    """The number that hits nothing is the option's own, with two digits swapped."""
    return len(option.takes) == 1 and bool(_transposed(scene, scene.facts.documents[option.takes[0].document_id]))


def _spent(scene: Scene) -> bool:
    """The line names a document of just this amount that has nothing left to pay: it is no payment for another one."""
    for m in scene.facts.mentions(scene.line):
        d = scene.facts.documents[m.document_id]
        if d.direction != scene.line.direction or d.currency != scene.line.currency or d.status not in ("open", "paid"):
            continue
        left = scene.remaining.due.get(d.id, 0)
        whole = {scene.facts.minor_total[d.id], scene.facts.minor_due[d.id]}
        if left < scene.minor and scene.minor in whole and (m.strength >= 2 or _contact_fits(scene, d)):
            return True
    return False


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


def _by_number(scene: Scene) -> list[Option]:
    """Answers that rest on numbers in the text: the first kind that explains the amount is the only one."""
    named = _named_documents(scene)
    same = [(m, d) for m, d in named if d.currency == scene.line.currency]
    solid = [(m, d) for m, d in same if m.strength >= 2 or _contact_fits(scene, d)]
    return (
        [_exact_by_number(scene, m, d) for m, d in same if scene.due(d) == scene.minor]
        or _whole_group(scene, same)
        or _whole_group(scene, [(m, d) for m, d in same if m.strength >= 2])
        or _foreign_by_number(scene, named)
        or _with_credits(scene, solid)
        or _anchored_groups(scene, solid)
        or [*(_not_exact(scene, m, d, alone=len(same) == 1) for m, d in same), *_short_group(scene, same)]
    )


def _exact_by_number(scene: Scene, m: Mention, d: Document) -> Option:
    digits = sum(c.isdigit() for c in m.text)
    only = len(scene.facts.by_amount(d.direction, d.currency, scene.minor)) == 1
    bare = digits >= 4 and not scene.contacts and (digits >= 5 or only)
    fits = _contact_fits(scene, d)
    written = m.text.replace(" ", "")
    dated = written.isdigit() and reads_as_date(
        written, scene.line.date
    )  # every bank writes dates: no naming by itself
    trusted = fits or (not dated and (bare or (m.strength >= 2 and not _contradicted(scene, d))))
    return _exact(scene, d, BY_NUMBER, "0.99" if fits else "0.97", trusted, evidence=[_number(m, d)])


def _contradicted(scene: Scene, d: Document) -> bool:
    """The text clearly names somebody else: one may pay for another, or have copied a number; a human knows which."""
    clear = any(scene.facts.named(scene.line)[c].coverage >= 0.9 for c in scene.contacts)
    return clear and not _contact_fits(scene, d)


def _foreign_by_number(scene: Scene, named: Sequence[tuple[Mention, Document]]) -> list[Option]:
    found = [
        _foreign(scene, d, BY_NUMBER, [_number(m, d)], named=m.strength == 3 or _contact_fits(scene, d))
        for m, d in named
        if d.currency != scene.line.currency
    ]
    return [o for o in found if o is not None]


def _whole_group(scene: Scene, pairs: Sequence[tuple[Mention, Document]]) -> list[Option]:
    if len(pairs) < 2 or sum(scene.due(d) for _, d in pairs) != scene.minor:
        return []
    takes = tuple(Take(document_id=d.id, minor=scene.due(d), bank_minor=scene.due(d)) for _, d in pairs)
    fits = all(_contact_fits(scene, d) for _, d in pairs)
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
            evidence=(*(_number(m, d) for m, d in pairs), _amount(scene, "the sum of what is due on them")),
            residual=0,
        )
    ]


def _exact(
    scene: Scene,
    d: Document,
    level: int,
    confidence: str,
    certain: bool,
    *,
    evidence: Sequence[Evidence] = (),
    pool: tuple[str, ...] = (),
) -> Option:
    how = "names" if level == BY_NUMBER else "fits"
    return Option(
        situation="exact",
        level=level,
        certain=certain,
        confidence=Decimal(confidence),
        reason=f"The line {how} {d.name} of {_who(scene, d)} and equals what is due to the cent.",
        takes=(Take(document_id=d.id, minor=scene.minor, bank_minor=scene.minor),),
        evidence=(*evidence, _amount(scene, f"what is due on {d.name}"), *_name_evidence(scene, d)),
        residual=0,
        pool=pool,
    )


def _foreign(scene: Scene, d: Document, level: int, evidence: list[Evidence], *, named: bool) -> Option | None:
    """A document in another currency than the line: the line's own rate settles it, the others judge it."""
    line, due = scene.line, scene.due(d)
    document_amount, bank_amount = from_minor(due, d.currency), from_minor(scene.minor, line.currency)
    own_rate = bank_amount / document_amount
    if line.currency != scene.facts.books.base_currency:
        if d.currency != scene.facts.books.base_currency:
            return None
        known = scene.facts.rates_on(line.currency, line)
        comparable = Decimal(1) / own_rate
        judged = known
    else:
        comparable = own_rate
        judged = scene.facts.rates_on(d.currency, line)
    source = "the day's rate"
    tolerance = Decimal("0.035")
    if judged is None and d.rate is not None and line.currency == scene.facts.books.base_currency:
        judged, source, tolerance = d.rate, "the document's rate", Decimal("0.08")
    if judged is None or judged <= 0:
        return None
    off = abs(comparable / judged - 1)
    if off > tolerance:
        return None
    written = _written_amount(scene, d)
    rate_text = f"{own_rate:.5f}"
    facts = Evidence(
        kind="rate",
        text=f"{spoken(bank_amount, line.currency)} for {spoken(document_amount, d.currency)} is {rate_text}, within "
        f"{off * 100:.1f} % of {source} ({judged})",
        record_type=d.type,
        record_id=d.id,
    )
    best = max((scene.facts.named(line)[c].coverage for c in scene.contacts), default=0.0)
    certain = (named and (_contact_fits(scene, d) or best < NAMED + 0.1)) or (written and _contact_fits(scene, d))
    extra = [Evidence(kind="amount", text=f"the text gives {spoken(document_amount, d.currency)}")] if written else []
    return Option(
        situation="exact",
        level=level if certain else GUESS,
        certain=certain,
        confidence=Decimal("0.96" if certain else "0.60"),
        reason=f"{_sentence(d.name)} of {_who(scene, d)} is due in {d.currency}; the line's own rate "
        f"{rate_text} is plausible.",
        takes=(Take(document_id=d.id, minor=due, bank_minor=scene.minor, rate=own_rate),),
        evidence=(*evidence, facts, *extra, *_name_evidence(scene, d)),
        residual=0,
    )


def _written_amount(scene: Scene, d: Document) -> bool:
    """The line's text gives the document's currency and exactly what is due in it."""
    text = f"{scene.line.payee} {scene.line.narration} {scene.line.reference}"
    return d.currency.casefold() in fold(text) and scene.due(d) in amounts_in(text, minor_digits(d.currency))


def _with_credits(scene: Scene, pairs: Sequence[tuple[Mention, Document]]) -> list[Option]:
    found: list[Option] = []
    for m, d in pairs:
        for chosen in _credit_sets(scene, d):
            found.append(_credited(scene, d, chosen, level=BY_NUMBER, certain=True, evidence=[_number(m, d)]))
    if len(found) > 1:
        found = [_doubtful(o) for o in found]
    return found


def _credit_sets(scene: Scene, d: Document) -> list[tuple[tuple[Credit, int], ...]]:
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


def _credited(
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
        reason=f"The line equals {d.name} of {_who(scene, d)} less the open credit {credit_text}.",
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
            *_name_evidence(scene, d),
        ),
        residual=0,
    )  # fmt: skip


def _anchored_groups(scene: Scene, solid: Sequence[tuple[Mention, Document]]) -> list[Option]:
    """The line names some of its documents; others of the same contact make up the rest."""
    if not solid or len({d.contact_id for _, d in solid}) != 1:
        return []
    rest = scene.minor - sum(scene.due(d) for _, d in solid)
    if rest <= 0:
        return []
    named_ids = {d.id for _, d in solid}
    contact_id = solid[0][1].contact_id
    others = [d for d in _open_of(scene, contact_id) if d.id not in named_ids]
    amounts = [scene.due(d) for d in others]
    groups = groups_summing_to(amounts, rest)
    if not groups.found:
        return []
    smallest = len(groups.found[0])
    alike = [g for g in groups.found if len(g) == smallest]
    chosen = [*(d for _, d in solid), *(others[i] for i in groups.found[0])]
    certain = groups.complete and len(groups.found) == 1 and chance(amounts, rest, smallest) < 0.1
    certain = certain and not _replaceable(amounts, groups.found[0])
    return [
        Option(
            situation="several",
            level=BY_GROUP,
            certain=certain,
            confidence=Decimal("0.95" if certain else "0.50" if len(alike) == 1 else "0.35"),
            reason=f"The line names {', '.join(d.name for _, d in solid)}; with "
            f"{', '.join(others[i].name for i in groups.found[0])} it sums to the cent.",
            takes=tuple(Take(document_id=d.id, minor=scene.due(d), bank_minor=scene.due(d)) for d in chosen),
            evidence=(*(_number(m, d) for m, d in solid), _amount(scene, "the sum of what is due on them")),
            residual=0,
        )
    ]


def _not_exact(scene: Scene, m: Mention, d: Document, *, alone: bool) -> Option:
    due = scene.due(d)
    fits = _contact_fits(scene, d)
    exact_elsewhere = [x for x in _open_of(scene, d.contact_id) if x.id != d.id and scene.due(x) == scene.minor]
    # Another number, of whomever or one that the books do not know, may take its part of the money.
    alone = alone and not any(x.strength >= 2 and x.text != m.text for x in scene.mentions)
    alone = alone and not scene.facts.numbers.unknown(scene.line)
    trusted = alone and not exact_elsewhere and ((fits and m.strength >= 1) or (m.strength == 3 and not scene.contacts))
    if m.strength == 1 and len(m.text) < 4:
        trusted = False
    if scene.minor > due:
        over = scene.minor - due
        return Option(
            situation="overpayment",
            level=BY_NUMBER_PART,
            certain=False,
            confidence=Decimal("0.85" if trusted else "0.40"),
            reason=f"The line names {d.name} of {_who(scene, d)} and is "
            f"{spoken(from_minor(over, d.currency), d.currency)} more than is due on it.",
            takes=(Take(document_id=d.id, minor=due, bank_minor=due),),
            evidence=(_number(m, d), *_name_evidence(scene, d)),
            residual=-over,
        )
    kind = why_short(scene.minor, due, scene.facts.minor_total[d.id])
    return Option(
        situation=kind,
        level=BY_NUMBER_PART,
        certain=trusted,
        confidence=Decimal("0.95" if trusted else "0.45"),
        reason=f"The line names {d.name} of {_who(scene, d)}; "
        f"{spoken(from_minor(due - scene.minor, d.currency), d.currency)} of it stays open ({_WHY[kind]}).",
        takes=(Take(document_id=d.id, minor=scene.minor, bank_minor=scene.minor),),
        evidence=(_number(m, d), *_name_evidence(scene, d)),
        residual=due - scene.minor,
    )


_WHY = {
    "part_payment": "a part payment",
    "short_fee": "as a bank or card fee would leave it",
    "short_discount": "an even discount",
    "short_withholding": "an even share, as withheld tax would be",
    "short_other": "rounding or a deduction the evidence does not name",
}


def _short_group(scene: Scene, pairs: Sequence[tuple[Mention, Document]]) -> list[Option]:
    """Several documents named, the line a little short of their sum: for a human, shared out in proportion."""
    total = sum(scene.due(d) for _, d in pairs)
    short = total - scene.minor
    if len(pairs) < 2 or not 0 < short * 10 <= total:
        return []
    takes: list[Take] = []
    left = scene.minor
    for i, (_, d) in enumerate(pairs):
        share = left if i == len(pairs) - 1 else scene.due(d) * scene.minor // total
        share = min(share, scene.due(d))
        takes.append(Take(document_id=d.id, minor=share, bank_minor=share))
        left -= share
    return [
        Option(
            situation="short_fee" if short * 100 <= total * 5 else "short_other",
            level=BY_NUMBER_PART,
            certain=False,
            confidence=Decimal("0.80"),
            reason=f"The line names {len(pairs)} documents and is "
            f"{spoken(from_minor(short, scene.line.currency), scene.line.currency)} short of their sum.",
            takes=tuple(takes),
            evidence=tuple(_number(m, d) for m, d in pairs),
            residual=short,
        )
    ]


def _by_name(scene: Scene) -> list[Option]:
    """Answers that rest on who the text names."""
    exact = _exact_by_name(scene)
    found = [*exact, *_foreign_by_name(scene)]
    credited = [
        _credited(scene, d, chosen, level=BY_NAME, certain=_name_is_enough(scene, contact_id))
        for contact_id in sorted(scene.contacts)
        for d in _open_of(scene, contact_id)
        for chosen in _credit_sets(scene, d)
    ]
    if exact and credited:  # one document whole, or another less a credit: both are exact
        return [_doubtful(o) for o in (*found, *credited)]
    return [*found, *(credited if len(credited) == 1 else [_doubtful(o) for o in credited])]


def _exact_by_name(scene: Scene) -> list[Option]:
    equal = {
        contact_id: [d for d in _open_of(scene, contact_id) if scene.due(d) == scene.minor]
        for contact_id in sorted(scene.contacts)
    }
    equal = {contact_id: documents for contact_id, documents in equal.items() if documents}
    found: list[Option] = []
    for contact_id, documents in equal.items():
        other = _other_number(scene, contact_id, documents)
        certain = (
            len(equal) == 1
            and _name_is_enough(scene, contact_id)
            and not _instalment_possible(scene, contact_id)
            and (other is None or (len(documents) == 1 and bool(_transposed(scene, documents[0]))))
        )
        swapped = [d for d in documents if _transposed(scene, d)]
        meant = swapped if len(swapped) == 1 else documents
        confidence = "0.94" if certain and len(meant) == 1 else "0.60" if len(equal) == 1 else "0.45"
        for d in meant:
            evidence = [_transposed_evidence(scene, d)] if d in swapped else []
            pool = tuple(x.id for x in meant)
            level = BY_NAME if certain else GUESS
            found.append(_exact(scene, d, level, confidence, certain, evidence=evidence, pool=pool))
    return found


def _foreign_by_name(scene: Scene) -> list[Option]:
    found = [
        option
        for contact_id in sorted(scene.contacts)
        for d in scene.facts.open_of.get(contact_id, ())
        if d.direction == scene.line.direction and d.currency != scene.line.currency and scene.due(d) > 0
        for option in [_foreign(scene, d, BY_NAME, [], named=False)]
        if option is not None
    ]
    written = [o for o in found if o.certain]
    if len(written) < 2:
        return found
    pool = tuple(o.takes[0].document_id for o in written)
    return [_pooled(o, pool) if o.certain else o for o in found]


def _instalment_possible(scene: Scene, contact_id: str) -> bool:
    """The name is not clear, the contact is paying another document in instalments, and a round amount could be one."""
    unclear = scene.facts.named(scene.line)[contact_id].coverage < 0.9
    return (
        unclear
        and scene.minor % 500 == 0
        and any(
            scene.minor < scene.due(d) < scene.facts.minor_total[d.id]
            and scene.facts.minor_due[d.id] < scene.facts.minor_total[d.id]
            for d in _open_of(scene, contact_id)
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


def _groups(scene: Scene, *, guesses: bool) -> list[Option]:
    found: list[Option] = []
    for contact_id in sorted(scene.contacts):
        documents = _open_of(scene, contact_id)
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
            certain = certain and _name_is_enough(scene, contact_id)
            certain = certain and (whole or not _replaceable(amounts, group))
            chosen = [documents[i] for i in group]
            found.append(
                Option(
                    situation="several",
                    level=BY_GROUP if certain else GUESS,
                    certain=certain,
                    confidence=Decimal("0.93" if certain else "0.55" if alone else "0.35"),
                    reason=f"{'All' if whole else len(group)} open documents of "
                    f"{contact_name(scene.facts, contact_id)} sum to the line to the cent.",
                    takes=tuple(Take(document_id=d.id, minor=scene.due(d), bank_minor=scene.due(d)) for d in chosen),
                    evidence=(*_name_evidence(scene, chosen[0]), _amount(scene, "the sum of what is due on them")),
                    residual=0,
                )
            )
    return found


def _replaceable(amounts: Sequence[int], group: tuple[int, ...]) -> bool:
    """Whether an equal amount outside the group could stand in for one inside."""
    inside = set(group)
    held = {amounts[i] for i in group}
    return any(a in held and i not in inside for i, a in enumerate(amounts))


def _shorts(scene: Scene) -> list[Option]:
    """No number, not exact: a document of the named contact that the line would leave a little open. For a human."""
    found: list[Option] = []
    for contact_id in sorted(scene.contacts):
        for d in _open_of(scene, contact_id):
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
                    reason=f"{_sentence(d.name)} of {_who(scene, d)} would stay open by "
                    f"{spoken(from_minor(short, d.currency), d.currency)} ({_WHY[kind]}).",
                    takes=(Take(document_id=d.id, minor=scene.minor, bank_minor=scene.minor),),
                    evidence=_name_evidence(scene, d),
                    residual=short,
                )
            )
    return sorted(found, key=lambda o: (-o.confidence, o.residual, sorted(o.documents)))[:4]


def _by_amount(scene: Scene) -> list[Option]:
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
        _exact(scene, d, GUESS, "0.30" if len(equal) == 1 else "0.20", False)
        for d in equal
        if d.contact_id not in scene.contacts
    ]


def _open_of(scene: Scene, contact_id: str) -> list[Document]:
    """Open documents of the contact that a line of this direction, currency and date can pay."""
    line = scene.line
    return [
        d
        for d in scene.facts.open_of.get(contact_id, ())
        if d.direction == line.direction
        and d.currency == line.currency
        and scene.due(d) > 0
        and not scene.remaining.taken_by.get(d.id)  # what another line left open is named there, not paid by chance
        and d.date <= line.date
    ]


def doubt(line: BankLine, facts: Facts, remaining: Remaining, option: Option) -> str:
    """What keeps an option from being certain, as the end of a sentence that begins with what speaks for it."""
    scene = Scene(line, facts, remaining, to_minor(line.amount, line.currency))
    scene.contacts = {c: rank(n) for c, n in supporters(facts.named(line)).items()}
    kinds = {e.kind for e in option.evidence}
    d = facts.documents[option.takes[0].document_id]
    codes = facts.numbers.unknown(line)
    numbered, named = kinds & {"number", "reference"}, kinds & {"payee", "account"}
    half = d.contact_id in scene.contacts and not _name_is_enough(scene, d.contact_id)
    reasons = (
        (option.certain, "another line or another document fits just as well"),
        (not kinds - {"amount", "rate", "credit"}, "nothing in the text names it or its contact"),
        (_spent(scene), "the line names a document of this amount that is paid already"),
        (codes, f"the text also bears {''.join(codes[:1])}, which no document has"),
        (numbered and not named, "the text does not name its contact"),
        (numbered, "the text bears another number too, or another document of the contact has this amount"),
        (half, "the text does not hold its contact's name whole"),
        (len(scene.contacts) > 1, "the text names other contacts as well"),
        (option.residual, "no number in the text says that it is the one"),
    )
    return next((text for holds, text in reasons if holds), "other documents of the contact may be meant as well")


def _contact_fits(scene: Scene, d: Document) -> bool:
    return d.contact_id in scene.contacts and scene.facts.named(scene.line)[d.contact_id].coverage >= HINTED


def _name_is_enough(scene: Scene, contact_id: str) -> bool:
    """Most of the name is there; or a good part, and the text holds no other name. Another word inside a
    name, or beside a name of one word, may well make it somebody else's."""
    named = scene.facts.named(scene.line)[contact_id]
    if scene.facts.by_account(scene.line) == contact_id:
        return True
    alone = not scene.facts.unexplained(scene.line, named)
    if scene.facts.too_short(contact_id, named):
        return False
    if not alone and (
        scene.facts.name_index.single(contact_id)
        or scene.facts.interrupted(scene.line, named)
        or scene.facts.goes_on(scene.line, contact_id, named)
    ):
        return False
    return named.coverage >= NAMED or (named.coverage >= 0.6 and alone)


def _transposed(scene: Scene, d: Document) -> str | None:
    """A number in the text that is this document's with two digits swapped."""
    digits = scene.facts.numbers.digits_of.get(d.id, "")
    if len(digits) < 3:
        return None
    padded = {digits, digits.zfill(5), digits.zfill(6)}
    for number in scene.facts.numbers.numbers(scene.line):
        for p in padded:
            if digits_transposed(number.zfill(len(p)), p):
                return number
    return None


def _transposed_evidence(scene: Scene, d: Document) -> Evidence:
    return Evidence(
        kind="number",
        text=f"{_transposed(scene, d)} in the text is {d.number} with two digits swapped",
        record_type=d.type,
        record_id=d.id,
    )


def _number(m: Mention, d: Document) -> Evidence:
    kind = "number" if m.strength == 3 else "reference"
    return Evidence(
        kind=kind, text=f"the text “{m.text}” names {d.number or d.reference}", record_type=d.type, record_id=d.id
    )


def _amount(scene: Scene, what: str) -> Evidence:
    return Evidence(
        kind="amount", text=f"{spoken(from_minor(scene.minor, scene.line.currency), scene.line.currency)} is {what}"
    )


def _name_evidence(scene: Scene, d: Document) -> tuple[Evidence, ...]:
    if d.contact_id not in scene.contacts:
        return ()
    if scene.facts.by_account(scene.line) == d.contact_id:
        return (
            Evidence(
                kind="account",
                text=f"the other account is that of {_who(scene, d)}",
                record_type="contact",
                record_id=d.contact_id,
            ),
        )
    return (
        Evidence(kind="payee", text=f"the text names {_who(scene, d)}", record_type="contact", record_id=d.contact_id),
    )


def _sentence(name: str) -> str:
    """A name at the beginning of a sentence; a number stays as it is written."""
    return f"The{name[3:]}" if name.startswith("the ") else name


def _who(scene: Scene, d: Document) -> str:
    return contact_name(scene.facts, d.contact_id)


def _doubtful(option: Option) -> Option:
    return replace(option, certain=False, level=GUESS, confidence=min(option.confidence, Decimal("0.45")))


def _pooled(option: Option, pool: tuple[str, ...]) -> Option:
    return replace(option, pool=pool)
