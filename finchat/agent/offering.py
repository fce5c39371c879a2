"""Which tools a request offers: finchat's own always, a server's only after `find_tools` named them.

However many tools are connected, a request carries about twenty of them and six thousand tokens of their schemas; those
used least recently leave first. What writes is never offered.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finchat.agent.events import CallEffect
from finchat.agent.fencing import Fence
from finchat.agent.find_tools import FIND_TOOLS, Finder, find_tools
from finchat.agent.lean import lean_tool
from finchat.agent.messages import ToolSpec
from finchat.agent.tokens import estimate_tool
from finchat.connections.own_tools import OWN_SERVER, OwnTool, OwnToolbox
from finchat.connections.toolbox import Tool, Toolbox
from finchat.errors import FinchatError

if TYPE_CHECKING:
    from finchat.books.documents import Organisation
    from finchat.safety.guard import Guard

MOST_TOOLS = 20
MOST_TOKENS = 6_000
_MOST_FOR_ONE = 1_200  # no single tool of a server may crowd out the others
_LONGEST_DESCRIPTION = 600
_LONGEST_NAME = 64  # what the APIs take
_OWN_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")  # no double underscore: that is a server's tool
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool in one request: as the model sees it, and as its server published it at that moment."""

    spec: ToolSpec
    server: str
    tool: Tool
    effect: CallEffect
    asks: bool = False  # the policy wants a person to allow each such read

    @property
    def is_own(self) -> bool:
        return self.server == OWN_SERVER


