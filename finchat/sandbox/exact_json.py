"""JSON with exact numbers: read as int or Decimal, written from Decimal digit by digit, never through a float."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_LONGEST_NUMBER = 40
_LARGEST_EXPONENT = 30
_quote = json.encoder.encode_basestring_ascii


def read(body: bytes | str) -> Any:
    """JSON data, numbers as int or Decimal. Raises ValueError (RecursionError for one nested too deep)."""
    return json.loads(body, parse_float=_decimal, parse_int=_integer, parse_constant=_constant)


def write(value: Any) -> str:
    """Compact JSON text of plain data. Raises TypeError for a float: money is never one."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_quote(key)}:{write(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(write, value)) + "]"
    return _scalar(value)


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
