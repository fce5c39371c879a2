"""ISO 20022 bank-to-customer messages: camt.053 (statement), camt.052 (report of the day), camt.054 (notification).

Any version is read: namespaces are left out of account. Documents that declare a type or entities are refused before
they are parsed, so nothing in them can expand or reach out. One entry is one line, however many transactions it sums
up; entries that are only pending are not lines.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, XMLParser

from finchat.books.documents import Direction
from finchat.books.lines import RawLine
from finchat.books.money import parse_amount
from finchat.workflows.bank_files.errors import wrong
from finchat.workflows.bank_files.statement import FileStatement, Problem
from finchat.workflows.bank_files.text import clean

_ROOT = re.compile(r"<(?:[\w.-]+:)?(BkToCstmrStmt|BkToCstmrAcctRpt|BkToCstmrDbtCdtNtfctn)\b")
_STATEMENTS = {"BkToCstmrStmt": "Stmt", "BkToCstmrAcctRpt": "Rpt", "BkToCstmrDbtCdtNtfctn": "Ntfctn"}
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NONREF", "NOREF", "NOT PROVIDED", "0"})
_DEEPEST = 200
_TEXTS = 40  # of a batch: enough to name its documents


def is_camt(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith("<") and _ROOT.search(text[:16384]) is not None


def read_camt(path: Path, sha256: str, text: str) -> tuple[FileStatement, ...]:
    """The statements of a file, in its order. Raises UsageError naming the entry and field that is wrong."""
    head = text.upper()
    if "<!DOCTYPE" in head or "<!ENTITY" in head:
        raise wrong(path, "", "declares a document type or entities, which no bank does; it is not read")
    root = _parsed(path, text)
    found: list[FileStatement] = []
    for message in root.iter():
        if message.tag in _STATEMENTS:
            found += [_statement(path, sha256, one) for one in _all(message, _STATEMENTS[message.tag])]
    if not found:
        raise wrong(path, "", "holds no statement")
    return tuple(found)


def _parsed(path: Path, text: str) -> Element:
    """The document without namespaces. The depth is bounded; expat's own limits never come into play."""
    parser = XMLParser(target=_Builder(path))
    try:
        # The text is decoded: what its declaration says of an encoding is past.
        parser.feed(re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text, count=1))
        root = parser.close()
    except ParseError as error:
        line, column = error.position
        raise wrong(path, f"line {line}, column {column}", "is not well-formed XML") from None
    assert isinstance(root, Element)
    return root


