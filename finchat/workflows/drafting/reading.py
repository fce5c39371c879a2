"""The facts a draft rests on, read with the fewest calls: the thin shell around the pure drafts. All raise
FinchatError when the ledger cannot be read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from finchat.books.balances import expected, stated
from finchat.books.documents import BankLine, Document
from finchat.books.plan import Balances, Plan, Proposal
from finchat.books.plan_names import with_names
from finchat.providers.fields import Record
from finchat.providers.writing.context import WriteContext
from finchat.providers.xero import XeroProvider, parsing
from finchat.workflows.drafting import lookups
from finchat.workflows.drafting.contacts import WantedContact, draft_contact
from finchat.workflows.drafting.documents import NEAR, DocumentFacts, WantedDocument, draft_document
from finchat.workflows.drafting.outcome import Contradicted, Gathering, Outcome
from finchat.workflows.drafting.payments import PaymentFacts, WantedPayment, draft_payment

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_LIKE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What came of it, with the organisation as it was read for it."""

    outcome: Outcome
    context: WriteContext


async def document(provider: XeroProvider, wanted: WantedDocument, *, plan_id: str, as_of: date) -> Draft:
    """An invoice or bill: the chart and contacts, and what of this contact is near it or called the same."""
    context = await provider.write_context(plan_id, chart=True, fresh=True)
    reads: list[Any] = []
    try:
        party, _ = lookups.contact(context, Gathering(), wanted.contact, create=False)
        on = lookups.day(wanted.date, "date") or as_of
    except Contradicted:  # said by the draft itself
        party, on = None, as_of
    if party is not None:
        where = f"Date>={_day(on - NEAR)} AND Date<={_day(on + NEAR)}"
        near = {"contact_ids": [party.id], "where": where}
        reads.append(provider.rows("invoice.list", near, "documents of this contact"))
    if number := " ".join(wanted.number.split()):
        reads.append(provider.rows("invoice.list", _numbered(number), "documents of this number"))
    coded = any(line.item_code for line in wanted.lines)
    if coded:
        reads.append(provider.rows("item.list", {}, "items"))
    lists: list[list[Mapping[str, Any]]] = list(await asyncio.gather(*reads))
    items = lists.pop() if coded else []
    rows = {row.get("InvoiceID"): row for rows in lists for row in rows}
    facts = DocumentFacts(
        context=context, as_of=as_of, earlier=_documents(provider, context, rows.values()),
        items={str(item.get("Code", "")): str(item.get("Description") or item.get("Name") or "") for item in items},
    )  # fmt: skip
    return Draft(outcome=draft_document(wanted, facts), context=context)


async def payment(
    provider: XeroProvider, wanted: WantedPayment, *, plan_id: str, as_of: date, lines: Sequence[BankLine],
    consumed: Mapping[str, str],
) -> Draft:  # fmt: skip
    """A payment: the documents of the number, or numbers like it. `lines`: of the bank's feed; `consumed`: fingerprint
    to ledger id of what finchat wrote of bank lines before."""
    context = await provider.write_context(plan_id)
    named = " ".join(wanted.document.split())
    rows: list[Mapping[str, Any]] = []
    near: list[str] = []
    if _GUID.fullmatch(named.casefold()):
        rows = await provider.rows("invoice.list", {"ids": [named.casefold()]}, "the document")
    elif named:
        rows = await provider.rows("invoice.list", _numbered(named), "documents of this number")
        rows = [row for row in rows if row.get("InvoiceNumber") == named]
        if not rows:
            digits = max(re.findall(r"[0-9]+", named), key=len, default=named)
            like = {"search_term": digits[:200], "summary_only": True}
            found = await provider.first_rows("invoice.list", like, _LIKE, "similar numbers")
            near = [str(row["InvoiceNumber"]) for row in found if row.get("InvoiceNumber")]
    facts = PaymentFacts(
        context=context, as_of=as_of, documents=_documents(provider, context, rows),
        near=tuple(dict.fromkeys(near))[:8],
        paid=tuple(one for row in rows for one in _paid(row)),
        lines=tuple(line for line in lines if consumed.keys().isdisjoint((line.id, *line.fingerprints))),
    )  # fmt: skip
    return Draft(outcome=draft_payment(wanted, facts), context=context)


async def contact(provider: XeroProvider, wanted: WantedContact, *, plan_id: str) -> Draft:
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


def _documents(
    provider: XeroProvider, context: WriteContext, rows: Iterable[Mapping[str, Any]]
) -> tuple[Document, ...]:
    base = context.base_currency
    found = (provider.tolerant(partial(parsing.document, base_currency=base), row) for row in rows)
    return tuple(document for document in found if document is not None)


def _paid(row: Mapping[str, Any]) -> list[tuple[str, date, Decimal]]:
    record = Record(row, "Xero invoice", "InvoiceID")
    return [
        (record.text("InvoiceID"), payment.date("Date"), payment.decimal("Amount"))
        for payment in record.children("Payments", "PaymentID")
    ]


def _numbered(number: str) -> dict[str, Any]:
    """The list of numbers cannot hold a comma."""
    return {"search_term": number[:200]} if "," in number else {"invoice_numbers": [number]}


def _day(day: date) -> str:
    return f"DateTime({day.year}, {day.month:02}, {day.day:02})"
