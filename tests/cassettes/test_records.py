"""An answer then and now: by record, and blind to what a recording replaced."""

from __future__ import annotations

from typing import Any

import pytest

from finchat.cassettes.records import changes, holds_stand_in


def page(*records: dict[str, Any]) -> dict[str, Any]:
    return {"records": list(records), "count": len(records), "next_cursor": None, "total": len(records)}


def invoice(id: str, **more: Any) -> dict[str, Any]:
    return {"InvoiceID": id, "InvoiceNumber": f"INV-{id}", "BrandingThemeID": "t", "AmountDue": "10.00", **more}


def test_records_are_told_apart_by_their_id_and_not_by_their_place() -> None:
    then = page(invoice("a"), invoice("b"), invoice("c"))
    now = page(invoice("d"), invoice("c", AmountDue="0.00", Payments=[{"Amount": "10.00"}]), invoice("a"))
    found = changes(then, now, "list_all_xero_invoices")
    assert [(one.kind, one.id, one.name) for one in found.records] == [
        ("gone", "b", "INV-b"), ("changed", "c", "INV-c"), ("added", "d", "INV-d"),
    ]  # fmt: skip
    assert found.records[1].fields[0] == ("/AmountDue", "10.00", "0.00")
    assert found.values == []  # how many there are follows from the records


def test_what_is_no_record_is_told_by_its_place() -> None:
    found = changes({"report": {"title": "P&L", "rows": [1, 2]}}, {"report": {"title": "P&L", "rows": [1, 3]}}, "pnl")
    assert (found.records, found.values) == ([], [("/report/rows/1", 2, 3)])
    assert not changes({"records": []}, {"records": []}, "x")


@pytest.mark.parametrize(
    ("recorded", "now", "same"),
    [
        ("xx1@mail.example", "jo@kauri.co.nz", True),
        ("ask xx1@mail.example today", "ask jo@kauri.co.nz today", True),
        ("ask xx1@mail.example today", "ask jo@kauri.co.nz tomorrow", False),
        ("12-3456-9999991-00", "12-3456-7654321-00", True),
        ("12-3456-9999991-00", "12-3456-7654321-01", False),
        ("redacted-1-xxxx", "secret-of-mine!", True),
        ("redacted-1-xxxx", "short", False),
        ("00000000-0000-4000-8000-000000000001", "4d1b4f72-c50a-433c-8dc6-766da4ce20b4", True),
        ("999999.12", "123456.12", False),  # an amount is no account
        ("1000000", "2000000", False),
        ("INV-0041", "INV-0042", False),
    ],
)
def test_a_stand_in_is_taken_for_anything_that_looks_like_it(recorded: str, now: str, same: bool) -> None:
    found = changes(page(invoice("a", Note=recorded)), page(invoice("a", Note=now)), "invoices")
    assert bool(found) is not same


def test_an_argument_that_was_redacted_is_known_for_one() -> None:
    assert holds_stand_in({"where": 'EmailAddress=="xx1@mail.example"'})
    assert holds_stand_in({"ids": ["00000000-0000-4000-8000-000000000001"]})
    assert not holds_stand_in({"where": "Date>=DateTime(2026, 09, 30)", "page_size": 1000})
