"""Amounts of one currency in another, by rates that are known with their day and source; never by a guessed one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from finchat.books.money import round_to_minor

PLACES = Decimal("1E-10")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """`rate` units of `base` for one of `currency`, on a day. `source`: where it is from, in words; `number`: of the
    document it is from, "" where it is from none."""

    currency: str
    base: str
    rate: Decimal
    date: dt.date
    source: str
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """How `currency` becomes `into`: `rate` units of it for one, by the rates that were used, in order."""

    currency: str
    into: str
    rate: Decimal
    by: tuple[ExchangeRate, ...]

    def of(self, amount: Decimal) -> Decimal:
        """The amount in the other currency, half-up to its minor unit."""
        return round_to_minor(amount * self.rate, self.into)


def conversion(currency: str, into: str, rates: Iterable[ExchangeRate]) -> Conversion | None:
    """The conversion that rests on the fewest rates, of those on the latest day first; None where none leads there.

    A rate is used either way round; at most two are put together, over a currency that both name.
    """
    if currency == into:
        return Conversion(currency=currency, into=into, rate=Decimal(1), by=())
    known = sorted((one for one in rates if one.rate > 0), key=lambda one: (one.date, one.source), reverse=True)
    for one in known:
        if (step := _step(one, currency)) is not None and step[0] == into:
            return Conversion(currency=currency, into=into, rate=step[1].quantize(PLACES), by=(one,))
    for one in known:
        if (step := _step(one, currency)) is None:
            continue
        for other in known:
            if other is not one and (last := _step(other, step[0])) is not None and last[0] == into:
                rate = (step[1] * last[1]).quantize(PLACES)
                return Conversion(currency=currency, into=into, rate=rate, by=(one, other))
    return None


def _step(rate: ExchangeRate, currency: str) -> tuple[str, Decimal] | None:
    """What a currency becomes by a rate, and at how much for one; None for a rate of others."""
    if rate.currency == currency:
        return rate.base, rate.rate
    return (rate.currency, 1 / rate.rate) if rate.base == currency else None
