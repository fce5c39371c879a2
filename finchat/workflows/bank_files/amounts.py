"""Amounts as banks write them: decimal comma or point, thousands apart by anything, the sign in front, behind or as a
word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from finchat.books.money import minor_digits

Mark = Literal[",", "."]
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f'’´`]+")
_SHAPE = re.compile(
    r"(?P<before>[A-Z]{3}|[$€£¥₹])?(?P<sign>[-+−–])?(?P<inner>[A-Z]{3}|[$€£¥₹])?"
    r"(?P<digits>\d[\d.,]{0,30}|[.,]\d{1,6})"
    r"(?P<after>[-+−–])?(?P<unit>[A-Z]{3}|[$€£¥₹])?(?P<word>CR|DR|DB|C|D|H|S)?(?P<last>[-+−–])?",
    re.ASCII | re.IGNORECASE,
)
_GROUPS = re.compile(r"\d{1,3}(?:[.,]\d{2,3})*[.,]\d{3}|\d+", re.ASCII)
_MINUS = frozenset("-−–")
_DEBIT = frozenset({"DR", "DB", "D", "S"})
_TRUNCATED = 30


class NotANumber(ValueError):
    """The text is no amount, or could be two different ones."""


def looks_like_number(text: str) -> bool:
    """Whether a cell can be an amount at all, whatever its decimal mark."""
    return split(text) is not None


def split(text: str) -> tuple[str, bool] | None:
    """The digits with their marks, and whether the amount is negative; None when the text is no amount."""
    bare = _SPACES.sub("", text)
    if not bare or len(bare) > 48:
        return None
    negative = False
    if bare.startswith("(") and bare.endswith(")"):
        bare, negative = bare[1:-1], True
    found = _SHAPE.fullmatch(bare)
    if found is None:
        return None
    signs = [s for s in (found["sign"], found["after"], found["last"]) if s]
    word = (found["word"] or "").upper()
    if len(signs) + bool(word) + negative > 1:
        return None
    negative = negative or bool(signs and signs[0] in _MINUS) or word in _DEBIT
    return found["digits"], negative


def decimal_mark(cells: Iterable[str], currency: str = "", *, thousands: bool = True) -> Mark | None:
    """The decimal mark of a column, by all its cells; None when none needs one. Raises NotANumber on contradiction.

    A mark that stands before other than three digits is the decimal one, as is the last of two kinds. Three digits
    after a single mark are thousands unless the currency has three places, or the format has no marks of `thousands`.
    """
    found: dict[Mark, str] = {}
    unclear: dict[Mark, str] = {}
    for cell in cells:
        parts = split(cell)
        if parts is None:
            continue
        digits = parts[0]
        marks = [c for c in digits if c in ".,"]
        if not marks:
            continue
        last: Mark = "," if marks[-1] == "," else "."
        if len(set(marks)) == 2:
            found.setdefault(last, cell)
        elif len(marks) > 1:
            found.setdefault("." if last == "," else ",", cell)
        elif len(digits) - digits.rindex(last) - 1 != 3 or digits.startswith(("0", last)):
            found.setdefault(last, cell)
        else:
            unclear.setdefault(last, cell)
    if len(found) > 1:
        raise NotANumber(f"both {found[',']!r} and {found['.']!r} stand among the amounts")
    if found:
        return next(iter(found))
    if len(unclear) > 1:
        raise NotANumber(f"both {unclear[',']!r} and {unclear['.']!r} stand among the amounts")
    if unclear:
        mark = next(iter(unclear))
        if minor_digits(currency) == 3 or not thousands:
            return mark
        return "." if mark == "," else ","
    return None


def number(text: str, mark: Mark | None) -> Decimal:
    """The signed amount of a cell. Raises NotANumber."""
    parts = split(text)
    if parts is None:
        raise NotANumber(f"{shortened(text)!r} is not an amount")
    digits, negative = parts
    whole, _, places = digits.rpartition(mark) if mark and mark in digits else (digits, "", "")
    if (whole and not _GROUPS.fullmatch(whole)) or (places and not places.isdigit()):
        raise NotANumber(f"{shortened(text)!r} is not an amount with the decimal mark {mark or 'none'!r}")
    if whole and mark and mark in whole:
        raise NotANumber(f"{shortened(text)!r} has its decimal mark twice")
    value = Decimal(re.sub(r"[.,]", "", whole) or "0") + (Decimal(places).scaleb(-len(places)) if places else 0)
    if value >= 10**15:
        raise NotANumber(f"{shortened(text)!r} is larger than any bank's amount")
    return -value if negative else value


def shortened(text: str) -> str:
    """A cell for an error message."""
    return text if len(text) <= _TRUNCATED else text[:_TRUNCATED] + "…"
