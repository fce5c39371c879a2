"""The facts that writes on QuickBooks rest on, which the guard reads again before it sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from finchat.books.documents import Account, Credit, Undeposited
from finchat.books.money import amount_text
from finchat.books.plan import Precondition
from finchat.providers.quickbooks.again import record_of
from finchat.providers.quickbooks.payloads import SYNC_TOKEN, Role, contents
from finchat.providers.writing.coding import Codable
from finchat.providers.writing.conditions import active, taxed


def credit_record(credit: Credit) -> str:
    """What QuickBooks keeps a credit as."""
    if credit.kind == "credit_note":
        return "credit_memo" if credit.type == "invoice" else "vendor_credit"
    return "payment" if credit.type == "invoice" else "bill_payment"


def open_credit(credit: Credit, remaining: Decimal) -> tuple[Precondition, ...]:
    kind, left = credit_record(credit), amount_text(remaining, credit.currency)
    return (
        Precondition(type=kind, id=credit.id, field="remaining", expected=left),
        Precondition(type=kind, id=credit.id, field="status", expected="open"),
        Precondition(type=kind, id=credit.id, field="currency", expected=credit.currency),
    )


def unchanged(kind: str, record: Mapping[str, Any]) -> tuple[Precondition, ...]:
    """A record that an update changes or a deletion takes is the version a person saw. What it holds is read with it,
    so that a refusal says what another client changed."""
    seen = record_of(kind, record)
    id = seen.text("Id")
    return (
        Precondition(type=kind, id=id, field=SYNC_TOKEN, expected=seen.text(SYNC_TOKEN)),
        Precondition(type=kind, id=id, field="contents", expected=contents(kind, seen)),
    )


def waiting(one: Undeposited) -> tuple[Precondition, ...]:
    """A receipt still waits in undeposited funds."""
    told = {
        "amount": amount_text(one.amount, one.currency), "currency": one.currency, "account": one.account_id,
        "deposited": "no",
    }  # fmt: skip
    return tuple(Precondition(type=one.record, id=one.id, field=field, expected=text) for field, text in told.items())


def codable(to: Codable) -> Iterator[Precondition]:
    """What a line is coded to is still there, and its tax as it was."""
    yield from codable_account(to.account)
    yield from taxed(to.rate)


def codable_account(account: Account) -> Iterator[Precondition]:
    yield active(account)
    yield Precondition(type="account", id=account.id, field="codable", expected="yes")


def contact(role: Role, id: str) -> Precondition:
    return in_use(role, id)


def in_use(kind: str, id: str) -> Precondition:
    """A record of a list is there and not deactivated."""
    return Precondition(type=kind, id=id, field="status", expected="active")
