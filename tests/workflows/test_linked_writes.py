"""Linked writes of which only some succeed, and a run that ends between them: told, found again, finished, once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.plan import Plan, Proposal
from finchat.connections.toolbox import CallError, CallResult
from finchat.errors import ExitCode
from finchat.safety.approval import ReviewContext
from finchat.sandbox.xero.back_end import XeroBackEnd
from finchat.settings import Home
from finchat.workflows.earlier import earlier
from tests.workflows.desk import Counted, Desk, Scripted, back_end_of, company, open_desk, written_feed
from tests.workflows.test_settlement_rows import ANCHOR, answered


class Faulty(Counted):
    """The server refuses one tool, or does what it asks and is never heard of again."""

    refused = ""
    silent_after = ""
    _gone = False

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        if name == self.refused:
            self.calls.append(name)
            return CallResult(error=CallError(code="validation", message="not today", outcome="failed", status=400))
        if self._gone:
            return CallResult(error=CallError(code="connection_lost", message="no answer", outcome="unknown"))
        found = await super().call(name, arguments, idempotency_key=idempotency_key, deadline_s=deadline_s)
        if name == self.silent_after:
            self._gone = True
            return CallResult(error=CallError(code="connection_lost", message="no answer", outcome="unknown"))
        return found


@dataclass(frozen=True)
class Week:
    """A company with a plan that is answered and not written yet."""

    back_end: XeroBackEnd
    home: Home
    feed: Path
    plan: Plan

    def proposal(self, *operations: str) -> Proposal:
        return next(p for p in self.plan.proposals if tuple(w.operation for w in p.writes) == operations)


async def planned(place: Path) -> Week:
    seeded = company(1, ANCHOR)
    back_end, home, feed = back_end_of(seeded, ANCHOR), Home(place / "home"), written_feed(seeded, place / "feed.json")
    async with open_desk(back_end, home, ANCHOR) as desk:
        plan, _ = await answered(desk, (await desk.reconcile(feed, days=30)).plan)
        desk.journal.plan_made(plan)
    return Week(back_end, home, feed, plan)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    return asyncio.run(planned(tmp_path_factory.mktemp("week")))


async def finish(desk: Desk, plan: Plan, proposal: Proposal) -> list[str]:
    """Applies the plan again for one proposal; the tools that were called to write."""
    before = len(desk.session.calls)
    done = earlier(plan, desk.journal)
    context = ReviewContext(proposal_ids=(proposal.id,))
    applied = await desk.apply(plan, Scripted(only=[proposal.id]), done=done, context=context)
    assert {r.outcome for r in applied.results if r.proposal_id == proposal.id} == {"committed"}
    assert applied.differences == ()
    return [name for name in desk.session.calls[before:] if name.startswith("create_")]


async def test_when_the_second_of_two_writes_is_refused_the_first_stays_the_rest_is_told_and_can_be_sent_again(
    week: Week,
) -> None:
    proposal = week.proposal("payment.create", "bank_transaction.create")
    assert proposal.kind == "overpayment"
    async with open_desk(week.back_end, week.home, ANCHOR, session=Faulty) as desk:
        assert isinstance(desk.session, Faulty)
        desk.session.refused = "create_a_xero_bank_transaction"
        applied = await desk.apply(week.plan, Scripted(only=[proposal.id]))
        outcomes = [r.outcome for r in applied.results if r.proposal_id == proposal.id]
        assert (outcomes, applied.exit_code) == (["committed", "failed"], ExitCode.WRITE_REFUSED)
        # What was approved and did not happen is missing from the balances, to the cent, and said.
        assert {d.expected and d.actual and abs(d.expected - d.actual) for d in applied.differences} == {
            Decimal("50.00")
        }
    async with open_desk(week.back_end, week.home, ANCHOR) as desk:
        again = await desk.reconcile(week.feed, days=30, plan_id="20261120-99999999")
        (finding,) = [f for f in again.findings if f.line_id == proposal.line_id]
        assert (finding.code, finding.amount) == ("part_recorded", Decimal("50.00"))
        assert f"finchat apply {week.plan.id} sends only what is missing" in finding.next
        assert not [p for p in again.plan.proposals if p.line_id == proposal.line_id]
        assert await finish(desk, week.plan, proposal) == ["create_a_xero_bank_transaction"]
        whole = await desk.reconcile(week.feed, days=30, plan_id="20261120-99999998")
    assert not [f for f in whole.findings if f.line_id == proposal.line_id]


CRASHES = {
    "refund": (("payment.create",), "create_a_xero_payment"),
    "transfer": (("bank_transfer.create",), "create_a_xero_bank_transfer"),
    "spend_money": (("bank_transaction.create",), "create_a_xero_bank_transaction"),
    "prepayment": (("bank_transaction.create",), "create_a_xero_bank_transaction"),
    "contact": (("contact.create", "bank_transaction.create"), "create_a_xero_contact"),
    "credit_note": (("payment.create", "credit_note.create", "credit_note.allocate"), "create_a_xero_credit_note"),
    "allocation": (
        ("payment.create", "credit_note.create", "credit_note.allocate"),
        "create_a_xero_credit_note_allocation",
    ),
}


@pytest.mark.parametrize("what", CRASHES)
async def test_a_write_nobody_heard_of_again_is_found_in_the_ledger_by_the_next_start_and_never_sent_twice(
    what: str, week: Week
) -> None:
    operations, tool = CRASHES[what]
    fitting = [p for p in week.plan.proposals if tuple(w.operation for w in p.writes) == operations]
    named = [p for p in fitting if p.kind == what or what in ("contact", "credit_note", "allocation")]
    proposal = named[list(CRASHES).index(what) % 2 if what in ("credit_note", "allocation") else 0]
    lost = next(w for w in proposal.writes if w.tool == tool)
    async with open_desk(week.back_end, week.home, ANCHOR, session=Faulty) as desk:
        assert isinstance(desk.session, Faulty)
        desk.session.silent_after = tool
        with pytest.raises(Exception, match="no answer"):
            await desk.apply(week.plan, Scripted(only=[proposal.id]))
        states = {r.write_id: r.state for r in desk.journal.writes(week.plan.id) if r.proposal_id == proposal.id}
        assert states[lost.id] == "unknown"
    async with open_desk(week.back_end, week.home, ANCHOR) as desk:
        found = {r.write_id: r for r in desk.journal.writes(week.plan.id) if r.proposal_id == proposal.id}
        assert (found[lost.id].state, bool(found[lost.id].ledger_id)) == ("committed", True)
        rest = [w.tool for w in proposal.writes[proposal.writes.index(lost) + 1 :]]
        if rest:
            assert await finish(desk, week.plan, proposal) == rest
        assert proposal.line_id in desk.journal.consumed(desk.organisation.id)


class Twin(Counted):
    """A server that does what it is asked and answers with another record, alike in all but the token."""

    twin = ("", "")  # the tool that writes, and the id of the other record

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        found = await super().call(name, arguments, idempotency_key=idempotency_key, deadline_s=deadline_s)
        tool, id = self.twin
        if name != tool:
            return found
        return await super().call(f"get_single_{tool.removeprefix('create_a_')}_by_id", {"id": id})


@pytest.mark.parametrize("kind", ["transfer", pytest.param("spend_money", marks=pytest.mark.slow)])
async def test_an_answer_with_a_twin_of_another_token_is_not_taken_for_the_write(kind: str, tmp_path: Path) -> None:
    week = await planned(tmp_path)
    proposal = next(p for p in week.plan.proposals if p.kind == kind and len(p.writes) == 1)
    (write,) = proposal.writes
    async with open_desk(week.back_end, week.home, ANCHOR, session=Twin) as desk:
        assert isinstance(desk.session, Twin)
        token = str((write.verify or {})["token"])
        alike = {**write.arguments, "reference": str(write.arguments["reference"]).replace(token, "fc-aaaaaaaaaa")}
        (made,) = ((await desk.session.call(write.tool, alike)).structured or {})["records"]
        id = made["BankTransferID" if kind == "transfer" else "BankTransactionID"]
        desk.session.twin = (write.tool, id)
        applied = await desk.apply(week.plan, Scripted(only=[proposal.id]))
        (result,) = [r for r in applied.results if r.proposal_id == proposal.id]
    assert result.outcome == "committed"
    assert result.ledger_id not in (None, id)


async def test_what_a_later_write_builds_on_is_what_the_ledger_holds_and_not_what_an_odd_answer_says(
    tmp_path: Path,
) -> None:
    week = await planned(tmp_path)
    proposal = week.proposal("payment.create", "credit_note.create", "credit_note.allocate")
    note = proposal.writes[1]
    async with open_desk(week.back_end, week.home, ANCHOR, session=Twin) as desk:
        assert isinstance(desk.session, Twin)
        token = str((note.verify or {})["token"])
        alike = {
            key: value.replace(token, "fc-aaaaaaaaaa") if isinstance(value, str) else value
            for key, value in note.arguments.items()
        }
        (made,) = ((await desk.session.call(note.tool, alike)).structured or {})["records"]
        desk.session.twin = (note.tool, made["CreditNoteID"])
        applied = await desk.apply(week.plan, Scripted(only=[proposal.id]))
        assert {r.outcome for r in applied.results if r.proposal_id == proposal.id} == {"committed"}
        (others,) = (await desk.outside.get(f"/CreditNotes/{made['CreditNoteID']}"))["CreditNotes"]
        assert (others["Allocations"], Decimal(str(others["RemainingCredit"]))) == ([], note.amount)
