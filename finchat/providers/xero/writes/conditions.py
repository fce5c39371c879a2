"""The facts that writes rest on, which the guard reads again before it sends."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from finchat.books.documents import Account, Coding, Credit, TaxRate
from finchat.books.money import amount_text
from finchat.books.plan import Precondition
from finchat.providers.writing.conditions import (
    active,
    bank,
    of_document,
    open_document,
    takes_payments,
    taxed,
    unlocked,
)
from finchat.providers.xero.facts import tracking_id

__all__ = [
    "bank", "coded", "contact", "of_document", "open_credit", "open_document", "takes_payments", "unlocked",
]  # fmt: skip


def open_credit(credit: Credit, remaining: Decimal) -> tuple[Precondition, ...]:
    left = amount_text(remaining, credit.currency)
    return (
        Precondition(type=credit.kind, id=credit.id, field="remaining", expected=left),
        Precondition(type=credit.kind, id=credit.id, field="status", expected="open"),
    )


def coded(account: Account, rate: TaxRate, coding: Coding) -> Iterator[Precondition]:
    """What a line is coded to is still there, and its tax as it was."""
    yield active(account)
    yield Precondition(type="account", id=account.id, field="codable", expected="yes")
    yield Precondition(type="account", id=account.id, field="code", expected=account.code)
    yield from taxed(rate)
    for category, option in coding.tracking:
        yield Precondition(type="tracking", id=tracking_id(category, option), field="status", expected="active")


def contact(id: str) -> Precondition:
    return Precondition(type="contact", id=id, field="status", expected="active")
