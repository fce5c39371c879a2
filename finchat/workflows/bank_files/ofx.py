"""OFX 1.x (SGML) and 2.x (XML), and QFX, which is OFX under another suffix: one reader over the tags of both.

SGML closes no leaf and XML all of them; a tag with text before the next tag is a leaf in either. Nothing is built but
the fields finchat uses, so depth, order and unknown tags do not matter.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from finchat.books.lines import RawLine
from finchat.workflows.bank_files.amounts import NotANumber, decimal_mark, number
from finchat.workflows.bank_files.errors import wrong
from finchat.workflows.bank_files.statement import FileStatement, Problem
from finchat.workflows.bank_files.text import clean

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9._]{0,63})\s*/?>([^<]*)")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_STATEMENTS = frozenset({"STMTRS", "CCSTMTRS"})
_PARTS = frozenset({"STMTTRN", "BANKACCTFROM", "CCACCTFROM", "BANKACCTTO", "CCACCTTO", "PAYEE", "LEDGERBAL", "AVAILBAL",
                    "BALLIST", "ORIGCURRENCY", "CURRENCY"})  # fmt: skip


def is_ofx(text: str) -> bool:
    head = text[:4096].upper()
    return "<OFX>" in head or "OFXHEADER" in head


@dataclass(slots=True)
class _Found:
    """One STMTRS or CCSTMTRS: its own leaves, and its transactions with the line each begins on."""

    leaves: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)


def read_ofx(path: Path, sha256: str, text: str) -> tuple[FileStatement, ...]:
    """The statements of a file, one an account. Raises UsageError naming the line and field that is wrong."""
    if "<!DOCTYPE" in text[:8192].upper() or "<!ENTITY" in text.upper():
        raise wrong(path, "", "declares entities, which no bank does; it is not read")
    found = list(_statements(text))
    if not found:
        raise wrong(path, "", "is OFX without a bank or card statement in it")
    return tuple(_statement(path, sha256, one) for one in found)


def _statements(text: str) -> Iterator[_Found]:
    current: _Found | None = None
    row: dict[str, str] | None = None
    inside: list[str] = []
    line, counted = 1, 0
    text = _CDATA.sub(lambda m: html.escape(m[1], quote=False), text)
    for match in _TAG.finditer(text):
        closing, tag, value = match[1], match[2].upper(), match[3].strip()
        if tag in _STATEMENTS:
            if closing and current is not None:
                yield current
            current, row, inside = (None if closing else _Found()), None, []
        elif current is None:
            continue
        elif tag == "STMTTRN":
            row, inside = (None if closing else {}), []
            if row is not None:
                line += text.count("\n", counted, match.start())
                counted = match.start()
                current.rows.append((line, row))
        elif tag in _PARTS:
            if closing and tag in inside:
                inside = inside[: inside.index(tag)]
            elif not closing:
                inside.append(tag)
        elif not closing and value:
            name = ".".join((*inside[-1:], tag))
            (current.leaves if row is None else row).setdefault(name, html.unescape(value))
    if current is not None:
        yield current


def _statement(path: Path, sha256: str, found: _Found) -> FileStatement:
    leaves = found.leaves
    currency = leaves.get("CURDEF", "").upper()
    amounts = [row.get("TRNAMT", "") for _, row in found.rows]
    balance = leaves.get("LEDGERBAL.BALAMT", "")
    try:
        mark = decimal_mark([*amounts, balance], currency, thousands=False)  # which OFX does not have
    except NotANumber as error:
        raise wrong(path, "TRNAMT", str(error)) from None
    lines, problems = [], []
    for at, row in found.rows:
        where = f"line {at}"
        day = _day(path, where, "DTPOSTED", row.get("DTPOSTED", ""))
        try:
            amount = number(row.get("TRNAMT", ""), mark)
        except NotANumber as error:
            raise wrong(path, f"{where}, TRNAMT", str(error)) from None
        if amount == 0:
            continue
        currency_here = (row.get("CURRENCY.CURSYM") or currency).upper()
        lines.append(_line(f"{path.name}:{at}", row, day, amount, currency_here))
    first = _optional_day(leaves.get("DTSTART"))
    last = _optional_day(leaves.get("DTEND"))
    days = [line.date for line in lines]
    closing: Decimal | None = None
    if balance:
        try:
            closing = number(balance, mark)
        except NotANumber as error:
            raise wrong(path, "LEDGERBAL, BALAMT", str(error)) from None
    on = _optional_day(leaves.get("LEDGERBAL.DTASOF"))
    newest = max(days, default=None)
    if closing is not None and on is not None and newest is not None and on < newest:
        problems.append(
            Problem(
                code="statement_balance_unused",
                text=f"the balance in {path.name} is of {on}, before its last line of {newest}; it is not used",
                next="export a file that ends on the day of its balance",
            )
        )
        closing = None
    number_ = leaves.get("BANKACCTFROM.ACCTID") or leaves.get("CCACCTFROM.ACCTID") or ""
    bank = leaves.get("BANKACCTFROM.BANKID", "")
    branch = leaves.get("BANKACCTFROM.BRANCHID", "")
    names = dict.fromkeys(clean(name) for name in (number_, bank + number_, bank + branch + number_) if name)
    # A period that reaches beyond the day of the balance, or beyond today's lines, is what was asked for at the bank.
    ends = [d for d in (last, on, newest) if d is not None]
    return FileStatement(
        path=path,
        sha256=sha256,
        format="ofx",
        numbers=tuple(names),
        currency=currency,
        first=min([d for d in (first, *days) if d is not None], default=None),
        last=(max(on, newest) if on and newest else min(ends)) if ends else None,
        opening=None,
        closing=closing,
        lines=tuple(lines),
        problems=tuple(problems),
    )


def _line(name: str, row: dict[str, str], day: dt.date, amount: Decimal, currency: str) -> RawLine:
    payee = row.get("NAME") or row.get("PAYEE.NAME") or ""
    reference = row.get("CHECKNUM") or row.get("REFNUM") or ""
    return RawLine(
        source="statement",
        source_id=name,
        date=day,
        direction="receive" if amount > 0 else "spend",
        amount=abs(amount),
        currency=currency,
        payee=clean(payee),
        narration=clean(row.get("MEMO", "")),
        reference=clean(reference),
        counterparty_account=clean(row.get("BANKACCTTO.ACCTID") or row.get("CCACCTTO.ACCTID") or ""),
        fitid=clean(row.get("FITID", "")),
    )


def _day(path: Path, where: str, field: str, text: str) -> dt.date:
    found = _optional_day(text)
    if found is None:
        raise wrong(path, f"{where}, {field}", f"{text[:20]!r} is not a date" if text else "is missing")
    return found


def _optional_day(text: str | None) -> dt.date | None:
    """The bank's own calendar day: OFX writes local time with its zone beside it."""
    match = _DATE.match(text or "")
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
