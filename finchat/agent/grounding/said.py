"""What an answer says of one of its figures: of whom, which field, which period, which currency."""

from __future__ import annotations

from dataclasses import dataclass, field

from finchat.agent.facts import FactPeriod
from finchat.agent.grounding.blocks import Claim
from finchat.agent.grounding.lexicon import DATE, MONEY, NUMBER, PERCENT
from finchat.agent.grounding.scanning import Scan
from finchat.agent.grounding.shown import Shown

# For each class of names (contact, document …), the sets of names one of which must be the fact's.
NameSets = dict[str, tuple[frozenset[str], ...]]


@dataclass(slots=True)
class Said:
    """One figure and what is said of it.

    `optional`: names that everyday words may mean. `lent`: classes of names that only an earlier sentence or the
    question names; `lender` is that. `open`: why it cannot be told whose it is. `stranger`: an unknown name it is said
    of. `fields`: concepts that the words allow, empty when none is named, {"?"} when they contradict each other;
    `word`: the words. `weakly`: "amount" or "total", which is money of no field that is told. `periods`: None when no
    time is named; `lent_period`: it comes from a heading, an earlier sentence or the question.
    """

    shown: Shown
    claim: Claim
    scan: Scan
    names: NameSets = field(default_factory=dict)
    optional: NameSets = field(default_factory=dict)
    lent: frozenset[str] = frozenset()
    lender: Scan | None = None
    each: bool = False
    open: str = ""
    stranger: str = ""
    fields: frozenset[str] = frozenset()
    word: str = ""
    weakly: bool = False
    overdue: bool = False
    periods: frozenset[FactPeriod] | None = None
    lent_period: bool = False
    currencies: frozenset[str] = frozenset()
    around: str = ""  # its clause
    near: str = ""  # the words between the figure before it and the one after
    context: str = ""  # the claim and what it stands under, casefolded
    earlier: str = ""  # the sentences before it
    question: str = ""
    words: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    sales: bool = False
    purchases: bool = False
    aggregate: bool = False  # a total over what is listed beside it
    whole: bool = False  # a total over the whole organisation
    total_row: bool = False
    of_total: bool = False  # "… of the 7,578 total"
    compared: bool = False  # "100 more than Beta": a difference
    condition: str = ""  # "over" of "over 30 days"
    buckets: tuple[tuple[str, ...], ...] = ()
    misplaced: str = ""  # the head of its column, when that is of something else

    def required(self) -> list[frozenset[str]]:
        return [names for sets in self.names.values() for names in sets]

    @property
    def named(self) -> frozenset[str]:
        """Every name that it is said of."""
        return frozenset(name for names in self.required() for name in names)

    @property
    def maybe_named(self) -> frozenset[str]:
        return frozenset(name for sets in self.optional.values() for names in sets for name in names)

    @property
    def who(self) -> str:
        """The names it is said of, in plain words."""
        return ", ".join(sorted({min(names, key=len) for names in self.required()}))


def units_shown(shown: Shown) -> frozenset[str]:
    """The units of concepts that a figure can be of."""
    if shown.unit == "money":
        return frozenset({MONEY, NUMBER}) if shown.bare else frozenset({MONEY})
    return frozenset({{"date": DATE, "percent": PERCENT}.get(shown.unit, NUMBER)})
