"""Recorded Xero JSON of a company with a given number of sales invoices: `company.py FOLDER INVOICES`.

All unpaid and overdue by the end of November 2026, over 40 customers, with a cost of sales each month; what
`finchat sandbox load FOLDER` takes.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

_CUSTOMERS = 40
_LAST = date(2026, 9, 30)  # the last day invoiced: everything is due before the end of October
_ACCOUNTS = (
    ("090", "Business Bank", "BANK"), ("200", "Sales", "REVENUE"), ("310", "Cost of Goods Sold", "DIRECTCOSTS"),
    ("400", "Advertising", "EXPENSE"), ("469", "Rent", "EXPENSE"),
)  # fmt: skip


def _id(*words: object) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, ("bench", *words)))))


def _at(day: date) -> str:
    return f"/Date({int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000}+0000)/"


def _document(number: str, contact: dict[str, Any], day: date, code: str, dollars: int) -> dict[str, Any]:
    kind = "ACCREC" if code == "200" else "ACCPAY"
    tax = dollars * 0.15
    line = {
        "Description": f"Order {number}", "AccountCode": code, "Quantity": 1.0, "UnitAmount": float(dollars),
        "LineAmount": float(dollars), "TaxAmount": tax, "TaxType": "OUTPUT2" if kind == "ACCREC" else "INPUT2",
    }  # fmt: skip
    total = dollars + tax
    return {
        "InvoiceID": _id(number), "InvoiceNumber": number, "Type": kind, "Status": "AUTHORISED", "Date": _at(day),
        "DueDate": _at(day + timedelta(days=20)), "Contact": contact, "LineAmountTypes": "Exclusive",
        "CurrencyCode": "NZD", "SubTotal": float(dollars), "TotalTax": tax, "Total": total, "AmountDue": total,
        "AmountPaid": 0, "LineItems": [line],
    }  # fmt: skip


def write(folder: Path, invoices: int) -> None:
    """The files of the company."""
    contacts = [{"ContactID": _id("contact", n), "Name": f"Customer {n + 1} Limited"} for n in range(_CUSTOMERS)]
    supplier = {"ContactID": _id("supplier"), "Name": "Harbour Wholesale"}
    documents = [
        _document(
            f"INV-{n + 1:05}", contacts[n % _CUSTOMERS], _LAST - timedelta(days=n % 88), "200", 100 * (n % 53 + 1)
        )
        for n in range(invoices)
    ]
    for month in (7, 8, 9):
        for code, dollars in (("310", 4000), ("400", 700), ("469", 2600)):
            documents.append(_document(f"BILL-{month}-{code}", supplier, date(2026, month, 15), code, dollars))
    tables: dict[str, list[dict[str, Any]]] = {
        "Organisations": [{"Name": f"Bench {invoices}", "BaseCurrency": "NZD", "CountryCode": "NZ"}],
        "Accounts": [
            {"AccountID": _id("account", code), "Code": code, "Name": name, "Type": kind}
            for code, name, kind in _ACCOUNTS
        ],
        "Contacts": [*contacts, supplier],
        "Invoices": documents,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in tables.items():
        answer = {"Id": "1", "Status": "OK", name: records}
        (folder / f"{name}.json").write_text(json.dumps(answer), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
