"""SWIFT MT940, Customer Statement Message (field formats of the SWIFT standards, category 9).

plain: one message for the whole period, :86: as free text of at most six lines of 65 characters.
german: the same with :86: in the sub-fields of the German banks (?00 text, ?20… purpose, ?31 account, ?32 name).
daily: one message in SWIFT blocks for each day with lines, numbered on, opening with the balance the last one closed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby

from finchat.sandbox.company.statement_files.statement import Statement, StatementLine

STYLES = ("plain", "german", "daily")
# SWIFT's character set X; anything else is printed as a point.
_FOREIGN = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_WIDTH, _LINES, _REFERENCE, _PURPOSE = 65, 6, 16, 27


def render(statement: Statement, style: str) -> bytes:
    if style == "daily":
        lines = [line for number, day in enumerate(_days(statement), 1) for line in _in_blocks(day, number)]
    else:
        lines = [*_message(statement, style, statement.last.timetuple().tm_yday), "-"]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _days(statement: Statement) -> Iterator[Statement]:
    """The days with lines, or the whole period when there are none."""
    if not statement.lines:
        yield statement
    for day, _lines in groupby(statement.lines, key=lambda line: line.day):
        yield statement.between(day, day)


def _in_blocks(statement: Statement, number: int) -> list[str]:
    head = "{1:F01SCBKNZ22AXXX0000000000}{2:O9401200" + f"{statement.last:%y%m%d}" + "SCBKNZ22AXXX0000000000"
    return [f"{head}{statement.last:%y%m%d}1200N}}{{4:", *_message(statement, "plain", number), "-}"]


def _message(statement: Statement, style: str, number: int) -> Iterator[str]:
    yield f":20:{statement.code}-{statement.last:%y%m%d}"
    yield f":25:{statement.number.replace('-', '')}"
    yield f":28C:{number}/1"
    yield f":60F:{_balance(statement.opening, statement.first, statement.currency)}"
    for line in statement.lines:
        yield f":61:{line.day:%y%m%d}{line.day:%m%d}{_entry(line)}"
        yield from _structured(line) if style == "german" else _free(line)
    closing = _balance(statement.closing, statement.last, statement.currency)
    yield f":62F:{closing}"
    yield f":64:{closing}"


def _balance(amount: Decimal, day: date, currency: str) -> str:
    return f"{'D' if amount < 0 else 'C'}{day:%y%m%d}{currency}{_amount(amount)}"


def _entry(line: StatementLine) -> str:
    """Mark, amount, type of movement, our reference and after the slashes the bank's own."""
    reference = _text(line.reference)[:_REFERENCE].strip(" /").replace("//", "/ ") or "NONREF"
    return f"{'D' if line.amount < 0 else 'C'}{_amount(line.amount)}NTRF{reference}//{line.fitid[-_REFERENCE:]}"


def _amount(amount: Decimal) -> str:
    return f"{abs(amount):.2f}".replace(".", ",")


def _free(line: StatementLine) -> Iterator[str]:
    parts = (line.payee, line.narration, line.reference if len(line.reference) > _REFERENCE else "", line.other_account)
    words = _text(" ".join(part for part in parts if part)) or "NO DETAILS"
    for count, row in enumerate(_rows(words, _WIDTH - 4, _LINES)):
        yield f":86:{row}" if count == 0 else row


def _structured(line: StatementLine) -> Iterator[str]:
    """Field 86 as the German banks fill it, broken where 65 characters are full."""
    code, kind = ("166", "GUTSCHRIFT") if line.amount > 0 else ("116", "UEBERWEISUNG")
    purpose = " ".join(part for part in (line.narration, line.reference) if part)
    fields = [("00", kind)]
    places = (*range(20, 30), *range(60, 64))
    fields += [(f"{n}", row) for n, row in zip(places, _cut(_text(purpose, "?"), _PURPOSE), strict=False)]
    if line.other_account:
        fields.append(("31", _text(line.other_account, "?")))
    fields += [(f"{n}", row) for n, row in zip((32, 33), _cut(_text(line.payee, "?"), _PURPOSE), strict=False)]
    words = code + "".join(f"?{number}{row}" for number, row in fields if row)
    for count, row in enumerate(_cut(f":86:{words}", _WIDTH - 1)):
        # A line that began with a colon or a hyphen would be read as the next field or the end of the message.
        yield f" {row}" if count and row[0] in ":-" else row


def _rows(words: str, width: int, most: int) -> list[str]:
    """Whole words to a line where they fit; no line begins like a field or the end of a message."""
    rows = [""]
    for word in words.split():
        piece = word
        while piece:
            room = width - len(rows[-1]) - bool(rows[-1])
            if len(piece) <= room:
                rows[-1] = f"{rows[-1]} {piece}" if rows[-1] else piece
                break
            if rows[-1]:
                rows.append("")
                continue
            rows[-1], piece = piece[:width], piece[width:]
    return [f".{row[1:]}" if row[0] in ":-" else row for row in rows if row][:most]


def _cut(text: str, width: int) -> list[str]:
    return [text[start : start + width] for start in range(0, len(text), width)]


def _text(text: str, besides: str = "") -> str:
    """In SWIFT's characters, accents dropped; `besides` are further characters that may not stand there."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    for character in besides:
        folded = folded.replace(character, ".")
    return " ".join(_FOREIGN.sub(".", folded).split())
