"""A tape that goes on: what it holds is played, what it lacks is asked, and no write is ever sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from finchat.cassettes.continuing import Continuing
from finchat.cassettes.rows import Row
from finchat.connections.child import Child
from finchat.connections.tape import Block, NotSent, Reply

STARTED = datetime(2026, 11, 20, 9, tzinfo=UTC)
APPROVE = "Approve? "


def answered(n: int, tool: str, arguments: Mapping[str, Any]) -> Row:
    return Row({
        "kind": "mcp", "n": n, "at": 100 * n, "took": 50, "server": "books", "method": "tools/call",
        "params": {"name": tool, "arguments": dict(arguments)},
        "result": {"content": [{"type": "text", "text": f"held {n}"}], "structuredContent": None, "isError": False,
                   "_meta": {}},
    })  # fmt: skip


HELD = (
    Row({"kind": "mcp", "n": 1, "at": 0, "took": 10, "server": "books", "method": "initialize", "params": {},
         "result": {}}),
    answered(2, "list_invoices", {}),
    Row({"kind": "human", "n": 3, "at": 300, "took": 0, "asks": "decision", "prompt": APPROVE, "line": "y"}),
    answered(4, "create_payment", {"amount": "1.00"}),
    Row({"kind": "human", "n": 5, "at": 500, "took": 0, "asks": "decision", "prompt": APPROVE, "line": "y"}),
)  # fmt: skip


class World:
    """A server that counts what reaches it."""

    in_flight = 0
    alive = True

    def __init__(self) -> None:
        self.child: Child | None = None
        self.dropped: dict[str, str] = {}
        self.opened = 0
        self.called: list[str] = []

    async def open(self) -> World:
        self.opened += 1
        return self

    async def close(self) -> None:
        return

    async def list_tools(self) -> list[Any]:
        return []

    async def call_tool(self, name: str, arguments: dict[str, Any], meta: Mapping[str, Any] | None) -> Any:
        self.called.append(name)
        return Reply(content=[Block("text", "live")], structured_content=None, is_error=False, meta={})


def gone_on(do: Callable[[Continuing, Any], Awaitable[None]]) -> tuple[Continuing, World, list[str | None]]:
    """A run on the tape: what it noted, what reached the world, and what was echoed."""
    world, echoed = World(), list[str | None]()
    tape = Continuing(HELD, STARTED, lambda asks, prompt, line: echoed.append(line))

    async def run() -> None:
        link = await tape.link("books", world.open, lambda: None, lambda tool: tool.startswith("list_"))
        await do(tape, link)

    asyncio.run(run())
    return tape, world, echoed


async def person() -> str | None:
    return "typed"


def test_what_is_held_never_reaches_the_world() -> None:
    async def do(tape: Continuing, link: Any) -> None:
        assert (await link.call_tool("list_invoices", {}, None)).content[0].text == "held 2"
        assert await tape.answer("decision", APPROVE, person) == "y"
        await link.call_tool("create_payment", {"amount": "1.00"}, None)

    tape, world, echoed = gone_on(do)
    assert (world.opened, tape.asked_anew, echoed) == (0, 0, ["y"])
    assert [(row["kind"], row["at"]) for row in tape.rows] == [("mcp", 0), ("mcp", 200), ("human", 300), ("mcp", 400)]
    assert (tape.now() - STARTED).total_seconds() >= 0.45


def test_a_read_that_is_lacking_is_asked_once_and_noted() -> None:
    async def do(_tape: Continuing, link: Any) -> None:
        await link.call_tool("list_invoices", {}, None)
        assert (await link.call_tool("list_invoices", {}, None)).content[0].text == "live"

    tape, world, _ = gone_on(do)
    assert (world.opened, world.called, tape.asked_anew) == (1, ["list_invoices"], 1)
    assert [row["method"] for row in tape.rows] == ["initialize", "tools/call", "tools/call"]
    assert tape.rows[1]["at"] <= tape.rows[2]["at"]


@pytest.mark.parametrize(
    ("before", "tool", "arguments", "why"),
    [
        ([], "create_payment", {"amount": "2.00"}, "it writes, or may"),
        ([], "delete_everything", {}, "it writes, or may"),
        ([], "list_contacts", {"email": "xx1@mail.example"}, "redacted"),
        (["create_payment"], "list_contacts", {}, "was only played"),
    ],
)
def test_what_may_not_be_sent_is_refused_with_what_helps(
    before: list[str], tool: str, arguments: dict[str, Any], why: str
) -> None:
    async def do(_tape: Continuing, link: Any) -> None:
        for name in before:
            await link.call_tool(name, {"amount": "1.00"}, None)
        with pytest.raises(NotSent, match=why) as refused:
            await link.call_tool(tool, arguments, None)
        assert refused.value.next == "record the run anew: --record-mode all"

    tape, world, _ = gone_on(do)
    assert (world.opened, world.called, tape.refused) == (0, [], [f"books {tool}"])


def test_once_the_world_was_asked_a_person_decides_again() -> None:
    async def do(tape: Continuing, link: Any) -> None:
        await link.call_tool("list_contacts", {}, None)
        assert await tape.answer("decision", APPROVE, person) == "typed"

    tape, _, echoed = gone_on(do)
    assert echoed == []
    assert tape.rows[-1]["line"] == "typed"
