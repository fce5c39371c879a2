"""The seeded company adds up to the cent, whatever its seed and its day."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finchat.clock import Clock
from finchat.sandbox.company import generate
from finchat.sandbox.xero.back_end import XeroBackEnd
from tests.sandbox.company.reader import ACCOUNTS, Reader, day_of, signed

SITUATIONS = {
    "exact_ref", "exact_name", "exact_order", "locked_period_document", "sister_ref", "trading_name", "multi_refs",
    "multi_sum", "instalment_ref", "short_bank_fee", "short_card_fee", "short_discount", "short_withholding",
    "rounding", "overpay", "credit_net_name", "credit_net_ref", "fx_ref", "fx_orig_amount", "booked_clearing",
    "booked_clearing_name", "booked_clearing_taxed", "booked_clearing_unnamed", "booked_income", "booked_prepayment",
    "booked_overpayment", "settled_ref", "settled_name", "batch_one_line", "own_transfer", "own_transfer_unrecorded",
    "spend_money_recorded", "receive_money_recorded", "refund", "unrelated", "unrelated_decoy", "wrong_direction",
    "paid_invoice_again", "prepayment", "on_account", "dup_import", "paid_twice_first", "paid_twice_second",
    "twin_deposits", "same_amount_blind", "same_amount_name", "transposed_ref", "stale_ref", "amount_only",
    "coded_subscription", "coded_unusual_amount", "coded_bank_fee", "coded_card_fee", "coded_interest",
    "coded_owner_drawings", "coded_owner_funds", "coded_fuel", "coded_mixed_payee", "coded_changed", "coded_seen_once",
    "coded_new_payee", "fee_on_top", "refund_credit_note", "refund_overpayment", "refund_from_supplier",
    "own_transfer_back", "own_transfer_one_sided",
}  # fmt: skip
OF_OTHER_ACCOUNTS = {
    "091": {"coded_interest", "own_transfer", "own_transfer_unrecorded", "own_transfer_back"},
    "092": {"coded_bank_fee", "usd_ref", "usd_name", "usd_bill", "usd_settled"},
}
SLICE = {"payment", "clearing_payment", "allocation"}
SEEDS = st.integers(min_value=0, max_value=10**6)
ANCHORS = st.one_of(
    st.dates(date(2024, 1, 1), date(2032, 12, 31)),
    st.sampled_from([date(2024, 2, 29), date(2028, 2, 29), date(2025, 12, 31), date(2026, 1, 1), date(2027, 4, 1)]),
)
SOME = [
    (1, date(2026, 11, 20)),
    (2, date(2024, 2, 29)),
    (77, date(2026, 1, 4)),
    (4242, date(2031, 12, 31)),
    (8, date(2027, 4, 30)),
]
made = lru_cache(maxsize=16)(generate)


def some_companies() -> list[tuple[int, date]]:
    """A dozen seeds and days: the odd ones, and others as a die gave them."""
    die = random.Random(1)
    others = [(die.randrange(10**6), date(2024, 1, 1) + timedelta(days=die.randrange(3287))) for _ in range(5)]
    return [*SOME, (0, date(2025, 12, 31)), (10**6, date(2028, 2, 29)), *others]


whatever_the_company = pytest.mark.parametrize(("seed", "anchor"), some_companies())


@whatever_the_company
def test_documents_payments_and_credits_add_up(seed: int, anchor: date) -> None:
    reader = Reader(made(seed, anchor))
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for payment in reader.payments.values():
        paid[payment["Invoice"]["InvoiceID"]] += payment["Amount"]
        own = payment["Account"]["Code"] != "092"
        assert payment["BankAmount"] == round(payment["Amount"] / (payment["CurrencyRate"] if own else 1), 2)
        assert day_of(reader.invoices[payment["Invoice"]["InvoiceID"]]) <= day_of(payment) <= anchor.isoformat()
    credited: dict[str, Decimal] = defaultdict(Decimal)
    for credit in reader.credits.values():
        used = sum((a["Amount"] for a in credit["Allocations"]), Decimal(0))
        assert credit["Total"] - used == credit["RemainingCredit"] >= 0
        assert credit["Status"] == ("PAID" if credit["RemainingCredit"] == 0 else "AUTHORISED")
        for allocation in credit["Allocations"]:
            invoice = reader.invoices[allocation["Invoice"]["InvoiceID"]]
            assert invoice["Contact"] == credit["Contact"]
            credited[invoice["InvoiceID"]] += allocation["Amount"]
    for identity, invoice in reader.invoices.items():
        lines = invoice["LineItems"]
        tax = sum((line["TaxAmount"] for line in lines), Decimal(0))
        net = sum((line["LineAmount"] for line in lines), Decimal(0))
        assert invoice["Total"] == net + (tax if invoice["LineAmountTypes"] == "Exclusive" else 0)
        assert invoice["AmountPaid"] == paid[identity] == sum((p["Amount"] for p in invoice["Payments"]), Decimal(0))
        assert invoice["AmountCredited"] == credited[identity]
        if invoice["Status"] != "VOIDED":
            assert invoice["AmountDue"] == invoice["Total"] - paid[identity] - credited[identity] >= 0
        if invoice["Status"] in ("AUTHORISED", "PAID"):
            assert (invoice["Status"] == "PAID") == (invoice["AmountDue"] == 0)
        else:
            assert paid[identity] == credited[identity] == 0
    numbers = [i["InvoiceNumber"] for i in reader.invoices.values() if i["Type"] == "ACCREC"]
    assert len(numbers) == len(set(numbers))


@whatever_the_company
def test_the_statement_agrees_with_the_books_but_for_explained_items(seed: int, anchor: date) -> None:
    company = made(seed, anchor)
    for code in ACCOUNTS:
        agrees_with_the_books(Reader(company, code), anchor)
        statement = company.statements[code]
        opening, closing = Decimal(statement["opening_balance"]), Decimal(statement["closing_balance"])
        assert closing == opening + sum(map(signed, statement["lines"]))
        assert {line["currency"] for line in statement["lines"]} == {statement["currency"]}
    assert len({line["fitid"] for s in company.statements.values() for line in s["lines"]}) == sum(
        len(s["lines"]) for s in company.statements.values()
    )


def agrees_with_the_books(reader: Reader, anchor: date) -> None:
    bank, copies = reader.truth["bank"], reader.copies()
    opening, closing = Decimal(bank["opening_balance"]), Decimal(bank["closing_balance"])
    real = [line for line in reader.lines.values() if line["id"] not in copies]
    assert closing == opening + sum(map(signed, real))
    running = opening
    for line in real:
        running += signed(line)
        assert running > 0
    unrecorded = sum(signed(line) for line in real if reader.truth["lines"][line["id"]]["status"] == "open")
    outstanding = sum(Decimal(item["amount"]) for item in bank["outstanding"])
    assert closing == Decimal(bank["book_balance"]) + unrecorded - outstanding
    assert [line["date"] for line in reader.lines.values()] == sorted(line["date"] for line in reader.lines.values())
    assert list(reader.lines.values())[-1]["date"] <= anchor.isoformat()
    assert set(reader.truth["lines"]) == set(reader.lines)


@whatever_the_company
def test_every_entry_of_every_account_is_claimed_once_or_outstanding(seed: int, anchor: date) -> None:
    company = made(seed, anchor)
    assert len(company.feed["lines"]) == len(Reader(company).lines)
    for code in ACCOUNTS:
        claims_and_outstanding(Reader(company, code))


def claims_and_outstanding(reader: Reader) -> None:
    claimed: Counter[str] = Counter()
    for identity, answer in reader.truth["lines"].items():
        if answer["status"] == "open":
            assert "claim" not in answer
            continue
        line, claim = reader.lines[identity], answer["claim"]
        first = claim["ledger_ids"][0]
        if claim["kind"] == "batch_payment":
            parts = [reader.payments[p] for p in claim["ledger_ids"][1:]]
            assert {p["BatchPaymentID"] for p in parts} == {first}
            assert len(parts) == sum(p.get("BatchPaymentID") == first for p in reader.payments.values())
            held, entries = sum(p["BankAmount"] for p in parts), claim["ledger_ids"][1:]
        elif claim["kind"] == "payment":
            held, entries = reader.payments[first]["BankAmount"], [first]
        else:
            held, entries = reader.bank[first]["Total"], [first]
            assert reader.bank[first]["Type"].startswith(line["type"])
        assert held == Decimal(line["amount"])
        claimed.update(entries)
    outstanding = {item["ledger_id"] for item in reader.truth["bank"]["outstanding"]}
    held_here = {i for i, p in reader.payments.items() if p["Account"]["AccountID"] == reader.main}
    held_here |= {i for i, b in reader.bank.items() if b["BankAccount"]["AccountID"] == reader.main}
    opening = {i for i, b in reader.bank.items() if b["Reference"] == "Opening balance"}
    assert set(claimed) | outstanding == held_here - opening
    assert max(claimed.values()) == 1
    assert outstanding.isdisjoint(claimed)


@whatever_the_company
def test_links_use_the_whole_line_and_never_more_than_is_due(seed: int, anchor: date) -> None:
    company = made(seed, anchor)
    for code in ACCOUNTS:
        links_and_dues(Reader(company, code))


def links_and_dues(reader: Reader) -> None:
    used: dict[str, Decimal] = defaultdict(Decimal)
    for line in reader.week:
        links, residual = reader.links_of(line["id"]), reader.residual_of(line["id"])
        answer = reader.truth["lines"][line["id"]]
        if not links:
            assert residual or answer["status"] == "already_settled"
            continue
        cash = sum(Decimal(link["amount"]) for link in links)
        beside = residual.get("overpayment", Decimal(0)) + residual.get("fee_on_top", Decimal(0))
        assert cash + beside == Decimal(line["amount"])
        for link in links:
            invoice = reader.invoices[link["invoice_id"]]
            assert invoice["Status"] == "AUTHORISED"
            assert invoice["Type"] == ("ACCREC" if line["type"] == "RECEIVE" else "ACCPAY")
            assert link["invoice_id"] in link["accept"]
            assert set(link["accept"]) <= set(reader.invoices)
            assert day_of(invoice) < line["date"]
            amount = Decimal(link["document_amount"])
            used[link["invoice_id"]] += amount
            if "credit" in link:
                amount += Decimal(link["credit"]["amount"])
                assert amount == invoice["AmountDue"]
            short = [v for k, v in residual.items() if k.startswith("short_") or k == "rounding"]
            if short:
                assert amount + short[0] == invoice["AmountDue"]
    assert all(amount <= reader.invoices[i]["AmountDue"] for i, amount in used.items())
    for allocation in reader.truth["allocations"]:
        credit = reader.credits[allocation["credit_id"]]
        invoice = reader.invoices[allocation["invoice_id"]]
        assert Decimal(allocation["amount"]) == credit["RemainingCredit"] <= invoice["AmountDue"]
        assert credit["Contact"] == invoice["Contact"]


@whatever_the_company
def test_the_week_holds_every_situation_and_most_lines_are_determined(seed: int, anchor: date) -> None:
    reader = Reader(made(seed, anchor))
    answers = [reader.truth["lines"][line["id"]] for line in reader.week]
    assert {answer["scenario"] for answer in answers} == SITUATIONS
    for code, situations in OF_OTHER_ACCOUNTS.items():
        other = Reader(reader.company, code)
        assert {other.truth["lines"][line["id"]]["scenario"] for line in other.week} == situations
    assert 80 <= len(answers) <= 120
    assert reader.truth["week"] == {"from": (anchor - timedelta(days=6)).isoformat(), "to": anchor.isoformat()}
    settleable = [a for a in answers if a["settled_by"] and set(a["settled_by"]) <= SLICE]
    assert sum(a["determinable"] == "yes" for a in settleable) >= 0.9 * len(settleable)
    assert len(reader.company.collections["Invoices"]) in range(380, 430)
    assert len(reader.company.collections["Contacts"]) in range(52, 64)


@whatever_the_company
def test_what_is_called_determined_has_one_answer(seed: int, anchor: date) -> None:
    """A name and an amount fit one document (or group) of that customer and no other."""
    company = made(seed, anchor)
    for code in ACCOUNTS:
        one_answer(Reader(company, code))


def one_answer(reader: Reader) -> None:
    due: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for invoice in reader.invoices.values():
        if invoice["Status"] == "AUTHORISED":
            due[invoice["Contact"]["ContactID"] + invoice["Type"]].append((invoice["InvoiceID"], invoice["AmountDue"]))
    for line in reader.week:
        answer, links = reader.truth["lines"][line["id"]], reader.links_of(line["id"])
        by_name = links and not links[0]["pinned"] and answer["determinable"] == "yes" and "credit" not in links[0]
        if not by_name:
            continue
        invoice = reader.invoices[links[0]["invoice_id"]]
        wanted = sum(Decimal(link["document_amount"]) for link in links)
        open_ones = due[invoice["Contact"]["ContactID"] + invoice["Type"]]
        fitting = [
            {identity for identity, _amount in group}
            for size in range(1, 4)
            for group in combinations(open_ones, size)
            if sum(amount for _identity, amount in group) == wanted
        ]
        answers = [{link["invoice_id"] for link in links}]
        if len(links[0]["accept"]) > 1:
            answers = [{identity} for identity in links[0]["accept"]]
        assert sorted(map(sorted, fitting)) == sorted(map(sorted, answers)), answer["scenario"]


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(SEEDS, ANCHORS)
def test_any_company_adds_up(seed: int, anchor: date) -> None:
    for holds in (
        test_documents_payments_and_credits_add_up,
        test_the_statement_agrees_with_the_books_but_for_explained_items,
        test_every_entry_of_every_account_is_claimed_once_or_outstanding,
        test_links_use_the_whole_line_and_never_more_than_is_due,
        test_the_week_holds_every_situation_and_most_lines_are_determined,
        test_what_is_called_determined_has_one_answer,
    ):
        holds(seed, anchor)


@pytest.mark.parametrize(("seed", "anchor"), SOME)
def test_loaded_into_the_back_end_the_balances_agree(seed: int, anchor: date) -> None:
    company = made(seed, anchor)
    back_end = XeroBackEnd(":memory:", Clock(datetime(2026, 11, 20, tzinfo=UTC)))
    back_end.load(company.collections)
    held = back_end.balances()
    assert held["trial_balance_difference"] == "0.00"
    bank = {entry["account_id"]: entry["amount"] for entry in held["bank"]}
    for answers in (company.truth, *company.truth["accounts"].values()):
        assert bank.pop(answers["bank"]["account_id"]) == answers["bank"]["book_balance"]
    assert not bank
    receivables = payables = Decimal(0)
    for invoice in company.collections["Invoices"]:
        if invoice["Status"] == "AUTHORISED":
            base = round(invoice["AmountDue"] / invoice["CurrencyRate"], 2)
            receivables += base if invoice["Type"] == "ACCREC" else 0
            payables += base if invoice["Type"] == "ACCPAY" else 0
    for name in ("CreditNotes", "Prepayments", "Overpayments"):
        for credit in company.collections[name]:
            receivables -= 0 if credit["Type"] == "ACCPAYCREDIT" else credit["RemainingCredit"]
            payables -= credit["RemainingCredit"] if credit["Type"] == "ACCPAYCREDIT" else 0
    assert (held["receivables"], held["payables"]) == (str(receivables), str(payables))
    clearing = next(a for a in company.collections["Accounts"] if a["Name"] == "Card & Wallet Receipts")
    rows = {row.account_id: row.credit - row.debit for row in back_end.trial_balance()}
    waiting = sum(Decimal(link["amount"]) for link in company.truth["links"] if link.get("via") == "clearing")
    assert rows[clearing["AccountID"]] >= waiting > 0


def test_the_organisation_is_a_new_zealand_demo_company_with_lock_dates() -> None:
    company = generate(1, date(2026, 11, 20))
    (organisation,) = company.collections["Organisations"]
    assert (organisation["BaseCurrency"], organisation["Timezone"]) == ("NZD", "NEWZEALANDSTANDARDTIME")
    assert organisation["IsDemoCompany"] is True
    assert organisation["PeriodLockDate"] == "/Date(1785456000000+0000)/"  # 2026-07-31
    assert organisation["EndOfYearLockDate"] == "/Date(1774915200000+0000)/"  # 2026-03-31
    reader = Reader(company)
    (locked,) = (i for i, a in reader.truth["lines"].items() if a["scenario"] == "locked_period_document")
    (link,) = reader.links_of(locked)
    assert day_of(reader.invoices[link["invoice_id"]]) <= "2026-07-31"
    accounts = {a["Code"]: a for a in company.collections["Accounts"]}
    assert accounts["090"]["AccountID"] == company.feed["account_id"]
    assert accounts["090"]["Type"] == "BANK"
    assert accounts["200"]["Type"] == "REVENUE"
    assert sum("Clearing" in a["Name"] for a in accounts.values()) == 1
    assert accounts["615"]["EnablePaymentsToAccount"] is True


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_arguments_give_the_same_bytes_under_any_hash_seed(seed: int) -> None:
    script = (
        "import hashlib, json, datetime; from finchat.sandbox.company import generate;"
        f"c = generate({seed}, datetime.date(2027, 3, 31));"
        "print(hashlib.sha256(json.dumps([c.collections, c.feed, c.truth], default=str).encode()).hexdigest())"
    )
    here = generate(seed, date(2027, 3, 31))
    wanted = json.dumps([here.collections, here.feed, here.truth], default=str).encode()
    for hash_seed in ("0", "4711"):
        run = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert run.stdout.strip() == hashlib.sha256(wanted).hexdigest()


def test_seeds_and_days_give_different_companies_and_several_banks() -> None:
    day = date(2026, 11, 20)
    companies = [generate(seed, day) for seed in range(4)]
    first_words = {c.feed["lines"][0]["narration"].split()[0] for c in companies}
    assert len({json.dumps(c.feed) for c in companies}) == 4
    assert len(first_words) > 1
    moved = generate(1, day + timedelta(days=1))
    assert (
        moved.collections["Organisations"][0]["OrganisationID"]
        == companies[1].collections["Organisations"][0]["OrganisationID"]
    )
    assert {line["id"] for line in moved.feed["lines"]}.isdisjoint(line["id"] for line in companies[1].feed["lines"])


def test_ids_carry_no_information() -> None:
    reader = Reader(generate(9, date(2026, 11, 20)))
    in_order = list(reader.lines)
    assert in_order != sorted(in_order)
    assert len({len(identity) for identity in in_order}) == 1
    ids = [*reader.invoices, *reader.payments, *reader.bank, *reader.credits]
    assert len(ids) == len(set(ids))
