"""Currencies in a query: amounts of several are never added, however deep the sum stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from finchat.agent.evidence.layout import currency_column, currency_names
from finchat.agent.evidence.sandboxed import QueryRefused
from finchat.agent.evidence.tables import PARENT_ROW, ROW, Column, Table
from finchat.agent.evidence.tree import Node, conjuncts, selects_of, sources_in, unwrapped


def origins(column: Node, scope: Scope, tables: Mapping[str, Table]) -> Iterator[tuple[str, Column]]:
    """The columns of stored results that a column's values come from, through subqueries."""
    alias, name = column.table.lower(), column.name.lower()
    for key, source in sources_in(scope).items():
        if alias and key != alias:
            continue
        if isinstance(source, exp.Table):
            table = tables.get(source.name.lower())
            if table is not None and name in table.columns:
                yield table.name, table.columns[name]
            continue
        whole: Node = source.expression
        named = [n.lower() for n in whole.named_selects]
        for inner in selects_of(source):
            select: Node = inner.expression
            projections: Sequence[Node] = select.selects
            for position, projection in enumerate(projections):
                if isinstance(projection, exp.Star):
                    yield from origins(exp.column(name), inner, tables)
                elif position < len(named) and named[position] == name:
                    for below in projection.find_all(exp.Column):
                        yield from origins(below, inner, tables)


def check_currencies(scope: Scope, tables: Mapping[str, Table]) -> None:
    """Refuse a sum or an average of amounts in several currencies. Raises QueryRefused."""
    for node in scope.expression.find_all(exp.Sum, exp.Avg, exp.Anonymous):
        if isinstance(node, exp.Anonymous) and node.name.lower() != "total":
            continue
        if node.find_ancestor(exp.Select) is not scope.expression:
            continue
        for column in node.find_all(exp.Column):
            for table, origin in origins(column, scope, tables):
                if origin.unit == "money" and origin.several:
                    _check(column, node, scope, tables, (table, origin))


def _check(column: Node, aggregate: Node, scope: Scope, tables: Mapping[str, Table], what: tuple[str, Column]) -> None:
    table, origin = what
    if origin.mixed or origin.currency_column is None:
        raise QueryRefused(
            f"{table}.{origin.name} holds amounts of several currencies and nothing says which; they are never added",
            field="sql",
            next="query the result that has the currency column",
        )
    if not _one_currency(scope, column.table.lower(), (table, origin.currency_column), tables, aggregate):
        raise QueryRefused(
            f"{table}.{origin.name} holds several currencies, and they are never added",
            field="sql",
            next=f"GROUP BY {column.table}.{origin.currency_column}, or filter by it in WHERE",
        )


def _one_currency(
    scope: Scope, alias: str, currency: tuple[str, str], tables: Mapping[str, Table], aggregate: Node | None
) -> bool:
    """Whether the rows that are added are of one currency: grouped or filtered by it here, or filtered below.

    `alias`: the source of this SELECT that the amount comes through; "" for any.
    """

    def is_currency(node: Node) -> bool:
        return (
            isinstance(node, exp.Column)
            and alias in ("", node.table.lower())
            and any((table, column.name) == currency for table, column in origins(node, scope, tables))
        )

    def is_currency_above(node: Node) -> bool:
        return isinstance(node, exp.Column) and (node.table.lower(), node.name.lower()) == above

    select: Node = scope.expression
    own = sources_in(scope)
    above = _parent_of(alias, select, own, tables)
    held = [column for column, _ in pinned(select)]
    if aggregate is not None:
        window, group = aggregate.find_ancestor(exp.Window), select.args.get("group")
        held += window.args.get("partition_by") or [] if window else group.expressions if group else []
    source = own.get(alias)
    through = None if source is None or isinstance(source, exp.Table) else selects_of(source)
    if through is not None and any(_reads(side, currency[0]) != 1 for side in through):
        return False  # nothing says that the currency a subquery shows is that of the amount beside it
    if any(is_currency(unwrapped(node)) or is_currency_above(unwrapped(node)) for node in held):
        return True
    return through is not None and all(
        any(_one_currency(side, name, currency, tables, None) for name in sources_in(side)) for side in through
    )


def _reads(scope: Scope, table: str) -> int:
    return sum(1 for found in scope.expression.find_all(exp.Table) if found.name.lower() == table)


def _parent_of(
    alias: str, select: Node, sources: Mapping[str, Node], tables: Mapping[str, Table]
) -> tuple[str, str] | None:
    """The currency column of the record that the rows of `alias` are part of, where both are joined row by row."""
    table = tables.get(sources[alias].name.lower()) if isinstance(sources.get(alias), exp.Table) else None
    for join in select.args.get("joins") or ():
        on = unwrapped(join.args.get("on"))
        if table is None or not isinstance(on, exp.EQ):
            continue
        for one, two in ((on.this, on.expression), (on.expression, on.this)):
            if not (isinstance(one, exp.Column) and isinstance(two, exp.Column)):
                continue
            other = sources.get(two.table.lower())
            if (
                (one.table.lower(), one.name.lower(), two.name.lower()) == (alias, PARENT_ROW, ROW)
                and isinstance(other, exp.Table)
                and other.name.lower() == table.parent
                and (found := currency_column("", currency_names(tables[other.name.lower()].columns)))
            ):
                return two.table.lower(), found
    return None


def pinned(select: Node) -> Iterator[tuple[Node, str]]:
    """Columns that the WHERE holds to one text."""
    for condition in conjuncts(select):
        if isinstance(condition, exp.EQ):
            for one, two in ((condition.this, condition.expression), (condition.expression, condition.this)):
                if isinstance(one, exp.Column) and isinstance(two, exp.Literal):
                    yield one, two.name
        elif isinstance(condition, exp.In) and len(condition.expressions) == 1 and not condition.args.get("query"):
            only = condition.expressions[0]
            if isinstance(condition.this, exp.Column) and isinstance(only, exp.Literal):
                yield condition.this, only.name
