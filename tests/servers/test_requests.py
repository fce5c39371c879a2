from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from finchat.servers.failure import Failure
from finchat.servers.requests import BodyRules, page_of, request_of, validate
from finchat.servers.table import Operation
from finchat.servers.xero.server import VENDOR
from finchat.servers.xero.table import XERO
from tests.servers.fake_upstream import GUID, OTHER_GUID, PAYMENT

ROWS = {row.name: row for row in XERO}
PAY = ROWS["create_a_xero_payment"]
INVOICES = ROWS["list_all_xero_invoices"]


def refused(row: Operation, arguments: dict[str, Any]) -> Failure:
    with pytest.raises(Failure) as caught:
        sent(row, arguments)
    assert caught.value.code == "invalid_argument"
    assert caught.value.outcome == "not_sent"
    return caught.value


def sent(row: Operation, arguments: dict[str, Any]) -> bytes:
    validate(row, arguments)
    return request_of(row, arguments, VENDOR.body_rules).body or b""


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in PAYMENT.items() if name not in names}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (without("date"), "date"),
        (without("invoice_id"), "invoice_id"),
        ({**PAYMENT, "credit_note_id": GUID}, "credit_note_id"),
        (without("account_code"), "account_id"),
        ({**PAYMENT, "amuont": "1"}, "amuont"),
        ({**PAYMENT, "amount": "1,234.50"}, "amount"),
        ({**PAYMENT, "amount": "1e3"}, "amount"),
        ({**PAYMENT, "amount": "٣.50"}, "amount"),
        ({**PAYMENT, "amount": "1.50\n"}, "amount"),
        ({**PAYMENT, "amount": 110.5}, "amount"),
        ({**PAYMENT, "date": "2026-02-30"}, "date"),
        ({**PAYMENT, "date": "14/11/2026"}, "date"),
        ({**PAYMENT, "invoice_id": "INV-0042"}, "invoice_id"),
        ({**PAYMENT, "Payments": [{"Amount": "1.00"}]}, "invoice_id"),
        ({"Payments": []}, "Payments"),
        ({"Payments": ["x"]}, "Payments.0"),
        ({"Payments": [{"Amount": "ten"}]}, "Payments.0.Amount"),
        ({"Payments": [{"Amount": "1.00", "IsReconciled": True}]}, "Payments.0.IsReconciled"),
        ({"Payments": [{"Amount": 0.1234567890123456}]}, "Payments.0.Amount"),
    ],
)
def test_the_argument_at_fault_is_named(arguments: dict[str, Any], field: str) -> None:
    failure = refused(PAY, arguments)
    assert failure.field == field
    assert failure.next


def test_a_field_inside_a_line_is_named_with_its_place() -> None:
    line = {"Description": "x", "UnitAmount": "10.00", "Acount": "200"}
    arguments = {"type": "ACCREC", "contact_id": GUID, "date": "2026-11-14", "line_items": [line]}
    assert refused(ROWS["create_a_xero_invoice"], arguments).field == "line_items.0.Acount"


def test_flat_arguments_are_nested_where_the_table_says_and_amounts_keep_their_digits() -> None:
    body = sent(PAY, {**PAYMENT, "amount": "110.50", "currency_rate": "0.573921"})
    assert body == (
        b'{"Payments":[{"Account":{"Code":"090"},"Amount":110.50,"CurrencyRate":0.573921,'
        b'"Date":"2026-11-14","Invoice":{"InvoiceID":"' + GUID.encode() + b'"}}]}'
    )


def test_a_published_list_of_records_goes_through_with_amounts_as_numbers() -> None:
    record = {"Invoice": {"InvoiceID": GUID}, "Account": {"Code": "090"}, "Date": "2026-11-14", "Amount": "110.50"}
    assert b'"Amount":110.50' in sent(PAY, {"Payments": [record]})
    assert b'"Amount":110.5,' in sent(PAY, {"Payments": [{**record, "Amount": 110.5}]})


def test_amounts_inside_lines_are_sent_as_numbers_and_codes_stay_texts() -> None:
    line = {"Description": "Consulting", "Quantity": "1.5", "UnitAmount": "99.95", "AccountCode": "200"}
    arguments = {"type": "ACCREC", "contact_id": GUID, "date": "2026-11-14", "line_items": [line]}
    body = sent(ROWS["create_a_xero_invoice"], arguments)
    assert b'"AccountCode":"200","Description":"Consulting","Quantity":1.5,"UnitAmount":99.95' in body


