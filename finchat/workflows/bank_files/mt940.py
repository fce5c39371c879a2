"""SWIFT MT940, read by the library of that name. What it would pass over in silence is refused here.

A line is dated by its entry date, which is the booking; the value date only where there is none.
"""

from __future__ import annotations

import datetime as dt
import io
import logging
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from finchat.books.lines import RawLine
from finchat.workflows.bank_files.errors import wrong
from finchat.workflows.bank_files.statement import FileStatement, Problem
from finchat.workflows.bank_files.text import clean

_TAG_LINE = re.compile(r"^:(\d{2}[A-Z]?|NS):", re.MULTILINE)
_HEAD = re.compile(r"^:20:", re.MULTILINE)
_TRAILER = re.compile(r"^(?:-\}?.*|\{\d:.*|-)$", re.MULTILINE)
_ENTRY = re.compile(r"^:61:", re.MULTILINE)
_AFTER_CLOSING = re.compile(r"^:62[FM]:", re.MULTILINE)
_CODED = re.compile(r"/([A-Z]{2,5})/")
_FIELDS = re.compile(r"(?:^\d{3})?[?>](\d{2})")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_NOTHING = frozenset({"", "NONREF", "NOREF", "NOTPROVIDED"})
_WIDTH = 65  # a line of :86: that is full was cut there, in the middle of a word


def is_mt940(text: str) -> bool:
    tags = {match[1][:2] for match in _TAG_LINE.finditer(text[:16384])}
    return {"20", "25"} <= tags and bool(tags & {"60", "61", "62"})


