"""Turns that are not whole: each ends in a TurnBroken that says why, whatever the SDK would have made of it."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from finchat.agent.messages import Api, ContextTooLong, TurnBroken
from finchat.agent.openai import transport, wire
from finchat.model_settings import ModelSettings
from tests.agent.openai.talk import BOTH, always, talking, turn
from tests.scripted.server import DONE, Raw, Say, Seen, document_of, sse, stream_of, streamed

CALL = Say(calls=[("get_invoice", {"number": "INV-1"})])
STREAM = {"content-type": "text/event-stream"}
Change = Callable[[list[dict[str, Any]]], Any]


def changed(change: Change, say: Say = CALL, **how: Any) -> Callable[[Seen], Raw]:
    """A script whose turn is altered in place; what `change` returns, if anything, takes the events' place."""

    def script(seen: Seen) -> Raw:
        events = json.loads(json.dumps(stream_of(seen, say)))
        return streamed(seen, change(events) or events, **how)

    return script


async def why(script: Callable[[Seen], Say | Raw], api: Api = "chat", **how: Any) -> str:
    """Why the turn is broken. Nothing else may come of it: no events after, no other error."""
    async with talking(script, api, **how) as (model, _):
        with pytest.raises(TurnBroken) as caught:
            await turn(model)
    assert caught.value.next
    return caught.value.why


def finish(reason: str) -> Change:
    def change(events: list[dict[str, Any]]) -> None:
        for event in events:
            if event["choices"] and event["choices"][0]["finish_reason"]:
                event["choices"][0]["finish_reason"] = reason

    return change


def ending(kind: str, **response: Any) -> Change:
    def change(events: list[dict[str, Any]]) -> None:
        events[-1]["type"] = kind
        events[-1]["response"] |= response

    return change


def incomplete(reason: str) -> Change:
    return ending("response.incomplete", status="incomplete", incomplete_details={"reason": reason})


@pytest.mark.parametrize("api", BOTH)
@pytest.mark.parametrize("end", ["whole", "cut"])
async def test_a_stream_that_stops_in_the_middle_of_arguments_is_cut(api: Api, end: str) -> None:
    assert await why(changed(lambda events: events[: len(events) // 2], done=False, end=end), api) == "cut"


@pytest.mark.parametrize("api", BOTH)
async def test_a_call_that_looks_complete_is_cut_without_the_apis_own_end(api: Api) -> None:
    without_end: Change = (lambda events: events[:-1]) if api == "responses" else (lambda events: events)
    assert await why(changed(without_end, done=False), api) == "cut"


async def test_done_without_a_finish_reason_is_cut() -> None:
    assert await why(changed(lambda events: [e for e in events if not _finishes(e)])) == "cut"


def _finishes(event: dict[str, Any]) -> bool:
    return bool(event["choices"] and event["choices"][0]["finish_reason"])


@pytest.mark.parametrize("api", BOTH)
async def test_an_error_event_after_a_complete_call_voids_the_turn(api: Api) -> None:
    error = {"type": "error", "code": "server_error", "message": "boom", "param": None}
    event = error if api == "responses" else {"error": error}
    assert await why(changed(lambda events: [*events[:-1], event, events[-1]]), api) == "error"


@pytest.mark.parametrize(
    ("api", "event"),
    [
        ("chat", {"error": {"message": "This model's maximum context length is 8192 tokens.", "code": None}}),
        ("responses", {"type": "error", "code": "context_length_exceeded", "message": "too long"}),
    ],
)
async def test_a_context_error_inside_a_stream_is_one(api: Api, event: dict[str, Any]) -> None:
    async with talking(changed(lambda events: [events[0], event]), api) as (model, _):
        with pytest.raises(ContextTooLong):
            await turn(model)


@pytest.mark.parametrize(
    ("reason", "expected"), [("length", "length"), ("content_filter", "content_filter"), ("MAX", "malformed")]
)
@pytest.mark.parametrize("stream", [True, False])
async def test_valid_arguments_do_not_make_a_truncated_or_filtered_turn_whole(
    reason: str, expected: str, stream: bool
) -> None:
    def script(seen: Seen) -> Raw:
        document = document_of(seen, CALL)
        document["choices"][0]["finish_reason"] = reason
        return Raw(headers={"content-type": "application/json"}, parts=[json.dumps(document).encode()])

    assert await why(changed(finish(reason)) if stream else script, stream=stream) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (incomplete("max_output_tokens"), "length"),
        (incomplete("content_filter"), "content_filter"),
        (ending("response.failed", status="failed", error={"code": "server_error", "message": "no"}), "error"),
        (ending("response.completed", status="in_progress"), "malformed"),
        (ending("response.completed", status="incomplete", incomplete_details=None), "cut"),
    ],
)  # fmt: skip
async def test_a_response_that_is_not_completed_is_not_whole(change: Change, expected: str) -> None:
    assert await why(changed(change), "responses") == expected


def _of(kind: str, **fields: Any) -> Change:
    """The first event of a kind, with other fields."""

    def change(events: list[dict[str, Any]]) -> None:
        event = next(
            e for e in events if e["type"] == kind and e.get("item", {}).get("type") in {None, "function_call"}
        )
        for name, value in fields.items():
            if name == "item":
                event["item"] |= value
            else:
                event[name] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _of("response.function_call_arguments.done", arguments='{"number":"INV-2"}'),
        _of("response.output_item.done", item={"arguments": '{"number":"INV-2"}'}),
        _of("response.output_item.done", item={"status": "incomplete"}),
        _of("response.output_item.done", item={"id": "fc_other"}),
        _of("response.output_item.added", item={"name": "list_invoices"}),
        _of("response.output_item.added", item={"call_id": "call_other"}),
        _of("response.function_call_arguments.delta", output_index=7),
        _of("response.function_call_arguments.delta", item_id="fc_other"),
        _of("response.function_call_arguments.delta", delta={"number": 1}),
        lambda events: events[-1]["response"]["output"][-1].update(arguments='{"number":"INV-2"}'),
        lambda events: events[-1]["response"]["output"][-1].update(name="pay_invoice"),
        lambda events: events[-1]["response"]["output"].append(events[-1]["response"]["output"][-1]),
        lambda events: [e for e in events if e["type"] != "response.output_item.done"],
        lambda events: [e for e in events if e["type"] != "response.output_item.added"],
    ],
)
async def test_a_call_whose_events_tell_different_things_is_malformed(change: Change) -> None:
    assert await why(changed(change), "responses") == "malformed"