class Offering:
    """The tools of one session, behind the guard. Making it puts finchat's own tools behind the guard as well.

    `own` are finchat's tools without `find_tools`, which is added; `servers` the open MCP servers by name. Raises
    UsageError when a server has the name of finchat's own tools, ValueError for an own tool whose name is not plain.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        own: Iterable[OwnTool],
        servers: Iterable[str],
        organisation: Organisation,
        fence: Fence,
    ) -> None:
        self._guard = guard
        self._fence = fence
        self._finder = Finder(self)
        rows = [*own, find_tools(self._finder)]
        for row in rows:
            if not _OWN_NAME.fullmatch(row.name) or len(row.name) > _LONGEST_NAME:
                raise ValueError(f"not a plain name for a tool of finchat: {row.name!r}")
        if len({row.name for row in rows}) != len(rows):
            raise ValueError("two tools of finchat have the same name")
        self.drafts = tuple((row.name, row.description) for row in rows if row.effect == "propose")
        self._own = OwnToolbox(rows)
        guard.add_own(self._own, organisation)
        self._boxes: dict[str, Toolbox] = {name: guard.toolbox(name) for name in servers}
        self._own_box = guard.toolbox(OWN_SERVER)
        self._own_offers: dict[str, Offered] = {}
        self._named: OrderedDict[tuple[str, str], str] = OrderedDict()  # by server and tool; the latest used last
        self._specs: dict[tuple[str, str], ToolSpec | None] = {}  # by offered name and the tool's hash
        self._costs: dict[str, tuple[ToolSpec, int]] = {}

    @property
    def servers(self) -> tuple[str, ...]:
        return tuple(self._boxes)

    def toolbox(self, server: str) -> Toolbox:
        """The guarded tools of a server, or finchat's own."""
        return self._own_box if server == OWN_SERVER else self._boxes[server]

    async def offer(self) -> Mapping[str, Offered]:
        """What the next request offers, by the name the model must use, in an order that hardly changes.

        A server that cannot be asked offers nothing for the moment.
        """
        offers = dict(await self._own_tools())
        tokens = sum(self._cost(one.spec) for one in offers.values())
        chosen: list[Offered] = []
        for server, tool in reversed(list(self._named)):
            if len(offers) + len(chosen) >= MOST_TOOLS:
                break
            found = await self._offered(server, tool)
            cost = 0 if found is None else self._cost(found.spec)
            if found is not None and tokens + cost <= MOST_TOKENS:
                chosen.append(found)
                tokens += cost
        return offers | {one.spec.name: one for one in sorted(chosen, key=lambda one: one.spec.name)}

    def named(self, server: str, tool: str) -> str:
        """Remember that a server's tool is wanted; the name it is offered by."""
        key = (server, tool)
        if key not in self._named:
            taken = set(self._named.values())
            self._named[key] = offered_name(server, tool, taken)
        self._named.move_to_end(key)
        while len(self._named) > MOST_TOOLS * 5:
            self._named.popitem(last=False)
        return self._named[key]

    def used(self, offered: Offered) -> None:
        """A call of it was made: it stays longest."""
        if not offered.is_own:
            self.named(offered.server, offered.tool.name)

    def known_as(self, name: str) -> tuple[str, str] | None:
        """The server and tool that a name stands for, offered now or earlier in this session."""
        return next((key for key, known in self._named.items() if known == name), None)

    async def published(self, server: str) -> Mapping[str, Tool]:
        """A server's tools as it publishes them now; none when it cannot be asked."""
        try:
            return await self._boxes[server].tools()
        except FinchatError:
            return {}

    def can_offer(self, tool: Tool) -> bool:
        """Whether a tool of a server reads by the profile's or a person's word, and fits into a request."""
        said = self._guard.decision(tool.server, tool.name)
        if said.effect != "read" or said.decision == "deny":
            return False
        return self._spec(tool, offered_name(tool.server, tool.name, ())) is not None

    def effect(self, server: str, tool: str) -> str:
        """The class of a server's tool: read, write or destructive."""
        return self._guard.decision(server, tool).effect

    def _cost(self, spec: ToolSpec) -> int:
        """Tokens of a tool in a request; counted once, for it is written out as JSON to be counted."""
        known = self._costs.get(spec.name)
        if known is None or known[0] is not spec:
            known = self._costs[spec.name] = (spec, estimate_tool(spec))
        return known[1]

    async def _own_tools(self) -> Mapping[str, Offered]:
        if not self._own_offers:
            for name, tool in (await self._own.tools()).items():
                spec = ToolSpec(name, tool.description, tool.input_schema)
                self._own_offers[name] = Offered(spec, OWN_SERVER, tool, self._own.effect(name))
        return self._own_offers

    async def _offered(self, server: str, name: str) -> Offered | None:
        tool = (await self.published(server)).get(name)
        if tool is None:
            return None
        said = self._guard.decision(server, name)
        if said.effect != "read" or said.decision == "deny":
            return None
        spec = self._spec(tool, self._named[server, name])
        return None if spec is None else Offered(spec, server, tool, "read", asks=said.decision == "ask")

    def _spec(self, tool: Tool, name: str) -> ToolSpec | None:
        key = (name, tool.sha256)
        if key not in self._specs:
            described = self._fence.within(tool.description, _LONGEST_DESCRIPTION)
            description = f"Reads from server {tool.server}. Its maker says: {described}"
            self._specs[key] = lean_tool(name, description, tool.input_schema, _MOST_FOR_ONE, self._fence.short)
        return self._specs[key]


def offered_name(server: str, tool: str, taken: Iterable[str]) -> str:
    """`SERVER__TOOL`, as both APIs take names (64 of letters, digits, _ and -), and never the same for two tools.

    A name that had to be cut or changed, that could be read in two ways or is taken ends in a hash of both parts.
    """
    plain = f"{server}__{tool}"
    clear = "__" not in server and "__" not in tool and not server.endswith("_") and not tool.startswith("_")
    if clear and len(plain) <= _LONGEST_NAME and _PLAIN.fullmatch(plain) and plain not in taken:
        return plain
    digest = hashlib.sha256(f"{server}\0{tool}".encode("utf-8", "surrogatepass")).hexdigest()
    safe = "".join(char if _PLAIN.fullmatch(char) else "_" for char in plain)
    for length in range(8, len(digest) + 1):
        name = f"{safe[: _LONGEST_NAME - length - 1]}_{digest[:length]}"
        if name not in taken:
            return name
    raise ValueError(f"no name left for {tool} of {server}")


__all__ = ["FIND_TOOLS", "MOST_TOKENS", "MOST_TOOLS", "Offered", "Offering", "offered_name"]
