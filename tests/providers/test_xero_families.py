"""A forged plan of any kind of write is refused: whatever it says that the payload does not bear out is found."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.documents import Coding
from finchat.books.plan import Effect, Proposal
from finchat.providers.xero import XERO_PROFILE
from tests.workflows.test_linked_writes import Week, planned

BASE = "NZD"
Change = Callable[[Proposal], Proposal]


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    return asyncio.run(planned(tmp_path_factory.mktemp("week")))


OF = {
    "refund": ("refund", ("payment.create",), 0),
    "kept": ("overpayment", ("payment.create", "bank_transaction.create"), 1),
    "spent": ("spend_money", ("bank_transaction.create",), 0),
    "transfer": ("transfer", ("bank_transfer.create",), 0),
    "credit_note": ("payment", ("payment.create", "credit_note.create", "credit_note.allocate"), 1),
    "allocation": ("payment", ("payment.create", "credit_note.create", "credit_note.allocate"), 2),
    "contact": ("spend_money", ("contact.create", "bank_transaction.create"), 0),
    "of_contact": ("spend_money", ("contact.create", "bank_transaction.create"), 1),
}


def honest(week: Week, of: str) -> tuple[Proposal, int]:
    kind, operations, position = OF[of]
    for p in week.plan.proposals:
        taxed = of != "spent" or any(e.control == "tax" for w in p.writes for e in w.effects)
        if p.kind == kind and tuple(w.operation for w in p.writes) == operations and taxed:
            return p, position
    raise AssertionError(f"the week holds no {of}")


def written(proposal: Proposal, at: int, **changes: Any) -> Proposal:
    writes = [replace(w, **changes) if n == at else w for n, w in enumerate(proposal.writes)]
    return replace(proposal, writes=tuple(writes))


def given(proposal: Proposal, at: int, **changes: Any) -> Proposal:
    return written(proposal, at, arguments={**proposal.writes[at].arguments, **changes})


def linked(proposal: Proposal, at: int, **changes: Any) -> Proposal:
    id = proposal.writes[at].link_ids[0]
    return replace(proposal, links=tuple(replace(x, **changes) if x.id == id else x for x in proposal.links))


def line_item(proposal: Proposal, at: int, **changes: Any) -> Proposal:
    items = copy.deepcopy(list(proposal.writes[at].arguments["line_items"]))
    items[0] |= changes
    return given(proposal, at, line_items=items)


def said(proposal: Proposal, at: int, field: str, expected: str | None) -> Proposal:
    """The facts of a write with another value of one field, or without it."""
    conditions = proposal.writes[at].preconditions
    changed = [replace(c, expected=expected) if c.field == field and expected is not None else c for c in conditions]
    return written(proposal, at, preconditions=tuple(c for c in changed if c.field != field or expected is not None))


def effects(proposal: Proposal, at: int, change: Callable[[Effect], Effect]) -> Proposal:
    return written(proposal, at, effects=tuple(change(e) for e in proposal.writes[at].effects))


def tenth(effect: Effect) -> Effect:
    return replace(effect, amount=effect.amount / 10, base_amount=effect.base_amount / 10)


def verified(proposal: Proposal, at: int, **changes: Any) -> Proposal:
    return written(proposal, at, verify={**(proposal.writes[at].verify or {}), **changes})


EVERY: dict[str, Callable[[Proposal, int], Proposal]] = {
    "another tool": lambda p, n: written(p, n, tool="create_a_xero_quote"),
    "another argument": lambda p, n: given(p, n, status="PAID"),
    "another amount": lambda p, n: written(p, n, amount=p.writes[n].amount + 1),
    "another amount of the link": lambda p, n: linked(p, n, amount=p.writes[n].amount + 1),
    "another document": lambda p, n: linked(p, n, document_id="another"),
    "another way to find it": lambda p, n: verified(p, n, by="smell"),
    "a later write before it": lambda p, n: written(p, n, depends_on=("w9",)),
    "fingerprints that are no list": lambda p, n: verified(p, n, fingerprints=5),
    "fingerprints that are no text": lambda p, n: verified(p, n, fingerprints=[{}]),
    "an earlier plan taken back": lambda p, n: written(p, n, reverses="a/p1/w1"),
    "another kind of proposal": lambda p, n: replace(p, kind="allocation"),
    "money from nowhere": lambda p, n: written(
        p, n, effects=(*p.writes[n].effects, Effect(
            account_id="x", control="bank", amount=Decimal(1), currency=BASE, base_amount=Decimal(1)))
    ),
}  # fmt: skip
SOME: dict[str, tuple[str, Callable[[Proposal, int], Proposal]]] = {
    "refund of another credit": ("refund", lambda p, n: verified(p, n, credit_id="another")),
    "refund named otherwise": (
        "refund", lambda p, n: linked(p, n, credit=replace(p.links[0].credit, id="x"))  # type: ignore[type-var]
    ),
    "refund of more than is left": ("refund", lambda p, n: said(p, n, "remaining", "0.01")),
    "refund to the wrong side": ("refund", lambda p, n: said(p, n, "side", None)),
    "refund from clearing": (
        "refund", lambda p, n: effects(p, n, lambda e: replace(e, control="clearing") if e.control == "bank" else e)
    ),
    "refund that moves payables": (
        "refund", lambda p, n: effects(p, n, lambda e: replace(e, control="payables", account_id="x"))
    ),
    "kept of another contact": ("kept", lambda p, n: linked(p, n, contact_id="another")),
    "kept as a prepayment": ("kept", lambda p, n: given(p, n, type="RECEIVE-PREPAYMENT")),
    "kept the other way": ("kept", lambda p, n: given(p, n, type="SPEND-OVERPAYMENT")),
    "kept with tax": ("kept", lambda p, n: given(p, n, line_amount_types="Inclusive")),
    "kept more than the line": ("kept", lambda p, n: line_item(p, n, UnitAmount="5000.00")),
    "kept elsewhere": ("kept", lambda p, n: given(p, n, bank_account_id="another")),
    "kept without its token": ("kept", lambda p, n: line_item(p, n, Description="nothing")),
    "kept without effects": ("kept", lambda p, n: written(p, n, effects=())),
    "kept at a tenth": ("kept", lambda p, n: effects(p, n, tenth)),
    "coded for another bank line": ("spent", lambda p, n: verified(p, n, fingerprints=["fitid:of:another"])),
    "coded elsewhere": ("spent", lambda p, n: line_item(p, n, AccountCode="970")),
    "coded with another tax": ("spent", lambda p, n: line_item(p, n, TaxType="ZERORATED")),
    "coded otherwise than said": ("spent", lambda p, n: linked(p, n, coding=Coding("another", "NONE"))),
    "coded in two lines": ("spent", lambda p, n: given(p, n, line_items=[*p.writes[n].arguments["line_items"]] * 2)),
    "coded before tax": ("spent", lambda p, n: given(p, n, line_amount_types="Exclusive")),
    "coded with tracking nobody sees": (
        "spent", lambda p, n: line_item(p, n, Tracking=[{"Name": "Region", "Option": "Nowhere"}])
    ),
    "coded at another rate of tax": ("spent", lambda p, n: said(p, n, "percent", "99")),
    "coded to what is not asked again": ("spent", lambda p, n: said(p, n, "codable", None)),
    "coded to an account that may be archived": ("spent", lambda p, n: said(p, n, "status", None)),
    "coded for somebody else": ("spent", lambda p, n: given(p, n, contact_id="another")),
    "coded to an unknown currency": ("spent", lambda p, n: said(p, n, "currency", None)),
    "coded without tax effect": (
        "spent", lambda p, n: written(p, n, effects=tuple(e for e in p.writes[n].effects if e.control != "tax"))
    ),
    "transfer elsewhere": ("transfer", lambda p, n: given(p, n, to_account_id="another")),
    "transfer back": (
        "transfer", lambda p, n: given(p, n, from_account_id=p.writes[n].arguments["to_account_id"],
                                       to_account_id=p.writes[n].arguments["from_account_id"])
    ),
    "transfer of a part": ("transfer", lambda p, n: linked(given(p, n, amount="1.00"), n, amount=Decimal("1.00"))),
    "transfer that moves one side": ("transfer", lambda p, n: written(p, n, effects=p.writes[n].effects[:1])),
    "credit note for another": ("credit_note", lambda p, n: given(p, n, contact_id="another")),
    "credit note as a draft": ("credit_note", lambda p, n: given(p, n, status="DRAFT")),
    "credit note of the other side": ("credit_note", lambda p, n: given(p, n, type="ACCPAYCREDIT")),
    "credit note that is not used": (
        "credit_note", lambda p, n: replace(p, writes=p.writes[:2], links=p.links[:2])
    ),
    "credit note over more": ("credit_note", lambda p, n: line_item(p, n, UnitAmount="900.00")),
    "allocation of another credit": (
        "allocation", lambda p, n: given(p, n, credit_note_id={"$from": "w1.CreditNoteID"})
    ),
    "allocation of a known credit": ("allocation", lambda p, n: given(p, n, credit_note_id="known")),
    "allocation found by another token": ("allocation", lambda p, n: verified(p, n, credit_token="fc-aaaaaaaaaa")),
    "allocation to another invoice": ("allocation", lambda p, n: given(p, n, invoice_id="another")),
    "allocation that goes on alone": ("allocation", lambda p, n: written(p, n, if_dependency_fails="continue")),
    "contact of another name": ("contact", lambda p, n: given(p, n, name="Somebody else")),
    "contact that consumes the line": ("contact", lambda p, n: verified(p, n, fingerprints=["x"])),
    "contact that exists": ("contact", lambda p, n: said(p, n, "status", "taken")),
    "contact for nothing": ("contact", lambda p, n: replace(p, writes=p.writes[:1], links=p.links[:1])),
    "money of another new contact": ("of_contact", lambda p, n: linked(p, n, contact="Somebody else")),
    "money of a late contact": ("of_contact", lambda p, n: given(p, n, contact_id={"$from": "w2.ContactID"})),
}  # fmt: skip


@pytest.mark.parametrize("of", OF)
@pytest.mark.parametrize("what", EVERY)
def test_no_write_is_told_otherwise_than_it_is_sent(what: str, of: str, week: Week) -> None:
    proposal, position = honest(week, of)
    assert XERO_PROFILE.disagreement(proposal, BASE) is None
    assert XERO_PROFILE.disagreement(EVERY[what](proposal, position), BASE) is not None


@pytest.mark.parametrize("what", SOME)
def test_each_kind_of_write_is_what_its_card_says(what: str, week: Week) -> None:
    of, change = SOME[what]
    proposal, position = honest(week, of)
    forged = change(proposal, position)
    assert forged != proposal
    assert XERO_PROFILE.disagreement(forged, BASE) is not None


async def test_a_fact_that_changed_before_the_send_stops_the_write(week: Week, tmp_path: Path) -> None:
    """An archived account, a changed tax rate, a contact that is gone: nothing of the proposal is sent."""
    from finchat.settings import Home
    from tests.workflows.desk import Scripted, open_desk
    from tests.workflows.test_settlement_rows import ANCHOR

    proposal, _ = honest(week, "spent")
    coding = proposal.links[0].coding
    assert coding is not None
    async with open_desk(week.back_end, Home(tmp_path / "home"), ANCHOR) as desk:
        desk.journal.plan_made(week.plan)
        await desk.outside.post(
            f"/Contacts/{proposal.links[0].contact_id}",
            {"ContactID": proposal.links[0].contact_id, "ContactStatus": "ARCHIVED"},
        )
        applied = await desk.apply(week.plan, Scripted(only=[proposal.id]))
    (result,) = [r for r in applied.results if r.proposal_id == proposal.id]
    assert (result.outcome, result.error and result.error.code) == ("not_sent", "precondition")
    assert result.error is not None
    assert "status of contact" in result.error.message
