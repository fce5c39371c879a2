"""What is remembered of statement files: which were read, their lines and balances, and how each bank writes its CSV.

Kept in state.sqlite3, by organisation and account. A file that is read again replaces what it said before, so that a
CSV first read with its dates the wrong way round leaves nothing behind.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from sqlite3 import Row
from typing import Any, cast

from finchat.books.documents import BankLine, Direction
from finchat.books.known_lines import KnownLine
from finchat.canonical import canonical_json
from finchat.store.database import Database
from finchat.workflows.bank_files.csv_columns import Columns
from finchat.workflows.bank_files.statement import FileStatement

_ROOM = "statements"
_TABLES = (
    """
    CREATE TABLE statement_columns (
        org_id TEXT NOT NULL, account_id TEXT NOT NULL, shape TEXT NOT NULL, columns TEXT NOT NULL,
        PRIMARY KEY (org_id, account_id, shape)
    ) STRICT;
    CREATE TABLE statement_files (
        org_id TEXT NOT NULL, account_id TEXT NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, format TEXT NOT NULL,
        first TEXT NOT NULL, last TEXT NOT NULL, begins TEXT, ends TEXT, opening TEXT, closing TEXT,
        read_at TEXT NOT NULL,
        PRIMARY KEY (org_id, account_id, sha256)
    ) STRICT;
    CREATE TABLE statement_lines (
        org_id TEXT NOT NULL, account_id TEXT NOT NULL, id TEXT NOT NULL, date TEXT NOT NULL, direction TEXT NOT NULL,
        amount TEXT NOT NULL, currency TEXT NOT NULL, source_id TEXT NOT NULL, texts TEXT NOT NULL, ids TEXT NOT NULL,
        fingerprints TEXT NOT NULL, balance TEXT, ledger_ids TEXT NOT NULL,
        PRIMARY KEY (org_id, account_id, id)
    ) STRICT;
    CREATE INDEX statement_lines_by_date ON statement_lines (org_id, account_id, date);
    CREATE TABLE statement_file_lines (
        org_id TEXT NOT NULL, account_id TEXT NOT NULL, sha256 TEXT NOT NULL, line_id TEXT NOT NULL,
        PRIMARY KEY (org_id, account_id, sha256, line_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX statement_file_lines_by_line ON statement_file_lines (org_id, account_id, line_id);
    """,
)


_DROP_UNUSED = (
    "DELETE FROM statement_lines WHERE org_id = ? AND account_id = ? AND NOT EXISTS (SELECT 1 FROM"
    " statement_file_lines f WHERE f.org_id = statement_lines.org_id"
    " AND f.account_id = statement_lines.account_id AND f.line_id = statement_lines.id)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierFile:
    """A file read before. `begins`, `ends`: days of its first and last line (None without lines)."""

    sha256: str
    name: str
    first: dt.date
    last: dt.date
    begins: dt.date | None
    ends: dt.date | None
    opening: Decimal | None
    closing: Decimal | None
    read_at: dt.datetime


class Imported:
    """The memory of one organisation's statements. Raises StorageError when the state file cannot be used."""

    def __init__(self, database: Database, org_id: str) -> None:
        self._database = database
        self._org = org_id
        database.migrate(_ROOM, _TABLES)

    def columns(self, account_id: str, shape: str) -> Columns | None:
        """How the account's CSV of this header was read the last time."""
        data = self._columns(account_id, shape)
        if data is None:
            return None
        return Columns(
            of={role: tuple(ns) for role, ns in data["of"].items()}, dates=data["dates"], mark=data["mark"],
            signs=data["signs"],
        )  # fmt: skip

    def confirmed(self, account_id: str, shape: str) -> bool:
        """Whether a person confirmed that reading, or gave it."""
        data = self._columns(account_id, shape)
        return data is not None and bool(data.get("confirmed", True))

    def _columns(self, account_id: str, shape: str) -> dict[str, Any] | None:
        row = self._database.row(
            "SELECT columns FROM statement_columns WHERE org_id = ? AND account_id = ? AND shape = ?",
            (self._org, account_id, shape),
        )
        return None if row is None else cast("dict[str, Any]", json.loads(row["columns"]))

    def keep_columns(self, account_id: str, shape: str, columns: Columns, *, confirmed: bool) -> None:
        """Remember how to read the next file of this shape, and whether anybody said that it is right."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO statement_columns VALUES (?, ?, ?, ?)",
                (self._org, account_id, shape, canonical_json({**columns.as_json(), "confirmed": confirmed})),
            )

    def files(self, account_id: str) -> tuple[EarlierFile, ...]:
        """Every file read of the account, by its first day."""
        rows = self._database.rows(
            "SELECT * FROM statement_files WHERE org_id = ? AND account_id = ? ORDER BY first, last, read_at, sha256",
            (self._org, account_id),
        )
        return tuple(
            EarlierFile(
                sha256=row["sha256"],
                name=row["name"],
                first=dt.date.fromisoformat(row["first"]),
                last=dt.date.fromisoformat(row["last"]),
                begins=_day(row["begins"]),
                ends=_day(row["ends"]),
                opening=_decimal(row["opening"]),
                closing=_decimal(row["closing"]),
                read_at=dt.datetime.fromisoformat(row["read_at"]),
            )
            for row in rows
        )

    def lines(
        self, account_id: str, first: dt.date, last: dt.date, *, without: Iterable[str] = ()
    ) -> tuple[KnownLine, ...]:
        """The lines of first…last in files other than `without` (sha256), by date and id."""
        left_out = canonical_json(sorted(without))
        rows = self._database.rows(
            "SELECT * FROM statement_lines l WHERE org_id = ? AND account_id = ? AND date BETWEEN ? AND ?"
            " AND EXISTS (SELECT 1 FROM statement_file_lines f WHERE f.org_id = l.org_id"
            " AND f.account_id = l.account_id AND f.line_id = l.id"
            " AND f.sha256 NOT IN (SELECT value FROM json_each(?))) ORDER BY date, id",
            (self._org, account_id, first.isoformat(), last.isoformat(), left_out),
        )
        return tuple(_known(row, account_id) for row in rows)

    def line_ids(self, account_id: str, sha256: str) -> frozenset[str]:
        """The ids of the lines of one file."""
        rows = self._database.rows(
            "SELECT line_id FROM statement_file_lines WHERE org_id = ? AND account_id = ? AND sha256 = ?",
            (self._org, account_id, sha256),
        )
        return frozenset(row["line_id"] for row in rows)

    def ledger_ids(self, account_id: str) -> Mapping[str, tuple[str, ...]]:
        """Line id → the ledger entries that hold its money, as the last run that looked knew it."""
        rows = self._database.rows(
            "SELECT id, ledger_ids FROM statement_lines WHERE org_id = ? AND account_id = ? AND ledger_ids != '[]'",
            (self._org, account_id),
        )
        return {row["id"]: tuple(json.loads(row["ledger_ids"])) for row in rows}

    def keep(self, account_id: str, file: FileStatement, lines: Sequence[KnownLine], now: dt.datetime) -> None:
        """Remember a file with its lines, in place of what it said when it was read before."""
        org = self._org
        days = [k.line.date for k in lines]
        first, last = file.first or min(days, default=None), file.last or max(days, default=None)
        if first is None or last is None:
            return
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM statement_file_lines WHERE org_id = ? AND account_id = ? AND sha256 = ?",
                (org, account_id, file.sha256),
            )
            connection.execute(
                "INSERT OR REPLACE INTO statement_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    org, account_id, file.sha256, file.path.name, file.format, first.isoformat(), last.isoformat(),
                    min(days).isoformat() if days else None, max(days).isoformat() if days else None,
                    _text(file.opening), _text(file.closing), now.astimezone(dt.UTC).isoformat(),
                ),
            )  # fmt: skip
            connection.executemany(
                "INSERT INTO statement_lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]')"
                " ON CONFLICT (org_id, account_id, id) DO UPDATE SET texts = excluded.texts, ids = excluded.ids,"
                " fingerprints = excluded.fingerprints, balance = coalesce(excluded.balance, balance)",
                [(org, account_id, *_values(known)) for known in lines],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO statement_file_lines VALUES (?, ?, ?, ?)",
                [(org, account_id, file.sha256, known.line.id) for known in lines],
            )
            connection.execute(_DROP_UNUSED, (org, account_id))

    def settled(self, account_id: str, ledger_ids: Mapping[str, Sequence[str]]) -> None:
        """Remember what in the ledger holds the money of each line."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE statement_lines SET ledger_ids = ? WHERE org_id = ? AND account_id = ? AND id = ?",
                [(canonical_json(list(ids)), self._org, account_id, id) for id, ids in ledger_ids.items()],
            )

    def forget_file(self, sha256: str) -> tuple[str, ...]:
        """Nothing is remembered of this file any more, whatever account it was read for; the ids of those accounts.
        What was recorded in the ledger from it stays, and stays known as recorded."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT account_id FROM statement_files WHERE org_id = ? AND sha256 = ? ORDER BY account_id",
                (self._org, sha256),
            ).fetchall()
            accounts = tuple(str(row["account_id"]) for row in rows)
            connection.execute("DELETE FROM statement_files WHERE org_id = ? AND sha256 = ?", (self._org, sha256))
            connection.execute("DELETE FROM statement_file_lines WHERE org_id = ? AND sha256 = ?", (self._org, sha256))
            for account_id in accounts:
                connection.execute(_DROP_UNUSED, (self._org, account_id))
        return accounts

    def forget(self) -> None:
        """Nothing is remembered of this organisation any more: its ledger begins anew."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM statement_columns WHERE org_id = ?", (self._org,))
            connection.execute("DELETE FROM statement_files WHERE org_id = ?", (self._org,))
            connection.execute("DELETE FROM statement_file_lines WHERE org_id = ?", (self._org,))
            connection.execute("DELETE FROM statement_lines WHERE org_id = ?", (self._org,))


