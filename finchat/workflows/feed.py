"""The bank's own feed: a neutral file outside the API, as neither vendor's API has statement lines.

The file is `{"account_code" | "account_id", "currency", "lines": [...]}` or the plain list of lines. A line is
`{id, date, type: RECEIVE|SPEND, amount, currency, payee, narration, reference, counterparty_account, fitid}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from finchat.books.documents import Account, BankLine, Direction
from finchat.books.lines import RawLine, identify
from finchat.books.money import parse_amount, round_to_minor
from finchat.errors import UsageError, plain
from finchat.text.bounded import read_bounded

_DIRECTIONS: Mapping[str, Direction] = {"RECEIVE": "receive", "SPEND": "spend"}
_LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed file as read: which account it is of ("" when it does not say), and its lines in the file's order."""

    path: Path
    account_code: str
    account_id: str
    lines: tuple[RawLine, ...]


def read(path: Path) -> Feed:
    """The feed of a file. Raises UsageError that names the file and the field that is wrong."""
    data = read_json(path, "bank_feed")
    head: Mapping[str, Any] = {}
    if isinstance(data, dict):
        head, where = data, "lines"
        data = data.get("lines")
    else:
        where = ""
    if not isinstance(data, list):
        raise _wrong(path, where or "the file", "is not a list of bank lines")
    currency = _text(path, head, "currency", "currency", "")
    return Feed(
        path=path,
        account_code=_text(path, head, "account_code", "account_code", ""),
        account_id=_text(path, head, "account_id", "account_id", ""),
        lines=tuple(_line(path, item, f"{where}[{n}]", currency) for n, item in enumerate(data)),
    )


def bank_lines(feed: Feed, accounts: Mapping[str, Account], only: str | None = None) -> tuple[BankLine, ...]:
    """The feed's lines with their stable ids. `only` is the account a person named (`--account`: code, id or name).

    Raises UsageError when the account the feed is of is unknown, or `only` names none.
    """
    bank = [a for a in accounts.values() if a.kind == "bank"]
    chosen = None if only is None else _named(bank, only, "--account")
    if feed.account_id or feed.account_code:
        owner = _named(bank, feed.account_id or feed.account_code, f"account of {feed.path}")
    elif chosen is not None:
        owner = chosen
    elif len(bank) == 1:
        owner = bank[0]
    else:
        raise UsageError(
            f"{feed.path} does not say which bank account it is of",
            field="account_code",
            next=f"add --account {'|'.join(a.code or a.name for a in bank)}",
        )
    if chosen is not None and chosen.id != owner.id:
        return ()
    for n, line in enumerate(feed.lines):
        if line.currency and line.currency != owner.currency:
            where = f"line {n + 1} ({line.source_id}), currency"
            raise _wrong(feed.path, where, f"is {line.currency}; account {owner.code} is in {owner.currency}")
        if line.amount != round_to_minor(line.amount, owner.currency):
            where = f"line {n + 1} ({line.source_id}), amount"
            raise _wrong(feed.path, where, f"is {line.amount}, finer than {owner.currency} is counted")
    return identify([replace(line, currency=owner.currency) for line in feed.lines], owner.id)


def read_json(path: Path, field: str) -> Any:
    """JSON of a file, numbers exact. Raises UsageError naming the file."""
    try:
        return json.loads(read_bounded(path, _LARGEST).decode("utf-8"), parse_float=Decimal)
    except (OSError, ValueError, RecursionError) as error:
        why = plain(error)
        raise UsageError(f"cannot read {path}: {why}", field=field, next="correct the file or its path") from error


def _named(bank: Sequence[Account], name: str, field: str) -> Account:
    for account in bank:
        if name in (account.id, account.code, account.name):
            return account
    raise UsageError(
        f"there is no bank account {name!r}",
        field=field,
        next=f"bank accounts are: {', '.join(f'{a.code} {a.name}' for a in bank) or 'none'}",
    )


def _line(path: Path, item: Any, where: str, currency: str) -> RawLine:
    if not isinstance(item, dict):
        raise _wrong(path, where, "is not a bank line")
    type_ = _text(path, item, "type", f"{where}.type")
    if type_ not in _DIRECTIONS:
        raise _wrong(path, f"{where}.type", f"is {type_!r}, not RECEIVE or SPEND")
    return RawLine(
        source="feed",
        source_id=_text(path, item, "id", f"{where}.id", ""),
        date=_date(path, item, where),
        direction=_DIRECTIONS[type_],
        amount=_amount(path, item, where),
        currency=_text(path, item, "currency", f"{where}.currency", currency),
        payee=_text(path, item, "payee", f"{where}.payee", ""),
        narration=_text(path, item, "narration", f"{where}.narration", ""),
        reference=_text(path, item, "reference", f"{where}.reference", ""),
        counterparty_account=_text(path, item, "counterparty_account", f"{where}.counterparty_account", ""),
        fitid=_text(path, item, "fitid", f"{where}.fitid", ""),
    )


def _text(path: Path, item: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = item.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise _wrong(path, where, "is missing" if value is None else f"is {value!r}, not text")
    return value


def _date(path: Path, item: Mapping[str, Any], where: str) -> date:
    text = _text(path, item, "date", f"{where}.date")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong(path, f"{where}.date", f"is {text!r}, not a date like 2026-11-20") from None


def _amount(path: Path, item: Mapping[str, Any], where: str) -> Decimal:
    value = item.get("amount")
    try:
        amount = parse_amount(value) if isinstance(value, str) else Decimal(value) if type(value) is int else value
    except ValueError:
        amount = None
    if not isinstance(amount, Decimal) or not amount.is_finite() or amount <= 0:
        raise _wrong(path, f"{where}.amount", f"is {value!r}, not an amount above zero like 1234.50")
    return amount


def _wrong(path: Path, field: str, why: str) -> UsageError:
    return UsageError(f"{path}: {field} {why}", field=field, next="correct the feed file and run again")
