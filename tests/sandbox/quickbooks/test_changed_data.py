"""What changed since an instant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sandbox.quickbooks.seeded import api

LONG_AGO = "2020-01-01T00:00:00-08:00"
NOW = "2026-11-20T18:00:00Z"


async def test_changes_and_deletions_since_an_instant_by_entity_oldest_first() -> None:
    with api() as company:
        made = (await company.post("vendor", {"DisplayName": "New Vendor"}))["Vendor"]
        (invoice,) = (await company.query("select * from Invoice maxresults 1"))["Invoice"]
        named = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}
        await company.post("invoice", named, operation="delete")
        answer = await company.get("cdc", entities="vendor,Invoice,Bill", changedSince=NOW)
    vendors, invoices, bills = answer["CDCResponse"][0]["QueryResponse"]
    assert (vendors["startPosition"], vendors["maxResults"]) == (1, len(vendors["Vendor"]))
    assert vendors["Vendor"][-1]["Id"] == made["Id"]
    gone = [found for found in invoices["Invoice"] if found.get("status") == "Deleted"]
    assert [found["Id"] for found in gone] == [invoice["Id"]]
    assert gone[0].keys() == {"domain", "status", "Id", "MetaData"}
    assert bills == {}


async def test_the_oldest_thousand_are_told_and_no_more() -> None:
    with api() as company:
        vendor = "INSERT INTO record(entity, id, sync, created, updated, body) VALUES('Vendor', ?, 0, ?, ?, '{}')"
        rows = [(str(n), "2026-10-02T00:00:00.000", "2026-10-02T00:00:00.000") for n in range(1000, 2000)]
        company.company.db.executemany(vendor, rows)
        answer = await company.get("cdc", entities="Invoice,Vendor,Account", changedSince=LONG_AGO)
    told = [found for part in answer["CDCResponse"][0]["QueryResponse"] for found in part.items()]
    assert sum(len(found) for _, found in told if isinstance(found, list)) == 1000


async def test_the_answer_is_shaped_as_recorded(shared: Path) -> None:
    (pair,) = json.loads((shared / "data/quickbooks/recorded/cdc_basic.json").read_text("utf-8"))
    with api() as company:
        answer = await company.get("cdc", entities="estimate", changedSince=LONG_AGO)
    recorded = pair["response_json"]
    assert answer.keys() == recorded.keys()
    ours, theirs = (a["CDCResponse"][0]["QueryResponse"][0] for a in (answer, recorded))
    assert ours.keys() == theirs.keys()
    updated = [estimate["MetaData"]["LastUpdatedTime"] for estimate in ours["Estimate"]]
    assert updated == sorted(updated)


async def test_a_plus_sign_that_a_client_did_not_encode_is_understood() -> None:
    with api() as company:
        assert await company.get("cdc", entities="Vendor", changedSince="2026-11-20T19:00:00 01:00")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"changedSince": NOW}, "2020"),
        ({"entities": "Vendor"}, "2020"),
        ({"entities": "Vendr", "changedSince": NOW}, "2170"),
        ({"entities": "TaxCode", "changedSince": NOW}, "2170"),
        ({"entities": "Vendor", "changedSince": "yesterday"}, "2010"),
    ],
)
async def test_a_wrong_question_is_refused(query: dict[str, str], code: str) -> None:
    with api() as company:
        assert (await company.refused("cdc", **query))["code"] == code
