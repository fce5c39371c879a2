"""Transfers between own bank accounts: both sides made, shown, refused and deleted as one."""

from __future__ import annotations

import shutil
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.clock import Clock
from finchat.errors import UsageError
from finchat.sandbox.xero.back_end import XeroBackEnd
from tests.sandbox.xero.company import BANK, NOW, Client, back_end, collections

SAVINGS = "00000000-0000-4000-8000-000000000092"
USD_RESERVE = "00000000-0000-4000-8000-000000000093"
TRANSFER = "00000000-0000-4000-8000-00000000e001"
SPENT = "00000000-0000-4000-8000-00000000e002"
RECEIVED = "00000000-0000-4000-8000-00000000e003"
REGION = "00000000-0000-4000-8000-00000000f001"
NORTH = "00000000-0000-4000-8000-00000000f002"


def with_savings(**more: Any) -> dict[str, list[dict[str, Any]]]:
    """The test company with a second account in either currency and one tracking category."""
    found = collections()
    for identity, code, name, currency in (
        (SAVINGS, "092", "Savings", "NZD"),
        (USD_RESERVE, "093", "Dollar reserve", "USD"),
    ):
        account = {"AccountID": identity, "Code": code, "Name": name, "Type": "BANK", "CurrencyCode": currency}
        found["Accounts"].append(account)
    region = {"TrackingCategoryID": REGION, "Name": "Region", "Status": "ACTIVE"}
    region["Options"] = [{"TrackingOptionID": NORTH, "Name": "North", "Status": "ACTIVE"}]  # type: ignore[assignment]
    return {**found, "TrackingCategories": [region], **more}


def loaded(**more: Any) -> XeroBackEnd:
    back = XeroBackEnd(":memory:", Clock(NOW))
    back.load(with_savings(**more))
    return back


@pytest.fixture
def client() -> Client:
    return Client(loaded())


def transfer(amount: str = "50.00", **more: Any) -> dict[str, Any]:
    return {
        "FromBankAccount": {"Code": "090"},
        "ToBankAccount": {"AccountID": SAVINGS},
        "Amount": amount,
        "Date": "2026-11-05",
        "Reference": "Sweep 7",
        **more,
    }


async def test_each_side_posts_its_bank_against_the_bank_transfers_account(client: Client) -> None:
    made = await client.done("PUT", "BankTransfers", transfer())
    assert client.postings(made["FromBankTransactionID"]) == {"090": -5000, "BANKTRANSFERS": 5000}
    assert client.postings(made["ToBankTransactionID"]) == {"092": 5000, "BANKTRANSFERS": -5000}
    shown = {row.code: row.debit - row.credit for row in client.back.trial_balance()}
    assert shown == {"090": -50, "092": 50}


async def test_a_transfer_is_shown_with_both_its_bank_transactions(client: Client) -> None:
    made = await client.done("PUT", "BankTransfers", transfer())
    (listed,) = (await client.send("GET", "BankTransfers")).json()["BankTransfers"]
    single = await client.done("GET", f"BankTransfers/{made['BankTransferID']}")
    assert single["Amount"] == 50
    assert {**single, "Amount": 50.0, "CurrencyRate": 1.0} == listed
    assert (listed["Status"], listed["Reference"], listed["DateString"]) == (
        "AUTHORISED",
        "Sweep 7",
        "2026-11-05T00:00:00",
    )
    assert (listed["FromBankAccount"]["AccountID"], listed["ToBankAccount"]["Code"]) == (BANK, "092")
    assert (listed["FromIsReconciled"], listed["ToIsReconciled"], listed["FromTracking"]) == (False, False, [])
    for key, kind, code in (
        ("FromBankTransactionID", "SPEND-TRANSFER", "090"),
        ("ToBankTransactionID", "RECEIVE-TRANSFER", "092"),
    ):
        half = await client.done("GET", f"BankTransactions/{listed[key]}")
        assert (half["Type"], half["Total"], half["BankAccount"]["Code"], half["Reference"]) == (
            kind,
            50,
            code,
            "Sweep 7",
        )
        assert "PrepaymentID" not in half


async def test_a_transfer_in_a_foreign_currency_moves_that_currency_at_its_rate(client: Client) -> None:
    given = transfer(
        "60.00", FromBankAccount={"Code": "091"}, ToBankAccount={"Code": "093"}, CurrencyRate=Decimal("0.6")
    )
    made = await client.done("PUT", "BankTransfers", given)
    assert made["CurrencyRate"] == Decimal("0.6")
    assert client.postings(made["FromBankTransactionID"]) == {"091": -10000, "BANKTRANSFERS": 10000}
    held = {row["account_id"]: row["amount"] for row in client.back.balances()["bank"]}
    assert held[USD_RESERVE] == "60.00"
    again = await client.done("PUT", "BankTransfers", {**given, "CurrencyRate": None})
    assert again["CurrencyRate"] == Decimal("0.6")


