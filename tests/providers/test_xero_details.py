"""The profit and loss report as lines in sections, and nested records that were deleted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from finchat.books.documents import Account
from finchat.books.periods import Window
from finchat.books.profit import tie_out, totals
from finchat.providers.xero import details

TODAY = date(2026, 11, 20)

DOCUMENT: dict[str, Any] = {
    "InvoiceID": "i", "Type": "ACCREC", "Status": "AUTHORISED", "Date": "2026-10-01", "Total": "115.00",
    "AmountDue": "65.00", "AmountPaid": "50.00", "CurrencyCode": "NZD", "Contact": {"ContactID": "c", "Name": "C"},
    "Payments": [
        {"PaymentID": "p", "Date": "2026-10-05", "Amount": "50.00"},
        {"PaymentID": "q", "Date": "2026-10-06", "Amount": "9.00", "Status": "DELETED"},
    ],
}  # fmt: skip


def row(kind: str, section: str, name: str, amount: str, account: str = "") -> dict[str, Any]:
    return {
        "row": kind,
        "section": section,
        "name": name,
        "amount": amount,
        **({"account_id": account} if account else {}),
    }


def account(id: str, type_: str) -> Account:
    return Account(id=id, code=id, name=id, kind="expense", currency="NZD", type=type_)


def test_sections_are_known_by_heading_then_by_account_type_and_the_rest_is_tied_out() -> None:
    accounts = {a.id: a for a in (account("1", "DIRECTCOSTS"), account("2", "OVERHEADS"))}
    report = details.profit_report(
        [
            row("account", "Income", "Sales", "100.00", "9"),
            row("summary", "Income", "Total Income", "100.00"),
            row("account", "Our very own heading", "Freight", "30.00", "1"),
            row("line", "", "Gross Profit", "70.00"),
            row("account", "Plus Other Income", "Rebates", "5.00", "2"),
            row("line", "Foreign Currency Gains and Losses", "Unrealised Currency Gains", "-2.00"),
            row("account", "Less Something Else", "Donations", "3.00", "8"),
            row("line", "", "Net Profit", "70.00"),
        ],
        accounts,
        currency="NZD",
        window=Window(TODAY, TODAY),
        basis="accrual",
    )
    assert {line.name: line.section for line in report.lines} == {
        "Sales": "revenue", "Freight": "cost_of_sales", "Rebates": "other_income",
        "Unrealised Currency Gains": "other_income", "Donations": "other_expenses",
    }  # fmt: skip
    assert totals(report.lines).net_profit == Decimal("70.00")
    assert tie_out(report).difference == 0
    assert totals(report.lines).gross_profit == Decimal("70.00")


def test_a_payment_that_was_deleted_settles_nothing() -> None:
    assert details.receivable(DOCUMENT, "NZD").paid == ((TODAY.replace(month=10, day=5), Decimal("50.00")),)
    found = details.detail(DOCUMENT, "NZD")
    assert (found.amount_paid, found.unexplained) == (Decimal("50.00"), Decimal(0))


def test_what_is_due_and_not_explained_is_shown() -> None:
    odd = details.detail({**DOCUMENT, "AmountDue": "60.00"}, "NZD")
    assert odd.unexplained == Decimal("5.00")
    assert details.detail({**DOCUMENT, "Status": "DRAFT", "AmountDue": "0"}, "NZD").unexplained == 0


def test_terms_are_read_where_a_contact_has_them() -> None:
    terms = {"Bills": {"Day": 15, "Type": "DAYSAFTERBILLDATE"}, "Sales": {}}
    told = details.contact({"ContactID": "c", "Name": "C", "PaymentTerms": terms})
    assert [(t.side, t.text) for t in told.terms] == [("bills", "15 days after the document's date")]
    assert details.contact({"ContactID": "c", "Name": "C"}).terms == ()
