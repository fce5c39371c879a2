"""A contact the ledger does not have yet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finchat.books.plan import Link, Precondition, Write
from finchat.books.terms import TermKind
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.documents import NewContact
from finchat.providers.writing.parts import Place, write
from finchat.providers.xero.parsing import TERMS

_LONGEST = 255
_VENDOR_TERMS: dict[TermKind, str] = {kind: name for name, kind in TERMS.items()}
# The postal address, which Xero prints on documents, and the number it shows first.
ADDRESS, PHONE = "POBOX", "DEFAULT"


def contact_arguments(new: NewContact) -> dict[str, Any]:
    """As the tool takes it."""
    texts = ("email_address", "first_name", "last_name", "tax_number", "default_currency")
    found: dict[str, Any] = {"name": new.name}
    found |= {name: value for name in texts if (value := getattr(new, name))}
    if new.phone:
        found["phones"] = [{"PhoneType": PHONE, "PhoneNumber": new.phone}]
    if new.address:
        found["addresses"] = [{"AddressType": ADDRESS, **dict(new.address)}]
    terms = {"Sales": new.sales_terms, "Bills": new.bill_terms}
    agreed = {side: {"Day": one.day, "Type": _VENDOR_TERMS[one.kind]} for side, one in terms.items() if one is not None}
    if agreed:
        found["payment_terms"] = agreed
    return found


def contact_write(
    context: WriteContext, place: Place, *, name: str, more: NewContact | None = None
) -> tuple[Link, Write]:
    """An active contact of this name, which nobody has yet. It moves nothing and consumes no bank line; it is known
    again by its name, which Xero keeps unique. `more`: what else is known of it. Raises CannotPropose for a name that
    Xero does not take."""
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST or not name.isprintable():
        raise CannotPropose("a contact's name is 1 to 255 printable characters")
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
        "contact.create",
        place,
        {"name": name} if more is None else {**contact_arguments(more), "name": name},
        amount=Decimal("0.00"),
        currency=context.base_currency,
        preconditions=(Precondition(type="contact_name", id=name, field="status", expected="free"),),
        effects=(),
        verify={"by": "name", "name": name},
    )
