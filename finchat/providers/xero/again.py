"""Records read again by their ids, in as few calls as the API allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from finchat.connections.toolbox import Toolbox
from finchat.errors import FinchatError
from finchat.events import silent
from finchat.providers.fields import Record
from finchat.providers.reading import call, records, single_record
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero.parsing import CREDIT_IDS, CreditKind
from finchat.providers.xero.table import TABLE

# Xero answers 404 when the address gets too long: 52 ids were measured to pass, 53 not.
_MOST_IDS = 40
_MOST_CLAUSES = 20  # ids in a `where`, twice as long each

# What can be read again, with the field that holds its id. Documents are invoices and bills alike.
KINDS: Mapping[str, str] = {
    "document": "InvoiceID",
    "invoice": "InvoiceID",  # the same, of one that finchat itself made
    "contact": "ContactID",
    "payment": "PaymentID",
    "bank_transaction": "BankTransactionID",
    "bank_transfer": "BankTransferID",
    **{str(kind): field for kind, field in CREDIT_IDS.items()},
}
# Lists that leave deleted records out unless they are asked for.
_WITH_DELETED: Mapping[str, Mapping[str, Any]] = {"bank_transfer": {"include_deleted": True}}


async def read_again(toolbox: Toolbox, needs: Iterable[Need]) -> dict[Need, Record | None]:
    """The records, by what and id: 40 documents or contacts a call, 20 of any other kind. Raises FinchatError."""
    by_kind: dict[str, dict[str, None]] = {}
    for kind, id in needs:
        by_kind.setdefault(kind, {})[id] = None
    lists = await asyncio.gather(*(_of_kind(toolbox, kind, list(ids)) for kind, ids in by_kind.items()))
    found: dict[Need, Record | None] = {(kind, id): None for kind, ids in by_kind.items() for id in ids}
    for kind, rows in zip(by_kind, lists, strict=True):
        found |= {(kind, record.text(KINDS[kind])): record for record in rows}
    return found


async def read_all(toolbox: Toolbox, wanted: Callable[[Found], Iterable[Need]]) -> Found:
    """Reads what is wanted, and what is wanted once that is known, until nothing new is. Raises FinchatError."""
    found: dict[Need, Record | None] = {}
    while missing := {need for need in wanted(found) if need not in found}:
        found |= await read_again(toolbox, sorted(missing))
    return found


async def _of_kind(toolbox: Toolbox, kind: str, ids: Sequence[str]) -> list[Record]:
    if kind in ("document", "invoice"):
        return await document_records(toolbox, ids)
    if kind == "contact":
        return await contact_records(toolbox, ids)
    return await _by_clauses(toolbox, kind, ids)


async def document_records(toolbox: Toolbox, ids: Sequence[str]) -> list[Record]:
    """Invoices and bills with their payments, 40 a call; one that is gone is left out. Raises FinchatError."""
    rows = await _by_ids(toolbox, "invoice.list", ids, {}, "documents again")
    return [Record(row, "Xero invoice", "InvoiceID") for row in rows]


async def contact_records(toolbox: Toolbox, ids: Sequence[str]) -> list[Record]:
    """Contacts, archived ones too, 40 a call; one that is gone is left out. Raises FinchatError."""
    rows = await _by_ids(toolbox, "contact.list", ids, {"include_archived": True}, "contacts again")
    return [Record(row, "Xero contact", "ContactID") for row in rows]


async def credit_records(toolbox: Toolbox, kind: CreditKind, ids: Sequence[str]) -> list[Record]:
    """Credits of one kind with their allocations, 20 a call; one that is gone is left out. Raises FinchatError."""
    return await _by_clauses(toolbox, kind, ids)


async def _by_ids(
    toolbox: Toolbox, operation: str, ids: Sequence[str], more: Mapping[str, Any], what: str
) -> list[Mapping[str, Any]]:
    tool = TABLE[operation].tool
    parts = [list(ids[start : start + _MOST_IDS]) for start in range(0, len(ids), _MOST_IDS)]
    pages = await asyncio.gather(
        *(
            records(toolbox, tool, {"ids": part, "page_size": len(part), **more}, what=what, emit=silent)
            for part in parts
        )
    )
    return [row for rows in pages for row in rows]


async def _by_clauses(toolbox: Toolbox, kind: str, ids: Sequence[str]) -> list[Record]:
    words, key = kind.replace("_", " "), KINDS[kind]
    if len(ids) == 1:
        row = await single(toolbox, f"{kind}.get", ids[0])
        return [] if row is None else [Record(row, f"Xero {words}", key)]
    parts = [ids[start : start + _MOST_CLAUSES] for start in range(0, len(ids), _MOST_CLAUSES)]
    more = _WITH_DELETED.get(kind, {})
    wheres = [" OR ".join(f'{key}==Guid("{id}")' for id in part) for part in parts]
    tool = TABLE[f"{kind}.list"].tool
    pages = await asyncio.gather(
        *(records(toolbox, tool, {"where": where, **more}, what=f"{words}s again", emit=silent) for where in wheres)
    )
    return [Record(row, f"Xero {words}", key) for rows in pages for row in rows]


async def single(toolbox: Toolbox, operation: str, id: str) -> Mapping[str, Any] | None:
    """One record by id, or None when it is gone. Raises FinchatError."""
    try:
        result = await call(toolbox, TABLE[operation].tool, {"id": id}, "reading a record again")
    except FinchatError as error:
        if error.code == "not_found":
            return None
        raise
    return single_record(result)
