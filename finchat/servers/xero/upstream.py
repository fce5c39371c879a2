"""The way to the real Xero API, or to anything that speaks like it, out of the environment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from finchat.errors import AuthenticationError
from finchat.servers.addresses import address, header_text, loopback
from finchat.servers.light_httpx import httpx
from finchat.servers.upstream import TOTAL_TIMEOUT_S, Authorisation, Upstream, timeouts
from finchat.servers.xero.sign_in import BearerToken, ClientCredentials, Tenant

API = "https://api.xero.com"
IDENTITY = "https://identity.xero.com"
_TOKEN_PATH = "/connect/token"
_API_PATH = "/api.xro/2.0"


@asynccontextmanager
async def live_from_environment(
    environ: Mapping[str, str], *, total_s: float = TOTAL_TIMEOUT_S
) -> AsyncIterator[Upstream]:
    """An upstream signed in with XERO_CLIENT_BEARER_TOKEN, or XERO_CLIENT_ID and XERO_CLIENT_SECRET.

    XERO_TENANT_ID names the organisation, XERO_BASE_URL the API (with or without /api.xro/2.0), XERO_IDENTITY_URL
    the identity server (with or without /connect/token). Nothing is sent before the first call.
    Raises AuthenticationError when credentials are missing, UsageError for an address that is none.
    """
    base = address(environ.get("XERO_BASE_URL") or API, "XERO_BASE_URL", example=API).removesuffix(_API_PATH)
    async with httpx.AsyncClient(
        base_url=base, timeout=timeouts(), trust_env=not loopback(base), limits=httpx.Limits(max_connections=10)
    ) as client:
        yield Upstream(client, _authorisation(environ, client, base), total_s=total_s)


def _authorisation(environ: Mapping[str, str], client: httpx.AsyncClient, base: str) -> Authorisation:
    token, tenant_id = environ.get("XERO_CLIENT_BEARER_TOKEN"), environ.get("XERO_TENANT_ID")
    client_id, secret = environ.get("XERO_CLIENT_ID"), environ.get("XERO_CLIENT_SECRET")
    tenant = Tenant(client, f"{base}/connections", tenant_id)
    if token:
        return BearerToken(header_text(token, "XERO_CLIENT_BEARER_TOKEN"), tenant)
    if client_id and secret:
        given = environ.get("XERO_IDENTITY_URL") or IDENTITY
        identity = address(given, "XERO_IDENTITY_URL", example=API).removesuffix(_TOKEN_PATH)
        return ClientCredentials(client, identity + _TOKEN_PATH, client_id, secret, tenant)
    missing = "XERO_CLIENT_SECRET" if client_id else "XERO_CLIENT_ID" if secret else None
    raise AuthenticationError(
        f"{missing} is not set" if missing else "there are no Xero credentials in the environment",
        field=missing or "XERO_CLIENT_ID",
        next="set XERO_CLIENT_ID and XERO_CLIENT_SECRET, or XERO_CLIENT_BEARER_TOKEN; the sandbox needs none",
    )
