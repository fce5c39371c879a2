"""Whether a write takes back exactly what an earlier one did: who approves an undo approves nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from finchat.books.plan import Effect, Proposal, Write


def contradiction(write: Write, of: Proposal, original: Write, wrote: Proposal, ledger_id: str | None) -> str | None:
    """The first thing in which a write is not the reversal of the one it names, in plain words; None when it is.

    `of` and `wrote`: the proposals of the two writes. `ledger_id`: what the original became in the ledger, as the
    journal knows it.
    """
    verify = write.verify or {}
    allocates = original.operation.endswith(".allocate")
    # An allocation to which the server gave no id is known as CREDIT:DOCUMENT.
    made = f"{verify.get('id')}:{verify.get('document_id')}"
    named = {verify.get("allocation_id"), made} if allocates else {verify.get("id")}
    pairs = (
        ("kind", verify.get("kind") == original.operation.partition(".")[0]),
        ("kind", allocates == bool(verify.get("allocation_id"))),
        ("record", ledger_id is not None and ledger_id in named),
        ("contact or document", _about(write, of) == _about(original, wrote)),
        ("amount", (write.amount, write.currency) == (original.amount, original.currency)),
        ("effects", _moves(write.effects) == _moves(original.effects, sign=-1)),
    )
    return next((f"its {name} is not that of what it takes back" for name, holds in pairs if not holds), None)


def _about(write: Write, proposal: Proposal) -> list[object]:
    return [
        (link.document_id, link.type, link.number, link.contact_id, link.contact, link.credit, link.coding)
        for link in proposal.links
        if link.id in write.link_ids
    ]


def _moves(effects: Iterable[Effect], *, sign: int = 1) -> Counter[tuple[object, ...]]:
    return Counter((e.account_id, e.control, sign * e.amount, e.currency, sign * e.base_amount) for e in effects)
