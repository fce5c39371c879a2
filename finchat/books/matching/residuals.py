"""Why a line is short of what is due: judged by arithmetic alone, since banks say it in any language or not at all."""

from __future__ import annotations

from typing import Literal

Short = Literal["short_fee", "short_discount", "short_withholding", "short_other", "part_payment"]


def why_short(paid: int, due: int, total: int) -> Short:
    """The likeliest reason for `due - paid` (minor units). `total` is the document's full amount.

    A few cents are rounding; a round small sum or a card's percentage with a fixed part is a fee; an even percentage
    up to 3 is a discount for early payment, 4 to 15, or a round one up to 30, a withheld tax; anything else is an
    instalment.
    """
    residual = due - paid
    discount = any(_share(residual, base, percent) for base in (due, total) for percent in (1, 2, 3))
    highest = due * _CARD_RATES[-1] // 10000 + _CARD_FIXED[-1] + 2
    tariff = residual <= highest and any(
        abs(residual - (due * rate + 5000) // 10000 - fixed) <= 1 for rate in _CARD_RATES for fixed in _CARD_FIXED
    )
    flat = residual <= 6000 and residual % 50 == 0 and residual * 4 <= due
    withheld = any(_share(residual, due, percent) for percent in (*range(4, 16), 20, 25, 30))
    reasons: tuple[tuple[bool, Short], ...] = (
        (residual <= 5, "short_other"),
        (discount, "short_discount"),
        (tariff or flat, "short_fee"),
        (withheld, "short_withholding"),
        (residual * 1000 <= due * 45, "short_fee"),
        (residual * 100 <= due * 15, "short_other"),
    )
    return next((reason for holds, reason in reasons if holds), "part_payment")


def like_a_fee(over: int, due: int) -> bool:
    """Whether money out is more than what is due by what banks charge for sending it: a round small sum, or little
    beside what is due. Minor units."""
    flat = over <= 6000 and over % 50 == 0 and over * 4 <= due
    return flat or over * 1000 <= due * 45


# Published card and wallet tariffs cluster here: hundredths of a percent, and minor units per payment.
_CARD_RATES = (140, 150, 175, 180, 190, 220, 240, 250, 260, 265, 270, 275, 280, 290, 295, 299, 300, 340, 349, 390)
_CARD_FIXED = (0, 10, 20, 25, 30, 35, 39, 49, 50)


def _share(part: int, whole: int, percent: int) -> bool:
    return abs(part * 100 - whole * percent) <= 100
