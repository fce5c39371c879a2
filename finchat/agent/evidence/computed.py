"""Named computations: the totals and row counts of a result, and what a query computed, as facts.

A computation carries the conditions its rows were chosen by: those of the call that fetched them (`where`, filter
arguments), the group of a total, the WHERE and GROUP BY of a query. A page that is not the last is no whole: what is
computed over it is opaque.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from finchat.agent.evidence import fields
from finchat.agent.evidence.extraction import DRAFTED
from finchat.agent.evidence.layout import Layout, iso_date, period_of
from finchat.agent.evidence.summary import TableShape
from finchat.agent.facts import Fact, FactPeriod, Filter, Unit

# Arguments that choose a page, an order or a form, not which records there are; periods are told apart as such.
_NO_FILTERS = frozenset(
    ("page", "page_size", "limit", "offset", "cursor", "order", "sort", "fields", "summary_only", "unitdp", "as_of",
     "period", "days", "compare", "from", "to", "from_date", "to_date", "date", "periods", "timeframe")
)  # fmt: skip
_CONDITION = re.compile(
    r"""\s*([A-Za-z][A-Za-z.]*)\s*(==|!=|<=|>=|<|>)\s*
    (?: "([^"]*)" | DateTime\(\s*(\d{4})\s*,\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\) | (-?\d+(?:\.\d+)?) | (true|false|null)
      | [Gg]uid\("([^"]*)"\) )\s*""",
    re.VERBOSE,
)
_LONGEST_TEXT = 300


def filters_of(arguments: Mapping[str, Any]) -> tuple[Filter, ...]:
    """The conditions that a call's arguments put on the records it returned."""
    found: list[Filter] = []
    for name, value in arguments.items():
        if name in _NO_FILTERS or value is None or value == "":
            continue
        if name == "where" and isinstance(value, str):
            found += _where(value)
        elif isinstance(value, list | tuple):
            found.append(Filter(field=fields.snake(name), operator="in", value=", ".join(map(str, value))[:500]))
        elif isinstance(value, bool | int | str | Decimal):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found.append(Filter(field=fields.snake(name), operator="=", value=text[:_LONGEST_TEXT]))
    return tuple(found)


def _where(text: str) -> list[Filter]:
    found: list[Filter] = []
    for part in re.split(r"\s+AND\s+|&&", text):
        match = _CONDITION.fullmatch(part)
        if match is None:
            # An OR, a method, parentheses: not taken apart, but never lost.
            return [Filter(field="where", operator="matches", value=text[:_LONGEST_TEXT])]
        name, operator, words, year, month, day, number, constant, guid = match.groups()
        try:
            value = date(int(year), int(month), int(day)).isoformat() if year else None
        except ValueError:
            return [Filter(field="where", operator="matches", value=text[:_LONGEST_TEXT])]
        value = next((v for v in (words, value, number, constant, guid) if v is not None), "")
        found.append(Filter(field=_path(name), operator="=" if operator == "==" else operator, value=value))
    return found


def _path(name: str) -> str:
    field = ""
    for part in name.split("."):
        field = fields.joined(field, part)
    return field


def entities_of(filters: Sequence[Filter]) -> frozenset[str]:
    """The names that equality conditions pin a computation to."""
    return frozenset(f.value for f in filters if f.operator == "=" and fields.role_by_name(f.field) == "entity")


def period_of_filters(filters: Sequence[Filter]) -> FactPeriod | None:
    """The period that conditions on the records' own `date` span, when both ends are given."""
    first = last = None
    for condition in filters:
        day = iso_date(condition.value)
        if condition.field != "date" or day is None:
            continue
        if condition.operator == ">=":
            first = day if first is None else max(first, day)
        elif condition.operator == "<=":
            last = day if last is None else min(last, day)
        elif condition.operator == "=":
            first = last = day
    return FactPeriod(first=first, last=last) if first and last and first <= last else None


# Totals of a result


