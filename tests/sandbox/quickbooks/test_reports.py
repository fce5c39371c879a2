"""QuickBooks' reports on the seeded company: they agree with its ledger, with one another and with its records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.sandbox.quickbooks import reports
from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd
from finchat.sandbox.quickbooks.errors import Fault
from finchat.sandbox.quickbooks.reports.books import share
from tests.sandbox.quickbooks.seeded import TODAY, api, seeded

YEAR = {"start_date": "2026-01-01", "end_date": "2026-11-20"}
EVER = {"date_macro": "All"}
DAYS = (TODAY, TODAY - timedelta(days=45), date(2026, 6, 30), date(2026, 1, 1), date(2025, 12, 31))
Report = dict[str, Any]


@pytest.fixture(scope="module")
def company() -> Iterator[QuickBooksBackEnd]:
    made = seeded()
    yield made
    made.close()


def run(company: QuickBooksBackEnd, name: str, query: Mapping[str, str] | None = None) -> Report:
    found = reports.run(company, name, query or {})
    assert found is not None
    width = len(found["Columns"]["Column"])
    assert all(len(cells) == width for cells in every(found, "ColData"))
    assert all(isinstance(cell["value"], str) for cells in every(found, "ColData") for cell in cells)
    return found


def every(value: Any, name: str) -> Iterator[Any]:
    """Every member of a name, however deep."""
    if isinstance(value, dict):
        for key, held in value.items():
            if key == name:
                yield held
            yield from every(held, name)
    elif isinstance(value, list):
        for held in value:
            yield from every(held, name)


def rows(found: Report) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = found["Rows"].get("Row", [])
    return listed


def group(found: Any, name: str) -> list[Decimal]:
    """The amounts of the section or row of a group, 0 where it is not there."""
    for row in (row for held in every(found, "Row") for row in held):
        if row.get("group") == name:
            cells = row["Summary"]["ColData"] if "Summary" in row else row["ColData"]
            return [Decimal(cell["value"] or 0) for cell in cells[1:]]
    return [Decimal(0)] * (len(found["Columns"]["Column"]) - 1)


def total(found: Report, name: str) -> Decimal:
    return group(found, name)[-1]


def data(found: Any) -> Iterator[list[dict[str, str]]]:
    """The cells of every row of data, however deep."""
    for row in found.get("Row", []):
        if "ColData" in row and row.get("group") not in ("NetIncome", "BeginningCash"):
            yield row["ColData"]
        yield from data(row.get("Rows", {}))


def standing(company: QuickBooksBackEnd, account_type: str, as_of: date) -> Decimal:
    """What the accounts of a type hold in the ledger, debit positive."""
    ids = company.db.execute(
        "SELECT id FROM record WHERE entity = 'Account' AND json_extract(body, '$.AccountType') = ?", (account_type,)
    )
    held = company.ledger.balances(last=as_of)
    return Decimal(sum(held[id].amount for (id,) in ids if id in held)) / 100


def classes(company: QuickBooksBackEnd) -> dict[str, str]:
    """The classification of each account."""
    rows = company.db.execute("SELECT id, json_extract(body, '$.Classification') FROM record WHERE entity = 'Account'")
    return dict(rows.fetchall())


def test_the_trial_balance_is_the_ledger_with_past_years_in_retained_earnings(company: QuickBooksBackEnd) -> None:
    for day in DAYS:
        found = run(company, "TrialBalance", {"end_date": day.isoformat()})
        debit, credit = group(found, "GrandTotal")
        assert debit == credit > 0
        shown = {
            cells[0]["id"]: Decimal(cells[1]["value"] or 0) - Decimal(cells[2]["value"] or 0)
            for cells in data(found["Rows"])
        }
        held = company.ledger.balances(last=day)
        year = company.ledger.balances(first=company.year_start(day), last=day)
        kinds = classes(company)
        for id, kind in kinds.items():
            if kind in ("Asset", "Liability"):
                assert shown.get(id, 0) * 100 == (held[id].amount if id in held else 0)
            elif kind in ("Revenue", "Expense"):
                assert shown.get(id, 0) * 100 == (year[id].amount if id in year else 0)


def test_the_balance_sheet_balances_and_holds_the_profit_of_the_year(company: QuickBooksBackEnd) -> None:
    for day in DAYS:
        start = company.year_start(day)
        found = run(company, "BalanceSheet", {"start_date": start.isoformat(), "end_date": day.isoformat()})
        assert total(found, "TotalAssets") == total(found, "TotalLiabilitiesAndEquity")
        profit = run(company, "ProfitAndLoss", {"start_date": start.isoformat(), "end_date": day.isoformat()})
        assert total(found, "NetIncome") == total(profit, "NetIncome")
        assert total(found, "AR") == standing(company, "Accounts Receivable", day)
        assert total(found, "AP") == -standing(company, "Accounts Payable", day)


@pytest.mark.parametrize("by", ["Month", "Quarter", "Week"])
def test_a_balance_sheet_by_periods_balances_in_each(company: QuickBooksBackEnd, by: str) -> None:
    found = run(company, "BalanceSheet", YEAR | {"summarize_column_by": by})
    assert group(found, "TotalAssets") == group(found, "TotalLiabilitiesAndEquity")


def test_profit_is_income_less_what_it_cost(company: QuickBooksBackEnd) -> None:
    found = run(company, "ProfitAndLoss", YEAR)
    assert total(found, "Income") > 0
    assert total(found, "GrossProfit") == total(found, "Income") - total(found, "COGS")
    assert total(found, "NetOperatingIncome") == total(found, "GrossProfit") - total(found, "Expenses")
    assert total(found, "NetOtherIncome") == total(found, "OtherIncome") - total(found, "OtherExpenses")
    assert total(found, "NetIncome") == total(found, "NetOperatingIncome") + total(found, "NetOtherIncome")


BY = (
    "Month",
    "Quarter",
    "Year",
    "FiscalQuarter",
    "Week",
    "Customers",
    "Vendors",
    "Classes",
    "Departments",
    "Employees",
)


@pytest.mark.parametrize(
    ("by", "method"),
    [*((by, "Accrual") for by in (*BY, "ProductsAndServices")), ("Month", "Cash"), ("Classes", "Cash")],
)
def test_the_columns_of_a_profit_and_loss_add_up_to_its_total(company: QuickBooksBackEnd, by: str, method: str) -> None:
    found = run(company, "ProfitAndLoss", YEAR | {"summarize_column_by": by, "accounting_method": method})
    for name in ("Income", "COGS", "Expenses", "OtherExpenses", "NetIncome"):
        *columns, whole = group(found, name)
        assert sum(columns) == whole
    plain = run(company, "ProfitAndLoss", YEAR | {"accounting_method": method})
    assert total(found, "NetIncome") == total(plain, "NetIncome")


def test_a_filter_takes_its_own_part(company: QuickBooksBackEnd) -> None:
    by = run(company, "ProfitAndLoss", YEAR | {"summarize_column_by": "Classes"})
    columns = by["Columns"]["Column"][1:-1]
    assert len(columns) > 1
    for column, amount in zip(columns, group(by, "NetIncome"), strict=False):
        (key,) = (meta["Value"] for meta in column["MetaData"] if meta["Name"] == "ColKey")
        if key != "0":
            only = run(company, "ProfitAndLoss", YEAR | {"class": key})
            assert total(only, "NetIncome") == amount
            assert only["Header"]["Class"] == key


@pytest.mark.parametrize(
    ("kind", "who", "account_type", "sign"),
    [("Receivable", "Customer", "Accounts Receivable", 1), ("Payable", "Vendor", "Accounts Payable", -1)],
)
def test_what_is_open_on_any_day_is_the_control_account(
    company: QuickBooksBackEnd, kind: str, who: str, account_type: str, sign: int
) -> None:
    for day in DAYS[::2]:
        on = {"report_date": day.isoformat()}
        control = sign * standing(company, account_type, day)
        assert control
        aged = run(company, f"Aged{kind}s", on)
        *buckets, whole = group(aged, "GrandTotal")
        assert sum(buckets) == whole == control
        assert group(run(company, f"Aged{kind}Detail", on), "GrandTotal")[-1] == control
        assert total(run(company, f"{who}Balance", on), "GrandTotal") == control
        # The last two columns are the open and the running balance, which has no sum.
        assert group(run(company, f"{who}BalanceDetail", on), "GrandTotal")[-2] == control


def test_what_is_open_today_is_what_the_documents_say(company: QuickBooksBackEnd) -> None:
    for name, entities in (("CustomerBalanceDetail", ("Invoice", "CreditMemo", "Payment")),
                           ("VendorBalanceDetail", ("Bill", "VendorCredit"))):  # fmt: skip
        found = run(company, name)
        shown = {cells[1]["id"]: abs(Decimal(cells[5]["value"])) for cells in data(found["Rows"])}
        for entity in entities:
            for id, balance in company.db.execute(
                "SELECT id, home_balance FROM record WHERE entity = ? AND deleted = 0", (entity,)
            ):
                assert shown.get(id, 0) * 100 == abs(balance), (entity, id)


def test_a_report_of_one_customer_has_that_customer_alone(company: QuickBooksBackEnd) -> None:
    every_one = [row["ColData"] for row in rows(run(company, "AgedReceivables")) if "ColData" in row]
    name, *amounts = every_one[0]
    found = run(company, "AgedReceivables", {"customer": name["id"]})
    assert [row["ColData"] for row in rows(found) if "ColData" in row] == [[name, *amounts]]
    assert found["Header"]["Customer"] == name["id"]


def test_the_ageing_periods_are_those_asked_for(company: QuickBooksBackEnd) -> None:
    found = run(company, "AgedReceivables", {"aging_period": "15", "num_periods": "2"})
    titles = [column["ColTitle"] for column in found["Columns"]["Column"]]
    assert titles == ["", "Current", "1 - 15", "16 - 30", "31 and over", "Total"]
    usual = run(company, "AgedReceivables")
    assert total(found, "GrandTotal") == total(usual, "GrandTotal")
    assert sum(group(found, "GrandTotal")[1:3]) == group(usual, "GrandTotal")[1]


def test_cash_at_the_end_is_what_the_banks_and_undeposited_funds_hold(company: QuickBooksBackEnd) -> None:
    found = run(company, "CashFlow", YEAR | {"summarize_column_by": "Quarter"})
    *quarters, whole = group(found, "CashIncrease")
    assert sum(quarters) == whole
    begin = [Decimal(row["ColData"][-1]["value"]) for row in rows(found) if row.get("group") == "BeginningCash"]
    assert total(found, "EndingCash") == begin[0] + whole
    clearing = [held["amount"] for held in company.balances()["other"] if held["control"] == "clearing"]
    assert total(found, "EndingCash") == standing(company, "Bank", TODAY) + sum(map(Decimal, clearing))


def test_the_general_ledger_runs_from_the_balance_before_to_the_balance_after(company: QuickBooksBackEnd) -> None:
    first = date(2026, 10, 1)
    found = run(company, "GeneralLedger", {"start_date": first.isoformat(), "end_date": TODAY.isoformat()})
    before, after = company.ledger.balances(last=first - timedelta(days=1)), company.ledger.balances(last=TODAY)
    sheet = {"Asset": 1, "Liability": -1}
    kinds = classes(company)
    seen = 0
    for section in rows(found):
        id = section["Header"]["ColData"][0]["id"]
        listed = [row["ColData"] for row in section["Rows"]["Row"] if "ColData" in row]
        if not listed or kinds[id] not in sheet:
            continue
        seen += len(listed)
        moved = [cells for cells in listed if cells[0]["value"] != "Beginning Balance"]
        opening = [Decimal(cells[-1]["value"]) for cells in listed if cells[0]["value"] == "Beginning Balance"]
        was = Decimal(before[id].amount if id in before else 0) * sheet[kinds[id]] / 100
        assert (opening or [Decimal(0)]) == [was]
        assert was + sum(Decimal(cells[-2]["value"]) for cells in moved) == Decimal(listed[-1][-1]["value"])
        assert Decimal(listed[-1][-1]["value"]) == Decimal(after[id].amount) * sheet[kinds[id]] / 100
    assert seen > 100


def test_the_list_of_transactions_has_each_document_once(company: QuickBooksBackEnd) -> None:
    found = run(company, "TransactionList", EVER)
    ids = [cells[1]["id"] for cells in data(found["Rows"])]
    counts = company.counts()
    kinds = (
        "Invoice", "Bill", "Payment", "BillPayment", "Purchase", "Deposit", "Transfer", "JournalEntry", "CreditMemo",
        "RefundReceipt", "SalesReceipt", "Estimate", "VendorCredit", "PurchaseOrder",
    )  # fmt: skip
    assert len(ids) == len(set(ids)) == sum(counts.get(kind, 0) for kind in kinds)
    dates = [cells[0]["value"] for cells in data(found["Rows"])]
    assert dates == sorted(dates)
    posting = {cells[1]["value"] for cells in data(found["Rows"]) if cells[3]["value"] == "No"}
    assert posting <= {"Estimate", "Purchase Order"}
    checks = run(company, "TransactionList", EVER | {"transaction_type": "Estimate", "columns": "txn_type,tx_date"})
    assert {cells[0]["value"] for cells in data(checks["Rows"])} == {"Estimate"}
    assert [column["ColTitle"] for column in checks["Columns"]["Column"]] == ["Transaction Type", "Date"]


def test_on_cash_basis_what_is_not_settled_is_not_there(company: QuickBooksBackEnd) -> None:
    cash = EVER | {"accounting_method": "Cash"}
    debit, credit = group(run(company, "TrialBalance", cash), "GrandTotal")
    assert debit == credit
    sheet = run(company, "BalanceSheet", cash)
    assert total(sheet, "TotalAssets") == total(sheet, "TotalLiabilitiesAndEquity")
    assert total(run(company, "ProfitAndLoss", cash), "Income") < total(run(company, "ProfitAndLoss", EVER), "Income")
    # Money does not depend on the basis; nothing is owed to vendors that was not paid ahead.
    plain = run(company, "BalanceSheet", EVER)
    assert total(sheet, "BankAccounts") == total(plain, "BankAccounts")
    assert total(sheet, "AR") <= 0 < total(plain, "AR")


def test_the_parts_of_an_amount_are_the_amount() -> None:
    for amount in (-1001, -1, 0, 1, 99, 12345):
        for whole in (1, 3, 7, 100):
            parts = [share(amount, n, n + 1, whole) for n in range(whole)]
            assert sum(parts) == amount
            assert max(parts) - min(parts) <= 1


async def test_a_payment_moves_a_report_of_its_day_and_none_before() -> None:
    company = seeded()
    with api(company) as client:
        (invoice,) = (await client.query("select * from Invoice where Balance > '100' maxresults 1"))["Invoice"]
        before = await client.get("reports/AgedReceivables")
        earlier = await client.get("reports/AgedReceivables", report_date="2026-11-19")
        paid = {"Amount": 100, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
        payment = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": 100, "TxnDate": "2026-11-20", "Line": [paid]}
        await client.post("payment", payment)
        after = await client.get("reports/AgedReceivables")
        unmoved = await client.get("reports/AgedReceivables", report_date="2026-11-19")
    assert total(before, "GrandTotal") - total(after, "GrandTotal") == 100
    assert rows(unmoved) == rows(earlier)


def test_a_period_without_anything_is_the_recorded_skeleton(company: QuickBooksBackEnd, shared: Path) -> None:
    (pair,) = json.loads((shared / "data/quickbooks/recorded/reports_profit_and_loss.json").read_text("utf-8"))
    asked = {"customer": "1", "start_date": "2015-01-01", "end_date": "2015-07-31", "summarize_column_by": "Customers"}
    found, recorded = run(company, "ProfitAndLoss", asked), pair["response_json"]
    found["Header"]["Time"] = recorded["Header"]["Time"]
    assert found == recorded
    assert list(found["Header"]) == list(recorded["Header"])


def test_the_general_ledger_is_shaped_as_recorded(company: QuickBooksBackEnd, shared: Path) -> None:
    (pair,) = json.loads((shared / "data/quickbooks/recorded/reports_gl.json").read_text("utf-8"))
    found, recorded = run(company, "GeneralLedger"), pair["response_json"]
    assert found["Columns"] == recorded["Columns"]
    assert list(found["Header"]) == list(recorded["Header"])
    assert found["Header"]["DateMacro"] == recorded["Header"]["DateMacro"]

    def shapes(report: Report) -> set[tuple[Any, ...]]:
        """Which members sections, rows and cells have."""
        cells = {tuple(tuple(cell) for cell in row) for row in data(report["Rows"])}
        return {tuple(sorted(row)) for held in every(report, "Row") for row in held} | cells

    assert shapes(recorded) <= shapes(found)


@pytest.mark.parametrize(
    ("name", "query", "code", "element"),
    [
        ("ProfitAndLoss", {"start_date": "soon"}, "2010", "start_date"),
        ("ProfitAndLoss", {"start_date": "2026-02-01", "end_date": "2026-01-01"}, "2010", "end_date"),
        ("ProfitAndLoss", {"summarize_column_by": "Moon"}, "2170", "summarize_column_by"),
        ("ProfitAndLoss", {"date_macro": "This Decade"}, "2170", "date_macro"),
        ("ProfitAndLoss", {"accounting_method": "Barter"}, "2170", "accounting_method"),
        ("BalanceSheet", {"summarize_column_by": "Customers"}, "2170", "summarize_column_by"),
        ("BalanceSheet", {"date_macro": "All", "summarize_column_by": "Days"}, "2010", "summarize_column_by"),
        ("AgedPayables", {"aging_period": "-1"}, "2010", "aging_period"),
        ("AgedPayables", {"num_periods": "9999999"}, "2010", "num_periods"),
    ],
)
def test_a_parameter_that_cannot_be_right_is_named(
    company: QuickBooksBackEnd, name: str, query: dict[str, str], code: str, element: str
) -> None:
    with pytest.raises(Fault) as refused:
        reports.run(company, name, query)
    (problem,) = refused.value.problems
    assert (problem.code, problem.element) == (code, element)


def test_reports_are_found_in_any_case_and_no_others(company: QuickBooksBackEnd) -> None:
    assert run(company, "profitandloss")["Header"]["ReportName"] == "ProfitAndLoss"
    assert reports.run(company, "Profit", {}) is None
    assert len(reports.REPORTS) == 14