def test_a_record_that_is_not_wrapped_is_sent_bare() -> None:
    body = sent(ROWS["create_a_xero_account"], {"code": "455", "name": "Fuel", "type": "EXPENSE"})
    assert body == b'{"Code":"455","Name":"Fuel","Type":"EXPENSE"}'


def test_deleting_a_payment_sends_its_fixed_body() -> None:
    assert sent(ROWS["delete_a_xero_payment_by_id"], {"id": GUID}) == b'{"Payments":[{"Status":"DELETED"}]}'


def test_an_update_without_a_change_is_refused() -> None:
    assert refused(ROWS["update_a_xero_contact_by_id"], {"id": GUID}).message == "nothing to write"


def test_list_arguments_become_the_vendors_query() -> None:
    arguments = {
        "where": 'Status=="AUTHORISED" AND AmountDue>0',
        "ids": [GUID, OTHER_GUID],
        "summary_only": True,
        "modified_since": "2026-11-01T00:00:00+13:00",
    }
    validate(INVOICES, arguments)
    request = request_of(INVOICES, arguments, VENDOR.body_rules)
    assert request.query == {
        "where": 'Status=="AUTHORISED" AND AmountDue>0',
        "IDs": f"{GUID},{OTHER_GUID}",
        "summaryOnly": "true",
        "order": "InvoiceID ASC",
    }
    assert request.headers == {"If-Modified-Since": "2026-10-31T11:00:00"}
    assert (request.body, request.writes) == (None, False)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"ids": ["INV-1"]}, "ids.0"),
        ({"invoice_numbers": ["A,B"]}, "invoice_numbers.0"),
        ({"modified_since": "yesterday"}, "modified_since"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"page_size": True}, "page_size"),
        ({"where": "x" * 4001}, "where"),
        ({"invoice_numbers": ["é" * 30] * 50}, "invoice_numbers"),
    ],
)
def test_a_list_argument_at_fault_is_named(arguments: dict[str, Any], field: str) -> None:
    assert refused(INVOICES, arguments).field == field


@pytest.mark.parametrize("id", ["..", ".", "a\nb", ""])
def test_an_id_that_could_lead_elsewhere_is_refused(id: str) -> None:
    assert refused(ROWS["get_single_xero_invoice_by_id"], {"id": id}).field == "id"


def test_a_number_with_a_slash_stays_one_segment() -> None:
    row = ROWS["get_single_xero_invoice_by_id"]
    assert request_of(row, {"id": "INV/../7 ?#%"}, VENDOR.body_rules).path == "Invoices/INV%2F..%2F7%20%3F%23%25"


def test_half_a_character_is_refused_before_sending() -> None:
    assert "surrogate" in refused(PAY, {**PAYMENT, "reference": "\ud83d"}).message


def test_the_idempotency_key_travels_as_a_header_of_writes_only() -> None:
    assert request_of(PAY, PAYMENT, BodyRules(), idempotency_key="k-1").headers == {"Idempotency-Key": "k-1"}
    assert request_of(INVOICES, {}, BodyRules(), idempotency_key="k-1").headers == {}


def test_a_cursor_is_good_for_the_call_it_came_from_only() -> None:
    arguments = {"where": 'Status=="PAID"', "page_size": 10}
    cursor = page_of(INVOICES, arguments).next_cursor()
    second = page_of(INVOICES, {**arguments, "cursor": cursor})
    assert (second.number, second.size) == (2, 10)
    for row, others in (
        (INVOICES, {**arguments, "where": 'Status=="VOIDED"'}),
        (INVOICES, {**arguments, "page_size": 11}),
        (ROWS["list_all_xero_payments"], arguments),
    ):
        with pytest.raises(Failure) as caught:
            page_of(row, {**others, "cursor": cursor})
        assert caught.value.field == "cursor"


@pytest.mark.parametrize("cursor", ["", "2", "e30=", "eyJwYWdlIjp0cnVlfQ==", "naïve", "x" * 200])
def test_a_cursor_nobody_gave_out_is_refused(cursor: str) -> None:
    with pytest.raises(Failure) as caught:
        page_of(INVOICES, {"cursor": cursor})
    assert caught.value.field == "cursor"


def test_amounts_are_never_floats_on_the_way() -> None:
    rules = BodyRules(decimals=frozenset({"Amount"}))
    body = request_of(PAY, {**PAYMENT, "amount": "99999999999999.99"}, rules).body
    assert body is not None
    assert b'"Amount":99999999999999.99' in body
    assert Decimal("99999999999999.99") != Decimal(float("99999999999999.99"))
