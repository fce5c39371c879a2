"""`--private`: the model works with stand-ins, the person and the ledger with the real names.

`StandIns` (see `stand_ins`) says what is replaced and what goes out as it is; it has to be told of every tool's answer
(`learn`) before the model is sent any of it. `PrivateModel` stands between the loop and the model.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from finchat.agent.messages import (
    AssistantText,
    Item,
    Model,
    ModelEvent,
    ModelRequest,
    Retrying,
    TextDelta,
    ToolCall,
    ToolOutput,
    ToolSpec,
    TurnComplete,
    UserText,
    WrappedModel,
)
from finchat.agent.stand_ins import StandIns, beginning_of_stand_in
from finchat.prompts import load

__all__ = ["PrivateModel", "StandIns"]

_SQL_TOOL = "query"  # its one argument is SQL: an apostrophe in a name is doubled there
_CONTEXT = 6  # characters before a stand-in that can tell whether it is one


class PrivateModel(WrappedModel):
    """A Model that gets stand-ins for what `standins` knows, and whose words and calls come back with the real names.

    Outbound: instructions, every item but encrypted reasoning, and the descriptions and values of tool specs; names of
    tools and of their arguments stay. Inbound: words (a stand-in split over deltas is held back until it is whole),
    arguments of calls and texts.
    """

    def __init__(self, inner: Model, standins: StandIns) -> None:
        super().__init__(inner)
        self._standins = standins
        self._masked: dict[int, tuple[Item, Item, frozenset[str]]] = {}  # by id() of an item, which is kept with it
        self._own: dict[str, tuple[str, frozenset[str]]] = {}  # finchat's own words, which every request repeats
        self._known = 0

    async def turn(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """See Model.turn."""
        words = _Words(self._standins)
        stream = self._inner.turn(self._out(request))
        try:
            async for event in stream:
                match event:
                    case TextDelta():
                        if text := words.add(event.text):
                            yield TextDelta(text)
                    case Retrying():
                        words = _Words(self._standins)  # nothing of it counts
                        yield event
                    case TurnComplete():
                        if text := words.end():
                            yield TextDelta(text)
                        yield replace(event, items=tuple(map(self._in, event.items)))
        finally:
            if (close := getattr(stream, "aclose", None)) is not None:
                await close()

    def _out(self, request: ModelRequest) -> ModelRequest:
        for item in request.items:
            if isinstance(item, UserText) and id(item) not in self._masked:
                self._standins.learn_said(item.text)
        self._forget_outdated()
        return ModelRequest(
            instructions=f"{self._own_out(request.instructions)}\n\n{load('agent/private')}",
            items=tuple(map(self._item_out, request.items)),
            tools=tuple(
                ToolSpec(tool.name, self._own_out(tool.description), self._values_out(tool.parameters))
                for tool in request.tools
            ),
        )

    def _forget_outdated(self) -> None:
        """Items that went out before a name in them was known are masked anew."""
        self._known, news = self._standins.news_since(self._known)
        if news:
            for key in [key for key, (_, _, words) in self._masked.items() if not words.isdisjoint(news)]:
                del self._masked[key]
            for text in [text for text, (_, words) in self._own.items() if not words.isdisjoint(news)]:
                del self._own[text]

    def _item_out(self, item: Item) -> Item:
        known = self._masked.get(id(item))
        if known is None:
            text = _text_of(item)
            if text is None:
                return item
            masked = _with_text(item, self._standins.out(text))
            known = self._masked[id(item)] = (item, masked, self._standins.words_of(text))
        return known[1]

    def _own_out(self, text: str) -> str:
        known = self._own.get(text)
        if known is None:
            known = self._own[text] = (self._standins.out(text, own=True), self._standins.words_of(text))
        return known[0]

    def _values_out(self, value: Any) -> Any:
        """A schema with its texts masked; its keys are names of arguments and stay."""
        if isinstance(value, str):
            return self._own_out(value)
        if isinstance(value, Mapping):
            return {key: self._values_out(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._values_out(each) for each in value]
        return value

    def _in(self, item: Item) -> Item:
        if isinstance(item, AssistantText):
            return AssistantText(self._standins.reveal(item.text))
        if isinstance(item, ToolCall):
            sql = item.name == _SQL_TOOL
            return replace(item, arguments=self._standins.reveal_json(item.arguments, sql=sql))
        return item


class _Words:
    """The model's words as they come, each stand-in whole."""

    def __init__(self, standins: StandIns) -> None:
        self._standins = standins
        self._text = ""  # what is held back, after a little of what was given out
        self._given = 0

    def add(self, text: str) -> str:
        """What can be shown now."""
        self._text += text
        return self._give(beginning_of_stand_in(self._text, self._given))

    def end(self) -> str:
        """What was still held back."""
        return self._give(len(self._text))

    def _give(self, end: int) -> str:
        shown = self._standins.reveal(self._text[:end], start=self._given)
        self._text, self._given = self._text[max(end - _CONTEXT, 0) :], min(end, _CONTEXT)
        return shown


def _text_of(item: Item) -> str | None:
    """What of an item is masked; None for what only the API understands."""
    match item:
        case UserText(text) | AssistantText(text) | ToolOutput(_, text):
            return text
        case ToolCall(_, _, arguments):
            return arguments
    return None


def _with_text(item: Item, text: str) -> Item:
    match item:
        case ToolCall():
            return replace(item, arguments=text)
        case UserText() | AssistantText() | ToolOutput():
            return replace(item, text=text)
    return item
