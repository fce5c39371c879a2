"""Which lines of a new file are lines that are known already, whatever file, order or format they came in.

The rules, in their order, each line taken once:

1. The bank's own id, with the same direction and amount, on the same day or with a text that can be the same.
2. The same day, direction, amount and text.
3. The same day, direction and amount, where the texts can be two banks' ways of writing one thing: words in common.
   Files of one layout write one thing alike: there one text has to hold the whole other.
4. Whatever is left of the same day, direction and amount, on a day one of the files covers from end to end: nothing
   that happened then can be missing there.

Two lines stay two where something tells them apart: different ids of one format, or different balances after them.
That holds on days at the edge of both files, where each may show a part of the day. On a day that one of them covers
in full an id that differs means only that the bank numbers its lines anew for every export; where nothing but the ids
differs on several days, it does so on all of them.
A line that is known keeps its id. A line that is new gets the first occurrence number that no other line of the
same text has, so that a file which begins between two identical rows never gives either of them a third name.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from itertools import count

from finchat.books.documents import BankLine, Direction
from finchat.books.lines import RawLine, content_of, identify
from finchat.books.matching.text import words


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLine:
    """A line of an earlier file. `ids` maps each format that showed the line to the id the bank gave it there, "" for
    none; `balance` is the account's after the line, where a file printed it."""

    line: BankLine
    ids: tuple[tuple[str, str], ...] = ()
    balance: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A line of the new file with its identity, whether it was known, and what is known of it now."""

    known: KnownLine
    new: bool
    late: bool = False  # on a day that an earlier file covers in full, and not in that file


def recognise(
    lines: Sequence[RawLine],
    account_id: str,
    format: str,
    known: Iterable[KnownLine] = (),
    covered: Iterable[tuple[dt.date, dt.date]] = (),
) -> tuple[Recognised, ...]:
    """The lines of one file in their order. `format` names what wrote it, a CSV's layout too; `covered`: first and last
    day of the lines of each earlier file.

    Raises ValueError when an amount is not positive.
    """
    return _Recognising(account_id, format, tuple(known), tuple(covered)).run(lines)


_Key = tuple[dt.date, Direction, Decimal]


@dataclass(slots=True)
class _Recognising:
    account_id: str
    format: str
    known: tuple[KnownLine, ...]
    covered: tuple[tuple[dt.date, dt.date], ...]
    taken: set[str] = field(default_factory=set)
    free: dict[_Key, list[KnownLine]] = field(default_factory=dict)
    prints: dict[str, str] = field(default_factory=dict)  # fingerprint → id of the line that has it
    own: tuple[dt.date, dt.date] | None = None  # first and last day of the new file
    renumbered: bool = False  # the bank gave every line a new id

    def run(self, lines: Sequence[RawLine]) -> tuple[Recognised, ...]:
        by_key: dict[_Key, list[KnownLine]] = defaultdict(list)
        for one in self.known:
            by_key[_key(one.line)].append(one)
            for print_ in (one.line.id, *one.line.fingerprints):
                self.prints.setdefault(print_, one.line.id)
        self.free = by_key
        lines = _trusted(lines)
        if lines:
            self.own = min(x.date for x in lines), max(x.date for x in lines)
        found: dict[int, KnownLine] = {}
        self._by_id(lines, found)
        self.renumbered = not found and self._only_ids_differ(lines)
        self._by_text(lines, found)
        self._by_words(lines, found)
        self._by_day(lines, found)
        return self._named(lines, found)

    def _by_id(self, lines: Sequence[RawLine], found: dict[int, KnownLine]) -> None:
        ids: dict[tuple[str, Direction, Decimal], deque[KnownLine]] = defaultdict(deque)
        for one in self.known:
            for fitid in dict.fromkeys(id for _, id in one.ids if id):
                ids[fitid, one.line.direction, one.line.amount].append(one)
        for n, line in enumerate(lines):
            self._take_first(
                n,
                ids.get((line.fitid, line.direction, line.amount)) if line.fitid else None,
                partial(_near, line),
                found,
            )

    def _only_ids_differ(self, lines: Sequence[RawLine]) -> bool:
        """Lines of several days that are alike in all but the id this format gives them."""
        said: dict[tuple[_Key, tuple[str, ...]], str] = {}
        for one in self.known:
            if id := dict(one.ids).get(self.format):
                said[_key(one.line), _text(one.line)] = id
        days = {x.date for x in lines if x.fitid and said.get((_key(x), _text(x)), x.fitid) != x.fitid}
        return len(days) > 1

    def _by_text(self, lines: Sequence[RawLine], found: dict[int, KnownLine]) -> None:
        said: dict[tuple[_Key, tuple[str, ...]], deque[KnownLine]] = defaultdict(deque)
        for one in self.known:
            if one.line.id not in self.taken:
                said[_key(one.line), _text(one.line)].append(one)
        for n, line in enumerate(lines):  # first those with nothing against them
            if n not in found:
                same = said.get((_key(line), _text(line)))
                self._take_first(n, same, partial(self._together, line), found)
        for n, line in enumerate(lines):
            if n not in found and self._whole(line.date):
                self._take_first(n, said.get((_key(line), _text(line))), lambda _: True, found)

    def _by_words(self, lines: Sequence[RawLine], found: dict[int, KnownLine]) -> None:
        pairs: list[tuple[float, int, int, KnownLine]] = []
        for n, line in enumerate(lines):
            left = () if n in found else self._left(line)
            for m, one in enumerate(left if len(left) <= _MANY else ()):
                alike = _alike(line, one.line)
                if alike >= self._least(line, one) and not self._apart(line, one):
                    pairs.append((-alike, n, m, one))
        for _, n, _, one in sorted(pairs, key=lambda p: p[:3]):
            if n not in found and one.line.id not in self.taken:
                self._take(n, one, found)

    def _by_day(self, lines: Sequence[RawLine], found: dict[int, KnownLine]) -> None:
        for n, line in enumerate(lines):
            if n not in found and self._whole(line.date) and (left := self._left(line)):
                self._take(n, left[0], found)

    def _left(self, line: RawLine) -> list[KnownLine]:
        return [k for k in self.free.get(_key(line), ()) if k.line.id not in self.taken]

    def _take_first(
        self, n: int, among: deque[KnownLine] | None, fits: Callable[[KnownLine], bool], found: dict[int, KnownLine]
    ) -> None:
        """Take the first that fits and nobody has; those in front that somebody has are forgotten."""
        while among and among[0].line.id in self.taken:
            among.popleft()
        for one in among or ():
            if one.line.id not in self.taken and fits(one):
                self._take(n, one, found)
                return

    def _take(self, n: int, one: KnownLine, found: dict[int, KnownLine]) -> None:
        found[n] = one
        self.taken.add(one.line.id)

    def _together(self, line: RawLine, one: KnownLine) -> bool:
        return not self._apart(line, one)

    def _apart(self, line: RawLine, one: KnownLine) -> bool:
        """Something shows that these are two."""
        theirs = dict(one.ids).get(self.format)
        ids = bool(line.fitid and theirs and line.fitid != theirs) and not self.renumbered
        return ids or (line.balance is not None and one.balance is not None and line.balance != one.balance)

    def _least(self, line: RawLine, one: KnownLine) -> float:
        """How alike two texts must be: whole where the same layout wrote both, and each file may show other lines."""
        return 1.0 if self.format in dict(one.ids) and not self._whole(line.date) else _SLIGHTLY

    def _whole(self, day: dt.date) -> bool:
        """Whether one of the files, this one included, shows the whole day."""
        return self._covered(day) or (self.own is not None and self.own[0] < day < self.own[1])

    def _covered(self, day: dt.date) -> bool:
        return any(first < day < last for first, last in self.covered)

    def _named(self, lines: Sequence[RawLine], found: dict[int, KnownLine]) -> tuple[Recognised, ...]:
        fresh = [n for n in range(len(lines)) if n not in found]
        named = dict(zip(fresh, self._fresh([lines[n] for n in fresh]), strict=True))
        result: list[Recognised] = []
        for n, line in enumerate(lines):
            if n in found:
                result.append(Recognised(known=self._joined(found[n], line), new=False))
            else:
                one = KnownLine(line=named[n], ids=((self.format, line.fitid),), balance=line.balance)
                result.append(Recognised(known=one, new=True, late=self._covered(line.date)))
        return tuple(result)

    def _fresh(self, lines: Sequence[RawLine]) -> tuple[BankLine, ...]:
        """New lines under names nobody has: those of `identify`, past the ones that known lines carry."""
        if not lines:
            return ()
        return identify(lines, self.account_id, taken=self.prints)

    def _joined(self, one: KnownLine, line: RawLine) -> KnownLine:
        """The known line with what this file adds: the bank's id in this format, the name its text gives it, texts."""
        old = one.line
        ids = dict(one.ids)
        ids[self.format] = ids.get(self.format) or line.fitid
        names = [f"fitid:{self.account_id}:{line.fitid}"] if line.fitid else []
        if _text(line) != _text(old):
            hashes = (content_of(line, self.account_id, n) for n in count(1))
            names.append(next(h for h in hashes if self.prints.get(h, old.id) == old.id))
        added = [p for p in names if self.prints.setdefault(p, old.id) == old.id]
        return KnownLine(
            line=replace(
                old,
                payee=old.payee or line.payee,
                reference=old.reference or line.reference,
                counterparty_account=old.counterparty_account or line.counterparty_account,
                fitid=old.fitid or line.fitid,
                fingerprints=tuple(dict.fromkeys((*old.fingerprints, *added))),
            ),
            ids=tuple(ids.items()),
            balance=one.balance if line.balance is None else line.balance,
        )


