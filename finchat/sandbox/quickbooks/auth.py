"""Tokens and realms: the discovery document, who may call, and how the gateway says no.

The gateway stands before the company: its faults have a shape of their own, in lower case.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from finchat.sandbox.oauth import client_of

TOKEN_LIFE = timedelta(seconds=3600)
REFRESH_LIFE = timedelta(seconds=8_726_400)
CODE_LIFE = timedelta(minutes=5)
CLIENT_ID = "FINCHATSANDBOXQUICKBOOKSCLIENTID"
CLIENT_SECRET = "finchat-sandbox-quickbooks-secret"
SCOPE = "com.intuit.quickbooks.accounting"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class OAuthRefused(Exception):
    """A token endpoint's no: 400 (401 for the client) with `error` and, when there is one, its description."""

    def __init__(self, error: str, description: str | None = None, status: int = 400) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error} | ({"error_description": description} if description else {})


class GatewayRefused(Exception):
    """The gateway's no to a call: a status, its JSON body and headers."""

    def __init__(self, status: int, body: dict[str, Any], headers: Mapping[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers)


@dataclass(frozen=True, slots=True)
class _Code:
    expires: datetime
    client: str
    redirect_uri: str


class Authority:
    """Issues and checks tokens. Unless `strict`, any client, refresh token and unknown bearer token is taken.

    A refresh token is replaced at every use and the one before it is refused, as the vendor does about once a day:
    a client that does not keep the newest is found out at once.
    """

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self._tokens: dict[str, datetime] = {}
        self._refresh: dict[str, datetime | None] = {}
        self._codes: dict[str, _Code] = {}
        if strict:
            self.refresh_token = _new("RT1-")
            self._refresh[self.refresh_token] = None  # good until it is used

    def authorize(self, query: Mapping[str, str], realm_id: str, now: datetime) -> str:
        """Where the browser goes after the user agreed: back to a loopback redirect_uri with code, state, realmId.

        Raises OAuthRefused: invalid_request, invalid_client, invalid_scope.
        """
        redirect = query.get("redirect_uri", "")
        parts = urlsplit(redirect)
        if parts.scheme not in ("http", "https") or parts.hostname not in _LOOPBACK:
            raise OAuthRefused("invalid_request", "The redirect_uri query parameter value is invalid")
        if query.get("response_type") != "code" or not query.get("state"):
            raise OAuthRefused("invalid_request", "response_type must be code, and state must be given")
        if SCOPE not in query.get("scope", "").split():
            raise OAuthRefused("invalid_scope", f"scope must hold {SCOPE}")
        client = query.get("client_id", "")
        if not client or (self.strict and client != CLIENT_ID):
            raise OAuthRefused("invalid_client")
        code = _new("AB1")
        self._codes[code] = _Code(now + CODE_LIFE, client, redirect)
        answer = urlencode({"code": code, "state": query["state"], "realmId": realm_id})
        joined = f"{parts.query}&{answer}" if parts.query else answer
        return urlunsplit((parts.scheme, parts.netloc, parts.path, joined, ""))

    def grant(self, form: Mapping[str, str], authorization: str | None, now: datetime) -> dict[str, Any]:
        """A token reply for a refresh token or an authorization code. Raises OAuthRefused."""
        client = self._client(form, authorization)
        kind = form.get("grant_type")
        if kind == "refresh_token":
            self._use_refresh(form.get("refresh_token", ""), now)
        elif kind == "authorization_code":
            self._use_code(form, client, now)
        else:
            raise OAuthRefused("unsupported_grant_type")
        self._forget(now)
        access, refresh = _new("eyJlbmMi.."), _new("RT1-")
        self._tokens[access] = now + TOKEN_LIFE
        self._refresh[refresh] = now + REFRESH_LIFE
        return {
            "x_refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
            "refresh_token": refresh,
            "access_token": access,
            "token_type": "bearer",
            "expires_in": int(TOKEN_LIFE.total_seconds()),
        }

    def revoke(self, token: str, authorization: str | None, now: datetime) -> None:
        """End an access or refresh token. Raises OAuthRefused when the client is wrong or no token was named."""
        self._client({}, authorization)
        if not token:
            raise OAuthRefused("invalid_request")
        self._refresh.pop(token, None)
        if token in self._tokens:
            self._tokens[token] = now

    def check(self, authorization: str | None, now: datetime) -> None:
        """Raises GatewayRefused 401."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise unauthorised("Malformed bearer token: too short or too long", now)
        expires = self._tokens.get(token)
        if expires is None:
            if self.strict:
                raise unauthorised("Token invalid", now)
        elif expires <= now:
            raise unauthorised(f"Token expired: {token}", now)

    @staticmethod
    def check_realm(given: str, realm_id: str, now: datetime) -> None:
        """The path names the company. Raises GatewayRefused 403."""
        if given != realm_id:
            message = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
            raise GatewayRefused(403, gateway_fault(message, None, "3100", "SERVICE", now), {})

    def _client(self, form: Mapping[str, str], authorization: str | None) -> str:
        client, secret = client_of(form, authorization)
        known = hmac.compare_digest(client.encode(), CLIENT_ID.encode())
        known &= hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode())
        if not client or not secret or (self.strict and not known):
            raise OAuthRefused("invalid_client", status=401)
        return client

    def _use_refresh(self, given: str, now: datetime) -> None:
        if not given:
            raise OAuthRefused("invalid_request", "The refresh_token is missing")
        expires = self._refresh.pop(given, now if self.strict else None)
        if expires is not None and expires <= now:
            raise OAuthRefused("invalid_grant", "Incorrect or invalid refresh token")

    def _use_code(self, form: Mapping[str, str], client: str, now: datetime) -> None:
        held = self._codes.pop(form.get("code", ""), None)
        if (
            held is None
            or held.expires <= now
            or (held.client, held.redirect_uri) != (client, form.get("redirect_uri"))
        ):
            raise OAuthRefused("invalid_grant", "Invalid authorization code")

    def _forget(self, now: datetime) -> None:
        """Tokens that expired long ago: a client is told "expired" for an hour more."""
        self._tokens = {token: until for token, until in self._tokens.items() if until > now - TOKEN_LIFE}
        self._codes = {code: held for code, held in self._codes.items() if held.expires > now}


def discovery(url: str) -> dict[str, Any]:
    """The discovery document of a sandbox served at a base URL."""
    return {
        "issuer": f"{url}/op/v1",
        "authorization_endpoint": f"{url}/connect/oauth2",
        "token_endpoint": f"{url}/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": f"{url}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{url}/v2/oauth2/tokens/revoke",
        "jwks_uri": f"{url}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": [SCOPE],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": [],
    }


def gateway_fault(message: str, detail: str | None, code: str, kind: str, now: datetime) -> dict[str, Any]:
    """The gateway's body: every member it knows, nearly all of them null, the time in milliseconds."""
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [{"message": message, "detail": detail, "code": code, "element": None}], "type": kind},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(now.timestamp() * 1000),
        "status": None,
        "cdcresponse": [],
    }


def unauthorised(detail: str, now: datetime) -> GatewayRefused:
    message = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    headers = {"WWW-Authenticate": 'Bearer realm="Intuit", error="invalid_token"'}
    return GatewayRefused(401, gateway_fault(message, detail, "3200", "AUTHENTICATION", now), headers)


def _new(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)
