"""Writes that the policy refuses: said in the plan, and nobody is asked about them."""

from __future__ import annotations

from collections.abc import Iterable

from finchat.books.plan import Finding, Plan
from finchat.safety.results import WriteResult


def forbidden_findings(plan: Plan, refused: Iterable[WriteResult]) -> tuple[Finding, ...]:
    """One finding for each rule that refuses writes of a plan. `refused`: what the guard says is forbidden."""
    proposals: dict[str, set[str]] = {}
    for result in refused:
        if result.error is not None:
            proposals.setdefault(result.error.message, set()).add(result.proposal_id)
    tools = sorted({w.tool for p in plan.proposals for w in p.writes})
    return tuple(
        Finding(
            code="policy_forbids",
            severity="error",
            text=f"{len(ids)} proposal{'s' * (len(ids) != 1)} cannot be written: {message}.",
            next="Record them in the ledger by hand, or change the policy: "
            + " · ".join(f"finchat policy test {tool}" for tool in tools if tool in message.split()),
        )
        for message, ids in proposals.items()
    )