def alike(lines: Sequence[RawLine], others: Iterable[BankLine]) -> int:
    """How many of the lines stand among the others, one to one: the same day, direction and amount, and a text that is
    there on both sides and can be the same."""
    free: dict[_Key, list[BankLine]] = defaultdict(list)
    for other in others:
        if _text(other):
            free[_key(other)].append(other)
    met = 0
    for line in lines:
        left = free.get(_key(line), [])[:_MANY] if _text(line) else []
        n = next((n for n, other in enumerate(left) if _can_be(line, other)), None)
        if n is not None:
            del free[_key(line)][n]
            met += 1
    return met


def contradicted(line: RawLine, format: str, known: Iterable[KnownLine]) -> KnownLine | None:
    """A known line that this format shows under the same id of the bank and a text alike, with another amount within
    days, or with another day within weeks: one of the two readings is not what happened."""
    for one in known:
        if not line.fitid or dict(one.ids).get(format) != line.fitid or not _can_be(line, one.line):
            continue
        days = abs((one.line.date - line.date).days)
        same = (one.line.direction, one.line.amount) == (line.direction, line.amount)
        if (days <= _MOVED and not same) or (same and _MOVED < days <= _WEEKS):
            return one
    return None


_WEEKS = 20  # days: less than a month, after which a bank that counts its ids anew shows the next rent
_MANY = 50  # lines of one day and amount: beyond that words alone pair nothing
_SLIGHTLY, _MOSTLY = 0.01, 0.6  # how much of the shorter text the other has: anything, and more than a legal form
_MOVED = 5  # days by which a bank may date a line anew between two exports


