"""A person's no: on the record before the next question, told by the next run, and theirs alone to take back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finchat.app.desk import PolicyFirst
from finchat.books.plan import Plan
from finchat.events import silent
from finchat.safety.approval import ApprovalDecision, Quit, Refuse, ReviewContext, Skip, bind
from finchat.workflows.answering import Answers
from finchat.workflows.earlier import refused_before
from finchat.workflows.execute import apply
from tests.safety.world import World, make_world, payment, plan, proposal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    yield made
    made.close()


def two() -> Plan:
    one, other = (payment("w1", f"inv-{n}", "40.00", due="40.00", plan_id="plan-1", line=f"line-{n}") for n in (1, 2))
    return plan(proposal("p1", one), proposal("p2", other, line="line-2"))


class Person:
    """Refuses the first and looks at the record before the second question, which they leave."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.on_disk: list[str] = []

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        yield Refuse("p1", "already paid")
        log = self.world.home.audit_log.read_text("utf-8").splitlines()
        self.on_disk = [line["text"] for line in map(json.loads, log) if line["event"] == "decision"]
        raise KeyboardInterrupt


async def test_a_refusal_is_on_disk_before_the_next_question_and_the_next_run_knows_it(world: World) -> None:
    made, person = two(), Person(world)
    world.journal.plan_made(made)
    with pytest.raises(KeyboardInterrupt):
        await apply(
            made, guard=world.guard, journal=world.journal, approver=person,
            context=ReviewContext(proposal_ids=("p1", "p2")), before=made.expected, read_balances=None,
            new_plan=lambda plan: plan, now=lambda: datetime.now(UTC), new_id=lambda: "new", answered=Answers(),
            emit=silent,
        )  # fmt: skip
    (said,) = person.on_disk
    assert said.startswith("anna refused to send")
    assert said.endswith("of plan plan-1: already paid")
    (result,) = refused_before(made, world.journal)
    assert (result.proposal_id, result.decision, result.outcome) == ("p1", "refused", None)
    assert result.error is not None
    assert result.error.message.startswith("refused on 20")
    assert result.error.message.endswith("by anna: already paid")


def test_a_refusal_goes_with_the_proposal_into_plans_made_of_its_plan_and_not_with_another_one(world: World) -> None:
    made = two()
    world.journal.plan_made(made)
    world.journal.decided(made, made.proposals, "refused", "no")
    changed = replace(made.proposals[1], confidence=made.proposals[1].confidence / 2)
    later = replace(made, id="plan-2", proposals=(made.proposals[0], changed))
    world.journal.plan_made(later, made_from=made.id)
    assert set(world.journal.refusals(later)) == {"p1"}
    assert world.journal.refusals(replace(two(), id="plan-3")) == {}


def test_who_takes_a_no_back_or_approves_after_all_leaves_none(world: World) -> None:
    made = two()
    world.journal.plan_made(made)
    world.journal.decided(made, made.proposals, "refused")
    world.journal.reopened(made, made.proposals[:1])
    assert set(world.journal.refusals(made)) == {"p2"}
    world.journal.claim(made, made.proposals[1], bind(made, made.proposals[1]), effects={})
    assert world.journal.refusals(made) == {}
    assert "took back the refusal of proposal p1" in world.audit_lines()[-2]["text"]


def test_a_skip_is_on_the_record_and_refuses_nothing(world: World) -> None:
    made = two()
    question = replace(made.proposals[0], writes=(), links=())
    world.journal.decided(made, [question, made.proposals[1]], "skipped")
    one, other = [line["text"] for line in world.audit_lines()]
    assert "anna skipped to answer the question of proposal p1" in one
    assert "anna skipped to send" in other
    assert world.journal.refusals(made) == {}


async def test_no_policy_approves_what_a_person_refused() -> None:
    class Lenient:
        def signatures(self, plan: Plan) -> Any:
            return type("Standing", (), {"missing": False})

        def unattended(self, plan: Plan, proposal: Any) -> Any:
            return type("Verdict", (), {"approved": True, "reason": ""})

        def approve_unattended(self, plan: Plan, proposal: Any) -> Any:
            return bind(plan, proposal)

    class Nobody:
        async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
            for id in context.proposal_ids:
                yield Skip(id)

    guard: Any = Lenient()
    approver = PolicyFirst(guard, Nobody(), unattended=True, attended=True, emit=silent)
    context = ReviewContext(proposal_ids=("p2", "p1"), refused={"p1": "refused on 2026-11-20 by anna"})
    told = [(type(d).__name__, d.proposal_id) async for d in approver.review(two(), context) if not isinstance(d, Quit)]
    assert told == [("Approve", "p2"), ("Skip", "p1")]
