"""The facts an approval rests on: read again in batches, compared with what was approved, own changes allowed for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from finchat.books.money import parse_amount
from finchat.books.plan import ANY, Precondition, Proposal, Write
from finchat.canonical import plain_decimal
from finchat.clock import Clock
from finchat.connections.toolbox import Toolbox
from finchat.safety.profile_protocol import Profile
from finchat.safety.words import record_name

MAX_AGE_S = 60.0
_MARGIN_S = 5.0  # for the intent to reach the disk before the call goes out
AMOUNTS = frozenset({"amount_due", "remaining"})  # in the currency of the document or credit
# Records that our own writes leave as they are.
_STEADY = frozenset({"organisation", "account", "tax_rate", "tracking", "contact", "item"})
# Writes after which more is due than before.
_RAISING = frozenset({"invoice.update"})
Fact = tuple[str, str, str]


class Facts:
    """What was read of one organisation, and when. A fact older than 60 s, or touched by our own write, is gone."""

    def __init__(self) -> None:
        self._seen: dict[Fact, tuple[str | None, float]] = {}

    async def refresh(
        self, profile: Profile, toolbox: Toolbox, needed: Iterable[Precondition], also: Iterable[Precondition] = ()
    ) -> None:
        """Read what is `needed` and not fresh, and with it what is wanted soon (`also`), in one batch.

        Raises FinchatError when the facts cannot be read.
        """
        if not (missing := self._missing(needed)):
            return
        conditions = list({fact_of(c): c for c in (*self._missing(also), *missing)}.values())
        at = Clock.monotonic()  # before the read: its answer may be as old as this
        found = {fact_of(condition): text for condition, text in (await profile.observe(toolbox, conditions)).items()}
        for condition in conditions:
            self._seen[fact_of(condition)] = (found.get(fact_of(condition)), at)

    def text(self, condition: Precondition) -> str | None:
        """The fact as it was read; None when the record is gone. Raises KeyError when it was not read."""
        return self._seen[fact_of(condition)][0]

    def amounts(self, conditions: Iterable[Precondition]) -> dict[Fact, Decimal]:
        """The amounts among these facts, as they were read."""
        found = {}
        for condition in conditions:
            text = self._seen.get(fact_of(condition), (None, 0.0))[0]
            if condition.field in AMOUNTS and text is not None:
                found[fact_of(condition)] = parse_amount(text)
        return found

    def fresh(self, conditions: Iterable[Precondition]) -> bool:
        return not self._missing(conditions)

    def forget(self, conditions: Iterable[Precondition]) -> None:
        for condition in conditions:
            self._seen.pop(fact_of(condition), None)

    def touched(self, proposal: Proposal, write: Write) -> None:
        """Forget every fact about the records that a write may have changed."""
        ids = {link.document_id for link in proposal.links if link.id in write.link_ids}
        ids |= {c.id for c in write.preconditions if c.type not in _STEADY}
        for fact in [fact for fact in self._seen if fact[1] in ids or fact[2] == "balance"]:
            del self._seen[fact]

    def _missing(self, conditions: Iterable[Precondition]) -> list[Precondition]:
        oldest = Clock.monotonic() - MAX_AGE_S + _MARGIN_S
        return [c for c in conditions if self._seen.get(fact_of(c), (None, float("-inf")))[1] < oldest]


def surprises(facts: Facts, proposal: Proposal, writes: Sequence[Write], committed: frozenset[str]) -> list[str]:
    """What is not as it was approved, one sentence each. `committed`: our own writes of this proposal so far."""
    found = []
    for write in writes:
        for condition in write.preconditions:
            present, expected = facts.text(condition), expected_now(proposal, write, condition, committed)
            if present is None:
                found.append(f"{record_name(proposal, condition)} is not there any more")
            elif expected != ANY and not _same(present, expected):
                what = condition.field.replace("_", " ")
                found.append(f"{what} of {record_name(proposal, condition)} is {present}, and was {expected}")
    return list(dict.fromkeys(found))


def expected_now(proposal: Proposal, write: Write, condition: Precondition, committed: frozenset[str]) -> str:
    """What a fact must be at this moment: as approved, less what our own earlier writes of the proposal changed.

    A plan states the facts of a later write either as they are just before that write or, like the first write on
    the same record, as they were when the plan was made. Both mean the same ledger.
    """
    earlier = proposal.writes[: proposal.writes.index(write)]
    planned = sum((change_by(proposal, w, condition) for w in earlier), Decimal(0))
    if not planned or condition.expected == ANY:
        return condition.expected
    stated = parse_amount(condition.expected)
    first = next((c for w in earlier for c in w.preconditions if fact_of(c) == fact_of(condition)), None)
    same = first is not None and first.expected != ANY and parse_amount(first.expected) == stated
    base = stated if same else stated + planned
    done = sum((change_by(proposal, w, condition) for w in earlier if w.id in committed), Decimal(0))
    return plain_decimal(base - done)


def change_by(proposal: Proposal, write: Write, condition: Precondition) -> Decimal:
    """By how much a write lowers the amount that a condition is about, in that record's currency; negative for one
    that raises it, and for one that takes an earlier write back."""
    sign = -1 if bool(write.reverses) != (write.operation in _RAISING) else 1
    if condition.field == "amount_due":
        links = (link for link in proposal.links if link.id in write.link_ids and link.document_id == condition.id)
        return sign * sum((link.amount for link in links), Decimal(0))
    if condition.field == "remaining" and any(fact_of(c) == fact_of(condition) for c in write.preconditions):
        return sign * write.amount
    return Decimal(0)


def _same(present: str, expected: str) -> bool:
    if present == expected:
        return True
    try:
        return parse_amount(present) == parse_amount(expected)
    except ValueError:
        return False


def fact_of(condition: Precondition) -> Fact:
    """What a condition is about, without what it expects."""
    return condition.type, condition.id, condition.field
