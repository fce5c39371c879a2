"""The wire to the vendor: one request, one answer, and every fault turned into a Failure. Never retries on its own.

The only place of the servers that knows httpx, beside the sign-in of a vendor.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from finchat.servers.failure import Failure, Outcome
from finchat.servers.light_httpx import httpx
from finchat.servers.requests import Request

CONNECT_TIMEOUT_S = 10.0
# Shorter than the minute an MCP client usually waits, so that the reason arrives before the client gives up.
TOTAL_TIMEOUT_S = 45.0
LARGEST_ANSWER = 32 * 2**20
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whole. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Authorisation(Protocol):
    """How requests are signed in."""

    async def headers(self) -> Mapping[str, str]:
        """Headers for the next request. Raises Failure (not_sent) when signing in fails."""

    async def renew(self, refused: Mapping[str, str]) -> bool:
        """After a 401 to `refused`: True when other headers can be tried."""


class FixedHeaders:
    """A token that somebody else keeps fresh."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    async def headers(self) -> Mapping[str, str]:
        return self._headers

    async def renew(self, refused: Mapping[str, str]) -> bool:
        return False


class Upstream:
    """One vendor API behind an httpx client whose base address is set.

    `connect` timeouts are the client's; `total_s` bounds the whole exchange, in process too, where httpx has none.
    """

    def __init__(
        self, client: httpx.AsyncClient, authorisation: Authorisation, *, total_s: float = TOTAL_TIMEOUT_S
    ) -> None:
        self._client, self._authorisation, self._total_s = client, authorisation, total_s

    @property
    def path(self) -> str:
        """Of the base address."""
        return str(self._client.base_url.path)

    async def send(self, request: Request) -> Response:
        """The vendor's answer, whatever its status. Raises Failure when there is none.

        A 401 proves that nothing was done, so a renewed sign-in is tried once, for writes too.
        """
        headers = await self._authorisation.headers()
        response = await self._exchange(request, headers)
        if response.status == 401 and await self._authorisation.renew(headers):
            response = await self._exchange(request, await self._authorisation.headers())
        return response

    async def _exchange(self, request: Request, headers: Mapping[str, str]) -> Response:
        doubt: Outcome = "unknown" if request.writes else "failed"
        sent = {"Accept": "application/json", **headers, **request.headers}
        if request.body is not None:
            sent["Content-Type"] = "application/json"
        try:
            async with asyncio.timeout(self._total_s):
                return await self._whole(request, sent, doubt)
        except _NOT_SENT as error:
            raise Failure(
                code="unavailable",
                message=f"{self._client.base_url.host} cannot be reached ({type(error).__name__})",
                next="check the network and the base URL, then call again",
            ) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise Failure(
                code="timeout",
                message=f"{self._client.base_url.host} did not answer within {self._total_s:g} s",
                next=_next_step(request.writes),
                outcome=doubt,
            ) from error
        except httpx.HTTPError as error:
            raise Failure(
                code="unavailable",
                message=f"the connection to {self._client.base_url.host} broke ({type(error).__name__})",
                next=_next_step(request.writes),
                outcome=doubt,
            ) from error

    async def _whole(self, request: Request, headers: Mapping[str, str], doubt: Outcome) -> Response:
        async with self._client.stream(
            request.method,
            request.path,
            params=dict(request.query),
            headers=dict(headers),
            content=request.body,
            follow_redirects=False,
        ) as response:
            if response.is_redirect and response.status_code != 304:
                raise Failure(
                    code="redirected",
                    message="the API answered with a redirect, which is not followed: books and token stay here",
                    next="check the base URL",
                    status=response.status_code,
                    outcome=doubt,
                )
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > LARGEST_ANSWER:
                    raise Failure(
                        code="too_large",
                        message=f"the answer is larger than {LARGEST_ANSWER // 2**20} MiB",
                        next="ask for fewer records with page_size or where",
                        status=response.status_code,
                        outcome=doubt,
                    )
            lower = {name.lower(): value for name, value in response.headers.items()}
            return Response(response.status_code, lower, bytes(content))


def _next_step(writes: bool) -> str:
    return "read back whether it was written before sending it again" if writes else "call again"


def timeouts() -> httpx.Timeout:
    return httpx.Timeout(TOTAL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)


@asynccontextmanager
async def in_process(asgi_app: Any, *, path: str = "", total_s: float = TOTAL_TIMEOUT_S) -> AsyncIterator[Upstream]:
    """An API that is an ASGI app in this process: no port, no socket. An exception in the app is a 500.

    `path` is where the API begins, such as the address of one company.
    """
    transport = httpx.ASGITransport(asgi_app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://in-process{path}", timeout=None) as client:
        yield Upstream(client, FixedHeaders({"Authorization": "Bearer in-process"}), total_s=total_s)
