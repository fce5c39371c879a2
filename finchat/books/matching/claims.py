"""Claim what the ledger already holds, before any document is considered.

An entry of the statement's account claims one line only: exact in amount and direction, near in date, and not
contradicted by what the line says. A payment that already consumed a line (`matched_line`) claims nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Literal

from finchat.books.documents import BankLine, BankTransaction, Direction, Transfer
from finchat.books.matching.facts import HINTED, NAMED, Facts, contact_name, supporters
from finchat.books.matching.names import Named
from finchat.books.matching.text import runs, words
from finchat.books.money import to_minor

# The ledger's date of an entry against the bank's: bookkeepers enter late more often than early.
EARLIEST, LATEST = -4, 6
# Of an entry whose document the line names, the date may be further away.
FAR = 10
# A cheque that the line shows by its number may have been written weeks before it was paid.
WRITTEN_BEFORE = 60


@dataclass(frozen=True, slots=True)
class Claim:
    kind: Literal["own_write", "payment", "batch_payment", "bank_transaction", "transfer"]
    ledger_ids: tuple[str, ...]
    text: str
    transaction: BankTransaction | None = None
    doubt: str = ""  # why a person should look: the line names somebody, and not the entry's contact


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: Literal["payment", "batch_payment", "bank_transaction", "transfer"]
    id: str
    ids: tuple[str, ...]
    date: dt.date
    account_id: str
    direction: Direction
    minor: int
    contact_ids: frozenset[str]
    document_ids: frozenset[str]
    reference: str
    transaction: BankTransaction | None = None
    also: tuple[str, ...] = ()  # the bank transaction that is the same side of the same transfer

    @property
    def keys(self) -> tuple[str, ...]:
        """What a claim uses up: a transfer reaches two statements, once each, and may be listed as the bank
        transaction of each side too."""
        return (f"{self.id}:{self.direction}", *self.also) if self.kind == "transfer" else self.ids


def claim(facts: Facts, lines: Iterable[BankLine]) -> dict[str, Claim]:
    """Line id → what in the ledger already holds its money."""
    lines = list(lines)
    claimed: dict[str, Claim] = {}
    used: set[str] = set()
    books = facts.books
    for line in lines:
        own = [books.consumed[f] for f in (line.id, *line.fingerprints) if f in books.consumed]
        if own:
            claimed[line.id] = Claim("own_write", tuple(dict.fromkeys(own)), "finchat recorded this line earlier")
            used.update(own)
    transactions = {t.id: t for t in books.bank_transactions}
    for line in lines:
        if line.source == "ledger" and line.id not in claimed and line.source_id in transactions:
            held = transactions[line.source_id]
            claimed[line.id] = Claim("bank_transaction", (held.id,), "the ledger's own receipt", held)
            used.add(held.id)
    _from_entries(facts, lines, claimed, used, least=2)
    _from_single_payments(facts, lines, claimed, used)
    facts.learn(lessons(facts, lines, claimed))
    _from_entries(facts, lines, claimed, used, least=1)
    _from_runs(facts, lines, claimed, used)
    return claimed


def lessons(facts: Facts, lines: Iterable[BankLine], claims: dict[str, Claim]) -> list[tuple[str, BankLine]]:
    """What claimed lines teach about names: contact and line, where payments of that one contact hold the line."""
    contact_of = {p.id: p.contact_id for p in facts.books.payments}
    contact_of |= {p.batch_id: p.contact_id for p in facts.books.payments if p.batch_id in _whole(facts)}
    found: list[tuple[str, BankLine]] = []
    for line in lines:
        held = claims.get(line.id)
        if held is not None and held.kind == "payment":
            contacts = {contact_of.get(i, "") for i in held.ledger_ids}
            if len(contacts) == 1 and "" not in contacts:
                found.append((next(iter(contacts)), line))
    return found


def _from_entries(
    facts: Facts, lines: list[BankLine], claimed: dict[str, Claim], used: set[str], *, least: int
) -> None:
    """Claims of entries that fit by at least `least`: those the text supports come before those it is silent on."""
    by_amount: dict[tuple[str, Direction, int], list[_Entry]] = defaultdict(list)
    for entry in _entries(facts):
        by_amount[entry.account_id, entry.direction, entry.minor].append(entry)
    pairs: list[tuple[int, int, dt.date, str, dt.date, str, _Entry, BankLine]] = []
    for line in lines:
        if line.id in claimed:
            continue
        minor = to_minor(line.amount, line.currency)
        for entry in by_amount.get((line.account_id, line.direction, minor), ()):
            distance = (entry.date - line.date).days
            fit = _fit(facts, line, entry)
            if fit is None or fit < least:
                continue
            inside = EARLIEST <= distance <= LATEST or (fit >= 5 and abs(distance) <= FAR)
            inside = inside or (fit == _NUMBERED and -WRITTEN_BEFORE <= distance <= LATEST)
            if inside:
                pairs.append((-fit, abs(distance), line.date, line.id, entry.date, entry.id, entry, line))
    for *_, entry, line in sorted(pairs, key=lambda p: p[:6]):
        if line.id in claimed or used.intersection(entry.keys):
            continue
        doubt = _doubt(facts, line, entry) if least == 1 else ""
        claimed[line.id] = Claim(entry.kind, entry.ids, _text(entry), entry.transaction, doubt)
        used.update(entry.keys)


def _from_single_payments(facts: Facts, lines: list[BankLine], claimed: dict[str, Claim], used: set[str]) -> None:
    """One line of the statement for all that was recorded of one contact on one day."""
    days: dict[tuple[str, Direction, str, dt.date], list[_Entry]] = defaultdict(list)
    for entry in _entries(facts):
        if entry.kind == "payment" and entry.id not in used and len(entry.contact_ids) == 1:
            days[entry.account_id, entry.direction, next(iter(entry.contact_ids)), entry.date].append(entry)
    sums: dict[tuple[str, Direction, int], list[tuple[str, dt.date, list[_Entry]]]] = defaultdict(list)
    for (account_id, direction, contact_id, day), entries in sorted(days.items()):
        if len(entries) > 1:
            sums[account_id, direction, sum(e.minor for e in entries)].append((contact_id, day, entries))
    for line in lines:
        if line.id in claimed:
            continue
        named = supporters(facts.named(line), NAMED)
        for contact_id, day, entries in sums.get(
            (line.account_id, line.direction, to_minor(line.amount, line.currency)), ()
        ):
            near = EARLIEST <= (day - line.date).days <= LATEST
            if near and contact_id in named and not used.intersection(e.id for e in entries):
                ids = tuple(e.id for e in entries)
                claimed[line.id] = Claim("payment", ids, f"{len(ids)} payments of {day} in the ledger sum to this line")
                used.update(ids)
                break


def _from_runs(facts: Facts, lines: list[BankLine], claimed: dict[str, Claim], used: set[str]) -> None:
    """One line of the statement for several payments of a day that no line shows by themselves: a run of payments that
    the ledger keeps no batch of. Only to the cent, only when no other selection of them sums to the line, and never for
    a line that names an open document of its amount."""
    days: dict[tuple[str, Direction, dt.date], list[_Entry]] = defaultdict(list)
    for entry in _entries(facts):
        if entry.kind == "payment" and used.isdisjoint(entry.keys):
            days[entry.account_id, entry.direction, entry.date].append(entry)
    for line in sorted(lines, key=lambda x: (x.date, x.id)):
        minor = to_minor(line.amount, line.currency)
        if line.id in claimed or _names_open_document(facts, line, minor):
            continue
        for (account_id, direction, day), entries in sorted(days.items()):
            if (account_id, direction) != (line.account_id, line.direction):
                continue
            if not EARLIEST <= (day - line.date).days <= LATEST:
                continue
            found = _summing([e for e in entries if e.id not in used], minor)
            if found:
                ids = tuple(e.id for e in found)
                text = f"{len(ids)} payments of {day} in the ledger sum to this line"
                claimed[line.id] = Claim("batch_payment", ids, text)
                used.update(ids)
                break


def _summing(entries: list[_Entry], minor: int) -> tuple[_Entry, ...]:
    """The only two or more entries that come to an amount: all of them, or one selection of a few."""
    if len(entries) > 1 and sum(e.minor for e in entries) == minor:
        return tuple(entries)
    sizes = range(2, len(entries)) if len(entries) <= _MOST_OF_A_RUN else ()
    found = [c for size in sizes for c in combinations(entries, size) if sum(e.minor for e in c) == minor]
    return found[0] if len(found) == 1 else ()


# With more there are so many selections that one of them may come to any amount by chance.
_MOST_OF_A_RUN = 8


def _entries(facts: Facts) -> list[_Entry]:
    books = facts.books
    found: list[_Entry] = []
    payments = {p.id: p for p in books.payments}

    def currency(account_id: str) -> str:
        account = facts.accounts.get(account_id)
        return account.currency if account and account.currency else books.base_currency

    whole = _whole(facts)
    for p in books.payments:
        if not p.matched_line and p.batch_id not in whole:
            found.append(
                _Entry(
                    "payment", p.id, (p.id,), p.date, p.account_id, p.direction,
                    to_minor(p.bank_amount, currency(p.account_id)),
                    frozenset({p.contact_id} - {""}), frozenset({p.document_id} - {""}), p.reference,
                )
            )  # fmt: skip
    for b in books.batches:
        parts = [payments[i] for i in b.payment_ids if i in payments]
        if any(p.matched_line for p in parts):
            continue
        ids = (b.id,) if b.whole else (b.id, *b.payment_ids)
        found.append(
            _Entry(
                "payment" if b.whole else "batch_payment", b.id, ids, b.date, b.account_id, b.direction,
                to_minor(b.amount, currency(b.account_id)), frozenset(p.contact_id for p in parts) - {""},
                frozenset(p.document_id for p in parts) - {""}, parts[0].reference if b.whole and parts else "",
            )
        )  # fmt: skip
    sides = _sides(facts)
    same = {t.id for _, _, t in sides if t is not None}
    for t in books.bank_transactions:
        if t.id in same:
            continue
        found.append(
            _Entry(
                "bank_transaction", t.id, (t.id,), t.date, t.account_id, t.direction,
                    to_minor(t.amount, currency(t.account_id)),
                frozenset({t.contact_id} - {""}), frozenset(), t.reference, t,
            )
        )  # fmt: skip
    for transfer, (account_id, direction), listed in sides:
        found.append(
            _Entry(
                "transfer", transfer.id, (transfer.id,), transfer.date, account_id, direction,
                to_minor(transfer.amount, transfer.currency), frozenset(), frozenset(), transfer.reference,
                also=(listed.id,) if listed else (),
            )
        )  # fmt: skip
    return sorted(found, key=lambda e: (e.date, e.id, e.direction))


def _whole(facts: Facts) -> frozenset[str]:
    """The batches that are one payment of several documents."""
    return frozenset(b.id for b in facts.books.batches if b.whole)


_Side = tuple[str, Direction]


def _sides(facts: Facts) -> list[tuple[Transfer, _Side, BankTransaction | None]]:
    """Both sides of every transfer, with the bank transaction that lists the same side again, each once. A side in
    another currency than the transfer's amount is left to that bank transaction, which knows its amount."""
    listed: dict[tuple[str, Direction, Decimal, dt.date], list[BankTransaction]] = defaultdict(list)
    for t in sorted(facts.books.bank_transactions, key=lambda t: t.id, reverse=True):
        if t.kind == "transfer":
            listed[t.account_id, t.direction, t.amount, t.date].append(t)
    found: list[tuple[Transfer, _Side, BankTransaction | None]] = []
    for transfer in sorted(facts.books.transfers, key=lambda x: x.id):
        ends: tuple[_Side, _Side] = ((transfer.from_account, "spend"), (transfer.to_account, "receive"))
        for account_id, direction in ends:
            account = facts.accounts.get(account_id)
            if account is not None and account.currency and account.currency != transfer.currency:
                continue
            alike = listed[account_id, direction, transfer.amount, transfer.date]
            found.append((transfer, (account_id, direction), alike.pop() if alike else None))
    return found


