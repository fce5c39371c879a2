"""What several families of the `xero` profile check of a plan: that of every vendor, and Xero's own argument names."""

from __future__ import annotations

from collections.abc import Iterator

from finchat.books.plan import Link, Write
from finchat.providers.writing import checking
from finchat.providers.writing.checking import (
    FROM,
    active,
    cash_effect,
    cash_in_base,
    cent,
    control_effects,
    drafted,
    effects,
    expected,
    late,
    only_token,
    texts,
    token,
)
from finchat.providers.writing.family import Check

__all__ = [
    "FROM", "active", "cash_effect", "cash_in_base", "cent", "control_effects", "drafted", "effects", "expected",
    "late", "of_amount", "on_document", "only_token", "texts", "token",
]  # fmt: skip


def on_document(write: Write, link: Link) -> Iterator[Check]:
    """A write that settles a document: amounts, currency and what is due before and after."""
    yield from of_amount(write, link)
    yield from checking.settles(write, link, write.arguments["invoice_id"])


def of_amount(write: Write, link: Link) -> Iterator[Check]:
    """The amount that is sent is the one that is said."""
    yield from checking.of_amount(write, link, write.arguments["amount"])
