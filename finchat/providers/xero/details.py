"""Xero's documents, contacts and profit and loss report, whole. Text stays data; amounts are exact.

Each function raises UnreadableRecord, which names the record and the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, cast

from finchat.books.details import (
    ContactDetail,
    Detail,
    DetailType,
    DocumentLine,
    OpenCredit,
    Receivable,
    Settled,
    SettlementKind,
    Status,
    Terms,
)
from finchat.books.documents import Account
from finchat.books.periods import Window
from finchat.books.profit import Basis, ProfitLine, ProfitReport, Section
from finchat.providers.fields import Record
from finchat.providers.xero import parsing

_TYPES: Mapping[str, DetailType] = {
    "ACCREC": "invoice", "ACCPAY": "bill", "ACCRECCREDIT": "credit_note", "ACCPAYCREDIT": "supplier_credit_note",
}  # fmt: skip
_CREDITS: tuple[tuple[str, SettlementKind], ...] = (
    ("CreditNotes", "credit_note"), ("Overpayments", "overpayment"), ("Prepayments", "prepayment"),
)  # fmt: skip
_TERMS: tuple[tuple[Literal["sales", "bills"], str], ...] = (("sales", "Sales"), ("bills", "Bills"))
_AMOUNTS_ARE = {"Exclusive": "exclusive", "Inclusive": "inclusive", "NoTax": "no_tax"}
# How the standard layout heads each section, and where it puts the accounts of each type.
_HEADINGS: Mapping[str, Section] = {
    "income": "revenue", "revenue": "revenue", "trading income": "revenue", "turnover": "revenue",
    "cost of sales": "cost_of_sales", "cost of goods sold": "cost_of_sales", "direct costs": "cost_of_sales",
    "operating expenses": "operating_expenses", "expenses": "operating_expenses", "overheads": "operating_expenses",
    "administrative costs": "operating_expenses",
    "other income": "other_income", "non-operating income": "other_income",
    "other expenses": "other_expenses", "non-operating expenses": "other_expenses",
    "tax": "tax", "income tax": "tax", "income tax expense": "tax", "taxation": "tax", "tax expense": "tax",
}  # fmt: skip
_ACCOUNT_TYPES: Mapping[str, Section] = {
    "REVENUE": "revenue", "SALES": "revenue", "OTHERINCOME": "other_income", "DIRECTCOSTS": "cost_of_sales",
    "EXPENSE": "operating_expenses", "OVERHEADS": "operating_expenses", "DEPRECIATN": "operating_expenses",
    "WAGESEXPENSE": "operating_expenses", "SUPERANNUATIONEXPENSE": "operating_expenses",
}  # fmt: skip
_NET_PROFIT = frozenset({"net profit", "net loss", "net income", "net surplus", "net surplus/(deficit)"})


def detail(data: Mapping[str, Any], base_currency: str) -> Detail:
    """A sales invoice, bill or credit note with its lines and what was settled."""
    credit = "CreditNoteID" in data
    record = Record(data, "Xero credit note" if credit else "Xero invoice", "CreditNoteID" if credit else "InvoiceID")
    who = record.child("Contact", "ContactID")
    currency = record.currency("CurrencyCode", base_currency)
    vendor_rate = record.optional_decimal("CurrencyRate")
    return Detail(
        id=record.text("CreditNoteID" if credit else "InvoiceID"),
        type=cast(DetailType, record.choice("Type", _TYPES)),
        number=record.text("CreditNoteNumber" if credit else "InvoiceNumber", ""),
        reference=record.text("Reference", ""),
        contact_id=who.text("ContactID", ""),
        contact=who.text("Name", ""),
        date=record.date("Date"),
        due_date=record.optional_date("DueDate"),
        currency=currency,
        status=cast(Status, record.choice("Status", parsing.DOCUMENT_STATUSES)),
        amounts_are=_AMOUNTS_ARE.get(record.text("LineAmountTypes", "Exclusive"), "exclusive"),
        sub_total=record.decimal("SubTotal", Decimal(0)),
        total_tax=record.decimal("TotalTax", Decimal(0)),
        total=record.decimal("Total"),
        amount_due=record.decimal("RemainingCredit" if credit else "AmountDue", Decimal(0)),
        settled=_settled(record, credit=credit),
        lines=tuple(_line(line) for line in record.children("LineItems", "LineItemID")),
        rate=None if currency == base_currency or not vendor_rate else Decimal(1) / vendor_rate,
    )


def receivable(data: Mapping[str, Any], base_currency: str) -> Receivable:
    """An invoice or bill with the days and amounts of its payments."""
    record = Record(data, "Xero invoice", "InvoiceID")
    return Receivable(
        document=parsing.document(data, base_currency),
        amount_paid=record.decimal("AmountPaid", Decimal(0)),
        paid=tuple((p.date("Date"), p.decimal("Amount")) for p in _standing(record, "Payments", "PaymentID")),
    )


def open_credit(data: Mapping[str, Any], kind: parsing.CreditKind, base_currency: str) -> OpenCredit:
    """A credit with every allocation and refund of it."""
    record = Record(data, f"Xero {kind.replace('_', ' ')}", parsing.CREDIT_IDS[kind])
    credit = parsing.credit(data, kind, base_currency)
    return OpenCredit(
        id=credit.id,
        kind=kind,
        document_type=credit.type,
        number=credit.number,
        contact_id=credit.contact_id,
        contact=credit.contact,
        date=credit.date,
        currency=credit.currency,
        total=credit.total,
        remaining=credit.remaining,
        rate=credit.rate,
        applied=tuple(
            (a.date("Date"), a.decimal("Amount"), a.child("Invoice", "InvoiceID").text("InvoiceID", ""))
            for a in _standing(record, "Allocations", "AllocationID")
        ),
        refunded=tuple((p.date("Date"), p.decimal("Amount")) for p in _standing(record, "Payments", "PaymentID")),
    )


def contact(data: Mapping[str, Any]) -> ContactDetail:
    record = Record(data, "Xero contact", "ContactID")
    terms = record.child("PaymentTerms", "Sales")
    return ContactDetail(
        id=record.text("ContactID"),
        name=record.text("Name", ""),
        email=record.text("EmailAddress", ""),
        account_number=record.text("AccountNumber", ""),
        contact_number=record.text("ContactNumber", ""),
        currency=record.text("DefaultCurrency", ""),
        customer=record.flag("IsCustomer"),
        supplier=record.flag("IsSupplier"),
        active=record.text("ContactStatus", "ACTIVE") == "ACTIVE",
        terms=tuple(
            Terms(side=side, day=int(told.decimal("Day")), kind=told.text("Type", ""))
            for side, key in _TERMS
            if (told := terms.child(key, "Type")).optional_decimal("Day") is not None
        ),
    )


def profit_report(
    rows: Iterable[Mapping[str, Any]],
    accounts: Mapping[str, Account],
    *,
    currency: str,
    window: Window,
    basis: Basis,
) -> ProfitReport:
    """The report's flat records as lines in sections, with the net profit it states itself.

    A section is known by its heading, then by its account's type; what is neither stands under other income, or under
    other expenses where the heading says "Less": the tie-out shows whether the report meant it so.
    """
    lines: list[ProfitLine] = []
    net_profit: Decimal | None = None
    for row in rows:
        record = Record(row, "Xero profit and loss row", "name")
        kind, heading, name = record.text("row"), record.text("section", ""), record.text("name", "")
        if kind == "line" and name.casefold() in _NET_PROFIT:
            net_profit = record.optional_decimal("amount")
            continue
        # Without a heading a line is what the report computed: Gross Profit, Operating Profit.
        if kind not in ("account", "line") or (kind == "line" and not heading):
            continue
        account_id = record.text("account_id", "")
        account = accounts.get(account_id)
        lines.append(
            ProfitLine(
                account_id=account_id,
                code=account.code if account else "",
                name=name,
                section=_section(heading, account),
                amount=record.optional_decimal("amount") or Decimal("0.00"),
            )
        )
    return ProfitReport(currency=currency, basis=basis, window=window, lines=tuple(lines), net_profit=net_profit)


def _section(heading: str, account: Account | None) -> Section:
    said = heading.casefold().strip()
    plain = said.removeprefix("less ").removeprefix("plus ")
    of_account = None if account is None else _ACCOUNT_TYPES.get(account.type)
    unknown: Literal["other_income", "other_expenses"] = "other_expenses" if said.startswith("less") else "other_income"
    return _HEADINGS.get(plain) or of_account or unknown


def _settled(record: Record, *, credit: bool) -> tuple[Settled, ...]:
    found = [
        Settled(
            kind="payment",
            id=payment.text("PaymentID", ""),
            number="",
            date=payment.date("Date"),
            amount=payment.decimal("Amount"),
            reference=payment.text("Reference", ""),
        )
        for payment in _standing(record, "Payments", "PaymentID")
    ]
    if credit:
        for allocation in _standing(record, "Allocations", "AllocationID"):
            invoice = allocation.child("Invoice", "InvoiceID")
            found.append(
                Settled(
                    kind="invoice",
                    id=invoice.text("InvoiceID", ""),
                    number=invoice.text("InvoiceNumber", ""),
                    date=allocation.date("Date"),
                    amount=allocation.decimal("Amount"),
                )
            )
        return tuple(found)
    for key, kind in _CREDITS:
        id_field = f"{key.removesuffix('s')}ID"
        found += [
            Settled(
                kind=kind,
                id=applied.text(id_field, ""),
                number=applied.text("CreditNoteNumber", ""),
                date=applied.date("Date"),
                amount=applied.decimal("AppliedAmount"),
            )
            for applied in record.children(key, id_field)
        ]
    return tuple(found)


def _standing(record: Record, field: str, id_field: str) -> list[Record]:
    """The nested records that were not deleted."""
    return [
        one
        for one in record.children(field, id_field)
        if not one.flag("IsDeleted") and one.text("Status", "AUTHORISED") != "DELETED"
    ]


def _line(record: Record) -> DocumentLine:
    return DocumentLine(
        item=record.text("ItemCode", ""),
        description=record.text("Description", ""),
        quantity=record.optional_decimal("Quantity"),
        unit_amount=record.optional_decimal("UnitAmount"),
        account_id=record.text("AccountID", ""),
        account_code=record.text("AccountCode", ""),
        tax_type=record.text("TaxType", ""),
        tax_amount=record.decimal("TaxAmount", Decimal(0)),
        line_amount=record.decimal("LineAmount", Decimal(0)),
        discount_rate=record.optional_decimal("DiscountRate"),
        discount_amount=record.optional_decimal("DiscountAmount"),
    )
