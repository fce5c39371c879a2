"""Money that no document takes: overpaid, paid without a document, paid back, or more than is due by a fee."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from finchat.books.documents import Account, Contact, Credit, Document
from finchat.books.matching import Verdict, match
from finchat.books.matching.verdict import Excess, Refund
from tests.books.make import ACCOUNTS, DAY, bill, books, credit, invoice, line, only, paid_documents, verdict

OPEN = invoice("INV-0042", "kauri", "1000.00")
OWED = bill("BILL-8841", "moana", "1000.00")
CHARGES = Account(id="charges", code="404", name="Gebühren", kind="expense", currency="NZD")


def overpaid(text: str, amount: str, *others: Document) -> Verdict:
    return verdict(text, amount, OPEN, *others)


def kept(v: Verdict) -> tuple[str, str, Decimal] | None:
    return None if v.excess is None else (v.excess.kind, v.excess.contact_id, v.excess.amount)


def test_what_is_due_is_paid_and_the_rest_kept_when_number_and_payer_are_named() -> None:
    v = overpaid("KAURI JOINERY INV-0042", "1100.00")
    assert (v.situation, v.status, v.certain) == ("overpayment", "settle", True)
    assert paid_documents(v) == {OPEN.id: "1000.00"}
    assert v.excess == Excess(
        kind="overpayment", contact_id="kauri", contact="Kauri Joinery Ltd", amount=Decimal("100.00")
    )
    assert v.residual == Decimal("-100.00")


def test_a_cent_too_much_is_kept_too() -> None:
    v = overpaid("KAURI JOINERY INV-0042", "1000.01")
    assert (v.certain, kept(v)) == (True, ("overpayment", "kauri", Decimal("0.01")))


def test_several_named_documents_are_paid_whole_and_the_rest_is_kept() -> None:
    v = overpaid("KAURI JOINERY INV-0042 INV-0043", "1300.00", invoice("INV-0043", "kauri", "250.00"))
    assert v.certain
    assert paid_documents(v) == {"doc-INV-0042": "1000.00", "doc-INV-0043": "250.00"}
    assert kept(v) == ("overpayment", "kauri", Decimal("50.00"))


@pytest.mark.parametrize(
    ("text", "amount", "others", "why"),
    [
        ("INV-0042", "1100.00", (), "does not name the contact"),
        ("MOANA FREIGHT INV-0042", "1100.00", (), ""),
        ("KAURI JOINERY INV-0042 INV-0999", "1100.00", (), ""),
        ("KAURI JOINERY INV-0042", "2100.00", (), "more than twice"),
        ("KAURI JOINERY INV-0042", "1100.00", (invoice("INV-0050", "rata", "1100.00"),), "INV-0050 of Rata"),
        (
            "KAURI JOINERY INV-0042",
            "1100.00",
            (invoice("INV-0050", "kauri", "300.00"), invoice("INV-0051", "kauri", "800.00")),
            "sum to the line",
        ),
        (
            "KAURI JOINERY INV-0042",
            "1100.00",
            (invoice("INV-0050", "kauri", "611.00", currency="EUR", rate=Decimal("1.80")),),
            "another currency",
        ),
    ],
)
def test_an_overpayment_that_may_be_something_else_is_filled_in_for_a_person(
    text: str, amount: str, others: tuple[Document, ...], why: str
) -> None:
    v = overpaid(text, amount, *others)
    assert (v.situation, v.status, v.certain) == ("overpayment", "review", False)
    assert why in v.reason
    assert paid_documents(v) == {OPEN.id: "1000.00"}
    assert kept(v) == ("overpayment", "kauri", Decimal(amount) - 1000)


def test_digits_alone_do_not_name_the_overpaid_document_for_certain() -> None:
    v = verdict("KAURI JOINERY 4242", "1100.00", invoice("INV-4242", "kauri", "1000.00"))
    assert (v.situation, v.status) == ("overpayment", "review")
    assert "whole number" in v.reason


def test_a_document_of_just_the_lines_amount_is_paid_whatever_number_is_copied() -> None:
    v = overpaid("KAURI JOINERY INV-0042", "1100.00", invoice("INV-0050", "kauri", "1100.00"))
    assert v.excess is None


def test_documents_of_two_contacts_leave_nobody_to_keep_the_rest_for() -> None:
    v = overpaid("INV-0042 INV-0043", "1300.00", invoice("INV-0043", "rata", "250.00"))
    assert not v.certain
    assert all(c.excess is None or len(c.settlements) == 1 for c in v.suggestions)


def out(text: str, amount: str, *documents: Document, accounts: tuple[Account, ...] = ACCOUNTS) -> Verdict:
    return only(match(books(line(text, amount, direction="spend"), documents=documents or (OWED,), accounts=accounts)))


@pytest.mark.parametrize("said", ["SPESEN 2.50", "1,000.00 + KOSTEN", "GEBÜHR"])
def test_a_charge_that_the_text_gives_is_no_overpayment(said: str) -> None:
    v = out(f"MOANA FREIGHT BILL-8841 {said}", "1002.50", accounts=(*ACCOUNTS, CHARGES))
    assert (v.situation, v.status, v.certain) == ("over_fee", "review", False)
    assert paid_documents(v) == {OWED.id: "1000.00"}
    assert v.excess is None
    assert v.residual == Decimal("-2.50")


def test_a_bill_overpaid_by_what_a_bank_might_charge_is_asked_about() -> None:
    v = out("MOANA FREIGHT BILL-8841", "1002.50", accounts=(*ACCOUNTS, CHARGES))
    assert (v.situation, v.status) == ("overpayment", "review")
    assert kept(v) == ("overpayment", "moana", Decimal("2.50"))
    assert "charge" in v.reason
    assert out("MOANA FREIGHT BILL-8841", "1200.00").certain


def test_money_received_is_never_more_by_a_fee() -> None:
    v = overpaid("KAURI JOINERY INV-0042 1.002,50 2.50", "1002.50")
    assert v.situation == "overpayment"


def test_money_without_a_document_is_kept_for_its_contact_once_a_person_says_so() -> None:
    on_account = verdict("KAURI JOINERY", "444.00", invoice("INV-0042", "kauri", "81.12"))
    before = verdict("KAURI JOINERY", "444.00", invoice("INV-0042", "rata", "81.12"))
    assert (on_account.situation, on_account.status, kept(on_account)) == (
        "on_account", "review", ("overpayment", "kauri", Decimal("444.00")),
    )  # fmt: skip
    assert (before.situation, before.status, kept(before)) == (
        "prepayment", "review", ("prepayment", "kauri", Decimal("444.00")),
    )  # fmt: skip


def test_money_that_two_contacts_may_have_sent_is_offered_for_each() -> None:
    sisters = tuple(Contact(id=i, name=n) for i, n in (("n", "Brumaire Lamps North"), ("s", "Brumaire Lamps South")))
    v = only(match(books(line("BRUMAIRE LAMPS", "42.10"), contacts=sisters)))
    assert v.excess is None
    assert {c.excess.contact_id for c in v.suggestions if c.excess} == {"n", "s"}


def test_a_line_that_pays_a_settled_document_again_may_be_kept_on_account() -> None:
    first, again = match(
        books(
            line("KAURI JOINERY INV-0042", "1000.00", "a"),
            line("KAURI JOINERY INV-0042", "1000.00", "b", date=DAY + dt.timedelta(days=1)),
            documents=(OPEN,),
        )
    )
    assert first.certain
    assert (again.situation, again.status, kept(again)) == (
        "paid_again", "review", ("overpayment", "kauri", Decimal("1000.00")),
    )  # fmt: skip


CREDIT = credit("CN-0007", "kauri", "120.00")
EIGHTY = credit("CN-0008", "kauri", "80.00")
SAME = replace(OPEN, amount_due=Decimal("120.00"))


def refunded(text: str, amount: str, *credits: Credit, **changes: Any) -> Verdict:
    given: dict[str, Any] = {"credits": credits or (CREDIT,), **changes}
    return only(match(books(line(text, amount, direction="spend"), **given)))


def test_money_out_that_equals_the_only_open_credit_pays_it_back() -> None:
    v = refunded("KAURI JOINERY", "120.00")
    assert (v.situation, v.status, v.certain) == ("refund", "settle", True)
    assert v.refunds == (Refund(credit_id="CN-0007", amount=Decimal("120.00"), bank_amount=Decimal("120.00")),)
    assert v.settlements == ()


def test_money_in_from_a_supplier_pays_back_a_credit_of_theirs() -> None:
    theirs = credit("77", "moana", "120.00", type="bill")
    assert verdict("MOANA FREIGHT", "120.00", credits=(theirs,)).certain
    assert verdict("MOANA FREIGHT", "120.00", credits=(replace(theirs, type="invoice"),)).refunds == ()


def test_money_that_may_pay_a_bill_of_the_contact_or_a_credit_back_is_for_a_person() -> None:
    both = {"documents": (bill("BILL-5", "kauri", "120.00"),)}
    v = refunded("KAURI JOINERY", "120.00", **both)
    assert not v.certain
    assert (v.settlements, v.status) == ((), "review")
    named = refunded("KAURI JOINERY BILL-5", "120.00", **both)
    assert named.certain
    assert [s.document_id for s in named.settlements] == ["doc-BILL-5"]


def test_of_two_equal_credits_the_named_one_is_paid_back() -> None:
    other = credit("CN-0008", "kauri", "120.00")
    v = refunded("KAURI JOINERY CN-7", "120.00", CREDIT, other)
    assert [r.credit_id for r in v.refunds] == ["CN-0007"]
    assert v.certain
    doubtful = refunded("KAURI JOINERY", "120.00", CREDIT, other)
    assert (doubtful.situation, doubtful.status, doubtful.refunds) == ("refund", "review", ())
    assert {r.credit_id for c in doubtful.suggestions for r in c.refunds} == {"CN-0007", "CN-0008"}


@pytest.mark.parametrize(
    ("text", "amount", "changes", "paid_back"),
    [
        ("REFUND CN-0007", "120.00", {}, {"CN-0007": "120.00"}),  # nobody is named
        ("KAURI JOINERY", "50.00", {}, {"CN-0007": "50.00"}),  # a part of the credit
        ("KAURI JOINERY", "120.00", {"documents": (bill("BILL-5", "kauri", "120.00"),)}, None),
        ("KAURI JOINERY INV-0042", "120.00", {"documents": (SAME,)}, {"CN-0007": "120.00"}),
        ("KAURI JOINERY", "200.00", {"credits": (CREDIT, EIGHTY)}, {"CN-0007": "120.00", "CN-0008": "80.00"}),
    ],
)  # fmt: skip
def test_a_refund_that_may_be_something_else_is_left_to_a_person(
    text: str, amount: str, changes: dict[str, Any], paid_back: dict[str, str] | None
) -> None:
    v = refunded(text, amount, **changes)
    assert not any(v.certain and r for r in (v.refunds,))
    if paid_back is not None:
        assert (v.situation, v.status) == ("refund", "review")
        assert {r.credit_id: str(r.amount) for r in v.refunds} == paid_back


def test_two_lines_that_want_one_credit_are_left_to_a_person() -> None:
    found = match(
        books(
            line("KAURI JOINERY", "120.00", "a", direction="spend"),
            line("KAURI JOINERY LTD", "120.00", "b", direction="spend"),
            credits=(CREDIT,),
        )
    )
    assert not any(v.certain for v in found)


def test_a_credit_that_one_line_pays_back_and_another_needs_is_used_by_neither() -> None:
    net, back = match(
        books(
            line("KAURI JOINERY INV-0042", "880.00", "net"),
            line("KAURI JOINERY", "120.00", "back", direction="spend"),
            documents=(OPEN,),
            credits=(CREDIT,),
        )
    )
    assert not net.certain
    assert not back.certain
    assert [c.allocations for c in net.suggestions if c.allocations]


def test_two_deposits_that_need_one_credit_by_name_alone_are_left_to_a_person() -> None:
    found = match(
        books(
            line("KAURI JOINERY", "880.00", "a"),
            line("KAURI JOINERY", "380.00", "b"),
            documents=(OPEN, invoice("INV-0043", "kauri", "500.00")),
            credits=(CREDIT,),
        )
    )
    assert not any(v.certain for v in found)


def test_a_refund_without_a_credit_stays_a_report() -> None:
    v = refunded(
        "KAURI JOINERY", "120.00", credits=(), documents=(replace(OPEN, amount_due=Decimal(0), status="paid"),)
    )
    assert (v.situation, v.status, v.refunds) == ("refund", "reported", ())


@pytest.mark.parametrize("cash", ["979.99", "1000.01", "1249.99"])
def test_what_several_named_documents_lack_is_shared_and_told(cash: str) -> None:
    v = overpaid("KAURI JOINERY INV-0042 INV-0043", cash, invoice("INV-0043", "kauri", "88.00"))
    if Decimal(cash) < 1088:
        assert v.situation.startswith("short_")
        assert v.residual == Decimal("1088.00") - Decimal(cash)
        assert sum(s.bank_amount for s in v.suggestions[0].settlements) == Decimal(cash)


def dollars(amount: str = "1000.00", rate: str | None = "1.60", **changes: Any) -> Verdict:
    account = Account(id="usd", code="095", name="Dollars", kind="bank", currency="USD", accepts_payments=True)
    document = invoice("INV-0042", "ostrava", "1000.00", currency="USD", rate=Decimal(rate) if rate else None)
    bank_line = line("OSTRAVA STROJIRNY INV-0042", amount, account_id="usd", currency="USD")
    return only(match(books(bank_line, documents=(document,), accounts=(*ACCOUNTS, account), **changes)))


def test_dollars_on_a_dollar_account_pay_dollars_at_the_days_rate_or_the_documents() -> None:
    own, known = dollars(), dollars(rates={DAY: {"USD": Decimal("1.63")}})
    assert own.certain
    assert known.certain
    assert [(s.amount, s.bank_amount, s.rate, s.rate_source) for s in (*own.settlements, *known.settlements)] == [
        (Decimal("1000.00"), Decimal("1000.00"), Decimal("1.60"), "document"),
        (Decimal("1000.00"), Decimal("1000.00"), Decimal("1.63"), "file"),
    ]


def test_rates_far_apart_or_none_at_all_are_for_a_person_with_the_difference_said() -> None:
    apart = dollars(rates={DAY: {"USD": Decimal("1.80")}})
    assert (apart.situation, apart.status, apart.certain) == ("exact", "review", False)
    assert "12.5 % off" in apart.reason
    none = dollars(rate=None)
    assert not none.certain
    assert "no rate" in none.reason


def test_an_overpaid_dollar_line_keeps_dollars() -> None:
    v = dollars("1100.00")
    assert v.certain
    assert kept(v) == ("overpayment", "ostrava", Decimal("100.00"))
    assert v.settlements[0].rate == Decimal("1.60")
