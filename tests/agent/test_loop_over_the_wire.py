"""The whole road: a scripted model behind a socket, the loop, the guard, and the real server of the sandbox company."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finchat.agent.conversation import Conversation
from finchat.agent.events import AgentEvent
from finchat.agent.evidence import EvidenceStore
from finchat.agent.loop import run
from finchat.agent.messages import Api
from finchat.agent.offering import Offering
from finchat.agent.openai import open_model
from finchat.agent.tray import Tray
from finchat.clock import Clock
from finchat.model_settings import ModelSettings, RunLimits
from finchat.settings import Home
from tests.agent.scripted_run import answers, finished, open_session
from tests.safety.world import World
from tests.scripted.server import Raw, Say, ScriptedModel, Seen, stream_of, streamed
from tests.workflows.desk import back_end_of, company, open_desk

ANCHOR = date(2026, 11, 20)


def script(seen: Seen) -> Say:
    """Finds a tool, reads two things at once with what was found, tries to write, and says what it was told."""
    if not seen.calls:
        return Say("Let me look.", calls=[("find_tools", {"query": "list invoices organisations"})])
    if "books__list_all_xero_invoices" in seen.tools and not seen.results("books__list_all_xero_invoices"):
        return Say(
            calls=[
                ("books__list_all_xero_invoices", {"where": 'Type=="ACCREC" AND AmountDue>0', "page_size": 5}),
                ("create_a_xero_payment", {"Amount": "1.00"}),
                ("books__create_a_xero_payment", {"Amount": "1.00"}),
                ("books__list_all_xero_organisations", {}),
            ],
            interleave=True,
        )
    rows = [line.strip().split(" | ") for line in seen.results()[1].splitlines() if " | " in line]
    first = dict(zip(["invoice_number", *rows[0][1:]], rows[1], strict=True))
    return Say(f"Invoice {first['invoice_number']} has {Decimal(first['amount_due']):,.2f} NZD due.")


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_a_question_goes_the_whole_road_and_back(tmp_path: Path, api: Api) -> None:
    home = Home(tmp_path / "home")
    async with open_desk(back_end_of(company(7, ANCHOR), ANCHOR), home, ANCHOR) as desk:
        conversation, tray = Conversation(), Tray()
        offering = Offering(
            desk.guard, own=[], servers=["books"], organisation=desk.organisation, fence=conversation.fence
        )
        before = list(desk.session.calls)
        with ScriptedModel(script) as scripted, EvidenceStore(home.path / "evidence.sqlite3", "s1") as evidence:
            model = open_model(ModelSettings(name="scripted", base_url=scripted.base_url, configured=True), api=api)
            events: list[AgentEvent] = [
                event
                async for event in run(
                    "What is due?", conversation=conversation, model=model, guard=desk.guard, offering=offering,
                    evidence=evidence, tray=tray, limits=RunLimits(), clock=Clock(), organisation=desk.organisation,
                    as_of=ANCHOR, session_id="s1",
                )
            ]  # fmt: skip
            await model.close()
        end = finished(events)
        assert end.complete
        assert desk.session.calls[len(before) :] == ["list_all_xero_invoices", "list_all_xero_organisations"]
        assert [(c.tool, c.outcome) for c in end.calls] == [
            ("find_tools", "done"), ("list_all_xero_invoices", "done"), ("create_a_xero_payment", "not_executed"),
            ("books__create_a_xero_payment", "not_executed"), ("list_all_xero_organisations", "done"),
        ]  # fmt: skip
        assert [figure.unit for figure in answers(events)[-1].figures] == ["identifier", "money"]
        assert end.usage.requests == len(scripted.requests)
        assert end.usage.tokens.input_tokens > 0
        desk.guard.close()
        lines = [json.loads(line) for line in home.audit_log.read_text("utf-8").splitlines()][-5:]
        assert sorted(line["decision"] for line in lines) == ["allow"] * 3 + ["deny"] * 2


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_the_calls_of_a_turn_that_broke_off_are_on_the_record(world: World, api: Api) -> None:
    def cut(seen: Seen) -> Say | Raw:
        if seen.turn > 1:
            return Say("Done.")
        events = stream_of(seen, Say(calls=[("books__pay", {"amount": "1.00"}), ("find_tools", {"query": "x"})]))
        return streamed(seen, events[: len(events) // 2], end="cut", done=False)

    session = await open_session(world)
    with ScriptedModel(cut) as scripted:
        model = open_model(ModelSettings(name="scripted", base_url=scripted.base_url, configured=True), api=api)
        end = finished([event async for event in session.start(model)])
        await model.close()
    assert end.complete
    assert world.vendor.calls == []
    lines = session.attempts()
    assert [line["decision"] for line in lines] == ["deny"] * len(lines)
    assert {"books__pay"} <= {line["tool"] for line in lines}
    assert {call.decision for call in end.calls} == {"void"}
