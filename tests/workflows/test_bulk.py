"""Approving a whole week together: few calls, everything read back, and what differs is told and ends in 8."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from finchat.books.plan import Plan
from finchat.errors import ExitCode
from finchat.events import Emit, Notice, Writing
from finchat.safety.approval import Approval, ApprovalDecision, Approve, ReviewContext, bind, together
from finchat.safety.unattended import UnattendedVerdict
from finchat.settings import Home
from finchat.workflows.unattended import PolicyApprover
from tests.workflows.desk import Desk, Scripted, back_end_of, company, open_desk, written_feed

ANCHOR = date(2026, 11, 20)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    seeded = company(1, ANCHOR)
    written_feed(seeded, tmp_path / "feed.json")
    async with open_desk(back_end_of(seeded, ANCHOR), Home(tmp_path / "home"), ANCHOR) as opened:
        yield opened


async def test_a_week_approved_together_is_checked_and_read_back_in_a_few_calls(desk: Desk, tmp_path: Path) -> None:
    found = await desk.reconcile(tmp_path / "feed.json")
    assert len(desk.session.calls) == 13
    before = len(desk.session.calls)
    applied = await desk.apply(found.plan, Scripted(bulk=True))
    calls = desk.session.calls[before:]
    writes = [n for n, name in enumerate(calls) if name.startswith("create_")]
    done = [r for r in applied.results if r.outcome == "committed"]
    assert len(done) == len(writes) > 50
    assert (applied.exit_code, applied.differences) == (ExitCode.DONE, ())
    checked = Counter(calls[1 : writes[0]])  # the first call is the balance before
    read = Counter(calls[writes[-1] + 1 : -1])  # the last is the balance after
    assert checked["list_all_xero_organisations"] == checked["list_all_xero_accounts"] == 1
    for counted in (checked, read):
        assert counted["list_all_xero_invoices"] == 2  # 59 documents, 40 a call
        assert sum(n for name, n in counted.items() if "credit_note" in name) == 1
        assert sum(n for name, n in counted.items() if "payment" in name) == 2  # prepayments and overpayments
    assert checked["list_all_xero_contacts"] == checked["list_all_xero_tax_rates"] == 1
    assert read["list_all_xero_bank_transactions"] == 1
    tracked = checked.pop("list_all_xero_tracking_categories", 0)  # only where something is coded with tracking
    assert tracked <= 1
    assert (sum(checked.values()), sum(read.values())) == (9, 6)
    between = len(calls) - 1 - 9 - tracked - len(writes) - 6 - 1
    # What is due is read again where the same proposal has just put a credit against the document, and nowhere else.
    proposals = [p for p in found.plan.proposals if p.certainty == "certain"]
    assert between == sum(
        later.arguments.get("invoice_id", "") == earlier.arguments.get("invoice_id")
        for p in proposals
        for earlier, later in zip(p.writes, p.writes[1:], strict=False)
    )
    settled = {(p.id, w.id): w.amount for p in proposals for w in p.writes if "invoice_id" in w.arguments}
    of_documents = [r for r in done if (r.proposal_id, r.write_id) in settled]
    assert all(r.due_before is not None and r.due_after is not None for r in of_documents)
    assert all((r.due_before or 0) - (r.due_after or 0) == settled[r.proposal_id, r.write_id] for r in of_documents)
    assert all(record.read_back_at is not None for record in desk.journal.writes())


async def test_a_single_approval_is_read_back_with_one_call(desk: Desk, tmp_path: Path) -> None:
    found = await desk.reconcile(tmp_path / "feed.json")
    first = next(p for p in found.plan.proposals if len(p.writes) == 1 and p.kind == "payment")
    await desk.apply(found.plan, Scripted(only=[first.id]))
    calls = desk.session.calls
    assert calls[calls.index("create_a_xero_payment") + 1 :] == [
        "list_all_xero_invoices",
        "list_all_xero_trial_balance",
    ]


class TakingBack:
    """Approves together, and somebody deletes the first payment before the last is written."""

    def __init__(self, desk: Desk, ids: list[str]) -> None:
        self.desk = desk
        self.ids = ids

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        wanted = [p for p in plan.proposals if p.id in self.ids]
        for n, decision in enumerate(together([bind(plan, p, user="tester") for p in wanted])):
            if n == len(wanted) - 1:
                (first, *_) = [r for r in self.desk.journal.writes() if r.state == "committed"]
                await self.desk.outside.post(f"/Payments/{first.ledger_id}", {"Status": "DELETED"})
            yield decision


async def test_a_payment_taken_back_meanwhile_is_told_and_never_sent_again(desk: Desk, tmp_path: Path) -> None:
    found = await desk.reconcile(tmp_path / "feed.json")
    ids = [p.id for p in found.plan.proposals if len(p.writes) == 1 and p.kind == "payment"][:3]
    applied = await desk.apply(found.plan, TakingBack(desk, ids))
    results = [r for r in applied.results if r.proposal_id in ids]
    assert [r.outcome for r in results] == ["committed"] * 3
    codes = [r.error and r.error.code for r in results]
    assert codes == ["read_back_differs", None, None]
    assert applied.exit_code == ExitCode.MISMATCH
    assert any("it was deleted since" in e.text for e in desk.events if isinstance(e, Notice))
    sent = desk.session.calls.count("create_a_xero_payment")
    again = await desk.apply(found.plan, Scripted(only=ids[:1]))
    assert desk.session.calls.count("create_a_xero_payment") == sent
    assert next(r for r in again.results if r.proposal_id == ids[0]).decision == "void"


async def test_what_is_told_while_writing_names_documents_and_people_not_tools(desk: Desk, tmp_path: Path) -> None:
    found = await desk.reconcile(tmp_path / "feed.json")
    await desk.apply(found.plan, Scripted(bulk=True))
    told = [e.text for e in desk.events if isinstance(e, Writing)]
    assert told
    guid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
    assert not [text for text in told if "create_a_xero" in text or guid.search(text)]
    links = {link.number: link for p in found.plan.proposals for link in p.links}
    paid = [text for text in told if text.startswith("paid ")]
    number = paid[0].split()[1]
    assert links[number].contact in paid[0]
    assert paid[0].endswith(f" {links[number].currency}")


class Lenient:
    """A policy that lets everything but p2 pass."""

    def unattended(self, plan: Plan, proposal: object) -> UnattendedVerdict:
        return UnattendedVerdict(proposal is not plan.proposals[1], "because")

    def approve_unattended(self, plan: Plan, proposal: object) -> Approval:
        return bind(plan, next(p for p in plan.proposals if p is proposal), by="policy:unattended")


async def test_what_a_policy_approves_is_given_together(desk: Desk, tmp_path: Path) -> None:
    found = await desk.reconcile(tmp_path / "feed.json")
    notices: list[object] = []
    emit: Emit = notices.append
    ids = tuple(p.id for p in found.plan.proposals[:4])
    decisions = [
        d async for d in PolicyApprover(Lenient(), emit).review(found.plan, ReviewContext(proposal_ids=ids))
    ]  # fmt: skip
    assert [d.following for d in decisions if isinstance(d, Approve)] == [(ids[2], ids[3]), (ids[3],), ()]
    assert len(notices) == 1
    assert len(decisions) == 3
