"""What to look up in the evidence for a text: exact values, and ranges for figures that may be rounded."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

from finchat.agent.grounding.shown import QUOTE, figures

LONGEST = 100_000  # code points read of a text
MOST = 2_000  # figures read of a text
_IDENTIFIER = re.compile(r"[^\W_](?:[^\W_]|[-/#.](?=[^\W_])){1,60}")


def values_in(text: str, as_of: date) -> frozenset[Decimal | date | str]:
    """Every value that a figure of `text` can stand for exactly: its readings, the same with the other sign, a
    percentage also as a ratio, days also as the date that many days before and after `as_of`, document numbers as
    written and in capitals, and what stands in quotation marks.

    A number keeps the places it is shown with: "12.3k" gives 1.23E+4, whose last place is a hundred, and is meant to
    find every value that rounds to it. `ranges_in` gives the same as ranges."""
    values: set[Decimal | date | str] = set()
    for count, shown in enumerate(figures(text[:LONGEST], as_of)):
        if count >= MOST:
            break
        for exact in shown.numbers:
            number = exact if shown.step <= 1 else (exact / shown.step).to_integral_value() * shown.step.normalize()
            values |= {number, -number}
            if shown.unit == "percent":
                values |= {number / 100, -number / 100}
            if shown.noun == "days" and 0 <= number <= 36500:
                for days in (int(number), -int(number)):
                    try:
                        values.add(as_of - timedelta(days=days))
                    except OverflowError:
                        continue
        values.update(shown.dates)
        if shown.name:
            values |= {shown.name, shown.name.upper(), shown.name.casefold()}
    for match in QUOTE.finditer(text[:LONGEST]):
        quoted = next(group for group in match.groups() if group is not None)
        if len(values) < 4 * MOST:
            values |= {quoted, " ".join(quoted.split())}
    for match in _IDENTIFIER.finditer(text[:LONGEST]):
        token = match.group()
        if len(values) < 4 * MOST and any(char.isdigit() for char in token):
            values |= {token, token.upper()}
    return frozenset(values)


def ranges_in(text: str, as_of: date) -> tuple[tuple[Decimal, Decimal], ...]:
    """Closed ranges of values that a figure of `text` can be a rounding of: half a place of what is shown, either way,
    and the same below zero and, for a percentage, as a ratio. "12.3k" gives 12,250 to 12,350."""
    ranges: dict[tuple[Decimal, Decimal], None] = {}
    for count, shown in enumerate(figures(text[:LONGEST], as_of)):
        if count >= MOST:
            break
        half = shown.step / 2
        for number in shown.numbers:
            size = abs(number)
            for low, high in ((size - half, size + half), (-size - half, -size + half)):
                ranges[(low, high)] = None
                if shown.unit == "percent":
                    ranges[(low / 100, high / 100)] = None
    return tuple(ranges)