def of_totals(
    evidence_id: str, layout: Layout, shapes: Sequence[TableShape], arguments: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The totals and row counts of a result's tables, as they are stored beside it."""
    drafted = DRAFTED if layout.context.drafted else ()
    asked = [[f.field, f.operator, f.value] for f in (*filters_of(arguments), *drafted)]
    found: list[dict[str, Any]] = []
    for shape in shapes:
        base = {"table": shape.name, "kind": shape.kind, "opaque": layout.partial, "currency": None}
        above = shape.first[0].parent if shape.first else None
        inside = above is not None and above.table not in ("", evidence_id if layout.head_is_main else "")
        counts = [] if inside or (shape.name == evidence_id and layout.head_is_main) else [((), shape.rows)]
        for where, rows in [*counts, *shape.counts]:
            found.append({**base, "field": "count", "is": "count(rows)", "value": rows, "unit": "count",
                          "filters": asked + [[f, "=", v] for f, v in where]})  # fmt: skip
        for total in shape.totals:
            found.append({**base, "field": total.field, "is": f"sum({total.field})", "value": str(total.value),
                          "unit": "money", "currency": total.currency,
                          "filters": asked + [[f, "=", v] for f, v in total.where]})  # fmt: skip
    if layout.total_in_ledger is not None and not layout.report:
        kind = shapes[0].kind if shapes else layout.context.kind
        found.append(
            {"table": evidence_id, "kind": kind, "opaque": False, "currency": None, "field": "count",
             "is": "count(rows)", "value": layout.total_in_ledger, "unit": "count", "filters": asked}
        )  # fmt: skip
    return found


def facts_of_totals(evidence_id: str, layout: Layout, totals: Sequence[Mapping[str, Any]]) -> Iterator[Fact]:
    for total in totals:
        filters = tuple(Filter(field=f, operator=o, value=v) for f, o, v in total["filters"])
        kind = fields.kind_of_record(next((f.value for f in filters if f.field == "type"), None), total["kind"])
        yield Fact(
            evidence_id=evidence_id,
            path=f"{total['table']}: {total['is']}",
            record=f"{evidence_id}/{total['table']}:{total['currency']}:{total['filters']}",
            field=total["field"],
            value=Decimal(total["value"]),
            unit=total["unit"],
            currency=total["currency"],
            entities=layout.context.entities | entities_of(filters),
            kind=kind,
            period=layout.context.period or period_of_filters(filters),
            derivation=total["is"],
            filters=filters,
            opaque=total["opaque"],
        )


# Results of queries


def facts_of_query(evidence_id: str, data: Mapping[str, Any]) -> Iterator[Fact]:
    """What a query computed, row by row; its lineage was written beside its rows when it ran."""
    lineage = data["lineage"]
    columns: Sequence[Mapping[str, Any]] = lineage["columns"]
    where = tuple(Filter(field=f, operator=o, value=v) for f, o, v in lineage["filters"])
    for position, row in enumerate(data["rows"]):
        groups = [f for c in columns if c["group"] for f in _group(c, row.get(c["name"]))]
        filters = where + tuple(groups)
        typed = next((f.value for f in filters if f.field == "type" and f.operator == "="), None)
        entities = entities_of(filters) | {
            str(row[c["name"]]) for c in columns if c["entity"] and isinstance(row.get(c["name"]), str)
        }
        for column in columns:
            value = fields.number_of(row.get(column["name"]))
            day = iso_date(row.get(column["name"]))
            if not column["computed"] or (value is None and day is None):
                continue
            unit: Unit = "date" if value is None else column["unit"]
            yield Fact(
                evidence_id=evidence_id,
                path=f"rows[{position}].{column['name']}",
                record=f"{evidence_id}/rows[{position}]",
                field=column["field"],
                value=day if value is None else value * column["scale"],  # type: ignore[arg-type]
                unit=unit,
                currency=_currency(column, row) if unit == "money" else None,
                entities=frozenset(entities) | frozenset(lineage["entities"]),
                kind=fields.kind_of_record(typed, lineage["kind"]),
                period=_period(lineage["period"]) or period_of_filters(filters),
                derivation=column["is"],
                filters=filters,
                opaque=column["opaque"]
                or (unit == "money" and column["currency_needed"] and not _currency(column, row)),
            )


def _group(column: Mapping[str, Any], value: Any) -> Iterator[Filter]:
    """What a row's group says of the rows in it."""
    if column["month"] and isinstance(value, str) and (first := iso_date(f"{value}-01")):
        last = first.replace(day=monthrange(first.year, first.month)[1])
        yield Filter(field=column["field"], operator=">=", value=first.isoformat())
        yield Filter(field=column["field"], operator="<=", value=last.isoformat())
    else:
        yield Filter(field=column["field"], operator="=", value="" if value is None else str(value))


def _currency(column: Mapping[str, Any], row: Mapping[str, Any]) -> str | None:
    if column["currency"]:
        return str(column["currency"])
    beside = row.get(column["currency_column"]) if column["currency_column"] else None
    return beside if isinstance(beside, str) and beside else None


def _period(period: Sequence[str | None] | None) -> FactPeriod | None:
    if not period:
        return None
    return period_of({"from": period[0], "to": period[1]} if period[0] else {"as_of": period[1]})
