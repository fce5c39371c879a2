"""Creating and changing invoices and credit notes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from finchat.sandbox.xero import posting
from finchat.sandbox.xero.company import Company, Row, json_text
from finchat.sandbox.xero.directory import CONTACT_FIELDS, save_contact
from finchat.sandbox.xero.errors import Refusal
from finchat.sandbox.xero.lines import line_postings, new_lines, totals
from finchat.sandbox.xero.values import boolean, day, guid_or_none, minor, stored_day, text, to_base

LINE_AMOUNT_TYPES = ("Exclusive", "Inclusive", "NoTax")
_NEXT = {
    "DRAFT": ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"),
    "SUBMITTED": ("SUBMITTED", "AUTHORISED", "DRAFT", "DELETED"),
    "AUTHORISED": ("AUTHORISED", "VOIDED"),
}
# What may still change on a document that money was applied to.
_ALWAYS = {
    "DueDate",
    "SentToContact",
    "Url",
    "BrandingThemeID",
    "Reference",
    "ExpectedPaymentDate",
    "PlannedPaymentDate",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """Invoices and credit notes differ in names only."""

    resource: str
    word: str
    id_field: str
    number_field: str
    types: tuple[str, str]
    prefix: str
    duplicate: str


INVOICE = Kind(
    "Invoices", "Invoice", "InvoiceID", "InvoiceNumber", ("ACCREC", "ACCPAY"), "INV-", "Invoice # must be unique."
)
CREDIT_NOTE = Kind(
    "CreditNotes",
    "Credit note",
    "CreditNoteID",
    "CreditNoteNumber",
    ("ACCRECCREDIT", "ACCPAYCREDIT"),
    "CN-",
    "Credit note # must be unique.",
)


def save(company: Company, kind: Kind, given: Any, *, create_only: bool, key: str | None, unit_places: int) -> str:
    """Create a document, or change the one named by its id (or `key` in the path) or number. Its GUID is returned.

    Raises Refusal.
    """
    if not isinstance(given, Mapping):
        raise Refusal(f"{kind.resource} must hold objects", kind.resource)
    existing = _existing(company, kind, given, key)
    if existing is None:
        return _create(company, kind, given, unit_places)
    if create_only:
        if given.get(kind.id_field):
            raise Refusal(f"{kind.id_field} must not be given when creating", kind.id_field)
        raise Refusal(kind.duplicate, kind.number_field)
    return _change(company, kind, given, existing, unit_places)


def find(company: Company, kind: Kind, key: str) -> Row | None:
    """A document by GUID or number, as the vendor's paths allow."""
    identity = guid_or_none(key)
    if identity:
        return company.one("SELECT * FROM document WHERE resource = ? AND guid = ?", kind.resource, identity)
    return company.one(
        "SELECT * FROM document WHERE resource = ? AND number = ? AND status <> 'DELETED' ORDER BY seq DESC",
        kind.resource,
        key,
    )


def _existing(company: Company, kind: Kind, given: Mapping[str, Any], key: str | None) -> Row | None:
    wanted = key or given.get(kind.id_field)
    if wanted:
        row = find(company, kind, text(wanted, kind.id_field, 255))
        if row is None:
            raise Refusal(
                f"An existing {kind.word} with the specified {kind.id_field} could not be found", kind.id_field
            )
        return row
    number = text(given.get(kind.number_field), kind.number_field, 255)
    # Only our own documents have unique numbers; two suppliers may use the same one.
    if number and given.get("Type") != kind.types[1]:
        return company.one(
            "SELECT * FROM document WHERE resource = ? AND number = ? AND type = ? AND status <> 'DELETED'",
            kind.resource,
            number,
            kind.types[0],
        )
    return None


def _create(company: Company, kind: Kind, given: Mapping[str, Any], unit_places: int) -> str:
    if given.get("Type") not in kind.types:
        raise Refusal(f"{kind.word} not of valid type for creation (Type)", "Type")
    status = given.get("Status") or "DRAFT"
    if status not in ("DRAFT", "SUBMITTED", "AUTHORISED"):
        raise Refusal(f"{kind.word} not of valid status for creation (Status)", "Status")
    identity = str(uuid4())
    number = text(given.get(kind.number_field), kind.number_field, 255)
    if not number and given["Type"] == kind.types[0]:
        number = _next_number(company, kind)
    currency, rate = company.currency_and_rate(given.get("CurrencyCode"), given.get("CurrencyRate"))
    on = day(given["Date"], "Date") if given.get("Date") else company.today()
    company.check_unlocked(on)
    due_on = day(given["DueDate"], "DueDate") if given.get("DueDate") else on
    types = _line_amount_types(given, "Exclusive")
    strict = status != "DRAFT"
    lines = new_lines(
        company,
        given.get("LineItems") or [],
        line_amount_types=types,
        strict=strict,
        coded=True,
        unit_places=unit_places,
        kept={},
    )
    if strict and not lines:
        raise Refusal("One or more line items must be specified (LineItems)", "LineItems")
    sub_total, tax, total = _checked_totals(given, lines)
    base_total = to_base(total, rate)
    company.run(
        "INSERT INTO document(guid, resource, type, status, contact, number, reference, date, due_date, currency, rate,"
        " line_amount_types, sub_total, total_tax, total, due, base_total, base_due, sent, updated, body)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        identity,
        kind.resource,
        given["Type"],
        status,
        _contact(company, given.get("Contact"), given["Type"]),
        number or None,
        text(given.get("Reference"), "Reference", 255),
        stored_day(on),
        stored_day(due_on),
        currency,
        format(rate, "f"),
        types,
        sub_total,
        tax,
        total,
        total,
        base_total,
        base_total if status == "AUTHORISED" else 0,
        int(boolean(given.get("SentToContact", False), "SentToContact")),
        company.stamp,
        json_text({"LineItems": lines, **_extras(given)}),
    )
    if status == "AUTHORISED":
        _post(company, identity)
    return identity


