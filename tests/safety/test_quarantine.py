"""A tool that is held back, at the guard: no read, no write, and a word on why."""

from __future__ import annotations

from dataclasses import replace

from finchat.clock import Clock
from finchat.connections.pins import PinnedToolbox, Pins
from finchat.connections.toolbox import Tool
from finchat.safety.approval import bind
from finchat.safety.guard import Guard
from finchat.safety.policy import Policy
from finchat.safety.results import WriteError
from tests.safety.world import ORG, SERVER, World, one_payment, server_settings


async def changed(world: World, *names: str) -> Guard:
    """A guard whose vendor has published these tools differently since it was first seen."""
    pins = Pins(world.database)
    before = {name: Tool(SERVER, name, f"did {name}", {"type": "object"}) for name in names}
    pins.check("f", SERVER, {**await world.vendor.tools(), **before})
    guard = Guard(
        sessions={SERVER: PinnedToolbox(world.vendor, pins, "f")}, profiles={SERVER: world.profile},
        settings={SERVER: server_settings(None)}, policy=Policy(), journal=world.journal, audit=world.audit,
        run=world.run, clock=Clock(), emit=world.events.append,
    )  # fmt: skip
    await guard.open_organisation(SERVER, ORG)
    return guard


async def test_a_read_that_is_held_back_is_refused_with_the_reason_and_on_the_record(world: World) -> None:
    guard = await changed(world, "list_payments")
    before = list(world.vendor.calls)
    refused = (await guard.toolbox(SERVER).call("list_payments", {})).error
    assert refused is not None
    assert (refused.code, refused.outcome) == ("tool_quarantined", "not_sent")
    assert "finchat servers changes books" in str(refused.next)
    assert (await guard.toolbox(SERVER).call("get_invoice", {})).error is None
    assert world.vendor.calls == [*before, "get_invoice"]
    line = next(line for line in world.audit_lines() if line["tool"] == "list_payments")
    assert (line["event"], line["decision"], line["outcome"]) == ("call", "deny", "not_sent")
    guard.close()


async def test_a_write_by_a_tool_that_is_held_back_is_not_sent_and_not_after_it_was_accepted_either(
    world: World,
) -> None:
    guard = await changed(world, "pay")
    made = one_payment()
    proposal = made.proposals[0]
    made_before = replace(proposal.writes[0], tool_sha256=Tool(SERVER, "pay", "did pay", {"type": "object"}).sha256)
    made = replace(made, proposals=(replace(proposal, writes=(made_before,)),))
    world.journal.plan_made(made)

    async def refusal() -> WriteError:
        (result,) = await guard.execute(made, made.proposals[0], bind(made, made.proposals[0]))
        assert (result.outcome, result.error is None) == ("not_sent", False)
        assert result.error is not None
        return result.error

    held = await refusal()
    assert (held.code, "changed since it was first seen" in held.message) == ("tool_changed", True)
    assert "finchat servers changes books" in str(held.next)
    pins = Pins(world.database)
    with world.database.transaction() as connection:
        for difference in pins.differences("f", SERVER):
            pins.accept(connection, "f", difference)
    later = await refusal()
    assert (later.code, "changed since the plan was made" in later.message) == ("tool_changed", True)
    assert "pay" not in world.vendor.calls
    guard.close()
