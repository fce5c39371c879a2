"""Several documents for one line: all groups that sum to the cent, and how likely one does so by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import comb

_BUDGET = 60_000  # steps of one search; a search that runs out proves nothing
_LARGEST = 12
_BEYOND = 2


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of positions found. `complete` is False when the search stopped early or a slightly larger group fits."""

    found: tuple[tuple[int, ...], ...]
    complete: bool


def groups_summing_to(amounts: Sequence[int], target: int, *, smallest: int = 1, limit: int = 3) -> Groups:
    """The smallest groups of `amounts` that sum to `target`, up to `limit` of them, and no larger ones.

    Equal amounts count as one choice: the first positions stand for all. `complete` means that the search came to its
    end and that no group of up to two documents more does as well.
    """
    counted = sorted(Counter(a for a in amounts if 0 < a <= target).items(), reverse=True)
    places: dict[int, list[int]] = {}
    for position, amount in enumerate(amounts):
        places.setdefault(amount, []).append(position)
    flat = [a for a, n in counted for _ in range(n)]
    last = {amount: i for i, amount in enumerate(flat)}
    largest = [0, *accumulate(flat)]  # sums of the first amounts, which are the largest
    steps = 0

    def search(start: int, left: int, size: int, chosen: list[int], found: list[tuple[int, ...]]) -> None:
        nonlocal steps
        if size == 1:  # the amount that is missing is there, or it is not
            if last.get(left, -1) >= start:
                found.append((*chosen, left))
            return
        if largest[-1] - largest[-1 - size] > left:
            return  # even the smallest are too much
        i = start
        while i <= len(flat) - size and len(found) < limit:
            steps += 1
            amount = flat[i]
            if steps > _BUDGET or largest[i + size] - largest[i] < left:
                return
            if amount <= left:
                chosen.append(amount)
                search(i + 1, left - amount, size - 1, chosen, found)
                chosen.pop()
            i = last[amount] + 1  # an equal amount is the same choice

    for size in range(smallest, min(_LARGEST, len(flat)) + 1):
        found: list[tuple[int, ...]] = []
        search(0, target, size, [], found)
        if found:
            groups = []
            for values in found:
                taken: Counter[int] = Counter()
                positions = []
                for amount in values:
                    positions.append(places[amount][taken[amount]])
                    taken[amount] += 1
                groups.append(tuple(positions))
            larger: list[tuple[int, ...]] = []
            if len(found) == 1:
                for more in range(size + 1, min(size + _BEYOND, len(flat)) + 1):
                    search(0, target, more, [], larger)
            return Groups(tuple(sorted(groups)), steps <= _BUDGET and not larger)
        if steps > _BUDGET:
            break
    return Groups((), steps <= _BUDGET)


def chance(amounts: Sequence[int], target: int, size: int) -> float:
    """Roughly how many groups of up to `size` would meet `target` by chance. Round amounts meet round targets more
    often, so they are counted on their own grid."""
    usable = [a for a in amounts if 0 < a <= target]
    expected = sum(comb(len(usable), k) for k in range(2, size + 1)) / max(target, 1)
    for grid in (100, 500, 1000, 5000):
        if target % grid == 0:
            round_ones = sum(1 for a in usable if a % grid == 0)
            expected = max(expected, sum(comb(round_ones, k) for k in range(2, size + 1)) * grid / max(target, 1))
    return expected
