"""Writes that the policy refuses: said in the plan, and nobody is asked about them."""

from __future__ import annotations

from collections.abc import Iterable

from finchat.books.plan import Finding, Plan
from finchat.safety.results import WriteResult


def forbidden_findings(plan: Plan, refused: Iterable[WriteResult]) -> tuple[Finding, ...]:
    """One finding for each rule that refuses writes of a plan. `refused`: what the guard says is forbidden."""
    tools = {(p.id, w.id): w.tool for p in plan.proposals for w in p.writes}
    proposals: dict[tuple[str, str], set[str]] = {}
    for result in refused:
        if result.error is not None:
            where = (result.error.message, tools[result.proposal_id, result.write_id])
            proposals.setdefault(where, set()).add(result.proposal_id)
    return tuple(
        Finding(
            code="policy_forbids",
            severity="error",
            text=f"{len(ids)} proposal{'s' * (len(ids) != 1)} cannot be written: {message}.",
            next=f"Record them in the ledger by hand, or change the policy: finchat policy test {tool}",
        )
        for (message, tool), ids in proposals.items()
    )
