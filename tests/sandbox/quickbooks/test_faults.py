"""What is refused, by code and in the vendor's words; a refusal writes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.sandbox.quickbooks.entities import ENTITIES
from finchat.sandbox.quickbooks.service import Call
from tests.sandbox.quickbooks.books import (
    AMY,
    BOB,
    CARD,
    CHECKING,
    HANS,
    KLAUS,
    PUMP,
    RENT,
    SERVICE,
    Books,
    company,
    linked,
    ref,
    sold,
    spent,
)  # fmt: skip

INVOICE = {"CustomerRef": ref(AMY), "Line": [sold(10)]}
BILL = {"VendorRef": ref(BOB), "Line": [spent(10)]}


def entry(side: str, amount: Any) -> dict[str, Any]:
    detail = {"PostingType": side, "AccountRef": ref(RENT)}
    return {"Amount": amount, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}


REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "no customer": ("Invoice", {"Line": [sold(1)]}, "2020", "Required parameter CustomerRef is missing in the request"),
    "no lines": ("Invoice", {"CustomerRef": ref(AMY)}, "2020", "Required parameter Line is missing in the request"),
    "no amount": ("Invoice", INVOICE | {"Line": [sold(None)]}, "2020", "Line.Amount"),
    "no account": ("Bill", BILL | {"Line": [spent(1, "")]}, "2020", "AccountRef"),
    "no bank": (
        "BillPayment",
        {"VendorRef": ref(BOB), "PayType": "Check", "TotalAmt": 1, "Line": [{}]},
        "2020",
        "CheckPayment.BankAccountRef",
    ),
    "unknown member": ("Invoice", INVOICE | {"BadJson": 1}, "2010", 'Unrecognized field "BadJson" (class com.intuit'),
    "unknown in a line": ("Invoice", INVOICE | {"Line": [sold(1) | {"Foo": 1}]}, "2010", '"Foo"'),
    "unknown in a detail": ("Invoice", INVOICE | {"Line": [sold(1, Foo=1)]}, "2010", "SalesItemLineDetail)"),
    "not a number": ("Invoice", INVOICE | {"Line": [sold("much")]}, "2010", "Line.Amount"),
    "not a date": ("Invoice", INVOICE | {"TxnDate": "2026-02-30"}, "2010", "TxnDate"),
    "too long": ("Invoice", INVOICE | {"DocNumber": "1" * 22}, "2050", "22"),
    "no such choice": ("Invoice", INVOICE | {"PrintStatus": "Perhaps"}, "2170", "PrintStatus"),
    "no such line": ("Bill", BILL | {"Line": [sold(1)]}, "2170", "Line.DetailType"),
    "no such customer": ("Invoice", INVOICE | {"CustomerRef": ref("99")}, "2500", "CustomerRef"),
    "no such item": ("Invoice", INVOICE | {"Line": [sold(1, "99")]}, "2500", "ItemRef"),
    "wrong product": (
        "Invoice",
        INVOICE | {"Line": [sold(10, Qty=3, UnitPrice=3)]},
        "6070",
        "Amount is not equal to UnitPrice * Qty. Supplied value:10",
    ),
    "unbalanced": ("JournalEntry", {"Line": [entry("Debit", 1), entry("Credit", 2)]}, "2300", "ebits"),
    "less than nothing": ("Invoice", INVOICE | {"Line": [sold(-1)]}, "6000", "0 or greater"),
    "wrong currency": ("Invoice", INVOICE | {"CustomerRef": ref(HANS), "CurrencyRef": ref("USD")}, "6000", "currency"),
    "card by check": (
        "Purchase",
        {"PaymentType": "Check", "AccountRef": ref(CARD), "Line": [spent(1)]},
        "6000",
        "Bank",
    ),
    "to itself": (
        "Transfer",
        {"FromAccountRef": ref(CHECKING), "ToAccountRef": ref(CHECKING), "Amount": 1},
        "6000",
        "transfer",
    ),
    "colon": ("Customer", {"DisplayName": "a:b"}, "6000", "colon"),
    "duplicate": (
        "Account",
        {"Name": "checking", "AccountType": "Bank"},
        "6240",
        "The name supplied already exists. : null",
    ),
    "no type": ("Account", {"Name": "x"}, "2020", "AccountType"),
    "odd type": ("Account", {"Name": "x", "AccountType": "Odd"}, "2170", "AccountType"),
    "stock without accounts": ("Item", {"Name": "x", "Type": "Inventory"}, "2020", "IncomeAccountRef"),
    "no name": ("Class", {}, "2020", "Name"),
    "a list that is kept": ("TaxCode", {"Name": "x"}, "500", "Operation create is not supported."),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_record_is_refused(books: Books, case: str) -> None:
    entity, body, code, words = REFUSED[case]
    found, detail = books.refused(entity, body)
    assert (found, words in detail) == (code, True), (found, detail)


def test_what_is_not_there_or_no_id(books: Books) -> None:
    status, found = books.call("GET", "invoice/77")
    error = found["Fault"]["Error"][0]
    assert (status, error["code"], error["element"], error["Message"]) == (400, "610", "", "Object Not Found")
    status, found = books.call("GET", "customer/1.5")
    error = {
        "Message": "Invalid ID",
        "Detail": "Id should be a valid number. Supplied value:1.5",
        "code": "2030",
        "element": "Id",
    }
    assert (status, found) == (400, {"Fault": {"Error": [error], "type": "ValidationFault"}})
    for path in ("customer/1/5", "nothing/1", "preferences/1/2"):
        status, found = books.call("GET", path)
        assert (status, found["Fault"]["Error"][0]["code"]) == (400, "500"), path
    assert books.refused("Invoice", {"Id": "77", "SyncToken": "0"}, operation="delete")[0] == "610"
    assert books.refused("Bill", BILL, operation="void")[0] == "500"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1e999999999", b'{"Id": NaN}', b"[" * 3000, b'"\\ud800"'])
def test_what_is_no_record_is_refused(books: Books, body: bytes) -> None:
    answer = books.service.answer(Call("POST", ("invoice",), {}, body))
    assert (answer.status, b'"code":"2010"' in answer.content) == (400, True)


def test_another_party_is_never_paid(books: Books) -> None:
    bill, document = books.bill(10, KLAUS), books.invoice(10, HANS)
    line = {"Amount": 10, "LinkedTxn": [linked("Invoice", document)]}
    assert books.refused("Payment", {"CustomerRef": ref(AMY), "TotalAmt": 10, "Line": [line]})[0] == "6000"
    line = {"Amount": 10, "LinkedTxn": [linked("Bill", bill)]}
    check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": ref(CHECKING)}}
    body = {"VendorRef": ref(BOB), "TotalAmt": 10, "Line": [line], **check}
    assert books.refused("BillPayment", body)[0] == "6000"
    mine = {"Amount": 10, "LinkedTxn": [linked("Invoice", books.invoice(10))]}
    assert books.refused("Payment", {"CustomerRef": ref(AMY), "TotalAmt": 5, "Line": [mine]})[0] == "6000"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_there_is_get_and_post_alone(books: Books, method: str) -> None:
    assert books.call(method, "invoice/1")[1]["Fault"]["Error"][0]["code"] == "500"


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
OF: dict[str, dict[str, Any]] = {
    "Invoice": INVOICE,
    "Bill": BILL,
    "Payment": {"CustomerRef": ref(AMY), "TotalAmt": 5, "Line": []},
    "Deposit": {
        "DepositToAccountRef": ref(CHECKING),
        "Line": [{"Amount": 1, "DepositLineDetail": {"AccountRef": ref(RENT)}}],
    },
    "JournalEntry": {"Line": [entry("Debit", 1), entry("Credit", 1)]},
    "Item": {"Name": "n", "Type": "Service", "IncomeAccountRef": ref("1")},
    "Customer": {"DisplayName": "n"},
    "TimeActivity": {"NameOf": "Employee", "EmployeeRef": ref("7"), "Hours": 1},
}


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_payload_breaks_the_sandbox(data: st.DataObject) -> None:
    entity = data.draw(st.sampled_from(sorted(OF)))
    body = dict(OF[entity])
    body[data.draw(st.sampled_from(sorted(ENTITIES[entity].known)))] = data.draw(plain)
    with company() as books:
        status, found = books.call("POST", entity.lower(), body)
        assert status in (200, 400), found
        assert books.back_end.ledger.difference() == 0


def test_the_parsers_list_of_known_properties_is_cut_as_its_own_is(books: Books) -> None:
    detail = books.refused("Invoice", INVOICE | {"BadJson": True})[1]
    assert detail.startswith(
        'Property Name:Unrecognized field "BadJson" (class com.intuit.schema.finance.v3.Invoice), not'
    )
    assert detail.endswith(" [truncated]])\n specified is unsupported or invalid")


def test_items_that_cannot_be_sold_or_bought_say_so(books: Books) -> None:
    line = {
        "DetailType": "ItemBasedExpenseLineDetail",
        "ItemBasedExpenseLineDetail": {"ItemRef": ref(SERVICE)},
        "Amount": 1,
    }
    assert books.refused("Bill", BILL | {"Line": [line]})[0] == "6000"
    assert books.get("Item", PUMP)["QtyOnHand"] == 10
