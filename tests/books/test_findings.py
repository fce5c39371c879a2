"""Every situation that is not simply settled is told, with the step that deals with it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from finchat.books.documents import Books
from finchat.books.findings import CODES, findings
from finchat.books.matching import match
from finchat.books.matching.verdict import Coded
from finchat.books.plan import Finding
from tests.books.make import bill, books, credit, invoice, line, money, paid

OPEN = invoice("INV-0042", "kauri", "1000.00")


def _found(held: Books) -> list[Finding]:
    return list(findings(held, match(held)))


@pytest.mark.parametrize(
    ("code", "held", "words"),
    [
        ("residual_open", books(line("KAURI JOINERY INV-0042", "985.00"), documents=(OPEN,)), "15.00 NZD"),
        ("rounding_open", books(line("KAURI JOINERY INV-0042", "999.99"), documents=(OPEN,)), "0.01 NZD"),
        ("overpayment", books(line("KAURI JOINERY INV-0042", "1100.00"), documents=(OPEN,)), "100.00 NZD more"),
        ("paid_again", books(line("KAURI JOINERY INV-0042", "1000.00"), documents=(paid(OPEN),)), "once more"),
        (
            "wrong_direction",
            books(line("KAURI JOINERY INV-0042", "1000.00", direction="spend"), documents=(OPEN,)),
            "other way",
        ),
        (
            "refund",
            books(line("MOANA FREIGHT", "120.00"), documents=(paid(bill("8841", "moana", "120.00")),)),
            "a refund",
        ),
        (
            "duplicate",
            books(line("A 9912345", "5.00", "a"), line("A 9912345", "5.00", "b")),
            "the line of 2026-11-17 “A 9912345”, imported twice",
        ),
        (
            "over_fee",
            books(
                line("MOANA FREIGHT BILL-8841 SPESEN 2.50", "102.50", direction="spend"),
                documents=(bill("BILL-8841", "moana", "100.00"),),
            ),
            "2.50 NZD more",
        ),
        ("transfer", books(line("TO RAINY DAY 8812", "5.00", direction="spend")), "transfer to Rainy Day"),
        ("unrelated", books(line("COUNCIL PARKING", "5.00")), "No open document"),
        ("on_account", books(line("KAURI JOINERY", "4321.00"), documents=(OPEN,)), "no open document"),
        ("prepayment", books(line("KAURI JOINERY", "4321.00")), "no open document"),
        ("unmatched", books(line("DEPOSIT", "1000.00"), documents=(OPEN,)), "equal amount"),
        (
            "booked_elsewhere",
            books(
                line("KAURI JOINERY INV-0042", "1000.00"),
                documents=(OPEN,),
                bank_transactions=(money("1000.00", "sales"),),
            ),
            "Sales",
        ),
        (
            "ambiguous",
            books(line("KAURI JOINERY", "1000.00"), documents=(OPEN, invoice("INV-0050", "kauri", "1000.00"))),
            "2 answers",
        ),
    ],
)
def test_a_situation_is_told_with_its_correction(code: str, held: Books, words: str) -> None:
    told = [f for f in _found(held) if f.code == code]
    assert len(told) == 1, _found(held)
    finding = told[0]
    assert words in finding.text
    assert finding.next.endswith(".")
    assert finding.severity == CODES[code]
    assert finding.amount is not None
    assert finding.currency == "NZD"


def test_the_correction_of_a_deposit_booked_to_income_names_transaction_and_document() -> None:
    held = books(
        line("KAURI JOINERY INV-0042", "1000.00"),
        documents=(OPEN,),
        bank_transactions=(money("1000.00", "sales", "T77"),),
    )
    (finding,) = _found(held)
    assert "T77" in finding.next
    assert "INV-0042" in finding.next
    assert "twice" in finding.next


def test_lines_settled_to_the_cent_and_lines_already_settled_need_no_words() -> None:
    settled = books(line("KAURI JOINERY INV-0042", "1000.00"), documents=(OPEN,))
    held = books(
        line("KAURI JOINERY INV-0042", "900.00"), documents=(OPEN,), credits=(credit("CN-1", "kauri", "100.00"),)
    )
    booked = books(line("INTEREST", "3.11"), bank_transactions=(money("3.11", "sales"),))
    assert _found(settled) == _found(held) == _found(booked) == []


def test_an_overpayment_names_the_excess_as_its_amount() -> None:
    (finding,) = _found(books(line("KAURI JOINERY INV-0042", "1100.00"), documents=(OPEN,)))
    assert finding.amount == Decimal("100.00")
    assert finding.documents == (OPEN.id,)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (
            books(line("KAURI JOINERY INV-0042", "1100.00"), documents=(OPEN,)),
            "100.00 NZD is kept as an overpayment of Kauri Joinery Ltd",
        ),
        (books(line("INV-0042", "1100.00"), documents=(OPEN,)), "Or approve its card"),
        (
            books(line("KAURI JOINERY INV-0042", "1000.00"), documents=(paid(OPEN),)),
            "kept as an overpayment of Kauri Joinery Ltd",
        ),
        (books(line("KAURI JOINERY", "43.00")), "kept as a prepayment of Kauri Joinery Ltd"),
        (
            books(line("KAURI JOINERY", "70.00", direction="spend"), credits=(credit("CN-7", "kauri", "90.00"),)),
            "CN-7 is paid back by it",
        ),
        (
            books(
                line("KAURI JOINERY", "90.00", direction="spend"),
                credits=(credit("CN-7", "kauri", "90.00"), credit("CN-8", "kauri", "90.00")),
            ),
            "CN-7 or CN-8",
        ),
        (books(line("TO RAINY DAY 8812", "5.00", direction="spend")), "one transfer to Rainy Day 8812"),
        (books(line("KAURI JOINERY INV-0042", "985.00"), documents=(OPEN,)), "credit note"),
    ],
)
def test_the_next_step_names_what_an_approval_records(held: Books, words: str) -> None:
    (finding,) = _found(held)
    assert words in finding.next


def test_a_certain_refund_and_a_certain_transfer_need_no_words() -> None:
    refund = books(line("KAURI JOINERY", "90.00", direction="spend"), credits=(credit("CN-7", "kauri", "90.00"),))
    moved = books(
        line("TO RAINY DAY 8812", "5.00", "out", direction="spend"), line("X", "5.00", "in", account_id="savings")
    )
    assert _found(refund) == _found(moved) == []


def test_a_line_that_waits_for_an_account_says_so() -> None:
    held = books(line("COUNCIL PARKING", "5.00", direction="spend"))
    (found,) = match(held)
    asked = replace(found, status="review", coded=Coded(contact_id="", contact="Council Parking"))
    (finding,) = findings(held, [asked])
    assert finding.code == "needs_coding"
    assert "a contact" in finding.next
