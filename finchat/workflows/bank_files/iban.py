"""Account numbers: IBANs by their check digits, and when two spellings are one account."""

from __future__ import annotations

import re

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_IN_TEXT = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}\b", re.ASCII)
_SHORTEST = 6


def bare(number: str) -> str:
    """Letters and digits alone, upper case."""
    return "".join(c for c in number.upper() if c.isascii() and c.isalnum())


def is_iban(text: str) -> bool:
    """By form and check digits (ISO 13616)."""
    if len(text) > 60:
        return False
    found = bare(text)
    if not _IBAN.fullmatch(found):
        return False
    return int("".join(str(int(c, 36)) for c in found[4:] + found[:4])) % 97 == 1


def ibans_in(text: str) -> list[str]:
    """The IBANs of a text, bare."""
    found = []
    for match in _IN_TEXT.finditer(text[:2000].upper()):
        whole = bare(match[0])
        fitting = next((whole[:n] for n in range(len(whole), 14, -1) if is_iban(whole[:n])), None)
        if fitting:
            found.append(fitting)
    return found


def same_account(one: str, other: str) -> bool:
    """Two spellings of one number: equal without separators and leading zeros, or one an IBAN that ends with the other,
    which a domestic number of at least six characters does."""
    a, b = bare(one).lstrip("0"), bare(other).lstrip("0")
    if not a or not b:
        return False
    if a == b:
        return True
    short, long = sorted((a, b), key=len)
    return len(short) >= _SHORTEST and is_iban(long) and long[4:].lstrip("0").endswith(short)
