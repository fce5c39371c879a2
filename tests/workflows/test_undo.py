"""Undo over the real server and the real sandbox: what a plan wrote is taken back, and every balance is what it was."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from finchat.books.plan import Ask, Plan, Proposal
from finchat.errors import UsageError
from finchat.providers.writing.context import WriteContext
from finchat.providers.xero.reversal import OPERATIONS
from finchat.safety.approval import Answer, ApprovalDecision, Approve, ReviewContext, Skip, bind
from finchat.safety.policy import Defaults, Policy, UnattendedRules
from finchat.safety.reversing import contradiction
from finchat.safety.unattended import judge
from finchat.sandbox.company import SeededCompany
from finchat.sandbox.xero.back_end import XeroBackEnd
from finchat.settings import Home
from finchat.workflows.answering import Answers
from finchat.workflows.choosing import answer_of
from finchat.workflows.undo import Request, Undo, prepare, undo_sentence
from tests.workflows.desk import Desk, Prepared, Scripted, back_end_of, company, open_desk, prepared, written_feed

ANCHOR = date(2026, 11, 20)
PLAN_ID, UNDO_ID = "20261120-00000000", "20261120-00000undo"
_GONE = {"DELETED", "VOIDED"}
UNSHRUNK = (Phase.explicit, Phase.generate)  # an example takes a second: a failing one is told as it is


@pytest.fixture(scope="module")
def seeded() -> SeededCompany:
    return company(1, ANCHOR)


@pytest.fixture
def back_end(seeded: SeededCompany) -> XeroBackEnd:
    return back_end_of(seeded, ANCHOR)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def feed(seeded: SeededCompany, tmp_path: Path) -> Path:
    return written_feed(seeded, tmp_path / "feed.json")


async def proposed(desk: Desk, of: str = PLAN_ID, plan_id: str = UNDO_ID) -> Undo:
    """What undo would do, kept in the journal as the command keeps it."""
    request = Request(
        of=of, as_of=desk.as_of, plan_id=plan_id, created_at=desk.journal.now(),
        server_fingerprint=desk.settings.fingerprint(desk.organisation.id), command=("undo", of),
    )  # fmt: skip
    found = await prepare(desk.provider, request, records=desk.journal)
    desk.journal.plan_made(found.plan)
    return found


def everyone(plan: Plan) -> Scripted:
    return Scripted(only=[p.id for p in plan.proposals], bulk=True)


@dataclass
class Person:
    """Approves the chosen proposals and skips the others; answers what must be, and what may be for `answers`."""

    chart: WriteContext
    chosen: Collection[str]
    answers: Collection[str] = ()

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        for proposal in [p for p in plan.proposals if p.id in context.proposal_ids]:
            ask = next((a for a in proposal.open_asks if a.required or proposal.id in self.answers), None)
            if proposal.id not in self.chosen:
                yield Skip(proposal.id)
            elif ask is None:
                yield Approve(bind(plan, proposal, user="tester"))
            else:
                yield self._answer(proposal, ask)
                return  # asked again, about the plan that the answer makes

    def _answer(self, proposal: Proposal, ask: Ask) -> Answer:
        assert proposal.line is not None
        spent = proposal.line.direction == "spend"
        return answer_of(
            self.chart, proposal.id, ask, account="404" if spent else "205", tax="NONE" if spent else "OUTPUT2",
            new_contact="" if ask.contact_id else f"Payee of {proposal.id}",
        )  # fmt: skip


def a_payment(plan: Plan) -> list[str]:
    """The first proposal of one payment."""
    return [single(plan).id]


def payments_of(plan: Plan) -> list[str]:
    return [p.id for p in plan.proposals if [w.operation for w in p.writes] == ["payment.create"]]


def two_payments(plan: Plan) -> list[str]:
    return payments_of(plan)[:2]


def a_part_payment(plan: Plan) -> list[str]:
    """The first proposal of one payment that leaves some of its document open."""
    left = {
        p.id: (p.writes[0].verify or {}).get("due_after", "0.00") for p in plan.proposals if p.id in payments_of(plan)
    }
    return [id for id, due in left.items() if due not in ("0.00", "0")][:1]


def a_settled_rest(plan: Plan) -> list[str]:
    """The first proposal of a payment whose rest can be settled with a credit note."""
    return [p.id for p in plan.proposals if p.writes and any(ask.kind == "fee" for ask in p.asks)][:1]


def every_eighth_payment(plan: Plan) -> list[str]:
    return payments_of(plan)[::8]


async def written(
    desk: Desk,
    feed: Path,
    *,
    only: Callable[[Plan], Collection[str]],
    answers: Collection[str] | None = None,
    days: int = 3,
) -> Plan:
    """A plan of some days of which these proposals were written, with their questions (or only these) answered."""
    plan = (await desk.reconcile(feed, days=days)).plan
    chosen = only(plan)
    chart = await desk.provider.write_context(plan.id, chart=True)
    person = Person(chart, chosen, chosen if answers is None else answers)
    applied = await desk.apply(plan, person, answered=Answers(chart))
    assert {r.outcome for r in applied.now if r.proposal_id in chosen} == {"committed"}
    assert applied.differences == ()
    return plan


@pytest.fixture(scope="module")
def one_payment(seeded: SeededCompany, tmp_path_factory: pytest.TempPathFactory) -> Prepared[Plan]:
    """A plan of which one payment was written."""

    async def run(desk: Desk, feed: Path) -> Plan:
        return await written(desk, feed, only=a_payment)

    return prepared(seeded, ANCHOR, tmp_path_factory.mktemp("one"), run)


@pytest.fixture(scope="module")
def both_payments(seeded: SeededCompany, tmp_path_factory: pytest.TempPathFactory) -> Prepared[Plan]:
    """A plan of which two payments were written."""

    async def run(desk: Desk, feed: Path) -> Plan:
        return await written(desk, feed, only=two_payments)

    return prepared(seeded, ANCHOR, tmp_path_factory.mktemp("two"), run)


async def ledger(desk: Desk) -> dict[str, Any]:
    """Everything that counts, as the ledger shows it over HTTP: what is gone is as if it had never been."""
    found: dict[str, Any] = {"balances": {k: v for k, v in (await desk.outside.trial_balance(ANCHOR)).items() if v}}
    amounts = ("AmountDue", "AmountPaid", "AmountCredited", "RemainingCredit", "Total", "Amount", "Status", "Date")
    for resource, id_field in (
        ("Invoices", "InvoiceID"), ("CreditNotes", "CreditNoteID"), ("Overpayments", "OverpaymentID"),
        ("Prepayments", "PrepaymentID"), ("Payments", "PaymentID"), ("BankTransactions", "BankTransactionID"),
        ("BankTransfers", "BankTransferID"),
    ):  # fmt: skip
        records = (await desk.outside.get(f"/{resource}", page="1", pageSize="1000"))[resource]
        assert len(records) < 1000
        for record in records:
            if record.get("Status") not in _GONE:
                found[f"{resource} {record[id_field]}"] = {
                    **{name: record[name] for name in amounts if name in record},
                    "payments": sorted(p["PaymentID"] for p in record.get("Payments") or ()),
                    "allocations": sorted(
                        (a["AllocationID"], str(a["Amount"]))
                        for a in record.get("Allocations") or ()
                        if not a["IsDeleted"]
                    ),
                }
    return found


def single(plan: Plan, operation: str = "payment.create") -> Proposal:
    """A proposal of one such write."""
    return next(p for p in plan.proposals if [w.operation for w in p.writes] == [operation])


def one_of_each(plan: Plan) -> list[str]:
    """A proposal of every shape: kind, operations and question."""
    shapes = {
        (p.kind, tuple(w.operation for w in p.writes), tuple((a.kind, bool(a.contact_id)) for a in p.asks)): p.id
        for p in plan.proposals
    }
    return list(shapes.values())


async def test_what_a_plan_wrote_is_taken_back_and_every_balance_and_document_is_what_it_was(
    back_end: XeroBackEnd, home: Home, feed: Path
) -> None:
    async with open_desk(back_end, home, ANCHOR) as desk:
        before = await ledger(desk)
        chosen = one_of_each(await written(desk, feed, only=one_of_each, days=7))
        assert await ledger(desk) != before
        undo = await proposed(desk)
        assert undo.whole
        assert len(undo.plan.proposals) == len(chosen)
        assert {p.kind for p in undo.plan.proposals} <= {"delete", "void"}
        _in_reverse(desk, undo.plan)
        drafted = {"invoice.delete", "invoice.void"}  # no bank line makes an invoice
        assert {w.operation for p in undo.plan.proposals for w in p.writes} == OPERATIONS - drafted
        assert "stays_in_ledger" in {f.code for f in undo.findings}  # new contacts are never deleted
        done = await desk.apply(undo.plan, everyone(undo.plan))
        assert {r.outcome for r in done.results} == {"committed"}
        assert {r.error for r in done.results} == {None}
        assert done.differences == ()
        assert done.after == undo.plan.expected
        assert await ledger(desk) == before


def _in_reverse(desk: Desk, undo: Plan) -> None:
    """The last written is taken back first: an allocation before the credit note it came from."""
    taken = [w.reverses for p in undo.proposals for w in p.writes]
    sent = [record.name for record in desk.journal.writes() if record.reverses is None]
    assert taken == [name for name in reversed(sent) if name in taken]


async def test_after_an_undo_the_bank_line_can_be_settled_anew_and_never_twice(
    back_end: XeroBackEnd, home: Home, feed: Path
) -> None:
    async with open_desk(back_end, home, ANCHOR) as desk:
        first = await desk.reconcile(feed)
        chosen = single(first.plan)
        await desk.apply(first.plan, Scripted(only=[chosen.id]))
        again = await desk.reconcile(feed, plan_id="20261120-00000002")
        assert chosen.line_id not in {p.line_id for p in again.plan.proposals}
        undo = await proposed(desk)
        await desk.apply(undo.plan, everyone(undo.plan))
        anew = await desk.reconcile(feed, plan_id="20261120-00000003")
        same = next(p for p in anew.plan.proposals if p.line_id == chosen.line_id)
        assert [w.amount for w in same.writes] == [w.amount for w in chosen.writes]
        done = await desk.apply(anew.plan, Scripted(only=[same.id]))
        assert done.differences == ()
        last = await desk.reconcile(feed, plan_id="20261120-00000004")
        assert chosen.line_id not in {p.line_id for p in last.plan.proposals}
        old = await desk.guard.execute(first.plan, chosen, bind(first.plan, chosen, user="tester"))
        assert {r.error.code for r in old if r.error} == {"already_applied"}
        assert "taken back since" in str(old[0].error)


async def test_undoing_twice_says_by_what_it_was_undone_and_an_undo_is_not_undone(
    one_payment: Prepared[Plan], home: Home
) -> None:
    plan = one_payment.found
    async with one_payment.desk(home) as desk:
        undo = await proposed(desk)
        other = await proposed(desk, plan_id="20261120-0000undo2")
        (id,) = [r.ledger_id for r in desk.journal.writes(plan.id)]
        await desk.apply(undo.plan, everyone(undo.plan))
        again = await proposed(desk, plan_id="20261120-0000undo3")
        assert again.plan.proposals == ()
        assert again.whole
        (finding,) = again.findings
        assert finding.code == "undone_before"
        assert UNDO_ID in finding.text
        assert str(id) in finding.text
        with pytest.raises(UsageError) as refused:
            await proposed(desk, of=UNDO_ID)
        assert refused.value.code == "undo_of_undo"
        assert "reconcile" in str(refused.value.next)
        calls = len(desk.session.calls)
        late = await desk.apply(other.plan, everyone(other.plan))
        assert {r.error.code for r in late.results if r.error} == {"undone"}
        assert not [c for c in desk.session.calls[calls:] if c.startswith("delete_")]


async def test_a_plan_the_journal_does_not_know_cannot_be_undone(
    one_payment: Prepared[Plan], home: Home, tmp_path: Path
) -> None:
    async with one_payment.desk(home) as desk:
        with pytest.raises(UsageError, match="knows no plan") as unknown:
            await proposed(desk, of="20261120-elsewhere")
        assert (unknown.value.code, unknown.value.field) == ("not_written", "PLAN")
        await desk.reconcile(one_payment.feed, plan_id="20261120-0never0")
        with pytest.raises(UsageError, match="nothing of plan"):
            await proposed(desk, of="20261120-0never0")
    async with open_desk(one_payment.back_end, Home(tmp_path / "other"), ANCHOR) as desk:
        with pytest.raises(UsageError, match="knows no plan"):
            await proposed(desk)


def locked(back_end: XeroBackEnd, day: date) -> None:
    body = json.loads(back_end.db.execute("SELECT body FROM organisation").fetchone()[0])
    back_end.db.execute("UPDATE organisation SET body = ?", (json.dumps({**body, "PeriodLockDate": day.isoformat()}),))
    back_end.db.commit()


def sql(back_end: XeroBackEnd, statement: str, *values: object) -> None:
    back_end.db.execute(statement, values)
    back_end.db.commit()


_HINDRANCES = {
    "reconciled": ("UPDATE payment SET is_reconciled = 1 WHERE guid = ?", "reconciled in Xero", "unreconcile"),
    "batched": ('UPDATE payment SET batch = \'{"BatchPaymentID":"b-1"}\' WHERE guid = ?', "batch payment", "batch"),
}


@pytest.mark.parametrize("name", _HINDRANCES)
async def test_what_cannot_be_taken_back_is_named_with_the_reason_and_the_rest_goes(
    name: str, both_payments: Prepared[Plan], home: Home
) -> None:
    statement, reason, step = _HINDRANCES[name]
    plan = both_payments.found
    async with both_payments.desk(home) as desk:
        kept = desk.journal.writes(plan.id)[0]
        sql(desk.back_end, statement, kept.ledger_id)
        undo = await proposed(desk)
        assert not undo.whole
        assert len(undo.plan.proposals) == 1
        (finding,) = undo.findings
        assert finding.code == "cannot_undo"
        assert reason in finding.text
        assert str(kept.ledger_id) in finding.text
        assert step in finding.next.lower()
        done = await desk.apply(undo.plan, everyone(undo.plan))
        assert done.differences == ()
        standing = {p["PaymentID"] for p in await desk.outside.payments()}
        assert kept.ledger_id in standing


async def test_a_locked_period_keeps_a_payment_by_its_own_day(back_end: XeroBackEnd, home: Home, feed: Path) -> None:
    async with open_desk(back_end, home, ANCHOR) as desk:
        plan = await written(desk, feed, only=every_eighth_payment, answers=(), days=7)
        chosen = every_eighth_payment(plan)
        days = sorted({str(p.line.date) for p in plan.proposals if p.id in chosen and p.line is not None})
    lock = date.fromisoformat(days[len(days) // 2])
    locked(back_end, lock)
    async with open_desk(back_end, home, ANCHOR) as desk:
        undo = await proposed(desk)
        stuck = [f for f in undo.findings if f.code == "cannot_undo"]
        assert stuck
        assert all("locked up to" in f.text for f in stuck)
        kept = {w.reverses for p in undo.plan.proposals for w in p.writes}
        assert kept
        for proposal in plan.proposals:
            for write in proposal.writes:
                if f"{plan.id}/{proposal.id}/{write.id}" in kept:
                    assert date.fromisoformat(str(write.arguments["date"])) > lock


@pytest.mark.parametrize("name", [*_HINDRANCES, "locked", "deleted"])
async def test_what_changes_between_the_plan_and_the_yes_voids_the_undo(
    name: str, one_payment: Prepared[Plan], home: Home
) -> None:
    plan = one_payment.found
    async with one_payment.desk(home) as desk:
        back_end, undo = desk.back_end, await proposed(desk)
        (record,) = desk.journal.writes(plan.id)
        if name == "locked":
            locked(back_end, ANCHOR)
        elif name == "deleted":
            await desk.outside.post(f"/Payments/{record.ledger_id}", {"Status": "DELETED"})
        else:
            sql(back_end, _HINDRANCES[name][0], record.ledger_id)
    async with open_desk(back_end, home, ANCHOR) as desk:  # the yes is given in another run: nothing is remembered
        before = await ledger(desk)
        done = await desk.apply(undo.plan, everyone(undo.plan))
        assert {(r.decision, r.outcome) for r in done.results} == {("void", "not_sent")}
        assert {r.error.code for r in done.results if r.error} == {"precondition"}
        assert await ledger(desk) == before
        assert desk.journal.consumed(desk.organisation.id)


async def test_what_somebody_deleted_by_hand_is_said_and_its_bank_line_is_free(
    one_payment: Prepared[Plan], home: Home
) -> None:
    plan = one_payment.found
    async with one_payment.desk(home) as desk:
        (record,) = desk.journal.writes(plan.id)
        await desk.outside.post(f"/Payments/{record.ledger_id}", {"Status": "DELETED"})
        undo = await proposed(desk)
        assert (undo.plan.proposals, undo.whole) == ((), True)
        assert [f.code for f in undo.findings] == ["undone_by_hand"]
        assert not desk.journal.consumed(desk.organisation.id)
        line = next(p for p in plan.proposals if p.id == record.proposal_id).line_id
        anew = await desk.reconcile(one_payment.feed, plan_id="20261120-00000009")
        assert line in {p.line_id for p in anew.plan.proposals}


async def test_a_payment_that_others_paid_beside_is_still_taken_back_alone(
    back_end: XeroBackEnd, home: Home, feed: Path
) -> None:
    """What is due in the meantime is nobody's business: the payment comes off, and what is due grows by it."""
    async with open_desk(back_end, home, ANCHOR) as desk:
        plan = await written(desk, feed, only=a_part_payment, answers=())
        part = next(p for p in plan.proposals if [p.id] == a_part_payment(plan))
        undo = await proposed(desk)
        write = part.writes[0]
        await desk.outside.put("/Payments", {
            "Invoice": {"InvoiceID": write.arguments["invoice_id"]}, "Date": "2026-11-20", "Amount": 0.01,
            "Account": {"AccountID": write.arguments["account_id"]},
        })  # fmt: skip
        done = await desk.apply(undo.plan, everyone(undo.plan))
        (result,) = done.results
        assert (result.outcome, result.error) == ("committed", None)
        assert result.due_after is not None
        assert result.due_before is not None
        assert result.due_after - result.due_before == write.amount


