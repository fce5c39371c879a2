"""Chat Completions: the API that every endpoint speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finchat.agent.messages import (
    Api,
    AssistantText,
    Broken,
    ContextTooLong,
    Item,
    ModelRequest,
    Reasoning,
    TokenUsage,
    ToolCall,
    ToolOutput,
    ToolSpec,
    TurnComplete,
    UserText,
)
from finchat.agent.openai.calls import CallParts
from finchat.agent.openai.dialect import Conversation, Encoded, OwnReasoning, Tools, encoded, encoded_object
from finchat.agent.openai.failures import is_context_text
from finchat.agent.openai.wire import (
    Words,
    as_list,
    as_mapping,
    as_mappings,
    as_text,
    broken,
    count,
    document,
    error_text,
    mended,
)

_WHOLE = frozenset({"stop", "tool_calls", "function_call"})
_BROKEN_BY: Mapping[str, Broken] = {"length": "length", "content_filter": "content_filter", "error": "error"}
# Where endpoints keep a model's thoughts; some want them back with the calls that came of them.
_THOUGHTS = ("reasoning_content", "reasoning_details")


class ChatDialect:
    """Requests and answers of Chat Completions."""

    api: Api = "chat"
    path = "/chat/completions"

    def __init__(self, model: str, destination: str) -> None:
        self._model = model
        self._reasoning = OwnReasoning(self.api, destination, model)
        self._counts_usage = True
        self._conversation = Conversation(self._messages)
        self._tools = Tools(_tool)

    def body(self, request: ModelRequest, *, stream: bool) -> bytes:
        system = {"role": "system", "content": request.instructions}
        body: dict[str, bytes | Encoded] = {
            "model": encoded(self._model),
            "stream": encoded(stream),
            "messages": self._conversation.encoded([system], request.items),
        }
        if stream and self._counts_usage:
            body["stream_options"] = encoded({"include_usage": True})
        if request.tools:
            body["tools"] = self._tools.encoded(request.tools)
        return encoded_object(body)

    def reader(self, request: ModelRequest) -> ChatReader:
        before = sum(1 for item in request.items if isinstance(item, ToolCall))
        return ChatReader(self._reasoning, calls_before=before)

    def do_without(self, codes: set[str], words: str) -> str | None:
        if self._counts_usage and any("stream_options" in text for text in (*codes, words)):
            self._counts_usage = False
            return "stream_options"
        return None

    def _messages(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        turn: dict[str, Any] | None = None  # the assistant's message that is being put together
        for item in items:
            if isinstance(item, UserText | ToolOutput):
                turn = None
                messages.append(_message(item))
                continue
            if turn is None:
                turn = {"role": "assistant", "content": None}
                messages.append(turn)
            self._add(item, turn)
        # A turn whose thoughts went to another endpoint, and nothing else.
        return [m for m in messages if m["role"] != "assistant" or m["content"] is not None or "tool_calls" in m]

    def _add(self, item: Item, turn: dict[str, Any]) -> None:
        if isinstance(item, AssistantText):
            turn["content"] = (turn["content"] or "") + item.text
        elif isinstance(item, ToolCall):
            turn.setdefault("tool_calls", []).append(
                {"id": item.id, "type": "function", "function": {"name": item.name, "arguments": item.arguments}}
            )
        elif isinstance(item, Reasoning):
            turn.update(self._reasoning.given_back(item) or {})


def _tool(spec: ToolSpec) -> dict[str, Any]:
    function = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
    return {"type": "function", "function": function}


def _message(item: UserText | ToolOutput) -> dict[str, Any]:
    if isinstance(item, UserText):
        return {"role": "user", "content": item.text}
    return {"role": "tool", "tool_call_id": item.call_id, "content": item.text}


class ChatReader:
    """One answer of Chat Completions. Whole: a finish reason of a whole turn, and [DONE] when streamed."""

    def __init__(self, reasoning: OwnReasoning, *, calls_before: int) -> None:
        self._reasoning = reasoning
        self._calls_before = calls_before
        self._words = Words()
        self._calls = CallParts()
        self._thoughts = Words()
        self._details: list[Any] = []
        self._finish: str | None = None
        self._usage = TokenUsage()
        self.ended = False

    def take(self, name: str, data: str) -> Iterator[str]:
        if data == "[DONE]":
            self.ended = True
            return
        chunk = document(data)
        if name == "error" or chunk.get("error"):
            raise reported(chunk.get("error") or chunk, self._usage)
        self._count(chunk.get("usage"))
        choices = as_mappings(chunk.get("choices"), "choices")
        if "choices" not in chunk and "usage" not in chunk:
            raise broken("malformed", "an event is no chunk of a chat completion")
        for choice in choices:
            if choice.get("index") not in {0, None}:
                raise broken("malformed", "it has more than one choice")
            yield from self._take_message(as_mapping(choice.get("delta") or {}, "a delta"), whole=False)
            self._finished(choice.get("finish_reason"))

    def take_document(self, document: Mapping[str, Any]) -> Iterator[str]:
        if document.get("error"):
            raise reported(document["error"], self._usage)
        self._count(document.get("usage"))
        choices = as_mappings(document.get("choices"), "choices")
        if len(choices) != 1:
            raise broken("malformed", "it has not one choice")
        yield from self._take_message(as_mapping(choices[0].get("message"), "a message"), whole=True)
        self._finished(choices[0].get("finish_reason"))
        self.ended = True

    def complete(self) -> TurnComplete:
        if self._finish is not None and self._finish not in _WHOLE:
            why = _BROKEN_BY.get(self._finish, "malformed")
            detail = "" if why != "malformed" else f"it finished with {self._finish}"
            raise broken(why, detail, self._usage)
        if self._finish is None or not self.ended:
            raise broken("cut", usage=self._usage)
        calls = self._calls.calls(lambda position: f"call_{self._calls_before + position + 1}")
        if self._finish == "tool_calls" and not calls:
            raise broken("malformed", "it announces calls and has none", self._usage)
        items: list[Item] = [*self._kept(calls)]
        if text := self._words.whole():
            items.append(AssistantText(text))
        items += [ToolCall(call.id, mended(call.name), mended(call.arguments)) for call in calls]
        return TurnComplete(items=tuple(items), usage=self._usage)

    def seen(self) -> tuple[ToolCall, ...]:
        return self._calls.calls(lambda _: "")

    def _take_message(self, message: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
        """A message, or the delta of one."""
        pieces = as_list(message.get("tool_calls"), "tool_calls")
        legacy = message.get("function_call")
        texts = [_text(message.get("content")), as_text(message.get("refusal"))]
        if self._finish is not None and (pieces or legacy or any(texts)):
            raise broken("malformed", "it goes on after its end", self._usage)
        for text in texts:
            if text and (shown := self._words.add(text)):
                yield shown
        for position, piece in enumerate(pieces):
            self._calls.take(piece, index=position if whole else None)
        if legacy:
            legacy = as_mapping(legacy, "function_call")
            self._calls.add(-1, "", as_text(legacy.get("name")), as_text(legacy.get("arguments")))
        if isinstance(thought := message.get("reasoning_content"), str):
            self._thoughts.add(thought)
        if isinstance(details := message.get("reasoning_details"), list):
            self._details += details

    def _finished(self, reason: Any) -> None:
        if reason := as_text(reason):
            if self._finish not in {None, reason}:
                raise broken("malformed", "it finishes twice", self._usage)
            self._finish = reason

    def _kept(self, calls: tuple[ToolCall, ...]) -> Iterator[Reasoning]:
        """The thoughts that go back with the calls that came of them; those of plain words are over."""
        thoughts = dict(zip(_THOUGHTS, (self._thoughts.whole(), self._details), strict=True))
        if calls and (kept := {name: value for name, value in thoughts.items() if value}):
            yield self._reasoning.keep(kept)

    def _count(self, usage: Any) -> None:
        if isinstance(usage, dict):
            details = usage.get("prompt_tokens_details")
            self._usage = TokenUsage(
                input_tokens=count(usage.get("prompt_tokens")),
                output_tokens=count(usage.get("completion_tokens")),
                cached_tokens=count(details.get("cached_tokens")) if isinstance(details, dict) else 0,
            )


def _text(content: Any) -> str:
    """The words of a content: text, or a list of parts whose texts count."""
    if not isinstance(content, list):
        return as_text(content)
    parts = as_mappings(content, "a content")
    return "".join(as_text(part.get("text")) for part in parts if part.get("type") == "text")


def reported(error: Any, usage: TokenUsage) -> Exception:
    """An error that came with HTTP 200, or in the middle of a stream."""
    words = error_text(error)
    code = error.get("code") if isinstance(error, dict) else None
    if code == "context_length_exceeded" or is_context_text(words):
        return ContextTooLong(
            "the conversation is longer than the model's context", next="ask about less at once, or start anew"
        )
    return broken("error", words, usage)
