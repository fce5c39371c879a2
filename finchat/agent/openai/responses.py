"""Responses: OpenAI's primary API, used without any state on the server.

`store` is false and no earlier response is referred to; encrypted reasoning comes with every answer and is handed back
across tool turns, so that the model keeps its thoughts and the vendor keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from finchat.agent.messages import (
    Api,
    AssistantText,
    Broken,
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
from finchat.agent.openai.calls import MAX_CALLS
from finchat.agent.openai.chat import reported
from finchat.agent.openai.dialect import Conversation, Encoded, OwnReasoning, Tools, encoded, encoded_object
from finchat.agent.openai.wire import (
    MAX_CHARACTERS,
    Words,
    as_mapping,
    as_mappings,
    as_text,
    broken,
    count,
    document,
    mended,
)

_ENCRYPTED = "reasoning.encrypted_content"
_INCOMPLETE: Mapping[str, Broken] = {"max_output_tokens": "length", "content_filter": "content_filter"}
_KEPT = ("type", "id", "summary", "content", "encrypted_content")


class ResponsesDialect:
    """Requests and answers of the Responses API."""

    api: Api = "responses"
    path = "/responses"

    def __init__(self, model: str, destination: str) -> None:
        self._model = model
        self._reasoning = OwnReasoning(self.api, destination, model)
        self._wants_reasoning = True
        self._conversation = Conversation(self._written)
        self._tools = Tools(_tool)

    def body(self, request: ModelRequest, *, stream: bool) -> bytes:
        body: dict[str, bytes | Encoded] = {
            "model": encoded(self._model),
            "store": encoded(False),
            "stream": encoded(stream),
            "instructions": encoded(request.instructions),
            "input": self._conversation.encoded([], request.items),
        }
        if self._wants_reasoning:
            body["include"] = encoded([_ENCRYPTED])
        if request.tools:
            body["tools"] = self._tools.encoded(request.tools)
        return encoded_object(body)

    def reader(self, request: ModelRequest) -> ResponsesReader:
        return ResponsesReader(self._reasoning)

    def do_without(self, codes: set[str], words: str) -> str | None:
        refused = "include" in codes or "encrypted" in words.lower() or "'include'" in words
        if self._wants_reasoning and refused and "invalid_encrypted_content" not in codes:
            self._wants_reasoning = False  # models that do not reason refuse to be asked for it
            return "include"
        return None

    def _written(self, items: Sequence[Item]) -> list[Mapping[str, Any]]:
        elements = (self._element(item) for item in items)
        return [element for element in elements if element is not None]

    def _element(self, item: Item) -> Mapping[str, Any] | None:
        match item:
            case UserText():
                return {"type": "message", "role": "user", "content": item.text}
            case AssistantText():
                return {"type": "message", "role": "assistant", "content": item.text}
            case ToolCall():
                return {
                    "type": "function_call", "call_id": item.id, "name": item.name, "arguments": item.arguments,
                }  # fmt: skip
            case ToolOutput():
                return {"type": "function_call_output", "call_id": item.call_id, "output": item.text}
            case Reasoning():
                return self._reasoning.given_back(item)


def _tool(spec: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.parameters,
        "strict": False,  # the API's default takes a small part of JSON Schema only
    }


@dataclass(slots=True)
class _Output:
    """One output item as its events tell of it."""

    id: str
    kind: str
    words: Words = field(default_factory=Words)
    pieces: list[str] = field(default_factory=list)  # of arguments
    arguments: str | None = None  # as arguments.done says
    done: Mapping[str, Any] | None = None
    begun: Mapping[str, Any] = field(default_factory=dict)  # as it was announced


class ResponsesReader:
    """One answer of the Responses API. Whole: response.completed, whose response has the status completed."""

    def __init__(self, reasoning: OwnReasoning) -> None:
        self._reasoning = reasoning
        self._outputs: dict[int, _Output] = {}
        self._size = 0
        self._response: Mapping[str, Any] | None = None
        self.ended = False

    def take(self, name: str, data: str) -> Iterator[str]:
        if data == "[DONE]":  # some endpoints close both APIs' streams alike; it says nothing about the response
            return
        event = document(data)
        kind = event.get("type") or name
        if not isinstance(kind, str) or not kind:
            raise broken("malformed", "an event has no type")
        if kind == "error" or event.get("error"):
            raise reported(event.get("error") or event, TokenUsage())
        match kind.removeprefix("response."):
            case "output_text.delta" | "refusal.delta":
                if shown := self._output(event, "message").words.add(as_text(event.get("delta"))):
                    yield shown
            case "function_call_arguments.delta":
                self._add_arguments(self._output(event, "function_call"), as_text(event.get("delta")))
            case "function_call_arguments.done":
                self._output(event, "function_call").arguments = as_text(event.get("arguments"))
            case "output_item.added":
                self._begin(event)
            case "output_item.done":
                self._finish_item(event)
            case "completed" | "incomplete" | "failed" as end:
                self._end(as_mapping(event.get("response"), "a response"), end)

    def take_document(self, document: Mapping[str, Any]) -> Iterator[str]:
        if document.get("error"):
            raise reported(document["error"], _usage(document))
        self._end(document, as_text(document.get("status")))
        for place, item in enumerate(as_mappings(document.get("output"), "output")):
            self._outputs[place] = _Output(as_text(item.get("id")), as_text(item.get("type")), done=item)
            if text := _message_text(item):
                yield mended(text)

    def complete(self) -> TurnComplete:
        if self._response is None:
            raise broken("cut")
        usage = _usage(self._response)
        ordered = [self._outputs[place] for place in sorted(self._outputs)]
        if any(output.done is None for output in ordered):
            raise broken("malformed", "an item of it was begun and never finished", usage)
        listed = as_mappings(self._response.get("output"), "output")
        told = [_call(item) for item in listed if item.get("type") == "function_call"]
        streamed = [_call(output.done) for output in ordered if output.kind == "function_call" and output.done]
        # Some endpoints leave the list empty in the last event of a stream.
        if listed and told != streamed:
            raise broken("malformed", "its calls at the end are not the calls it was made of", usage)
        items = [item for output in ordered for item in self._items(output)]
        return TurnComplete(items=tuple(items), usage=usage)

    def seen(self) -> tuple[ToolCall, ...]:
        begun = [(one, one.done or one.begun) for one in self._outputs.values() if one.kind == "function_call"]
        return tuple(
            ToolCall(str(item.get("call_id") or ""), str(item.get("name") or ""), "".join(one.pieces))
            for one, item in begun
        )

    def _output(self, event: Mapping[str, Any], kind: str) -> _Output:
        """The item that an event is about, which must have been begun, be of that kind and not be finished."""
        found = self._outputs.get(_place(event))
        id = as_text(event.get("item_id"))
        if found is None or found.kind != kind or found.done is not None or (id and found.id and id != found.id):
            raise broken("malformed", "a piece belongs to no item of it")
        return found

    def _begin(self, event: Mapping[str, Any]) -> None:
        item = as_mapping(event.get("item"), "an output item")
        place = _place(event)
        if place in self._outputs:
            raise broken("malformed", "two items have one place")
        if len(self._outputs) >= 2 * MAX_CALLS:
            raise broken("too_large")
        self._outputs[place] = _Output(as_text(item.get("id")), as_text(item.get("type")), begun=item)

    def _add_arguments(self, output: _Output, piece: str) -> None:
        self._size += len(piece)
        if self._size > MAX_CHARACTERS:
            raise broken("too_large")
        output.pieces.append(piece)

    def _finish_item(self, event: Mapping[str, Any]) -> None:
        item = as_mapping(event.get("item"), "an output item")
        place, kind, id = _place(event), as_text(item.get("type")), as_text(item.get("id"))
        output = self._outputs.setdefault(place, _Output(id, kind))
        if output.done is not None or output.kind != kind or (id and output.id and id != output.id):
            raise broken("malformed", "an item is finished that is not the one begun")
        if kind == "function_call":
            begun = output.begun
            if any(as_text(begun.get(part)) not in {"", as_text(item.get(part))} for part in ("name", "call_id")):
                raise broken("malformed", "a call is finished that is not the one begun")
            arguments = as_text(item.get("arguments"))
            streamed = "".join(output.pieces) if output.pieces else arguments
            if {streamed, output.arguments if output.arguments is not None else arguments} != {arguments}:
                raise broken("malformed", "the arguments of a call are not those it was made of")
        output.done = item

    def _end(self, response: Mapping[str, Any], end: str) -> None:
        usage = _usage(response)
        if end == "failed" or response.get("error"):
            raise reported(response.get("error") or {}, usage)
        if end == "incomplete" or response.get("status") == "incomplete":
            details = response.get("incomplete_details")
            reason = details.get("reason") if isinstance(details, dict) else None
            raise broken(_INCOMPLETE.get(str(reason), "cut"), usage=usage)
        if end != "completed" or response.get("status") != "completed":
            raise broken("malformed", "it ends without being completed", usage)
        self._response = response
        self.ended = True

    def _items(self, output: _Output) -> Iterator[Item]:
        item = output.done or {}
        match output.kind:
            case "message":
                text = mended(_message_text(item)) or output.words.whole()
                if text:
                    yield AssistantText(text)
            case "function_call":
                id, name, arguments = _call(item)
                if not id or not name or item.get("status") not in {None, "completed"}:
                    raise broken("malformed", "a call of it is not whole")
                yield ToolCall(id, mended(name), mended(arguments))
            case "reasoning" if item.get("encrypted_content") or item.get("content"):
                # Without either the server would have to have stored it.
                yield self._reasoning.keep({name: item[name] for name in _KEPT if item.get(name) is not None})


def _place(event: Mapping[str, Any]) -> int:
    place = event.get("output_index")
    if not isinstance(place, int) or isinstance(place, bool):
        raise broken("malformed", "an event names no place")
    return place


def _call(item: Mapping[str, Any]) -> tuple[str, str, str]:
    return as_text(item.get("call_id")), as_text(item.get("name")), as_text(item.get("arguments"))


def _message_text(item: Mapping[str, Any]) -> str:
    """The words of a message item; a refusal is words as well."""
    if item.get("type") != "message":
        return ""
    parts = as_mappings(item.get("content"), "a message")
    return "".join(as_text(part.get("text")) + as_text(part.get("refusal")) for part in parts)


def _usage(response: Mapping[str, Any]) -> TokenUsage:
    usage = response.get("usage")
    if not isinstance(usage, dict):
        return TokenUsage()
    details = usage.get("input_tokens_details")
    return TokenUsage(
        input_tokens=count(usage.get("input_tokens")),
        output_tokens=count(usage.get("output_tokens")),
        cached_tokens=count(details.get("cached_tokens")) if isinstance(details, dict) else 0,
    )
