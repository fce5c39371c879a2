"""What a payee's past says of one line: how often, how lately, how uniformly, and whether the amount is usual."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from finchat.books.documents import CodedTransaction, Coding
from finchat.books.money import to_minor

# Twice may be one mistake repeated; a third time, on a third day, is a habit.
AT_LEAST = 3
# Uniform means the last twelve (a year of months) and all of the last quarter, the usual tax period. An older coding
# was changed on purpose and is forgiven.
LAST = 12
QUARTER = dt.timedelta(days=92)
# Thirteen months let a yearly payee be a month late; a rarer one may be a tenth later than its longest pause.
LATELY = dt.timedelta(days=400)
# A subscription stays within rounding and exchange; a new price is asked.
SAME_PRICE = (95, 105)  # percent
# Amounts that never repeat are usual inside what was seen, where no hole is wider than this factor.
WIDEST_HOLE = 2
_RECURRING = (4, 5)  # the share of amounts that repeat, from which on only a repeating amount is usual


@dataclass(frozen=True, slots=True)
class Tally:
    """One coding of a payee: how many of the `of` transactions looked at, and when last."""

    coding: Coding
    times: int
    of: int
    last: dt.date


@dataclass(frozen=True, slots=True)
class Habitual:
    """The coding a payee always has, or why there is none. `amounts` says what is usual, as a sentence needs it."""

    coding: Coding | None
    why_not: str
    times: int
    last: CodedTransaction | None


def single(transaction: CodedTransaction) -> Coding | None:
    """The one coding of a transaction; None when its lines are booked differently or it has none."""
    codings = {coding for coding, _ in transaction.codings}
    return next(iter(codings)) if len(codings) == 1 else None


def recent(history: Sequence[CodedTransaction]) -> tuple[CodedTransaction, ...]:
    """The last twelve, and all of the last quarter of the payee's own history. `history` is oldest first."""
    if not history:
        return ()
    since = history[-1].date - QUARTER
    return tuple(t for n, t in enumerate(history) if n >= len(history) - LAST or t.date >= since)


def tallies(history: Sequence[CodedTransaction]) -> tuple[Tally, ...]:
    """The codings of a history, the most frequent first; transactions of several codings count among `of` alone."""
    dates: dict[Coding, list[dt.date]] = defaultdict(list)
    for t in history:
        if (coding := single(t)) is not None:
            dates[coding].append(t.date)
    found = [Tally(coding, len(days), len(history), max(days)) for coding, days in dates.items()]
    return tuple(sorted(found, key=lambda t: (-t.times, -t.last.toordinal(), _order(t.coding))))


def habitual(history: Sequence[CodedTransaction], day: dt.date) -> Habitual:
    """Whether a history, oldest first, leaves one coding for a line of `day`."""
    looked_at = recent(history)
    last = history[-1] if history else None

    def none(why: str) -> Habitual:
        return Habitual(None, why, len(looked_at), last)

    if last is None or len(history) < AT_LEAST:
        return none(f"only {_times(len(history))} so far")
    if len({t.date for t in history}) < AT_LEAST:
        return none(f"{_times(len(history))}, but on fewer than {AT_LEAST} days")
    if any(single(t) is None for t in looked_at):
        return none("some of it was split over several accounts")
    codings = {single(t) for t in looked_at}
    if len(codings) > 1:
        return none(_mixed(looked_at))
    if not _lately(history, day):
        return none(f"the last time was {last.date}")
    return Habitual(codings.pop(), "", len(looked_at), last)


def usual_amount(history: Sequence[CodedTransaction], minor: int) -> str | None:
    """What is usual, as a phrase, when `minor` is among it ("15.99 as the last 9 times"); None for another amount.

    Amounts that mostly repeat (within 5 %) must be met; else the line lies inside the range of earlier amounts,
    outliers left out, where they are not more than twofold apart.
    """
    seen = sorted(to_minor(t.amount, t.currency) for t in recent(history))
    groups = _groups(seen)
    repeated = [g for g in groups if len(g) > 1]
    if sum(map(len, repeated)) * _RECURRING[1] >= len(seen) * _RECURRING[0]:
        for group in repeated:
            middle = group[len(group) // 2]
            if SAME_PRICE[0] * middle <= 100 * minor <= SAME_PRICE[1] * middle:
                return f"the amount is what it was {_times(len(group))} before"
        return None
    kept = _without_outliers(seen)
    if not kept or not kept[0] <= minor <= kept[-1]:
        return None
    below, above = max(a for a in kept if a <= minor), min(a for a in kept if a >= minor)
    if above > below * WIDEST_HOLE:
        return None
    return f"the amount lies within the last {len(kept)} of them"


def _lately(history: Sequence[CodedTransaction], day: dt.date) -> bool:
    days = sorted({t.date for t in history})
    silence = min(abs(day - d) for d in days)
    if silence <= LATELY:
        return True
    pauses = [later - earlier for earlier, later in pairwise(days)]
    return len(pauses) >= AT_LEAST - 1 and silence * 10 <= max(pauses) * 11


def _mixed(history: Sequence[CodedTransaction]) -> str:
    newest = single(history[-1])
    same = 0
    while same < len(history) and single(history[-1 - same]) == newest:
        same += 1
    if all(single(t) != newest for t in history[: len(history) - same]):
        newer = f"the last {same} times" if same > 1 else "the last time"
        return f"its coding changed: {newer} it was booked otherwise than before"
    return "it was booked in different ways"


def _groups(amounts: Iterable[int]) -> list[list[int]]:
    """Sorted amounts in runs that are the same price: within 5 % of the first of the run."""
    groups: list[list[int]] = []
    for amount in amounts:
        if groups and 100 * amount <= SAME_PRICE[1] * groups[-1][0]:
            groups[-1].append(amount)
        else:
            groups.append([amount])
    return groups


def _without_outliers(amounts: Sequence[int]) -> list[int]:
    """Without what lies far out: more than three times the middle half beyond it (Tukey's outer fences)."""
    if len(amounts) < 4:
        return list(amounts)
    low, high = amounts[len(amounts) // 4], amounts[(3 * len(amounts)) // 4]
    reach = 6 * (high - low)
    return [a for a in amounts if 2 * (low - a) <= reach and 2 * (a - high) <= reach]


def _times(n: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(n, f"{n} times")


def _order(coding: Coding) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return coding.account_id, coding.tax_type, coding.tracking
