"""Each transaction moves the accounts it should, to the cent; taking it back leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.quickbooks.books import (
    AMY,
    BOB,
    CARD,
    CHECKING,
    COGS,
    DISCOUNTS,
    EQUITY,
    EUROS,
    FREEMAN,
    HANS,
    KLAUS,
    LANE,
    PAYABLES,
    PUMP,
    RECEIVABLES,
    RENT,
    SALES,
    SAVINGS,
    STOCK,
    UNDEPOSITED,
    Books,
    linked,
    ref,
    sold,
    spent,
    token,
)  # fmt: skip

OPENING = {STOCK: 8000, EQUITY: -8000}
CHECK = {"PayType": "Check", "CheckPayment": {"BankAccountRef": ref(CHECKING)}}


def journal(debit: str, credit: str, amount: Any) -> list[dict[str, Any]]:
    return [
        {
            "Amount": amount,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": ref(account)},
        }
        for side, account in (("Debit", debit), ("Credit", credit))
    ]


SIMPLE: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "Invoice": ({"CustomerRef": ref(AMY), "Line": [sold(100)]}, {RECEIVABLES: 10000, SALES: -10000}),
    "CreditMemo": ({"CustomerRef": ref(AMY), "Line": [sold("12.34")]}, {RECEIVABLES: -1234, SALES: 1234}),
    "SalesReceipt": ({"Line": [sold(50)]}, {UNDEPOSITED: 5000, SALES: -5000}),
    "RefundReceipt": (
        {"DepositToAccountRef": ref(CHECKING), "Line": [sold(50)]},
        {CHECKING: -5000, SALES: 5000},
    ),
    "Payment": ({"CustomerRef": ref(AMY), "TotalAmt": 70}, {UNDEPOSITED: 7000, RECEIVABLES: -7000}),
    "Bill": ({"VendorRef": ref(BOB), "Line": [spent(80)]}, {RENT: 8000, PAYABLES: -8000}),
    "VendorCredit": ({"VendorRef": ref(BOB), "Line": [spent(8)]}, {PAYABLES: 800, RENT: -800}),
    "Purchase": (
        {"PaymentType": "Check", "AccountRef": ref(CHECKING), "Line": [spent(9)]},
        {RENT: 900, CHECKING: -900},
    ),
    "Deposit": (
        {
            "DepositToAccountRef": ref(CHECKING),
            "Line": [
                {"Amount": 20, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": ref(SAVINGS)}}
            ],
        },
        {CHECKING: 2000, SAVINGS: -2000},
    ),
    "Transfer": (
        {"FromAccountRef": ref(CHECKING), "ToAccountRef": ref(SAVINGS), "Amount": 30},
        {SAVINGS: 3000, CHECKING: -3000},
    ),
    "JournalEntry": ({"Line": journal(RENT, CHECKING, 40)}, {RENT: 4000, CHECKING: -4000}),
    "Estimate": ({"CustomerRef": ref(AMY), "Line": [sold(100)]}, {}),
    "PurchaseOrder": ({"VendorRef": ref(BOB), "Line": [spent(100)]}, {}),
}


@pytest.mark.parametrize("entity", SIMPLE)
def test_a_transaction_moves_its_accounts_and_deleting_it_moves_them_back(books: Books, entity: str) -> None:
    body, moves = SIMPLE[entity]
    made = books.post(entity, body)
    assert books.moved() == OPENING | moves
    assert books.post(entity, token(made), operation="delete") == {
        "domain": "QBO",
        "status": "Deleted",
        "Id": made["Id"],
    }
    assert books.moved() == OPENING
    assert books.back_end.ledger.difference() == 0


@pytest.mark.parametrize("entity", ["Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt", "Payment"])
def test_voiding_keeps_the_form_with_nothing_on_it(books: Books, entity: str) -> None:
    made = books.post(entity, SIMPLE[entity][0] | {"PrivateNote": "by hand"})
    found = books.post(entity, token(made) | {"sparse": True}, operation="update", include="void")
    assert (found["TotalAmt"], found["PrivateNote"], found["SyncToken"]) == (0, "Voided - by hand", "1")
    assert all(line["Amount"] == 0 for line in found["Line"])
    assert books.moved() == OPENING


def test_sales_tax_is_owed_to_its_agency(books: Books) -> None:
    made = books.invoice(
        Line=[sold(100, PUMP, TaxCodeRef=ref("TAX")), sold(50)], TxnTaxDetail={"TxnTaxCodeRef": ref("2")}
    )
    assert (made["TotalAmt"], made["TxnTaxDetail"]["TotalTax"]) == (158, 8)
    assert made["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == 100
    owed = books.query("select * from Account where Name = 'Board of Equalization Payable'")[0]
    assert owed["CurrentBalance"] == -8
    assert books.moved()[owed["Id"]] == -800


def test_a_discount_stands_after_the_subtotal_and_on_its_own_account(books: Books) -> None:
    off = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10}}
    made = books.invoice(Line=[sold(100), off])
    assert [line["DetailType"] for line in made["Line"]][1:] == ["SubTotalLineDetail", "DiscountLineDetail"]
    assert made["Line"][2]["DiscountLineDetail"]["DiscountAccountRef"] == {
        "value": DISCOUNTS,
        "name": "Discounts given",
    }
    assert (made["TotalAmt"], books.moved()) == (90, OPENING | {RECEIVABLES: 9000, SALES: -10000, DISCOUNTS: 1000})


def test_goods_go_out_at_their_average_cost_and_come_back_when_the_sale_is_undone(books: Books) -> None:
    bought = {"ItemRef": ref(PUMP), "Qty": 10, "UnitPrice": 12}
    line = {"DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": bought, "Amount": 120}
    books.post("Bill", {"VendorRef": ref(BOB), "Line": [line]})
    assert books.get("Item", PUMP)["QtyOnHand"] == 20
    made = books.invoice(Line=[sold(30, PUMP, Qty=2, UnitPrice=15)])
    assert books.moved()[COGS] == 2000  # two at the average of 8 and 12
    assert books.moved()[STOCK] == 8000 + 12000 - 2000
    books.post("Invoice", token(made), operation="void")
    assert books.moved().get(COGS) is None
    assert books.get("Item", PUMP)["QtyOnHand"] == 20


def test_a_payment_takes_what_is_open_and_keeps_the_rest(books: Books) -> None:
    first, second = books.invoice(100), books.invoice(60)
    paid = books.pay(150, first, second | {"Balance": 30}, DepositToAccountRef=ref(CHECKING))
    assert (paid["UnappliedAmt"], [line["Amount"] for line in paid["Line"]]) == (20, [100, 30])
    found = books.get("Invoice", second["Id"])
    assert (found["Balance"], found["LinkedTxn"]) == (30, [{"TxnId": paid["Id"], "TxnType": "Payment"}])
    assert books.get("Customer", AMY)["Balance"] == 10
    assert books.moved() == OPENING | {CHECKING: 15000, RECEIVABLES: 1000, SALES: -16000}
    again = books.pay(40, first | {"Balance": 40})
    assert (again["UnappliedAmt"], again["Line"]) == (40, [])


def test_an_unapplied_payment_is_applied_by_changing_it_and_no_account_moves(books: Books) -> None:
    paid, document = books.pay(100), books.invoice(100)
    before = books.moved()
    line = {"Amount": 100, "LinkedTxn": [linked("Invoice", document)]}
    found = books.post("Payment", token(paid) | {"sparse": True, "Line": [line]})
    assert (found["UnappliedAmt"], books.get("Invoice", document["Id"])["Balance"]) == (0, 0)
    assert books.moved() == before


def test_a_credit_memo_is_applied_by_a_payment_of_nothing(books: Books) -> None:
    credit = books.post("CreditMemo", {"CustomerRef": ref(AMY), "Line": [sold(40)]})
    document = books.invoice(100)
    before = books.moved()
    lines = [
        {"Amount": 40, "LinkedTxn": [linked(kind, d)]} for kind, d in (("Invoice", document), ("CreditMemo", credit))
    ]
    books.post("Payment", {"CustomerRef": ref(AMY), "TotalAmt": 0, "Line": lines})
    assert books.get("Invoice", document["Id"])["Balance"] == 60
    assert books.get("CreditMemo", credit["Id"])["RemainingCredit"] == 0
    assert books.moved() == before


def test_deleting_an_invoice_leaves_its_payment_unapplied(books: Books) -> None:
    document = books.invoice(100)
    paid = books.pay(100, document)
    books.post("Invoice", token(document), operation="delete")
    found = books.get("Payment", paid["Id"])
    assert (found["UnappliedAmt"], found["Line"]) == (100, [])
    assert books.get("Customer", AMY)["Balance"] == -100


def test_lowering_a_paid_invoice_frees_what_was_paid_too_much(books: Books) -> None:
    document = books.invoice(100)
    paid = books.pay(100, document)
    body = token(document) | {"sparse": True, "Line": [sold(70)]}
    assert books.post("Invoice", body)["Balance"] == 0
    assert books.get("Payment", paid["Id"])["UnappliedAmt"] == 30


def test_a_deposit_gathers_payments_and_the_bank_moves_once(books: Books) -> None:
    first, second = books.pay(100), books.pay(50)
    lines = [{"LinkedTxn": [linked("Payment", paid)]} for paid in (first, second)]
    made = books.post("Deposit", {"DepositToAccountRef": ref(CHECKING), "Line": lines})
    assert (made["TotalAmt"], books.moved()) == (150, OPENING | {CHECKING: 15000, RECEIVABLES: -15000})
    assert books.get("Payment", first["Id"])["LinkedTxn"] == [{"TxnId": made["Id"], "TxnType": "Deposit"}]
    assert books.refused("Payment", token(first), operation="delete")[0] == "6540"
    assert books.refused("Deposit", {"DepositToAccountRef": ref(SAVINGS), "Line": lines[:1]})[0] == "6540"
    books.post("Deposit", token(made), operation="delete")
    assert books.moved() == OPENING | {UNDEPOSITED: 15000, RECEIVABLES: -15000}


def test_bills_are_paid_from_the_bank_or_the_card_with_credits_used(books: Books) -> None:
    bill = books.bill(100)
    credit = books.post("VendorCredit", {"VendorRef": ref(BOB), "Line": [spent(10)]})
    lines = [
        {"Amount": 100, "LinkedTxn": [linked("Bill", bill)]},
        {"Amount": 10, "LinkedTxn": [linked("VendorCredit", credit)]},
    ]
    paid = books.post("BillPayment", {"VendorRef": ref(BOB), "TotalAmt": 90, "Line": lines, **CHECK})
    assert books.get("Bill", bill["Id"])["Balance"] == 0
    assert books.get("Bill", bill["Id"])["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "BillPaymentCheck"}]
    assert books.moved() == OPENING | {CHECKING: -9000, RENT: 9000}
    card = {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": ref(CARD)}}
    other = books.bill(25)
    body = {
        "VendorRef": ref(BOB),
        "TotalAmt": 25,
        "Line": [{"Amount": 25, "LinkedTxn": [linked("Bill", other)]}],
        **card,
    }
    books.post("BillPayment", body)
    assert books.moved()[CARD] == -2500
    # Paying what is paid keeps a payment of nothing, as the vendor has it.
    again = books.post("BillPayment", body)
    assert (again["TotalAmt"], again["Line"], again["PrivateNote"]) == (0, [], "Voided")


def test_a_refund_to_the_card_is_a_purchase_the_other_way_round(books: Books) -> None:
    body = {"PaymentType": "CreditCard", "AccountRef": ref(CARD), "Line": [spent(30)]}
    books.post("Purchase", body | {"Credit": True})
    assert books.moved() == OPENING | {CARD: 3000, RENT: -3000}


def test_foreign_documents_keep_their_rate_and_cash_makes_the_gain(books: Books) -> None:
    document = books.invoice(100, HANS)
    assert (document["CurrencyRef"]["value"], document["ExchangeRate"], document["HomeTotalAmt"]) == ("EUR", 2, 200)
    for part in (30, 70):
        open_ = books.get("Invoice", document["Id"]) | {"Balance": part}
        books.pay(part, open_, customer=HANS, ExchangeRate="2.5", DepositToAccountRef=ref(EUROS))
    found = books.get("Invoice", document["Id"])
    assert (found["Balance"], found["HomeBalance"]) == (0, 0)
    gain = books.query("select * from Account where AccountSubType = 'ExchangeGainOrLoss'")[0]["Id"]
    assert books.moved() == OPENING | {EUROS: 25000, SALES: -20000, gain: -5000}
    assert books.get("Account", EUROS)["CurrentBalance"] == 100
    assert books.get("Customer", HANS)["Balance"] == 0
    bill = books.bill(10, KLAUS, ExchangeRate=3)
    assert (bill["APAccountRef"]["name"], bill["HomeBalance"]) == ("Accounts Payable (A/P) - EUR", 30)


def test_a_customer_owes_with_those_below_it(books: Books) -> None:
    books.invoice(85, LANE)
    books.invoice(15, FREEMAN)
    found = books.get("Customer", FREEMAN)
    assert (found["Balance"], found["BalanceWithJobs"]) == (15, 100)
    document = books.query("select * from Invoice where Balance > '50'")[0]
    assert document["CustomerRef"]["name"] == "Freeman Sporting Goods:55 Twin Lane"
    books.pay(85, document, customer=FREEMAN)
    assert books.get("Invoice", document["Id"])["Balance"] == 0


def test_a_journal_on_receivables_names_its_customer_and_can_be_paid(books: Books) -> None:
    lines = journal(RECEIVABLES, SALES, 40)
    assert books.refused("JournalEntry", {"Line": lines})[0] == "6000"
    lines[0]["JournalEntryLineDetail"]["Entity"] = {"Type": "Customer", "EntityRef": ref(AMY)}
    made = books.post("JournalEntry", {"Line": lines})
    assert books.get("Customer", AMY)["Balance"] == 40
    line = {"Amount": 40, "LinkedTxn": [linked("JournalEntry", made)]}
    paid = books.post("Payment", {"CustomerRef": ref(AMY), "TotalAmt": 40, "Line": [line]})
    assert (paid["UnappliedAmt"], books.get("Customer", AMY)["Balance"]) == (0, 0)


def test_an_estimate_is_closed_by_the_invoice_made_from_it(books: Books) -> None:
    estimate = books.post("Estimate", {"CustomerRef": ref(AMY), "Line": [sold(10)]})
    made = books.invoice(10, LinkedTxn=[linked("Estimate", estimate)])
    found = books.get("Estimate", estimate["Id"])
    assert (found["TxnStatus"], found["LinkedTxn"]) == ("Closed", [{"TxnId": made["Id"], "TxnType": "Invoice"}])
    books.post("Invoice", token(made), operation="delete")
    assert books.get("Estimate", estimate["Id"])["TxnStatus"] == "Pending"


def test_a_credit_is_used_for_what_is_applied_and_freed_when_that_goes(books: Books) -> None:
    credit = books.post("CreditMemo", {"CustomerRef": ref(AMY), "Line": [sold(40)]})
    document = books.invoice(30)
    lines = [
        {"Amount": 40, "LinkedTxn": [linked(kind, d)]} for kind, d in (("CreditMemo", credit), ("Invoice", document))
    ]
    paid = books.post("Payment", {"CustomerRef": ref(AMY), "TotalAmt": 0, "Line": lines})
    assert [line["Amount"] for line in paid["Line"]] == [30, 30]
    assert books.get("CreditMemo", credit["Id"])["Balance"] == 10
    books.post("CreditMemo", token(credit), operation="delete")
    assert books.get("Invoice", document["Id"])["Balance"] == 30
    assert books.get("Payment", paid["Id"])["UnappliedAmt"] == 0
