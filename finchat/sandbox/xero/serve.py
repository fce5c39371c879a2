"""Serving the sandbox on a port until a signal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from finchat.sandbox.listening import serve, to_stdout
from finchat.sandbox.xero.auth import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from finchat.sandbox.faults import Faults
    from finchat.sandbox.xero.back_end import XeroBackEnd
    from finchat.sandbox.xero.limits import Limits


def run(
    back_end: XeroBackEnd,
    host: str,
    port: int,
    *,
    limits: Limits | None = None,
    strict_auth: bool = False,
    faults: Faults | None = None,
    ready: Callable[[str], None] = to_stdout,
) -> None:
    """Serve until SIGINT or SIGTERM. Port 0 takes a free one.

    When the socket listens, `ready` gets one line of JSON: base_url, token_url, client_id, client_secret, tenant_id.
    Raises UsageError when the address cannot be bound.
    """
    from finchat.sandbox.xero.app import create_app

    app = create_app(back_end, limits=limits, strict_auth=strict_auth, faults=faults)

    def listening(url: str) -> None:
        line: dict[str, str] = {
            "base_url": url,
            "token_url": f"{url}/connect/token",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "tenant_id": back_end.tenant_id,
        }
        if strict_auth:
            line["refresh_token"] = app.state.xero.authority.refresh_token
        ready(json.dumps(line))

    serve(app, host, port, listening)
