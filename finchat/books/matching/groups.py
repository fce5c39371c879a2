"""Several documents for one line: all groups that sum to the cent, and how likely one does so by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

_BUDGET = 60_000  # steps of one search; a search that runs out proves nothing
_LARGEST = 10


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of positions found. `complete` is False when the search stopped before it had seen all."""

    found: tuple[tuple[int, ...], ...]
    complete: bool


def groups_summing_to(amounts: Sequence[int], target: int, *, smallest: int = 1, limit: int = 3) -> Groups:
    """Up to `limit` different groups of `amounts` that sum to `target`. Equal amounts count as one choice: the first
    positions stand for all."""
    values = sorted(Counter(a for a in amounts if 0 < a <= target).items(), reverse=True)
    places: dict[int, list[int]] = {}
    for position, amount in enumerate(amounts):
        places.setdefault(amount, []).append(position)
    reach = [0] * (len(values) + 1)
    for i in range(len(values) - 1, -1, -1):
        reach[i] = reach[i + 1] + values[i][0] * values[i][1]
    found: list[tuple[int, ...]] = []
    steps = 0
    exhausted = False

    def search(i: int, left: int, chosen: tuple[int, ...]) -> None:
        nonlocal steps, exhausted
        if left == 0:
            if len(chosen) >= smallest:
                found.append(chosen)
            return
        steps += 1
        if steps > _BUDGET or len(found) >= limit:
            exhausted = True
            return
        if i == len(values) or reach[i] < left or len(chosen) >= _LARGEST:
            return
        amount, available = values[i]
        for take in range(min(available, left // amount, _LARGEST - len(chosen)), -1, -1):
            search(i + 1, left - take * amount, chosen + tuple(places[amount][:take]))

    if 0 < target <= reach[0]:
        search(0, target, ())
    return Groups(tuple(sorted(found, key=lambda g: (len(g), g))), not exhausted)


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
