"""One sentence per situation of the accounting rules: what the matcher says, and what it must not."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from finchat.books.documents import ConfirmedLine, Contact
from finchat.books.matching import match
from finchat.books.matching.verdict import Excess
from tests.books.make import DAY, bill, books, credit, invoice, line, only, paid, paid_documents, payment, verdict


def test_a_line_that_names_number_and_amount_pays_that_document() -> None:
    v = verdict("ZAHLG INV-0042 KAURI JOINERY", "812.50", invoice("INV-0042", "kauri", "812.50"))
    assert (v.situation, v.status, v.certain) == ("exact", "settle", True)
    assert paid_documents(v) == {"doc-INV-0042": "812.50"}
    assert {e.kind for e in v.evidence} >= {"number", "amount", "payee"}
    assert v.confidence > Decimal("0.9")
    assert v.residual == 0


def test_numbers_are_found_with_other_spacing_zeros_and_case() -> None:
    document = invoice("INV-0042", "kauri", "812.50")
    for text in ("inv 42", "INV0042", "Inv. 0042/", "ref:inv-042"):
        assert paid_documents(verdict(text, "812.50", document)) == {document.id: "812.50"}, text


def test_a_number_inside_a_longer_number_is_not_that_number() -> None:
    v = verdict("TRACE 9900426611", "77.00", invoice("INV-0042", "kauri", "812.50"))
    assert v.settlements == ()
    assert not v.certain


def test_a_payer_named_whole_with_an_exact_amount_pays_the_only_such_document() -> None:
    v = verdict(
        "kauri joinery ltd", "812.50", invoice("INV-0042", "kauri", "812.50"), invoice("INV-0043", "kauri", "90.00")
    )
    assert paid_documents(v) == {"doc-INV-0042": "812.50"}
    assert v.certain


def test_names_are_read_cut_off_without_vowels_with_a_typo_and_run_together() -> None:
    document = invoice("INV-0042", "piwakawaka", "812.50")
    for text in ("PIWAKAWAKA GARD", "PWKWK GRDNS", "PIWAKAWKA GARDENS", "PIWAKAWAKAGARDENS"):
        v = verdict(text, "812.50", document)
        assert v.certain, text
        assert paid_documents(v) == {document.id: "812.50"}


def test_accents_and_legal_forms_do_not_hide_a_name() -> None:
    v = verdict("PRICHOZI PLATBA OSTRAVA STROJIRNY", "4100.00", invoice("INV-0042", "ostrava", "4100.00"))
    assert v.certain


def test_an_equal_amount_alone_settles_nothing() -> None:
    v = verdict("COUNTER DEPOSIT", "812.50", invoice("INV-0042", "kauri", "812.50"))
    assert not v.certain
    assert v.settlements == ()
    assert v.suggestions[0].settlements[0].document_id == "doc-INV-0042"


def test_an_equal_amount_of_a_payer_who_is_somebody_else_settles_nothing() -> None:
    v = verdict("MOANA FREIGHT", "812.50", invoice("INV-0042", "kauri", "812.50"))
    assert not v.certain
    assert v.settlements == ()


def test_two_documents_equally_good_are_left_to_a_human_with_both_named() -> None:
    first, second = invoice("INV-0042", "kauri", "500.00"), invoice("INV-0051", "kauri", "500.00")
    v = verdict("KAURI JOINERY", "500.00", first, second)
    assert (v.situation, v.status, v.certain) == ("ambiguous", "review", False)
    assert v.settlements == ()
    assert {s.document_id for c in v.suggestions for s in c.settlements} == {first.id, second.id}
    assert v.rival is not None


def test_two_equal_documents_and_two_lines_are_each_paid_once() -> None:
    documents = (invoice("INV-0042", "kauri", "500.00"), invoice("INV-0051", "kauri", "500.00"))
    found = match(
        books(line("KAURI JOINERY", "500.00", "L1"), line("KAURI JOINERY LTD", "500.00", "L2"), documents=documents)
    )
    assert all(v.certain for v in found)
    assert sorted(s.document_id for v in found for s in v.settlements) == ["doc-INV-0042", "doc-INV-0051"]


def test_two_lines_that_want_one_document_by_name_alone_are_left_to_a_human() -> None:
    found = match(
        books(
            line("KAURI JOINERY", "500.00", "L1"),
            line("KAURI JOINERY LTD", "500.00", "L2"),
            documents=(invoice("INV-0042", "kauri", "500.00"),),
        )
    )
    assert not any(v.certain for v in found)


def test_a_line_for_several_named_documents_pays_each_to_the_cent() -> None:
    documents = (invoice("INV-0042", "kauri", "100.10"), invoice("INV-0043", "kauri", "250.25"))
    v = verdict("KAURI INV-0042 INV-0043", "350.35", *documents, invoice("INV-0044", "kauri", "350.00"))
    assert (v.situation, v.certain) == ("several", True)
    assert paid_documents(v) == {"doc-INV-0042": "100.10", "doc-INV-0043": "250.25"}


def test_a_list_of_numbers_after_one_prefix_names_them_all() -> None:
    documents = tuple(
        invoice(f"INV-{n}", "kauri", a) for n, a in (("4402", "101.00"), ("4407", "52.20"), ("4419", "9.99"))
    )
    v = verdict("KAURI INV4402,4407,4419", "163.19", *documents)
    assert set(paid_documents(v)) == {d.id for d in documents}


def test_a_group_is_taken_without_numbers_only_when_no_other_group_fits() -> None:
    unique = [invoice(f"INV-{i}", "kauri", a) for i, a in enumerate(("101.37", "206.11", "540.09", "77.77"), start=10)]
    v = verdict("KAURI JOINERY", "307.48", *unique)
    assert v.certain
    assert set(paid_documents(v)) == {"doc-INV-10", "doc-INV-11"}
    two_ways = [
        invoice(f"INV-{i}", "kauri", a) for i, a in enumerate(("100.00", "400.00", "200.00", "300.00"), start=10)
    ]
    doubtful = verdict("KAURI JOINERY", "500.00", *two_ways)
    assert not doubtful.certain
    assert doubtful.suggestions


def test_all_that_a_customer_owes_is_paid_by_one_line_of_that_sum() -> None:
    documents = [
        invoice(f"INV-{i}", "kauri", a) for i, a in enumerate(("100.00", "250.00", "49.00", "75.50"), start=10)
    ]
    v = verdict("KAURI JOINERY STATEMENT", "474.50", *documents)
    assert v.certain
    assert len(v.settlements) == 4


def test_a_part_payment_is_cash_received_and_leaves_the_rest_open() -> None:
    v = verdict("KAURI JOINERY INV-0042", "300.00", invoice("INV-0042", "kauri", "1000.00"))
    assert (v.situation, v.certain) == ("part_payment", True)
    assert paid_documents(v) == {"doc-INV-0042": "300.00"}
    assert v.residual == Decimal("700.00")


def test_a_line_short_of_a_named_document_pays_the_cash_and_names_the_residual() -> None:
    for paid_cash, situation in (
        ("985.00", "short_fee"),
        ("980.00", "short_discount"),
        ("850.00", "short_withholding"),
        ("970.70", "short_fee"),
    ):
        v = verdict("KAURI JOINERY INV-0042", paid_cash, invoice("INV-0042", "kauri", "1000.00"))
        assert (v.situation, v.certain) == (situation, True), paid_cash
        assert paid_documents(v) == {"doc-INV-0042": paid_cash}
        assert v.residual == Decimal("1000.00") - Decimal(paid_cash)


def test_a_cent_short_is_rounding_and_stays_open() -> None:
    v = verdict("KAURI JOINERY INV-0042", "812.49", invoice("INV-0042", "kauri", "812.50"))
    assert (v.situation, v.residual) == ("short_other", Decimal("0.01"))
    assert paid_documents(v) == {"doc-INV-0042": "812.49"}


def test_an_open_credit_is_allocated_first_and_the_rest_paid() -> None:
    v = verdict(
        "KAURI JOINERY INV-0042",
        "900.00",
        invoice("INV-0042", "kauri", "1000.00"),
        credits=(credit("CN-7", "kauri", "100.00"),),
    )
    assert (v.situation, v.certain) == ("credits_first", True)
    assert paid_documents(v) == {"doc-INV-0042": "900.00"}
    assert [(a.credit_id, a.document_id, a.amount) for a in v.allocations] == [
        ("CN-7", "doc-INV-0042", Decimal("100.00"))
    ]


def test_a_credit_of_another_contact_or_side_is_not_used() -> None:
    for other in (credit("CN-7", "rata", "100.00"), credit("CN-7", "kauri", "100.00", type="bill")):
        v = verdict("KAURI JOINERY INV-0042", "900.00", invoice("INV-0042", "kauri", "1000.00"), credits=(other,))
        assert v.allocations == ()


def test_a_document_in_another_currency_is_paid_at_the_lines_own_rate_when_that_is_plausible() -> None:
    document = invoice("INV-0042", "ostrava", "1000.00", currency="EUR", rate=Decimal("1.80"))
    rates = {DAY - dt.timedelta(days=1): {"EUR": Decimal("1.83")}}
    v = verdict("OSTRAVA STROJIRNY INV-0042", "1841.20", document, rates=rates)
    assert v.certain
    settlement = v.settlements[0]
    assert (settlement.amount, settlement.bank_amount) == (Decimal("1000.00"), Decimal("1841.20"))
    assert settlement.rate == Decimal("1.8412")
    assert settlement.rate_source == "bank_line"


def test_the_documents_own_rate_judges_when_there_is_no_other() -> None:
    document = invoice("INV-0042", "ostrava", "1000.00", currency="EUR", rate=Decimal("1.80"))
    assert verdict("OSTRAVA STROJIRNY INV-0042", "1841.20", document).certain
    assert not verdict("OSTRAVA STROJIRNY INV-0042", "2400.00", document).certain
    assert not verdict("OSTRAVA STROJIRNY INV-0042", "1841.20", replace(document, rate=None)).certain


def test_equal_numbers_in_another_currency_are_no_match() -> None:
    document = invoice("INV-0042", "ostrava", "1000.00", currency="EUR", rate=Decimal("1.80"))
    v = verdict("OSTRAVA STROJIRNY", "1000.00", document)
    assert not v.certain
    assert v.settlements == ()


def test_drafts_and_voided_documents_are_never_paid() -> None:
    for status in ("draft", "submitted", "void"):
        v = verdict("KAURI JOINERY INV-0042", "812.50", invoice("INV-0042", "kauri", "812.50", status=status))
        assert v.settlements == ()
        assert not v.suggestions


def test_two_digits_swapped_are_recognised_and_the_named_payer_decides() -> None:
    documents = (invoice("INV-0427", "kauri", "500.00"), invoice("INV-0472", "moana", "77.00"))
    v = verdict("KAURI JOINERY INV-0472", "500.00", *documents)
    assert paid_documents(v) == {"doc-INV-0427": "500.00"}
    assert any("swapped" in e.text for e in v.evidence)


def test_a_stale_number_of_a_paid_document_does_not_hide_the_open_one_of_that_amount() -> None:
    documents = (paid(invoice("INV-0042", "kauri", "90.00")), invoice("INV-0077", "kauri", "512.34"))
    v = verdict("KAURI JOINERY INV-0042", "512.34", *documents)
    assert paid_documents(v) == {"doc-INV-0077": "512.34"}


def test_a_document_paid_again_is_reported_and_not_paid_from_an_equal_one() -> None:
    documents = (paid(invoice("INV-0042", "kauri", "500.00")), invoice("INV-0077", "kauri", "500.00"))
    v = verdict("KAURI JOINERY INV-0042", "500.00", *documents)
    assert (v.situation, v.status) == ("paid_again", "review")
    assert v.settlements == ()
    assert v.excess == Excess(
        kind="overpayment", contact_id="kauri", contact="Kauri Joinery Ltd", amount=Decimal("500.00")
    )


def test_of_two_lines_naming_one_document_the_earlier_pays_and_the_later_is_reported() -> None:
    document = invoice("INV-0042", "kauri", "500.00")
    later, earlier = match(
        books(
            line("KAURI JOINERY INV-0042", "500.00", "later", date=DAY + dt.timedelta(days=2)),
            line("KAURI JOINERY INV-0042", "500.00", "earlier"),
            documents=(document,),
        )
    )
    assert paid_documents(earlier) == {document.id: "500.00"}
    assert (later.situation, later.settlements) == ("paid_again", ())


def test_money_out_for_an_invoice_is_the_wrong_direction() -> None:
    v = verdict("KAURI JOINERY INV-0042", "500.00", invoice("INV-0042", "kauri", "500.00"), direction="spend")
    assert (v.situation, v.status, v.settlements) == ("wrong_direction", "reported", ())


def test_money_back_from_a_supplier_is_a_refund_and_touches_no_document() -> None:
    v = verdict("MOANA FREIGHT", "120.00", paid(bill("8841", "moana", "120.00")))
    assert (v.situation, v.status, v.settlements) == ("refund", "reported", ())


def test_the_same_bank_event_imported_twice_is_reported_once() -> None:
    document = invoice("INV-0042", "kauri", "500.00")
    found = match(
        books(
            line("KAURI JOINERY INV-0042 TRX 77120934", "500.00", "a"),
            line("KAURI JOINERY INV-0042 TRX 77120934", "500.00", "b"),
            documents=(document, invoice("INV-0043", "kauri", "500.00")),
        )
    )
    assert sorted(v.situation for v in found) == ["duplicate", "exact"]
    assert sum(len(v.settlements) for v in found) == 1


def test_the_same_fitid_is_one_event_whatever_the_text() -> None:
    found = match(
        books(
            line("KAURI JOINERY INV-0042", "500.00", "a", fitid="F1"),
            line("kauri joinery", "500.00", "b", fitid="F1"),
            documents=(invoice("INV-0042", "kauri", "500.00"), invoice("INV-0043", "kauri", "500.00")),
        )
    )
    assert [v.situation for v in found] == ["exact", "duplicate"]


def test_the_number_of_an_account_or_of_a_mandate_ties_no_two_payments_together() -> None:
    """Twins that name the same account are two, as are those that bear what a line of another day bears too."""
    own = [line("TO 12-3456-0008812-00", "40.00", i, direction="spend") for i in ("a", "b")]
    iban = [line("MIETE DE89370400440532013000", "41.00", i, direction="spend") for i in ("c", "d")]
    mandate = [line("D/D MANDATE 77120934", "42.00", i, direction="spend") for i in ("e", "f")]
    earlier = line("D/D MANDATE 77120934", "17.00", "g", direction="spend", date=DAY - dt.timedelta(days=3))
    found = match(books(*own, *iban, *mandate, earlier))
    assert "duplicate" not in {v.situation for v in found}
    alone = match(books(*mandate))
    assert [v.situation for v in alone].count("duplicate") == 1


def test_a_transfer_between_own_accounts_is_reported_as_one() -> None:
    v = verdict("TO RAINY DAY 8812", "500.00", bill("8841", "moana", "500.00"), direction="spend")
    assert (v.situation, v.settlements) == ("transfer", ())


def test_money_of_a_known_customer_without_a_document_is_on_account_or_a_prepayment() -> None:
    assert verdict("KAURI JOINERY", "444.00", invoice("INV-0042", "kauri", "81.12")).situation == "on_account"
    assert verdict("KAURI JOINERY", "444.00", invoice("INV-0042", "rata", "81.12")).situation == "prepayment"


def test_a_code_that_is_no_documents_keeps_a_name_from_being_enough() -> None:
    v = verdict("KAURI JOINERY Q-0977", "812.50", invoice("INV-0042", "kauri", "812.50"))
    assert not v.certain
    assert v.suggestions


def test_a_line_nobody_explains_is_unrelated() -> None:
    v = verdict("CITY COUNCIL PARKING", "12.00", invoice("INV-0042", "kauri", "812.50"))
    assert (v.situation, v.status, v.suggestions) == ("unrelated", "reported", ())


def test_a_known_payers_account_stands_for_the_name() -> None:
    found = match(
        replace(
            books(
                line("DEPOSIT", "812.50", counterparty_account="03-0123-0456789-00"),
                documents=(invoice("INV-0042", "kauri", "812.50"),),
            ),
            contacts=tuple(
                replace(c, bank_account="03 0123 0456789 00") if c.id == "kauri" else c for c in books().contacts
            ),
        )
    )
    v = only(found)
    assert v.certain
    assert "account" in {e.kind for e in v.evidence}


def _confirmed(identity: str, text: str) -> ConfirmedLine:
    return ConfirmedLine(
        id=identity, date=DAY - dt.timedelta(days=40), direction="receive", amount=Decimal("5.00"), currency="NZD",
        narration=text, counterparty_account="", contact_id="kauri",
    )  # fmt: skip


def test_a_trading_name_is_learned_from_two_confirmed_lines_but_never_from_one() -> None:
    document = invoice("INV-0042", "kauri", "812.50")
    once = (_confirmed("H1", "DC BEECHWOOD INTERIORS 1"),)
    twice = (*once, _confirmed("H2", "DC BEECHWOOD INTERIORS 2"))
    assert not verdict("DC BEECHWOOD INTERIORS", "812.50", document, history=once).certain
    assert paid_documents(verdict("DC BEECHWOOD INTERIORS", "812.50", document, history=twice)) == {
        document.id: "812.50"
    }


def test_the_ledgers_own_payment_references_teach_trading_names_too() -> None:
    old = paid(invoice("INV-0001", "kauri", "5.00"))
    past = tuple(
        payment(old, "5.00", f"P{i}", date=DAY - dt.timedelta(days=90 + i), reference=f"BEECHWOOD INTERIORS {i}7")
        for i in (1, 2)
    )
    document = invoice("INV-0042", "kauri", "812.50")
    assert verdict("BEECHWOOD INTERIORS", "812.50", document, old, payments=past).certain


def test_a_document_dated_after_the_line_is_not_paid_by_name() -> None:
    document = invoice("INV-0042", "kauri", "812.50", date=DAY + dt.timedelta(days=2))
    assert not verdict("KAURI JOINERY", "812.50", document).certain


def test_a_name_of_one_word_does_not_take_the_money_of_a_longer_name() -> None:
    document = invoice("INV-0042", "kauri", "812.50")
    few = (Contact(id="kauri", name="Kauri Ltd"),)
    more = (*few, *(Contact(id=f"c{i}", name=f"{name} Ltd") for i, name in enumerate(("Rimu Paint", "Totara", "Miro"))))
    for contacts in (few, more):
        assert verdict("KAURI LTD", "812.50", document, contacts=contacts).certain
        assert not verdict("KAURI JOINERY LTD", "812.50", document, contacts=contacts).certain
    assert not verdict("KAURI JOINERY", "812.50", document, contacts=more).certain


def test_a_suppliers_number_is_not_trusted_when_the_text_names_another_supplier() -> None:
    v = verdict("MOANA FREIGHT INV-1001", "812.50", bill("INV-1001", "kauri", "812.50"), direction="spend")
    assert not v.certain


def test_odd_texts_and_empty_books_are_answered_too() -> None:
    for text in ("", "   ", "\u202e\u0000[bold]x[/bold]", "\U0001f4b8" * 50, "9" * 400, "a" * 5000, "株式会社 タクミ"):
        assert verdict(text, "812.50").situation in ("unrelated", "unmatched")
    assert match(books()) == ()
