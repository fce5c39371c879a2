"""`finchat.undo/1`: the one document of an undo run. All keys are always present."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from finchat.books.plan_json import balances_json, organisation_json, proposal_json
from finchat.canonical import plain_decimal
from finchat.workflows.execute import Applied
from finchat.workflows.meter import Usage
from finchat.workflows.reconcile_json import finding_json, outcome_json
from finchat.workflows.undo import Undo

SCHEMA = "finchat.undo/1"


def document(undo: Undo, *, applied: Applied, path: Path | None, usage: Usage, exit_code: int) -> dict[str, Any]:
    """The document of a run: `applied` holds the decisions and outcomes, all pending when nobody was asked."""
    plan = applied.plan
    currencies = {(p.id, w.id): w.currency for p in plan.proposals for w in p.writes}
    return {
        "schema": SCHEMA,
        "org": organisation_json(plan.organisation),
        "undoes": undo.of.id,
        "plan": {
            "id": plan.id if plan.proposals else None,
            "path": None if path is None else str(path),
            "hash": plan.hash if plan.proposals else None,
            "status": applied.status,
        },
        "proposals": [proposal_json(p) for p in plan.proposals],
        "findings": [finding_json(finding) for finding in undo.findings],
        "outcomes": [outcome_json(r, currencies[r.proposal_id, r.write_id]) for r in applied.results],
        "balances": {
            "before": balances_json(applied.before),
            "expected": balances_json(applied.expected),
            "after": None if applied.after is None else balances_json(applied.after),
        },
        "api": {"calls": usage.calls, "waited_s": plain_decimal(Decimal(f"{usage.waited_s:.3f}"))},
        "exit_code": int(exit_code),
    }
