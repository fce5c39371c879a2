"""A late fee as a model asks for it: the separate invoice first, the change only afterwards, one draft of the two."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.providers.xero import XERO_PROFILE
from tests.app.tools.room import Room, hundredths, room


def an_invoice(here: Room) -> tuple[str, Decimal]:
    ((number, due),) = here.sql(
        "SELECT number, due FROM document WHERE type = 'ACCREC' AND status = 'AUTHORISED' AND due = total"
        " AND currency = 'NZD' AND date > '2026-08-05' ORDER BY seq LIMIT 1"
    )
    return number, hundredths(due)


def test_the_invoice_is_changed_only_after_the_offer_and_only_one_of_the_two_waits(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conversation() -> None:
        async with room(own_home, monkeypatch) as here:
            number, due = an_invoice(here)
            fee: dict[str, Any] = {"document": number, "percent": "5", "account": "260"}
            # A model that begins with the change gets the offer all the same.
            first = await here.call("draft_late_fee", **fee, due_date="2026-12-20", change_invoice=True)
            assert first["status"] == "proposed"
            assert first["text"].startswith("SANDBOX: Drafted for approval: invoice for ")
            assert f"{number} can be changed instead" in first["alternative"]
            assert first["late_fee"] == str((due / 20).quantize(Decimal("0.01"), "ROUND_HALF_UP"))
            assert [one.plan.id for one in here.tray.waiting()] == [first["plan_id"]]
            changed = await here.call("draft_late_fee", **fee, change_invoice=True)
            assert (changed["status"], changed["late_fee"]) == ("proposed", first["late_fee"])
            assert Decimal(changed["amount_due"]) == due
            assert Decimal(changed["amount_due_after"]) == due + Decimal(changed["amount_added"])
            (waiting,) = here.tray.waiting()
            assert waiting.plan.id == changed["plan_id"] != first["plan_id"]
            (proposal,) = waiting.plan.proposals
            assert (proposal.kind, proposal.certainty) == ("update", "review")
            assert here.desk.journal.by_model(waiting.plan.id)
            assert XERO_PROFILE.disagreement(proposal, "NZD") is None
            # Asked again, the very same waits; asked for the separate one, that takes its place.
            assert (await here.call("draft_late_fee", **fee, change_invoice=True))["plan_id"] == changed["plan_id"]
            again = await here.call("draft_late_fee", **fee, due_date="2026-12-20")
            assert [one.plan.id for one in here.tray.waiting()] == [again["plan_id"]]

    asyncio.run(conversation())


def test_the_questions_offer_the_choice_and_odd_arguments_are_refused(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conversation() -> None:
        async with room(own_home, monkeypatch) as here:
            number, _ = an_invoice(here)
            asked = await here.call("draft_late_fee", document=number, percent="5")
            assert asked["status"] == "needs"
            fields = {one["field"]: one for one in asked["missing"]}
            assert {"account", "tax", "change_invoice"} <= set(fields)
            assert "is issued, so its customer has it as it was" in fields["change_invoice"]["question"]
            told = await here.call("draft_late_fee", document=number, percent="5", account="260", change_invoice=True)
            assert told["status"] == "proposed"
            assert "amount_due_after" in told
            for odd in ({"percent": "NaN"}, {"percent": "1e5"}, {"amount": "-1"}, {"amount": "0.001"}):
                assert (await here.call("draft_late_fee", document=number, **odd))["status"] == "contradiction"
            for wrong in (
                {"document": ""},
                {"document": number, "basis": "net"},
                {"document": number, "approve": True},
            ):
                result = await here.box.call("draft_late_fee", wrong)
                assert result.error is not None
                assert result.error.code == "invalid_argument"
            unknown = await here.call("draft_late_fee", document=f"{number}-X", percent="5")
            assert [one["field"] for one in unknown["missing"]] == ["document"]

    asyncio.run(conversation())
