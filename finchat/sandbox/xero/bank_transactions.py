"""Receive and spend money, and the overpayments and prepayments they make."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from finchat.sandbox.xero import posting
from finchat.sandbox.xero.company import Company, Row, json_text
from finchat.sandbox.xero.documents import LINE_AMOUNT_TYPES
from finchat.sandbox.xero.errors import Refusal
from finchat.sandbox.xero.lines import line_postings, new_lines, totals
from finchat.sandbox.xero.values import boolean, day, guid_or_none, stored_day, text, to_base

TYPES = ("RECEIVE", "SPEND", "RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT", "SPEND-OVERPAYMENT", "SPEND-PREPAYMENT")


def save(company: Company, given: Any, *, create_only: bool, key: str | None, unit_places: int) -> str:
    """Create a bank transaction, or change or delete the one named. Its GUID. Raises Refusal."""
    if not isinstance(given, Mapping):
        raise Refusal("BankTransactions must hold objects", "BankTransactions")
    wanted = key or given.get("BankTransactionID")
    if not wanted:
        return _create(company, given, unit_places)
    if create_only:
        raise Refusal("BankTransactionID must not be given when creating", "BankTransactionID")
    row = company.one("SELECT * FROM document WHERE resource = 'BankTransactions' AND guid = ?", guid_or_none(wanted))
    if row is None:
        raise Refusal("The document with the supplied id was not found for this endpoint.", "BankTransactionID")
    return _change(company, given, row, unit_places)


def _create(company: Company, given: Mapping[str, Any], unit_places: int) -> str:
    kind = given.get("Type")
    if kind not in TYPES:
        raise Refusal("Type is not valid: transfers are made with BankTransfers", "Type")
    if given.get("Status") not in (None, "AUTHORISED"):
        raise Refusal("Bank transaction not of valid status for creation (Status)", "Status")
    fields = _fields(company, given, kind, None, unit_places)
    identity = str(uuid4())
    company.run(
        "INSERT INTO document(guid, resource, type, status, contact, reference, date, currency, rate,"
        " line_amount_types, sub_total, total_tax, total, due, base_total, base_due, bank, is_reconciled, updated,"
        " body) VALUES(:guid, 'BankTransactions', :type, 'AUTHORISED', :contact, :reference, :date, :currency, :rate,"
        " :line_amount_types, :sub_total, :total_tax, :total, 0, :base_total, 0, :bank, :is_reconciled, :updated,"
        " :body)",
        {**fields, "guid": identity, "type": kind, "updated": company.stamp},
    )
    if kind not in ("RECEIVE", "SPEND"):
        twin = str(uuid4())
        company.run(
            "INSERT INTO document(guid, resource, type, status, contact, reference, date, currency, rate,"
            " line_amount_types, sub_total, total_tax, total, due, base_total, base_due, bank, twin, updated, body)"
            " SELECT ?, ?, type, status, contact, reference, date, currency, rate, line_amount_types, sub_total,"
            " total_tax, total, total, base_total, base_total, bank, guid, updated, body FROM document WHERE guid = ?",
            twin,
            "Overpayments" if kind.endswith("OVERPAYMENT") else "Prepayments",
            identity,
        )
        company.run("UPDATE document SET twin = ? WHERE guid = ?", twin, identity)
    _post(company, identity)
    return identity


def _change(company: Company, given: Mapping[str, Any], row: Row, unit_places: int) -> str:
    identity, status = str(row["guid"]), given.get("Status") or row["status"]
    if row["status"] != "AUTHORISED" or status not in ("AUTHORISED", "DELETED", "VOIDED"):
        raise Refusal("Bank transaction not of valid status for modification (Status)", "Status")
    if row["type"] not in TYPES:
        raise Refusal("Type is not valid: transfers are changed with BankTransfers", "Type")
    if given.get("Type") not in (None, row["type"]):
        raise Refusal("Type cannot be changed", "Type")
    if row["is_reconciled"]:
        raise Refusal(
            "This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement. (IsReconciled)",
            "IsReconciled",
        )
    company.check_unlocked(date.fromisoformat(row["date"][:10]))
    twin = company.one("SELECT * FROM document WHERE guid = ?", row["twin"]) if row["twin"] else None
    if twin is not None and (twin["credited"] or twin["paid"]):
        raise Refusal("This document cannot be edited as it has been allocated or refunded. (Allocations)", "Status")
    if status != "AUTHORISED":
        company.run("UPDATE document SET status = ?, updated = ? WHERE guid = ?", status, company.stamp, identity)
        if twin is not None:
            company.run(
                "UPDATE document SET status = 'VOIDED', due = 0, base_due = 0, updated = ? WHERE guid = ?",
                company.stamp,
                twin["guid"],
            )
        company.back_end.ledger.reverse(identity)
        return identity
    fields = _fields(company, given, row["type"], row, unit_places)
    for guid in (identity, *((twin["guid"],) if twin is not None else ())):
        owed = guid != identity
        company.run(
            "UPDATE document SET contact = :contact, reference = :reference, date = :date, currency = :currency,"
            " rate = :rate, line_amount_types = :line_amount_types, sub_total = :sub_total, total_tax = :total_tax,"
            " total = :total, base_total = :base_total, due = :due, base_due = :base_due, bank = :bank,"
            " is_reconciled = :is_reconciled, updated = :updated, body = :body WHERE guid = :guid",
            {
                **fields,
                "guid": guid,
                "due": fields["total"] if owed else 0,
                "base_due": fields["base_total"] if owed else 0,
                "updated": company.stamp,
            },
        )
    company.back_end.ledger.reverse(identity)
    _post(company, identity)
    return identity


def _fields(company: Company, given: Mapping[str, Any], kind: str, row: Row | None, unit_places: int) -> dict[str, Any]:
    if row is None or given.get("BankAccount") is not None:
        bank = company.account(given.get("BankAccount"), "BankAccount")
    else:
        bank = company.account({"AccountID": row["bank"]}, "BankAccount")
    if bank["type"] != "BANK":
        raise Refusal("BankAccount must be an account of type BANK", "BankAccount")
    currency = bank["currency"] or company.currency
    if given.get("CurrencyCode") not in (None, "", currency):
        raise Refusal(f"CurrencyCode must be {currency}, the currency of the bank account", "CurrencyCode")
    sent_rate = given.get("CurrencyRate")
    if sent_rate is None and row is not None and row["currency"] == currency:
        sent_rate = row["rate"]
    _, rate = company.currency_and_rate(currency, sent_rate)
    on = day(given["Date"], "Date") if given.get("Date") else None
    if on is None:
        on = date.fromisoformat(row["date"][:10]) if row is not None else company.today()
    company.check_unlocked(on)
    body: dict[str, Any] = json.loads(row["body"]) if row is not None else {"LineItems": []}
    coded = kind in ("RECEIVE", "SPEND")
    default = (
        row["line_amount_types"] if row is not None else ("NoTax" if kind.endswith("OVERPAYMENT") else "Exclusive")
    )
    types = given.get("LineAmountTypes") or default
    if types not in LINE_AMOUNT_TYPES:
        raise Refusal("LineAmountTypes must be Exclusive, Inclusive or NoTax", "LineAmountTypes")
    lines = body["LineItems"]
    if given.get("LineItems") is not None or types != default:
        listed = given.get("LineItems")
        lines = new_lines(
            company,
            [{"LineItemID": line.get("LineItemID")} for line in lines] if listed is None else listed,
            line_amount_types=types,
            strict=coded,
            coded=coded,
            unit_places=unit_places,
            kept={line["LineItemID"]: line for line in lines if "LineItemID" in line},
        )
    if not lines:
        raise Refusal("One or more line items must be specified (LineItems)", "LineItems")
    sub_total, tax, total = totals(lines)
    if tax and kind.endswith("OVERPAYMENT"):
        raise Refusal("An overpayment has no tax: its LineAmountTypes must be NoTax", "LineAmountTypes")
    if not 0 < total < 10**13:
        raise Refusal("The Total of a bank transaction must be greater than zero", "Total")
    contact = given.get("Contact")
    return {
        "contact": row["contact"] if row is not None and contact is None else company.contact(contact),
        "reference": text(given["Reference"], "Reference", 255)
        if given.get("Reference") is not None
        else (row["reference"] if row is not None else ""),
        "date": stored_day(on),
        "currency": currency,
        "rate": format(rate, "f"),
        "line_amount_types": types,
        "sub_total": sub_total,
        "total_tax": tax,
        "total": total,
        "base_total": to_base(total, rate),
        "bank": bank["guid"],
        "is_reconciled": int(boolean(given.get("IsReconciled") or False, "IsReconciled")),
        "body": json_text({**body, "LineItems": lines}),
    }


def _post(company: Company, identity: str) -> None:
    row = company.one(
        "SELECT d.*, a.currency AS own FROM document d JOIN account a ON a.guid = d.bank WHERE d.guid = ?", identity
    )
    assert row is not None
    foreign = row["own"] not in (None, company.currency)
    lines = json.loads(row["body"])["LineItems"]
    company.back_end.ledger.post(
        [
            posting.bank_journal(
                source=identity,
                kind=row["type"],
                on=date.fromisoformat(row["date"][:10]),
                lines=line_postings(company, lines) if row["type"] in ("RECEIVE", "SPEND") else [],
                total=row["total"],
                base_total=row["base_total"],
                rate=Decimal(row["rate"]),
                bank=row["bank"],
                own=(lambda document, _base: document) if foreign else (lambda _document, base: base),
                system=company.system,
            )
        ]
    )
