"""The two ways in from outside the process, each with a real client and a real process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from finchat.errors import UsageError
from finchat.servers import serve
from finchat.servers.upstream import in_process
from finchat.servers.xero.server import build
from tests.servers.fake_upstream import PAYMENT, FakeUpstream, error_of, keyed_by

ROOT = Path(__file__).parents[2]


async def check_the_road(client: Client) -> None:
    """A write with its key, and a refusal: the same on every road."""
    result = await client.call_tool("create_a_xero_payment", PAYMENT, meta=keyed_by("over-the-wire"))
    assert result.structured_content["records"][0]["Reference"] == "over-the-wire"
    assert result.meta is not None
    assert result.meta["dev.finchat/rate-limit"]["minute_remaining"] == 59
    assert error_of(await client.call_tool("create_a_xero_payment", {}))["field"] == "date"


async def test_over_stdio() -> None:
    child = StdioServerParameters(command=sys.executable, args=["-m", "tests.servers.child", "stdio"], cwd=str(ROOT))
    async with Client(child) as client:
        assert len((await client.list_tools()).tools) > 40
        await check_the_road(client)


@asynccontextmanager
async def http_child(*arguments: str) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.servers.child", "http", *arguments, cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def test_over_streamable_http_with_a_token() -> None:
    async with http_child("s3cret") as url:
        headers = {"Authorization": "Bearer s3cret"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=10, trust_env=False) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            await check_the_road(client)
        async with httpx.AsyncClient(trust_env=False) as stranger:
            refused = await stranger.post(url, json={}, headers={"Authorization": "Bearer guess"})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


@pytest.mark.parametrize(
    ("token", "given", "ends_in_s", "status"),
    [
        ("s3cret", "Bearer s3cret", 60, 404),
        ("s3cret", None, 60, 401),
        ("s3cret", "Bearer s3cre", 60, 401),
        ("s3cret", "Bearer s3cret", -1, 401),
        (None, None, -1, 401),
        (None, None, None, 404),
    ],
)
async def test_the_gate_lets_nothing_past_without_the_token_or_after_the_end(
    token: str | None, given: str | None, ends_in_s: float | None, status: int
) -> None:
    reached = False

    async def app(scope: object, receive: object, send: object) -> None:
        nonlocal reached
        reached = True
        from starlette.responses import Response

        await Response("", 404)(scope, receive, send)  # type: ignore[arg-type]

    expires = None if ends_in_s is None else datetime.now(UTC) + timedelta(seconds=ends_in_s)
    gate = serve.Gate(app, token, expires)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://gate") as client:
        reply = await client.post("/mcp", headers={"Authorization": given} if given else {})
    assert reply.status_code == status
    assert reached == (status == 404)


async def test_an_open_door_to_others_needs_a_token() -> None:
    async with in_process(FakeUpstream().app()) as upstream:
        with pytest.raises(UsageError) as caught:
            await serve.http(build(upstream), "0.0.0.0", 0, None, None)
    assert caught.value.field == "--token"


async def test_a_taken_port_is_said_plainly() -> None:
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener, in_process(FakeUpstream().app()) as upstream:
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}"):
            await serve.http(build(upstream), "127.0.0.1", port, None, None)


def test_a_server_process_loads_nothing_it_does_not_need() -> None:
    program = (
        "import sys; from finchat.servers import serve; from finchat.servers.xero.server import build;"
        "import finchat.servers.server, finchat.servers.xero.upstream, mcp.server.stdio;"
        "print([m for m in ('openai', 'rich', 'prompt_toolkit', 'rapidfuzz', 'typer', 'babel') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_ways_in_are_imported_without_the_sdk() -> None:
    program = "import sys, finchat.servers.serve; print('mcp' in sys.modules or 'httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"
