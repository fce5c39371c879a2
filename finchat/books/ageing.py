"""What was open on a day, how long overdue, and in which bucket (accounting.md, "Reports and definitions").

Ageing as of a day adds back what was paid, credited or refunded after it; documents dated later are left out. Buckets
are by due date. Amounts are in each document's own currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from finchat.books.details import OpenCredit, Receivable
from finchat.books.documents import Document
from finchat.books.money import round_to_minor

Bucket = Literal["current", "1-30", "31-60", "61-90", "90+"]
BUCKETS: tuple[Bucket, ...] = get_args(Bucket)
_ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """A document that was open on the day. `days_overdue` is 0 until the day after its due date."""

    document: Document
    amount_due: Decimal
    amount_paid: Decimal
    days_overdue: int

    @property
    def amount_credited(self) -> Decimal:
        """What credits had taken off by the day: whatever was not paid and is not due."""
        return self.document.total - self.amount_paid - self.amount_due

    @property
    def bucket(self) -> Bucket:
        return bucket(self.days_overdue)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMoney:
    """A credit that was not used up on the day."""

    credit: OpenCredit
    remaining: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """What was open on a day. `undated` are documents whose payments the ledger did not list one by one, so that what
    was paid later could not be added back: they stand at what is due today."""

    as_of: date
    items: tuple[OpenItem, ...]
    credits: tuple[OpenMoney, ...]
    undated: tuple[Document, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyTotals:
    """The totals of one currency: `overdue` is the part of `amount_due` past its due date, `net` is amount_due less
    unallocated credits."""

    currency: str
    documents: int
    amount_due: Decimal
    overdue: Decimal
    unallocated_credits: Decimal
    buckets: Mapping[Bucket, tuple[int, Decimal]]

    @property
    def net(self) -> Decimal:
        return self.amount_due - self.unallocated_credits


def bucket(days_overdue: int) -> Bucket:
    if days_overdue <= 0:
        return "current"
    return "1-30" if days_overdue <= 30 else "31-60" if days_overdue <= 60 else "61-90" if days_overdue <= 90 else "90+"


def overdue_days(due_date: date | None, as_of: date) -> int:
    """Whole days after the due date; 0 on it, before it and where there is none."""
    return 0 if due_date is None else max(0, (as_of - due_date).days)


def ageing(documents: Iterable[Receivable], credits: Sequence[OpenCredit], as_of: date) -> Ageing:
    """What was open at the end of a day, longest overdue first. `credits` are all that were open then or since."""
    credited_later: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    for credit in credits:
        for day, amount, document_id in credit.applied:
            if day > as_of:
                credited_later[document_id] += amount
    items: list[OpenItem] = []
    undated: list[Document] = []
    for one in documents:
        document = one.document
        if document.date > as_of or document.status not in ("open", "paid"):
            continue
        if sum((amount for _, amount in one.paid), Decimal(0)) == one.amount_paid:
            paid_later = sum((amount for day, amount in one.paid if day > as_of), _ZERO)
        else:
            paid_later = _ZERO
            undated.append(document)
        due = document.amount_due + paid_later + credited_later[document.id]
        if due > 0:
            items.append(
                OpenItem(
                    document=document,
                    amount_due=due,
                    amount_paid=one.amount_paid - paid_later,
                    days_overdue=overdue_days(document.due_date, as_of),
                )
            )
    items.sort(key=lambda i: (-i.days_overdue, i.document.due_date or date.max, i.document.number, i.document.id))
    return Ageing(
        as_of=as_of,
        items=tuple(items),
        credits=tuple(
            OpenMoney(credit=credit, remaining=left)
            for credit in sorted(credits, key=lambda c: (c.date, c.number, c.id))
            if credit.date <= as_of and (left := remaining_on(credit, as_of)) > 0
        ),
        undated=tuple(undated),
    )


def remaining_on(credit: OpenCredit, as_of: date) -> Decimal:
    """What was left of a credit at the end of a day."""
    applied = sum((amount for day, amount, _ in credit.applied if day > as_of), _ZERO)
    return credit.remaining + applied + sum((amount for day, amount in credit.refunded if day > as_of), _ZERO)


def totals(items: Iterable[OpenItem], credits: Iterable[OpenMoney]) -> tuple[CurrencyTotals, ...]:
    """Per currency, in the order of their codes."""
    rows: dict[str, list[OpenItem]] = defaultdict(list)
    money: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    for item in items:
        rows[item.document.currency].append(item)
    for one in credits:
        money[one.credit.currency] += one.remaining
    return tuple(
        CurrencyTotals(
            currency=currency,
            documents=len(rows[currency]),
            amount_due=_sum(rows[currency]),
            overdue=_sum(i for i in rows[currency] if i.days_overdue > 0),
            unallocated_credits=money[currency],
            buckets={
                name: (len(held), _sum(held))
                for name in BUCKETS
                for held in ([i for i in rows[currency] if i.bucket == name],)
            },
        )
        for currency in sorted({*rows, *money})
    )


def in_base(items: Iterable[OpenItem], credits: Iterable[OpenMoney], base_currency: str) -> Decimal | None:
    """Open documents less unallocated credits in base currency, each at its own rate, as a control account holds them;
    None where a rate is unknown."""
    total = _ZERO
    for sign, currency, rate, whole, amount in (
        *((1, i.document.currency, i.document.rate, i.document.total, i.amount_due) for i in items),
        *((-1, m.credit.currency, m.credit.rate, m.credit.total, m.remaining) for m in credits),
    ):
        if currency == base_currency:
            total += sign * amount
        elif rate is None:
            return None
        else:  # the last cent takes all that is left, as a settlement does
            settled = round_to_minor((whole - amount) * rate, base_currency)
            total += sign * (round_to_minor(whole * rate, base_currency) - settled)
    return total


def _sum(items: Iterable[OpenItem]) -> Decimal:
    return sum((item.amount_due for item in items), _ZERO)
