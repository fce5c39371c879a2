"""Batches: each operation on its own, one request and one replay for all, and the vendor's limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.quickbooks.seeded import api

NEW = {"bId": "bid1", "operation": "create", "Vendor": {"DisplayName": "Boraski Family Store"}}
GONE = {"bId": "bid2", "operation": "delete", "Invoice": {"Id": "999999", "SyncToken": "0"}}
ASK = {"bId": "bid4", "Query": "select * from Vendor maxresults 2"}


def batch(*items: dict[str, Any]) -> dict[str, Any]:
    return {"BatchItemRequest": list(items)}


async def test_each_item_is_answered_on_its_own_in_the_order_asked() -> None:
    with api() as company:
        (customer,) = (await company.query("select * from Customer maxresults 1"))["Customer"]
        stale = {"Id": customer["Id"], "SyncToken": "99", "sparse": True, "Notes": "x"}
        late = {"bId": "bid3", "operation": "update", "Customer": stale}
        answers = (await company.post("batch", batch(NEW, GONE, late, ASK)))["BatchItemResponse"]
    assert [answer["bId"] for answer in answers] == ["bid1", "bid2", "bid3", "bid4"]
    assert answers[0]["Vendor"]["DisplayName"] == "Boraski Family Store"
    assert [answer["Fault"]["Error"][0]["code"] for answer in answers[1:3]] == ["610", "5010"]
    assert len(answers[3]["QueryResponse"]["Vendor"]) == 2


async def test_the_items_are_shaped_as_recorded(shared: Path) -> None:
    (pair,) = json.loads((shared / "data/quickbooks/recorded/batch_basic.json").read_text("utf-8"))
    with api() as company:
        (customer,) = (await company.query("select * from Customer maxresults 1"))["Customer"]
        late = {"bId": "bid3", "operation": "update", "Customer": {**customer, "SyncToken": "99"}}
        answer = await company.post("batch", batch(NEW, GONE, late, ASK))
    recorded = pair["response_json"]
    assert answer.keys() == recorded.keys()
    for ours, theirs in zip(answer["BatchItemResponse"][:3], recorded["BatchItemResponse"], strict=False):
        assert list(ours) == list(theirs)
    faults = [(a["BatchItemResponse"][n]["Fault"]) for a in (answer, recorded) for n in (1, 2)]
    assert faults[:2] == faults[2:]


async def test_a_batch_with_a_requestid_is_done_once() -> None:
    with api() as company:
        first = await company.post("batch", batch(NEW), requestid="b-1")
        assert await company.post("batch", batch(NEW), requestid="b-1") == first
        count = await company.query("select count(*) from Vendor where DisplayName = 'Boraski Family Store'")
    assert count["totalCount"] == 1


async def test_what_one_item_did_before_it_failed_is_undone() -> None:
    with api() as company:
        before = company.company.balances()
        (item,) = (await company.query("select * from Item where Type = 'Service' maxresults 1"))["Item"]
        line = {
            "Amount": 10, "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": item["Id"]}, "Qty": 3, "UnitPrice": 5},
        }  # fmt: skip
        wrong = {"bId": "1", "operation": "create", "Invoice": {"CustomerRef": {"value": "1"}, "Line": [line]}}
        (answer,) = (await company.post("batch", batch(wrong)))["BatchItemResponse"]
        assert answer["Fault"]["Error"][0]["code"] == "6070"
        assert company.company.balances() == before


async def test_a_batch_that_only_asks_leaves_the_company_untouched() -> None:
    with api() as company:
        await company.post("batch", batch(ASK, GONE))
        assert not company.company.written
        await company.post("batch", batch(ASK, NEW))
        assert company.company.written


@pytest.mark.parametrize(
    ("body", "query", "code"),
    [
        ({}, {}, "2020"),
        (batch(), {}, "2020"),
        ({"BatchItemRequest": ["x"]}, {}, "2010"),
        (batch({**ASK, "bId": ""}), {}, "2020"),
        (batch(ASK, ASK), {}, "6000"),
        (batch(*({**ASK, "bId": str(n)} for n in range(31))), {}, "6000"),
        (batch({**ASK, "bId": "longer-than-ten"}), {"requestid": "r"}, "6000"),
        (batch(ASK), {"requestid": "r" * 37}, "6000"),
    ],
)
async def test_a_wrong_batch_is_refused_whole(body: Any, query: dict[str, str], code: str) -> None:
    with api() as company:
        assert (await company.refused("batch", body, **query))["code"] == code


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"operation": "create"}, "2010"),
        ({"operation": "create", "Vendor": {}, "Customer": {}}, "2010"),
        ({"operation": "explode", "Vendor": {}}, "500"),
        ({"Vendor": {}}, "500"),
        ({"Query": "select * from Vendr"}, "4001"),
        ({"operation": "create", "Vendor": "words"}, "2010"),
    ],
)
async def test_a_wrong_item_is_refused_alone(item: dict[str, Any], code: str) -> None:
    with api() as company:
        answers = (await company.post("batch", batch({"bId": "a", **item}, {**ASK, "bId": "b"})))["BatchItemResponse"]
    assert answers[0]["Fault"]["Error"][0]["code"] == code
    assert "QueryResponse" in answers[1]
