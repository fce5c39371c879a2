"""Drafts made from a sandbox company's own ledger, planned as the tools plan them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from finchat.books.plan import Plan, Proposal
from finchat.workflows.drafting import Drafted, WantedContact, WantedDocument, WantedLine, WantedPayment, reading
from finchat.workflows.drafting.reading import Draft
from finchat.workflows.undo import Request, prepare
from tests.workflows.desk import Desk

ANCHOR = date(2026, 11, 20)
DUE = "2026-12-20"
PLAN = "20261120-drafts{:02}"


def line(
    text: str = "Consulting", unit: object = "150.00", quantity: object = "10", account: str = "200", **more: Any
) -> WantedLine:
    return WantedLine(description=text, quantity=quantity, unit_amount=unit, account=account, **more)


def document(type: Any = "invoice", **more: Any) -> WantedDocument:
    return WantedDocument(type=type, **{"due_date": DUE, "lines": (line(),), **more})


async def drafted(desk: Desk, wanted: WantedDocument | WantedContact | WantedPayment, number: int = 1) -> Draft:
    """The draft of what is wanted; `number` tells plans of one test apart."""
    plan_id = PLAN.format(number)
    if isinstance(wanted, WantedContact):
        return await reading.contact(desk.provider, wanted, plan_id=plan_id)
    if isinstance(wanted, WantedPayment):
        return await reading.payment(desk.provider, wanted, plan_id=plan_id, as_of=ANCHOR, lines=(), consumed={})
    return await reading.document(desk.provider, wanted, plan_id=plan_id, as_of=ANCHOR)


async def planned(desk: Desk, wanted: WantedDocument | WantedContact | WantedPayment, number: int = 1) -> Plan:
    """The plan of a draft that nothing stands against, as the journal knows it."""
    draft = await drafted(desk, wanted, number)
    assert isinstance(draft.outcome, Drafted), draft.outcome
    plan = reading.planned(
        draft.outcome.proposal, draft.context, await desk.provider.balances(ANCHOR), as_of=ANCHOR,
        created_at=datetime.combine(ANCHOR, time(9), UTC),
        server_fingerprint=desk.settings.fingerprint(desk.organisation.id), command=("chat",),
    )  # fmt: skip
    desk.journal.plan_made(plan, by_model=True)
    return plan


def proposal(plan: Plan) -> Proposal:
    (found,) = plan.proposals
    return found


async def undone(desk: Desk, plan: Plan, number: int = 90) -> Plan:
    """The plan that takes another back."""
    request = Request(
        of=plan.id, as_of=ANCHOR, plan_id=PLAN.format(number), created_at=datetime.combine(ANCHOR, time(9), UTC),
        server_fingerprint=desk.settings.fingerprint(desk.organisation.id), command=("undo", plan.id),
    )  # fmt: skip
    found = (await prepare(desk.provider, request, records=desk.journal)).plan
    desk.journal.plan_made(found)
    return found


async def moved(desk: Desk, before: dict[str, Decimal]) -> dict[str, Decimal]:
    """By account code, what changed since, as somebody else reads the trial balance: debit positive."""
    after = await desk.outside.trial_balance(ANCHOR)
    codes = {a.id: a.code for a in (await desk.provider.accounts()).values()}
    found = {codes[id]: after.get(id, Decimal(0)) - before.get(id, Decimal(0)) for id in {*before, *after}}
    return {code: amount for code, amount in found.items() if amount}


async def lock(desk: Desk, day: date) -> None:
    """The organisation as a later read of it would show it, locked up to a day."""
    own = await desk.provider.organisation()
    desk.provider._organisation = replace(own, period_lock=day)
