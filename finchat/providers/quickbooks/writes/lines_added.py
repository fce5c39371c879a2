"""Lines added to an issued invoice: every line it has is kept by its Id, and nothing else of it is named.

The update carries the SyncToken that was read, so QuickBooks refuses it once somebody changed the invoice. Tax is
worked out on the whole form again, so it is told beforehand only where QuickBooks itself worked out what is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from finchat.books.documents import Document
from finchat.books.invoicing import LineAmounts, document_effects
from finchat.books.money import amount_text, spoken
from finchat.books.plan import Effect, Link, Precondition, Write
from finchat.canonical import plain_decimal
from finchat.providers.fields import Record
from finchat.providers.quickbooks import conditions, kept_lines
from finchat.providers.quickbooks.again import record_of
from finchat.providers.quickbooks.payloads import SYNC_TOKEN, ref
from finchat.providers.quickbooks.writes.items import Item, item_for, item_named
from finchat.providers.quickbooks.writes.rates import converted
from finchat.providers.writing.conditions import open_document, taxed, unlocked
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.documents import InvoiceLine
from finchat.providers.writing.parts import Place, write
from finchat.providers.writing.rates import Rate
from finchat.providers.writing.tokens import with_token, write_token

_SEPARATE = "make a separate invoice instead"
TAXED, UNTAXED = "TAX", "NON"
_KIND = "SalesItemLineDetail"


def lines_added_write(
    context: WriteContext, place: Place, *, document: Document, lines: Sequence[InvoiceLine]
) -> tuple[Link, Write]:
    """The update as it is sent. Found again by the token in the description of the last new line.

    Raises CannotPropose for an invoice that is not open or is dated in a closed period, for tax that cannot be told
    beforehand, for an account without an item to sell, and for lines that do not come to more than zero.
    """
    record = _record(context, document)
    sold = [(line, _item(context, line), line.amounts("Exclusive").amount) for line in lines]
    net, currency = sum((amount for *_, amount in sold), Decimal("0.00")), document.currency
    tax = _tax(record, document, sold)
    added = net + tax
    if added <= 0:
        raise CannotPropose(f"the new lines come to {amount_text(added, currency)} {currency}, not above zero")
    arguments: dict[str, Any] = {
        "id": document.id,
        SYNC_TOKEN: record.text(SYNC_TOKEN),
        "Line": [
            *({"Id": id} for id in kept_lines.line_ids(record).split()),
            *(_sent(*one, currency) for one in sold),
        ],
    }
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    last = arguments["Line"][-1]
    last["Description"] = with_token(last["Description"], token)
    rate = None if currency == context.base_currency else kept_lines.rate(record)
    link = Link(
        id=place.link_id, document_id=document.id, type=document.type, number=document.number,
        contact_id=document.contact_id, contact=document.contact, amount=added, currency=currency, rate=rate,
        rate_source=None if rate is None else "document",
    )  # fmt: skip
    effects = _effects(context, document, record, sold, tax)
    own = [e.account_id for e in effects if e.control in ("receivables", "tax")]
    facts = kept_lines.facts(record)
    return link, write(
        context,
        "invoice.update",
        place,
        arguments,
        amount=added,
        currency=currency,
        preconditions=dict.fromkeys((
            *open_document(document, document.amount_due),
            *conditions.unchanged("invoice", record.data),
            *(
                Precondition(type=kept_lines.FACT, id=document.id, field=field, expected=text)
                for field, text in facts.items()
            ),
            *(fact for line, *_ in sold for fact in (*conditions.codable_account(line.to.account), *_rates(line))),
            *(fact for _, item, _ in sold for fact in item.preconditions),
            *(Precondition(type="account", id=id, field="kind", expected=context.account(id).kind) for id in own),
            unlocked(context.organisation),
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


_Sold = tuple[InvoiceLine, Item, Decimal]


def _record(context: WriteContext, document: Document) -> Record:
    """The invoice as it was read for this plan, fit to be changed. Raises CannotPropose."""
    if (data := context.records.get(("invoice", document.id))) is None or document.type != "invoice":
        raise CannotPropose(f"{document.name} is not an invoice of the ledger that was read")
    record, name = record_of("invoice", data), document.name
    if document.status != "open":
        raise CannotPropose(f"{name} is {document.status}: only an open invoice is changed", next=_SEPARATE)
    lock = context.organisation.lock_date
    if lock is not None and document.date <= lock:
        raise CannotPropose(f"{name} is dated {document.date}, and the books are locked up to {lock}", next=_SEPARATE)
    lines = kept_lines.lines_of(record)
    if any(line.text("DetailType", "") == "DiscountLineDetail" for line in lines):
        raise CannotPropose(f"{name} has a discount, which would be taken off the new line too", next=_SEPARATE)
    ids = kept_lines.line_ids(record).split()
    if not ids or "?" in ids or len(set(ids)) != len(ids):
        raise CannotPropose(f"the lines of {name} cannot be told apart by their ids", next=_SEPARATE)
    if record.text("GlobalTaxCalculation", "") == "TaxInclusive":
        raise CannotPropose(f"the amounts of {name} include tax", next=_SEPARATE)
    worked_out = sum((one.tax() for one in kept_lines.taxed(record)), Decimal(0))
    if kept_lines.tax(record) != worked_out:
        said = spoken(kept_lines.tax(record), document.currency)
        raise CannotPropose(
            f"the tax of {name} is {said} and not what its rates give: QuickBooks would work it out again",
            next=_SEPARATE,
        )  # fmt: skip
    return record


def _item(context: WriteContext, line: InvoiceLine) -> Item:
    """What is sold, posting to the line's account. Raises CannotPropose."""
    if line.to.coding.tracking:
        raise CannotPropose("classes and locations of a line are chosen in QuickBooks", next="leave them out")
    if not line.item_code:
        return item_for(context, line.to.account)
    item = item_named(context, line.item_code)
    if item.income != line.to.account.id:
        raise CannotPropose(
            f"item {item.name} does not post to {line.to.account.label}", next="name another item or account"
        )
    if item.type == "Inventory":
        raise CannotPropose(f"item {item.name} is stocked: it would leave the stock", next="name a service")
    return item


