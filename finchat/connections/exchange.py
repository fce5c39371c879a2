"""What the HTTP layer saw of one call: the MCP client passes none of it on."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["not_sent", "lost", "too_large", "refused", "encoded"]


@dataclass(slots=True)
class Exchange:
    """Status and headers (names in lower case) of the answer, or what happened instead of one."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    detail: str = ""


# The MCP client runs each request in the context of the task that made the call.
current_exchange: ContextVar[Exchange | None] = ContextVar("current_exchange", default=None)
