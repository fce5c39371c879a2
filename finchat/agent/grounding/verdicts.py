"""What became of one figure, and when a value is what a figure shows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation

from finchat.agent.facts import Fact, FactPeriod
from finchat.agent.grounding.said import Said
from finchat.agent.grounding.shown import Shown

_NO_ROUNDING_BELOW = 100  # a small whole number is shown as it is
_COARSEST = 20  # "12k" may be off by a twentieth; "1k" is no rounding of 830


@dataclass(slots=True)
class Verdict:
    """What a figure stands on: facts, or other figures of the answer (`derivation` says how).

    `names`: whose it is; `concepts`, `periods`, `currencies`: those of its facts or inputs; `records`: where its facts
    stand; `nameless`: those records name nobody.
    """

    said: Said
    names: frozenset[str] = frozenset()
    value: Decimal = Decimal(0)
    verified: bool = False
    why: str = ""
    facts: tuple[Fact, ...] = ()
    derivation: str = ""
    inputs: tuple[Verdict, ...] = ()
    concepts: frozenset[str] = frozenset()
    periods: frozenset[FactPeriod | None] = frozenset()
    currencies: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    nameless: bool = False

    @property
    def is_money(self) -> bool:
        return self.said.shown.unit == "money" and not self.said.shown.noun

    def shows(self, value: Decimal) -> bool:
        """The figure shows this value, in either sign."""
        shown = self.said.shown
        return bool(shown.numbers) and same(value, shown.numbers[0], shown)


def same(value: Decimal, number: Decimal, shown: Shown) -> bool:
    """The value, rounded half up or half to even to the places shown, is the number; either sign."""
    size, wanted = abs(value), abs(number)
    if shown.unit == "count" or shown.noun:
        return value == number
    if size == wanted:
        return True
    if shown.bare and shown.step == 1 and wanted < _NO_ROUNDING_BELOW:
        return False
    if shown.step > 1 and abs(size - wanted) * _COARSEST > size:
        return False
    try:
        return any(
            (size / shown.step).quantize(Decimal(1), rounding) * shown.step == wanted
            for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN)
        )
    except InvalidOperation:
        return False
