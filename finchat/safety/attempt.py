"""One execute of one proposal: what was claimed, sent and concluded so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from finchat.books.plan import Plan, Proposal, Write
from finchat.connections.toolbox import CallResult
from finchat.safety.approval import Approval
from finchat.safety.journal import WriteRecord
from finchat.safety.preconditions import Fact
from finchat.safety.read_back import Confirmed
from finchat.safety.reads import Door
from finchat.safety.results import WriteResult


@dataclass(slots=True)
class Attempt:
    """State of an execute. `before`: what was due and left just before each send, by write id;
    `undone`: sent, and proved not to have happened; `storage_lost`: nothing more is sent."""

    plan: Plan
    proposal: Proposal
    approval: Approval
    door: Door
    upcoming: tuple[Proposal, ...]
    effects: dict[str, str] = field(default_factory=dict)
    records: dict[str, WriteRecord] = field(default_factory=dict)
    results: dict[str, WriteResult] = field(default_factory=dict)
    replies: dict[str, CallResult] = field(default_factory=dict)
    before: dict[str, Mapping[Fact, Decimal]] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    concluded: set[str] = field(default_factory=set)
    sent_any: bool = False
    cancelled: bool = False
    storage_lost: bool = False

    @property
    def where(self) -> str:
        return f"{self.plan.organisation.server} ({self.plan.organisation.name})"

    def done(self, write: Write, result: WriteResult) -> None:
        self.results[write.id] = result

    def committed(self) -> frozenset[str]:
        known = {id for id, r in self.records.items() if r.state == "committed"}
        return frozenset(known | {id for id, r in self.results.items() if r.outcome == "committed"})

    def confirmed(self) -> list[Confirmed]:
        """What this attempt committed and nobody has read back yet, in the order it was sent."""
        return [
            Confirmed(proposal=self.proposal, write=w, record=self.records[w.id], before=self.before.get(w.id, {}))
            for w in self.proposal.writes
            if w.id in self.concluded and self.records[w.id].state == "committed"
        ]

    def ledger_ids(self) -> dict[str, str]:
        return {id: r.ledger_id for id, r in self.results.items() if r.outcome == "committed" and r.ledger_id}


def approved_hash(approval: Approval, write: Write) -> str:
    """The hash of a write's arguments as the person or policy approved them."""
    return next(bound.arguments_sha256 for bound in approval.writes if bound.write_id == write.id)
