"""Copies of a line and real twins.

The same FITID twice, or the same text with the same transaction number twice, is one event imported twice. Two lines
that are alike but carry no number that ties them together are two real payments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from finchat.books.documents import BankLine
from finchat.books.matching.text import words

_TRANSACTION_NUMBER = 6  # digits from which on a number is one bank event's own, when it comes with the same day


def copies(lines: Iterable[BankLine], document_numbers: frozenset[str]) -> dict[str, str]:
    """Line id of every copy → line id of its original (the first by id)."""
    groups: dict[tuple[object, ...], list[BankLine]] = defaultdict(list)
    for line in lines:
        base = (line.account_id, line.direction, line.amount, line.currency)
        if line.fitid:
            groups[(*base, "fitid", line.fitid)].append(line)
        text = (*words(line.payee), "|", *words(line.narration), "|", *words(line.reference))
        own = [w for w in text if _digits(w) >= _TRANSACTION_NUMBER and _bare(w) not in document_numbers]
        if own:
            groups[(*base, line.date, text)].append(line)
    original: dict[str, str] = {}
    for key in sorted(groups, key=repr):
        members = sorted(groups[key], key=lambda x: (x.date, x.id))
        if len(members) < 2:
            continue
        first = original.get(members[0].id, members[0].id)
        for other in members[1:]:
            if other.id != first:
                original.setdefault(other.id, first)
    return original


def _digits(word: str) -> int:
    return sum(c.isdigit() for c in word)


def _bare(word: str) -> str:
    return "".join(c for c in word if c.isdigit()).lstrip("0")
