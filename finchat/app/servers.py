"""`finchat servers changes` and `accept`: tools that are not as they were when their server was first seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from finchat.app.desk import books_of_record, state_database
from finchat.app.invocation import Invocation, run_to_exit
from finchat.app.plans import NeedsTerminal
from finchat.clock import instant_text
from finchat.connections.definitions import schema_changes
from finchat.connections.pins import Difference, PinnedServer, Pins
from finchat.errors import ExitCode, UsageError
from finchat.settings import ServerSettings

if TYPE_CHECKING:
    from finchat.ui.servers import ServerChanges, ToolChange


def pinned_servers(call: Invocation) -> dict[str, PinnedServer]:
    """What is known of the configured servers that were ever seen, by name. Asks no server, and makes no file."""
    if not call.home.database.exists():
        return {}
    with state_database(call.home) as database:
        pins = Pins(database)
        known = {s.name: pins.server(s.fingerprint("")) for s in call.settings.servers.values() if not s.in_memory}
    return {name: server for name, server in known.items() if server is not None}


def changes(call: Invocation, name: str | None) -> int:
    """What the last listing of one server, or of all, showed. No server is asked."""
    from finchat.ui.servers import changes_view

    servers = [call.settings.server(name)] if name is not None else list(call.settings.servers.values())
    found = {server.name: _differences(call, server) for server in servers}
    if call.json:
        known = pinned_servers(call)
        call.sink.document(
            {
                "schema": "finchat.server_changes/1",
                "servers": [_as_json(s, known.get(s.name), found[s.name]) for s in servers],
                "exit_code": 0,
            }
        )
    else:
        call.sink.data(changes_view(changes_of(call, servers)))
    return ExitCode.DONE


def changes_of(call: Invocation, servers: Sequence[ServerSettings]) -> list[ServerChanges]:
    """What is known of these servers, and what the last listing of each showed."""
    known = pinned_servers(call)
    return [_shown(server, known.get(server.name), _differences(call, server)) for server in servers]


def accept(call: Invocation, name: str, tools: Sequence[str]) -> int:
    """Show what changed of a server's tools, ask, and pin what a person accepted. Needs a terminal."""
    server = call.settings.server(name)
    found = {difference.tool: difference for difference in _differences(call, server)}
    if unknown := [tool for tool in tools if tool not in found]:
        raise UsageError(
            f"the tool {unknown[0]!r} of {name} is as it was first seen, or was never seen", field="TOOL",
            next=f"see {call.again('servers', 'changes', name)}",
        )  # fmt: skip
    wanted = [found[tool] for tool in dict.fromkeys(tools)] if tools else list(found.values())
    if wanted and not call.sink.interactive:
        raise NeedsTerminal(
            f"{len(wanted)} changed tool{'s' * (len(wanted) != 1)} of {name} can be accepted only by a person who has "
            "seen the difference: at a terminal", field="TOOL",
            next=call.again("servers", "accept", name, *tools),
        )  # fmt: skip
    if not wanted:
        call.sink.talk(f"every tool of {name} is as it was first seen")
        return ExitCode.DONE

    async def main() -> int:
        from finchat.ui.servers import accepting

        taken = {change.tool for change in await accepting(call.sink, name, [_change(each) for each in wanted])}
        _accept(call, server, [difference for difference in wanted if difference.tool in taken])
        left = len(found) - len(taken)
        rest = f"; {left} still differ{'s' * (left == 1)} from what was first seen" if left else ""
        call.sink.data(f"{len(taken)} tool{'s' * (len(taken) != 1)} of {name} accepted{rest}")
        return ExitCode.DONE

    return run_to_exit(main())


def _accept(call: Invocation, server: ServerSettings, differences: Sequence[Difference]) -> None:
    """Pin them, each with its line in the audit log, all or none."""
    from finchat.safety.audit import AuditRecord

    if not differences:
        return
    with books_of_record(call, via="command") as (_, audit, run), state_database(call.home) as database:
        pins = Pins(database)
        with audit.recording() as entry:
            for difference in differences:
                pins.accept(entry.connection, server.fingerprint(""), difference)
                what = {
                    "changed": "the changed definition of", "new": "the new tool", "gone": "the disappearance of",
                }[difference.kind]  # fmt: skip
                definition = f" (sha256 {difference.new.sha256})" if difference.new is not None else ""
                entry.log(
                    AuditRecord(
                        event="decision",
                        text=f"{run.user} accepted {what} {difference.tool} on {server.name}{definition}",
                        server=server.name,
                        tool=difference.tool,
                        decision="allow",
                        decided_by="human",
                    )
                )
        audit.flush()


def _differences(call: Invocation, server: ServerSettings) -> tuple[Difference, ...]:
    if server.in_memory or not call.home.database.exists():
        return ()
    with state_database(call.home) as database:
        return Pins(database).differences(server.fingerprint(""), server.name)


def _shown(server: ServerSettings, known: PinnedServer | None, differences: Sequence[Difference]) -> ServerChanges:
    from finchat.ui.servers import ServerChanges

    return ServerChanges(
        name=server.name,
        own=server.in_memory,
        tools=known.tools if known is not None else None,
        changes=tuple(map(_change, differences)),
    )


def _change(difference: Difference) -> ToolChange:
    from finchat.ui.servers import ToolChange

    old, new = difference.old, difference.new
    return ToolChange(
        tool=difference.tool,
        kind=difference.kind,
        seen_at=difference.seen_at,
        old_description=old.description if old is not None else None,
        new_description=new.description if new is not None else None,
        values=tuple((change.path, change.old, change.new) for change in schema_changes(old, new)),
    )


def _as_json(server: ServerSettings, known: PinnedServer | None, differences: Sequence[Difference]) -> dict[str, Any]:
    return {
        "name": server.name,
        "own": server.in_memory,
        "first_seen": instant_text(known.first_seen) if known is not None else None,
        "pinned_tools": known.tools if known is not None else None,
        "changes": [
            {
                "tool": each.tool,
                "kind": each.kind,
                "seen_at": instant_text(each.seen_at),
                "old_sha256": each.old.sha256 if each.old is not None else None,
                "new_sha256": each.new.sha256 if each.new is not None else None,
                "old_description": each.old.description if each.old is not None else None,
                "new_description": each.new.description if each.new is not None else None,
                "values": [
                    {"path": change.path, "old": change.old, "new": change.new}
                    for change in (schema_changes(each.old, each.new) if each.kind != "gone" else ())
                ],
            }
            for each in differences
        ],
    }