def _change(company: Company, kind: Kind, given: Mapping[str, Any], row: Row, unit_places: int) -> str:
    status = given.get("Status") or row["status"]
    if row["status"] not in _NEXT or status not in _NEXT[row["status"]]:
        refusal = Refusal(f"{kind.word} not of valid status for modification (Status)", "Status")
        if row["paid"] or row["credited"]:
            refusal.also(_APPLIED, "Status")
        raise refusal
    if given.get("Type") not in (None, row["type"]):
        raise Refusal("Type cannot be changed", "Type")
    changed = {k for k, v in given.items() if v is not None and k in _WRITABLE} - {kind.id_field, "Type"}
    if (row["paid"] or row["credited"]) and (status != row["status"] or _touches(given, row, changed)):
        raise Refusal("This document cannot be edited as it has a payment or credit note allocated to it.", "LineItems")
    identity = str(row["guid"])
    company.check_unlocked(date.fromisoformat(row["date"][:10]) if row["date"] else company.today())
    if status in ("VOIDED", "DELETED"):
        company.run(
            "UPDATE document SET status = ?, due = 0, base_due = 0, updated = ? WHERE guid = ?",
            status,
            company.stamp,
            identity,
        )
        company.back_end.ledger.reverse(identity)
        return identity
    _rewrite(company, kind, given, row, status=status, unit_places=unit_places)
    return identity


_APPLIED = "This document cannot be edited as it has a payment or credit note allocated to it."
_WRITABLE = {
    "Contact",
    "Date",
    "CurrencyCode",
    "CurrencyRate",
    "LineAmountTypes",
    "LineItems",
    "InvoiceNumber",
    "CreditNoteNumber",
    *_ALWAYS,
}


def _touches(given: Mapping[str, Any], row: Row, changed: set[str]) -> bool:
    """Does the request alter more than what may change on a document with money applied?"""
    for key in changed - _ALWAYS:
        if key in ("InvoiceNumber", "CreditNoteNumber") and given[key] == row["number"]:
            continue
        contact = given[key]
        if (
            key == "Contact"
            and isinstance(contact, Mapping)
            and guid_or_none(contact.get("ContactID")) == row["contact"]
        ):
            continue
        if key == "Date" and row["date"] and day(given[key], "Date").isoformat() == row["date"][:10]:
            continue
        return True
    return False


