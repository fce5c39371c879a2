"""One answer for many proposals alike: one new plan, not one for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from finchat.books.balances import expected
from finchat.books.plan import Plan
from finchat.books.plan_names import with_names
from finchat.safety.approval import Answer, Edit
from finchat.workflows.editing import edited
from finchat.workflows.execute import Answering


def answer_all(
    plan: Plan,
    answers: Sequence[Answer],
    answering: Answering,
    *,
    plan_id: str,
    created_at: datetime,
    keep: frozenset[str],
) -> Plan:
    """The plan of the proposals to `keep` with several of them completed; the others are the same objects.

    Each answer is worked into a plan of those proposals alone, so that many cost no more than they are. Raises
    WriteRefused naming the field that is wrong.
    """
    ids = frozenset(answer.proposal_id for answer in answers)
    part = plan.only(ids)
    for answer in answers:
        part = answering(part, answer, plan_id=plan_id, created_at=created_at, keep=ids)
    return _merged(plan, part, keep, plan_id, created_at)


def edit_one(plan: Plan, edit: Edit, *, plan_id: str, created_at: datetime, keep: frozenset[str]) -> Plan:
    """As `answer_all`, for one write that was changed on a card."""
    part = edited(
        plan.only(frozenset({edit.proposal_id})), edit, plan_id=plan_id, created_at=created_at,
        keep=frozenset({edit.proposal_id}),
    )  # fmt: skip
    return _merged(plan, part, keep, plan_id, created_at)


def _merged(plan: Plan, part: Plan, keep: frozenset[str], plan_id: str, created_at: datetime) -> Plan:
    changed = {p.id: p for p in part.proposals}
    gone = [e for p in plan.proposals if p.id not in keep for w in p.writes for e in w.effects]
    merged = replace(
        plan,
        id=plan_id,
        created_at=created_at,
        proposals=tuple(changed.get(p.id, p) for p in plan.proposals if p.id in keep),
        expected=expected(part.expected, (replace(e, amount=-e.amount, base_amount=-e.base_amount) for e in gone)),
    )
    return with_names(merged, part.account_names)
