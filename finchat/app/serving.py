"""`finchat serve` and `finchat sandbox run`: the programs that others connect to."""

from __future__ import annotations

import json
from contextlib import closing

from finchat.app.backends import sandbox_home, upstream
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
        from finchat.servers.xero import server as xero

        source = ServerSettings(name="serve", profile="xero", sandbox=sandbox)
        async with upstream(call, source) as api:
            server = xero.build(api, methods=words_of(methods), tags=words_of(tags), expires=instant)
            if address is None:
                await ways.stdio(server)
            else:
                await ways.http(server, *address, token, instant, ready=lambda url: call.sink.raw(ready_line(url)))
        return ExitCode.DONE

    with serving():
        return run_to_exit(main())


def sandbox_run(call: Invocation, vendor: str, *, http: str, limits: str, strict_auth: bool, delay: str | None) -> int:
    from finchat.sandbox.faults import Faults
    from finchat.sandbox.xero import serve as sandbox_serve
    from finchat.sandbox.xero.limits import Limits

    known_vendor(vendor)
    host, port = address_of(http)
    allowed, faults = Limits.parse(limits), Faults.parse(delay or "")
    with serving(), closing(sandbox_home(call).ensure()) as back_end, terminable():
        sandbox_serve.run(
            back_end,
            host,
            port,
            limits=allowed,
            strict_auth=strict_auth,
            faults=faults,
            ready=lambda line: call.sink.raw(line + "\n"),
        )
    return ExitCode.DONE


def known_vendor(vendor: str) -> None:
    if vendor != "xero":
        raise UsageError(f"there is no {vendor!r} here", field="VENDOR", next="the vendor is: xero")


def words_of(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def address_of(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--http is {text!r}, not HOST:PORT", field="--http", next="write it like 127.0.0.1:8765")
    return host.strip("[]"), int(port)


def ready_line(url: str) -> str:
    return json.dumps({"url": url}) + "\n"
