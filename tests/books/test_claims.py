"""What the ledger already holds is claimed before any document is considered."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from finchat.books.documents import Account, BatchPayment, Transfer
from finchat.books.matching import match
from tests.books.make import (
    ACCOUNTS,
    DAY,
    bill,
    books,
    credit,
    invoice,
    line,
    money,
    only,
    paid,
    paid_documents,
    payment,
)

KAURI = invoice("INV-0042", "kauri", "500.00")
SETTLED = paid(invoice("INV-0040", "kauri", "500.00"))


@pytest.mark.parametrize("days", [-2, -1, 0, 1, 2, 3, 4])
def test_a_payment_near_the_lines_date_claims_it_and_keeps_it_from_an_equal_document(days: int) -> None:
    held = payment(SETTLED, "500.00", date=DAY + dt.timedelta(days=days))
    v = only(match(books(line("KAURI JOINERY", "500.00"), documents=(KAURI, SETTLED), payments=(held,))))
    assert (v.situation, v.status, v.ledger_ids) == ("already_settled", "already_settled", ("P1",))
    assert v.settlements == ()


def test_a_payment_far_from_the_line_does_not_claim_it() -> None:
    held = payment(SETTLED, "500.00", date=DAY - dt.timedelta(days=30))
    v = only(match(books(line("KAURI JOINERY", "500.00"), documents=(KAURI, SETTLED), payments=(held,))))
    assert paid_documents(v) == {KAURI.id: "500.00"}


def test_one_entry_claims_one_line_only() -> None:
    held = payment(SETTLED, "500.00")
    found = match(
        books(
            line("KAURI JOINERY", "500.00", "a"),
            line("KAURI JOINERY", "500.00", "b"),
            documents=(SETTLED, KAURI),
            payments=(held,),
        )
    )
    assert sorted(v.status for v in found) == ["already_settled", "settle"]


def test_a_payment_that_consumed_an_earlier_line_claims_nothing() -> None:
    held = payment(SETTLED, "500.00", matched_line="H1")
    v = only(match(books(line("KAURI JOINERY", "500.00"), documents=(KAURI, SETTLED), payments=(held,))))
    assert paid_documents(v) == {KAURI.id: "500.00"}


def test_a_payment_into_another_account_or_the_other_way_claims_nothing() -> None:
    for held in (payment(SETTLED, "500.00", account_id="savings"), payment(SETTLED, "500.00", direction="spend")):
        v = only(match(books(line("KAURI JOINERY", "500.00"), documents=(KAURI, SETTLED), payments=(held,))))
        assert v.status == "settle"


def test_a_payment_of_somebody_else_does_not_claim_a_line_that_names_its_payer() -> None:
    other = paid(invoice("INV-0041", "moana", "500.00"))
    v = only(
        match(books(line("KAURI JOINERY", "500.00"), documents=(KAURI, other), payments=(payment(other, "500.00"),)))
    )
    assert paid_documents(v) == {KAURI.id: "500.00"}


def test_a_line_that_names_another_open_document_is_not_claimed() -> None:
    v = only(
        match(
            books(
                line("KAURI JOINERY INV-0042", "500.00"),
                documents=(KAURI, SETTLED),
                payments=(payment(SETTLED, "500.00"),),
            )
        )
    )
    assert paid_documents(v) == {KAURI.id: "500.00"}


def test_of_two_lines_the_one_that_names_the_paid_document_is_claimed() -> None:
    a, b = match(
        books(
            line("KAURI JOINERY", "500.00", "a"),
            line("KAURI JOINERY INV-0040", "500.00", "b"),
            documents=(KAURI, SETTLED),
            payments=(payment(SETTLED, "500.00"),),
        )
    )
    assert b.status == "already_settled"
    assert paid_documents(a) == {KAURI.id: "500.00"}


def test_a_batch_payment_claims_one_line_of_the_total_and_uses_up_its_payments() -> None:
    one, two = paid(bill("77", "moana", "60.00")), paid(bill("78", "rata", "40.00"))
    payments = (payment(one, "60.00", "P1", batch_id="B1"), payment(two, "40.00", "P2", batch_id="B1"))
    batch = BatchPayment(
        id="B1", date=DAY, account_id="bank", direction="spend", amount=Decimal("100.00"), payment_ids=("P1", "P2")
    )
    total, part = match(
        books(
            line("SUPPLIER RUN", "100.00", "total", direction="spend"),
            line("MOANA FREIGHT", "60.00", "part", direction="spend"),
            documents=(one, two),
            payments=payments,
            batches=(batch,),
        )
    )
    assert total.ledger_ids == ("B1", "P1", "P2")
    assert part.status != "already_settled"


def test_a_batch_payment_may_also_reach_the_statement_line_by_line() -> None:
    one, two = paid(bill("77", "moana", "60.00")), paid(bill("78", "rata", "40.00"))
    payments = (payment(one, "60.00", "P1", batch_id="B1"), payment(two, "40.00", "P2", batch_id="B1"))
    batch = BatchPayment(
        id="B1", date=DAY, account_id="bank", direction="spend", amount=Decimal("100.00"), payment_ids=("P1", "P2")
    )
    found = match(
        books(
            line("MOANA FREIGHT", "60.00", "a", direction="spend"),
            line("RATA ROOFING", "40.00", "b", direction="spend"),
            documents=(one, two),
            payments=payments,
            batches=(batch,),
        )
    )
    assert [v.ledger_ids for v in found] == [("P1",), ("P2",)]


def test_payments_recorded_one_by_one_claim_the_one_deposit_they_sum_to() -> None:
    one, two = paid(invoice("INV-1", "kauri", "60.00")), paid(invoice("INV-2", "kauri", "40.00"))
    payments = (payment(one, "60.00", "P1"), payment(two, "40.00", "P2"))
    v = only(match(books(line("KAURI JOINERY", "100.00"), documents=(one, two), payments=payments)))
    assert v.ledger_ids == ("P1", "P2")


def test_a_transfer_claims_a_line_on_each_of_its_two_accounts() -> None:
    moved = Transfer(
        id="X1", date=DAY, from_account="bank", to_account="savings", amount=Decimal("900.00"), currency="NZD"
    )
    found = match(
        books(
            line("MOVE", "900.00", "out", direction="spend"),
            line("MOVE", "900.00", "in", account_id="savings"),
            transfers=(moved,),
        )
    )
    assert [v.ledger_ids for v in found] == [("X1",), ("X1",)]


def moved(**changes: Any) -> Transfer:
    given: dict[str, Any] = {
        "id": "X1", "date": DAY, "from_account": "bank", "to_account": "savings", "amount": Decimal("900.00"),
        "currency": "NZD",
    }  # fmt: skip
    return Transfer(**{**given, **changes})


def test_a_transfer_that_the_ledger_lists_as_bank_transactions_too_claims_one_line_a_side() -> None:
    listed = (
        money("900.00", "savings", "T1", kind="transfer", direction="spend"),
        money("900.00", "bank", "T2", kind="transfer", account_id="savings"),
    )
    found = match(
        books(
            line("MOVE", "900.00", "out", direction="spend"),
            line("MOVE", "900.00", "again", direction="spend"),
            line("MOVE", "900.00", "in", account_id="savings"),
            line("MOVE", "900.00", "in again", account_id="savings"),
            transfers=(moved(),),
            bank_transactions=listed,
        )
    )
    assert sorted((v.status, v.ledger_ids) for v in found if v.ledger_ids) == [("already_settled", ("X1",))] * 2
    claimed = [v.line_id for v in found if v.ledger_ids]
    assert [x[:2] for x in sorted(claimed, key=str)] in (["ag", "in"], ["in", "ou"])


def test_a_transfer_known_only_as_bank_transactions_claims_a_line_on_each_account() -> None:
    listed = (
        money("900.00", "savings", "T1", kind="transfer", direction="spend"),
        money("900.00", "bank", "T2", kind="transfer", account_id="savings"),
    )
    found = match(
        books(
            line("MOVE", "900.00", "out", direction="spend"),
            line("MOVE", "900.00", "in", account_id="savings"),
            bank_transactions=listed,
        )
    )
    assert [(v.status, v.ledger_ids) for v in found] == [("already_settled", ("T1",)), ("already_settled", ("T2",))]


def test_a_side_in_another_currency_is_claimed_at_its_own_amount_only() -> None:
    dollars = Account(id="usd", code="095", name="Dollars", kind="bank", currency="USD", accepts_payments=True)
    held = books(
        line("MOVE", "900.00", "wrong", account_id="usd", currency="USD"),
        line("MOVE", "540.00", "right", account_id="usd", currency="USD"),
        accounts=(*ACCOUNTS, dollars),
        transfers=(moved(to_account="usd"),),
        bank_transactions=(money("540.00", "bank", "T2", kind="transfer", account_id="usd", currency="USD"),),
    )
    wrong, right = match(held)
    assert wrong.status != "already_settled"
    assert right.ledger_ids == ("T2",)


def test_what_finchat_recorded_earlier_is_claimed_by_its_fingerprint() -> None:
    bank_line = line("KAURI JOINERY INV-0042", "500.00", fingerprints=("fitid:F9", "hash:ab"))
    v = only(match(books(bank_line, documents=(KAURI,), consumed={"hash:ab": "pay-1"})))
    assert (v.status, v.ledger_ids) == ("already_settled", ("pay-1",))


def test_a_ledger_line_is_claimed_by_its_own_receipt() -> None:
    receipt = money("500.00", "waiting", "T9")
    v = only(
        match(
            books(
                line("KAURI JOINERY INV-0042", "500.00", source="ledger", source_id="T9"),
                documents=(KAURI,),
                bank_transactions=(receipt,),
            )
        )
    )
    assert (v.situation, v.via, v.ledger_ids) == ("clearing", "clearing", ("T9",))


def test_a_receipt_on_an_account_named_as_clearing_is_paid_from_there() -> None:
    v = only(
        match(
            books(line("KAURI JOINERY", "500.00"), documents=(KAURI,), bank_transactions=(money("500.00", "waiting"),))
        )
    )
    assert (v.situation, v.status, v.certain, v.via) == ("clearing", "settle", True, "clearing")
    assert paid_documents(v) == {KAURI.id: "500.00"}
    assert v.ledger_ids == ("T1",)


@pytest.mark.parametrize(
    "receipt",
    [
        money("500.00", "called"),
        money("500.00", "sales"),
        money("500.00", "waiting", tax=Decimal("65.22")),
        money("500.00", "waiting", lines=2),
        money("500.00", lines=2, splits=("waiting", "sales")),
    ],
)
def test_a_receipt_coded_anywhere_else_is_reported_and_never_paid_twice(receipt: object) -> None:
    v = only(match(books(line("KAURI JOINERY INV-0042", "500.00"), documents=(KAURI,), bank_transactions=(receipt,))))
    assert (v.situation, v.status, v.certain) == ("booked_elsewhere", "reported", False)
    assert v.settlements == ()
    assert v.ledger_ids == ("T1",)


def test_clearing_never_goes_below_zero() -> None:
    released = payment(SETTLED, "500.00", "P7", account_id="waiting")
    found = match(
        books(
            line("KAURI JOINERY INV-0042", "500.00"),
            documents=(KAURI, SETTLED),
            payments=(released,),
            bank_transactions=(money("500.00", "waiting"),),
        )
    )
    v = only(found)
    assert v.settlements == ()
    assert v.status == "already_settled"


def test_an_account_that_takes_no_payments_cannot_release_a_receipt() -> None:
    base = books(
        line("KAURI JOINERY INV-0042", "500.00"), documents=(KAURI,), bank_transactions=(money("500.00", "waiting"),)
    )
    closed = replace(
        base, accounts=tuple(replace(a, accepts_payments=False) if a.id == "waiting" else a for a in base.accounts)
    )
    v = only(match(closed))
    assert (v.situation, v.settlements) == ("booked_elsewhere", ())


def test_a_deposit_booked_as_prepayment_is_allocated_to_the_document_it_names() -> None:
    booked = money("500.00", kind="prepayment", contact_id="kauri")
    open_credit = credit("PP-1", "kauri", "500.00", kind="prepayment", source_id="T1")
    v = only(
        match(
            books(
                line("KAURI JOINERY INV-0042", "500.00"),
                documents=(KAURI,),
                bank_transactions=(booked,),
                credits=(open_credit,),
            )
        )
    )
    assert (v.situation, v.status, v.certain) == ("booked_as_credit", "settle", True)
    assert v.settlements == ()
    assert [(a.credit_id, a.document_id, a.amount) for a in v.allocations] == [("PP-1", KAURI.id, Decimal("500.00"))]


def test_a_deposit_booked_as_overpayment_that_names_no_document_is_settled_already() -> None:
    booked = money("300.00", kind="overpayment", contact_id="kauri")
    open_credit = credit("OP-1", "kauri", "300.00", kind="overpayment", source_id="T1")
    v = only(
        match(
            books(
                line("KAURI JOINERY", "300.00"), documents=(KAURI,), bank_transactions=(booked,), credits=(open_credit,)
            )
        )
    )
    assert (v.status, v.allocations, v.settlements) == ("already_settled", (), ())


def test_receive_money_that_evidences_no_document_is_settled_already() -> None:
    v = only(match(books(line("INTEREST", "3.11"), documents=(KAURI,), bank_transactions=(money("3.11", "sales"),))))
    assert (v.status, v.ledger_ids) == ("already_settled", ("T1",))


def test_a_cheque_is_known_by_its_number_weeks_after_it_was_written() -> None:
    owed = paid(bill("B-77", "kauri", "500.00"))
    written = payment(owed, "500.00", date=DAY - dt.timedelta(days=40), reference="5345")
    for text, status in (("Check # 5345", "already_settled"), ("Check # 5346", "reported")):
        drawn = replace(line(text, "500.00"), direction="spend")
        v = only(match(books(drawn, documents=(owed,), payments=(written,))))
        assert (v.status, v.ledger_ids) == (status, ("P1",) if status == "already_settled" else ())


def test_a_payment_of_several_documents_claims_no_line_in_parts() -> None:
    parts = [paid(invoice(f"INV-{n}", "kauri", "200.00")) for n in (1, 2)]
    paid_both = tuple(
        replace(payment(d, "200.00"), id=f"P9:{d.id}", batch_id="P9") for d in parts
    )  # fmt: skip
    batch = BatchPayment(
        id="P9", date=DAY, account_id=paid_both[0].account_id, direction="receive", amount=Decimal("400.00"),
        payment_ids=tuple(p.id for p in paid_both), whole=True,
    )  # fmt: skip
    known: dict[str, Any] = {"documents": tuple(parts), "payments": paid_both, "batches": (batch,)}
    assert only(match(books(line("KAURI JOINERY", "400.00"), **known))).ledger_ids == ("P9",)
    assert only(match(books(line("KAURI JOINERY", "200.00"), **known))).status != "already_settled"


def test_payments_of_a_day_that_left_as_one_amount_claim_its_line_only_when_no_others_could() -> None:
    owed = [
        paid(bill(f"B-{n}", who, amount))
        for n, (who, amount) in enumerate((("kauri", "100.00"), ("rata", "250.50"), ("moana", "70.25")))
    ]
    made = tuple(replace(payment(d, str(d.total)), id=f"P{n}") for n, d in enumerate(owed))
    drawn = replace(line("CREDITORS", "350.50"), direction="spend")
    v = only(match(books(drawn, documents=tuple(owed), payments=made)))
    assert (v.status, v.ledger_ids) == ("already_settled", ("P0", "P1"))
    twin = replace(made[0], id="P8")
    assert only(match(books(drawn, documents=tuple(owed), payments=(*made, twin)))).status != "already_settled"
