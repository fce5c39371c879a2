"""SQL of the model's as a tree, with everything refused that is no plain SELECT.

What may stand in a query is listed node by node; the statement that runs is later written from this very tree.
"""

from __future__ import annotations

import logging

import sqlglot
from sqlglot import exp

from finchat.agent.evidence.fields import words_of
from finchat.agent.evidence.sandboxed import FUNCTIONS, LONGEST_SQL, QueryRefused
from finchat.agent.evidence.tree import Node
from finchat.text.sanitise import one_line

_DEEPEST = 20  # parentheses inside one another


_ALLOWED = words_of(
    """Select Union Except Intersect Subquery CTE With Table TableAlias From Join Where Group Having Order Ordered Limit
    Offset Distinct Alias Column Identifier Star Literal Null Boolean Paren Tuple And Or Not EQ NEQ GT GTE LT LTE Is In
    Between Like Neg Add Sub Mul Div Mod DPipe Case If Coalesce Count Sum Avg Min Max Round Abs Lower Upper Length Trim
    Substring TimeToStr TsOrDsToTimestamp TsOrDsToDate Date Anonymous Window WindowSpec RowNumber Rank DenseRank Lag
    Lead FirstValue LastValue Filter Exists Concat Nullif Sign GroupConcat Replace StrPosition Escape Greatest Least"""
)


_FUNCTIONS_NEXT = "use sum, avg, min, max, count, round, abs, coalesce, substr, strftime, lower, upper"


def read(sql: str) -> Node:
    """The tree of a query. Raises QueryRefused for anything but one SELECT in what finchat lets through."""
    if len(sql) > LONGEST_SQL:
        raise QueryRefused(f"the SQL is longer than {LONGEST_SQL} characters", field="sql", next="ask for less at once")
    if "\x00" in sql or _depth(sql) > _DEEPEST:
        raise QueryRefused("the SQL is nested too deep", field="sql", next="write a plainer query")
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it would write to stderr what it does not know
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="sqlite") if tree is not None]
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError, AttributeError, TypeError, IndexError) as error:
        raise QueryRefused(
            f"the SQL cannot be read: {one_line(_reason(error), 200)}", field="sql", next="write one SELECT for SQLite"
        ) from error
    if len(trees) != 1:
        raise QueryRefused("one statement at a time", field="sql", next="write one SELECT")
    tree = trees[0]
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise QueryRefused("only SELECT is possible here", field="sql", next="write one SELECT")
    for node in tree.walk():
        _check(node)
    return tree


def tables_in(tree: Node) -> list[str]:
    """The tables a query reads, those it defines itself left out."""
    own = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    names = [table.name.lower() for table in tree.find_all(exp.Table)]
    return [name for name in dict.fromkeys(names) if name not in own]


def _check(node: Node) -> None:
    name = type(node).__name__
    if name not in _ALLOWED:
        raise QueryRefused(f"{name.upper()} is not possible here", field="sql", next="write a plainer SELECT")
    if isinstance(node, exp.TableAlias) and node.args.get("columns"):
        raise QueryRefused("columns are named where they are selected", field="sql", next="SELECT … AS name")
    if isinstance(node, exp.With) and node.args.get("recursive"):
        raise QueryRefused("WITH RECURSIVE is not possible here", field="sql", next="write a plainer SELECT")
    if isinstance(node, exp.Table):
        extra = [key for key, value in node.args.items() if value and key not in ("this", "alias", "joins")]
        if extra or not isinstance(node.this, exp.Identifier):
            raise QueryRefused("tables are named by evidence ids alone", field="sql", next="FROM e1, e2_line_items …")
    if isinstance(node, exp.Anonymous) and node.name.lower() not in FUNCTIONS - {"d_add", "d_sub", "d_mul", "d_div"}:
        raise QueryRefused(f"there is no function {one_line(node.name, 40)}", field="sql", next=_FUNCTIONS_NEXT)
    if isinstance(node, exp.Select) and (node.args.get("into") or node.args.get("hint") or node.args.get("laterals")):
        raise QueryRefused("only a plain SELECT is possible here", field="sql", next="write a plainer SELECT")
    if isinstance(node, exp.Literal) and node.is_string and node.name.strip().lower() == "now":
        raise QueryRefused("'now' is not known here", field="sql", next="write the day itself, like '2026-11-20'")


def _depth(sql: str) -> int:
    """How deep parentheses go: parsers take time and stack for each."""
    deepest = depth = 0
    for char in sql:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    return deepest


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return "it is nested too deep" if isinstance(error, RecursionError) else text
