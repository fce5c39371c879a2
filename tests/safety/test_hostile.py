"""What a stranger may hand finchat: a forged plan file, a server that changes its words, the same file in two homes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finchat import verifier
from finchat.books.plan import Plan
from finchat.books.plan_json import plan_from_json
from finchat.canonical import sha256_of
from finchat.connections.toolbox import CallError, CallResult
from finchat.errors import UsageError, WriteRefused
from finchat.safety.approval import ApprovalDecision, Edit, Quit, ReviewContext, bind
from finchat.safety.audit import AuditRecord, verify
from finchat.safety.payload import one_record
from finchat.workflows import execute
from finchat.workflows.answering import Answers
from tests.safety.world import ORG, World, make_world, one_payment, payment, plan, proposal

Worlds = Callable[..., World]
EVIL = "p1\x1b[2J\u202e\nClass certain"


def forged(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """A plan file somebody changed and hashed again, as anybody can."""
    data = one_payment().as_json()
    change(data)
    del data["hash"]
    return {**data, "hash": sha256_of(data)}


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(id=EVIL),
        lambda d: d.update(id="../../policy"),
        lambda d: d["org"].update(base_currency=EVIL),
        lambda d: d["org"].update(sandbox="no"),
        lambda d: d["proposals"][0].update(id=EVIL),
        lambda d: d["proposals"][0].update(kind=EVIL),
        lambda d: d["proposals"][0].update({"class": "sure"}),
        lambda d: d["proposals"][0]["writes"][0].update(id=EVIL),
        lambda d: d["proposals"][0]["writes"][0].update(currency=EVIL),
        lambda d: d["proposals"][0]["writes"][0].update(if_dependency_fails=EVIL),
        lambda d: d["proposals"][0]["writes"][0]["effects"][0].update(currency=EVIL),
        lambda d: d["proposals"][0]["writes"][0]["effects"][0].update(control=EVIL),
        lambda d: d["proposals"][0]["links"][0].update(currency=EVIL),
        lambda d: d["proposals"][0]["links"][0].update(rate_source=EVIL),
        lambda d: d["proposals"].append(d["proposals"][0]),
        lambda d: d["proposals"][0]["writes"].append(d["proposals"][0]["writes"][0]),
    ],
)
def test_a_plan_file_names_nothing_that_a_card_could_not_print_as_it_is(
    change: Callable[[dict[str, Any]], None],
) -> None:
    assert plan_from_json(forged(lambda data: None)) == one_payment()
    with pytest.raises(ValueError, match=r"cannot be|is not|have the same"):
        plan_from_json(forged(change))


@pytest.mark.parametrize("odd", [None, 5, True, ["x"], {"a": 1}], ids=str)
@pytest.mark.parametrize(
    "change",
    [
        lambda d, odd: d["org"].update(name=odd),
        lambda d, odd: d["proposals"][0].update(line_id=odd),
        lambda d, odd: d["proposals"][0]["links"][0].update(number=odd),
        lambda d, odd: d["proposals"][0]["links"][0].update(contact=odd),
        lambda d, odd: d["proposals"][0]["links"][0].update(amount=odd),
        lambda d, odd: d["proposals"][0]["writes"][0]["effects"][0].update(account_id=odd),
        lambda d, odd: d["expected"].update(why_missing=odd or 5),
    ],
)
def test_a_plan_file_holds_text_where_a_screen_prints_text(
    change: Callable[[dict[str, Any], Any], None], odd: object
) -> None:
    with pytest.raises(ValueError, match="not"):
        plan_from_json(forged(lambda data: change(data, odd)))


@pytest.mark.parametrize("claim", [{"sandbox": True}, {"name": "Demo Company"}, {"base_currency": "AUD"}])
async def test_a_plan_that_calls_the_organisation_something_else_is_not_written(
    world: World, claim: dict[str, Any]
) -> None:
    await world.opened()
    made = replace(one_payment(), organisation=replace(ORG, **claim))
    (result,) = await world.guard.execute(made, made.proposals[0], bind(made, made.proposals[0]))
    assert (result.outcome, result.error and result.error.code) == ("not_sent", "other_organisation")
    assert world.vendor.keys == []


@pytest.mark.parametrize("reference", ["w1.Amount", "w1.AmountPaid", "w1.Reference", "w1"])
async def test_only_an_id_is_filled_in_from_an_earlier_reply(world: World, reference: str) -> None:
    await world.opened()
    first = payment("w1", "inv-1", "400.00", due="1000.00", plan_id="plan-1")
    second = payment("w2", "inv-2", "100.00", due="600.00", plan_id="plan-1")
    second = replace(second, arguments={**second.arguments, "amount": {"$from": reference}})
    made = plan(proposal("p1", first, second))
    results = await world.guard.execute(made, made.proposals[0], bind(made, made.proposals[0]))
    assert [r.outcome for r in results] == ["committed", "not_sent"]
    assert len(world.vendor.payments) == 1


async def test_a_limit_that_a_server_met_after_it_may_have_written_proves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that tries again inside: its first try was taken, its second met the limit, and it says so."""
    await world.opened()
    call = world.vendor.call

    async def tries_twice(name: str, arguments: Any, **words: Any) -> CallResult:
        result = await call(name, arguments, **words)
        if name != "pay":
            return result
        return CallResult(error=CallError(code="rate_limited", message="slow", outcome="unknown", status=429))

    monkeypatch.setattr(world.vendor, "call", tries_twice)
    made = one_payment()
    (result,) = await world.guard.execute(made, made.proposals[0], bind(made, made.proposals[0]))
    assert (result.outcome, result.ledger_id) == ("committed", "pay-1")
    assert len(world.vendor.keys) == 1


