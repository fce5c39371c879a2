"""Xero's `where` dialect (.NET dynamic LINQ) compiled to a parameterised SQLite condition.

The grammar's reductions build SQL terms directly, so no tree is walked. Every value becomes a parameter; only column
expressions of the table given to the compiler reach the SQL text. Errors carry the vendor's own words, the position
in the text and the field. Names of properties and methods are matched without case, as the vendor does; string
values with case.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

from lark import Lark, Token, Transformer, UnexpectedInput, v_args

Kind = Literal["String", "Guid", "Decimal", "Number", "DateTime", "Boolean"]
LONGEST = 4_000
DEEPEST = 40  # SQLite's own parser stack holds a hundred levels
_SQL_OPERATOR = {"==": "=", "=": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_EQUALITY = ("==", "=", "!=", "<>")
_TESTS = {
    "contains": "instr({0}, {1}) > 0",
    "startswith": "substr({0}, 1, length({1})) = {1}",
    "endswith": "(length({1}) = 0 OR substr({0}, -length({1})) = {1})",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A property that can be filtered or ordered by.

    `kind`: Decimal is money kept in hundredths, Number a plain number, DateTime text "2026-11-14T00:00:00[.123]".
    """

    column: str
    kind: Kind
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """An SQL expression with its .NET type, its parameters, its place in the text and its nesting."""

    sql: str
    kind: str
    args: tuple[Any, ...] = ()
    at: int = 0
    field: str = ""
    nullable: bool = False
    depth: int = 0

    @property
    def dotnet(self) -> str:
        name = "Decimal" if self.kind == "Number" else self.kind
        return f"{name}?" if self.nullable and self.kind not in ("String", "Null") else name


class _Step(NamedTuple):
    name: str
    at: int
    arguments: tuple[Term, ...] | None


class WhereError(ValueError):
    """The text is not a filter: what is wrong, at which position (0-based), with which field."""

    def __init__(self, message: str, position: int, field: str = "") -> None:
        super().__init__(message)
        self.message, self.position, self.field = message, position, field


class WhereCompiler:
    """Compiles filters over one resource."""

    def __init__(self, resource: str, fields: Mapping[str, Field]) -> None:
        self._names = _Names(resource, {name.lower(): (name, field) for name, field in fields.items()})

    def compile(self, text: str) -> tuple[str, tuple[Any, ...]]:
        """(SQL condition, parameters). Raises WhereError."""
        if len(text) > LONGEST:
            raise WhereError(f"The filter is longer than {LONGEST} characters", LONGEST)
        parser, build = _parser()
        build.names.known = self._names
        try:
            built: Any = parser.parse(text)
        except UnexpectedInput as error:
            ended = getattr(getattr(error, "token", None), "type", "") == "$END"
            at = len(text) if ended else error.pos_in_stream or 0
            raise WhereError(f"Syntax error at position {at}", at) from None
        term = _condition(built)
        return term.sql, term.args


class _Names(NamedTuple):
    """The resource that a filter is over, and its fields by their names in lower case."""

    resource: str
    fields: Mapping[str, tuple[str, Field]]


class _Current(threading.local):
    known = _Names("", {})


@v_args(inline=True)
class _Build(Transformer[Token, Term]):
    def __init__(self) -> None:
        super().__init__()
        self.names = _Current()

    def any_of(self, *parts: Term) -> Term:
        return _join(" OR ", parts)

    def all_of(self, *parts: Term) -> Term:
        return _join(" AND ", parts)

    def string(self, token: Token) -> Term:
        return Term("?", "String", (str(token[1:-1]),), token.start_pos or 0)

    def number(self, token: Token) -> Term:
        return Term("?", "Number", (Decimal(token),), token.start_pos or 0)

    def step(self, name: Token, arguments: tuple[Term, ...] | None = None) -> _Step:
        return _Step(str(name), name.start_pos or 0, arguments)

    def arguments(self, *terms: Term | None) -> tuple[Term, ...]:
        return tuple(term for term in terms if term is not None)

    def compare(self, left: Term, operator: Token, right: Term) -> Term:
        name = left.field or right.field
        equality = str(operator) in _EQUALITY
        if "Null" in (left.kind, right.kind) and equality:
            value = left if right.kind == "Null" else right
            negation = "" if _SQL_OPERATOR[str(operator)] == "=" else "NOT "
            return Term(f"{value.sql} IS {negation}NULL", "Boolean", _bound(value), left.at, name, depth=value.depth)
        numbers = {left.kind, right.kind} <= {"Decimal", "Number"}
        if not numbers and (left.kind != right.kind or (left.kind in ("Guid", "Boolean") and not equality)):
            raise WhereError(
                f"Operator '{operator}' incompatible with operand types '{left.dotnet}' and '{right.dotnet}'",
                left.at,
                name,
            )
        money = numbers and "Decimal" in (left.kind, right.kind)
        args = _bound(left, money=money) + _bound(right, money=money)
        sql = f"{left.sql} {_SQL_OPERATOR[str(operator)]} {right.sql}"
        return Term(sql, "Boolean", args, left.at, depth=max(left.depth, right.depth))

    def path(self, head: _Step, *rest: _Step) -> Term:
        word = head.name.lower()
        if head.arguments is not None:
            if rest:
                raise WhereError(f"No applicable method '{rest[0].name}' exists", rest[0].at)
            return _constructor(head, head.arguments)
        if word == "datetime" and len(rest) == 1 and rest[0].name.lower() == "parse" and rest[0].arguments:
            return _parsed_date(rest[0], rest[0].arguments)
        if not rest and word in ("true", "false", "null"):
            if word == "null":
                return Term("NULL", "Null", at=head.at)
            return Term("?", "Boolean", (int(word == "true"),), head.at)
        steps = (head, *rest)
        depth = next((i for i, step in enumerate(steps) if step.arguments is not None), len(steps))
        name = ".".join(step.name for step in steps[:depth])
        if (found := self.names.known.fields.get(name.lower())) is None:
            unknown = next(
                (s for i, s in enumerate(steps[:depth]) if not self._starts(steps[: i + 1])), steps[depth - 1]
            )
            raise WhereError(
                f"No property or field '{unknown.name}' exists in type '{self.names.known.resource}'", unknown.at, name
            )
        spelling, field = found
        term = Term(field.column, field.kind, at=head.at, field=spelling, nullable=field.nullable)
        for step in steps[depth:]:
            term = _method(term, step)
        return term

    def _starts(self, steps: tuple[_Step, ...]) -> bool:
        name = ".".join(step.name for step in steps).lower()
        return any(known == name or known.startswith(f"{name}.") for known in self.names.known.fields)