class _Builder:
    """A tree of elements named without their namespace."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[Element] = []
        self._root: Element | None = None
        self._data: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag.rpartition("}")[2], attributes)
        if self._open:
            self._open[-1].append(element)
        else:
            self._root = element
        self._open.append(element)
        self._data.clear()
        if len(self._open) > _DEEPEST:
            raise wrong(self._path, "", f"is nested more than {_DEEPEST} deep")

    def end(self, _tag: str) -> None:
        element = self._open.pop()
        if self._data and not len(element):
            element.text = "".join(self._data)
        self._data.clear()

    def data(self, data: str) -> None:
        self._data.append(data)

    def close(self) -> Element:
        assert self._root is not None
        return self._root


def _statement(path: Path, sha256: str, data: Element) -> FileStatement:
    account = _one(data, "Acct")
    balances = {code: value for code, value in (_balance(path, b) for b in _all(data, "Bal")) if code}
    opening = balances.get("OPBD") or balances.get("PRCD")
    closing = balances.get("CLBD") or balances.get("ITBD")  # a report of the day ends with an interim balance
    currency = (_text(account, "Ccy") or next((c for _, c, _ in balances.values()), "")).upper()
    lines: list[RawLine] = []
    pending = 0
    for n, entry in enumerate(_all(data, "Ntry"), 1):
        if (_text(entry, "Sts", "Cd") or _text(entry, "Sts") or "BOOK") != "BOOK":
            pending += 1
            continue
        line = _line(path, f"entry {n}", entry, currency)
        if line is not None:
            lines.append(line)
    days = [line.date for line in lines]
    period = _one(data, "FrToDt")
    first = _moment(period, "FrDtTm") or _moment(period, "FrDt") or min(days, default=None)
    last = _moment(period, "ToDtTm") or _moment(period, "ToDt") or (closing and closing[2]) or max(days, default=None)
    problems: tuple[Problem, ...] = ()
    if pending:
        problems = (
            Problem(
                code="statement_pending",
                text=f"{pending} entries of {path.name} are not booked yet; they are left out",
                next="read the statement again when the bank has booked them",
            ),
        )
    return FileStatement(
        path=path,
        sha256=sha256,
        format="camt",
        numbers=tuple(n for n in (_text(account, "Id", "IBAN"), _text(account, "Id", "Othr", "Id")) if n),
        currency=currency,
        first=min((d for d in (first, *days) if d), default=None),
        last=max((d for d in (last, *days) if d), default=None),
        opening=opening and opening[0],
        closing=closing and closing[0],
        lines=tuple(lines),
        problems=problems,
    )


_Balance = tuple[Decimal, str, dt.date | None]


def _balance(path: Path, data: Element) -> tuple[str, _Balance]:
    code = _text(data, "Tp", "CdOrPrtry", "Cd")
    where = f"balance {code or '?'}"
    amount, currency = _amount(path, where, data)
    signed = amount if _text(data, "CdtDbtInd") != "DBIT" else -amount
    return code, (signed, currency, _moment(_one(data, "Dt"), "Dt") or _moment(_one(data, "Dt"), "DtTm"))


def _line(path: Path, where: str, entry: Element, currency: str) -> RawLine | None:
    amount, of = _amount(path, where, entry)
    indicator = _text(entry, "CdtDbtInd")
    if indicator not in ("CRDT", "DBIT"):
        raise wrong(path, f"{where}, CdtDbtInd", f"{indicator[:20]!r} is neither CRDT nor DBIT")
    booked, valued = _one(entry, "BookgDt"), _one(entry, "ValDt")
    day = next((d for part in (booked, valued) for d in (_moment(part, "Dt"), _moment(part, "DtTm")) if d), None)
    if day is None:
        raise wrong(path, f"{where}, BookgDt", "is missing, or is not a date")
    if amount == 0:
        return None
    details = [t for d in _all(entry, "NtryDtls") for t in _all(d, "TxDtls")]
    only = details[0] if len(details) == 1 else None
    servicer = _text(entry, "AcctSvcrRef")
    if _nothing(servicer) and only is not None:
        servicer = _text(only, "Refs", "AcctSvcrRef")
    direction: Direction = "receive" if indicator == "CRDT" else "spend"
    role = "Dbtr" if direction == "receive" else "Cdtr"
    return RawLine(
        source="statement",
        source_id=f"{path.name}:{where}",
        date=day,
        direction=direction,
        amount=amount,
        currency=of or currency,
        payee=clean(_party(only, role)),
        narration=clean(" ".join(_words(entry, details, role))),
        reference=clean(" ".join(_references(only))),
        counterparty_account=clean(_counterparty(only, role)),
        fitid="" if _nothing(servicer) else clean(servicer),
    )


def _party(details: Element | None, role: str) -> str:
    party = _one(_one(details, "RltdPties"), role)
    return _text(party, "Nm") or _text(party, "Pty", "Nm")


def _counterparty(details: Element | None, role: str) -> str:
    account = _one(_one(details, "RltdPties"), role + "Acct")
    return _text(account, "Id", "IBAN") or _text(account, "Id", "Othr", "Id")


def _references(details: Element | None) -> Iterator[str]:
    """What the payer's side calls it: the structured reference of the creditor, else the end-to-end id."""
    strd = _one(_one(details, "RmtInf"), "Strd")
    for text in (
        _text(strd, "CdtrRefInf", "Ref"),
        _text(strd, "RfrdDocInf", "Nb"),
        _text(details, "Refs", "EndToEndId"),
    ):
        if not _nothing(text):
            yield text
            return


def _words(entry: Element, details: list[Element], role: str) -> Iterator[str]:
    said: dict[str, None] = {}
    for one in details[:_TEXTS]:
        for part in _all(_one(one, "RmtInf"), "Ustrd"):
            said.setdefault((part.text or "").strip())
        if len(details) > 1:
            said.setdefault(_party(one, role))
            for text in _references(one):
                said.setdefault(text)
        said.setdefault(_text(one, "AddtlTxInf"))
    if not any(said):
        said.setdefault(_text(entry, "AddtlNtryInf"))
    return (text for text in said if not _nothing(text))


def _nothing(text: str) -> bool:
    return text.strip().upper() in _NO_REFERENCE


def _amount(path: Path, where: str, data: Element) -> tuple[Decimal, str]:
    element = _one(data, "Amt")
    text = (element.text or "").strip() if element is not None else ""
    try:
        amount = parse_amount(text.lstrip("+"))
    except ValueError:
        raise wrong(path, f"{where}, Amt", f"{text[:30]!r} is not an amount") from None
    if amount < 0:
        raise wrong(path, f"{where}, Amt", f"{text[:30]!r} is negative: the sign belongs into CdtDbtInd")
    return amount, (element.get("Ccy") or "").upper() if element is not None else ""


def _moment(data: Element | None, name: str) -> dt.date | None:
    """The calendar day as the bank writes it, in its own zone."""
    text = _text(data, name)[:10]
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _all(data: Element | None, name: str) -> list[Element]:
    return [] if data is None else [child for child in data if child.tag == name]


def _one(data: Element | None, name: str) -> Element | None:
    return next((child for child in data if child.tag == name), None) if data is not None else None


def _text(data: Element | None, *names: str) -> str:
    for name in names:
        data = _one(data, name)
    return (data.text or "").strip() if data is not None else ""