@pytest.mark.parametrize(
    "change",
    [
        finish("stop_sequence"),
        lambda events: [*events, events[1]],  # more of a call after the end
        lambda events: [e for e in events if not e["choices"] or "tool_calls" not in e["choices"][0]["delta"]],
        lambda events: events[0]["choices"][0].update(delta={"content": 7}),
        lambda events: events[0]["choices"][0].update(index=1),
        lambda events: events[1]["choices"][0]["delta"]["tool_calls"][0].update(type="custom"),
        lambda events: events[1]["choices"][0]["delta"]["tool_calls"][0].update(function="get"),
        lambda events: events[1]["choices"][0]["delta"].update(tool_calls={}),
        lambda events: events[1]["choices"][0]["delta"]["tool_calls"][0]["function"].update(arguments={"a": 1}),
        lambda events: [{"object": "list", "data": []}],
        lambda events: [[1, 2]],
    ],
)
async def test_a_stream_of_another_shape_is_malformed(change: Change) -> None:
    assert await why(changed(change)) == "malformed"


@pytest.mark.parametrize("api", BOTH)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "raw",
    [
        Raw(headers={"content-type": "text/html"}, parts=[b"<html>Welcome</html>"]),
        Raw(headers={"content-type": "application/json"}, parts=[b'{"object":"list","data":[]}']),
        Raw(headers={"content-type": "application/json"}, parts=[b'"words"']),
        Raw(headers={"content-type": "application/json"}, parts=[b'{"choices":[{"message":']),
        Raw(headers={"content-type": "application/json"}, parts=[b"[" * 100_000]),
        Raw(headers={"content-type": "application/json"}, parts=[b"\xff\xfe\x00"]),
        Raw(headers=STREAM, parts=[b"data: {not json}\n\n", DONE]),
        Raw(headers=STREAM, parts=[b'data: {"choices":"\xff"}\n\n', DONE]),
        Raw(headers=STREAM, parts=[b"data: " + b"[" * 100_000 + b"\n\n", DONE]),
        Raw(headers={**STREAM, "content-encoding": "gzip"}, parts=[gzip.compress(b"data: " + bytes(9_000_000))]),
    ],
    ids=["html", "other", "text", "half", "deep", "bytes", "no-json", "no-utf8", "deep-event", "gzip"],
)
async def test_what_is_no_answer_of_the_api_is_malformed(api: Api, stream: bool, raw: Raw) -> None:
    assert await why(always(raw), api, stream=stream) == "malformed"


