from __future__ import annotations

from typing import Any

from finchat.servers.xero.reports import flatten


def cells(*values: str, account: str | None = None, **attributes: str) -> dict[str, Any]:
    found = [{"Value": value, "Id": name} for name, value in attributes.items()]
    if account:
        found.append({"Value": account, "Id": "account"})
    return {"RowType": "Row", "Cells": [{"Value": value, "Attributes": found} for value in values]}


def header(*values: str) -> dict[str, Any]:
    return {"RowType": "Header", "Cells": [{"Value": value} for value in values]}


def section(title: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"RowType": "Section", "Title": title, "Rows": list(rows)}


def report(*rows: dict[str, Any], name: str = "Report") -> dict[str, Any]:
    return {"ReportName": name, "ReportTitles": [name, "Demo"], "ReportDate": "24 April 2019", "Rows": list(rows)}


def test_a_trial_balance_gives_account_code_and_both_sides() -> None:
    records, head = flatten(
        report(
            header("Account", "Debit", "Credit", "YTD Debit", "YTD Credit"),
            section("Revenue", cells("Sales (NZ) (400)", "", "200.00", "", "1020.22", account="A1")),
            section("", cells("Rounding", "", "", "", "", account="A2")),
            {"RowType": "SummaryRow", "Cells": [{"Value": v} for v in ("Total", "0.00", "200.00", "1", "1020.22")]},
        ),
        "columns",
    )
    assert head["columns"] == ["Account", "Debit", "Credit", "YTD Debit", "YTD Credit"]
    assert records[0] == {
        "row": "account",
        "section": "Revenue",
        "account_id": "A1",
        "code": "400",
        "name": "Sales (NZ)",
        "debit": None,
        "credit": "200.00",
        "ytd_debit": None,
        "ytd_credit": "1020.22",
    }
    assert (records[1]["code"], records[1]["name"]) == (None, "Rounding")
    assert (records[2]["row"], records[2]["ytd_debit"]) == ("summary", "1.00")


def test_a_profit_and_loss_keeps_sections_totals_and_the_result() -> None:
    records, head = flatten(
        report(
            header("", "30 Nov 2026"),
            section(
                "Income",
                cells("Sales", "1000.00", account="A1"),
                {**cells("Total Income", "1000.00"), "RowType": "SummaryRow"},
            ),
            section("", cells("Net Profit", "-1850.00")),
        ),
        "periods",
    )
    assert head["columns"] == ["30 Nov 2026"]
    assert records == [
        {"row": "account", "section": "Income", "account_id": "A1", "name": "Sales", "amount": "1000.00"},
        {"row": "summary", "section": "Income", "name": "Total Income", "amount": "1000.00"},
        {"row": "line", "section": "", "name": "Net Profit", "amount": "-1850.00"},
    ]


def test_several_periods_are_listed_in_the_order_of_the_columns() -> None:
    records, head = flatten(
        report(header("", "Nov", "Oct"), section("Bank", cells("Cheque", "1.00", "", account="A1"))), "periods"
    )
    assert head["columns"] == ["Nov", "Oct"]
    assert (records[0]["amount"], records[0]["amounts"]) == ("1.00", ["1.00", None])


def test_a_heading_without_rows_is_kept_and_dates_of_attributes_are_shown() -> None:
    records, _ = flatten(
        report(
            header("", "24 Apr 2019"),
            section("Assets"),
            section("Equity", cells("Earnings", "5.00", account="E", fromDate="1/1/2019")),
        ),
        "periods",
    )
    assert records[0] == {"row": "section", "section": "Assets"}
    assert records[1]["from_date"] == "1/1/2019"


def test_aged_receivables_are_keyed_by_their_headings() -> None:
    records, _ = flatten(
        report(
            header("Date", "Number", "Due Date", "", "Total", "Paid", "Credited", "Due"),
            section(
                "",
                cells(
                    "2018-05-13 00:00:00",
                    "INV-1",
                    "2018-06-12T00:00:00",
                    "305 days overdue",
                    "100.00",
                    "0.00",
                    "0.00",
                    "100.00",
                    invoiceID="I1",
                ),
            ),
        ),
        "columns",
    )
    assert records == [
        {
            "row": "line",
            "section": "",
            "invoice_id": "I1",
            "date": "2018-05-13",
            "number": "INV-1",
            "due_date": "2018-06-12",
            "note": "305 days overdue",
            "total": "100.00",
            "paid": "0.00",
            "credited": "0.00",
            "due": "100.00",
        }
    ]
