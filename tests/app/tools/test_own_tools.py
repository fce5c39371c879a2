"""The set of finchat's own tools: small enough for every request, and honest about what cannot be done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finchat.connections.own_tools import OwnToolbox
from tests.app.tools.room import room


def characters(box: OwnToolbox, names: list[str]) -> int:
    """The compact JSON that a request carries for the tools."""
    rows = [box._tools[name] for name in names]
    return sum(
        len(json.dumps([t.name, t.description, dict(t.input_schema)], separators=(",", ":"), ensure_ascii=False))
        for t in rows
    )


async def test_all_own_tools_together_cost_few_tokens(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with room(own_home, monkeypatch) as here:
        tools = await here.box.tools()
        assert characters(here.box, list(tools)) < 14_000
        assert all(tool.description and not tool.input_schema["additionalProperties"] for tool in tools.values())
        assert {here.box.effect(name) for name in tools} <= {"read", "propose", "local"}
        told = await here.call("organisation")
        chart = await here.call("chart", search="200 sales")
        wishes = await here.call("capabilities")
        books = here.desk.organisation
    assert (told["organisation"], told["base_currency"], told["today"]) == (books.name, "NZD", "2026-11-20")
    assert told["financial_year_start"] == "2026-04-01"
    assert [(row["code"], row["type"], row["takes_lines"]) for row in chart["accounts"]] == [("200", "revenue", True)]
    assert {"OUTPUT2", "INPUT2"} <= {rate["tax_type"] for rate in chart["tax_types"]}
    assert any("bank rule" in each["wish"] and "API" in each["reason"] for each in wishes["not_possible"])
