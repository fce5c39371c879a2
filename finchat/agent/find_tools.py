"""`find_tools`: the long tail of connected tools, found by words. It offers reads; for a write it says what to use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from finchat import prompts
from finchat.connections.own_tools import OwnTool
from finchat.connections.toolbox import Tool
from finchat.text.sanitise import one_line

FIND_TOOLS = "find_tools"
MOST_FOUND = 5
_MOST_WRITES = 3
_LONGEST_TEXT = 200
_LONGEST_NAME = 120
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Words that say nothing of what a tool is about.
_EMPTY = frozenset(
    {
        "a", "all", "an", "and", "any", "by", "for", "from", "get", "give", "in", "into", "is", "it", "list", "me",
        "my", "of", "on", "one", "or", "our", "show", "single", "that", "the", "to", "tool", "tools", "with",
    }
)  # fmt: skip
_MAKING = frozenset({"create", "add", "draft", "make", "new", "record", "post", "raise"})

_CHANGING = _MAKING | {
    "allocate", "apply", "approve", "change", "correct", "delete", "edit", "match", "pay", "refund", "remove", "send",
    "set", "settle", "undo", "update", "void", "write",
}  # fmt: skip


class Shelf(Protocol):
    """What is searched: the offering."""

    @property
    def servers(self) -> tuple[str, ...]: ...
    @property
    def drafts(self) -> tuple[tuple[str, str], ...]: ...
    async def published(self, server: str) -> Mapping[str, Tool]: ...
    def can_offer(self, tool: Tool) -> bool: ...
    def effect(self, server: str, tool: str) -> str: ...
    def named(self, server: str, tool: str) -> str: ...


class Finder:
    """Search by words over names and descriptions of the connected servers' tools."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._indexed: dict[str, tuple[Mapping[str, Tool], list[tuple[Tool, frozenset[str], frozenset[str]]]]] = {}

    async def find(self, query: str) -> dict[str, Any]:
        """The tools that fit best, which the next request offers; what writes is named with what to use instead."""
        wanted = words(query)
        ranked: list[tuple[float, str, str, Tool]] = []
        for server in self._shelf.servers:
            for tool, in_name, in_text in self._index(server, await self._shelf.published(server)):
                if score := _score(wanted, in_name, in_text):
                    ranked.append((-score, tool.name, server, tool))
        ranked.sort(key=lambda one: one[:3])
        found: list[dict[str, str]] = []
        writes: list[dict[str, str | None]] = []
        for _, name, server, tool in ranked:
            if self._shelf.effect(server, name) != "read":
                if len(writes) < _MOST_WRITES:
                    writes.append({"for": one_line(name, _LONGEST_NAME), "use": self._draft_for(name)})
            elif len(found) < MOST_FOUND and self._shelf.can_offer(tool):
                text = one_line(tool.description[: _LONGEST_TEXT * 4], _LONGEST_TEXT)
                found.append({"name": self._shelf.named(server, name), "server": server, "description": text})
            if len(found) == MOST_FOUND and len(writes) == _MOST_WRITES:
                break
        if found and not wanted & _CHANGING:
            writes = []  # nobody asked for a change
        return {"tools": found, "writes": [_advice(one) for one in writes], "next": _next(bool(found), bool(writes))}

    def _index(
        self, server: str, tools: Mapping[str, Tool]
    ) -> list[tuple[Tool, frozenset[str], frozenset[str]]]:  # fmt: skip
        known = self._indexed.get(server)
        if known is None or known[0] is not tools:
            rows = [(tool, words(tool.name), words(tool.description[:2000])) for tool in tools.values()]
            self._indexed[server] = known = (tools, rows)
        return known[1]

    def _draft_for(self, tool: str) -> str | None:
        """The drafting tool for what a server's tool would make; None when finchat cannot draft it."""
        asked = words(tool)
        if not asked & _MAKING:
            return None
        about = asked - _MAKING
        by_name = [(len(words(name) & about), name) for name, _ in self._shelf.drafts]
        best = max(by_name, default=(0, ""))
        return best[1] if best[0] else None


def find_tools(finder: Finder) -> OwnTool:
    """The row of finchat's own tools."""

    async def run(arguments: Mapping[str, Any]) -> dict[str, Any]:
        return await finder.find(str(arguments["query"]))

    return OwnTool(
        name=FIND_TOOLS,
        description=prompts.load("agent/find_tools"),
        parameters={
            "type": "object",
            "properties": {"query": {"type": "string", "minLength": 1, "maxLength": 200}},
            "required": ["query"],
            "additionalProperties": False,
        },
        effect="local",
        run=run,
    )


def words(text: str) -> frozenset[str]:
    """The words of a name or sentence, folded, in the singular, without those that say nothing."""
    plain = unicodedata.normalize("NFKD", _CAMEL.sub(" ", text)).casefold()
    return frozenset(_singular(word) for word in _WORD.findall(plain) if word not in _EMPTY)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _score(wanted: Iterable[str], in_name: frozenset[str], in_text: frozenset[str]) -> float:
    """Three for a word of the name, one for a word of the description, half of it for a beginning."""
    score = 0.0
    for word in wanted:
        if word in in_name:
            score += 3
        elif len(word) > 3 and any(one.startswith(word) for one in in_name):
            score += 1.5
        elif word in in_text:
            score += 1
    return score / (1 + len(in_name) / 50)  # of equals the tool that is about less


def _advice(write: Mapping[str, str | None]) -> dict[str, str | None]:
    if write["use"] is None:
        return {**write, "why": "finchat cannot do this yet; say so, and that it can be done in the ledger itself"}
    return {**write, "why": "this makes a proposal, which a person approves"}


def _next(found: bool, writes: bool) -> str:
    if found:
        return "the tools named here can be called from your next answer on"
    if writes:
        return "nothing that reads fits; see what is said of writes"
    return "no connected tool fits; try other words, or say plainly that it cannot be done here"
