"""Lines added to an issued invoice: every line it has is kept by its id, and nothing else of it is named.

Xero deletes the lines that an update does not list, and changes none of an invoice that something was paid or credited
on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from finchat.books.documents import Document
from finchat.books.invoicing import LineAmountTypes, document_effects, totals
from finchat.books.money import amount_text, spoken
from finchat.books.plan import Effect, Link, Precondition, Write
from finchat.canonical import plain_decimal
from finchat.providers.fields import Record
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.documents import InvoiceLine
from finchat.providers.writing.parts import Place, write
from finchat.providers.writing.rates import Rate
from finchat.providers.writing.tokens import with_token, write_token
from finchat.providers.xero import kept_lines
from finchat.providers.xero.writes import conditions
from finchat.providers.xero.writes.invoices import line_conditions, line_item, own_accounts
from finchat.providers.xero.writes.rates import converted

_SEPARATE = "make a separate invoice instead"


def lines_added_write(
    context: WriteContext, place: Place, *, document: Document, lines: Sequence[InvoiceLine]
) -> tuple[Link, Write]:
    """The update as it is sent. Found again by the token in the description of the last new line.

    Raises CannotPropose for an invoice that is not open, is dated in a locked period, or has anything paid or credited
    on it, and for lines that do not come to more than zero.
    """
    record = _record(context, document)
    types = cast(LineAmountTypes, record.text("LineAmountTypes", "Exclusive"))
    amounts = [line.amounts(types) for line in lines]
    added, currency = totals(amounts).total, document.currency
    if added <= 0:
        raise CannotPropose(f"the new lines come to {amount_text(added, currency)} {currency}, not above zero")
    arguments: dict[str, Any] = {
        "id": document.id,
        # Said as it is: a vendor that takes its absence for "Exclusive" would change every amount.
        "line_amount_types": types,
        "line_items": [
            *({"LineItemID": id} for id in kept_lines.line_ids(record).split()),
            *(line_item(line, types, currency) for line in lines),
        ],
    }
    rate = _rate(record, document, context.base_currency)
    if rate is not None:
        arguments["currency_rate"] = rate.vendor
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    last = arguments["line_items"][-1]
    last["Description"] = with_token(last["Description"], token)
    link = Link(
        id=place.link_id, document_id=document.id, type=document.type, number=document.number,
        contact_id=document.contact_id, contact=document.contact, amount=added, currency=currency,
        rate=None if rate is None else rate.shown, rate_source=None if rate is None else rate.source,
    )  # fmt: skip
    effects = _effects(context, document, lines, types, rate)
    return link, write(
        context,
        "invoice.update",
        place,
        arguments,
        amount=added,
        currency=currency,
        preconditions=dict.fromkeys((
            *conditions.open_document(document, document.amount_due),
            Precondition(type=document.type, id=document.id, field="date", expected=document.date.isoformat()),
            Precondition(
                type=kept_lines.FACT, id=document.id, field="ids", expected=kept_lines.line_ids(record)
            ),
            Precondition(type=kept_lines.FACT, id=document.id, field="contents", expected=kept_lines.said(record)),
            *line_conditions(lines, types),
            *own_accounts(context, effects),
            conditions.unlocked(context.organisation),
        )),
        effects=effects,
        verify={
            "by": "token",
            "token": token,
            "document_id": document.id,
            "amount": amount_text(added, currency),
            "due_before": amount_text(document.amount_due, currency),
            "due_after": amount_text(document.amount_due + added, currency),
        },
    )  # fmt: skip


def _record(context: WriteContext, document: Document) -> Record:
    """The invoice as it was read for this plan, fit to be changed. Raises CannotPropose."""
    if (data := context.records.get(("invoice", document.id))) is None or document.type != "invoice":
        raise CannotPropose(f"{document.name} is not an invoice of the ledger that was read")
    record = Record(data, "Xero invoice", "InvoiceID")
    if document.status != "open":
        raise CannotPropose(f"{document.name} is {document.status}: only an open invoice is changed", next=_SEPARATE)
    lock = context.organisation.lock_date
    if lock is not None and document.date <= lock:
        raise CannotPropose(
            f"{document.name} is dated {document.date}, and the books are locked up to {lock}", next=_SEPARATE
        )
    if settled := document.total - document.amount_due:
        raise CannotPropose(
            f"{document.name} has {spoken(settled, document.currency)} paid or credited on it, and Xero changes no "
            "lines of such an invoice", next=_SEPARATE,
        )  # fmt: skip
    ids = kept_lines.line_ids(record).split()
    if not ids or "?" in ids or len(set(ids)) != len(ids):
        raise CannotPropose(f"the lines of {document.name} cannot be told apart by their ids", next=_SEPARATE)
    return record


def _rate(record: Record, document: Document, base: str) -> Rate | None:
    """The invoice's own, said again as it is; None in base currency. Raises CannotPropose without one."""
    if document.currency == base:
        return None
    vendor = record.optional_decimal("CurrencyRate")
    if document.rate is None or not vendor:
        raise CannotPropose(f"{document.name} states no rate from {document.currency} to {base}")
    return Rate(document.rate, plain_decimal(vendor), "document")


def _effects(
    context: WriteContext, document: Document, lines: Sequence[InvoiceLine], types: LineAmountTypes, rate: Rate | None
) -> tuple[Effect, ...]:
    amounts = [(line.to.account, line.amounts(types)) for line in lines]
    taxed = any(one.tax for _, one in amounts)
    try:
        return document_effects(
            "invoice",
            amounts,
            currency=document.currency,
            base_currency=context.base_currency,
            control_account_id=context.control_account("invoice"),
            tax_account_id=context.system_account("tax") if taxed else "",
            rounding_account_id=next((a.id for a in context.accounts.values() if a.rounding), ""),
            to_base=converted(rate, context.base_currency),
            before=document.total,
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error
