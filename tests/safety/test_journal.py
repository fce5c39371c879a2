"""The journal on its own: which plans are ours, what is pending, what a reset forgets, how a write is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from finchat.errors import UsageError, WriteRefused
from finchat.safety.approval import bind
from finchat.safety.journal import Conclusion, fingerprints_of
from finchat.safety.reads import arguments_hash
from finchat.safety.results import WriteError, WriteResult, exit_code_of
from tests.safety.world import ORG, World, one_payment, plan


def claim(world: World, plan_id: str = "plan-1", line: str = "line-1") -> None:
    made = one_payment(plan_id, line=line)
    world.journal.claim(made, made.proposals[0], bind(made, made.proposals[0]), effects={})


def test_only_the_very_plan_that_was_made_here_is_known(world: World) -> None:
    made = one_payment()
    assert not world.journal.knows(made)
    world.journal.plan_made(made)
    world.journal.plan_made(made)
    assert world.journal.knows(made)
    assert world.journal.plan("plan-1") == made
    edited = replace(made, command=("edited",))
    assert not world.journal.knows(edited)
    with pytest.raises(WriteRefused, match="another plan has the id"):
        world.journal.claim(edited, edited.proposals[0], bind(edited, edited.proposals[0]), effects={})
    assert len([line for line in world.audit_lines() if line["event"] == "proposal"]) == 1


def test_a_foreign_plan_stays_foreign_after_a_human_applied_it(world: World) -> None:
    claim(world)
    assert not world.journal.knows(one_payment())


def test_a_bank_line_is_pending_from_the_claim_until_it_is_settled(world: World) -> None:
    claim(world)
    assert set(world.journal.consumed(ORG.id).values()) == {"pending:plan-1/p1/w1"}
    assert set(world.journal.consumed(ORG.id)) == set(fingerprints_of(one_payment().proposals[0]))
    world.journal.conclude(world.journal.find("w1"), Conclusion(outcome="failed", text="no"))
    assert world.journal.consumed(ORG.id) == {}


def test_a_write_is_found_by_any_clear_part_of_its_name(world: World) -> None:
    claim(world)
    claim(world, "plan-2", line="line-2")
    assert world.journal.find("plan-2/p1/w1").plan_id == "plan-2"
    assert world.journal.find("plan-2").plan_id == "plan-2"
    with pytest.raises(UsageError, match="more than one write") as caught:
        world.journal.find("w1")
    assert caught.value.next == "open are: plan-1/p1/w1, plan-2/p1/w1"


def test_a_reset_sandbox_is_forgotten_and_no_other_organisation_can_be(world: World) -> None:
    claim(world)
    with pytest.raises(UsageError, match="no sandbox"):
        world.journal.forget_sandbox(ORG.id)
    assert world.journal.consumed(ORG.id) != {}
    sandbox = replace(ORG, id="org-s", sandbox=True)
    made = plan(one_payment("plan-s").proposals[0], id="plan-s", org=sandbox)
    world.journal.claim(made, made.proposals[0], bind(made, made.proposals[0]), effects={})
    world.journal.forget_sandbox("org-s")
    assert world.journal.consumed("org-s") == {}
    assert world.journal.plan("plan-s") is None


def test_arguments_without_a_canonical_form_still_have_a_hash() -> None:
    assert len(arguments_hash({"x": 0.5, "y": "\ud800"})) == 64
    assert arguments_hash({"a": 1, "b": 2}) == arguments_hash({"b": 2, "a": 1})


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([], 0),
        ([("approved", "committed", None)], 0),
        ([("skipped", None, None), ("refused", None, None)], 0),
        ([("pending", None, None), ("approved", "committed", None)], 3),
        ([("refused", "not_sent", "denied")], 4),
        ([("void", "not_sent", "precondition"), ("pending", None, None)], 4),
        ([("approved", "failed", "validation")], 4),
        ([("approved", "not_sent", "unauthorized"), ("approved", "failed", "x")], 6),
        ([("void", "not_sent", "limit")], 9),
        ([("approved", "not_sent", "unavailable")], 7),
        ([("approved", "unknown", "outcome_unknown"), ("approved", "not_sent", "unauthorized")], 5),
    ],
)
def test_the_exit_code_follows_from_the_results(results: list[tuple[str, str | None, str | None]], code: int) -> None:
    made = [
        WriteResult(
            proposal_id="p", write_id="w", decision=decision, outcome=outcome,  # type: ignore[arg-type]
            error=error and WriteError(code=error, message=""),  # type: ignore[arg-type]
        )
        for decision, outcome, error in results
    ]  # fmt: skip
    assert exit_code_of(made) == code
