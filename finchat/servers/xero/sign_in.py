"""Signing in to Xero: a token that somebody else keeps fresh, or a custom connection's own; and the organisation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic

from finchat.servers.failure import Failure
from finchat.servers.identity import MARGIN_S, SHORTEST_LIFE_S, document, exchange, life_in, token_in, unavailable
from finchat.servers.light_httpx import httpx

_ADDRESSES = "XERO_BASE_URL and XERO_IDENTITY_URL"


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
        reply = await exchange(self._client, "GET", self._url, headers={"Authorization": f"Bearer {token}"})
        if reply.status_code == 401:
            raise _unauthorized("Xero does not accept the token", "renew the credentials")
        rows = document(reply, _ADDRESSES)
        if not isinstance(rows, list):
            raise unavailable("the list of connected organisations cannot be read", reply.status_code, _ADDRESSES)
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
                self._fresh_until = asked + max(life - MARGIN_S, SHORTEST_LIFE_S)
            return self._token

    async def _bought(self) -> tuple[str, float]:
        reply = await exchange(
            self._client, "POST", self._url, data={"grant_type": "client_credentials"}, auth=self._basic
        )
        if reply.status_code in (400, 401, 403):
            raise _unauthorized(
                "Xero's identity server does not accept the client id and secret",
                "check XERO_CLIENT_ID and XERO_CLIENT_SECRET: they belong to a custom connection",
                reply.status_code,
            )
        told = document(reply, _ADDRESSES)
        if (token := token_in(told, "access_token")) is None:
            raise unavailable("the identity server gave no token", reply.status_code, _ADDRESSES)
        return token, life_in(told)


def _unauthorized(message: str, step: str, status: int = 401) -> Failure:
    return Failure(code="unauthorized", message=message, field="XERO_CLIENT_ID", next=step, status=status)
