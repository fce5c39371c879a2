"""Drafting as a model asks for it: questions, contradictions, and plans that only a person can approve."""

from __future__ import annotations

import asyncio
import json
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pexpect
import pytest

from finchat.connections.toolbox import CallError
from finchat.providers.xero import XERO_PROFILE
from finchat.workflows.plans import load
from tests import forked
from tests.app.tools.room import NOW, Room, room

LINES = [
    {"description": "Consulting", "quantity": 10, "unit_amount": 150, "account_code": "200"},
    {"description": "Licence", "unit_amount": "500", "account_code": "200"},
]


def customer(here: Room) -> str:
    """One of the organisation's own currency, without terms."""
    found = here.sql(
        "SELECT name FROM contact WHERE is_customer = 1 AND json_extract(body, '$.PaymentTerms') IS NULL"
        " AND json_extract(body, '$.DefaultCurrency') = 'NZD' ORDER BY seq"
    )
    return str(found[0][0])


def test_what_is_missing_comes_back_as_questions_and_nothing_is_kept(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conversation() -> None:
        async with room(own_home, monkeypatch) as here:
            told = await here.call(
                "draft_invoice", type="invoice", contact=customer(here), lines=[{"unit_amount": "2500"}]
            )
            assert told["status"] == "needs"
            asked = {one["field"]: one for one in told["missing"]}
            assert {"lines[0].description", "lines[0].account_code", "lines[0].tax_type", "due_date"} <= set(asked)
            chart = {code for (code,) in here.sql("SELECT code FROM account WHERE class = 'REVENUE'")}
            assert {choice["code"] for choice in asked["lines[0].account_code"]["choices"]} == chart
            ((number, due),) = here.sql(
                "SELECT number, due FROM document WHERE type = 'ACCREC' AND status = 'AUTHORISED' AND due > 200000"
                " AND currency = 'NZD' ORDER BY seq LIMIT 1"
            )
            no = await here.call("draft_payment", document=number, amount="2000", settles_in_full=True)
            assert (no["status"], no["amount"], no["currency"]) == ("contradiction", "2000.00", "NZD")
            assert Decimal(no["amount_due"]) == Decimal(due).scaleb(-2)
            unknown = await here.call("draft_payment", document=number.replace("-", " "), amount="5")
            assert {"value": number} in unknown["missing"][0]["choices"]
            assert not here.tray.plans()
            assert not list(here.desk.call.home.plans.glob("*.json"))

    asyncio.run(conversation())


def test_a_draft_is_kept_once_as_a_models_plan_and_computed_in_code(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conversation() -> None:
        async with room(own_home, monkeypatch) as here:
            given: dict[str, Any] = {
                "type": "invoice", "contact": customer(here), "lines": LINES, "due_date": "2026-12-20",
            }  # fmt: skip
            told = await here.call("draft_invoice", **given)
            again = await here.call("draft_invoice", **given)
            assert (told["status"], told["total"], told["net"], told["tax"]) == (
                "proposed", "2300.00", "2000.00", "300.00"
            )  # fmt: skip
            assert [line["tax"] for line in told["lines"]] == ["225.00", "75.00"]
            assert told["text"].startswith("SANDBOX: ")
            (waiting,) = here.tray.waiting()
            assert waiting.plan.id == told["plan_id"] == again["plan_id"]
            assert here.desk.journal.by_model(waiting.plan.id)
            saved = load(here.desk.call.home.plans / f"{waiting.plan.id}.json")
            assert saved.hash == waiting.plan.hash
            (proposal,) = saved.proposals
            assert XERO_PROFILE.disagreement(proposal, "NZD") is None
            assert not here.desk.guard.unattended(saved, proposal).approved
            assert here.sql("SELECT count(*) FROM document WHERE reference LIKE '%fc-%' AND type = 'ACCREC'") == [(0,)]
            other = await here.call("draft_invoice", **{**given, "lines": LINES[:1]})
            assert other["plan_id"] != told["plan_id"]

    asyncio.run(conversation())


HOSTILE: list[dict[str, Any]] = [
    {"type": "quote"},
    {"type": "invoice", "lines": []},
    {"type": "invoice", "status": "PAID"},
    {"type": "invoice", "lines": [{"unit_amount": None}]},
    {"type": "invoice", "approve": True},
    {"type": "invoice", "lines": [{"AccountCode": "200"}]},
]


def test_hostile_arguments_are_refused_or_asked_about_and_never_kept(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conversation() -> None:
        async with room(own_home, monkeypatch) as here:
            for arguments in HOSTILE:
                result = await here.box.call("draft_invoice", arguments)
                assert isinstance(result.error, CallError), arguments
                assert result.error.code == "invalid_argument"
            name = customer(here)
            for line in (
                {"unit_amount": "1e400"}, {"unit_amount": "NaN"}, {"unit_amount": "١٥٠"}, {"unit_amount": "-0"},
                {"unit_amount": "9" * 20}, {"quantity": "1e-9", "unit_amount": "1"}, {"unit_amount": 0.1 + 0.2},
                {"description": "a\u202eb", "unit_amount": "1"},
            ):  # fmt: skip
                told = await here.call(
                    "draft_invoice", type="invoice", contact=name, due_date="2026-12-20",
                    lines=[{"description": "x", "account_code": "200", **line}],
                )  # fmt: skip
                assert told["status"] == "contradiction", line
            for number in ("x,y", '"', "' OR 1=1", "Ω" * 255):
                told = await here.call("draft_payment", document=number, amount="1")
                assert told["status"] == "needs"
            assert not here.tray.plans()

    asyncio.run(conversation())


def test_a_saved_draft_is_applied_at_a_terminal_with_every_line_on_its_card_and_the_balances_as_proof(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conversation() -> str:
        async with room(own_home, monkeypatch) as here:
            told = await here.call(
                "draft_invoice", type="invoice", contact=customer(here), due_date="2026-12-20", lines=LINES,
                status="AUTHORISED",
            )  # fmt: skip
            return str(told["plan_id"])

    plan_id = asyncio.run(conversation())
    given = {"FINCHAT_HOME": str(own_home), "FINCHAT_NOW": NOW, "TERM": "xterm", "NO_COLOR": "1"}
    child = forked.spawn(
        "apply", plan_id, env={**os.environ, **given}, encoding="utf-8", timeout=60, dimensions=(100, 120)
    )
    try:
        child.expect(r"Approve\?[^:]*: ")
        card = re.sub(r"\x1b\[[0-9;]*m", "", str(child.before))
        for text in (
            "SANDBOX", "line_items[1].UnitAmount 500.00", "status         AUTHORISED", "820 GST  credit 300.00",
            "2,300.00 NZD: 2,000.00 NZD and tax 300.00 NZD",
        ):  # fmt: skip
            assert text in card
        child.sendline("y")
        child.expect(pexpect.EOF)
        said = str(child.before)
        assert said.count("equal") == 7  # three banks, tax, receivables, payables and the whole
        assert "NOT EQUAL" not in said
        assert "bank line" not in said
    finally:
        child.close(force=True)
    assert child.exitstatus == 0
    environment = {**os.environ, "FINCHAT_HOME": str(own_home), "FINCHAT_NOW": NOW}
    shown = json.loads(forked.run("plan", "show", plan_id, "--json", environment=environment).stdout)
    assert (shown["status"], shown["foreign"]) == ("applied", False)
