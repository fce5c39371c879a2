"""Payments, refunds and allocations: what settles a document, and undoing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from finchat.sandbox.xero import posting
from finchat.sandbox.xero.company import Company, Row
from finchat.sandbox.xero.errors import Refusal
from finchat.sandbox.xero.payment_types import payment_type
from finchat.sandbox.xero.values import boolean, day, guid_or_none, minor, rate_of, stored_day, text, to_base

_TARGETS = (
    ("Invoice", "InvoiceID", "InvoiceNumber", "Invoices"),
    ("CreditNote", "CreditNoteID", "CreditNoteNumber", "CreditNotes"),
    ("Prepayment", "PrepaymentID", None, "Prepayments"),
    ("Overpayment", "OverpaymentID", None, "Overpayments"),
)
_EXCEEDS = "Payment amount exceeds the amount outstanding on this document"
_NOT_AUTHORISED = "Payments can only be made against Authorised documents"


def save_payment(company: Company, given: Any, *, create_only: bool, key: str | None) -> str:
    """Pay or refund a document, or delete the payment named by its id. The payment's GUID. Raises Refusal."""
    if not isinstance(given, Mapping):
        raise Refusal("Payments must hold objects", "Payments")
    if given.get("Status") not in (None, "AUTHORISED", "DELETED"):
        raise Refusal("Payment not of valid status (Status)", "Status")
    wanted = key or given.get("PaymentID")
    if wanted and create_only:
        raise Refusal("PaymentID must not be given when creating", "PaymentID")
    if wanted:
        return _delete_payment(company, given, text(wanted, "PaymentID", 60))
    if given.get("Status") == "DELETED":
        raise Refusal("PaymentID must be given to delete a payment", "PaymentID")
    return _pay(company, given)


def _pay(company: Company, given: Mapping[str, Any]) -> str:
    row, target = _target(company, given)
    account = _payment_account(company, given, row)
    if given.get("Amount") is None:
        raise Refusal("Amount must be specified", "Amount")
    amount = minor(given["Amount"], "Amount")
    if amount <= 0:
        raise Refusal("Payment amount must be greater than zero (Amount)", "Amount")
    on = day(given["Date"], "Date") if given.get("Date") else company.today()
    company.check_unlocked(on)
    if row["status"] != "AUTHORISED":
        # The vendor gives both reasons for a document that is already paid.
        refusal = Refusal(_NOT_AUTHORISED, target)
        raise refusal.also(_EXCEEDS, "Amount") if row["status"] == "PAID" else refusal
    if amount > row["due"]:
        raise Refusal(_EXCEEDS, "Amount")
    rate, base_amount, bank_amount = _cash(company, given, row, account, amount)
    control = posting.settled_base(amount, row["due"], row["base_due"], Decimal(row["rate"]))
    identity, kind = str(uuid4()), payment_type(row["type"])
    company.run(
        "INSERT INTO payment(guid, document, account, date, amount, bank_amount, base_amount, control_base, rate,"
        " reference, is_reconciled, status, type, updated) VALUES(?,?,?,?,?,?,?,?,?,?,?,'AUTHORISED',?,?)",
        identity,
        row["guid"],
        account["guid"],
        stored_day(on),
        amount,
        bank_amount,
        base_amount,
        control,
        format(rate, "f"),
        text(given.get("Reference"), "Reference", 255),
        int(boolean(given.get("IsReconciled") or False, "IsReconciled")),
        kind,
        company.stamp,
    )
    _settle(company, row, amount=amount, base=control, on=on, column="paid")
    company.back_end.ledger.post(
        [
            posting.payment_journal(
                source=identity,
                kind=kind,
                on=on,
                document_type=row["type"],
                bank=account["guid"],
                bank_amount=bank_amount,
                base_amount=base_amount,
                control_base=control,
                system=company.system,
            )
        ]
    )
    return identity


def _target(company: Company, given: Mapping[str, Any]) -> tuple[Row, str]:
    named = [spec for spec in _TARGETS if given.get(spec[0])]
    if len(named) != 1:
        raise Refusal("Exactly one of Invoice, CreditNote, Prepayment or Overpayment must be specified", "Invoice")
    name, id_field, number_field, resource = named[0]
    target = given[name]
    if not isinstance(target, Mapping):
        raise Refusal(f"{name} must be an object", name)
    row = None
    if target.get(id_field):
        row = company.one(
            "SELECT * FROM document WHERE guid = ? AND (resource = ? OR ? = 'Invoices')"
            " AND resource <> 'BankTransactions'",
            guid_or_none(target[id_field]),
            resource,
            resource,
        )
    elif number_field and target.get(number_field):
        row = company.one(
            "SELECT * FROM document WHERE number = ? AND resource = ? AND status <> 'DELETED'"
            " ORDER BY type DESC, seq DESC",
            text(target[number_field], f"{name}.{number_field}", 255),
            resource,
        )
    if row is None:
        raise Refusal(f"{name} could not be found", f"{name}.{id_field}")
    return row, name


