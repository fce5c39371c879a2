"""Serving an application on a port until a signal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from finchat.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def to_stdout(line: str) -> None:
    """Print a line at once: whoever started the program waits for it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(app: ASGIApp, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. Port 0 takes a free one; `ready` gets the base URL when the socket listens.

    Raises UsageError when the address cannot be bound.
    """
    import socket

    import uvicorn

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}", field="--http", next="choose another port, or 0"
        ) from error
    where = f"[{host}]" if family == socket.AF_INET6 else host
    # The socket already queues connections, so a client may call as soon as it knows the URL.
    ready(f"http://{where}:{listener.getsockname()[1]}")
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
