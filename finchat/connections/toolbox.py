"""Tool and Toolbox: what an MCP session looks like to everything above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, Protocol, runtime_checkable

from finchat.canonical import sha256_of

CallOutcome = Literal["not_sent", "failed", "unknown"]
IDEMPOTENCY_META = "dev.finchat/idempotency-key"
RATE_META = "dev.finchat/rate-limit"


@dataclass(frozen=True)
class Tool:
    """A tool as its server published it. `sha256` covers name, description, input and output schema."""

    server: str
    name: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any] | None = None

    @cached_property
    def sha256(self) -> str:
        return sha256_of(_exact(
            {
                "name": self.name,
                "description": self.description,
                "input_schema": self.input_schema,
                "output_schema": self.output_schema,
            }
        ))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RateState:
    """A server's own rate-limit numbers, normalised: calls left and when the window resets (None when not told).

    `window_s`: the length of the short window when the server names it; a minute otherwise.
    """

    minute_limit: int | None = None
    minute_remaining: int | None = None
    day_limit: int | None = None
    day_remaining: int | None = None
    resets_at: datetime | None = None
    window_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallError:
    """Why a call has no result, and what may be assumed of a write: not_sent and failed prove it did not happen."""

    code: str  # invalid_argument, unauthorized, forbidden, not_found, rate_limited, validation, unavailable, timeout …
    message: str
    outcome: CallOutcome
    field: str | None = None
    status: int | None = None
    retry_after_s: float | None = None
    next: str | None = None
    problem: str | None = None  # which limit was hit: minute, day, concurrent


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """The answer to one tool call: an error, or what the tool returned (structured, else text)."""

    structured: Mapping[str, Any] | None = None
    text: str = ""
    error: CallError | None = None
    rate: RateState | None = None
    waited_s: float = 0.0
    meta: Mapping[str, Any] = field(default_factory=dict)


class Toolbox(Protocol):
    """The tools of one server."""

    @property
    def server(self) -> str:
        """The configured server name."""

    async def tools(self) -> Mapping[str, Tool]:
        """Every usable tool by name; broken definitions are left out and named in a notice."""

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        """One call. Faults of the server, the wire or the deadline come back as CallResult.error, not as exceptions."""


@runtime_checkable
class Withholding(Protocol):
    """A Toolbox that keeps tools back which its server does offer."""

    def withheld(self, name: str) -> CallError | None:
        """Why a tool of the last listing is kept back; None for one that is not."""


def withheld(toolbox: Toolbox, name: str) -> CallError | None:
    """Why a toolbox keeps a tool back, when it keeps any back."""
    return toolbox.withheld(name) if isinstance(toolbox, Withholding) else None


def _exact(value: Any) -> Any:
    """Schemas may hold floats ("multipleOf": 0.01), which canonical JSON refuses: keep them as tagged text."""
    if isinstance(value, float):
        return {"$number": repr(value)}
    if isinstance(value, Mapping):
        return {str(k): _exact(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(v) for v in value]
    return value
