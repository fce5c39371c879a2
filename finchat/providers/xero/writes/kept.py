"""Money of a line that no document takes, kept for its contact: overpayments and prepayments."""

from __future__ import annotations

from typing import Any

from finchat.books.balances import kept_effects
from finchat.books.matching.verdict import Excess
from finchat.books.money import amount_text
from finchat.books.plan import Link, Write
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import AnyLine, Place, write
from finchat.providers.writing.rates import Rate
from finchat.providers.writing.tokens import bank_text, marked, reference_text, write_token
from finchat.providers.xero.writes import conditions
from finchat.providers.xero.writes.rates import day_rate, to_base


def kept_write(
    context: WriteContext, place: Place, *, line: AnyLine, excess: Excess, known: Rate | None = None
) -> tuple[Link, Write]:
    """The excess as a RECEIVE- or SPEND-OVERPAYMENT (-PREPAYMENT), dated as the line: a credit of the contact.

    Xero keeps no reference for these, so the token stands in the line's description too. `known`: the rate at which a
    payment of the same line converts. Raises CannotPropose for a foreign bank account without any rate.
    """
    bank, amount = context.bank_account(line.account_id, line.currency), excess.amount
    if not 0 < amount <= line.amount:
        raise CannotPropose(f"{amount} is not between zero and the {line.amount} of the bank line")
    if not excess.contact_id:
        raise CannotPropose("nobody knows whose money it is")
    inward = line.direction == "receive"
    rate = known or day_rate(context, line.currency, line.date)
    arguments: dict[str, Any] = {
        "type": f"{'RECEIVE' if inward else 'SPEND'}-{excess.kind.upper()}",
        "contact_id": excess.contact_id,
        "bank_account_id": bank.id,
        "date": line.date.isoformat(),
        "line_amount_types": "NoTax",
    }
    if rate is not None:
        arguments["currency_rate"] = rate.vendor
    money = {"Quantity": "1", "UnitAmount": amount_text(amount, line.currency)}
    token = write_token(context.plan_id, place.proposal_id, place.id, {**arguments, "line_items": [money]})
    said = marked(bank_text(line) or excess.kind.capitalize(), token)
    arguments["line_items"] = [{"Description": said, **money}]
    arguments["reference"] = reference_text(line, token)
    side = "invoice" if inward else "bill"
    link = Link(
        id=place.link_id,
        document_id="",
        type=excess.kind,
        number="",
        contact_id=excess.contact_id,
        contact=excess.contact,
        amount=amount,
        currency=line.currency,
        bank_amount=amount,
        bank_currency=line.currency,
        rate=None if rate is None else rate.shown,
        rate_source=None if rate is None else rate.source,
    )
    return link, write(
        context,
        "bank_transaction.create",
        place,
        arguments,
        amount=amount,
        currency=line.currency,
        preconditions=(
            *conditions.bank(bank),
            conditions.contact(excess.contact_id),
            conditions.unlocked(context.organisation),
        ),
        effects=kept_effects(
            amount if inward else -amount,
            line.currency,
            side,
            account=bank,
            control_account_id=context.control_account(side),
            base_amount=amount if rate is None else to_base(rate, amount, context.base_currency),
        ),
        verify={
            "by": "token",
            "token": token,
            "fingerprints": list(line.fingerprints),
            "amount": amount_text(amount, line.currency),
        },
    )