def read_mt940(path: Path, sha256: str, text: str) -> tuple[FileStatement, ...]:
    """The statements of a file; pages of one statement are one. Raises UsageError naming the statement."""
    text = _TRAILER.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    starts = [match.start() for match in _HEAD.finditer(text)]
    blocks = [text[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
    found: list[FileStatement] = []
    line = text.count("\n", 0, starts[0]) + 1 if starts else 1
    for n, block in enumerate(blocks, 1):
        page = _page(path, sha256, block, f"statement {n} (line {line})", f"{path.name}:{n}")
        line += block.count("\n")
        if page is not None:
            found.append(page)
    if not found:
        raise wrong(path, "", "is MT940 without a statement in it")
    return tuple(found)


def _page(path: Path, sha256: str, block: str, where: str, name: str) -> FileStatement | None:
    import mt940

    quiet = logging.getLogger("mt940")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False  # it logs what it cannot read, and that is a stranger's text
    try:
        parsed = mt940.parse(io.StringIO(_own_part(block)), options=mt940.Options.all())
    except Exception as error:  # a parser's errors over hostile input are of every kind
        raise wrong(path, where, f"cannot be read as MT940: {_reason(error)}") from None
    entries = [t for t in parsed if "amount" in t.data]
    if len(entries) != len(_ENTRY.findall(block)):
        raise wrong(path, where, "has a :61: line without a transaction type, which would be lost")
    data: Mapping[str, Any] = parsed.data
    opening = data.get("final_opening_balance") or data.get("intermediate_opening_balance")
    closing = data.get("final_closing_balance") or data.get("intermediate_closing_balance")
    if not entries and opening is None and closing is None:
        return None
    cut = opening is not None and closing is None and _AFTER_CLOSING.search(block) is None
    currency = next((str(b.amount.currency) for b in (opening, closing) if b is not None), "").upper()
    lines = tuple(
        line for m, t in enumerate(entries, 1) if (line := _line(path, where, f"{name}.{m}", t.data, currency))
    )
    days = [line.date for line in lines]
    number = clean(str(data.get("account_identification") or ""))
    return FileStatement(
        path=path,
        sha256=sha256,
        format="mt940",
        numbers=tuple(dict.fromkeys(n for n in (number, number.split("/")[-1], number[:-3].strip()) if n)),
        currency=currency,
        first=min(days, default=_day(opening)),
        last=max([*days, *([d] if (d := _day(closing)) else [])], default=None),
        opening=None if opening is None else _plain(path, where, opening.amount.amount),
        closing=None if closing is None else _plain(path, where, closing.amount.amount),
        lines=lines,
        problems=(_cut_short(path, where, len(lines)),) if cut else (),
    )


def _cut_short(path: Path, where: str, count: int) -> Problem:
    return Problem(
        code="statement_cut_short",
        text=f"{where} of {path.name} has an opening balance and no closing one (:62F:): it ends after {count} lines "
        "as if it were cut short",
        next="export the statement again: lines may be missing, and the last one may not be whole",
        grave=True,
    )


def _own_part(block: str) -> str:
    """Without the information on the statement as a whole: the library would add it to the last line's text."""
    end = _AFTER_CLOSING.search(block)
    return block if end is None else block[: end.start()] + re.sub(
        r"^:86:[\s\S]*?(?=^:\d{2}|\Z)", "", block[end.start() :], flags=re.MULTILINE
    )  # fmt: skip


def _line(path: Path, where: str, name: str, data: Mapping[str, Any], currency: str) -> RawLine | None:
    amount = _plain(path, where, data["amount"].amount)
    if amount == 0:
        return None
    day = data.get("entry_date") or data.get("date")
    if not isinstance(day, dt.date):
        raise wrong(path, where, "has a :61: line without a date")
    bank_reference = clean(str(data.get("bank_reference") or ""))
    reference = clean(str(data.get("customer_reference") or ""))
    payee, narration, account, end_to_end = _texts(data)
    named = end_to_end if end_to_end.upper() not in _NOTHING else reference
    return RawLine(
        source="statement",
        source_id=name,
        date=dt.date(day.year, day.month, day.day),
        direction="receive" if amount > 0 else "spend",
        amount=abs(amount),
        currency=currency,
        payee=clean(payee),
        narration=clean(narration or str(data.get("extra_details") or "")),
        reference="" if named.upper() in _NOTHING else clean(named),
        counterparty_account=clean(account),
        fitid="" if bank_reference.upper() in _NOTHING else bank_reference,
    )


def _texts(data: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Payee, narration, counterparty account and end-to-end reference of the information to the account owner."""
    free = data.get("transaction_details")
    if free is None:  # the library has taken the numbered fields apart
        purpose = str(data.get("purpose") or "")
        account = str(data.get("applicant_iban") or data.get("gvc_applicant_iban") or "")
        words = (data.get("posting_text"), purpose, data.get("additional_purpose"))
        payee = str(data.get("applicant_name") or "")
        return payee, " ".join(str(w) for w in words if w), account, str(data.get("end_to_end_reference") or "")
    text = _unwrapped(str(free))
    coded = _coded(text)
    if coded:
        payee = coded.get("NAME", "") or coded.get("BENM", "") or coded.get("ORDP", "")
        account = coded.get("IBAN", "") or next(iter(_IBAN.findall(coded.get("CNTP", ""))), "")
        if not payee and "CNTP" in coded:
            payee = " ".join(p for p in coded["CNTP"].split("/") if p and not _IBAN.fullmatch(p))
        return payee, coded.get("REMI", "") or coded.get("SVWZ", "") or text, account, coded.get("EREF", "")
    return "", _FIELDS.sub(" ", text), next(iter(_IBAN.findall(text)), ""), ""


def _coded(text: str) -> dict[str, str]:
    """`/NAME/A Company/REMI/INV-1` in its parts; empty when the text is not written so."""
    marks = list(_CODED.finditer(text))
    if not marks or marks[0].start() > 4:
        return {}
    ends = [m.start() for m in marks[1:]] + [len(text)]
    return {m[1]: text[m.end() : end].strip(" /") for m, end in zip(marks, ends, strict=True)}


def _unwrapped(text: str) -> str:
    """The lines of one field as one: a full line goes on without a space."""
    out, full = "", True
    for line in text.splitlines():
        out += line if full else " " + line
        full = len(line) >= _WIDTH
    return out


def _plain(path: Path, where: str, value: object) -> Decimal:
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value) >= 10**15:
        raise wrong(path, where, "has an amount that is none")
    return value


def _day(balance: Any) -> dt.date | None:
    day = None if balance is None else balance.date
    return dt.date(day.year, day.month, day.day) if isinstance(day, dt.date) else None


def _reason(error: Exception) -> str:
    """Which field the library stumbled over, never its own words."""
    tag = next((getattr(part, "id", None) for part in error.args if hasattr(part, "id")), None)
    return f"its :{tag}: is not as the standard has it" if tag is not None else "an amount or a date is none"
