"""Stored results as SQL tables: what their columns hold, and their rows.

A column of numbers holds doubles: a decimal of up to 15 significant digits comes back from one exactly as it was. One
with more digits stays text; such a column can be shown, grouped and summed, but not compared (`inexact`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from finchat.agent.evidence import fields
from finchat.agent.evidence.layout import Layout, currency_column, currency_names
from finchat.agent.evidence.summary import MIXED, type_of
from finchat.agent.evidence.walk import Row, rows_of
from finchat.agent.facts import FactPeriod, Filter, Unit
from finchat.canonical import plain_decimal

ROW, PARENT_ROW = "row_no", "parent_row_no"
MOST_COLUMNS = 200
_LONGEST_CELL = 20_000
_DIGITS = 15
_KEYS_OF_A_PARENT = 10
# Words that neither SQLite nor the SQL parser takes as a name without quotes: such a field gets a "_" at its end.
_RESERVED = fields.words_of(
    """add all and any as between case cast check collate commit constraint create cross current_date default delete
    distinct drop else escape except exists for foreign from group having in index inner insert intersect into is join
    like limit not nothing null offset on or order outer primary raise references rollback select set table then to
    transaction union unique update using values when where window with"""
)
_UNIT: Mapping[str, Unit] = {
    "money": "money", "percent": "percent", "ratio": "percent", "count": "count", "date": "date",
    "id": "identifier", "text": "identifier",
}  # fmt: skip


@dataclass(slots=True)
class Column:
    """A column. `field`: what facts call it. `currency`: of all its amounts, when they are in one; `currency_column`:
    where it stands row by row; `mixed`: several currencies and no column that says which."""

    name: str
    field: str
    type: str = ""
    unit: Unit = "number"
    entity: bool = False
    inexact: bool = False
    currency: str | None = None
    currency_column: str | None = None
    several: bool = False  # currencies
    mixed: bool = False
    scale: int = 1  # to percent points


@dataclass(slots=True)
class Table:
    """A table with its rows, in the order of its columns. `derived`: its rows came out of a query."""

    name: str
    kind: str
    columns: dict[str, Column] = field(default_factory=dict)
    rows: list[list[Any]] = field(default_factory=list)
    period: FactPeriod | None = None
    entities: frozenset[str] = frozenset()
    filters: tuple[Filter, ...] = ()  # what the call that fetched the rows chose them by
    kinds: frozenset[str] = frozenset()
    parent: str | None = None  # the table whose records hold these
    partial: bool = False
    report: bool = False
    derived: bool = False


def tables_of(evidence_id: str, layout: Layout, filters: tuple[Filter, ...] = ()) -> dict[str, Table]:
    """The tables of a result, by name; `filters`: those of the call that fetched it."""
    found: dict[str, list[Row]] = {}
    for row in rows_of(evidence_id, layout):
        found.setdefault(row.table, []).append(row)
    return {name: _table(name, rows, layout, filters) for name, rows in found.items()}


def table_of_query(evidence_id: str, data: Mapping[str, Any]) -> dict[str, Table]:
    """The rows of a query's result as a table of their own; nothing that is computed over them proves anything."""
    table = Table(evidence_id, data["lineage"]["kind"], derived=True)
    table.columns[ROW] = Column(ROW, ROW, "count", "count")
    for told in data["lineage"]["columns"]:
        name = _column_name(str(told["name"]), table.columns)
        money = told["unit"] == "money"
        beside = told["currency_column"] if told["currency_column"] in {c["name"] for c in data["columns"]} else None
        table.columns[name] = Column(
            name, name, "money" if money else "", told["unit"], currency=told["currency"], currency_column=beside,
            several=money and bool(told["currency_needed"]) and not told["currency"],
            mixed=money and bool(told["currency_needed"]) and not told["currency"] and not beside,
        )  # fmt: skip
    names = [told["name"] for told in data["lineage"]["columns"]]
    raw = [[number, *(row.get(name) for name in names)] for number, row in enumerate(data["rows"], 1)]
    for position, column in enumerate(list(table.columns.values())):
        values = [row[position] for row in raw]
        numeric = column.type == "money" or all(v is None or not isinstance(v, str) for v in values)
        column.type = column.type or ("number" if numeric else "text")
        _store(column, values, numeric=numeric)
        for row, value in zip(raw, values, strict=True):
            row[position] = value
    table.rows = raw
    return {table.name: table}


def _table(name: str, rows: Sequence[Row], layout: Layout, filters: tuple[Filter, ...]) -> Table:
    first = rows[0]
    kinds = frozenset(row.context.kind for row in rows)
    table = Table(
        name,
        first.context.kind if len(kinds) == 1 else MIXED,
        filters=filters,
        kinds=kinds,
        parent=(first.parent.table or None) if first.parent is not None else None,
        period=first.context.period if all(row.context.period == first.context.period for row in rows) else None,
        entities=layout.context.entities,
        partial=layout.partial,
        report=layout.report or any("section" in row.flat.scalars for row in rows[:50]),
    )
    table.columns[ROW] = Column(ROW, ROW, "count", "count")
    if table.parent is not None:
        table.columns[PARENT_ROW] = Column(PARENT_ROW, PARENT_ROW, "count", "count")
    sources: dict[str, tuple[bool, str]] = {}  # column → (of the parent, the field)
    for row in rows:
        for field_name in row.flat.scalars:
            if (False, field_name) not in sources.values() and len(table.columns) < MOST_COLUMNS:
                column = _column_name(field_name, table.columns)
                sources[column] = (False, field_name)
                table.columns[column] = Column(column, field_name)
    _of_the_parent(rows, table, sources)
    values: dict[str, list[Any]] = {}
    for column, (of_parent, field_name) in sources.items():
        found = [(row.parent if of_parent and row.parent else row).flat.scalars.get(field_name) for row in rows]
        _describe(table.columns[column], rows, found, of_parent=of_parent)
        values[column] = found
    _currencies(table, rows, sources, values)
    keys = [[row.number for row in rows]]
    if table.parent is not None:
        keys.append([row.parent.number if row.parent else 0 for row in rows])
    table.rows = [list(cells) for cells in zip(*keys, *values.values(), strict=True)]
    return table