def _near(line: RawLine, one: KnownLine) -> bool:
    if one.line.date == line.date:
        return True
    return abs((one.line.date - line.date).days) <= _MOVED and _can_be(line, one.line)


def _trusted(lines: Sequence[RawLine]) -> list[RawLine]:
    """Without ids that stand on lines of different amounts or texts: such an id names something else than the line."""
    first: dict[str, RawLine] = {}
    shared: set[str] = set()
    for line in lines:
        if line.fitid:
            other = first.setdefault(line.fitid, line)
            if (other.direction, other.amount) != (line.direction, line.amount) or not _can_be(line, other):
                shared.add(line.fitid)
    return [replace(line, fitid="") if line.fitid in shared else line for line in lines]


def _key(line: RawLine | BankLine) -> _Key:
    return line.date, line.direction, line.amount


def _text(line: RawLine | BankLine) -> tuple[str, ...]:
    return (*words(line.payee), *words(line.narration), *words(line.reference))


def _alike(line: RawLine, other: RawLine | BankLine) -> float:
    """How well two texts can be one line's: the share of the shorter one's words that the other has, cut words too."""
    a, b = Counter(_text(line)), Counter(_text(other))
    short, long = sorted((a, b), key=lambda c: c.total())
    if not short:
        return 0.1 if not long else 0.05  # a file that gives no text contradicts nothing
    met = sum(min(n, long[word]) for word, n in short.items())
    cut = sum(n for word, n in short.items() if word not in long and any(_cut(word, other) for other in long))
    share = (met + cut) / short.total()
    return share if share >= 0.5 else 0.0


def _can_be(line: RawLine, other: RawLine | BankLine) -> bool:
    """Whether the texts under one id can be of one line: a legal form in common is not enough."""
    return not (_text(line) and _text(other)) or _alike(line, other) >= _MOSTLY


def _cut(a: str, b: str) -> bool:
    """One is the other, cut short by a bank's narrow column."""
    return min(len(a), len(b)) >= 4 and (a.startswith(b) or b.startswith(a))
