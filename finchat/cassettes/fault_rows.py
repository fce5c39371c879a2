"""Faults that a cassette carries: what an exchange meets before the answer that was recorded, to rehearse it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from finchat.cassettes.rows import Row

FaultKind = Literal["drop", "delay", "429", "garbage"]
_GARBAGE = "<html><head><title>502 Bad Gateway</title></head><body>"
_WAIT_S = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind`: the connection breaks under the request (drop), the answer is late by `seconds` (delay), it is 429 with a
    Retry-After of `seconds`, or it is not what the other side speaks (garbage)."""

    n: int
    on: int
    kind: FaultKind
    seconds: int

    @property
    def answers(self) -> bool:
        """Whether the fault comes instead of the recorded answer, which stays for the next attempt; a delay only comes
        before it."""
        return self.kind != "delay"

    def met_by(self, row: Row) -> Row:
        """The row as an attempt that meets the fault sees it, to be played like any other. Raises ValueError for a
        delay, and for what is no exchange with a server or a model."""
        outcome = {"mcp": _MCP, "model": _MODEL}.get(row.kind, {}).get(self.kind)
        if outcome is None:
            raise ValueError(f"a {row.kind} row meets no {self.kind}")
        asked = {name: row[name] for name in ("kind", "n", "at", "stream", *row.request) if name in row}
        return Row({**asked, **outcome(self)})


class Faults:
    """The fault rows of a cassette; each is met once, those on one row in their order."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._waiting: dict[int, deque[Fault]] = {}
        for row in map(Row, rows):
            if row.kind == "fault":
                kind = cast("FaultKind", row["fault"])
                fault = Fault(row.n, row["on"], kind, row.get("seconds", _WAIT_S))
                self._waiting.setdefault(fault.on, deque()).append(fault)

    def fault_for(self, row: Row) -> Fault | None:
        """The fault that an attempt at `row` meets now, which is used up with it. When it `answers`, the row is not to
        be taken yet."""
        waiting = self._waiting.get(row.n)
        return waiting.popleft() if waiting else None

    def left(self) -> tuple[Fault, ...]:
        """The faults that nothing met."""
        return tuple(sorted((fault for waiting in self._waiting.values() for fault in waiting), key=lambda f: f.n))


def _broken(message: str, fault: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "code": None, "fault": fault, "detail": message}}


def _late(fault: Fault) -> dict[str, str]:
    return {"retry-after": str(fault.seconds)}


_MCP: dict[str, Any] = {
    "drop": lambda _: _broken("the connection broke", "lost"),
    "429": lambda fault: {
        "error": {**_broken("Too Many Requests", None)["error"], "status": 429, "headers": _late(fault)}
    },
    "garbage": lambda _: {
        "result": {
            "content": [{"type": "text", "text": _GARBAGE}], "structuredContent": None, "isError": False, "_meta": {},
        }
    },
}  # fmt: skip
_MODEL: dict[str, Any] = {
    "drop": lambda _: {
        "failure": {"kind": "unreachable", "detail": "it hung up", "status": 0, "headers": {}, "document": None}
    },
    "429": lambda fault: {
        "failure": {
            "kind": "status", "detail": "", "status": 429, "headers": _late(fault),
            "document": {"error": {"code": "rate_limit_exceeded", "message": "Too Many Requests"}},
        }
    },
    "garbage": lambda _: {
        "status": 200, "type": "text/event-stream", "events": [[None, _GARBAGE]], "ended": "whole",
    },
}  # fmt: skip
