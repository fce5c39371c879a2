"""QuickBooks Online's query language: the text taken apart, and checked against the properties a caller knows.

What the language is: SELECT * | COUNT(*) FROM entity [WHERE property op value [AND …]] [ORDERBY property [ASC|DESC]]
[STARTPOSITION n] [MAXRESULTS n], with = < > <= >= IN LIKE; values in single quotes, \\' for a quote; keywords in any
case, the clauses after WHERE in any order, ORDER BY in one word or two. No OR, no JOIN, no GROUP BY, no projection:
`SELECT *, Sku` is understood, a list of columns is not. Errors carry the vendor's code and words and the position.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, v_args

Kind = Literal["text", "id", "ref", "number", "date", "time", "boolean"]
Value = str | Decimal | bool
LONGEST = 40_000
MOST_CONDITIONS = 200
DEFAULT_PAGE = 100
LARGEST_PAGE = 1000
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,10})?\Z", re.ASCII)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class QueryError(ValueError):
    """The text is not a query: the vendor's code (4000 not parsed, 4001 not valid), its words, the 0-based position.

    `entity` and `name` are the entity and the property in question, "" where none is.
    """

    def __init__(self, code: str, detail: str, position: int, *, entity: str = "", name: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.position, self.entity, self.name = code, detail, position, entity, name


@dataclass(frozen=True, slots=True)
class Literally:
    """A value as written: its text without quotes and escapes, and where it stands."""

    text: str
    quoted: bool
    position: int


@dataclass(frozen=True, slots=True)
class Condition:
    """`name operator values`: one value, or several for IN. `found` are the values by `kind`, once checked.

    A boolean's is bool, a number's Decimal; the others are text: dates and times as ISO, ids and references as given.
    """

    name: str
    operator: str
    values: tuple[Literally, ...]
    position: int
    kind: Kind = "text"
    found: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Ordering:
    name: str
    descending: bool
    position: int
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Query:
    """A query taken apart. `start` is 1-based; `most` is the page size."""

    entity: str
    position: int
    counting: bool = False
    columns: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    order: tuple[Ordering, ...] = ()
    start: int = 1
    most: int = DEFAULT_PAGE


@dataclass(frozen=True, slots=True)
class Fields:
    """The properties of an entity: those a query may name, with their kinds, and the others it has."""

    queryable: Mapping[str, Kind]
    known: Collection[str] = ()


class _Clause(NamedTuple):
    word: str
    value: Any


def parse(text: str) -> Query:
    """The query of a text. Raises QueryError 4000 (not the language) or 4001 (a page out of range)."""
    if len(text) > LONGEST:
        raise QueryError("4000", f"QueryParserError: the query is longer than {LONGEST} characters", LONGEST)
    try:
        built: Any = _parser().parse(text)
    except UnexpectedInput as error:
        raise _not_parsed(text, error) from None
    query: Query = built
    return query


def check(query: Query, entities: Mapping[str, Fields]) -> Query:
    """The query with the entity's and the properties' own spelling, and each value read by its property's kind.

    Raises QueryError 4001: an entity or a property unknown, one that cannot be queried, a value that does not fit.
    """
    names = {name.lower(): name for name in entities}
    if (entity := names.get(query.entity.lower())) is None:
        raise _invalid(f"invalid context declaration: {query.entity}", query.position, query.entity)
    if len(query.conditions) > MOST_CONDITIONS:
        raise _invalid(f"more than {MOST_CONDITIONS} conditions", query.conditions[MOST_CONDITIONS].position, entity)
    fields = entities[entity]
    spellings = {name.lower(): name for name in fields.queryable}
    others = {name.lower() for name in fields.known}

    def spelled(name: str, position: int) -> str:
        if (found := spellings.get(name.lower())) is not None:
            return found
        if name.lower() in others or name.lower().partition(".")[0] in others:
            raise _invalid(f"property '{name}' is not queryable", position, entity, name)
        raise _invalid(f"Property {name} not found for Entity {entity}", position, entity, name)

    conditions: list[Condition] = []
    for condition in query.conditions:
        name = spelled(condition.name, condition.position)
        kind = fields.queryable[name]
        if condition.operator == "LIKE" and kind not in ("text", "ref", "id", "date"):
            raise _invalid(f"operator LIKE is not supported for property '{name}'", condition.position, entity, name)
        patterned = condition.operator == "LIKE"
        found = tuple(_value(value, "text" if patterned else kind, entity, name) for value in condition.values)
        conditions.append(replace(condition, name=name, kind=kind, found=found))
    order = tuple(
        replace(item, name=spelled(item.name, item.position), kind=fields.queryable[spelled(item.name, item.position)])
        for item in query.order
    )
    return replace(query, entity=entity, conditions=tuple(conditions), order=order)


@v_args(inline=True)
class _Build(Transformer[Token, Any]):
    def count(self, token: Token) -> _Clause:
        return _Clause("count", token)

    def everything(self, *columns: Token) -> _Clause:
        return _Clause("columns", tuple(str(column) for column in columns))

    def compare(self, name: Token, operator: Token, *values: Token) -> Condition:
        found = tuple(_literally(value) for value in values)
        return Condition(str(name), str(operator).upper(), found, name.start_pos or 0)

    def ordering(self, name: Token, direction: Token | None = None) -> Ordering:
        return Ordering(str(name), str(direction or "").lower() == "desc", name.start_pos or 0)

    def order(self, *items: Ordering) -> _Clause:
        return _Clause("order", items)

    def start(self, number: Token) -> _Clause:
        return _Clause("start", number)

    def most(self, number: Token) -> _Clause:
        return _Clause("most", number)

    def query(self, columns: _Clause, entity: Token, *rest: Condition | _Clause | None) -> Query:
        clauses: dict[str, Any] = {}
        for clause in (part for part in rest if isinstance(part, _Clause)):
            if clause.word in clauses:
                token = clause.value[0] if isinstance(clause.value, tuple) else clause.value
                at = token.position if isinstance(token, Ordering) else token.start_pos or 0
                raise QueryError("4000", f"QueryParserError: {clause.word} is given twice", at)
            clauses[clause.word] = clause.value
        return Query(
            entity=str(entity),
            position=entity.start_pos or 0,
            counting=columns.word == "count",
            columns=() if columns.word == "count" else columns.value,
            conditions=tuple(part for part in rest if isinstance(part, Condition)),
            order=clauses.get("order", ()),
            start=_page(clauses["start"], None) if "start" in clauses else 1,
            most=_page(clauses["most"], LARGEST_PAGE) if "most" in clauses else DEFAULT_PAGE,
        )


@lru_cache(maxsize=1)
def _parser() -> Lark:
    options: Any = {"parser": "lalr", "lexer": "contextual", "start": "query", "transformer": _Build()}
    return Lark.open("quickbooks_query.lark", rel_to=__file__, **options)


def _literally(token: Token) -> Literally:
    quoted = token.type == "STRING"
    text = _ESCAPE.sub(r"\1", token[1:-1]) if quoted else str(token)
    return Literally(text, quoted, token.start_pos or 0)


def _page(token: Token, largest: int | None) -> int:
    at = token.start_pos or 0
    if "." in token:
        raise QueryError("4000", f'QueryParserError: Encountered "{token}" at {_place(str(token), 0)}.', at)
    if (value := int(token)) < 1:
        raise _invalid(f"value {value} is too small. Min allowed value is 1", at)
    if largest is not None and value > largest:
        raise _invalid(f"value {value} is too large. Max allowed value is {largest}", at)
    return value


def _value(value: Literally, kind: Kind, entity: str, name: str) -> Value:
    text = value.text
    if kind == "boolean":
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
    elif kind == "number":
        if _NUMBER.match(text):
            return Decimal(text)
    elif kind in ("date", "time"):
        if (found := _instant(text, kind)) is not None:
            return found
    else:
        return text
    raise _invalid(f"value '{text}' is not valid for property '{name}'", value.position, entity, name)


def _instant(text: str, kind: Kind) -> str | None:
    try:
        if len(text) == len("2026-11-20"):
            return date.fromisoformat(text).isoformat()
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.date().isoformat() if kind == "date" else found.isoformat()


def _invalid(detail: str, position: int, entity: str = "", name: str = "") -> QueryError:
    return QueryError("4001", f"QueryValidationError: {detail}", position, entity=entity, name=name)


def _not_parsed(text: str, error: UnexpectedInput) -> QueryError:
    at = error.pos_in_stream or 0
    if isinstance(error, UnexpectedCharacters) and not re.match(r"[\w.'*(),;<>=-]", text[at : at + 1]):
        sign = text[at : at + 1]
        found = (
            f'Invalid content. Lexical error at {_place(text, at)}.  Encountered: "{sign}" ({ord(sign)}), after : ""'
        )
        return QueryError("4000", f"QueryParserError: {found}", at)
    if getattr(getattr(error, "token", None), "type", "") == "$END":
        at = len(text)
    word = re.match(r"\w+|.?", text[at : at + 40], re.DOTALL)
    seen = f'" {word[0]} "' if word and word[0] else '"<EOF>"'
    return QueryError("4000", f"QueryParserError: Encountered {seen} at {_place(text, at)}.", at)


def _place(text: str, at: int) -> str:
    if not text:
        return "line 0, column 0"
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - (text.rfind(chr(10), 0, at) + 1) + 1}"
