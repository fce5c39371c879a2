"""What is computed over a result when it is kept: its tables, their fields, row counts and totals.

Totals are sums of amounts in one currency; where the records have a type (sales and purchases, in and out), never over
several types. Rows of a report are not summed: they hold their own totals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from finchat.agent.evidence import fields
from finchat.agent.evidence.layout import Context, Flat, Layout, currency_column, currency_of, iso_date
from finchat.agent.evidence.walk import Row, rows_of

MIXED = "record"  # the kind of a table whose records are of several kinds
_NOT_SUMMED = ("price", "unit_amount")
_GROUPS = ("type", "status")
_VALUES_OF_A_GROUP = 12
Group = tuple[str | None, str, str]  # currency, type, status; "" where the record has none


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of `field` over the rows that `where` selects, in one currency (None: the result names none)."""

    table: str
    field: str
    value: Decimal
    rows: int
    currency: str | None
    where: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class TableShape:
    """A table: its row count, what each field holds, and its first rows."""

    name: str
    kind: str
    rows: int = 0
    types: dict[str, str] = field(default_factory=dict)
    first: list[Row] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    counts: list[tuple[tuple[tuple[str, str], ...], int]] = field(default_factory=list)


def summarise(evidence_id: str, layout: Layout, *, first: int = 60) -> list[TableShape]:
    """The tables of a result with their totals; `first` rows of each are kept to be shown."""
    tables: dict[str, TableShape] = {}
    sums: dict[str, _Sums] = {}
    for row in rows_of(evidence_id, layout):
        table = tables.get(row.table)
        if table is None:
            table = tables[row.table] = TableShape(row.table, row.context.kind)
            sums[row.table] = _Sums(row.table, summed=not layout.report)
        table.rows += 1
        if row.context.kind != table.kind:
            table.kind = MIXED
        if len(table.first) < first:
            table.first.append(row)
        _note_types(table.types, row.flat, row.context)
        sums[row.table].add(row)
    for name, table in tables.items():
        if table.rows > 1:
            table.totals, table.counts = sums[name].finish()
    return list(tables.values())


class _Sums:
    """Sums by currency, type and status of the rows of one table."""

    def __init__(self, table: str, *, summed: bool) -> None:
        self._table, self._summed = table, summed
        self._sums: dict[Group, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._rows: dict[Group, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._count: dict[Group, int] = defaultdict(int)

    def add(self, row: Row) -> None:
        scalars = row.flat.scalars
        if "section" in scalars or "row" in scalars:
            self._summed = False
        kind, status = (_class(scalars.get(name)) for name in _GROUPS)
        self._count[None, kind, status] += 1
        if not self._summed:
            return
        for name, amount in amounts(row.flat, row.context):
            group = (currency_of(name, row.flat, row.context.currency), kind, status)
            self._sums[group][name] += amount
            self._rows[group][name] += 1

    def finish(self) -> tuple[list[Total], list[tuple[tuple[tuple[str, str], ...], int]]]:
        kinds, statuses = {kind for _, kind, _ in self._count}, {status for _, _, status in self._count}
        by_kind, by_status = 1 < len(kinds) <= _VALUES_OF_A_GROUP, 1 < len(statuses) <= _VALUES_OF_A_GROUP
        levels = [(by_kind, False)] if by_kind or len(kinds) <= 1 else []
        if by_status and levels:
            levels.append((by_kind, True))
        totals: list[Total] = []
        for level in levels:
            totals += self._level(*level)
        return totals, [item for level in levels for item in self._counts(*level) if item[0]]

    def _level(self, by_kind: bool, by_status: bool) -> Iterator[Total]:
        merged: dict[tuple[Group, str], tuple[Decimal, int]] = {}
        for (currency, kind, status), columns in self._sums.items():
            group = (currency, kind if by_kind else "", status if by_status else "")
            for name, amount in columns.items():
                value, rows = merged.get((group, name), (Decimal(0), 0))
                merged[group, name] = value + amount, rows + self._rows[currency, kind, status][name]
        for (group, name), (value, rows) in sorted(merged.items(), key=lambda item: _order(item[0][0])):
            yield Total(self._table, name, value, rows, group[0], _where(group))

    def _counts(self, by_kind: bool, by_status: bool) -> list[tuple[tuple[tuple[str, str], ...], int]]:
        merged: dict[Group, int] = defaultdict(int)
        for (_, kind, status), rows in self._count.items():
            merged[None, kind if by_kind else "", status if by_status else ""] += rows
        return [(_where(group), rows) for group, rows in sorted(merged.items(), key=lambda item: _order(item[0]))]


def amounts(flat: Flat, context: Context) -> Iterator[tuple[str, Decimal]]:
    """The amounts of a record that a sum makes sense of."""
    scalars = flat.scalars
    for name, raw in scalars.items():
        if fields.role_by_name(name) not in ("money", "number") or isinstance(raw, bool):
            continue
        value = fields.number_of(raw)
        if (
            value is None
            or name in flat.foreign
            or name.endswith(_NOT_SUMMED)
            or currency_column(name, tuple(flat.currencies)) == ""
        ):
            continue  # a price, an amount of the record this one refers to, an amount in a currency nothing names
        beside = currency_of(name, flat, context.currency) is not None
        if fields.numeric_role(name, raw, beside_currency=beside) == "money":
            yield name, value


def total_text(value: Decimal) -> str:
    """An amount with at least two places, without an exponent."""
    whole, _, places = f"{value:f}".partition(".")
    return f"{whole}.{places:0<2}"


def _note_types(types: dict[str, str], flat: Flat, context: Context) -> None:
    for name, value in flat.scalars.items():
        if types.get(name) or value is None or value == "":
            types.setdefault(name, "")
            continue
        types[name] = type_of(name, value, flat, context)


def type_of(name: str, value: Any, flat: Flat, context: Context) -> str:
    """What a field holds, in a word, as the views and errors name it."""
    if isinstance(value, bool):
        return "yes/no"
    if fields.number_of(value) is not None:
        beside = currency_of(name, flat, context.currency) is not None
        if role := fields.numeric_role(name, value, beside_currency=beside):
            return role
    if iso_date(value):
        return "date"
    return "id" if name.endswith(("_id", "_ids")) or name == "id" else "text"


def _class(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 40 else ""


def _where(group: Group) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in zip(_GROUPS, group[1:], strict=True) if value)


def _order(group: Group) -> tuple[str, str, str]:
    return group[0] or "", group[1], group[2]
