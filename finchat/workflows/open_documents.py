"""Unpaid invoices or bills as of a day, aged, beside the control account they should add up to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finchat.books.ageing import Ageing, ageing, in_base
from finchat.providers.provider import Provider, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The control account on the day in base currency, debit positive for receivables and credit positive for payables,
    beside what the open documents less unallocated credits come to. `why`: what is known of a difference."""

    balance: Decimal | None
    documents: Decimal | None
    why: str | None

    @property
    def difference(self) -> Decimal | None:
        """Balance less documents; None where either is unknown."""
        return None if self.balance is None or self.documents is None else self.balance - self.documents


async def open_documents(provider: Provider, side: Side, as_of: date, contact_id: str | None = None) -> Ageing:
    """What was open at the end of a day, of one contact or of all: four calls."""
    documents, credits = await provider.lookups().open_on(side, as_of, contact_id)
    return ageing(documents, credits, as_of)


async def open_of_contact(provider: Provider, as_of: date, contact_id: str) -> tuple[Ageing, Ageing]:
    """What one contact owed, and was owed, at the end of a day: four calls for both."""
    documents, credits = await provider.lookups().open_on(None, as_of, contact_id)

    def of(side: Side) -> Ageing:
        return ageing(
            (d for d in documents if d.document.type == side), [c for c in credits if c.document_type == side], as_of
        )

    return of("invoice"), of("bill")


async def with_control(provider: Provider, side: Side, as_of: date) -> tuple[Ageing, Control]:
    """What was open of all contacts, and the control account: five calls."""
    organisation = await provider.organisation()
    found, balance = await asyncio.gather(
        open_documents(provider, side, as_of), provider.lookups().control_balance(side, as_of)
    )
    documents = in_base(found.items, found.credits, organisation.base_currency)
    why = "the chart of accounts has no control account" if balance is None else None
    if documents is None:
        why = "a document in another currency states no rate"
    elif balance is not None and balance != documents:
        why = "entries that are no document (journals, revaluation), or records that finchat could not read"
    return found, Control(balance=balance, documents=documents, why=why)