def _rewrite(
    company: Company, kind: Kind, given: Mapping[str, Any], row: Row, *, status: str, unit_places: int
) -> None:
    identity = str(row["guid"])
    body = json.loads(row["body"])
    types = _line_amount_types(given, row["line_amount_types"])
    lines: list[dict[str, Any]] = body["LineItems"]
    relined = given.get("LineItems") is not None or types != row["line_amount_types"]
    if relined:
        listed = given.get("LineItems")
        lines = new_lines(
            company,
            [{"LineItemID": line.get("LineItemID")} for line in lines] if listed is None else listed,
            line_amount_types=types,
            strict=status != "DRAFT",
            coded=True,
            unit_places=unit_places,
            kept={line["LineItemID"]: line for line in lines if "LineItemID" in line},
            standing=types == row["line_amount_types"] and status == row["status"],
        )
    if status != "DRAFT" and not lines:
        raise Refusal("One or more line items must be specified (LineItems)", "LineItems")
    given_rate = given.get("CurrencyRate")
    code = given.get("CurrencyCode") or row["currency"]
    if given_rate is None and code == row["currency"] and code != company.currency and row["rate"] != "1":
        given_rate = row["rate"]
    currency, rate = company.currency_and_rate(code, given_rate)
    on = row["date"]
    if given.get("Date"):
        new_day = day(given["Date"], "Date")
        company.check_unlocked(new_day)
        on = stored_day(new_day)
    due_on = stored_day(day(given["DueDate"], "DueDate")) if given.get("DueDate") else row["due_date"]
    number = text(given.get(kind.number_field), kind.number_field, 255) or row["number"]
    if number != row["number"] and row["type"] == kind.types[0]:
        taken = company.one(
            "SELECT 1 FROM document WHERE resource = ? AND number = ? AND type = ? AND status <> 'DELETED'"
            " AND guid <> ?",
            kind.resource,
            number,
            row["type"],
            identity,
        )
        if taken:
            raise Refusal(kind.duplicate, kind.number_field)
    sub_total, tax, total = _checked_totals(given, lines)
    money_moves = (
        relined
        or status != row["status"]
        or rate != Decimal(row["rate"])
        or on != row["date"]
        or currency != row["currency"]
    )
    due, base_due, base_total = row["due"], row["base_due"], row["base_total"]
    if money_moves:
        base_total = to_base(total, rate)
        due, base_due = total, base_total if status == "AUTHORISED" else 0
        company.back_end.ledger.reverse(identity)
    company.run(
        "UPDATE document SET status = ?, contact = ?, number = ?, reference = ?, date = ?, due_date = ?, currency = ?,"
        " rate = ?, line_amount_types = ?, sub_total = ?, total_tax = ?, total = ?, due = ?, base_total = ?,"
        " base_due = ?, sent = ?, updated = ?, body = ? WHERE guid = ?",
        status,
        _contact(company, given["Contact"], row["type"]) if given.get("Contact") else row["contact"],
        number,
        text(given["Reference"], "Reference", 255) if given.get("Reference") is not None else row["reference"],
        on,
        due_on,
        currency,
        format(rate, "f"),
        types,
        sub_total,
        tax,
        total,
        due,
        base_total,
        base_due,
        int(boolean(given["SentToContact"], "SentToContact"))
        if given.get("SentToContact") is not None
        else row["sent"],
        company.stamp,
        json_text({**body, "LineItems": lines, **_extras(given)}),
        identity,
    )
    if money_moves and status == "AUTHORISED":
        _post(company, identity)


def _contact(company: Company, given: Any, document_type: str) -> str:
    """The document's contact. Fields sent beside its ContactID change the contact, as they do at the vendor."""
    identity = company.contact(given)
    if given.get("ContactID") and any(given.get(key) for key in CONTACT_FIELDS):
        save_contact(company, {**given, "ContactStatus": None}, create_only=False, key=identity)
    side = "is_customer" if document_type in posting.RECEIVABLE_TYPES else "is_supplier"
    company.run(f"UPDATE contact SET {side} = 1 WHERE guid = ? AND {side} = 0", identity)  # noqa: S608 - two fixed words
    return identity


def _post(company: Company, identity: str) -> None:
    row = company.one("SELECT * FROM document WHERE guid = ?", identity)
    assert row is not None
    lines = json.loads(row["body"])["LineItems"]
    on = date.fromisoformat(row["date"][:10]) if row["date"] else company.today()
    company.back_end.ledger.post(
        [
            posting.document_journal(
                source=identity,
                kind=row["type"],
                on=on,
                lines=line_postings(company, lines),
                base_total=row["base_total"],
                rate=Decimal(row["rate"]),
                system=company.system,
            )
        ]
    )


def _line_amount_types(given: Mapping[str, Any], default: str) -> str:
    found = given.get("LineAmountTypes") or default
    if found not in LINE_AMOUNT_TYPES:
        raise Refusal("LineAmountTypes must be Exclusive, Inclusive or NoTax", "LineAmountTypes")
    return str(found)


def _checked_totals(given: Mapping[str, Any], lines: list[dict[str, Any]]) -> tuple[int, int, int]:
    sub_total, tax, total = totals(lines)
    for key, expected in (("SubTotal", sub_total), ("TotalTax", tax), ("Total", total)):
        if given.get(key) is not None and given.get("LineItems") and minor(given[key], key) != expected:
            raise Refusal(f"The invoice total does not equal the sum of the lines. ({key})", key)
    if total < 0:
        raise Refusal("The Total of the document must not be negative", "Total")
    if total >= 10**13:
        raise Refusal("The Total of the document is out of range", "Total")
    return sub_total, tax, total


def _extras(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: text(given[key], key, 2000) for key in ("Url", "BrandingThemeID") if given.get(key)}


def _next_number(company: Company, kind: Kind) -> str:
    """The organisation's own sequence: one more than the highest number with its prefix."""
    row = company.one(
        "SELECT number FROM document WHERE resource = ? AND type = ? AND number GLOB ? AND length(number) <= 18"
        " ORDER BY CAST(substr(number, ?) AS INTEGER) DESC LIMIT 1",
        kind.resource,
        kind.types[0],
        f"{kind.prefix}[0-9]*",
        len(kind.prefix) + 1,
    )
    tail = row["number"][len(kind.prefix) :] if row else "0"
    digits = "".join(c for c in tail if c.isascii() and c.isdigit()) or "0"
    candidate = int(digits) + 1
    while True:
        number = f"{kind.prefix}{candidate:04d}"
        if company.one("SELECT 1 FROM document WHERE resource = ? AND number = ?", kind.resource, number) is None:
            return number
        candidate += 1
