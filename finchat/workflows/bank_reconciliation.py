"""The bank reconciliation statement of a run: what the ledger says now, beside the statements read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from finchat.books.documents import BankLine, Books
from finchat.books.matching import match
from finchat.books.money import amount_text, spoken
from finchat.books.statement import BankReconciliation, Explanation, Movement, Outstanding, movements, reconcile
from finchat.providers.provider import Provider
from finchat.safety.journal import WriteRecord
from finchat.workflows.bank_files import checks
from finchat.workflows.bank_files.imported import Imported
from finchat.workflows.bank_files.statement import FileStatement, Statement
from finchat.workflows.reconcile import Reconciliation

_READ_BEFORE = dt.timedelta(days=45)  # how far before its window a read of the books reaches
_NEAR = dt.timedelta(days=5)  # between a line and the entry of its amount that somebody else booked


class Records(Protocol):
    """The journal, as far as this needs it."""

    def consumed(self, org_id: str) -> Mapping[str, str]:
        """Line fingerprint → ledger id of finchat's own writes."""

    def used_by(self, org_id: str) -> Mapping[str, Sequence[WriteRecord]]:
        """Line fingerprint → every write it was used for."""


async def bank_reconciliations(
    provider: Provider,
    found: Reconciliation,
    *,
    memory: Imported,
    records: Records,
    as_of: dt.date,
    written: bool,
) -> tuple[BankReconciliation, ...]:
    """One for each statement of the run, as of its last day. `written`: the run changed the ledger, which is then read
    again; so it is where an account's statements began long before this one. Raises what a read raises."""
    result: list[BankReconciliation] = []
    for statement in found.statements:
        since = min((f.begins or f.first for f in memory.files(statement.account_id)), default=statement.first)
        since = min(since, statement.first)
        known = memory.lines(statement.account_id, since, statement.last)
        lines = {k.line.id: k.line for k in known} | {x.id: x for x in statement.lines}
        books = found.books
        if written or _out_of_sight(found, statement, since, lines, memory.ledger_ids(statement.account_id)):
            seen = {x.id for x in books.lines}
            books = await provider.read_books(
                min(since, found.window.first),
                max(statement.last, found.window.last),
                (*books.lines, *(x for id, x in lines.items() if id not in seen)),
                as_of,
                records.consumed(found.organisation.id),
            )
        ordered = sorted(lines.values(), key=lambda x: (x.date, x.source_id, x.id))
        result.append(
            await _one(provider, found, statement, books, since=since, lines=ordered, memory=memory, records=records)
        )
    return tuple(result)


def _out_of_sight(
    found: Reconciliation,
    statement: Statement,
    since: dt.date,
    lines: Mapping[str, BankLine],
    remembered: Mapping[str, Sequence[str]],
) -> bool:
    """Whether the books, as they were read for the plan, lack entries or lines that the statement is about."""
    seen = {x.id for x in found.books.lines}
    return (
        since < found.window.first - _READ_BEFORE
        or statement.last > found.window.last
        or any(id not in seen and id not in remembered for id in lines)
    )


async def _one(
    provider: Provider,
    found: Reconciliation,
    statement: Statement,
    books: Books,
    *,
    since: dt.date,
    lines: Sequence[BankLine],
    memory: Imported,
    records: Records,
) -> BankReconciliation:
    account = next(a for a in books.accounts if a.id == statement.account_id)
    remembered = memory.ledger_ids(account.id)
    before = [remembered] if books is found.books else [_held(found.books), remembered]
    claims = _claims(books, account.id, lines, records.used_by(found.organisation.id), before)
    balances = await provider.balances(statement.last)
    book = next((b for b in balances.bank if b.account_id == account.id), None)
    memory.settled(account.id, {id: sorted(ids) for id, ids in claims.items()})
    return reconcile(
        account,
        since=since,
        as_of=statement.last,
        closing=statement.closing,
        lines=lines,
        claims=claims,
        entries=movements(books, account.id),
        book=book.amount if book is not None and book.currency == account.currency else None,
        reasons={a.line.id: a.reason for a in found.answers},
        faults=[f for file in statement.files for f in _faults(file, account.currency)],
    )


def _faults(file: FileStatement, currency: str) -> list[Explanation]:
    """Where the file contradicts itself, with the amount that its lines do not account for."""
    grave = [p for p in checks.of_file(file, currency) if p.grave]
    if not grave:
        return []
    off = None
    if file.opening is not None and file.closing is not None:
        moved = sum((x.amount if x.direction == "receive" else -x.amount for x in file.lines), Decimal(0))
        off = file.closing - file.opening - moved
    by = f", by {spoken(abs(off), currency)}" if off else ""
    text = f"the file itself does not add up{by}: {'; '.join(p.text for p in grave)}"
    return [Explanation(text=text, amount=off or None)]


