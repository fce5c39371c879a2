"""Money: Decimal amounts beside an ISO 4217 currency, and integer minor units where speed matters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

# ISO 4217 currencies whose minor unit is not a hundredth.
_NO_MINOR_UNIT = ("BIF CLP DJF GNF ISK JPY KMF KRW PYG", "RWF UGX UYI VND VUV XAF XOF XPF")
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_MINOR_DIGITS = {
    **{code: 0 for codes in _NO_MINOR_UNIT for code in codes.split()},
    **dict.fromkeys(_THREE_DIGITS.split(), 3),
}
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,10})?\Z", re.ASCII)


def minor_digits(currency: str) -> int:
    """Digits after the point of a currency: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _MINOR_DIGITS.get(currency, 2)


def parse_amount(text: str) -> Decimal:
    """An exact decimal from plain digits ("-12.50"). Raises ValueError for exponents, spaces, NaN or separators."""
    if not _DECIMAL.match(text):
        raise ValueError(f"not a plain decimal amount: {text!r}")
    return Decimal(text)


def round_to_minor(amount: Decimal, currency: str) -> Decimal:
    """Half-up to the currency's minor unit, as both vendors round tax."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_UP)


def to_minor(amount: Decimal, currency: str) -> int:
    """Integer minor units. Raises ValueError when the amount is finer than the currency's minor unit."""
    scaled = amount.scaleb(minor_digits(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} is finer than the minor unit of {currency}")
    return int(scaled)


def from_minor(minor: int, currency: str) -> Decimal:
    """The Decimal of integer minor units, with the currency's own number of places."""
    return Decimal(minor).scaleb(-minor_digits(currency))


def amount_text(amount: Decimal, currency: str) -> str:
    """The one machine spelling: plain digits with at least the currency's places ("1234.50")."""
    places = max(minor_digits(currency), -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{places}f}"


def spoken(amount: Decimal, currency: str) -> str:
    """The spelling of a sentence a person reads: `1,234.50 NZD`. Data keeps `amount_text`."""
    return f"{Decimal(amount_text(amount, currency)):,f} {currency}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency. Adding two currencies is an error, not a conversion."""

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, text: str, currency: str) -> Self:
        return cls(parse_amount(text), currency)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __str__(self) -> str:
        return f"{amount_text(self.amount, self.currency)} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
