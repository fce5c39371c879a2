"""One answer as it was read: its claims, what each holds, and where each stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finchat.agent.grounding.blocks import Claim
from finchat.agent.grounding.scanning import Scan


@dataclass(frozen=True, slots=True)
class Page:
    """`text` is the answer without code and links; `question` what it answers."""

    text: str
    scans: Mapping[int, Scan]
    tables: Sequence[Sequence[Sequence[Claim]]]
    question: Scan

    @property
    def asked(self) -> list[Scan]:
        """The question, when it lends what the answer leaves out. When several things are asked, what one of them
        names is not what all of the answer is about."""
        return [] if "\n" in self.question.folded.strip() else [self.question]

    def scan(self, claim: Claim) -> Scan:
        return self.scans[id(claim)]

    def cells(self, claim: Claim) -> Sequence[Claim]:
        """The cells of a cell's row, itself among them."""
        return self.tables[claim.table][claim.row] if claim.row >= 0 else ()

    def beside(self, claim: Claim) -> list[Scan]:
        """The other cells of its row."""
        return [self.scan(cell) for cell in self.cells(claim) if cell is not claim]

    def under(self, claim: Claim) -> list[Scan]:
        """What a claim stands under, nearest first; a column's head comes first."""
        heads = [claim.head] if claim.head is not None else []
        return [self.scan(one) for one in (*heads, *claim.parents)]

    def before(self, claim: Claim) -> list[Scan]:
        """The sentences before a claim, or before what leads to it, nearest first; three at most."""
        led = claim.parents[0] if claim.parents and claim.parents[0].kind == "sentence" else None
        at = claim.before or claim.lead or (led.before if led is not None else None)
        found: list[Scan] = []
        while at is not None and len(found) < 3:
            found.append(self.scan(at))
            at = at.before
        return found
