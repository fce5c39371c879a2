"""What a person may change on a card of QuickBooks: total, lines, links and read-back agree with it afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from finchat.books.plan import EDITED, Plan, Proposal, Write
from finchat.errors import WriteRefused
from finchat.providers.quickbooks.profile import QUICKBOOKS_PROFILE
from finchat.safety.approval import Edit
from finchat.workflows.editing import editable, edited
from tests.providers.quickbooks.desk import Desk, open_desk
from tests.providers.quickbooks.test_writes import CASES, drawn, moved, stated
from tests.sandbox.quickbooks.seeded import TODAY

YESTERDAY = (TODAY - timedelta(1)).isoformat()
# What may be made smaller, and which amounts of the payload then say so.
SIZED: Mapping[str, tuple[str, ...]] = {
    "an invoice paid in part": ("TotalAmt", "Line"),
    "a bill paid from the bank": ("TotalAmt", "Line"),
    "a bill paid by card": ("TotalAmt", "Line"),
    "money kept for a customer": ("TotalAmt",),
    "money spent": ("Line",),
    "money received": ("Line",),
    "money back on a card": ("Line",),
    "a credit memo put against an invoice": ("Line",),
    "a supplier's credit put against a bill": ("Line",),
}
FIXED = {
    "receipts gathered into one deposit": "a deposit takes each receipt that it gathers whole",
    "receipts gathered, less a fee": "a deposit takes each receipt that it gathers whole",
    "money moved between own accounts": "a transfer is all of its bank line",
    "an invoice paid in its own currency": "the amount of a foreign currency write cannot be changed on a card",
    "an invoice in dollars of Canada, paid in the company's": "the amount of a foreign currency write cannot be "
    "changed on a card",
    "an invoice with sales tax": "the amount is the total of its lines, which a card does not change",
    "a bill": "the amount is the total of its lines, which a card does not change",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path_factory.mktemp("editing")) as opened:
        yield opened


pytestmark = pytest.mark.asyncio(loop_scope="module")


def change(plan: Plan, position: int = 0, **changes: str) -> Plan:
    (proposal,) = plan.proposals
    edit = Edit(proposal.id, proposal.writes[position].id, changes)
    return edited(plan, edit, plan_id=f"{plan.id}e", created_at=plan.created_at, keep=frozenset({proposal.id}))


def one(plan: Plan) -> tuple[Proposal, Write]:
    (proposal,) = plan.proposals
    assert QUICKBOOKS_PROFILE.disagreement(proposal, "USD") is None
    return proposal, proposal.writes[0]


def refused(plan: Plan, position: int = 0, **changes: str) -> WriteRefused:
    with pytest.raises(WriteRefused) as error:
        change(plan, position, **changes)
    return error.value


async def test_an_amount_changes_total_lines_links_effects_and_read_back_together(desk: Desk) -> None:
    for name, where in SIZED.items():
        plan = await drawn(desk, CASES[name])
        old = plan.proposals[0].writes[0]
        proposal, write = one(change(plan, amount="3.21"))
        assert write.amount == Decimal("3.21"), name
        sums = {*write.arguments} & {"TotalAmt", "Line"}
        said = {
            "TotalAmt": {write.arguments.get("TotalAmt")},
            "Line": {one["Amount"] for one in write.arguments.get("Line", ())},
        }
        assert all(said[part] == {"3.21"} for part in where), name
        assert all(said[part] == {"0.00"} for part in sums - {*where}), name
        assert [link.amount for link in proposal.links] == [Decimal("3.21")]
        assert {abs(effect.base_amount) for effect in write.effects} <= {Decimal("3.21")}
        assert (write.verify or {})["token"] != (old.verify or {})["token"], name
        assert (write.verify or {})["token"] in write.arguments["PrivateNote"].split()
        assert write.arguments_sha256 != old.arguments_sha256
        assert proposal.certainty == "review"
        assert proposal.evidence[-1].kind == EDITED


async def test_what_a_card_does_not_change_is_refused_in_one_sentence(desk: Desk) -> None:
    for name, why in FIXED.items():
        plan = await drawn(desk, CASES[name])
        write = plan.proposals[0].writes[0]
        assert editable(write).fixed["amount"] == why, name
        assert refused(plan, amount="1.00").message == why, name
        assert set(editable(write).values) == {"date", "reference"}
    plan = await drawn(desk, CASES["a customer"])
    assert editable(plan.proposals[0].writes[0]).values == {}
    assert refused(plan, DisplayName="Other").field == "DisplayName"


async def test_day_and_text_of_every_write_that_has_them_can_be_changed(desk: Desk) -> None:
    for name in (*SIZED, *FIXED):
        plan = await drawn(desk, CASES[name])
        _, write = one(change(plan, date=YESTERDAY, reference="seen on paper"))
        token = str((write.verify or {})["token"])
        assert write.arguments["TxnDate"] == YESTERDAY, name
        assert sorted(write.arguments["PrivateNote"].split()) == sorted(["seen", "on", "paper", token]), name


async def test_an_applied_payment_takes_another_amount_and_keeps_the_lines_it_had(desk: Desk) -> None:
    plan = await drawn(desk, CASES["an unapplied payment put against an invoice"])
    old = plan.proposals[0].writes[0]
    _, write = one(change(plan, amount="1.00"))
    assert list(write.arguments["Line"])[:-1] == list(old.arguments["Line"])[:-1]
    before = Decimal(str((old.verify or {})["linked_before"]))
    assert Decimal(write.arguments["Line"][-1]["Amount"]) == before + 1
    assert write.arguments["SyncToken"] == old.arguments["SyncToken"]
    assert "neither its day nor its text" in refused(plan, date=YESTERDAY).message
    too_much = refused(plan, amount=str(old.amount + 1_000_000))
    assert "more than" in too_much.message


async def test_a_document_is_not_dated_after_it_is_due(desk: Desk) -> None:
    plan = await drawn(desk, CASES["a bill"])
    due = plan.proposals[0].writes[0].arguments["DueDate"]
    assert due > TODAY.isoformat()
    assert "after" in refused(plan, date=due).message  # after the plan's own day, too
    assert one(change(plan, date=YESTERDAY))[1].arguments["DueDate"] == due


async def test_what_a_credit_settles_the_rest_of_stays_as_it_is(desk: Desk) -> None:
    plan = await drawn(desk, CASES["a bill settled in full by a credit"])
    for position in range(3):
        assert refused(plan, position, date=YESTERDAY).field == "date"
        assert refused(plan, position, amount="4.00").field == "amount"


async def test_a_changed_payment_posts_what_its_new_card_says(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for name in ("an invoice paid in part", "a supplier's credit put against a bill", "money received"):
            changed = change(await drawn(desk, CASES[name]), amount="2.50", reference="as agreed")
            desk.journal.plan_made(changed)
            before = desk.money()
            (result,) = await desk.apply(changed)
            assert (result.outcome, result.error) == ("committed", None), name
            assert moved(before, desk.money()) == stated(changed), name
        row = desk.back_end.db.execute("SELECT body, balance FROM record WHERE entity = 'Payment' ORDER BY rowid DESC")
        assert any('"TotalAmt":2.5' in body.replace(" ", "") and balance == 0 for body, balance in row.fetchall())