async def test_an_undo_that_was_swapped_for_another_record_is_refused(
    both_payments: Prepared[Plan], home: Home
) -> None:
    async with both_payments.desk(home) as desk:
        undo = await proposed(desk)
        first, second = undo.plan.proposals
        another = replace(first, writes=(replace(first.writes[0], reverses=second.writes[0].reverses),))
        told = [replace(link, number="SI-1", contact="Somebody else") for link in first.links]
        before = await ledger(desk)
        for n, proposal in enumerate((another, replace(first, links=tuple(told)))):
            forged = replace(undo.plan, id=f"20261120-0forged{n}", proposals=(proposal,))
            done = await desk.apply(forged, everyone(forged))
            assert {r.error.code for r in done.results if r.error} == {"payload_changed"}
            assert await ledger(desk) == before


async def test_an_undo_of_a_credit_note_does_not_take_back_what_others_did_with_it(
    back_end: XeroBackEnd, home: Home, feed: Path
) -> None:
    """Of the right record, amount and effects, and yet another deed than the one that is named."""
    async with open_desk(back_end, home, ANCHOR) as desk:
        await written(desk, feed, only=a_settled_rest)
        undo = await proposed(desk)
        (of,) = undo.plan.proposals
        writes = {w.operation: w for w in of.writes}
        void, removal = writes["credit_note.void"], writes["credit_note.deallocate"]
        record = desk.journal.find(void.reverses)
        plan, id = desk.journal.plan(record.plan_id), record.ledger_id
    assert plan is not None
    case = next(p for p in plan.proposals if p.id == record.proposal_id)
    note = next(w for w in case.writes if w.id == record.write_id)
    forged = replace(void, operation=removal.operation, verify={**(removal.verify or {}), "allocation_id": "x"})
    assert contradiction(void, of, note, case, id) is None
    assert "kind" in (contradiction(forged, of, note, case, id) or "")
    assert "record" in (contradiction(void, of, note, case, None) or "")


