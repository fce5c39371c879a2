"""Credits put against documents: no cash moves."""

from __future__ import annotations

from decimal import Decimal

from finchat.books.balances import allocation_effects
from finchat.books.documents import Credit, Document
from finchat.books.matching.verdict import Allocation
from finchat.books.money import amount_text
from finchat.books.plan import CreditName, Link, Write
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import AnyLine, Named, Place, due_verified, write
from finchat.providers.xero.checking import FROM
from finchat.providers.xero.writes import conditions
from finchat.providers.xero.writes.payments import credit_text


def allocation_write(
    context: WriteContext,
    place: Place,
    *,
    line: AnyLine,
    credit: Credit,
    document: Document,
    amount: Decimal,
    due: Decimal,
    remaining: Decimal,
) -> tuple[Link, Write]:
    """`amount` of an open credit put against a document. `remaining`: the credit just before it.

    Raises CannotPropose when contact, currency or kind do not go together, or either side has less left.
    """
    if credit.contact_id != document.contact_id or credit.type != document.type:
        raise CannotPropose(f"credit {credit.number or credit.id} is not one of the contact of {document.number}")
    if credit.currency != document.currency:
        raise CannotPropose(f"credit {credit.number or credit.id} is in {credit.currency}, not {document.currency}")
    if not 0 < amount <= min(due, remaining):
        raise CannotPropose(f"{amount} is more than the credit or the document has left")
    arguments = {
        f"{credit.kind}_id": credit.id,
        "invoice_id": document.id,
        "amount": amount_text(amount, document.currency),
        "date": max(line.date, credit.date, document.date).isoformat(),
    }
    try:
        effects = allocation_effects(
            Allocation(credit_id=credit.id, document_id=document.id, amount=amount),
            document,
            credit,
            base_currency=context.base_currency,
            control_account_id=context.control_account(document.type),
            gain_loss_account_id=context.gain_loss_account(document.currency),
            due=due,
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error
    named = Named.of(document)
    return _link(place, named, amount, CreditName(id=credit.id, text=credit_text(credit))), write(
        context,
        f"{credit.kind}.allocate",
        place,
        arguments,
        amount=amount,
        currency=document.currency,
        preconditions=(
            *conditions.open_document(document, due),
            *conditions.open_credit(credit, remaining),
            conditions.unlocked(context.organisation),
        ),
        effects=effects,
        verify={
            "by": "new_ids",
            "known_ids": list(context.allocation_ids.get(credit.id, ())),
            "fingerprints": list(line.fingerprints),
            "credit_kind": credit.kind,
            "credit_id": credit.id,
            "remaining_before": amount_text(remaining, credit.currency),
            **due_verified(document.id, amount, due, document.currency),
        },
    )


def new_allocation_write(
    context: WriteContext, place: Place, *, line: AnyLine, made: Write, document: Named, due: Decimal
) -> tuple[Link, Write]:
    """The whole credit note that `made`, an earlier write of the same proposal, makes, put against a document. Both are
    in the document's currency and at its rate, so nothing moves. Raises CannotPropose when less is due."""
    amount = made.amount
    if not 0 < amount <= due or made.currency != document.currency:
        raise CannotPropose(f"{amount} {made.currency} is more than the {due} left due on {document.number}")
    arguments = {
        "credit_note_id": {FROM: f"{made.id}.CreditNoteID"},
        "invoice_id": document.id,
        "amount": amount_text(amount, document.currency),
        "date": line.date.isoformat(),
    }
    return _link(place, document, amount, CreditName(id="", text="the new credit note")), write(
        context,
        "credit_note.allocate",
        place,
        arguments,
        amount=amount,
        currency=document.currency,
        preconditions=(
            *conditions.of_document(document.type, document.id, document.currency, due),
            conditions.unlocked(context.organisation),
        ),
        effects=(),
        verify={
            "by": "new_ids",
            "known_ids": [],
            "fingerprints": list(line.fingerprints),
            "credit_kind": "credit_note",
            "credit_token": (made.verify or {})["token"],
            "remaining_before": amount_text(amount, document.currency),
            **due_verified(document.id, amount, due, document.currency),
        },
    )


def _link(place: Place, document: Named, amount: Decimal, credit: CreditName) -> Link:
    return Link(
        id=place.link_id,
        document_id=document.id,
        type=document.type,
        number=document.number,
        contact_id=document.contact_id,
        contact=document.contact,
        amount=amount,
        currency=document.currency,
        credit=credit,
    )
