"""What an expression is made of: a field, an aggregate of one, sums, differences and ratios of such; or unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from finchat.agent.evidence.joins import Sources
from finchat.agent.evidence.tables import Column
from finchat.agent.evidence.tree import Node, literal, unwrapped
from finchat.agent.facts import Unit


@dataclass(frozen=True, slots=True)
class Basis:
    """What an expression is made of. `derivation`: how, in terms of fields; `scale`: by what a percentage must be
    multiplied to be in percent points."""

    field: str
    unit: Unit
    derivation: str
    columns: tuple[tuple[str, str], ...]  # (source alias, column)
    aggregate: bool = False
    scale: int = 1
    plain: bool = False  # a column reference and nothing else
    extreme: bool = False  # min or max: of one row, nothing says which


def column_of(node: Node, sources: Sources) -> Column | None:
    table = sources.tables.get(node.table.lower())
    return table.columns.get(node.name.lower()) if table else None


def month_of(node: Node, sources: Sources) -> Column | None:
    """The date column whose month an expression is: substr(date, 1, 7), strftime('%Y-%m', date)."""
    inner: Any = None
    if isinstance(node, exp.Substring):
        parts = [node.args.get("start"), node.args.get("length")]
        if [part.name for part in parts if isinstance(part, exp.Literal)] == ["1", "7"]:
            inner = node.this
    elif isinstance(node, exp.TimeToStr) and node.text("format") == "%Y-%m":
        inner = node.this.this if isinstance(node.this, exp.TsOrDsToTimestamp | exp.TsOrDsToDate) else node.this
    column = column_of(inner, sources) if isinstance(inner, exp.Column) else None
    return column if column is not None and column.type == "date" else None


def basis_of(node: Node, sources: Sources) -> Basis | None:
    """What an expression is made of, or None where it cannot be followed."""
    node = unwrapped(node)
    follow = _FOLLOWED.get(type(node))
    return None if follow is None else follow(node, sources)


def is_total(node: Node) -> bool:
    """Whether this is total(…), SQLite's sum that is 0 of no rows."""
    return isinstance(node, exp.Anonymous) and node.name.lower() == "total" and len(node.expressions) == 1


def _reference(node: Node, sources: Sources) -> Basis | None:
    column = column_of(node, sources)
    if column is None:
        return None
    origin = ((node.table.lower(), column.name),)
    return Basis(column.field, column.unit, column.field, origin, scale=column.scale, plain=True)


def _rounded(node: Node, sources: Sources) -> Basis | None:
    inner, places = basis_of(node.this, sources), node.args.get("decimals")
    if inner is None or (places is not None and not (isinstance(places, exp.Literal) and places.name.isdigit())):
        return None
    return replace(inner, derivation=f"round({inner.derivation})", plain=False)


def _filled(node: Node, sources: Sources) -> Basis | None:
    """coalesce(sum(…), 0): a sum of no rows is nothing."""
    zero = len(node.expressions) == 1 and literal(node.expressions[0]) == "0"
    inner = basis_of(node.this, sources) if zero else None
    return inner if inner is not None and inner.aggregate and not inner.extreme else None


def _count(node: Node, sources: Sources) -> Basis | None:
    inner = node.this
    if isinstance(inner, exp.Star):
        return Basis("count", "count", "count(rows)", (), aggregate=True)
    if isinstance(inner, exp.Distinct) and len(inner.expressions) == 1:
        column = column_of(inner.expressions[0], sources) if isinstance(inner.expressions[0], exp.Column) else None
        if column is None:
            return None
        origin = ((inner.expressions[0].table.lower(), column.name),)
        return Basis(f"distinct {column.field}", "count", f"count(distinct {column.field})", origin, aggregate=True)
    if isinstance(inner, exp.Column) and (column := column_of(inner, sources)) is not None:
        origin = ((inner.table.lower(), column.name),)
        return Basis(f"filled {column.field}", "count", f"count({column.field})", origin, aggregate=True)
    return None


def _aggregate(node: Node, sources: Sources) -> Basis | None:
    if isinstance(node, exp.Anonymous):
        word, argument = "sum", node.expressions[0] if is_total(node) else None
    else:
        word = {exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max"}[type(node)]
        argument = None if node.args.get("expressions") else node.this  # max(a, b) is no aggregate
    inner = basis_of(argument, sources) if argument is not None else None
    if inner is None or inner.aggregate or inner.unit == "identifier":
        return None
    extreme = word in ("min", "max")
    if not extreme and inner.unit in ("percent", "date"):
        return None
    return replace(inner, derivation=f"{word}({inner.derivation})", aggregate=True, plain=False, extreme=extreme)


def _difference(node: Node, sources: Sources) -> Basis | None:
    one, two = basis_of(node.this, sources), basis_of(node.expression, sources)
    if one is None or two is None or one.aggregate != two.aggregate or one.unit != two.unit:
        return None
    if one.unit not in ("money", "count", "number") or one.extreme or two.extreme:
        return None
    sign = "+" if isinstance(node, exp.Add) else "-"
    # The field is neither of the two: a sum or a difference is what its derivation says and nothing else.
    derivation = f"{one.derivation} {sign} {two.derivation}"
    return Basis(derivation, one.unit, derivation, one.columns + two.columns, aggregate=one.aggregate)


def _ratio(node: Node, sources: Sources) -> Basis | None:
    """a / b, a / b * 100, a * 100 / b: a share, in percent points."""
    scale = 100
    if isinstance(node, exp.Mul):
        one, two = unwrapped(node.this), unwrapped(node.expression)
        if _is_hundred(one):
            one, two = two, one
        if not (_is_hundred(two) and isinstance(one, exp.Div)):
            return None
        node, scale = one, 1
    above, below = unwrapped(node.this), unwrapped(node.expression)
    if isinstance(above, exp.Mul):
        left, right = unwrapped(above.this), unwrapped(above.expression)
        if scale == 1 or not (_is_hundred(left) or _is_hundred(right)):
            return None
        above, scale = (right if _is_hundred(left) else left), 1
    one_basis, two_basis = basis_of(above, sources), basis_of(below, sources)
    if one_basis is None or two_basis is None or one_basis.aggregate != two_basis.aggregate:
        return None
    if one_basis.unit != two_basis.unit or one_basis.unit not in ("money", "count", "number"):
        return None
    derivation = f"{one_basis.derivation} / {two_basis.derivation}"
    columns = one_basis.columns + two_basis.columns
    return Basis(derivation, "percent", derivation, columns, aggregate=one_basis.aggregate, scale=scale)


def _is_hundred(node: Node) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and node.name in ("100", "100.0", "100.00")


_FOLLOWED: Mapping[type, Callable[[Node, Sources], Basis | None]] = {
    exp.Column: _reference,
    exp.Count: _count,
    exp.Round: _rounded,
    exp.Coalesce: _filled,
    exp.Sum: _aggregate,
    exp.Avg: _aggregate,
    exp.Min: _aggregate,
    exp.Max: _aggregate,
    exp.Anonymous: _aggregate,
    exp.Add: _difference,
    exp.Sub: _difference,
    exp.Div: _ratio,
    exp.Mul: _ratio,
}
