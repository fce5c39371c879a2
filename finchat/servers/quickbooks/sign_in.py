"""Signing in to QuickBooks: a refresh token buys access tokens, and is replaced itself while it does.

The newest refresh token is the only good one. It is kept before it is used, one process at a time renews it, and
whoever comes second takes what the first has got.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from hashlib import sha256
from time import time
from typing import Any, Protocol

from finchat.servers.failure import Failure
from finchat.servers.identity import MARGIN_S, SHORTEST_LIFE_S, document, exchange, life_in, token_in, unavailable
from finchat.servers.light_httpx import httpx

ADDRESSES = "QUICKBOOKS_BASE_URL and QUICKBOOKS_IDENTITY_URL"
_log = logging.getLogger(__name__)


class TokenStore(Protocol):
    """Where the tokens of one connection are kept between runs."""

    def alone(self) -> AbstractAsyncContextManager[None]:
        """No other process reads or renews the tokens meanwhile. Raises TimeoutError when it does not come free."""

    def load(self) -> Mapping[str, Any] | None:
        """What was kept last; None when there is nothing that can be read."""

    def save(self, tokens: Mapping[str, Any]) -> None:
        """Keeps the tokens for good before it returns. Raises OSError."""


class RotatingToken:
    """Access tokens bought with a refresh token that changes. `given` is the one a person put into the settings.

    What was kept counts as long as it began with `given`: a new `given` means that somebody signed in again. Times are
    the real clock's. However many calls wait for a token, one request fetches it.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        token_url: str,
        client_id: str,
        secret: str,
        given: str,
        *,
        store: TokenStore | None = None,
    ) -> None:
        self._client, self._url, self._store = client, token_url, store
        self._basic = httpx.BasicAuth(client_id, secret)
        self._began = sha256(f"{client_id}:{given}".encode()).hexdigest()
        self._kept: Mapping[str, Any] = {"refresh_token": given}
        self._refused: str | None = None
        self._lock = asyncio.Lock()

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {await self._fresh()}"}

    async def renew(self, refused: Mapping[str, str]) -> bool:
        self._refused = refused.get("Authorization", "").removeprefix("Bearer ")
        return True

    async def _fresh(self) -> str:
        async with self._lock:
            if (token := self._usable(self._kept)) is not None:
                return token
            try:
                async with self._store.alone() if self._store is not None else nullcontext():
                    self._take_what_is_kept()
                    if (token := self._usable(self._kept)) is None:
                        token = await self._bought()
                    return token
            except TimeoutError as error:
                raise Failure(
                    code="unavailable",
                    message="another finchat has been renewing the QuickBooks sign-in for too long",
                    next="call again; if it stays so, end the other process",
                ) from error

    def _usable(self, kept: Mapping[str, Any]) -> str | None:
        token, until = kept.get("access_token"), kept.get("good_until")
        fresh = isinstance(until, int | float) and time() < until
        return token if fresh and isinstance(token, str) and token != self._refused else None

    def _take_what_is_kept(self) -> None:
        kept = self._store.load() if self._store is not None else None
        if kept is not None and kept.get("began") == self._began and token_in(dict(kept), "refresh_token"):
            self._kept = kept

    async def _bought(self) -> str:
        asked = time()
        form = {"grant_type": "refresh_token", "refresh_token": self._kept["refresh_token"]}
        reply = await exchange(
            self._client, "POST", self._url, data=form, auth=self._basic, headers={"Accept": "application/json"}
        )
        if reply.status_code in (400, 401, 403):
            raise _refused(reply)
        told = document(reply, ADDRESSES)
        access = token_in(told, "access_token")
        if access is None:
            raise unavailable("the identity server gave no token", reply.status_code, ADDRESSES)
        self._kept = {
            "began": self._began,
            "refresh_token": token_in(told, "refresh_token") or self._kept["refresh_token"],
            "access_token": access,
            "good_until": asked + max(life_in(told) - MARGIN_S, SHORTEST_LIFE_S),
        }
        if self._store is not None:
            try:
                self._store.save(self._kept)
            except OSError as error:
                # This process goes on with it; the next one will have to sign in again.
                _log.warning("the new QuickBooks refresh token could not be kept: %s", error.strerror)
        return access


def _refused(reply: httpx.Response) -> Failure:
    try:
        problem = reply.json().get("error")
    except (ValueError, AttributeError, RecursionError):
        problem = None
    if problem == "invalid_client":
        return Failure(
            code="unauthorized",
            message="QuickBooks does not know the client id and secret",
            field="QUICKBOOKS_CLIENT_ID",
            next="check QUICKBOOKS_CLIENT_ID and QUICKBOOKS_CLIENT_SECRET",
            status=reply.status_code,
        )
    return Failure(
        code="unauthorized",
        message="QuickBooks does not accept the refresh token: it was replaced or has expired",
        field="QUICKBOOKS_REFRESH_TOKEN",
        next="sign in to QuickBooks again and set QUICKBOOKS_REFRESH_TOKEN to the new token",
        status=reply.status_code,
    )
