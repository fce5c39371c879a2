"""The ways in from outside the process: stdio, and streamable HTTP behind a token and an expiry."""

from __future__ import annotations

import asyncio
import hmac
import io
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from finchat.errors import UsageError

if TYPE_CHECKING:
    import uvicorn
    from mcp.server.lowlevel import Server

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]


async def stdio(server: Server[Any]) -> None:
    """Serves until stdin ends or the host is gone: both are how a host says that it needs the server no more."""
    import anyio
    from mcp.server.stdio import stdio_server

    class Input(anyio.AsyncFile[str]):
        """stdin whose reading can be given up: a signal must not wait for the host's next line."""

        async def readline(self) -> str:
            return await anyio.to_thread.run_sync(self.wrapped.readline, abandon_on_cancel=True)

    if sys.stdin is None or sys.stdout is None:
        return
    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
    try:
        async with stdio_server(Input(lines)) as (read, write):
            await server.run(read, write, server.create_initialization_options())
    except* (ConnectionError, anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass  # the host went away with an answer under way


async def http(
    server: Server[Any],
    host: str,
    port: int,
    token: str | None,
    expires: datetime | None,
    *,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serves at http://host:port/mcp until a signal; `ready` is told the address once connections are taken.

    Raises UsageError when the port is taken, or when others could reach the server and no token guards it.
    """
    import uvicorn

    if token is None and not _loopback(host):
        raise UsageError(
            f"{host} can be reached by others, and no token guards the server",
            field="--token",
            next="give --token, or serve on 127.0.0.1",
        )
    listener = _listening(host, port)
    app = Gate(server.streamable_http_app(json_response=True, stateless_http=True, host=host), token, expires)
    shown = f"[{host}]" if ":" in host else host
    ready(f"http://{shown}:{listener.getsockname()[1]}/mcp")
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    await _until_cancelled(uvicorn.Server(config), listener)


async def _until_cancelled(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve; when cancelled, let the server close in its own order first."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await asyncio.wait([serving])
        raise


class Gate:
    """Token and expiry in front of an ASGI app: 401 for both, and nothing behind it runs.

    `expires` is an aware instant, compared with the real clock.
    """

    def __init__(self, app: _App, token: str | None, expires: datetime | None) -> None:
        self._app, self._expires = app, expires
        self._expected = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] == "lifespan" or (problem := self._problem(scope)) is None:
            await self._app(scope, receive, send)
            return
        from starlette.responses import JSONResponse

        challenge = f'Bearer error="invalid_token", error_description="{problem}"'
        refused = JSONResponse(
            {"error": "invalid_token", "error_description": problem}, 401, {"WWW-Authenticate": challenge}
        )
        await refused(scope, receive, send)

    def _problem(self, scope: _Scope) -> str | None:
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if self._expected is not None and not hmac.compare_digest(given, self._expected):
            return "the token is missing or wrong"
        if self._expires is not None and datetime.now(UTC) >= self._expires:
            return "this server has expired"
        return None


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}", field="--http", next="choose another address or port"
        ) from error
