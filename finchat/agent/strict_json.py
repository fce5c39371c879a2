"""The arguments of a call, read strictly.

Python's reader takes NaN, Infinity and numbers that become infinite, keeps the last of two equal keys, and lets lone
surrogates through; what a person is shown, what is checked and what is sent could then be three different things.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

MAX_CHARACTERS = 256 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 64  # of one number: no amount, count or id of a ledger is longer
MAX_EXPONENT = 64

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class BadJson:
    """Why a text is not taken as arguments, in words that a model can act on."""

    why: str


class _Bad(ValueError):
    pass


def parse_arguments(text: str) -> dict[str, Any] | BadJson:
    """The JSON object that `text` is, numbers with a fraction or exponent as Decimal; BadJson for anything else.

    Refused: NaN and Infinity, equal keys in one object, lone surrogates, anything but an object, more than
    MAX_CHARACTERS, deeper than MAX_DEPTH, numbers beyond MAX_DIGITS or MAX_EXPONENT. An empty text is refused as well:
    a tool without arguments is called with {}.
    """
    try:
        return _read(text)
    except _Bad as bad:
        return BadJson(str(bad))
    except json.JSONDecodeError as error:
        return BadJson(f"the arguments are not JSON: {error.msg} at character {error.pos}")


def _read(text: str) -> dict[str, Any]:
    if len(text) > MAX_CHARACTERS:
        raise _Bad(f"the arguments are {len(text)} characters long; at most {MAX_CHARACTERS} are read")
    if not text.strip():
        raise _Bad("the arguments are empty; write {} for none")
    if _depth(text) > MAX_DEPTH:
        raise _Bad(f"the arguments are nested deeper than {MAX_DEPTH} levels")
    value = json.loads(
        text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_fraction, parse_int=_integer
    )
    if not isinstance(value, dict):
        raise _Bad("the arguments must be a JSON object")
    # As an escape or as it is: what no text can hold cannot be shown, hashed or sent.
    if "\\u" in text or _SURROGATE.search(text):
        _no_surrogates(value)
    return value


# A string is taken to its end or the text's, never given back: the time stays linear for any text.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def _depth(text: str) -> int:
    """How deep the brackets outside of strings are nested; the reader itself recurses, so it is looked at before."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "]}":
            depth -= 1
    return deepest


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Bad(f"the arguments name {twice[:80]!r} twice")
    return found


def _constant(name: str) -> NoReturn:
    raise _Bad(f"the arguments hold {name}, which is no number")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _Bad(f"the arguments hold a number of {len(digits)} digits; at most {MAX_DIGITS} are read")
    return int(digits)


def _fraction(digits: str) -> Decimal:
    if len(digits) > MAX_DIGITS:
        raise _Bad(f"the arguments hold a number of {len(digits)} digits; at most {MAX_DIGITS} are read")
    _, _, exponent = digits.lower().partition("e")
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise _Bad(f"the arguments hold a number with the exponent {exponent}")
    return Decimal(digits)


def _no_surrogates(value: Any) -> None:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise _Bad("the arguments hold half of a surrogate pair, which is no character")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _no_surrogates(key)
            _no_surrogates(inner)
    elif isinstance(value, list):
        for inner in value:
            _no_surrogates(inner)
