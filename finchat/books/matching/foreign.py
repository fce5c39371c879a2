"""Documents in another currency than the line: the line's own rate settles them, known rates judge it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finchat.books.documents import Document
from finchat.books.matching.facts import NAMED
from finchat.books.matching.numbers import Mention
from finchat.books.matching.option import (
    BY_NAME,
    BY_NUMBER,
    GUESS,
    Option,
    Scene,
    Take,
    contact_fits,
    name_said,
    number_said,
    pooled,
    sentence,
    who,
)
from finchat.books.matching.text import amounts_in, fold
from finchat.books.money import from_minor, minor_digits, spoken
from finchat.books.plan import Evidence


def foreign_by_number(scene: Scene, named: Sequence[tuple[Mention, Document]]) -> list[Option]:
    found = [
        foreign_option(scene, d, BY_NUMBER, [number_said(m, d)], named=m.strength == 3 or contact_fits(scene, d))
        for m, d in named
        if d.currency != scene.line.currency
    ]
    return [o for o in found if o is not None]


def foreign_by_name(scene: Scene) -> list[Option]:
    found = [
        option
        for contact_id in sorted(scene.contacts)
        for d in scene.facts.open_of.get(contact_id, ())
        if d.direction == scene.line.direction and d.currency != scene.line.currency and scene.due(d) > 0
        for option in [foreign_option(scene, d, BY_NAME, [], named=False)]
        if option is not None
    ]
    written = [o for o in found if o.certain]
    if len(written) < 2:
        return found
    pool = tuple(o.takes[0].document_id for o in written)
    return [pooled(o, pool) if o.certain else o for o in found]


def foreign_option(scene: Scene, d: Document, level: int, evidence: list[Evidence], *, named: bool) -> Option | None:
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
    certain = (named and (contact_fits(scene, d) or best < NAMED + 0.1)) or (written and contact_fits(scene, d))
    extra = [Evidence(kind="amount", text=f"the text gives {spoken(document_amount, d.currency)}")] if written else []
    return Option(
        situation="exact",
        level=level if certain else GUESS,
        certain=certain,
        confidence=Decimal("0.96" if certain else "0.60"),
        reason=f"{sentence(d.name)} of {who(scene, d)} is due in {d.currency}; the line's own rate "
        f"{rate_text} is plausible.",
        takes=(Take(document_id=d.id, minor=due, bank_minor=scene.minor, rate=own_rate),),
        evidence=(*evidence, facts, *extra, *name_said(scene, d)),
        residual=0,
    )


def _written_amount(scene: Scene, d: Document) -> bool:
    """The line's text gives the document's currency and exactly what is due in it."""
    text = f"{scene.line.payee} {scene.line.narration} {scene.line.reference}"
    return d.currency.casefold() in fold(text) and scene.due(d) in amounts_in(text, minor_digits(d.currency))
