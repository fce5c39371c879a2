"""One request to a vendor's identity server, and what its answer means; what several vendors' sign-ins share."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from finchat.servers.failure import Failure
from finchat.servers.light_httpx import httpx

# A token is renewed this long before its end, so that clocks may differ a little.
MARGIN_S = 60.0
SHORTEST_LIFE_S = 1.0
_DEADLINE_S = 10.0


async def exchange(client: httpx.AsyncClient, method: str, url: str, **more: Any) -> httpx.Response:
    """The answer, whatever its status; no redirect is followed. Raises Failure unavailable when there is none."""
    host = httpx.URL(url).host
    try:
        async with asyncio.timeout(_DEADLINE_S):
            return await client.request(method, url, follow_redirects=False, **more)
    except (httpx.HTTPError, TimeoutError) as error:
        raise Failure(
            code="unavailable",
            message=f"{host} cannot be reached to sign in ({type(error).__name__})",
            next="check the network and the URL, then call again",
        ) from error


def document(reply: httpx.Response, addresses: str) -> Any:
    """The JSON of a good answer. `addresses` names the settings to check. Raises Failure unavailable."""
    if not reply.is_success:
        raise unavailable("signing in failed", reply.status_code, addresses)
    try:
        return json.loads(reply.content)
    except (ValueError, RecursionError):
        raise unavailable("the answer to signing in is no JSON", reply.status_code, addresses) from None


def token_in(told: Any, name: str) -> str | None:
    """A token out of an answer, when it is one that a header takes."""
    token = told.get(name) if isinstance(told, dict) else None
    return token if isinstance(token, str) and token and token.isascii() and token.isprintable() else None


def life_in(told: Any) -> float:
    """Seconds an access token lasts; 0 when the answer does not say."""
    life = told.get("expires_in") if isinstance(told, dict) else None
    return float(life) if isinstance(life, int | float) else 0.0


def unavailable(message: str, status: int, addresses: str) -> Failure:
    return Failure(code="unavailable", message=f"{message} (status {status})", next=f"check {addresses}", status=status)
