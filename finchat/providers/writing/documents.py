"""Documents and contacts that the ledger does not have yet, in neutral words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finchat.books.invoicing import LineAmounts, LineAmountTypes, Totals, line_amounts, totals
from finchat.books.terms import PaymentTerms
from finchat.providers.writing.coding import Codable
from finchat.providers.writing.parts import Party
from finchat.providers.writing.rates import Rate

InvoiceStatus = Literal["DRAFT", "SUBMITTED", "AUTHORISED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One line. `item_code`: "" for none; its description and price are given all the same."""

    description: str
    quantity: Decimal
    unit_amount: Decimal
    to: Codable
    item_code: str = ""

    def amounts(self, types: LineAmountTypes) -> LineAmounts:
        return line_amounts(self.quantity, self.unit_amount, self.to.rate.percent, types)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvoice:
    """An invoice (to a customer) or a bill (from a supplier) that the ledger does not have yet.

    `contact_from`: the earlier write of the proposal that makes the contact. `rate`: of a foreign currency. `number`:
    "" leaves it to the ledger for an invoice; of a bill it is the supplier's own.
    """

    type: Literal["invoice", "bill"]
    contact: Party
    date: dt.date
    due_date: dt.date
    currency: str
    lines: tuple[InvoiceLine, ...]
    line_amount_types: LineAmountTypes = "Exclusive"
    status: InvoiceStatus = "DRAFT"
    number: str = ""
    reference: str = ""
    rate: Rate | None = None
    contact_from: str = ""

    @property
    def amounts(self) -> tuple[LineAmounts, ...]:
        return tuple(line.amounts(self.line_amount_types) for line in self.lines)

    @property
    def totals(self) -> Totals:
        return totals(self.amounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    """Who a new contact is. "" is left out. `address`: Xero's field names (AddressLine1, City, Region, PostalCode,
    Country), whatever the vendor calls them. `role`: what it is wanted as, where the ledger keeps the two apart.
    """

    name: str
    email_address: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    address: tuple[tuple[str, str], ...] = ()
    tax_number: str = ""
    default_currency: str = ""
    sales_terms: PaymentTerms | None = None
    bill_terms: PaymentTerms | None = None
    role: Literal["customer", "supplier"] = "customer"
