"""Records read again by their ids, in as few calls as the API allows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from finchat.connections.toolbox import CallResult, Toolbox
from finchat.errors import FinchatError
from finchat.events import silent
from finchat.providers.fields import Record
from finchat.providers.reading import call, records
from finchat.providers.xero.parsing import CREDIT_IDS, CreditKind
from finchat.providers.xero.table import TABLE

# Xero answers 404 when the address gets too long: 52 ids were measured to pass, 53 not.
_MOST_IDS = 40
_MOST_CLAUSES = 20  # ids in a `where`, twice as long each


async def document_records(toolbox: Toolbox, ids: Sequence[str]) -> list[Record]:
    """Invoices and bills with their payments, 40 a call; one that is gone is left out. Raises FinchatError."""
    tool = TABLE["invoice.list"].tool
    parts = [list(ids[start : start + _MOST_IDS]) for start in range(0, len(ids), _MOST_IDS)]
    pages = await asyncio.gather(
        *(
            records(toolbox, tool, {"ids": part, "page_size": len(part)}, what="documents again", emit=silent)
            for part in parts
        )
    )
    return [Record(row, "Xero invoice", "InvoiceID") for rows in pages for row in rows]


async def credit_records(toolbox: Toolbox, kind: CreditKind, ids: Sequence[str]) -> list[Record]:
    """Credits of one kind with their allocations, 20 a call; one that is gone is left out. Raises FinchatError."""
    what, key = f"Xero {kind.replace('_', ' ')}", CREDIT_IDS[kind]
    if len(ids) == 1:
        row = await single(toolbox, f"{kind}.get", ids[0])
        return [] if row is None else [Record(row, what, key)]
    parts = [ids[start : start + _MOST_CLAUSES] for start in range(0, len(ids), _MOST_CLAUSES)]
    wheres = [" OR ".join(f'{key}==Guid("{id}")' for id in part) for part in parts]
    tool = TABLE[f"{kind}.list"].tool
    pages = await asyncio.gather(
        *(records(toolbox, tool, {"where": where}, what="credits again", emit=silent) for where in wheres)
    )
    return [Record(row, what, key) for rows in pages for row in rows]


async def single(toolbox: Toolbox, operation: str, id: str) -> Mapping[str, Any] | None:
    """One record by id, or None when it is gone. Raises FinchatError."""
    try:
        result = await call(toolbox, TABLE[operation].tool, {"id": id}, "reading a record again")
    except FinchatError as error:
        if error.code == "not_found":
            return None
        raise
    return first(result)


def first(result: CallResult) -> Mapping[str, Any] | None:
    """The record of an answer: the only one of `records`, or the answer itself."""
    body = result.structured
    if body is None:
        return None
    listed = body.get("records")
    if not isinstance(listed, list):
        return body
    return listed[0] if listed and isinstance(listed[0], Mapping) else None
