"""More than is due on the documents a line names: what is due is paid, the rest is kept for the contact or is a fee."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from finchat.books.documents import Document
from finchat.books.matching.facts import contact_name
from finchat.books.matching.foreign import foreign_by_name
from finchat.books.matching.groups import groups_summing_to
from finchat.books.matching.numbers import Mention
from finchat.books.matching.option import (
    BY_NUMBER_PART,
    GUESS,
    Option,
    Scene,
    Take,
    name_is_enough,
    name_said,
    number_said,
    open_of,
    who,
)
from finchat.books.matching.residuals import like_a_fee
from finchat.books.matching.text import amounts_in, words
from finchat.books.money import from_minor, minor_digits, spoken
from finchat.books.plan import Evidence

Pairs = Sequence[tuple[Mention, Document]]
_WHOLE_NUMBER = 3  # strength of a mention in the document's own spelling


def over_option(scene: Scene, pairs: Pairs, *, trusted: bool) -> Option | None:
    """What is due on the named documents of one contact, and the rest of the line as an overpayment, or as a fee that
    the text supports. `trusted`: nothing else in the text may take a part of the money. None when the documents are
    of several contacts: nobody knows whose the rest is."""
    due = sum(scene.due(d) for _, d in pairs)
    over = scene.minor - due
    if over <= 0 or len({d.contact_id for _, d in pairs}) != 1:
        return None
    first = pairs[0][1]
    fee = _fee_said(scene, first, due, over)
    why_not = next(_objections(scene, pairs, due, over), "") if trusted and not fee else ""
    certain = trusted and not fee and not why_not
    one = len(pairs) == 1
    named = f"{first.name} of {who(scene, first)}" if one else f"{len(pairs)} documents of {who(scene, first)}"
    reason = f"The line names {named} and is {_spoken(scene, over)} more than is due on {'it' if one else 'them'}"
    return Option(
        situation="over_fee" if fee else "overpayment",
        level=BY_NUMBER_PART if trusted else GUESS,
        certain=certain,
        confidence=Decimal("0.95" if certain else "0.85" if trusted else "0.40"),
        reason=f"{reason}, a fee as the text says." if fee else f"{reason}.",
        takes=tuple(Take(document_id=d.id, minor=scene.due(d), bank_minor=scene.due(d)) for _, d in pairs),
        evidence=(*(number_said(m, d) for m, d in pairs), *name_said(scene, first), *fee),
        residual=-over,
        excess=0 if fee else over,
        doubt=why_not,
    )


def _objections(scene: Scene, pairs: Pairs, due: int, over: int) -> Iterator[str]:
    """What else the amount may be, as the end of a sentence; nothing when it can be nothing else."""
    facts, line = scene.facts, scene.line
    contact_id = pairs[0][1].contact_id
    if any(m.strength < _WHOLE_NUMBER for m, _ in pairs):
        yield "the text does not give the whole number"
    if contact_id not in scene.contacts or not name_is_enough(scene, contact_id):
        yield "the text does not name the contact whole"
    if any(d.date > line.date for _, d in pairs):
        yield "the document is of a later day"
    if any(scene.remaining.taken_by.get(d.id) for _, d in pairs):
        yield "another line paid a part of it"
    for equal in facts.by_amount(line.direction, line.currency, scene.minor):
        yield f"{equal.name} of {contact_name(facts, equal.contact_id)} is due in just this amount"
    if over > due:
        yield "it is more than twice what is due"
    if line.direction == "spend" and like_a_fee(over, due):
        yield "a bank's charge would come to as much"
    if groups_summing_to([scene.due(d) for d in open_of(scene, contact_id)], scene.minor, smallest=2).found:
        yield "documents of the contact sum to the line"
    if foreign_by_name(scene):
        yield "a document in another currency may be meant"


def _fee_said(scene: Scene, d: Document, due: int, over: int) -> tuple[Evidence, ...]:
    """Why the rest is what a bank charged: money out, little beside what is due, and the text gives the charge, or the
    net amount, or a word of an account that the organisation keeps its expenses on."""
    if scene.line.direction != "spend" or not like_a_fee(over, due):
        return ()
    text = f"{scene.line.payee} {scene.line.narration} {scene.line.reference}"
    written = amounts_in(text, minor_digits(scene.line.currency))
    for amount, what in ((over, "as the charge"), (due, "without the charge")):
        if amount in written:
            return (Evidence(kind="amount", text=f"the text gives {_spoken(scene, amount)}, {what}"),)
    name = set(words(contact_name(scene.facts, d.contact_id)))
    for word in scene.facts.words(scene.line):
        if len(word) < 3 or word in name or scene.facts.name_index.knows(word):
            continue
        for kept, account in sorted(scene.facts.expense_words.items()):
            if _same_but_ending(word, kept):
                return (Evidence(kind="text", text=f"the text says “{word}”, as {account} does"),)
    return ()


def _same_but_ending(one: str, other: str) -> bool:
    """Singular and plural: `fee` and `fees`, `gebühr` and `gebühren`."""
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) <= 2 and long.startswith(short)


def _spoken(scene: Scene, minor: int) -> str:
    return spoken(from_minor(minor, scene.line.currency), scene.line.currency)
