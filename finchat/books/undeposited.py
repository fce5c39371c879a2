"""Which receipts waiting in undeposited funds a bank line is the deposit of.

The money is in the books already: what is missing is the one deposit that takes it to the bank. A line of exactly what
some of the receipts come to, in one way only, is that deposit. A line that is short of a day's receipts by what a bank
or card company keeps may be; a person looks. A receipt is gathered once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import combinations

from finchat.books.documents import BankLine, Undeposited
from finchat.books.money import from_minor, spoken, to_minor

LONGEST = timedelta(days=31)  # how long a receipt may wait for its deposit
_MOST = 14  # receipts of which every set is looked at; of more, only those of a day, of a way to pay, or all
_BY_CHANCE = 100  # minor units of the line for each set that is looked at: with fewer, one may fit by chance
_FEE_SHARE = Decimal("0.05")  # the most that a bank or card company keeps of what it takes in
_MOST_WITH_FEE = 4  # receipts of one deposit that is short by a fee: of more, too many sets are near the amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """The receipts a line is the deposit of, and what was kept of them (`fee`, in the line's currency).

    `why_not`: why a person should look; "" when it is certain. `rival`: another set that fits as well.
    """

    line_id: str
    items: tuple[Undeposited, ...]
    fee: Decimal
    reason: str
    why_not: str = ""
    rival: tuple[Undeposited, ...] = ()

    @property
    def certain(self) -> bool:
        return not self.why_not


def gather(
    lines: Iterable[BankLine],
    waiting: Sequence[Undeposited],
    named: Mapping[str, Collection[str]],
    explained: Collection[str] = (),
) -> dict[str, Gathering]:
    """Line id → what it gathers. Pure; the same whatever the order of lines and receipts. `named`: by line, the
    contacts its text names. `explained`: lines that may be something else, so that no fee is guessed on them."""
    into = sorted((line for line in lines if line.direction == "receive"), key=lambda line: (line.date, line.id))
    free = {one.id: one for one in sorted(waiting, key=_order)}
    found: dict[str, Gathering] = {}
    settled = True
    while settled:  # what one line gathers may leave only one way for another
        settled = False
        ways = {line.id: _ways(line, free.values()) for line in into if line.id not in found}
        wanted = _wanted(ways)
        for line in into:
            if len(sets := ways.get(line.id, [])) != 1:
                continue
            items = sets[0]
            if any(wanted[one.id] > {line.id} for one in items):
                continue
            if not _doubt(line, items, free.values(), named.get(line.id, ())):
                found[line.id] = _exact(line, items)
                free = {id: one for id, one in free.items() if one not in items}
                settled = True
                break
    for line in (line for line in into if line.id not in found):
        if sets := _ways(line, free.values()):
            doubt = "more than one set of receipts comes to it" if len(sets) > 1 else ""
            doubt = doubt or _doubt(line, sets[0], free.values(), named.get(line.id, ()))
            doubt = doubt or "another line comes to the same receipts"
            found[line.id] = _exact(line, sets[0], doubt, sets[1] if len(sets) > 1 else ())
            free = {id: one for id, one in free.items() if one not in sets[0]}
    guessed = [line for line in into if line.id not in found and line.id not in explained]
    while short := [s for line in guessed if (s := _short(line, free.values(), named.get(line.id, ())))]:
        # Of lines that may be short of the same receipts, the one of which the least was kept.
        closest = min(short, key=lambda one: one.fee / sum(item.amount for item in one.items))
        found[closest.line_id] = closest
        free = {id: one for id, one in free.items() if one not in closest.items}
        guessed = [line for line in guessed if line.id != closest.line_id]
    return found


def _order(one: Undeposited) -> tuple[object, ...]:
    return one.date, one.id


def _near(line: BankLine, waiting: Iterable[Undeposited]) -> list[Undeposited]:
    """What may be in a deposit of the line's day."""
    return [
        one
        for one in waiting
        if one.currency == line.currency and one.amount > 0 and line.date - LONGEST <= one.date <= line.date
    ]


_Items = tuple[Undeposited, ...]


def _ways(line: BankLine, waiting: Iterable[Undeposited]) -> list[_Items]:
    """At most two sets of receipts that come to exactly the line, those that belong together first."""
    near, target = _near(line, waiting), to_minor(line.amount, line.currency)
    together = {tuple(one.id for one in items): items for items in _together(near) if _sum(items) == target}
    sets = list(together.values())
    if len(near) <= _MOST:
        sets += [items for items in _summing(near, target) if tuple(one.id for one in items) not in together]
    return sets[:2]


def _together(near: Sequence[Undeposited]) -> list[_Items]:
    """Sets that go to the bank together: all, of one way to pay, of a day, of both, each alone."""
    groups: dict[tuple[object, ...], list[Undeposited]] = defaultdict(list)
    for one in near:
        for key in (
            ("all",),
            ("method", one.method),
            ("day", one.date),
            ("both", one.date, one.method),
            ("one", one.id),
        ):
            groups[key].append(one)
    kept: dict[tuple[str, ...], _Items] = {}
    for items in groups.values():
        kept.setdefault(tuple(one.id for one in items), tuple(items))
    return list(kept.values())


def _summing(near: Sequence[Undeposited], target: int) -> list[_Items]:
    """At most two sets that sum to the target, in minor units: every sum is kept with two ways to come to it."""
    sums: dict[int, list[tuple[int, ...]]] = {0: [()]}
    for index, one in enumerate(near):
        minor = to_minor(one.amount, one.currency)
        more: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        for total, ways in sums.items():
            if total + minor <= target:
                more[total + minor] += [(*way, index) for way in ways]
        for total, ways in more.items():
            sums[total] = (sums.get(total, []) + ways)[:2]
    return [tuple(near[i] for i in way) for way in sums.get(target, ()) if way]


def _sum(items: Iterable[Undeposited]) -> int:
    return sum(to_minor(one.amount, one.currency) for one in items)


def _wanted(ways: Mapping[str, Sequence[_Items]]) -> dict[str, set[str]]:
    """By receipt, the lines that may gather it."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for line_id, sets in ways.items():
        for one in (one for items in sets for one in items):
            wanted[one.id].add(line_id)
    return wanted


def _doubt(line: BankLine, items: _Items, waiting: Iterable[Undeposited], named: Collection[str]) -> str:
    """Why an only set may still be chance; "" when it is not."""
    whose = {one.contact_id for one in items}
    if named and not whose & set(named):
        return "the line names somebody else"
    if whose & set(named):
        return ""
    near = _near(line, waiting)
    together = _together(near)
    sets = len(together) if any(set(items) == set(group) for group in together) else 2 ** len(near)
    if sets * _BY_CHANCE > to_minor(line.amount, line.currency):
        return "so many receipts wait that some may come to it by chance"
    return ""


def _exact(line: BankLine, items: _Items, why_not: str = "", rival: _Items = ()) -> Gathering:
    reason = f"{_told(items)} in undeposited funds {'comes' if len(items) == 1 else 'come'} to the line to the cent"
    return Gathering(
        line_id=line.id, items=items, fee=from_minor(0, line.currency), why_not=why_not, rival=rival,
        reason=f"{reason}, but {why_not}." if why_not else f"{reason}.",
    )  # fmt: skip


def _short(line: BankLine, waiting: Iterable[Undeposited], named: Collection[str]) -> Gathering | None:
    """Receipts that the line is short of by what a bank may keep; those that belong together, and then those it keeps
    least of, first."""
    near, target = _near(line, waiting), to_minor(line.amount, line.currency)
    together = _together(near)
    known = {tuple(one.id for one in items) for items in together}
    sets = [(0, items) for items in together]
    if len(near) <= _MOST:
        several = (items for size in range(2, _MOST_WITH_FEE + 1) for items in combinations(near, size))
        sets += [(1, items) for items in several if tuple(one.id for one in items) not in known]
    fitting = [
        (rank, _sum(items) - target, items)
        for rank, items in sets
        if 0 < _sum(items) - target <= _sum(items) * _FEE_SHARE
    ]
    if named:
        fitting = [one for one in fitting if {item.contact_id for item in one[2]} & set(named)]
    if not fitting:
        return None
    fitting.sort(key=lambda one: (one[0], len({item.date for item in one[2]}), one[1], [_order(i) for i in one[2]]))
    _, fee, items = fitting[0]
    kept = from_minor(fee, line.currency)
    why = f"it is {spoken(kept, line.currency)} short, which looks like a fee"
    told = _told(items)
    return Gathering(
        line_id=line.id, items=items, fee=kept, why_not=why, rival=fitting[1][2] if len(fitting) > 1 else (),
        reason=f"The line may be the deposit of {told[:1].lower()}{told[1:]} in undeposited funds: {why}.",
    )  # fmt: skip


def _told(items: _Items) -> str:
    if len(items) == 1:
        name = items[0].name
        return name[:1].upper() + name[1:]
    total = spoken(sum((one.amount for one in items), Decimal(0)), items[0].currency)
    return f"{len(items)} receipts of together {total}"
