"""Creating and changing contacts and accounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from finchat.sandbox.xero.accounts import ACCOUNT_CLASS
from finchat.sandbox.xero.company import CURRENCIES, Company, Row, json_text
from finchat.sandbox.xero.errors import Refusal
from finchat.sandbox.xero.values import boolean, guid_or_none, text

_CONTACT_COLUMNS = {
    "ContactNumber": ("number", 50),
    "AccountNumber": ("account_number", 50),
    "EmailAddress": ("email", 255),
    "FirstName": ("first_name", 255),
    "LastName": ("last_name", 255),
}
# What a document may change of the contact it names.
CONTACT_FIELDS = ("Name", *_CONTACT_COLUMNS, "Addresses", "Phones", "TaxNumber")


def find_contact(company: Company, key: str) -> Row | None:
    """A contact by GUID or ContactNumber, as the vendor's paths allow."""
    if identity := guid_or_none(key):
        return company.one("SELECT * FROM contact WHERE guid = ?", identity)
    return company.one("SELECT * FROM contact WHERE number = ?", key)


def save_contact(company: Company, given: Any, *, create_only: bool, key: str | None) -> str:
    """Create a contact, or change the one named by id, number or name. Its GUID. Raises Refusal."""
    if not isinstance(given, Mapping):
        raise Refusal("Contacts must hold objects", "Contacts")
    name = text(given.get("Name"), "Name", 255).strip()
    row = _named_contact(company, given, key, name)
    if row is not None and create_only:
        raise _taken(name or row["name"])
    if row is None and not name:
        raise Refusal("Name must be specified for a new contact", "Name")
    status = given.get("ContactStatus") or (row["status"] if row is not None else "ACTIVE")
    if status not in ("ACTIVE", "ARCHIVED"):
        raise Refusal("ContactStatus must be ACTIVE or ARCHIVED", "ContactStatus")
    identity = str(row["guid"]) if row is not None else str(uuid4())
    name = name or str(row["name"] if row is not None else "")
    if status == "ACTIVE" and company.one(
        "SELECT 1 FROM contact WHERE lower(name) = lower(?) AND status = 'ACTIVE' AND guid <> ?", name, identity
    ):
        raise _taken(name)
    columns = {
        column: text(given[key_], key_, longest) or None
        if given.get(key_) is not None
        else (row[column] if row is not None else None)
        for key_, (column, longest) in _CONTACT_COLUMNS.items()
    }
    if columns["number"] and company.one(
        "SELECT 1 FROM contact WHERE number = ? AND guid <> ?", columns["number"], identity
    ):
        raise Refusal("ContactNumber is already assigned to another contact", "ContactNumber")
    body = _contact_body(given, row)
    if row is None:
        company.new_contact_row(identity, name)
    company.run(
        "UPDATE contact SET number = :number, name = :name, account_number = :account_number, email = :email,"
        " first_name = :first_name, last_name = :last_name, status = :status, updated = :updated, body = :body"
        " WHERE guid = :guid",
        {
            **columns,
            "name": name,
            "status": status,
            "updated": company.stamp,
            "body": json_text(body),
            "guid": identity,
        },
    )
    return identity


def _contact_body(given: Mapping[str, Any], row: Row | None) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(row["body"]) if row is not None else {}
    for key_ in ("Addresses", "Phones", "ContactPersons"):
        if given.get(key_) is not None:
            body[key_] = _objects(given[key_], key_)
    if given.get("PaymentTerms") is not None:
        body["PaymentTerms"] = _payment_terms(given["PaymentTerms"])
    for key_ in ("TaxNumber", "BankAccountDetails", "DefaultCurrency", "Website"):
        if given.get(key_) is not None:
            body[key_] = text(given[key_], key_, 2000)
    if body.get("DefaultCurrency") and body["DefaultCurrency"] not in CURRENCIES:
        raise Refusal("DefaultCurrency is not a currency", "DefaultCurrency")
    return body


def _named_contact(company: Company, given: Mapping[str, Any], key: str | None, name: str) -> Row | None:
    wanted = key or given.get("ContactID")
    if wanted:
        row = find_contact(company, text(wanted, "ContactID", 255))
        if row is None:
            raise Refusal("The Contact could not be found", "ContactID")
        return row
    if given.get("ContactNumber"):
        row = company.one("SELECT * FROM contact WHERE number = ?", text(given["ContactNumber"], "ContactNumber", 50))
        if row is not None:
            return row
    return company.one("SELECT * FROM contact WHERE lower(name) = lower(?) AND status = 'ACTIVE'", name)


def _taken(name: str) -> Refusal:
    return Refusal(
        f"The contact name {name} is already assigned to another contact."
        " The contact name must be unique across all active contacts.",
        "Name",
    )


def _objects(given: Any, field: str) -> list[dict[str, str]]:
    if not isinstance(given, list) or len(given) > 20 or not all(isinstance(item, Mapping) for item in given):
        raise Refusal(f"{field} must be a list of objects", field)
    return [
        {name: text(value, f"{field}.{name}", 500) for name, value in item.items() if isinstance(value, str)}
        for item in given
    ]


_TERM_TYPES = ("DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH")


def _payment_terms(given: Any) -> dict[str, Any]:
    """When the contact's sales invoices and bills are due. Raises Refusal."""
    if not isinstance(given, Mapping):
        raise Refusal("PaymentTerms must be an object", "PaymentTerms")
    found: dict[str, Any] = {}
    for side in ("Bills", "Sales"):
        if (term := given.get(side)) is None:
            continue
        if not isinstance(term, Mapping) or term.get("Type") not in _TERM_TYPES:
            raise Refusal("The payment terms are not of a valid Type", f"PaymentTerms.{side}.Type")
        longest = 31 if str(term["Type"]).startswith("OF") else 999
        day_ = term.get("Day")
        if not isinstance(day_, int) or isinstance(day_, bool) or not 0 <= day_ <= longest:
            raise Refusal("The payment terms are not of a valid Day", f"PaymentTerms.{side}.Day")
        found[side] = {"Day": day_, "Type": term["Type"]}
    return found


