"""The one road: what is sent, when it is refused, and what every unclear answer becomes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from finchat.books.plan import Plan
from finchat.errors import ExitCode
from finchat.events import Waiting, Writing
from finchat.safety.approval import Approval, bind
from finchat.safety.policy import Policy
from finchat.safety.results import WriteResult, exit_code_of
from tests.safety.world import ORG, SERVER, Fault, World, one_payment, payment, plan, proposal

Worlds = Callable[..., World]


async def run_first(world: World, made: Plan, approval: Approval | None = None) -> tuple[WriteResult, ...]:
    first = made.proposals[0]
    return await world.guard.execute(made, first, approval or bind(made, first))


async def test_an_approved_write_is_sent_once_read_back_and_told(world: World) -> None:
    await world.opened()
    made = one_payment()
    world.journal.plan_made(made)
    (result,) = await run_first(world, made)
    assert (result.decision, result.outcome, result.ledger_id) == ("approved", "committed", "pay-1")
    assert (str(result.due_before), str(result.due_after)) == ("1000.00", "600.00")
    assert len(world.vendor.payments) == 1
    events = [(line["event"], line["outcome"]) for line in world.audit_lines() if line["event"] != "call"]
    assert events == [
        ("proposal", None), ("decision", None), ("intent", None), ("outcome", "committed"), ("read_back", "committed")
    ]  # fmt: skip
    assert [e.outcome for e in world.events if isinstance(e, Writing)] == ["sending", "committed"]
    assert world.journal.consumed(ORG.id) == {"line-1": "pay-1", "fitid-line-1": "pay-1"}


async def test_the_intent_is_on_disk_in_journal_and_log_before_the_call(world: World) -> None:
    await world.opened()
    seen: list[tuple[str, bool]] = []

    def look() -> None:
        (record,) = world.journal.writes()
        key = record.idempotency_key or "none"
        seen.append((record.state, key in world.home.audit_log.read_text("utf-8")))

    world.vendor.before_commit = look
    await run_first(world, one_payment())
    assert seen == [("sending", True)]


async def test_a_read_tool_is_served_and_audited_and_a_write_tool_refused(world: World) -> None:
    await world.opened()
    toolbox = world.guard.toolbox(SERVER)
    assert (await toolbox.call("list_payments", {})).error is None
    for name, code in (
        ("pay", "approval_required"),
        ("mystery", "approval_required"),
        ("nothing", "approval_required"),
    ):
        refused = await toolbox.call(name, {})
        assert refused.error is not None
        assert (refused.error.code, refused.error.outcome) == (code, "not_sent")
    assert world.vendor.calls == ["list_payments"]
    lines = [line for line in world.audit_lines() if line["event"] == "call"]
    assert [(line["tool"], line["decision"]) for line in lines] == [
        ("list_payments", "allow"), ("pay", "deny"), ("mystery", "deny"), ("nothing", "deny")
    ]  # fmt: skip
    assert lines[0]["text"].startswith("anna read list_payments on books (Demo), allowed by default")


async def test_nothing_is_read_before_earlier_writes_are_settled(world: World) -> None:
    result = await world.guard.toolbox(SERVER).call("list_payments", {})
    assert result.error is not None
    assert result.error.code == "organisation_not_open"
    assert world.vendor.calls == []


async def test_a_read_that_the_policy_asks_for_needs_a_yes(worlds: Worlds, tmp_path: object) -> None:
    policy = Policy.from_data({"version": 1, "defaults": {"read": "ask"}}, source=worlds().home.policy)
    world = await worlds(policy=policy).opened()
    result = await world.guard.toolbox(SERVER).call("list_payments", {})
    assert result.error is not None
    assert result.error.code == "approval_required"


@pytest.mark.parametrize(
    ("fault", "outcome", "payments", "code"),
    [
        ("commit_then_drop", "committed", 1, ExitCode.DONE),
        ("cancelled_by_transport", "committed", 1, ExitCode.DONE),
        ("never_commit", "not_sent", 0, ExitCode.WRITE_REFUSED),
        ("unauthorized_once", "committed", 1, ExitCode.DONE),
        ("rate_limited_once", "committed", 1, ExitCode.DONE),
        ("rate_limited_for_an_hour", "not_sent", 0, ExitCode.LIMIT),
        ("refused", "failed", 0, ExitCode.WRITE_REFUSED),
    ],
)
async def test_every_answer_ends_in_a_defined_outcome(
    world: World, fault: Fault, outcome: str, payments: int, code: ExitCode
) -> None:
    await world.opened()
    world.vendor.faults = [fault]
    results = await run_first(world, one_payment())
    assert [r.outcome for r in results] == [outcome]
    assert len(world.vendor.payments) == payments
    assert exit_code_of(results) == code


async def test_an_unclear_write_stays_unknown_while_the_vendor_may_still_be_working(worlds: Worlds) -> None:
    world = await worlds(lifetime_s=60.0).opened()
    world.vendor.faults = ["never_commit"]
    results = await run_first(world, one_payment())
    assert [r.outcome for r in results] == ["unknown"]
    assert exit_code_of(results) == ExitCode.WRITE_UNKNOWN
    assert world.journal.consumed(ORG.id)["fitid-line-1"] == "pending:plan-1/p1/w1"
    again = await run_first(world, one_payment())
    assert [(r.decision, r.outcome) for r in again] == [("void", "unknown")]
    assert len(world.vendor.keys) == 1


async def test_a_server_where_nothing_can_be_read_back_leaves_it_to_a_person(world: World) -> None:
    await world.opened()
    world.vendor.readable = False
    world.vendor.faults = ["commit_then_drop"]
    (result,) = await run_first(world, one_payment())
    assert result.outcome == "unknown"
    assert result.error is not None
    assert "journal resolve" in (result.error.next or "")
    settled = world.journal.resolve("w1", committed="pay-1")
    assert (settled.state, settled.ledger_id) == ("committed", "pay-1")


@pytest.mark.parametrize("fault", ["unauthorized_once", "rate_limited_once"])
async def test_a_write_proved_undone_is_tried_once_more_with_the_same_key(world: World, fault: Fault) -> None:
    await world.opened()
    world.vendor.faults = [fault, fault]
    world.vendor.retry_after_s = 7.0
    (result,) = await run_first(world, one_payment())
    assert result.outcome == "not_sent"
    assert len(world.vendor.keys) == 2
    assert len(set(world.vendor.keys)) == 1
    told = [e.seconds for e in world.events if isinstance(e, Waiting)]
    assert world.slept == told == ([7.0] if fault == "rate_limited_once" else [])


async def test_preconditions_are_read_again_before_the_one_more_try(world: World) -> None:
    await world.opened()
    world.vendor.faults = ["unauthorized_once"]
    vendor_call = world.vendor.call

    async def call_then_change(*args: object, **words: object) -> object:
        result = await vendor_call(*args, **words)  # type: ignore[arg-type]
        if result.error is not None:
            world.vendor.set_due("inv-1", "1.00")
        return result

    world.vendor.call = call_then_change  # type: ignore[method-assign, assignment]
    (result,) = await run_first(world, one_payment())
    assert (result.decision, result.outcome) == ("void", "not_sent")
    assert result.error is not None
    assert "is 1.00, and was 1000.00" in result.error.message
    assert len(world.vendor.keys) == 1


async def test_a_not_sent_write_keeps_its_key_and_a_failed_one_gets_another(world: World) -> None:
    await world.opened()
    made = one_payment()
    world.vendor.faults = ["never_commit", "refused"]
    assert [r.outcome for r in await run_first(world, made)] == ["not_sent"]
    assert [r.outcome for r in await run_first(world, made)] == ["failed"]
    assert [r.outcome for r in await run_first(world, made)] == ["committed"]
    first, second, third = world.vendor.keys
    assert first == second != third


async def test_a_plan_that_was_written_is_not_written_again(world: World) -> None:
    await world.opened()
    made = one_payment()
    await run_first(world, made)
    (again,) = await run_first(world, made)
    assert (again.decision, again.outcome, again.ledger_id) == ("void", "committed", "pay-1")
    assert again.error is not None
    assert again.error.code == "already_applied"
    assert len(world.vendor.payments) == 1


async def test_an_approval_is_used_once(world: World) -> None:
    await world.opened()
    made = one_payment()
    approval = bind(made, made.proposals[0])
    world.vendor.faults = ["refused"]
    await run_first(world, made, approval)
    (again,) = await run_first(world, made, approval)
    assert again.error is not None
    assert again.error.code == "approval_used"
    assert len(world.vendor.keys) == 1


@pytest.mark.parametrize("what", ["arguments", "tool", "preconditions", "server", "plan"])
async def test_an_approval_dies_when_anything_it_showed_has_changed(world: World, what: str) -> None:
    await world.opened()
    made = one_payment()
    approval = bind(made, made.proposals[0])
    write = made.proposals[0].writes[0]
    changed = made
    if what == "server":
        changed = replace(made, server_fingerprint="0" * 64)
    elif what == "plan":
        changed = replace(made, command=("apply",))
    else:
        new = {
            "arguments": replace(write, arguments={**write.arguments, "amount": "999.00"}),
            "tool": replace(write, tool_sha256="0" * 64),
            "preconditions": replace(write, preconditions=()),
        }[what]
        changed = replace(made, proposals=(replace(made.proposals[0], writes=(new,)),))
    (result,) = await run_first(world, changed, approval)
    assert (result.decision, result.outcome) == ("void", "not_sent")
    assert world.vendor.keys == []


async def test_arguments_changed_in_memory_after_approval_are_not_sent(world: World) -> None:
    await world.opened()
    arguments = {"invoice_id": "inv-1", "amount": "400.00", "reference": "plan-1-w1"}
    write = replace(payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1"), arguments=arguments)
    made = plan(proposal("p1", write))
    approval = bind(made, made.proposals[0])
    arguments["amount"] = "999.00"
    (result,) = await run_first(world, made, approval)
    assert (result.decision, result.outcome) == ("void", "not_sent")
    assert world.vendor.keys == []


async def test_a_changed_tool_or_policy_stops_the_write(worlds: Worlds) -> None:
    first = worlds()
    policy = Policy.from_data(
        {"version": 1, "servers": {"books": {"resources": {"payments": "read"}}}}, source=first.home.policy
    )
    world = await worlds(policy=policy).opened()
    made = one_payment()
    (result,) = await run_first(world, made)
    assert (result.decision, result.outcome) == ("refused", "not_sent")
    assert result.error is not None
    assert "policy:servers.books.resources.payments" in result.error.message
    denied = [line for line in world.audit_lines() if line["decision"] == "deny"]
    assert denied[0]["decided_by"] == "policy:servers.books.resources.payments"


async def test_a_proposal_that_contradicts_its_payload_is_refused_whoever_approved_it(world: World) -> None:
    await world.opened()
    world.profile.contradiction = "p1: w1.amount is not what the payload says"
    (result,) = await run_first(world, one_payment())
    assert (result.decision, result.outcome) == ("void", "not_sent")
    assert result.error is not None
    assert (result.error.code, result.error.message) == ("payload_changed", world.profile.contradiction)
    assert world.vendor.payments == []


async def test_several_records_in_one_call_are_refused(world: World) -> None:
    await world.opened()
    write = payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1")
    body = {"Payments": [dict(write.arguments), dict(write.arguments)]}
    made = plan(proposal("p1", write))
    bad = replace(made.proposals[0], writes=(replace(write, arguments={**write.arguments, **body}),))
    made = replace(made, proposals=(bad,))
    (result,) = await run_first(world, made)
    assert result.error is not None
    assert (result.error.code, result.error.field) == ("several_records", "Payments")
    assert world.vendor.keys == []


@pytest.mark.parametrize("due", ["999.99", "0.00"])
async def test_a_ledger_that_changed_since_the_approval_refuses_with_what_changed(world: World, due: str) -> None:
    await world.opened()
    made = one_payment()
    approval = bind(made, made.proposals[0])
    world.vendor.set_due("inv-1", due)
    (result,) = await run_first(world, made, approval)
    assert (result.decision, result.outcome) == ("void", "not_sent")
    assert result.error is not None
    assert f"amount due of invoice inv-1 is {due}, and was 1000.00" in result.error.message
    assert world.vendor.keys == []


async def test_a_moved_lock_date_refuses(world: World) -> None:
    await world.opened()
    state = world.vendor.state
    world.vendor._save({**state, "lock": "2026-11-30"})
    (result,) = await run_first(world, one_payment())
    assert result.error is not None
    assert "lock date of organisation org-1 is 2026-11-30, and was none" in result.error.message


@pytest.mark.parametrize("second_due", ["1000.00", "600.00"])
async def test_our_own_earlier_write_is_expected_in_either_way_of_stating_it(world: World, second_due: str) -> None:
    await world.opened()
    first = payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1")
    second = payment("w2", "inv-1", "100.00", due=second_due, plan_id="plan-1")
    results = await run_first(world, plan(proposal("p1", first, second)))
    assert [r.outcome for r in results] == ["committed", "committed"]
    assert world.vendor.state["due"]["inv-1"] == "500.00"


async def test_another_ones_change_between_two_writes_of_a_proposal_refuses_the_second(world: World) -> None:
    await world.opened()
    first = payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1")
    second = payment("w2", "inv-1", "100.00", due="600.00", plan_id="plan-1")
    world.vendor.after_commit = lambda: world.vendor.set_due("inv-1", "550.00")
    results = await run_first(world, plan(proposal("p1", first, second)))
    assert [r.outcome for r in results] == ["committed", "not_sent"]


async def test_a_dependent_write_is_skipped_and_says_why(world: World) -> None:
    await world.opened()
    world.vendor.faults = ["refused"]
    first = payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1")
    second = payment("w2", "inv-2", "100.00", due="600.00", plan_id="plan-1", depends_on=("w1",))
    results = await run_first(world, plan(proposal("p1", first, second)))
    assert [(r.decision, r.outcome) for r in results] == [("approved", "failed"), ("void", "not_sent")]
    assert results[1].error is not None
    assert results[1].error.message == "not attempted: write w1, which it needs, is failed"
    resumed = await run_first(world, plan(proposal("p1", first, second)))
    assert [r.outcome for r in resumed] == ["committed", "committed"]


async def test_a_half_written_proposal_is_finished_without_repeating_its_first_write(world: World) -> None:
    await world.opened()
    world.vendor.faults = ["none", "refused"]
    first = payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1")
    second = payment("w2", "inv-1", "100.00", due="600.00", plan_id="plan-1")
    made = plan(proposal("p1", first, second))
    assert [r.outcome for r in await run_first(world, made)] == ["committed", "failed"]
    assert [r.outcome for r in await run_first(world, made)] == ["committed", "committed"]
    assert len(world.vendor.payments) == 2


async def test_a_scalar_of_an_earlier_write_is_filled_in_from_its_reply(world: World) -> None:
    await world.opened()
    first = payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1")
    second = payment("w2", "inv-2", "100.00", due="600.00", plan_id="plan-1")
    second = replace(
        second, arguments={**second.arguments, "reference": {"$from": "w1.PaymentID"}}, verify={"token": "pay-1"}
    )
    results = await run_first(world, plan(proposal("p1", first, second)))
    assert [r.outcome for r in results] == ["committed", "committed"]
    assert [p["reference"] for p in world.vendor.payments] == ["plan-1-w1", "pay-1"]


async def test_a_bank_line_pays_once_whichever_plan_asks(world: World) -> None:
    await world.opened()
    await run_first(world, one_payment("plan-1"))
    other = plan(
        proposal("p1", payment("w1", "inv-2", "600.00", due="600.00", plan_id="plan-2"), line="same-line-as-csv"),
        id="plan-2",
    )
    (result,) = await run_first(world, other)  # known by its FITID, though its hash is another
    assert result.error is not None
    assert result.error.code == "evidence_consumed"
    assert len(world.vendor.payments) == 1


async def test_facts_of_upcoming_proposals_are_read_in_one_batch(world: World) -> None:
    await world.opened()
    made = plan(
        proposal("p1", payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1", line="a"), line="a"),
        proposal("p2", payment("w2", "inv-2", "100.00", due="600.00", plan_id="plan-1", line="b"), line="b"),
    )
    first, second = made.proposals
    await world.guard.execute(made, first, bind(made, first), upcoming=(second,))
    await world.guard.execute(made, second, bind(made, second))
    assert len(world.vendor.payments) == 2
    assert world.profile.observations == [3]


@pytest.mark.parametrize(("fault", "payments"), [("hang_after_commit", 1), ("hang_before_commit", 0)])
async def test_a_cancelled_write_is_unknown_and_settled_at_the_next_start(
    worlds: Worlds, fault: Fault, payments: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("finchat.safety.sending._CANCEL_GRACE_S", 0.01)
    world = await worlds().opened()
    world.vendor.faults = [fault]
    made = one_payment()
    running = asyncio.ensure_future(run_first(world, made))
    await world.vendor.paying.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [r.state for r in world.journal.writes()] == ["unknown"]
    world.close()
    after = worlds()
    recovery = await after.guard.open_organisation(SERVER, ORG)
    assert [r.state for r in recovery.settled] == ["committed" if payments else "not_sent"]
    assert len(after.vendor.payments) == payments


async def test_a_cancelled_run_still_finishes_a_write_that_answers_at_once(world: World) -> None:
    await world.opened()
    running: asyncio.Future[tuple[WriteResult, ...]] | None = None

    def cancel() -> None:
        assert running is not None
        running.cancel()

    world.vendor.before_commit = cancel
    running = asyncio.ensure_future(run_first(world, one_payment()))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [(r.state, r.ledger_id) for r in world.journal.writes()] == [("committed", "pay-1")]


async def test_the_wait_for_the_budget_comes_before_the_intent_and_facts_that_aged_are_read_again(
    world: World,
) -> None:
    await world.opened()
    steps: list[str] = []

    async def reserve() -> None:
        steps.append("reserve")
        if steps.count("reserve") == 1:  # a long wait: what was read before it is too old now
            world.guard._facts[SERVER]._seen.clear()

    world.vendor.reserve = reserve  # type: ignore[attr-defined]
    world.vendor.unreserve = lambda: steps.append("unreserve")  # type: ignore[attr-defined]
    world.vendor.before_commit = lambda: steps.append("sent")
    (result,) = await run_first(world, one_payment())
    assert result.outcome == "committed"
    assert steps == ["reserve", "unreserve", "reserve", "sent", "unreserve"]
    assert world.profile.observations == [2, 2]


async def test_the_log_is_synced_before_the_send_and_again_after_the_outcome(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.opened()
    await world.guard.toolbox(SERVER).call("list_payments", {})
    steps: list[str] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        steps.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    monkeypatch.setattr("finchat.safety.audit.os.fsync", fsync)
    world.vendor.before_commit = lambda: steps.append("SENT")
    await run_first(world, one_payment())
    steps = steps[steps.index("audit.jsonl") :]  # the very first thing is a head for a log that is still empty
    before, after = steps[: steps.index("SENT")], steps[steps.index("SENT") + 1 :]
    for part in (before, after):
        assert part[0] == "audit.jsonl"
        assert "audit.head.new" in part
    assert world.database.rows("PRAGMA synchronous")[0][0] == 2  # FULL: a commit is an fsync
