"""Arguments before they are sent: plain JSON, and right by the tool's own schema."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finchat.connections.toolbox import CallError, Tool

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_DEPTH = 50
_MOST_STEPS = 30_000  # of one check against a stranger's schema, whose references can double at every level
# Keywords that run a stranger's regular expressions, or compare everything with everything: its server may check them.
_UNCHECKED = ("pattern", "patternProperties", "uniqueItems", "unevaluatedProperties", "unevaluatedItems")


class _Unsendable(Exception):
    def __init__(self, path: tuple[str, ...], why: str) -> None:
        super().__init__(why)
        self.path, self.why = path, why


class ArgumentCheck:
    """Checks arguments of tools; each schema is compiled at its first call.

    A schema costs bounded time, whoever wrote it: only those of `trusted` servers are checked to their last keyword.
    """

    def __init__(self, trusted: Collection[str] = ()) -> None:
        self._trusted = frozenset(trusted)
        self._validators: dict[str, Validator] = {}
        self._steps = 0

    def prepare(self, tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any] | CallError:
        """A plain JSON copy to send, or what is wrong and with which field (nothing was sent).

        A lone surrogate, NaN or an infinity would end the whole session in the MCP SDK; a Decimal is sent as a JSON
        number, and refused when a double cannot hold its digits.
        """
        try:
            plain: dict[str, Any] = _plain(arguments, ())
        except _Unsendable as fault:
            return _invalid(tool, ".".join(fault.path) or None, fault.why)
        try:
            issue = self._first_issue(tool, plain)
        except Exception as error:  # a stranger's schema may be invalid, recursive or refer to what is not there
            return CallError(
                code="bad_schema",
                message=f"the input schema of {tool.name} cannot be used: {str(error)[:200] or type(error).__name__}",
                outcome="not_sent",
                next="report it to the maker of the server",
            )
        return plain if issue is None else _invalid(tool, *issue)

    def _first_issue(self, tool: Tool, arguments: dict[str, Any]) -> tuple[str | None, str] | None:
        from jsonschema.exceptions import best_match

        self._steps = 0
        issue = best_match(self._validator(tool).iter_errors(arguments))
        if issue is None:
            return None
        path = [str(part) for part in issue.absolute_path]
        if issue.validator == "required" and isinstance(issue.instance, Mapping):
            missing = next((name for name in issue.validator_value if name not in issue.instance), None)
            return ".".join([*path, *([str(missing)] if missing else [])]) or None, "it is missing"
        if issue.validator == "additionalProperties" and isinstance(issue.instance, Mapping):
            known = issue.schema.get("properties", {}) if isinstance(issue.schema, Mapping) else {}
            unknown = next((str(name) for name in issue.instance if name not in known), None)
            known_names = ", ".join(map(str, known)) or "none"
            return ".".join([*path, *([unknown] if unknown else [])]) or None, f"the tool knows only: {known_names}"
        return ".".join(path) or None, issue.message[:300]

    def _validator(self, tool: Tool) -> Validator:
        if tool.sha256 not in self._validators:
            from jsonschema import Draft202012Validator
            from jsonschema.validators import validator_for
            from referencing import Registry

            kind = validator_for(tool.input_schema, default=Draft202012Validator)
            schema = dict(tool.input_schema)
            if tool.server not in self._trusted:
                kind = self._bounded(kind)
            kind.check_schema(schema)
            # An empty registry: a $ref stays inside the schema and never fetches a URL.
            self._validators[tool.sha256] = kind(schema, registry=Registry())
        return self._validators[tool.sha256]

    def _bounded(self, kind: Any) -> Any:
        """A validator class that gives up after so many steps and runs nothing that may take for ever."""
        from jsonschema import validators

        def counted(check: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
            def run(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
                self._steps += 1
                if self._steps > _MOST_STEPS:
                    raise ValueError("checking the arguments against it takes too long")
                yield from check(validator, value, instance, schema) or ()

            return run

        checks = {name: counted(check) for name, check in kind.VALIDATORS.items()}
        no_others = checks["additionalProperties"]

        def additional(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
            if not schema.get("patternProperties"):  # else only a pattern tells which are additional
                yield from no_others(validator, value, instance, schema)

        extend: Any = validators.extend
        return extend(kind, checks | {"additionalProperties": additional} | dict.fromkeys(_UNCHECKED, _nothing))


def _nothing(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
    yield from ()


def _invalid(tool: Tool, field: str | None, why: str) -> CallError:
    return CallError(
        code="invalid_argument",
        message=f"{tool.name} was not called: {field or 'the arguments'}: {why}",
        outcome="not_sent",
        field=field,
        next="correct the argument",
    )


def _plain(value: Any, path: tuple[str, ...]) -> Any:
    if len(path) > _DEPTH:
        raise _Unsendable(path[:3], "it is nested too deeply")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, Decimal):
        return _number(value, path)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _Unsendable(path, "it is not a finite number")
        return value
    if isinstance(value, Mapping):
        return {_text(key, path): _plain(item, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, (*path, str(index))) for index, item in enumerate(value)]
    raise _Unsendable(path, f"a {type(value).__name__} is not JSON")


def _text(value: Any, path: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise _Unsendable(path, "a name is not text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _Unsendable(path, "it holds half a character (a lone surrogate)") from None
    return value


def _number(value: Decimal, path: tuple[str, ...]) -> int | float:
    if not value.is_finite():
        raise _Unsendable(path, "it is not a finite number")
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    number = float(value)
    if Decimal(repr(number)) != value:
        raise _Unsendable(path, "it has more digits than a JSON number carries")
    return number
