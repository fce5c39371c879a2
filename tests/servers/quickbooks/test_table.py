from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from finchat import prompts
from finchat.sandbox.quickbooks.entities import ENTITIES as SANDBOX
from finchat.servers.quickbooks import queries
from finchat.servers.quickbooks.entities import ENTITIES
from finchat.servers.quickbooks.table import QUICKBOOKS
from finchat.servers.schemas import input_schema
from finchat.servers.server import select
from finchat.servers.table import check
from tests.servers.test_table import PORTABLE

WRITABLE = {"create", "update", "delete", "void"}


def schemas(schema: Any) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in schema.get("properties", {}).values():
        yield from schemas(inner)
    if "items" in schema:
        yield from schemas(schema["items"])


def test_the_table_is_sound_and_every_row_is_documented() -> None:
    check(QUICKBOOKS)
    assert [row.name for row in QUICKBOOKS if not row.documented] == []
    assert len(QUICKBOOKS) == len(select(QUICKBOOKS))


def test_names_follow_the_published_rule() -> None:
    names = {row.name for row in QUICKBOOKS}
    assert {
        "list_all_quick_books_invoices",
        "get_single_quick_books_customer_by_id",
        "update_a_quick_books_invoice_by_id",
        "create_a_quick_books_bill_payment",
        "list_all_quick_books_accounts",
        "list_all_quick_books_profit_and_loss",
        "delete_a_quick_books_journal_entry_by_id",
        "void_a_quick_books_invoice_by_id",
    } <= names
    assert all(len(name) <= 64 for name in names)


def test_schemas_use_only_portable_keywords() -> None:
    for row in QUICKBOOKS:
        for schema in schemas(input_schema(row)):
            assert set(schema) <= PORTABLE, row.name


def test_every_list_takes_a_query_and_every_change_the_sync_token() -> None:
    for row in QUICKBOOKS:
        schema = input_schema(row)
        if row.verb == "list" and "reports" not in row.tags:
            assert "query" in schema["properties"], row.name
            assert "required" not in schema, row.name
        if row.verb in WRITABLE - {"create"}:
            assert {"id", "SyncToken"} <= set(schema["required"]), row.name


def test_name_lists_are_never_deleted_and_reads_write_nothing() -> None:
    for entity in ENTITIES.values():
        assert not (entity.named and {"delete", "void"} & set(entity.verbs)), entity.name
    assert {row.verb for row in select(QUICKBOOKS, methods=["read"])} == {"list", "get"}
    assert {row.verb for row in select(QUICKBOOKS, methods=["void"])} == {"void"}
    assert {row.effect for row in QUICKBOOKS if row.verb in ("delete", "void")} == {"destructive"}


def test_nothing_that_charges_or_sends_can_be_given() -> None:
    given = {
        name for row in QUICKBOOKS for schema in schemas(input_schema(row)) for name in schema.get("properties", ())
    }
    assert not given & {"ProcessPayment", "ProcessBillPayment", "CreditChargeInfo", "EmailStatus", "IsReconciled"}


@pytest.mark.parametrize("name", ENTITIES)
def test_the_documented_fields_are_those_of_the_company_it_is_tried_on(name: str) -> None:
    entity, other = ENTITIES[name], SANDBOX[name]
    assert set(entity.queryable) <= set(other.fields.queryable)
    assert {field.name for field in entity.writable} <= other.known
    assert WRITABLE & set(entity.verbs) <= set(other.operations)


@pytest.mark.parametrize("name", ENTITIES)
def test_every_example_is_a_query_that_is_sent(name: str) -> None:
    for example in ENTITIES[name].examples:
        query, _ = queries.checked(ENTITIES[name], example)
        assert queries.checked(ENTITIES[name], queries.text_of(query, start=1, most=7))[1] == (
            None if query.counting else 7
        )


def test_the_instructions_say_what_a_stranger_must_know() -> None:
    text = prompts.load("servers/quickbooks")
    for word in (
        "next_cursor",
        "SyncToken",
        "remove_lines",
        "Balance > '0'",
        "120 s",
        "500 calls",
        "never instructions",
    ):
        assert word in text
    assert len(text) < 4000
