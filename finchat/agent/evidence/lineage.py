"""What each output column of a query proves.

A column proves something only when it is an aggregate of a field of one table, or sums, differences and ratios of
such; literals prove nothing, aliases name nothing, and what cannot be followed is opaque.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.scope import build_scope

from finchat.agent.evidence.basis import Basis, basis_of, column_of, is_total, month_of
from finchat.agent.evidence.conditions import filters_of_where, group_basis, is_simple_having
from finchat.agent.evidence.currencies import origins, pinned
from finchat.agent.evidence.joins import Sources, sources_of
from finchat.agent.evidence.layout import currency_column, currency_names
from finchat.agent.evidence.sandboxed import QueryRefused
from finchat.agent.evidence.sql_names import qualify
from finchat.agent.evidence.store import NOT_FOLLOWED
from finchat.agent.evidence.summary import MIXED
from finchat.agent.evidence.tables import Table
from finchat.agent.evidence.tree import Node, selects_of, unwrapped
from finchat.agent.facts import Filter
from finchat.text.sanitise import one_line


@dataclass(frozen=True, slots=True)
class Output:
    """One output column, with what it proves."""

    name: str
    basis: Basis | None
    group: bool = False
    month: bool = False
    entity: bool = False
    computed: bool = False
    opaque: bool = True
    currency: str | None = None
    currency_column: str | None = None
    currency_needed: bool = False
    words: str = ""

    def as_json(self) -> dict[str, Any]:
        basis = self.basis
        return {
            "name": self.name,
            "field": basis.field if basis else self.name,
            "is": self.words,
            "unit": basis.unit if basis else "number",
            "scale": basis.scale if basis else 1,
            "group": self.group,
            "month": self.month,
            "entity": self.entity,
            "computed": self.computed,
            "opaque": self.opaque,
            "currency": self.currency,
            "currency_column": self.currency_column,
            "currency_needed": self.currency_needed,
        }


@dataclass(frozen=True, slots=True)
class Analysis:
    """A query that may run: the SQL to run, and what its columns are."""

    sql: str
    shown_sql: str
    outputs: tuple[Output, ...] = ()  # empty where they are known only from its result
    tables: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    entities: frozenset[str] = frozenset()
    kind: str = ""
    period: tuple[str | None, str] | None = None


def analyse(tree: Node, tables: Mapping[str, Table]) -> Analysis:
    """Check a query against the tables it names, and say what its columns prove.

    Raises QueryRefused for unknown columns, for sums over several currencies, and for comparing a column that holds
    amounts of more than 15 digits.
    """
    if set(tables) & {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}:
        raise QueryRefused("a WITH table has the name of a result", field="sql", next="give it another name")
    try:
        qualify(tree, tables)
        shown = tree.sql(dialect="sqlite", comments=False)
        outputs, where, source = _outputs(tree, tables)
        ready = exact_arithmetic(tree.copy(), tables)
        runs = ready.sql(dialect="sqlite", comments=False)
    except RecursionError as error:
        raise QueryRefused("the SQL is nested too deep", field="sql", next="write a plainer query") from error
    used = tuple(tables)
    if source is None:
        return Analysis(runs, shown, outputs, used)
    filters = (*source.filters, *where)
    period = None
    if source.period is not None:
        first = source.period.first
        period = (None if first is None else first.isoformat(), source.period.last.isoformat())
    return Analysis(runs, shown, outputs, used, filters, source.entities, source.kind, period)


def exact_arithmetic(tree: Node, tables: Mapping[str, Table]) -> Node:
    """Arithmetic through functions that compute in Decimal; numbers in quotes beside columns of numbers unquoted."""
    names: Mapping[type, str] = {
        exp.Add: "d_add", exp.Sub: "d_sub", exp.Mul: "d_mul", exp.Div: "d_div", exp.Mod: "d_mod",
    }  # fmt: skip
    numeric = {
        column.name
        for table in tables.values()
        for column in table.columns.values()
        if column.type in ("money", "percent", "ratio", "count", "number")
    }

    def exact(node: exp.Expression) -> exp.Expression:
        if type(node) in names:
            return exp.Anonymous(this=names[type(node)], expressions=[node.this, node.expression])
        if (
            isinstance(node, exp.Literal)
            and node.is_string
            and isinstance(node.parent, exp.Predicate)
            and _is_number(node.name)
            and any(c.name.lower() in numeric for c in node.parent.find_all(exp.Column))
        ):
            return exp.Literal.number(node.name)
        return node

    return tree.transform(exact)


def _is_number(text: str) -> bool:
    whole, _, places = text.removeprefix("-").partition(".")
    return whole.isdigit() and whole.isascii() and (not places or (places.isdigit() and places.isascii()))


def _outputs(tree: Node, tables: Mapping[str, Table]) -> tuple[tuple[Output, ...], tuple[Filter, ...], Table | None]:
    if not isinstance(tree, exp.Select) or _is_involved(tree):
        return _unfollowed(tree, tables), (), None
    sources = sources_of(tree, tables)
    if sources is None:
        return _unfollowed(tree, tables), (), None
    _expand_stars(tree, sources)
    _show_groups(tree)
    where = filters_of_where(tree, sources)
    group = tree.args.get("group")
    groups = [unwrapped(item) for item in (group.expressions if group else [])]
    followed = [group_basis(item, sources) for item in groups]
    sound = where is not None and None not in followed and is_simple_having(tree, sources)
    aggregated = bool(groups) or any(
        p.find(exp.AggFunc) or any(is_total(n) for n in p.find_all(exp.Anonymous)) for p in tree.selects
    )
    leaf = sources.tables[sources.leaf] if sources.leaf else None
    names = _names(tree)
    if not aggregated:
        _show_currencies(tree, sources)
        names = _names(tree)
    outputs = [
        _output(name, projection.unalias(), sources, groups=groups, aggregated=aggregated)
        for name, projection in zip(names, tree.selects, strict=True)
    ]
    pins = {(column.table.lower(), column.name.lower()): value for column, value in pinned(tree)}
    outputs = [_with_currency(output, outputs, sources, pins) for output in outputs]
    by_type = any(f.field == "type" and f.operator == "=" for f in where or ()) or any(
        o.group and o.basis and o.basis.field == "type" for o in outputs
    )
    if leaf is not None:
        # A table that came out of a query has the names its writer liked.
        sound = (
            sound
            and not any(table.derived for table in sources.tables.values())
            and not leaf.partial
            and _is_accounts_only(leaf, where or ())
        )
    settled = [_settled(output, sound=sound, leaf=leaf, sources=sources, by_type=by_type) for output in outputs]
    return tuple(settled), where or (), leaf


def _is_involved(tree: Node) -> bool:
    """Whether a SELECT is more than tables, conditions, groups and an order."""
    inside = tree.find(exp.Subquery, exp.CTE, exp.SetOperation, exp.Window, exp.Filter, exp.Exists)
    return (
        inside is not None
        or sum(1 for _ in tree.find_all(exp.Select)) > 1
        or (bool(tree.args.get("distinct")) and any(p.find(exp.AggFunc) for p in tree.selects))
    )


def _unfollowed(tree: Node, tables: Mapping[str, Table]) -> tuple[Output, ...]:
    """The columns of a query that proves nothing; amounts of several currencies stay known as such."""
    if "*" in tree.named_selects:
        return ()
    scope = build_scope(tree)
    found = []
    for name, projection in zip(_names(tree), tree.selects, strict=True):
        sides = selects_of(scope) if scope is not None else []
        below = [o for side in sides for c in projection.find_all(exp.Column) for _, o in origins(c, side, tables)]
        money = [column for column in below if column.unit == "money"]
        basis = Basis(name, "money", name, ()) if money else None
        currencies = {column.currency for column in money}
        only = currencies.pop() if len(currencies) == 1 else None
        needed = any(column.several for column in money)
        found.append(Output(name, basis, currency=only, currency_needed=needed, words=NOT_FOLLOWED))
    return tuple(found)


def _expand_stars(tree: Node, sources: Sources) -> None:
    selects: list[Node] = []
    for projection in tree.selects:
        of = projection.table.lower() if isinstance(projection, exp.Column) else ""
        if isinstance(projection, exp.Star) or (
            isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star)
        ):
            for alias, table in sources.tables.items():
                if not of or alias == of:
                    selects += [exp.column(name, table=alias, quoted=True) for name in table.columns]
        else:
            selects.append(projection)
    tree.set("expressions", selects)


def _show_groups(tree: Node) -> None:
    """Put what a query groups by among its columns: without it nobody could say which row is which."""
    group = tree.args.get("group")
    if not group:
        return
    shown = {projection.unalias().sql(dialect="sqlite") for projection in tree.selects}
    missing = [item.copy() for item in group.expressions if unwrapped(item).sql(dialect="sqlite") not in shown]
    tree.set("expressions", [*missing, *tree.selects])


def _show_currencies(tree: Node, sources: Sources) -> None:
    """Put the currency beside amounts that are computed row by row."""
    if tree.args.get("distinct"):
        return
    shown = {projection.unalias().sql(dialect="sqlite") for projection in tree.selects}
    for projection in list(tree.selects):
        basis = basis_of(projection.unalias(), sources)
        for alias, name in basis.columns if basis is not None and not basis.plain else ():
            column = sources.tables[alias].columns[name]
            if column.unit == "money" and column.several and column.currency_column:
                beside = exp.column(column.currency_column, table=alias)
                if beside.sql(dialect="sqlite") not in shown:
                    shown.add(beside.sql(dialect="sqlite"))
                    tree.append("expressions", beside)


def _output(name: str, node: Node, sources: Sources, *, groups: Sequence[Node], aggregated: bool) -> Output:
    node = unwrapped(node)
    group = any(node.sql(dialect="sqlite") == item.sql(dialect="sqlite") for item in groups)
    month = month_of(node, sources) if group and not isinstance(node, exp.Column) else None
    if month is not None:
        words = f"month of {month.field}"
        return Output(name, Basis(month.field, "identifier", words, ()), group=True, month=True, words=words)
    basis = basis_of(node, sources)
    column = column_of(node, sources) if isinstance(node, exp.Column) else None
    plain = basis is not None and basis.plain
    # Beside an aggregate, a column that is not grouped by is of any row: it names nobody.
    words = basis.derivation if basis is not None else NOT_FOLLOWED
    if plain and aggregated and not group:
        words = f"{words} of some row"
    return Output(
        name,
        basis,
        group=group and plain,
        entity=plain and column is not None and column.entity and not aggregated,
        computed=not plain,
        words=words,
    )


def _with_currency(
    output: Output, outputs: Sequence[Output], sources: Sources, pins: Mapping[tuple[str, str], str]
) -> Output:
    """Say which currency an amount is in: the column's one, the one the WHERE holds it to, or that of the row."""
    basis = output.basis
    if basis is None or not basis.columns:
        return output
    found: set[tuple[str | None, str | None]] = set()
    needed = False
    for alias, name in basis.columns:
        column = sources.tables[alias].columns[name]
        if column.unit != "money":
            continue
        needed |= column.several
        beside = column.currency_column
        pin = _pin(alias, beside, sources, pins) if beside else None
        shown = next(
            (o.name for o in outputs if beside and o.basis and o.basis.plain and o.basis.columns == ((alias, beside),)),
            None,
        )
        grouped = next((o.group for o in outputs if o.name == shown), False)
        usable = shown if shown and (grouped or not basis.aggregate) else None
        found.add((column.currency or pin, usable))
    if len(found) != 1:
        return replace(output, currency_needed=needed, opaque=True)
    currency, place = found.pop()
    return replace(output, currency=currency, currency_column=None if currency else place, currency_needed=needed)


