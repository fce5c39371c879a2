"""The tables that a plain SELECT joins, and whose rows the joined rows are.

A sum over joined rows is a sum over a table only when the join neither repeats nor drops rows of it; the stored rows
themselves say whether it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from finchat.agent.evidence.fields import role_by_name
from finchat.agent.evidence.tables import PARENT_ROW, ROW, Column, Table
from finchat.agent.evidence.tree import Node


@dataclass(slots=True)
class Sources:
    """The tables of a plain SELECT by alias, and the one whose rows the joined rows are."""

    tables: dict[str, Table] = field(default_factory=dict)
    leaf: str | None = None


def sources_of(tree: Node, tables: Mapping[str, Table]) -> Sources | None:
    """The tables of FROM and JOIN by alias, or None where a join is not by equal columns."""
    origin = tree.args.get("from_") or tree.args.get("from")
    if origin is None or not isinstance(origin.this, exp.Table):
        return None
    found = Sources({origin.this.alias_or_name.lower(): tables[origin.this.name.lower()]})
    pairs: list[tuple[tuple[str, str], tuple[str, str]]] = []
    optional: set[str] = set()
    for join in tree.args.get("joins") or ():
        if not isinstance(join.this, exp.Table) or join.args.get("method") or join.kind == "CROSS":
            return None
        if (join.side or "") not in ("", "LEFT"):
            return None
        alias, table = join.this.alias_or_name.lower(), tables[join.this.name.lower()]
        if alias in found.tables:
            return None
        equal = list(_equalities(join, alias, table, found.tables))
        if not equal:
            return None
        found.tables[alias] = table
        pairs += equal
        if join.side:
            optional.add(alias)  # rows without one of it stay: the joined rows are not its rows
    if all(_belong_together(found.tables, one, two) for one, two in pairs):
        leaves = [alias for alias in found.tables if alias not in optional]
        found.leaf = next((alias for alias in leaves if _is_leaf(alias, found.tables, pairs)), None)
    return found


def _belong_together(tables: Mapping[str, Table], one: tuple[str, str], two: tuple[str, str]) -> bool:
    """Whether two columns name the same thing: a record's row and that of what it is part of, or one id, number or
    name in both. Rows that merely have an equal column have nothing to do with each other."""
    for (alias, name), (other, other_name) in ((one, two), (two, one)):
        if name == PARENT_ROW and other_name == ROW:
            return tables[alias].parent == tables[other].name
    first, second = (_called(tables[alias], tables[alias].columns[name]) for alias, name in (one, two))
    return bool(first & second)


def _called(table: Table, column: Column) -> frozenset[str]:
    """What a column may be called from outside: the `number` of an invoice is an invoice_number."""
    if role_by_name(column.field) not in ("identifier", "entity"):
        return frozenset()
    names = {f"{kind}_{column.field}" for kind in table.kinds or {table.kind} if kind}
    return frozenset(names if column.field in ("id", "number", "name", "code") else {column.field, *names})


def _equalities(
    join: Node, alias: str, table: Table, known: Mapping[str, Table]
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """The pairs of columns that a join sets equal; none where it says anything else."""
    pairs = []
    for item in join.args.get("using") or ():
        name = item.name.lower()
        other = next((a for a, t in known.items() if name in t.columns), None)
        if other is None or name not in table.columns:
            return
        pairs.append(((alias, name), (other, name)))
    on = join.args.get("on")
    pending = [on] if on is not None else []
    while pending:
        node = pending.pop()
        if isinstance(node, exp.And):
            pending += [node.left, node.right]
            continue
        if isinstance(node, exp.Paren):
            pending.append(node.this)
            continue
        if not isinstance(node, exp.EQ):
            return
        one, two = node.this, node.expression
        if not (isinstance(one, exp.Column) and isinstance(two, exp.Column)):
            return
        first, second = (one.table.lower(), one.name.lower()), (two.table.lower(), two.name.lower())
        if second[0] == alias:
            first, second = second, first
        if first[0] != alias or second[0] not in known:
            return
        pairs.append((first, second))
    yield from pairs


def _is_leaf(alias: str, tables: Mapping[str, Table], pairs: Sequence[tuple[tuple[str, str], tuple[str, str]]]) -> bool:
    """Whether the joined rows are the rows of this table, each once: every other table has exactly one row for each."""
    reached, waiting = {alias}, set(tables) - {alias}
    while waiting:
        for other in sorted(waiting):
            mine = [(a, b) if a[0] == other else (b, a) for a, b in pairs if other in (a[0], b[0])]
            mine = [(a, b) for a, b in mine if b[0] in reached]
            if mine and _exactly_one(tables, mine):
                break
        else:
            return False
        reached.add(other)
        waiting.discard(other)
    return True


def _exactly_one(tables: Mapping[str, Table], pairs: Sequence[tuple[tuple[str, str], tuple[str, str]]]) -> bool:
    theirs = _cells(tables[pairs[0][0][0]], [column for (_, column), _ in pairs])
    if len(set(theirs)) != len(theirs) or len({table for _, (table, _) in pairs}) != 1:
        return False
    ours = _cells(tables[pairs[0][1][0]], [column for _, (_, column) in pairs])
    return set(ours) <= set(theirs) and not any(None in key for key in ours)


def _cells(table: Table, names: Sequence[str]) -> list[tuple[Any, ...]]:
    places = {name: place for place, name in enumerate(table.columns)}
    chosen = [places[name] for name in names]
    return [tuple(row[place] for place in chosen) for row in table.rows]
