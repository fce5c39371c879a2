"""At what rate a write converts, as Xero is told it and as it will round it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal

from finchat.books.documents import Account
from finchat.books.money import round_to_minor
from finchat.canonical import plain_decimal
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.rates import RATE_PLACES, Rate, RateSource

_VENDOR_RATE_PLACES = range(6, 11)  # decimals tried for CurrencyRate, fewest first; Xero shows six


def to_base(rate: Rate, amount: Decimal, base_currency: str) -> Decimal:
    """Half-up to the base currency's minor unit, as Xero rounds a converted amount."""
    return round_to_minor(amount / Decimal(rate.vendor), base_currency)


def converted(rate: Rate | None, base_currency: str) -> Callable[[Decimal], Decimal]:
    """What turns an amount into base currency; without a rate it is in base currency."""
    return (lambda value: value) if rate is None else lambda value: to_base(rate, value, base_currency)


def cash_rate(
    context: WriteContext, account: Account, paid: tuple[Decimal, str], bank_amount: Decimal,
    known: tuple[Decimal, RateSource] | None,
) -> Rate | None:  # fmt: skip
    """The rate of a payment of `paid` (amount and currency) through `account`: a line in base currency carries its
    own, else the `known` one; None for base currency. Raises CannotPropose when none is known."""
    amount, currency = paid
    base = context.base_currency
    if currency == base:
        return None
    if account.currency == base:
        return Rate(bank_amount / amount, vendor_rate(amount, bank_amount, base), "bank_line")
    if known is None:
        raise CannotPropose(f"no rate from {currency} to {base} is known", next="give one with --rates FILE")
    return known_rate(*known)


def known_rate(rate: Decimal, source: RateSource) -> Rate:
    """A rate in base units for one unit, as Xero will take it: to ten decimals."""
    vendor = (1 / rate).quantize(RATE_PLACES, ROUND_HALF_EVEN)
    if not vendor:
        raise CannotPropose(f"the rate {rate} is more than Xero takes")
    return Rate(1 / vendor, plain_decimal(vendor), source)


def day_rate(context: WriteContext, currency: str, day: dt.date) -> Rate | None:
    """The rate of a day for money without a document; None for base currency. Only a person's own rates tell it.
    Raises CannotPropose when they do not."""
    base = context.base_currency
    if currency == base:
        return None
    given = context.rates.get(day, {}).get(currency)
    if given is None:
        raise CannotPropose(f"no rate from {currency} to {base} is known for {day}", next="give one with --rates FILE")
    return known_rate(given, "file")


def vendor_rate(amount: Decimal, base_amount: Decimal, base_currency: str) -> str:
    """Xero's CurrencyRate (document units for one base unit) with just enough decimals that amount ÷ rate is
    `base_amount` to the cent, with room to spare. Raises CannotPropose when ten are not enough."""
    for places in _VENDOR_RATE_PLACES:
        rate = (amount / base_amount).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
        if rate and abs(amount / rate - base_amount) < Decimal("0.004"):
            return plain_decimal(rate)
    raise CannotPropose(f"no rate turns {amount} into {base_amount} {base_currency}")
