"""A running balance, checked without trusting the order of the rows: every balance but the last is the one before some
row, and every balance before a row but the first is the one after another."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from finchat.workflows.bank_files.statement import Problem

_BROKEN = 3  # one break in so many rows: beyond that the column is no running balance


@dataclass(frozen=True, slots=True)
class Step:
    """One row: its line in the file, its day, what it moves, and the balance after it."""

    at: int
    day: dt.date
    moved: Decimal
    balance: Decimal | None


@dataclass(frozen=True, slots=True)
class Stated:
    """A row that states a balance: its line in the file, how many movements stand above it, and the balance. `sure`: a
    column of balances says so, and not its words alone."""

    at: int
    after: int
    balance: Decimal
    sure: bool


def follows(path: Path, steps: Sequence[Step], stated: Sequence[Stated]) -> list[Problem]:
    """Whether balances stated among the movements are what the movements between them make, oldest or newest first."""

    def off(one: Stated, two: Stated, way: int) -> Decimal:
        return two.balance - one.balance - way * sum((s.moved for s in steps[one.after : two.after]), Decimal(0))

    if all(s.after in (0, len(steps)) for s in stated):
        return []  # what stands at the ends is compared with the movements as opening and closing balance
    gaps = [[off(one, two, way) for one, two in pairwise(stated)] for way in (1, -1)]
    doubtful = next((s for s in stated if not s.sure), None)
    if len(stated) < 2 and doubtful is not None:
        text = f"line {doubtful.at} of {path.name} reads like a balance and is left out; no other row shows that it is"
        return [_grave(text, abs(doubtful.balance))]
    best = min(gaps, key=lambda of: sum(1 for gap in of if gap))
    broken = next(((two, gap) for (_, two), gap in zip(pairwise(stated), best, strict=True) if gap), None)
    if broken is None:
        return []
    return [
        _grave(
            f"the balance stated on line {broken[0].at} of {path.name} is not what the movements before it leave",
            abs(broken[1]),
        )
    ]


def _grave(text: str, amount: Decimal) -> Problem:
    return Problem(
        code="statement_does_not_add_up",
        text=text,
        next="export the statement again, without the rows of balances if the bank offers that",
        grave=True,
        amount=amount,
    )


def _unused(path: Path) -> Problem:
    return Problem(
        code="statement_balance_unused",
        text=f"the balances in {path.name} do not follow from row to row; they are not used",
        next="compare the sums with the bank's own statement",
    )


def ends(path: Path, steps: Sequence[Step]) -> tuple[Decimal | None, Decimal | None, list[Problem]]:
    """Opening and closing balance by the running one, and where it breaks; None where rows have no balance."""
    known = [(s, s.balance) for s in steps if s.balance is not None]
    if not known or len(known) < len(steps):
        return None, None, []
    if len(known) > 1 and len({balance for _, balance in known}) == 1:
        return None, None, [_unused(path)]  # the balance of today, on every row
    after = Counter(balance for _, balance in known)
    before = Counter(balance - s.moved for s, balance in known)
    starts, stops = before - after, after - before
    breaks = max(starts.total(), stops.total()) - 1
    newest_first = known[0][0].day > known[-1][0].day or (
        known[0][0].day == known[-1][0].day and len(known) > 1 and known[0][1] - known[0][0].moved == known[1][1]
    )
    ordered = known[::-1] if newest_first else known
    if breaks <= 0:
        opening = next(iter(starts), None)
        closing = next(iter(stops), None)
        if opening is None or closing is None:  # it ends where it began: only the order tells the end
            opening = closing = ordered[-1][1]
        return opening, closing, []
    if breaks * _BROKEN > len(known) and len(known) > _BROKEN:
        return None, None, [_unused(path)]
    opening, closing = ordered[0][1] - ordered[0][0].moved, ordered[-1][1]
    where = next(
        ((s, balance - s.moved - previous[1]) for previous, (s, balance) in pairwise(ordered)
         if balance - s.moved != previous[1]),
        None,
    )  # fmt: skip
    if where is None:
        return opening, closing, []
    step, off = where
    return opening, closing, [
        Problem(
            code="statement_does_not_add_up",
            text=f"the running balance of {path.name} breaks at line {step.at}: {abs(off)} "
            f"{'more' if off > 0 else 'less'} than the row before leaves",
            next="export the statement again: a row is missing, doubled or changed",
            grave=True,
            amount=abs(off),
        )
    ]  # fmt: skip
