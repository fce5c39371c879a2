"""The SQLite file a sandbox company lives in, opened by as many processes as like."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from finchat.clock import Clock
from finchat.errors import UsageError
from finchat.sandbox.ledger import Ledger


class CompanyFile:
    """A company over a double-entry ledger. `path` is a file or ":memory:".

    `version` is what `user_version` says when the file is up to date; `missing[v]` are the scripts that bring one of
    version v there. Raises UsageError when the file is not a company of a version that is known.
    """

    def __init__(
        self,
        path: Path | Literal[":memory:"],
        clock: Clock,
        *,
        version: int,
        missing: Mapping[int, Sequence[str]],
        reset: str,
    ) -> None:
        self.clock = clock
        self.path = path
        self.db = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False, timeout=30)
        self.db.row_factory = sqlite3.Row
        try:
            self.db.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=30000;"
            )
            self.db.create_function("lower", 1, _lower, deterministic=True)
            self.db.create_function("upper", 1, _upper, deterministic=True)
            self._prepare(version, missing, reset)
        except sqlite3.DatabaseError as error:
            self.db.close()
            # A full disk or a locked or read-only file says nothing against the company in it.
            passing = isinstance(error, sqlite3.OperationalError)
            step = "free space on the disk, or make the file writable; then run it again"
            raise UsageError(
                f"{path} cannot be opened as a sandbox company: {error}", next=step if passing else f"run: {reset}"
            ) from error
        self.ledger = Ledger(self.db)

    def close(self) -> None:
        self.db.close()

    def _prepare(self, wanted: int, missing: Mapping[int, Sequence[str]], reset: str) -> None:
        version = self.db.execute("PRAGMA user_version").fetchone()[0]
        if version in missing:
            # Another process may be preparing the same file: the check is repeated inside the write lock.
            with self.transaction():
                for script in missing.get(self.db.execute("PRAGMA user_version").fetchone()[0], ()):
                    for statement in _statements(script):
                        self.db.execute(statement)
                self.db.execute(f"PRAGMA user_version = {wanted}")
        elif version != wanted:
            self.db.close()
            raise UsageError(f"{self.path} was made by another version of finchat", next=f"run: {reset}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN IMMEDIATE … COMMIT, or ROLLBACK on any exception. Nothing inside may await."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        try:
            self.db.execute("COMMIT")
        except BaseException:
            self.db.execute("ROLLBACK")
            raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """An inner transaction: its effects go when it raises."""
        self.db.execute("SAVEPOINT element")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK TO element")
            self.db.execute("RELEASE element")
            raise
        self.db.execute("RELEASE element")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
