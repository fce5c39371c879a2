"""A Model over one endpoint: sends a request, reads the turn, and never repeats what was answered in part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from finchat.agent.messages import Api, ModelEvent, ModelRequest, Retrying, TextDelta, TurnBroken
from finchat.agent.openai.dialect import Dialect, Reader
from finchat.agent.openai.exchange import Answer, Endpoint
from finchat.agent.openai.failures import Attempts, Failure, Pause
from finchat.agent.openai.key_mask import KeyMask
from finchat.agent.openai.wire import EventStream, broken, document
from finchat.chance import uniform
from finchat.clock import sleep
from finchat.errors import FinchatError
from finchat.model_settings import ModelSettings
from finchat.text.redact import redact


class OpenAIModel:
    """The Model protocol (see finchat.agent.messages) in one dialect, streamed or whole."""

    def __init__(self, settings: ModelSettings, dialect: Dialect, endpoint: Endpoint, *, stream: bool) -> None:
        self._settings = settings
        self._dialect = dialect
        self._stream = stream
        self._endpoint = endpoint

    @property
    def name(self) -> str:
        return self._settings.effective_name

    @property
    def api(self) -> Api:
        return self._dialect.api

    @property
    def destination(self) -> str:
        return self._settings.destination

    async def close(self) -> None:
        await self._endpoint.close()

    async def turn(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        try:
            async with aclosing(self._turn(request)) as events:
                async for event in events:
                    yield event
        except FinchatError as error:
            if (key := self._settings.key) and key in error.message:  # an endpoint's words, in the middle of a stream
                error.message = redact(error.message, [key])
                error.args = (error.message,)
            raise
        except Exception as error:  # an answer that no line here foresaw is one that the API does not give
            raise broken("malformed", type(error).__name__) from error

    async def _turn(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        attempts = self._attempts()
        answer: Answer | None = None
        while answer is None:
            attempts.start()
            ends = asyncio.get_running_loop().time() + self._settings.turn_s
            body = self._dialect.body(request, stream=self._stream)
            try:
                answer = await self._endpoint.post(self._dialect.path, body, stream=self._stream, ends=ends)
                continue
            except Failure as found:
                failure = found
            # Outside: an endpoint's own words, which may repeat the key, do not travel with the error.
            pause = self._after(failure, attempts)
            yield Retrying(seconds=pause.seconds, reason=pause.reason, attempt=attempts.made)
            await sleep(pause.seconds)
        reader = self._dialect.reader(request)
        mask = KeyMask(self._settings.key)
        try:
            async with aclosing(self._words(answer, reader)) as words:
                async for text in words:
                    if shown := mask.piece(text):
                        yield TextDelta(shown)
            if rest := mask.rest():
                yield TextDelta(rest)
            complete = reader.complete()
        except TurnBroken as error:
            error.calls = mask.calls(error.calls or reader.seen())
            raise
        finally:
            await answer.close(read_whole=reader.ended)
        yield replace(complete, items=mask.items(complete.items))

    async def _words(self, answer: Answer, reader: Reader) -> AsyncGenerator[str, None]:
        """Reads an answer to its end, and gives its words as they come."""
        kind = answer.content_type
        if kind == "application/json" or kind.endswith("+json"):  # whole, whether that was asked for or not
            for text in reader.take_document(document(await answer.read())):
                yield text
            return
        if kind not in {"text/event-stream", ""} or not self._stream:
            raise broken("malformed", f"it is {kind or 'of no type'}; is the base URL right?")
        events = EventStream()
        async for chunk in answer.chunks():
            for name, data in events.feed(chunk):
                for text in reader.take(name, data):
                    yield text
                if reader.ended:
                    return
        for name, data in events.finish():
            for text in reader.take(name, data):
                yield text

    def _after(self, failure: Failure, attempts: Attempts) -> Pause:
        """The pause before the next try. Raises what ends the turn."""
        if failure.status in {400, 422} and (left_out := self._dialect.do_without(failure.codes, failure.words)):
            return Pause(0.0, f"the endpoint does not take {left_out}")
        return attempts.after(failure)

    def _attempts(self) -> Attempts:
        settings = self._settings
        return Attempts(
            destination=settings.destination,
            base_url=settings.base_url,
            model=settings.effective_name,
            api=self.api,
            max_wait_s=settings.max_wait_s,
            key=settings.key,
            key_env=settings.key_env,
            jitter=lambda: uniform("jitter", 0.75, 1.25),
        )
