"""WHERE, GROUP BY and HAVING of a query, as far as they are simple comparisons and plain columns."""

from __future__ import annotations

from sqlglot import exp

from finchat.agent.evidence.basis import basis_of, column_of, month_of
from finchat.agent.evidence.joins import Sources
from finchat.agent.evidence.tables import Column
from finchat.agent.evidence.tree import Node, conjuncts, literal, unwrapped
from finchat.agent.facts import Filter

_OPERATORS = {
    exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.Like: "like",
}  # fmt: skip
_TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def filters_of_where(tree: Node, sources: Sources) -> tuple[Filter, ...] | None:
    """The WHERE as simple comparisons; None where it says anything else."""
    found: list[Filter] = []
    for condition in conjuncts(tree):
        simple = _filter(condition, sources)
        if simple is None:
            return None
        found += simple
    return tuple(found)


def _filter(node: Node, sources: Sources) -> list[Filter] | None:
    """One condition as comparisons of a column with literals."""
    negated = isinstance(node, exp.Not)
    inner = unwrapped(node.this) if negated else node
    if isinstance(inner, exp.Is):
        return _null_test(inner, sources, negated=negated)
    if negated:
        return None
    if isinstance(node, exp.Between):
        low, high = literal(node.args["low"]), literal(node.args["high"])
        return _of(node.this, sources, [(">=", low), ("<=", high)])
    if isinstance(node, exp.In):
        values = [literal(item) for item in node.expressions]
        if node.args.get("query") or not values or None in values:
            return None
        operator = "=" if len(values) == 1 else "in"
        return _of(node.this, sources, [(operator, ", ".join(map(str, values)))])
    return _comparison(node, sources)


def _null_test(node: Node, sources: Sources, *, negated: bool) -> list[Filter] | None:
    if not isinstance(node.expression, exp.Null):
        return None
    return _of(node.this, sources, [("is not" if negated else "is", "null")])


def _comparison(node: Node, sources: Sources) -> list[Filter] | None:
    operator = _OPERATORS.get(type(node))
    if operator is None:
        return None
    one, two = unwrapped(node.this), unwrapped(node.expression)
    if not isinstance(one, exp.Column):
        if operator == "like":
            return None
        one, two, operator = two, one, _TURNED.get(operator, operator)
    return _of(one, sources, [(operator, literal(two))])


def _of(node: Node, sources: Sources, told: list[tuple[str, str | None]]) -> list[Filter] | None:
    column = column_of(node, sources) if isinstance(node, exp.Column) else None
    if column is None:
        return None
    found = [Filter(field=column.field, operator=op, value=value) for op, value in told if value is not None]
    return found if len(found) == len(told) else None


def group_basis(node: Node, sources: Sources) -> Column | None:
    """The column that rows are grouped by: a field, or the month of a date."""
    return column_of(node, sources) if isinstance(node, exp.Column) else month_of(node, sources)


def is_simple_having(tree: Node, sources: Sources) -> bool:
    """HAVING chooses among groups; simple comparisons leave each group's figures what they are."""
    having = tree.args.get("having")
    if having is None:
        return True
    if not tree.args.get("group"):
        return False
    pending = [having.this]
    while pending:
        node = pending.pop()
        if isinstance(node, exp.And):
            pending += [node.left, node.right]
        elif isinstance(node, exp.Paren):
            pending.append(node.this)
        elif (
            not isinstance(node, exp.EQ | exp.NEQ | exp.GT | exp.GTE | exp.LT | exp.LTE)
            or basis_of(node.this, sources) is None
            or not isinstance(node.expression, exp.Literal | exp.Neg)
        ):
            return False
    return True
