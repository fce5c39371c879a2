"""A contact the ledger does not have yet."""

from __future__ import annotations

from decimal import Decimal

from finchat.books.plan import Link, Precondition, Write
from finchat.providers.xero.writes.context import CannotPropose, WriteContext
from finchat.providers.xero.writes.parts import Place, write

_LONGEST = 255


def contact_write(context: WriteContext, place: Place, *, name: str) -> tuple[Link, Write]:
    """An active contact of this name, which nobody has yet. It moves nothing and consumes no bank line; it is known
    again by its name, which Xero keeps unique. Raises CannotPropose for a name that Xero does not take."""
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
        {"name": name},
        amount=Decimal("0.00"),
        currency=context.base_currency,
        preconditions=(Precondition(type="contact_name", id=name, field="status", expected="free"),),
        effects=(),
        verify={"by": "name", "name": name},
    )
