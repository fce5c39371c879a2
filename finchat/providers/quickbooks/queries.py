"""Queries in QuickBooks' language, and reading every row of one.

QuickBooks gives at most 1,000 rows an answer, the oldest first. Where there are more, their number is asked for and
the other pages are read side by side: the oldest page alone is never taken for the whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

from finchat.connections.toolbox import Toolbox
from finchat.errors import FinchatError
from finchat.events import Emit, Reading
from finchat.providers.quickbooks.table import ENTITIES, TABLE
from finchat.providers.reading import call

PAGE = 1000
_LONGEST_LIST = 3500  # characters of an IN list: the server takes queries of 4,000
_MOST_ROWS = 1_000_000
Row = Mapping[str, Any]
T = TypeVar("T")


def literal(text: str) -> str:
    """A value as a query holds it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def day(on: date) -> str:
    return literal(on.isoformat())


def id_lists(ids: Iterable[str], field: str = "Id") -> Iterator[str]:
    """Conditions that name all these ids, each short enough for one query."""
    part: list[str] = []
    length = 0
    for id in sorted(set(ids)):
        text = literal(id)
        if part and length + len(text) > _LONGEST_LIST:
            yield f"{field} IN ({', '.join(part)})"
            part, length = [], 0
        part.append(text)
        length += len(text) + 2
    if part:
        yield f"{field} IN ({', '.join(part)})"


def selecting(operation: str, where: str = "", order: str = "", *, counting: bool = False) -> str:
    """The query of a list operation (`invoice.list`)."""
    what = "COUNT(*)" if counting else "*"
    parts = [f"SELECT {what} FROM {ENTITIES[operation.partition('.')[0]]}"]  # noqa: S608 — QuickBooks' own language
    parts += [f"WHERE {where}"] if where else []
    parts += [f"ORDERBY {order}"] if order else []
    return " ".join(parts)


async def all_rows(toolbox: Toolbox, operation: str, where: str, what: str, emit: Emit) -> list[Row]:
    """Every row of a query: one call up to 1,000, one more for each 1,000 and one for their number beyond.

    Raises FinchatError when a call fails or an answer is no list of records: half a list is never a list.
    """
    tool, query = TABLE[operation].tool, selecting(operation, where)
    emit(Reading(server=toolbox.server, what=what))
    rows, more = await _page(toolbox, tool, query, PAGE, what)
    if more:
        emit(Reading(server=toolbox.server, what=what, rows=len(rows)))
        total = await _count(toolbox, tool, selecting(operation, where, counting=True), what)
        pages = await together(
            *(_from(toolbox, tool, query, start, what) for start in range(PAGE + 1, total + 1, PAGE))
        )
        rows += [row for found, _ in pages for row in found]
        start = max(total - total % PAGE, PAGE) + 1
        # What was added while the pages were read.
        while pages and pages[-1][1] and len(pages[-1][0]) >= PAGE and start < _MOST_ROWS:
            pages = [await _from(toolbox, tool, query, start, what)]
            rows += pages[0][0]
            start += PAGE
        rows = list({row.get("Id", index): row for index, row in enumerate(rows)}.values())
    emit(Reading(server=toolbox.server, what=what, rows=len(rows), done=True))
    return rows


async def first_rows(toolbox: Toolbox, operation: str, where: str, *, order: str, count: int, what: str) -> list[Row]:
    """The first `count` rows (1,000 at most) of a query in an order: one call."""
    query = selecting(operation, where, order)
    rows, _ = await _page(toolbox, TABLE[operation].tool, query, min(count, PAGE), what)
    return rows[:count]


async def together(*reads: Awaitable[T]) -> list[T]:
    """All reads at once; the first failure ends the others, so nothing runs on behind an error."""
    tasks = [asyncio.ensure_future(read) for read in reads]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def _from(toolbox: Toolbox, tool: str, query: str, start: int, what: str) -> tuple[list[Row], bool]:
    return await _page(toolbox, tool, f"{query} STARTPOSITION {start} MAXRESULTS {PAGE}", PAGE, what)


async def _page(toolbox: Toolbox, tool: str, query: str, size: int, what: str) -> tuple[list[Row], bool]:
    """One page, and whether the server knows of more."""
    body = (await call(toolbox, tool, {"query": query, "page_size": size}, f"reading {what}")).structured or {}
    found = body.get("records")
    if not isinstance(found, list):
        raise FinchatError(f"reading {what}: {tool} answered without a list of records", code="unreadable_answer")
    return list(found), body.get("next_cursor") is not None


async def _count(toolbox: Toolbox, tool: str, query: str, what: str) -> int:
    body = (await call(toolbox, tool, {"query": query, "page_size": PAGE}, f"counting {what}")).structured or {}
    total = body.get("total")
    if not isinstance(total, int) or isinstance(total, bool) or total > _MOST_ROWS:
        raise FinchatError(f"counting {what}: {tool} answered without a number", code="unreadable_answer")
    return total
