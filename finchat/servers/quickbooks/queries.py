"""Queries are parsed before they are sent; a wrong one is answered with what can be asked and a corrected example.

QuickBooks gives 100 rows unless told otherwise, the oldest first: every query that leaves here says which rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache

from finchat.dialects.quickbooks_query import Fields, Kind, Query, QueryError, check, parse
from finchat.servers.failure import Failure, invalid_argument
from finchat.servers.quickbooks.arguments import Kind as FieldKind
from finchat.servers.quickbooks.entities import ENTITIES, Entity
from finchat.servers.quickbooks.table import selecting

_KINDS: Mapping[FieldKind, Kind] = {
    "id": "id",
    "ref": "ref",
    "money": "number",
    "date": "date",
    "instant": "time",
    "flag": "boolean",
}
_QUOTED = re.compile(r"'(\\.|[^'\\])*'", re.DOTALL)
_PAGED = re.compile(r"\bmaxresults\b", re.IGNORECASE)


@cache
def _fields() -> Mapping[str, Fields]:
    return {
        name: Fields(
            {field.name: _KINDS.get(field.kind, "text") for field in entity.known if field.queryable},
            frozenset(field.name for field in entity.known) | {"Line", "CustomField", "LinkedTxn"},
        )
        for name, entity in ENTITIES.items()
    }


def checked(entity: Entity, text: str | None) -> tuple[Query, int | None]:
    """The query, every name and value of it known, and the rows its MAXRESULTS asks for (None: all).

    Raises Failure invalid_argument with the entity's queryable fields and a query that is right.
    """
    given = selecting(entity) if text is None or not text.strip() else text
    try:
        query = parse(given)
        if query.entity.lower() != entity.name.lower():
            raise _elsewhere(entity, query, given)
        found = check(query, _fields())
    except QueryError as error:
        raise _wrong(entity, given, error) from None
    return found, query.most if _PAGED.search(_QUOTED.sub("", given)) else None


def text_of(query: Query, *, start: int, most: int) -> str:
    """The query as it is sent, for the rows from `start` on (1-based)."""
    selected = selecting(ENTITIES[query.entity])
    parts = [selected.replace("*", "COUNT(*)", 1) if query.counting else selected]
    tests = []
    for condition in query.conditions:
        values = [_literal(value.text, bare=condition.kind == "boolean") for value in condition.values]
        listed = f"({', '.join(values)})" if condition.operator == "IN" else values[0]
        tests.append(f"{condition.name} {condition.operator} {listed}")
    if tests:
        parts.append(f"WHERE {' AND '.join(tests)}")
    if query.order:
        words = [f"{item.name} {'DESC' if item.descending else 'ASC'}" for item in query.order]
        parts.append(f"ORDERBY {', '.join(words)}")
    if not query.counting:
        parts.append(f"STARTPOSITION {start} MAXRESULTS {most}")
    return " ".join(parts)


def _literal(text: str, *, bare: bool = False) -> str:
    if bare and text.lower() in ("true", "false"):
        return text.lower()
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _elsewhere(entity: Entity, query: Query, text: str) -> Failure:
    names = {name.lower(): other for name, other in ENTITIES.items()}
    other = names.get(query.entity.lower())
    step = f"use list_all_quick_books_{other.plural}" if other else f"write it like {corrected(entity, text)}"
    return invalid_argument(f"this tool lists {entity.name}, the query reads {query.entity}", field="query", next=step)


def _wrong(entity: Entity, text: str, error: QueryError) -> Failure:
    where = f" (at character {error.position + 1})" if error.position < len(text) else " (at its end)"
    return invalid_argument(
        f"{error.detail}{where}. {entity.name} can be asked by {', '.join(entity.queryable)}",
        field="query",
        next=f"write it like {corrected(entity, text)}",
    )


# -- a query that is right, made of one that is not

_TOKEN = re.compile(
    r"""(?P<text>'(?:\\.|''|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<word>[A-Za-z_][\w.]*)|(?P<number>-?\d[\d.:T+-]*)"""
    r"""|(?P<sign><=|>=|<>|!=|==|=|<|>|\(|\)|,|\*)""",
    re.DOTALL,
)
_SIGNS = {"==": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "=": "="}
_CLAUSES = ("order", "orderby", "startposition", "maxresults", "limit", "offset", "group")
_OTHER_NAMES = {
    "date": "TxnDate",
    "total": "TotalAmt",
    "amount": "TotalAmt",
    "amountdue": "Balance",
    "customer": "CustomerRef",
    "customerid": "CustomerRef",
    "vendor": "VendorRef",
    "vendorid": "VendorRef",
    "name": "DisplayName",
    "number": "DocNumber",
    "invoicenumber": "DocNumber",
    "type": "AccountType",
    "lastupdatedtime": "MetaData.LastUpdatedTime",
    "createtime": "MetaData.CreateTime",
}
_Tokens = list[tuple[str, str]]


