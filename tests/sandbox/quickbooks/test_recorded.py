"""The vendor's recorded answers beside the sandbox's, shape by shape. Runs where the recordings are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from finchat.clock import Clock
from finchat.sandbox import exact_json
from finchat.sandbox.quickbooks.app import create_app
from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd
from finchat.sandbox.quickbooks.service import Call, Service

RECORDED = Path(__file__).parents[3].parent / "shared" / "data" / "quickbooks" / "recorded"
pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings are not here")
# The reports have their own test; a token that expired is the gateway's answer, which the tests of sign-in have.
ELSEWHERE = ("reports_gl", "reports_profit_and_loss", "error_401")
# The recording is of 2020: coordinates of an address went in 2025.
GONE = ("Lat", "Long")
PREFERENCES = {
    "TaxPrefs": {"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "2"}},
    "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
    "SalesFormsPrefs": {
        "CustomField": [
            {
                "CustomField": [
                    {"Name": "SalesFormsPrefs.SalesCustomName1", "Type": "StringType", "StringValue": "Crew #"}
                ]
            }
        ]
    },
}
Pair = dict[str, Any]


def pairs(name: str) -> list[Pair]:
    found: list[Pair] = exact_json.read((RECORDED / f"{name}.json").read_text("utf-8"))
    return found


def names() -> list[str]:
    return sorted(path.stem for path in RECORDED.glob("*.json") if path.stem not in ELSEWHERE)


def everything(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object under a key, with the key."""
    if isinstance(value, list):
        for member in value:
            yield from everything(member)
    elif isinstance(value, dict):
        for key, member in value.items():
            if isinstance(member, dict):
                yield key, member
            yield from everything(member)


def objects(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every record in an answer, with its entity."""
    if isinstance(value, list):
        for member in value:
            yield from objects(member)
    elif isinstance(value, dict):
        for key, member in value.items():
            for item in member if isinstance(member, list) else [member]:
                if isinstance(item, dict) and item.get("domain") == "QBO" and "SyncToken" in item:
                    yield key, item
            yield from objects(member)


def world(recording: list[Pair]) -> dict[str, list[dict[str, Any]]]:
    """The company as it was before the first write: what was read of it, and what that refers to."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for pair in [*recording, *pairs("all_customers"), *pairs("get_inactive_vendors")]:
        answer = pair["response_json"]
        read = (
            answer
            if pair["method"] == "GET"
            else [value for key, value in everything(answer) if key == "QueryResponse"]
        )
        for entity, item in objects(read):
            found.setdefault(entity, {}).setdefault(item["Id"], item)
    for pair in recording:
        if pair["method"] == "POST" and pair["status"] == 200 and "Id" not in pair["request_json"]:
            name = pair["request_json"].get("DisplayName")
            found["Customer"] = {id: item for id, item in found["Customer"].items() if item["DisplayName"] != name}
    referred(found, [pair["request_json"] for pair in recording])
    return {entity: list(items.values()) for entity, items in found.items()} | {"Preferences": [PREFERENCES]}


def referred(found: dict[str, dict[str, dict[str, Any]]], asked: list[Any]) -> None:
    """What the records refer to, in the least that can be referred to."""
    accounts = {
        "1": {"Id": "1", "Name": "Services", "AccountType": "Income"},
        "4": {"Id": "4", "Name": "Undeposited Funds", "AccountSubType": "UndepositedFunds"},
        "35": {"Id": "35", "Name": "Checking", "AccountType": "Bank"},
        "86": {"Id": "86", "Name": "Discounts given", "AccountSubType": "DiscountsRefundsGiven"},
    }
    found["TaxRate"] = {"3": {"Id": "3", "Name": "California", "RateValue": 8}}
    rates = {"TaxRateDetail": [{"TaxRateRef": {"value": "3"}}]}
    found["TaxCode"] = {"2": {"Id": "2", "Name": "California", "SalesTaxRateList": rates}}
    found["Account"] = {**accounts, **found.get("Account", {})}
    for key, item in list(everything([asked, *(list(items.values()) for items in found.values())])):
        if key == "ItemRef":
            known = found.setdefault("Item", {})
            known[item["value"]] = {
                "Id": item["value"], "Name": item["name"], "Type": "Service", "IncomeAccountRef": {"value": "1"},
            }  # fmt: skip
        elif key == "PaymentMethodRef":
            found.setdefault("PaymentMethod", {})[item["value"]] = {"Id": item["value"], "Name": item["name"]}
        elif key == "TermRef":
            found.setdefault("Term", {})[item["value"]] = {
                "Id": item["value"],
                "Name": f"Net {item['value']}",
                "DueDays": 10,
            }
    for item in list(found.get("SalesReceipt", {}).values()):
        for link in item.get("LinkedTxn", ()):
            gathered = found.setdefault("Deposit", {}).setdefault(
                link["TxnId"], {"Id": link["TxnId"], "DepositToAccountRef": {"value": "35"}, "Line": []}
            )
            gathered["Line"].append({"LinkedTxn": [{"TxnId": item["Id"], "TxnType": "SalesReceipt"}]})
    for item in list(found.get("Estimate", {}).values()):
        for link in item.get("LinkedTxn", ()):
            found.setdefault("Invoice", {})[link["TxnId"]] = {
                "Id": link["TxnId"],
                "CustomerRef": item["CustomerRef"],
                "Line": item["Line"],
                "LinkedTxn": [{"TxnId": item["Id"], "TxnType": "Estimate"}],
            }


def shape(value: Any) -> Any:
    """What kinds of values are where. Coordinates are left out; a list is the set of what is in it."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in sorted(value.items()) if key not in GONE}
    if isinstance(value, list):
        return sorted({json.dumps(shape(member), sort_keys=True) for member in value})
    if isinstance(value, bool) or value is None:
        return str(type(value).__name__)
    return "text" if isinstance(value, str) else "number"


def replay(service: Service, pair: Pair) -> tuple[int, Any]:
    parts = urlsplit(pair["url"])
    path = parts.path.removeprefix("/v3").replace("/company/-COMPANY_ID-", "").strip("/")
    body = exact_json.write(pair["request_json"]).encode() if pair["request_json"] is not None else b""
    call = Call(pair["method"], tuple(path.split("/")), dict(parse_qsl(parts.query)), body, "", parts.path)
    answer = service.answer(call)
    return answer.status, exact_json.read(answer.content)


@pytest.mark.parametrize("name", names() if RECORDED.is_dir() else [])
def test_answers_have_the_shape_of_the_vendors_own(name: str) -> None:
    recording = pairs(name)
    now = datetime.fromisoformat(recording[0]["response_json"]["time"])
    back_end = QuickBooksBackEnd(":memory:", Clock(now))
    back_end.load(world(recording))
    service = create_app(back_end).state.quickbooks.service
    for pair in recording:
        status, found = replay(service, pair)
        assert status == pair["status"], found
        assert shape(found) == shape(pair["response_json"]), pair["url"]
        if "Fault" in found:
            assert told(found) == told(pair["response_json"])
    assert back_end.balances()["trial_balance_difference"] == "0.00"
    back_end.close()


def told(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(code, message) of each problem, and the detail as far as it does not name our own table."""
    return [(problem["code"], problem["Message"]) for problem in answer["Fault"]["Error"]]


def test_most_recordings_are_replayed_here() -> None:
    assert len(names()) == 23
    assert sum(len(pairs(name)) for name in names()) >= 40
