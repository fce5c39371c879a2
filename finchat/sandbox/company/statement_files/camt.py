"""ISO 20022 cash management: camt.053 (statement), camt.052 (report within the day), camt.054 (notification).

v2 is version 001.02 of 2009, v8 version 001.08 of 2019: a status becomes a code of its own, a party a choice. The
notification carries no balances, by its schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

from finchat.sandbox.company.statement_files.statement import Statement, StatementLine

STYLES = ("v2", "v8")
_VERSIONS = {"v2": "02", "v8": "08"}
_LONGEST_UNSTRUCTURED, _LONGEST_NAME, _LONGEST_REFERENCE = 140, 140, 35
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_Element = ElementTree.Element


@dataclass(frozen=True, slots=True)
class _Message:
    """`opening` and `closing` are balance type codes; a notification has none."""

    number: str
    root: str
    body: str
    opening: str = ""
    closing: str = ""


_STATEMENT = _Message("053", "BkToCstmrStmt", "Stmt", "OPBD", "CLBD")
_REPORT = _Message("052", "BkToCstmrAcctRpt", "Rpt", "OPBD", "ITBD")
_NOTIFICATION = _Message("054", "BkToCstmrDbtCdtNtfctn", "Ntfctn")


def render_statement(statement: Statement, style: str) -> bytes:
    return _render(statement, style, _STATEMENT)


def render_report(statement: Statement, style: str) -> bytes:
    return _render(statement, style, _REPORT)


def render_notification(statement: Statement, style: str) -> bytes:
    return _render(statement, style, _NOTIFICATION)


def _render(statement: Statement, style: str, message: _Message) -> bytes:
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.{message.number}.001.{_VERSIONS[style]}"
    document = _Element("Document", {"xmlns": space})
    root = _put(document, message.root)
    made = f"{statement.last.isoformat()}T23:30:00"
    identity = f"{statement.code}-{statement.last:%Y%m%d}"
    header = _put(root, "GrpHdr")
    _put(header, "MsgId", f"{message.number}-{identity}")
    _put(header, "CreDtTm", made)
    body = _put(root, message.body)
    _put(body, "Id", identity)
    _put(body, "ElctrncSeqNb", str(statement.last.timetuple().tm_yday))
    _put(body, "CreDtTm", made)
    period = _put(body, "FrToDt")
    _put(period, "FrDtTm", f"{statement.first.isoformat()}T00:00:00")
    _put(period, "ToDtTm", f"{statement.last.isoformat()}T23:59:59")
    _account(body, statement, style)
    if message.opening:
        _balance(body, message.opening, statement.opening, statement.currency, statement.first)
        _balance(body, message.closing, statement.closing, statement.currency, statement.last)
    _summary(body, statement)
    for count, line in enumerate(statement.lines, 1):
        _entry(body, line, count, statement.currency, style)
    ElementTree.indent(document)
    written: bytes = ElementTree.tostring(document, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"


def _put(parent: _Element, tag: str, text: str | None = None, **attributes: str) -> _Element:
    made = ElementTree.SubElement(parent, tag, attributes)
    if text is not None:
        made.text = _NOT_XML.sub(" ", text)
    return made


def _account(body: _Element, statement: Statement, style: str) -> None:
    account = _put(body, "Acct")
    _put(_put(_put(account, "Id"), "Othr"), "Id", statement.number.replace("-", ""))
    _put(account, "Ccy", statement.currency)
    _put(account, "Nm", statement.name)
    _put(_put(account, "Ownr"), "Nm", statement.holder)
    institution = _put(_put(account, "Svcr"), "FinInstnId")
    _put(institution, "Nm", statement.bank)


def _balance(body: _Element, code: str, amount: Decimal, currency: str, day: date) -> None:
    balance = _put(body, "Bal")
    _put(_put(_put(balance, "Tp"), "CdOrPrtry"), "Cd", code)
    _amount(balance, amount, currency)
    _put(_put(balance, "Dt"), "Dt", day.isoformat())


def _amount(parent: _Element, amount: Decimal, currency: str) -> None:
    """An amount without sign, and on which side it is; zero is a credit."""
    _put(parent, "Amt", f"{abs(amount):.2f}", Ccy=currency)
    _put(parent, "CdtDbtInd", "DBIT" if amount < 0 else "CRDT")


def _summary(body: _Element, statement: Statement) -> None:
    summary = _put(body, "TxsSummry")
    for tag, lines in (
        ("TtlNtries", statement.lines),
        ("TtlCdtNtries", [line for line in statement.lines if line.amount > 0]),
        ("TtlDbtNtries", [line for line in statement.lines if line.amount < 0]),
    ):
        found = _put(summary, tag)
        _put(found, "NbOfNtries", str(len(lines)))
        _put(found, "Sum", f"{sum((abs(line.amount) for line in lines), Decimal(0)):.2f}")


def _entry(body: _Element, line: StatementLine, count: int, currency: str, style: str) -> None:
    entry = _put(body, "Ntry")
    _put(entry, "NtryRef", str(count))
    _amount(entry, line.amount, currency)
    if style == "v8":
        _put(_put(entry, "Sts"), "Cd", "BOOK")
    else:
        _put(entry, "Sts", "BOOK")
    for tag in ("BookgDt", "ValDt"):
        _put(_put(entry, tag), "Dt", line.day.isoformat())
    _put(entry, "AcctSvcrRef", line.fitid)
    domain = _put(_put(entry, "BkTxCd"), "Domn")
    _put(domain, "Cd", "PMNT")
    family = _put(domain, "Fmly")
    _put(family, "Cd", "RCDT" if line.amount > 0 else "ICDT")
    _put(family, "SubFmlyCd", "OTHR")
    details = _put(_put(entry, "NtryDtls"), "TxDtls")
    _put(_put(details, "Refs"), "EndToEndId", line.reference[:_LONGEST_REFERENCE] or "NOTPROVIDED")
    if style == "v8":
        _amount(details, line.amount, currency)
    _parties(details, line, style)
    remittance = _put(details, "RmtInf")
    for start in range(0, max(len(line.narration), 1), _LONGEST_UNSTRUCTURED):
        _put(remittance, "Ustrd", line.narration[start : start + _LONGEST_UNSTRUCTURED])


def _parties(details: _Element, line: StatementLine, style: str) -> None:
    """The other side: the debtor of money in, the creditor of money out."""
    if not line.payee and not line.other_account:
        return
    side = "Dbtr" if line.amount > 0 else "Cdtr"
    parties = _put(details, "RltdPties")
    if line.payee:
        party = _put(parties, side)
        if style == "v8":
            party = _put(party, "Pty")
        _put(party, "Nm", line.payee[:_LONGEST_NAME])
    if line.other_account:
        _put(_put(_put(_put(parties, f"{side}Acct"), "Id"), "Othr"), "Id", line.other_account)
