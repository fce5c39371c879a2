from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finchat.errors import UsageError
from finchat.servers.schemas import OUTPUT, input_schema
from finchat.servers.server import select, tool
from finchat.servers.table import MONEY, Operation, Parameter, Resource, check
from finchat.servers.xero.table import XERO

ENDPOINTS = Path(__file__).parents[2].parent / "shared/data/xero/xero_33_endpoints.json"
# What the tool-calling APIs of the large model providers all accept; anything else is refused or ignored by one.
PORTABLE = {
    "type",
    "properties",
    "required",
    "additionalProperties",
    "description",
    "enum",
    "items",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "examples",
    "default",
}
BOOK = Resource("acme", "book", "books", "/Books", "Books")


def schemas(schema: Any) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in schema.get("properties", {}).values():
        yield from schemas(inner)
    if "items" in schema:
        yield from schemas(schema["items"])


def test_the_xero_table_is_sound_and_every_row_is_documented() -> None:
    check(XERO)
    assert [row.name for row in XERO if not row.documented] == []
    assert len(XERO) == len(select(XERO))


def test_names_follow_the_published_rule() -> None:
    names = {row.name for row in XERO}
    assert {
        "list_all_xero_invoices",
        "get_single_xero_invoice_by_id",
        "create_a_xero_payment",
        "update_a_xero_invoice_by_id",
        "delete_a_xero_payment_by_id",
        "list_all_xero_profit_and_loss",
        "create_a_xero_credit_note_allocation",
        "delete_a_xero_credit_note_allocation_by_id",
        "delete_a_xero_prepayment_allocation_by_id",
        "delete_a_xero_overpayment_allocation_by_id",
        "delete_a_xero_bank_transaction_by_id",
        "create_a_xero_bank_transfer",
        "list_all_xero_bank_transfers",
        "get_single_xero_bank_transfer_by_id",
        "delete_a_xero_bank_transfer_by_id",
        "list_all_xero_tracking_categories",
    } <= names
    for row in XERO:
        start, end = {
            "list": ("list_all_xero_", ""),
            "get": ("get_single_xero_", "_by_id"),
            "create": ("create_a_xero_", ""),
            "update": ("update_a_xero_", "_by_id"),
            "delete": ("delete_a_xero_", "_by_id"),
        }[row.verb]
        assert row.name.startswith(start)
        assert row.name.endswith(end)


def test_a_create_only_creates_and_only_reads_are_called_reads() -> None:
    for row in XERO:
        assert (row.method == "PUT") == (row.verb == "create")
        assert (row.effect == "read") == (row.method == "GET")
        assert (row.effect == "destructive") == (row.verb == "delete")


def test_a_deletion_takes_ids_and_nothing_else() -> None:
    for row in XERO:
        if row.verb == "delete":
            schema = input_schema(row)
            assert set(schema["properties"]) == set(schema["required"]) == {p.name for p in row.parameters}
            assert all(parameter.schema.get("format") == "uuid" for parameter in row.parameters), row.name


def test_every_documented_core_endpoint_is_served() -> None:
    if not ENDPOINTS.exists():
        pytest.skip("the list of the 33 core endpoints is not beside this checkout")
    import re

    served = {(row.method, re.sub(r"\{\w+\}", "{}", row.path)) for row in XERO}
    for endpoint in json.loads(ENDPOINTS.read_text("utf-8"))["endpoints"]:
        method, path = endpoint["method"], re.sub(r"\{\w+\}", "{}", endpoint["path"])
        # An update goes to the record's own address: POST to the collection could also create.
        if method == "POST" and "{}" not in path:
            path += "/{}"
        assert (method, path) in served


def test_schemas_use_portable_keywords_only() -> None:
    for row in XERO:
        top = input_schema(row)
        assert top["type"] == "object"
        for schema in schemas(top):
            assert set(schema) <= PORTABLE
            assert isinstance(schema["type"], str), "a list of types is not understood everywhere"
            if schema["type"] == "object" and "properties" in schema:
                assert schema["additionalProperties"] is False
        for name, schema in top["properties"].items():
            assert schema["description"], name
    assert set(OUTPUT) <= PORTABLE


def test_the_filter_dialect_comes_with_examples() -> None:
    for row in XERO:
        for parameter in row.parameters:
            if parameter.name == "where":
                assert len(parameter.schema["examples"]) >= 1
                assert "Guid(" in parameter.doc


def test_a_tool_says_what_it_does_to_the_books() -> None:
    published = {row.name: tool(row) for row in XERO}
    for name, read_only, destructive in (
        ("list_all_xero_invoices", True, False),
        ("create_a_xero_payment", False, False),
        ("update_a_xero_invoice_by_id", False, True),
        ("delete_a_xero_account_by_id", False, True),
    ):
        hints = published[name].annotations
        assert hints is not None
        assert (hints.read_only_hint, hints.destructive_hint) == (read_only, destructive)
    meta = published["create_a_xero_payment"].meta
    assert meta is not None
    assert meta["dev.finchat/operation"] == {
        "method": "PUT",
        "path": "/Payments",
        "effect": "write",
        "resource": "payments",
        "tags": ["payments"],
    }


def test_what_is_not_documented_is_not_served() -> None:
    told, untold = BOOK.list_all("List the books."), BOOK.get_single(" ")
    silent = BOOK.create("Add a book.", Parameter("title", "", place="body"))
    assert select((told, untold, silent)) == (told,)


def test_filters_take_effects_verbs_http_methods_and_tags() -> None:
    def names(**filters: Any) -> set[str]:
        return {row.name for row in select(XERO, **filters)}

    assert {row.effect for row in select(XERO, methods=["read"])} == {"read"}
    assert {row.effect for row in select(XERO, methods=["read", "write"])} == {"read", "write"}
    assert names(methods=["delete"]) == names(methods=["destructive"])
    assert names(methods=["put"]) == names(methods=["create"])
    assert {row.verb for row in select(XERO, methods=["get"])} == {"get"}
    assert names(tags=["payments"], methods=["read"]) == {
        "list_all_xero_payments",
        "get_single_xero_payment_by_id",
    }


@pytest.mark.parametrize(
    ("filters", "field", "known"),
    [
        ({"methods": ["raed"]}, "--methods", "destructive"),
        ({"tags": ["invoice"]}, "--tags", "invoices"),
        ({"methods": ["delete"], "tags": ["reports"]}, "--methods", "widen"),
    ],
)
def test_a_filter_that_selects_nothing_is_refused(filters: dict[str, Any], field: str, known: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(XERO, **filters)
    assert caught.value.field == field
    assert known in str(caught.value.next)


def _row(**changes: Any) -> Operation:
    return replace(BOOK.create("Add a book.", Parameter("title", "Title.", place="body")), **changes)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ((_row(), _row()), "used twice"),
        ((_row(name="Add book"),), "not a tool name"),
        ((_row(path="/Shelves/{shelf_id}/Books"),), "the path and its arguments differ"),
        ((_row(parameters=(Parameter("a", "A."), Parameter("a", "A."))),), "declared twice"),
        ((_row(parameters=(Parameter("cursor", "C."),)),), "declared twice"),
        ((_row(exactly_one=(("title", "isbn"),)),), "isbn"),
        ((_row(effect="read"),), "called read"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(table: tuple[Operation, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check(table)


def test_another_vendor_is_another_table() -> None:
    row = BOOK.create("Add a book.", Parameter("price", "Price.", MONEY, "body", "Price", True))
    assert row.name == "create_a_acme_book"
    assert set(input_schema(row)["properties"]) == {"price", "Books"}
