"""A scripted model behind a real socket: it speaks the wire formats of the Responses and Chat Completions APIs.

It stands in for the LLM only, and is called scripted. A Script gets what a model would get (Seen) and gives what a
model would give (Say), or raw bytes for a fault (Raw). The server checks a request as the real APIs do (calls without
outputs, reasoning that does not come back, bad tool names) and answers 400 as they do; `complaints` holds what it
found.

    def script(seen: Seen) -> Say:
        if not seen.results():
            return Say(calls=[("lookup", {"number": "INV-1"})])
        return Say("It is paid.")

    with ScriptedModel(script) as model:             # or `async with`; a thread serves it
        subprocess.run([...], env={**os.environ, **model.environ})
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

from finchat.agent.messages import Api, AssistantText, Item, Reasoning, ToolCall, ToolOutput, UserText

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TEXT_PIECE = 12
_ARGUMENTS_PIECE = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as the scripted model sees it. `turn` counts the requests to this server, from 1."""

    api: Api
    stream: bool
    model: str
    instructions: str
    items: tuple[Item, ...]
    tools: tuple[str, ...]  # the names offered
    schemas: Mapping[str, Mapping[str, Any]]  # name → {"description", "parameters"}
    turn: int
    body: Mapping[str, Any]

    @property
    def question(self) -> str:
        """The last text of the user's side."""
        return next((item.text for item in reversed(self.items) if isinstance(item, UserText)), "")

    def results(self, name: str | None = None) -> list[str]:
        """The outputs of all calls so far (of tool `name`), in order."""
        names = {item.id: item.name for item in self.items if isinstance(item, ToolCall)}
        return [
            item.text
            for item in self.items
            if isinstance(item, ToolOutput) and (name is None or names.get(item.call_id) == name)
        ]

    @property
    def calls(self) -> list[ToolCall]:
        """All calls made so far, in order."""
        return [item for item in self.items if isinstance(item, ToolCall)]


@dataclass(frozen=True, slots=True)
class Say:
    """A whole turn. A call is (name, arguments); arguments given as text are sent as they are, valid JSON or not.

    `ids` forge the ids of the calls; `interleave` mixes the argument pieces of parallel calls; `thinks` puts a
    reasoning item before it (Responses). `piece`: characters of an event.
    """

    text: str = ""
    calls: Sequence[tuple[str, Mapping[str, Any] | str]] = ()
    ids: Sequence[str] = ()
    interleave: bool = False
    thinks: bool = True
    usage: tuple[int, int] | None = None  # tokens in and out; by length when None
    piece: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Bytes of a fault. Parts are sent one by one: bytes, seconds to wait, or an event to wait for.

    `end`: whole (the transfer ends as HTTP says), cut (the connection closes in the middle), silent (stays open until
    the server closes), nothing (the connection closes before any answer).
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Sequence[bytes | float | threading.Event] = ()
    end: Literal["whole", "cut", "silent", "nothing"] = "whole"


Script = Callable[[Seen], "Say | Raw"]


def in_turns(*answers: Say | Raw) -> Script:
    """A script that gives one answer a request, in order, and repeats the last."""
    return lambda seen: answers[min(seen.turn, len(answers)) - 1]


def error(status: int, message: str, *, code: str | None = None, kind: str = "invalid_request_error",
          param: str | None = None, headers: Mapping[str, str] | None = None) -> Raw:  # fmt: skip
    """An error as both APIs write it."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Raw(
        status=status,
        headers={"content-type": "application/json", **(headers or {})},
        parts=[json.dumps(body).encode()],
    )


def sse(event: Mapping[str, Any]) -> bytes:
    """One event as it is on the wire: Responses events carry their type as event name, chat chunks do not."""
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


DONE = b"data: [DONE]\n\n"


def stream_of(seen: Seen, say: Say) -> list[dict[str, Any]]:
    """The events of a streamed turn, as data: to be altered for a fault and sent with `streamed`."""
    return _responses_events(seen, say) if seen.api == "responses" else _chat_chunks(seen, say)


def streamed(seen: Seen, events: Iterable[Mapping[str, Any]], *, done: bool = True, **how: Any) -> Raw:
    """Events as a Raw answer. `done` sends chat's [DONE]."""
    parts = [sse(event) for event in events]
    return Raw(
        headers={"content-type": "text/event-stream; charset=utf-8"},
        parts=[*parts, *([DONE] if done and seen.api == "chat" else [])],
        **how,
    )


def document_of(seen: Seen, say: Say) -> dict[str, Any]:
    """The JSON document of a turn that is not streamed."""
    if seen.api == "responses":
        document: dict[str, Any] = _responses_events(seen, say)[-1]["response"]
        return document
    return _chat_document(seen, say)


