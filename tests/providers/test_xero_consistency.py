"""Whatever a plan says that its payloads do not bear out is found, on every kind of write finchat makes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.plan import Effect, Link, Proposal, Write
from finchat.providers.xero import XERO_PROFILE
from finchat.settings import Home
from tests.workflows.desk import back_end_of, company, open_desk, written_feed

ANCHOR = date(2026, 11, 20)
BASE = "NZD"


@pytest.fixture(scope="module")
def proposals(tmp_path_factory: pytest.TempPathFactory) -> tuple[Proposal, ...]:
    return asyncio.run(planned(tmp_path_factory.mktemp("plan")))


async def planned(place: Path) -> tuple[Proposal, ...]:
    seeded = company(1, ANCHOR)
    async with open_desk(back_end_of(seeded, ANCHOR), Home(place / "home"), ANCHOR) as desk:
        return (await desk.reconcile(written_feed(seeded, place / "feed.json"), days=30)).plan.proposals


def test_what_finchat_plans_itself_follows_from_its_payloads(proposals: tuple[Proposal, ...]) -> None:
    assert [why for p in proposals if p.writes and (why := XERO_PROFILE.disagreement(p, BASE))] == []
    asked = [p for p in proposals if not p.writes]
    assert asked
    assert all("before its question is answered" in (XERO_PROFILE.disagreement(p, BASE) or "") for p in asked)
    assert {w.operation for p in proposals for w in p.writes} >= {"payment.create", "credit_note.allocate"}
    assert {link.currency for p in proposals for link in p.links} > {BASE}
    assert any(len(p.writes) > 1 for p in proposals)


def paying(proposals: tuple[Proposal, ...], *, foreign: bool = False) -> Proposal:
    return next(
        p
        for p in proposals
        if len(p.writes) == 1
        and p.writes[0].operation == "payment.create"
        and (p.links[0].currency != BASE) == foreign
        and p.links[0].amount > 10
    )


def allocating(proposals: tuple[Proposal, ...]) -> Proposal:
    return next(p for p in proposals if p.links[0].credit is not None)


def written(proposal: Proposal, **changes: Any) -> Proposal:
    return replace(proposal, writes=(replace(proposal.writes[0], **changes), *proposal.writes[1:]))


def linked(proposal: Proposal, **changes: Any) -> Proposal:
    return replace(proposal, links=(replace(proposal.links[0], **changes), *proposal.links[1:]))


def given(proposal: Proposal, **changes: Any) -> Proposal:
    return written(proposal, arguments={**proposal.writes[0].arguments, **changes})


def verified(proposal: Proposal, **changes: Any) -> Proposal:
    return written(proposal, verify={**(proposal.writes[0].verify or {}), **changes})


def effects(change: Callable[[Effect], Effect]) -> Callable[[Proposal], Proposal]:
    return lambda p: written(p, effects=tuple(change(e) for e in p.writes[0].effects))


def tenth(effect: Effect) -> Effect:
    return replace(effect, amount=effect.amount / 10, base_amount=effect.base_amount / 10)


def whole_story(proposal: Proposal, factor: Decimal) -> Proposal:
    """All that is shown of a payment, in step with itself and not with the payload."""
    write, link = proposal.writes[0], proposal.links[0]
    amount = write.amount * factor
    moved = tuple(replace(e, amount=e.amount * factor, base_amount=e.base_amount * factor) for e in write.effects)
    assert link.bank_amount is not None
    return linked(written(proposal, amount=amount, effects=moved), amount=amount, bank_amount=link.bank_amount * factor)


FORGED: Mapping[str, Callable[[Proposal], Proposal]] = {
    "w1.amount": lambda p: given(p, amount="1.00"),
    "w1.amount, large payload": lambda p: whole_story(p, Decimal("0.1")),
    "w1.amount, small payload": lambda p: whole_story(p, Decimal(10)),
    "w1.links.amount": lambda p: linked(p, amount=Decimal("1.00")),
    "w1.links.document_id": lambda p: given(p, invoice_id="another"),
    "w1.links.currency": lambda p: linked(p, currency="USD"),
    "w1.currency": lambda p: linked(written(p, currency="USD"), currency="USD"),
    "w1.links.bank_amount": lambda p: linked(p, bank_amount=Decimal("1.00")),
    "w1.links.type": lambda p: linked(p, type="bill" if p.links[0].type == "invoice" else "invoice"),
    "w1.arguments.currency_rate": lambda p: given(p, currency_rate="2.0"),
    "w1.arguments": lambda p: given(p, Payments=[{"Amount": "9.99"}]),
    "w1.arguments, no text": lambda p: given(p, amount=Decimal("1.00")),
    "w1.tool": lambda p: written(p, tool="create_a_xero_invoice"),
    "w1.operation": lambda p: written(p, operation="quote.create", tool="create_a_xero_quote"),
    "w1.effects.amount": effects(tenth),
    "w1.effects": lambda p: written(p, effects=()),
    "w1.effects.account_id": effects(lambda e: replace(e, account_id="x") if e.control == "bank" else e),
    "w1.effects.control": effects(lambda e: replace(e, control="clearing") if e.control == "bank" else e),
    "w1.effects.base_amount": effects(lambda e: replace(e, base_amount=-e.base_amount)),
    "w1.preconditions.amount_due": lambda p: written(
        p, preconditions=tuple(c for c in p.writes[0].preconditions if c.field != "amount_due")
    ),
    "w1.currency, no precondition": lambda p: written(
        p, preconditions=tuple(c for c in p.writes[0].preconditions if c.field != "currency")
    ),
    "w1.verify.amount": lambda p: verified(p, amount="1.00"),
    "w1.verify.token": lambda p: verified(p, token="fc-aaaaaaaaaa"),
    "w1.verify.document_id": lambda p: verified(p, document_id="another"),
    "w1.verify.due_after": lambda p: verified(p, due_after="77.00"),
    "w1.verify.by": lambda p: verified(p, by="new_ids"),
    "links": lambda p: replace(p, links=(*p.links, replace(p.links[0], id="more"))),
    "kind": lambda p: replace(p, kind="allocation"),
    "line": lambda p: replace(p, line=None),
    "line, another": lambda p: replace(p, line_id="another"),
    "line.amount": lambda p: replace(p, line=p.line and replace(p.line, amount=p.line.amount - Decimal("0.01"))),
    "a value": lambda p: verified(p, due_before="lots"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_payment_that_is_told_otherwise_is_found(what: str, proposals: tuple[Proposal, ...]) -> None:
    proposal = paying(proposals)
    field = what.partition(",")[0]
    assert f": {field} " in (XERO_PROFILE.disagreement(FORGED[what](proposal), BASE) or "").replace("  ", " ")


def link_of(proposal: Proposal) -> Link:
    return proposal.links[0]


def test_a_rate_that_makes_other_money_of_it_is_found(proposals: tuple[Proposal, ...]) -> None:
    proposal = paying(proposals, foreign=True)
    rate = Decimal(proposal.writes[0].arguments["currency_rate"])
    for forged in (
        given(proposal, currency_rate=str(rate * 2)),
        linked(proposal, rate=(link_of(proposal).rate or Decimal(1)) * 2),
        effects(lambda e: replace(e, base_amount=Decimal(0)) if e.control == "gain_loss" else e)(proposal),
    ):
        assert XERO_PROFILE.disagreement(forged, BASE) is not None


def test_an_allocation_that_is_told_otherwise_is_found(proposals: tuple[Proposal, ...]) -> None:
    proposal = allocating(proposals)
    name = proposal.links[0].credit
    assert name is not None
    first: Write = proposal.writes[0]
    for forged in (
        given(proposal, amount="0.01"),
        linked(proposal, credit=replace(name, id="another")),
        linked(proposal, bank_amount=Decimal("1.00")),
        verified(proposal, credit_id="another"),
        verified(proposal, remaining_before="1.00"),
        written(proposal, preconditions=first.preconditions[:3]),
        written(proposal, effects=(Effect(account_id="b", control="bank", amount=Decimal(1), currency=BASE,
                                          base_amount=Decimal(1)),)),
    ):  # fmt: skip
        assert XERO_PROFILE.disagreement(forged, BASE) is not None
