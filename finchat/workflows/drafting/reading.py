"""The facts a draft rests on, read with the fewest calls: the thin shell around the pure drafts. All raise
FinchatError when the ledger cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from finchat.books.balances import expected, stated
from finchat.books.documents import BankLine, Document
from finchat.books.plan import Balances, Plan, Proposal
from finchat.books.plan_names import with_names
from finchat.providers.provider import Provider
from finchat.providers.writing.context import WriteContext
from finchat.workflows.drafting import lookups
from finchat.workflows.drafting.contacts import WantedContact, draft_contact
from finchat.workflows.drafting.documents import NEAR, DocumentFacts, WantedDocument, draft_document
from finchat.workflows.drafting.late_fees import LateFeeFacts, WantedLateFee, draft_late_fee, invoice_meant
from finchat.workflows.drafting.outcome import Contradicted, Contradiction, Gathering, Outcome
from finchat.workflows.drafting.payments import PaymentFacts, WantedPayment, draft_payment

_NEAR = 8  # numbers like the wanted one that are worth naming


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What came of it, with the organisation as it was read for it. `about`: the invoice that a late fee is on;
    `offered`: the same where a separate invoice for it is offered; "" for none."""

    outcome: Outcome
    context: WriteContext
    about: str = ""
    offered: str = ""


async def document(provider: Provider, wanted: WantedDocument, *, plan_id: str, as_of: date) -> Draft:
    """An invoice or bill: the chart and contacts, and what of this contact is near it or called the same."""
    context = await provider.write_context(plan_id, chart=True, fresh=True)
    ledger = provider.lookups()
    reads: list[Awaitable[tuple[Document, ...]]] = []
    try:
        party, _ = lookups.contact(context, Gathering(), wanted.contact, create=False)
        on = lookups.day(wanted.date, "date") or as_of
    except Contradicted:  # said by the draft itself
        party, on = None, as_of
    if party is not None:
        reads.append(ledger.documents_near(party.id, on - NEAR, on + NEAR))
    if number := " ".join(wanted.number.split()):
        reads.append(ledger.documents_numbered(number))
    coded = any(line.item_code for line in wanted.lines)
    items, lists = await asyncio.gather(ledger.items() if coded else _no_items(), asyncio.gather(*reads))
    earlier = {(one.type, one.id): one for listed in lists for one in listed}
    facts = DocumentFacts(context=context, as_of=as_of, earlier=tuple(earlier.values()), items=items)
    return Draft(outcome=draft_document(wanted, facts), context=context)


async def payment(
    provider: Provider, wanted: WantedPayment, *, plan_id: str, as_of: date, lines: Sequence[BankLine],
    consumed: Mapping[str, str],
) -> Draft:  # fmt: skip
    """A payment: the documents of the number, or numbers like it. `lines`: of the bank's feed; `consumed`: fingerprint
    to ledger id of what finchat wrote of bank lines before."""
    context = await provider.write_context(plan_id)
    ledger = provider.lookups()
    named = " ".join(wanted.document.split())
    found = await ledger.settleable(named) if named else ()
    near = await ledger.numbers_like(named) if named and not found else ()
    facts = PaymentFacts(
        context=context, as_of=as_of, documents=tuple(one.document for one in found),
        near=near[:_NEAR],
        paid=tuple((one.document.id, day, amount) for one in found for day, amount in one.paid),
        lines=tuple(line for line in lines if consumed.keys().isdisjoint((line.id, *line.fingerprints))),
    )  # fmt: skip
    return Draft(outcome=draft_payment(wanted, facts), context=context)


async def late_fee(
    provider: Provider, wanted: WantedLateFee, *, plan_id: str, as_of: date, offered: frozenset[str] = frozenset(),
    charged: frozenset[str] = frozenset(),
) -> Draft:  # fmt: skip
    """A late fee: the documents of the number, or numbers like it; for a separate invoice what of its customer is near
    today, for a change of the invoice itself the whole of it. `offered` and `charged` as LateFeeFacts has them."""
    context = await provider.write_context(plan_id, chart=True, fresh=True)
    ledger = provider.lookups()
    named = " ".join(wanted.document.split())
    found = tuple(one.document for one in await ledger.settleable(named)) if named else ()
    near = await ledger.numbers_like(named) if named and not found else ()
    one = invoice_meant(wanted, found)
    changes = one is not None and wanted.change_invoice and one.id in offered
    items = await ledger.items() if wanted.item else {}
    earlier: tuple[Document, ...] = ()
    detail = None
    if one is not None and changes:
        details, record = await asyncio.gather(ledger.documents(one.id), ledger.record("invoice", one.id))
        detail = next((each for each in details if each.type == "invoice" and each.id == one.id), None)
        if record is not None:
            context = replace(context, records={**context.records, ("invoice", one.id): record})
    elif one is not None:
        earlier = await ledger.documents_near(one.contact_id, as_of - NEAR, as_of + NEAR)
    facts = LateFeeFacts(
        context=context, as_of=as_of, documents=found, near=near[:_NEAR], earlier=earlier, items=items, detail=detail,
        offered=offered, charged=charged,
    )  # fmt: skip
    outcome = draft_late_fee(wanted, facts)
    about = "" if one is None else one.id
    offers = not changes and not isinstance(outcome, Contradiction)
    return Draft(outcome=outcome, context=context, about=about, offered=about if offers else "")


async def contact(provider: Provider, wanted: WantedContact, *, plan_id: str) -> Draft:
    """A contact: all that there are, for names like it."""
    context = await provider.write_context(plan_id, chart=True, fresh=True)
    return Draft(outcome=draft_contact(wanted, context), context=context)


def planned(
    proposal: Proposal, context: WriteContext, before: Balances, *, as_of: date, created_at: datetime,
    server_fingerprint: str, command: tuple[str, ...],
) -> Plan:  # fmt: skip
    """The plan of one drafted proposal. Pure."""
    plan = Plan(
        id=context.plan_id,
        created_at=created_at,
        as_of=as_of,
        organisation=context.organisation,
        server_fingerprint=server_fingerprint,
        command=command,
        proposals=(proposal,),
        expected=expected(before, stated(before, proposal.writes)),
    )
    return with_names(plan, {a.id: a.label for a in context.accounts.values()})


async def _no_items() -> Mapping[str, str]:
    return {}