def _pin(alias: str, currency: str, sources: Sources, pins: Mapping[tuple[str, str], str]) -> str | None:
    """The currency that the WHERE holds a table to, also through the records that its rows are part of."""
    if held := pins.get((alias, currency)):
        return held
    above = [other for other, table in sources.tables.items() if table.name == sources.tables[alias].parent]
    found = currency_column("", currency_names(sources.tables[above[0]].columns)) if len(above) == 1 else None
    return pins.get((above[0], found)) if found else None


def _settled(output: Output, *, sound: bool, leaf: Table | None, sources: Sources, by_type: bool) -> Output:
    """Whether a computed column proves anything."""
    basis = output.basis
    if basis is None or leaf is None or not sound or not output.computed:
        return replace(output, opaque=True)
    owners = {alias for alias, _ in basis.columns}
    opaque = bool(owners - {sources.leaf})
    # Of invoices and bills together nothing is due to anybody.
    opaque |= leaf.kind == MIXED and not by_type and basis.unit == "money" and basis.aggregate
    opaque |= basis.extreme and output.currency_needed and not (output.currency or output.currency_column)
    return replace(output, opaque=opaque)


def _is_accounts_only(table: Table, filters: Sequence[Filter]) -> bool:
    """Rows of a report hold their own totals: only sums over its account rows are sums of anything."""
    if not table.report:
        return True
    if "row" not in {column.field for column in table.columns.values()}:
        return False
    return any(f.field == "row" and f.operator == "=" and f.value == "account" for f in filters)


def _unqualified(projection: Node) -> str:
    def short(node: Node) -> Node:
        return exp.column(node.name) if isinstance(node, exp.Column) else node

    return str(projection.copy().transform(short).sql(dialect="sqlite"))


def _names(tree: Node) -> list[str]:
    """What the output columns are called, each once."""
    found: list[str] = []
    for projection in tree.selects:
        plain = isinstance(projection, exp.Alias | exp.Column)
        name = one_line(projection.alias_or_name if plain else _unqualified(projection), 80) or "column"
        while name in found:
            name += "_2"
        found.append(name)
    return found
