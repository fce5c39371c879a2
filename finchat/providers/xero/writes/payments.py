"""Payments of documents, and of open credits: refunds."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finchat.books.balances import payment_effects, refund_effects
from finchat.books.documents import Account, Credit, Document
from finchat.books.matching.verdict import Refund, Settlement
from finchat.books.money import amount_text
from finchat.books.plan import CreditName, Link, PlanLine, Precondition, Write
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import AnyLine, Place, due_verified, write
from finchat.providers.writing.rates import Rate, RateSource
from finchat.providers.writing.tokens import led, reference_text, write_token
from finchat.providers.xero.writes import conditions
from finchat.providers.xero.writes.rates import cash_rate


def payment_write(
    context: WriteContext,
    place: Place,
    *,
    line: AnyLine,
    document: Document,
    settlement: Settlement,
    account: Account,
    due: Decimal,
) -> tuple[Link, Write]:
    """A payment of a document, dated as the line, into or out of `account` (a bank account, or one named as clearing).

    The settlement's `bank_amount` is in the account's currency; `due` is what is due on the document just before this
    write. Raises CannotPropose when no rate is known or the currencies do not go together in Xero.
    """
    amount, bank_amount = settlement.amount, settlement.bank_amount
    if not 0 < amount <= due:
        raise CannotPropose(f"{amount} {document.currency} is not between zero and the {due} due on {document.number}")
    _payable(context, account, document.currency)
    known = _known(settlement.rate, settlement.rate_source, document.rate)
    rate = cash_rate(context, account, (amount, document.currency), bank_amount, known)
    paid = {"invoice_id": document.id, "account_id": account.id}
    arguments, token = _arguments(context, place, line, paid, amount_text(amount, document.currency), rate=rate)
    link = Link(
        id=place.link_id,
        document_id=document.id,
        type=document.type,
        number=document.number,
        contact_id=document.contact_id,
        contact=document.contact,
        amount=amount,
        currency=document.currency,
        bank_amount=bank_amount,
        bank_currency=account.currency,
        rate=None if rate is None else rate.shown,
        rate_source=None if rate is None else rate.source,
    )
    try:
        effects = payment_effects(
            settlement if rate is None else replace(settlement, rate=rate.base),
            document,
            account,
            base_currency=context.base_currency,
            control_account_id=context.control_account(document.type),
            gain_loss_account_id=context.gain_loss_account(document.currency),
            due=due,
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error
    return link, write(
        context,
        "payment.create",
        place,
        arguments,
        amount=amount,
        currency=document.currency,
        preconditions=(
            *conditions.open_document(document, due),
            *conditions.takes_payments(account),
            conditions.unlocked(context.organisation),
        ),
        effects=effects,
        verify={
            "by": "token",
            "token": token,
            "fingerprints": list(line.fingerprints),
            **due_verified(document.id, amount, due, document.currency),
        },
    )


def drafted_payment_write(
    context: WriteContext,
    place: Place,
    *,
    document: Document,
    settlement: Settlement,
    account: Account,
    day: dt.date,
    reference: str,
) -> tuple[Link, Write]:
    """A payment that a person asked for, without a bank line that shows it: dated and worded as they said, into or out
    of an active bank account. Its own words stand after the token, so that nobody takes them for the bank's. Raises
    CannotPropose as `payment_write`, and for any other account."""
    bank = context.bank_account(account.id, account.currency)
    said = PlanLine(
        id="", date=day, direction=document.direction, amount=settlement.bank_amount, currency=bank.currency,
        account_id=bank.id, reference=reference,
    )  # fmt: skip
    link, made = payment_write(
        context, place, line=said, document=document, settlement=settlement, account=bank, due=document.amount_due
    )
    token = str((made.verify or {})["token"])
    return link, replace(
        made,
        arguments={**made.arguments, "reference": led(reference, token)},
        preconditions=tuple(dict.fromkeys((*made.preconditions, *conditions.bank(bank)))),
    )


def refund_write(
    context: WriteContext,
    place: Place,
    *,
    line: AnyLine,
    credit: Credit,
    refund: Refund,
    account: Account,
    remaining: Decimal,
) -> tuple[Link, Write]:
    """An open credit paid back, dated as the line: out of the bank to a customer, into it from a supplier.

    `remaining`: the credit just before this write. Raises CannotPropose when there is less, when the line goes the
    other way, or no rate is known.
    """
    amount, name = refund.amount, credit.name
    if not 0 < amount <= remaining:
        raise CannotPropose(f"{amount} {credit.currency} is not between zero and the {remaining} left of {name}")
    if line.direction != ("spend" if credit.type == "invoice" else "receive"):
        raise CannotPropose(f"{name} is paid back the other way round")
    _payable(context, account, credit.currency)
    known = _known(refund.rate, refund.rate_source, credit.rate)
    rate = cash_rate(context, account, (amount, credit.currency), refund.bank_amount, known)
    paid = {f"{credit.kind}_id": credit.id, "account_id": account.id}
    arguments, token = _arguments(context, place, line, paid, amount_text(amount, credit.currency), rate=rate)
    link = Link(
        id=place.link_id,
        document_id="",
        type=credit.kind,
        number=credit.number,
        contact_id=credit.contact_id,
        contact=credit.contact,
        amount=amount,
        currency=credit.currency,
        bank_amount=refund.bank_amount,
        bank_currency=account.currency,
        rate=None if rate is None else rate.shown,
        rate_source=None if rate is None else rate.source,
        credit=CreditName(id=credit.id, text=credit_text(credit)),
    )
    try:
        effects = refund_effects(
            refund if rate is None else replace(refund, rate=rate.base),
            credit,
            account,
            base_currency=context.base_currency,
            control_account_id=context.control_account(credit.type),
            gain_loss_account_id=context.gain_loss_account(credit.currency),
            remaining=remaining,
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error
    left = amount_text(remaining, credit.currency)
    return link, write(
        context,
        "payment.create",
        place,
        arguments,
        amount=amount,
        currency=credit.currency,
        preconditions=(
            *conditions.open_credit(credit, remaining),
            Precondition(type=credit.kind, id=credit.id, field="currency", expected=credit.currency),
            Precondition(type=credit.kind, id=credit.id, field="side", expected=credit.type),
            *conditions.takes_payments(account),
            conditions.unlocked(context.organisation),
        ),
        effects=effects,
        verify={
            "by": "token",
            "token": token,
            "fingerprints": list(line.fingerprints),
            "credit_kind": credit.kind,
            "credit_id": credit.id,
            "amount": arguments["amount"],
            "remaining_before": left,
        },
    )


def credit_text(credit: Credit) -> str:
    """`CN-0007`; a prepayment or overpayment, which has no number: `prepayment of 2026-11-12, 500.00 NZD`."""
    if credit.number:
        return credit.number
    total = amount_text(credit.total, credit.currency)
    return f"{credit.kind.replace('_', ' ')} of {credit.date.isoformat()}, {total} {credit.currency}"


def _arguments(
    context: WriteContext, place: Place, line: AnyLine, paid: dict[str, str], amount: str, *, rate: Rate | None
) -> tuple[dict[str, Any], str]:
    arguments: dict[str, Any] = {**paid, "date": line.date.isoformat(), "amount": amount}
    if rate is not None:
        arguments["currency_rate"] = rate.vendor
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    return {**arguments, "reference": reference_text(line, token)}, token


def _payable(context: WriteContext, account: Account, currency: str) -> None:
    if not account.active or not account.accepts_payments:
        raise CannotPropose(f"account {account.code or account.name} takes no payments")
    if account.currency not in (currency, context.base_currency):
        raise CannotPropose(
            f"Xero cannot pay a {currency} document from a {account.currency} account directly",
            next="record the payment in Xero by hand",
        )


def _known(rate: Decimal | None, source: RateSource | None, own: Decimal | None) -> tuple[Decimal, RateSource] | None:
    """The rate that is known without the line: the matcher's, else the document's own."""
    if rate is not None:
        return rate, source or "document"
    return None if own is None else (own, "document")
