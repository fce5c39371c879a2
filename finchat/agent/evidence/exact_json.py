"""JSON that gives back what went in: Decimals keep their digits, floats never come back."""

from __future__ import annotations

import gc
import json
import re
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from finchat.errors import FinchatError


class NotKept(FinchatError):
    """A result is no JSON data (not a finite number, nested beyond reason), so it cannot be kept."""

    code = "malformed_answer"


def dump(value: Any) -> bytes:
    """JSON in UTF-8. A Decimal is written as a number with its own digits. Raises NotKept."""
    # The encoder knows no Decimal: each is written as a text under a mark nobody else can know, then unquoted.
    mark = secrets.token_hex(16)
    marked = False

    def other(item: Any) -> Any:
        nonlocal marked
        if isinstance(item, Decimal):
            if not item.is_finite():
                raise ValueError("not a finite number")
            marked = True
            return f"{mark}{item}"
        if isinstance(item, Mapping):
            return dict(item)
        if isinstance(item, date | datetime):
            return item.isoformat()
        if isinstance(item, tuple | set | frozenset):
            return sorted(item) if isinstance(item, set | frozenset) else list(item)
        raise TypeError(type(item).__name__)

    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=other)
    except (ValueError, TypeError, RecursionError) as error:
        raise NotKept(f"the result of a tool is no plain data: {type(error).__name__}") from error
    if marked:
        text = re.sub(f'"{mark}([^"]*)"', r"\1", text)
    return text.encode("utf-8", "surrogatepass")


def load(data: bytes) -> Any:
    """What `dump` wrote; numbers with a fraction or an exponent are Decimals."""
    text = data.decode("utf-8", "surrogatepass")
    # Parsing makes only new objects, so looking for garbage while it does is in vain, and takes longer than parsing.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return json.loads(text, parse_float=Decimal)
    finally:
        if collecting:
            gc.enable()


def from_text(text: str) -> Any:
    """The JSON object or list that a text result is, or None where it is just words."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _no_number(name: str) -> Any:
    raise ValueError(name)
