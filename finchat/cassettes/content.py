"""JSON values by their content: two are the same when finchat would write them with the same characters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from finchat.canonical import canonical_json

ESCAPE = "$same"  # the one key of an object that a cassette gives a meaning of its own
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(\\|u[0-9a-f]{4})")
# Five times as fast as the canonical writer, and the same to the character but for what `_plain` looks for.
_fast = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def content(value: Any) -> str:
    """Canonical text of JSON data without floats (see `exact`), to be compared by.

    Raises TypeError or ValueError for what is no JSON data, RecursionError for what is nested too deep.
    """
    try:
        text = _fast(value)
    except (TypeError, ValueError):
        text = ""
    return text if text and _plain(text) and f'"{ESCAPE}"' not in text else canonical_json(carried(value))


def is_canonical(text: str, value: Any) -> bool:
    """Whether `text`, which was read as `value`, is written the way finchat writes."""
    try:
        same: bool = _fast(value) == text
        if same and _plain(text):
            return True
    except (TypeError, ValueError):
        pass
    try:
        return canonical_json(value) == text
    except (TypeError, ValueError):
        return False


def _plain(text: str) -> bool:
    """Whether every character is one unit of UTF-16: no surrogates, and keys sorted as characters are as units."""
    return text.isascii() or _is_plain(text)


def _is_plain(text: str) -> bool:
    try:
        return len(text.encode("utf-16-le")) == 2 * len(text)
    except UnicodeEncodeError:
        return False


def exact(value: Any) -> Any:
    """JSON data as a cassette keeps it: plain dicts and lists, and instead of a float the Decimal of its digits.

    Raises TypeError for what is no JSON data and ValueError for NaN and infinities.
    """
    if isinstance(value, float):
        number = Decimal(repr(value))
        if not number.is_finite():
            raise ValueError(f"not a finite number: {value}")
        return number
    if isinstance(value, Mapping):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    if value is None or isinstance(value, str | int | Decimal):
        return value
    raise TypeError(f"{type(value).__name__} is no JSON data")


def carried(value: Any) -> Any:
    """JSON data in a form that any file can carry: an object with the key ESCAPE, and text that is not Unicode, are
    put in an object of that one key. Two different values never become the same."""
    if isinstance(value, str):
        return value if not _SURROGATE.search(value) else {ESCAPE: _escaped(value)}
    if isinstance(value, Mapping):
        return carried_object(value, {key: carried(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return [carried(item) for item in value]
    return value


def carried_object(keys: Mapping[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    """The same for an object whose members are carried already."""
    if any(isinstance(key, str) and _SURROGATE.search(key) for key in keys):
        return {ESCAPE: True, "members": [[carried(key), members[key]] for key in keys]}
    return {ESCAPE: dict(members)} if ESCAPE in keys else dict(members)


def text_of(escaped: str) -> str:
    """What `carried` made of text that is not Unicode, back again."""
    return _ESCAPED.sub(lambda found: "\\" if found[1] == "\\" else chr(int(found[1][1:], 16)), escaped)


def _escaped(text: str) -> str:
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\\", "\\\\"))
