"""`finchat.memory/1`: what memory holds, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finchat.books.documents import Coding
from finchat.books.learning import HALF_LIFE_DAYS
from finchat.workflows.memory import RememberedFact
from finchat.workflows.memory_words import sentence


def memory_document(found: Sequence[RememberedFact], as_of: str, *, forgotten: int = 0) -> dict[str, Any]:
    """The document of any `finchat memory` command; `forgotten`: how many facts it dropped."""
    return {
        "schema": "finchat.memory/1",
        "as_of": as_of,
        "half_life_days": HALF_LIFE_DAYS,
        "facts": [_fact(known) for known in found],
        "forgotten": forgotten,
        "exit_code": 0,
    }


def _fact(known: RememberedFact) -> dict[str, Any]:
    f = known.fact
    return {
        "id": f.id,
        "org": {"id": known.org_id, "name": known.org_name},
        "kind": f.kind,
        "text": sentence(f),
        "seen": f.shown,
        "contact": {"id": f.contact_id, "name": f.contact},
        "rest": f.residual,
        "direction": f.direction,
        "coding": None if f.coding is None else _coding(f.coding, f.coding_text),
        "confirmed": f.confirmed,
        "contradicted": f.contradicted,
        "said": f.said,
        "used": f.believed,
        "last": f.last.isoformat(),
        "fades": None if f.fades is None else f.fades.isoformat(),
    }


def _coding(coding: Coding, text: str) -> dict[str, Any]:
    tracking = [{"name": name, "option": option} for name, option in coding.tracking]
    return {"account_id": coding.account_id, "tax_type": coding.tax_type, "tracking": tracking, "text": text}
