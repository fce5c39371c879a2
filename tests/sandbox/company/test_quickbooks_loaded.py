"""The company in Texas behind its API: every posting of every record, and the answers still agree to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import httpx
import pytest

from finchat.clock import Clock
from finchat.sandbox import exact_json
from finchat.sandbox.company import SeededCompany, generate_quickbooks
from finchat.sandbox.quickbooks.app import create_app
from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd
from finchat.sandbox.quickbooks.limits import Limits

Json = dict[str, Any]
COMPANIES = [(1, date(2026, 11, 20)), (5, date(2024, 2, 29))]
of_each = pytest.mark.parametrize("which", [0, pytest.param(1, marks=pytest.mark.slow)])


@cache
def loaded(which: int) -> tuple[SeededCompany, QuickBooksBackEnd]:
    seed, anchor = COMPANIES[which]
    company = generate_quickbooks(seed, anchor)
    back_end = QuickBooksBackEnd(":memory:", Clock(datetime(anchor.year, anchor.month, anchor.day, 18, tzinfo=UTC)))
    back_end.load(company.collections)
    return company, back_end


async def everything(back_end: QuickBooksBackEnd, entity: str) -> list[Json]:
    """All records of an entity, as a client pages through them."""
    app = create_app(back_end, limits=Limits(10**6, 60, 10**6, 10**6))
    url = f"http://qb/v3/company/{back_end.realm_id}/query"
    found: list[Json] = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), headers={"Authorization": "Bearer x"}) as client:
        while True:
            query = f"SELECT * FROM {entity} STARTPOSITION {len(found) + 1} MAXRESULTS 1000"
            answer = await client.get(url, params={"query": query})
            assert answer.status_code == 200, answer.text
            page = exact_json.read(answer.content)["QueryResponse"].get(entity, [])
            found += page
            if len(page) < 1000:
                return found


def money(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def transactions(company: SeededCompany) -> Iterator[tuple[str, Json]]:
    for entity, records in company.collections.items():
        for record in records:
            if "Line" in record:
                yield entity, record


@of_each
def test_the_banks_hold_what_the_answers_say_and_the_trial_balance_is_zero(which: int) -> None:
    company, back_end = loaded(which)
    held = back_end.balances()
    assert held["trial_balance_difference"] == "0.00"
    amounts = {bank["account_id"]: (bank["amount"], bank["currency"]) for bank in held["bank"]}
    for answers in (company.truth, *company.truth["accounts"].values()):
        bank = answers["bank"]
        assert amounts[bank["account_id"]] == (bank["book_balance"], bank["currency"])
    assert (back_end.written, held["currency"], back_end.realm_id) == (False, "USD", "9130001")


@of_each
def test_undeposited_funds_hold_the_receipts_that_wait(which: int) -> None:
    company, back_end = loaded(which)
    gathered = {
        link["TxnId"]
        for deposit in company.collections["Deposit"]
        for line in deposit["Line"]
        for link in line.get("LinkedTxn", ())
    }
    waiting = sum(
        received["TotalAmt"]
        for received in (*company.collections["Payment"], *company.collections["SalesReceipt"])
        if received.get("DepositToAccountRef", {}).get("name") == "Undeposited Funds" and received["Id"] not in gathered
    )
    (clearing,) = (other for other in back_end.balances()["other"] if other["control"] == "clearing")
    assert Decimal(clearing["amount"]) == waiting > 0


@of_each
async def test_every_record_is_there_with_the_balances_it_was_generated_with(which: int) -> None:
    company, back_end = loaded(which)
    for entity in ("Invoice", "Bill", "CreditMemo", "VendorCredit", "Payment", "BillPayment", "SalesReceipt", "Deposit",
                   "Purchase", "RefundReceipt", "Estimate", "PurchaseOrder"):  # fmt: skip
        given = {record["Id"]: record for record in company.collections[entity]}
        shown = {record["Id"]: record for record in await everything(back_end, entity)}
        assert shown.keys() == given.keys()
        for identity, record in given.items():
            for name in ("TotalAmt", "Balance", "UnappliedAmt", "TxnDate", "DocNumber", "DueDate", "PrivateNote"):
                if name in record and record[name] != "":
                    now, then = shown[identity][name], record[name]
                    same = now == then if isinstance(then, str) else money(now) == money(then)
                    assert same, (entity, identity, name, now, then)
            assert len(shown[identity]["Line"]) == len(record["Line"])


@of_each
async def test_receivables_and_payables_are_what_documents_leave_open_in_each_currency(which: int) -> None:
    company, back_end = loaded(which)
    open_: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entity, record in transactions(company):
        kind = {"Invoice": "AccountsReceivable", "CreditMemo": "AccountsReceivable", "Payment": "AccountsReceivable",
                "Bill": "AccountsPayable", "VendorCredit": "AccountsPayable"}.get(entity)  # fmt: skip
        if kind is None:
            continue
        sign = 1 if entity in ("Invoice", "Bill") else -1
        left = record["UnappliedAmt"] if entity == "Payment" else record["Balance"]
        open_[kind, record["CurrencyRef"]["value"]] += sign * left
    accounts = [a for a in await everything(back_end, "Account") if a["AccountSubType"] in {kind for kind, _ in open_}]
    shown = {(a["AccountSubType"], a["CurrencyRef"]["value"]): abs(money(a["CurrentBalance"])) for a in accounts}
    assert {key: amount for key, amount in shown.items() if amount} == {k: v for k, v in open_.items() if v}
    assert len(accounts) == 6


@of_each
async def test_names_owe_what_their_documents_leave_open(which: int) -> None:
    company, back_end = loaded(which)
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for entity, record in transactions(company):
        if entity in ("Invoice", "CreditMemo", "Payment"):
            left = record["UnappliedAmt"] if entity == "Payment" else record["Balance"]
            owed[record["CustomerRef"]["value"]] += left if entity == "Invoice" else -left
    for customer in await everything(back_end, "Customer"):
        assert money(customer["Balance"]) == owed[customer["Id"]]


@of_each
async def test_stock_is_what_began_less_what_was_sold(which: int) -> None:
    company, back_end = loaded(which)
    sold: dict[str, Decimal] = defaultdict(Decimal)
    for record in company.collections["Invoice"]:
        for line in record["Line"]:
            if detail := line.get("SalesItemLineDetail"):
                sold[detail["ItemRef"]["value"]] += detail["Qty"]
    stocked = [item for item in await everything(back_end, "Item") if item["Type"] == "Inventory"]
    assert len(stocked) == 2
    for item in stocked:
        (began,) = (r["QtyOnHand"] for r in company.collections["Item"] if r["Id"] == item["Id"])
        assert 0 < item["QtyOnHand"] == began - sold[item["Id"]]
