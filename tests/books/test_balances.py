"""Effects of writes balance, and the comparison is to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.books.balances import (
    allocation_effects,
    coded_effects,
    differences,
    expected,
    kept_effects,
    payment_effects,
    refund_effects,
    stated,
)
from finchat.books.documents import Account
from finchat.books.matching.verdict import Allocation, Refund, Settlement
from finchat.books.money import round_to_minor
from finchat.books.plan import AccountBalance, Balances, BankBalance, Write
from tests.books.make import BANK, WAITING, bill, credit, invoice

BEFORE = Balances(
    bank=(BankBalance(account_id="bank", amount=Decimal("1000.00"), currency="NZD"),),
    receivables=Decimal("500.00"),
    payables=Decimal("200.00"),
    currency="NZD",
    trial_balance_difference=Decimal(0),
    other=(AccountBalance(account_id="gain", control="gain_loss", amount=Decimal("-3.00")),),
)
NAMES: dict[str, Any] = {"base_currency": "NZD", "control_account_id": "control", "gain_loss_account_id": "gain"}


def _pay(amount: str, bank_amount: str | None = None) -> Settlement:
    return Settlement(document_id="d", amount=Decimal(amount), bank_amount=Decimal(bank_amount or amount))


def test_a_receipt_moves_bank_up_and_receivables_down() -> None:
    effects = payment_effects(_pay("100.00"), invoice("INV-1", "kauri", "100.00"), BANK, **NAMES)
    assert [(e.control, e.amount) for e in effects] == [
        ("bank", Decimal("100.00")),
        ("receivables", Decimal("-100.00")),
    ]
    after = expected(BEFORE, effects)
    assert (after.bank[0].amount, after.receivables, after.payables) == (
        Decimal("1100.00"),
        Decimal("400.00"),
        Decimal("200.00"),
    )


def test_paying_a_bill_moves_bank_and_payables_down() -> None:
    after = expected(BEFORE, payment_effects(_pay("80.00"), bill("77", "kauri", "80.00"), BANK, **NAMES))
    assert (after.bank[0].amount, after.payables, after.receivables) == (
        Decimal("920.00"),
        Decimal("120.00"),
        Decimal("500.00"),
    )


def test_a_payment_from_clearing_leaves_the_bank_alone() -> None:
    effects = payment_effects(_pay("100.00"), invoice("INV-1", "kauri", "100.00"), WAITING, **NAMES)
    after = expected(BEFORE, effects)
    assert {e.control for e in effects} == {"clearing", "receivables"}
    assert (after.bank, after.receivables) == (BEFORE.bank, Decimal("400.00"))
    assert [(o.account_id, o.control, o.amount) for o in after.other[1:]] == [
        (WAITING.id, "clearing", Decimal("100.00"))
    ]


def test_realised_gain_is_in_the_expected_balances_and_a_ledger_that_lacks_it_differs() -> None:
    document = invoice("INV-1", "kauri", "100.00", currency="EUR", rate=Decimal("1.80"))
    after = expected(BEFORE, payment_effects(_pay("100.00", "182.50"), document, BANK, **NAMES))
    assert [(o.account_id, o.amount) for o in after.other] == [("gain", Decimal("-5.50"))]
    assert [d.what for d in differences(after, replace(after, other=BEFORE.other))] == ["gain"]


def test_a_better_rate_than_the_documents_is_a_realised_gain() -> None:
    document = invoice("INV-1", "ostrava", "1000.00", currency="EUR", rate=Decimal("1.80"))
    effects = payment_effects(_pay("1000.00", "1841.20"), document, BANK, **NAMES)
    assert [(e.control, e.base_amount) for e in effects] == [
        ("bank", Decimal("1841.20")), ("receivables", Decimal("-1800.00")), ("gain_loss", Decimal("-41.20")),
    ]  # fmt: skip
    dearer = bill("77", "ostrava", "1000.00", currency="EUR", rate=Decimal("1.80"))
    (loss,) = [
        e for e in payment_effects(_pay("1000.00", "1841.20"), dearer, BANK, **NAMES) if e.control == "gain_loss"
    ]
    assert loss.base_amount == Decimal("41.20")


def test_a_foreign_document_without_a_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="no rate"):
        payment_effects(_pay("1.00", "1.80"), invoice("INV-1", "ostrava", "1.00", currency="EUR"), BANK, **NAMES)


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(1, 30000), st.booleans(), st.booleans())
def test_every_payment_balances_in_base_currency(due: int, cash: int, rate: int, foreign: bool, inward: bool) -> None:
    make = invoice if inward else bill
    document = make("1", "kauri", f"{due / 100:.2f}")
    settlement = _pay(str(document.amount_due))
    if foreign:
        document = replace(document, currency="EUR", rate=Decimal(rate) / 10000)
        settlement = _pay(str(document.amount_due), str(Decimal(cash) / 100))
    effects = payment_effects(settlement, document, BANK, **NAMES)
    assert sum(e.base_amount for e in effects) == 0


def test_allocating_a_credit_of_the_same_rate_moves_nothing() -> None:
    allocation = Allocation(credit_id="CN-1", document_id="d", amount=Decimal("50.00"))
    assert (
        allocation_effects(allocation, invoice("INV-1", "kauri", "90.00"), credit("CN-1", "kauri", "50.00"), **NAMES)
        == ()
    )


def test_allocating_a_credit_of_another_rate_realises_the_difference_and_balances() -> None:
    allocation = Allocation(credit_id="CN-1", document_id="d", amount=Decimal("50.00"))
    effects = allocation_effects(
        allocation,
        invoice("INV-1", "ostrava", "90.00", currency="EUR", rate=Decimal("1.80")),
        credit("CN-1", "ostrava", "50.00", currency="EUR", rate=Decimal("1.70")),
        **NAMES,
    )
    assert sum(e.base_amount for e in effects) == 0
    (difference,) = [e for e in effects if e.control == "gain_loss"]
    assert difference.base_amount == Decimal("5.00")


def test_equal_balances_are_the_proof_and_a_cent_is_a_difference() -> None:
    assert differences(BEFORE, BEFORE) == ()
    off = replace(BEFORE, receivables=Decimal("500.01"))
    (found,) = differences(BEFORE, off)
    assert (found.what, found.text) == ("receivables", "receivables: expected 500.00 NZD, the ledger says 500.01 NZD")


def test_a_missing_account_an_unknown_value_and_a_crooked_trial_balance_are_differences() -> None:
    actual = replace(BEFORE, bank=(), payables=None, trial_balance_difference=Decimal("0.01"))
    assert [d.what for d in differences(BEFORE, actual)] == ["bank", "payables", "trial_balance"]


def test_what_is_unknown_before_stays_unknown() -> None:
    unknown = replace(BEFORE, receivables=None)
    assert (
        expected(
            unknown, payment_effects(_pay("100.00"), invoice("INV-1", "kauri", "100.00"), BANK, **NAMES)
        ).receivables
        is None
    )


@pytest.mark.parametrize(("day", "gain"), [("2026-04-01", "-2.50"), ("2026-03-31", "0")])
def test_a_gain_of_an_earlier_financial_year_is_not_expected_on_its_account(day: str, gain: str) -> None:
    document = invoice("INV-1", "kauri", "100.00", currency="EUR", rate=Decimal("1.80"))
    write = Write(
        id="w1", operation="payment.create", resource="payments", tool="create_a_xero_payment", tool_sha256="0" * 64,
        arguments={"date": day}, amount=Decimal("100.00"), currency="EUR",
        effects=payment_effects(_pay("100.00", "182.50"), document, BANK, **NAMES),
    )  # fmt: skip
    read = replace(BEFORE, other=(), gains_since=date(2026, 4, 1))
    after = expected(read, stated(read, [write]))
    assert after.receivables == Decimal("320.00")
    assert sum((o.amount for o in after.other), Decimal(0)) == Decimal(gain)


def test_a_foreign_bank_account_is_stated_and_moved_in_base_currency() -> None:
    before = replace(
        BEFORE, bank=(*BEFORE.bank, BankBalance(account_id="usd", amount=Decimal("170.00"), currency="NZD"))
    )
    dollars = Account(id="usd", code="092", name="Dollars", kind="bank", currency="USD")
    kept = kept_effects(
        Decimal("100.00"),
        "USD",
        "invoice",
        account=dollars,
        control_account_id="control",
        base_amount=Decimal("167.89"),
    )
    assert sum((e.base_amount for e in kept), Decimal(0)) == 0
    after = expected(before, kept)
    assert after.bank[1].amount == Decimal("337.89")
    assert after.receivables == Decimal("332.11")


@given(cents=st.integers(1, 10**9), percent=st.integers(0, 30), rate=st.integers(2, 40), inward=st.booleans())
def test_a_coded_line_comes_to_zero_and_its_tax_is_rounded_as_a_line(
    cents: int, percent: int, rate: int, inward: bool
) -> None:
    moved = Decimal(cents).scaleb(-2) * (1 if inward else -1)
    effects = coded_effects(
        moved, "USD", Decimal(percent), against=Account(id="usd", code="092", name="D", kind="bank", currency="USD"),
        account=Account(id="fees", code="404", name="Fees", kind="expense", currency="NZD"), tax_account_id="tax",
        base_currency="NZD", to_base=lambda a: round_to_minor(a * Decimal(rate) / 10, "NZD"),
        rounding_account_id="rounding",
    )  # fmt: skip
    assert sum((e.base_amount for e in effects), Decimal(0)) == 0
    own = [e for e in effects if e.currency == "USD"]
    assert sum((e.amount for e in own), Decimal(0)) == 0
    tax = sum((abs(e.amount) for e in own if e.control == "tax"), Decimal(0))
    assert abs(tax - abs(moved) * percent / (100 + percent)) <= Decimal("0.005")
    lost = [e for e in effects if e.account_id == "rounding"]
    assert all(abs(e.base_amount) <= Decimal("0.02") for e in lost)


def test_a_cent_without_a_rounding_account_is_no_write() -> None:
    with pytest.raises(ValueError, match="rounding"):
        coded_effects(
            Decimal("0.02"), "USD", Decimal(100), against=BANK, account=replace(BANK, id="fees", kind="expense"),
            tax_account_id="tax", base_currency="NZD", to_base=lambda a: round_to_minor(a / 2, "NZD"),
        )  # fmt: skip


def test_a_refund_runs_against_its_documents_direction_and_takes_the_whole_credit_with_its_last_cent() -> None:
    note = replace(credit("CN-1", "kauri", "100.00"), currency="EUR", rate=Decimal("1.80"), total=Decimal("100.00"))
    refund = Refund(credit_id="CN-1", amount=Decimal("100.00"), bank_amount=Decimal("178.00"))
    out = refund_effects(refund, note, BANK, remaining=Decimal("100.00"), **NAMES)
    assert [(e.control, e.base_amount) for e in out] == [
        ("bank", Decimal("-178.00")), ("receivables", Decimal("180.00")), ("gain_loss", Decimal("-2.00")),
    ]  # fmt: skip
    back = refund_effects(refund, replace(note, type="bill"), BANK, remaining=Decimal("100.00"), **NAMES)
    assert [e.base_amount for e in back] == [-e.base_amount for e in out]
