"""A statement file by its content: what it is, and what it says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from finchat.workflows.bank_files.camt import is_camt, read_camt
from finchat.workflows.bank_files.csv_table import Table, header_alone, read_table
from finchat.workflows.bank_files.errors import wrong
from finchat.workflows.bank_files.mt940 import is_mt940, read_mt940
from finchat.workflows.bank_files.ofx import is_ofx, read_ofx
from finchat.workflows.bank_files.statement import FileStatement, Problem
from finchat.workflows.bank_files.text import REPLACED, Text, decode, read_bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as far as it speaks for itself: its statements, or the table of a CSV whose columns are still to tell."""

    path: Path
    sha256: str
    text: Text
    statements: tuple[FileStatement, ...] = ()
    table: Table | None = None


def open_file(path: Path) -> Opened:
    """Raises UsageError that names the file and what is wrong in it."""
    data = read_bytes(path)
    sha256 = hashlib.sha256(data).hexdigest()
    text = decode(data)
    content = text.text.removeprefix("\ufeff")
    if is_ofx(content):
        return Opened(path, sha256, text, _merged(read_ofx(path, sha256, content)))
    if is_camt(content):
        return Opened(path, sha256, text, _merged(read_camt(path, sha256, content)))
    if content.lstrip()[:1] == "<":
        raise wrong(path, "", "is neither OFX nor a CAMT.052, .053 or .054 message", "export the statement as CAMT.053")
    if is_mt940(content):
        return Opened(path, sha256, text, _merged(read_mt940(path, sha256, content)))
    if data[:4] in (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0"):
        raise wrong(path, "", "is a spreadsheet or PDF", "export the statement as CSV, OFX, CAMT.053 or MT940")
    if text.guessed and REPLACED in content[:4096] and "\x00" in content[:4096]:
        raise wrong(path, "", "is not text", "export the statement as CSV, OFX, CAMT.053 or MT940")
    if header_alone(path, content):
        empty = FileStatement(
            path=path, sha256=sha256, format="csv", numbers=(), currency="", first=None, last=None, opening=None,
            closing=None, lines=(),
        )  # fmt: skip
        return Opened(path, sha256, text, (empty,))
    return Opened(path, sha256, text, table=read_table(path, content))


def _merged(parts: tuple[FileStatement, ...]) -> tuple[FileStatement, ...]:
    """The statements and pages of one account as one, in the order of the file."""
    found: dict[tuple[tuple[str, ...], str], FileStatement] = {}
    for part in parts:
        key = part.numbers, part.currency
        found[key] = _joined(found[key], part) if key in found else part
    return tuple(found.values())


def _joined(one: FileStatement, two: FileStatement) -> FileStatement:
    if one.first and two.first and two.first < one.first:
        one, two = two, one
    problems = (*one.problems, *two.problems)
    if one.closing is not None and two.opening is not None and one.closing != two.opening:
        problems += (
            Problem(
                code="statement_does_not_add_up",
                text=f"{one.path.name} holds statements that do not follow each other: one closes with {one.closing}, "
                f"the next opens with {two.opening}",
                next="export the statement again: a part of it is missing",
                grave=True,
                amount=abs(two.opening - one.closing),
            ),
        )
    days = [d for d in (one.first, one.last, two.first, two.last) if d is not None]
    return replace(
        one,
        first=min(days, default=None),
        last=max(days, default=None),
        opening=one.opening if one.opening is not None or one.lines else two.opening,
        closing=two.closing if two.closing is not None or two.lines else one.closing,
        lines=(*one.lines, *two.lines),
        problems=problems,
    )