def _claims(
    books: Books,
    account_id: str,
    lines: Sequence[BankLine],
    used: Mapping[str, Sequence[WriteRecord]],
    before: Sequence[Mapping[str, Sequence[str]]],
) -> dict[str, Collection[str]]:
    """Line id → the ledger entries that hold its money: by finchat's own writes and by what the matcher finds in the
    books as they are; else by what was found `before`, in its order: an allocation, or a payment out of a clearing
    account, moves no bank, and the receipt it settles stays the one that holds the line. Entries that are gone, or hold
    another line, claim nothing; a line older than what was read keeps what was found."""
    entries = movements(books, account_id)
    there = {id for m in entries for id in m.ids}
    oldest = min((m.date for m in entries), default=dt.date.max)
    claims: dict[str, Collection[str]] = {}
    now = _held(books)
    for line in lines:
        own = {w.ledger_id for name in (line.id, *line.fingerprints) for w in used.get(name, ()) if w.ledger_id}
        if ids := (own | set(now.get(line.id, ()))) & there:
            claims[line.id] = ids
    taken = {id for ids in claims.values() for id in ids}
    for line in lines:
        if line.id not in claims:
            for found in before:
                known = set(found.get(line.id, ()))
                if ids := known if line.date < oldest else (known & there) - taken:
                    claims[line.id] = ids
                    taken |= ids
                    break
    aside = [x for x in lines if x.id not in claims and any(used.get(name) for name in (x.id, *x.fingerprints))]
    claims.update(_beside(books, aside, [m for m in entries if taken.isdisjoint(m.ids)]))
    return claims


def _beside(books: Books, lines: Sequence[BankLine], free: Sequence[Movement]) -> dict[str, Collection[str]]:
    """Which `free` entries hold the money of lines that finchat used for something that moves no bank: what the matcher
    finds when it does not know of that use; else the entry of that amount and direction, the nearest by date. One to
    one, entries that hold another line are not among them."""
    if not lines:
        return {}
    names = {name for x in lines for name in (x.id, *x.fingerprints)}
    unused = {name: id for name, id in books.consumed.items() if name not in names}
    held = _held(replace(books, consumed=unused))
    found: dict[str, Collection[str]] = {}
    taken: set[str] = set()
    there = {id for m in free for id in m.ids}
    for line in lines:
        if ids := (set(held.get(line.id, ())) & there) - taken:
            found[line.id] = ids
            taken |= ids
    pairs = sorted(
        (abs(line.date - m.date), n, k)
        for n, line in enumerate(lines)
        for k, m in enumerate(free)
        if (m.direction, m.amount) == (line.direction, line.amount) and abs(line.date - m.date) <= _NEAR
    )
    for _, n, k in pairs:
        if lines[n].id not in found and taken.isdisjoint(free[k].ids):
            found[lines[n].id] = set(free[k].ids)
            taken.update(free[k].ids)
    return found


def _held(books: Books) -> dict[str, Sequence[str]]:
    return {v.line_id: v.ledger_ids for v in match(books) if v.ledger_ids}


def bank_reconciliation_json(one: BankReconciliation) -> dict[str, Any]:
    """`bank_reconciliation` of the reconcile document."""
    c = one.currency

    def amount(value: Decimal | None) -> str | None:
        return None if value is None else amount_text(value, c)

    def movement(m: Movement) -> dict[str, Any]:
        return {
            "ledger_id": m.ids[0],
            "kind": m.kind,
            "date": m.date.isoformat(),
            "direction": m.direction,
            "amount": amount_text(m.amount, c),
            "text": m.text,
        }

    def outstanding(o: Outstanding) -> dict[str, Any]:
        return {**movement(o.movement), "age_days": o.age_days}

    def explanation(e: Explanation) -> dict[str, Any]:
        return {"text": e.text, "amount": amount(e.amount), "entries": [movement(m) for m in e.movements]}

    return {
        "account": {"id": one.account.id, "code": one.account.code, "name": one.account.name},
        "currency": c,
        "since": one.since.isoformat(),
        "as_of": one.as_of.isoformat(),
        "statement_closing_balance": amount(one.closing),
        "outstanding_receipts": [outstanding(o) for o in one.receipts],
        "outstanding_payments": [outstanding(o) for o in one.payments],
        "adjusted_bank_balance": amount(one.adjusted),
        "book_balance": amount(one.book),
        "not_in_books": [
            {
                "line_id": u.line.id,
                "date": u.line.date.isoformat(),
                "direction": "receive" if u.signed > 0 else "spend",
                "amount": amount_text(abs(u.signed), c),
                "text": " ".join(t for t in (u.line.payee, u.line.narration, u.line.reference) if t),
                "why": u.why,
            }
            for u in one.unrecorded
        ],
        "adjusted_book_balance": amount(one.adjusted_book),
        "difference": amount(one.difference),
        "explained": one.explained,
        "explanations": [explanation(e) for e in one.explanations],
    }
