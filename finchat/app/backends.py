"""What finchat's own server talks to: the sandbox company in this process, or the live API."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
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


def known_vendor(vendor: str, field: str = "VENDOR") -> None:
    """Raises UsageError naming the vendors there are."""
    if vendor not in VENDORS:
        raise UsageError(f"there is no {vendor!r} here", field=field, next=f"the vendor is: {' or '.join(VENDORS)}")


@asynccontextmanager
async def upstream(call: Invocation, settings: ServerSettings) -> AsyncIterator[Upstream]:
    """What finchat's own server for `settings.profile` talks to: the sandbox company in this process, or the live API.

    Raises UsageError for a profile that finchat has no server of its own for.
    """
    vendor = _vendor(settings)
    if settings.sandbox:
        back_end = company_home(call, vendor).ensure()
        try:
            async with _sandbox(vendor, back_end) as api:
                yield api
        finally:
            back_end.close()
    else:
        async with _live(call, vendor, {**os.environ, **settings.env}) as api:
            yield api


@asynccontextmanager
async def own_server(call: Invocation, settings: ServerSettings) -> AsyncIterator[Server[Any]]:
    """finchat's own MCP server for a configured connection, in memory."""
    build = server_of(_vendor(settings))
    async with upstream(call, settings) as api:
        yield build(api, text_copy=False)


def server_of(vendor: str) -> Callable[..., Server[Any]]:
    """What builds finchat's own server for a vendor: `build` of finchat.servers.VENDOR.server."""
    if vendor == "quickbooks":
        from finchat.servers.quickbooks import server as quickbooks

        return quickbooks.build
    from finchat.servers.xero import server as xero

    return xero.build


def load_own(settings: ServerSettings) -> None:
    """Loads what both ends of a connection in this process are made of, ahead of their first use."""
    if _vendor(settings) == "quickbooks":
        import finchat.sandbox.quickbooks.app
        import finchat.servers.quickbooks.server
    else:
        import finchat.sandbox.xero.app
        import finchat.servers.xero.server  # noqa: F401 - loaded, not used here


def _vendor(settings: ServerSettings) -> str:
    if settings.profile in VENDORS:
        return settings.profile
    raise UsageError(
        f"server {settings.name} has no command and no URL, and finchat has no own server for {settings.profile}",
        field=f"servers.{settings.name}",
        next="give it a command or a url",
    )


def _sandbox(vendor: str, back_end: Any) -> AbstractAsyncContextManager[Upstream]:
    from finchat.servers.upstream import in_process

    if vendor == "quickbooks":
        from finchat.sandbox.quickbooks.app import create_app as quickbooks
        from finchat.servers.quickbooks.upstream import company_path

        return in_process(quickbooks(back_end), path=company_path(back_end.realm_id))
    from finchat.sandbox.xero.app import create_app as xero

    return in_process(xero(back_end))


def _live(call: Invocation, vendor: str, environ: Mapping[str, str]) -> AbstractAsyncContextManager[Upstream]:
    if vendor == "quickbooks":
        from finchat.app.tokens import TokenFile
        from finchat.servers.quickbooks import upstream as quickbooks

        company = (environ.get(name, "") for name in ("QUICKBOOKS_CLIENT_ID", "QUICKBOOKS_REALM_ID"))
        return quickbooks.live_from_environment(environ, store=TokenFile(call.home, vendor, *company))
    from finchat.servers.xero import upstream as xero

    return xero.live_from_environment(environ)
