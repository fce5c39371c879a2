"""Signing in from the environment, over a real socket to an API that checks what it is sent."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn
from mcp import Client
from starlette.responses import Response

from finchat.errors import AuthenticationError, ExitCode, FinchatError, UsageError
from finchat.servers.xero.server import build
from finchat.servers.xero.upstream import live_from_environment
from tests.servers.fake_upstream import PAYMENT, Asked, FakeUpstream, error_of, keyed_by, one_payment, reply

BASIC = "Basic " + base64.b64encode(b"id:secret").decode()


@dataclass
class SignedApi:
    """Identity server, connections and API in one; tokens are t1, t2 … and `refused` ones get a 401."""

    tenants: tuple[str, ...] = ("one",)
    life_s: float = 1800
    refused: set[str] = field(default_factory=set)
    tokens: int = 0

    async def answer(self, asked: Asked) -> Response:
        if asked.path == "/connect/token":
            if asked.headers.get("authorization") != BASIC or b"grant_type=client_credentials" not in asked.content:
                return reply('{"error":"invalid_client"}', 400)
            self.tokens += 1
            await asyncio.sleep(0)
            return reply(
                json.dumps({"access_token": f"t{self.tokens}", "expires_in": self.life_s, "token_type": "Bearer"})
            )
        if asked.headers.get("authorization", "").removeprefix("Bearer ") in {"", *self.refused}:
            return reply('{"Title":"Unauthorized","Status":401,"Detail":"TokenExpired"}', 401)
        if asked.path == "/connections":
            rows = [{"tenantId": t, "tenantType": "ORGANISATION", "tenantName": t.title()} for t in self.tenants]
            return reply(json.dumps(rows))
        if asked.headers.get("xero-tenant-id") not in self.tenants:
            return reply('{"title":"Forbidden","status":403,"detail":"AuthenticationUnsuccessful"}', 403)
        return await one_payment(asked)


@asynccontextmanager
async def served(upstream: FakeUpstream) -> AsyncIterator[str]:
    """The base address of the API behind uvicorn, in this loop."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(upstream.app(), log_level="error", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@asynccontextmanager
async def live(api: SignedApi, environ: Mapping[str, str]) -> AsyncIterator[tuple[Client, FakeUpstream]]:
    upstream = FakeUpstream(api.answer)
    async with served(upstream) as base:
        addresses = {"XERO_BASE_URL": f"{base}/api.xro/2.0", "XERO_IDENTITY_URL": f"{base}/connect/token"}
        async with live_from_environment({**addresses, **environ}) as wire, Client(build(wire)) as client:
            yield client, upstream


BEARER = {"XERO_CLIENT_BEARER_TOKEN": "tok"}
CUSTOM = {"XERO_CLIENT_ID": "id", "XERO_CLIENT_SECRET": "secret"}


async def test_a_bearer_token_finds_its_only_organisation() -> None:
    async with live(SignedApi(), BEARER) as (client, upstream):
        for _ in range(2):
            assert not (await client.call_tool("list_all_xero_payments", {})).is_error
    assert [asked.path for asked in upstream.asked] == ["/connections"] + ["/api.xro/2.0/Payments"] * 2
    assert upstream.asked[1].headers["xero-tenant-id"] == "one"


async def test_several_organisations_are_named_and_one_must_be_chosen() -> None:
    api = SignedApi(tenants=("one", "two"))
    async with live(api, BEARER) as (client, upstream):
        error = error_of(await client.call_tool("create_a_xero_payment", PAYMENT))
        assert [asked.path for asked in upstream.asked] == ["/connections"]
    assert (error["field"], error["outcome"]) == ("XERO_TENANT_ID", "not_sent")
    assert "One (one), Two (two)" in error["message"]
    async with live(api, {**BEARER, "XERO_TENANT_ID": "two"}) as (client, upstream):
        assert not (await client.call_tool("list_all_xero_payments", {})).is_error
        assert upstream.asked[0].headers["xero-tenant-id"] == "two"


async def test_a_token_is_bought_once_for_many_calls_at_once() -> None:
    api = SignedApi()
    async with live(api, CUSTOM) as (client, _):
        results = await asyncio.gather(*(client.call_tool("list_all_xero_payments", {}) for _ in range(8)))
    assert not any(result.is_error for result in results)
    assert api.tokens == 1


