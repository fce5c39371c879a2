"""What a person decided on a plan and what came of it, proposal by proposal: for whoever asked for the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finchat.books.money import amount_text
from finchat.books.plan import Proposal
from finchat.safety.results import WriteResult
from finchat.text.sanitise import one_line
from finchat.workflows.execute import Applied

_LONGEST = 200  # of a name or a reason: no text of a stranger makes a line of its own here, or crowds out the others


def decided_lines(applied: Applied, reasons: Mapping[str, str], *, organisation: bool = False) -> tuple[str, ...]:
    """One plain sentence a proposal. `reasons`: what a person said to a refused one, by proposal id; `organisation`:
    each begins with whose books it is about."""
    whose = f"{one_line(applied.plan.organisation.name, _LONGEST)}: " if organisation else ""
    return tuple(whose + _sentence(p, results, reasons.get(p.id, "")) for p, results in _by_proposal(applied))


def decided_record(applied: Applied, reasons: Mapping[str, str]) -> list[dict[str, Any]]:
    """One record a write: what it is about, the decision, the outcome, and what is due before and after, as decimal
    strings in `currency`; None where that is not known."""
    rows = []
    for proposal, results in _by_proposal(applied):
        links = {link.id: link for link in proposal.links}
        for write, result in zip(proposal.writes, results, strict=True):
            link = links[write.link_ids[0]]
            rows.append(
                {
                    "organisation": applied.plan.organisation.name,
                    "plan_id": applied.plan.id,
                    "proposal_id": proposal.id,
                    "kind": proposal.kind,
                    "operation": write.operation,
                    "number": link.number,
                    "contact": link.contact,
                    "amount": amount_text(write.amount, write.currency),
                    "currency": write.currency,
                    "decision": result.decision,
                    "outcome": result.outcome,
                    "ledger_id": result.ledger_id,
                    "due_before": None if result.due_before is None else amount_text(result.due_before, write.currency),
                    "due_after": None if result.due_after is None else amount_text(result.due_after, write.currency),
                    "reason": reasons.get(proposal.id, "") or (result.error.message if result.error else ""),
                }
            )
    return rows


def _by_proposal(applied: Applied) -> list[tuple[Proposal, Sequence[WriteResult]]]:
    known = {(r.proposal_id, r.write_id): r for r in applied.results}
    return [(p, [known[p.id, w.id] for w in p.writes]) for p in applied.plan.proposals]


def _sentence(proposal: Proposal, results: Sequence[WriteResult], reason: str) -> str:
    parts = dict.fromkeys(part for link in proposal.links for part in (link.number, link.contact) if part)
    about = ", ".join(one_line(part, _LONGEST) for part in parts)
    name = f"{proposal.id} ({proposal.kind.replace('_', ' ')}{f' of {about}' if about else ''})"
    return f"{name}: {_ending(results, reason)}"


def _ending(results: Sequence[WriteResult], reason: str) -> str:
    outcomes = {r.outcome for r in results if r.outcome}
    decisions = {r.decision for r in results}
    problem = next((r.error.message for r in results if r.error is not None), "")
    said = one_line(reason or problem, _LONGEST)
    why = f": {said}" if said else ""
    if not results:
        return "waits for an answer of the person; nothing was written"
    if outcomes == {"committed"}:
        return "approved and recorded in the ledger"
    if "unknown" in outcomes:
        return "approved and sent; whether the ledger has it is not known yet, and it is never sent again"
    if "committed" in outcomes:
        return f"recorded only in part{why}"
    if "pending" in decisions:
        return "not decided yet; nothing was written"
    how = "refused" if "refused" in decisions else "skipped" if "skipped" in decisions else "not recorded"
    return f"{how}; nothing was written{why}"
