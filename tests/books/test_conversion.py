"""One currency in another, by rates that somebody stated."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.books.conversion import ExchangeRate, conversion

DAY = date(2026, 11, 20)


def rate(currency: str, base: str, value: str, day: date = DAY) -> ExchangeRate:
    return ExchangeRate(currency=currency, base=base, rate=Decimal(value), date=day, source="a list")


def test_a_rate_is_used_either_way_and_the_latest_of_two_wins() -> None:
    known = [rate("USD", "NZD", "1.50", date(2026, 11, 1)), rate("USD", "NZD", "1.60")]
    there, back = conversion("USD", "NZD", known), conversion("NZD", "USD", known)
    assert there is not None
    assert back is not None
    assert (there.of(Decimal("100.00")), back.of(Decimal("160.00"))) == (Decimal("160.00"), Decimal("100.00"))
    assert there.by == back.by == (known[1],)


def test_two_rates_meet_in_a_currency_that_both_name() -> None:
    found = conversion(
        "AUD", "USD", [rate("AUD", "NZD", "1.10"), rate("USD", "NZD", "1.60"), rate("CAD", "USD", "0.7")]
    )
    assert found is not None
    assert (found.of(Decimal("16.00")), len(found.by)) == (Decimal("11.00"), 2)


def test_without_a_rate_nothing_is_converted_and_nothing_is_guessed() -> None:
    assert conversion("AUD", "USD", [rate("CAD", "USD", "0.7")]) is None
    assert conversion("AUD", "USD", [rate("AUD", "USD", "0")]) is None
    same = conversion("USD", "USD", [])
    assert same is not None
    assert (same.of(Decimal("5.01")), same.by) == (Decimal("5.01"), ())


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10**9), st.decimals("0.01", "200", places=4))
def test_there_and_back_is_the_amount_again_but_for_rounding(cents: int, value: Decimal) -> None:
    known = [rate("USD", "NZD", str(value))]
    amount = Decimal(cents).scaleb(-2)
    there, back = conversion("USD", "NZD", known), conversion("NZD", "USD", known)
    assert there is not None
    assert back is not None
    again = back.of(there.of(amount))
    assert abs(again - amount) <= Decimal("0.01") + amount / 10**6 + Decimal("0.01") / value
