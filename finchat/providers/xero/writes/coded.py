"""Money and credit notes with a line coded to an account and tax code: spend and receive money, and what settles the
rest of a short payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finchat.books.balances import coded_effects
from finchat.books.documents import Account, Coding
from finchat.books.money import amount_text
from finchat.books.plan import Effect, Link, Write
from finchat.providers.writing.coding import Codable, codable
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import AnyLine, Named, Party, Place, write
from finchat.providers.writing.rates import Rate
from finchat.providers.writing.tokens import description, marked, reference_text, write_token
from finchat.providers.xero.checking import FROM
from finchat.providers.xero.writes import conditions
from finchat.providers.xero.writes.rates import converted, day_rate


def money_write(
    context: WriteContext,
    place: Place,
    *,
    line: AnyLine,
    amount: Decimal,
    party: Party,
    coding: Coding,
    contact_from: str = "",
) -> tuple[Link, Write]:
    """`amount` of the line as receive or spend money, tax included, in the line's currency and on its bank account.

    `contact_from`: the earlier write of the proposal that makes the contact. Raises CannotPropose when the coding
    cannot be used, or no rate is known for a foreign account.
    """
    to, bank = codable(context, coding), context.bank_account(line.account_id, line.currency)
    if not 0 < amount <= line.amount:
        raise CannotPropose(f"{amount} is not between zero and the {line.amount} of the bank line")
    rate = day_rate(context, line.currency, line.date)
    arguments: dict[str, Any] = {
        "type": "RECEIVE" if line.direction == "receive" else "SPEND",
        "contact_id": {FROM: f"{contact_from}.ContactID"} if contact_from else party.id,
        "bank_account_id": bank.id,
        "date": line.date.isoformat(),
        "line_amount_types": "Inclusive",
        "line_items": [coded_line(to, amount, line.currency, description(line))],
    }
    if rate is not None:
        arguments["currency_rate"] = rate.vendor
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    arguments["reference"] = reference_text(line, token)
    kind = "receive_money" if line.direction == "receive" else "spend_money"
    link = _link(place, kind, party, amount, line.currency, coding)
    if rate is not None:
        link = replace(link, rate=rate.shown, rate_source=rate.source)
    return link, write(
        context,
        "bank_transaction.create",
        place,
        arguments,
        amount=amount,
        currency=line.currency,
        preconditions=(
            *conditions.bank(bank),
            *conditions.coded(to.account, to.rate, coding),
            *(() if contact_from else (conditions.contact(party.id),)),
            conditions.unlocked(context.organisation),
        ),
        effects=_effects(
            context, to, amount if line.direction == "receive" else -amount, line.currency, against=bank, rate=rate
        ),
        verify={
            "by": "token",
            "token": token,
            "fingerprints": list(line.fingerprints),
            "amount": amount_text(amount, line.currency),
        },
    )


def credit_note_write(
    context: WriteContext, place: Place, *, line: AnyLine, document: Named, amount: Decimal, coding: Coding, text: str
) -> tuple[Link, Write]:
    """A credit note over `amount` (tax included) for the document's contact, coded as a person or habit says; `text`
    says what for. Raises CannotPropose when the coding cannot be used, or for a document in another currency: at which
    rate its rest is written off only the ledger knows."""
    if document.currency != context.base_currency:
        raise CannotPropose(
            f"the rest of a {document.currency} document is written off in Xero by hand: its exchange difference is "
            "settled there"
        )
    if amount <= 0:
        raise CannotPropose("a credit note is over an amount above zero")
    to, sales = codable(context, coding), document.type == "invoice"
    arguments: dict[str, Any] = {
        "type": "ACCRECCREDIT" if sales else "ACCPAYCREDIT",
        "contact_id": document.contact_id,
        "date": line.date.isoformat(),
        "line_amount_types": "Inclusive",
        "line_items": [coded_line(to, amount, document.currency, text)],
        "currency_code": document.currency,
        "status": "AUTHORISED",
    }
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    # Xero keeps a reference for sales credit notes only; a supplier's is known by its number, which is free text.
    arguments["reference" if sales else "credit_note_number"] = marked(f"{document.number} {text}".strip(), token)
    party = Party(document.contact_id, document.contact)
    link = replace(
        _link(place, "credit_note", party, amount, document.currency, coding),
        number=document.number,
        bank_amount=None,
        bank_currency=None,
    )
    control = context.account(context.control_account(document.type))
    return link, write(
        context,
        "credit_note.create",
        place,
        arguments,
        amount=amount,
        currency=document.currency,
        preconditions=(
            *conditions.coded(to.account, to.rate, coding),
            conditions.contact(document.contact_id),
            conditions.unlocked(context.organisation),
        ),
        effects=_effects(context, to, -amount if sales else amount, document.currency, against=control),
        verify={
            "by": "token",
            "token": token,
            "fingerprints": list(line.fingerprints),
            "amount": amount_text(amount, document.currency),
        },
    )


def coded_line(to: Codable, amount: Decimal, currency: str, text: str) -> Mapping[str, Any]:
    """The one line of a coded record, its amount with tax."""
    line: dict[str, Any] = {
        "Description": text,
        "Quantity": "1",
        "UnitAmount": amount_text(amount, currency),
        "AccountCode": to.account.code,
        "TaxType": to.rate.type,
    }
    if to.coding.tracking:
        line["Tracking"] = [{"Name": category, "Option": option} for category, option in to.coding.tracking]
    return line


def _effects(
    context: WriteContext, to: Codable, moved: Decimal, currency: str, *, against: Account, rate: Rate | None = None
) -> tuple[Effect, ...]:
    """`moved`: by how much the bank or control account moves, debit positive."""
    try:
        return coded_effects(
            moved,
            currency,
            to.rate.percent,
            against=against,
            account=to.account,
            tax_account_id=context.system_account("tax") if to.rate.percent else "",
            rounding_account_id=next((a.id for a in context.accounts.values() if a.rounding), ""),
            base_currency=context.base_currency,
            to_base=converted(rate, context.base_currency),
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error


def _link(  # noqa: PLR0917 - as they are read
    place: Place, type: str, party: Party, amount: Decimal, currency: str, coding: Coding
) -> Link:
    return Link(
        id=place.link_id,
        document_id="",
        type=type,
        number="",
        contact_id=party.id,
        contact=party.name,
        amount=amount,
        currency=currency,
        bank_amount=amount,
        bank_currency=currency,
        coding=coding,
    )
