"""A model on a scripted server, and what one turn of it gives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from finchat.agent.messages import (
    Api,
    Item,
    Model,
    ModelRequest,
    Retrying,
    TextDelta,
    ToolOutput,
    ToolSpec,
    TurnComplete,
    UserText,
)
from finchat.agent.openai import open_model
from finchat.model_settings import ModelSettings
from tests.scripted.server import Raw, Say, Script, ScriptedModel, Seen

KEY = "sk-test-0123456789abcdef"
TOOLS = (
    ToolSpec("get_invoice", "One invoice.", {"type": "object", "properties": {"number": {"type": "string"}}}),
    ToolSpec("list_bills", "All bills.", {"type": "object"}),
)
QUESTION: tuple[Item, ...] = (UserText("Is INV-1 paid?"),)
BOTH: tuple[Api, ...] = ("responses", "chat")


@dataclass(frozen=True, slots=True)
class Turn:
    whole: TurnComplete
    deltas: tuple[str, ...]
    retries: tuple[Retrying, ...]


@asynccontextmanager
async def talking(
    script: Script, api: Api = "chat", *, stream: bool = True, server: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[tuple[Model, ScriptedModel]]:
    """A model open on a scripted server. Complaints of the server fail the test."""
    async with ScriptedModel(script, **(server or {})) as scripted:
        model = open_model(ModelSettings(name="m", base_url=scripted.base_url, **settings), stream=stream, api=api)
        try:
            yield model, scripted
        finally:
            await model.close()


async def turn(model: Model, items: tuple[Item, ...] = QUESTION) -> Turn:
    deltas, retries, whole = [], [], []
    async for event in model.turn(ModelRequest(instructions="Be brief.", items=items, tools=TOOLS)):
        match event:
            case TextDelta():
                deltas.append(event.text)
            case Retrying():
                retries.append(event)
            case TurnComplete():
                whole.append(event)
    assert len(whole) == 1
    return Turn(whole[0], tuple(deltas), tuple(retries))


def answered(items: tuple[Item, ...], whole: TurnComplete, output: str = "done") -> tuple[Item, ...]:
    """The conversation after a turn whose calls were carried out."""
    return (*items, *whole.items, *(ToolOutput(call.id, output) for call in whole.calls))


def always(answer: Say | Raw) -> Script:
    return lambda seen: answer


def is_last(seen: Seen) -> bool:
    return bool(seen.results())