@lru_cache(maxsize=1)
def _parser() -> tuple[Lark, _Build]:
    """The one parser of every resource (about 15 ms, mostly for the grammar), and what builds its terms."""
    build = _Build()
    options: Any = {"parser": "lalr", "lexer": "contextual", "transformer": build}
    return Lark.open("xero_where.lark", rel_to=__file__, **options), build


def _condition(term: Term) -> Term:
    if term.kind != "Boolean":
        raise WhereError(f"Expression of type 'Boolean' expected, not '{term.dotnet}'", term.at, term.field)
    if term.depth > DEEPEST:
        raise WhereError(f"The filter is nested more than {DEEPEST} deep", term.at, term.field)
    bare = term.sql == "?" or (bool(term.field) and " " not in term.sql)
    return Term(f"{term.sql} = 1", "Boolean", term.args, term.at, term.field) if bare else term


def _join(word: str, parts: tuple[Term, ...]) -> Term:
    terms = [_condition(part) for part in parts]
    args = tuple(arg for term in terms for arg in term.args)
    depth = 1 + max(term.depth for term in terms)
    return Term("(" + word.join(term.sql for term in terms) + ")", "Boolean", args, terms[0].at, depth=depth)


def _bound(term: Term, *, money: bool = False) -> tuple[Any, ...]:
    """Parameters as SQLite takes them; a number beside money becomes hundredths, finer than a cent included."""
    if term.kind != "Number" or not term.args:
        return term.args
    value: Decimal = term.args[0].scaleb(2) if money else term.args[0]
    whole = value == value.to_integral_value()
    # Only a literal finer than a cent is compared as a float, and never stored: it lies strictly between two cents.
    return (int(value) if whole else float(value),)


def _method(term: Term, step: _Step) -> Term:
    name, given = step.name.lower(), step.arguments or ()
    if step.arguments is None:
        raise WhereError(f"No property or field '{step.name}' exists in type '{term.dotnet}'", step.at, term.field)
    if term.depth > DEEPEST:
        raise WhereError(f"The filter is nested more than {DEEPEST} deep", step.at, term.field)
    if term.kind == "String" and name in ("tolower", "toupper") and not given:
        sql = f"{name[2:]}({term.sql})"
        return Term(sql, "String", term.args, term.at, term.field, term.nullable, term.depth + 1)
    if term.kind == "String" and name in _TESTS and len(given) == 1 and given[0].kind == "String":
        pattern = given[0]
        sql = _TESTS[name].format(term.sql, pattern.sql)
        # The template names the pattern up to three times, and each naming binds its parameters again.
        order = _TESTS[name].replace("{0}", "\0").replace("{1}", "\1")
        args = tuple(a for mark in order if mark in "\0\1" for a in (term.args if mark == "\0" else pattern.args))
        return Term(sql, "Boolean", args, term.at, term.field, depth=max(term.depth, pattern.depth) + 1)
    raise WhereError(f"No applicable method '{step.name}' exists in type '{term.dotnet}'", step.at, term.field)


def _constructor(step: _Step, given: tuple[Term, ...]) -> Term:
    name = step.name.lower()
    if any(term.sql != "?" for term in given):
        raise WhereError(f"No applicable function '{step.name}' exists", step.at)
    if name == "guid" and [term.kind for term in given] == ["String"]:
        try:
            return Term("?", "Guid", (str(UUID(given[0].args[0])),), step.at)
        except ValueError:
            message = "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."
            raise WhereError(message, given[0].at, "Guid") from None
    if name == "datetime" and len(given) in (3, 6) and all(term.kind == "Number" for term in given):
        values = [term.args[0] for term in given] + [Decimal(0)] * (6 - len(given))
        try:
            if any(value != int(value) for value in values):
                raise ValueError
            year, month, day, hour, minute, second = (int(value) for value in values)
            found = datetime(year, month, day, hour, minute, second, tzinfo=UTC).replace(tzinfo=None)
            return Term("?", "DateTime", (found.isoformat(),), step.at)
        except (ValueError, OverflowError):
            message = "Year, Month, and Day parameters describe an un-representable DateTime."
            raise WhereError(message, step.at, "DateTime") from None
    raise WhereError(f"No applicable function '{step.name}' exists", step.at, step.name)


def _parsed_date(step: _Step, given: tuple[Term, ...]) -> Term:
    try:
        (text,) = (term.args[0] for term in given)
        found = datetime.fromisoformat(text).replace(tzinfo=None)
    except (ValueError, TypeError, IndexError):
        raise WhereError("String was not recognized as a valid DateTime.", step.at, "DateTime") from None
    return Term("?", "DateTime", (found.isoformat(timespec="seconds"),), step.at)
