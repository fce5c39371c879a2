from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.servers.exact import exact
from finchat.servers.xero.normalise import moment, normalise, parse

RECORDED = Path(__file__).parents[3].parent / "shared/data/xero"


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("110", "110.00"),
        ("110.5", "110.50"),
        ("0.1", "0.10"),
        ("-0.005", "-0.005"),
        ("1.000000", "1.000000"),
        ("99999999999999.99", "99999999999999.99"),
        ("1e3", "1000.00"),
        ("1.5E-2", "0.015"),
    ],
)
def test_numbers_become_texts_with_the_digits_sent(digits: str, text: str) -> None:
    assert exact(digits) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_no_digit_is_lost(value: Decimal) -> None:
    record = json.loads(f'{{"Amount":{value:f}}}', parse_float=exact, object_hook=normalise)
    assert Decimal(record["Amount"]) == value
    assert len(record["Amount"].partition(".")[2]) >= 2


def test_a_number_of_absurd_size_is_no_json_of_xeros() -> None:
    with pytest.raises(ValueError, match="beyond"):
        parse(b'{"Amount":1e999999999}')
    with pytest.raises(ValueError, match="no number"):
        parse(b'{"Amount":NaN}')


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Date", "/Date(1563753600000+0000)/", "2019-07-22"),
        ("DueDate", "/Date(1563710400000+1200)/", "2019-07-22"),
        ("Date", "/Date(-86400000+0000)/", "1969-12-31"),
        ("PeriodLockDate", "/Date(1254268800000+0000)/", "2009-09-30"),
        ("Date", "2019-07-22T00:00:00", "2019-07-22"),
        ("Date", "2019-07-22", "2019-07-22"),
        ("UpdatedDateUTC", "/Date(1289566516347+0000)/", "2010-11-12T12:55:16.347000Z"),
        ("UpdatedDateUTC", "/Date(1588633397422)/", "2020-05-04T23:03:17.422000Z"),
        ("UpdatedDateUTC", "2020-05-04T23:03:17.422", "2020-05-04T23:03:17.422000Z"),
        ("Date", "/Date(99999999999999999)/", "/Date(99999999999999999)/"),
        ("Date", "soon", "soon"),
    ],
)
def test_dates_are_plain_dates_and_instants_are_utc(name: str, value: str, text: str) -> None:
    assert moment(name, value) == text


def test_the_string_twins_go_and_a_lone_one_becomes_the_date() -> None:
    assert normalise({"Date": "/Date(1563753600000+0000)/", "DateString": "2019-07-22T00:00:00"}) == {
        "Date": "2019-07-22"
    }
    assert normalise({"DueDateString": "2019-08-01T00:00:00"}) == {"DueDate": "2019-08-01"}
    assert normalise({"StatusAttributeString": "OK"}) == {"StatusAttributeString": "OK"}


def test_ledger_text_that_looks_like_a_date_stays_text() -> None:
    record = {"Reference": "/Date(1563753600000+0000)/", "Description": "2019-07-22T00:00:00"}
    assert normalise(record) == record


def test_counts_stay_numbers_and_amounts_do_not() -> None:
    record = parse(b'{"FinancialYearEndDay":31,"page":2,"AmountDue":0,"IsReconciled":true,"Total":null}')
    assert record == {"FinancialYearEndDay": 31, "page": 2, "AmountDue": "0.00", "IsReconciled": True, "Total": None}


def test_half_a_character_cannot_break_the_wire() -> None:
    record = parse(rb'{"Name":"a\ud83d\ude00b\ud83d","Emoji\uD83D":["\udc00"]}')
    assert record == {"Name": "a\U0001f600b�", "Emoji�": ["�"]}
    assert json.dumps(record, ensure_ascii=False).encode()


def test_recorded_invoices_keep_every_amount() -> None:
    file = RECORDED / "recorded_nz/invoices_page1_demo_company_nz_2020.json"
    if not file.exists():
        pytest.skip("the recorded data is not beside this checkout")
    raw = json.loads(file.read_text("utf-8"), parse_float=Decimal)["Invoices"]
    clean = parse(file.read_bytes())["Invoices"]
    assert len(raw) == len(clean) == 79

    def compare(before: Any, after: Any) -> None:
        if isinstance(before, dict):
            for name, value in after.items():
                compare(before[name], value)
        elif isinstance(before, list):
            assert len(before) == len(after)
            for one, other in zip(before, after, strict=True):
                compare(one, other)
        elif isinstance(before, Decimal):
            assert isinstance(after, str)
            assert Decimal(after) == before
        elif not (isinstance(before, str) and before.startswith("/Date(")):
            assert before == after

    compare(raw, clean)
    first = clean[0]
    assert (first["Date"], first["DueDate"], first["Total"]) == ("2019-07-22", "2019-08-01", "89.00")
    assert "DateString" not in first
    assert first["LineItems"][0]["Quantity"] == "1.0000"
