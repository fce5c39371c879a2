"""What comes of a draft: questions, a contradiction, or a proposal with what is to be said about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from decimal import Decimal

from finchat.books.plan import DOUBTFUL, DRAFTED, Evidence, Kind, Link, Proposal, Write

Choice = Mapping[str, str]
MOST_CHOICES = 40


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that only a person can say. `choices`: what is valid, where that is a closed list; each names itself
    (`code`, `name`, `tax_type`, `value` …)."""

    field: str
    question: str
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """Nothing is drafted before these are answered."""

    missing: tuple[Missing, ...]

    @property
    def text(self) -> str:
        return " ".join(one.question for one in self.missing)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What was asked for is not what the ledger says, or not possible there: nothing is drafted. `amounts` are the
    figures the sentence rests on, by name, in `currency`; `facts` name the record they are of."""

    text: str
    field: str
    choices: tuple[Choice, ...] = ()
    amounts: Mapping[str, Decimal] = default(default_factory=dict)
    currency: str = ""
    facts: Mapping[str, str] = default(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedLine:
    """A line as it was computed, in the document's currency."""

    description: str
    quantity: Decimal
    unit_amount: Decimal
    account_code: str
    account: str
    tax_type: str
    tax_rate: Decimal
    line_amount: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A proposal, what it comes to, and what is said beside it: what was filled in and from where, and doubts."""

    proposal: Proposal
    total: Decimal
    currency: str
    net: Decimal | None = None
    tax: Decimal | None = None
    lines: tuple[DraftedLine, ...] = ()
    amounts: Mapping[str, Decimal] = default(default_factory=dict)
    facts: Mapping[str, str] = default(default_factory=dict)  # what of it a person asks about, by name


Outcome = Needs | Contradiction | Drafted


class Contradicted(Exception):
    """Ends a draft with a contradiction."""

    def __init__(
        self, text: str, field: str, choices: Iterable[Choice] = (), *, amounts: Mapping[str, Decimal] | None = None,
        currency: str = "", facts: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(text)
        self.outcome = Contradiction(text, field, tuple(choices)[:MOST_CHOICES], amounts or {}, currency, facts or {})


class Gathering:
    """What is missing so far, what was filled in, and what is doubtful."""

    def __init__(self) -> None:
        self.missing: list[Missing] = []
        self.said: list[str] = []
        self.doubts: list[str] = []

    def ask(self, field: str, question: str, choices: Iterable[Choice] = ()) -> None:
        self.missing.append(Missing(field, question, tuple(choices)[:MOST_CHOICES]))

    def needs(self) -> Needs | None:
        return Needs(tuple(self.missing)) if self.missing else None

    def proposal(self, kind: Kind, what: str, links: Sequence[Link], writes: Sequence[Write]) -> Proposal:
        """The one proposal of a draft: for a person to review, and saying where it comes from."""
        evidence = [Evidence(kind=DRAFTED, text=f"drafted from a conversation: {what}")]
        evidence += [Evidence(kind="filled_in", text=text) for text in self.said]
        evidence += [Evidence(kind=DOUBTFUL, text=text) for text in self.doubts]
        return Proposal(
            id="p1",
            line_id="",
            kind=kind,
            certainty="review",
            # Nothing in the ledger speaks for or against what somebody asks for; what does, is said.
            confidence=Decimal("0.5") if self.doubts else Decimal("0.9"),
            evidence=tuple(evidence),
            rival=None,
            links=tuple(links),
            writes=tuple(writes),
        )
