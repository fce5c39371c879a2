"""A double-entry ledger on SQLite that the database itself keeps honest.

Amounts are integer minor units (hundredths) of the base currency, debit positive and credit negative.
Every posting also carries the amount in the account's own currency, which differs for foreign bank accounts only.
Postings are written before their journal: a trigger refuses a journal whose postings do not sum to zero, a deferred
foreign key refuses at COMMIT any posting without a journal, and further triggers refuse every later change.
A correction is a reversing journal. The trial balance is therefore zero after any sequence of calls.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

SCHEMA = """
CREATE TABLE journal(
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, date TEXT NOT NULL,
  reverses INTEGER UNIQUE REFERENCES journal(id));
CREATE INDEX journal_source ON journal(source);
CREATE TABLE posting(
  journal INTEGER NOT NULL REFERENCES journal(id) DEFERRABLE INITIALLY DEFERRED,
  account TEXT NOT NULL, date TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK(typeof(amount) = 'integer'),
  account_amount INTEGER NOT NULL CHECK(typeof(account_amount) = 'integer'));
CREATE INDEX posting_journal ON posting(journal, amount);
CREATE INDEX posting_account ON posting(account, date, amount, account_amount);
CREATE TRIGGER journal_balances BEFORE INSERT ON journal
  WHEN (SELECT coalesce(sum(amount), 0) <> 0 OR count(*) < 2 FROM posting WHERE journal = NEW.id)
  BEGIN SELECT RAISE(ABORT, 'journal does not balance'); END;
CREATE TRIGGER journal_kept BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'journals are never changed'); END;
CREATE TRIGGER journal_stays BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'journals are never deleted'); END;
CREATE TRIGGER posting_sealed BEFORE INSERT ON posting WHEN EXISTS(SELECT 1 FROM journal WHERE id = NEW.journal)
  BEGIN SELECT RAISE(ABORT, 'journal is sealed'); END;
CREATE TRIGGER posting_kept BEFORE UPDATE ON posting BEGIN SELECT RAISE(ABORT, 'postings are never changed'); END;
CREATE TRIGGER posting_stays BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'postings are never deleted'); END;
"""


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a journal: `amount` in base minor units, `account_amount` in the account's own currency."""

    account: str
    amount: int
    account_amount: int | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """A balanced set of postings made by one event (`kind`) of one record (`source`)."""

    source: str
    kind: str
    date: date
    postings: Sequence[Posting]


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds: debit positive, in base minor units and in the account's own currency."""

    account: str
    amount: int
    account_amount: int


@dataclass(slots=True)
class Ledger:
    """Journals over an open connection; the caller owns the transaction."""

    db: sqlite3.Connection

    def post(self, journals: Iterable[Journal]) -> None:
        """Write journals, in bulk. Zero postings are dropped, and a journal left empty is not written.

        Raises sqlite3.IntegrityError when one does not balance.
        """
        first = self.db.execute("SELECT coalesce(max(id), 0) + 1 FROM journal").fetchone()[0]
        heads: list[tuple[int, str, str, str]] = []
        rows: list[tuple[int, str, str, int, int]] = []
        for journal in journals:
            kept = [p for p in journal.postings if p.amount or p.account_amount]
            if not kept:
                continue
            number, day = first + len(heads), journal.date.isoformat()
            heads.append((number, journal.source, journal.kind, day))
            rows.extend(
                (number, p.account, day, p.amount, p.amount if p.account_amount is None else p.account_amount)
                for p in kept
            )
        self.db.executemany("INSERT INTO posting VALUES(?,?,?,?,?)", rows)
        self.db.executemany("INSERT INTO journal(id, source, kind, date) VALUES(?,?,?,?)", heads)

    def reverse(self, source: str) -> None:
        """Reverse every journal of a record that is not reversed yet, each on its own date (as a void does)."""
        open_journals = self.db.execute(
            "SELECT id, kind, date FROM journal j WHERE source = ? AND reverses IS NULL"
            " AND NOT EXISTS(SELECT 1 FROM journal r WHERE r.reverses = j.id) ORDER BY id",
            (source,),
        ).fetchall()
        for number, kind, day in open_journals:
            new = self.db.execute("SELECT max(id) + 1 FROM journal").fetchone()[0]
            self.db.execute(
                "INSERT INTO posting SELECT ?, account, date, -amount, -account_amount FROM posting WHERE journal = ?",
                (new, number),
            )
            self.db.execute(
                "INSERT INTO journal(id, source, kind, date, reverses) VALUES(?,?,?,?,?)",
                (new, source, f"{kind} reversed", day, number),
            )

    def balances(self, *, first: date | None = None, last: date | None = None) -> dict[str, Balance]:
        """Net movement of every account with postings in the dates given, both ends included."""
        rows = self.db.execute(
            "SELECT account, sum(amount), sum(account_amount) FROM posting WHERE date BETWEEN ? AND ? GROUP BY account",
            (first.isoformat() if first else "0000", last.isoformat() if last else "9999-12-31"),
        )
        return {account: Balance(account, amount, own) for account, amount, own in rows}

    def difference(self) -> int:
        """Debits less credits over all postings: zero, always."""
        total: int = self.db.execute("SELECT coalesce(sum(amount), 0) FROM posting").fetchone()[0]
        return total

    def postings_of(self, source: str) -> list[tuple[str, str, int]]:
        """(kind of event, account, base amount) of a record's journals in the order written."""
        rows = self.db.execute(
            "SELECT j.kind, p.account, p.amount FROM journal j JOIN posting p ON p.journal = j.id"
            " WHERE j.source = ? ORDER BY j.id, p.rowid",
            (source,),
        )
        return [(kind, account, amount) for kind, account, amount in rows]
