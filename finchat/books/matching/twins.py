"""Copies of a line and real twins.

The same FITID twice, or the same text with the same transaction number twice, is one event imported twice. Two lines
that are alike but carry no number that ties them together are two real payments. The number of an account, or one that
a line of another day or amount bears too (a mandate, a customer), is nobody's transaction number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from finchat.books.documents import BankLine
from finchat.books.matching.text import words

_TRANSACTION_NUMBER = 6  # digits from which on a number is one bank event's own, when it comes with the same day

_PART = 7  # digits from which on a part of an account's number is not met by chance
_IBAN = re.compile(r"[a-z]{2}\d{2}[a-z0-9]{11,30}", re.ASCII)


def copies(
    lines: Iterable[BankLine], document_numbers: frozenset[str], accounts: Iterable[str] = ()
) -> dict[str, str]:  # fmt: skip
    """Line id of every copy → line id of its original (the first by id). `accounts`: numbers of bank accounts, the
    organisation's own and its contacts'."""
    lines = list(lines)
    events: dict[str, set[tuple[object, ...]]] = defaultdict(set)  # number → days and amounts it stands beside
    for line in lines:
        for word in _text(line):
            if _digits(word) >= _TRANSACTION_NUMBER:
                events[word].add((line.date, line.direction, line.amount))
    held = [_plain(number) for number in accounts]
    groups: dict[tuple[object, ...], list[BankLine]] = defaultdict(list)
    for line in lines:
        base = (line.account_id, line.direction, line.amount, line.currency)
        if line.fitid:
            groups[(*base, "fitid", line.fitid)].append(line)
        text = _text(line)
        theirs = _plain(line.counterparty_account)
        own = [
            w
            for w in text
            if _digits(w) >= _TRANSACTION_NUMBER
            and _bare(w) not in document_numbers
            and len(events[w]) == 1
            and not _IBAN.fullmatch(w)
            and not any(w == number or (len(w) >= _PART and w in number) for number in (theirs, *held))
        ]
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


def _text(line: BankLine) -> tuple[str, ...]:
    return (*words(line.payee), "|", *words(line.narration), "|", *words(line.reference))


def _plain(number: str) -> str:
    return "".join(words(number))


def _digits(word: str) -> int:
    return sum(c.isdigit() for c in word)


def _bare(word: str) -> str:
    return "".join(c for c in word if c.isdigit()).lstrip("0")
