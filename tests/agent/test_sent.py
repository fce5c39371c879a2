"""What left for the model, noted once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from finchat.agent.messages import (
    Api,
    AssistantText,
    Item,
    ModelEvent,
    ModelRequest,
    Reasoning,
    TextDelta,
    ToolCall,
    ToolOutput,
    ToolSpec,
    TurnComplete,
    UserText,
)
from finchat.agent.sent import SentLog, read_sent
from finchat.app.schemas import PUBLISHED
from finchat.events import Event, Notice

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LIST = ToolSpec("list_invoices", "Lists invoices.", {"type": "object"})
FIND = ToolSpec("find_tools", "Finds tools.", {"type": "object"})
FIRST: tuple[Item, ...] = (UserText("Who owes us?"),)
SECOND: tuple[Item, ...] = (
    *FIRST, Reasoning({"encrypted": "x"}), ToolCall("c1", "list_invoices", "{}"), ToolOutput("c1", "Zoë owes 100.00"),
)  # fmt: skip


@dataclass
class Answering:
    """Answers the same always. Implements Model."""

    name: str = "scripted"
    api: Api = "chat"
    destination: str = "http://127.0.0.1:9"
    open_streams: int = 0
    closed: bool = False

    async def turn(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.open_streams += 1
        try:
            yield TextDelta("done")
            yield TurnComplete(items=(AssistantText("done"),))
        finally:
            self.open_streams -= 1

    async def close(self) -> None:
        self.closed = True


async def two_turns(log: SentLog) -> None:
    for items, tools in ((FIRST, (LIST,)), (SECOND, (LIST, FIND))):
        request = ModelRequest(instructions="Be brief.", items=items, tools=tools)
        assert [type(event) async for event in log.turn(request)] == [TextDelta, TurnComplete]


async def test_each_part_is_noted_in_the_request_that_first_sent_it() -> None:
    log = SentLog(Answering(), now=lambda: NOW)
    await two_turns(log)
    first, second = log.entries
    assert [(p.kind, p.label, p.text) for p in first.new] == [
        ("instructions", "", "Be brief."),
        ("tool", "list_invoices", 'Lists invoices.\n{"type":"object"}'),
        ("user", "", "Who owes us?"),
    ]
    assert [(p.kind, p.label) for p in second.new] == [
        ("tool", "find_tools"), ("reasoning", ""), ("call", "list_invoices"), ("output", "list_invoices"),
    ]  # fmt: skip
    assert (first.parts, first.again, second.parts, second.again) == (3, 0, 7, 3)
    assert (second.number, second.at, second.destination, second.model, second.api) == (
        2, NOW, "http://127.0.0.1:9", "scripted", "chat"
    )  # fmt: skip
    assert second.new[-1].bytes == len("list_invoices") + len("Zoë owes 100.00".encode())
    assert second.bytes == first.bytes + sum(part.bytes for part in second.new)
    assert second.tokens > first.tokens > 0


async def test_the_same_words_in_other_objects_are_not_listed_twice() -> None:
    log = SentLog(Answering())
    for _ in range(2):
        await two_turns(log)
    again = ModelRequest(instructions="Be brief.", items=(UserText("Who " + "owes us?"),), tools=())
    assert [event async for event in log.turn(again)]
    assert [len(entry.new) for entry in log.entries] == [3, 4, 0, 0, 0]


async def test_the_file_of_a_session_holds_the_same_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "sessions" / "s1.sent.jsonl"
    log = SentLog(Answering(), path, now=lambda: NOW)
    await two_turns(log)
    lines = path.read_text("utf-8").splitlines()
    assert [list(Draft202012Validator(PUBLISHED["sent-line"]).iter_errors(json.loads(line))) for line in lines] == [
        [],
        [],
    ]
    assert tuple(read_sent(lines)) == tuple(log.entries)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ValueError, match="not a line"):
        list(read_sent(["{}"]))


async def test_a_file_that_cannot_be_written_is_told_once_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / "s1").mkdir()
    events: list[Event] = []
    log = SentLog(Answering(), tmp_path / "sessions" / "s1", emit=events.append)
    await two_turns(log)
    assert len(log.entries) == 2
    assert [type(event) for event in events] == [Notice]


async def test_a_turn_that_is_left_half_way_is_closed_at_once() -> None:
    inner = Answering()
    log = SentLog(inner)
    turn = log.turn(ModelRequest(instructions="", items=FIRST))
    await anext(turn)
    await turn.aclose()  # type: ignore[attr-defined]
    assert inner.open_streams == 0
    await log.close()
    assert inner.closed
    assert (log.name, log.api, log.destination) == ("scripted", "chat", "http://127.0.0.1:9")
