"""Serving the sandbox on a port until a signal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from finchat.errors import UsageError
from finchat.sandbox.xero.auth import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from finchat.sandbox.xero.back_end import XeroBackEnd
    from finchat.sandbox.xero.faults import Faults
    from finchat.sandbox.xero.limits import Limits


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(
    back_end: XeroBackEnd,
    host: str,
    port: int,
    *,
    limits: Limits | None = None,
    strict_auth: bool = False,
    faults: Faults | None = None,
    ready: Callable[[str], None] = _to_stdout,
) -> None:
    """Serve until SIGINT or SIGTERM. Port 0 takes a free one.

    When the socket listens, `ready` gets one line of JSON: base_url, token_url, client_id, client_secret, tenant_id.
    Raises UsageError when the address cannot be bound.
    """
    import socket

    import uvicorn

    from finchat.sandbox.xero.app import create_app

    app = create_app(back_end, limits=limits, strict_auth=strict_auth, faults=faults)
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
    url = f"http://{where}:{listener.getsockname()[1]}"
    line: dict[str, str] = {
        "base_url": url,
        "token_url": f"{url}/connect/token",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "tenant_id": back_end.tenant_id,
    }
    if strict_auth:
        line["refresh_token"] = app.state.xero.authority.refresh_token
    # The socket already queues connections, so a client may call as soon as it reads the line.
    ready(json.dumps(line))
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
