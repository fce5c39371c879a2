"""What finchat's own server talks to: the sandbox company in this process, or the live API."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from finchat.app.invocation import Invocation
from finchat.clock import clock_from_environment
from finchat.errors import UsageError
from finchat.settings import ServerSettings

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from finchat.sandbox.home import CompanyHome, SandboxHome
    from finchat.servers.upstream import Upstream

VENDORS = ("xero", "quickbooks")


def sandbox_home(call: Invocation) -> SandboxHome:
    from finchat.sandbox.home import SandboxHome

    return SandboxHome(call.home, clock_from_environment())


def company_home(call: Invocation, vendor: str, field: str = "--vendor") -> CompanyHome[Any]:
    """The home of a vendor's sandbox company. Raises UsageError when there is no such vendor."""
    if vendor == "quickbooks":
        from finchat.sandbox.quickbooks.home import QuickBooksHome

        return QuickBooksHome(call.home, clock_from_environment())
    known_vendor(vendor, field=field)
    return sandbox_home(call)


def known_vendor(vendor: str, vendors: Sequence[str] = VENDORS, field: str = "VENDOR") -> None:
    """Raises UsageError naming the vendors there are."""
    if vendor not in vendors:
        raise UsageError(f"there is no {vendor!r} here", field=field, next=f"the vendor is: {' or '.join(vendors)}")


@asynccontextmanager
async def upstream(call: Invocation, settings: ServerSettings) -> AsyncIterator[Upstream]:
    """What finchat's own server talks to: the sandbox company in this process, or the live API."""
    if settings.sandbox:
        from finchat.sandbox.xero.app import create_app
        from finchat.servers.upstream import in_process

        back_end = sandbox_home(call).ensure()
        try:
            async with in_process(create_app(back_end)) as upstream:
                yield upstream
        finally:
            back_end.close()
    else:
        from finchat.servers.xero.upstream import live_from_environment

        async with live_from_environment({**os.environ, **settings.env}) as upstream:
            yield upstream


@asynccontextmanager
async def own_server(call: Invocation, settings: ServerSettings) -> AsyncIterator[Server[Any]]:
    """finchat's own MCP server for a configured connection, in memory."""
    from finchat.servers.xero import server

    if settings.profile != "xero":
        raise UsageError(
            f"server {settings.name} has no command and no URL, and finchat has no own server for {settings.profile}",
            field=f"servers.{settings.name}",
            next="give it a command or a url",
        )
    async with upstream(call, settings) as api:
        yield server.build(api, text_copy=False)