async def test_an_error_with_status_200_is_an_error() -> None:
    raw = Raw(headers={"content-type": "application/json"}, parts=[b'{"error":{"message":"no provider"}}'])
    assert await why(always(raw)) == "error"


async def test_an_event_without_end_is_too_large_before_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_EVENT_BYTES", 100_000)
    assert await why(always(Raw(headers=STREAM, parts=[b"data: "] + [b"x" * 50_000] * 4, end="silent"))) == "too_large"


async def test_a_stream_without_end_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 200_000)
    assert await why(always(Raw(headers=STREAM, parts=[b": keep\n" * 10_000] * 4))) == "too_large"


@pytest.mark.parametrize("api", BOTH)
async def test_fifty_thousand_pieces_of_arguments_cost_little(api: Api) -> None:
    pieces = 6_000  # the goal is 2 s for 50,000

    def many(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        place = next(i for i, e in enumerate(events) if _piece(e) is not None)
        text = "1" * pieces
        for event in events[place + 1 :]:
            _set_arguments(event, text)
        _set_arguments(events[place], "1")
        kept = [e for e in events[place + 1 :] if _piece(e) is None]
        return [*events[:place], *[events[place]] * pieces, *kept]

    async with talking(always(Say("Yes.")), api) as (model, server):
        seen: list[Raw] = []

        def script(request: Seen) -> Raw:
            raw = changed(many, Say(calls=[("get_invoice", "1")]))(request)
            seen.append(Raw(headers=raw.headers, parts=[b"".join(p for p in raw.parts if isinstance(p, bytes))]))
            return seen[-1]

        server.script = script
        began = time.thread_time()
        whole = (await turn(model)).whole
        took = time.thread_time() - began
    assert whole.calls[0].arguments == "1" * pieces
    assert took < 2.0 * pieces / 50_000


def _piece(event: dict[str, Any]) -> str | None:
    """The piece of arguments that an event carries."""
    if event.get("type") == "response.function_call_arguments.delta":
        return str(event["delta"])
    if event.get("choices") and (calls := event["choices"][0]["delta"].get("tool_calls")):
        return calls[0]["function"].get("arguments") or None
    return None


def _set_arguments(event: dict[str, Any], text: str) -> None:
    if event.get("type") == "response.function_call_arguments.delta":
        event["delta"] = text
    elif "arguments" in event:
        event["arguments"] = text
    elif event.get("item", {}).get("type") == "function_call":
        event["item"]["arguments"] = text
    elif event.get("type") == "response.completed":
        event["response"]["output"][-1]["arguments"] = text
    elif _piece(event) is not None:
        event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"] = text


async def test_an_endpoint_that_sends_nothing_is_silent() -> None:
    assert await why(always(Raw(headers=STREAM, end="silent")), silence_s=0.15) == "silent"
    assert await why(always(Raw(parts=[threading.Event()])), silence_s=0.15) == "silent"


async def test_a_whole_answer_may_be_long_in_coming_but_not_longer_than_a_turn() -> None:
    half = Raw(headers={"content-type": "application/json"}, parts=[b'{"choices":'], end="silent")
    assert await why(always(half), stream=False, silence_s=0.01, turn_s=0.2) == "too_slow"


async def test_a_stream_that_drips_is_too_slow_although_it_is_never_silent() -> None:
    drips = Raw(headers=STREAM, parts=[b": still here\n\n", 0.03] * 100)
    assert await why(always(drips), silence_s=1.0, turn_s=0.2) == "too_slow"


async def test_ctrl_c_passes_at_once_while_an_endpoint_hangs() -> None:
    reached = threading.Event()

    def script(seen: Seen) -> Raw:
        reached.set()
        return Raw(headers=STREAM, parts=[sse({"choices": []})], end="silent")

    async with talking(script) as (model, _):
        task = asyncio.ensure_future(turn(model))
        await asyncio.to_thread(reached.wait, 5)
        task.cancel()
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 1.0


async def test_what_an_endpoint_says_in_an_error_is_made_safe_and_short() -> None:
    key = "not-shaped-like-one"
    words = f"bad \x1b[31m red \u202e {key} " + "y" * 5000
    async with talking(changed(lambda events: [{"error": {"message": words}}]), key=key) as (model, _):
        with pytest.raises(TurnBroken) as caught:
            await turn(model)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400
    assert key not in str(caught.value)
    assert key not in caught.value.message


def test_the_deadlines_of_a_fresh_machine_are_a_minute_of_silence_and_five_for_a_turn() -> None:
    settings = ModelSettings()
    assert (settings.silence_s, settings.turn_s, settings.max_wait_s) == (60.0, 300.0, 60.0)
