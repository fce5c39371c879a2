"""Single records in the vendor's own shape, as books have them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.books.documents import Account
from finchat.providers.fields import UnreadableRecord
from finchat.providers.quickbooks import details, movements, parsing, payloads, settlements
from finchat.providers.quickbooks.again import record_of
from finchat.providers.quickbooks.queries import id_lists, literal
from finchat.servers.quickbooks.normalise import parse as parsed_answer

RECORDED = Path(__file__).parents[4] / "shared/data/quickbooks/recorded"
BANK = Account(id="35", code="1000", name="Checking", kind="bank", currency="USD")
EUROS = Account(id="36", code="1001", name="Euros", kind="bank", currency="EUR")
WAITING = Account(id="4", code="", name="Undeposited Funds", kind="asset", currency="USD", undeposited=True)
ACCOUNTS = {a.id: a for a in (BANK, EUROS, WAITING)}


def payment(*lines: tuple[str, str, str], total: str, account: str = "35", **more: Any) -> dict[str, Any]:
    """`lines`: (what, id, amount)."""
    return {
        "Id": "9", "TxnDate": "2026-11-03", "CustomerRef": {"value": "1", "name": "Amy"}, "TotalAmt": total,
        "DepositToAccountRef": {"value": account},
        "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": what}]} for what, id, amount in lines],
        **more,
    }  # fmt: skip


def cash_of(row: dict[str, Any]) -> settlements.Cash:
    return settlements.cash(settlements.settlement(row, "USD"), ACCOUNTS, "USD")


def test_credits_of_a_payment_go_to_its_documents_in_order_and_the_rest_is_cash() -> None:
    row = payment(("Invoice", "1", "100"), ("Invoice", "2", "50"), ("CreditMemo", "3", "120"), total="30")
    one = settlements.settlement(row, "USD")
    assert [(s.id, s.cash, s.credits) for s in one.shares] == [
        ("1", 0, (("3", Decimal(100)),)), ("2", Decimal(30), (("3", Decimal(20)),)),
    ]  # fmt: skip
    assert one.unapplied == 0
    assert [(p.id, p.document_id, p.amount) for p in cash_of(row).payments] == [("9", "2", Decimal(30))]


def test_a_credit_applied_by_a_payment_of_nothing_moves_no_money() -> None:
    row = payment(("Invoice", "1", "100"), ("CreditMemo", "3", "100"), total="0")
    assert cash_of(row) == settlements.Cash()
    assert settlements.paid_on([settlements.settlement(row, "USD")]) == {"1": date(2026, 11, 3)}


def test_a_journal_entry_is_a_credit_where_the_money_could_not_settle_it() -> None:
    one = settlements.settlement(payment(("Invoice", "1", "100"), ("JournalEntry", "3", "40"), total="60"), "USD")
    assert [(s.id, s.cash) for s in one.shares] == [("1", Decimal(60))]
    owed = settlements.settlement(payment(("Invoice", "1", "100"), ("JournalEntry", "3", "40"), total="140"), "USD")
    assert [(s.id, s.cash) for s in owed.shares] == [("1", Decimal(100)), ("3", Decimal(40))]


def test_what_no_document_takes_stays_with_its_payment_as_an_overpayment() -> None:
    part = payment(("Invoice", "1", "100"), total="130", UnappliedAmt="30")
    found = cash_of(part)
    assert found.batch is not None
    assert (found.batch.id, found.batch.amount, found.batch.whole) == ("9", Decimal(130), True)
    assert [(p.document_id, p.amount) for p in found.payments] == [("1", Decimal(100)), ("", Decimal(30))]
    credit = settlements.kept_credit(settlements.settlement(part, "USD"))
    assert credit is not None
    assert (credit.kind, credit.type, credit.remaining, credit.source_id) == (
        "overpayment",
        "invoice",
        Decimal(30),
        "9",
    )
    ahead = cash_of(payment(total="130", UnappliedAmt="130")).transaction
    assert ahead is not None
    assert (ahead.kind, ahead.id, ahead.amount, ahead.direction) == ("overpayment", "9", Decimal(130), "receive")


def test_a_bill_payment_says_nothing_of_what_is_unapplied_and_it_is_worked_out() -> None:
    row = payment(("Bill", "1", "100"), ("VendorCredit", "2", "20"), total="95", VendorRef={"value": "7"})
    row |= {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": "35"}}}
    one = settlements.settlement(row, "USD")
    assert (one.side, one.direction, one.account_id, one.unapplied) == ("bill", "spend", "35", Decimal(15))


def test_money_that_waits_to_be_deposited_is_no_movement_of_a_bank() -> None:
    row = payment(("Invoice", "1", "100"), total="100", account="4", PaymentRefNum="1042")
    found = cash_of(row)
    assert found.undeposited is not None
    assert (found.undeposited.reference, found.undeposited.document_ids) == ("1042", ("1",))
    assert [p.account_id for p in found.payments] == ["4"]
    taken = cash_of({**row, "LinkedTxn": [{"TxnId": "55", "TxnType": "Deposit"}]})
    assert taken.undeposited is None
    unapplied = cash_of(payment(total="100", account="4", UnappliedAmt="100"))
    assert unapplied.transaction is None
    assert unapplied.undeposited is not None


def test_a_foreign_payment_into_a_home_account_moves_its_total_at_its_rate_to_the_cent() -> None:
    row = payment(
        ("Invoice", "1", "33.33"), ("Invoice", "2", "33.34"), total="66.67", CurrencyRef={"value": "EUR"},
        ExchangeRate=Decimal("1.0837"),
    )  # fmt: skip
    found = cash_of(row)
    assert sum(p.bank_amount for p in found.payments) == Decimal("72.25")
    assert {p.currency for p in found.payments} == {"EUR"}
    with pytest.raises(UnreadableRecord, match="no ExchangeRate"):
        cash_of({**row, "ExchangeRate": None})
    own = cash_of({**row, "DepositToAccountRef": {"value": "36"}, "ExchangeRate": None})
    assert sum(p.bank_amount for p in own.payments) == Decimal("66.67")


@settings(max_examples=50)
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.integers(0, 10**6), st.integers(0, 10**6))
def test_cash_and_credit_of_a_payment_always_add_up(cents: list[int], credit: int, extra: int) -> None:
    used = min(credit, sum(cents))

    def money(value: int) -> str:
        return f"{Decimal(value) / 100:.2f}"

    lines = [("Invoice", str(i), money(c)) for i, c in enumerate(cents, 1)] + [("CreditMemo", "77", money(used))]
    total = sum(cents) - used + extra
    one = settlements.settlement(payment(*lines, total=money(total)), "USD")
    assert one.unapplied == Decimal(extra) / 100
    assert sum(s.cash for s in one.shares) == Decimal(sum(cents) - used) / 100
    found = settlements.cash(one, ACCOUNTS, "USD")
    moved = sum(p.bank_amount for p in found.payments) + (found.transaction.amount if found.transaction else 0)
    assert moved == Decimal(total) / 100


def test_a_deposit_of_what_waited_is_told_from_money_received() -> None:
    line = {
        "Amount": "100",
        "DepositLineDetail": {"AccountRef": {"value": "79"}, "Entity": {"value": "1", "name": "A"}},
    }
    row = {
        "Id": "5",
        "TxnDate": "2026-11-03",
        "TotalAmt": "100",
        "DepositToAccountRef": {"value": "35"},
        "Line": [line],
    }
    money = movements.deposit(row, ACCOUNTS, "USD")
    assert (money.kind, money.coded_to, money.contact_id) == ("money", ("79",), "1")
    gathered = {**row, "Line": [{**line, "LinkedTxn": [{"TxnId": "9", "TxnType": "Payment"}]}]}
    assert movements.deposit(gathered, ACCOUNTS, "USD").kind == "deposit"


def test_a_journal_entry_on_a_bank_account_moves_it() -> None:
    def line(id: str, account: str, side: str) -> dict[str, Any]:
        detail = {"PostingType": side, "AccountRef": {"value": account}}
        return {"Id": id, "Amount": "80", "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}

    row = {"Id": "8", "TxnDate": "2026-11-03", "Line": [line("0", "35", "Debit"), line("1", "79", "Credit")]}
    (moved,) = movements.journal(row, ACCOUNTS, "USD")
    assert (moved.id, moved.direction, moved.amount, moved.coded_to) == ("8", "receive", Decimal(80), ("79",))
    assert (
        movements.journal({**row, "Line": [line("0", "80", "Debit"), line("1", "79", "Credit")]}, ACCOUNTS, "USD") == ()
    )


def test_a_voided_invoice_owes_nothing_and_says_so() -> None:
    row = {
        "Id": "3", "TxnDate": "2026-11-03", "TotalAmt": "0", "Balance": "0", "PrivateNote": "Voided",
        "CustomerRef": {"value": "1"},
    }  # fmt: skip
    assert parsing.invoice(row, "USD").status == "void"
    assert parsing.invoice({**row, "PrivateNote": "Free sample"}, "USD").status == "paid"


def test_the_customers_own_number_is_found_where_companies_write_it() -> None:
    row = {"Id": "3", "TxnDate": "2026-11-03", "TotalAmt": "1", "Balance": "1"}
    field = {"DefinitionId": "1", "Name": "P.O. Number", "StringValue": "4711"}
    assert parsing.invoice({**row, "CustomField": [field]}, "USD").reference == "4711"
    assert parsing.invoice({**row, "CustomerMemo": {"value": "Your order: PO-9, thanks!"}}, "USD").reference == "PO-9"
    assert parsing.invoice({**row, "CustomerMemo": {"value": "Pay 5 now or 9 later"}}, "USD").reference == ""


def test_tax_codes_of_another_country_are_codes_of_lines() -> None:
    def side(rate: str) -> dict[str, Any]:
        return {"TaxRateDetail": [{"TaxRateRef": {"value": rate}, "TaxOrder": 0}]}

    codes = [
        {"Id": "5", "Name": "HST ON", "SalesTaxRateList": side("1"), "PurchaseTaxRateList": side("2")},
        {"Id": "6", "Name": "Exempt sale", "SalesTaxRateList": side("3"), "PurchaseTaxRateList": {"TaxRateDetail": []}},
    ]
    rates = [{"Id": "1", "RateValue": "13"}, {"Id": "2", "RateValue": "13"}, {"Id": "3", "RateValue": "0"}]
    hst, exempt = parsing.tax_rates(codes, rates, "")
    assert (hst.percent, hst.revenue, hst.expenses) == (Decimal(13), True, True)
    assert (exempt.percent, exempt.revenue, exempt.expenses) == (Decimal(0), True, False)


def test_a_record_that_cannot_be_read_is_named_as_a_person_knows_it() -> None:
    with pytest.raises(UnreadableRecord, match=r"QuickBooks invoice 3 \(1042, Amy\): TxnDate is missing") as caught:
        parsing.invoice({"Id": "3", "DocNumber": "1042", "CustomerRef": {"value": "1", "name": "Amy"}}, "USD")
    assert caught.value.field == "TxnDate"


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=60))
def test_a_value_in_a_query_cannot_end_its_quotes(text: str) -> None:
    from finchat.dialects.quickbooks_query import parse

    (condition,) = parse(f"SELECT * FROM Invoice WHERE DocNumber = {literal(text)}").conditions
    assert [value.text for value in condition.values] == [text]


def test_lists_of_ids_fit_the_queries_they_are_for() -> None:
    ids = {str(n) for n in range(100000, 102000)}
    parts = list(id_lists(ids))
    assert all(len(part) < 3900 for part in parts)
    assert {id.strip("'") for part in parts for id in part[7:-1].split(", ")} == ids


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not here")
def test_recorded_answers_of_the_real_service_are_understood() -> None:
    def records(name: str, entity: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for pair in json.loads((RECORDED / f"{name}.json").read_text()):
            body = parsed_answer(json.dumps(pair["response_json"]).encode())
            found += body.get("QueryResponse", body).get(entity, []) if "QueryResponse" in body else [body[entity]]
        return found

    (created,) = records("create_invoice", "Invoice")
    invoice = parsing.invoice(created, "USD")
    assert (invoice.total, invoice.amount_due, invoice.status) == (Decimal(100), Decimal(100), "open")
    whole = details.detail("invoice", created, "USD", {}, settlements=(), numbers={})
    assert sum(line.line_amount for line in whole.lines) == whole.sub_total
    before, after = records("void_invoice", "Invoice")
    assert (parsing.invoice(before, "USD").status, parsing.invoice(after, "USD").status) == ("open", "void")
    people = [parsing.customer(row) for row in records("all_customers", "Customer")]
    assert len({c.id for c in people}) == len(people) == 41
    assert all(c.name for c in people)
    sales = [movements.sale(row, ACCOUNTS, "USD") for row in records("all_sales_receipts", "SalesReceipt")]
    assert sales
    assert all(s.amount and s.account_id and s.lines for s in sales)


def test_a_payment_of_nothing_that_links_a_credit_is_not_void_whatever_the_bank_said() -> None:
    note = "Voided cheque 114 replaced fc-aaaaaaaaaa"
    row = payment(("Invoice", "7", "10.00"), ("CreditMemo", "8", "10.00"), total="0", PrivateNote=note)
    assert not payloads.voided(record_of("payment", row))
    assert payloads.voided(record_of("payment", payment(total="0", PrivateNote=note)))


def test_a_payment_whose_line_links_none_or_several_is_not_sent_again() -> None:
    for links in ([], [{"TxnId": "7", "TxnType": "Invoice"}, {"TxnId": "8", "TxnType": "Invoice"}]):
        with pytest.raises(ValueError, match="values to unpack"):
            payloads.lines_sent({"Line": [{"Amount": "10.00", "LinkedTxn": links}]})
