"""Turns as the two APIs give them: streamed and whole, words and calls, thoughts handed back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from finchat.agent.messages import Api, AssistantText, Reasoning, ToolCall, UserText
from tests.agent.openai.talk import BOTH, KEY, QUESTION, always, answered, talking, turn
from tests.scripted.server import Raw, Say, Seen, document_of, error, stream_of, streamed

LOOK = Say("Looking at £.", [("get_invoice", {"number": "INV-1"}), ("list_bills", {})])


def two_steps(seen: Seen) -> Say:
    return Say(f"It says {seen.results()[0]}.") if seen.results() else LOOK


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("api", BOTH)
async def test_words_and_parallel_calls_come_as_they_were_given_and_results_go_back(api: Api, stream: bool) -> None:
    async with talking(two_steps, api, stream=stream) as (model, server):
        first = await turn(model)
        assert first.whole.text == "".join(first.deltas) == "Looking at £."
        assert [(c.name, c.arguments) for c in first.whole.calls] == [
            ("get_invoice", '{"number":"INV-1"}'),
            ("list_bills", "{}"),
        ]
        assert first.whole.usage.input_tokens > 0
        assert first.whole.usage.output_tokens > 0
        second = await turn(model, answered(QUESTION, first.whole, "paid"))
        assert second.whole.text == "It says paid."
        assert server.requests[1]["stream"] is stream
        assert [tool.get("name") or tool["function"]["name"] for tool in server.requests[1]["tools"]] == [
            "get_invoice",
            "list_bills",
        ]


@pytest.mark.parametrize("api", BOTH)
async def test_interleaved_pieces_of_parallel_calls_become_the_same_calls(api: Api) -> None:
    calls = [("get_invoice", {"number": "INV-1"}), ("get_invoice", {"number": "INV-22222"})]
    async with talking(always(Say(calls=calls, interleave=True)), api) as (model, _):
        whole = (await turn(model)).whole
    assert [c.arguments for c in whole.calls] == ['{"number":"INV-1"}', '{"number":"INV-22222"}']


async def test_encrypted_reasoning_goes_back_before_its_calls_and_nothing_stays_with_the_vendor() -> None:
    async with talking(two_steps, "responses") as (model, server):  # the server refuses calls without their reasoning
        first = await turn(model)
        assert isinstance(first.whole.items[0], Reasoning)
        await turn(model, answered(QUESTION, first.whole))
        for body in server.requests:
            assert body["store"] is False
            assert body["include"] == ["reasoning.encrypted_content"]
            assert "previous_response_id" not in body
        assert [item["type"] for item in server.requests[1]["input"]][1] == "reasoning"


async def test_reasoning_of_another_endpoint_or_model_is_not_sent() -> None:
    foreign = Reasoning({"origin": "responses https://other m", "item": {"type": "reasoning", "id": "rs_1"}})
    for api in BOTH:
        async with talking(always(Say("Yes.")), api) as (model, server):
            await turn(model, (*QUESTION, foreign, AssistantText("Hm."), UserText("And?")))
            assert "rs_1" not in str(server.requests)


async def test_thoughts_in_clear_go_back_to_a_chat_endpoint_with_their_calls() -> None:
    def script(seen: Seen) -> Say | Raw:
        if seen.results():
            return Say("Yes.")
        chunks = stream_of(seen, LOOK)
        chunks[0]["choices"][0]["delta"]["reasoning_content"] = "First the invoice."
        return streamed(seen, chunks)

    async with talking(script) as (model, server):
        first = await turn(model)
        await turn(model, answered(QUESTION, first.whole))
        assert server.requests[1]["messages"][2]["reasoning_content"] == "First the invoice."


@pytest.mark.parametrize("api", BOTH)
async def test_a_conversation_that_was_shortened_is_sent_as_it_is_now(api: Api) -> None:
    async with talking(always(Say("Yes.", thinks=False)), api) as (model, server):
        long = (UserText("one"), AssistantText("a"), UserText("two"))
        await turn(model, long)
        await turn(model, (*long, AssistantText("b"), UserText("three")))
        await turn(model, (UserText("two"), AssistantText("half \ud83d"), UserText("four")))
        listed = [body.get("input") or body["messages"][1:] for body in server.requests]
    assert [[item["content"] for item in items] for items in listed] == [
        ["one", "a", "two"],
        ["one", "a", "two", "b", "three"],
        ["two", "half ?", "four"],
    ]


async def test_an_endpoint_that_does_not_count_usage_is_asked_without_it_from_then_on() -> None:
    async with talking(always(Say("Yes.")), server={"refuses": ["stream_options"]}) as (model, server):
        first = await turn(model)
        await turn(model)
        assert [retry.seconds for retry in first.retries] == [0.0]
        assert ["stream_options" in body for body in server.requests] == [True, False, False]


async def test_a_model_that_does_not_reason_is_asked_without_reasoning() -> None:
    def script(seen: Seen) -> Say | Raw:
        if "include" in seen.body:
            return error(400, "Encrypted content is not supported with this model.", param="include")
        return Say("Yes.", thinks=False)

    async with talking(script, "responses") as (model, _):
        assert (await turn(model)).whole.text == "Yes."


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("api", BOTH)
async def test_a_refusal_is_words(api: Api, stream: bool) -> None:
    def script(seen: Seen) -> Raw:
        if api == "chat":
            document = document_of(seen, Say())
            document["choices"][0]["message"]["refusal"] = "I cannot."
            chunks = stream_of(seen, Say("x"))
            chunks[1]["choices"][0]["delta"] = {"refusal": "I cannot."}
            return streamed(seen, chunks) if stream else whole_document(document)
        events = [refused(event) for event in stream_of(seen, Say("I cannot."))]
        return streamed(seen, events) if stream else whole_document(events[-1]["response"])

    async with talking(script, api, stream=stream) as (model, _):
        given = await turn(model)
    assert given.whole.text == "".join(given.deltas) == "I cannot."


def whole_document(document: dict[str, Any]) -> Raw:
    return Raw(headers={"content-type": "application/json"}, parts=[json.dumps(document).encode()])


def refused(value: Any) -> Any:
    """The events of words as the events of a refusal."""
    if isinstance(value, list):
        return [refused(element) for element in value]
    if not isinstance(value, dict):
        return value.replace("output_text", "refusal") if isinstance(value, str) else value
    part = value.get("type") == "output_text"
    return {("refusal" if part and key == "text" else key): refused(inner) for key, inner in value.items()}


async def test_the_calls_of_the_older_chat_shape_are_calls() -> None:
    def script(seen: Seen) -> Raw:
        chunks = stream_of(seen, Say("x"))
        chunks[1]["choices"][0]["delta"] = {"function_call": {"name": "list_bills", "arguments": "{"}}
        chunks.insert(2, {**chunks[1], "choices": [{"index": 0, "delta": {"function_call": {"arguments": "}"}}}]})
        chunks[3]["choices"][0]["finish_reason"] = "function_call"
        return streamed(seen, chunks)

    async with talking(script) as (model, _):
        whole = (await turn(model)).whole
        assert whole.calls == (ToolCall("call_1", "list_bills", "{}"),)
        assert (await turn(model, answered(QUESTION, whole))).whole.calls[0].id == "call_2"  # no id twice


async def test_a_whole_document_in_answer_to_a_streamed_request_is_taken() -> None:
    async with talking(lambda seen: whole_document(document_of(seen, LOOK))) as (model, _):
        assert (await turn(model)).whole.calls[0].name == "get_invoice"


async def test_halves_of_a_character_in_two_pieces_become_the_character() -> None:
    def script(seen: Seen) -> Raw:
        chunks = stream_of(seen, Say("x" * 24))
        for chunk, text in zip(chunks[1:3], ("Paid \ud83d", "\ude00, \ud83d"), strict=True):
            chunk["choices"][0]["delta"]["content"] = text
        parts = [b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks]
        return Raw(headers={"content-type": "text/event-stream"}, parts=[*parts, b"data: [DONE]"])

    async with talking(script) as (model, _):
        given = await turn(model)
    assert given.deltas == ("Paid ", "😀, ")
    assert given.whole.text == "Paid 😀, \ufffd"


async def test_one_connection_serves_all_turns_and_carries_the_key_and_no_more_than_needed() -> None:
    async with talking(always(Say("Yes.")), key=KEY, server={"key": KEY}) as (model, server):
        for _ in range(3):
            await turn(model)
        assert server.connections == 1
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
        assert server.headers[0]["accept-encoding"] == "identity"
        assert KEY not in repr(model)


async def test_an_endpoint_of_this_machine_gets_no_key_and_no_names_meant_for_openai(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with talking(always(Say("Yes."))) as (model, server):
        await turn(model)
        assert "authorization" not in server.headers[0]
        assert not [name for name in server.headers[0] if name.startswith("openai-")]


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("api", BOTH)
async def test_no_endpoint_gives_the_key_away_in_words_or_calls(api: Api, stream: bool) -> None:
    say = Say(f"sk-t is no key, {KEY} is, and sk-test", [("get_invoice", {"number": KEY}), (KEY, {})], ids=["a", KEY])
    async with talking(always(say), api, stream=stream, key=KEY) as (model, _):
        given = await turn(model)
    assert KEY not in repr(given)
    assert given.whole.text == "".join(given.deltas) == "sk-t is no key, [secret] is, and sk-test"
    assert given.whole.calls == (
        ToolCall("a", "get_invoice", '{"number":"[secret]"}'),
        ToolCall("[secret]", "[secret]", "{}"),
    )
