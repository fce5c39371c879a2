"""Small things about SQL trees that several modules need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

Node = Any  # a node of sqlglot's tree: its own types differ between what is built and what is found


def sources_in(scope: Scope) -> dict[str, Any]:
    """What a SELECT reads, by alias in lower case: tables, and scopes of what it defines itself."""
    return {name.lower(): source for name, (_, source) in scope.selected_sources.items()}


def selects_of(scope: Scope) -> list[Scope]:
    """The SELECTs a scope is made of: itself, or the sides of a UNION."""
    sides = scope.set_operation_scopes
    return [select for side in sides for select in selects_of(side)] if sides else [scope]


def conjuncts(select: Node) -> Iterator[Node]:
    """The conditions of a WHERE that all must hold."""
    where = select.args.get("where")
    pending = [where.this] if where else []
    while pending:
        node = pending.pop(0)
        if isinstance(node, exp.And):
            pending = [node.left, node.right, *pending]
        elif isinstance(node, exp.Paren):
            pending.insert(0, node.this)
        else:
            yield node


def unwrapped(node: Node) -> Node:
    """A node without parentheses around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def literal(node: Node) -> str | None:
    """The text of a literal; None for anything else."""
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
        return f"-{node.this.name}"
    if isinstance(node, exp.Boolean):
        return "1" if node.this else "0"
    return node.name if isinstance(node, exp.Literal) else None