@pytest.mark.parametrize("form", ["its own address", "the collection"])
async def test_deleting_a_transfer_takes_both_sides_back(client: Client, form: str) -> None:
    made = await client.done("PUT", "BankTransfers", transfer())
    other = await client.done("PUT", "BankTransfers", transfer("7.00"))
    key = made["BankTransferID"]
    if form == "the collection":
        answer = await client.done("POST", "BankTransfers", {"BankTransferID": key, "Status": "DELETED"})
    else:
        answer = await client.done("POST", f"BankTransfers/{key}", {"Status": "DELETED"})
    assert (answer["BankTransferID"], answer["Status"]) == (key, "DELETED")
    for half in (made["FromBankTransactionID"], made["ToBankTransactionID"]):
        assert client.postings(half) == {}
        assert (await client.done("GET", f"BankTransactions/{half}"))["Status"] == "DELETED"
    left = (await client.send("GET", "BankTransfers")).json()["BankTransfers"]
    assert [one["BankTransferID"] for one in left] == [other["BankTransferID"]]
    every = (await client.send("GET", "BankTransfers", params={"includeDeleted": "true"})).json()["BankTransfers"]
    assert {one["BankTransferID"]: one["Status"] for one in every}[key] == "DELETED"
    told, field = await client.refused("POST", f"BankTransfers/{key}", {"Status": "DELETED"})
    assert (told, field) == ("Bank transfer not of valid status for modification (Status)", "Status")


async def test_filters_and_order_select_transfers(client: Client) -> None:
    await client.done("PUT", "BankTransfers", transfer("9.00", Reference="small"))
    await client.done("PUT", "BankTransfers", transfer("900.00", FromBankAccount={"Code": "092"}, ToBankAccount="090"))

    async def amounts(**query: str) -> list[float]:
        answer = await client.send("GET", "BankTransfers", params=query)
        return [found["Amount"] for found in answer.json()["BankTransfers"]]

    assert await amounts(order="Amount DESC") == [900, 9]
    assert await amounts(where='Reference!=null AND Reference.Contains("sma")') == [9]
    assert await amounts(where=f'FromBankAccount.AccountID==Guid("{SAVINGS}")') == [900]
    assert await amounts(where="HasAttachments==true") == []
    assert sorted(await amounts(where="Date>=DateTime(2026, 11, 5) AND ToIsReconciled==false")) == [9, 900]


@pytest.mark.parametrize(
    ("change", "message", "field"),
    [
        ({"FromBankAccount": None}, "FromBankAccount must be specified", "FromBankAccount"),
        ({"FromBankAccount": {"Code": "200"}}, "must be an account of type BANK", "FromBankAccount"),
        ({"ToBankAccount": {"Code": "none"}}, "not a valid account", "ToBankAccount"),
        ({"ToBankAccount": {"Code": "090"}}, "must be different accounts", "ToBankAccount"),
        ({"ToBankAccount": {"Code": "091"}}, "different currencies are not supported", "ToBankAccount"),
        ({"Amount": "0.00"}, "greater than zero", "Amount"),
        ({"Amount": None}, "Amount must be specified", "Amount"),
        ({"Date": "2026-03-31"}, "period lock date", "Date"),
        ({"Status": "DELETED"}, "not of valid status for creation", "Status"),
        ({"BankTransferID": TRANSFER}, "must not be given when creating", "BankTransferID"),
        ({"ToTracking": [{"Name": "Region", "Option": "West"}]}, "Valid options are: North.", "ToTracking"),
    ],
)
async def test_a_wrong_transfer_is_refused_whole(
    client: Client, change: dict[str, Any], message: str, field: str
) -> None:
    told, named = await client.refused("PUT", "BankTransfers", transfer(**change))
    assert message in told
    assert named == field
    assert client.back.counts()["Journals"] == 0
    assert "BankTransactions" not in client.back.counts()


async def test_tracking_of_both_sides_is_kept_with_ids_and_names(client: Client) -> None:
    tracked: dict[str, Any] = {"FromTracking": [{"TrackingCategoryID": REGION, "TrackingOptionID": NORTH}]}
    made = await client.done("PUT", "BankTransfers", transfer(**tracked))
    assert made["FromTracking"] == [
        {"Name": "Region", "Option": "North", "TrackingCategoryID": REGION, "TrackingOptionID": NORTH}
    ]
    assert made["ToTracking"] == []


