"""What an answer is made of, and what every kind of answer asks of a line. Nothing here decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from finchat.books.documents import BankLine, Document
from finchat.books.matching.facts import HINTED, NAMED, Facts, Remaining, contact_name
from finchat.books.matching.numbers import Mention
from finchat.books.matching.text import digits_transposed
from finchat.books.matching.verdict import Situation
from finchat.books.money import from_minor, spoken
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
    refunds: tuple[tuple[str, int], ...] = ()  # credit and minor units, of one currency with the line
    excess: int = 0  # minor units of the line beyond what the documents take, kept for their contact
    doubt: str = ""  # what keeps it from being certain, where the option itself knows
    held_back: bool = False  # all but certain: it keeps others from its documents, and takes none itself

    @property
    def documents(self) -> frozenset[str]:
        return frozenset(t.document_id for t in self.takes)

    @property
    def answer(self) -> tuple[frozenset[str], tuple[tuple[str, int], ...]]:
        """What tells the option from others: the documents it pays and the credits it pays back."""
        return self.documents, self.refunds

    @property
    def credit_ids(self) -> frozenset[str]:
        """Credits it uses up, allocated or paid back."""
        return frozenset([*(c for c, _, _ in self.credits), *(c for c, _ in self.refunds)])


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


def exact_option(
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
        reason=f"The line {how} {d.name} of {who(scene, d)} and equals what is due to the cent.",
        takes=(Take(document_id=d.id, minor=scene.minor, bank_minor=scene.minor),),
        evidence=(*evidence, amount_said(scene, f"what is due on {d.name}"), *name_said(scene, d)),
        residual=0,
        pool=pool,
    )


def open_of(scene: Scene, contact_id: str) -> list[Document]:
    """Open documents of the contact that a line of this direction, currency and date can pay."""
    line, due, taken = scene.line, scene.remaining.due, scene.remaining.taken_by
    return [
        d
        for d in scene.facts.payable.get((contact_id, line.direction, line.currency), ())
        if d.date <= line.date
        and due[d.id] > 0
        and not taken.get(d.id)  # what another line left open is named there, not paid by chance
    ]


def spent(scene: Scene) -> bool:
    """The line names a document of just this amount that has nothing left to pay: it is no payment for another one."""
    for m in scene.facts.mentions(scene.line):
        d = scene.facts.documents[m.document_id]
        if d.direction != scene.line.direction or d.currency != scene.line.currency or d.status not in ("open", "paid"):
            continue
        left = scene.remaining.due.get(d.id, 0)
        whole = {scene.facts.minor_total[d.id], scene.facts.minor_due[d.id]}
        if left < scene.minor and scene.minor in whole and (m.strength >= 2 or contact_fits(scene, d)):
            return True
    return False


def contact_fits(scene: Scene, d: Document) -> bool:
    return d.contact_id in scene.contacts and scene.facts.named(scene.line)[d.contact_id].coverage >= HINTED


def name_is_enough(scene: Scene, contact_id: str) -> bool:
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


def transposed(scene: Scene, d: Document) -> str | None:
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


def transposed_said(scene: Scene, d: Document) -> Evidence:
    return Evidence(
        kind="number",
        text=f"{transposed(scene, d)} in the text is {d.number} with two digits swapped",
        record_type=d.type,
        record_id=d.id,
    )


def number_said(m: Mention, d: Document) -> Evidence:
    kind = "number" if m.strength == 3 else "reference"
    return Evidence(
        kind=kind, text=f"the text “{m.text}” names {d.number or d.reference}", record_type=d.type, record_id=d.id
    )


def amount_said(scene: Scene, what: str) -> Evidence:
    return Evidence(
        kind="amount", text=f"{spoken(from_minor(scene.minor, scene.line.currency), scene.line.currency)} is {what}"
    )


def name_said(scene: Scene, d: Document) -> tuple[Evidence, ...]:
    return account_or_name_said(scene, d.contact_id)


def account_or_name_said(scene: Scene, contact_id: str) -> tuple[Evidence, ...]:
    """How the line names the contact, when it does."""
    if contact_id not in scene.contacts:
        return ()
    name = contact_name(scene.facts, contact_id)
    if scene.facts.by_account(scene.line) == contact_id:
        kind, text = "account", f"the other account is that of {name}"
    else:
        kind, text = "payee", f"the text names {name}"
    return (Evidence(kind=kind, text=text, record_type="contact", record_id=contact_id),)


def sentence(name: str) -> str:
    """A name at the beginning of a sentence; a number stays as it is written."""
    return f"The{name[3:]}" if name.startswith("the ") else name


def who(scene: Scene, d: Document) -> str:
    return contact_name(scene.facts, d.contact_id)


def doubtful(option: Option) -> Option:
    return replace(option, certain=False, level=GUESS, confidence=min(option.confidence, Decimal("0.45")))


def held_back(option: Option, why: str) -> Option:
    """The option as one that a person decides, though no other line may have its documents meanwhile."""
    return replace(option, held_back=True, doubt=why, confidence=min(option.confidence, Decimal("0.80")))


def pooled(option: Option, pool: tuple[str, ...]) -> Option:
    return replace(option, pool=pool)


def replaceable(amounts: Sequence[int], group: tuple[int, ...]) -> bool:
    """Whether an equal amount outside the group could stand in for one inside."""
    inside = set(group)
    held = {amounts[i] for i in group}
    return any(a in held and i not in inside for i, a in enumerate(amounts))


WHY_SHORT = {
    "part_payment": "a part payment",
    "short_fee": "as a bank or card fee would leave it",
    "short_discount": "an even discount",
    "short_withholding": "an even share, as withheld tax would be",
    "short_other": "rounding or a deduction the evidence does not name",
}
