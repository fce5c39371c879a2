"""OFX: 1.0.2 as SGML without end tags on its leaves, 2.1.1 as XML; QFX is either with Quicken's own bank id.

Open Financial Exchange Specification 1.0.2 and 2.1.1, chapters 2 (headers, character data) and 11.4 (statements).
OFX has no opening balance: LEDGERBAL is the closing one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import date

from finchat.sandbox.company.statement_files.statement import Statement, StatementLine

STYLES = ("sgml", "xml")
_SGML_HEADER = (
    "OFXHEADER:100", "DATA:OFXSGML", "VERSION:102", "SECURITY:NONE", "ENCODING:USASCII", "CHARSET:1252",
    "COMPRESSION:NONE", "OLDFILEUID:NONE", "NEWFILEUID:NONE", "",
)  # fmt: skip
_XML_HEADER = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
    '<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>',
)
_LONGEST_NAME, _LONGEST_REFERENCE, _LONGEST_MEMO = 32, 32, 255
_NOT_XML = re.compile(r"[\x00-\x1f\x7f]")
# An aggregate is (tag, its elements), an element (tag, its text).
_Node = tuple[str, "str | Sequence[_Node]"]


def render(statement: Statement, style: str) -> bytes:
    return _file(statement, style, ())


def render_quicken(statement: Statement, style: str) -> bytes:
    """QFX: OFX whose sign-on names the bank as Intuit numbers it."""
    return _file(statement, style, (("INTU.BID", "03000"), ("INTU.USERID", "sandbox")))


def _file(statement: Statement, style: str, quicken: Sequence[_Node]) -> bytes:
    root: _Node = ("OFX", (_sign_on(statement, quicken), _bank(statement)))
    if style == "xml":
        return _encoded((*_XML_HEADER, *_xml(root)), "utf-8")
    return _encoded((*_SGML_HEADER, *_sgml(root)), "cp1252")


def _encoded(lines: Sequence[str], encoding: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode(encoding, "replace")


def _sign_on(statement: Statement, quicken: Sequence[_Node]) -> _Node:
    sign_on: list[_Node] = [
        _OK,
        ("DTSERVER", f"{_day(statement.last)}180000"),
        ("LANGUAGE", "ENG"),
        ("FI", (("ORG", statement.bank[:32]), ("FID", "3000"))),
        *quicken,
    ]
    return ("SIGNONMSGSRSV1", (("SONRS", sign_on),))


def _bank(statement: Statement) -> _Node:
    digits = re.sub(r"[^0-9]", "", statement.number)
    held = f"{statement.closing:.2f}"
    as_of = _day(statement.last)
    answer: list[_Node] = [
        ("CURDEF", statement.currency),
        (
            "BANKACCTFROM",
            (
                ("BANKID", digits[:6]),
                ("ACCTID", digits[6:]),
                ("ACCTTYPE", "SAVINGS" if "saving" in statement.name.lower() else "CHECKING"),
            ),
        ),
        (
            "BANKTRANLIST",
            (("DTSTART", _day(statement.first)), ("DTEND", as_of), *(_line(line) for line in statement.lines)),
        ),
        ("LEDGERBAL", (("BALAMT", held), ("DTASOF", as_of))),
        ("AVAILBAL", (("BALAMT", held), ("DTASOF", as_of))),
    ]
    return ("BANKMSGSRSV1", (("STMTTRNRS", (("TRNUID", "1"), _OK, ("STMTRS", answer))),))


_OK: _Node = ("STATUS", (("CODE", "0"), ("SEVERITY", "INFO")))


def _line(line: StatementLine) -> _Node:
    """NAME is what OFX requires and cuts at 32 characters; where the payee has no place of its own it is the text."""
    name = line.payee or line.narration
    memo = line.narration if line.payee or len(name) > _LONGEST_NAME else ""
    found: list[_Node] = [
        ("TRNTYPE", "CREDIT" if line.amount > 0 else "DEBIT"),
        ("DTPOSTED", _day(line.day)),
        ("TRNAMT", f"{line.amount:.2f}"),
        ("FITID", line.fitid),
    ]
    if line.reference:
        found.append(("REFNUM", line.reference[:_LONGEST_REFERENCE]))
    found.append(("NAME", name[:_LONGEST_NAME].strip()))
    if memo:
        found.append(("MEMO", memo[:_LONGEST_MEMO]))
    return ("STMTTRN", found)


def _sgml(node: _Node) -> Iterator[str]:
    tag, content = node
    if isinstance(content, str):
        yield f"<{tag}>{_data(content)}"
        return
    yield f"<{tag}>"
    for child in content:
        yield from _sgml(child)
    yield f"</{tag}>"


def _xml(node: _Node) -> Iterator[str]:
    tag, content = node
    if isinstance(content, str):
        yield f"<{tag}>{_data(content)}</{tag}>"
        return
    yield f"<{tag}>"
    for child in content:
        yield from _xml(child)
    yield f"</{tag}>"


def _data(text: str) -> str:
    return html.escape(_NOT_XML.sub(" ", text), quote=False)


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"
