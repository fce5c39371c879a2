"""What kind of settlement a proposal is, read off its links and writes alone: for tables, and to find those alike."""

from __future__ import annotations

from decimal import Decimal

from finchat.books.plan import EDITED, Link, Proposal


def leaves_open(proposal: Proposal) -> list[tuple[Link, Decimal]]:
    """Documents that stay open after the proposal, with what remains due in the document's currency; none of one that
    pays nothing but adds to a document."""
    if proposal.kind == "update":
        return []
    due: dict[str, Decimal] = {}
    for write in proposal.writes:
        if write.reverses:
            continue
        for condition in write.preconditions:
            if condition.field == "amount_due" and condition.id not in due:
                due[condition.id] = Decimal(condition.expected)
    found = []
    for document_id, owed in due.items():
        links = [link for link in proposal.links if link.document_id == document_id]
        rest = owed - sum((link.amount for link in links), Decimal(0))
        if links and rest > 0:
            found.append((links[0], rest))
    return found


def via_clearing(proposal: Proposal) -> bool:
    """Whether it pays from a clearing account."""
    return any(effect.control == "clearing" for write in proposal.writes for effect in write.effects)


def situation(proposal: Proposal) -> str:
    """One word for how a proposal settles its line, of those that `finchat review` keeps apart."""
    kinds: list[tuple[str, bool]] = [
        ("undo", any(write.reverses for write in proposal.writes)),
        ("question", any(ask.required for ask in proposal.open_asks)),
        ("changed", any(evidence.kind == EDITED for evidence in proposal.evidence)),
        ("plain", proposal.kind not in ("payment", "allocation", "apply_payment")),
        ("credit", proposal.kind in ("allocation", "apply_payment")),
        ("clearing", via_clearing(proposal)),
        ("foreign", any(link.rate is not None for link in proposal.links)),
        ("credit_first", any(link.credit is not None for link in proposal.links)),
        *((ask.kind, True) for ask in proposal.open_asks),
        ("several", len({link.document_id for link in proposal.links if link.document_id}) > 1),
        ("part", bool(leaves_open(proposal))),
    ]
    return next((word for word, holds in kinds if holds), "exact")
