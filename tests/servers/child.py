"""A server process for the stdio and HTTP tests: `python -m tests.servers.child stdio|http`, on the fake upstream."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

from finchat.servers import serve
from finchat.servers.upstream import in_process
from finchat.servers.xero.server import build
from tests.servers.fake_upstream import FakeUpstream


def _ready(url: str) -> None:
    print(url, flush=True)


async def main(kind: str, token: str | None = None, expires: str | None = None) -> None:
    async with in_process(FakeUpstream().app()) as upstream:
        server = build(upstream)
        if kind == "stdio":
            await serve.stdio(server)
        else:
            await serve.http(
                server, "127.0.0.1", 0, token, datetime.fromisoformat(expires) if expires else None, ready=_ready
            )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
