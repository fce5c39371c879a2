"""Sales invoices and bills, whole: every line of an item or account, dated and due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from finchat.books.documents import Account
from finchat.books.invoicing import LineAmounts, document_effects, totals
from finchat.books.money import amount_text
from finchat.books.plan import Effect, Link, Precondition, Write
from finchat.canonical import plain_decimal
from finchat.providers.quickbooks import conditions
from finchat.providers.quickbooks.payloads import in_currency, ref
from finchat.providers.quickbooks.writes.items import Item, item_for, item_named
from finchat.providers.quickbooks.writes.rates import converted
from finchat.providers.writing.checking import FROM
from finchat.providers.writing.conditions import taxed, unlocked
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.documents import InvoiceLine, NewInvoice
from finchat.providers.writing.parts import Place, write
from finchat.providers.writing.tokens import marked, write_token

_LONGEST_NUMBER = 21
_CENT = Decimal("0.01")
# Where tax is worked out on the whole form, its lines say only whether they are taxed.
TAXED, UNTAXED = "TAX", "NON"


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as it is sent: `item` None posts to the account by itself."""

    line: InvoiceLine
    item: Item | None
    amounts: LineAmounts

    @property
    def account(self) -> Account:
        return self.line.to.account


def invoice_write(context: WriteContext, place: Place, new: NewInvoice) -> tuple[Link, Write]:
    """The Invoice or Bill as it is sent: in the books at once, for QuickBooks has no drafts.

    Found again by the token in its private note. Raises CannotPropose for a draft, a total that is not above zero, a
    foreign currency without a rate, a sales line without an item, tax that cannot be told beforehand, or a chart
    without the accounts it moves.
    """
    sales, base = new.type == "invoice", context.base_currency
    if new.status != "AUTHORISED":
        raise CannotPropose("QuickBooks has no drafts: a document is in the books at once")
    if new.line_amount_types == "Inclusive" and new.totals.tax:
        raise CannotPropose("QuickBooks takes amounts before tax here", next="give the amounts without tax")
    if len(new.number) > _LONGEST_NUMBER:
        raise CannotPropose(f"a number in QuickBooks has at most {_LONGEST_NUMBER} characters")
    if (new.rate is None) != (new.currency == base):
        raise CannotPropose(f"no rate from {new.currency} to {base} is known")
    group, tax = _tax(context, new)
    lines = _lines(context, new, tax)
    total = totals(line.amounts for line in lines).total
    if total <= 0:
        raise CannotPropose(f"it comes to {amount_text(total, new.currency)} {new.currency}, not above zero")
    contact: Any = {FROM: f"{new.contact_from}.Id"} if new.contact_from else new.contact.id
    arguments: dict[str, Any] = {
        "CustomerRef" if sales else "VendorRef": ref(contact),
        "TxnDate": new.date.isoformat(),
        "DueDate": new.due_date.isoformat(),
        "Line": [_sent(line, new, group) for line in lines],
        **in_currency(new.currency, base, new.rate),
    }
    if group:
        arguments["TxnTaxDetail"] = {"TxnTaxCodeRef": ref(group)}
    if new.number:
        arguments["DocNumber"] = new.number
    token = write_token(context.plan_id, place.proposal_id, place.id, {**arguments, "note": new.reference})
    arguments["PrivateNote"] = marked(new.reference, token)
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
    effects = _effects(context, new, lines)
    return link, write(
        context,
        f"{new.type}.create",
        place,
        arguments,
        amount=total,
        currency=new.currency,
        preconditions=tuple(dict.fromkeys((*_rests_on(context, new, lines), *_moves(context, effects)))),
        effects=effects,
        verify={
            "by": "token",
            "token": token,
            "date": new.date.isoformat(),
            "amount": amount_text(total, new.currency),
        },
    )


def _tax(context: WriteContext, new: NewInvoice) -> tuple[str, Decimal]:
    """The organisation's own group of rates and the tax of the whole form, rounded once as QuickBooks does; ("", 0)
    without any. Raises CannotPropose for tax that QuickBooks would work out in another way."""
    taxed_lines = [x for x in new.lines if x.to.rate.percent and new.line_amount_types != "NoTax"]
    if not taxed_lines:
        return "", Decimal("0.00")
    codes = {line.to.rate.type for line in taxed_lines}
    if new.type == "bill" or codes != {TAXED}:
        raise CannotPropose(
            "what tax QuickBooks works out on this document cannot be told beforehand",
            next="use lines without tax, or enter it in QuickBooks by hand",
        )
    group = _default_group(context)
    (percent,) = {line.to.rate.percent for line in taxed_lines}
    net = sum((line.amounts(new.line_amount_types).net for line in taxed_lines), Decimal(0))
    if len([a for a in context.accounts.values() if a.kind == "tax" and a.active]) != 1:
        raise CannotPropose("which tax account this document moves cannot be told: there are several")
    return group, (net * percent / 100).quantize(_CENT, ROUND_HALF_UP)