class ScriptedModel:
    """The server. `requests` are the bodies it got, `headers` their headers (lower case), `paths` where they went.

    `key`: 401 for any other bearer. `refuses`: fields of a body that it answers with 400, as older endpoints do.
    On leaving, an exception of the script and, when `strict`, a complaint about a request fail the test.
    """

    def __init__(
        self, script: Script, *, key: str | None = None, refuses: Sequence[str] = (), strict: bool = True
    ) -> None:
        self.script = script
        self.key = key
        self.refuses = tuple(refuses)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.complaints: list[str] = []
        self.failures: list[BaseException] = []
        self.connections = 0
        self._strict = strict
        self._reasoning: dict[str, str] = {}  # call id → the encrypted content that must come back before it
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.005,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def environ(self) -> dict[str, str]:
        """What a process needs to use this model (Chat Completions unless --api says otherwise)."""
        return {"OPENAI_BASE_URL": self.base_url, "OPENAI_MODEL": "scripted", "OPENAI_API_KEY": self.key or ""}

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
        if kind is None and self.failures:
            raise AssertionError("the script failed") from self.failures[0]
        if kind is None and self._strict and self.complaints:
            raise AssertionError(f"a real endpoint would refuse this: {self.complaints}")

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, tb)

    # Of one request

    def answer(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[Seen | None, Say | Raw]:
        if path not in {"/v1/responses", "/v1/chat/completions"}:
            return None, error(404, f"Invalid URL (POST {path})")
        if self.key is not None and headers.get("authorization") != f"Bearer {self.key}":
            shown = headers.get("authorization", "")[-4:]
            return None, error(401, f"Incorrect API key provided: sk-****{shown}.", code="invalid_api_key")
        body = json.loads(raw)
        with self._lock:
            self.requests.append(body)
            self.headers.append(headers)
            self.paths.append(path)
            turn = len(self.requests)
        for name in self.refuses:
            if name in body:
                return None, error(400, f"Unrecognized request argument supplied: {name}", param=name)
        seen = _seen_by_responses(body, turn) if path.endswith("/responses") else _seen_by_chat(body, turn)
        if complaint := self._complaint(seen):
            self.complaints.append(complaint)
            return None, error(400, complaint)
        try:
            said = self.script(seen)
        except Exception as failure:
            self.failures.append(failure)
            return None, error(500, "the script failed", kind="server_error")
        if isinstance(said, Say) and said.thinks and seen.api == "responses":
            self._reasoning |= {id: _encrypted(turn) for id in _ids(seen, said)}
        return seen, said

    def wait(self, pause: float | threading.Event) -> None:
        if isinstance(pause, threading.Event):
            while not (pause.wait(0.02) or self._closing.is_set()):
                pass
        else:
            self._closing.wait(pause)

    def _complaint(self, seen: Seen) -> str | None:
        """What the real API would refuse in a request, in its words."""
        for name in seen.tools:
            if not _TOOL_NAME.fullmatch(name):
                return f"Invalid 'tools[].name': string does not match pattern. Got {name!r}."
        if len(set(seen.tools)) != len(seen.tools):
            return "Tool names must be unique."
        calls = [item.id for item in seen.items if isinstance(item, ToolCall)]
        outputs = [item.call_id for item in seen.items if isinstance(item, ToolOutput)]
        if seen.api == "chat":
            return _chat_complaint(seen.body["messages"])
        if missing := [id for id in calls if id not in outputs]:
            return f"No tool output found for function call {missing[0]}."
        if unknown := [id for id in outputs if id not in calls]:
            return f"No tool call found for function call output with call_id {unknown[0]}."
        return self._responses_complaint(seen)

    def _responses_complaint(self, seen: Seen) -> str | None:
        if seen.body.get("store") is not False or "previous_response_id" in seen.body:
            return "finchat never leaves a conversation with the vendor: store must be false"
        given: set[str] = set()
        for item in seen.items:
            if isinstance(item, Reasoning):
                encrypted = str(item.payload.get("encrypted_content"))
                if not encrypted.startswith("gAAA"):
                    return f"The encrypted content {encrypted[:8]}... could not be verified."
                given.add(encrypted)
            elif isinstance(item, ToolCall) and (needed := self._reasoning.get(item.id)) and needed not in given:
                return f"Item '{item.id}' of type 'function_call' was provided without its required 'reasoning' item."
        return None


# Reading requests


def _seen_by_responses(body: Mapping[str, Any], turn: int) -> Seen:
    items: list[Item] = []
    for item in body["input"]:
        kind = item.get("type", "message")
        if kind == "function_call":
            items.append(ToolCall(item["call_id"], item["name"], item["arguments"]))
        elif kind == "function_call_output":
            items.append(ToolOutput(item["call_id"], item["output"]))
        elif kind == "reasoning":
            items.append(Reasoning(item))
        else:
            items.append((AssistantText if item["role"] == "assistant" else UserText)(_words(item["content"])))
    return Seen(
        api="responses",
        stream=bool(body.get("stream")),
        model=body["model"],
        instructions=body.get("instructions", ""),
        items=tuple(items),
        tools=tuple(tool["name"] for tool in body.get("tools", [])),
        schemas={tool["name"]: tool for tool in body.get("tools", [])},
        turn=turn,
        body=body,
    )


def _seen_by_chat(body: Mapping[str, Any], turn: int) -> Seen:
    items: list[Item] = []
    instructions = ""
    for message in body["messages"]:
        match message["role"]:
            case "system" | "developer":
                instructions += _words(message["content"])
            case "tool":
                items.append(ToolOutput(message["tool_call_id"], _words(message["content"])))
            case "assistant":
                if message.get("content"):
                    items.append(AssistantText(_words(message["content"])))
                for call in message.get("tool_calls", []):
                    items.append(ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"]))
            case _:
                items.append(UserText(_words(message["content"])))
    functions = [tool["function"] for tool in body.get("tools", [])]
    return Seen(
        api="chat",
        stream=bool(body.get("stream")),
        model=body["model"],
        instructions=instructions,
        items=tuple(items),
        tools=tuple(function["name"] for function in functions),
        schemas={function["name"]: function for function in functions},
        turn=turn,
        body=body,
    )


def _words(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _chat_complaint(messages: Sequence[Mapping[str, Any]]) -> str | None:
    open_calls: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            break
        open_calls = [call["id"] for call in message.get("tool_calls", [])]
    if open_calls:
        return (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(open_calls)}"
        )
    return None


# Writing turns


def _pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)] or [""]


