"""The facts that writes rest on, which the guard reads again before it sends."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from finchat.books.documents import Account, Coding, Credit, Document, Organisation, TaxRate
from finchat.books.money import amount_text
from finchat.books.plan import Precondition
from finchat.canonical import plain_decimal
from finchat.providers.xero.facts import tracking_id


def of_document(type: str, id: str, currency: str, due: Decimal) -> tuple[Precondition, ...]:
    return (
        Precondition(type=type, id=id, field="amount_due", expected=amount_text(due, currency)),
        Precondition(type=type, id=id, field="status", expected="open"),
        Precondition(type=type, id=id, field="currency", expected=currency),
    )


def open_document(document: Document, due: Decimal) -> tuple[Precondition, ...]:
    return of_document(document.type, document.id, document.currency, due)


def open_credit(credit: Credit, remaining: Decimal) -> tuple[Precondition, ...]:
    left = amount_text(remaining, credit.currency)
    return (
        Precondition(type=credit.kind, id=credit.id, field="remaining", expected=left),
        Precondition(type=credit.kind, id=credit.id, field="status", expected="open"),
    )


def unlocked(organisation: Organisation) -> Precondition:
    lock = organisation.lock_date
    return Precondition(
        type="organisation", id=organisation.id, field="lock_date", expected=lock.isoformat() if lock else "none"
    )


def takes_payments(account: Account) -> tuple[Precondition, ...]:
    return (_active(account), Precondition(type="account", id=account.id, field="accepts_payments", expected="yes"))


def bank(account: Account) -> Iterator[Precondition]:
    """An active bank account of its currency."""
    yield _active(account)
    yield Precondition(type="account", id=account.id, field="kind", expected="bank")
    yield Precondition(type="account", id=account.id, field="currency", expected=account.currency)


def coded(account: Account, rate: TaxRate, coding: Coding) -> Iterator[Precondition]:
    """What a line is coded to is still there, and its tax as it was."""
    yield _active(account)
    yield Precondition(type="account", id=account.id, field="codable", expected="yes")
    yield Precondition(type="account", id=account.id, field="code", expected=account.code)
    yield Precondition(type="tax_rate", id=rate.type, field="status", expected="active")
    yield Precondition(type="tax_rate", id=rate.type, field="percent", expected=plain_decimal(rate.percent))
    for category, option in coding.tracking:
        yield Precondition(type="tracking", id=tracking_id(category, option), field="status", expected="active")


def contact(id: str) -> Precondition:
    return Precondition(type="contact", id=id, field="status", expected="active")


def _active(account: Account) -> Precondition:
    return Precondition(type="account", id=account.id, field="status", expected="active")
