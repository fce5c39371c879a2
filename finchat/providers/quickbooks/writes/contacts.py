"""A customer or supplier that the ledger does not have yet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finchat.books.plan import Link, Precondition, Write
from finchat.books.terms import PaymentTerms
from finchat.providers.quickbooks.conditions import in_use
from finchat.providers.quickbooks.payloads import ADDRESS, ref
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.documents import NewContact
from finchat.providers.writing.parts import Place, write

_LONGEST = 500


def contact_write(
    context: WriteContext, place: Place, *, name: str, more: NewContact | None = None
) -> tuple[Link, Write]:
    """A Customer, or a Vendor for the role of supplier, of this name, which nobody has yet. It moves nothing and
    consumes no bank line; it is known again by its name, which QuickBooks keeps unique among customers, suppliers and
    employees. `more`: what else is known of it. Raises CannotPropose for what QuickBooks does not take."""
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST or not name.isprintable() or ":" in name:
        raise CannotPropose("a contact's name is 1 to 500 printable characters without a colon")
    known = NewContact(name=name) if more is None else more
    vendor = known.role == "supplier"
    arguments, terms = _arguments(context, known, vendor=vendor)
    link = Link(
        id=place.link_id,
        document_id="",
        type="contact",
        number="",
        contact_id="",
        contact=name,
        amount=Decimal("0.00"),
        currency=context.base_currency,
    )
    return link, write(
        context,
        "vendor.create" if vendor else "customer.create",
        place,
        {"DisplayName": name, **arguments},
        amount=Decimal("0.00"),
        currency=context.base_currency,
        preconditions=(
            Precondition(type="contact_name", id=name, field="status", expected="free"),
            *((in_use("term", terms),) if terms else ()),
        ),
        effects=(),
        verify={"by": "name", "name": name},
    )


def _arguments(context: WriteContext, new: NewContact, *, vendor: bool) -> tuple[dict[str, Any], str]:
    """What is known beside the name, as the tool takes it; and the id of the terms, "" for none."""
    found: dict[str, Any] = {}
    if new.first_name:
        found["GivenName"] = new.first_name
    if new.last_name:
        found["FamilyName"] = new.last_name
    if new.email_address:
        found["PrimaryEmailAddr"] = {"Address": new.email_address}
    if new.phone:
        found["PrimaryPhone"] = {"FreeFormNumber": new.phone}
    if new.address:
        found["BillAddr"] = {ADDRESS[part]: value for part, value in new.address}
    if new.default_currency:
        found["CurrencyRef"] = ref(new.default_currency)
    if new.tax_number:
        if not vendor:
            raise CannotPropose("QuickBooks keeps no tax number of a customer", next="leave the tax number out")
        found["TaxIdentifier"] = new.tax_number
    own, other = (new.bill_terms, new.sales_terms) if vendor else (new.sales_terms, new.bill_terms)
    if other is not None:
        raise CannotPropose(
            "in QuickBooks a customer has terms of invoices and a supplier terms of bills", next="give only those"
        )
    terms = "" if own is None else _term(context, own)
    if terms:
        found["TermRef" if vendor else "SalesTermRef"] = ref(terms)
    return found, terms


def _term(context: WriteContext, terms: PaymentTerms) -> str:
    if terms.kind == "days_after_date":
        for (kind, id), record in context.records.items():
            days = record.get("DueDays") if kind == "term" and record.get("Active", True) else None
            if days is not None and Decimal(str(days)) == terms.day and record.get("Type", "STANDARD") == "STANDARD":
                return id
    raise CannotPropose(f"QuickBooks has no payment terms that say: {terms.words}", next="choose terms it has")
