"""Signing in from the environment, over a real socket, to a company that gives every refresh token out once."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from mcp import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from finchat.app.tokens import TokenFile
from finchat.errors import AuthenticationError, UsageError
from finchat.sandbox.quickbooks.auth import CLIENT_ID, CLIENT_SECRET
from finchat.servers.quickbooks.server import build
from finchat.servers.quickbooks.upstream import live_from_environment
from finchat.settings import Home
from tests.servers.fake_upstream import answer_of, error_of

LIST = "list_all_quick_books_terms"


@dataclass
class Vendor:
    """Identity server and company in one. The newest refresh token alone is good; `expired` access tokens get a 401."""

    refresh: str = "RT-0"
    life_s: float = 3600
    bought: int = 0
    expired: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        await asyncio.sleep(0)
        if form["refresh_token"] != self.refresh:
            told = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
            return JSONResponse(told, 400)
        self.bought += 1
        self.refresh = f"RT-{self.bought}"
        return JSONResponse(
            {"access_token": f"A-{self.bought}", "refresh_token": self.refresh, "expires_in": self.life_s}
        )

    async def company(self, request: Request) -> Response:
        access = request.headers["authorization"].removeprefix("Bearer ")
        self.asked.append(f"{access} {request.url.path}")
        if access in self.expired:
            return JSONResponse({"fault": {"error": [{"message": "AuthenticationFailed", "code": "3200"}]}}, 401)
        return JSONResponse({"QueryResponse": {}, "time": "x"})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/oauth2/v1/tokens/bearer", self.token, methods=["POST"]),
                Route("/{path:path}", self.company, methods=["GET", "POST"]),
            ]
        )


@asynccontextmanager
async def served(vendor: Vendor) -> AsyncIterator[Mapping[str, str]]:
    """The environment of a connection to the vendor, which listens in this loop."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(vendor.app(), log_level="error", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield {
                "QUICKBOOKS_BASE_URL": f"{base}/v3/company",
                "QUICKBOOKS_IDENTITY_URL": f"{base}/oauth2/v1/tokens/bearer",
                "QUICKBOOKS_CLIENT_ID": CLIENT_ID,
                "QUICKBOOKS_CLIENT_SECRET": CLIENT_SECRET,
                "QUICKBOOKS_REFRESH_TOKEN": "RT-0",
                "QUICKBOOKS_REALM_ID": "9130001",
            }
        finally:
            server.should_exit = True
            await running


@asynccontextmanager
async def connected(environ: Mapping[str, str], store: TokenFile | None) -> AsyncIterator[Client]:
    async with live_from_environment(environ, store=store) as wire, Client(build(wire)) as client:
        yield client


@pytest.fixture
def store(tmp_path: Path) -> TokenFile:
    return TokenFile(Home(tmp_path), "quickbooks", CLIENT_ID, "9130001")


async def test_however_many_calls_wait_one_request_buys_the_token(store: TokenFile) -> None:
    vendor = Vendor()
    async with served(vendor) as environ, connected(environ, store) as client:
        results = await asyncio.gather(*(client.call_tool(LIST, {}) for _ in range(8)))
    assert [answer_of(result)["count"] for result in results] == [0] * 8
    assert vendor.bought == 1
    assert set(vendor.asked) == {"A-1 /v3/company/9130001/query"}


async def test_the_newest_refresh_token_is_kept_for_the_next_start_and_for_its_owner_alone(store: TokenFile) -> None:
    vendor = Vendor()
    async with served(vendor) as environ:
        for _ in range(3):
            async with connected(environ, store) as client:
                answer_of(await client.call_tool(LIST, {}))
            vendor.expired.add(f"A-{vendor.bought}")
        assert vendor.bought == 3
        kept = json.loads(store.path.read_text("utf-8"))
        assert kept["refresh_token"] == "RT-3"
        assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
        assert "RT-0" not in store.path.read_text("utf-8")
        # Somebody signed in again: the new token of the settings counts, not what was kept.
        vendor.refresh = "RT-new"
        async with connected({**environ, "QUICKBOOKS_REFRESH_TOKEN": "RT-new"}, store) as client:
            answer_of(await client.call_tool(LIST, {}))


async def test_a_second_process_takes_what_the_first_has_got(store: TokenFile) -> None:
    vendor = Vendor()
    async with served(vendor) as environ, connected(environ, store) as one, connected(environ, store) as two:
        results = await asyncio.gather(one.call_tool(LIST, {}), two.call_tool(LIST, {}))
    assert [answer_of(result)["count"] for result in results] == [0, 0]
    assert vendor.bought == 1


async def test_a_token_refused_before_its_time_is_renewed_once(store: TokenFile) -> None:
    vendor = Vendor()
    async with served(vendor) as environ, connected(environ, store) as client:
        answer_of(await client.call_tool(LIST, {}))
        vendor.expired.add("A-1")
        answer_of(await client.call_tool(LIST, {}))
        assert [asked.split()[0] for asked in vendor.asked] == ["A-1", "A-1", "A-2"]
        vendor.expired.add("A-2")
        vendor.expired.add("A-3")
        error = error_of(await client.call_tool(LIST, {}))
    assert (error["code"], error["status"], vendor.bought) == ("unauthorized", 401, 3)


async def test_a_refresh_token_that_was_replaced_elsewhere_asks_for_a_new_sign_in() -> None:
    vendor = Vendor(refresh="RT-elsewhere")
    async with served(vendor) as environ, connected(environ, None) as client:
        error = error_of(await client.call_tool(LIST, {}))
    assert (error["code"], error["field"], error["outcome"]) == ("unauthorized", "QUICKBOOKS_REFRESH_TOKEN", "not_sent")
    assert "RT-" not in json.dumps(error)
    assert vendor.asked == []


async def test_a_file_that_cannot_be_read_is_as_none(store: TokenFile) -> None:
    store.path.parent.mkdir()
    store.path.write_text("{torn")
    vendor = Vendor()
    async with served(vendor) as environ, connected(environ, store) as client:
        answer_of(await client.call_tool(LIST, {}))
    assert json.loads(store.path.read_text("utf-8"))["refresh_token"] == "RT-1"


GIVEN = {
    "QUICKBOOKS_CLIENT_ID": "id",
    "QUICKBOOKS_CLIENT_SECRET": "secret",
    "QUICKBOOKS_REFRESH_TOKEN": "RT",
    "QUICKBOOKS_REALM_ID": "1",
}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        *(({name: ""}, AuthenticationError) for name in GIVEN),
        ({"QUICKBOOKS_REFRESH_TOKEN": "a\nb"}, AuthenticationError),
        ({"QUICKBOOKS_REALM_ID": "1/../2"}, UsageError),
        ({"QUICKBOOKS_BASE_URL": "ftp://x"}, UsageError),
        ({"QUICKBOOKS_IDENTITY_URL": "https://user@x"}, UsageError),
    ],
)
async def test_what_is_missing_or_wrong_is_named_before_anything_is_sent(
    change: dict[str, str], error: type[AuthenticationError | UsageError]
) -> None:
    with pytest.raises(error) as raised:
        async with live_from_environment({**GIVEN, **change}):
            pass
    assert raised.value.field == next(iter(change))
