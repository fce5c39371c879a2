"""The figures of an answer as parts that others are recomputed from: those of a claim, a list, a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from finchat.agent.grounding.blocks import Claim, Document
from finchat.agent.grounding.judging import Judge
from finchat.agent.grounding.known import Knowledge
from finchat.agent.grounding.said import Said
from finchat.agent.grounding.verdicts import Verdict

_MOST = 60  # figures of one claim, or totals of the answer, that others are sought among
_FURTHEST = 30  # sentences back


@dataclass(slots=True)
class Parts:
    """`verdicts` are those of each claim, in order; `asked` the figures of the question."""

    text: str
    document: Document
    verdicts: Mapping[int, Sequence[Verdict]]
    judge: Judge
    asked: Sequence[Said]
    totals: Sequence[Verdict] = ()
    _lists: dict[int, list[int]] = field(default_factory=dict)
    _tables: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, (lead, _) in enumerate(self.document.lists):
            if lead is not None:
                self._lists.setdefault(id(lead), []).append(number)
        for number, rows in enumerate(self.document.tables):
            for parent in rows[0][0].parents[:1] if rows and rows[0] else ():
                if parent.kind == "sentence":
                    self._tables.setdefault(id(parent), []).append(number)

    @property
    def knowledge(self) -> Knowledge:
        return self.judge.knowledge

    def of(self, claims: Sequence[Claim]) -> list[Verdict]:
        return [verdict for claim in claims for verdict in self.verdicts.get(id(claim), ())]

    def refresh(self) -> None:
        """Find anew what shares can be of: verified amounts that are sums, or name nobody."""
        self.totals = [
            verdict
            for verdicts in self.verdicts.values()
            for verdict in verdicts
            if verdict.verified and verdict.is_money and verdict.value and (is_sum(verdict) or not verdict.names)
        ][:_MOST]

    def pool(self, verdict: Verdict) -> list[Verdict]:
        """Verified figures of the same claim or row."""
        claim = verdict.said.claim
        claims = self.document.tables[claim.table][claim.row] if claim.row >= 0 else [claim]
        return [one for one in self.of(claims) if one is not verdict and one.verified and one.said.shown.numbers][
            :_MOST
        ]

    def lists(self, claim: Claim) -> list[int]:
        """The lists that a claim leads to, or comes right after."""
        found = list(self._lists.get(id(claim), ()))
        if claim.list_id >= 0 and claim.before is not None:  # a later sentence of an item that heads a list
            found += self._lists.get(id(claim.before), ())
        return found + ([claim.follows[1]] if claim.follows is not None and claim.follows[0] == "list" else [])

    def tables(self, claim: Claim) -> list[int]:
        """The tables that a claim leads to, or comes right after."""
        found = list(self._tables.get(id(claim), ()))
        return found + ([claim.follows[1]] if claim.follows is not None and claim.follows[0] == "table" else [])

    def items(self, number: int) -> list[list[Verdict]]:
        """The figures of each item of a list but those of a total."""
        items = [self.of(claims) for claims in self.document.lists[number][1]]
        return [item for item in items if not any(v.said.aggregate and not v.said.required() for v in item)]

    def rows(self, table: int) -> list[list[Verdict]]:
        """The figures of each row of a table but those of a total."""
        rows = [self.of(cells) for cells in self.document.tables[table]]
        return [row for row in rows if not any(verdict.said.total_row for verdict in row)]

    def column(self, table: int, column: int, above: int | None = None) -> list[list[Verdict]]:
        """The figures of each cell of a column but those of a total, of rows before `above`."""
        rows = self.document.tables[table]
        cells = [row[column] for row in rows[:above] if column < len(row)]
        found = [self.of([cell]) for cell in cells]
        return [cell for cell in found if cell and not any(verdict.said.total_row for verdict in cell)]

    def earlier(self, claim: Claim) -> list[Verdict]:
        """The figures of the sentences before, nearest first."""
        found: list[Verdict] = []
        at, steps = claim.before, 0
        while at is not None and steps < _FURTHEST:
            found += reversed(self.verdicts.get(id(at), ()))
            at, steps = at.before, steps + 1
        return found

    def head(self, claim: Claim) -> str:
        """The text of a cell's column head."""
        return self.text[claim.head.start : claim.head.end] if claim.head is not None else ""

    def near(self, said: Said) -> str:
        """The words around a figure in its claim, and the head of its column."""
        claim = said.claim
        around = self.text[max(claim.start, said.shown.start - 40) : min(claim.end, said.shown.end + 60)]
        return f"{around} {self.head(claim)}"


def is_sum(verdict: Verdict) -> bool:
    return verdict.derivation.startswith("sum")


def settle(verdict: Verdict, inputs: Sequence[Verdict], how: str) -> bool:
    """The figure stands on these others of the answer."""
    verdict.inputs, verdict.derivation = tuple(inputs), how
    if inputs:
        verdict.concepts = frozenset.intersection(*(one.concepts for one in inputs)) or verdict.said.fields
        verdict.periods = inputs[0].periods
        verdict.currencies = frozenset().union(*(one.currencies for one in inputs))
    return True


def agree(sets: Sequence[frozenset[object]]) -> bool:
    """Something is common to all that say anything."""
    said = [one for one in sets if one]
    return not said or bool(frozenset.intersection(*said))


def in_currency(said: Said, inputs: Sequence[Verdict]) -> bool:
    """The inputs are in one currency, the one that the result names."""
    held = frozenset().union(*(one.currencies for one in inputs))
    return agree([one.currencies for one in inputs]) and (not said.currencies or not held or held <= said.currencies)


def one_subject(verdict: Verdict, inputs: Sequence[Verdict]) -> bool:
    """The inputs are of the same names, period and currency, and the result says nothing else."""
    said = verdict.said
    if not in_currency(said, inputs) or not agree([one.periods for one in inputs]):
        return False
    if any(one.names != inputs[0].names for one in inputs) or not verdict.names <= inputs[0].names:
        return False
    return said.periods is None or any(one.periods & said.periods or one.said.periods == said.periods for one in inputs)
