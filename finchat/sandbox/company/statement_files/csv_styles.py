"""CSV in the habits of banks: what one calls a date, an amount, a header row and a text file, another does not.

euro: semicolons, dd.mm.yyyy, decimal comma and thousands points, German headers, Windows-1252.
split: dd/mm/yyyy, debit and credit columns, running balance, the newest line first.
bare: dd/mm/yyyy, signed amount and text, no header row.
utf16: tab-separated, UTF-16 with a byte order mark, days as 20 Nov 2026, running balance.
us: mm/dd/yyyy, money out in parentheses, thousands commas, the newest line first.
preamble: account, period and both balances above the header row, yyyy/mm/dd, the bank's own id of each line.
french: semicolons, dd/mm/yyyy, débit and crédit columns, spaces between thousands, UTF-8 with a byte order mark.
marked: amounts without sign beside D or C, dd-mm-yy, rows for the opening and the closing balance.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Protocol

from finchat.sandbox.company.statement_files.statement import Statement

_Row = Iterable[str]
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Style(Protocol):
    def __call__(self, statement: Statement, /) -> bytes: ...


def render(statement: Statement, style: str) -> bytes:
    """The whole file. Amounts in the statement's currency, two decimals."""
    return _STYLES[style](statement)


def _euro(statement: Statement) -> bytes:
    rows: list[_Row] = [
        (
            "Buchungstag", "Valuta", "Auftraggeber/Empfänger", "Buchungstext", "Verwendungszweck", "Kontonummer",
            "Betrag", "Währung", "Saldo",
        )
    ]  # fmt: skip
    for line, balance in statement.balances():
        day = _day(line.day, "{d}.{m}.{y}")
        rows.append(
            (
                day, day, line.payee, line.narration, line.reference, line.other_account,
                _comma(line.amount, "."), statement.currency, _comma(balance, "."),
            )
        )  # fmt: skip
    return _written(rows, ";").encode("cp1252", "replace")


def _split(statement: Statement) -> bytes:
    rows = [
        (
            _day(line.day, "{d}/{m}/{y}"), line.text, line.reference, _unless(line.amount >= 0, -line.amount),
            _unless(line.amount < 0, line.amount), _plain(balance),
        )
        for line, balance in statement.balances()
    ]  # fmt: skip
    header = ("Date", "Description", "Reference", "Debit", "Credit", "Balance")
    return _written([header, *reversed(rows)], ",").encode()


def _bare(statement: Statement) -> bytes:
    rows = [(_day(line.day, "{d}/{m}/{y}"), _plain(line.amount), line.text, line.reference) for line in statement.lines]
    return _written(rows, ",", quote_all=True).encode()


def _utf16(statement: Statement) -> bytes:
    rows: list[_Row] = [("Transaction Date", "Payee", "Details", "Reference", "Amount", "Running Balance")]
    for line, balance in statement.balances():
        day = f"{line.day.day:02d} {_MONTHS[line.day.month - 1]} {line.day.year:04d}"
        rows.append((day, line.payee, line.narration, line.reference, _plain(line.amount), _plain(balance)))
    return b"\xff\xfe" + _written(rows, "\t").encode("utf-16-le")


def _us(statement: Statement) -> bytes:
    rows = [
        (_day(line.day, "{m}/{d}/{y}"), line.text, line.reference, _parentheses(line.amount))
        for line in statement.lines
    ]
    return _written([("Posted Date", "Description", "Check or Reference", "Amount"), *reversed(rows)], ",").encode()


def _preamble(statement: Statement) -> bytes:
    written = "{y}/{m}/{d}"
    rows: list[_Row] = [
        (statement.bank,),
        ("Account", statement.number, statement.name),
        ("Currency", statement.currency),
        ("From date", _day(statement.first, written)),
        ("To date", _day(statement.last, written)),
        ("Opening Balance", _plain(statement.opening)),
        ("Closing Balance", _plain(statement.closing)),
        (),
        ("Date", "Unique Id", "Payee", "Memo", "Reference", "Amount"),
    ]
    rows += [
        (_day(line.day, written), line.fitid, line.payee, line.narration, line.reference, _plain(line.amount))
        for line in statement.lines
    ]
    return _written(rows, ",").encode()


def _french(statement: Statement) -> bytes:
    rows: list[_Row] = [("Date", "Libellé", "Référence", f"Débit {statement.currency}", f"Crédit {statement.currency}")]
    for line in statement.lines:
        amount = _comma(abs(line.amount), "\N{NARROW NO-BREAK SPACE}")
        sides = (amount, "") if line.amount < 0 else ("", amount)
        rows.append((_day(line.day, "{d}/{m}/{y}"), line.text, line.reference, *sides))
    return b"\xef\xbb\xbf" + _written(rows, ";").encode()


def _marked(statement: Statement) -> bytes:
    def day(of: date) -> str:
        return f"{of.day:02d}-{of.month:02d}-{of.year % 100:02d}"

    rows: list[_Row] = [("Value date", "Text", "Ref", "Amount", "D/C")]
    rows.append((day(statement.first), "OPENING BALANCE", "", *_side(statement.opening)))
    rows += [(day(line.day), line.text, line.reference, *_side(line.amount)) for line in statement.lines]
    rows.append((day(statement.last), "CLOSING BALANCE", "", *_side(statement.closing)))
    return _written(rows, ",").encode()


_STYLES: Mapping[str, _Style] = {
    "split": _split,
    "euro": _euro,
    "bare": _bare,
    "utf16": _utf16,
    "us": _us,
    "preamble": _preamble,
    "french": _french,
    "marked": _marked,
}
STYLES = tuple(_STYLES)


def _written(rows: Iterable[_Row], delimiter: str, *, quote_all: bool = False) -> str:
    text = io.StringIO()
    if quote_all:
        writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    else:
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows(rows)
    return text.getvalue()


def _day(day: date, form: str) -> str:
    return form.format(d=f"{day.day:02d}", m=f"{day.month:02d}", y=f"{day.year:04d}")


def _plain(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _unless(empty: bool, amount: Decimal) -> str:
    return "" if empty else _plain(amount)


def _comma(amount: Decimal, thousands: str) -> str:
    return f"{amount:,.2f}".replace(",", "\0").replace(".", ",").replace("\0", thousands)


def _parentheses(amount: Decimal) -> str:
    return f"({-amount:,.2f})" if amount < 0 else f"{amount:,.2f}"


def _side(amount: Decimal) -> tuple[str, str]:
    return _plain(abs(amount)), "D" if amount < 0 else "C"
