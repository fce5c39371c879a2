"""The HTTP client of the model's endpoint: no redirects, no compression, and no answer without bounds."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

CONNECT_S = 4.0  # an endpoint that does not take a connection by then is dead
MAX_ANSWER_BYTES = 64 * 1024 * 1024  # a stream repeats itself: some 300 bytes a token, and everything again at its end
MAX_ERROR_BYTES = 64 * 1024


class TooLarge(httpx2.ReadError):
    """The answer has more bytes than MAX_ANSWER_BYTES."""


class Compressed(httpx2.ReadError):
    """The answer is compressed although that was not asked for: a few bytes could expand without bound."""


def http_client(base_url: str, *, is_loopback: bool) -> httpx2.AsyncClient:
    """A client for one endpoint; how long its server may be silent is said with each request."""
    parts = urlsplit(base_url)
    proxy = None if is_loopback or proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    # Reading the authorities takes 80 ms, and plain http needs none; this context trusts nobody.
    verify: Any = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if parts.scheme == "http" and proxy is None else True
    return httpx2.AsyncClient(
        transport=BoundedTransport(httpx2.AsyncHTTPTransport(verify=verify, proxy=proxy)),
        headers={"accept-encoding": "identity"},
        follow_redirects=False,  # the conversation in the body would go to an origin nobody chose
    )


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Wraps a transport: error bodies are cut at MAX_ERROR_BYTES, others raise TooLarge or Compressed as they are
    read."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        encoded = response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}
        headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-encoding"]
        return httpx2.Response(
            response.status_code,
            headers=headers,
            stream=_Bounded(response.stream, is_error=response.status_code >= 300, is_encoded=encoded),
            extensions=response.extensions,
        )


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: Any, *, is_error: bool, is_encoded: bool) -> None:
        self._inner = inner
        self._is_error = is_error
        self._is_encoded = is_encoded

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._is_encoded:
            if self._is_error:
                return  # its status says enough
            raise Compressed("the answer is compressed although that was not asked for")
        left = MAX_ERROR_BYTES if self._is_error else MAX_ANSWER_BYTES
        try:
            async for chunk in self._inner:
                if len(chunk) > left and not self._is_error:
                    raise TooLarge(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
                yield chunk[:left]
                left -= len(chunk)
                if left <= 0 and self._is_error:
                    return
        except httpx2.TransportError:
            if not self._is_error:  # the status of an error stays, even where its words break off
                raise

    async def aclose(self) -> None:
        await self._inner.aclose()
