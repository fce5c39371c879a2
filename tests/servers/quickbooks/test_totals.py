from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.servers.failure import Failure
from finchat.servers.quickbooks.entities import ENTITIES
from finchat.servers.quickbooks.totals import check

CENTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents).scaleb(-2))


def sold(amount: Any, **detail: Any) -> dict[str, Any]:
    return {"Amount": Decimal(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


def pays(kind: str, amount: str) -> dict[str, Any]:
    return {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": "1", "TxnType": kind}]}


def posted(side: str, amount: str) -> dict[str, Any]:
    detail = {"PostingType": side, "AccountRef": {"value": "1"}}
    return {"Amount": Decimal(amount), "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}


def refused(entity: str, body: dict[str, Any]) -> Failure:
    with pytest.raises(Failure) as error:
        check(ENTITIES[entity], body, stated="TotalAmt" in body)
    assert (error.value.code, error.value.outcome) == ("invalid_argument", "not_sent")
    assert error.value.next
    return error.value


def accepted(entity: str, body: dict[str, Any]) -> None:
    check(ENTITIES[entity], body, stated="TotalAmt" in body)


@settings(max_examples=50, deadline=None)
@given(st.lists(CENTS, min_size=1, max_size=5), CENTS, st.integers(-5, 5))
def test_a_total_is_the_sum_of_the_lines_and_the_tax_to_the_cent(
    amounts: list[Decimal], tax: Decimal, off: int
) -> None:
    body = {
        "Line": [sold(amount) for amount in amounts],
        "TxnTaxDetail": {"TotalTax": tax},
        "TotalAmt": sum(amounts, start=tax) + Decimal(off).scaleb(-2),
    }
    if off == 0:
        accepted("Invoice", body)
    else:
        assert refused("Invoice", body).field == "TotalAmt"


def test_a_lines_amount_is_quantity_times_price() -> None:
    accepted("Invoice", {"Line": [sold("100.00", Qty=Decimal(4), UnitPrice=Decimal(25))]})
    accepted("Invoice", {"Line": [sold("33.33", Qty=Decimal("3.333"), UnitPrice=Decimal(10))]})
    accepted("Invoice", {"Line": [sold("0.13", Qty=Decimal("0.5"), UnitPrice=Decimal("0.25"))]})
    accepted("Invoice", {"Line": [sold("0.12", Qty=Decimal("0.5"), UnitPrice=Decimal("0.25"))]})
    failure = refused("Invoice", {"Line": [sold(1), sold("100.00", Qty=Decimal(3), UnitPrice=Decimal(25))]})
    assert failure.field == "Line.1.Amount"
    assert "75.00" in failure.message


def test_a_line_says_what_it_is_and_what_it_costs() -> None:
    assert refused("Bill", {"Line": [{"Amount": Decimal(1)}]}).field == "Line.0.DetailType"
    bare = {"Amount": Decimal(1), "DetailType": "AccountBasedExpenseLineDetail"}
    assert refused("Bill", {"Line": [bare]}).field == "Line.0.AccountBasedExpenseLineDetail"
    free = {"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
    assert refused("Invoice", {"Line": [free]}).field == "Line.0.Amount"


def test_a_discount_comes_off_the_total() -> None:
    off = {"Amount": Decimal(10), "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}}
    accepted("Invoice", {"Line": [sold("100.00"), off], "TotalAmt": Decimal("90.00")})
    refused("Invoice", {"Line": [sold("100.00"), off], "TotalAmt": Decimal("110.00")})


@pytest.mark.parametrize(
    "body",
    [
        {"Line": [sold(1)], "TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}}},
        {"Line": [sold(1, TaxCodeRef={"value": "TAX"})]},
    ],
)
def test_a_total_is_not_taken_on_trust_while_the_tax_is_not_known(body: dict[str, Any]) -> None:
    assert "leave TotalAmt out" in (refused("Invoice", {**body, "TotalAmt": Decimal(1)}).next or "")
    accepted("Invoice", body)


def test_a_payment_takes_no_more_than_was_paid_and_credited() -> None:
    lands = {"DepositToAccountRef": {"value": "35"}}
    accepted("Payment", {**lands, "TotalAmt": Decimal(100), "Line": [pays("Invoice", "60.00")]})
    accepted("Payment", {"TotalAmt": Decimal(0), "Line": [pays("Invoice", "60.00"), pays("CreditMemo", "60.00")]})
    too_much = refused("Payment", {**lands, "TotalAmt": Decimal(100), "Line": [pays("Invoice", "100.01")]})
    assert "100.01" in too_much.message
    credited = {"TotalAmt": Decimal(0), "Line": [pays("Invoice", "60.01"), pays("CreditMemo", "60.00")]}
    assert refused("Payment", credited).field == "TotalAmt"
    refused("Payment", {**lands, "TotalAmt": Decimal(-1)})
    refused("Payment", {**lands, "TotalAmt": Decimal(1), "Line": [pays("Invoice", "-1.00")]})


def test_a_payment_states_where_the_money_lands() -> None:
    assert refused("Payment", {"TotalAmt": Decimal(100)}).field == "DepositToAccountRef"


def test_a_bill_payment_names_the_account_of_its_kind() -> None:
    body = {"TotalAmt": Decimal(5), "Line": [pays("Bill", "5.00")], "PayType": "CreditCard"}
    card, check_ = {"CCAccountRef": {"value": "41"}}, {"BankAccountRef": {"value": "35"}}
    accepted("BillPayment", {**body, "CreditCardPayment": card})
    assert refused("BillPayment", body).field == "CreditCardPayment"
    assert refused("BillPayment", {**body, "CreditCardPayment": card, "CheckPayment": check_}).field == "CheckPayment"
    over = {**body, "CreditCardPayment": card, "Line": [pays("Bill", "8.00"), pays("VendorCredit", "2.00")]}
    assert refused("BillPayment", over).field == "TotalAmt"


def test_a_journal_entry_balances_and_a_transfer_moves() -> None:
    accepted("JournalEntry", {"Line": [posted("Debit", "5.00"), posted("Credit", "5.00")]})
    assert refused("JournalEntry", {"Line": [posted("Debit", "5.00"), posted("Credit", "5.01")]}).field == "Line"
    assert refused("Transfer", {"FromAccountRef": {"value": "1"}, "ToAccountRef": {"value": "1"}})


def test_cash_kept_back_comes_off_a_deposit() -> None:
    body = {"Line": [pays("Payment", "100.00")], "CashBack": {"Amount": Decimal(20)}}
    accepted("Deposit", {**body, "TotalAmt": Decimal(80)})
    refused("Deposit", {**body, "TotalAmt": Decimal(100)})
