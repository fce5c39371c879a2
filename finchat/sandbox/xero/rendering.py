"""Rows as the vendor's records: field order, twins of dates, and arrays that are never null."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from finchat.sandbox.xero.json_text import Raw
from finchat.sandbox.xero.values import amount, ms_date, rate_text

Row = Mapping[str, Any]
_CREDIT_ID = {"CreditNotes": "CreditNoteID", "Prepayments": "PrepaymentID", "Overpayments": "OverpaymentID"}
_CONTACT_EMPTIES: tuple[str, ...] = ("Addresses", "Phones", "ContactGroups", "ContactPersons")


class Settlements:
    """The payments and allocations of a page of documents, read in three queries whatever the page's size."""

    def __init__(self, db: Any, guids: Sequence[str]) -> None:
        self.payments: dict[str, list[Row]] = defaultdict(list)
        self.credits_of: dict[str, list[Row]] = defaultdict(list)
        self.allocations_of: dict[str, list[Row]] = defaultdict(list)
        wanted = json.dumps(guids)
        for row in db.execute(
            "SELECT p.* FROM json_each(?) j JOIN payment p ON p.document = j.value WHERE p.status <> 'DELETED'"
            " ORDER BY p.seq",
            (wanted,),
        ):
            self.payments[row["document"]].append(row)
        for side, found in (("invoice", self.credits_of), ("credit", self.allocations_of)):
            other = "credit" if side == "invoice" else "invoice"
            for row in db.execute(
                f"SELECT a.*, d.resource, d.number, d.total, d.type, d.date AS other_date FROM json_each(?) j"  # noqa: S608 - fixed words
                f" JOIN allocation a ON a.{side} = j.value JOIN document d ON d.guid = a.{other}"
                " WHERE a.deleted = 0 ORDER BY a.seq",
                (wanted,),
            ):
                found[row[side]].append(row)


def contact_summary(guid: str | None, name: str | None) -> dict[str, Any]:
    """The contact as documents in a list carry it."""
    if guid is None:
        return {}
    found: dict[str, Any] = {"ContactID": guid, "Name": name or ""}
    found.update((key, []) for key in _CONTACT_EMPTIES)
    found["HasValidationErrors"] = False
    return found


def document(
    row: Row, settled: Settlements, *, lines: bool, summary: bool = False, unit_places: int = 2
) -> dict[str, Any]:
    """An invoice, credit note, prepayment, overpayment or bank transaction."""
    shape = _SHAPES[row["resource"]]
    found: dict[str, Any] = {"Type": row["type"]}
    shape(found, row, settled)
    body = json.loads(row["body"], parse_float=Decimal)
    if row["rate"] != "1" or row["resource"] != "BankTransactions":
        found["CurrencyRate"] = rate_text(row["rate"])
    if not summary:
        found["HasAttachments"] = False
        found["HasErrors"] = False
    found["Contact"] = contact_summary(row["contact"], row["contact_name"])
    _dates(found, row)
    found["Status"] = row["status"]
    found["LineAmountTypes"] = row["line_amount_types"]
    if not summary:
        found["LineItems"] = [line_item(line, unit_places) for line in body["LineItems"]] if lines else []
    found["SubTotal"] = amount(row["sub_total"])
    found["TotalTax"] = amount(row["total_tax"])
    found["Total"] = amount(row["total"])
    found["UpdatedDateUTC"] = ms_date(row["updated"])
    if row["resource"] != "BankTransactions":
        found["UpdatedDateUTCString"] = row["updated"][:19] + "Z"
    found["CurrencyCode"] = row["currency"]
    found.update((key, value) for key, value in body.items() if key != "LineItems")
    if row["fully_paid"]:
        found["FullyPaidOnDate"] = ms_date(row["fully_paid"])
    if summary:
        found.pop("Payments", None)
    return found


