"""One SQLite file, opened so that a commit is durable and several finchat processes can share it.

Each room registers its own tables with `migrate`; what the rows mean is known there, not here.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from finchat.errors import FinchatError, UsageError

Parameters = Sequence[Any] | Mapping[str, Any]

_VERSIONS = "CREATE TABLE IF NOT EXISTS schema_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT"


class StorageError(FinchatError):
    """The state file cannot be used; the message names the file, `next` the step that helps."""

    code = "storage"


class Database:
    """A SQLite file in WAL mode.

    `durable`: a commit returns only after the operating system has synced it to disk (synchronous=FULL), which the
    journal needs before a write may be sent. Without it a power loss may take the last commits, never the file's
    consistency. `busy_timeout_s`: how long another process may hold the write lock before StorageError `locked`.

    Raises StorageError when the file or its directory cannot be created, opened or read. The directory is created
    for its owner alone (0700), the file 0600. A Database belongs to the thread that opened it.
    """

    def __init__(self, path: Path, *, durable: bool = True, busy_timeout_s: float = 10.0) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        make_private_directory(path.parent)
        try:
            # SQLite gives the -wal and -shm files the permissions of the main file. One that exists is never opened
            # here: closing any descriptor of a file drops every POSIX lock this process has on it, and with them the
            # word of its other connections that they are there; another process would delete their -wal.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise StorageError(
                f"cannot write {path}: {error.strerror}", code="not_writable", next=_NEXT["not_writable"]
            ) from error
        with self._plain_errors():
            self._connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._enter_wal_mode()
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._connection.execute("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def migrate(self, room: str, scripts: Sequence[str]) -> None:
        """Bring a room's tables up to date: script number n (from 1) leads to version n, each run once, atomically.

        A script is plain SQL without transaction statements. Raises UsageError when the file was written by a newer
        finchat, StorageError when it cannot be written.
        """
        with self._plain_errors():
            known = self._version(room)
        if known == len(scripts):
            return
        with self.transaction() as connection:
            connection.execute(_VERSIONS)
            known = self._version(room)  # again: another process may have been faster
            if known > len(scripts):
                raise UsageError(
                    f"{self.path} was written by a newer finchat (its {room} tables have version {known}, "
                    f"this finchat knows {len(scripts)})",
                    code="newer_schema",
                    field=str(self.path),
                    next="update finchat, or set FINCHAT_HOME to another directory",
                )
            for script in scripts[known:]:
                for statement in _statements(script):
                    connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_versions VALUES (?, ?) ON CONFLICT (room) DO UPDATE SET version = excluded.version",
                (room, len(scripts)),
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE … COMMIT: the one writer until the block ends; rolled back when it raises.

        When the block returns the rows are on disk (see `durable`). Nothing may be awaited inside, and transactions do
        not nest. sqlite3.IntegrityError passes through; other SQLite errors become StorageError.
        """
        connection = self._connection
        if self._connection.in_transaction:
            raise RuntimeError("transactions do not nest")
        with self._plain_errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                # Still open only when the block or the COMMIT raised; a full disk may have ended it already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """All rows of a query, outside any transaction (or inside the open one)."""
        with self._plain_errors():
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self._plain_errors():
            found: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
            return found

    def _version(self, room: str) -> int:
        exists = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_versions'").fetchone()
        row = (
            exists
            and self._connection.execute("SELECT version FROM schema_versions WHERE room = ?", (room,)).fetchone()
        )
        return int(row["version"]) if row else 0

    def _enter_wal_mode(self) -> None:
        # Switching to WAL needs the file for itself and does not wait by the busy timeout: two first starts collide.
        give_up_at = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                    raise
            time.sleep(random.uniform(0.001, 0.010))

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            kind = _KINDS.get(_primary_code(error))
            if kind is None:
                raise  # a mistake in a statement, not in the world
            code, what = kind
            raise StorageError(f"{self.path}: {what}", code=code, field=str(self.path), next=_NEXT[code]) from error


_KINDS: Mapping[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("disk_full", "the disk is full; nothing was stored"),
    sqlite3.SQLITE_IOERR: ("disk_full", "the disk did not take the data (full, or past a size limit)"),
    sqlite3.SQLITE_READONLY: ("not_writable", "the file or its directory is read-only"),
    sqlite3.SQLITE_PERM: ("not_writable", "the file may not be accessed"),
    sqlite3.SQLITE_CANTOPEN: ("not_writable", "the file cannot be opened"),
    sqlite3.SQLITE_BUSY: ("locked", "another process has held the file locked for too long"),
    sqlite3.SQLITE_LOCKED: ("locked", "the file is locked"),
    sqlite3.SQLITE_CORRUPT: ("corrupt", "the file is damaged"),
    sqlite3.SQLITE_NOTADB: ("corrupt", "the file is not a SQLite database"),
}
_NEXT: Mapping[str, str] = {
    "disk_full": "free some disk space, or set FINCHAT_HOME to another disk",
    "not_writable": "make the directory writable for you, or set FINCHAT_HOME to another one",
    "locked": "see whether another finchat hangs, end it, and run again",
    "corrupt": "keep a copy of the file for the record, restore it from a backup, or set FINCHAT_HOME to another one",
}


def make_private_directory(path: Path) -> None:
    """Create `path` and its parents, readable by their owner alone. Raises StorageError when that is impossible."""
    missing = []
    step = path
    while not step.exists() and step != step.parent:
        missing.append(step)
        step = step.parent
    try:
        for directory in reversed(missing):
            directory.mkdir(mode=0o700, exist_ok=True)
            _sync_entry(directory)
        path.mkdir(mode=0o700, exist_ok=True)  # says so when a file stands in the way
    except OSError as error:
        raise StorageError(
            f"cannot create {path}: {error.strerror}", code="not_writable", field="FINCHAT_HOME",
            next=_NEXT["not_writable"],
        ) from error  # fmt: skip


def _sync_entry(directory: Path) -> None:
    """Make a new directory survive a power loss: a synced file is lost with the directory it is in."""
    with suppress(OSError):  # not every system lets a directory be opened
        parent = os.open(directory.parent, os.O_RDONLY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)


def _primary_code(error: sqlite3.Error) -> int:
    """The primary result code: the low byte of the extended one."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: executescript() would commit the open transaction first."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            if pending.strip():
                yield pending
            pending = ""
    if pending.strip():
        yield pending
