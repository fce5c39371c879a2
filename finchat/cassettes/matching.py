"""Which recorded exchange answers what a replay asks: by content, first in first out among equals.

A precondition and its read-back ask the same and hear different things, in the order in which they were recorded;
requests that run together may come in any order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from finchat.cassettes import nearest
from finchat.cassettes.content import content, exact
from finchat.cassettes.rows import EXCHANGES, REQUESTS, Row
from finchat.errors import VerificationMismatch

# Requests that say nothing about the run: an SDK asks them when it likes.
HANDSHAKE = frozenset({"initialize", "notifications/initialized", "server/discover", "ping", "tools/list"})
# Members of a request's `_meta` that differ from run to run, or with the SDK that sent it.
VOLATILE_META = frozenset(
    {"progressToken", "traceparent", "tracestate", "baggage", "dev.finchat/idempotency-key"}
)  # fmt: skip
VOLATILE_META_PREFIX = "io.modelcontextprotocol/"  # clientInfo, clientCapabilities, protocolVersion


class Miss(VerificationMismatch):
    """A replay asked for something that its recording does not hold.

    `row` is the nearest recorded exchange (None where there is none), `differences` say how it differs. `recorded` and
    `asked` are the two requests without what may differ from run to run (None where there is no row to compare with).
    """

    code = "cassette_miss"

    def __init__(
        self, message: str, *, row: Row | None = None, differences: Sequence[str] = (), recorded: Any = None,
        asked: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            message,
            field=None if row is None else f"row {row.n}",
            next="the program or its settings are not those of the recording; record it again where that is meant",
        )
        self.row = row
        self.differences = tuple(differences)
        self.recorded = recorded
        self.asked = asked


class Matching:
    """The exchanges of a cassette and which of them were used. `missed` keeps every Miss that was raised, for a program
    may take one for an error of the server it asked."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._rows = [Row(row) for row in rows if row["kind"] in EXCHANGES]
        self._waiting: dict[bytes, deque[Row]] = {}
        self._keys: dict[int, bytes] = {}
        for row in self._rows:
            key = _key(row.kind, row.request)
            self._keys[row.n] = key
            self._waiting.setdefault(key, deque()).append(row)
        self._counted = [row for row in self._rows if not may_be_left(row)]
        self._used: set[int] = set()
        self._last: dict[bytes, Row] = {}  # key → the row that was taken last
        self._first_unused = 0
        self.missed: list[Miss] = []

    def take(self, kind: str, request: Mapping[str, Any]) -> Row:
        """The row that answers a request, which is used up with it.

        `request` has the members that REQUESTS names, with numbers in a body as ints or Decimals, digit for digit.

        A handshake, or a list of tools, that is asked once more than recorded gets the last answer again.
        Raises Miss.
        """
        row = self.peek(kind, request)
        key = self._keys[row.n]
        if self._waiting[key]:
            self._waiting[key].popleft()
        self._used.add(row.n)
        self._last[key] = row
        return row

    def peek(self, kind: str, request: Mapping[str, Any]) -> Row:
        """The row that `take` would give. Raises Miss."""
        found = self.find(kind, request)
        if found is not None:
            return found
        miss = self._miss(kind, request, self._last.get(_key(kind, request)))
        self.missed.append(miss)
        raise miss

    def find(self, kind: str, request: Mapping[str, Any]) -> Row | None:
        """The row that `take` would give; None where it would raise."""
        key = _key(kind, request)
        waiting = self._waiting.get(key)
        if waiting:
            return waiting[0]
        last = self._last.get(key)
        return last if last is not None and may_be_left(last) else None

    def left(self) -> tuple[Row, ...]:
        """The rows that were never used, in their order; handshakes and lists of tools do not count."""
        return tuple(row for row in self._counted if row.n not in self._used)

    def used_before(self, n: int) -> bool:
        """Whether every row before row `n` that counts was used."""
        while self._first_unused < len(self._counted) and self._counted[self._first_unused].n in self._used:
            self._first_unused += 1
        return self._first_unused == len(self._counted) or self._counted[self._first_unused].n >= n

    def _miss(self, kind: str, request: Mapping[str, Any], last: Row | None) -> Miss:
        asked = f"asked for something the recording does not hold: {nearest.words(kind, request)}"
        if last is not None:
            times = sum(key == self._keys[last.n] for key in self._keys.values())
            how_often = "once" if times == 1 else f"{times} times"
            why = f"it was recorded {how_often}, last as row {last.n} (line {last.line}), and is asked once more"
            return Miss(f"{asked}; {why}", row=last)
        recorded = [(row, stable(kind, row.request)) for row in self._rows if row.kind == kind]
        found = nearest.nearest(kind, stable(kind, request), recorded, self._used)
        if found is None:
            return Miss(f"{asked}; it holds no {kind} row")
        row, differences = found
        where = f"nearest is row {row.n} (line {row.line})"
        return Miss(
            f"{asked}; {where}: {'; '.join(differences)}", row=row, differences=differences,
            recorded=stable(kind, row.request), asked=stable(kind, request),
        )  # fmt: skip


def may_be_left(row: Row) -> bool:
    """Whether a row may stay unused, or be used again."""
    return row.kind == "mcp" and row["method"] in HANDSHAKE


def stable(kind: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """A request without what may differ from run to run."""
    rule = _RULES.get(kind)
    kept = {name: request.get(name) for name in REQUESTS[kind]}
    return rule(kept) if rule is not None else kept


def _stable_mcp(request: dict[str, Any]) -> dict[str, Any]:
    method, params = request["method"], request["params"] or {}
    told = params.get("_meta")
    if method in HANDSHAKE:
        cursor = params.get("cursor")
        return {**request, "params": {} if cursor is None else {"cursor": cursor}}
    kept = {name: value for name, value in params.items() if name != "_meta"}
    meta = {
        name: value
        for name, value in (told if isinstance(told, Mapping) else {}).items()
        if name not in VOLATILE_META and not name.startswith(VOLATILE_META_PREFIX)
    }
    return {**request, "params": exact({**kept, **({"_meta": meta} if meta else {})})}


# Nothing of a request to a model, nor of what a person is asked, differs from run to run.
_RULES: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"mcp": _stable_mcp}


def _key(kind: str, request: Mapping[str, Any]) -> bytes:
    return sha256(content([kind, stable(kind, request)]).encode("utf-8")).digest()