async def test_undo_passes_unattended_only_by_its_own_kind_and_counts_for_the_day(
    one_payment: Prepared[Plan], home: Home
) -> None:
    def rules(*kinds: str) -> Policy:
        return Policy(
            unattended=UnattendedRules(
                kinds=frozenset(kinds), max_amount=10**6, max_total_per_day=10**6,  # type: ignore[arg-type]
                known_counterparties_only=False, expires=date(2026, 12, 31),
            )
        )  # fmt: skip

    async with one_payment.desk(home, policy=rules("payment")) as desk:
        back_end, undo = desk.back_end, await proposed(desk)
        (proposal,) = undo.plan.proposals
        assert "kind delete" in desk.guard.unattended(undo.plan, proposal).reason
        voiding = replace(proposal, writes=(replace(proposal.writes[0], operation="credit_note.void"),))
        assert "void" in judge(
            rules("delete").unattended, undo.plan, voiding, today=ANCHOR, foreign=False
        ).reason  # fmt: skip
    async with open_desk(back_end, home, ANCHOR, policy=rules("delete", "void")) as desk:
        approval = desk.guard.approve_unattended(undo.plan, proposal)
        (result,) = await desk.guard.execute(undo.plan, proposal, approval)
        assert result.outcome == "committed"
        assert desk.journal.unattended_total(desk.organisation.id, ANCHOR) == proposal.writes[0].amount


