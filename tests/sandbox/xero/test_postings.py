"""What each document type moves, account by account; cents, debit positive."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.xero.company import BANK, CUSTOMER, SUPPLIER, Client, back_end, bill, invoice, line, payment

SALE = {"DEBTORS": 11500, "200": -10000, "GST": -1500}
PURCHASE = {"CREDITORS": -11500, "469": 10000, "GST": 1500}


def negated(postings: dict[str, int]) -> dict[str, int]:
    return {account: -amount for account, amount in postings.items()}


@pytest.fixture
def client() -> Client:
    return Client(back_end())


async def transaction(client: Client, kind: str, amount: str = "40.00", **more: Any) -> dict[str, Any]:
    lines = (
        [line(amount, "200", "OUTPUT2")]
        if kind in ("RECEIVE", "SPEND")
        else [{"Description": "x", "LineAmount": amount}]
    )
    contact = CUSTOMER if kind.startswith("RECEIVE") else SUPPLIER
    body = {
        "Type": kind,
        "Contact": {"ContactID": contact},
        "BankAccount": {"AccountID": BANK},
        "Date": "2026-11-05",
        "LineItems": lines,
        **more,
    }
    return await client.done("PUT", "BankTransactions", body)


def credit_note(kind: str, amount: str = "100.00") -> dict[str, Any]:
    sale = kind == "ACCRECCREDIT"
    return {
        "Type": kind,
        "Status": "AUTHORISED",
        "Contact": {"ContactID": CUSTOMER if sale else SUPPLIER},
        "Date": "2026-11-03",
        "LineItems": [line(amount) if sale else line(amount, "469", "INPUT2")],
    }


async def test_an_approved_invoice_debits_receivables_and_credits_sales_and_tax(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice())
    assert client.postings(made["InvoiceID"]) == SALE


async def test_an_approved_bill_credits_payables_and_debits_the_expense_and_tax(client: Client) -> None:
    made = await client.done("PUT", "Invoices", bill())
    assert client.postings(made["InvoiceID"]) == PURCHASE


async def test_a_draft_posts_nothing_until_it_is_approved(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice(Status="DRAFT"))
    assert client.postings(made["InvoiceID"]) == {}
    await client.done("POST", f"Invoices/{made['InvoiceID']}", {"Status": "AUTHORISED"})
    assert client.postings(made["InvoiceID"]) == SALE


@pytest.mark.parametrize("make", [invoice, bill])
async def test_voiding_reverses_every_posting_and_leaves_nothing_due(client: Client, make: Any) -> None:
    made = await client.done("PUT", "Invoices", make())
    voided = await client.done("POST", "Invoices", {"InvoiceID": made["InvoiceID"], "Status": "VOIDED"})
    assert (voided["Status"], voided["AmountDue"]) == ("VOIDED", 0)
    assert client.postings(made["InvoiceID"]) == {}
    assert len(client.back.ledger.postings_of(made["InvoiceID"])) == 6


@pytest.mark.parametrize(("kind", "expected"), [("ACCRECCREDIT", negated(SALE)), ("ACCPAYCREDIT", negated(PURCHASE))])
async def test_a_credit_note_is_the_reverse_of_its_document_until_voided(
    client: Client, kind: str, expected: dict[str, int]
) -> None:
    made = await client.done("PUT", "CreditNotes", credit_note(kind))
    assert client.postings(made["CreditNoteID"]) == expected
    await client.done("POST", f"CreditNotes/{made['CreditNoteID']}", {"Status": "VOIDED"})
    assert client.postings(made["CreditNoteID"]) == {}


@pytest.mark.parametrize(
    ("make", "expected"),
    [(invoice, {"090": 5000, "DEBTORS": -5000}), (bill, {"090": -5000, "CREDITORS": 5000})],
)
async def test_a_payment_moves_bank_and_control_until_deleted(
    client: Client, make: Any, expected: dict[str, int]
) -> None:
    made = await client.done("PUT", "Invoices", make())
    paid = await client.done("PUT", "Payments", payment(made, "50.00"))
    assert client.postings(paid["PaymentID"]) == expected
    await client.done("POST", f"Payments/{paid['PaymentID']}", {"Payments": [{"Status": "DELETED"}]})
    assert client.postings(paid["PaymentID"]) == {}


async def test_a_payment_to_a_clearing_account_leaves_the_bank_alone(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice())
    paid = await client.done("PUT", "Payments", payment(made, "115.00", Account={"Code": "615"}))
    assert client.postings(paid["PaymentID"]) == {"615": 11500, "DEBTORS": -11500}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("ACCRECCREDIT", {"090": -11500, "DEBTORS": 11500}), ("ACCPAYCREDIT", {"090": 11500, "CREDITORS": -11500})],
)
async def test_a_refund_of_a_credit_note_moves_cash_the_other_way(
    client: Client, kind: str, expected: dict[str, int]
) -> None:
    made = await client.done("PUT", "CreditNotes", credit_note(kind))
    refund = await client.done("PUT", "Payments", payment(made, "115.00"))
    assert client.postings(refund["PaymentID"]) == expected
    assert refund["PaymentType"] == ("ARCREDITPAYMENT" if kind == "ACCRECCREDIT" else "APCREDITPAYMENT")
    await client.done("POST", f"Payments/{refund['PaymentID']}", {"Status": "DELETED"})
    assert client.postings(refund["PaymentID"]) == {}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("RECEIVE", {"090": 4600, "200": -4000, "GST": -600}),
        ("SPEND", {"090": -4600, "200": 4000, "GST": 600}),
        ("RECEIVE-OVERPAYMENT", {"090": 4000, "DEBTORS": -4000}),
        ("RECEIVE-PREPAYMENT", {"090": 4000, "DEBTORS": -4000}),
        ("SPEND-OVERPAYMENT", {"090": -4000, "CREDITORS": 4000}),
        ("SPEND-PREPAYMENT", {"090": -4000, "CREDITORS": 4000}),
    ],
)
async def test_a_bank_transaction_moves_the_bank_until_deleted(
    client: Client, kind: str, expected: dict[str, int]
) -> None:
    made = await transaction(client, kind)
    identity = made["BankTransactionID"]
    assert client.postings(identity) == expected
    gone = await client.done("POST", f"BankTransactions/{identity}", {"Status": "DELETED"})
    assert gone["Status"] == "DELETED"
    assert client.postings(identity) == {}


@pytest.mark.parametrize("kind", ["OVERPAYMENT", "PREPAYMENT"])
async def test_an_over_or_prepayment_is_open_until_allocated_and_its_allocation_posts_nothing(
    client: Client, kind: str
) -> None:
    made = await client.done("PUT", "Invoices", invoice())
    received = await transaction(client, f"RECEIVE-{kind}")
    resource, key = (f"{kind.capitalize()}s", f"{kind.capitalize()}ID")
    credit = await client.done("GET", f"{resource}/{received[key]}")
    assert (credit["RemainingCredit"], credit["Status"], credit["Type"]) == (40, "AUTHORISED", f"RECEIVE-{kind}")
    allocation = await client.done(
        "PUT",
        f"{resource}/{received[key]}/Allocations",
        {"Allocations": [{"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": 40, "Date": "2026-11-06"}]},
    )
    assert client.postings(allocation["AllocationID"]) == {}
    found = await client.done("GET", f"Invoices/{made['InvoiceID']}")
    assert (found["AmountDue"], found["AmountCredited"], found[resource][0]["AppliedAmount"]) == (75, 40, 40)
    assert (await client.done("GET", f"{resource}/{received[key]}"))["Status"] == "PAID"
    path = f"{resource}/{received[key]}/Allocations/{allocation['AllocationID']}"
    gone = await client.send("DELETE", path)
    assert gone.json()["IsDeleted"] is True
    assert (await client.done("GET", f"Invoices/{made['InvoiceID']}"))["AmountDue"] == 115


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("RECEIVE-OVERPAYMENT", {"090": -4000, "DEBTORS": 4000}),
        ("RECEIVE-PREPAYMENT", {"090": -4000, "DEBTORS": 4000}),
        ("SPEND-OVERPAYMENT", {"090": 4000, "CREDITORS": -4000}),
        ("SPEND-PREPAYMENT", {"090": 4000, "CREDITORS": -4000}),
    ],
)
async def test_a_refund_of_an_over_or_prepayment_pays_it_back_until_deleted(
    client: Client, kind: str, expected: dict[str, int]
) -> None:
    made = await transaction(client, kind)
    name = kind.partition("-")[2].capitalize()
    credit, resource, key = made[f"{name}ID"], f"{name}s", f"{name}ID"
    refund = await client.done("PUT", "Payments", payment({key: credit}, "40.00"))
    assert client.postings(refund["PaymentID"]) == expected
    assert (await client.done("GET", f"{resource}/{credit}"))["Status"] == "PAID"
    told, _ = await client.refused("POST", f"BankTransactions/{made['BankTransactionID']}", {"Status": "DELETED"})
    assert "allocated or refunded" in told
    await client.done("POST", f"Payments/{refund['PaymentID']}", {"Status": "DELETED"})
    assert client.postings(refund["PaymentID"]) == {}
    reopened = await client.done("GET", f"{resource}/{credit}")
    assert (reopened["Status"], reopened["RemainingCredit"]) == ("AUTHORISED", 40)
    await client.done("POST", f"BankTransactions/{made['BankTransactionID']}", {"Status": "DELETED"})
    gone = await client.done("GET", f"{resource}/{credit}")
    assert (gone["Status"], gone["RemainingCredit"]) == ("VOIDED", 0)


@pytest.mark.parametrize("kind", ["CreditNote", "Overpayment", "Prepayment"])
@pytest.mark.parametrize("side", ["sale", "purchase"])
async def test_deleting_an_allocation_opens_both_sides_and_frees_the_credit(
    client: Client, kind: str, side: str
) -> None:
    sale = side == "sale"
    made = await client.done("PUT", "Invoices", invoice() if sale else bill())
    if kind == "CreditNote":
        credit = await client.done("PUT", "CreditNotes", credit_note("ACCRECCREDIT" if sale else "ACCPAYCREDIT"))
        source = f"CreditNotes/{credit['CreditNoteID']}"
        end = {"Status": "VOIDED"}
    else:
        credit = await transaction(client, f"{'RECEIVE' if sale else 'SPEND'}-{kind.upper()}")
        source = f"BankTransactions/{credit['BankTransactionID']}"
        end = {"Status": "DELETED"}
    before = client.back.trial_balance()
    path = f"{kind}s/{credit[f'{kind}ID']}"
    body = {"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": "25.00", "Date": "2026-11-06"}
    allocation = await client.done("PUT", f"{path}/Allocations", body)
    told, _ = await client.refused("POST", source, end)
    assert "allocated" in told
    answer = await client.send("DELETE", f"{path}/Allocations/{allocation['AllocationID']}")
    gone = answer.json()
    assert (gone["AllocationID"], gone["IsDeleted"]) == (allocation["AllocationID"], True)
    assert (gone["Invoice"]["InvoiceID"], "Status" in gone) == (made["InvoiceID"], False)
    shown = await client.done("GET", f"Invoices/{made['InvoiceID']}")
    assert (shown["AmountDue"], shown["AmountCredited"], shown[f"{kind}s"]) == (115, 0, [])
    assert (await client.done("GET", path))["Allocations"] == []
    assert client.back.trial_balance() == before
    again = await client.refused("DELETE", f"{path}/Allocations/{allocation['AllocationID']}")
    assert again == ("The allocation could not be found (AllocationID)", "AllocationID")
    await client.done("POST", source, end)
    credited = credit.get("CreditNoteID") or credit["BankTransactionID"]
    assert client.postings(credited) == {}


async def test_an_allocation_in_a_locked_period_stays(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice())
    note = await client.done("PUT", "CreditNotes", credit_note("ACCRECCREDIT"))
    path = f"CreditNotes/{note['CreditNoteID']}/Allocations"
    body = {"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": "25.00", "Date": "2026-11-06"}
    allocation = await client.done("PUT", path, body)
    client.back.db.execute("UPDATE organisation SET body = json_set(body, '$.PeriodLockDate', '2026-11-06')")
    told, field = await client.refused("DELETE", f"{path}/{allocation['AllocationID']}")
    assert ("currently set at 6 November 2026" in told, field) == (True, "Date")


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        # 15 % of 10.10 is 1.515, rounded to 1.52 on each line; of the sum it would be 3.03.
        ("Exclusive", {"090": -2324, "469": 2020, "GST": 304}),
        # 10.10 × 15 / 115 = 1.317, 1.32 on each line; of the sum it would be 2.63.
        ("Inclusive", {"090": -2020, "469": 1756, "GST": 264}),
        ("NoTax", {"090": -2020, "469": 2020}),
    ],
)
async def test_tax_of_money_spent_is_rounded_line_by_line(client: Client, types: str, expected: dict[str, int]) -> None:
    lines = [line("10.10", "469", "INPUT2"), line("10.10", "469", "INPUT2")]
    made = await transaction(client, "SPEND", LineItems=lines, LineAmountTypes=types)
    assert client.postings(made["BankTransactionID"]) == expected


async def test_an_overpayment_has_no_tax(client: Client) -> None:
    with_tax = {
        "Type": "RECEIVE-OVERPAYMENT",
        "Contact": {"ContactID": CUSTOMER},
        "BankAccount": {"AccountID": BANK},
        "Date": "2026-11-05",
        "LineAmountTypes": "Inclusive",
        "LineItems": [line("40.00")],
    }
    told, field = await client.refused("PUT", "BankTransactions", with_tax)
    assert ("has no tax" in told, field) == (True, "LineAmountTypes")


async def test_an_allocation_of_a_credit_note_moves_no_account(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice())
    note = await client.done("PUT", "CreditNotes", credit_note("ACCRECCREDIT", "20.00"))
    before = client.back.balances()
    allocation = await client.done(
        "PUT",
        f"CreditNotes/{note['CreditNoteID']}/Allocations",
        {"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": "23.00", "Date": "2026-11-04"},
    )
    assert client.postings(allocation["AllocationID"]) == {}
    assert client.back.balances() == before
    assert (await client.done("GET", f"Invoices/{made['InvoiceID']}"))["AmountDue"] == 92


async def test_a_foreign_payment_posts_the_realised_gain(client: Client) -> None:
    made = await client.done(
        "PUT", "Invoices", invoice("1000.00", CurrencyCode="USD", CurrencyRate="0.6", LineAmountTypes="NoTax")
    )
    assert client.postings(made["InvoiceID"]) == {"DEBTORS": 166667, "200": -166667}
    first = await client.done("PUT", "Payments", payment(made, "400.00", CurrencyRate="0.5"))
    assert (first["BankAmount"], first["Invoice"]["AmountDue"]) == (800, 600)
    assert client.postings(first["PaymentID"]) == {"090": 80000, "DEBTORS": -66667, "REALISEDCURRENCYGAIN": -13333}
    last = await client.done("PUT", "Payments", payment(made, "600.00", CurrencyRate="0.75"))
    assert client.postings(last["PaymentID"]) == {"090": 80000, "DEBTORS": -100000, "REALISEDCURRENCYGAIN": 20000}
    assert client.back.balances()["receivables"] == "0.00"


async def test_a_foreign_payment_into_its_own_currency_moves_that_currency(client: Client) -> None:
    made = await client.done(
        "PUT", "Invoices", invoice("100.00", CurrencyCode="USD", CurrencyRate="0.5", LineAmountTypes="NoTax")
    )
    paid = await client.done("PUT", "Payments", payment(made, "100.00", Account={"Code": "091"}, CurrencyRate="0.5"))
    assert paid["BankAmount"] == 100
    assert client.postings(paid["PaymentID"]) == {"091": 20000, "DEBTORS": -20000}
    dollars = next(b for b in client.back.balances()["bank"] if b["currency"] == "USD")
    assert dollars["amount"] == "100.00"


async def test_a_bank_amount_settles_the_rate_to_the_cent(client: Client) -> None:
    made = await client.done(
        "PUT", "Invoices", invoice("100000.00", CurrencyCode="USD", CurrencyRate="0.6", LineAmountTypes="NoTax")
    )
    paid = await client.done("PUT", "Payments", payment(made, "100000.00", BankAmount="163421.00"))
    assert client.postings(paid["PaymentID"])["090"] == 16342100


async def test_a_foreign_credit_allocated_across_rates_posts_the_difference(client: Client) -> None:
    made = await client.done(
        "PUT", "Invoices", invoice("100.00", CurrencyCode="USD", CurrencyRate="0.5", LineAmountTypes="NoTax")
    )
    body = {**credit_note("ACCRECCREDIT"), "CurrencyCode": "USD", "CurrencyRate": "0.8", "LineAmountTypes": "NoTax"}
    note = await client.done("PUT", "CreditNotes", body)
    allocation = await client.done(
        "PUT",
        f"CreditNotes/{note['CreditNoteID']}/Allocations",
        {"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": 100, "Date": "2026-11-04"},
    )
    assert client.postings(allocation["AllocationID"]) == {"DEBTORS": -7500, "REALISEDCURRENCYGAIN": 7500}
    assert client.back.balances()["receivables"] == "0.00"


async def test_editing_an_approved_invoice_reverses_and_posts_anew(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice())
    kept = {"LineItemID": made["LineItems"][0]["LineItemID"], "UnitAmount": "60.00"}
    changed = await client.done("POST", f"Invoices/{made['InvoiceID']}", {"LineItems": [kept, line("40.00", "469")]})
    assert [found["LineAmount"] for found in changed["LineItems"]] == [60, 40]
    assert client.postings(made["InvoiceID"]) == {"DEBTORS": 11500, "200": -6000, "469": -4000, "GST": -1500}
    assert client.back.balances()["trial_balance_difference"] == "0.00"
