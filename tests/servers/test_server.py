"""The server through a real MCP client session, in memory, in both protocol eras."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mcp_types import TextContent
from starlette.responses import Response

from finchat import prompts
from finchat.servers import server as server_module
from tests.servers.fake_upstream import GUID, PAYMENT, Asked, FakeUpstream, error_of, keyed_by, reply, session

ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


@ERAS
async def test_tools_are_listed_with_schemas_and_instructions(mode: str) -> None:
    async with session(FakeUpstream(), mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert client.instructions == prompts.load("servers/xero")
    payment = tools["create_a_xero_payment"]
    assert payment.description
    assert payment.output_schema is not None
    assert set(payment.input_schema["properties"]) >= {"invoice_id", "amount", "Payments"}


@ERAS
async def test_an_idempotency_key_in_meta_becomes_the_vendors_header(mode: str) -> None:
    upstream = FakeUpstream()
    async with session(upstream, mode=mode) as client:
        keyed = await client.call_tool("create_a_xero_payment", PAYMENT, meta=keyed_by("7d1c-key"))
        unkeyed = await client.call_tool("create_a_xero_payment", PAYMENT)
        assert keyed.structured_content["records"][0]["Reference"] == "7d1c-key"
        assert unkeyed.structured_content["records"][0]["Reference"] is None
        # The SDK puts its progress token and protocol version into the same meta: the body shows nothing of it.
        assert upstream.asked[0].content == upstream.asked[1].content


@pytest.mark.parametrize("key", ["", "k" * 129, "clé", "a\nb", 7])
async def test_an_idempotency_key_the_vendor_cannot_take_is_refused(key: Any) -> None:
    upstream = FakeUpstream()
    async with session(upstream) as client:
        result = await client.call_tool("create_a_xero_payment", PAYMENT, meta=keyed_by(key))
    assert error_of(result)["outcome"] == "not_sent"
    assert error_of(result)["field"] == "_meta.dev.finchat/idempotency-key"
    assert upstream.asked == []


@ERAS
async def test_an_answer_is_structured_exact_and_carries_the_rate_limits(mode: str) -> None:
    async with session(FakeUpstream(), mode=mode) as client:
        result = await client.call_tool("create_a_xero_payment", PAYMENT)
    assert result.structured_content == {
        "records": [{"PaymentID": GUID, "Amount": "110.00", "Reference": None}],
        "next_cursor": None,
        "count": 1,
        "total": None,
    }
    (copy,) = result.content
    assert isinstance(copy, TextContent)
    assert json.loads(copy.text) == result.structured_content
    assert result.meta is not None
    assert result.meta["dev.finchat/rate-limit"] == {
        "minute_limit": 60,
        "minute_remaining": 59,
        "day_limit": 5000,
        "day_remaining": 4984,
        "resets_at": None,
    }


async def test_the_text_copy_can_be_left_out_in_memory() -> None:
    async with session(FakeUpstream(), text_copy=False) as client:
        result = await client.call_tool("create_a_xero_payment", PAYMENT)
    assert result.content == []
    assert result.structured_content["count"] == 1


async def test_a_hidden_tool_is_neither_listed_nor_callable() -> None:
    upstream = FakeUpstream()
    async with session(upstream, methods=["read"], tags=["payments"]) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        result = await client.call_tool("create_a_xero_payment", PAYMENT)
    assert names == {"list_all_xero_payments", "get_single_xero_payment_by_id"}
    assert error_of(result)["code"] == "unknown_tool"
    assert upstream.asked == []


async def test_an_expired_server_refuses_every_call() -> None:
    upstream = FakeUpstream()
    async with session(upstream, expires=datetime.now(UTC) - timedelta(seconds=1)) as client:
        result = await client.call_tool("list_all_xero_payments", {})
    assert error_of(result)["code"] == "expired"
    assert upstream.asked == []


async def test_wrong_arguments_are_refused_by_name_and_nothing_is_sent() -> None:
    upstream = FakeUpstream()
    async with session(upstream) as client:
        error = error_of(await client.call_tool("create_a_xero_payment", {**PAYMENT, "amuont": "1"}))
    assert set(error) == {"code", "message", "field", "next", "status", "retry_after_s", "outcome", "problem"}
    assert (error["code"], error["field"], error["outcome"]) == ("invalid_argument", "amuont", "not_sent")
    assert "amount" in error["next"]
    assert upstream.asked == []


@ERAS
async def test_the_text_of_an_exception_never_reaches_the_wire(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("secret-token-123")

    monkeypatch.setattr(server_module, "request_of", broken)
    async with session(FakeUpstream(), mode=mode) as client:
        write = await client.call_tool("create_a_xero_payment", PAYMENT)
        read = await client.call_tool("list_all_xero_payments", {})
    assert error_of(write)["code"] == "internal"
    assert error_of(write)["outcome"] == "unknown"
    assert error_of(read)["outcome"] == "failed"
    assert "secret" not in write.model_dump_json() + read.model_dump_json()


async def test_pages_are_walked_with_the_cursor_until_the_end() -> None:
    async def pages(asked: Asked) -> Response:
        page, size = int(asked.query["page"]), int(asked.query["pageSize"])
        ids = range((page - 1) * size, min(page * size, 5))
        records = ",".join(f'{{"PaymentID":"{number}"}}' for number in ids)
        pagination = f'{{"page":{page},"pageSize":{size},"pageCount":3,"itemCount":5}}'
        return reply(f'{{"Payments":[{records}],"pagination":{pagination}}}')

    upstream, seen, cursor = FakeUpstream(pages), [], None
    async with session(upstream) as client:
        while True:
            arguments = {"page_size": 2} | ({"cursor": cursor} if cursor else {})
            answer = (await client.call_tool("list_all_xero_payments", arguments)).structured_content
            assert answer["total"] == 5
            seen += [record["PaymentID"] for record in answer["records"]]
            if (cursor := answer["next_cursor"]) is None:
                break
    assert seen == ["0", "1", "2", "3", "4"]
    assert [asked.query["page"] for asked in upstream.asked] == ["1", "2", "3"]


async def test_a_list_asks_for_a_thousand_rows_in_one_request() -> None:
    upstream = FakeUpstream()
    async with session(upstream) as client:
        await client.call_tool("list_all_xero_payments", {})
    assert [(asked.query["page"], asked.query["pageSize"]) for asked in upstream.asked] == [("1", "1000")]


async def test_rows_that_the_vendor_does_not_page_are_cut_here() -> None:
    async def chart(_: Asked) -> Response:
        return reply(json.dumps({"Accounts": [{"Code": str(number)} for number in range(5)]}))

    async with session(FakeUpstream(chart)) as client:
        first = (await client.call_tool("list_all_xero_accounts", {"page_size": 3})).structured_content
        cursor = first["next_cursor"]
        rest = (await client.call_tool("list_all_xero_accounts", {"page_size": 3, "cursor": cursor})).structured_content
    assert [record["Code"] for record in first["records"] + rest["records"]] == ["0", "1", "2", "3", "4"]
    assert (first["count"], first["total"], rest["next_cursor"]) == (3, 5, None)


ALLOCATION = {"credit_note_id": GUID, "id": GUID}


@pytest.mark.parametrize(
    "sent",
    [
        '{"AllocationID":"1","Amount":5.00,"IsDeleted":true}',
        '{"AllocationId":"1","Amount":5.00,"IsDeleted":true}',
        '{"Id":"x","Status":"OK","AllocationID":"1","Amount":5.00,"IsDeleted":true}',
        '{"Id":"x","Status":"OK","Allocations":[{"AllocationID":"1","Amount":5.00,"IsDeleted":true}]}',
    ],
    ids=["bare", "the description's other spelling", "with the envelope's fields", "in an envelope"],
)
async def test_a_deleted_allocation_is_one_record_however_the_vendor_wraps_it(sent: str) -> None:
    async def deleted(asked: Asked) -> Response:
        assert (asked.method, asked.content) == ("DELETE", b"")
        return reply(sent)

    async with session(FakeUpstream(deleted)) as client:
        result = await client.call_tool("delete_a_xero_credit_note_allocation_by_id", ALLOCATION)
    assert result.structured_content["records"] == [{"AllocationID": "1", "Amount": "5.00", "IsDeleted": True}]


@pytest.mark.parametrize("sent", ["{}", "[]", '{"Id":"x","Status":"OK"}', "null"])
async def test_a_deletion_answered_with_something_else_is_unknown(sent: str) -> None:
    async def strange(_: Asked) -> Response:
        return reply(sent)

    async with session(FakeUpstream(strange)) as client:
        result = await client.call_tool("delete_a_xero_credit_note_allocation_by_id", ALLOCATION)
    assert (error_of(result)["code"], error_of(result)["outcome"]) == ("unexpected_answer", "unknown")


async def test_no_side_of_a_transfer_is_ever_sent_as_reconciled() -> None:
    upstream = FakeUpstream()
    accounts = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}}
    async with session(upstream) as client:
        for field in ("FromIsReconciled", "ToIsReconciled"):
            given = {"BankTransfers": [{**accounts, "Amount": "1.00", field: True}]}
            error = error_of(await client.call_tool("create_a_xero_bank_transfer", given))
            assert (error["outcome"], field in error["message"]) == ("not_sent", True)
    assert upstream.asked == []


async def test_calls_run_side_by_side() -> None:
    both = asyncio.Barrier(2)

    async def together(_: Asked) -> Response:
        await both.wait()
        return reply('{"Payments":[]}')

    async with session(FakeUpstream(together)) as client:
        results = await asyncio.gather(*(client.call_tool("list_all_xero_payments", {}) for _ in range(2)))
    assert [result.structured_content["count"] for result in results] == [0, 0]


async def test_an_unchanged_list_and_a_deletion_without_a_body_have_no_records() -> None:
    async def empty(asked: Asked) -> Response:
        return reply("", 304 if asked.method == "GET" else 204)

    async with session(FakeUpstream(empty)) as client:
        unchanged = await client.call_tool("list_all_xero_payments", {"modified_since": "2026-11-01T00:00:00Z"})
        deleted = await client.call_tool("delete_a_xero_item_by_id", {"id": GUID})
    assert unchanged.structured_content["records"] == deleted.structured_content["records"] == []
