"""A clear reply settles a write; a read of its own, batched, then says whether the ledger holds it as it was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from finchat.books.plan import Plan
from finchat.connections.toolbox import CallError, CallResult
from finchat.errors import ExitCode
from finchat.events import Notice, Writing
from finchat.safety.approval import bind, together
from finchat.safety.results import WriteResult, exit_code_of
from tests.safety.world import ORG, SERVER, World, one_payment, payment, plan, proposal

Worlds = Callable[..., World]


def two_payments() -> Plan:
    return plan(
        proposal("p1", payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1", line="a"), line="a"),
        proposal("p2", payment("w1", "inv-2", "100.00", due="600.00", plan_id="plan-1", line="b"), line="b"),
    )


async def run_first(world: World, made: Plan, *, more_follow: bool = False) -> tuple[WriteResult, ...]:
    first = made.proposals[0]
    return await world.guard.execute(made, first, bind(made, first), more_follow=more_follow)


def warnings(world: World) -> list[str]:
    return [e.text for e in world.events if isinstance(e, Notice) and e.severity == "warning"]


def change_payments(world: World, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    state = world.vendor.state
    world.vendor._save({**state, "payments": change(state["payments"])})


async def test_writes_approved_together_are_read_back_in_one_batch(world: World) -> None:
    await world.opened()
    made = two_payments()
    approvals = [bind(made, p) for p in made.proposals]
    results = [
        await world.guard.execute(made, p, a, more_follow=True) for p, a in zip(made.proposals, approvals, strict=True)
    ]
    assert world.profile.read_backs == []
    assert world.vendor.calls == ["get_invoice", "pay", "get_invoice", "pay"]
    read = await world.guard.read_back()
    assert world.profile.read_backs == [2]
    assert [(r.proposal_id, r.outcome, r.error, str(r.due_after)) for r in read] == [
        ("p1", "committed", None, "600.00"), ("p2", "committed", None, "500.00")
    ]  # fmt: skip
    assert [r.due_before for (r,) in results] == [r.due_before for r in read]
    assert any("all 2 writes" in e.text for e in world.events if isinstance(e, Notice))
    lines = [(line["event"], line["ledger_id"]) for line in world.audit_lines() if line["event"] != "call"]
    assert lines[-2:] == [("read_back", "pay-1"), ("read_back", "pay-2")]
    assert all(r.read_back_at is not None for r in world.journal.writes())
    assert await world.guard.read_back() == ()
    assert world.profile.read_backs == [2]


async def test_the_outcome_is_on_disk_before_the_next_send(world: World) -> None:
    await world.opened()
    made = two_payments()
    seen: list[tuple[list[str], list[str]]] = []

    def look() -> None:
        log = world.home.audit_log.read_text("utf-8")
        seen.append(([r.state for r in world.journal.writes()], ["pay-1"] if '"ledger_id":"pay-1"' in log else []))

    world.vendor.before_commit = look
    for p in made.proposals:
        await world.guard.execute(made, p, bind(made, p), more_follow=True)
    assert seen == [(["sending"], []), (["committed", "sending"], ["pay-1"])]


async def test_two_writes_on_one_document_are_each_compared_with_what_they_left(world: World) -> None:
    await world.opened()
    first = payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1")
    second = payment("w2", "inv-1", "100.00", due="600.00", plan_id="plan-1")
    results = await run_first(world, plan(proposal("p1", first, second)))
    assert [(str(r.due_before), str(r.due_after), r.error) for r in results] == [
        ("1000.00", "600.00", None), ("600.00", "500.00", None)
    ]  # fmt: skip
    assert world.profile.read_backs == [2]


async def test_a_reply_that_does_not_agree_is_looked_for_at_once(world: World) -> None:
    await world.opened()
    world.vendor.echo = lambda _: "0.40"
    (result,) = await run_first(world, one_payment(), more_follow=True)
    assert (result.outcome, result.ledger_id) == ("committed", "pay-1")
    assert world.vendor.calls == ["get_invoice", "pay", "list_payments"]
    assert any("the server's answer was odd (it says 0.40, not 400.00)" in text for text in warnings(world))
    assert [r.error for r in await world.guard.read_back()] == [None]


async def test_a_reply_that_does_not_agree_where_nothing_can_be_read_is_unknown(world: World) -> None:
    await world.opened()
    world.vendor.echo, world.vendor.readable = (lambda _: "0.40"), False
    (result,) = await run_first(world, one_payment())
    assert (result.outcome, result.ledger_id) == ("unknown", "pay-1")
    assert result.error is not None
    assert "it says 0.40" in result.error.message


async def test_a_ledger_that_holds_another_amount_is_told_and_ends_in_8(world: World) -> None:
    await world.opened()
    made = one_payment()
    world.vendor.after_commit = lambda: change_payments(world, lambda ps: [{**ps[0], "amount": "40.00"}])
    results = await run_first(world, made)
    (result,) = results
    assert (result.decision, result.outcome, result.ledger_id) == ("approved", "committed", "pay-1")
    assert result.error is not None
    assert result.error.code == "read_back_differs"
    assert "it says 40.00" in result.error.message
    assert exit_code_of(results) == ExitCode.MISMATCH
    assert any("payment of inv-1 Acme, 400.00 NZD is not as it was sent" in text for text in warnings(world))
    (record,) = world.journal.writes()
    assert (record.state, record.error_code) == ("committed", "read_back_differs")
    last = world.audit_lines()[-1]
    assert (last["event"], last["outcome"], "not as it was sent" in last["text"]) == ("read_back", "committed", True)
    (again,) = await run_first(world, made)
    assert again.error is not None
    assert again.error.code == "already_applied"
    assert len(world.vendor.keys) == 1


async def test_a_payment_deleted_since_and_a_due_that_somebody_changed_are_told(world: World) -> None:
    await world.opened()
    made = two_payments()
    first, second = made.proposals
    await world.guard.execute(made, first, bind(made, first), more_follow=True)
    change_payments(world, lambda ps: [{**ps[0], "deleted": "yes"}])
    await world.guard.execute(made, second, bind(made, second), more_follow=True)
    world.vendor.set_due("inv-2", "77.00")
    results = await world.guard.read_back()
    said = [r.error.message for r in results if r.error is not None]
    assert "it was deleted since" in said[0]
    assert "77.00 NZD is due on the document, not 500.00" in said[1]
    assert exit_code_of(results) == ExitCode.MISMATCH


async def test_a_confirmed_write_that_the_ledger_does_not_know_is_unknown_until_a_person_settles_it(
    worlds: Worlds,
) -> None:
    world = await worlds().opened()
    made = one_payment()
    world.vendor.after_commit = lambda: change_payments(world, lambda _: [])
    results = await run_first(world, made)
    assert [(r.outcome, r.ledger_id) for r in results] == [("unknown", "pay-1")]
    assert exit_code_of(results) == ExitCode.WRITE_UNKNOWN
    world.close()
    after = worlds()
    recovery = await after.guard.open_organisation(SERVER, ORG)
    assert [(r.state, r.ledger_id) for r in recovery.settled] == [("unknown", "pay-1")]
    assert recovery.exit_code == ExitCode.WRITE_UNKNOWN
    (again,) = await run_first(after, made)
    assert (again.decision, again.outcome) == ("void", "unknown")
    assert after.vendor.keys == []
    assert after.journal.resolve("w1", committed=None).state == "not_sent"


async def test_what_could_not_be_read_back_is_read_by_the_next_start(worlds: Worlds) -> None:
    world = await worlds().opened()
    call = world.vendor.call

    async def down(name: str, arguments: Mapping[str, Any], **words: Any) -> CallResult:
        if name == "list_payments":
            return CallResult(error=CallError(code="unavailable", message="no route", outcome="not_sent"))
        return await call(name, arguments, **words)

    world.vendor.call = down  # type: ignore[method-assign]
    (result,) = await run_first(world, one_payment())
    assert (result.outcome, result.error) == ("committed", None)
    assert any("could not be read back: no route. The next start looks again" in text for text in warnings(world))
    world.close()
    after = worlds()
    change_payments(after, lambda ps: [{**ps[0], "amount": "40.00"}])
    after.vendor.set_due("inv-1", "1.00")  # since then others may have paid: that is no fault
    recovery = await after.guard.open_organisation(SERVER, ORG)
    (found,) = recovery.read_back
    assert found.error is not None
    assert found.error.message.endswith("it says 40.00")
    assert (recovery.settled, recovery.exit_code) == ((), ExitCode.MISMATCH)
    after.close()
    assert (await worlds().guard.open_organisation(SERVER, ORG)).read_back == ()


async def test_a_server_that_cannot_be_read_back_is_said_once(worlds: Worlds) -> None:
    world = await worlds().opened()
    world.vendor.readable = False
    results = await run_first(world, one_payment())
    assert [(r.outcome, r.error) for r in results] == [("committed", None)]
    assert any("offers no way to read it back" in text for text in warnings(world))
    world.close()
    assert (await worlds().guard.open_organisation(SERVER, ORG)).read_back == ()


async def test_a_person_reads_what_was_done_to_which_document_and_no_ids(world: World) -> None:
    await world.opened()
    await run_first(world, one_payment())
    other = payment("w1", "inv-2", "600.00", due="600.00", plan_id="q", line="other")
    world.vendor.faults = ["refused"]
    await run_first(world, plan(proposal("p1", other, line="other"), id="q"))
    assert [(e.outcome, e.text) for e in world.events if isinstance(e, Writing)] == [
        ("sending", "payment of inv-1 Acme, 400.00 NZD"),
        ("committed", "paid inv-1 Acme, 400.00 NZD"),
        ("sending", "payment of inv-2 Acme, 600.00 NZD"),
        ("failed", "payment of inv-2 Acme, 600.00 NZD: invoice is locked"),
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_approvals_given_together_name_those_that_follow(count: int) -> None:
    made = plan(
        *(
            proposal(f"p{n}", payment("w1", "inv-1", "1.00", due="1000.00", plan_id=f"plan-{n}"), line=f"l{n}")
            for n in range(count)
        )
    )
    decisions = together([bind(made, p) for p in made.proposals])
    assert [d.following for d in decisions] == [tuple(f"p{m}" for m in range(n + 1, count)) for n in range(count)]
