"""Tokens of the QuickBooks sandbox: discovery, codes, refresh tokens that rotate, and the gateway's refusals."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from finchat.sandbox.quickbooks.auth import (
    CLIENT_ID,
    CLIENT_SECRET,
    SCOPE,
    TOKEN_LIFE,
    Authority,
    GatewayRefused,
    OAuthRefused,
    discovery,
)

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
BASIC = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
REDIRECT = "http://localhost:8000/callback"
# What the vendor's own Python client reads of the discovery document, and fails without.
NEEDED = {
    "authorization_endpoint", "token_endpoint", "revocation_endpoint", "issuer", "jwks_uri", "userinfo_endpoint",
}  # fmt: skip


def refresh(authority: Authority, token: str, now: datetime = NOW) -> dict[str, Any]:
    reply: dict[str, Any] = authority.grant({"grant_type": "refresh_token", "refresh_token": token}, BASIC, now)
    return reply


def test_the_discovery_document_names_places_of_this_sandbox() -> None:
    found = discovery("http://127.0.0.1:9000")
    assert found.keys() >= NEEDED
    assert all(found[name].startswith("http://127.0.0.1:9000/") for name in NEEDED)


def test_a_refresh_token_is_replaced_at_each_use_and_the_old_one_is_refused() -> None:
    authority = Authority(strict=True)
    first = authority.refresh_token
    reply = refresh(authority, first)
    assert reply["refresh_token"] != first
    assert (reply["token_type"], reply["expires_in"], reply["x_refresh_token_expires_in"]) == ("bearer", 3600, 8726400)
    with pytest.raises(OAuthRefused) as refused:
        refresh(authority, first)
    assert refused.value.status == 400
    expected = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
    assert refused.value.body == expected
    assert refresh(authority, reply["refresh_token"])["access_token"] != reply["access_token"]


def test_a_refresh_token_dies_after_a_hundred_days_unused() -> None:
    authority = Authority(strict=True)
    reply = refresh(authority, authority.refresh_token)
    with pytest.raises(OAuthRefused, match="invalid_grant"):
        refresh(authority, reply["refresh_token"], NOW + timedelta(days=101))


def test_an_access_token_lives_an_hour_and_says_that_it_expired() -> None:
    authority = Authority(strict=True)
    token = refresh(authority, authority.refresh_token)["access_token"]
    authority.check(f"Bearer {token}", NOW + TOKEN_LIFE - timedelta(seconds=1))
    with pytest.raises(GatewayRefused) as refused:
        authority.check(f"Bearer {token}", NOW + TOKEN_LIFE)
    assert refused.value.status == 401
    assert refused.value.headers == {"WWW-Authenticate": 'Bearer realm="Intuit", error="invalid_token"'}
    (error,) = refused.value.body["fault"]["error"]
    assert error["message"] == "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    assert error["detail"] == f"Token expired: {token}"
    assert refused.value.body["fault"]["type"] == "AUTHENTICATION"
    assert "Fault" not in refused.value.body


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer  ", "Basic x", "Bearer never-issued"])
def test_a_call_without_a_token_of_this_sandbox_is_refused_when_strict(authorization: str | None) -> None:
    with pytest.raises(GatewayRefused) as refused:
        Authority(strict=True).check(authorization, NOW)
    assert refused.value.body["fault"]["error"][0]["code"] == "3200"


def test_any_client_and_token_is_taken_when_not_strict() -> None:
    authority = Authority(strict=False)
    form = {"grant_type": "refresh_token", "refresh_token": "any", "client_id": "a", "client_secret": "b"}
    reply = authority.grant(form, None, NOW)
    authority.check(f"Bearer {reply['access_token']}", NOW)
    authority.check("Bearer any", NOW)
    with pytest.raises(GatewayRefused):
        authority.check(None, NOW)


def test_a_wrong_client_is_refused_when_strict() -> None:
    wrong = "Basic " + base64.b64encode(b"someone:else").decode()
    authority = Authority(strict=True)
    form = {"grant_type": "refresh_token", "refresh_token": authority.refresh_token}
    for authorization in (wrong, "Basic ?", None):
        with pytest.raises(OAuthRefused) as refused:
            authority.grant(form, authorization, NOW)
        assert (refused.value.status, refused.value.body["error"]) == (401, "invalid_client")


def test_another_grant_is_not_supported() -> None:
    with pytest.raises(OAuthRefused, match="unsupported_grant_type"):
        Authority(strict=True).grant({"grant_type": "client_credentials"}, BASIC, NOW)


def code(authority: Authority, **changes: str) -> str:
    query = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT, "response_type": "code", "scope": SCOPE, "state": "s1"}
    where = urlsplit(authority.authorize(query | changes, "9130001", NOW))
    assert (where.netloc, where.path) == ("localhost:8000", "/callback")
    answer = parse_qs(where.query)
    assert (answer["state"], answer["realmId"]) == (["s1"], ["9130001"])
    return answer["code"][0]


def test_a_code_is_exchanged_once_by_its_client_and_address() -> None:
    authority = Authority(strict=True)
    given = code(authority)
    form = {"grant_type": "authorization_code", "code": given, "redirect_uri": REDIRECT}
    assert refresh(authority, authority.grant(form, BASIC, NOW)["refresh_token"])["access_token"]
    with pytest.raises(OAuthRefused, match="invalid_grant"):
        authority.grant(form, BASIC, NOW)
    other = {"grant_type": "authorization_code", "code": code(authority), "redirect_uri": REDIRECT + "/else"}
    with pytest.raises(OAuthRefused, match="invalid_grant"):
        authority.grant(other, BASIC, NOW)
    late = {"grant_type": "authorization_code", "code": code(authority), "redirect_uri": REDIRECT}
    with pytest.raises(OAuthRefused, match="invalid_grant"):
        authority.grant(late, BASIC, NOW + timedelta(minutes=6))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://example.com/callback"}, "invalid_request"),
        ({"redirect_uri": "javascript:alert(1)"}, "invalid_request"),
        ({"state": ""}, "invalid_request"),
        ({"response_type": "token"}, "invalid_request"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"client_id": "someone"}, "invalid_client"),
    ],
)
def test_a_wrong_authorisation_sends_nobody_anywhere(changes: dict[str, str], error: str) -> None:
    with pytest.raises(OAuthRefused, match=error):
        code(Authority(strict=True), **changes)


def test_a_revoked_token_is_good_for_nothing() -> None:
    authority = Authority(strict=True)
    reply = refresh(authority, authority.refresh_token)
    authority.revoke(reply["refresh_token"], BASIC, NOW)
    authority.revoke(reply["access_token"], BASIC, NOW)
    with pytest.raises(OAuthRefused, match="invalid_grant"):
        refresh(authority, reply["refresh_token"])
    with pytest.raises(GatewayRefused):
        authority.check(f"Bearer {reply['access_token']}", NOW)
