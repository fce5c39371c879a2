"""A vendor's JSON read without losing a digit: numbers with a fraction become text, whole ones stay numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from finchat.canonical import plain_decimal

_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(content: bytes, object_hook: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """The JSON of an answer. Raises ValueError (or RecursionError) when it is no JSON."""
    text = content.decode("utf-8")
    data = json.loads(text, parse_float=exact, parse_constant=_no_number, object_hook=object_hook)
    # A lone surrogate cannot be written to any wire again; it can only come from an escape.
    return _whole_characters(data) if "\\ud" in text or "\\uD" in text else data


def exact(digits: str) -> str:
    """A JSON number as text: its own digits, at least two places, no exponent. `exact("110.5")` is "110.50"."""
    if "e" in digits or "E" in digits:
        value = Decimal(digits)
        if not -30 < value.adjusted() < 30:
            raise ValueError("a number beyond any amount of money")
        digits = plain_decimal(value)
    whole, _, places = digits.partition(".")
    return f"{whole}.{places:0<2}"


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        # U+FFFD, the character for "could not be read".
        return _SURROGATE.sub("�", value)
    if isinstance(value, Mapping):
        return {_whole_characters(name): _whole_characters(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole_characters(inner) for inner in value]
    return value