def _fit(facts: Facts, line: BankLine, entry: _Entry) -> int | None:
    """How well the line's text agrees with the entry: 6 bears its number, 5 names its document, 1 says nothing; None
    contradicts it."""
    minor = to_minor(line.amount, line.currency)
    if entry.kind == "payment" and entry.direction == "spend" and _bears(line, entry.reference):
        return _NUMBERED
    if entry.document_ids & {m.document_id for m in facts.mentions(line)}:
        return 5
    if entry.document_ids and _names_another(facts, line, entry, minor):
        return None
    if entry.contact_ids:
        return _fit_of_name(facts, line, entry)
    return None if entry.kind == "transfer" and _names_open_document(facts, line, minor) else 1


_NUMBERED = 6


def _bears(line: BankLine, reference: str) -> bool:
    """Whether the line bears the number of a cheque that was written: the only number of its reference, by itself."""
    numbers = [run for word in words(reference) for run in runs(word) if run[0].isdigit()]
    if len(numbers) != 1 or len(numbers[0].lstrip("0")) < 3 or len(words(reference)) > 2:
        return False
    said = (word.lstrip("0") for text in (line.payee, line.narration, line.reference) for word in words(text))
    return numbers[0].lstrip("0") in said


def _names_another(facts: Facts, line: BankLine, entry: _Entry, minor: int) -> bool:
    """The line names an open document that the entry is not for."""
    for m in facts.mentions(line):
        document = facts.open.get(m.document_id)
        if document is None or document.direction != line.direction:
            continue
        if to_minor(document.amount_due, document.currency) == minor:
            return True
        if m.strength >= 2 and document.contact_id not in entry.contact_ids:
            return True
    return False


