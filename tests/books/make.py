"""Small books for tests: one organisation in NZD with short helpers for each record."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from finchat.books.documents import (
    Account,
    BankLine,
    BankTransaction,
    Books,
    Contact,
    Credit,
    Direction,
    Document,
    Payment,
)
from finchat.books.matching import Verdict, match

BANK = Account(id="bank", code="090", name="Everyday", kind="bank", currency="NZD", accepts_payments=True)
SAVINGS = Account(
    id="savings", code="091", name="Rainy Day 8812", kind="bank", currency="NZD", bank_account="12-3456-0008812-00"
)
WAITING = Account(
    id="waiting",
    code="610",
    name="Card receipts",
    kind="liability",
    currency="NZD",
    accepts_payments=True,
    clearing=True,
)
CALLED_CLEARING = Account(
    id="called", code="615", name="Clearing", kind="liability", currency="NZD", accepts_payments=True
)
SALES = Account(id="sales", code="200", name="Sales", kind="revenue", currency="NZD")
ACCOUNTS = (BANK, SAVINGS, WAITING, CALLED_CLEARING, SALES)

CONTACTS = {
    "kauri": "Kauri Joinery Ltd",
    "rata": "Rata Roofing Limited",
    "moana": "Moana Freight Ltd",
    "tui": "Tui Glass & Co",
    "hobson": "Hobson Bay Dental",
    "ostrava": "Ostrava Strojírny s.r.o.",
    "takumi": "Takumi Ceramics Ltd",
    "piwakawaka": "Piwakawaka Gardens",
}
DAY = dt.date(2026, 11, 17)


def invoice(number: str, contact: str, due: str, **changes: Any) -> Document:
    amount = Decimal(due)
    given: dict[str, Any] = {
        "id": f"doc-{number}",
        "type": "invoice",
        "number": number,
        "reference": "",
        "contact_id": contact,
        "contact": CONTACTS[contact],
        "date": DAY - dt.timedelta(days=30),
        "due_date": DAY - dt.timedelta(days=10),
        "currency": "NZD",
        "total": amount,
        "amount_due": amount,
        "status": "open",
    }
    return Document(**{**given, **changes})


def bill(number: str, contact: str, due: str, **changes: Any) -> Document:
    return invoice(number, contact, due, **{"type": "bill", **changes})


def paid(document: Document) -> Document:
    from dataclasses import replace

    return replace(document, amount_due=Decimal(0), status="paid")


def line(text: str, amount: str, identity: str = "L1", **changes: Any) -> BankLine:
    given: dict[str, Any] = {
        "id": identity,
        "source": "feed",
        "source_id": identity,
        "account_id": "bank",
        "date": DAY,
        "direction": "receive",
        "amount": Decimal(amount),
        "currency": "NZD",
        "narration": text,
    }
    return BankLine(**{**given, **changes})


def payment(document: Document, amount: str, identity: str = "P1", **changes: Any) -> Payment:
    given: dict[str, Any] = {
        "id": identity,
        "date": DAY,
        "account_id": "bank",
        "direction": document.direction,
        "contact_id": document.contact_id,
        "document_id": document.id,
        "currency": document.currency,
        "amount": Decimal(amount),
        "bank_amount": Decimal(amount),
    }
    return Payment(**{**given, **changes})


def money(
    amount: str, coded_to: str = "", identity: str = "T1", *, splits: tuple[str, ...] = (), **changes: Any
) -> BankTransaction:
    given: dict[str, Any] = {
        "id": identity,
        "date": DAY,
        "account_id": "bank",
        "direction": "receive",
        "kind": "money",
        "currency": "NZD",
        "amount": Decimal(amount),
        "coded_to": splits or ((coded_to,) if coded_to else ()),
        "lines": 1,
        "tax": Decimal(0),
    }
    return BankTransaction(**{**given, **changes})


def credit(identity: str, contact: str, left: str, **changes: Any) -> Credit:
    given: dict[str, Any] = {
        "id": identity,
        "kind": "credit_note",
        "type": "invoice",
        "number": identity,
        "reference": "",
        "contact_id": contact,
        "contact": CONTACTS[contact],
        "date": DAY - dt.timedelta(days=20),
        "currency": "NZD",
        "total": Decimal(left),
        "remaining": Decimal(left),
    }
    return Credit(**{**given, **changes})


def books(*lines: BankLine, documents: tuple[Document, ...] = (), **changes: Any) -> Books:
    given: dict[str, Any] = {
        "base_currency": "NZD",
        "as_of": DAY + dt.timedelta(days=3),
        "accounts": ACCOUNTS,
        "contacts": tuple(Contact(id=i, name=n) for i, n in CONTACTS.items()),
        "documents": documents,
        "lines": lines,
    }
    return Books(**{**given, **changes})


def only(verdicts: tuple[Verdict, ...]) -> Verdict:
    assert len(verdicts) == 1
    return verdicts[0]


def verdict(text: str, amount: str, *documents: Document, direction: Direction = "receive", **changes: Any) -> Verdict:
    """The verdict for one line over these documents."""
    line_changes = {k: changes.pop(k) for k in ("payee", "reference", "counterparty_account", "date") if k in changes}
    return only(match(books(line(text, amount, direction=direction, **line_changes), documents=documents, **changes)))


def paid_documents(v: Verdict) -> dict[str, str]:
    """Document id → cash, of a verdict that settles."""
    return {s.document_id: str(s.amount) for s in v.settlements}
