"""Which documents a bank line names by number or reference.

A number is compared as its letters and its digits without leading zeros, so `INV-03060`, `inv 3060` and `INV3060` are
one. A bare number is a weaker naming than one with the document's own letters. Words that introduce numbers which are
never a document's (trace numbers, value dates) are learned from the lines themselves.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from finchat.books.documents import BankLine, Document
from finchat.books.matching.text import fold, letters_only, runs, words


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """`strength` 3: number in the document's own spelling; 2: digits in a field meant for a reference, or after a word
    that introduces document numbers; 1: digits somewhere in the text."""

    document_id: str
    strength: int
    text: str


@dataclass(frozen=True, slots=True)
class _Token:
    letters: str  # letters attached to the digits
    digits: str
    before: str  # the word before
    text: str
    in_reference: bool
    marked: bool  # written as a number: "#3027"
    written: int  # digits, leading zeros included
    coded: bool  # letters and digits in one: "Q-7591"


_CODED = re.compile(r"[^\W\d_]{1,5}[-/.]?(\d{3,})(?!\w)")
_CHUNK = re.compile(r"[^\W_]+(?:[-/.][^\W_]+)*")
_MARKED = re.compile(r"[#№]\s*0*(\d+)")


def _parts(number: str) -> tuple[str, str, str]:
    """Letters, last digits without leading zeros, and all of a number run together."""
    pieces = [r for w in words(number) for r in runs(w)]
    digits = [p for p in pieces if p[0].isdigit()]
    letters = "".join(p for p in pieces if not p[0].isdigit())
    return letters, (digits[-1].lstrip("0") if digits else ""), "".join(pieces)


def _shapes(text: str) -> list[tuple[tuple[str, ...], tuple[str | int, ...]]]:
    """Of every unbroken piece of a text with digits beside letters or other digits: its parts without leading zeros,
    and its shape, in which digits only count (`FV/2026/0042` is `fv`, 4, 4)."""
    found = []
    for chunk in _CHUNK.findall(fold(text)):
        parts = [r for w in words(chunk) for r in runs(w)]
        if len(parts) > 1 and any(p[0].isdigit() for p in parts):
            found.append((_plain(parts), tuple(len(p) if p[0].isdigit() else p for p in parts)))
    return found


def _plain(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(p.lstrip("0") if p[0].isdigit() else p for p in parts)


class NumberIndex:
    def __init__(self, documents: Iterable[Document], lines: Iterable[BankLine]) -> None:
        self._own: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._bare: dict[str, list[str]] = defaultdict(list)
        self._whole: dict[str, list[str]] = defaultdict(list)
        self._reference: dict[str, list[str]] = defaultdict(list)
        self.digits_of: dict[str, str] = {}
        self._known: set[str] = set()
        self._longest = 0  # digits of the longest number or reference a document has, zeros included
        self._held: dict[str, list[_Token]] = {}  # of each line, by its id
        self._unknown: dict[str, tuple[str, ...]] = {}
        self._written: set[tuple[str, ...]] = set()  # every number and reference the books know
        self._schemes: set[tuple[str, tuple[str | int, ...]]] = set()  # how documents of each direction are numbered
        for document in documents:
            for text in (document.number, document.reference):
                self._written |= {parts for parts, _ in _shapes(text)}
            self._schemes |= {(document.direction, shape) for _, shape in _shapes(document.number)[:1]}
            letters, digits, whole = _parts(document.number)
            for text in (document.number, document.reference):
                for piece in (r for w in words(text) for r in runs(w) if r[0].isdigit()):
                    self._known.add(piece.lstrip("0"))
                    self._longest = max(self._longest, len(piece))
            if digits:
                self.digits_of[document.id] = digits
                if len(digits) >= 2:
                    self._bare[digits].append(document.id)
                if letters:
                    self._own[letters, digits].append(document.id)
            if len(whole) >= 5 or (whole and not letters_only(whole) and not whole.isdigit()):
                self._whole[whole].append(document.id)
            reference = _parts(document.reference)[2]
            if len(reference) >= 4 and any(c.isdigit() for c in reference):
                self._reference[reference].append(document.id)
        introduced: Counter[str] = Counter()
        hits: Counter[str] = Counter()
        for line in lines:
            for token in self._tokens(line):
                word = token.letters or token.before
                introduced[word] += 1
                hits[word] += token.digits in self._bare or (token.letters, token.digits) in self._own
        self._noise = {w for w, n in introduced.items() if w and n >= 4 and hits[w] * 4 < n}
        self._introducers = {w for w, n in introduced.items() if w and hits[w] >= 2 and hits[w] * 3 >= n * 2}
        self._traces = {w for w, n in introduced.items() if w in self._noise and n >= max(8, introduced.total() // 20)}

    def _tokens(self, line: BankLine) -> list[_Token]:
        found = self._held.get(line.id)
        if found is None:
            found = self._held[line.id] = _tokens(line)
        return found

    def mentions(self, line: BankLine) -> tuple[Mention, ...]:
        """Documents the line names, strongest naming of each, in a stable order."""
        found: dict[str, Mention] = {}

        def add(ids: Iterable[str], strength: int, text: str) -> None:
            for document_id in ids:
                held = found.get(document_id)
                if held is None or held.strength < strength:
                    found[document_id] = Mention(document_id, strength, text)

        for text in (line.payee, line.narration, line.reference):
            parts = words(text)
            for size in (1, 2, 3):
                for i in range(len(parts) - size + 1):
                    joined = "".join(parts[i : i + size])
                    if any(c.isdigit() for c in joined):
                        add(self._whole.get(joined, ()), 3, " ".join(parts[i : i + size]))
                        add(self._reference.get(joined, ()), 2, " ".join(parts[i : i + size]))
        for token in self._tokens(line):
            for letters in {token.letters, token.letters or token.before}:
                if letters:
                    add(self._own.get((letters, token.digits), ()), 3, token.text)
            word = token.letters or token.before
            if word in self._noise and not token.in_reference:
                continue
            if len(token.digits) < 3 and not token.in_reference:
                continue
            known = token.in_reference or token.marked or word in self._introducers
            add(self._bare.get(token.digits, ()), 2 if known else 1, token.text)
        return tuple(sorted(found.values()))

    def unknown(self, line: BankLine) -> tuple[str, ...]:
        """Codes of the line (letters and digits in one, or written as documents' numbers are) that look like a
        document's but are none that the books know: an order, a quote, a draft, a document to come."""
        found = self._unknown.get(line.id)
        if found is None:
            found = self._unknown[line.id] = self._unknown_codes(line)
        return found

    def _unknown_codes(self, line: BankLine) -> tuple[str, ...]:
        texts = (line.payee, line.narration, line.reference)
        alike = [
            " ".join(parts)
            for text in texts
            for parts, shape in _shapes(text)
            if parts not in self._written and self._in_scheme(line, shape)
        ]
        alike += [
            t.text
            for t in self._tokens(line)
            if not t.letters
            and (t.before, t.digits) not in self._written
            and self._in_scheme(line, (t.before, t.written))
        ]
        return tuple(
            dict.fromkeys(
                alike
                + [
                    t.text
                    for t in self._tokens(line)
                    if t.coded
                    and 3 <= t.written <= self._longest
                    and t.digits not in self._known
                    and (t.letters or t.before) not in self._traces
                    and not _near_date(t, line)
                ]
            )
        )

    def _in_scheme(self, line: BankLine, shape: tuple[str | int, ...]) -> bool:
        """Whether documents this line could pay are numbered so; the last digits may have grown or lost one."""
        *head, last = shape
        grown = [last] if isinstance(last, str) else [last - 1, last, last + 1]
        return any((line.direction, (*head, end)) in self._schemes for end in grown)

    def ahead(self, line: BankLine) -> str | None:
        """A number of the line that no document bears and no bank puts there: perhaps of a document to come."""
        coded = self.unknown(line)
        bare = (
            t.text
            for t in self._tokens(line)
            if t.written >= 4
            and t.digits not in self._known
            and not _near_date(t, line)
            and ((t.letters or t.before) not in self._noise or t.in_reference)
        )
        return coded[0] if coded else next(bare, None)

    def introduces_noise(self, word: str) -> bool:
        """Whether the numbers after the word are never a document's."""
        return word in self._noise

    def numbers(self, line: BankLine) -> tuple[str, ...]:
        """Digits in the line that may be a document's number, noise left out, without leading zeros."""
        return tuple(
            dict.fromkeys(
                t.digits
                for t in self._tokens(line)
                if len(t.digits) >= 3 and ((t.letters or t.before) not in self._noise or t.in_reference)
            )
        )


def _tokens(line: BankLine) -> list[_Token]:
    tokens: list[_Token] = []
    for text, in_reference in ((line.payee, False), (line.narration, False), (line.reference, True)):
        before = ""
        marked = frozenset(_MARKED.findall(text))
        coded = frozenset(_CODED.findall(text))
        for word in words(text):
            pieces = runs(word)
            if letters_only(word):
                before = word
                continue
            letters = ""
            for piece in pieces:
                if piece[0].isdigit():
                    tokens.append(
                        _Token(
                            letters,
                            piece.lstrip("0"),
                            before,
                            word,
                            in_reference,
                            piece.lstrip("0") in marked,
                            len(piece),
                            piece in coded,
                        )
                    )
                    before, letters = letters or before, ""  # a list of numbers is introduced once
                else:
                    letters += piece
    return tokens


def _near_date(token: _Token, line: BankLine) -> bool:
    return not token.letters and reads_as_date(token.digits.zfill(token.written), line.date)


def reads_as_date(digits: str, near: dt.date) -> bool:
    """Whether digits are a day within two months of `near`, in any usual order: a day and a month, with a year of two
    or four digits, or the year itself."""
    if len(digits) == 4 and abs(int(digits) - near.year) <= 1:
        return True
    return any(abs((written - near).days) <= 62 for written in _dates(digits, near))


def _dates(digits: str, near: dt.date) -> Iterable[dt.date]:
    years = [str(y) for y in (near.year - 1, near.year, near.year + 1)]
    if len(digits) == 4:
        orders = [(y, digits[:2], digits[2:]) for y in years]
    elif len(digits) in (6, 8):
        n = len(digits) - 4
        orders = [(digits[:n], digits[n : n + 2], digits[n + 2 :]), (digits[4:], digits[:2], digits[2:4])]
    else:
        return
    for year, one, other in orders:
        whole = int(year) + (2000 if len(year) == 2 else 0)
        for month, day in ((one, other), (other, one)):
            try:
                yield dt.date(whole, int(month), int(day))
            except ValueError:
                continue