def _fit_of_name(facts: Facts, line: BankLine, entry: _Entry) -> int | None:
    named = facts.named(line)
    best = supporters(named, NAMED)
    batch = entry.kind == "batch_payment"
    if entry.contact_ids & set(best):
        return 4 if batch else 3
    close = max((named[c].coverage for c in entry.contact_ids if c in named), default=0.0)
    if close >= HINTED:
        rival = max((n.coverage for c, n in named.items() if c not in entry.contact_ids), default=0.0)
        return 2 if close >= rival - 0.15 else None
    if best:
        return None
    return 4 if batch else 1  # a sum of several payments is seldom met by chance


def _doubt(facts: Facts, line: BankLine, entry: _Entry) -> str:
    """The text holds words that nothing explains, where the payment's contact should be: a trading name, or a stranger
    who paid as much."""
    if entry.kind != "payment" or _fit(facts, line, entry) != 1:
        return ""
    said = facts.unexplained(line, Named(0.0, 0.0))
    who = ", ".join(sorted(contact_name(facts, c) for c in entry.contact_ids))
    return f"the line says “{' '.join(said)}”, the payment is of {who}" if said and who else ""


def _names_open_document(facts: Facts, line: BankLine, minor: int) -> bool:
    if any(m.strength == 3 and m.document_id in facts.open for m in facts.mentions(line)):
        return True
    named = supporters(facts.named(line), NAMED)
    return any(
        to_minor(d.amount_due, d.currency) == minor and d.direction == line.direction
        for c in named
        for d in facts.open_of.get(c, ())
    )


def _text(entry: _Entry) -> str:
    what = {
        "payment": "a payment", "batch_payment": "a batch payment",
        "bank_transaction": "a bank transaction", "transfer": "a transfer",
    }[entry.kind]  # fmt: skip
    return f"the ledger holds {what} of the same amount dated {entry.date}"
