"""Canonical JSON (RFC 8785) and the hashes over it.

Amounts travel as strings; a Decimal is written as its plain digits without an exponent, a float is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any


def canonical_json(value: Any) -> str:
    """RFC 8785 text of JSON data: keys sorted by UTF-16 code units, no white space, no float.

    Raises TypeError for a float or a non-JSON type and ValueError for a lone surrogate or a non-finite Decimal.
    """
    text = _write(value)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("text holds a lone surrogate, which JSON over UTF-8 cannot carry") from None
    return text


def sha256_of(value: Any) -> str:
    """Hex SHA-256 over the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode("utf-8")).hexdigest()


def plain_decimal(value: Decimal) -> str:
    """Digits without an exponent: Decimal('1E+3') is '1000'."""
    if not value.is_finite():
        raise ValueError(f"not a finite number: {value}")
    return format(value, "f")


_OBJECTS = (dict, Mapping)  # a dict is known at once, any other mapping by a slow look


def _write(value: Any) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, _OBJECTS):
        # A plan has thousands of members, most of them text: that kind is written here, without a call each.
        members = [
            f"{encode_basestring(key)}:{encode_basestring(member) if type(member) is str else _write(member)}"
            for key, member in ((key, value[key]) for key in _ordered(value))
        ]
        return "{" + ",".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_write(item) for item in value]) + "]"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return plain_decimal(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON form; write amounts as strings")


def _ordered(value: Mapping[Any, Any]) -> list[str]:
    """The keys by their UTF-16 code units; those of ASCII keys are their characters."""
    try:
        plain = "".join(value).isascii()
    except TypeError:
        raise TypeError("JSON object keys are strings") from None
    if plain:
        return sorted(value)
    return sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
