"""Whether a plan calls documents, credits and contacts what the ledger calls them.

A card shows beside each id what a person calls the record. Of a plan that was made elsewhere those names are the
file's own word: they are compared with the ledger before any of it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from finchat.books.plan import Link, Plan
from finchat.connections.toolbox import Toolbox
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero import parsing
from finchat.providers.xero.again import KINDS, read_again
from finchat.providers.xero.parsing import CREDIT_IDS, CreditKind
from finchat.providers.xero.writes.payments import credit_text

_Name = tuple[Need, str]  # a record, and what the plan calls it


async def misnamed(toolbox: Toolbox, plan: Plan) -> str | None:
    """The first record that the plan calls something else than the ledger does, in plain words; None without one.
    40 documents or contacts a call, 20 credits. Raises FinchatError when the ledger cannot be read."""
    said = list(dict.fromkeys(name for one in _linked(plan) for name in _names(*one)))
    found = await read_again(toolbox, list(dict.fromkeys(need for need, _ in said if need[0] in KINDS)))
    for need, name in said:
        kind, id = need
        present = _called(need, found, plan.organisation.base_currency)
        if present is None:
            return f"the {kind.replace('_', ' ')} {id}, there called {name!r}, is not in the ledger"
        if present != name:
            return f"it calls {kind.replace('_', ' ')} {id} {name!r}, and the ledger {present!r}"
    return None


def _linked(plan: Plan) -> Iterator[tuple[Link, CreditKind | None]]:
    """Every link, with the kind of the credit that its write is read back by; None where it is about no credit."""
    for proposal in plan.proposals:
        kinds = {id: (write.verify or {}).get("credit_kind") for write in proposal.writes for id in write.link_ids}
        for link in proposal.links:
            kind = kinds.get(link.id)
            yield link, cast(CreditKind, kind) if kind in CREDIT_IDS else None


def _names(link: Link, credit: CreditKind | None) -> Iterator[_Name]:
    if link.document_id:
        yield ("document", link.document_id), f"{link.number} {link.contact}".strip()
    if link.contact_id:
        yield ("contact", link.contact_id), link.contact
    if link.credit is not None and link.credit.id:
        yield (credit or "credit", link.credit.id), link.credit.text


def _called(need: Need, found: Found, base_currency: str) -> str | None:
    kind, record = need[0], found.get(need)
    if record is None:
        return None
    if kind == "contact":
        return record.text("Name", "")
    if kind == "document":
        who = record.child("Contact", "ContactID").text("Name", "")
        return f"{record.text('InvoiceNumber', '')} {who}".strip()
    return credit_text(parsing.credit(record.data, cast(CreditKind, kind), base_currency))
