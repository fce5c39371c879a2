"""Requests without an answer: keys, limits, errors, dead endpoints and redirects. Only they are ever sent again."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from finchat.agent.messages import (
    Api,
    ContextTooLong,
    Model,
    ModelKeyRefused,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
    TurnBroken,
)
from finchat.agent.openai import failures, open_model
from finchat.agent.openai.failures import Attempts, Failure
from finchat.errors import ExitCode, FinchatError
from finchat.model_settings import ModelSettings
from tests.agent.openai.talk import BOTH, KEY, always, talking, turn
from tests.scripted.server import Raw, Say, ScriptedModel, error, free_port, in_turns

YES = Say("Yes.")


async def refused(raw: Raw, api: Api = "chat", **settings: Any) -> tuple[FinchatError, int]:
    """The error that ends a turn on such answers, and how often the request was sent."""
    async with talking(always(raw), api, **settings) as (model, server):
        with pytest.raises(FinchatError) as caught:
            await turn(model)
        return caught.value, len(server.requests)


def everything(found: BaseException | None) -> str:
    """All words of an error and what it came of."""
    text = ""
    while found is not None:
        text += f"{found!r} {found} {getattr(found, 'next', '')} {vars(found) if hasattr(found, '__dict__') else ''}"
        found = found.__cause__ or found.__context__
    return text


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_an_authentication_error_without_key_material(status: int) -> None:
    words = f"Incorrect API key provided: {KEY}. Also {KEY[:9]}****{KEY[-4:]}."
    found, sent = await refused(error(status, words, code="invalid_api_key"), key=KEY)
    assert isinstance(found, ModelKeyRefused)
    assert found.exit_code == ExitCode.AUTHENTICATION
    assert "invalid_api_key" in found.message
    assert found.next == "put a valid key into OPENAI_API_KEY"
    assert sent == 1
    assert KEY[:9] not in everything(found)
    assert KEY[-4:] not in everything(found)


async def test_a_key_that_an_endpoint_repeats_in_another_error_is_masked() -> None:
    found, _ = await refused(error(400, f"bad header {KEY} \x1b[2J", code=KEY), key=KEY)
    assert isinstance(found, ModelRefused)
    assert KEY not in found.message
    assert found.message.isprintable()


@pytest.mark.parametrize("header", ["0", "0.05"])
async def test_a_short_wait_is_kept_and_told(header: str) -> None:
    limited = error(429, "slow down", code="rate_limit_exceeded", headers={"retry-after": header})
    async with talking(in_turns(limited, limited, YES)) as (model, server):
        given = await turn(model)
        assert given.whole.text == "Yes."
        assert len(server.requests) == 3
    assert [retry.attempt for retry in given.retries] == [1, 2]
    assert all(retry.seconds >= float(header) for retry in given.retries)


@pytest.mark.parametrize(
    "header", ["86400", lambda: format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)], ids=["s", "date"]
)
async def test_a_wait_longer_than_finchat_waits_names_when_to_ask_again(header: Any) -> None:
    text = header if isinstance(header, str) else header()
    found, sent = await refused(error(429, "slow", headers={"retry-after": text}))
    assert isinstance(found, ModelRateLimited)
    assert found.exit_code == ExitCode.LIMIT
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert f"{tomorrow:%Y-%m-%d}" in str(found.next)
    assert sent == 1


async def test_a_quota_that_is_used_up_is_not_asked_again() -> None:
    found, sent = await refused(error(429, "You exceeded your current quota", code="insufficient_quota"))
    assert isinstance(found, ModelRateLimited)
    assert "quota" in found.message
    assert sent == 1


def attempts(**more: Any) -> Attempts:
    values: dict[str, Any] = {
        "destination": "https://x", "base_url": "https://x/v1", "model": "m", "api": "chat", "max_wait_s": 60.0,
        "now": lambda: datetime(2026, 11, 20, 18, 0, 30, tzinfo=UTC), "monotonic": lambda: 0.0, "jitter": lambda: 1.0,
    }  # fmt: skip
    return Attempts(**{**values, **more})


def limited(**headers: str) -> Failure:
    return Failure(kind="status", status=429, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "2"}, 2.0),
        ({"retry_after": "60"}, 60.0),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "Fri, 20 Nov 2026 18:00:42 GMT"}, 12.0),
        ({"retry_after": "Fri, 20 Nov 2026 17:00:00 GMT"}, 0.1),
        ({"retry_after": "soon"}, 1.0),
        ({"retry_after": "nan"}, 1.0),
        ({"retry_after": "-5"}, 1.0),
        ({}, 1.0),
    ],
)
def test_the_wait_is_what_the_endpoint_asks_for(headers: dict[str, str], seconds: float) -> None:
    assert attempts().after(limited(**headers)).seconds == pytest.approx(seconds)


def test_waits_end_together_at_the_longest_wait() -> None:
    tries = attempts()
    assert tries.after(limited(retry_after="40")).seconds == 40
    with pytest.raises(ModelRateLimited) as caught:
        tries.after(limited(retry_after="30"))
    assert caught.value.next == "ask again after 2026-11-20 18:01 UTC"
    with pytest.raises(ModelRateLimited) as caught:
        attempts().after(limited(retry_after="9" * 12))
    assert caught.value.next


@pytest.mark.parametrize("kind", ["unreachable", "status"])
def test_errors_are_asked_again_a_few_times_and_never_when_the_answer_was_long_in_coming(kind: Any) -> None:
    failure = Failure(kind=kind, status=500)
    tries = attempts()
    assert [tries.after(failure).seconds for _ in range(3)] == pytest.approx([0.3, 0.6, 1.2])
    with pytest.raises(ModelUnavailable):
        tries.after(failure)
    time_of = iter([0.0, 60.0])
    late = attempts(monotonic=lambda: next(time_of))
    late.start()
    with pytest.raises(ModelUnavailable):
        late.after(failure)


@pytest.mark.parametrize("answer", [error(500, "oops"), Raw(status=503, parts=[b"<html>"]), Raw(end="nothing")])
async def test_a_passing_error_of_the_endpoint_is_asked_again(answer: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "_FIRST_PAUSE_S", 0.01)
    async with talking(in_turns(answer, answer, YES)) as (model, server):
        given = await turn(model)
        assert given.whole.text == "Yes."
        assert len(server.requests) == 3
        assert server.requests[0] == server.requests[2]
    assert len(given.retries) == 2


@pytest.mark.parametrize("answer", [Raw(status=502, parts=[b"<html>"]), Raw(status=500, end="cut", parts=[b"x"])])
async def test_an_endpoint_that_only_fails_is_unavailable(answer: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "_FIRST_PAUSE_S", 0.01)
    found, sent = await refused(answer)
    assert isinstance(found, ModelUnavailable)
    assert str(answer.status) in found.message
    assert sent == failures.RETRIES + 1


async def test_nothing_is_sent_again_after_the_first_byte_of_an_answer() -> None:
    begun = Raw(headers={"content-type": "text/event-stream"}, parts=[b": \n"], end="cut")
    async with talking(in_turns(begun, YES)) as (model, server):
        with pytest.raises(TurnBroken):
            await turn(model)
        assert len(server.requests) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/v1", "http://no-such-host.invalid.local/v1"])
async def test_a_dead_endpoint_ends_within_five_seconds_in_one_sentence(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "_FIRST_PAUSE_S", 0.02)
    model = open_model(ModelSettings(name="m", base_url=url.format(port=free_port())))
    began = time.monotonic()
    with pytest.raises(ModelUnavailable) as caught:
        await turn(model)
    await model.close()
    assert time.monotonic() - began < 5
    assert caught.value.exit_code == ExitCode.UNAVAILABLE
    assert "asked 4 times" in caught.value.message
    assert "Errno" not in caught.value.message


def test_the_pauses_before_a_dead_endpoint_leave_it_within_five_seconds() -> None:
    longest = sum(0.3 * 2**n * 1.25 for n in range(failures.RETRIES))
    assert longest < failures.DEAD_WITHIN_S < 4.5


@pytest.mark.parametrize(
    "raw",
    [
        error(400, "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
              code="context_length_exceeded", param="messages"),
        error(400, "Your input exceeds the context window of this model.", code="context_length_exceeded"),
        error(400, "the request exceeds the available context size", kind="exceed_context_size_error"),
        error(400, "This model's maximum context length is 4096 tokens.", kind="BadRequestError"),
        error(400, "prompt is too long: 210000 tokens > 200000 maximum"),
        error(413, "Payload too large"),
        error(429, "Request too large for m on tokens per min (TPM): Limit 30000, Requested 41000."),
        Raw(status=400, parts=[b'[{"error":{"message":"The input token count exceeds the maximum context length"}}]']),
        Raw(status=400, parts=[b'{"error":"Trying to keep the first 5000 tokens when context the overflows"}']),
    ],
)  # fmt: skip
@pytest.mark.parametrize("api", BOTH)
async def test_a_conversation_longer_than_the_context_is_told_apart(raw: Raw, api: Api) -> None:
    found, sent = await refused(raw, api)
    assert isinstance(found, ContextTooLong)
    assert sent == 1


async def test_an_unknown_model_is_refused_with_what_the_endpoint_says() -> None:
    found, sent = await refused(error(404, "The model `m` does not exist\nor you lack access", code="model_not_found"))
    assert isinstance(found, ModelRefused)
    assert "HTTP 404: The model `m` does not exist or you lack access" in found.message
    assert "--api responses" in str(found.next)
    assert sent == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>" + b"x" * 200_000, b"[" * 50_000, b"\xff", b'{"error":[1]}', b'{"detail":"no"}', b"[]"]
)
async def test_any_body_of_a_refusal_gives_a_short_sentence(body: bytes) -> None:
    found, _ = await refused(Raw(status=422, parts=[body]))
    assert isinstance(found, ModelRefused)
    assert len(found.message) < 500


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_to_another_origin_is_not_followed(status: int) -> None:
    async with ScriptedModel(always(YES)) as other:
        target = f"http://u:p@127.0.0.1:{other.port}/v1/chat/completions?token=abc"
        found, sent = await refused(Raw(status=status, headers={"location": target}))
        assert other.requests == []
        assert other.connections == 0
    assert isinstance(found, ModelRefused)
    assert f"http://127.0.0.1:{other.port};" in found.message
    assert "abc" not in found.message
    assert sent == 1


@pytest.mark.parametrize("location", ["/v2/chat/completions", "", "http://[", "https://127.0.0.1:99999999/"])
async def test_any_other_redirect_is_refused_as_well(location: str) -> None:
    found, sent = await refused(Raw(status=307, headers={"location": location}))
    assert isinstance(found, ModelRefused)
    assert sent == 1


async def test_every_field_of_the_request_was_ours() -> None:
    async with talking(always(YES), "responses") as (model, server):
        assert_protocol(model)
        await turn(model)
        assert set(server.requests[0]) == {"model", "store", "stream", "instructions", "input", "include", "tools"}
        assert json.dumps(server.requests[0])


def assert_protocol(model: Model) -> None:
    assert (model.name, model.api) == ("m", "responses")
    assert model.destination.startswith("http://127.0.0.1:")
