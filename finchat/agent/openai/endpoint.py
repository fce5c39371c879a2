"""One HTTP endpoint through the openai SDK. Everything that can be thrown on the way becomes a Failure or TurnBroken.

The SDK signs and sends; the body is ours (its own builders walk the whole history by type hints at every request), and
so is the reading of the answer: its stream readers end without a word when a stream is cut, and hide [DONE].
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import httpx2

from finchat.agent.messages import TurnBroken
from finchat.agent.openai.failures import Failure, failure_of_status
from finchat.agent.openai.light_openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, Omit
from finchat.agent.openai.transport import CONNECT_S, Compressed, TooLarge, http_client
from finchat.agent.openai.wire import broken
from finchat.model_settings import ModelSettings

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024  # of an answer that is not streamed
_DRAIN_S = 0.05


class SdkEndpoint:
    """A client of one base URL. `post` sends once; retrying is the caller's."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        url, _, query = settings.base_url.partition("?")
        self._client = AsyncOpenAI(
            api_key=settings.key or "none",  # the SDK wants one; without a key the header is left out
            base_url=url,
            default_query=dict(httpx2.QueryParams(query)),
            max_retries=0,
            http_client=http_client(url, is_loopback=settings.is_loopback),
        )
        if not settings.is_openai:  # the SDK takes both from the environment; they are meant for OpenAI
            self._client.organization = self._client.project = None

    async def close(self) -> None:
        await self._client.close()

    async def post(self, path: str, body: bytes, *, stream: bool, ends: float) -> SdkAnswer:
        """Send a body. Raises Failure when there is no answer, TurnBroken when it is late (`ends`: the loop's time)."""
        silence_s = self._settings.silence_s if stream else None  # a whole answer comes all at once
        timeout = httpx2.Timeout(silence_s, connect=CONNECT_S, pool=CONNECT_S)
        accepted = "text/event-stream" if stream else "application/json"
        headers: dict[str, Any] = {"Content-Type": "application/json", "Accept": accepted}
        if self._settings.key is None:
            headers["Authorization"] = Omit()
        try:
            async with asyncio.timeout_at(ends):
                response = await self._client.post(
                    path,
                    content=body,
                    cast_to=httpx2.Response,
                    stream=cast(Any, True),
                    options={"headers": headers, "timeout": timeout},
                )
                return SdkAnswer(response, ends=ends, silence_s=silence_s)
        except TimeoutError as error:
            raise broken("too_slow") from error
        except APITimeoutError as error:
            if isinstance(error.__cause__, httpx2.ReadTimeout | httpx2.WriteTimeout):
                raise _silent(silence_s) from error
            failure = Failure(kind="unreachable", detail="no connection in time")
        except APIStatusError as error:
            answer = error.response
            failure = failure_of_status(answer.status_code, answer.headers, _content(answer))
        except APIConnectionError as error:
            failure = Failure(kind="unreachable", detail=_reason(error.__cause__))
        except (httpx2.HTTPError, OSError) as error:
            failure = Failure(kind="unreachable", detail=_reason(error))
        # Raised outside: the SDK's error holds the request with its key, and must not travel with this one.
        raise failure


class SdkAnswer:
    """An answer whose headers have come."""

    def __init__(self, response: httpx2.Response, *, ends: float, silence_s: float | None) -> None:
        self._response = response
        self._ends = ends
        self._silence_s = silence_s
        self._chunks = response.aiter_raw()

    @property
    def content_type(self) -> str:
        return cast(str, self._response.headers.get("content-type", "")).partition(";")[0].strip().lower()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they come. Raises TurnBroken when they stop, are late or too many."""
        while True:
            try:
                async with asyncio.timeout_at(self._ends):
                    chunk = await anext(self._chunks, None)
            except TimeoutError as error:
                raise broken("too_slow") from error
            except (TooLarge, Compressed) as error:
                raise broken("too_large" if isinstance(error, TooLarge) else "malformed", str(error)) from error
            except httpx2.TimeoutException as error:
                raise _silent(self._silence_s) from error
            except Exception as error:  # httpx2's own, a decoder's, a socket's
                raise broken("cut") from error
            if chunk is None:
                return
            yield chunk

    async def read(self) -> bytes:
        """The whole body. Raises TurnBroken as `chunks` does."""
        parts: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size > MAX_DOCUMENT_BYTES:
                raise broken("too_large")
            parts.append(chunk)
        return b"".join(parts)

    async def close(self, *, read_whole: bool) -> None:
        """Let go of the connection. It is kept for the next request when the turn was `read_whole` and the end of the
        transfer is here as well."""
        try:
            if read_whole:
                async with asyncio.timeout(_DRAIN_S):
                    while await anext(self._chunks, None) is not None:
                        pass
        except Exception:  # the turn is over: nothing that happens here changes it
            pass
        finally:
            await self._response.aclose()


def _silent(seconds: float | None) -> TurnBroken:
    return broken("silent", f"for {seconds:g} seconds" if seconds else "")


def _content(response: httpx2.Response) -> bytes:
    try:
        return response.content
    except httpx2.ResponseNotRead:
        return b""


def _reason(error: BaseException | None) -> str:
    """What is wrong with a connection, in words without addresses or numbers of errors."""
    text = str(error).lower()
    for sign, words in (
        ("certificate", "its certificate is not trusted"),
        ("ssl", "it does not speak TLS"),
        ("name or service", "no such host"),
        ("nodename", "no such host"),
        ("getaddrinfo", "no such host"),
        ("temporary failure in name", "the host's name cannot be looked up"),
        ("disconnected", "it hung up"),
        ("reset", "it hung up"),
        ("proxy", "the proxy refuses"),
    ):
        if sign in text:
            return words
    return "no connection"
