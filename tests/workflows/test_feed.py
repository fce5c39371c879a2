"""The neutral feed file: read exactly, and every mistake in it named by file and field."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.documents import Account
from finchat.errors import UsageError
from finchat.workflows import feed

ACCOUNTS = {
    a.id: a
    for a in (
        Account(id="a-1", code="090", name="Business", kind="bank", currency="NZD"),
        Account(id="a-2", code="091", name="Savings", kind="bank", currency="NZD"),
        Account(id="a-3", code="200", name="Sales", kind="revenue", currency="NZD"),
    )
}
LINE = {"id": "x1", "date": "2026-11-19", "type": "RECEIVE", "amount": "1150.00", "currency": "NZD", "fitid": "F1"}


def written(tmp_path: Path, data: Any) -> Path:
    path = tmp_path / "feed.json"
    path.write_text(json.dumps(data), "utf-8")
    return path


def test_the_object_form_says_its_account(tmp_path: Path) -> None:
    path = written(tmp_path, {"account_code": "091", "currency": "NZD", "lines": [{**LINE, "narration": "ACME 7"}]})
    (line,) = feed.bank_lines(feed.read(path), ACCOUNTS)
    assert (line.account_id, line.source, line.source_id, line.date) == ("a-2", "feed", "x1", date(2026, 11, 19))
    assert (line.amount, line.direction, line.narration) == (Decimal("1150.00"), "receive", "ACME 7")


def test_a_plain_list_needs_to_be_told_its_account_when_there_are_two(tmp_path: Path) -> None:
    read = feed.read(written(tmp_path, [LINE]))
    with pytest.raises(UsageError, match="does not say which bank account") as caught:
        feed.bank_lines(read, ACCOUNTS)
    assert caught.value.next is not None
    assert "090|091" in caught.value.next
    (line,) = feed.bank_lines(read, ACCOUNTS, "090")
    assert line.account_id == "a-1"


@pytest.mark.parametrize("amount", ["1.005", "0.001"])
def test_an_amount_finer_than_the_currency_is_named_by_its_line_and_field(amount: str, tmp_path: Path) -> None:
    read = feed.read(written(tmp_path, {"account_id": "a-1", "lines": [LINE, {**LINE, "id": "x2", "amount": amount}]}))
    with pytest.raises(UsageError, match=rf"line 2 \(x2\), amount is {amount}") as caught:
        feed.bank_lines(read, ACCOUNTS)
    assert caught.value.field == "line 2 (x2), amount"


def test_lines_of_another_account_than_the_wanted_one_are_left_out(tmp_path: Path) -> None:
    read = feed.read(written(tmp_path, {"account_id": "a-1", "lines": [LINE]}))
    assert feed.bank_lines(read, ACCOUNTS, "091") == ()


def test_two_identical_lines_stay_two_and_keep_their_ids_in_a_longer_file(tmp_path: Path) -> None:
    twin = {k: v for k, v in LINE.items() if k != "fitid"}
    short = feed.bank_lines(feed.read(written(tmp_path, [twin, twin])), ACCOUNTS, "090")
    assert len({line.id for line in short}) == 2
    older = {**twin, "date": "2026-11-01", "id": "x0"}
    long = feed.bank_lines(feed.read(written(tmp_path, [older, twin, twin])), ACCOUNTS, "090")
    assert {line.id for line in short} < {line.id for line in long}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([{**LINE, "amount": "1,150.00"}], "[0].amount"),
        ([{**LINE, "amount": "0.00"}], "[0].amount"),
        ([LINE, {**LINE, "date": "19/11/2026"}], "[1].date"),
        ({"lines": [{**LINE, "type": "CREDIT"}]}, "lines[0].type"),
        ({"lines": [{**LINE, "payee": 7}]}, "lines[0].payee"),
        ({"lines": "none"}, "lines"),
    ],
)
def test_a_mistake_is_named_by_file_and_field(tmp_path: Path, data: Any, field: str) -> None:
    path = written(tmp_path, data)
    with pytest.raises(UsageError) as caught:
        feed.read(path)
    assert caught.value.field == field
    assert str(path) in caught.value.message


def test_a_line_in_another_currency_than_its_account_is_refused(tmp_path: Path) -> None:
    read = feed.read(written(tmp_path, {"account_code": "090", "lines": [{**LINE, "currency": "EUR"}]}))
    with pytest.raises(UsageError, match="account 090 is in NZD"):
        feed.bank_lines(read, ACCOUNTS)


def test_no_file_and_no_json_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        feed.read(tmp_path / "missing.json")
    broken = tmp_path / "broken.json"
    broken.write_text('{"lines": [', "utf-8")
    with pytest.raises(UsageError, match=r"broken\.json"):
        feed.read(broken)
