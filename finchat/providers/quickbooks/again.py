"""Records read again by their ids, in as few queries as the API allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from finchat.connections.toolbox import Toolbox
from finchat.events import silent
from finchat.providers.fields import Record
from finchat.providers.quickbooks.queries import all_rows, id_lists, together
from finchat.providers.quickbooks.table import ENTITIES
from finchat.providers.writing.undoing import Found, Need

# Lists whose inactive records a query leaves out unless it asks for them.
_NAMED = frozenset({"customer", "vendor", "employee", "account", "item", "class", "department", "term"})
WITH_INACTIVE = "Active IN (true, false)"


async def read_again(toolbox: Toolbox, needs: Iterable[Need]) -> dict[Need, Record | None]:
    """The records, by what (the table's singular) and id: one query for hundreds of a kind. One that was deleted, or is
    of no kind that there is, is None. Raises FinchatError."""
    by_kind: dict[str, dict[str, None]] = {}
    for kind, id in needs:
        by_kind.setdefault(kind, {})[id] = None
    kinds = [kind for kind in by_kind if kind in ENTITIES]
    lists = await together(*(records_of(toolbox, kind, list(by_kind[kind])) for kind in kinds))
    found: dict[Need, Record | None] = {(kind, id): None for kind, ids in by_kind.items() for id in ids}
    for kind, rows in zip(kinds, lists, strict=True):
        found |= {(kind, row.text("Id")): row for row in rows if (kind, row.text("Id")) in found}
    return found


async def read_all(toolbox: Toolbox, wanted: Callable[[Found], Iterable[Need]]) -> Found:
    """Reads what is wanted, and what is wanted once that is known, until nothing new is. Raises FinchatError."""
    found: dict[Need, Record | None] = {}
    while missing := {need for need in wanted(found) if need not in found}:
        found |= await read_again(toolbox, sorted(missing))
    return found


async def records_of(toolbox: Toolbox, kind: str, ids: Sequence[str]) -> list[Record]:
    """The records of one kind that there still are. Raises FinchatError."""
    # What is no number names no record, and the server may refuse a query with it.
    asked = [id for id in ids if id.isascii() and id.isalnum()]
    also = f" AND {WITH_INACTIVE}" if kind in _NAMED else ""
    what = f"{kind.replace('_', ' ')}s again"
    parts = await together(*(queried(toolbox, kind, f"{part}{also}", what) for part in id_lists(asked)))
    return [row for rows in parts for row in rows]


async def queried(toolbox: Toolbox, kind: str, where: str, what: str) -> list[Record]:
    """All records that meet a condition. Raises FinchatError."""
    return [record_of(kind, row) for row in await all_rows(toolbox, f"{kind}.list", where, what, silent)]


def record_of(kind: str, row: object) -> Record:
    """One record, named for messages."""
    return Record(row, f"QuickBooks {kind.replace('_', ' ')}", "Id")
