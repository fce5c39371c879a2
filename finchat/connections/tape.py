"""What a recording and its replay hold on to: an open link to a server, seen from above the MCP client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from finchat.connections.child import Child
from finchat.connections.exchange import Exchange


class OpenLink(Protocol):
    """An open session with one server: what finchat.connections.link.Link is, and a replay of one."""

    child: Child | None
    dropped: dict[str, str]

    @property
    def in_flight(self) -> int:
        """How many calls wait for their reply."""

    @property
    def alive(self) -> bool:
        """Whether a call sent now could be answered."""

    async def close(self) -> None:
        """End the session."""

    async def list_tools(self) -> list[Any]:
        """Definitions with name, description, input_schema and output_schema."""

    async def call_tool(self, name: str, arguments: dict[str, Any], meta: Mapping[str, Any] | None) -> Any:
        """One request and its reply: `is_error`, `meta`, `structured_content` and `content` of blocks with `type` and
        `text`. Raises what went wrong; what HTTP saw of it is in the current Exchange."""


class LinkTape(Protocol):
    """Records the links of a run, or plays them back without opening any."""

    replays: bool

    async def link(
        self,
        server: str,
        really: Callable[[], Awaitable[OpenLink]],
        changed: Callable[[], None],
        is_read: Callable[[str], bool] | None = None,
    ) -> OpenLink:
        """The link to a server. `really` opens one; `changed` is called where the server says that its tools changed;
        `is_read` names the tools that only read (None: none is known to).

        Raises FinchatError, as opening one does.
        """


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a reply."""

    type: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it was recorded."""

    content: list[Block]
    structured_content: Any
    is_error: bool
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MoreInputWanted:
    """A reply that asks for more input, which finchat does not give."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A tool as it was recorded."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any] | None


def reply_of(result: Mapping[str, Any]) -> Reply | MoreInputWanted:
    """The reply that a tape holds as JSON data."""
    if result.get("inputRequired"):
        return MoreInputWanted()
    return Reply(
        content=[Block(block["type"], block.get("text")) for block in result["content"]],
        structured_content=result.get("structuredContent"),
        is_error=result["isError"],
        meta=result.get("_meta", {}),
    )


def definition_of(tool: Mapping[str, Any]) -> Definition:
    """The tool that a tape holds as JSON data."""
    return Definition(tool["name"], tool.get("description") or "", tool["inputSchema"], tool.get("outputSchema"))


class Broken(Exception):
    """A call that failed, as it was recorded. `code`: of a JSON-RPC error."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


class NotSent(Exception):
    """A call that a tape kept from its server. `next`: what helps."""

    def __init__(self, message: str, *, next: str | None) -> None:
        super().__init__(message)
        self.message = message
        self.next = next


class NoAnswer(Exception):
    """A call whose deadline passed, as it was recorded."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What HTTP saw of a call, of the parts that are read."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None
    detail: str = ""

    def put(self, exchange: Exchange) -> None:
        exchange.status, exchange.headers = self.status, self.headers
        exchange.fault, exchange.detail = self.fault, self.detail  # type: ignore[assignment]
