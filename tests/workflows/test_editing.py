"""What a person may change on a card, and what the changed proposal then says of itself."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from finchat.books.plan import EDITED, Evidence, Plan, Precondition, Proposal
from finchat.errors import WriteRefused
from finchat.safety.approval import Edit
from finchat.workflows.editing import edited
from tests.ui.samples import PLAN


def with_due(number: int, due: str, **changes: Any) -> Plan:
    """The sample plan with more due on the first document of one proposal than its bank line carries."""
    proposal = PLAN.proposals[number]
    write = proposal.writes[0]
    owed = replace(write.preconditions[0], expected=due)
    lock = Precondition(type="organisation", id="o-1", field="lock_date", expected="2026-10-31")
    write = replace(write, preconditions=(owed, lock), **changes)
    proposal = replace(proposal, writes=(write, *proposal.writes[1:]))
    return replace(PLAN, proposals=tuple(proposal if p.id == proposal.id else p for p in PLAN.proposals))


def changed(plan: Plan, number: int, position: int = 0, **arguments: str) -> Proposal:
    proposal = plan.proposals[number]
    write = proposal.writes[position]
    edit = Edit(proposal.id, write.id, arguments)
    new = edited(plan, edit, plan_id="new", created_at=plan.created_at, keep=frozenset({proposal.id}))
    return new.proposals[0]


def refusal(plan: Plan, number: int, position: int = 0, **arguments: str) -> WriteRefused:
    with pytest.raises(WriteRefused) as refused:
        changed(plan, number, position, **arguments)
    return refused.value


def test_a_payment_is_never_more_than_its_bank_line() -> None:
    plan = with_due(0, "5000.00")
    error = refusal(plan, 0, amount="1234.51")
    assert error.field == "amount"
    assert "1234.50 NZD, which is what the bank line carries" in error.message
    assert error.next is not None
    assert "at most 1234.50 NZD" in error.next
    assert changed(plan, 0, amount="1234.49").cash == D("1234.49")


def test_the_payments_of_a_line_together_are_never_more_than_it() -> None:
    plan = with_due(1, "9000.00")
    error = refusal(plan, 1, amount="1500.01")
    assert "more than 1500.00 NZD, which is what the bank line carries less the other writes" in error.message


def test_a_credit_is_limited_by_what_is_due_and_not_by_the_line() -> None:
    proposal = PLAN.proposals[2]
    small = replace(proposal, line=replace(proposal.line, amount=D("900.00")) if proposal.line else None)
    plan = replace(PLAN, proposals=(*PLAN.proposals[:2], small, *PLAN.proposals[3:]))
    assert changed(plan, 2, amount="90.00").writes[0].amount == D("90.00")


def test_more_credit_than_leaves_room_for_the_payment_behind_it_is_refused() -> None:
    proposal = PLAN.proposals[2]
    later = replace(proposal.writes[1], verify={"due_before": "900.00", "due_after": "0.00"})
    proposal = replace(proposal, writes=(proposal.writes[0], later))
    plan = replace(PLAN, proposals=(*PLAN.proposals[:2], proposal, *PLAN.proposals[3:]))
    assert "w5" in refusal(plan, 2, amount="150.00").message


@pytest.mark.parametrize(
    ("day", "why"),
    [("2026-11-21", "2026-11-20"), ("2027-01-01", "2026-11-20"), ("2026-10-31", "locked"), ("20261119", "not a date")],
)
def test_a_day_after_the_plan_or_in_a_locked_period_is_refused(day: str, why: str) -> None:
    error = refusal(with_due(0, "1234.50"), 0, date=day)
    assert error.field == "date"
    assert why in error.message


def test_a_day_between_the_lock_and_the_plan_is_taken() -> None:
    for day in ("2026-11-01", "2026-11-20"):
        assert changed(with_due(0, "1234.50"), 0, date=day).writes[0].arguments["date"] == day


def test_what_no_longer_holds_is_no_evidence_and_the_rest_is_said() -> None:
    plan = with_due(0, "1234.50")
    evidence = (
        Evidence(kind="amount", text="1234.50 NZD is what is due"),
        Evidence(kind="number", text="the text names INV-0042"),
    )
    plan = replace(plan, proposals=(replace(plan.proposals[0], evidence=evidence), *plan.proposals[1:]))
    lower = changed(plan, 0, amount="500.00")
    assert [e.kind for e in lower.evidence] == ["number", EDITED]
    assert "from 1234.50 to 500.00" in lower.evidence[-1].text
    assert (lower.unrecorded, lower.certainty, lower.confidence) == (D("734.50"), "review", D(0))
    moved = changed(plan, 0, date="2026-11-19")
    assert [e.kind for e in moved.evidence] == ["amount", "number", EDITED]
    assert moved.unrecorded == 0
