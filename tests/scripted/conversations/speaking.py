"""Words of a decent model: amounts with their currency, days as people write them, tables in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10
}  # fmt: skip


def amount(value: Any, currency: Any) -> str:
    """1234.5 and NZD → 1,234.50 NZD."""
    return f"{plain(value)} {currency}"


def plain(value: Any) -> str:
    return f"{Decimal(str(value)):,.2f}"


def percent(ratio: Any) -> str:
    """0.8543 → 85.43%."""
    return f"{Decimal(str(ratio)) * 100:.2f}%"


def day(value: Any) -> str:
    """2026-11-20 → 20 November 2026."""
    when = date.fromisoformat(str(value))
    return f"{when.day} {when:%B %Y}"


def short(value: Any) -> str:
    """A number without zeros that say nothing: 6.0000 → 6."""
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table in Markdown; a bar in a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", r"\|") for cell in line) + " |" for line in lines)


def listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


# What the person said


def number(word: str) -> str:
    """A number as a tool takes it: "one" → 1, "2,400.50" → 2400.50."""
    return str(_NUMBERS.get(word.casefold(), word.replace(",", "")))


def found(pattern: str, text: str) -> str:
    """The first group of a pattern in what was said; "" where it is not there."""
    match = re.search(pattern, text, re.I)
    return match[1].strip() if match else ""


def given(**values: Any) -> Mapping[str, Any]:
    """Arguments of a call: only what is known."""
    return {name: value for name, value in values.items() if value not in ("", None, [], ())}


def iso_day(text: str) -> str:
    """The first day in a text, "20 December 2026" or ISO, as a tool takes it; "" where there is none."""
    if match := re.search(r"\d{4}-\d\d-\d\d", text):
        return match[0]
    months = {name.casefold(): place for place, name in enumerate(_MONTHS, 1)}
    if (match := re.search(rf"(\d{{1,2}}) ({'|'.join(_MONTHS)}) (\d{{4}})", text, re.I)) is None:
        return ""
    return date(int(match[3]), months[match[2].casefold()], int(match[1])).isoformat()


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
