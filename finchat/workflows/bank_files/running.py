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


def ends(path: Path, steps: Sequence[Step]) -> tuple[Decimal | None, Decimal | None, list[Problem]]:
    """Opening and closing balance by the running one, and where it breaks; None where rows have no balance."""
    known = [(s, s.balance) for s in steps if s.balance is not None]
    if not known or len(known) < len(steps):
        return None, None, []
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
        return None, None, [
            Problem(
                code="statement_balance_unused",
                text=f"the balances in {path.name} do not follow from row to row; they are not used",
                next="compare the sums with the bank's own statement",
            )
        ]  # fmt: skip
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
