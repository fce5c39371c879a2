"""The facts that writes rest on, whatever the vendor, which the guard reads again before it sends."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from finchat.books.documents import Account, Document, Organisation, TaxRate
from finchat.books.money import amount_text
from finchat.books.plan import Precondition
from finchat.canonical import plain_decimal


def of_document(type: str, id: str, currency: str, due: Decimal) -> tuple[Precondition, ...]:
    return (
        Precondition(type=type, id=id, field="amount_due", expected=amount_text(due, currency)),
        Precondition(type=type, id=id, field="status", expected="open"),
        Precondition(type=type, id=id, field="currency", expected=currency),
    )


def open_document(document: Document, due: Decimal) -> tuple[Precondition, ...]:
    return of_document(document.type, document.id, document.currency, due)


def unlocked(organisation: Organisation) -> Precondition:
    lock = organisation.lock_date
    return Precondition(
        type="organisation", id=organisation.id, field="lock_date", expected=lock.isoformat() if lock else "none"
    )


def takes_payments(account: Account) -> tuple[Precondition, ...]:
    return (active(account), Precondition(type="account", id=account.id, field="accepts_payments", expected="yes"))


def bank(account: Account) -> Iterator[Precondition]:
    """An active bank account of its currency."""
    yield active(account)
    yield Precondition(type="account", id=account.id, field="kind", expected="bank")
    yield Precondition(type="account", id=account.id, field="currency", expected=account.currency)


def taxed(rate: TaxRate) -> Iterator[Precondition]:
    """A tax code as it was."""
    yield Precondition(type="tax_rate", id=rate.type, field="status", expected="active")
    yield Precondition(type="tax_rate", id=rate.type, field="percent", expected=plain_decimal(rate.percent))


def active(account: Account) -> Precondition:
    return Precondition(type="account", id=account.id, field="status", expected="active")
