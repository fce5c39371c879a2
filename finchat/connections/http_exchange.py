"""Streamable HTTP with the blast radius of one call.

Left alone, the MCP client loses the status and headers of every refusal, and a connection that breaks before the
headers tears down the whole session. This transport answers such a request with a JSON-RPC error of its own, and
writes what it saw into the Exchange of the call that made the request.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from finchat.connections.child import MESSAGE_LIMIT_BYTES
from finchat.connections.exchange import Exchange, Fault, current_exchange

_ERROR_BODY_BYTES = 64 * 1024
_OUR_ERROR = -32080  # never read back: the Exchange says what happened


def http_client(url: str, headers: Mapping[str, str], call_deadline_s: float) -> httpx2.AsyncClient:
    """A client for one MCP endpoint; `call_deadline_s` bounds a silent server (the call's own deadline comes first)."""
    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    return httpx2.AsyncClient(
        transport=ContainedTransport(httpx2.AsyncHTTPTransport(proxy=proxy)),
        # A compressed answer could expand without bound.
        headers={**headers, "accept-encoding": "identity"},
        timeout=httpx2.Timeout(call_deadline_s + 5.0, connect=10.0, write=30.0),
    )


class ContainedTransport(httpx2.AsyncBaseTransport):
    """Wraps a transport so that whatever happens to a request is the answer to that request alone."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "POST":  # the server's own event stream and the goodbye: the MCP client copes with both
            return await self._inner.handle_async_request(request)
        seen = current_exchange.get() or Exchange()
        try:
            response = await self._inner.handle_async_request(request)
        except httpx2.TransportError as error:
            unsent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
            return _answer(request, seen, "not_sent" if unsent else "lost", str(error) or type(error).__name__)
        seen.status, seen.headers = response.status_code, dict(response.headers)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            return _answer(request, seen, "encoded", "the answer is compressed although that was not asked for")
        if response.status_code >= 400:
            return await self._refusal(request, response, seen)
        if response.headers.get("content-type", "").lower().startswith("text/event-stream"):
            return httpx2.Response(response.status_code, headers=response.headers, stream=_Bounded(response.stream))
        return await self._whole(request, response, seen)

    async def _whole(self, request: httpx2.Request, response: httpx2.Response, seen: Exchange) -> httpx2.Response:
        try:
            body = await _read(response, MESSAGE_LIMIT_BYTES)
        except httpx2.TransportError as error:
            return _answer(request, seen, "lost", str(error) or type(error).__name__)
        if body is None:
            return _answer(request, seen, "too_large", "")
        return httpx2.Response(response.status_code, headers=_plain_headers(response), content=body)

    async def _refusal(self, request: httpx2.Request, response: httpx2.Response, seen: Exchange) -> httpx2.Response:
        try:
            body = await _read(response, _ERROR_BODY_BYTES)
        except httpx2.TransportError:
            body = b""
        try:
            told = json.loads(body or b"")
        except ValueError:
            told = None
        if isinstance(told, dict) and isinstance(told.get("error"), dict):
            # A JSON-RPC error of the server's own: also how the two protocol eras are told apart.
            seen.detail = str(told["error"].get("message", ""))[:500]
            return httpx2.Response(response.status_code, headers=_plain_headers(response), content=body or b"")
        return _answer(request, seen, "refused", f"HTTP {response.status_code}")


class _Bounded(httpx2.AsyncByteStream):
    """An event stream that ends in an error once it carried more than one message may."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > 2 * MESSAGE_LIMIT_BYTES:  # one message is held by the MCP client's own event limit
                raise httpx2.ReadError("the event stream is larger than finchat reads")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _read(response: httpx2.Response, limit: int) -> bytes | None:
    """The body, or None when it is longer than `limit` bytes (the rest is not read)."""
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > limit:
                return None
            chunks.append(chunk)
    finally:
        await response.aclose()
    return b"".join(chunks)


def _plain_headers(response: httpx2.Response) -> dict[str, str]:
    dropped = {"content-length", "transfer-encoding", "content-encoding"}
    return {name: value for name, value in response.headers.items() if name.lower() not in dropped}


def _answer(request: httpx2.Request, seen: Exchange, fault: Fault, detail: str) -> httpx2.Response:
    """A JSON-RPC error for this request; a notification has no id and no answer."""
    seen.fault, seen.detail = fault, seen.detail or detail[:500]
    try:
        request_id = json.loads(request.content).get("id")
    except (ValueError, AttributeError):
        request_id = None
    if request_id is None:
        return httpx2.Response(202)
    error = {"code": _OUR_ERROR, "message": detail[:500] or fault}
    return httpx2.Response(200, json={"jsonrpc": "2.0", "id": request_id, "error": error})
