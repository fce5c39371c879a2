"""The states of a proposal in a review."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from finchat.books.plan import Proposal
from finchat.safety.results import WriteResult

State = Literal[
    "open",  # nobody has decided
    "approved",  # given, not written yet
    "writing",
    "written",
    "failed",
    "unknown",
    "void",  # approved, and it did not hold: nothing was sent
    "skipped",
    "refused",
    "denied",  # by the policy: nobody is asked
]
# What a person filters by: states that mean the same to somebody who looks for what is left.
SHOWN = ("open", "approved", "written", "failed", "skipped", "refused", "denied")
_SHOWN_AS = {"writing": "approved", "unknown": "failed", "void": "failed"}
DECIDABLE: frozenset[State] = frozenset({"open", "skipped", "refused", "void", "failed"})
DONE: frozenset[State] = frozenset({"approved", "writing", "written", "skipped", "refused", "unknown", "denied"})


def shown(state: State) -> str:
    """The state a filter knows it by."""
    return _SHOWN_AS.get(state, state)


def state_of(proposal: Proposal, results: Sequence[WriteResult]) -> State:
    """What became of a proposal, from the results of its writes; "open" while any is pending."""
    decisions, outcomes = {r.decision for r in results}, {r.outcome for r in results}
    if "unknown" in outcomes:
        return "unknown"
    if results and decisions == {"refused"}:
        return "denied" if outcomes == {"not_sent"} else "refused"
    if "pending" in decisions or len(results) < max(len(proposal.writes), 1):
        return "open"
    if "void" in decisions and "committed" not in outcomes:
        return "void"
    return "written" if outcomes == {"committed"} else "failed" if outcomes != {None} else "skipped"