def _of_the_parent(rows: Sequence[Row], table: Table, sources: dict[str, tuple[bool, str]]) -> None:
    """What the record around says of itself: its ids, numbers, names, dates, status and currency."""
    parent = rows[0].parent
    if parent is None:
        return
    told = 0
    for field_name, value in parent.flat.scalars.items():
        role = fields.role_by_name(field_name)
        is_key = role in ("entity", "currency") or field_name in ("type", "status", "date", "due_date", "id")
        is_key = is_key or (role == "identifier" and field_name not in parent.flat.foreign)
        if not is_key or isinstance(value, bool) or told >= _KEYS_OF_A_PARENT or len(table.columns) >= MOST_COLUMNS:
            continue
        told += 1
        taken = field_name in table.columns
        column = _column_name(f"parent_{field_name}" if taken else field_name, table.columns)
        sources[column] = (True, field_name)
        table.columns[column] = Column(column, field_name if not taken else f"parent_{field_name}")


def _describe(column: Column, rows: Sequence[Row], values: list[Any], *, of_parent: bool) -> None:
    """Settle what a column holds, and turn its values into what SQLite keeps."""
    types = set()
    for row, value in zip(rows, values, strict=True):
        if value is not None and value != "":
            at = row.parent if of_parent and row.parent else row
            types.add(type_of(column.field, value, at.flat, at.context))
            if len(types) > 1:
                break
    column.type = types.pop() if len(types) == 1 else "text"
    if column.type == "text" and all(v is None or fields.number_of(v) is not None for v in values):
        column.type = "number" if any(not isinstance(v, str) for v in values if v is not None) else "text"
    column.entity = fields.role_by_name(column.field) == "entity" and column.type == "text"
    column.unit = _UNIT.get(column.type, "number")
    if column.type == "date" and any(isinstance(v, str) and len(v) > 10 for v in values):
        column.type = "instant"
    column.scale = 100 if column.type == "ratio" else 1
    _store(column, values, numeric=column.type in ("money", "percent", "ratio", "count", "number", "yes/no"))


def _store(column: Column, values: list[Any], *, numeric: bool) -> None:
    for position, value in enumerate(values):
        if value is None or (numeric and value == ""):
            values[position] = None
        elif isinstance(value, bool):
            values[position] = int(value)
        elif not numeric:
            text = value if isinstance(value, str) else plain_decimal(Decimal(value))
            values[position] = text.encode("utf-8", "replace").decode("utf-8")[:_LONGEST_CELL]
        else:
            number = fields.number_of(value)
            values[position] = None if number is None else to_sql(number)
            column.inexact |= isinstance(values[position], str)


def to_sql(value: Decimal) -> int | float | str:
    """A number as SQLite keeps it: an exact integer or double, else its digits as text."""
    digits = value.as_tuple().digits
    if len(digits) <= _DIGITS:
        return int(value) if value == value.to_integral_value() and abs(value) < 10**_DIGITS else float(value)
    stripped = value.normalize()
    if len(stripped.as_tuple().digits) <= _DIGITS and abs(stripped.adjusted()) < 300:
        return float(stripped)
    return plain_decimal(value)


def from_sql(value: Any) -> Decimal | None:
    """The number that a value in SQLite is, exact; None for what is none."""
    if isinstance(value, bool) or value is None or isinstance(value, bytes):
        return None
    if isinstance(value, float):
        number = Decimal(f"{value:.15g}")
        return number if number.is_finite() else None
    if isinstance(value, int):
        return Decimal(value)
    return fields.number_of(value)


def _currencies(
    table: Table, rows: Sequence[Row], sources: Mapping[str, tuple[bool, str]], values: Mapping[str, Sequence[Any]]
) -> None:
    """Say of every column of amounts which currency they are in, or where that stands."""
    names = {field_name: column for column, (of_parent, field_name) in sources.items() if not of_parent}
    above = {field_name: column for column, (of_parent, field_name) in sources.items() if of_parent}
    inherited = {row.context.currency for row in rows}
    for name, column in table.columns.items():
        if column.unit != "money":
            continue
        own = sources[name][1]
        beside = currency_column(own, currency_names(names))
        if beside == "":
            column.several = column.mixed = len(_seen(rows, names, values, inherited)) > 1
            continue
        place = names.get(beside) if beside else None
        if place is None and (found := currency_column("", currency_names(above))):
            place = above.get(found)
        seen = {v for v in values[place] if isinstance(v, str) and v} if place else inherited - {None}
        if len(seen) == 1:
            column.currency = str(next(iter(seen)))
        elif len(seen) > 1:
            column.several, column.mixed = True, place is None
        column.currency_column = place


def _seen(
    rows: Sequence[Row], names: Mapping[str, str], values: Mapping[str, Sequence[Any]], inherited: set[str | None]
) -> set[Any]:
    """The currencies of the records themselves."""
    own = names.get(currency_column("", currency_names(names)) or "")
    return ({value for value in values[own] if value} if own else inherited) - {None}


def _column_name(name: str, taken: Mapping[str, Column]) -> str:
    name = (f"{name}_" if name in _RESERVED else name) or "field"
    while name in taken:
        name += "_2"
    return name
