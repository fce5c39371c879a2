"""An approval is data: it binds the exact payloads of one proposal, is used once and dies if anything changed."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, Protocol

from finchat.books.documents import Coding
from finchat.books.plan import Plan, Proposal
from finchat.books.plan_json import proposal_json
from finchat.canonical import sha256_of
from finchat.chance import uuid_text
from finchat.clock import instant_text, utc_now

ApprovedBy = Literal["human", "policy:unattended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundWrite:
    """The hashes one approved write must still have when it is sent."""

    write_id: str
    tool: str
    tool_sha256: str
    arguments_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Consent to send the writes of one proposal, bound by hash to what was shown. Made by `bind`, used once.

    `proposal_sha256` covers the whole proposal: preconditions, effects and read-back beside the payloads.
    `signatures` (finchat.signature/1) are those the plan had when the approval was used, where the policy wanted
    `signatures_required` of them; the guard puts them in.
    """

    id: str
    plan_id: str
    plan_hash: str
    proposal_id: str
    proposal_sha256: str
    server: str
    server_fingerprint: str
    writes: tuple[BoundWrite, ...]
    decided_by: ApprovedBy
    user: str
    approved_at: datetime
    signatures_required: int = 0
    signatures: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The approval record (`finchat.approval/1`)."""
        return {
            "schema": "finchat.approval/1",
            "id": self.id,
            "plan_id": self.plan_id,
            "plan_hash": self.plan_hash,
            "proposal_id": self.proposal_id,
            "proposal_sha256": self.proposal_sha256,
            "server": self.server,
            "server_fingerprint": self.server_fingerprint,
            "writes": [
                {
                    "write_id": w.write_id,
                    "tool": w.tool,
                    "tool_sha256": w.tool_sha256,
                    "arguments_sha256": w.arguments_sha256,
                }
                for w in self.writes
            ],
            "decided_by": self.decided_by,
            "user": self.user,
            "approved_at": instant_text(self.approved_at),
            "signatures_required": self.signatures_required,
            "signatures": [dict(signature) for signature in self.signatures],
        }


def bind(plan: Plan, proposal: Proposal, *, by: ApprovedBy = "human", user: str | None = None) -> Approval:
    """The approval of exactly this proposal of this plan, as it was shown. Call it when the card is shown."""
    return Approval(
        id=uuid_text("approval"),
        plan_id=plan.id,
        plan_hash=plan_hash(plan),
        proposal_id=proposal.id,
        proposal_sha256=proposal_sha256(proposal),
        server=plan.organisation.server,
        server_fingerprint=plan.server_fingerprint,
        writes=_bound(proposal),
        decided_by=by,
        user=user or user_name(),
        approved_at=utc_now(),
    )


def mismatch(approval: Approval, plan: Plan, proposal: Proposal) -> str | None:
    """What is different from what was approved, in plain words; None when the approval still covers it all."""
    pairs = (
        ("the plan is another one", approval.plan_id, plan.id),
        ("the proposal is another one", approval.proposal_id, proposal.id),
        ("the server is another one", approval.server, plan.organisation.server),
        ("the server or organisation changed", approval.server_fingerprint, plan.server_fingerprint),
    )
    for what, approved, present in pairs:
        if approved != present:
            return what
    if len(approval.writes) != len(proposal.writes):
        return "the number of writes changed"
    for approved_write, write in zip(approval.writes, _bound(proposal), strict=True):
        if approved_write != write:
            return f"the payload or tool of write {write.write_id} changed"
    if approval.proposal_sha256 != proposal_sha256(proposal):
        return "the proposal's preconditions, effects or evidence changed"
    if approval.plan_hash != plan_hash(plan):
        return "the plan changed"
    return None


def plan_hash(plan: Plan) -> str:
    """`plan.hash`, computed once for each plan object: it covers the whole plan and is asked for at every proposal.

    What is sent does not rest on it alone: payload and proposal are hashed anew each time.
    """
    return _hash_of(_Identity(plan))


class _Identity:
    """A plan by identity; holding it keeps its id from being used again."""

    __slots__ = ("plan",)

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.plan is self.plan

    def __hash__(self) -> int:
        return id(self.plan)


@lru_cache(maxsize=4)
def _hash_of(key: _Identity) -> str:
    return key.plan.hash


def proposal_sha256(proposal: Proposal) -> str:
    """SHA-256 over the canonical JSON of the whole proposal."""
    return sha256_of(proposal_json(proposal))


def user_name() -> str:
    """The name of the operating system's user, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _bound(proposal: Proposal) -> tuple[BoundWrite, ...]:
    return tuple(
        BoundWrite(write_id=w.id, tool=w.tool, tool_sha256=w.tool_sha256, arguments_sha256=w.arguments_sha256)
        for w in proposal.writes
    )


@dataclass(frozen=True, slots=True)
class Approve:
    """`y`, or one of the proposals covered by `a`.

    `following`: the proposals that were approved together with this one and come next, in order; empty for the last
    of them and for one that was approved by itself. Their facts are read together, and the ledger is read back for all
    of them once the last is written.
    """

    approval: Approval
    following: tuple[str, ...] = ()

    @property
    def proposal_id(self) -> str:
        return self.approval.proposal_id


def together(approvals: Sequence[Approval]) -> tuple[Approve, ...]:
    """The decisions for approvals that were given at once, in their order."""
    ids = tuple(approval.proposal_id for approval in approvals)
    return tuple(Approve(approval, ids[n + 1 :]) for n, approval in enumerate(approvals))


@dataclass(frozen=True, slots=True)
class Skip:
    """`n` or Enter: not now."""

    proposal_id: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """`r`: no, with the reason, which goes on the record."""

    proposal_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Edit:
    """`e`: other values for fields of one write (amount, date, reference), as text. The caller makes a new plan of it:
    a new hash, and all rules again."""

    proposal_id: str
    write_id: str
    changes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """`c`: the account and tax code for one question of the proposal. The caller makes a new plan of it, as of an edit.

    `contact_id` answers who it is where the question asks that too; `new_contact` names one the ledger does not have
    yet, which then is a write of its own.
    """

    proposal_id: str
    ask_id: str
    coding: Coding
    contact_id: str = ""
    new_contact: str = ""


@dataclass(frozen=True, slots=True)
class Quit:
    """`q`, EOF or a closed terminal: the rest stays pending."""


ApprovalDecision = Approve | Skip | Refuse | Edit | Answer | Quit


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewContext:
    """What a card shows beside the plan itself.

    `proposal_ids`: those that need a decision, in the order to show them. `foreign`: the journal did not make this
    plan, so nothing may be approved in bulk. `account_names` maps account ids to what a person calls them.
    `decided`: how many others of the plan were decided in this run, for the count on the card. `written`: proposal and
    write ids of what an earlier run wrote, which is not sent again. `refused`: what a person refused in an earlier
    run and is asked about once more, with who, when and why; nothing but an answer to that one card approves it.
    """

    proposal_ids: tuple[str, ...]
    foreign: bool = False
    sends_idempotency_key: bool = True
    account_names: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    decided: int = 0
    written: frozenset[tuple[str, str]] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)


class Approver(Protocol):
    """Whoever decides: a person at a terminal, or a recorded answer."""

    def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        """One decision after the other (an async generator); the caller executes each before asking for the next.

        Ends after Quit or when every proposal of the context was decided.
        """
