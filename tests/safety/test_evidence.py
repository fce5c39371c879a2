"""Evidence packs: one of every write that was sent, made again from the journal, never in the way of the write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finchat import verifier
from finchat.books.plan import Plan
from finchat.events import Notice
from finchat.safety import evidence as packs_of
from finchat.safety.approval import bind
from finchat.safety.evidence import Evidence
from finchat.safety.journal import Conclusion
from tests.safety.world import SERVER, Fault, World, one_payment, payment, plan, proposal

Worlds = Callable[..., World]


async def write(world: World, made: Plan | None = None, *, more_follow: bool = False) -> Plan:
    made = made or one_payment()
    world.journal.plan_made(made)
    for one in made.proposals:
        await world.guard.execute(made, one, bind(made, one), more_follow=more_follow)
    return made


def pack(world: World, name: str = "p1-w1", plan_id: str = "plan-1") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((world.home.evidence / plan_id / f"{name}.json").read_text())
    return found


def checked(world: World) -> verifier.EvidenceReport:
    world.audit.flush()
    lines = verifier.Lines()
    assert verifier.check(world.home.audit_log, world.home.audit_head, lines.add).ok
    return verifier.check_evidence(world.home.evidence, lines)


async def test_a_write_leaves_its_payload_approval_log_lines_and_what_the_ledger_says(world: World) -> None:
    made = await write(await world.opened())
    found = pack(world)
    assert found["payload"]["arguments"] == {"invoice_id": "inv-1", "amount": "400.00", "reference": "plan-1-w1"}
    assert found["plan"] == {"id": "plan-1", "hash": made.hash, "made_here": True}
    assert [line["event"] for line in found["audit"]] == ["decision", "intent", "outcome", "read_back"]
    assert (found["outcome"], found["ledger_id"], found["due_after"]) == ("committed", "pay-1", "600.00")
    assert "was read back as it was sent" in found["read_back"]["text"]
    assert found["idempotency_key"] == world.vendor.keys[0]
    assert all(found["instants"].values())
    directory = world.home.evidence / "plan-1"
    assert {p.name: p.stat().st_mode & 0o777 for p in directory.iterdir()} == {"p1-w1.json": 0o600, "plan.json": 0o600}
    assert directory.stat().st_mode & 0o777 == 0o700
    assert checked(world) == verifier.EvidenceReport(1, 0, (), (), ())


@pytest.mark.parametrize(
    ("fault", "outcome", "event"),
    [("refused", "failed", "outcome"), ("never_commit", "not_sent", "outcome"), ("commit_then_drop", "committed", "")],
)
async def test_failed_and_unclear_writes_leave_evidence_too(
    world: World, fault: Fault, outcome: str, event: str
) -> None:
    await world.opened()
    world.vendor.faults = [fault]
    await write(world)
    found = pack(world)
    assert found["outcome"] == outcome
    assert (found["error"] is None) is (outcome == "committed")
    assert not event or found["audit"][-1]["event"] == event
    assert checked(world).problems == ()


async def test_a_write_that_was_never_sent_leaves_none(world: World) -> None:
    await world.opened()
    world.vendor.set_due("inv-1", "999.00")
    await write(world)
    assert not world.home.evidence.exists()


async def test_a_second_try_is_in_the_same_pack_with_both_approvals(world: World) -> None:
    await world.opened()
    world.vendor.faults = ["refused"]
    made = await write(world)
    assert pack(world)["outcome"] == "failed"
    await write(world, made)
    found = pack(world)
    assert (found["outcome"], len(found["approvals"])) == ("committed", 2)
    assert found["instants"]["approved_at"] == found["approvals"][1]["approved_at"]
    events = ["decision", "intent", "outcome"]
    assert [line["event"] for line in found["audit"]] == [*events, *events, "read_back"]
    assert checked(world).problems == ()


async def test_packs_of_writes_approved_together_come_with_their_read_back(world: World) -> None:
    await world.opened()
    made = plan(
        proposal("p1", payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1"), line="line-1"),
        proposal(
            "p2", payment("w1", "inv-2", "100.00", due="600.00", plan_id="plan-1-b", line="line-2"), line="line-2"
        ),
    )
    await write(world, made, more_follow=True)
    assert not world.home.evidence.exists()
    await world.guard.read_back()
    assert [pack(world, f"p{n}-w1")["read_back"] is not None for n in (1, 2)] == [True, True]
    assert checked(world).packs == 2


async def test_what_is_missing_or_behind_is_made_at_the_next_start_the_same_to_the_byte(worlds: Worlds) -> None:
    first = await worlds().opened()
    await write(first)
    path = first.home.evidence / "plan-1" / "p1-w1.json"
    before = path.read_bytes()
    first.close()
    for gone in ("p1-w1.json", "plan.json"):
        path.with_name(gone).unlink()
        again = await worlds().opened()
        assert path.read_bytes() == before
        assert checked(again).problems == ()
        again.close()
    path.write_bytes(b"{}")  # what was changed is not covered up
    again = await worlds().opened()
    assert path.read_bytes() == b"{}"
    assert len(checked(again).problems) == 1


async def test_a_write_that_recovery_settles_has_its_evidence_from_the_start(worlds: Worlds) -> None:
    first = await worlds().opened()
    first.vendor.readable = False
    first.vendor.faults = ["commit_then_drop"]
    await write(first)
    assert pack(first)["outcome"] == "unknown"
    first.close()
    second = await worlds().opened()
    found = pack(second)
    assert (found["outcome"], found["ledger_id"]) == ("committed", "pay-1")
    assert [line["event"] for line in found["audit"]][-2:] == ["recovery", "read_back"]
    assert checked(second).problems == ()


async def test_a_word_of_a_person_is_in_the_evidence(worlds: Worlds) -> None:
    world = await worlds().opened()
    world.vendor.readable = False
    world.vendor.faults = ["commit_then_drop"]
    await write(world)
    record = world.journal.resolve("plan-1/p1/w1", committed="pay-1")
    world.audit.evidence.keep([record])
    found = pack(world)
    assert (found["outcome"], found["read_back"]) == ("committed", None)
    assert "settled by hand" in found["audit"][-1]["text"]
    assert checked(world).problems == ()


async def test_writes_older_than_the_packs_get_them_from_the_log(worlds: Worlds) -> None:
    first = await worlds().opened()
    await write(first)
    before = pack(first)
    (first.home.evidence / "plan-1" / "p1-w1.json").unlink()
    first.close()
    with closing(sqlite3.connect(first.home.database)) as state, state:
        state.execute("DELETE FROM write_lines")
        state.execute("DELETE FROM evidence")
    second = await worlds().opened()
    assert pack(second) == before


async def test_a_disk_that_is_full_is_a_warning_and_the_next_start_makes_the_pack(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await worlds().opened()

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(packs_of, "write_private", full)
        await write(first)
    assert [w.state for w in first.journal.writes()] == ["committed"]
    (warning,) = [e.text for e in first.events if isinstance(e, Notice) and "evidence" in e.text]
    assert "No space left on device" in warning
    assert "what was written stands" in warning
    first.close()
    second = await worlds().opened()
    assert pack(second)["outcome"] == "committed"
    assert checked(second).problems == ()


async def test_a_real_full_disk_does_not_lose_the_outcome(worlds: Worlds) -> None:
    world = await worlds().opened()
    world.home.evidence.symlink_to("/dev/full")
    await write(world)
    assert [w.state for w in world.journal.writes()] == ["committed"]
    assert any(isinstance(e, Notice) and e.severity == "warning" for e in world.events)


async def test_a_secret_in_a_payload_is_masked_and_the_pack_says_that_it_proves_nothing(world: World) -> None:
    await world.opened()
    made = one_payment()
    reference = "Inv 7 hunter2-hunter2"
    first = made.proposals[0].writes[0]
    secret = replace(first, arguments={**first.arguments, "reference": reference})
    made = plan(replace(made.proposals[0], writes=(secret,)))
    await write(world, made)
    assert checked(world).problems == ()
    for path in (world.home.evidence / "plan-1").iterdir():
        path.unlink()
    hiding = Evidence(world.database, world.home, secrets=("hunter2-hunter2", "short"))
    assert {p.write for p in hiding.packs()} == {"plan-1/p1/w1"}
    text = "".join(path.read_text() for path in (world.home.evidence / "plan-1").iterdir())
    assert "hunter2" not in text
    assert pack(world)["masked"] == ["plan.proposals[0].writes[0].arguments.reference", "payload.arguments.reference"]
    assert "nothing proves what was sent" in checked(world).problems[0]


async def test_an_id_that_an_earlier_write_supplied_is_named(world: World) -> None:
    await world.opened()
    second = payment("w2", "inv-2", "100.00", due="600.00", plan_id="plan-1", depends_on=("w1",))
    second = replace(second, arguments={**second.arguments, "note": {"$from": "w1.PaymentID"}})
    made = plan(proposal("p1", payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1"), second))
    await write(world, made)
    assert pack(world, "p1-w2")["references"] == {"w1.PaymentID": "pay-1"}
    assert pack(world)["references"] == {}
    assert checked(world).problems == ()


async def test_no_two_writes_share_a_name(world: World) -> None:
    await world.opened()
    made = plan(
        proposal("a-b", payment("c", "inv-1", "400.00", due="1000.00", plan_id="plan-1"), line="line-1"),
        proposal("a", payment("b-c", "inv-2", "100.00", due="600.00", plan_id="plan-1", line="line-2"), line="line-2"),
    )
    await write(world, made)
    names = {path.name for path in (world.home.evidence / "plan-1").glob("*-*.json")}
    assert names == {"a=b-c.json", "a-b=c.json"}
    assert checked(world).problems == ()


async def test_packs_stay_when_the_journal_forgets(world: World) -> None:
    await world.opened()
    await write(world)
    with world.database.transaction() as connection:
        connection.execute("DELETE FROM writes")
    assert [p.write for p in world.audit.evidence.packs()] == ["plan-1/p1/w1"]
    assert [p.written for p in world.audit.evidence.packs("plan-1")] == [False]
    assert world.audit.evidence.packs("plan-2") == ()


async def test_a_line_that_comes_later_makes_the_pack_anew(worlds: Worlds) -> None:
    world = await worlds().opened()
    world.vendor.readable = False
    world.vendor.faults = ["commit_then_drop"]
    await write(world)
    record = world.journal.writes("plan-1")[0]
    world.journal.conclude(record, Conclusion(outcome="unknown", text="still not known"), event="recovery")
    assert pack(world)["audit"][-1]["text"] != "still not known"
    assert "leaves out record" in checked(world).problems[0]
    assert world.audit.evidence.catch_up(plan_id="plan-1") == {("plan-1", "p1", "w1")}
    assert pack(world)["audit"][-1]["text"] == "still not known"
    assert world.audit.evidence.catch_up() == frozenset()
    assert checked(world).problems == ()
    assert SERVER in pack(world)["org"]["server"]
