"""What a recording read, asked again of the servers that are configured here: only reads, on the guard's own road."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finchat.app.cassettes.comparing import differences
from finchat.app.cassettes.effects import effects_of
from finchat.app.cassettes.story import Effects
from finchat.app.invocation import Invocation, run_to_exit
from finchat.canonical import canonical_json
from finchat.cassettes.content import content
from finchat.cassettes.records import changes, holds_stand_in
from finchat.cassettes.rows import Cassette, Row
from finchat.connections.answers import MalformedAnswer, read_answer
from finchat.connections.toolbox import CallError, CallResult, Tool
from finchat.errors import ExitCode, FinchatError, UsageError, VerificationMismatch, worst
from finchat.events import silent
from finchat.settings import ServerSettings
from finchat.ui.cassettes import ReadAgain, RecordChange, World

if TYPE_CHECKING:
    from finchat.app.desk import Desk
    from finchat.books.documents import Organisation

_NOT_ASKED = frozenset({"denied", "approval_required", "unknown_tool", "tool_quarantined", "organisation_not_open"})


def ask_again(call: Invocation, cassette: Cassette) -> World:
    """Ask every read of a recording again, once, and say what is different from its last answer.

    Raises UsageError when the servers of the recording are not configured here, VerificationMismatch when they hold
    another organisation, and what opening them raises.
    """
    found: list[World] = []

    async def main() -> int:
        found.append(await _asked_again(call, cassette))
        return int(ExitCode.DONE)

    run_to_exit(main())
    return found[0]


async def _asked_again(call: Invocation, cassette: Cassette) -> World:
    effects = effects_of(cassette.header)
    reads = _reads(cassette.rows, effects)
    names = list(dict.fromkeys(row["server"] for row in reads))
    books = [name for name in names if has_profile(cassette.header, name)]
    if not books:
        raise UsageError(
            "the recording reads no server with a profile, so it is not known whose books it is about", field="FILE",
            next="verify it without --live",
        )  # fmt: skip
    recorded: dict[str, Organisation] = {}
    for name in books:
        recorded[name] = await _organisation(cassette.rows, _configured(call, name))
    again: dict[int, ReadAgain] = {}
    for number, name in enumerate(books):
        others = [one for one in names if one not in books] if number == 0 else []
        mine = [row for row in reads if row["server"] in (name, *others)]
        again |= await _of_organisation(call, recorded[name], mine, others)
    last_write = max((r.n for r in _calls(cassette.rows) if _effect(r, effects) in ("write", "destructive")), default=0)
    again = {n: replace(one, own_write_after=n < last_write) for n, one in again.items()}
    results = [again[row.n] for row in reads]
    codes: list[int] = [ExitCode.MISMATCH] if any(one.status == "changed" for one in results) else []
    codes += [ExitCode.UNAVAILABLE] if any(one.status == "failed" for one in results) else []
    return World(
        organisation=", ".join(f"{org.name} ({org.id})" for org in recorded.values()),
        recorded=str(cassette.header["clock"]), reads=results,
        writes=sum(_effect(row, effects) in ("write", "destructive") for row in _calls(cassette.rows)),
        exit_code=int(worst(codes)),
    )  # fmt: skip


async def _of_organisation(
    call: Invocation, recorded: Organisation, reads: Sequence[Row], others: Sequence[str]
) -> dict[int, ReadAgain]:
    """Its reads, and those of `others` beside its books, by row."""
    from finchat.app.desk import open_desk
    from finchat.providers.provider import OrganisationUnclear

    try:
        async with AsyncExitStack() as stack:
            one = replace(call, server=recorded.server, org=recorded.id)
            desk = await stack.enter_async_context(open_desk(one, via="command"))
            missing = await _open_others(stack, desk, others)
            return {row.n: await _read(desk, row, missing) for row in reads}
    except OrganisationUnclear as unclear:
        raise VerificationMismatch(
            f"the recording is of {recorded.name} ({recorded.id}); server {recorded.server} holds {unclear.there}",
            code="other_organisation", field=f"servers.{recorded.server}",
            next="connect the organisation that was recorded",
        ) from unclear  # fmt: skip


async def _open_others(stack: AsyncExitStack, desk: Desk, names: Sequence[str]) -> dict[str, str]:
    """Open servers without a profile beside the books; why for those that cannot be asked."""
    from finchat.app.desk import clock_of, pinned
    from finchat.connections.sessions import open_session

    missing: dict[str, str] = {}
    for name in names:
        settings = desk.call.settings.servers.get(name)
        if settings is None:
            missing[name] = f"no server {name} is configured here"
            continue
        try:
            session = await stack.enter_async_context(
                open_session(settings, emit=desk.progress, clock=clock_of(desk.settings))
            )
            desk.guard.add_reader(pinned(stack, desk.call, settings, session, desk.progress))
        except FinchatError as error:
            missing[name] = error.message
    return missing


async def _read(desk: Desk, row: Row, missing: Mapping[str, str]) -> ReadAgain:
    """One read, asked again."""
    name, arguments = row["params"]["name"], row["params"].get("arguments") or {}
    told = ReadAgain(
        row=row.n, server=row["server"], tool=name, arguments=canonical_json(arguments), status="not_asked"
    )
    if row["server"] in missing:
        return replace(told, why=missing[row["server"]])
    if holds_stand_in(arguments):
        return replace(told, why="something in its arguments was redacted")
    before = _result(row)
    if before is None:
        return replace(told, why="it had no answer when it was recorded")
    now = await desk.guard.toolbox(row["server"]).call(name, arguments)
    if now.error is not None:
        if before.error is not None and before.error.code == now.error.code:
            return replace(told, status="same")
        asked = now.error.code not in _NOT_ASKED
        return replace(told, status="failed" if asked else "not_asked", why=now.error.message)
    found = changes(_content(before), _content(now), name)
    return replace(
        told, status="changed" if found else "same",
        changes=[
            RecordChange(id=one.id, name=one.name, change=one.kind, fields=differences(one.fields))
            for one in found.records
        ],
        values=differences(found.values),
    )  # fmt: skip


def _content(result: CallResult) -> Any:
    if result.error is not None:
        return {"error": result.error.code}
    if result.structured is not None:
        return result.structured
    try:
        return json.loads(result.text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return result.text


def _calls(rows: Sequence[Row]) -> Iterator[Row]:
    return (row for row in rows if row.kind == "mcp" and row["method"] == "tools/call")


def _effect(row: Row, effects: Effects) -> str | None:
    return effects(row["server"], row["params"]["name"])


def _reads(rows: Sequence[Row], effects: Effects) -> list[Row]:
    """The last row of each read. A tool that nobody classed is left to the policy: the guard refuses what it may not
    read."""
    found: dict[str, Row] = {}
    for row in _calls(rows):
        if _effect(row, effects) in ("read", None):
            found[content([row["server"], row["params"]["name"], row["params"].get("arguments") or {}])] = row
    return sorted(found.values(), key=lambda row: row.n)


def has_profile(header: Mapping[str, Any], server: str) -> bool:
    """Whether a server of a recording had a profile, by which its organisation is known."""
    settings = (header.get("settings", {}).get("servers") or {}).get(server) or {}
    return settings.get("profile") is not None


def _configured(call: Invocation, name: str) -> ServerSettings:
    found = call.settings.servers.get(name)
    if found is None:
        raise UsageError(
            f"the recording asks server {name}, which is not configured here", field=f"servers.{name}",
            next=f"configure it, or name the settings that have it: --config FILE ({', '.join(call.settings.servers)})",
        )  # fmt: skip
    return found


async def _organisation(rows: Sequence[Row], settings: ServerSettings) -> Organisation:
    """Whose books were recorded, read the way it is read of a server."""
    from finchat.providers.registry import vendor

    try:
        open_provider = vendor(settings.profile, settings.name).provider
        return await open_provider(_RecordedToolbox(settings.name, rows), emit=silent).organisation()
    except FinchatError as error:
        raise UsageError(
            f"the recording does not say whose books on {settings.name} it is about: {error.message}", field="FILE",
            next="verify it without --live",
        ) from error  # fmt: skip


def _result(row: Row) -> CallResult | None:
    """The answer that was recorded, as a session reads it; None when there was none."""
    told = row.get("result")
    if not isinstance(told, Mapping) or "content" not in told:
        return None
    text = "\n".join(b["text"] for b in told["content"] if b.get("type") == "text" and isinstance(b.get("text"), str))
    try:
        return read_answer(
            structured=told.get("structuredContent"), text=text, is_error=bool(told.get("isError")), meta={},
            rate=None, exact=False,
        )  # fmt: skip
    except (MalformedAnswer, RecursionError):
        return None


class _RecordedToolbox:
    """A Toolbox that answers from the rows of a recording."""

    def __init__(self, server: str, rows: Sequence[Row]) -> None:
        self._server = server
        self._rows = rows

    @property
    def server(self) -> str:
        return self._server

    async def tools(self) -> Mapping[str, Tool]:
        listed = [
            r for r in self._rows if r.kind == "mcp" and r["method"] == "tools/list" and r["server"] == self._server
        ]
        return {
            tool["name"]: Tool(
                server=self._server, name=tool["name"], description=tool.get("description") or "",
                input_schema=tool["inputSchema"], output_schema=tool.get("outputSchema"),
            )
            for row in listed for tool in row.get("result", {}).get("tools", [])
        }  # fmt: skip

    async def call(
        self, name: str, arguments: Mapping[str, Any], *, idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:  # fmt: skip
        _ = idempotency_key, deadline_s
        for row in _calls(self._rows):
            params = row["params"]
            same = (row["server"], params["name"]) == (self._server, name)
            if same and params.get("arguments", {}) == arguments and (found := _result(row)) is not None:
                return found
        return CallResult(error=CallError(code="not_found", message="it was not recorded", outcome="not_sent"))
