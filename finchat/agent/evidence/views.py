"""What the model gets of a result: never more than 8,000 characters, and as much of 10 rows as of 10,000.

A view says what the result is made of (tables, fields and what they hold, row counts), totals computed in code, the
first rows with the fields that matter, and how to ask for the rest. Every text in it is one line, cut and printable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from finchat.agent.evidence import fields
from finchat.agent.evidence.layout import Layout
from finchat.agent.evidence.summary import TableShape, Total, total_text
from finchat.agent.evidence.walk import Row
from finchat.canonical import plain_decimal
from finchat.connections.toolbox import CallError
from finchat.text.sanitise import one_line

LIMIT = 8000
_WHOLE = 2600  # a result this short, with short lists, is shown as it is
_SHORT_LIST = 5
_FEW = 3  # records whose inner lists are shown row by row
_HEAD = 1800
_ROWS = 10
_ROWS_CHARACTERS = 2600
_CELL = 44
_COLUMNS = 9
_FIELDS_CHARACTERS = 800
_TOTAL_LINES = 8
_TOTALS_IN_A_LINE = 4
# The fields a person looks for first; the others follow in their own order.
_FIRST_FIELDS = (
    "number", "invoice_number", "credit_note_number", "code", "name", "contact", "contact_name", "customer", "supplier",
    "invoice_contact_name", "account_code", "account_name", "type", "status", "date", "due_date", "days_overdue",
    "description", "quantity", "unit_amount", "line_amount", "currency", "currency_code", "amount_due", "total",
    "amount", "balance", "open", "overdue", "net", "debit", "credit", "ytd_debit", "ytd_credit", "reference", "section",
)  # fmt: skip
_TOTAL_FIELDS = (
    "amount_due", "total", "amount", "line_amount", "open", "overdue", "balance", "net", "amount_paid",
    "amount_credited", "sub_total", "total_tax", "tax_amount",
)  # fmt: skip


def cell(value: Any, limit: int = _CELL) -> str:
    """One value in one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return plain_decimal(value)
    return one_line(str(value)[: limit * 4], limit).replace("|", "¦")  # a bar divides cells


