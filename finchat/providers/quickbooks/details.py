"""QuickBooks' documents, contacts and profit and loss report, whole. Text stays data; amounts are exact.

Each function raises UnreadableRecord, which names the record and the field.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from finchat.books.details import (
    ContactDetail,
    Detail,
    DetailType,
    DocumentLine,
    OpenCredit,
    Receivable,
    Settled,
    Terms,
)
from finchat.books.documents import Account, Document
from finchat.books.periods import Window
from finchat.books.profit import Basis, ProfitLine, ProfitReport, Section
from finchat.books.terms import PaymentTerms
from finchat.providers.fields import Record
from finchat.providers.quickbooks import parsing
from finchat.providers.quickbooks.parsing import ref
from finchat.providers.quickbooks.settlements import Settlement

_ZERO = Decimal("0.00")
_TYPES: Mapping[str, DetailType] = {
    "invoice": "invoice", "bill": "bill", "credit_memo": "credit_note", "vendor_credit": "supplier_credit_note",
}  # fmt: skip
_AMOUNTS_ARE = {"TaxInclusive": "inclusive", "TaxExcluded": "exclusive", "NotApplicable": "no_tax"}
_SECTIONS: Mapping[str, Section] = {
    "Income": "revenue", "Cost of Goods Sold": "cost_of_sales", "Expense": "operating_expenses",
    "Other Income": "other_income", "Other Expense": "other_expenses",
}  # fmt: skip
# How the report heads its sections, for a row that is no account of the chart.
_HEADINGS: Mapping[str, Section] = {
    "income": "revenue", "cost of goods sold": "cost_of_sales", "cost of sales": "cost_of_sales",
    "expenses": "operating_expenses", "other income": "other_income", "other expenses": "other_expenses",
}  # fmt: skip
_DETAILS = (
    "SalesItemLineDetail", "AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail", "DiscountLineDetail",
)  # fmt: skip


def detail(
    kind: str,
    data: Mapping[str, Any],
    base_currency: str,
    accounts: Mapping[str, Account],
    *,
    settlements: Iterable[Settlement],
    numbers: Mapping[str, str],
) -> Detail:
    """A document of a kind (invoice, bill, credit_memo, vendor_credit) with its lines and what was settled.
    `settlements`: the payments it is linked to; `numbers`: of the documents they link, by id."""
    record = Record(data, f"QuickBooks {kind.replace('_', ' ')}", "Id")
    contact_id, contact = ref(record, "VendorRef" if kind in ("bill", "vendor_credit") else "CustomerRef")
    currency = parsing.currency_of(record, base_currency)
    due = record.optional_decimal("Balance")
    if due is None:
        due = record.decimal("RemainingCredit", _ZERO)
    tax = record.child("TxnTaxDetail", "TotalTax").decimal("TotalTax", _ZERO)
    total = record.decimal("TotalAmt")
    credit = kind in ("credit_memo", "vendor_credit")
    document = parsing.invoice(data, base_currency) if kind == "invoice" else None
    return Detail(
        id=record.text("Id"),
        type=_TYPES[kind],
        number=record.text("DocNumber", ""),
        reference=document.reference if document else "",
        contact_id=contact_id,
        contact=contact,
        date=record.date("TxnDate"),
        due_date=record.optional_date("DueDate"),
        currency=currency,
        status=parsing.status(record, due),
        amounts_are=_AMOUNTS_ARE.get(record.text("GlobalTaxCalculation", ""), "exclusive"),
        sub_total=total - tax,
        total_tax=tax,
        total=total,
        amount_due=due,
        settled=tuple(_settled(record.text("Id"), settlements, numbers, credit=credit)),
        lines=tuple(_lines(record.children("Line", "Id"), accounts)),
        rate=parsing.rate_of(record, currency, base_currency),
    )


def _settled(
    id: str, settlements: Iterable[Settlement], numbers: Mapping[str, str], *, credit: bool
) -> Iterator[Settled]:
    for one in settlements:
        for share in one.shares:
            if credit:
                for credit_id, amount in share.credits:
                    if credit_id == id:
                        yield Settled(
                            kind="invoice", id=share.id, number=numbers.get(share.id, ""), date=one.date, amount=amount
                        )
            elif share.id == id:
                if share.cash > 0:
                    yield Settled(
                        kind="payment", id=one.id, number=one.number, date=one.date, amount=share.cash,
                        reference=one.note,
                    )  # fmt: skip
                for credit_id, amount in share.credits:
                    yield Settled(
                        kind="credit_note", id=credit_id, number=numbers.get(credit_id, ""), date=one.date,
                        amount=amount,
                    )  # fmt: skip


def _lines(lines: Sequence[Record], accounts: Mapping[str, Account]) -> Iterator[DocumentLine]:
    for line in lines:
        kind = line.text("DetailType", "")
        if kind == "GroupLineDetail":
            yield from _lines(line.child(kind, "GroupItemRef").children("Line", "Id"), accounts)
            continue
        if kind in ("SubTotalLineDetail", "TaxLineDetail"):
            continue
        detail = line.child(kind if kind in _DETAILS else _DETAILS[0], "ItemRef")
        account_id, _ = ref(detail, "DiscountAccountRef" if kind == "DiscountLineDetail" else "AccountRef")
        account = accounts.get(account_id)
        amount = line.decimal("Amount", _ZERO)
        yield DocumentLine(
            item=ref(detail, "ItemRef")[1],
            description=line.text("Description", "Discount" if kind == "DiscountLineDetail" else ""),
            quantity=detail.optional_decimal("Qty"),
            unit_amount=detail.optional_decimal("UnitPrice"),
            account_id=account_id,
            account_code=account.code if account else "",
            tax_type=ref(detail, "TaxCodeRef")[0],
            tax_amount=_ZERO,
            line_amount=-amount if kind == "DiscountLineDetail" else amount,
            discount_rate=detail.optional_decimal("DiscountPercent"),
        )


def receivable(document: Document, settlements: Iterable[Settlement], later: Mapping[str, dt.date]) -> Receivable:
    """A document with the days and amounts of the cash it took. `later`: days of documents, where known: money counts
    from the document's own day when it was received before.

    What neither cash nor credits of these payments explain is in `amount_paid` alone: its day is not known.
    """
    paid: list[tuple[dt.date, Decimal]] = []
    credited = _ZERO
    for one in settlements:
        for share in one.shares:
            if share.id == document.id:
                if share.cash > 0:
                    paid.append((max(one.date, later.get(document.id, document.date)), share.cash))
                credited += share.amount - share.cash
    return Receivable(
        document=document,
        amount_paid=document.total - document.amount_due - credited,
        paid=tuple(paid),
    )


def open_credit(
    data: Mapping[str, Any], base_currency: str, settlements: Iterable[Settlement], days: Mapping[str, dt.date]
) -> OpenCredit:
    """A credit memo or vendor's credit with what it was put against. `days`: of the documents, where known."""
    credit = parsing.credit(data, base_currency)
    applied = tuple(
        (max(one.date, days.get(share.id, one.date)), amount, share.id)
        for one in settlements
        for share in one.shares
        for credit_id, amount in share.credits
        if credit_id == credit.id
    )
    return OpenCredit(
        id=credit.id,
        kind="credit_note",
        document_type=credit.type,
        number=credit.number,
        contact_id=credit.contact_id,
        contact=credit.contact,
        date=credit.date,
        currency=credit.currency,
        total=credit.total,
        remaining=credit.remaining,
        rate=credit.rate,
        applied=applied,
        refunded=(),
    )


