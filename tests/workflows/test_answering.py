"""What a person answers becomes writes of a new plan, and what cannot be used is refused by name with what can."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finchat.books.documents import Coding
from finchat.books.plan import Plan, Proposal
from finchat.books.plan_json import plan_from_json
from finchat.errors import WriteRefused
from finchat.providers.writing.context import WriteContext
from finchat.providers.xero import XERO_PROFILE
from finchat.safety.approval import Answer, Edit
from finchat.settings import Home
from finchat.workflows.answering import ANSWERED, Answers
from finchat.workflows.editing import edited
from tests.workflows.desk import back_end_of, company, open_desk, written_feed
from tests.workflows.test_settlement_rows import ANCHOR


@dataclass(frozen=True)
class Asked:
    """A plan with open questions, and what they are answered with."""

    plan: Plan
    context: WriteContext
    calls: tuple[str, ...]
    accounts: dict[str, str]

    def proposal(self, kind: str, *, required: bool) -> Proposal:
        return next(p for p in self.plan.proposals if any(a.kind == kind and a.required == required for a in p.asks))

    def answer(self, proposal: Proposal, account: str, tax: str, **changes: Any) -> Answer:
        coding = Coding(self.accounts[account], tax)
        return Answer(**{"proposal_id": proposal.id, "ask_id": "a1", "coding": coding, **changes})

    def completed(self, answer: Answer) -> Plan:
        keep = frozenset(p.id for p in self.plan.proposals)
        return Answers(self.context)(
            self.plan, answer, plan_id="20261120-answered", created_at=datetime.now(UTC), keep=keep
        )


async def planned(place: Path) -> Asked:
    seeded = company(1, ANCHOR)
    async with open_desk(back_end_of(seeded, ANCHOR), Home(place / "home"), ANCHOR) as desk:
        plan = (await desk.reconcile(written_feed(seeded, place / "feed.json"))).plan
        before = len(desk.session.calls)
        context = await desk.provider.write_context(plan.id, chart=True)
        calls = tuple(desk.session.calls[before:])
    return Asked(plan, context, calls, {a.code: a.id for a in context.accounts.values()})


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    return asyncio.run(planned(tmp_path_factory.mktemp("asked")))


def test_the_chart_that_answers_need_was_read_with_the_plan(asked: Asked) -> None:
    assert asked.calls == ()


def test_an_answer_completes_one_proposal_and_leaves_the_others_as_they_are(asked: Asked) -> None:
    proposal = asked.proposal("fee", required=False)
    plan = asked.completed(asked.answer(proposal, "404", "NONE"))
    new = next(p for p in plan.proposals if p.id == proposal.id)
    assert plan.id == "20261120-answered"
    assert [w.operation for w in new.writes][1:] in (["credit_note.create", "credit_note.allocate"],
                                                     ["bank_transaction.create"])  # fmt: skip
    assert (new.certainty, new.open_asks, new.writes[0]) == ("review", (), proposal.writes[0])
    (evidence,) = [e for e in new.evidence if e.kind == ANSWERED]
    assert "404 Bank Fees, NONE" in evidence.text
    assert [p for p in plan.proposals if p.id != proposal.id] == [p for p in asked.plan.proposals if p != proposal]
    assert XERO_PROFILE.disagreement(new, "NZD") is None
    assert plan_from_json(plan.as_json()) == replace(plan, expected=plan_from_json(plan.as_json()).expected)
    assert plan.expected != asked.plan.expected


def test_a_line_without_a_document_consumes_all_its_names_once_it_is_answered(asked: Asked) -> None:
    proposal = asked.proposal("coding", required=True)
    new_contact = {} if proposal.asks[0].contact_id else {"new_contact": "Somebody new"}
    plan = asked.completed(asked.answer(proposal, "404", "NONE", **new_contact))
    new = next(p for p in plan.proposals if p.id == proposal.id)
    assert proposal.line is not None
    assert new.writes[-1].operation == "bank_transaction.create"
    assert (new.writes[-1].verify or {})["fingerprints"] == list(proposal.line.fingerprints) != []
    assert new.cash == proposal.line.amount
    assert not plan.expected.trial_balance_difference


@pytest.mark.parametrize(("kind", "required"), [("coding", True), ("fee", False)])
def test_an_answer_takes_the_place_of_an_earlier_one(asked: Asked, kind: str, required: bool) -> None:
    proposal = asked.proposal(kind, required=required)
    contact = {"new_contact": "Somebody new"} if required and not proposal.asks[0].contact_id else {}
    first = asked.completed(asked.answer(proposal, "404", "NONE", **contact))
    again = replace(asked, plan=first).completed(asked.answer(proposal, "820", "NONE", **contact))
    once = asked.completed(asked.answer(proposal, "820", "NONE", **contact))
    new, direct = (next(p for p in plan.proposals if p.id == proposal.id) for plan in (again, once))
    assert [(w.id, w.operation, w.amount) for w in new.writes] == [(w.id, w.operation, w.amount) for w in direct.writes]
    assert (new.links, new.asks, again.expected) == (direct.links, direct.asks, once.expected)
    assert again.account_names[asked.accounts["820"]] == "820 GST"
    told = [e.text for e in new.evidence]
    assert sum("answered for" in text for text in told) == 1
    assert "820 GST is a control account, which the ledger itself keeps" in told
    assert not any(" times to " in text for text in told)
    assert plan_from_json(again.as_json()).hash == again.hash


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a bank account": ("090", {}, "account"),
    "a system account": ("610", {}, "account"),
    "a tax code nobody has": ("404", {"tax": "VAT20"}, "tax"),
    "a tax code of the other side": ("404", {"tax": "OUTPUT2"}, "tax"),
    "tracking nobody has": ("404", {"tracking": (("Planet", "Mars"),)}, "tracking"),
    "an option nobody has": ("404", {"tracking": (("Region", "Mars"),)}, "tracking"),
    "a question nobody asked": ("404", {"ask_id": "a9"}, "ask"),
    "a contact nobody knows": ("404", {"contact_id": "nobody"}, "contact"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_used_is_refused_by_name(what: str, asked: Asked) -> None:
    account, changes, field = REFUSED[what]
    proposal = asked.proposal("coding", required=True)
    coding = Coding(asked.accounts[account], changes.pop("tax", "NONE"), changes.pop("tracking", ()))
    answer = replace(asked.answer(proposal, account, "NONE", **changes), coding=coding)
    with pytest.raises(WriteRefused) as refused:
        asked.completed(answer)
    assert refused.value.field == field
    assert refused.value.next


def test_nothing_can_be_answered_where_the_chart_was_not_read(asked: Asked) -> None:
    proposal = asked.proposal("coding", required=True)
    with pytest.raises(WriteRefused, match="was not read"):
        Answers()(asked.plan, asked.answer(proposal, "404", "NONE"), plan_id="x", created_at=datetime.now(UTC),
                  keep=frozenset({proposal.id}))  # fmt: skip


def edit(plan: Plan, proposal: Proposal, position: int, **arguments: Any) -> Proposal:
    write = proposal.writes[position]
    changed = Edit(proposal.id, write.id, arguments)
    new = edited(plan, changed, plan_id="20261120-edited", created_at=plan.created_at, keep=frozenset({proposal.id}))
    assert XERO_PROFILE.disagreement(new.proposals[0], "NZD") is None
    return new.proposals[0]


def of(plan: Plan, *operations: str, kind: str | None = None) -> Proposal:
    return next(
        p for p in plan.proposals
        if tuple(w.operation for w in p.writes) == operations and kind in (None, p.kind)
    )  # fmt: skip


def test_day_and_reference_of_every_new_write_can_be_changed_and_keep_it_findable(asked: Asked) -> None:
    for operation, kind in (
        ("bank_transaction.create", "spend_money"), ("bank_transaction.create", "prepayment"),
        ("bank_transfer.create", "transfer"), ("payment.create", "refund"),
    ):  # fmt: skip
        proposal = of(asked.plan, operation, kind=kind)
        new = edit(asked.plan, proposal, 0, date="2026-11-13", reference="as agreed")
        write, old = new.writes[0], proposal.writes[0]
        assert write.arguments["date"] == "2026-11-13"
        assert (write.verify or {})["token"] != (old.verify or {})["token"]
        assert write.arguments["reference"] == f"as agreed {(write.verify or {})['token']}"
        assert str((old.verify or {})["token"]) not in str(write.arguments)


def test_a_refund_can_be_lowered_and_never_raised(asked: Asked) -> None:
    proposal = of(asked.plan, "payment.create", kind="refund")
    assert edit(asked.plan, proposal, 0, amount="1.00").cash == 1
    with pytest.raises(WriteRefused, match="more than"):
        edit(asked.plan, proposal, 0, amount=str(proposal.writes[0].amount + 1))


def test_what_would_break_the_rules_of_a_write_is_refused_by_name(asked: Asked) -> None:
    transfer = of(asked.plan, "bank_transfer.create")
    with pytest.raises(WriteRefused, match="all of its bank line"):
        edit(asked.plan, transfer, 0, amount="1.00")
    spent = of(asked.plan, "bank_transaction.create", kind="spend_money")
    lines = [{**spent.writes[0].arguments["line_items"][0], "UnitAmount": "1.00"}]
    with pytest.raises(WriteRefused) as refused:
        edit(asked.plan, spent, 0, line_items=lines)
    assert refused.value.field == "line_items"
    fee = asked.proposal("discount", required=False)
    plan = asked.completed(asked.answer(fee, "205", "OUTPUT2"))
    whole = next(p for p in plan.proposals if p.id == fee.id)
    for position, changes in ((0, {"amount": "1.00"}), (1, {"date": "2026-11-13"}), (2, {"date": "2026-11-13"})):
        with pytest.raises(WriteRefused, match="a credit note of this proposal settles the rest"):
            edit(plan, whole, position, **changes)
    renamed = edit(plan, whole, 1, reference="for paying early")
    assert (renamed.writes[2].verify or {})["credit_token"] == (renamed.writes[1].verify or {})["token"]


def test_a_payment_lowered_by_hand_asks_no_more_where_the_rest_of_the_line_goes(asked: Asked) -> None:
    proposal = asked.proposal("discount", required=False)
    lowered = edit(asked.plan, proposal, 0, amount=str(proposal.writes[0].amount - 1))
    assert lowered.unrecorded == 1
    assert lowered.asks == ()
