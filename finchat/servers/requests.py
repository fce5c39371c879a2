"""From a row and flat arguments to one HTTP request: every argument checked, placed and named."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import quote

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from finchat.canonical import canonical_json, sha256_of
from finchat.servers.failure import Failure, invalid_argument
from finchat.servers.schemas import MOST_ROWS, input_schema
from finchat.servers.table import DECIMAL_PATTERN, Operation, Parameter

_FORMATS = FormatChecker(("date", "uuid"))
_DECIMAL = re.compile(DECIMAL_PATTERN.rstrip("$") + r"\Z")
_LONGEST_URL = 8000


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request below the API's base address. `writes`: an unclear answer leaves the outcome unknown."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    writes: bool = False


@dataclass(frozen=True, slots=True)
class BodyRules:
    """Field names of a vendor's bodies: `decimals` are sent as numbers, `never` not at all (name: why)."""

    decimals: frozenset[str] = frozenset()
    never: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a list are wanted. `token` binds a cursor to the tool and the other arguments."""

    number: int
    size: int
    token: str

    def next_cursor(self) -> str:
        document = json.dumps({"page": self.number + 1, "for": self.token}, separators=(",", ":"))
        return base64.urlsafe_b64encode(document.encode()).decode()


def validate(row: Operation, arguments: Mapping[str, Any]) -> None:
    """Raises Failure invalid_argument naming the argument at fault."""
    for issue in _validator(row).iter_errors(arguments):
        raise _explained(issue)
    listed = row.list_form is not None and row.list_form in arguments
    for parameter in row.parameters:
        if parameter.place != "body":
            continue
        if listed and parameter.name in arguments:
            raise invalid_argument(
                f"{parameter.name} and {row.list_form} say the same thing twice",
                field=parameter.name,
                next=f"give either {row.list_form} or the single arguments",
            )
        if parameter.required and not listed and parameter.name not in arguments:
            raise invalid_argument(
                f"{parameter.name} is missing", field=parameter.name, next=f"give {_asked(parameter)}"
            )
    for group in row.exactly_one if not listed else ():
        given = [name for name in group if name in arguments]
        if len(given) != 1:
            raise invalid_argument(
                f"exactly one of {', '.join(group)} is needed, {len(given)} given",
                field=given[1] if given else group[0],
                next=f"give one of {', '.join(group)}",
            )
    if row.effect == "write" and not row.fixed_body and not listed and not _changes(row, arguments):
        raise invalid_argument("nothing to write", field=None, next=f"give at least one of {', '.join(_body(row))}")


def page_of(row: Operation, arguments: Mapping[str, Any]) -> Page:
    """The page that `cursor` and `page_size` ask for. Raises Failure for a cursor of another call."""
    others = {name: value for name, value in arguments.items() if name != "cursor"}
    token = sha256_of({"tool": row.name, "arguments": others})[:16]
    number = 1
    if (cursor := arguments.get("cursor")) is not None:
        try:
            document = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
            number = document["page"]
            known = document["for"] == token and type(number) is int and 1 < number < 1_000_000
        except (binascii.Error, ValueError, KeyError, TypeError):
            known = False
        if not known:
            raise invalid_argument(
                "the cursor was not given out for a call with these arguments",
                field="cursor",
                next="repeat the call of the first page unchanged, or start again without cursor",
            )
    return Page(number, int(arguments.get("page_size", MOST_ROWS)), token)


def request_of(
    row: Operation, arguments: Mapping[str, Any], rules: BodyRules, *, idempotency_key: str | None = None
) -> Request:
    """The request without its page. The arguments passed `validate`; values the vendor cannot take raise Failure."""
    path, query, headers = row.path, dict(row.fixed_query), {}
    for parameter in row.parameters:
        if parameter.name not in arguments or parameter.place == "body":
            continue
        value, upstream = _converted(parameter, arguments[parameter.name]), parameter.upstream or parameter.name
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(str(value), safe=""))
        elif parameter.place == "query":
            query[upstream] = _query_text(value)
        else:
            headers[upstream] = str(value)
    if sum(map(len, map(quote, query.values()))) > _LONGEST_URL:
        longest = max(query, key=lambda name: len(query[name]))
        name = next((p.name for p in row.parameters if (p.upstream or p.name) == longest), longest)
        raise invalid_argument(f"{name} is too long for one address", field=name, next="ask in several calls")
    if row.list_form and row.list_form in arguments:
        content: Any = {row.envelope: _sendable(arguments[row.list_form], row.list_form, "", rules)}
    else:
        body = body_of(row, arguments, rules)
        content = {row.envelope: [body]} if row.wrapped else body
    if idempotency_key is not None and row.method in ("PUT", "POST"):
        headers["Idempotency-Key"] = idempotency_key
    return Request(
        method=row.method,
        path=path.lstrip("/"),
        query=query,
        headers=headers,
        body=encoded(content) if row.method in ("PUT", "POST") else None,
        writes=row.effect != "read",
    )


@cache
def _validator(row: Operation) -> Draft202012Validator:
    # Compiled on first use: compiling all of them would cost start-up time.
    return Draft202012Validator(input_schema(row), format_checker=_FORMATS)


def _explained(issue: ValidationError) -> Failure:
    """The argument an issue is about: a missing or unknown one is named too."""
    path = [str(part) for part in issue.absolute_path]
    message, step = issue.message, None
    schema: Mapping[str, Any] = issue.schema if isinstance(issue.schema, Mapping) else {}
    rule: Any = issue.validator_value
    instance: Any = issue.instance
    if issue.validator == "required":
        missing = next(name for name in rule if name not in instance)
        path.append(missing)
        message, step = f"{missing} is missing", f"give {missing}"
    elif issue.validator == "additionalProperties":
        known = schema.get("properties", {})
        unknown = next(name for name in instance if name not in known)
        path.append(unknown)
        message, step = f"there is no argument {unknown!r}", f"known are: {', '.join(known)}"
    elif issue.validator == "enum":
        step = f"give one of {', '.join(map(str, rule))}"
    elif examples := schema.get("examples"):
        step = f"write it like {json.dumps(examples[0], ensure_ascii=False)}"
    elif issue.validator == "format":
        step = {"date": "write it like 2026-11-14", "uuid": "give the record's id, a GUID"}.get(rule)
    if step is None:
        meant = schema.get("description")
        step = f"it means: {meant}" if meant else f"correct {'.'.join(path) or 'the arguments'} and call again"
    return invalid_argument(message[:500], field=".".join(path) or None, next=step)


def _asked(parameter: Parameter) -> str:
    return f"{parameter.name}: {parameter.doc}"


def _body(row: Operation) -> list[str]:
    return [parameter.name for parameter in row.parameters if parameter.place == "body"]


def _changes(row: Operation, arguments: Mapping[str, Any]) -> bool:
    return any(name in arguments for name in _body(row))


def _converted(parameter: Parameter, value: Any) -> Any:
    if parameter.convert is None:
        return value
    try:
        return parameter.convert(value)
    except ValueError as error:
        examples = parameter.schema.get("examples")
        raise invalid_argument(
            f"{parameter.name} {error}",
            field=parameter.name,
            next=f"write it like {examples[0]}" if examples else f"give {_asked(parameter)}",
        ) from None


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _nest(body: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, leaf = dotted.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
    body[leaf] = value


def _sendable(value: Any, where: str, key: str, rules: BodyRules) -> Any:
    """`value` as it is sent: amounts become numbers with exactly the digits given."""
    if reason := rules.never.get(key):
        raise invalid_argument(f"{key} is never sent: {reason}", field=where, next=f"leave {key} out")
    if isinstance(value, dict):
        return {name: _sendable(inner, f"{where}.{name}", name, rules) for name, inner in value.items()}
    if isinstance(value, list):
        return [_sendable(inner, f"{where}.{index}", key, rules) for index, inner in enumerate(value)]
    if isinstance(value, float):
        # A JSON number of up to 15 digits survives its trip through a float; repr gives those digits back.
        value = Decimal(repr(value))
        if not value.is_finite() or len(value.as_tuple().digits) > 15:
            raise invalid_argument(
                "not exact as a JSON number", field=where, next='write the amount as text, such as "1234.50"'
            )
        return value
    if key in rules.decimals and isinstance(value, str):
        if not _DECIMAL.match(value):
            raise invalid_argument(f"{value[:40]!r} is not an amount", field=where, next='write it like "1234.50"')
        return Decimal(value)
    return value


def body_of(row: Operation, arguments: Mapping[str, Any], rules: BodyRules) -> dict[str, Any]:
    """The flat body arguments as one record of the vendor's, amounts exact. Raises Failure."""
    body = dict(row.fixed_body)
    for parameter in row.parameters:
        if parameter.place == "body" and parameter.name in arguments:
            value, upstream = _converted(parameter, arguments[parameter.name]), parameter.upstream or parameter.name
            _nest(body, upstream, _sendable(value, parameter.name, upstream.rsplit(".", 1)[-1], rules))
    return body


def encoded(content: Any) -> bytes:
    """A body as it is sent. Raises Failure for text that no wire takes."""
    try:
        return canonical_json(content).encode()
    except ValueError:
        raise invalid_argument(
            "a text holds half a character (a lone surrogate)", field=None, next="remove it and call again"
        ) from None