def _arguments(arguments: Mapping[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, separators=(",", ":"))


def _ids(seen: Seen, say: Say) -> list[str]:
    return [*say.ids, *(f"call_{seen.turn}_{place}" for place in range(len(say.ids), len(say.calls)))]


def _encrypted(turn: int) -> str:
    return "gAAA" + hashlib.sha256(f"thought {turn}".encode()).hexdigest()


def _tokens(seen: Seen, say: Say) -> tuple[int, int]:
    if say.usage:
        return say.usage
    said = len(say.text) + sum(len(name) + len(_arguments(arguments)) for name, arguments in say.calls)
    return len(json.dumps(seen.body, ensure_ascii=False)) // 4, said // 4 + 1


def _turns(rows: list[list[dict[str, Any]]], interleave: bool) -> list[dict[str, Any]]:
    """The deltas of several calls: one call after the other, or taking turns."""
    if not interleave:
        return [delta for row in rows for delta in row]
    longest = max((len(row) for row in rows), default=0)
    return [row[place] for place in range(longest) for row in rows if place < len(row)]


def _chat_usage(seen: Seen, say: Say) -> dict[str, Any]:
    used, made = _tokens(seen, say)
    return {
        "prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made,
        "prompt_tokens_details": {"cached_tokens": 0},
    }  # fmt: skip


def _chat_chunks(seen: Seen, say: Say) -> list[dict[str, Any]]:
    base = {
        "id": f"chatcmpl-{seen.turn}", "object": "chat.completion.chunk", "created": 1763600000, "model": seen.model,
    }  # fmt: skip
    counted = bool((seen.body.get("stream_options") or {}).get("include_usage"))

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**base, "choices": [choice], **({"usage": None} if counted else {})}

    out = [chunk({"role": "assistant", "content": "" if say.text else None})]
    out += [chunk({"content": piece}) for piece in _pieces(say.text, say.piece or _TEXT_PIECE) if piece]
    rows = []
    for place, ((name, arguments), id) in enumerate(zip(say.calls, _ids(seen, say), strict=True)):
        head = {"index": place, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}
        rest = [
            {"index": place, "function": {"arguments": piece}}
            for piece in _pieces(_arguments(arguments), say.piece or _ARGUMENTS_PIECE)
        ]
        rows.append([head, *rest])
    out += [chunk({"tool_calls": [delta]}) for delta in _turns(rows, say.interleave)]
    out.append(chunk({}, "tool_calls" if say.calls else "stop"))
    if counted:
        out.append({**base, "choices": [], "usage": _chat_usage(seen, say)})
    return out


def _chat_document(seen: Seen, say: Say) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": say.text or None, "refusal": None}
    if say.calls:
        message["tool_calls"] = [
            {"id": id, "type": "function", "function": {"name": name, "arguments": _arguments(arguments)}}
            for (name, arguments), id in zip(say.calls, _ids(seen, say), strict=True)
        ]
    finish = "tool_calls" if say.calls else "stop"
    return {
        "id": f"chatcmpl-{seen.turn}", "object": "chat.completion", "created": 1763600000, "model": seen.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": _chat_usage(seen, say),
    }  # fmt: skip


