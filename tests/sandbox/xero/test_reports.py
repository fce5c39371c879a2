"""Reports add up from postings, in the vendor's rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.xero.company import CUSTOMER, Client, back_end, bill, invoice, line, payment


@pytest.fixture
async def client() -> Client:
    """Sales of 100 in May and 300 in November, a rent bill of 50 in November, 115 paid."""
    made = Client(back_end())
    first = await made.done("PUT", "Invoices", invoice("100.00", Date="2026-05-10"))
    await made.done("PUT", "Invoices", invoice("300.00"))
    await made.done("PUT", "Invoices", bill("50.00"))
    await made.done("PUT", "Payments", payment(first, "115.00", Date="2026-06-01"))
    return made


def cells(report: dict[str, Any]) -> dict[str, list[str]]:
    """Every row of a report by its first cell."""
    found: dict[str, list[str]] = {}
    for section in report["Rows"]:
        for row in section.get("Rows", ()):
            values = [cell["Value"] for cell in row["Cells"]]
            found[values[0]] = values[1:]
    return found


async def report(client: Client, name: str, **query: str) -> dict[str, Any]:
    return await client.done("GET", f"Reports/{name}", params=query)


async def test_profit_and_loss_adds_up_by_period(client: Client) -> None:
    found = await report(client, "ProfitAndLoss", fromDate="2026-11-01", toDate="2026-11-30", periods="6")
    rows = cells(found)
    assert rows["Sales"] == ["300.00", "0.00", "0.00", "0.00", "0.00", "0.00", "100.00"]
    assert rows["Total Operating Expenses"][0] == "50.00"
    assert rows["Gross Profit"][0] == "300.00"
    assert rows["Net Profit"] == ["250.00", "0.00", "0.00", "0.00", "0.00", "0.00", "100.00"]
    assert found["Rows"][0]["Cells"][1]["Value"] == "30 Nov 2026"
    assert found["ReportTitles"] == ["Profit and Loss", "Kauri Joinery", "1 November 2026 to 30 November 2026"]


async def test_the_balance_sheet_balances(client: Client) -> None:
    rows = cells(await report(client, "BalanceSheet", date="2026-11-30"))
    assert rows["Cheque"] == ["115.00"]
    assert rows["Accounts Receivable"] == ["345.00"]
    assert rows["Accounts Payable"] == ["57.50"]
    assert rows["Current Year Earnings"] == ["350.00"]
    assert rows["Net Assets"] == rows["Total Equity"] == ["350.00"]


async def test_a_closed_year_becomes_retained_earnings(client: Client) -> None:
    rows = cells(await report(client, "BalanceSheet", date="2027-04-30"))
    assert rows["Retained Earnings"] == ["350.00"]
    assert "Current Year Earnings" not in rows
    assert rows["Net Assets"] == rows["Total Equity"]
    trial = cells(await report(client, "TrialBalance", date="2027-04-30"))
    assert trial["Retained Earnings"] == ["", "0.00", "", "350.00"]
    assert trial["Total"][2] == trial["Total"][3]


async def test_the_trial_balance_splits_month_and_year(client: Client) -> None:
    rows = cells(await report(client, "TrialBalance", date="2026-11-30"))
    assert rows["Sales (200)"] == ["", "300.00", "", "400.00"]
    assert rows["Cheque (090)"] == ["0.00", "", "115.00", ""]
    assert rows["Accounts Receivable (610)"] == ["345.00", "", "345.00", ""]
    assert rows["Total"][0] == rows["Total"][1]
    assert rows["Total"][2] == rows["Total"][3]


async def test_rows_carry_their_account(client: Client) -> None:
    found = await report(client, "TrialBalance", date="2026-11-30")
    row = found["Rows"][1]["Rows"][0]
    assert row["Cells"][0]["Attributes"][0]["Id"] == "account"


async def test_a_void_leaves_no_trace_in_any_period(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice("999.00", LineItems=[line("999.00")]))
    await client.done("POST", f"Invoices/{made['InvoiceID']}", {"Status": "VOIDED"})
    rows = cells(await report(client, "ProfitAndLoss", fromDate="2026-11-01", toDate="2026-11-30"))
    assert rows["Net Profit"] == ["250.00"]


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("ProfitAndLoss", {"fromDate": "x"}, "fromDate"),
        ("ProfitAndLoss", {"fromDate": "2026-11-02", "toDate": "2026-11-01"}, "toDate"),
        ("ProfitAndLoss", {"periods": "99"}, "periods"),
        ("BalanceSheet", {"timeframe": "WEEK"}, "timeframe"),
        ("TrialBalance", {"paymentsOnly": "true"}, "paymentsOnly"),
    ],
)
async def test_a_wrong_report_parameter_is_named(client: Client, name: str, query: dict[str, str], field: str) -> None:
    response = await client.send("GET", f"Reports/{name}", params=query)
    assert (response.status_code, response.json()["Field"]) == (400, field)


async def test_balances_in_python_and_over_http_agree(client: Client) -> None:
    rows = cells(await report(client, "TrialBalance", date="2026-11-30"))
    balances = client.back.balances()
    assert Decimal(balances["receivables"]) == Decimal(rows["Accounts Receivable (610)"][2])
    assert Decimal(balances["payables"]) == Decimal(rows["Accounts Payable (800)"][3])
    contact = await client.done("GET", f"Contacts/{CUSTOMER}")
    assert contact["ContactNumber"] == "C-1"