def open_payment(one: Settlement, days: Mapping[str, dt.date]) -> OpenCredit:
    """A payment with what no document has taken of it, and what documents dated after it took: it was money ahead
    until their day. What it paid at once is no credit."""
    applied = tuple(
        (days[share.id], share.cash, share.id)
        for share in one.shares
        if share.cash > 0 and days.get(share.id, one.date) > one.date
    )
    return OpenCredit(
        id=one.id,
        kind="overpayment",
        document_type=one.side,
        number="",
        contact_id=one.contact_id,
        contact=one.contact,
        date=one.date,
        currency=one.currency,
        total=one.unapplied + sum((amount for _, amount, _ in applied), Decimal(0)),
        remaining=one.unapplied,
        rate=one.rate,
        applied=applied,
        refunded=(),
    )


def contact(data: Mapping[str, Any], terms: Mapping[str, PaymentTerms], *, customer: bool) -> ContactDetail:
    record = Record(data, "QuickBooks customer" if customer else "QuickBooks vendor", "Id")
    own = terms.get(ref(record, "SalesTermRef" if customer else "TermRef")[0])
    side: Literal["sales", "bills"] = "sales" if customer else "bills"
    return ContactDetail(
        id=record.text("Id"),
        name=record.text("DisplayName", ""),
        email=record.child("PrimaryEmailAddr", "Address").text("Address", ""),
        account_number=record.text("AcctNum", ""),
        contact_number="",
        currency=ref(record, "CurrencyRef")[0],
        customer=customer,
        supplier=not customer,
        active=record.flag("Active", True),
        terms=(Terms(side="sales" if side == "sales" else "bills", day=own.day, kind="DAYSAFTERBILLDATE"),)
        if own
        else (),
    )


def profit_report(
    rows: Iterable[Mapping[str, Any]],
    accounts: Mapping[str, Account],
    *,
    currency: str,
    window: Window,
    basis: Basis,
) -> ProfitReport:
    """The report's flat records as lines in sections, with the net profit it states itself: a section is known by the
    account's type, and by its heading for a row that is no account of the chart."""
    lines: list[ProfitLine] = []
    net_profit: Decimal | None = None
    for row in rows:
        record = Record(row, "QuickBooks profit and loss row", "name")
        kind, heading = record.text("row", ""), record.text("section", "").casefold()
        if record.text("group", "") == "NetIncome":
            net_profit = record.optional_decimal("amount")
            continue
        if kind not in ("account", "line"):
            continue
        account_id = record.text("id", "")
        account = accounts.get(account_id)
        section = _SECTIONS.get(account.type) if account else None
        lines.append(
            ProfitLine(
                account_id=account_id,
                code=account.code if account else "",
                name=record.text("name", ""),
                section=section or _HEADINGS.get(heading, "other_income"),
                amount=record.optional_decimal("amount") or _ZERO,
            )
        )
    return ProfitReport(currency=currency, basis=basis, window=window, lines=tuple(lines), net_profit=net_profit)
