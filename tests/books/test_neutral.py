"""The neutral case files: read strictly, answered in their proposals schema."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from finchat.books.matching import match
from finchat.books.neutral import proposals, read_case
from finchat.errors import UsageError


def _files() -> dict[str, Any]:
    invoice = {
        "id": "I1", "type": "ACCREC", "number": "INV-0042", "reference": "", "contact_id": "C1", "date": "2026-10-01",
        "due_date": "2026-10-21", "currency": "NZD", "total": "500.00", "amount_paid": "0.00", "amount_due": "500.00",
        "status": "AUTHORISED",
    }  # fmt: skip
    bank = {
        "id": "B1", "date": "2026-11-02", "type": "RECEIVE", "amount": "500.00", "currency": "NZD", "payee": "",
        "narration": "KAURI JOINERY INV-0042", "reference": "", "counterparty_account": "", "fitid": "F1",
    }  # fmt: skip
    return {
        "contacts": [
            {"id": "C1", "name": "Kauri Joinery Ltd", "kind": "customer", "currency": "NZD", "bank_account": ""}
        ],
        "invoices": [invoice, {**invoice, "id": "I2", "number": "INV-0043", "amount_due": "77.00", "total": "77.00"}],
        "bank": [bank, {**bank, "id": "B2", "fitid": "F2", "narration": "KAURI JOINERY", "amount": "76.00"}],
        "meta": {"as_of": "2026-11-05", "base_currency": "NZD", "fx": {"2026-11-01": {"EUR": "1.85"}}},
    }


def test_certain_answers_become_links_and_doubtful_ones_ranked_suggestions() -> None:
    books = read_case(_files())
    document = proposals(match(books), books, Decimal("0.1"))
    assert [(x["bank_id"], x["invoice_id"], x["amount"], x["decision"]) for x in document["links"]] == [
        ("B1", "I1", "500.00", "auto")
    ]
    assert document["suggestions"][0]["bank_id"] == "B2"
    assert document["suggestions"][0]["rank"] == 1
    assert document["suggestions"][0]["links"] == [{"invoice_id": "I2", "amount": "76.00"}]
    json.dumps(document, default=str)


def test_a_ledger_case_tells_which_lines_it_already_holds() -> None:
    files = _files()
    files["ledger"] = {
        "accounts": [
            {"id": "BA1", "name": "Operating", "kind": "bank"},
            {"id": "A610", "name": "Waiting", "kind": "liability"},
        ],
        "settings": {"statement_account": "BA1", "clearing_accounts": ["A610"], "own_names": []},
        "bank_transactions": [
            {"id": "RM1", "date": "2026-11-02", "account_id": "BA1", "type": "RECEIVE", "kind": "receive",
             "currency": "NZD", "amount": "500.00", "coded_to": "A610",
             "contact_id": "C1", "lines": 1, "tax": "0.00", "reference": ""},
        ],
    }  # fmt: skip
    books = read_case(files)
    document = proposals(match(books), books)
    assert document["lines"] == [{"bank_id": "B1", "status": "already_settled", "ledger_id": "RM1"}]
    assert document["links"][0]["via"] == "clearing"


@pytest.mark.parametrize(
    ("name", "break_it"),
    [
        ("bank", lambda f: f["bank"][0].update(amount=500.0)),
        ("bank", lambda f: f["bank"][0].update(amount="5e2")),
        ("bank", lambda f: f["bank"][0].update(amount="-500.00")),
        ("bank", lambda f: f["bank"][0].update(type="IN")),
        ("bank", lambda f: f["bank"][0].pop("date")),
        ("invoices", lambda f: f["invoices"][0].update(status="OPEN")),
        ("invoices", lambda f: f["invoices"][0].update(date="1/10/2026")),
        ("invoices", lambda f: f.pop("invoices")),
        ("meta", lambda f: f["meta"].update(as_of="soon")),
        ("contacts", lambda f: f["contacts"][0].pop("name")),
    ],
)
def test_a_malformed_file_is_named(name: str, break_it: Any) -> None:
    files = _files()
    break_it(files)
    with pytest.raises(UsageError) as caught:
        read_case(files)
    assert caught.value.field == f"{name}.json"
    assert caught.value.next


def test_only_invoices_and_bank_lines_are_needed() -> None:
    files = {k: v for k, v in _files().items() if k in ("invoices", "bank")}
    books = read_case(files)
    assert match(books)[0].certain
    assert books.base_currency == "NZD"
