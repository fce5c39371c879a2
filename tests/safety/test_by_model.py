"""A plan that a model asked for is approved by a person alone, and so is whatever is made from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from finchat.books.plan import Evidence, Plan
from finchat.errors import UsageError, WriteRefused
from finchat.safety.approval import bind
from finchat.safety.counterparties import KNOWN_COUNTERPARTY
from finchat.safety.policy import Policy, UnattendedRules
from finchat.safety.tables import _BY_MODEL, ROOM, SCRIPTS
from tests.safety.world import ORG, SERVER, World, one_payment

ANYTHING = Policy(unattended=UnattendedRules(
    kinds=frozenset({"payment"}), max_amount=Decimal(10**6), max_total_per_day=Decimal(10**6),
    known_counterparties_only=False, expires=date(2099, 12, 31),
))  # fmt: skip


def certain(plan_id: str = "plan-1") -> Plan:
    return one_payment(plan_id, evidence=(Evidence(kind=KNOWN_COUNTERPARTY, text="paid before"),))


async def test_no_rule_of_a_policy_approves_what_a_model_asked_for(worlds: Callable[..., World]) -> None:
    world = await worlds(policy=ANYTHING).opened()
    made, models = certain("by-code"), certain("by-model")
    world.journal.plan_made(made)
    world.guard.drafted(models)
    assert world.guard.unattended(made, made.proposals[0]).approved
    verdict = world.guard.unattended(models, models.proposals[0])
    assert not verdict.approved
    assert "a model asked for this plan, so a person has to approve it" in verdict.reason
    with pytest.raises(WriteRefused):
        world.guard.approve_unattended(models, models.proposals[0])
    forged = bind(models, models.proposals[0], by="policy:unattended")
    (result,) = await world.guard.execute(models, models.proposals[0], forged)
    assert (result.decision, result.outcome) == ("void", "not_sent")
    assert world.vendor.payments == []
    (result,) = await world.guard.execute(models, models.proposals[0], bind(models, models.proposals[0], user="anna"))
    assert result.outcome == "committed"


async def test_what_is_made_from_a_models_plan_is_a_models_too_in_any_later_run(worlds: Callable[..., World]) -> None:
    world = await worlds(policy=ANYTHING).opened()
    world.journal.plan_made(certain("first"))
    world.guard.drafted(certain("first"))  # said after the fact, it holds
    world.journal.plan_made(certain("edited"), made_from="first")
    world.journal.plan_made(certain("answered"), made_from="edited")
    world.close()
    later = await worlds(policy=ANYTHING).opened()
    for plan_id in ("first", "edited", "answered"):
        plan = certain(plan_id)
        later.journal.plan_made(plan)  # nobody takes it back by making it again
        assert not later.guard.unattended(plan, plan.proposals[0]).approved


async def test_a_plan_of_a_command_is_not_touched_by_one_like_it_that_a_model_asked_for(
    worlds: Callable[..., World],
) -> None:
    world = await worlds(policy=ANYTHING).opened()
    world.guard.drafted(certain("models"))
    world.close()
    later = await worlds(policy=ANYTHING).opened()
    own = certain("own")  # the very same writes, found by a command
    later.journal.plan_made(own)
    verdict = later.guard.unattended(own, own.proposals[0])
    assert verdict.approved
    (result,) = await later.guard.execute(own, own.proposals[0], later.guard.approve_unattended(own, own.proposals[0]))
    assert (result.decision, result.outcome) == ("approved", "committed")
    assert not later.journal.by_model("own")
    assert later.journal.by_model("models")


def test_plans_of_before_are_nobodys_but_finchats(worlds: Callable[..., World]) -> None:
    world = worlds()
    world.journal.plan_made(certain())
    with world.database.transaction() as connection:  # as the version before left it
        connection.execute("ALTER TABLE plans DROP COLUMN by_model")
        connection.execute("UPDATE schema_versions SET version = ? WHERE room = ?", (SCRIPTS.index(_BY_MODEL), ROOM))
    world.database.migrate(ROOM, SCRIPTS)
    assert not world.journal.by_model("plan-1")
    assert world.journal.knows(certain())


async def test_every_attempt_that_reached_no_toolbox_has_its_line(world: World) -> None:
    await world.opened()
    world.guard.note_attempt(server=SERVER, tool="pay", arguments={"amount": "1"}, reason="not offered")
    world.guard.note_attempt(server=None, tool="p\u202eay\ud800" * 100, arguments="{\ud800", reason="no such tool")
    world.guard.note_attempt(server="gone", tool=None, arguments="", reason="its turn broke")
    first, second, third = world.audit_lines()
    assert (first["effect"], first["decision"], first["outcome"]) == ("write", "deny", "not_sent")
    assert first["org"]["id"] == ORG.id
    assert "pay that the model asked for reached nothing: not offered" in first["text"]
    assert "\u202e" not in json.dumps(second, ensure_ascii=False)
    assert len(second["tool"]) <= 120
    assert third["text"] == "a turn of the model reached nothing: its turn broke"
    assert len({line["call_id"] for line in (first, second, third)}) == 3


async def test_own_tools_pass_the_policy_and_nothing_is_written_through_them(worlds: Callable[..., World]) -> None:
    from finchat.connections.own_tools import OwnToolbox
    from finchat.safety.policy import ServerRules
    from tests.agent.scripted_run import own

    async def run(_: object) -> dict[str, str]:
        return {"ran": "yes"}

    rules = {"finchat": ServerRules(tools={"forbidden": "deny"})}
    world = await worlds(policy=Policy(servers=rules)).opened()
    world.guard.add_own(OwnToolbox([own("allowed", run), own("forbidden", run)]), ORG)
    box = world.guard.toolbox("finchat")
    assert (await box.call("allowed", {})).structured == {"ran": "yes"}
    refused = (await box.call("forbidden", {})).error
    assert refused is not None
    assert refused.code == "denied"
    assert [line["decision"] for line in world.audit_lines()] == ["allow", "deny"]
    with pytest.raises(UsageError):
        world.guard.add_own(OwnToolbox([]), ORG)
    plan = certain()
    elsewhere = replace(plan, organisation=replace(plan.organisation, server="finchat"))
    world.journal.plan_made(elsewhere)
    (result,) = await world.guard.execute(
        elsewhere, elsewhere.proposals[0], bind(elsewhere, elsewhere.proposals[0], user="anna")
    )
    assert result.outcome == "not_sent"
