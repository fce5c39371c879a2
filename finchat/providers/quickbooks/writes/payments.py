"""Payments of documents, and money kept for a customer as an unapplied payment."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finchat.books.balances import kept_effects, payment_effects
from finchat.books.documents import Account, Credit, Document
from finchat.books.matching.verdict import Excess, Refund, Settlement
from finchat.books.money import amount_text
from finchat.books.plan import Link, PlanLine, Write
from finchat.providers.quickbooks import conditions
from finchat.providers.quickbooks.payloads import DOCUMENTS, in_currency, linked, ref
from finchat.providers.quickbooks.writes.rates import cash_rate, day_rate, to_base
from finchat.providers.writing.conditions import bank, open_document, takes_payments, unlocked
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import AnyLine, Place, due_verified, write
from finchat.providers.writing.rates import Rate, RateSource
from finchat.providers.writing.tokens import led, reference_text, write_token


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
    """A Payment or BillPayment of one document, dated as the line, into or out of `account` (a bank account or card, or
    one named as clearing).

    The settlement's `bank_amount` is in the account's currency; `due` is what is due on the document just before this
    write. Raises CannotPropose when no rate is known or the currencies do not go together in QuickBooks.
    """
    amount, bank_amount = settlement.amount, settlement.bank_amount
    if not 0 < amount <= due:
        raise CannotPropose(f"{amount} {document.currency} is not between zero and the {due} due on {document.number}")
    _payable(context, account, document.currency)
    known = _known(settlement.rate, settlement.rate_source, document.rate)
    rate = cash_rate(context, account, (amount, document.currency), bank_amount, known)
    sent = amount_text(amount, document.currency)
    arguments = {
        **means(document.type, document.contact_id, account),
        "TotalAmt": sent,
        "Line": [linked(DOCUMENTS[document.type], document.id, amount, document.currency)],
        "TxnDate": line.date.isoformat(),
        **in_currency(document.currency, context.base_currency, rate),
    }
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    arguments["PrivateNote"] = reference_text(line, token)
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
            control_account_id=context.control_account(document.type, document.currency),
            gain_loss_account_id=context.gain_loss_account(document.currency),
            due=due,
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error
    return link, write(
        context,
        "payment.create" if document.type == "invoice" else "bill_payment.create",
        place,
        arguments,
        amount=amount,
        currency=document.currency,
        preconditions=(
            *open_document(document, due),
            *takes_payments(account),
            *_of_account(account),
            unlocked(context.organisation),
        ),
        effects=effects,
        verify={
            "by": "token",
            "token": token,
            "date": line.date.isoformat(),
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
    of an active bank account or card. Its own words stand after the token, so that nobody takes them for the bank's.
    Raises CannotPropose as `payment_write`, and for any other account."""
    own = context.bank_account(account.id, account.currency)
    said = PlanLine(
        id="", date=day, direction=document.direction, amount=settlement.bank_amount, currency=own.currency,
        account_id=own.id, reference=reference,
    )  # fmt: skip
    link, made = payment_write(
        context, place, line=said, document=document, settlement=settlement, account=own, due=document.amount_due
    )
    token = str((made.verify or {})["token"])
    return link, replace(
        made,
        arguments={**made.arguments, "PrivateNote": led(reference, token)},
        preconditions=tuple(dict.fromkeys((*made.preconditions, *bank(own)))),
    )


def kept_write(
    context: WriteContext, place: Place, *, line: AnyLine, excess: Excess, known: Rate | None = None
) -> tuple[Link, Write]:
    """The excess as a Payment that no document has taken yet: a credit of the customer, dated as the line.

    `known`: the rate at which a payment of the same line converts. Raises CannotPropose for money paid to a supplier,
    of which QuickBooks' API keeps no more than is due, and for a foreign bank account without any rate.
    """
    account, amount = context.bank_account(line.account_id, line.currency), excess.amount
    if not 0 < amount <= line.amount:
        raise CannotPropose(f"{amount} is not between zero and the {line.amount} of the bank line")
    if not excess.contact_id:
        raise CannotPropose("nobody knows whose money it is")
    if line.direction != "receive":
        raise CannotPropose(
            "QuickBooks keeps no money paid to a supplier over what is due",
            next="record the rest in QuickBooks by hand, as a cheque to Accounts Payable",
        )
    rate = known or day_rate(context, line.currency, line.date)
    arguments = {
        **means("invoice", excess.contact_id, account),
        "TotalAmt": amount_text(amount, line.currency),
        "TxnDate": line.date.isoformat(),
        **in_currency(line.currency, context.base_currency, rate),
    }
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    arguments["PrivateNote"] = reference_text(line, token)
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
        "payment.create",
        place,
        arguments,
        amount=amount,
        currency=line.currency,
        preconditions=(
            *bank(account),
            conditions.contact("customer", excess.contact_id),
            unlocked(context.organisation),
        ),
        effects=kept_effects(
            amount,
            line.currency,
            "invoice",
            account=account,
            control_account_id=context.control_account("invoice", line.currency),
            base_amount=amount if rate is None else to_base(rate, amount, context.base_currency),
        ),
        verify={
            "by": "token",
            "token": token,
            "date": line.date.isoformat(),
            "fingerprints": list(line.fingerprints),
            "amount": amount_text(amount, line.currency),
        },
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
    """Raises CannotPropose: QuickBooks pays a credit back by an expense on the control account that a second record
    ties to the credit. Where the second one fails, the credit stays open and is paid out again."""
    raise CannotPropose(
        f"QuickBooks ties a refund to {credit.name} only in its own screens",
        next="record the refund in QuickBooks by hand: it closes the credit there",
    )


def means(type: str, contact_id: Any, account: Account) -> dict[str, Any]:
    """Whose payment it is, and where its money lands or leaves: always said. Nothing is left to be printed. Raises
    CannotPropose where money of a customer would land on a credit card: QuickBooks takes it into an asset account."""
    if type == "invoice":
        if account.card:
            raise CannotPropose(
                f"QuickBooks takes a customer's payment into a bank account, and {account.label} is a credit card",
                next="name the bank account it went into; money back to a card is a refund of its seller",
            )
        return {"CustomerRef": ref(contact_id), "DepositToAccountRef": ref(account.id)}
    if account.card:
        paid = {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": ref(account.id)}}
    else:
        paid = {"PayType": "Check", "CheckPayment": {"BankAccountRef": ref(account.id), "PrintStatus": "NotSet"}}
    return {"VendorRef": ref(contact_id), **paid}


def _known(rate: Decimal | None, source: RateSource | None, own: Decimal | None) -> tuple[Decimal, RateSource] | None:
    """The rate that is known without the line: the matcher's, else the document's own."""
    if rate is not None:
        return rate, source or "document"
    return None if own is None else (own, "document")


def _of_account(account: Account) -> tuple[Any, ...]:
    return tuple(bank(account)) if account.kind == "bank" else ()


def _payable(context: WriteContext, account: Account, currency: str) -> None:
    if not account.active or not account.accepts_payments:
        raise CannotPropose(f"account {account.code or account.name} takes no payments")
    if account.currency not in (currency, context.base_currency):
        raise CannotPropose(
            f"QuickBooks cannot pay a {currency} document from a {account.currency} account directly",
            next="record the payment in QuickBooks by hand",
        )
