"""`--yes`: approving what a human's policy allows without asking, and leaving the rest to a human."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from finchat.books.plan import Plan, Proposal
from finchat.events import Emit, Notice
from finchat.safety.approval import Approval, ApprovalDecision, ReviewContext, together
from finchat.safety.unattended import UnattendedVerdict


class Judge(Protocol):
    """The guard, as far as unattended approval needs it."""

    def unattended(self, plan: Plan, proposal: Proposal) -> UnattendedVerdict:
        """Whether the policy lets a proposal pass without a person, and why or why not."""

    def approve_unattended(self, plan: Plan, proposal: Proposal) -> Approval:
        """The policy's own approval."""


class PolicyApprover:
    """Approves what the policy's [unattended] rules allow; everything else stays pending, with the reason told."""

    def __init__(self, judge: Judge, emit: Emit) -> None:
        self._judge = judge
        self._emit = emit

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        """One Approve for each proposal that may pass, given together; nothing for the others."""
        approvals = []
        waiting: dict[str, list[str]] = {}
        for proposal in plan.proposals:
            if proposal.id not in context.proposal_ids:
                continue
            verdict = self._judge.unattended(plan, proposal)
            if verdict.approved:
                approvals.append(self._judge.approve_unattended(plan, proposal))
            else:
                waiting.setdefault(verdict.reason, []).append(proposal.id)
        for reason, ids in waiting.items():
            who = f"{ids[0]} waits" if len(ids) == 1 else f"{len(ids)} proposals wait"
            which = f" ({', '.join(ids)})" if len(ids) > 1 else ""
            self._emit(Notice(text=f"{who} for a person: {reason}{which}"))
        for decision in together(approvals):
            yield decision
