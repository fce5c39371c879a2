"""The seeded ledger in the shape in which Xero answers, ready for the back end's one loader."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from finchat.sandbox.company.chart import BANK, BANK_ACCOUNTS, Chart
from finchat.sandbox.company.draws import decimal, vendor_date, vendor_dates, vendor_instant
from finchat.sandbox.company.parties import Party
from finchat.sandbox.company.records import (
    Allocation,
    BankTransaction,
    Batch,
    Credit,
    Document,
    Item,
    Ledger,
    Payment,
)

_SIDE_OF_CREDIT = {"ACCREC": "RECEIVE", "ACCPAY": "SPEND"}


class Writer:
    """Turns records into Xero's JSON. `reconciled_before`: entries on the statement before that day are reconciled."""

    def __init__(self, chart: Chart, draw: Random, reconciled_before: date) -> None:
        self._chart = chart
        self._draw = draw
        self._reconciled_before = reconciled_before

    def collections(self, ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
        notes = [credit for credit in ledger.credits if credit.kind == "credit_note"]
        return {
            "Invoices": [self._invoice(document) for document in ledger.documents],
            "CreditNotes": [self._credit_note(credit) for credit in notes],
            "Payments": [self._payment(payment) for payment in ledger.payments],
            "BankTransactions": [self._bank_transaction(entry) for entry in ledger.bank_transactions],
            "Prepayments": [self._unapplied(c, "Prepayment") for c in ledger.credits if c.kind == "prepayment"],
            "Overpayments": [self._unapplied(c, "Overpayment") for c in ledger.credits if c.kind == "overpayment"],
        }

    def _invoice(self, document: Document) -> dict[str, Any]:
        live = document.status == "AUTHORISED"
        settled = live and document.due == 0
        record: dict[str, Any] = {
            "Type": document.side,
            "InvoiceID": document.id,
            "InvoiceNumber": document.number,
            "Reference": document.reference,
            "Contact": _contact(document.party),
            **vendor_dates("Date", document.day),
            **vendor_dates("DueDate", document.due_day),
            "Status": "PAID" if settled else document.status,
            **self._amounts(document.items, document.party.currency, document.rate),
            "AmountDue": decimal(document.due if document.status != "VOIDED" else 0),
            "AmountPaid": decimal(document.paid),
            "AmountCredited": decimal(document.credited),
            "SentToContact": document.side == "ACCREC" and live,
            "HasAttachments": False,
            "Payments": [
                {
                    "PaymentID": payment.id,
                    **vendor_dates("Date", payment.day),
                    "Amount": decimal(payment.cents),
                    "Reference": payment.reference,
                    "CurrencyRate": payment.rate,
                }
                for payment in document.payments
            ],
            "CreditNotes": [_applied(a) for a in document.allocations if a.credit.kind == "credit_note"],
            "Prepayments": [_applied(a) for a in document.allocations if a.credit.kind == "prepayment"],
            "Overpayments": [_applied(a) for a in document.allocations if a.credit.kind == "overpayment"],
        }
        last = document.day
        if document.payments or document.allocations:
            last = max([p.day for p in document.payments] + [a.day for a in document.allocations])
        if settled:
            record["FullyPaidOnDate"] = vendor_date(last)
        record["UpdatedDateUTC"] = vendor_instant(last, self._draw)
        return record

    def _amounts(self, items: tuple[Item, ...], currency: str, rate: Decimal) -> dict[str, Any]:
        tax = sum(item.tax for item in items)
        total = sum(item.gross for item in items)
        return {
            "LineAmountTypes": "Inclusive" if items and items[0].inclusive else "Exclusive",
            "LineItems": [
                {
                    "Description": item.description,
                    "Quantity": Decimal(item.quantity),
                    "UnitAmount": decimal(item.unit),
                    "LineAmount": decimal(item.amount),
                    "TaxType": item.tax_type,
                    "TaxAmount": decimal(item.tax),
                    "AccountCode": item.account,
                    "Tracking": [self._chart.tracked(*chosen) for chosen in item.tracking],
                }
                for item in items
            ],
            "SubTotal": decimal(total - tax),
            "TotalTax": decimal(tax),
            "Total": decimal(total),
            "CurrencyCode": currency,
            "CurrencyRate": rate,
        }

    def _payment(self, payment: Payment) -> dict[str, Any]:
        document = payment.document
        record: dict[str, Any] = {
            "PaymentID": payment.id,
            **vendor_dates("Date", payment.day),
            "Amount": decimal(payment.cents),
            "BankAmount": decimal(payment.bank_cents),
            "Reference": payment.reference,
            "CurrencyRate": payment.rate,
            "PaymentType": f"{document.side}PAYMENT",
            "Status": "AUTHORISED",
            "IsReconciled": self._reconciled(payment.on_statement),
            "Account": {"AccountID": self._chart.ids[payment.account], "Code": payment.account},
            "Invoice": {
                "Type": document.side,
                "InvoiceID": document.id,
                "InvoiceNumber": document.number,
                "Contact": _contact(document.party),
                "CurrencyCode": document.party.currency,
            },
            "UpdatedDateUTC": vendor_instant(payment.day, self._draw),
        }
        if payment.batch is not None:
            record["BatchPaymentID"] = payment.batch.id
            record["BatchPayment"] = self._batch(payment.batch)
        return record

    def _batch(self, batch: Batch) -> dict[str, Any]:
        return {
            "BatchPaymentID": batch.id,
            "Account": {"AccountID": self._chart.ids[BANK], "Code": BANK},
            **vendor_dates("Date", batch.day),
            "Type": "RECBATCH" if batch.side == "ACCREC" else "PAYBATCH",
            "Status": "AUTHORISED",
            "TotalAmount": decimal(batch.cents),
            "IsReconciled": self._reconciled(batch.payments[0].on_statement),
        }

    def _credit_note(self, credit: Credit) -> dict[str, Any]:
        return {
            "Type": f"{credit.side}CREDIT",
            "CreditNoteID": credit.id,
            "CreditNoteNumber": credit.number,
            "SentToContact": False,
            **self._credit(credit),
        }

    def _unapplied(self, credit: Credit, kind: str) -> dict[str, Any]:
        return {
            "Type": f"{_SIDE_OF_CREDIT[credit.side]}-{kind.upper()}",
            f"{kind}ID": credit.id,
            **self._credit(credit),
            "HasAttachments": False,
        }

    def _credit(self, credit: Credit) -> dict[str, Any]:
        last = max([credit.day, *(a.day for a in credit.allocations)])
        return {
            "Reference": credit.reference,
            "Contact": _contact(credit.party),
            **vendor_dates("Date", credit.day),
            "Status": "AUTHORISED" if credit.remaining else "PAID",
            **self._amounts(credit.items, credit.party.currency, credit.rate),
            "RemainingCredit": decimal(credit.remaining),
            "Allocations": [
                {
                    "AllocationID": allocation.id,
                    "Amount": decimal(allocation.cents),
                    **vendor_dates("Date", allocation.day),
                    "Invoice": {
                        "InvoiceID": allocation.document.id,
                        "InvoiceNumber": allocation.document.number,
                    },
                }
                for allocation in credit.allocations
            ],
            "Payments": [],
            "UpdatedDateUTC": vendor_instant(last, self._draw),
        }

    def _bank_transaction(self, entry: BankTransaction) -> dict[str, Any]:
        record: dict[str, Any] = {
            "BankTransactionID": entry.id,
            "Type": entry.type,
            "Status": "AUTHORISED",
            "IsReconciled": self._reconciled(entry.on_statement),
            "BankAccount": {"AccountID": self._chart.ids[entry.account], "Code": entry.account},
            "Reference": entry.reference,
            **vendor_dates("Date", entry.day),
            **self._amounts(entry.items, BANK_ACCOUNTS[entry.account], entry.rate),
            "HasAttachments": False,
            "UpdatedDateUTC": vendor_instant(entry.day, self._draw),
        }
        if entry.party is not None:
            record["Contact"] = _contact(entry.party)
        if entry.credit is not None:
            record["PrepaymentID" if entry.credit.kind == "prepayment" else "OverpaymentID"] = entry.credit.id
        if entry.transfer_id:
            record["LineItems"] = []
        return record

    def _reconciled(self, on_statement: date | None) -> bool:
        return on_statement is not None and on_statement < self._reconciled_before


def _contact(party: Party) -> dict[str, Any]:
    return {"ContactID": party.id, "Name": party.name}


def _applied(allocation: Allocation) -> dict[str, Any]:
    credit = allocation.credit
    key = {"credit_note": "CreditNote", "prepayment": "Prepayment", "overpayment": "Overpayment"}[credit.kind]
    record: dict[str, Any] = {
        f"{key}ID": credit.id,
        **vendor_dates("Date", allocation.day),
        "Total": decimal(credit.total),
        "AppliedAmount": decimal(allocation.cents),
    }
    if credit.kind == "credit_note":
        record["CreditNoteNumber"] = credit.number
    return record