@pytest.mark.parametrize("side", ["From", "To"])
async def test_a_transfer_with_a_reconciled_side_stays(client: Client, side: str) -> None:
    reconciled: dict[str, Any] = {f"{side}IsReconciled": True}
    made = await client.done("PUT", "BankTransfers", transfer(**reconciled))
    assert made[f"{side}IsReconciled"] is True
    half = await client.done("GET", f"BankTransactions/{made[f'{side}BankTransactionID']}")
    assert half["IsReconciled"] is True
    told, field = await client.refused("POST", f"BankTransfers/{made['BankTransferID']}", {"Status": "DELETED"})
    assert "reconciled with a Bank Statement" in told
    assert field == f"{side}IsReconciled"
    assert client.postings(half["BankTransactionID"]) != {}


async def test_one_side_alone_can_not_be_deleted_and_nothing_else_be_changed(client: Client) -> None:
    made = await client.done("PUT", "BankTransfers", transfer())
    path = f"BankTransactions/{made['FromBankTransactionID']}"
    told, _ = await client.refused("POST", path, {"Status": "DELETED"})
    assert "transfers are changed with BankTransfers" in told
    told, field = await client.refused("POST", f"BankTransfers/{made['BankTransferID']}", {"Amount": "60.00"})
    assert (told, field) == ("A bank transfer can only be changed to Status DELETED", "Status")
    assert client.postings(made["FromBankTransactionID"]) == {"090": -5000, "BANKTRANSFERS": 5000}


async def test_a_key_sent_twice_makes_one_transfer(client: Client) -> None:
    key = {"Idempotency-Key": "once"}
    first = await client.done("PUT", "BankTransfers", transfer(), headers=key)
    second = await client.done("PUT", "BankTransfers", transfer(), headers=key)
    assert first["BankTransferID"] == second["BankTransferID"]
    assert client.back.counts()["BankTransactions"] == 2


def half(identity: str, kind: str, account: str, **more: Any) -> dict[str, Any]:
    money = {"SubTotal": Decimal(80), "Total": Decimal(80), "LineAmountTypes": "NoTax", "Date": "2026-11-02"}
    named = {"BankTransactionID": identity, "Type": kind, "Status": "AUTHORISED", "BankAccount": {"AccountID": account}}
    return {**named, **money, **more}


def listed(**more: Any) -> dict[str, Any]:
    accounts = {"FromBankAccount": {"AccountID": BANK}, "ToBankAccount": {"AccountID": SAVINGS}}
    return {"BankTransferID": TRANSFER, **accounts, "Amount": Decimal(80), "Date": "2026-11-02", **more}


HALVES = [half(SPENT, "SPEND-TRANSFER", BANK, IsReconciled=True), half(RECEIVED, "RECEIVE-TRANSFER", SAVINGS)]
NAMED = {"FromBankTransactionID": SPENT, "ToBankTransactionID": RECEIVED}


@pytest.mark.parametrize(
    "records",
    [
        pytest.param({"BankTransfers": [listed(FromIsReconciled=True)]}, id="a transfer alone makes its sides"),
        pytest.param({"BankTransfers": [listed(**NAMED)], "BankTransactions": HALVES}, id="both say the same"),
        pytest.param({"BankTransactions": HALVES}, id="two sides alone are one transfer"),
    ],
)
async def test_recorded_transfers_are_loaded_once(records: dict[str, Any]) -> None:
    client = Client(loaded(**records))
    (found,) = (await client.send("GET", "BankTransfers")).json()["BankTransfers"]
    assert (found["Amount"], found["FromIsReconciled"], found["ToIsReconciled"]) == (80, True, False)
    assert client.postings(found["FromBankTransactionID"]) == {"090": -8000, "BANKTRANSFERS": 8000}
    assert client.postings(found["ToBankTransactionID"]) == {"092": 8000, "BANKTRANSFERS": -8000}
    assert client.back.counts()["BankTransactions"] == 2


def test_a_recorded_transfer_with_the_wrong_side_is_refused_by_name() -> None:
    swapped = {"FromBankTransactionID": RECEIVED, "ToBankTransactionID": SPENT}
    with pytest.raises(UsageError, match=f"BankTransfers {TRANSFER}") as caught:
        loaded(BankTransfers=[listed(**swapped)], BankTransactions=HALVES)
    assert caught.value.field == "FromBankTransactionID"


async def test_a_company_made_before_there_were_transfers_is_opened_and_takes_them(tmp_path: Path) -> None:
    old, file = tmp_path / "old.sqlite3", tmp_path / "company.sqlite3"
    made = back_end(old)
    made.close()
    shutil.copy(old, file)
    with sqlite3.connect(file) as db:
        db.executescript("DROP TABLE transfer; PRAGMA user_version = 1;")
    db.close()
    client = Client(back_end(file))
    assert (await client.send("GET", "BankTransfers")).json()["BankTransfers"] == []
    given = {"Name": "Savings", "Code": "092", "Type": "BANK", "BankAccountNumber": "1"}
    await client.done("PUT", "Accounts", given)
    await client.done("PUT", "BankTransfers", transfer(ToBankAccount={"Code": "092"}))
    client.back.close()
