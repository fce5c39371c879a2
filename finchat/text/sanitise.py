"""Ledger text made safe for a terminal.

Names, references, narrations, tool descriptions and vendors' error texts are data from strangers. What a terminal
would act on or hide (control and escape sequences, bidirectional overrides, zero-width and other format characters,
line breaks, unassigned and private code points, lone surrogates, towers of combining marks) is shown as a visible
escape instead, so that nothing is hidden and nothing is obeyed. Every function here returns one line.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

# Letters of real languages carry at most a few marks; more are there to overflow the line.
_MARKS_IN_A_ROW = 3
# Control, format (bidi, zero-width, tags), surrogate, private, unassigned; line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Blank but not a space, or not drawn at all: fillers, the Braille blank, joiners, selectors that count as marks. They
# hide text as well as a zero-width character does.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00016fe4\U0001d159")
_ODD = re.compile(r"[^\n -~]")
# Text in runs that are looked at together: plain ASCII, or any one character.
_RUN = re.compile(r"[ -~]+|.", re.DOTALL)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """One line with every non-printing character as an escape (`\\n`, `\\x1b`, `\\u202e`); the rest unchanged."""
    if text.isascii() and text.isprintable():
        return text
    out: list[str] = []
    marks = 0
    for run in _RUN.findall(text):
        kind = "plain" if run.isascii() and run.isprintable() else _kind(run)
        marks = marks + 1 if kind == "mark" else 0
        stays = kind == "plain" or (0 < marks <= _MARKS_IN_A_ROW and bool(out))
        out.append(run if stays else _escape(run))
    return "".join(out)


def in_json(text: str) -> str:
    """JSON text in which what a terminal would act on or hide stands as its JSON escape: the data is the same, and it
    can be shown anywhere. Marks are escaped too: they are looked at one by one."""
    return _ODD.sub(lambda found: _json_escape(found[0]), text)


def one_line(text: str, limit: int | None = None) -> str:
    """For tables and sentences: white space folded to single spaces, the rest as `visible`, cut at `limit` characters.

    A cut text ends in an ellipsis; the approval card never uses this.
    """
    words = " ".join(text.split())
    folded = visible(words if limit is None else words[: limit + 1])
    if limit is not None and len(folded) > limit:
        return folded[: max(limit - 1, 0)].rstrip() + "…"
    return folded


def scalar(value: Any) -> str:
    """A payload scalar verbatim, for the approval card. Two different texts never look the same.

    Text stands bare when it is plain; quoted with escapes when it holds anything unprintable, a backslash or a
    leading quote, has outer or double spaces, is empty, or reads as true, false, null, [] or {}.
    """
    if isinstance(value, str):
        shown = visible(value)
        plain = shown == value and "\\" not in value and not value.startswith('"') and value == " ".join(value.split())
        if plain and value and not _reads_as_other(value):
            return value
        return '"' + visible(value.replace("\\", "\\\\").replace('"', '\\"')) + '"'
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def scalars(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Every scalar of a payload as (path, text), in the payload's order: `Payments[0].Amount`. Nothing is left out.

    Empty lists and objects are scalars here: `[]` and `{}`. Keys are shown as `visible`.
    """
    if isinstance(value, Mapping) and value:
        keys = [(_joined(path, str(key)), item) for key, item in value.items()]
        return [pair for key, item in keys for pair in scalars(item, key)]
    if isinstance(value, list | tuple) and value:
        return [pair for index, item in enumerate(value) for pair in scalars(item, f"{path}[{index}]")]
    if isinstance(value, Mapping):
        return [(path, "{}")]
    if isinstance(value, list | tuple):
        return [(path, "[]")]
    return [(path, scalar(value))]


def _joined(path: str, key: str) -> str:
    shown = key if key.replace("_", "").replace("-", "").replace("$", "").isalnum() and key.isascii() else scalar(key)
    return f"{path}.{shown}" if path else shown


def _reads_as_other(text: str) -> bool:
    return text in {"true", "false", "null", "[]", "{}"}


@lru_cache(4096)
def _kind(char: str) -> Literal["plain", "mark", "odd"]:
    """Whether a character is shown as it is, only on a letter, or never."""
    category = unicodedata.category(char)
    if category in _UNPRINTABLE or char in _BLANK or _is_variation_selector(char) or (category == "Zs" and char != " "):
        return "odd"
    return "mark" if category.startswith("M") or _is_part_of_syllable(char) else "plain"


def _is_variation_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _is_part_of_syllable(char: str) -> bool:
    """Hangul vowels and last consonants that a terminal draws into the cell before them."""
    return "\u1161" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7fb"


@lru_cache(4096)
def _json_escape(char: str) -> str:
    if visible(char) == char:
        return char
    return f"\\u{ord(char):04x}" if char.isascii() else json.dumps(char)[1:-1]


def _escape(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
