"""Whether a write takes back exactly what an earlier one did: who approves an undo approves nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from finchat.books.plan import Effect, Write


def contradiction(write: Write, original: Write, ledger_id: str | None) -> str | None:
    """The first thing in which a write is not the reversal of the one it names, in plain words; None when it is.

    `ledger_id`: what the original became in the ledger, as the journal knows it.
    """
    verify = write.verify or {}
    # An allocation to which the server gave no id is known as CREDIT:DOCUMENT.
    named = {verify.get("id"), verify.get("allocation_id"), f"{verify.get('id')}:{verify.get('document_id')}"}
    pairs = (
        ("record", ledger_id in named),
        ("amount", (write.amount, write.currency) == (original.amount, original.currency)),
        ("effects", _moves(write.effects) == _moves(original.effects, sign=-1)),
    )
    return next((f"its {name} is not that of what it takes back" for name, holds in pairs if not holds), None)


def _moves(effects: Iterable[Effect], *, sign: int = 1) -> Counter[tuple[object, ...]]:
    return Counter((e.account_id, e.control, sign * e.amount, e.currency, sign * e.base_amount) for e in effects)
