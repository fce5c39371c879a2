"""One figure of several organisations: each in its own currencies, and in one currency only where a rate is known."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from finchat.books import ageing
from finchat.books.conversion import Conversion, ExchangeRate, conversion
from finchat.books.documents import Organisation
from finchat.books.period_words import Period
from finchat.providers.provider import Provider
from finchat.workflows.open_documents import open_documents
from finchat.workflows.profit import profit_and_loss

Measure = Literal["receivables", "payables", "bank_balance", "revenue", "gross_profit", "net_profit"]
OF_A_PERIOD: frozenset[Measure] = frozenset({"revenue", "gross_profit", "net_profit"})
MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """One organisation to ask. `period`: for a figure of a period, by its own financial year."""

    organisation: Organisation
    provider: Provider
    as_of: date
    period: Period | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one organisation has in one currency. `converted`: the same in the wanted currency, with how; None where no
    rate is known, or none was wanted."""

    books: Books
    currency: str
    amount: Decimal
    converted: tuple[Decimal, Conversion] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Across:
    """Figures of several organisations. `total`: of all of them in the wanted currency; None where none was wanted, or
    a rate is missing: currencies are never added as they are."""

    measure: Measure
    figures: tuple[Figure, ...]
    into: str
    total: Decimal | None
    missing: tuple[str, ...]


async def across(measure: Measure, books: Sequence[Books], into: str = "") -> Across:
    """The figure of each organisation, and in `into` where that is wanted: rates are those of the organisations' own
    ledgers. Raises FinchatError when one cannot be read: a figure of only some would pass for one of all."""
    found = [one for own in await asyncio.gather(*(_of(measure, one) for one in books)) for one in own]
    if not into:
        return Across(measure=measure, figures=tuple(found), into="", total=None, missing=())
    rates = await _rates(books, {one.currency for one in found} | {into}, into)
    figures = [_in(one, into, rates) for one in found]
    missing = tuple(sorted({one.currency for one in figures if one.converted is None}))
    total = None if missing else sum((one.converted[0] for one in figures if one.converted), Decimal("0.00"))
    return Across(measure=measure, figures=tuple(figures), into=into, total=total, missing=missing)


async def _of(measure: Measure, books: Books) -> list[Figure]:
    if measure in OF_A_PERIOD:
        assert books.period is not None
        profit, _ = await profit_and_loss(books.provider, books.period, "accrual")
        return [Figure(books=books, currency=profit.report.currency, amount=getattr(profit.totals, measure))]
    sums: dict[str, Decimal] = {}
    if measure == "bank_balance":
        for bank in (await books.provider.balances(books.as_of)).bank:
            sums[bank.currency] = sums.get(bank.currency, Decimal("0.00")) + bank.amount
    else:
        side: Literal["invoice", "bill"] = "invoice" if measure == "receivables" else "bill"
        open_ones = await open_documents(books.provider, side, books.as_of)
        sums = {one.currency: one.net for one in ageing.totals(open_ones.items, open_ones.credits)}
    sums = sums or {books.organisation.base_currency: Decimal("0.00")}
    return [Figure(books=books, currency=currency, amount=amount) for currency, amount in sorted(sums.items())]


async def _rates(books: Sequence[Books], currencies: Iterable[str], into: str) -> list[ExchangeRate]:
    """What the ledgers themselves say of these currencies, and of each other's base currencies."""
    wanted = {*currencies, into, *(one.organisation.base_currency for one in books)}
    reads = [
        one.provider.lookups().exchange_rate(currency, one.as_of)
        for one in books
        for currency in sorted(wanted - {one.organisation.base_currency})
    ]
    return [rate for rate in await asyncio.gather(*reads) if rate is not None]


def _in(figure: Figure, into: str, rates: Sequence[ExchangeRate]) -> Figure:
    how = conversion(figure.currency, into, rates)
    if how is None:
        return figure
    return Figure(
        books=figure.books, currency=figure.currency, amount=figure.amount, converted=(how.of(figure.amount), how)
    )
