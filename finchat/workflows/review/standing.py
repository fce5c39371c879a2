"""Where a review stands: what the journal, the policy and the decisions kept say of each proposal. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

from finchat.books.money import amount_text
from finchat.books.plan import Plan
from finchat.safety.results import WriteResult
from finchat.workflows.review.decisions import Decision
from finchat.workflows.review.groups import sums
from finchat.workflows.review.states import DONE, State, state_of

_STILL_TO_DECIDE: frozenset[State] = frozenset({"open", "void", "failed"})


@dataclass(frozen=True, slots=True)
class Standing:
    """`states` by proposal; `held`: approved in an earlier sitting and not written, in the order it was given;
    `voided`: decisions whose proposal is another one now."""

    states: dict[str, State]
    held: tuple[str, ...]
    voided: tuple[Decision, ...]


def standing(
    plan: Plan,
    saved: Mapping[str, Decision],
    results: Mapping[str, Sequence[WriteResult]],
    hash_of: Callable[[str], str],
) -> Standing:
    """`results`: of earlier runs and of what the policy forbids, by proposal; `hash_of` a present proposal."""
    states: dict[str, State] = {p.id: state_of(p, results.get(p.id, ())) for p in plan.proposals}
    held, voided = [], []
    for decision in sorted(saved.values(), key=lambda d: d.at):
        id = decision.proposal_id
        if id not in states or hash_of(id) != decision.proposal_sha256:
            voided.append(decision)
        elif states[id] not in _STILL_TO_DECIDE:
            continue  # written since, or forbidden: the journal and the policy say so
        elif decision.decision != "approved":
            states[id] = decision.decision
        elif states[id] == "open":  # tried since means that a new approval is asked for
            states[id] = "approved"
            held.append(id)
    return Standing(states, tuple(held), tuple(voided))


def waiting(states: Mapping[str, State]) -> bool:
    """Whether anything is left for a person: undecided, come to nothing, or approved and not written."""
    return any(state in ("open", "approved", "failed", "void") for state in states.values())


def document(plan: Plan, states: Mapping[str, State]) -> dict[str, Any]:
    """How far a review is, as `finchat review --json` prints it; amounts are those of the bank lines, by currency."""
    decided = [p for p in plan.proposals if states[p.id] in DONE]
    done, total = sums(decided), sums(plan.proposals)
    return {
        "decided": len(decided),
        "total": len(plan.proposals),
        "amounts": [
            {
                "currency": currency,
                "decided": amount_text(done.get(currency, Decimal(0)), currency),
                "total": amount_text(amount, currency),
            }
            for currency, amount in total.items()
        ],
        "states": {state: sum(s == state for s in states.values()) for state in get_args(State)},
        "approved_not_written": [id for id, state in states.items() if state == "approved"],
    }
