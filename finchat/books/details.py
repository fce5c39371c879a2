"""Documents and contacts with everything that explains them: lines, what was paid and credited, terms.

As in books/documents: amounts are positive Decimals in the document's currency, dates are calendar dates.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finchat.books.documents import Document

DetailType = Literal["invoice", "bill", "credit_note", "supplier_credit_note"]
SettlementKind = Literal["payment", "credit_note", "overpayment", "prepayment", "invoice"]
Status = Literal["draft", "submitted", "open", "paid", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line. `line_amount` is after discount; whether tax is in it is said by the document's `amounts_are`.
    `discount_rate` is in percent, `discount_amount` in the document's currency; None where there is none."""

    item: str
    description: str
    quantity: Decimal | None
    unit_amount: Decimal | None
    account_id: str
    account_code: str
    tax_type: str
    tax_amount: Decimal
    line_amount: Decimal
    discount_rate: Decimal | None = None
    discount_amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One thing that lowered what is due: a payment, or a credit that was applied (on a credit note: the invoice it
    was applied to). `date` is the day it counts from."""

    kind: SettlementKind
    id: str
    number: str
    date: dt.date
    amount: Decimal
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A sales invoice, bill or credit note, whole. `amount_due` of a credit note is the credit that remains.

    `rate` is units of base currency for one unit of the document's; None in base currency or when unknown.
    """

    id: str
    type: DetailType
    number: str
    reference: str
    contact_id: str
    contact: str
    date: dt.date
    due_date: dt.date | None
    currency: str
    status: Status
    amounts_are: str  # exclusive, inclusive or no_tax
    sub_total: Decimal
    total_tax: Decimal
    total: Decimal
    amount_due: Decimal
    settled: tuple[Settled, ...]
    lines: tuple[DocumentLine, ...]
    rate: Decimal | None = None

    @property
    def amount_paid(self) -> Decimal:
        return sum((s.amount for s in self.settled if s.kind == "payment"), Decimal("0.00"))

    @property
    def amount_credited(self) -> Decimal:
        return sum((s.amount for s in self.settled if s.kind != "payment"), Decimal("0.00"))

    @property
    def unexplained(self) -> Decimal:
        """What total, payments and credits leave of amount_due unexplained; zero when they tie."""
        if self.status in ("draft", "submitted", "void"):
            return Decimal("0.00")
        return self.total - self.amount_paid - self.amount_credited - self.amount_due


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When a new document of one side is due: `day` with its meaning in the ledger's own words."""

    side: Literal["sales", "bills"]
    day: int
    kind: str  # DAYSAFTERBILLDATE, DAYSAFTERBILLMONTH, OFCURRENTMONTH or OFFOLLOWINGMONTH

    @property
    def text(self) -> str:
        said = {
            "DAYSAFTERBILLDATE": f"{self.day} days after the document's date",
            "DAYSAFTERBILLMONTH": f"{self.day} days after the end of the document's month",
            "OFCURRENTMONTH": f"day {self.day} of the document's month",
            "OFFOLLOWINGMONTH": f"day {self.day} of the month after the document's",
        }
        return said.get(self.kind, f"{self.day} {self.kind}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDetail:
    """A customer or supplier. Empty text and None mean that the ledger states nothing."""

    id: str
    name: str
    email: str
    account_number: str
    contact_number: str
    currency: str
    customer: bool
    supplier: bool
    active: bool
    terms: tuple[Terms, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCredit:
    """A credit note, overpayment or prepayment with every change of what remains of it.

    `document_type` is the kind of document it can be allocated to; `applied` are (day, amount, document id) of its
    allocations, `refunded` (day, amount) of what was paid back. `remaining` is today's.
    """

    id: str
    kind: Literal["credit_note", "overpayment", "prepayment"]
    document_type: Literal["invoice", "bill"]
    number: str
    contact_id: str
    contact: str
    date: dt.date
    currency: str
    total: Decimal
    remaining: Decimal
    rate: Decimal | None
    applied: tuple[tuple[dt.date, Decimal, str], ...]
    refunded: tuple[tuple[dt.date, Decimal], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivable:
    """An invoice or bill with what lowered its due, as far as ageing needs it. `paid` are (day, amount) of its
    payments; `amount_paid` is what the ledger says they add up to."""

    document: Document
    amount_paid: Decimal
    paid: tuple[tuple[dt.date, Decimal], ...]
