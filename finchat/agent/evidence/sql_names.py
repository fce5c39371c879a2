"""The names in a query: every column is given its table, so that an alias never stands in for a field."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from finchat.agent.evidence.currencies import check_currencies
from finchat.agent.evidence.sandboxed import QueryRefused
from finchat.agent.evidence.tables import Table
from finchat.agent.evidence.tree import Node, selects_of, sources_in
from finchat.text.sanitise import one_line


def qualify(tree: Node, tables: Mapping[str, Table]) -> None:
    """Give every column its table, and check that all of them are there, that no sum mixes currencies and that no
    digits are lost. Raises QueryRefused."""
    for scope in _selects(tree):
        _replace_aliases(scope, tables)
    for scope in _selects(tree):
        _name_tables(scope, tables)
    for scope in _selects(tree):
        check_currencies(scope, tables)
    for name, table in tables.items():
        if any(column.inexact for column in table.columns.values()):
            _check_inexact(tree, name, table)


def _selects(tree: Node) -> list[Scope]:
    return [scope for scope in traverse_scope(tree) if isinstance(scope.expression, exp.Select)]


def _replace_aliases(scope: Scope, tables: Mapping[str, Table]) -> None:
    """GROUP BY 2, and an alias in WHERE, GROUP BY or HAVING, mean an output column: it is put in its place.

    A field of a table comes before an alias of the same name, as in SQLite.
    """
    select: Node = scope.expression
    outputs: list[Node] = select.selects
    aliases = {p.alias.lower(): p.unalias() for p in outputs if isinstance(p, exp.Alias) and p.alias}
    group = select.args.get("group")
    for item in list(group.expressions) if group else []:
        if isinstance(item, exp.Literal) and not item.is_string and item.name.isdigit():
            number = int(item.name)
            if not 1 <= number <= len(outputs):
                raise QueryRefused(f"GROUP BY {number}: there is no such column", field="sql", next="name the column")
            item.replace(outputs[number - 1].unalias().copy())
    clauses = [clause for key in ("where", "group", "having") if (clause := select.args.get(key))]
    for column in [column for clause in clauses for column in clause.find_all(exp.Column)]:
        name = column.name.lower()
        if column.table or name not in aliases or column.find_ancestor(exp.Select) is not select:
            continue
        if not any(_has(scope, source, name, tables) for source in sources_in(scope)):
            column.replace(exp.paren(aliases[name].copy()))


def _name_tables(scope: Scope, tables: Mapping[str, Table]) -> None:
    select: Node = scope.expression
    ordered = select.args.get("order")
    in_order = {id(node) for node in ordered.find_all(exp.Column)} if ordered else set()
    outputs = {name.lower() for name in select.named_selects}
    for column in select.find_all(exp.Column):
        if column.find_ancestor(exp.Select) is not select or isinstance(column.this, exp.Star):
            continue
        name, of = column.name.lower(), column.table.lower()
        if of:
            if not _has(scope, of, name, tables) and not _outer(scope, name, tables, of):
                raise _unknown(column.sql(dialect="sqlite"), scope, tables)
            continue
        if id(column) in in_order and name in outputs:
            continue  # ORDER BY takes the output column first
        owners = [source for source in sources_in(scope) if _has(scope, source, name, tables)]
        if len(owners) > 1 and not _joined_by(select, name):
            raise QueryRefused(
                f"{one_line(name, 60)} is in {' and '.join(owners)}", field="sql", next=f"write {owners[0]}.{name}"
            )
        if owners:
            if owners[0]:  # a subquery in FROM may have no name
                column.set("table", exp.to_identifier(owners[0]))
        elif not _outer(scope, name, tables):
            raise _unknown(name, scope, tables)


def _joined_by(select: Node, name: str) -> bool:
    return any(
        name in {item.name.lower() for item in join.args.get("using") or ()} for join in select.args.get("joins") or ()
    )


def _outer(scope: Scope, name: str, tables: Mapping[str, Table], of: str | None = None) -> bool:
    above = scope.parent
    while above is not None:
        if any(_has(above, source, name, tables) for source in sources_in(above) if of in (None, source)):
            return True
        above = above.parent
    return False


def _has(scope: Scope, alias: str, name: str, tables: Mapping[str, Table]) -> bool:
    source = sources_in(scope).get(alias)
    if isinstance(source, exp.Table):
        table = tables.get(source.name.lower())
        return table is not None and name in table.columns
    if source is None:
        return False
    names = {n.lower() for n in source.expression.named_selects}
    return name in names or any(
        any(_has(inner, below, name, tables) for below in sources_in(inner))
        for inner in selects_of(source)
        if _has_star(inner.expression)
    )


def _has_star(select: Node) -> bool:
    return "*" in select.named_selects


def _unknown(name: str, scope: Scope, tables: Mapping[str, Table]) -> QueryRefused:
    known = [
        f"{alias}: {', '.join(tables[source.name.lower()].columns)}"
        for alias, source in sources_in(scope).items()
        if isinstance(source, exp.Table) and source.name.lower() in tables
    ]
    return QueryRefused(
        f"there is no column {one_line(name, 60)}",
        field="sql",
        next=f"texts take single quotes; the columns are {one_line('; '.join(known), 1500)}",
    )


def _check_inexact(tree: Node, name: str, table: Table) -> None:
    """A column with digits that no double holds is text: SQLite would compare it as text."""
    long = {column.name for column in table.columns.values() if column.inexact}
    keeps = (exp.Sum, exp.Avg, exp.Count, exp.Round, exp.Coalesce, exp.Anonymous)
    compares = (exp.Predicate, exp.Ordered, exp.Func)
    for column in tree.find_all(exp.Column):
        above = column.find_ancestor(*compares) if column.name.lower() in long else None
        if above is not None and not isinstance(above, keeps):
            raise QueryRefused(
                f"{name}.{column.name} holds numbers of more than 15 digits, which can be shown and summed, not "
                "compared or ordered",
                field="sql",
                next="select the rows by another column",
            )
