"""`find_contact`: a customer or supplier with balance, terms and last documents."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from finchat.app.tools.shape import money, text, tool
from finchat.books.ageing import Ageing, totals
from finchat.books.details import ContactDetail, Detail, Terms
from finchat.workflows import lookup, open_documents

if TYPE_CHECKING:
    from finchat.app.desk import Desk
    from finchat.connections.own_tools import OwnTool

_LAST = 5


def rows(desk: Desk, as_of: date) -> list[OwnTool]:
    async def contact(arguments: Mapping[str, Any]) -> dict[str, Any]:
        lookups = desk.provider.lookups()
        searched = await lookup.search_contact(lookups, str(arguments["search"]))
        found = searched.one
        if found is None:
            return {"contacts": [], **candidates(searched)}
        (receivable, payable), last = await asyncio.gather(
            open_documents.open_of_contact(desk.provider, as_of, found.id),
            lookups.last_documents(found.id, _LAST),
        )
        return {
            "as_of": as_of.isoformat(),
            "contacts": [
                {
                    **_told(found),
                    "default_currency": found.currency or desk.organisation.base_currency,
                    "payment_terms": {terms.side: terms.text for terms in found.terms} or None,
                    **dict(map(_terms_days, found.terms)),
                    "receivables": _balances(receivable, desk.organisation.base_currency),
                    "payables": _balances(payable, desk.organisation.base_currency),
                    "last_documents": [_last(document) for document in last],
                }
            ],
            **candidates(searched),
        }

    return [tool("find_contact", contact, {"search": text()}, required=("search",))]


def candidates(searched: lookup.ContactSearch) -> dict[str, Any]:
    """What else fits a search, or is near it: listed for a person to choose from, never chosen here."""
    if searched.one is not None:
        return {"also_fitting_contacts": [_told(c) for c in searched.others]} if searched.others else {}
    if searched.others:
        listed = [_told(contact) for contact in searched.others]
        return {"fitting_contacts": listed, "next": "several contacts fit: ask which one is meant, guess none"}
    near = [{"contact": name} for name in searched.near]
    return {
        "near_contacts": near,
        "next": "no contact fits; " + ("ask whether one of the near ones is meant" if near else "ask for the name"),
    }


def _told(contact: ContactDetail) -> dict[str, Any]:
    return {
        "contact": contact.name,
        "email": contact.email or None,
        "account_number": contact.account_number or None,
        "is_customer": contact.customer,
        "is_supplier": contact.supplier,
        "archived": not contact.active,
        "contact_id": contact.id,
    }


def _terms_days(terms: Terms) -> tuple[str, int]:
    """The figure of payment terms by itself: how many days after (sales_terms_days), or which day of a month."""
    return f"{terms.side}_terms_{'days' if terms.kind.startswith('DAYSAFTER') else 'day'}", terms.day


def _balances(found: Ageing, base_currency: str) -> list[dict[str, Any]]:
    """What is open on one side per currency; nothing open is said as zero in base currency."""
    listed = [
        {
            "currency": each.currency,
            "outstanding": money(each.amount_due, each.currency),
            "overdue": money(each.overdue, each.currency),
            "unallocated_credits": money(each.unallocated_credits, each.currency),
            "net_outstanding": money(each.net, each.currency),
            "document_count": each.documents,
        }
        for each in totals(found.items, found.credits)
    ]
    zero = "0.00"
    nothing = {"outstanding": zero, "overdue": zero, "unallocated_credits": zero, "net_outstanding": zero}
    return listed or [{"currency": base_currency, **nothing, "document_count": 0}]


def _last(document: Detail) -> dict[str, Any]:
    return {
        "type": document.type,
        "number": document.number or None,
        "date": document.date.isoformat(),
        "due_date": None if document.due_date is None else document.due_date.isoformat(),
        "status": document.status,
        "total": money(document.total, document.currency),
        "amount_due": money(document.amount_due, document.currency),
        "currency": document.currency,
    }
