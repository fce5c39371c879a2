"""The rows of a result, table by table, as SQL and the views name them: `e3`, `e3_line_items`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from finchat.agent.evidence.layout import Context, Flat, Layout, Records, flatten, inherit, nested


@dataclass(frozen=True, slots=True)
class Row:
    """One record as a row of `table`; `number` counts from 1 within the table, `parent` is the row it is part of: the
    result's own head, which is no table ("") beside a main list, or a record."""

    table: str
    number: int
    flat: Flat
    context: Context
    parent: Row | None = None


def rows_of(evidence_id: str, layout: Layout) -> Iterator[Row]:
    """Every record of a result, parents before what they hold."""
    numbers: dict[str, int] = defaultdict(int)
    top = None
    if layout.head.scalars and not layout.report and not (layout.lists and layout.lists[0].path == "records"):
        top = Row(evidence_id if layout.head_is_main else "", 1, layout.head, layout.context)
        if layout.head_is_main:
            yield top
    for records in layout.lists:
        name = f"{evidence_id}_{records.name}" if records.name else evidence_id
        yield from _rows(name, records, top, numbers)


def _rows(table: str, records: Records, parent: Row | None, numbers: dict[str, int]) -> Iterator[Row]:
    for record in records.records:
        numbers[table] += 1
        flat = flatten(record, records.headings)
        row = Row(table, numbers[table], flat, inherit(flat, records.context), parent)
        yield row
        for name, path, items, context in nested(flat, row.context):
            yield from _rows(f"{table}_{name}", Records(name, path, items, context), row, numbers)
