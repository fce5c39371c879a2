"""Money moved between own bank accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from finchat.books.balances import transfer_effects
from finchat.books.money import amount_text
from finchat.books.plan import Link, Write
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import AnyLine, Place, write
from finchat.providers.writing.tokens import reference_text, write_token
from finchat.providers.xero.writes import conditions


def transfer_write(
    context: WriteContext, place: Place, *, line: AnyLine, other_account_id: str, also: Iterable[str] = ()
) -> tuple[Link, Write]:
    """The line's whole amount between its account and another own one, dated as the line. `also`: the names of the
    other side's line, which it consumes too.

    Raises CannotPropose unless both are active bank accounts of the base currency: Xero takes no transfer between
    currencies, and at a day's rate of its own what it takes in another one.
    """
    own, other = context.account(line.account_id), context.account(other_account_id)
    if line.currency != context.base_currency or other.currency != own.currency:
        raise CannotPropose(
            f"a transfer from {own.currency} to {other.currency} cannot be written through Xero's API at a known rate",
            next="record the transfer in Xero by hand",
        )
    if own.id == other.id:
        raise CannotPropose("both sides of the transfer are one account")
    source, target = (own, other) if line.direction == "spend" else (other, own)
    for account in (source, target):
        context.bank_account(account.id, line.currency)
    arguments: dict[str, Any] = {
        "from_account_id": source.id,
        "to_account_id": target.id,
        "amount": amount_text(line.amount, line.currency),
        "date": line.date.isoformat(),
    }
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    arguments["reference"] = reference_text(line, token)
    link = Link(
        id=place.link_id,
        document_id="",
        type="transfer",
        number="",
        contact_id="",
        contact=f"{source.name} to {target.name}",
        amount=line.amount,
        currency=line.currency,
        bank_amount=line.amount,
        bank_currency=line.currency,
    )
    return link, write(
        context,
        "bank_transfer.create",
        place,
        arguments,
        amount=line.amount,
        currency=line.currency,
        preconditions=(*conditions.bank(source), *conditions.bank(target), conditions.unlocked(context.organisation)),
        effects=transfer_effects(line.amount, source, target),
        verify={
            "by": "token",
            "token": token,
            "fingerprints": list(dict.fromkeys((*line.fingerprints, *also))),
            "amount": arguments["amount"],
        },
    )
