from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from finchat.servers.quickbooks.normalise import parse
from finchat.servers.quickbooks.reports import flatten

SHARED = Path(__file__).parents[3].parent / "shared/data/quickbooks"


def cells(*values: str, id: str | None = None) -> dict[str, Any]:
    first = {"value": values[0]} | ({"id": id} if id else {})
    return {"ColData": [first, *({"value": value} for value in values[1:])]}


def report(columns: list[tuple[str, str]], *rows: Any, empty: str = "false") -> dict[str, Any]:
    return {
        "Header": {
            "ReportName": "ProfitAndLoss",
            "ReportBasis": "Accrual",
            "StartPeriod": "2026-10-01",
            "EndPeriod": "2026-10-31",
            "Currency": "USD",
            "Option": [{"Name": "NoReportData", "Value": empty}],
        },
        "Columns": {"Column": [{"ColTitle": title, "ColType": kind} for title, kind in columns]},
        "Rows": {"Row": list(rows)},
    }


def test_a_profit_and_loss_becomes_records_with_sections_and_totals() -> None:
    parent = {
        "Header": cells("Landscaping", "10.00", id="45"),
        "Rows": {"Row": [{**cells("Pest control", "-.5", id="54"), "type": "Data"}]},
        "Summary": cells("Total Landscaping", "9.50"),
        "type": "Section",
    }
    income = {"Header": cells("Income", ""), "Rows": {"Row": [parent]}, "Summary": cells("Total Income", "9.50")}
    gross = {"Summary": cells("Gross Profit", "9.50"), "group": "GrossProfit"}
    records, head = flatten(
        report([("", "Account"), ("Total", "Money")], {**income, "group": "Income"}, gross), "summed"
    )
    assert [(r["row"], r["section"], r["name"], r["amount"]) for r in records] == [
        ("account", "Income", "Landscaping", "10.00"),
        ("account", "Landscaping", "Pest control", "-0.50"),
        ("summary", "Landscaping", "Total Landscaping", "9.50"),
        ("summary", "Income", "Total Income", "9.50"),
        ("summary", "", "Gross Profit", "9.50"),
    ]
    assert (records[0]["id"], records[-1]["group"]) == ("45", "GrossProfit")
    assert (head["basis"], head["from"], head["columns"], head["empty"]) == ("Accrual", "2026-10-01", ["Total"], False)


def test_several_columns_give_several_amounts() -> None:
    row = cells("Sales", "1.00", "", "1.00", id="1")
    columns = [("", "Account"), ("Oct 2026", "Money"), ("Nov 2026", "Money"), ("Total", "Money")]
    ((record,), head) = flatten(report(columns, row), "summed")
    assert record["amounts"] == ["1.00", None, "1.00"]
    assert head["columns"] == ["Oct 2026", "Nov 2026", "Total"]


def test_a_detail_is_keyed_by_its_columns_with_ids_beside() -> None:
    columns = [("Date", "tx_date"), ("Num", "doc_num"), ("Name", "name"), ("Amount", "subt_nat_amount")]
    row = cells("2026-11-01", "00071", "Amy's", "100")
    row["ColData"][2]["id"] = "1"
    section = {"Header": cells("Checking", "", "", "", id="35"), "Rows": {"Row": [row]}}
    ((record,), _) = flatten(report(columns, section), "columns")
    assert record == {
        "row": "line",
        "section": "Checking",
        "date": "2026-11-01",
        "num": "00071",
        "name": "Amy's",
        "name_id": "1",
        "amount": "100.00",
    }


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded reports are not there")
def test_recorded_reports_are_read() -> None:
    for file in sorted(SHARED.glob("recorded/reports_*.json")):
        for pair in json.loads(file.read_text("utf-8")):
            shape = "columns" if pair["response_json"]["Header"]["ReportName"] == "GeneralLedger" else "summed"
            records, head = flatten(parse(json.dumps(pair["response_json"]).encode()), shape)  # type: ignore[arg-type]
            assert records
            assert head["currency"] == "USD"
    general = json.loads((SHARED / "recorded/reports_gl.json").read_text("utf-8"))[0]["response_json"]
    records, _ = flatten(parse(json.dumps(general).encode()), "columns")
    sale = next(record for record in records if record.get("num") == "1041")
    assert (sale["transaction_type"], sale["transaction_type_id"], sale["amount"]) == ("Invoice", "264", "100.00")