def _default_group(context: WriteContext) -> str:
    for (kind, _), record in context.records.items():
        if kind == "preferences":
            group = ((record.get("TaxPrefs") or {}).get("TaxGroupCodeRef") or {}).get("value", "")
            if group:
                return str(group)
    raise CannotPropose("QuickBooks names no group of sales tax rates for the organisation")


def _lines(context: WriteContext, new: NewInvoice, tax: Decimal) -> list[_Line]:
    """The lines with their items. What rounding once makes of the tax of each is put on the last taxed line."""
    found: list[_Line] = []
    for line in new.lines:
        amounts, item = line.amounts(new.line_amount_types), None
        if line.item_code:
            item = item_named(context, line.item_code)
            posts = item.income if new.type == "invoice" else item.expense
            if posts != line.to.account.id:
                raise CannotPropose(
                    f"item {item.name} does not post to {line.to.account.label}",
                    next="leave the account to the item, or name another item",
                )
        elif new.type == "invoice":
            item = item_for(context, line.to.account)
        found.append(_Line(line, item, amounts))
    if rest := tax - totals(line.amounts for line in found).tax:
        last = max(n for n, line in enumerate(found) if line.line.to.rate.percent)
        old = found[last].amounts
        found[last] = _Line(found[last].line, found[last].item, LineAmounts(old.amount, old.net, old.tax + rest))
    return found


def _sent(line: _Line, new: NewInvoice, group: str) -> dict[str, Any]:
    given, currency = line.line, new.currency
    code = UNTAXED if not group or not given.to.rate.percent else TAXED
    code = code if new.line_amount_types == "NoTax" or given.to.rate.type in (TAXED, UNTAXED) else given.to.rate.type
    unit = amount_text(given.unit_amount, currency)
    quantity: dict[str, Any] = {"Qty": plain_decimal(given.quantity), "UnitPrice": unit}
    if line.item is None:
        kind, detail = (
            "AccountBasedExpenseLineDetail",
            {"AccountRef": ref(given.to.account.id), "TaxCodeRef": ref(code)},
        )
    elif new.type == "invoice":
        kind, detail = "SalesItemLineDetail", {"ItemRef": ref(line.item.id), **quantity, "TaxCodeRef": ref(code)}
    else:
        kind = "ItemBasedExpenseLineDetail"
        detail = {"ItemRef": ref(line.item.id), **quantity, "TaxCodeRef": ref(code)}
    if given.to.coding.tracking:
        raise CannotPropose("classes and locations of a document are chosen in QuickBooks", next="leave them out")
    return {
        "Description": given.description,
        "Amount": amount_text(line.amounts.amount, currency),
        "DetailType": kind,
        kind: detail,
    }


def _rests_on(context: WriteContext, new: NewInvoice, lines: Sequence[_Line]) -> Sequence[Precondition]:
    found: list[Precondition] = []
    for line in lines:
        found += conditions.codable_account(line.account)
        # Without tax a line is sent as such, and rests on no rate.
        if new.line_amount_types != "NoTax":
            found += taxed(line.line.to.rate)
        if line.item is not None:
            found += line.item.preconditions
    if not new.contact_from:
        found.append(conditions.contact("customer" if new.type == "invoice" else "vendor", new.contact.id))
    if new.number and new.type == "invoice":
        found.append(Precondition(type="invoice_number", id=new.number, field="status", expected="free"))
    return (*found, unlocked(context.organisation))


def _moves(context: WriteContext, effects: Sequence[Effect]) -> Sequence[Precondition]:
    """That the ledger's own accounts that it moves are what they are taken for."""
    own = ("receivables", "payables", "tax")
    ids = [e.account_id for e in effects if e.control in own]
    return [
        Precondition(type="account", id=id, field="kind", expected=context.account(id).kind)
        for id in dict.fromkeys(ids)
        if context.account(id).kind in own
    ]


def _effects(context: WriteContext, new: NewInvoice, lines: Sequence[_Line]) -> tuple[Effect, ...]:
    """Converted each by itself, lines may miss the whole by a cent of base currency: QuickBooks takes it off the last
    line, so the last effect has it here."""
    taxed_any = any(line.amounts.tax for line in lines)
    to_base = converted(new.rate, context.base_currency)
    try:
        effects = document_effects(
            new.type,
            [(line.account, line.amounts) for line in lines],
            currency=new.currency,
            base_currency=context.base_currency,
            control_account_id=context.control_account(new.type, new.currency),
            tax_account_id=context.system_account("tax") if taxed_any else "",
            rounding_account_id=lines[-1].account.id,
            to_base=to_base,
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error
    if new.rate is None or sum(1 for e in effects if e.account_id == lines[-1].account.id) < 2:
        return effects
    *most, lost = effects
    at = next(n for n, e in enumerate(most) if e.account_id == lost.account_id)
    most[at] = Effect(
        account_id=lost.account_id, control=most[at].control, amount=most[at].amount, currency=most[at].currency,
        base_amount=most[at].base_amount + lost.base_amount,
    )  # fmt: skip
    return tuple(most)
