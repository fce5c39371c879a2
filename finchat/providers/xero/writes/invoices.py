"""Sales invoices and bills, whole: every line coded, dated and due, as a draft or approved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finchat.books.invoicing import LineAmountTypes, document_effects
from finchat.books.money import amount_text
from finchat.books.plan import Effect, Link, Precondition, Write
from finchat.canonical import plain_decimal
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.documents import InvoiceLine, NewInvoice
from finchat.providers.writing.parts import Place, write
from finchat.providers.writing.tokens import marked, with_token, write_token
from finchat.providers.xero.checking import FROM
from finchat.providers.xero.writes import conditions
from finchat.providers.xero.writes.rates import converted


def invoice_write(context: WriteContext, place: Place, new: NewInvoice) -> tuple[Link, Write]:
    """The invoice or bill as it is sent. A draft or submitted one moves nothing; an approved one receivables or
    payables, its lines' accounts and tax.

    Found again by its token: in the reference of an invoice, and in the description of a bill's last line, because Xero
    keeps no reference of bills and their number is the supplier's. Raises CannotPropose for a total that is not above
    zero, a foreign currency without a rate, or a chart without the accounts it moves.
    """
    total, base = new.totals.total, context.base_currency
    if total <= 0:
        raise CannotPropose(f"it comes to {amount_text(total, new.currency)} {new.currency}, not above zero")
    if (new.rate is None) != (new.currency == base):
        raise CannotPropose(f"no rate from {new.currency} to {base} is known")
    arguments: dict[str, Any] = {
        "type": "ACCREC" if new.type == "invoice" else "ACCPAY",
        "contact_id": {FROM: f"{new.contact_from}.ContactID"} if new.contact_from else new.contact.id,
        "date": new.date.isoformat(),
        "due_date": new.due_date.isoformat(),
        "line_amount_types": new.line_amount_types,
        "line_items": [line_item(line, new.line_amount_types, new.currency) for line in new.lines],
        "currency_code": new.currency,
        "status": new.status,
    }
    if new.rate is not None:
        arguments["currency_rate"] = new.rate.vendor
    if new.number:
        arguments["invoice_number"] = new.number
    token = write_token(context.plan_id, place.proposal_id, place.id, {**arguments, "reference": new.reference})
    if new.type == "invoice":
        arguments["reference"] = marked(new.reference, token)
    else:
        last = arguments["line_items"][-1]
        last["Description"] = with_token(last["Description"], token)
    link = Link(
        id=place.link_id,
        document_id="",
        type=new.type,
        number=new.number,
        contact_id=new.contact.id,
        contact=new.contact.name,
        amount=total,
        currency=new.currency,
        rate=None if new.rate is None else new.rate.shown,
        rate_source=None if new.rate is None else new.rate.source,
    )
    effects = _effects(context, new) if new.status == "AUTHORISED" else ()
    return link, write(
        context,
        "invoice.create",
        place,
        arguments,
        amount=total,
        currency=new.currency,
        preconditions=tuple(dict.fromkeys((*_rests_on(context, new), *own_accounts(context, effects)))),
        effects=effects,
        verify={"by": "token", "token": token, "amount": amount_text(total, new.currency)},
    )


def line_item(line: InvoiceLine, types: LineAmountTypes, currency: str) -> dict[str, Any]:
    """A line as Xero is told it."""
    found: dict[str, Any] = {
        "Description": line.description,
        "Quantity": plain_decimal(line.quantity),
        "UnitAmount": amount_text(line.unit_amount, currency),
        "AccountCode": line.to.account.code,
    }
    if types != "NoTax":
        found["TaxType"] = line.to.rate.type
    if line.item_code:
        found["ItemCode"] = line.item_code
    if line.to.coding.tracking:
        found["Tracking"] = [{"Name": category, "Option": option} for category, option in line.to.coding.tracking]
    return found


def _rests_on(context: WriteContext, new: NewInvoice) -> Sequence[Precondition]:
    found = line_conditions(new.lines, new.line_amount_types)
    if not new.contact_from:
        found.append(conditions.contact(new.contact.id))
    if new.number and new.type == "invoice":
        found.append(Precondition(type="invoice_number", id=new.number, field="status", expected="free"))
    return (*found, conditions.unlocked(context.organisation))


def line_conditions(lines: Sequence[InvoiceLine], types: LineAmountTypes) -> list[Precondition]:
    """That what lines are coded to is still there."""
    found: list[Precondition] = []
    for line in lines:
        coded = conditions.coded(line.to.account, line.to.rate, line.to.coding)
        found += [c for c in coded if types != "NoTax" or c.type != "tax_rate"]
        if line.item_code:
            found.append(Precondition(type="item", id=line.item_code, field="status", expected="active"))
    return found


def own_accounts(context: WriteContext, effects: Sequence[Effect]) -> Sequence[Precondition]:
    """That the ledger's own accounts that an approved document moves are what they are taken for."""
    own = ("receivables", "payables", "tax")
    ids = [e.account_id for e in effects if e.control in own]
    return [
        Precondition(type="account", id=id, field="kind", expected=context.account(id).kind)
        for id in dict.fromkeys(ids)
        if context.account(id).kind in own
    ]


def _effects(context: WriteContext, new: NewInvoice) -> tuple[Effect, ...]:
    rate, taxed = new.rate, any(amounts.tax for amounts in new.amounts)
    try:
        return document_effects(
            new.type,
            [(line.to.account, line.amounts(new.line_amount_types)) for line in new.lines],
            currency=new.currency,
            base_currency=context.base_currency,
            control_account_id=context.control_account(new.type),
            tax_account_id=context.system_account("tax") if taxed else "",
            rounding_account_id=next((a.id for a in context.accounts.values() if a.rounding), ""),
            to_base=converted(rate, context.base_currency),
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error
