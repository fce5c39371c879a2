"""Numbers as they are written: digits with marks of thousands and decimals, and numbers in words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from finchat.agent.grounding.lexicon import in_order

LONGEST = 30  # characters; what is longer is no amount of any ledger

UNITS = {
    word: number
    for number, word in enumerate(
        in_order(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
            " seventeen eighteen nineteen"
        )
    )
}
TENS = {
    word: 10 * number
    for number, word in enumerate(in_order("twenty thirty forty fifty sixty seventy eighty ninety"), 2)
}
MULTIPLES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}


@dataclass(frozen=True, slots=True)
class Written:
    """A number as written, the decimals that are shown, and whether thousands are marked."""

    number: Decimal
    places: int = 0
    grouped: bool = False


def written(digits: str, *, money: bool) -> Written | None:
    """Read digits with marks between them: 1,234.50, 1.234,50, 1 234.50. None for what is too long.

    `money`: a currency stands beside it, so that 1.234 is a continental thousand and no decimal of three places.
    """
    if len(digits) > LONGEST:
        return None
    marks = [char for char in digits if not char.isdigit()]
    plain = "".join(char if char.isdigit() else "." for char in digits)
    whole, _, fraction = plain.rpartition(".")
    if not marks:
        return Written(Decimal(digits))
    if _only_groups(marks, whole, fraction, money):
        return Written(Decimal(plain.replace(".", "")), grouped=True)
    number = Decimal((whole.replace(".", "") or "0") + "." + fraction)
    return Written(number, len(fraction), grouped=len(marks) > 1)


def _only_groups(marks: list[str], whole: str, fraction: str, money: bool) -> bool:
    """All marks are between thousands: 1,234 and 1.234.567 and 1 234."""
    last = marks[-1]
    if last not in ",.":
        return True
    if len(marks) > 1:
        return set(marks) == {last}
    three = len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    return three and (last == "," or money)


def spelled(words: list[str]) -> int:
    """The number in casefolded words: two thousand five hundred."""
    total = part = 0
    for word in words:
        if word == "hundred":
            part = max(part, 1) * 100
        elif word in MULTIPLES:
            total, part = total + max(part, 1) * MULTIPLES[word], 0
        else:
            part += UNITS.get(word, 0) or TENS.get(word, 0)
    return total + part


def round_zeros(number: Decimal) -> int:
    """How many noughts a whole number ends with: about 12,000 is a number of thousands."""
    text = f"{abs(int(number))}"
    return min(len(text) - len(text.rstrip("0")), len(text) - 1)
