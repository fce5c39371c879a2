"""What earlier runs did with a saved plan: nobody is asked about it again, and no run counts it as its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from finchat.books.plan import Plan
from finchat.safety.journal import Refusal, WriteRecord, fingerprints_of
from finchat.safety.results import WriteError, WriteResult


class Records(Protocol):
    """The journal, as far as this needs it."""

    def writes(self, plan_id: str | None = None) -> Sequence[WriteRecord]:
        """The writes of a plan."""

    def used_by(self, org_id: str) -> Mapping[str, Sequence[WriteRecord]]:
        """Fingerprint of a bank line → the writes it was used for."""


class Refusals(Protocol):
    """The journal, as far as a person's earlier no needs it."""

    def refusals(self, plan: Plan) -> Mapping[str, Refusal]:
        """What a person refused of a plan, by proposal."""


def refused_before(plan: Plan, records: Refusals, done: Sequence[WriteResult] = ()) -> tuple[WriteResult, ...]:
    """The results of what a person refused in earlier runs and nothing else is known of (`done`): with who, when and
    why. They may still approve it."""
    known = {r.proposal_id for r in done}
    refusals = records.refusals(plan)
    return tuple(
        WriteResult(
            proposal_id=p.id, write_id=w.id, decision="refused",
            error=WriteError(
                code="refused", message=refusals[p.id].sentence, next="a person may still approve it, at a terminal"
            ),
        )
        for p in plan.proposals
        if p.id in refusals and p.id not in known
        for w in p.writes
    )  # fmt: skip


def earlier(plan: Plan, records: Records) -> tuple[WriteResult, ...]:
    """The results of what was written of a plan, or may have been. A proposal whose bank line another plan has used
    since (the same one after an edit, say) is void."""
    own = [w.result() for w in records.writes(plan.id) if w.state not in {"failed", "not_sent"}]
    known = {r.proposal_id for r in own}
    used = records.used_by(plan.organisation.id)
    for proposal in plan.proposals:
        others = [w for f in fingerprints_of(proposal) for w in used.get(f, ()) if w.plan_id != plan.id]
        if proposal.id in known or not others:
            continue
        error = WriteError(
            code="evidence_consumed",
            message=f"its bank line was recorded before: {others[0].ledger_id or others[0].state} ({others[0].name})",
            next="nothing is to be done, or run reconcile again",
        )
        own += [
            WriteResult(proposal_id=proposal.id, write_id=w.id, decision="void", error=error) for w in proposal.writes
        ]
    return tuple(own)