async def test_a_token_near_its_end_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("finchat.servers.xero.sign_in.monotonic", lambda: now)
    api = SignedApi(life_s=600)
    async with live(api, CUSTOM) as (client, _):
        await client.call_tool("list_all_xero_payments", {})
        now += 539
        await client.call_tool("list_all_xero_payments", {})
        assert api.tokens == 1
        now += 2
        await client.call_tool("list_all_xero_payments", {})
        assert api.tokens == 2


@pytest.mark.parametrize(
    ("tool", "arguments"), [("list_all_xero_payments", {}), ("create_a_xero_payment", PAYMENT)], ids=["read", "write"]
)
async def test_a_refused_token_is_renewed_once_for_reads_and_writes(tool: str, arguments: dict[str, str]) -> None:
    api = SignedApi()
    async with live(api, {**CUSTOM, "XERO_TENANT_ID": "one"}) as (client, upstream):
        assert not (await client.call_tool("list_all_xero_payments", {})).is_error
        api.refused.add("t1")
        result = await client.call_tool(tool, arguments, meta=keyed_by("k"))
        assert not result.is_error
        first, second = (asked for asked in upstream.asked[2:] if asked.path.startswith("/api.xro"))
        assert (first.headers["authorization"], second.headers["authorization"]) == ("Bearer t1", "Bearer t2")
        assert first.content == second.content
        assert first.headers.get("idempotency-key") == second.headers.get("idempotency-key")


async def test_a_token_that_is_refused_again_ends_the_call() -> None:
    api = SignedApi(refused={"t1", "t2", "t3"})
    async with live(api, {**CUSTOM, "XERO_TENANT_ID": "one"}) as (client, _):
        error = error_of(await client.call_tool("create_a_xero_payment", PAYMENT))
    assert (error["code"], error["status"], error["outcome"]) == ("unauthorized", 401, "failed")
    assert api.tokens == 2


async def test_a_bearer_token_that_is_refused_is_not_tried_again() -> None:
    async with live(SignedApi(refused={"tok"}), {**BEARER, "XERO_TENANT_ID": "one"}) as (client, upstream):
        error = error_of(await client.call_tool("create_a_xero_payment", PAYMENT))
        assert len(upstream.asked) == 1
    assert error["code"] == "unauthorized"
    assert "XERO_CLIENT_BEARER_TOKEN" in error["next"]
    assert "tok" not in error["message"].split()


async def test_a_wrong_secret_is_said_plainly_and_nothing_is_sent() -> None:
    async with live(SignedApi(), {**CUSTOM, "XERO_CLIENT_SECRET": "hunter2"}) as (client, upstream):
        result = await client.call_tool("create_a_xero_payment", PAYMENT)
        assert [asked.path for asked in upstream.asked] == ["/connect/token"]
    error = error_of(result)
    assert (error["code"], error["outcome"]) == ("unauthorized", "not_sent")
    assert "XERO_CLIENT_SECRET" in error["next"]
    assert "hunter2" not in result.model_dump_json()


@pytest.mark.parametrize(
    ("environ", "kind", "named"),
    [
        ({}, AuthenticationError, "XERO_CLIENT_BEARER_TOKEN"),
        ({"XERO_CLIENT_ID": "id"}, AuthenticationError, "XERO_CLIENT_SECRET"),
        ({"XERO_CLIENT_BEARER_TOKEN": "a\nb"}, AuthenticationError, "XERO_CLIENT_BEARER_TOKEN"),
        ({**BEARER, "XERO_BASE_URL": "api.xero.com"}, UsageError, "XERO_BASE_URL"),
        ({**BEARER, "XERO_BASE_URL": "https://me:pw@api.xero.com"}, UsageError, "XERO_BASE_URL"),
        ({**CUSTOM, "XERO_IDENTITY_URL": "ftp://x"}, UsageError, "XERO_IDENTITY_URL"),
    ],
)
async def test_what_is_missing_in_the_environment_is_named(
    environ: dict[str, str], kind: type[FinchatError], named: str
) -> None:
    with pytest.raises(kind) as caught:
        async with live_from_environment(environ):
            raise AssertionError("opened")
    assert named in f"{caught.value.message} {caught.value.field} {caught.value.next}"
    assert caught.value.exit_code is (ExitCode.AUTHENTICATION if kind is AuthenticationError else ExitCode.USAGE)
