"""Which budget a configured server's calls belong to, also before it has said which organisation it is.

The first call to a server finds out the organisation. Until then its calls are counted under the server's own
fingerprint; once the organisation is known they move to its budget, and later runs know it from the start.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from finchat.clock import sleep
from finchat.store.database import Database
from finchat.store.owner import Owner

_TABLES = (
    "CREATE TABLE budgets (server TEXT PRIMARY KEY, key TEXT NOT NULL) STRICT",
    "CREATE TABLE discoveries (server TEXT PRIMARY KEY, owner TEXT NOT NULL) STRICT",
)
_LOOK_AGAIN_S = 0.02


class OrganisationKeys:
    """Learned keys by server fingerprint, in the budget's own database (which holds the pacer's tables too)."""

    def __init__(self, database: Database) -> None:
        database.migrate("budgets", _TABLES)
        self._database = database

    def known(self, server: str) -> str | None:
        """The organisation's key as learned by an earlier call."""
        row = self._database.row("SELECT key FROM budgets WHERE server = ?", (server,))
        return None if row is None else str(row["key"])

    def remember(self, server: str, key: str) -> str:
        """Learn the key, and count what was called so far under the server's own name for the organisation."""
        if self.known(server) != key:
            with self._database.transaction() as rows:
                rows.execute("REPLACE INTO budgets VALUES (?, ?)", (server, key))
                rows.execute("UPDATE calls SET key = ? WHERE key = ?", (key, server))
                rows.execute(
                    "INSERT INTO days SELECT ?, at, calls FROM days WHERE key = ? "
                    "ON CONFLICT (key, at) DO UPDATE SET calls = calls + excluded.calls",
                    (key, server),
                )
                rows.execute("DELETE FROM days WHERE key = ?", (server,))
                rows.execute("UPDATE OR REPLACE told_limits SET key = ? WHERE key = ?", (key, server))
        return key

    @asynccontextmanager
    async def discovering(self, server: str, owner: Owner) -> AsyncIterator[str | None]:
        """The known key; or None for the one process that finds it out, while the others wait for its answer.

        Two processes that meet an organisation for the first time would otherwise not count each other's first call.
        A process that dies while it finds out is followed by the next.
        """
        while (key := self.known(server)) is None and not self._mine(server, owner):
            await sleep(_LOOK_AGAIN_S)
        try:
            yield key
        finally:
            if key is None:
                with self._database.transaction() as rows:
                    rows.execute("DELETE FROM discoveries WHERE server = ? AND owner = ?", (server, owner.name))

    def _mine(self, server: str, owner: Owner) -> bool:
        with self._database.transaction() as rows:
            row = rows.execute("SELECT owner FROM discoveries WHERE server = ?", (server,)).fetchone()
            if row is not None and owner.present(row["owner"]):
                return str(row["owner"]) == owner.name
            rows.execute("REPLACE INTO discoveries VALUES (?, ?)", (server, owner.name))
            return True
