"""What the books' sentences say to a person: amounts as people write them, the true reason for a doubt and a loss."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from finchat.books.findings import findings
from finchat.books.matching import match
from finchat.books.matching.engine import _why_lost
from finchat.books.matching.option import Option, Take
from finchat.books.money import spoken
from finchat.books.plan import Evidence
from tests.books.make import bill, books, invoice, line, verdict


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("1234.5", "NZD", "1,234.50 NZD"),
        ("-2147.22", "NZD", "-2,147.22 NZD"),
        ("1234567", "JPY", "1,234,567 JPY"),
        ("0.005", "NZD", "0.005 NZD"),
        ("1E+4", "EUR", "10,000.00 EUR"),
    ],
)
def test_an_amount_in_a_sentence_has_its_thousands_apart(amount: str, currency: str, words: str) -> None:
    assert spoken(Decimal(amount), currency) == words


def test_findings_and_evidence_speak_of_amounts_alike() -> None:
    held = books(line("KAURI JOINERY INV-0042", "2100.00"), documents=(invoice("INV-0042", "kauri", "1000.00"),))
    (finding,) = findings(held, match(held))
    assert "2,100.00 NZD received" in finding.text
    assert "1,100.00 NZD more than is due" in finding.text
    paid = verdict("KAURI JOINERY INV-0042", "1000.00", invoice("INV-0042", "kauri", "1000.00"))
    assert any("1,000.00 NZD is what is due" in e.text for e in paid.evidence)


def test_a_doubt_says_what_it_rests_on() -> None:
    other_number = verdict("KAURI JOINERY INV-9999", "1000.00", invoice("INV-0042", "kauri", "1000.00"))
    assert not other_number.certain
    assert other_number.reason.endswith("equals what is due to the cent, but the text also bears inv 9999, which no "
                                        "document has.")  # fmt: skip


def test_an_amount_alone_is_said_to_be_that() -> None:
    (found,) = match(books(line("BRANCH DEPOSIT", "777.70"), documents=(invoice("INV-0042", "kauri", "777.70"),)))
    assert found.status == "unmatched"
    assert "The amount is that of INV-0042 of Kauri Joinery" in found.reason
    assert "the text names neither" in found.reason


def option(*kinds: str, confidence: str = "0.9", residual: int = 0) -> Option:
    return Option(
        situation="exact", level=1, certain=True, confidence=Decimal(confidence), reason="It fits.",
        takes=(Take(document_id="d", minor=1, bank_minor=1),),
        evidence=tuple(Evidence(kind=kind, text="x") for kind in kinds), residual=residual,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "other", "why"),
    [
        (option("number"), option("payee"), "the line does not name it by a number"),
        (option("payee"), option("amount"), "the line does not name its contact"),
        (option("payee"), option("payee", residual=5), "it would leave an amount open"),
        (option("number"), option("number", residual=-5), "the line is more than is due on it"),
        (option("payee"), option("payee", confidence="0.5"), "less speaks for it"),
        (option("payee"), option("payee"), "it fits as well: only a person can tell"),
    ],
)
def test_a_rival_is_never_said_to_lack_what_the_chosen_one_lacks_too(chosen: Option, other: Option, why: str) -> None:
    assert _why_lost(chosen, other) == why


def test_a_document_without_a_number_is_never_called_by_its_id() -> None:
    nameless = replace(bill("", "kauri", "1222.00"), id="2d4c0a36-0000-4000-8000-000000000001")
    found = verdict("KAURI JOINERY", "1222.00", nameless, direction="spend")
    said = " ".join([found.reason, *(e.text for e in found.evidence)])
    assert f"the bill of {nameless.date} for 1,222.00 NZD" in said
    assert nameless.id not in said
