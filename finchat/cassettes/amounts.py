"""Amounts in the rows of a cassette multiplied by one whole number: sums, totals and rates stay what they were to the
cent. What is an amount is told by the field, and in texts by two decimals or a currency beside it; percentages, rates
and counts stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from finchat.cassettes.shapes import plain_field

_NO_AMOUNT = re.compile(
    r"rate|ratio|confidence|quantity|percent|margin|share|score|version|seconds|temperature|probability|weight|tolerance"
    r"|days|count|hours|tokens|^at$|^took$"
)
_AMOUNT = re.compile(
    r"(?:amount|price|total|totaltax|due|paid|credited|balance|credit|debit|outstanding|overdue|net|gross|residual|fee)$"
)
_CURRENCY = "NZD|AUD|USD|EUR|GBP|CAD|SGD|HKD|JPY|CHF|ZAR|SEK|NOK|DKK|INR"
_SPOKEN = re.compile(rf" (?:{_CURRENCY})\b")
_POINT = re.compile(
    r"(?<![\d.,/])(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<mark>\.)(?P<cents>\d\d)(?!\d|\.\d| ?%| per ?cent)"
    rf"|(?<![\d.,/])(?P<alone>\d{{1,3}}(?:,\d{{3}})+|\d+)(?= (?:{_CURRENCY})\b)"
    r"|(?<=[$€£])(?P<sign>\d{1,3}(?:,\d{3})+|\d+)(?![\d.,]*\d)"
)
_NAMED = re.compile(  # in JSON inside of a sentence
    r'\\*"(?P<field>\w{0,30}(?:amount|price|total|balance|due|paid))\\*"\s*:\s*\\*"?(?P<number>-?\d{1,12}(?:\.\d{1,6})?)(?![\d.])'
)
_COMMA = re.compile(r"(?<![\d.,/])(?P<whole>\d{1,3}(?:\.\d{3})+|\d+)(?P<mark>,)(?P<cents>\d\d)(?!\d|,\d| ?%)")
_GROUPED = 4  # digits from which thousands are grouped
_WHOLE = re.compile(r"-?\d{1,12}", re.ASCII)
_DECIMAL = re.compile(r"-?\d+\.\d+", re.ASCII)


def is_amount(field: str, value: Any) -> bool:
    """Whether a number of JSON is an amount, by its field; a whole number only where the field says so."""
    name = plain_field(field)
    if isinstance(value, bool) or _NO_AMOUNT.search(name):
        return False
    return isinstance(value, Decimal) or (isinstance(value, int) and _AMOUNT.search(name) is not None)


def scaled(value: Any, factor: int) -> Any:
    """A number with the digits behind its point that it had."""
    return value * factor


def amounts_in(
    text: str, factor: int, field: str = "", *, commas: bool = False, prose: bool = True
) -> Iterator[tuple[int, int, str]]:
    """Each amount of a text and what it becomes. `commas`: decimals are written behind a comma, as in statements.
    `prose`: thousands that were none before are grouped, as finchat writes them."""
    if _NO_AMOUNT.search(plain_field(field)) and _DECIMAL.fullmatch(text):
        return
    if _DECIMAL.fullmatch(text) or (_WHOLE.fullmatch(text) and _AMOUNT.search(plain_field(field))):
        if _AMOUNT.search(plain_field(field)) or re.fullmatch(r"-?\d+\.\d\d", text):
            yield 0, len(text), str(Decimal(text) * factor)
        return
    named_ones = [found.span("number") for found in _NAMED.finditer(text) if not _NO_AMOUNT.search(found["field"])]
    for start, end in named_ones:
        yield start, end, str(Decimal(text[start:end]) * factor)
    for found in (_COMMA if commas else _POINT).finditer(text):
        if any(start <= found.start() < end for start, end in named_ones):
            continue
        named = found.groupdict()
        separator = "." if named["mark"] == "," else ","
        whole = named["whole"] or named.get("alone") or named["sign"]
        groups = separator in whole or (
            prose and len(whole) < _GROUPED and _SPOKEN.match(text, found.end()) is not None
        )
        number = int(whole.replace(separator, "") + (named["cents"] or "00")) * factor
        much = _grouped(number // 100, groups, separator)
        yield *found.span(), much + (f"{named['mark']}{number % 100:02d}" if named["cents"] else "")


def has_commas(text: str) -> bool:
    """Whether the amounts of a file are written with a comma before their cents."""
    return len(_COMMA.findall(text)) > len(_POINT.findall(text))


def unequal(value: Any) -> frozenset[str]:
    """Which sums of the documents in a value do not hold: by the id or number of the document and the sum."""
    found: set[str] = set()
    _look(value, found)
    return frozenset(found)


def _look(value: Any, found: set[str]) -> None:
    if isinstance(value, Mapping):
        fields = {plain_field(name): each for name, each in value.items()}
        number = {name: amount for name in fields if (amount := _number(fields[name])) is not None}
        who = str(
            next((fields[n] for n in ("invoiceid", "banktransactionid", "creditnoteid", "id") if n in fields), "")
        )
        if {"subtotal", "totaltax", "total"} <= number.keys() and number["subtotal"] + number["totaltax"] != number[
            "total"
        ]:
            found.add(f"{who}: total")
        parts = ("amountdue", "amountpaid", "amountcredited")
        if {*parts, "total"} <= number.keys() and sum(number[part] for part in parts) != number["total"]:
            found.add(f"{who}: due")
        lines = fields.get("lineitems")
        if isinstance(lines, list) and lines and "subtotal" in number:
            each = [_number(line.get("LineAmount")) if isinstance(line, Mapping) else None for line in lines]
            if None not in each and sum(a for a in each if a is not None) not in (
                number["subtotal"],
                number.get("total"),
            ):
                found.add(f"{who}: lines")
        for one in value.values():
            _look(one, found)
    elif isinstance(value, list | tuple):
        for one in value:
            _look(one, found)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        return None
    return Decimal(value)


def _grouped(number: int, groups: bool, separator: str) -> str:
    return f"{number:,}".replace(",", separator) if groups else str(number)
