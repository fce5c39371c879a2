"""Why a line is short of what is due: judged by arithmetic alone, since banks name it in every language or not at all."""

from __future__ import annotations

from typing import Literal

Short = Literal["short_fee", "short_discount", "short_withholding", "short_other", "part_payment"]


def why_short(paid: int, due: int, total: int, currency_unit: int = 100) -> Short:
    """The likeliest reason for `due - paid` (minor units). `total` is the document's full amount.

    A few cents are rounding; a round small sum or a card's percentage with a fixed part is a fee; an even percentage
    up to 3 is a discount for early payment, 5 to 30 a withheld tax; anything else is an instalment.
    """
    residual = due - paid
    if residual <= 5:
        return "short_other"
    unit = currency_unit
    for base in dict.fromkeys((due, total)):
        if _share(residual, base, 2) or _share(residual, base, 3) or _share(residual, base, 1):
            return "short_discount"
    if any(abs(residual - (due * rate + 5000) // 10000 - fixed) <= 1 for rate in _CARD_RATES for fixed in _CARD_FIXED):
        return "short_fee"
    if residual <= 60 * unit and residual % 50 == 0 and residual * 4 <= due:
        return "short_fee"
    if any(_share(residual, due, percent) for percent in (5, 10, 15, 20, 25, 30)):
        return "short_withholding"
    if residual * 1000 <= due * 45:
        return "short_fee"
    if residual * 100 <= due * 15:
        return "short_withholding" if any(_share(residual, due, p) for p in range(4, 16)) else "short_other"
    return "part_payment"


# Published card and wallet tariffs cluster here: hundredths of a percent, and minor units per payment.
_CARD_RATES = (
    140,
    150,
    175,
    180,
    190,
    220,
    240,
    250,
    260,
    265,
    270,
    275,
    280,
    290,
    295,
    299,
    300,
    340,
    349,
    360,
    390,
    440,
)
_CARD_FIXED = (0, 10, 20, 25, 30, 35, 39, 49, 50)


def _share(part: int, whole: int, percent: int) -> bool:
    return abs(part * 100 - whole * percent) <= 100