def _tax(record: Record, document: Document, sold: Sequence[_Sold]) -> Decimal:
    """By how much the tax of the whole form grows. Raises CannotPropose where that cannot be told."""
    more = sum((amount for line, _, amount in sold if line.to.rate.percent), Decimal(0))
    if not more:
        return Decimal("0.00")
    rates = kept_lines.taxed(record)
    percents = {line.to.rate.percent for line, *_ in sold if line.to.rate.percent}
    codes = {line.to.rate.type for line, *_ in sold if line.to.rate.percent}
    if codes != {TAXED} or percents != {sum((one.percent for one in rates), Decimal(0))}:
        raise CannotPropose(
            f"what tax QuickBooks works out on a new line of {document.name} cannot be told beforehand",
            next="use a line without tax, or make a separate invoice",
        )
    return sum((one.tax(more) - one.tax() for one in rates), Decimal("0.00"))


def _sent(line: InvoiceLine, item: Item, amount: Decimal, currency: str) -> dict[str, Any]:
    code = TAXED if line.to.rate.percent else UNTAXED
    return {
        "Description": line.description,
        "Amount": amount_text(amount, currency),
        "DetailType": _KIND,
        _KIND: {
            "ItemRef": ref(item.id),
            "Qty": plain_decimal(line.quantity),
            "UnitPrice": amount_text(line.unit_amount, currency),
            "TaxCodeRef": ref(code),
        },
    }


def _rates(line: InvoiceLine) -> Sequence[Precondition]:
    """Only a taxed line rests on its rate: one without tax is sent as such, whatever its code."""
    return tuple(taxed(line.to.rate)) if line.to.rate.percent else ()


def _effects(
    context: WriteContext, document: Document, record: Record, sold: Sequence[_Sold], tax: Decimal
) -> tuple[Effect, ...]:
    """Raises CannotPropose where converting loses a cent: on which line QuickBooks books it is its own affair."""
    currency, base = document.currency, context.base_currency
    rate = None if currency == base else Rate(
        kept_lines.rate(record), plain_decimal(kept_lines.rate(record)), "document"
    )  # fmt: skip
    amounts = [(line.to.account, LineAmounts(amount, amount, Decimal("0.00"))) for line, _, amount in sold]
    account, last = amounts[-1]
    amounts[-1] = account, LineAmounts(last.amount, last.net, tax)
    try:
        return document_effects(
            "invoice",
            amounts,
            currency=currency,
            base_currency=base,
            control_account_id=context.control_account("invoice", currency),
            tax_account_id=context.system_account("tax") if tax else "",
            to_base=converted(rate, base),
            before=document.total,
        )
    except ValueError as error:
        text = "converted, the new lines miss the whole by a cent"
        raise CannotPropose(text, next=_SEPARATE) from error