def save_account(company: Company, given: Any, *, create_only: bool, key: str | None) -> str:
    """Create an account, or change the one named by its id. Its GUID. Raises Refusal."""
    if not isinstance(given, Mapping):
        raise Refusal("Accounts must hold objects", "Accounts")
    row = _account_named(company, given, key, create_only=create_only)
    identity = str(row["guid"]) if row is not None else str(uuid4())
    kind = given.get("Type") or (row["type"] if row is not None else None)
    if not isinstance(kind, str) or kind not in ACCOUNT_CLASS:
        raise Refusal("Type is not a valid account type", "Type")
    if row is not None and kind != row["type"] and "BANK" in (kind, row["type"]):
        raise Refusal("Type cannot be changed to or from BANK", "Type")
    name = text(given.get("Name"), "Name", 150) or (row["name"] if row is not None else "")
    code = text(given.get("Code"), "Code", 10) or (row["code"] if row is not None else None)
    if not name:
        raise Refusal("Name must be specified", "Name")
    if not code and kind != "BANK":
        raise Refusal("Please enter a Code", "Code")
    for column, value, word in (("name", name, "Name"), ("code", code, "Code")):
        if company.one(f"SELECT 1 FROM account WHERE {column} = ? AND guid <> ?", value, identity):  # noqa: S608 - two fixed words
            raise Refusal(f"Please enter a unique {word}.", word)
    currency = row["currency"] if row is not None else None
    if kind == "BANK" and row is None:
        currency = _bank_currency(company, given)
    tax_type = text(given.get("TaxType"), "TaxType", 50) or (row["tax_type"] if row is not None else "NONE")
    company.tax_rate(tax_type, "TaxType")
    status = given.get("Status") or (row["status"] if row is not None else "ACTIVE")
    if status not in ("ACTIVE", "ARCHIVED"):
        raise Refusal("Status must be ACTIVE or ARCHIVED", "Status")
    columns = {
        "guid": identity,
        "code": code,
        "name": name,
        "type": kind,
        "class": ACCOUNT_CLASS[kind],
        "status": status,
        "tax": tax_type,
        "currency": currency,
        "payments": _flag(given, "EnablePaymentsToAccount", row["payments"] if row is not None else 0),
        "updated": company.stamp,
        "body": json_text(_account_body(given, row)),
    }
    if row is None:
        company.run(
            "INSERT INTO account(guid, code, name, type, class, status, tax_type, currency, payments, updated, body)"
            " VALUES(:guid, :code, :name, :type, :class, :status, :tax, :currency, :payments, :updated, :body)",
            columns,
        )
    else:
        company.run(
            "UPDATE account SET code = :code, name = :name, type = :type, class = :class, status = :status,"
            " tax_type = :tax, currency = :currency, payments = :payments, updated = :updated, body = :body"
            " WHERE guid = :guid",
            columns,
        )
    return identity


def _account_named(company: Company, given: Mapping[str, Any], key: str | None, *, create_only: bool) -> Row | None:
    if not (key or given.get("AccountID")):
        return None
    if create_only:
        raise Refusal("AccountID must not be given when creating", "AccountID")
    row = company.one("SELECT * FROM account WHERE guid = ?", guid_or_none(key or given.get("AccountID")))
    if row is None:
        raise Refusal("The Account could not be found", "AccountID")
    if row["system"]:
        raise Refusal("System accounts cannot be changed (SystemAccount)", "SystemAccount")
    return row


def _bank_currency(company: Company, given: Mapping[str, Any]) -> str:
    if not given.get("BankAccountNumber"):
        raise Refusal("BankAccountNumber must be specified for an account of type BANK", "BankAccountNumber")
    currency = text(given.get("CurrencyCode"), "CurrencyCode", 3) or company.currency
    if currency not in CURRENCIES:
        raise Refusal("CurrencyCode is not a currency", "CurrencyCode")
    return currency


def _account_body(given: Mapping[str, Any], row: Row | None) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(row["body"]) if row is not None else {}
    for key in ("Description", "BankAccountNumber"):
        if given.get(key) is not None:
            body[key] = text(given[key], key, 4000)
    return body


def _flag(given: Mapping[str, Any], key: str, default: int) -> int:
    return default if given.get(key) is None else int(boolean(given[key], key))


def delete_account(company: Company, key: str) -> Row:
    """Remove an account nothing was ever coded to. The row it was. Raises Refusal."""
    row = company.one("SELECT * FROM account WHERE guid = ?", guid_or_none(key))
    if row is None:
        raise Refusal("The Account could not be found", "AccountID")
    if row["system"]:
        raise Refusal("System accounts cannot be deleted (SystemAccount)", "SystemAccount")
    used = company.one(
        "SELECT 1 FROM posting WHERE account = :guid UNION SELECT 1 FROM payment WHERE account = :guid"
        " UNION SELECT 1 FROM document d, json_each(d.body, '$.LineItems') l WHERE d.bank = :guid"
        " OR l.value ->> '$.AccountCode' = :code LIMIT 1".replace(":guid", "?1").replace(":code", "?2"),
        row["guid"],
        row["code"],
    )
    if used is not None:
        raise Refusal("The account is used by transactions and cannot be deleted; archive it (AccountID)", "AccountID")
    company.run("DELETE FROM account WHERE guid = ?", row["guid"])
    return row
