"""False variants of honest answers, made systematically: each changes one thing and is no longer true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from finchat.agent.facts import Figure


@dataclass(frozen=True)
class Variant:
    """A false answer. `at`: where the false figure stands, when one alone is false."""

    kind: str
    text: str
    question: str
    at: tuple[int, int] | None = None


_CONTACTS = ("Acme", "Beta", "Ridgeway", "Delta", "Crown", "Capital Cab")
_FULL = {"Acme": "Acme Ltd", "Beta": "Beta Traders", "Ridgeway": "Ridgeway University", "Delta": "Delta GmbH",
         "Crown": "Crown Supplies", "Capital Cab": "Capital Cab Co"}  # fmt: skip
_PERIODS = (
    ("last quarter", "in Q2 2026"), ("Q3 2026", "Q1 2026"), ("Q2 2026", "Q1 2026"), ("July–September", "April–June"),
    ("October 2026", "September 2026"), ("In October,", "In September,"), ("third quarter", "first quarter"),
    ("1 July to 30 September", "1 April to 30 June"), ("30 September 2026", "30 June 2026"),
    ("of the last quarter", "of last year"), ("As of 20 November 2026", "As of 31 October 2026"),
)  # fmt: skip
_FIELDS = (
    ("owes", "has paid"), ("owe", "have paid"), ("outstanding", "paid"), ("has been paid", "is still due"),
    ("Outstanding", "Paid"), ("unpaid", "paid"), ("remains due", "has been paid"), ("Revenue", "Net profit"),
    ("revenue", "operating expenses"), ("gross profit", "net profit"), ("Gross profit", "Net profit"),
    ("net profit", "gross profit"), ("Gross margin", "Net margin"), ("Net margin", "Gross margin"),
    ("Operating expenses", "Cost of sales"), ("cost of sales", "operating expenses"), ("GST", "discount"),
    ("subtotal", "amount paid"), ("Amount due", "Amount paid"), ("credit limit", "balance"), ("is overdue", "is paid"),
    ("paid", "owes"), ("receivables", "revenue"), ("payables", "receivables"), ("fell due", "was issued"),
    ("issued", "due"), ("dated", "due"), ("Due date", "Invoice date"), ("was due on", "was issued on"),
    ("due 10 December", "issued 10 December"), ("You owe Crown", "You have paid Crown"), ("average", "largest"),
)  # fmt: skip
_NUMBERS = {"INV-0042": "INV-0077", "INV-0043": "INV-0081", "INV-0077": "INV-0042", "INV-0081": "INV-0043",
            "INV-0085": "INV-0042", "BILL-9": "RPT-551", "RPT-551": "BILL-9"}  # fmt: skip
_COUNTS = {"two": "three", "Two": "Five", "four": "six", "4": "7", "one": "two"}
_DATES = {"17 October": "17 September", "2026-10-17": "2026-09-17", "17 September": "17 October",
          "December 1": "November 1", "5 Oct 2026": "4 Nov 2026", "20 October": "17 September",
          "25/09/2026": "20/08/2026", "10 December": "10 November", "30 November": "2 November",
          "4 November": "5 October"}  # fmt: skip


def variants(text: str, question: str, figures: tuple[Figure, ...]) -> Iterator[Variant]:
    yield from _of_figures(text, question, figures)
    yield from _customers(text, question)
    yield from _replaced("shifted period", _PERIODS, text, question)
    yield from _replaced("other field", _FIELDS, text, question)
    yield from _replaced("wrong document number", tuple(_NUMBERS.items()), text, question)
    yield from _replaced("wrong date kind", tuple(_DATES.items()), text, question)
    yield from _swapped_columns(text, question)
    yield from _unlisted_sum(text, question)


def _put(text: str, figure: Figure, new: str) -> tuple[str, tuple[int, int]]:
    return text[: figure.start] + new + text[figure.end :], (figure.start, figure.start + len(new))


def _of_figures(text: str, question: str, figures: tuple[Figure, ...]) -> Iterator[Variant]:
    for figure in figures:
        shown = figure.text
        number = re.search(r"\d[\d,]*(?:\.\d+)?", shown)
        if figure.unit == "money" and number:
            value = Decimal(number.group().replace(",", ""))
            places = len(number.group().partition(".")[2])
            if places == 2:
                for kind, change in (("off by a cent", Decimal("0.01")), ("off by a cent", Decimal("-0.01"))):
                    new, at = _put(text, figure, shown.replace(number.group(), f"{value + change:,.2f}"))
                    yield Variant(kind, new, question, at)
                digits = number.group().replace(",", "")
                other = (
                    digits[1] + digits[0] + digits[2:]
                    if digits[0] != digits[1] and digits[1] not in "0."
                    else "9" + digits
                )
                new, at = _put(text, figure, shown.replace(number.group(), f"{Decimal(other):,.2f}"))
                yield Variant("digits transposed", new, question, at)
            new, at = _put(text, figure, shown.replace(number.group(), "4,321.98"))
            yield Variant("invented number", new, question, at)
            for right, wrong in (("NZD", "AUD"), ("$", "€"), ("€", "£"), ("EUR", "USD")):
                if right in shown:
                    new, at = _put(text, figure, shown.replace(right, wrong))
                    yield Variant("wrong currency", new, question, at)
            if not any(mark in text for mark in ("NZD", "$", "€", "EUR")):
                new, at = _put(text, figure, "€" + shown)
                yield Variant("wrong currency", new, question, at)
        elif figure.unit == "percent" and number:
            new, at = _put(text, figure, shown.replace(number.group(), f"{Decimal(number.group()) + Decimal('1.3')}"))
            yield Variant("wrong percentage", new, question, at)
            if "." in number.group():
                cut = Decimal(number.group()) + Decimal((0, (2,), -len(number.group().partition(".")[2])))
                new, at = _put(text, figure, shown.replace(number.group(), str(cut)))
                yield Variant("wrong percentage", new, question, at)
        elif figure.unit == "count" and shown in _COUNTS:
            new, at = _put(text, figure, _COUNTS[shown])
            yield Variant("wrong count", new, question, at)
        elif figure.unit in {"count", "number"} and shown.isdigit():
            new, at = _put(text, figure, str(int(shown) + 3))
            yield Variant("wrong count", new, question, at)
        elif figure.unit == "identifier":
            new, at = _put(text, figure, "INV-0999")
            yield Variant("invented document number", new, question, at)


def _customers(text: str, question: str) -> Iterator[Variant]:
    present = [name for name in _CONTACTS if name in text]
    for index, one in enumerate(present):
        for other in present[index + 1 :]:
            yield Variant("swapped customers", _exchanged(text, one, other), question)
    for one in present:
        other = next(name for name in _CONTACTS if name not in present)
        new = text.replace(_FULL[one], _FULL[other]).replace(one, other)
        yield Variant("another customer", new, question)
        yield Variant("unknown customer", text.replace(_FULL[one], "Zorro Ltd").replace(one, "Zorro"), question)
    if not present:
        for one in _CONTACTS:
            if one in question:
                other = next(name for name in _CONTACTS if name not in question)
                yield Variant("another customer", text, question.replace(_FULL[one], _FULL[other]).replace(one, other))


def _exchanged(text: str, one: str, other: str) -> str:
    marks = {_FULL[one]: "\x01", _FULL[other]: "\x02", one: "\x03", other: "\x04"}
    back = {"\x01": _FULL[other], "\x02": _FULL[one], "\x03": other, "\x04": one}
    for name, mark in marks.items():
        text = text.replace(name, mark)
    for mark, name in back.items():
        text = text.replace(mark, name)
    return text


def _replaced(kind: str, pairs: tuple[tuple[str, str], ...], text: str, question: str) -> Iterator[Variant]:
    for right, wrong in pairs:
        pattern = re.compile(rf"(?<!\w){re.escape(right)}(?!\w)")
        if pattern.search(text):
            yield Variant(kind, pattern.sub(wrong, text), question)
        elif kind == "shifted period" and not re.search(r"20\d\d|quarter", text) and pattern.search(question):
            yield Variant(kind, text, pattern.sub(wrong, question))


def _swapped_columns(text: str, question: str) -> Iterator[Variant]:
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1]):
        if not line.startswith("|") or not re.match(r"[|:\s-]+$", lines[number + 1]):
            continue
        cells = line.strip("|").split("|")
        for first in range(len(cells)):
            for second in range(first + 1, len(cells)):
                if cells[first].strip() and cells[second].strip():
                    swapped = [*cells]
                    swapped[first], swapped[second] = swapped[second], swapped[first]
                    new = "\n".join([*lines[:number], "|" + "|".join(swapped) + "|", *lines[number + 1 :]])
                    yield Variant("swapped columns", new, question)


def _unlisted_sum(text: str, question: str) -> Iterator[Variant]:
    if "|" in text or "\n" in text or not text.endswith("."):
        return
    # 747.50 + 520.00, 747.50 + 6,000.00 and so on: sums of what stands in the books but not in the answer.
    for total in ("1,267.50", "6,747.50", "72,845.00"):
        new = f"{text} Together that is {total}."
        yield Variant("unlisted sum", new, question, (new.index(f" {total}.") + 1, len(new) - 1))
