"""The identity of a bank line.

A line is known by its bank's own id (FITID) and by a hash of account, date, direction, amount, text and occurrence
number. Both are kept as fingerprints, so that the OFX and the CSV of one line are one line, overlapping files name the
same lines alike, and two real identical payments on one statement stay two.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finchat.books.documents import BankLine, Direction
from finchat.books.matching.text import words
from finchat.books.money import amount_text
from finchat.canonical import sha256_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLine:
    """The fields of a line as its source gives them. `amount` is positive, in `currency`; `balance` is the account's
    after the line, where the source prints it: signed, positive when the bank owes the customer."""

    source: Literal["ledger", "feed", "statement"]
    source_id: str
    date: dt.date
    direction: Direction
    amount: Decimal
    currency: str
    payee: str = ""
    narration: str = ""
    reference: str = ""
    counterparty_account: str = ""
    fitid: str = ""
    balance: Decimal | None = None


def identify(lines: Iterable[RawLine], account_id: str, *, taken: Collection[str] = ()) -> tuple[BankLine, ...]:
    """Lines of one statement with their ids, in their order; a FITID that repeats gets an occurrence number too.

    `taken`: fingerprints of lines known before, which none of these is: occurrence numbers pass them by.
    Raises ValueError when an amount is not positive.
    """
    seen: Counter[str] = Counter()
    bank_ids: Counter[str] = Counter()
    found: list[BankLine] = []
    for line in lines:
        if line.amount <= 0:
            raise ValueError(f"line {line.source_id}: amount {line.amount} is not positive")
        facts = _facts(line, account_id)
        # Copies of one event share the FITID: they are one occurrence of the text, told apart by the FITID's own count.
        content = sha256_of(facts)
        again = bool(line.fitid) and bank_ids[line.fitid] > 0
        if not again:
            seen[content] += 1
            while taken and _by_hash(facts, seen[content]) in taken:
                seen[content] += 1
        by_hash = _by_hash(facts, seen[content] or 1)
        prints = [by_hash]
        identity = by_hash
        if line.fitid:
            bank_ids[line.fitid] += 1
            by_bank = f"fitid:{account_id}:{line.fitid}"
            if by_bank not in taken:
                prints.insert(0, by_bank)
            while (identity := _numbered(by_bank, bank_ids[line.fitid])) in taken:
                bank_ids[line.fitid] += 1
        found.append(
            BankLine(
                id=identity,
                source=line.source,
                source_id=line.source_id,
                account_id=account_id,
                date=line.date,
                direction=line.direction,
                amount=line.amount,
                currency=line.currency,
                payee=line.payee,
                narration=line.narration,
                reference=line.reference,
                counterparty_account=line.counterparty_account,
                fitid=line.fitid,
                fingerprints=tuple(prints),
            )
        )
    return tuple(found)


def content_of(line: RawLine, account_id: str, occurrence: int) -> str:
    """The fingerprint of a line's content as the n-th of its kind."""
    return _by_hash(_facts(line, account_id), occurrence)


def _by_hash(facts: list[str], occurrence: int) -> str:
    return "hash:" + sha256_of([*facts, occurrence])[:32]


def _numbered(by_bank: str, n: int) -> str:
    return by_bank if n == 1 else f"{by_bank}#{n}"


def _facts(line: RawLine, account_id: str) -> list[str]:
    text = " ".join((*words(line.payee), *words(line.narration), *words(line.reference)))
    return [
        account_id,
        line.date.isoformat(),
        line.direction,
        amount_text(line.amount, line.currency),
        line.currency,
        text,
    ]
