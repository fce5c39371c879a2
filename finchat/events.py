"""What the engine tells its faces while it works. Only ui/ turns these into text on a screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A read is under way or done: `rows` so far; `done` once the last page came."""

    server: str
    what: str  # plain plural noun: "invoices and bills", "payments"
    rows: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A call waits for the organisation's budget or for a server that asked to wait."""

    server: str
    seconds: float
    reason: str  # plain words: "60 calls a minute reached", "Xero asked to wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """A step without a count: matching, re-reading before a write, reading balances."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """A write of a proposal begins or ended."""

    proposal_id: str
    write_id: str
    text: str
    outcome: Literal["sending", "committed", "failed", "unknown", "not_sent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of a write that an earlier run left open."""

    write_id: str
    outcome: Literal["committed", "failed", "unknown", "not_sent"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the person should know that stops nothing."""

    text: str
    severity: Literal["info", "warning"] = "info"


Event = Reading | Waiting | Working | Writing | Recovered | Notice
Emit = Callable[[Event], None]


def silent(_event: Event) -> None:
    """An Emit that tells nobody."""