def _invoice(found: dict[str, Any], row: Row, settled: Settlements) -> None:
    guid = row["guid"]
    found["InvoiceID"] = guid
    if row["number"] is not None or row["type"] == "ACCREC":
        found["InvoiceNumber"] = row["number"] or ""
    found["Reference"] = row["reference"] or ""
    found["Payments"] = [payment_summary(payment) for payment in settled.payments.get(guid, ())]
    for resource, key in _CREDIT_ID.items():
        found[resource] = [
            _applied(credit, key) for credit in settled.credits_of.get(guid, ()) if credit["resource"] == resource
        ]
    found["AmountDue"] = amount(row["due"])
    found["AmountPaid"] = amount(row["paid"])
    found["AmountCredited"] = amount(row["credited"])
    found["SentToContact"] = bool(row["sent"])
    found["IsDiscounted"] = False


def _applied(row: Row, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {key: row["credit"], "ID": row["credit"]}
    if key == "CreditNoteID":
        found["CreditNoteNumber"] = row["number"] or ""
    found["HasErrors"] = False
    found["AppliedAmount"] = amount(row["amount"])
    found["DateString"] = row["date"]
    found["Date"] = ms_date(row["date"])
    found["LineItems"] = []
    found["Total"] = amount(row["total"])
    return found


def _credit_note(found: dict[str, Any], row: Row, settled: Settlements) -> None:
    found["CreditNoteID"] = row["guid"]
    found["CreditNoteNumber"] = row["number"] or ""
    found["Reference"] = row["reference"] or ""
    found["ID"] = row["guid"]
    _credit(found, row, settled)
    found["SentToContact"] = bool(row["sent"])


def _prepayment(found: dict[str, Any], row: Row, settled: Settlements) -> None:
    found["PrepaymentID"] = row["guid"]
    found["ID"] = row["guid"]
    found["Reference"] = row["reference"] or ""
    _credit(found, row, settled)


def _overpayment(found: dict[str, Any], row: Row, settled: Settlements) -> None:
    found["OverpaymentID"] = row["guid"]
    found["ID"] = row["guid"]
    found["Reference"] = row["reference"] or ""
    _credit(found, row, settled)


def _credit(found: dict[str, Any], row: Row, settled: Settlements) -> None:
    found["RemainingCredit"] = amount(row["due"])
    found["AppliedAmount"] = amount(row["credited"])
    found["Payments"] = [payment_summary(payment) for payment in settled.payments.get(row["guid"], ())]
    found["Allocations"] = [allocation(a) for a in settled.allocations_of.get(row["guid"], ())]


def _bank_transaction(found: dict[str, Any], row: Row, settled: Settlements) -> None:
    found["BankTransactionID"] = row["guid"]
    found["BankAccount"] = {"AccountID": row["bank"], "Code": row["bank_code"] or "", "Name": row["bank_name"]}
    found["Reference"] = row["reference"] or ""
    found["IsReconciled"] = bool(row["is_reconciled"])
    if row["twin"]:
        found["OverpaymentID" if row["type"].endswith("OVERPAYMENT") else "PrepaymentID"] = row["twin"]


_SHAPES = {
    "Invoices": _invoice,
    "CreditNotes": _credit_note,
    "Prepayments": _prepayment,
    "Overpayments": _overpayment,
    "BankTransactions": _bank_transaction,
}


def _dates(found: dict[str, Any], row: Row) -> None:
    for key, stored in (("Date", row["date"]), ("DueDate", row["due_date"])):
        if stored:
            found[f"{key}String"] = stored
            found[key] = ms_date(stored)


def allocation(row: Row) -> dict[str, Any]:
    """An allocation as shown on its credit."""
    return {
        "AllocationID": row["guid"],
        "Amount": amount(row["amount"]),
        "DateString": row["date"],
        "Date": ms_date(row["date"]),
        "IsDeleted": bool(row["deleted"]),
        "Invoice": {"InvoiceID": row["invoice"], "InvoiceNumber": row["number"] or "", **_NO_ARRAYS},
    }


_NO_ARRAYS: dict[str, Any] = {
    "Payments": [],
    "CreditNotes": [],
    "Prepayments": [],
    "Overpayments": [],
    "HasErrors": False,
    "IsDiscounted": False,
    "LineItems": [],
}


def payment_summary(row: Row) -> dict[str, Any]:
    """A payment as shown on its document."""
    found: dict[str, Any] = {"PaymentID": row["guid"]}
    if row["batch"]:
        batch = json.loads(row["batch"])
        if "BatchPaymentID" in batch:
            found["BatchPaymentID"] = batch["BatchPaymentID"]
    found["DateString"] = row["date"]
    found["Date"] = ms_date(row["date"])
    found["Amount"] = amount(row["amount"])
    found["Reference"] = row["reference"] or ""
    found["CurrencyRate"] = rate_text(row["rate"])
    found["HasAccount"] = False
    found["HasValidationErrors"] = False
    return found


def payment(row: Row) -> dict[str, Any]:
    """A payment with its account and its document in brief."""
    found: dict[str, Any] = {
        "PaymentID": row["guid"],
        "DateString": row["date"],
        "Date": ms_date(row["date"]),
        "BankAmount": amount(row["bank_amount"]),
        "Amount": amount(row["amount"]),
        "Reference": row["reference"] or "",
        "CurrencyRate": rate_text(row["rate"]),
        "PaymentType": row["type"],
        "Status": row["status"],
        "UpdatedDateUTC": ms_date(row["updated"]),
        "UpdatedDateUTCString": row["updated"][:19] + "Z",
        "HasAccount": True,
        "IsReconciled": bool(row["is_reconciled"]),
        "Account": {"AccountID": row["account"], "Code": row["account_code"] or "", "Name": row["account_name"]},
        # The vendor shows every paid document as an Invoice, a credit note with its own type and number.
        "Invoice": {
            "Type": row["document_type"],
            "InvoiceID": row["document"],
            "InvoiceNumber": row["number"] or "",
            **_NO_ARRAYS,
            "Contact": contact_summary(row["contact"], row["contact_name"]),
            "CurrencyCode": row["currency"],
        },
        "HasValidationErrors": False,
    }
    if row["resource"] != "Invoices":
        id_field = _CREDIT_ID[row["resource"]]
        found[id_field.removesuffix("ID")] = {id_field: row["document"], "LineItems": []}
    if row["batch"]:
        batch = json.loads(row["batch"], parse_float=Decimal)
        found["BatchPayment"] = batch
        if "BatchPaymentID" in batch:
            found["BatchPaymentID"] = batch["BatchPaymentID"]
    return found


def bank_transfer(row: Row) -> dict[str, Any]:
    """A transfer with both its sides."""
    found: dict[str, Any] = {
        "BankTransferID": row["guid"],
        "CreatedDateUTCString": row["created"][:19],
        "CreatedDateUTC": ms_date(row["created"]),
        "DateString": row["date"],
        "Date": ms_date(row["date"]),
        "Status": row["status"],
    }
    for side in ("From", "To"):
        name = side.lower()
        found[f"{side}BankAccount"] = {
            "AccountID": row[f"{name}_bank"],
            "Code": row[f"{name}_code"] or "",
            "Name": row[f"{name}_name"],
        }
    found["Amount"] = amount(row["total"])
    found["FromBankTransactionID"], found["ToBankTransactionID"] = row["from_half"], row["to_half"]
    for side in ("From", "To"):
        found[f"{side}IsReconciled"] = bool(row[f"{side.lower()}_reconciled"])
    found |= {"Reference": row["reference"] or "", "CurrencyRate": rate_text(row["rate"]), "HasAttachments": False}
    for side in ("From", "To"):
        found[f"{side}Tracking"] = json.loads(row[f"{side.lower()}_tracking"])
    return found


def tracking_category(row: Row, *, archived: bool = True) -> dict[str, Any]:
    """A tracking category; options that are archived only when asked for."""
    body: dict[str, Any] = json.loads(row["body"])
    body.setdefault("Status", "ACTIVE")
    options = [{**option, "Status": option.get("Status", "ACTIVE")} for option in body.get("Options") or ()]
    return {**body, "Options": [option for option in options if archived or option["Status"] == "ACTIVE"]}


def line_item(line: Mapping[str, Any], unit_places: int = 2) -> dict[str, Any]:
    """A line in the vendor's order; UnitAmount to two decimals unless four were asked for."""
    found: dict[str, Any] = {}
    if "Description" in line:
        found["Description"] = line["Description"]
    if "UnitAmount" in line:
        places = Decimal(1).scaleb(-unit_places)
        found["UnitAmount"] = Raw(format(Decimal(line["UnitAmount"]).quantize(places, ROUND_HALF_UP), "f"))
    found["TaxType"] = line.get("TaxType", "NONE")
    found["TaxAmount"] = amount(line["TaxAmount"])
    found["LineAmount"] = amount(line["LineAmount"])
    for key in ("AccountCode", "AccountID", "ItemCode"):
        if key in line:
            found[key] = line[key]
    for key in ("DiscountRate", "DiscountAmount"):
        if key in line:
            found[key] = Raw(format(Decimal(line[key]), "f"))
    found["Tracking"] = line.get("Tracking") or []
    if "Quantity" in line:
        found["Quantity"] = Raw(format(Decimal(line["Quantity"]).quantize(Decimal("0.0001"), ROUND_HALF_UP), "f"))
    if "LineItemID" in line:
        found["LineItemID"] = line["LineItemID"]
    return found


def account(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"AccountID": row["guid"]}
    if row["code"] is not None:
        found["Code"] = row["code"]
    found |= {"Name": row["name"], "Status": row["status"], "Type": row["type"], "TaxType": row["tax_type"]}
    found |= {"Class": row["class"], "EnablePaymentsToAccount": bool(row["payments"]), "ShowInExpenseClaims": False}
    if row["type"] == "BANK":
        found |= {"BankAccountNumber": "", "BankAccountType": "BANK", "CurrencyCode": row["currency"]}
    if row["system"] and row["system"] != "BANKTRANSFERS":
        found["SystemAccount"] = row["system"]
    found |= json.loads(row["body"], parse_float=Decimal)
    found |= {"ReportingCode": "", "HasAttachments": False, "UpdatedDateUTC": ms_date(row["updated"])}
    found["AddToWatchlist"] = False
    return found


def contact(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"ContactID": row["guid"]}
    for key, column in (("ContactNumber", "number"), ("AccountNumber", "account_number")):
        if row[column]:
            found[key] = row[column]
    found |= {"ContactStatus": row["status"], "Name": row["name"]}
    found |= {"FirstName": row["first_name"] or "", "LastName": row["last_name"] or ""}
    found["EmailAddress"] = row["email"] or ""
    body = json.loads(row["body"], parse_float=Decimal)
    for key in _CONTACT_EMPTIES:
        found[key] = body.pop(key, None) or []
    found |= {key: value for key, value in body.items() if value is not None}
    found |= {"UpdatedDateUTC": ms_date(row["updated"])}
    found |= {"IsSupplier": bool(row["is_supplier"]), "IsCustomer": bool(row["is_customer"])}
    found |= {"HasAttachments": False, "HasValidationErrors": False}
    return found


def tax_rate(row: Row) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(row["body"], parse_float=Decimal)
    for key in ("DisplayTaxRate", "EffectiveRate"):
        if key in body:
            body[key] = Raw(format(Decimal(str(body[key])), "f"))
    body["TaxComponents"] = [
        {**component, "Rate": Raw(format(Decimal(str(component.get("Rate", 0))), "f"))}
        for component in body.get("TaxComponents") or ()
    ]
    return body


def many(rows: Iterable[Row]) -> list[str]:
    return [row["guid"] for row in rows]
