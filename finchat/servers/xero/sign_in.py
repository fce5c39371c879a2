"""Signing in to Xero: a token that somebody else keeps fresh, or a custom connection's own; and the organisation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from time import monotonic
from typing import Any

from finchat.servers.failure import Failure
from finchat.servers.light_httpx import httpx

# A token is renewed this long before its end, so that clocks may differ a little.
MARGIN_S = 60.0
_SHORTEST_LIFE_S = 1.0
_DEADLINE_S = 10.0


class Tenant:
    """Which organisation the calls are for: XERO_TENANT_ID, or the only one the token reaches."""

    def __init__(self, client: httpx.AsyncClient, connections_url: str, tenant_id: str | None) -> None:
        self._client, self._url, self._id = client, connections_url, tenant_id
        self._lock = asyncio.Lock()

    async def id(self, token: str) -> str:
        """Asks /connections once. Raises Failure naming the organisations when there are several."""
        async with self._lock:
            if not self._id:
                self._id = await self._only_one(token)
            return self._id

    async def _only_one(self, token: str) -> str:
        reply = await _exchange(self._client, "GET", self._url, headers={"Authorization": f"Bearer {token}"})
        if reply.status_code == 401:
            raise _unauthorized("Xero does not accept the token", "renew the credentials")
        rows = _json(reply)
        if not isinstance(rows, list):
            raise _unavailable("the list of connected organisations cannot be read", reply.status_code)
        found = {
            str(row["tenantId"]): str(row.get("tenantName"))
            for row in rows
            if isinstance(row, dict) and row.get("tenantId") and row.get("tenantType") in (None, "ORGANISATION")
        }
        if len(found) == 1:
            return next(iter(found))
        named = ", ".join(f"{name} ({tenant})" for tenant, name in list(found.items())[:20])
        raise Failure(
            code="organisation_unclear",
            message=f"the token reaches {f'several organisations: {named}' if found else 'no organisation'}",
            field="XERO_TENANT_ID",
            next=f"set XERO_TENANT_ID to {'one of them' if found else 'an organisation that is connected'}",
        )


class BearerToken:
    """XERO_CLIENT_BEARER_TOKEN, which cannot be renewed here."""

    def __init__(self, token: str, tenant: Tenant) -> None:
        self._token, self._tenant = token, tenant

    async def headers(self) -> Mapping[str, str]:
        tenant = await self._tenant.id(self._token)
        return {"Authorization": f"Bearer {self._token}", "Xero-tenant-id": tenant}

    async def renew(self, refused: Mapping[str, str]) -> bool:
        return False


class ClientCredentials:
    """A custom connection: client id and secret buy a token, kept until a minute before its end.

    However many calls wait for a token, one request fetches it.
    """

    def __init__(self, client: httpx.AsyncClient, token_url: str, client_id: str, secret: str, tenant: Tenant) -> None:
        self._client, self._url, self._tenant = client, token_url, tenant
        self._basic = httpx.BasicAuth(client_id, secret)
        self._lock = asyncio.Lock()
        self._token, self._fresh_until = "", 0.0

    async def headers(self) -> Mapping[str, str]:
        token = await self._fresh()
        return {"Authorization": f"Bearer {token}", "Xero-tenant-id": await self._tenant.id(token)}

    async def renew(self, refused: Mapping[str, str]) -> bool:
        if refused.get("Authorization") == f"Bearer {self._token}":
            self._fresh_until = 0.0
        return True

    async def _fresh(self) -> str:
        async with self._lock:
            if monotonic() >= self._fresh_until:
                asked = monotonic()
                self._token, life = await self._bought()
                self._fresh_until = asked + max(life - MARGIN_S, _SHORTEST_LIFE_S)
            return self._token

    async def _bought(self) -> tuple[str, float]:
        reply = await _exchange(
            self._client, "POST", self._url, data={"grant_type": "client_credentials"}, auth=self._basic
        )
        if reply.status_code in (400, 401, 403):
            raise _unauthorized(
                "Xero's identity server does not accept the client id and secret",
                "check XERO_CLIENT_ID and XERO_CLIENT_SECRET: they belong to a custom connection",
                reply.status_code,
            )
        document = _json(reply)
        token = document.get("access_token") if isinstance(document, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise _unavailable("the identity server gave no token", reply.status_code)
        life = document.get("expires_in")
        return token, float(life) if isinstance(life, int | float) else 0.0


async def _exchange(client: httpx.AsyncClient, method: str, url: str, **more: Any) -> httpx.Response:
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


def _json(reply: httpx.Response) -> Any:
    if not reply.is_success:
        raise _unavailable("signing in failed", reply.status_code)
    try:
        return json.loads(reply.content)
    except (ValueError, RecursionError):
        raise _unavailable("the answer to signing in is no JSON", reply.status_code) from None


def _unauthorized(message: str, step: str, status: int = 401) -> Failure:
    return Failure(code="unauthorized", message=message, field="XERO_CLIENT_ID", next=step, status=status)


def _unavailable(message: str, status: int) -> Failure:
    step = "check XERO_BASE_URL and XERO_IDENTITY_URL"
    return Failure(code="unavailable", message=f"{message} (status {status})", next=step, status=status)
