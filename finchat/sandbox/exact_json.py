"""JSON with exact numbers: read as int or Decimal, written from Decimal digit by digit, never through a float."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

_LONGEST_NUMBER = 40
_LARGEST_EXPONENT = 30
_quote = json.encoder.encode_basestring_ascii


class Raw(str):
    """JSON text that is written as it stands."""

    __slots__ = ()


def read(body: bytes | str) -> Any:
    """JSON data, numbers as int or Decimal. Raises ValueError (RecursionError for one nested too deep)."""
    return json.loads(body, parse_float=_decimal, parse_int=_integer, parse_constant=_constant)


def write(value: Any) -> str:
    """Compact JSON text of plain data. Raises TypeError for a float: money is never one."""
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts)


def _write(value: Any, put: Callable[[str], None]) -> None:
    kind = type(value)
    if kind is dict:
        before = "{"
        for key, member in value.items():
            # Nearly every member is text: a call for each would double the time of a page.
            if type(member) is str:
                put(f"{before}{_quote(key)}:{_quote(member)}")
            else:
                put(f"{before}{_quote(key)}:")
                _write(member, put)
            before = ","
        put("{}" if before == "{" else "}")
    elif kind is list or kind is tuple:
        before = "["
        for member in value:
            put(before)
            _write(member, put)
            before = ","
        put("[]" if before == "[" else "]")
    elif isinstance(value, Mapping):
        _write(dict(value), put)
    elif kind is Raw:
        put(value)
    else:
        put(_scalar(value))


def _scalar(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return _quote(value)
    if kind is Decimal:
        return format(value, "f")
    if kind is int:
        return str(value)
    if value is None or kind is bool:
        return {None: "null", True: "true", False: "false"}[value]
    raise TypeError(f"{kind.__name__} has no exact JSON form")


def _decimal(text: str) -> Decimal:
    found = Decimal(text)
    if len(text) > _LONGEST_NUMBER or abs(found.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("number out of range")
    return found


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("number out of range")
    return int(text)


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")
