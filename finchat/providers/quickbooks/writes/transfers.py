"""Money moved between own bank accounts and cards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from finchat.books.balances import transfer_effects
from finchat.books.money import amount_text
from finchat.books.plan import Link, Write
from finchat.providers.quickbooks.payloads import ref
from finchat.providers.writing.conditions import bank, unlocked
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import AnyLine, Place, write
from finchat.providers.writing.tokens import reference_text, write_token


def transfer_write(
    context: WriteContext, place: Place, *, line: AnyLine, other_account_id: str, also: Iterable[str] = ()
) -> tuple[Link, Write]:
    """The line's whole amount between its account and another own one, dated as the line. `also`: the names of the
    other side's line, which it consumes too.

    Raises CannotPropose unless both are active and of the base currency: at which rate a bank changed money only its
    two lines together tell.
    """
    own, other = context.account(line.account_id), context.account(other_account_id)
    if line.currency != context.base_currency or other.currency != own.currency:
        raise CannotPropose(
            f"a transfer from {own.currency} to {other.currency} is not written without its own rate",
            next="record the transfer in QuickBooks by hand",
        )
    if own.id == other.id:
        raise CannotPropose("both sides of the transfer are one account")
    source, target = (own, other) if line.direction == "spend" else (other, own)
    for account in (source, target):
        context.bank_account(account.id, line.currency)
    arguments: dict[str, Any] = {
        "FromAccountRef": ref(source.id),
        "ToAccountRef": ref(target.id),
        "Amount": amount_text(line.amount, line.currency),
        "TxnDate": line.date.isoformat(),
    }
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    arguments["PrivateNote"] = reference_text(line, token)
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
        "transfer.create",
        place,
        arguments,
        amount=line.amount,
        currency=line.currency,
        preconditions=(*bank(source), *bank(target), unlocked(context.organisation)),
        effects=transfer_effects(line.amount, source, target),
        verify={
            "by": "token",
            "token": token,
            "date": line.date.isoformat(),
            "fingerprints": list(dict.fromkeys((*line.fingerprints, *also))),
            "amount": arguments["Amount"],
        },
    )