async def test_one_plan_file_in_two_homes_has_one_key_so_the_vendor_takes_one(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    here, there = make_world(tmp_path / "here"), make_world(tmp_path / "there")
    try:
        there.vendor.path = here.vendor.path
        made = one_payment()
        for world in (here, there):
            await world.opened()
            world.vendor.set_due("inv-1", "1000.00")  # both read it before either has paid
            (result,) = await world.guard.execute(made, made.proposals[0], bind(made, made.proposals[0]))
            assert result.ledger_id == "pay-1"
        assert here.vendor.keys == there.vendor.keys
        assert len(here.vendor.payments) == 1
    finally:
        here.close()
        there.close()


@pytest.mark.parametrize("head", [None, b"", b"{}\n"])
@pytest.mark.parametrize("cut", [0, 1])
def test_a_head_that_is_gone_or_says_nothing_stays_missed(
    world: World, worlds: Worlds, head: bytes | None, cut: int
) -> None:
    for number in range(3):
        with world.audit.recording() as entry:
            entry.log(AuditRecord(event="call", text=f"call {number}", call_id=f"call-{number}"))
        world.audit.flush()
    world.close()
    lines = world.home.audit_log.read_bytes().splitlines(keepends=True)
    world.home.audit_log.write_bytes(b"".join(lines[: len(lines) - cut]))
    if head is None:
        world.home.audit_head.unlink()
    else:
        world.home.audit_head.write_bytes(head)
    after = worlds()
    for _ in range(2):
        report = verify(after.home, after.database)
        assert (report.ok, report.line) == (False, 4)
        assert "audit.head" in report.text
    with after.audit.recording() as entry:
        entry.log(AuditRecord(event="call", text="one more", call_id="later"))
    after.audit.flush()
    assert not verify(after.home, after.database).ok
    assert not verifier.check(after.home.audit_log, after.home.audit_head).ok


def test_a_last_record_written_anew_is_told_apart_from_a_cut_tail(world: World) -> None:
    world.audit.note(AuditRecord(event="call", text="what happened", call_id="one"))
    world.audit.flush()
    line, _ = verifier.read_line(world.home.audit_log.read_bytes(), 1, verifier.START)
    assert line is not None
    with world.audit.recording() as entry:  # the journal no longer keeps the first line: it saw it in the file
        entry.log(AuditRecord(event="call", text="the last", call_id="two"))
    world.audit.flush()
    raw = world.home.audit_log.read_bytes().splitlines(keepends=True)
    last = verifier.read_line(raw[1], 2, line["hash"])[0]
    assert last is not None
    last["text"] = "nothing"
    last["hash"] = verifier.hash_of(last)
    text = json.dumps(last, ensure_ascii=False, separators=(",", ":"))
    world.home.audit_log.write_bytes(raw[0] + text.encode() + b"\n")
    world.home.audit_head.write_text(json.dumps({"seq": 2, "hash": last["hash"]}) + "\n")
    report = verify(world.home, world.database)
    assert (report.ok, report.line) == (False, 2)
    assert "is not the one that the journal knows" in report.text


@pytest.mark.parametrize("id", ["", " ", "pay-1\n", "\x1b[2J", "x" * 201])
async def test_only_an_id_settles_an_open_write_by_hand(world: World, id: str) -> None:
    await world.opened()
    world.vendor.faults, world.vendor.readable = ["commit_then_drop"], False
    made = one_payment()
    await world.guard.execute(made, made.proposals[0], bind(made, made.proposals[0]))
    with pytest.raises(UsageError, match="not an id"):
        world.journal.resolve("plan-1/p1/w1", committed=id)
    (record,) = world.journal.writes("plan-1")
    assert record.state == "unknown"


class OneEdit:
    """Approver that changes the amount of the first card it is shown, and then leaves."""

    def __init__(self) -> None:
        self.asked = 0

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        self.asked += 1
        write = plan.proposals[0].writes[0]
        yield Edit("p1", write.id, {"amount": "300.00"}) if self.asked == 1 else Quit()


@pytest.mark.parametrize("foreign", [True, False])
async def test_a_change_on_a_card_does_not_make_a_foreign_plan_our_own(world: World, foreign: bool) -> None:
    await world.opened()
    made = one_payment()
    write = made.proposals[0].writes[0]
    write = replace(write, arguments={**write.arguments, "date": "2026-11-20"}, tool="create_a_xero_payment")
    made = replace(made, proposals=(replace(made.proposals[0], writes=(write,)),))
    if not foreign:
        world.journal.plan_made(made)
    applied = await execute.apply(
        made, guard=world.guard, journal=world.journal, approver=OneEdit(),
        context=ReviewContext(proposal_ids=("p1",), foreign=foreign), before=made.expected,
        read_balances=pytest.fail, new_plan=lambda changed: changed, now=world.journal.now,
        new_id=lambda: "plan-2", answered=Answers(),
        emit=world.events.append,
    )  # fmt: skip
    assert applied.plan.id == "plan-2"
    assert world.journal.knows(applied.plan) is not foreign


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        ({"Payments": [{"Amount": "1"}, {"Amount": "2"}]}, True),
        ({"PAYMENTS": [[{"Amount": "1"}, {"Amount": "2"}]]}, True),
        ({"Payments": '[{"Amount": "1"}, {"Amount": "2"}]'}, True),
        ({"Payments": {"0": {"Amount": "1"}, "1": {"Amount": "2"}}}, True),
        ({"body": '{"Payments": [{"Amount": "1"}, {"Amount": "2"}]}'}, True),
        ({"Payments": [{"Amount": "1"}]}, False),
        ({"reference": "[INV-1] and {INV-2}", "line_items": [{"a": "1"}, {"a": "2"}]}, False),
    ],
)
def test_two_records_are_found_however_they_are_packed(arguments: dict[str, Any], refused: bool) -> None:
    if not refused:
        return one_record("w1", arguments)
    with pytest.raises(WriteRefused, match="a call writes one"):
        one_record("w1", arguments)
