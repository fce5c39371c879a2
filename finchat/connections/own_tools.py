"""finchat's own tools as a Toolbox: workflows, drafts and queries that a model may call beside a server's tools."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from finchat.connections.arguments import ArgumentCheck
from finchat.connections.toolbox import CallError, CallResult, Tool
from finchat.errors import FinchatError

OWN_SERVER = "finchat"  # the name that policy.toml and the audit log know these tools by


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTool:
    """One of finchat's own tools.

    `effect`: read (of the ledger, through the guard's toolbox), propose (makes a plan that a person decides on; such
    calls run one by one, in order) or local (touches nothing outside this process). `run` gets validated arguments and
    returns a JSON object; a FinchatError it raises becomes the call's error.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    effect: Literal["read", "propose", "local"]
    run: Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class OwnToolbox:
    """A Toolbox of OwnTools."""

    def __init__(self, tools: Iterable[OwnTool]) -> None:
        self._rows = {tool.name: tool for tool in tools}
        self._tools = {
            row.name: Tool(OWN_SERVER, row.name, row.description, row.parameters) for row in self._rows.values()
        }
        self._check = ArgumentCheck(trusted=(OWN_SERVER,))

    @property
    def server(self) -> str:
        return OWN_SERVER

    def effect(self, name: str) -> Literal["read", "propose", "local"]:
        """Raises KeyError for a tool that is not there."""
        return self._rows[name].effect

    async def tools(self) -> Mapping[str, Tool]:
        return self._tools

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        """One call. The deadline is that of the calls it makes itself."""
        if name not in self._rows:
            return CallResult(
                error=CallError(code="unknown_tool", message=f"finchat has no tool {name!r}", outcome="not_sent")
            )
        prepared = self._check.prepare(self._tools[name], arguments)
        if isinstance(prepared, CallError):
            return CallResult(error=prepared)
        try:
            return CallResult(structured=await self._rows[name].run(prepared))
        except FinchatError as error:
            return CallResult(
                error=CallError(
                    code=error.code, message=error.message, outcome="failed", field=error.field, next=error.next
                )
            )
