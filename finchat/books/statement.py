"""The bank reconciliation statement: how the bank's closing balance becomes the balance of the books.

    closing balance of the statement
    + receipts of the books that no statement shows yet
    − payments of the books that no statement shows yet
    = adjusted balance of the bank
    balance of the books + lines of the statement that the books do not hold yet
    = adjusted balance of the books

Both are equal, or the difference is explained: by what lay between bank and books before the first statement that was
read, as far as entries can be named for it. Entries the ledger itself has as reconciled are not outstanding.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import Literal

from finchat.books.documents import Account, BankLine, Books, Direction
from finchat.books.money import spoken

MovementKind = Literal["payment", "batch_payment", "receive_money", "spend_money", "transfer"]
_PAIR_LIMIT = 400  # entries among which pairs are looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """An entry of the ledger that moves a bank account. `amount` is positive, in the account's currency; `ids` begin
    with the entry's own and hold those of its parts."""

    ids: tuple[str, ...]
    kind: MovementKind
    date: dt.date
    direction: Direction
    amount: Decimal
    text: str
    reconciled: bool

    @property
    def signed(self) -> Decimal:
        return self.amount if self.direction == "receive" else -self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Outstanding:
    """A movement no statement shows yet, and its age in days at the statement's last day."""

    movement: Movement
    age_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecorded:
    """What of a line of the statement the books do not hold as of its last day, signed, and why: the whole line, or
    the rest of one that is recorded in part."""

    line: BankLine
    signed: Decimal
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A part of the difference with its reason, and the entries it rests on. Without `amount` it is only a reason."""

    text: str
    amount: Decimal | None = None
    movements: tuple[Movement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BankReconciliation:
    """The statement for one account, as of `as_of`. Amounts are in `currency`, signed; None where neither the file nor
    the ledger says. `since` is the first day of the statements read; `difference` is the adjusted balance of the bank
    less that of the books."""

    account: Account
    currency: str
    since: dt.date
    as_of: dt.date
    closing: Decimal | None
    receipts: tuple[Outstanding, ...]
    payments: tuple[Outstanding, ...]
    adjusted: Decimal | None
    book: Decimal | None
    unrecorded: tuple[Unrecorded, ...]
    adjusted_book: Decimal | None
    difference: Decimal | None
    explanations: tuple[Explanation, ...]

    @property
    def nil(self) -> bool:
        return self.difference == 0

    @property
    def explained(self) -> bool:
        """Nothing of the difference is left without a reason."""
        if self.difference is None:
            return False
        return self.difference == sum((e.amount or Decimal(0) for e in self.explanations), Decimal(0))


def movements(books: Books, account_id: str) -> tuple[Movement, ...]:
    """What moves the account, by date and id: payments (those of a batch together), receive and spend money, and each
    side of transfers."""
    names = {c.id: c.name for c in books.contacts}
    found: list[Movement] = []
    batched: set[str] = set()
    payments = {p.id: p for p in books.payments}
    for batch in books.batches:
        parts = [payments[i] for i in batch.payment_ids if i in payments]
        if batch.account_id != account_id or not parts:
            continue
        batched.update(p.id for p in parts)
        found.append(
            Movement(
                ids=(batch.id, *(p.id for p in parts)),
                kind="batch_payment",
                date=batch.date,
                direction=batch.direction,
                amount=sum((p.bank_amount for p in parts), Decimal(0)),
                text=f"batch of {len(parts)} payments",
                reconciled=all(p.reconciled for p in parts),
            )
        )
    for p in books.payments:
        if p.account_id == account_id and p.id not in batched:
            text = " ".join(t for t in (names.get(p.contact_id, ""), p.reference) if t)
            found.append(
                Movement(
                    ids=(p.id,), kind="payment", date=p.date, direction=p.direction, amount=p.bank_amount, text=text,
                    reconciled=p.reconciled,
                )
            )  # fmt: skip
    for t in books.bank_transactions:
        if t.account_id == account_id and t.kind != "transfer":
            text = " ".join(x for x in (t.contact or names.get(t.contact_id, ""), t.reference) if x)
            found.append(
                Movement(
                    ids=(t.id,), kind="receive_money" if t.direction == "receive" else "spend_money", date=t.date,
                    direction=t.direction, amount=t.amount, text=text, reconciled=t.reconciled,
                )
            )  # fmt: skip
    accounts = {a.id: a.name for a in books.accounts}
    for transfer in books.transfers:
        for here, other, direction, reconciled in (
            (transfer.from_account, transfer.to_account, "spend", transfer.from_reconciled),
            (transfer.to_account, transfer.from_account, "receive", transfer.to_reconciled),
        ):
            if here == account_id:
                way: Direction = "spend" if direction == "spend" else "receive"
                text = f"{'to' if way == 'spend' else 'from'} {accounts.get(other, 'another account')}"
                found.append(
                    Movement(
                        ids=(transfer.id,), kind="transfer", date=transfer.date, direction=way,
                        amount=transfer.amount, text=f"{text} {transfer.reference}".strip(), reconciled=reconciled,
                    )
                )  # fmt: skip
    return tuple(sorted(found, key=lambda m: (m.date, m.ids, m.direction)))


def reconcile(
    account: Account,
    *,
    since: dt.date,
    as_of: dt.date,
    closing: Decimal | None,
    lines: Sequence[BankLine],
    claims: Mapping[str, Collection[str]],
    entries: Sequence[Movement],
    book: Decimal | None,
    reasons: Mapping[str, str],
    faults: Sequence[Explanation] = (),
) -> BankReconciliation:
    """The statement. `lines` are all lines read of the account from `since` to `as_of`, `claims` maps a line to the
    ledger entries that hold its money, `entries` are the movements of the ledger, some before `since` and after
    `as_of`, and `reasons` say of a line why the books do not hold it. `faults`: where the files of the statement do not
    add up themselves, each with what its closing balance is above what its own lines give, signed, if that is known."""
    held = {id for ids in claims.values() for id in ids}
    unrecorded = _unrecorded(lines, claims, entries, as_of, reasons)
    open_ = [m for m in entries if m.date <= as_of and not m.reconciled and held.isdisjoint(m.ids)]
    flags = any(m.reconciled for m in entries)
    # Where nobody ticks lines off in the ledger, an old entry that no statement shows tells nothing: it may have
    # reached the bank long before the first statement.
    outstanding = [m for m in open_ if m.date >= since or flags]
    before = [m for m in open_ if m.date < since and not flags]
    receipts = tuple(_aged(m, as_of) for m in outstanding if m.direction == "receive")
    payments = tuple(_aged(m, as_of) for m in outstanding if m.direction == "spend")
    adjusted = None if closing is None else closing + sum((m.signed for m in outstanding), Decimal(0))
    adjusted_book = None if book is None else book + sum((u.signed for u in unrecorded), Decimal(0))
    difference = None if adjusted is None or adjusted_book is None else adjusted - adjusted_book
    explained = _with_faults(difference, faults, before, since, account) if difference else ()
    if book is None and closing is not None:
        explained = (
            Explanation(
                text=f"the ledger gives the balance of {account.name} in base currency only: nothing to compare"
            ),
        )
    elif closing is None:
        explained = (Explanation(text="the statement names no closing balance: nothing to compare"),)
    return BankReconciliation(
        account=account,
        currency=account.currency,
        since=since,
        as_of=as_of,
        closing=closing,
        receipts=receipts,
        payments=payments,
        adjusted=adjusted,
        book=book,
        unrecorded=unrecorded,
        adjusted_book=adjusted_book,
        difference=difference,
        explanations=explained,
    )


def _unrecorded(
    lines: Sequence[BankLine],
    claims: Mapping[str, Collection[str]],
    entries: Sequence[Movement],
    as_of: dt.date,
    reasons: Mapping[str, str],
) -> tuple[Unrecorded, ...]:
    """Lines no entry holds, and what is left of those whose entries, taken together, hold less or more, or hold it only
    after `as_of`."""
    movement_of = {id: m for m in entries for id in m.ids}
    found: list[Unrecorded] = []
    for group in _groups(lines, claims):
        moved = sum((_signed(line) for line in group), Decimal(0))
        ids = {id for line in group for id in claims.get(line.id, ())}
        held = {m.ids: m for id in ids if (m := movement_of.get(id)) is not None}.values()
        if not ids:
            found += [Unrecorded(line=x, signed=_signed(x), why=reasons.get(x.id, "not in the books")) for x in group]
            continue
        if not held:  # out of sight of this read of the ledger, and known to be there
            continue
        late = [m.date for m in held if m.date > as_of]
        rest = moved - sum((m.signed for m in held if m.date <= as_of), Decimal(0))
        if rest:
            why = f"in the books on {min(late)}, after the statement's end" if late else "the rest is not in the books"
            found.append(Unrecorded(line=group[-1], signed=rest, why=why))
    order = {line.id: n for n, line in enumerate(lines)}
    return tuple(sorted(found, key=lambda u: order[u.line.id]))


def _groups(lines: Sequence[BankLine], claims: Mapping[str, Collection[str]]) -> list[list[BankLine]]:
    """Lines that share an entry stand together; every other line by itself."""
    group_of: dict[str, int] = {}
    groups: dict[int, list[BankLine]] = {}
    for n, line in enumerate(lines):
        mine = [line]
        for other in sorted({group_of[id] for id in claims.get(line.id, ()) if id in group_of}):
            mine = groups.pop(other) + mine
        groups[n] = mine
        for member in mine:
            for id in claims.get(member.id, ()):
                group_of[id] = n
    return list(groups.values())


def _signed(line: BankLine) -> Decimal:
    return line.amount if line.direction == "receive" else -line.amount


def _aged(movement: Movement, as_of: dt.date) -> Outstanding:
    return Outstanding(movement=movement, age_days=(as_of - movement.date).days)


def _with_faults(
    difference: Decimal, faults: Sequence[Explanation], before: Sequence[Movement], since: dt.date, account: Account
) -> tuple[Explanation, ...]:
    """A file that contradicts itself is the first explanation there is: nothing is said of earlier days that its own
    figures may have made up."""
    if not faults:
        return _explain(difference, before, since, account)
    rest = difference - sum((f.amount or Decimal(0) for f in faults), Decimal(0))
    if not rest:
        return tuple(faults)
    if _sum_to(before, -rest):
        return (*faults, *_explain(rest, before, since, account))
    return tuple(replace(f, amount=None) for f in faults)


def _explain(
    difference: Decimal, before: Sequence[Movement], since: dt.date, account: Account
) -> tuple[Explanation, ...]:
    """What lay between bank and books when the first statement began. The bank is ahead of the books by payments that
    had not reached it, so entries that explain the difference sum to its opposite."""
    named = _sum_to(before, -difference)
    if named:
        many = "entry" if len(named) == 1 else "entries"
        text = (
            f"{len(named)} {many} from before {since}, the first day of the statements read, that no statement read "
            "shows: outstanding if it never reached the bank, else nothing"
        )
        return (Explanation(text=text, amount=difference, movements=tuple(named)),)
    ahead = "more" if difference > 0 else "less"
    text = (
        f"{spoken(abs(difference), account.currency)} {ahead} at the bank than in the books, from before {since}, the "
        "first day of the statements read: no entries before that day sum to it; read the earlier statements, or look "
        "for entries the bank never saw"
    )
    return (Explanation(text=text),)


def _sum_to(entries: Sequence[Movement], wanted: Decimal) -> list[Movement]:
    """One entry, the newest ones together, or two, that sum to the amount; the fewest and newest first."""
    newest = sorted(entries, key=lambda m: (m.date, m.ids), reverse=True)
    for movement in newest:
        if movement.signed == wanted:
            return [movement]
    total, run = Decimal(0), list[Movement]()
    for n, movement in enumerate(newest):
        total += movement.signed
        run.append(movement)
        whole_day = n + 1 == len(newest) or newest[n + 1].date != movement.date
        if whole_day and total == wanted:
            return run
    for one, two in combinations(newest[:_PAIR_LIMIT], 2):
        if one.signed + two.signed == wanted:
            return [one, two]
    return []
