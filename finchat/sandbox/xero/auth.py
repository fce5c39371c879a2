"""Tokens and tenants: who may call, and how the vendor says no."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from finchat.sandbox.oauth import client_of
from finchat.sandbox.xero.errors import ApiError

TOKEN_LIFE = timedelta(seconds=1800)
CLIENT_ID = "FINCHATSANDBOXCLIENTID0000000000"
CLIENT_SECRET = "finchat-sandbox-client-secret"
SCOPE = (
    "accounting.invoices accounting.payments accounting.banktransactions accounting.contacts accounting.settings"
    " accounting.reports.balancesheet.read accounting.reports.profitandloss.read accounting.reports.trialbalance.read"
)


@dataclass(slots=True)
class _Token:
    expires: datetime
    custom_connection: bool


class Authority:
    """Issues and checks tokens. Unless `strict`, any client, refresh token and unknown bearer token is taken."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self._tokens: dict[str, _Token] = {}
        self._refresh: set[str] = set()
        if strict:
            self.refresh_token = secrets.token_urlsafe(32)
            self._refresh.add(self.refresh_token)

    def grant(self, form: Mapping[str, str], authorization: str | None, now: datetime) -> dict[str, object]:
        """A token reply. Raises ApiError 400/401 with the OAuth error."""
        client, secret = client_of(form, authorization)
        if not client or not secret:
            raise ApiError(400, {"error": "invalid_client"})
        known = hmac.compare_digest(client.encode(), CLIENT_ID.encode())
        known &= hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode())
        if self.strict and not known:
            raise ApiError(400, {"error": "invalid_client"})
        kind = form.get("grant_type")
        reply: dict[str, object] = {"access_token": secrets.token_urlsafe(32), "expires_in": 1800}
        reply["token_type"] = "Bearer"
        if kind == "refresh_token":
            given = form.get("refresh_token", "")
            if not given or (self.strict and given not in self._refresh):
                raise ApiError(400, {"error": "invalid_grant"})
            # A refresh token is used up; the last one stays good for a lost reply, as the vendor's grace does.
            self._refresh = {given, renewed := secrets.token_urlsafe(32)}
            reply["refresh_token"] = renewed
        elif kind != "client_credentials":
            raise ApiError(400, {"error": "unsupported_grant_type"})
        reply["scope"] = form.get("scope") or SCOPE
        self._tokens = {token: held for token, held in self._tokens.items() if held.expires > now - TOKEN_LIFE}
        self._tokens[str(reply["access_token"])] = _Token(now + TOKEN_LIFE, kind == "client_credentials")
        return reply

    def check(self, authorization: str | None, now: datetime) -> bool:
        """True when the token is of a custom connection (one organisation). Raises ApiError 401."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorised("AuthenticationUnsuccessful")
        held = self._tokens.get(token.strip())
        if held is None:
            if self.strict:
                raise unauthorised("AuthenticationUnsuccessful")
            return True
        if held.expires <= now:
            raise unauthorised(f"TokenExpired: token expired at {held.expires:%m/%d/%Y %H:%M:%S}")
        return held.custom_connection

    @staticmethod
    def check_tenant(given: str | None, tenant_id: str, *, optional: bool) -> None:
        """The header names the organisation; a custom connection may leave it out. Raises ApiError 403."""
        if given is None and optional:
            return
        if given is None or given.lower() != tenant_id.lower():
            raise ApiError(
                403,
                {
                    "type": None,
                    "title": "Forbidden",
                    "status": 403,
                    "detail": "AuthenticationUnsuccessful",
                    "instance": str(uuid4()),
                    "extensions": {},
                    "field": "xero-tenant-id",
                },
            )


def unauthorised(detail: str) -> ApiError:
    body = {"Type": None, "Title": "Unauthorized", "Status": 401, "Detail": detail}
    return ApiError(
        401,
        {**body, "Instance": str(uuid4()), "Extensions": {}, "Field": "Authorization"},
        {"WWW-Authenticate": "Bearer"},
    )