def forget_file(database: Database, sha256: str) -> int:
    """Forget a file in every organisation; for how many accounts it had been read."""
    database.migrate(_ROOM, _TABLES)
    rows = database.rows("SELECT DISTINCT org_id FROM statement_files WHERE sha256 = ?", (sha256,))
    return sum(len(Imported(database, str(row["org_id"])).forget_file(sha256)) for row in rows)


def _values(known: KnownLine) -> tuple[Any, ...]:
    line = known.line
    texts = [line.payee, line.narration, line.reference, line.counterparty_account, line.fitid]
    return (
        line.id, line.date.isoformat(), line.direction, format(line.amount, "f"), line.currency, line.source_id,
        canonical_json(texts), canonical_json([list(pair) for pair in known.ids]),
        canonical_json(list(line.fingerprints)), _text(known.balance),
    )  # fmt: skip


def _known(row: Row, account_id: str) -> KnownLine:
    payee, narration, reference, counterparty, fitid = json.loads(row["texts"])
    return KnownLine(
        line=BankLine(
            id=row["id"],
            source="statement",
            source_id=row["source_id"],
            account_id=account_id,
            date=dt.date.fromisoformat(row["date"]),
            direction=cast(Direction, row["direction"]),
            amount=Decimal(row["amount"]),
            currency=row["currency"],
            payee=payee,
            narration=narration,
            reference=reference,
            counterparty_account=counterparty,
            fitid=fitid,
            fingerprints=tuple(json.loads(row["fingerprints"])),
        ),
        ids=tuple((format_, id) for format_, id in json.loads(row["ids"])),
        balance=_decimal(row["balance"]),
    )


def _day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