def view_of(
    title: str, data: Mapping[str, Any], layout: Layout, shapes: Sequence[TableShape], arguments: Mapping[str, Any]
) -> str:
    """The view of a result that is a JSON object."""
    asked = one_line(_compact(arguments), 240) if arguments else ""
    lines = [title + (f" · asked for {asked}" if asked else "")]
    whole = _compact(_shortened(data)) if _is_short(shapes) else ""
    if whole and len(whole) <= _WHOLE:
        lines.append(whole)
        lines += [f"In SQL: {_named(shapes)}."] if shapes else []
        return _cut(lines)
    if layout.partial:
        more = f" of {layout.total_in_ledger}" if layout.total_in_ledger is not None else ""
        lines.append(f"PARTIAL: one page{more}; there are more (next_cursor). Totals below are of this page alone.")
    lines += _head(data, shapes)
    names = {shape.name: shape for shape in shapes}
    # What is inside many records is named; what is inside one or two is shown.
    shown = [s for s in shapes if (inside := _parent(s)) is None or inside not in names or names[inside].rows <= _FEW]
    budget = _ROWS_CHARACTERS if len(shown) < 2 else max(_ROWS_CHARACTERS * 2 // len(shown), 500)
    for shape in shapes[:8]:
        lines += _table(shape, budget, rows=shape in shown)
    if len(shapes) > 8:
        lines.append(f"More tables: {_named(shapes[8:])}.")
    if shapes:
        lines.append(f"The whole result is kept: ask SQL of {shapes[0].name} with the query tool.")
    return _cut(lines)


def view_of_text(title: str, text: str) -> str:
    """The view of a result that is words."""
    shown = " ".join(text[: LIMIT * 2].split())
    lines = [title, one_line(shown, LIMIT - 1000)]
    if len(shown) > LIMIT - 1000 or len(text) > LIMIT * 2:
        lines.append(f"({len(text)} characters in all; the whole is kept)")
    return _cut(lines)


def view_of_error(title: str, error: CallError) -> str:
    """The view of a call that failed."""
    lines = [f"{title} · FAILED ({one_line(error.code, 100)}, outcome: {error.outcome})", one_line(error.message, 1500)]
    lines += [f"field: {one_line(error.field, 200)}"] if error.field else []
    lines += [f"next: {one_line(error.next, 500)}"] if error.next else []
    return _cut(lines)


def view_of_query(title: str, data: Mapping[str, Any]) -> str:
    """The view of a query's result: what each column is, and as many rows as fit."""
    columns: Sequence[Mapping[str, Any]] = data["columns"]
    rows: Sequence[Mapping[str, Any]] = data["rows"]
    lines = [title]
    lines += [one_line(str(data["sql"]), 600)]
    notes = [f"{one_line(str(c['name']), 60)} = {one_line(str(c['is']), 120)}" for c in columns if c["is"] != c["name"]]
    lines += [one_line("columns: " + "; ".join(notes), 900)] if notes else []
    lines += [f"note: {one_line(str(note), 300)}" for note in data.get("notes") or ()]
    names = [str(column["name"]) for column in columns]
    lines.append(" | ".join(one_line(name, 60) for name in names))
    room = LIMIT - 200 - sum(len(line) + 1 for line in lines)
    shown = 0
    for row in rows:
        line = " | ".join(cell(row.get(name), 80) for name in names)
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
        shown += 1
    if data.get("truncated") or shown < len(rows):
        known = f"at least {len(rows)}" if data.get("truncated") else str(len(rows))
        lines.append(f"({shown} of {known} rows shown: filter, group or LIMIT for less)")
    return _cut(lines)


def _table(shape: TableShape, budget: int, *, rows: bool) -> list[str]:
    lines = [f"{shape.name}: {shape.rows} {'row' if shape.rows == 1 else 'rows'}" + _kind(shape)]
    described = ", ".join(f"{name} {label}".strip() for name, label in shape.types.items())
    if not rows:
        return [f"{lines[0]} · {one_line(described, 240)}"]
    lines.append("  fields: " + one_line(described, _FIELDS_CHARACTERS))
    return lines + _totals(shape) + (_rows(shape, budget) if shape.first else [])


def _rows(shape: TableShape, budget: int) -> list[str]:
    if shape.rows == 1:
        row = shape.first[0]
        parts = [f"{name}: {cell(value, 300)}" for name, value in row.flat.scalars.items() if value not in (None, "")]
        return ["  " + one_line(" · ".join(parts), budget)]
    columns = _columns(shape)
    header = " | ".join(columns)
    lines = [" | ".join(cell(row.flat.scalars.get(name)) for name in columns) for row in shape.first]
    whole = len(lines) == shape.rows and sum(map(len, lines)) + len(lines) <= budget
    shown = lines if whole else _that_fit(lines[:_ROWS], budget)
    label = "  all rows" if whole else f"  first {len(shown)} of {shape.rows} rows"
    return [f"{label}: {header}", *(f"  {line}" for line in shown)]


def _that_fit(lines: Sequence[str], budget: int) -> list[str]:
    shown: list[str] = []
    for line in lines:
        budget -= len(line) + 1
        if budget < 0:
            break
        shown.append(line)
    return shown


def _columns(shape: TableShape) -> list[str]:
    """The fields that are shown: those a person looks for first, then amounts, then the rest that say anything."""
    known = [name for name in _FIRST_FIELDS if shape.types.get(name)]
    amounts = [name for name, label in shape.types.items() if label in ("money", "percent", "ratio")]
    others = [name for name, label in shape.types.items() if label not in ("", "id", "yes/no")]
    ordered = list(dict.fromkeys([*known, *amounts, *others])) or list(shape.types)
    chosen = set(ordered[:_COLUMNS])
    if not any(fields.role_by_name(name) == "entity" for name in chosen):
        chosen |= {name for name, label in shape.types.items() if label == "id"} & set(list(shape.types)[:4])
    return [name for name in dict.fromkeys([*ordered, *shape.types]) if name in chosen]


def _totals(shape: TableShape) -> list[str]:
    groups: dict[tuple[Any, ...], list[Total]] = {}
    for total in shape.totals:
        groups.setdefault((total.currency, total.where), []).append(total)
    lines: list[str] = []
    for (currency, where), totals in sorted(groups.items(), key=lambda item: (len(item[0][1]), str(item[0]))):
        ranked = sorted((t for t in totals if t.value), key=lambda t: (_rank(t.field), t.field))
        if not ranked:
            continue
        label = " ".join([currency or "", *(value for _, value in where)]).strip() or "all"
        sums = ", ".join(f"{t.field} {total_text(t.value)}" for t in ranked[:_TOTALS_IN_A_LINE])
        lines.append(f"  {one_line(label, 60)} ({max(t.rows for t in totals)} rows): {sums}")
    shown = lines[:_TOTAL_LINES]
    if len(lines) > len(shown):
        shown.append(f"  … {len(lines) - len(shown)} more groups")
    if not lines and shape.counts:
        counted = ", ".join(f"{'/'.join(v for _, v in where)} {rows}" for where, rows in shape.counts[:12])
        return ["  rows by " + one_line(counted, 400)]
    return [" totals computed in code:", *shown] if shown else []


def _rank(name: str) -> int:
    return _TOTAL_FIELDS.index(name) if name in _TOTAL_FIELDS else len(_TOTAL_FIELDS)


def _head(data: Mapping[str, Any], shapes: Sequence[TableShape]) -> list[str]:
    rest = {key: value for key, value in data.items() if not _holds_records(value)}
    if isinstance(data.get("records"), list):
        rest = {key: value for key, value in rest.items() if key not in ("records", "count", "total")}
        rest = {key: value for key, value in rest.items() if value is not None}
    return [one_line(_compact(_shortened(rest)), _HEAD)] if rest else []


def _holds_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _is_short(shapes: Sequence[TableShape]) -> bool:
    return all(shape.rows <= _SHORT_LIST for shape in shapes)


def _shortened(value: Any, depth: int = 0) -> Any:
    if isinstance(value, Mapping):
        return {k: _shortened(v, depth + 1) for k, v in value.items()} if depth < 6 else "…"
    if isinstance(value, list | tuple):
        return [_shortened(v, depth + 1) for v in value[:20]] if depth < 6 else "…"
    return one_line(value, 300) if isinstance(value, str) else value


def _compact(value: Any) -> str:
    def other(item: Any) -> Any:
        return plain_decimal(item) if isinstance(item, Decimal) else str(item)

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=other)


def _kind(shape: TableShape) -> str:
    parent = _parent(shape)
    return f" · parent_row_no = {parent}.row_no" if parent else ""


def _parent(shape: TableShape) -> str | None:
    """The table whose records hold the rows of this one."""
    first: Row | None = shape.first[0] if shape.first else None
    return (first.parent.table or None) if first is not None and first.parent is not None else None


def _named(shapes: Sequence[TableShape]) -> str:
    return one_line(", ".join(f"{shape.name} ({shape.rows})" for shape in shapes), 400)


def _cut(lines: Sequence[str]) -> str:
    text = "\n".join(lines)
    return text if len(text) <= LIMIT else text[: LIMIT - 12].rstrip() + "\n… (cut)"
