"""What an operation does, in a word, whatever a vendor calls it: for sentences, tables and rules about writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Act = Literal["payment", "allocation", "money", "credit_note", "transfer", "contact", "document"]

_BY_OPERATION: Mapping[str, Act] = {
    "payment.create": "payment",
    "bill_payment.create": "payment",
    "bank_transaction.create": "money",
    "purchase.create": "money",
    "deposit.create": "money",
    "bank_transfer.create": "transfer",
    "transfer.create": "transfer",
    "credit_note.create": "credit_note",
    "credit_memo.create": "credit_note",
    "vendor_credit.create": "credit_note",
    "contact.create": "contact",
    "customer.create": "contact",
    "vendor.create": "contact",
    "invoice.create": "document",
    "bill.create": "document",
}
_ALLOCATES = frozenset({"allocate", "apply"})


def act(operation: str) -> Act | None:
    """What a canonical operation (`payment.create`, `credit_note.allocate`) makes; None for one that changes, takes
    back, or is not known here."""
    return "allocation" if operation.partition(".")[2] in _ALLOCATES else _BY_OPERATION.get(operation)
