"""Two ledgers of two vendors in one session: tools kept apart, and figures side by side."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from finchat.agent.tray import Tray
from finchat.app.desk import Desk, open_desk
from finchat.app.invocation import Invocation
from finchat.app.run import all_books
from finchat.app.tools import own_tools
from finchat.clock import clock_from_environment
from finchat.connections.own_tools import OwnToolbox
from finchat.errors import UsageError
from finchat.sandbox.home import SandboxHome
from finchat.sandbox.quickbooks.home import QuickBooksHome
from finchat.settings import Home
from tests.app.tools.room import NOW, TODAY

WIDE, NARROW = "books", "qb"
CONFIG = """
[servers.books.finchat]
profile = "xero"
sandbox = true
[servers.qb.finchat]
profile = "quickbooks"
sandbox = true
"""


@cache
def companies(at: Path) -> Path:
    """Both sandbox companies, made once; each test works on a copy."""
    home = Home(at)
    for one in (SandboxHome(home, clock_from_environment()), QuickBooksHome(home, clock_from_environment())):
        one.reset(1, TODAY).close()
    return home.sandbox


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINCHAT_NOW", NOW)
    monkeypatch.setenv("FINCHAT_HOME", str(tmp_path))
    shutil.copytree(companies(tmp_path_factory.getbasetemp() / "two-companies"), tmp_path / "sandbox")
    (tmp_path / "finchat.toml").write_text(CONFIG)
    return tmp_path


@asynccontextmanager
async def opened(org: str | None = None) -> AsyncIterator[tuple[Desk, OwnToolbox, Tray]]:
    first, beside = all_books(Invocation(json=True, org=org))
    async with open_desk(first, via="chat", beside=beside) as desk:
        tray = Tray()
        yield desk, OwnToolbox(own_tools(desk, tray, TODAY)), tray


def invoice(organisation: str | None = None) -> dict[str, object]:
    line = {"description": "Advice", "unit_amount": "100.00", "account_code": "4010"}
    given: dict[str, object] = {
        "type": "invoice",
        "contact": "Zilker Hotel Inc",
        "lines": [line],
        "due_date": "2026-12-20",
    }
    return given | ({} if organisation is None else {"organisation": organisation})


async def test_each_tool_works_at_the_desk_that_is_named_and_says_whose_books_it_read(home: Path) -> None:
    async with opened() as (desk, box, tray):
        assert [(one.settings.name, one.vendor.label) for one in desk.all] == [(WIDE, "Xero"), (NARROW, "QuickBooks")]
        schema = (await box.tools())["open_documents"].input_schema
        assert schema["properties"]["organisation"]["enum"] == [WIDE, NARROW]
        there = (await box.call("organisation", {"organisation": NARROW})).structured
        assert there is not None
        assert (there["organisation"], there["base_currency"]) == (desk.beside[0].organisation.name, "USD")
        here = (await box.call("organisation", {})).structured
        assert here is not None
        assert here["organisation"] == desk.organisation.name
        assert "alone" in here["next"]
        assert NARROW in here["next"]

        refused = (await box.call("draft_invoice", invoice())).error
        assert refused is not None
        assert refused.field == "organisation"
        drafted = (await box.call("draft_invoice", invoice(NARROW))).structured
        assert drafted is not None
        assert drafted["organisation"] == desk.beside[0].organisation.name
        for one in tray.waiting():
            assert (one.plan.organisation.server, one.plan.organisation.base_currency) == (NARROW, "USD")


async def test_figures_across_are_side_by_side_and_converted_only_by_stated_rates(home: Path) -> None:
    async with opened() as (desk, box, _):
        plain = (await box.call("across_organisations", {"measure": "bank_balance"})).structured
        assert plain is not None
        assert "converted_total" not in plain
        assert {row["currency"] for row in plain["organisations"]} >= {"NZD", "USD"}

        told = (await box.call("across_organisations", {"measure": "bank_balance", "currency": "USD"})).structured
        assert told is not None
        parts = [row.get("converted", {"bank_balance_converted": row["bank_balance"]}) for row in told["organisations"]]
        assert sum(Decimal(part["bank_balance_converted"]) for part in parts) == Decimal(told["converted_total"])
        assert told["exchange_rates"]
        assert all(rate["source"] and rate["date"] for rate in told["exchange_rates"])
        names = {row["organisation"] for row in told["organisations"]}
        assert names == {one.organisation.name for one in desk.all}

        unknown = (await box.call("across_organisations", {"measure": "bank_balance", "currency": "JPY"})).structured
        assert unknown is not None
        assert "converted_total" not in unknown
        assert "no total" in unknown["next"]


async def test_the_organisation_of_a_flag_is_the_only_one_that_is_written_to(home: Path) -> None:
    async with opened("Pecan Bayou Outfitters Inc") as (desk, box, _):
        assert [one.settings.name for one in desk.all] == [NARROW, WIDE]
        refused = (await box.call("draft_invoice", invoice(WIDE))).error
        assert refused is not None
        assert "--org" in refused.message
        assert (await box.call("draft_invoice", invoice())).error is None
    with pytest.raises(UsageError, match="no organisation is called"):
        async with opened("Nobody & Sons"):
            pass
