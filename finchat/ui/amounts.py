"""Amounts as people read them: thousands apart, points under points, the currency beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from finchat.books.money import minor_digits
from finchat.text.sanitise import visible


def amount(value: Decimal, currency: str, *, signed: bool = False) -> str:
    """`1,234.50` with the currency's own places (more when the value has more); `+` before a positive when signed."""
    exponent = value.normalize().as_tuple().exponent
    places = max(minor_digits(currency), -exponent if isinstance(exponent, int) else 0)
    return f"{value:{'+' if signed else ''},.{places}f}"


def money(value: Decimal, currency: str, *, signed: bool = False) -> str:
    """`1,234.50 NZD`."""
    return f"{amount(value, currency, signed=signed)} {visible(currency)}"


def aligned(values: Sequence[tuple[Decimal, str]], *, signed: bool | Sequence[bool] = False) -> list[str]:
    """Amounts with their currencies, decimal points under each other; all of one width. `signed` for all or each."""
    signs = [signed] * len(values) if isinstance(signed, bool) else signed
    texts = [amount(value, currency, signed=sign) for (value, currency), sign in zip(values, signs, strict=True)]
    tails = [len(text) - (text.rfind(".") if "." in text else len(text)) for text in texts]
    longest = max(tails, default=0)
    padded = [text + " " * (longest - tail) for text, tail in zip(texts, tails, strict=True)]
    width = max(map(len, padded), default=0)
    return [f"{text:>{width}} {visible(currency)}" for text, (_, currency) in zip(padded, values, strict=True)]


def day(date: dt.date) -> str:
    """`18 Nov 2026`, the same for readers of every country."""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def short_day(date: dt.date) -> str:
    """`18 Nov`, for tables whose year is in the title."""
    return f"{date.day:>2} {_MONTHS[date.month - 1]}"


# English whatever the locale: finchat's sentences are English too.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
