"""JSON as the vendor writes it: CRLF, two spaces, escaped slashes in dates, and numbers exactly as digits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_quote = json.encoder.encode_basestring_ascii


class Raw(str):
    """Text that goes into the JSON as it stands: a number's digits or a /Date()/ with escaped slashes."""

    __slots__ = ()


def json_text(value: Any) -> str:
    """The vendor's indented JSON of plain data. Raises TypeError for a float: money is never one."""
    parts: list[str] = []
    _write(value, "\r\n", parts.append)
    return "".join(parts)


def _write(value: Any, margin: str, put: Any) -> None:
    kind = type(value)
    if kind is Raw:
        put(value)
    elif kind is str:
        put(_quote(value))
    elif value is None:
        put("null")
    elif kind is bool:
        put("true" if value else "false")
    elif kind is int:
        put(str(value))
    elif kind is Decimal:
        put(format(value, "f"))
    elif isinstance(value, Mapping):
        _write_object(value, margin, put)
    elif isinstance(value, list | tuple):
        _write_array(value, margin, put)
    else:
        raise TypeError(f"{kind.__name__} has no exact JSON form")


def _write_object(value: Mapping[str, Any], margin: str, put: Any) -> None:
    if not value:
        put("{}")
        return
    inner, before = margin + "  ", "{"
    for key, member in value.items():
        kind = type(member)
        # The two kinds nearly every member has are written here: a call each would double the time of a page.
        if kind is Raw:
            put(f"{before}{inner}{_quote(key)}: {member}")
        elif kind is str:
            put(f"{before}{inner}{_quote(key)}: {_quote(member)}")
        else:
            put(f"{before}{inner}{_quote(key)}: ")
            _write(member, inner, put)
        before = ","
    put(margin + "}")


def _write_array(value: list[Any] | tuple[Any, ...], margin: str, put: Any) -> None:
    if not value:
        put("[]")
        return
    inner, before = margin + "  ", "["
    for member in value:
        put(before + inner)
        before = ","
        _write(member, inner, put)
    put(margin + "]")