async def test_a_deletion_that_the_policy_denies_is_denied(one_payment: Prepared[Plan], home: Home) -> None:
    async with one_payment.desk(home) as desk:
        back_end, undo = desk.back_end, await proposed(desk)
    async with open_desk(back_end, home, ANCHOR, policy=Policy(defaults=Defaults(destructive="deny"))) as desk:
        assert {r.error.code for r in desk.guard.forbidden(undo.plan) if r.error} == {"denied"}


async def test_every_card_says_how_its_write_is_taken_back(back_end: XeroBackEnd, home: Home, feed: Path) -> None:
    async with open_desk(back_end, home, ANCHOR) as desk:
        plan = (await desk.reconcile(feed)).plan
    said = {w.operation: undo_sentence(w, plan.id) for p in plan.proposals for w in p.writes}
    assert said["payment.create"] == (
        f"finchat undo {plan.id} deletes the payment, unless by then it was reconciled in Xero, put into a batch "
        "or its period was locked"
    )
    for sentence in said.values():
        assert plan.id in sentence or "stays" in sentence


@settings(max_examples=2, deadline=None, phases=UNSHRUNK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_random_plans_then_undo_leave_no_trace(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await _no_trace(data, tmp_path_factory.mktemp("undo"), seeds=[1, 2, 7])


@pytest.mark.slow
@settings(max_examples=40, deadline=None, phases=UNSHRUNK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_many_random_plans_then_undo_leave_no_trace(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await _no_trace(data, tmp_path_factory.mktemp("undo"), seeds=list(range(1, 30)))


async def _no_trace(data: st.DataObject, directory: Path, *, seeds: Sequence[int]) -> None:
    """A random part of a random company's week is written, then undone in one or two goes."""
    seeded = company(data.draw(st.sampled_from(seeds)), ANCHOR)
    back_end, feed = back_end_of(seeded, ANCHOR), written_feed(seeded, directory / "feed.json")
    async with open_desk(back_end, Home(directory / "home"), ANCHOR) as desk:
        before = await ledger(desk)

        def some(plan: Plan) -> set[str]:
            ids = [p.id for p in plan.proposals]
            return data.draw(st.sets(st.sampled_from(ids), min_size=1, max_size=9))

        await written(desk, feed, only=some, answers=data.draw(st.sets(st.sampled_from([f"p{n}" for n in range(80)]))))
        first = await proposed(desk)
        assert first.whole
        ids = [p.id for p in first.plan.proposals]
        part = data.draw(st.sets(st.sampled_from(ids)))
        done = await desk.apply(first.plan, Scripted(only=sorted(part), bulk=data.draw(st.booleans())))
        assert done.differences == ()
        rest = await proposed(desk, plan_id="20261120-0000undo2")
        assert len(rest.plan.proposals) == len(ids) - len(part)
        done = await desk.apply(rest.plan, everyone(rest.plan))
        assert done.differences == ()
        assert await ledger(desk) == before
        assert not desk.journal.consumed(desk.organisation.id)
