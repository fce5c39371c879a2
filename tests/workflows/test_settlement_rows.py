"""Each row of the settlement table, from a seeded company through MCP to the ledger and back, read from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.balances import tax_in
from finchat.books.plan import Plan, Proposal, Write
from finchat.providers.xero import XERO_PROFILE
from finchat.safety.approval import ApprovalDecision, ReviewContext, bind, together
from finchat.settings import Home
from finchat.workflows.answering import Answers
from finchat.workflows.choosing import answer_of
from finchat.workflows.execute import Applied
from tests.workflows.desk import Desk, back_end_of, company, open_desk, written_feed

ANCHOR = date(2026, 11, 20)
FEES, SALES_DISCOUNTS = "404", "205"


class Everything:
    """Approves all that has writes, at once."""

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        for decision in together([bind(plan, p, user="tester") for p in plan.proposals if p.writes]):
            yield decision


@dataclass(frozen=True)
class Done:
    """A whole week with every question answered, written; and the ledger as somebody else sees it afterwards."""

    plan: Plan
    asked: Mapping[str, str]  # proposal -> kind of the question that was answered
    applied: Applied
    truth: Mapping[str, Any]
    source_of: Mapping[str, str]
    moved: Mapping[str, Decimal]
    records: Mapping[str, Mapping[str, Any]]
    codes: Mapping[str, str]

    def of(self, kind: str, operations: Iterable[str], **more: Any) -> list[Proposal]:
        wanted = tuple(operations)
        return [
            p
            for p in self.plan.proposals
            if p.kind == kind and tuple(w.operation for w in p.writes) == wanted
            and all(getattr(p, name) == value for name, value in more.items())
        ]  # fmt: skip

    def record(self, proposal: Proposal, write: Write) -> Mapping[str, Any]:
        (result,) = [r for r in self.applied.results if (r.proposal_id, r.write_id) == (proposal.id, write.id)]
        assert result.ledger_id is not None
        return self.records[result.ledger_id]


async def answered(desk: Desk, plan: Plan) -> tuple[Plan, dict[str, str]]:
    """Every question answered: money out and its fees to bank fees, the rest to discounts; new payees where asked."""
    context = await desk.provider.write_context(plan.id, chart=True)
    keep = frozenset(p.id for p in plan.proposals)
    asked: dict[str, str] = {}
    for proposal in plan.proposals:
        for ask in proposal.asks:
            assert proposal.line is not None
            spent = proposal.line.direction == "spend"
            answer = answer_of(
                context, proposal.id, ask, account=FEES if spent else SALES_DISCOUNTS,
                tax="NONE" if spent else "OUTPUT2",
                new_contact="" if ask.contact_id else f"{ask.contact or 'Unknown payee'} of {proposal.id}",
            )  # fmt: skip
            id = f"20261120-{len(asked) + 1:08x}"
            plan = Answers(context)(plan, answer, plan_id=id, created_at=datetime.now(UTC), keep=keep)
            asked[proposal.id] = ask.kind
    return plan, asked


async def everything(place: Path) -> Done:
    seeded = company(1, ANCHOR)
    async with open_desk(back_end_of(seeded, ANCHOR), Home(place / "home"), ANCHOR) as desk:
        found = await desk.reconcile(written_feed(seeded, place / "feed.json"), days=30)
        plan, asked = await answered(desk, found.plan)
        desk.journal.plan_made(plan)
        before = await desk.outside.trial_balance(ANCHOR)
        applied = await desk.apply(plan, Everything())
        after = await desk.outside.trial_balance(ANCHOR)
        records: dict[str, Mapping[str, Any]] = {}
        lists = {
            "Payments": "PaymentID", "BankTransactions": "BankTransactionID", "CreditNotes": "CreditNoteID",
            "Contacts": "ContactID", "BankTransfers": "BankTransferID", "Invoices": "InvoiceID",
            "Overpayments": "OverpaymentID", "Prepayments": "PrepaymentID",
        }  # fmt: skip
        for name, key in lists.items():
            query = {} if name == "BankTransfers" else {"page": "1", "pageSize": "1000"}
            records |= {row[key]: row for row in (await desk.outside.get(f"/{name}", **query))[name]}
        accounts = (await desk.outside.get("/Accounts"))["Accounts"]
    return Done(
        plan=plan,
        asked=asked,
        applied=applied,
        truth=seeded.truth["lines"],
        source_of={line_id: line.source_id for line_id, line in found.lines.items()},
        moved={id: after.get(id, Decimal(0)) - before.get(id, Decimal(0)) for id in {*before, *after}},
        records=records,
        codes={a["Code"]: a["AccountID"] for a in accounts if a.get("Code")},
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return asyncio.run(everything(tmp_path_factory.mktemp("week")))


def test_everything_is_written_and_every_account_moved_by_what_the_plan_said(done: Done) -> None:
    assert {r.outcome for r in done.applied.results} == {"committed"}
    assert done.applied.differences == ()
    assert [why for p in done.plan.proposals if (why := XERO_PROFILE.disagreement(p, "NZD"))] == []
    said: dict[str, Decimal] = {}
    for write in (w for p in done.plan.proposals for w in p.writes):
        assert sum((e.base_amount for e in write.effects), Decimal(0)) == 0
        for effect in write.effects:
            said[effect.account_id] = said.get(effect.account_id, Decimal(0)) + effect.base_amount
    assert {id: amount for id, amount in said.items() if amount} == {id: m for id, m in done.moved.items() if m}


def test_an_overpayment_pays_what_is_due_and_keeps_the_rest_as_a_credit(done: Done) -> None:
    (proposal,) = done.of("overpayment", ["payment.create", "bank_transaction.create"])
    answer = done.truth[done.source_of[proposal.line_id]]["excess"]
    made = done.record(proposal, proposal.writes[1])
    credit = done.records[made["OverpaymentID"]]
    assert proposal.line is not None
    assert (made["Type"], Decimal(str(credit["RemainingCredit"]))) == ("RECEIVE-OVERPAYMENT", Decimal(answer["amount"]))
    assert made["Contact"]["ContactID"] == answer["contact_id"]
    assert done.records[proposal.links[0].document_id]["Status"] == "PAID"
    assert proposal.cash == proposal.line.amount


@pytest.mark.parametrize("kind", ["overpayment", "prepayment"])
def test_money_on_account_is_kept_for_its_contact(kind: str, done: Done) -> None:
    kept = done.of(kind, ["bank_transaction.create"])
    assert kept
    for proposal in kept:
        made = done.record(proposal, proposal.writes[0])
        credit = done.records[made[f"{kind.capitalize()}ID"]]
        assert (proposal.certainty, Decimal(str(credit["RemainingCredit"]))) == ("review", proposal.writes[0].amount)


def test_a_refund_pays_the_credit_back_and_leaves_no_document_touched(done: Done) -> None:
    refunds = done.of("refund", ["payment.create"])
    assert len(refunds) >= 2
    for proposal in refunds:
        answer = done.truth[done.source_of[proposal.line_id]]["refund"]
        credit = done.records[answer["credit_id"]]
        assert Decimal(str(credit["RemainingCredit"])) == 0
        assert [Decimal(str(p["Amount"])) for p in credit["Payments"]][-1:] == [Decimal(answer["amount"])]


def test_a_transfer_moves_both_accounts_once(done: Done) -> None:
    transfers = done.of("transfer", ["bank_transfer.create"])
    assert transfers
    for proposal in transfers:
        answer = done.truth[done.source_of[proposal.line_id]]["transfer"]
        made = done.record(proposal, proposal.writes[0])
        assert made["FromBankAccount"]["AccountID"] == answer["from_account_id"]
        assert made["ToBankAccount"]["AccountID"] == answer["to_account_id"]
        assert Decimal(str(made["Amount"])) == Decimal(answer["amount"])


@pytest.mark.parametrize("kind", ["spend_money", "receive_money"])
def test_coded_money_is_booked_to_the_account_of_its_history_with_its_tax(kind: str, done: Done) -> None:
    coded = [p for p in done.of(kind, ["bank_transaction.create"]) if p.id not in done.asked]
    assert coded
    for proposal in coded:
        answer, made = done.truth[done.source_of[proposal.line_id]]["coding"], done.record(proposal, proposal.writes[0])
        (line,) = made["LineItems"]
        assert (line["AccountCode"], line["TaxType"]) == (answer["account_code"], answer["tax_type"])
        percent = Decimal(15) if answer["tax_type"] in ("INPUT2", "OUTPUT2") else Decimal(0)
        assert Decimal(str(line["TaxAmount"])) == tax_in(proposal.writes[0].amount, percent, "NZD")
        assert made["Contact"]["ContactID"] == answer["contact_id"]
        assert made["IsReconciled"] is False


def test_a_payee_nobody_knows_is_made_before_the_money_is_booked(done: Done) -> None:
    made = done.of("spend_money", ["contact.create", "bank_transaction.create"])
    assert made
    for proposal in made:
        contact, booked = (done.record(proposal, write) for write in proposal.writes)
        assert booked["Contact"]["ContactID"] == contact["ContactID"]
        assert contact["Name"] == proposal.writes[0].arguments["name"]
        assert booked["LineItems"][0]["AccountCode"] == FEES


@pytest.mark.parametrize("kind", ["fee", "discount", "withholding", "rounding"])
def test_the_rest_of_a_short_payment_is_settled_by_a_credit_note_once_a_person_says_where(
    kind: str, done: Done
) -> None:
    settled = [
        p
        for p in done.of("payment", ["payment.create", "credit_note.create", "credit_note.allocate"])
        if done.asked[p.id] == kind
    ]
    assert settled
    for proposal in settled:
        note = done.record(proposal, proposal.writes[1])
        document = done.records[proposal.links[0].document_id]
        assert (document["Status"], Decimal(str(document["AmountDue"]))) == ("PAID", Decimal(0))
        assert (note["Status"], Decimal(str(note["RemainingCredit"]))) == ("PAID", Decimal(0))
        (line,) = note["LineItems"]
        assert (line["AccountCode"], line["TaxType"]) == (
            (SALES_DISCOUNTS, "OUTPUT2") if document["Type"] == "ACCREC" else (FEES, "NONE")
        )
        assert proposal.certainty == "review"
        assert any(e.kind == "answered" and "answered for" in e.text for e in proposal.evidence)


def test_a_fee_on_top_of_a_bill_is_spent_beside_its_payment(done: Done) -> None:
    (proposal,) = done.of("payment", ["payment.create", "bank_transaction.create"])
    answer = done.truth[done.source_of[proposal.line_id]]["coding"]
    fee = done.record(proposal, proposal.writes[1])
    assert (fee["Type"], Decimal(str(fee["Total"]))) == ("SPEND", Decimal(answer["amount"]))
    assert fee["LineItems"][0]["AccountCode"] == answer["account_code"]
    assert proposal.line is not None
    assert proposal.cash == proposal.line.amount


def test_foreign_documents_are_paid_at_the_lines_own_rate_with_gain_or_loss(done: Done) -> None:
    foreign = [p for p in done.of("payment", ["payment.create"]) if p.links[0].currency != "NZD"]
    assert foreign
    assert any(e.control == "gain_loss" and e.base_amount for p in foreign for e in p.writes[0].effects)
    for proposal in foreign:
        payment = done.record(proposal, proposal.writes[0])
        assert Decimal(str(payment["BankAmount"])) == proposal.links[0].bank_amount
        assert proposal.links[0].rate_source == "bank_line"


def test_no_line_document_or_credit_is_used_twice(done: Done) -> None:
    used = [{f for w in p.writes for f in (w.verify or {}).get("fingerprints", ())} for p in done.plan.proposals]
    lines = [fingerprint for each in used for fingerprint in each]
    assert len(lines) == len(set(lines))
    for record in done.records.values():
        for field in ("AmountDue", "RemainingCredit"):
            assert Decimal(str(record.get(field, 0))) >= 0