def corrected(entity: Entity, text: str) -> str:
    """A query of this entity that keeps what could be understood of `text`; else the entity's own example.

    It is an example to look at, never sent: what QuickBooks cannot do (OR over several fields, !=) is left out.
    """
    tokens: _Tokens = [(match.lastgroup or "", match[0]) for match in _TOKEN.finditer(text[:4000])]
    words = [value.lower() if kind == "word" else "" for kind, value in tokens]
    after = words.index("where") + 1 if "where" in words else len(words)
    end = next((at for at in range(after, len(words)) if words[at] in _CLAUSES), len(words))
    if "where" not in words:
        end = next((at for at, word in enumerate(words) if word in _CLAUSES), len(words))
    tests = _tests(entity, tokens[after:end] if "where" in words else [])
    made = [selecting(entity).replace("*", "COUNT(*)" if "count" in words[:3] else "*")]
    if tests:
        made.append(f"WHERE {' AND '.join(tests)}")
    made += _tail(entity, tokens[end:])
    suggestion = " ".join(made)
    try:
        check(parse(suggestion), _fields())
    except QueryError:
        return entity.examples[0]
    return suggestion if tests or len(made) > 1 or "where" not in words else entity.examples[0]


def _tests(entity: Entity, tokens: _Tokens) -> list[str]:
    """The conditions that can be understood; equalities of one field joined by OR become IN."""
    found: dict[str, tuple[str, str, list[str]]] = {}
    rest = list(tokens)
    alternative = False
    while rest:
        part: _Tokens = []
        while rest and not (rest[0][0] == "word" and rest[0][1].lower() in ("and", "or")):
            part.append(rest.pop(0))
        test = _test(entity, part)
        if test is not None:
            name, sign, values = test
            same = next((key for key, old in found.items() if old[0] == name and old[1] in ("=", "IN")), None)
            if alternative and same is not None and sign in ("=", "IN"):
                found[same] = (name, "IN", [*found[same][2], *values])
            elif not alternative or not found:
                found[f"{name} {sign}"] = test
        alternative = bool(rest) and rest.pop(0)[1].lower() == "or"
    return [
        f"{name} {sign} {'(' + ', '.join(values) + ')' if sign == 'IN' else values[0]}"
        for name, sign, values in found.values()
    ]


def _test(entity: Entity, tokens: _Tokens) -> tuple[str, str, list[str]] | None:
    if len(tokens) < 3 or tokens[0][0] != "word" or (name := _name(entity, tokens[0][1])) is None:
        return None
    kind = _fields()[entity.name].queryable[name]
    word = tokens[1][1].upper()
    sign = word if word in ("IN", "LIKE") else _SIGNS.get(word)
    values = [_literal(_bare(token), bare=kind == "boolean") for token in tokens[2:] if token[0] != "sign"]
    if sign is None or not values:
        return None
    return name, sign, values if sign == "IN" else values[:1]


def _tail(entity: Entity, tokens: _Tokens) -> list[str]:
    made: dict[str, str] = {}
    for at, (_, word) in enumerate(tokens):
        following = [value for _, value in tokens[at + 1 : at + 4]]
        lower = word.lower()
        if lower in ("order", "orderby"):
            named = following[1:] if following and following[0].lower() == "by" else following
            if named and (name := _name(entity, named[0])) is not None:
                falling = len(named) > 1 and named[1].lower() == "desc"
                made["order"] = f"ORDERBY {name}{' DESC' if falling else ''}"
        elif following and following[0].isdecimal() and len(following[0]) < 9:
            count = int(following[0])
            if lower in ("startposition", "offset"):
                made["start"] = f"STARTPOSITION {max(1, count + (lower == 'offset'))}"
            elif lower in ("maxresults", "limit"):
                made["most"] = f"MAXRESULTS {min(max(1, count), 1000)}"
    return [made[part] for part in ("order", "start", "most") if part in made]


def _name(entity: Entity, word: str) -> str | None:
    known = {name.lower(): name for name in entity.queryable}
    lower = word.lower()
    for candidate in (lower, lower.removesuffix(".value").removesuffix(".name"), f"{lower}ref"):
        if candidate in known:
            return known[candidate]
    if (other := _OTHER_NAMES.get(lower.replace("_", ""))) in entity.queryable:
        return other
    close = get_close_matches(lower.replace("_", ""), known, 1, 0.6)
    return known[close[0]] if close else None


def _bare(token: tuple[str, str]) -> str:
    kind, value = token
    if kind != "text":
        return value
    inner = value[1:-1].replace("''", "'") if value.startswith("'") else value[1:-1]
    return re.sub(r"\\(.)", r"\1", inner)
