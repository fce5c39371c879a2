"""The company in Texas as a stranger sees it: QuickBooks JSON, statements and answers agree to the cent."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import combinations
from typing import Any

import pytest

from finchat.sandbox.company import SeededCompany, generate, generate_quickbooks

Json = dict[str, Any]
CENT = Decimal("0.01")
TRANSACTIONS = (
    "Invoice", "Bill", "Payment", "BillPayment", "Purchase", "Deposit", "Transfer", "JournalEntry", "CreditMemo",
    "VendorCredit", "RefundReceipt", "SalesReceipt", "Estimate", "PurchaseOrder",
)  # fmt: skip
LISTS = (
    "CompanyInfo", "Preferences", "Account", "Customer", "Vendor", "Employee", "Item", "Department", "Class", "TaxCode",
    "TaxRate", "TaxAgency", "Term", "PaymentMethod", "ExchangeRate", "Budget", "Attachable", "TimeActivity",
)  # fmt: skip
NAMED = {
    "CustomerRef": "Customer", "ParentRef": "Customer", "VendorRef": "Vendor", "EmployeeRef": "Employee",
    "ItemRef": "Item", "ClassRef": "Class", "DepartmentRef": "Department", "PaymentMethodRef": "PaymentMethod",
    "SalesTermRef": "Term", "TermRef": "Term", "AgencyRef": "TaxAgency", "TaxRateRef": "TaxRate",
    "TaxCodeRef": "TaxCode", "DefaultTaxCodeRef": "TaxCode", "TxnTaxCodeRef": "TaxCode",
}  # fmt: skip
SITUATIONS = {
    "exact_ref", "exact_name", "exact_order", "locked_period_document", "sister_ref", "trading_name", "multi_refs",
    "multi_sum", "instalment_ref", "short_bank_fee", "short_card_fee", "short_discount", "short_withholding",
    "rounding", "overpay", "credit_net_name", "credit_net_ref", "fx_ref", "fx_orig_amount", "booked_income",
    "booked_prepayment", "booked_overpayment", "settled_ref", "settled_name", "batch_one_line", "own_transfer",
    "own_transfer_unrecorded", "own_transfer_back", "own_transfer_one_sided", "spend_money_recorded",
    "receive_money_recorded", "refund", "unrelated", "unrelated_decoy", "wrong_direction", "paid_invoice_again",
    "prepayment", "on_account", "dup_import", "paid_twice_first", "paid_twice_second", "twin_deposits",
    "same_amount_blind", "same_amount_name", "transposed_ref", "stale_ref", "amount_only", "coded_subscription",
    "coded_unusual_amount", "coded_bank_fee", "coded_card_fee", "coded_interest", "coded_owner_drawings",
    "coded_owner_funds", "coded_fuel", "coded_mixed_payee", "coded_changed", "coded_seen_once", "coded_new_payee",
    "fee_on_top", "refund_credit_note", "refund_overpayment", "refund_from_supplier", "undeposited_one",
    "undeposited_several", "undeposited_less_fee", "undeposited_recorded", "check_cleared",
}  # fmt: skip
OF_OTHER_ACCOUNTS = {
    "1010": {"coded_interest", "own_transfer", "own_transfer_unrecorded", "own_transfer_back"},
    "1020": {"coded_bank_fee", "cad_ref", "cad_name", "cad_bill", "cad_settled"},
}
made = lru_cache(maxsize=16)(generate_quickbooks)


def some_companies() -> list[tuple[int, date]]:
    die = random.Random(2)
    others = [(die.randrange(10**6), date(2024, 1, 1) + timedelta(days=die.randrange(3287))) for _ in range(2)]
    return [(1, date(2026, 11, 20)), (2, date(2024, 2, 29)), (7, date(2025, 12, 31)), *others]


whatever_the_company = pytest.mark.parametrize(("seed", "anchor"), some_companies())


class Books:
    """The records by entity and Id, and what they do to a bank account."""

    def __init__(self, company: SeededCompany) -> None:
        self.company = company
        self.by_id = {
            entity: {record["Id"]: record for record in records if "Id" in record}
            for entity, records in company.collections.items()
        }
        self.transactions = {i: (entity, r) for entity in TRANSACTIONS for i, r in self.by_id[entity].items()}
        (self.undeposited,) = (
            i for i, account in self.by_id["Account"].items() if account["AccountSubType"] == "UndepositedFunds"
        )
        self.deposited = Counter(
            link["TxnId"]
            for deposit in self.by_id["Deposit"].values()
            for line in deposit["Line"]
            for link in line.get("LinkedTxn", ())
        )

    def currency(self, account: str) -> str:
        return str(self.by_id["Account"][account]["CurrencyRef"]["value"])

    def moved(self, identity: str, account: str) -> Decimal:
        """What a transaction did to an account, in the account's currency."""
        entity, record = self.transactions[identity]
        if entity == "Transfer":
            ends = (record["FromAccountRef"]["value"], record["ToAccountRef"]["value"])
            sign = ends.index(account) * 2 - 1 if account in ends else 0
            return Decimal(record["Amount"]) * sign
        into = {"Payment", "SalesReceipt", "Deposit"}
        key = "DepositToAccountRef"
        if entity in into or entity == "RefundReceipt":
            held = record.get(key, {}).get("value")
        elif entity == "BillPayment":
            held = (record.get("CheckPayment") or record["CreditCardPayment"]).get("BankAccountRef", {}).get("value")
        elif entity == "Purchase":
            held = record["AccountRef"]["value"]
        else:
            return Decimal(0)
        if held != account:
            return Decimal(0)
        own = record["CurrencyRef"]["value"] == self.currency(account)
        cash = record["TotalAmt"] * (1 if own else record["ExchangeRate"])
        return Decimal(str(cash)).quantize(CENT, ROUND_HALF_UP) * (1 if entity in into else -1)

    def taken(self) -> dict[str, Decimal]:
        """Of every invoice, bill and credit: what payments take."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for entity in ("Payment", "BillPayment"):
            for payment in self.by_id[entity].values():
                for line in payment["Line"]:
                    (link,) = line["LinkedTxn"]
                    assert link["TxnId"] in self.by_id[link["TxnType"]]
                    found[link["TxnId"]] += line["Amount"]
        return found


@lru_cache(maxsize=16)
def books(seed: int, anchor: date) -> Books:
    return Books(made(seed, anchor))


def references(value: Any, key: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, list):
        for item in value:
            yield from references(item, key)
    elif isinstance(value, dict):
        if "value" in value and key:
            yield key, value
        for name, held in value.items():
            yield from references(held, name)


def round_half_up(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def signed(line: Json) -> Decimal:
    return Decimal(line["amount"]) * (1 if line["type"] == "RECEIVE" else -1)


@whatever_the_company
def test_every_reference_names_a_record_and_calls_it_by_its_name(seed: int, anchor: date) -> None:
    held = books(seed, anchor)
    assert set(held.company.collections) == {*TRANSACTIONS, *LISTS}
    assert all(held.company.collections.values())
    for entity, records in held.by_id.items():
        for record in records.values():
            for key, found in references(record):
                if key in ("CurrencyRef", "HomeCurrency", "CustomerMemo"):
                    continue
                if key in ("Entity", "EntityRef"):
                    target = str(found["type"]).title()
                else:
                    target = NAMED.get(
                        key, "Term" if key == "DefaultTerms" else "TaxCode" if "Tax" in key else "Account"
                    )
                if entity == "Class" and key == "ParentRef":
                    target = "Class"
                named = held.by_id[target][found["value"]]
                if "name" in found:
                    assert found["name"] in (named.get("Name"), named.get("DisplayName"))


@whatever_the_company
def test_ids_are_unique_over_all_transactions_and_over_all_names(seed: int, anchor: date) -> None:
    held = books(seed, anchor)
    for kinds in (TRANSACTIONS, ("Customer", "Vendor", "Employee")):
        ids = [record["Id"] for kind in kinds for record in held.company.collections[kind]]
        assert len(ids) == len(set(ids))
    days = [held.transactions[str(count)][1]["TxnDate"] for count in range(1, len(held.transactions) + 1)]
    assert days == sorted(days)
    assert days[-1] <= anchor.isoformat()
    for kind in ("Invoice", "CreditMemo"):
        numbers = [record["DocNumber"] for record in held.company.collections[kind]]
        assert len(numbers) == len(set(numbers))
    (preferences,) = held.company.collections["Preferences"]
    closed = preferences["AccountingInfoPrefs"]["BookCloseDate"]
    assert all(memo["TxnDate"] > closed for memo in held.company.collections["CreditMemo"])


@whatever_the_company
def test_totals_taxes_balances_and_what_is_unapplied_add_up(seed: int, anchor: date) -> None:
    held = books(seed, anchor)
    taken = held.taken()
    taxed = 0
    for identity, (entity, record) in held.transactions.items():
        if entity in ("JournalEntry", "Transfer"):
            continue
        lines = record["Line"]
        if entity in ("Payment", "BillPayment"):
            credits = ("CreditMemo", "VendorCredit")
            used = sum(
                (line["Amount"] * (-1 if line["LinkedTxn"][0]["TxnType"] in credits else 1) for line in lines),
                Decimal(0),
            )
            assert record["TotalAmt"] - used == record.get("UnappliedAmt", 0) >= 0
            continue
        net = sum((line["Amount"] for line in lines if line["DetailType"] != "SubTotalLineDetail"), Decimal(0))
        assert record["TotalAmt"] == net + record.get("TxnTaxDetail", {}).get("TotalTax", 0)
        for line in record.get("TxnTaxDetail", {}).get("TaxLine", ()):
            taxed += 1
            detail = line["TaxLineDetail"]
            assert round_half_up(detail["NetAmountTaxable"] * detail["TaxPercent"] / 100) == line["Amount"]
        if "Balance" in record:
            assert record["Balance"] == record["TotalAmt"] - taken[identity] >= 0
    assert taxed > 20


@whatever_the_company
def test_a_deposit_takes_what_waited_in_undeposited_funds_once(seed: int, anchor: date) -> None:
    held = books(seed, anchor)
    several = 0
    for deposit in held.by_id["Deposit"].values():
        linked = [link["TxnId"] for line in deposit["Line"] for link in line.get("LinkedTxn", ())]
        several += len(linked) > 1
        for identity in linked:
            payment = held.transactions[identity][1]
            assert payment["DepositToAccountRef"]["value"] == held.undeposited
            assert payment["TxnDate"] <= deposit["TxnDate"]
            assert payment["LinkedTxn"] == [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
        if linked:
            assert sum(held.transactions[i][1]["TotalAmt"] for i in linked) == deposit["TotalAmt"]
    assert several > 10
    assert set(held.deposited.values()) == {1}


@whatever_the_company
def test_the_statements_agree_with_the_books_but_for_explained_items(seed: int, anchor: date) -> None:
    held = books(seed, anchor)
    truth = held.company.truth
    for code, statement in held.company.statements.items():
        answers = truth["accounts"].get(code, truth)
        bank, account = answers["bank"], statement["account_id"]
        assert (bank["account_id"], bank["currency"]) == (account, held.currency(account))
        running = opening = Decimal(statement["opening_balance"])
        for line in statement["lines"]:
            running += signed(line)
            assert running > 0
        assert running == Decimal(statement["closing_balance"])
        moved = {i: amount for i in held.transactions if (amount := held.moved(i, account))}
        assert Decimal(bank["book_balance"]) == sum(moved.values())
        claimed: Counter[str] = Counter()
        unrecorded = Decimal(0)
        for line in statement["lines"]:
            answer = answers["lines"][line["id"]]
            if answer["status"] == "open":
                unrecorded += signed(line)
                continue
            ids = answer["claim"]["ledger_ids"]
            assert answer["claim"]["ledger_types"] == [held.transactions[i][0] for i in ids]
            assert sum(moved[i] for i in ids) == signed(line)
            claimed.update(ids)
        outstanding = {item["ledger_id"]: Decimal(item["amount"]) for item in bank["outstanding"]}
        assert outstanding == {i: moved[i] for i in outstanding}
        (first,) = (i for i in moved if held.transactions[i][1].get("PrivateNote") == "Opening balance")
        assert moved[first] == opening
        assert set(claimed) | set(outstanding) == set(moved) - {first}
        assert set(claimed.values()) == {1}
        assert running == Decimal(bank["book_balance"]) + unrecorded - sum(outstanding.values())


@whatever_the_company
def test_the_feed_is_the_statement_of_the_main_account_and_every_situation_is_in_its_week(
    seed: int, anchor: date
) -> None:
    company = made(seed, anchor)
    assert (company.feed["account_code"], company.feed["currency"]) == ("1000", "USD")
    repeated = {r["bank_id"] for r in company.truth["residuals"] if r["kind"] == "duplicate"}
    assert [line for line in company.feed["lines"] if line["id"] not in repeated] == company.statements["1000"]["lines"]
    for code, wanted in {"1000": SITUATIONS, **OF_OTHER_ACCOUNTS}.items():
        answers = company.truth["accounts"].get(code, company.truth)["lines"]
        since = company.truth["week"]["from"]
        assert {answer["scenario"] for answer in answers.values() if answer["date"] >= since} == wanted


@whatever_the_company
def test_links_and_allocations_name_open_documents_and_never_take_more_than_is_open(seed: int, anchor: date) -> None:
    held = books(seed, anchor)
    truth = held.company.truth
    amounts = {line["id"]: Decimal(line["amount"]) for s in held.company.statements.values() for line in s["lines"]}
    amounts |= {line["id"]: Decimal(line["amount"]) for line in held.company.feed["lines"]}
    used: dict[str, Decimal] = defaultdict(Decimal)
    for answers in (truth, *truth["accounts"].values()):
        cash: dict[str, Decimal] = defaultdict(Decimal)
        for link in answers["links"]:
            document = held.by_id[link["document_type"]][link["invoice_id"]]
            assert document["CurrencyRef"]["value"] == link["document_currency"]
            cash[link["bank_id"]] += Decimal(link["amount"])
            used[link["invoice_id"]] += Decimal(link["document_amount"])
            assert set(link["accept"]) <= set(held.by_id[link["document_type"]])
        beside = ("overpayment", "fee_on_top")
        for residual in answers["residuals"]:
            if residual["kind"] in beside and residual["bank_id"] in cash:
                cash[residual["bank_id"]] += Decimal(residual["amount"])
        assert all(amounts[bank_id] == total for bank_id, total in cash.items())
        for allocation in answers["allocations"]:
            entity, credit = held.transactions[allocation["credit_id"]]
            assert entity in ("CreditMemo", "Payment")
            left = credit["UnappliedAmt"] if entity == "Payment" else credit["Balance"]
            assert left == Decimal(allocation["amount"])
            assert credit["CustomerRef"] == held.by_id["Invoice"][allocation["invoice_id"]]["CustomerRef"]
            used[allocation["invoice_id"]] += Decimal(allocation["amount"])
        for line in answers["lines"].values():
            if refund := line.get("refund"):
                kinds = {"credit_note": ("CreditMemo", "VendorCredit"), "payment": ("Payment",), None: ()}
                if refund["credit_id"]:
                    assert held.transactions[refund["credit_id"]][0] in kinds[refund["credit_kind"]]
            if coding := line.get("coding"):
                account = held.by_id["Account"][coding["account_id"]]
                assert (account["AcctNum"], coding["tax_type"]) == (coding["account_code"], "NON")
                for tracked in coding["tracking"]:
                    options = held.by_id[tracked["name"]].values()
                    assert tracked["option"] in {option["Name"] for option in options}
    assert all(amount <= held.transactions[i][1]["Balance"] for i, amount in used.items())


@whatever_the_company
def test_a_missing_deposit_has_one_set_of_waiting_receipts(seed: int, anchor: date) -> None:
    held = books(seed, anchor)
    waiting = {
        i: record["TotalAmt"]
        for i, (entity, record) in held.transactions.items()
        if record.get("DepositToAccountRef", {}).get("value") == held.undeposited and i not in held.deposited
        if entity in ("Payment", "SalesReceipt")
    }
    answers = [a for a in held.company.truth["lines"].values() if "deposit" in a]
    assert sorted(len(answer["deposit"]["ledger_ids"]) for answer in answers) == [1, 2, 3]
    named = {i for a in answers for i in a["deposit"]["ledger_ids"]}
    assert [held.transactions[i][0] for i in named].count("SalesReceipt") == 1
    assert len(named) == 6
    assert len(waiting) == 7
    assert named < set(waiting)
    for answer in answers:
        deposit = answer["deposit"]
        wanted = Decimal(deposit["amount"])
        assert deposit["ledger_types"] == [held.transactions[i][0] for i in deposit["ledger_ids"]]
        fitting = [
            group for count in (1, 2, 3, 4) for group in combinations(waiting, count)
            if sum(waiting[i] for i in group) == wanted
        ]  # fmt: skip
        assert [set(group) for group in fitting] == [set(deposit["ledger_ids"])]
        assert (Decimal(deposit["fee"]) > 0) is (answer["scenario"] == "undeposited_less_fee")
        assert (answer["status"], answer["settled_by"]) == ("open", ["deposit"])
        assert all(held.transactions[i][1]["TxnDate"] <= answer["date"] for i in deposit["ledger_ids"])


@whatever_the_company
def test_one_vendor_waits_for_its_money_and_one_of_its_bills_is_of_2400(seed: int, anchor: date) -> None:
    held = books(seed, anchor)
    waiting: dict[str, list[Json]] = defaultdict(list)
    for bill in held.by_id["Bill"].values():
        if bill["Balance"]:
            waiting[bill["VendorRef"]["value"]].append(bill)
    (dues,) = (due for bills in waiting.values() if Decimal("2400.00") in (due := [bill["Balance"] for bill in bills]))
    assert len(dues) == 3
    paid_by_card = [p for p in held.by_id["BillPayment"].values() if p["PayType"] == "CreditCard"]
    assert paid_by_card


@whatever_the_company
def test_a_cleared_check_is_known_by_its_number_alone(seed: int, anchor: date) -> None:
    held = books(seed, anchor)
    lines = {line["id"]: line for line in held.company.feed["lines"]}
    numbers = [p["DocNumber"] for p in held.by_id["BillPayment"].values() if "DocNumber" in p]
    assert len(numbers) == len(set(numbers)) == 17
    cleared = [i for i, a in held.company.truth["lines"].items() if a["scenario"] == "check_cleared"]
    assert len(cleared) == 2
    for identity in cleared:
        (paid,) = held.company.truth["lines"][identity]["claim"]["ledger_ids"]
        payment = held.by_id["BillPayment"][paid]
        assert payment["DocNumber"] in lines[identity]["narration"]
        assert payment["TxnDate"] <= lines[identity]["date"]
        assert payment["VendorRef"]["name"][:8].upper() not in lines[identity]["narration"].upper()
    waiting = {item["ledger_id"] for item in held.company.truth["bank"]["outstanding"]}
    assert [i for i in waiting if held.transactions[i][1].get("DocNumber") in numbers]


def test_it_is_another_company_than_the_one_in_new_zealand() -> None:
    here, there = made(1, date(2026, 11, 20)), generate(1, date(2026, 11, 20))
    (info,) = here.collections["CompanyInfo"]
    (organisation,) = there.collections["Organisations"]
    assert (info["Country"], here.feed["currency"]) == ("US", "USD")
    assert (organisation["CountryCode"], there.feed["currency"]) == ("NZ", "NZD")
    names = {r["DisplayName"] for kind in ("Customer", "Vendor") for r in here.collections[kind]}
    assert names.isdisjoint(contact["Name"] for contact in there.collections["Contacts"])
    currencies = {r["CurrencyRef"]["value"] for kind in ("Customer", "Vendor") for r in here.collections[kind]}
    assert currencies == {"USD", "CAD", "EUR"}


def test_the_same_seed_and_day_give_the_same_bytes_in_any_process() -> None:
    program = (
        "import hashlib, datetime; from finchat.sandbox.company import generate_quickbooks as g;"
        "c = g(3, datetime.date(2027, 1, 5)); print(hashlib.sha256(repr(c).encode()).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "12345")
    }
    assert len(said) == 1
    assert made(3, date(2027, 1, 5)) == generate_quickbooks(3, date(2027, 1, 5))
    assert made(3, date(2027, 1, 5)).feed != made(4, date(2027, 1, 5)).feed
