"""What reports list: documents, their entries in accounts, and what of them is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Party:
    """A customer, vendor or employee."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Document:
    """A transaction as reports name it; `body` is its JSON."""

    entity: str
    id: str
    type: str
    number: str
    on: date
    due: date | None
    party: Party | None
    memo: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a document moved in one account by one of its lines: hundredths of the home currency, debit positive.

    `classed` and `department` are ids; `memo` is the line's, else the document's.
    """

    document: Document
    on: date
    account: str
    amount: int
    party: Party | None
    memo: str
    classed: str | None = None
    department: str | None = None
    item: str | None = None


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A document in a control account as of a day, positive when it is owed: what it was for, and what is open."""

    document: Document
    party: Party
    amount: int
    open: int


TYPE_NAMES: Mapping[str, str] = {
    "SalesReceipt": "Sales Receipt",
    "CreditMemo": "Credit Memo",
    "RefundReceipt": "Refund",
    "VendorCredit": "Vendor Credit",
    "JournalEntry": "Journal Entry",
    "PurchaseOrder": "Purchase Order",
    "Item": "Inventory Starting Value",
}


def type_name(entity: str, body: Mapping[str, Any]) -> str:
    """The name of a document's type as reports have it; payments and purchases are named by how they were paid."""
    if entity == "BillPayment":
        return "Bill Payment (Credit Card)" if body.get("PayType") == "CreditCard" else "Bill Payment (Check)"
    if entity == "Purchase":
        if body.get("PaymentType") == "Check":
            return "Check"
        return "Credit Card Credit" if body.get("Credit") else "Expense"
    return TYPE_NAMES.get(entity, entity)
