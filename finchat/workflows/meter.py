"""Counting the calls a run makes and the time it waits for budgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finchat.connections.toolbox import CallResult, Tool, Toolbox


@dataclass(slots=True)
class Usage:
    """Tool calls sent, and seconds spent waiting for a rate budget."""

    calls: int = 0
    waited_s: float = 0.0


class MeteredToolbox:
    """A Toolbox that adds up what passes through it. Every call is one API call of the vendor."""

    def __init__(self, inner: Toolbox, usage: Usage) -> None:
        self._inner = inner
        self._usage = usage

    @property
    def server(self) -> str:
        return self._inner.server

    async def tools(self) -> Mapping[str, Tool]:
        return await self._inner.tools()

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        self._usage.calls += 1
        result = await self._inner.call(name, arguments, idempotency_key=idempotency_key, deadline_s=deadline_s)
        self._usage.waited_s += result.waited_s
        return result
