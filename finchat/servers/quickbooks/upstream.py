"""The way to the real QuickBooks API, or to anything that speaks like it, out of the environment."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from finchat.errors import AuthenticationError, UsageError
from finchat.servers.addresses import address, header_text, loopback
from finchat.servers.light_httpx import httpx
from finchat.servers.quickbooks.sign_in import RotatingToken, TokenStore
from finchat.servers.upstream import TOTAL_TIMEOUT_S, Upstream, timeouts

API = "https://quickbooks.api.intuit.com"
IDENTITY = "https://oauth.platform.intuit.com"
_TOKEN_PATH = "/oauth2/v1/tokens/bearer"
_NEEDED = (
    "QUICKBOOKS_CLIENT_ID",
    "QUICKBOOKS_CLIENT_SECRET",
    "QUICKBOOKS_REFRESH_TOKEN",
    "QUICKBOOKS_REALM_ID",
)


def company_path(realm_id: str) -> str:
    """Where one company's API begins, below the address of the server."""
    return f"/v3/company/{realm_id}"


@asynccontextmanager
async def live_from_environment(
    environ: Mapping[str, str], *, store: TokenStore | None = None, total_s: float = TOTAL_TIMEOUT_S
) -> AsyncIterator[Upstream]:
    """An upstream for one company, signed in with QUICKBOOKS_CLIENT_ID, _CLIENT_SECRET and _REFRESH_TOKEN.

    QUICKBOOKS_REALM_ID names the company, QUICKBOOKS_BASE_URL the API (with or without /v3/company),
    QUICKBOOKS_IDENTITY_URL the identity server (with or without /oauth2/v1/tokens/bearer). `store` keeps the refresh
    token as it is replaced; without it the new one is known to this process alone. Nothing is sent before the first
    call. Raises AuthenticationError when credentials are missing, UsageError for an address or a realm that is none.
    """
    client_id, secret, refresh, realm = (_given(environ, name) for name in _NEEDED)
    if not re.fullmatch(r"[0-9]{1,20}", realm):
        raise UsageError(
            "QUICKBOOKS_REALM_ID is not the id of a company", field="QUICKBOOKS_REALM_ID", next="it is digits alone"
        )
    given = environ.get("QUICKBOOKS_BASE_URL") or API
    base = address(given, "QUICKBOOKS_BASE_URL", example=API).removesuffix("/v3/company").removesuffix("/v3")
    told = environ.get("QUICKBOOKS_IDENTITY_URL") or IDENTITY
    identity = address(told, "QUICKBOOKS_IDENTITY_URL", example=IDENTITY).removesuffix(_TOKEN_PATH)
    async with httpx.AsyncClient(
        base_url=base + company_path(realm),
        timeout=timeouts(),
        trust_env=not loopback(base),
        limits=httpx.Limits(max_connections=10),
    ) as client:
        token = RotatingToken(client, identity + _TOKEN_PATH, client_id, secret, refresh, store=store)
        yield Upstream(client, token, total_s=total_s)


def _given(environ: Mapping[str, str], name: str) -> str:
    if text := environ.get(name):
        return header_text(text, name)
    raise AuthenticationError(
        f"{name} is not set",
        field=name,
        next=f"set {', '.join(_NEEDED)}; the sandbox needs none",
    )
