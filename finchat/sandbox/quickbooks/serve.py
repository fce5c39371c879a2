"""Serving the QuickBooks sandbox on a port until a signal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from finchat.sandbox.listening import serve, to_stdout
from finchat.sandbox.quickbooks.auth import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from finchat.sandbox.faults import Faults
    from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd
    from finchat.sandbox.quickbooks.limits import Limits


def run(
    back_end: QuickBooksBackEnd,
    host: str,
    port: int,
    *,
    limits: Limits | None = None,
    strict_auth: bool = False,
    faults: Faults | None = None,
    ready: Callable[[str], None] = to_stdout,
) -> None:
    """Serve until SIGINT or SIGTERM. Port 0 takes a free one.

    When the socket listens, `ready` gets one line of JSON: base_url, token_url, discovery_url, client_id,
    client_secret, realm_id, and with `strict_auth` the one refresh_token that is good.
    Raises UsageError when the address cannot be bound.
    """
    from finchat.sandbox.quickbooks.app import create_app

    app = create_app(back_end, limits=limits, strict_auth=strict_auth, faults=faults)

    def listening(url: str) -> None:
        line: dict[str, str] = {
            "base_url": url,
            "token_url": f"{url}/oauth2/v1/tokens/bearer",
            "discovery_url": f"{url}/.well-known/openid_configuration",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "realm_id": back_end.realm_id,
        }
        if strict_auth:
            line["refresh_token"] = app.state.quickbooks.authority.refresh_token
        ready(json.dumps(line))

    serve(app, host, port, listening)
