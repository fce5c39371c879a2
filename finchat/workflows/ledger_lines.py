"""Receive and spend money that no bank feed shows: it stands for the bank line itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby

from finchat.books.documents import BankLine, BankTransaction
from finchat.books.lines import RawLine, identify

# How far a ledger date may be from the bank's own for both to be one movement. Wider hides a line, never doubles it.
_NEAR = timedelta(days=7)


def ledger_lines(
    transactions: Iterable[BankTransaction],
    feed: Sequence[BankLine],
    first: date,
    last: date,
    account_ids: frozenset[str] | None = None,
) -> tuple[BankLine, ...]:
    """Lines (source "ledger") for the bank transactions of first…last that no line of the whole `feed` can be.

    A feed line of the same account, direction and amount within seven days may be the transaction; each stands for one
    at most, the nearest in date. Transfers between own accounts and
    deposits of what was received before are no lines to settle. `account_ids`: only of these.
    """
    kept: list[BankTransaction] = []
    free = list(feed)
    for transaction in sorted(transactions, key=lambda t: (t.date, t.id)):
        shown = min(
            (line for line in free if _may_be(line, transaction)),
            key=lambda line: (abs(line.date - transaction.date), line.date, line.id),
            default=None,
        )
        if shown is not None:
            free.remove(shown)
        elif first <= transaction.date <= last and transaction.kind not in ("transfer", "deposit"):
            kept.append(transaction)
    wanted = [t for t in kept if account_ids is None or t.account_id in account_ids]
    found: list[BankLine] = []
    for owner, group in groupby(sorted(wanted, key=lambda t: (t.account_id, t.date, t.id)), lambda t: t.account_id):
        found += identify([_raw(t) for t in group], owner)
    return tuple(sorted(found, key=lambda line: (line.date, line.id)))


def _may_be(line: BankLine, transaction: BankTransaction) -> bool:
    return (
        line.account_id == transaction.account_id
        and line.direction == transaction.direction
        and line.amount == transaction.amount
        and abs(line.date - transaction.date) <= _NEAR
    )


def _raw(transaction: BankTransaction) -> RawLine:
    """The transaction's own id serves as the bank's id: it is as stable."""
    return RawLine(
        source="ledger",
        source_id=transaction.id,
        date=transaction.date,
        direction=transaction.direction,
        amount=transaction.amount,
        currency=transaction.currency,
        payee=transaction.contact,
        narration=transaction.reference,
        fitid=transaction.id,
    )
