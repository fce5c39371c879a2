"""Equal open documents of one contact, and as many lines: each proposal speaks of the document it pays."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from finchat.books.documents import BankLine, Books, Contact, Document
from finchat.books.matching import match

DAY = dt.date(2026, 11, 20)


def invoice(n: int) -> Document:
    return Document(
        id=f"i{n}", type="invoice", number=f"INV-{n}", reference="", contact_id="c", contact="Longacre Pharmacy",
        date=DAY - dt.timedelta(days=20 + n), due_date=None, currency="NZD", total=Decimal("1113.94"),
        amount_due=Decimal("1113.94"), status="open",
    )  # fmt: skip


def line(n: int) -> BankLine:
    return BankLine(
        id=f"l{n}", source="feed", source_id=str(n), account_id="bank", date=DAY - dt.timedelta(days=n),
        direction="receive", amount=Decimal("1113.94"), currency="NZD", narration=f"LONGACRE PHARMACY {9001 + n}",
    )  # fmt: skip


def test_what_is_said_of_a_twin_names_the_document_that_is_paid() -> None:
    documents = (invoice(1), invoice(2))
    books = Books(
        base_currency="NZD", as_of=DAY, documents=documents, lines=(line(1), line(2)),
        contacts=(Contact(id="c", name="Longacre Pharmacy"), Contact(id="d", name="Rimutaka Joinery")),
    )  # fmt: skip
    verdicts = match(books)

    assert [v.certain for v in verdicts] == [True, True]
    assert {s.document_id for v in verdicts for s in v.settlements} == {"i1", "i2"}
    for verdict in verdicts:
        own = next(d for d in documents if d.id == verdict.settlements[0].document_id)
        other = next(d for d in documents if d is not own)
        said = " ".join([verdict.reason, *(e.text for e in verdict.evidence)])
        assert own.number in said
        assert other.number not in said
        assert verdict.rival is not None
        assert other.number in verdict.rival.text
