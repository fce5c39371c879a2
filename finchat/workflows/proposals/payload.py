"""What one answer for a bank line would record, whichever of its answers it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from finchat.books.documents import BankLine, Coding, Document
from finchat.books.matching.verdict import (
    Allocation,
    Candidate,
    Coded,
    CodingChoice,
    Excess,
    Gathered,
    OwnTransfer,
    Refund,
    Settlement,
    Verdict,
)
from finchat.books.plan import AskKind, Evidence, Kind, Rival

_REST: Mapping[str, AskKind] = {
    "short_fee": "fee", "short_discount": "discount", "short_withholding": "withholding", "short_other": "rest",
    "over_fee": "fee",
}  # fmt: skip
_ROUNDING = Decimal("0.05")  # what is short by so little of the currency's main unit is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Cash, credit and coding of one answer. `rest`: what kind of rest the line leaves, which a person may settle too;
    `rest_coding`: how such rests of this counterparty were settled before."""

    confidence: Decimal
    evidence: tuple[Evidence, ...]
    rival: Rival | None
    settlements: tuple[Settlement, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    refunds: tuple[Refund, ...] = ()
    excess: Excess | None = None
    transfer: OwnTransfer | None = None
    gathered: Gathered | None = None
    coded: Coded | None = None
    rest: AskKind | None = None
    rest_coding: CodingChoice | None = None

    @classmethod
    def of(cls, verdict: Verdict) -> Payload:
        """The verdict's own answer."""
        rest = _REST.get(verdict.situation)
        if rest == "rest" and verdict.residual is not None and abs(verdict.residual) <= _ROUNDING:
            rest = "rounding"
        return cls(
            confidence=verdict.confidence,
            evidence=verdict.evidence,
            rival=verdict.rival,
            settlements=verdict.settlements,
            allocations=verdict.allocations,
            refunds=verdict.refunds,
            excess=verdict.excess,
            transfer=verdict.transfer,
            gathered=verdict.gathered,
            coded=verdict.coded,
            rest=rest if verdict.settlements else None,
            rest_coding=verdict.residual_coding if verdict.settlements else None,
        )

    @classmethod
    def suggested(cls, verdict: Verdict, position: int, documents: Mapping[str, Document]) -> Payload:
        """One of the verdict's suggestions."""
        candidate = verdict.suggestions[position]
        return cls(
            confidence=candidate.confidence,
            evidence=(*verdict.evidence, Evidence(kind="suggestion", text=candidate.reason)),
            rival=_rival(verdict, position, documents),
            settlements=candidate.settlements,
            allocations=candidate.allocations,
            refunds=candidate.refunds,
            excess=candidate.excess,
        )

    @property
    def coding(self) -> Coding | None:
        return None if self.coded is None else self.coded.coding

    @property
    def empty(self) -> bool:
        nothing = not (self.settlements or self.allocations or self.refunds)
        more = (self.excess, self.transfer, self.gathered, self.coded)
        return nothing and all(one is None for one in more)

    @property
    def kind(self) -> Kind:
        """What a proposal of it is called."""
        if self.transfer is not None:
            return "transfer"
        if self.gathered is not None:
            return "deposit"
        if self.refunds:
            return "refund"
        if self.excess is not None:
            return self.excess.kind
        return "payment" if self.settlements else "allocation"

    @property
    def cash(self) -> Decimal:
        """What it takes of the line, in the line's currency; what is coded, transferred or
        gathered is all of it."""
        taken = sum((s.bank_amount for s in self.settlements), Decimal(0))
        taken += sum((r.bank_amount for r in self.refunds), Decimal(0))
        return taken + (self.excess.amount if self.excess is not None else 0)

    def whole(self, line: BankLine) -> bool:
        """Whether it accounts for all of the line: what it only allocates, codes, transfers or
        gathers moves no other cash."""
        if not (self.settlements or self.refunds or self.excess):
            return not self.empty
        return self.cash == line.amount or (
            self.rest == "fee" and line.direction == "spend" and self.cash < line.amount
        )

    def of_documents(self) -> Iterator[tuple[str, Decimal]]:
        """What it takes of each document, credit first."""
        yield from ((a.document_id, a.amount) for a in self.allocations)
        yield from ((s.document_id, s.amount) for s in self.settlements)

    def of_credits(self) -> Iterator[tuple[str, Decimal]]:
        yield from ((a.credit_id, a.amount) for a in self.allocations)
        yield from ((r.credit_id, r.amount) for r in self.refunds)


def _rival(verdict: Verdict, position: int, documents: Mapping[str, Document]) -> Rival | None:
    """The next best suggestion, or the rival the matcher itself named."""
    others: list[Candidate] = [c for n, c in enumerate(verdict.suggestions) if n != position]
    if not others:
        return verdict.rival
    best = others[0]
    ids = tuple(s.document_id for s in best.settlements)
    named = ", ".join(documents[id].name for id in ids if id in documents)
    return Rival(documents=ids, text=named or best.reason, why_lost=f"ranked below: {best.reason}")