def _payment_account(company: Company, given: Mapping[str, Any], row: Row) -> Row:
    account = company.account(given.get("Account"), "Account")
    if account["type"] != "BANK" and not account["payments"]:
        raise Refusal("Account type is invalid for making a payment to/from", "Account")
    if account["currency"] not in (None, company.currency, row["currency"]):
        raise Refusal(f"Account is in {account['currency']}, which is not the currency of the document", "Account")
    return account


def _cash(company: Company, given: Mapping[str, Any], row: Row, account: Row, amount: int) -> tuple[Decimal, int, int]:
    """(rate, base amount, amount in the account's currency). BankAmount, when given, is the exact cash moved."""
    if row["currency"] == company.currency:
        if given.get("CurrencyRate") is not None and rate_of(given["CurrencyRate"]) != 1:
            raise Refusal("CurrencyRate must be 1 for a document in the base currency", "CurrencyRate")
        if given.get("BankAmount") is not None and minor(given["BankAmount"], "BankAmount") != amount:
            raise Refusal("BankAmount must equal Amount for a document in the base currency", "BankAmount")
        return Decimal(1), amount, amount
    bank = minor(given["BankAmount"], "BankAmount") if given.get("BankAmount") is not None else None
    if bank is not None and bank <= 0:
        raise Refusal("BankAmount must be greater than zero", "BankAmount")
    foreign_account = account["currency"] == row["currency"]
    if given.get("CurrencyRate") is not None:
        rate = rate_of(given["CurrencyRate"])
    elif bank is not None and not foreign_account:
        rate = rate_of((Decimal(amount) / bank).quantize(Decimal("0.000001")))
    else:
        rate = Decimal(row["rate"])
    base = to_base(amount, rate)
    if foreign_account:
        if bank not in (None, amount):
            raise Refusal("BankAmount must equal Amount for an account in the document's currency", "BankAmount")
        return rate, base, amount
    if bank is not None:
        # A rate of six decimals can miss a large amount by some cents; more than that is a contradiction.
        if abs(bank - base) > max(2, base // 100_000):
            raise Refusal("BankAmount does not agree with Amount and CurrencyRate", "BankAmount")
        base = bank
    if base <= 0:
        raise Refusal("Amount is less than a cent of the base currency", "Amount")
    return rate, base, base


def _settle(company: Company, row: Row, *, amount: int, base: int, on: date, column: str) -> None:
    """Take an amount off what is due; the document is paid with its last cent."""
    assert column in ("paid", "credited")
    company.run(
        f"UPDATE document SET {column} = {column} + :amount, due = due - :amount, base_due = base_due - :base,"  # noqa: S608 - two fixed words
        " status = CASE WHEN due = :amount THEN 'PAID' ELSE status END,"
        " fully_paid = CASE WHEN due = :amount THEN max(:on, coalesce((SELECT max(date) FROM payment"
        " WHERE document = :guid AND status <> 'DELETED'), :on)) END, updated = :stamp WHERE guid = :guid",
        {"amount": amount, "base": base, "on": stored_day(on), "stamp": company.stamp, "guid": row["guid"]},
    )


def _unsettle(company: Company, guid: str, *, amount: int, base: int, column: str) -> None:
    assert column in ("paid", "credited")
    company.run(
        f"UPDATE document SET {column} = {column} - :amount, due = due + :amount, base_due = base_due + :base,"  # noqa: S608 - two fixed words
        " status = 'AUTHORISED', fully_paid = NULL, updated = :stamp WHERE guid = :guid",
        {"amount": amount, "base": base, "stamp": company.stamp, "guid": guid},
    )


def _delete_payment(company: Company, given: Mapping[str, Any], key: str) -> str:
    row = company.one("SELECT * FROM payment WHERE guid = ?", guid_or_none(key))
    if row is None:
        raise Refusal("The document with the supplied id was not found for this endpoint.", "PaymentID")
    if given.get("Status") != "DELETED":
        raise Refusal("A payment can only be changed to Status DELETED", "Status")
    if row["status"] == "DELETED":
        raise Refusal("Payment not of valid status for modification (Status)", "Status")
    if row["batch"]:
        raise Refusal("Payments within a batch cannot be deleted. (PaymentID)", "PaymentID")
    company.check_unlocked(date.fromisoformat(row["date"][:10]))
    company.run("UPDATE payment SET status = 'DELETED', updated = ? WHERE guid = ?", company.stamp, row["guid"])
    _unsettle(company, row["document"], amount=row["amount"], base=row["control_base"], column="paid")
    company.back_end.ledger.reverse(row["guid"])
    return str(row["guid"])


def allocate(company: Company, credit: Row, given: Any) -> str:
    """Apply part of a credit to an invoice of the same contact and currency. The allocation's GUID. Raises Refusal."""
    if not isinstance(given, Mapping):
        raise Refusal("Allocations must hold objects", "Allocations")
    target = given.get("Invoice")
    if not isinstance(target, Mapping):
        raise Refusal("Invoice must be specified", "Invoice")
    number = target.get("InvoiceNumber")
    if target.get("InvoiceID") or not number:
        invoice = company.one(
            "SELECT * FROM document WHERE resource = 'Invoices' AND guid = ?", guid_or_none(target.get("InvoiceID"))
        )
    else:
        invoice = company.one(
            "SELECT * FROM document WHERE resource = 'Invoices' AND number = ? AND status <> 'DELETED'",
            text(number, "Invoice.InvoiceNumber", 255),
        )
    if invoice is None:
        raise Refusal("Invoice could not be found", "Invoice.InvoiceID")
    if given.get("Amount") is None:
        raise Refusal("Amount must be specified", "Amount")
    amount = minor(given["Amount"], "Amount")
    on = day(given["Date"], "Date") if given.get("Date") else company.today()
    company.check_unlocked(on)
    _check_allocation(credit, invoice, amount)
    identity = str(uuid4())
    bases = [posting.settled_base(amount, d["due"], d["base_due"], Decimal(d["rate"])) for d in (credit, invoice)]
    company.run(
        "INSERT INTO allocation(guid, credit, invoice, date, amount, credit_base, invoice_base) VALUES(?,?,?,?,?,?,?)",
        identity,
        credit["guid"],
        invoice["guid"],
        stored_day(on),
        amount,
        *bases,
    )
    for document, base in zip((credit, invoice), bases, strict=True):
        _settle(company, document, amount=amount, base=base, on=on, column="credited")
    company.back_end.ledger.post(
        [
            posting.allocation_journal(
                source=identity,
                on=on,
                credit_type=credit["type"],
                credit_base=bases[0],
                invoice_base=bases[1],
                system=company.system,
            )
        ]
    )
    return identity


def _check_allocation(credit: Row, invoice: Row, amount: int) -> None:
    if amount <= 0:
        raise Refusal("Allocation amount must be greater than zero (Amount)", "Amount")
    if credit["status"] != "AUTHORISED":
        raise Refusal("Only an Authorised credit with remaining credit can be allocated (Status)", "Status")
    if invoice["status"] != "AUTHORISED":
        raise Refusal("Credits can only be allocated to Authorised invoices (Invoice)", "Invoice")
    if (credit["type"] in posting.RECEIVABLE_TYPES) != (invoice["type"] in posting.RECEIVABLE_TYPES):
        raise Refusal("The Invoice is not of the same side (sales or purchases) as the credit", "Invoice")
    if credit["contact"] != invoice["contact"]:
        raise Refusal("The Invoice must belong to the same Contact as the credit", "Invoice.Contact")
    if credit["currency"] != invoice["currency"]:
        raise Refusal("The Invoice must be in the same currency as the credit (CurrencyCode)", "Invoice.CurrencyCode")
    if amount > credit["due"]:
        raise Refusal("Allocation Amount exceeds the remaining credit", "Amount")
    if amount > invoice["due"]:
        raise Refusal("Allocation Amount exceeds the amount outstanding on this document", "Amount")


def delete_allocation(company: Company, credit: Row, key: str) -> str:
    """Take an allocation back. Raises Refusal."""
    row = company.one(
        "SELECT * FROM allocation WHERE guid = ? AND credit = ? AND deleted = 0", guid_or_none(key), credit["guid"]
    )
    if row is None:
        raise Refusal("The allocation could not be found (AllocationID)", "AllocationID")
    company.check_unlocked(date.fromisoformat(row["date"][:10]))
    company.run("UPDATE allocation SET deleted = 1 WHERE guid = ?", row["guid"])
    for guid, base in ((row["credit"], row["credit_base"]), (row["invoice"], row["invoice_base"])):
        _unsettle(company, guid, amount=row["amount"], base=base, column="credited")
    company.back_end.ledger.reverse(row["guid"])
    return str(row["guid"])