@dataclass
class _Output:
    """The events and finished items of a Responses turn as it grows."""

    events: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)

    def event(self, kind: str, **fields: Any) -> None:
        self.events.append({"type": kind, **fields})


def _responses_events(seen: Seen, say: Say) -> list[dict[str, Any]]:
    used, made = _tokens(seen, say)
    response = {
        "id": f"resp_{seen.turn}", "object": "response", "created_at": 1763600000, "status": "in_progress",
        "error": None, "incomplete_details": None, "instructions": seen.instructions, "model": seen.model,
        "output": [], "parallel_tool_calls": True, "previous_response_id": None, "store": seen.body.get("store"),
        "tool_choice": "auto", "tools": seen.body.get("tools", []), "usage": None,
    }  # fmt: skip
    out = _Output()
    out.event("response.created", response=response)
    out.event("response.in_progress", response=response)
    if say.thinks:
        _think(out, seen)
    if say.text:
        _speak(out, seen, say)
    _ask(out, seen, say)
    usage = {
        "input_tokens": used, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": used + made,
    }  # fmt: skip
    whole = {**response, "status": "completed", "output": out.items, "usage": usage}
    out.event("response.completed", response=whole)
    return [{**event, "sequence_number": number} for number, event in enumerate(out.events)]


def _think(out: _Output, seen: Seen) -> None:
    item: dict[str, Any] = {"id": f"rs_{seen.turn}", "type": "reasoning", "summary": []}
    if "reasoning.encrypted_content" in seen.body.get("include", []):
        item["encrypted_content"] = _encrypted(seen.turn)
    place = len(out.items)
    out.event("response.output_item.added", output_index=place, item=item)
    out.event("response.output_item.done", output_index=place, item=item)
    out.items.append(item)


def _speak(out: _Output, seen: Seen, say: Say) -> None:
    place = len(out.items)
    message = {"id": f"msg_{seen.turn}", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    where = {"item_id": message["id"], "output_index": place, "content_index": 0}
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
    out.event("response.output_item.added", output_index=place, item=message)
    out.event("response.content_part.added", **where, part=part)
    for piece in _pieces(say.text, say.piece or _TEXT_PIECE):
        out.event("response.output_text.delta", **where, delta=piece, logprobs=[])
    out.event("response.output_text.done", **where, text=say.text, logprobs=[])
    out.event("response.content_part.done", **where, part={**part, "text": say.text})
    done = {**message, "status": "completed", "content": [{**part, "text": say.text}]}
    out.event("response.output_item.done", output_index=place, item=done)
    out.items.append(done)


def _ask(out: _Output, seen: Seen, say: Say) -> None:
    rows: list[list[dict[str, Any]]] = []
    for (name, given), id in zip(say.calls, _ids(seen, say), strict=True):
        arguments, place = _arguments(given), len(out.items)
        call = {"id": f"fc_{id}", "type": "function_call", "status": "in_progress", "arguments": "", "call_id": id,
                "name": name}  # fmt: skip
        done = {**call, "status": "completed", "arguments": arguments}
        where = {"item_id": call["id"], "output_index": place}
        rows.append([
            {"type": "response.output_item.added", "output_index": place, "item": call},
            *({"type": "response.function_call_arguments.delta", **where, "delta": piece}
              for piece in _pieces(arguments, say.piece or _ARGUMENTS_PIECE)),
            {"type": "response.function_call_arguments.done", **where, "arguments": arguments},
            {"type": "response.output_item.done", "output_index": place, "item": done},
        ])  # fmt: skip
        out.items.append(done)
    out.events += _turns(rows, say.interleave)


# The socket


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news here: several tests do it on purpose."""


def _handler(model: ScriptedModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            model.connections += 1

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen, said = model.answer(self.path, headers, raw)
            if isinstance(said, Raw):
                self._raw(said)
            elif seen is not None and seen.stream:
                self._raw(streamed(seen, stream_of(seen, said)))
            elif seen is not None:
                body = json.dumps(document_of(seen, said), ensure_ascii=False).encode()
                self._raw(Raw(headers={"content-type": "application/json"}, parts=[body]))

        def _raw(self, raw: Raw) -> None:
            if raw.end == "nothing":
                self._hang_up()
                return
            self.send_response(raw.status)
            for name, value in raw.headers.items():
                self.send_header(name, value)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for part in raw.parts:
                if isinstance(part, bytes):
                    if part:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                else:
                    model.wait(part)
            if raw.end == "whole":
                self.wfile.write(b"0\r\n\r\n")
            elif raw.end == "cut":
                self._hang_up()
            else:
                model.wait(threading.Event())

        def _hang_up(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    return Handler


def free_port() -> int:
    """A port of the loopback interface where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], deadline_s: float = 5.0) -> None:
    """Wait in a thread for something that another thread does."""
    ends = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.005)
