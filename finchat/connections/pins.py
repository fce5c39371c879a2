"""Tool definitions as they were when a server was first seen, and what became of them since.

What a person never looked at may not reach the model or the ledger: a definition that changed, and a tool that
appeared on a known server, are left out until somebody has accepted them. Name, description, input and output schema
count; annotations do not, for nothing here believes them. The first listing of a server is taken as it comes.
"""

from __future__ import annotations

import hashlib
import json
import marshal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from types import MappingProxyType
from typing import Any, Literal

from finchat.clock import utc_now
from finchat.connections.toolbox import CallError, CallResult, Tool, Toolbox
from finchat.errors import FinchatError, UsageError
from finchat.events import Emit, Notice, silent
from finchat.store.database import Database
from finchat.text.sanitise import one_line

Kind = Literal["changed", "new", "gone"]
_ROOM = "pins"
_TABLES = (
    """
CREATE TABLE pinned_servers (
    fingerprint TEXT PRIMARY KEY, server TEXT NOT NULL, listing TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE pinned_tools (
    fingerprint TEXT NOT NULL, tool TEXT NOT NULL, digest TEXT NOT NULL, definition TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (fingerprint, tool)
) STRICT, WITHOUT ROWID;
CREATE TABLE tool_differences (
    fingerprint TEXT NOT NULL, tool TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('changed', 'new', 'gone')),
    digest TEXT NOT NULL, definition TEXT, at TEXT NOT NULL,
    PRIMARY KEY (fingerprint, tool)
) STRICT, WITHOUT ROWID;
""",
)
_PINNED = "SELECT tool, digest FROM pinned_tools WHERE fingerprint = ?"
_DIFFERENT = "SELECT tool, digest FROM tool_differences WHERE fingerprint = ?"
_NAMES_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One tool that is not as it was pinned. `old` is None for a new tool, `new` for one that is gone.

    `seen_at`: when this was first found. `digest` names the new definition; "" for a tool that is gone.
    """

    tool: str
    kind: Kind
    old: Tool | None
    new: Tool | None
    seen_at: datetime
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedServer:
    """What is known of a server that was seen: how many tools are pinned, how many are held back or gone."""

    tools: int
    quarantined: int
    gone: int
    first_seen: datetime


class Pins:
    """The pinned definitions in state.sqlite3, by the server's fingerprint (see ServerSettings.fingerprint) and tool.

    Every method raises StorageError when the file cannot be used.
    """

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        database.migrate(_ROOM, _TABLES)
        self._database = database
        self._now = now

    def check(
        self, fingerprint: str, server: str, tools: Mapping[str, Tool]
    ) -> tuple[Mapping[str, Difference], frozenset[str]]:
        """What is not as pinned, by tool, and which of it was found just now. A first listing is pinned whole.

        An empty listing of a server never seen says nothing and pins nothing.
        """
        listing = _listing(tools)
        known = self._database.row("SELECT listing FROM pinned_servers WHERE fingerprint = ?", (fingerprint,))
        if known is None:
            if not tools or self._pin_first(fingerprint, server, tools, listing):
                return {}, frozenset()
        elif known["listing"] == listing:
            return self._recorded(fingerprint, server), frozenset()
        return self._compare(fingerprint, server, tools, listing)

    def differences(self, fingerprint: str, server: str) -> tuple[Difference, ...]:
        """What the last listing of a server showed, by tool name. Asks no server."""
        return tuple(self._recorded(fingerprint, server).values())

    def server(self, fingerprint: str) -> PinnedServer | None:
        """What is known of a server; None for one never seen."""
        row = self._database.row(
            "SELECT at, (SELECT count(*) FROM pinned_tools t WHERE t.fingerprint = s.fingerprint) AS tools,"
            " (SELECT count(*) FROM tool_differences d WHERE d.fingerprint = s.fingerprint AND kind <> 'gone') AS held,"
            " (SELECT count(*) FROM tool_differences d WHERE d.fingerprint = s.fingerprint AND kind = 'gone') AS gone"
            " FROM pinned_servers s WHERE fingerprint = ?",
            (fingerprint,),
        )
        if row is None:
            return None
        return PinnedServer(
            tools=row["tools"], quarantined=row["held"], gone=row["gone"], first_seen=datetime.fromisoformat(row["at"])
        )

    def accept(self, connection: Connection, fingerprint: str, difference: Difference) -> None:
        """Make a new definition the pin (or forget the pin of a tool that is gone), in the caller's transaction.

        Raises UsageError when what is recorded now is not what was shown.
        """
        taken = connection.execute(
            "DELETE FROM tool_differences WHERE fingerprint = ? AND tool = ? AND kind = ? AND digest = ?",
            (fingerprint, difference.tool, difference.kind, difference.digest),
        )
        if taken.rowcount != 1:
            raise UsageError(
                f"the tool {one_line(difference.tool)} changed again while you looked at it", code="tool_quarantined",
                field="TOOL", next="look at the new difference first",
            )  # fmt: skip
        key = (fingerprint, difference.tool)
        connection.execute("DELETE FROM pinned_tools WHERE fingerprint = ? AND tool = ?", key)
        if difference.new is not None:
            connection.execute(
                "INSERT INTO pinned_tools VALUES (?, ?, ?, ?, ?)",
                (*key, difference.digest, _definition(difference.new), self._now().isoformat()),
            )

    def _pin_first(self, fingerprint: str, server: str, tools: Mapping[str, Tool], listing: str) -> bool:
        """False when another process pinned this server meanwhile."""
        at = self._now().isoformat()
        rows = [(fingerprint, name, *_digested(tool), at) for name, tool in tools.items()]
        with self._database.transaction() as connection:
            first = connection.execute(
                "INSERT OR IGNORE INTO pinned_servers VALUES (?, ?, ?, ?)", (fingerprint, server, listing, at)
            )
            if first.rowcount == 1:
                connection.executemany("INSERT INTO pinned_tools VALUES (?, ?, ?, ?, ?)", rows)
        return first.rowcount == 1

    def _compare(
        self, fingerprint: str, server: str, tools: Mapping[str, Tool], listing: str
    ) -> tuple[Mapping[str, Difference], frozenset[str]]:
        at = self._now().isoformat()
        with self._database.transaction() as connection:
            pinned = dict(connection.execute(_PINNED, (fingerprint,)).fetchall())
            before = dict(connection.execute(_DIFFERENT, (fingerprint,)).fetchall())
            found: dict[str, tuple[Kind, str, str | None]] = {}
            for name, tool in tools.items():
                digest, definition = _digested(tool)
                if pinned.get(name) != digest:
                    found[name] = ("changed" if name in pinned else "new", digest, definition)
            found |= {name: ("gone", "", None) for name in pinned if name not in tools}
            fresh = {name for name, (_, digest, _) in found.items() if before.get(name) != digest}
            connection.executemany(
                "DELETE FROM tool_differences WHERE fingerprint = ? AND tool = ?",
                [(fingerprint, name) for name in before if name not in found or name in fresh],
            )
            connection.executemany(
                "INSERT INTO tool_differences VALUES (?, ?, ?, ?, ?, ?)",
                [(fingerprint, name, *found[name], at) for name in sorted(fresh)],
            )
            connection.execute("UPDATE pinned_servers SET listing = ? WHERE fingerprint = ?", (listing, fingerprint))
        return self._recorded(fingerprint, server), frozenset(fresh)

    def _recorded(self, fingerprint: str, server: str) -> Mapping[str, Difference]:
        rows = self._database.rows(
            "SELECT d.tool, d.kind, d.digest, d.definition AS new, d.at, p.definition AS old FROM tool_differences d"
            " LEFT JOIN pinned_tools p ON p.fingerprint = d.fingerprint AND p.tool = d.tool"
            " WHERE d.fingerprint = ? ORDER BY d.tool",
            (fingerprint,),
        )
        return {
            row["tool"]: Difference(
                tool=row["tool"],
                kind=row["kind"],
                old=_tool(server, row["tool"], row["old"]),
                new=_tool(server, row["tool"], row["new"]),
                seen_at=datetime.fromisoformat(row["at"]),
                digest=row["digest"],
            )
            for row in rows
        }


class PinnedToolbox:
    """A Toolbox that leaves out what is not as pinned; a call of it is the error `tool_quarantined`.

    Every new listing of `inner` is compared, so that a definition changed in the middle of a session is held back from
    then on. What is held back, and what disappeared, is told once a session and once more when it changes again.
    """

    def __init__(self, inner: Toolbox, pins: Pins, fingerprint: str, emit: Emit = silent) -> None:
        self._inner = inner
        self._pins = pins
        self._fingerprint = fingerprint
        self._emit = emit
        self._listed: Mapping[str, Tool] | None = None  # the listing that the next two are of
        self._usable: Mapping[str, Tool] = MappingProxyType({})
        self._held: Mapping[str, Difference] = MappingProxyType({})
        self._told: set[tuple[str, str]] = set()

    @property
    def server(self) -> str:
        return self._inner.server

    def quarantined(self) -> Mapping[str, Difference]:
        """The tools of the last listing that are left out, by name, with what is different."""
        return self._held

    def withheld(self, name: str) -> CallError | None:
        """Why a tool is left out; None for one that is not."""
        difference = self._held.get(name)
        if difference is None:
            return None
        what = "changed since it was first seen" if difference.kind == "changed" else "is new on a server known before"
        return CallError(
            code="tool_quarantined",
            message=f"the tool {one_line(name)} of {self.server} {what}; nobody has looked at it yet",
            outcome="not_sent",
            next=f"see what is different: {_command(self.server)}",
        )

    async def tools(self) -> Mapping[str, Tool]:
        """The tools that are as pinned. Raises as the inner toolbox does, and StorageError."""
        listed = await self._inner.tools()
        if listed is not self._listed:
            differences, fresh = self._pins.check(self._fingerprint, self.server, listed)
            self._held = MappingProxyType({n: d for n, d in differences.items() if d.kind != "gone"})
            self._usable = MappingProxyType({n: t for n, t in listed.items() if n not in self._held})
            self._listed = listed
            self._tell(differences, fresh)
        return self._usable

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        """See Toolbox.call."""
        try:
            await self.tools()
        except FinchatError as error:
            refusal = CallError(
                code=error.code, message=error.message, outcome="not_sent", field=error.field, next=error.next
            )
            return CallResult(error=refusal)
        if (held := self.withheld(name)) is not None:
            return CallResult(error=held)
        return await self._inner.call(name, arguments, idempotency_key=idempotency_key, deadline_s=deadline_s)

    def _tell(self, differences: Mapping[str, Difference], fresh: frozenset[str]) -> None:
        """What is held back in every session, what is gone only when it was found just now."""
        said: tuple[tuple[Kind, str], ...] = (
            ("changed", "changed since first seen and left out"),
            ("new", "new and left out"),
            ("gone", "not offered any more"),
        )
        for kind, words in said:
            found = [d for d in differences.values() if d.kind == kind and (d.tool, d.digest) not in self._told]
            found = [d for d in found if kind != "gone" or d.tool in fresh]
            if found:
                self._told |= {(d.tool, d.digest) for d in found}
                text = f"server {self.server}: {_named(found)} {words}; see {_command(self.server)}"
                self._emit(Notice(text=text, severity="info" if kind == "gone" else "warning"))


def _command(server: str) -> str:
    return f"finchat servers changes {server}"


def _named(found: Iterable[Difference]) -> str:
    """`2 tools (pay, list_invoices) are`."""
    names = [one_line(difference.tool, 64) for difference in found]
    more = f" and {len(names) - _NAMES_TOLD} more" if len(names) > _NAMES_TOLD else ""
    count = "1 tool" if len(names) == 1 else f"{len(names)} tools"
    return f"{count} ({', '.join(names[:_NAMES_TOLD])}{more}) {'is' if len(names) == 1 else 'are'}"


def _listing(tools: Mapping[str, Tool]) -> str:
    """A digest of a whole listing as it came, quick enough for every start. The same tools in another order have
    another one, which costs a comparison tool by tool and no more."""
    rows = [(name, t.description, t.input_schema, t.output_schema) for name, t in tools.items()]
    # Version 2 has no references between objects: equal data gives equal bytes.
    return hashlib.sha256(marshal.dumps(rows, 2)).hexdigest()


def _definition(tool: Tool) -> str:
    """What is pinned, as JSON in which equal definitions are equal text."""
    return json.dumps([tool.description, tool.input_schema, tool.output_schema], sort_keys=True, separators=(",", ":"))


def _digested(tool: Tool) -> tuple[str, str]:
    definition = _definition(tool)
    return hashlib.sha256(definition.encode("ascii")).hexdigest(), definition


def _tool(server: str, name: str, definition: str | None) -> Tool | None:
    if definition is None:
        return None
    description, input_schema, output_schema = json.loads(definition)
    return Tool(server, name, description, input_schema, output_schema)
