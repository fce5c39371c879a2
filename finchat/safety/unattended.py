"""What `--yes` may approve: the [unattended] rules of the policy, applied to one proposal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finchat.books.acts import act
from finchat.books.plan import Plan, Proposal, Write
from finchat.safety.counterparties import KNOWN_COUNTERPARTY
from finchat.safety.policy import UnattendedRules

_BY_MODEL = "a model asked for this plan, so a person has to approve it"
_TAKING_BACK = frozenset({"delete", "void", "deallocate", "unapply"})


@dataclass(frozen=True, slots=True)
class UnattendedVerdict:
    """Whether a proposal may be approved without a person, and why or why not, in one sentence."""

    approved: bool
    reason: str


def judge(
    rules: UnattendedRules | None, plan: Plan, proposal: Proposal, *, today: date, foreign: bool,
    by_model: bool = False,
) -> UnattendedVerdict:  # fmt: skip
    """Every rule but the day's total, which the journal reserves when the approval is used.

    `today`: the organisation's day. `foreign`: the journal did not make this plan. `by_model`: a model asked for it,
    which no rule of a policy can make up for, whatever the proposal's class.
    """
    reason = _BY_MODEL if by_model else _against(rules, plan, proposal, today, foreign)
    return UnattendedVerdict(reason is None, reason or "within the policy's [unattended] rules")


def _against(rules: UnattendedRules | None, plan: Plan, proposal: Proposal, today: date, foreign: bool) -> str | None:
    if rules is None:
        return "the policy has no [unattended] rules, so a person approves every write"
    amounts = base_amounts(plan, proposal)
    takes_back = any(write.operation.rpartition(".")[2] in _TAKING_BACK for write in proposal.writes)
    voids = any(write.operation.endswith(".void") for write in proposal.writes)
    checks = (
        (foreign, "the plan was not made here, so a person has to approve it"),
        (today > rules.expires, f"the policy's [unattended] rules expired on {rules.expires.isoformat()}"),
        (proposal.certainty != "certain", "only proposals of class certain are approved unattended"),
        (proposal.kind not in rules.kinds, f"kind {proposal.kind} is not among unattended.kinds"),
        (voids and "void" not in rules.kinds, "kind void is not among unattended.kinds, and one of its writes voids"),
        (bool(proposal.asks), "the proposal asks something that only a person answers"),
        (not proposal.writes, "the proposal has nothing to write"),
        (
            takes_back and proposal.kind not in ("delete", "void"),
            f"a write of it takes something back, which is no {proposal.kind}",
        ),
        (
            any(amount is None for amount in amounts.values()),
            "the amount in base currency is not known, so unattended.max_amount cannot be held",
        ),
        (
            any(amount is not None and amount > rules.max_amount for amount in amounts.values()),
            f"a write is over unattended.max_amount ({rules.max_amount:f} {plan.organisation.base_currency})",
        ),
        (
            rules.known_counterparties_only and not (_own_accounts(proposal) or _counterparty_known(proposal)),
            "the counterparty was not paid before under this name and account",
        ),
    )
    return next((reason for holds, reason in checks if holds), None)


def base_amounts(plan: Plan, proposal: Proposal) -> Mapping[str, Decimal | None]:
    """What each write moves in base currency, by write id; None where neither currency nor effects tell.

    Every write counts, once, with the largest of what it moves: of an overpayment what is paid and what is kept, of a
    transfer its amount and not both ends of it, and an allocation although no cash moves, because it settles as much.
    So a limit holds for all that is changed in the ledger, and no proposal counts for less than its cash.
    """
    return {write.id: _base_amount(write, plan.organisation.base_currency) for write in proposal.writes}


def _base_amount(write: Write, base_currency: str) -> Decimal | None:
    """The largest of the amount itself and its effects: an allocation moves no account but settles its amount."""
    known = [abs(effect.base_amount) for effect in write.effects]
    if write.currency == base_currency:
        known.append(abs(write.amount))
    elif not any(known):
        return None
    return max(known)


def _own_accounts(proposal: Proposal) -> bool:
    """A transfer between accounts of the ledger has no counterparty."""
    return proposal.kind == "transfer" and all(act(write.operation) == "transfer" for write in proposal.writes)


def _counterparty_known(proposal: Proposal) -> bool:
    return any(evidence.kind == KNOWN_COUNTERPARTY for evidence in proposal.evidence)
