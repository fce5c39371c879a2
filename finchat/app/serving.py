"""`finchat serve` and `finchat sandbox run`: the programs that others connect to."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from functools import partial

from finchat.app.backends import company_home, known_vendor, server_of, upstream
from finchat.app.invocation import Invocation, run_to_exit, serving, terminable
from finchat.clock import parse_instant
from finchat.errors import ExitCode, UsageError
from finchat.settings import ServerSettings


def serve(
    call: Invocation,
    vendor: str,
    *,
    sandbox: bool,
    methods: str,
    tags: str,
    expires: str | None,
    http: str | None,
    token: str | None,
) -> int:
    known_vendor(vendor)
    instant = None if expires is None else parse_instant(expires, "--expires")
    address = None if http is None else address_of(http)

    async def main() -> int:
        from finchat.servers import serve as ways

        source = ServerSettings(name="serve", profile=vendor, sandbox=sandbox)
        async with upstream(call, source) as api:
            server = server_of(vendor)(api, methods=words_of(methods), tags=words_of(tags), expires=instant)
            if address is None:
                await ways.stdio(server)
            else:
                await ways.http(server, *address, token, instant, ready=lambda url: call.sink.raw(ready_line(url)))
        return ExitCode.DONE

    with serving():
        return run_to_exit(main())


def sandbox_run(
    call: Invocation, vendor: str, *, http: str, limits: str | None, strict_auth: bool, delay: str | None
) -> int:
    from finchat.sandbox.faults import Faults

    home = company_home(call, vendor, "VENDOR")
    host, port = address_of(http)
    faults = Faults.parse(delay or "")
    run = _runner(vendor, limits)
    with serving(), closing(home.ensure()) as back_end, terminable():
        run(back_end, host, port, strict_auth=strict_auth, faults=faults, ready=lambda line: call.sink.raw(line + "\n"))
    return ExitCode.DONE


def _runner(vendor: str, limits: str | None) -> Callable[..., None]:
    """What serves a vendor's sandbox, with the limits asked for or the vendor's own."""
    if vendor == "quickbooks":
        from finchat.sandbox.quickbooks import limits as quickbooks_limits
        from finchat.sandbox.quickbooks import serve as quickbooks

        return partial(quickbooks.run, limits=quickbooks_limits.Limits.parse(limits) if limits else None)
    from finchat.sandbox.xero import limits as xero_limits
    from finchat.sandbox.xero import serve as xero

    return partial(xero.run, limits=xero_limits.Limits.parse(limits) if limits else None)


def words_of(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def address_of(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--http is {text!r}, not HOST:PORT", field="--http", next="write it like 127.0.0.1:8765")
    return host.strip("[]"), int(port)


def ready_line(url: str) -> str:
    return json.dumps({"url": url}) + "\n"
