"""A statement: what a bank's file says of one account, before and after its lines are known by name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from finchat.books.documents import BankLine
from finchat.books.lines import RawLine
from finchat.books.plan import Finding

Format = Literal["csv", "ofx", "camt", "mt940"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a file that a person should know before its lines are used.

    `code` is a finding's; `grave`: the figures of the file contradict each other, so none of it is certain. `next` is
    the step that helps.
    """

    code: str
    text: str
    next: str
    grave: bool = False
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStatement:
    """One account's part of one file, as it stands there.

    `numbers` are the account's names in the file (IBAN, account number, with and without the bank's own), `currency`
    is "" and `opening`, `closing` (positive: the bank owes the customer) are None where the file does not say.
    `first` and `last` are the days of the period: as stated, else those of the lines; None for a file without either.
    """

    path: Path
    sha256: str
    format: Format
    numbers: tuple[str, ...]
    currency: str
    first: dt.date | None
    last: dt.date | None
    opening: Decimal | None
    closing: Decimal | None
    lines: tuple[RawLine, ...]
    problems: tuple[Problem, ...] = ()
    layout: str = ""  # of a CSV: what makes two files of one account alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All that the given files say of one bank account of the ledger, each line with its identity.

    `earlier` are lines of statements and feeds read before, near enough to hold payments of their own; they are not
    of this statement. `opening` and `closing` are signed, in `currency`; None when no file says. `sound` is false when
    the figures contradict each other: then nothing of it is certain.
    """

    account_id: str
    currency: str
    files: tuple[FileStatement, ...]
    first: dt.date
    last: dt.date
    opening: Decimal | None
    closing: Decimal | None
    lines: tuple[BankLine, ...]
    earlier: tuple[BankLine, ...] = ()
    findings: tuple[Finding, ...] = ()
    sound: bool = True
    doubtful: frozenset[str] = frozenset()  # ids of lines that another file contradicts
