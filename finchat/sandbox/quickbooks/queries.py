"""Running a query: the dialect's conditions over the records, as parameterised SQL.

Lists come by name and transactions by Id, the oldest first, when no order is given: whoever reads one page alone misses
the newest. Inactive names are hidden unless a condition speaks of Active. Text is compared without case.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from finchat.dialects.quickbooks_query import Condition, Query, QueryError, check, parse
from finchat.sandbox.quickbooks.entities import ENTITIES, FIELDS, Entity
from finchat.sandbox.quickbooks.records import Records
from finchat.sandbox.quickbooks.values import instant, stored_instant

_SQL = {"=": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_COLUMNS = {
    "Id": "id",
    "Active": "active",
    "MetaData.CreateTime": "created",
    "MetaData.LastUpdatedTime": "updated",
}
_INSIDE = {"email": ".Address", "phone": ".FreeFormNumber", "web": ".URI", "memo": ".value", "ref": ".value"}
_ATTACHED = "EXISTS(SELECT 1 FROM json_each(record.body, '$.AttachableRef') WHERE {0})"


def run(records: Records, text: str) -> dict[str, Any]:
    """The member "QueryResponse" of an answer. Raises QueryError."""
    query = check(parse(text), FIELDS)
    entity = ENTITIES[query.entity]
    conditions, values = ["entity = ?", "deleted = 0"], [entity.name]
    if entity.kind == "list" and not any(condition.name == "Active" for condition in query.conditions):
        conditions.append("active = 1")
    for condition in query.conditions:
        sql, found = _condition(entity, condition)
        conditions.append(sql)
        values.extend(found)
    where = " AND ".join(conditions)
    if query.counting:
        count = records.db.execute(f"SELECT count(*) FROM record WHERE {where}", values).fetchone()[0]  # noqa: S608
        return {"totalCount": count}
    rows = records.db.execute(
        f"SELECT * FROM record WHERE {where} ORDER BY {_order(entity, query)} LIMIT ? OFFSET ?",  # noqa: S608
        (*values, query.most, query.start - 1),
    ).fetchall()
    if not rows:
        return {}
    shown = [records.written(row) for row in rows]
    return {entity.name: shown, "startPosition": query.start, "maxResults": len(shown)}


def _order(entity: Entity, query: Query) -> str:
    number = "CAST(id AS INTEGER)"
    if not query.order:
        if entity.kind == "transaction":
            return f"{number}, seq"
        if entity.name == "TaxCode":
            # The two codes of the lines of a sales form come before the codes of an agency.
            return f"CASE WHEN id GLOB '*[^0-9]*' THEN 0 ELSE 1 END, {number}, seq"
        return f"{_path(entity.order)}, seq" if entity.order else f"{number}, seq"
    terms = []
    for item in query.order:
        column = number if item.name == "Id" else _column(entity, item.name)
        column = f"lower({column})" if item.kind in ("text", "ref") else column
        terms.append(f"{column} {'DESC' if item.descending else 'ASC'}")
    return ", ".join((*terms, number, "seq"))


def _condition(entity: Entity, condition: Condition) -> tuple[str, list[Any]]:
    if condition.name.startswith("AttachableRef.EntityRef."):
        member = condition.name.removeprefix("AttachableRef.")
        sql, values = _compared(f"json_extract(json_each.value, '$.{member}')", condition)
        return _ATTACHED.format(sql), values
    column = _column(entity, condition.name)
    if condition.kind == "number":
        return _number(entity, condition)
    if condition.kind == "id" and condition.operator not in ("=", "IN", "LIKE"):
        values = [_whole(condition, value) for value in condition.found]
        return f"CAST({column} AS INTEGER) {_SQL[condition.operator]} ?", values
    return _compared(column, condition)


def _compared(column: str, condition: Condition) -> tuple[str, list[Any]]:
    values = [_bound(condition, value) for value in condition.found]
    if condition.kind in ("text", "ref", "id"):
        column, values = f"lower({column})", [str(value).lower() for value in values]
    if condition.operator == "IN":
        return f"{column} IN ({', '.join('?' * len(values))})", values
    if condition.operator == "LIKE":
        # Only % stands for anything; SQLite's _ does too, and is escaped.
        return f"{column} LIKE ? ESCAPE '\\'", [re.sub(r"([\\_])", r"\\\1", str(values[0]))]
    return f"{column} {_SQL[condition.operator]} ?", values


def _number(entity: Entity, condition: Condition) -> tuple[str, list[Any]]:
    """Money by its hundredths, so that no float is compared with another; other numbers as they are."""
    money = entity.properties[condition.name].kind == "money"
    column = _column(entity, condition.name)
    sql = f"CAST(round({column} * 100) AS INTEGER)" if money else column
    values = [_finite(value, money=money) for value in condition.found]
    if condition.operator == "IN":
        return f"{sql} IN ({', '.join('?' * len(values))})", values
    return f"{sql} {_SQL[condition.operator]} ?", values


def _finite(value: Any, *, money: bool) -> int | float:
    found: Decimal = value.scaleb(2) if money else value
    # Only a literal finer than a cent is compared as a float, and never stored: it lies strictly between two cents.
    return int(found) if found == found.to_integral_value() else float(found)


def _whole(condition: Condition, value: Any) -> int:
    if not str(value).isdigit():
        detail = f"QueryValidationError: value '{value}' is not valid for property '{condition.name}'"
        raise QueryError("4001", detail, condition.position, name=condition.name)
    return int(value)


def _bound(condition: Condition, value: Any) -> Any:
    if condition.kind == "boolean":
        return int(value)
    if condition.kind == "time":
        text = str(value)
        whole_day = len(text) == len("2026-11-20")
        found = instant(f"{text}T00:00:00" if whole_day else text)
        return stored_instant(found)
    return value


def _column(entity: Entity, name: str) -> str:
    if name in _COLUMNS:
        return _COLUMNS[name]
    if name == "TxnDate":
        return "date"
    return _path(name + _INSIDE.get(entity.properties[name].kind, ""))


def _path(name: str) -> str:
    return f"json_extract(body, '$.{name}')"
