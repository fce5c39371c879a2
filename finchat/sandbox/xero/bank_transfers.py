"""Transfers between the organisation's own bank accounts: two bank transactions made, shown and deleted as one.

Each side posts against the bank transfers account, which the other side clears.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from finchat.sandbox.xero import posting, tracking
from finchat.sandbox.xero.company import Company, Row, json_text
from finchat.sandbox.xero.errors import Refusal
from finchat.sandbox.xero.values import boolean, day, guid_or_none, minor, stored_day, text, to_base

_MOST = 10**13


def save(company: Company, given: Any, *, create_only: bool, key: str | None) -> str:
    """Create a transfer, or delete the one named: nothing else of it can be changed. Its GUID. Raises Refusal."""
    if not isinstance(given, Mapping):
        raise Refusal("BankTransfers must hold objects", "BankTransfers")
    wanted = key or given.get("BankTransferID")
    if create_only:
        if wanted:
            raise Refusal("BankTransferID must not be given when creating", "BankTransferID")
        return _create(company, given)
    if not wanted:
        raise Refusal("BankTransferID must be given to delete a bank transfer", "BankTransferID")
    return _delete(company, given, text(wanted, "BankTransferID", 60))


def _create(company: Company, given: Mapping[str, Any]) -> str:
    if given.get("Status") not in (None, "AUTHORISED"):
        raise Refusal("Bank transfer not of valid status for creation (Status)", "Status")
    source, target = _account(company, given, "FromBankAccount"), _account(company, given, "ToBankAccount")
    if source["guid"] == target["guid"]:
        raise Refusal("FromBankAccount and ToBankAccount must be different accounts", "ToBankAccount")
    own = source["currency"] or company.currency
    if own != (target["currency"] or company.currency):
        raise Refusal("Bank transfers between accounts in different currencies are not supported", "ToBankAccount")
    if given.get("Amount") is None:
        raise Refusal("Amount must be specified", "Amount")
    amount = minor(given["Amount"], "Amount")
    if not 0 < amount < _MOST:
        raise Refusal("Amount must be greater than zero (Amount)", "Amount")
    on = day(given["Date"], "Date") if given.get("Date") else company.today()
    company.check_unlocked(on)
    _, rate = company.currency_and_rate(own, given.get("CurrencyRate"))
    base = to_base(amount, rate)
    if base <= 0:
        raise Refusal("Amount is less than a cent of the base currency", "Amount")
    reference = text(given.get("Reference"), "Reference", 255)
    identity = str(uuid4())
    sides: dict[str, str] = {}
    for side, account in (("From", source), ("To", target)):
        sides[side] = _half(
            company,
            kind="SPEND-TRANSFER" if side == "From" else "RECEIVE-TRANSFER",
            bank=account,
            amount=amount,
            base=base,
            rate=rate,
            currency=own,
            on=on,
            reference=reference,
            reconciled=boolean(given.get(f"{side}IsReconciled") or False, f"{side}IsReconciled"),
        )
    company.run(
        "INSERT INTO transfer(guid, from_half, to_half, status, created, updated, from_tracking, to_tracking)"
        " VALUES(?,?,?,'AUTHORISED',?,?,?,?)",
        identity,
        sides["From"],
        sides["To"],
        company.stamp,
        company.stamp,
        *(json_text(tracking.resolved(company, given.get(name), name)) for name in ("FromTracking", "ToTracking")),
    )
    return identity


def _account(company: Company, given: Mapping[str, Any], name: str) -> Row:
    account = company.account(given.get(name), name)
    if account["type"] != "BANK":
        raise Refusal(f"{name} must be an account of type BANK", name)
    return account


def _half(
    company: Company,
    *,
    kind: str,
    bank: Row,
    amount: int,
    base: int,
    rate: Decimal,
    currency: str,
    on: date,
    reference: str,
    reconciled: bool,
) -> str:
    identity = str(uuid4())
    company.run(
        "INSERT INTO document(guid, resource, type, status, reference, date, currency, rate, line_amount_types,"
        " sub_total, total_tax, total, due, base_total, base_due, bank, is_reconciled, updated, body)"
        " VALUES(:guid, 'BankTransactions', :type, 'AUTHORISED', :reference, :date, :currency, :rate, 'NoTax',"
        " :total, 0, :total, 0, :base, 0, :bank, :reconciled, :updated, :body)",
        {
            "guid": identity,
            "type": kind,
            "reference": reference,
            "date": stored_day(on),
            "currency": currency,
            "rate": format(rate, "f"),
            "total": amount,
            "base": base,
            "bank": bank["guid"],
            "reconciled": int(reconciled),
            "updated": company.stamp,
            "body": json_text({"LineItems": []}),
        },
    )
    foreign = currency != company.currency
    company.back_end.ledger.post(
        [
            posting.bank_journal(
                source=identity,
                kind=kind,
                on=on,
                lines=[],
                total=amount,
                base_total=base,
                rate=rate,
                bank=bank["guid"],
                own=(lambda document, _base: document) if foreign else (lambda _document, base: base),
                system=company.system,
            )
        ]
    )
    return identity


def _delete(company: Company, given: Mapping[str, Any], key: str) -> str:
    row = company.one("SELECT * FROM transfer WHERE guid = ?", guid_or_none(key))
    if row is None:
        raise Refusal("The document with the supplied id was not found for this endpoint.", "BankTransferID")
    if given.get("Status") != "DELETED":
        raise Refusal("A bank transfer can only be changed to Status DELETED", "Status")
    if row["status"] == "DELETED":
        raise Refusal("Bank transfer not of valid status for modification (Status)", "Status")
    halves = [company.one("SELECT * FROM document WHERE guid = ?", row[side]) for side in ("from_half", "to_half")]
    for side, half in zip(("From", "To"), halves, strict=True):
        assert half is not None
        if half["is_reconciled"]:
            raise Refusal(
                "This Bank Transfer cannot be edited as it has been reconciled with a Bank Statement."
                f" ({side}IsReconciled)",
                f"{side}IsReconciled",
            )
        company.check_unlocked(date.fromisoformat(half["date"][:10]))
    for half in halves:
        assert half is not None
        company.run("UPDATE document SET status = 'DELETED', updated = ? WHERE guid = ?", company.stamp, half["guid"])
        company.back_end.ledger.reverse(half["guid"])
    company.run("UPDATE transfer SET status = 'DELETED', updated = ? WHERE guid = ?", company.stamp, row["guid"])
    return str(row["guid"])
