"""The server on an API that answers as a test wants: what is sent, what is refused before, what a fault becomes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from starlette.responses import Response

from finchat.servers.quickbooks.errors import refusal
from finchat.servers.quickbooks.server import build
from finchat.servers.quickbooks.table import QUICKBOOKS
from finchat.servers.upstream import Response as Answered
from finchat.servers.upstream import in_process
from tests.servers.fake_upstream import Asked, FakeUpstream, answer_of, error_of, keyed_by, reply
from tests.servers.quickbooks.test_safe_updates import invoice, sales_line

RECORDED = Path(__file__).parents[3].parent / "shared/data/quickbooks/recorded"
UPDATE, GET = "update_a_quick_books_invoice_by_id", "get_single_quick_books_invoice_by_id"
THROTTLED = (
    '<?xml version="1.0"?><IntuitResponse time="2026-11-20T00:00:00"><Fault type="SERVICE"><Error code="3001">'
    "<Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>"
    "<Detail>The request limit was reached.  Try again later</Detail></Error></Fault></IntuitResponse>"
)


def written(value: Any) -> str:
    """JSON with the digits of its Decimals."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def fault(code: str, message: str, detail: str = "", status: int = 400, element: str = "") -> Response:
    error = {"Message": message, "Detail": detail, "code": code, "element": element}
    return reply(json.dumps({"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "x"}), status)


class Company:
    """One invoice, which others may change; `on_write` answers what is posted."""

    def __init__(self, on_write: Callable[[Asked], Response] | None = None) -> None:
        self.record = invoice()
        self.on_write = on_write

    async def answer(self, asked: Asked) -> Response:
        if asked.method == "GET":
            return reply(written({"Invoice": self.record, "time": "x"}))
        if self.on_write is not None:
            return self.on_write(asked)
        self.record = {**self.record, **asked.body, "SyncToken": str(int(self.record["SyncToken"]) + 1)}
        return reply(written({"Invoice": self.record, "time": "x"}))


@asynccontextmanager
async def session(
    answering: Callable[[Asked], Awaitable[Response]],
) -> AsyncIterator[tuple[Client, FakeUpstream]]:
    upstream = FakeUpstream(answering)
    async with (
        in_process(upstream.app(), path="/v3/company/9", total_s=5.0) as wire,
        Client(build(wire, text_copy=False)) as client,
    ):
        yield client, upstream


async def test_an_update_reads_merges_and_sends_the_record_once_under_its_key() -> None:
    company = Company()
    async with session(company.answer) as (client, upstream):
        given = {"id": "130", "SyncToken": "4", "Line": [{"Id": "1", "Amount": "120.10"}], "DocNumber": "1042"}
        answer = answer_of(await client.call_tool(UPDATE, given, meta=keyed_by("0f1e")))
    read, write = upstream.asked
    assert (read.method, read.path) == ("GET", "/v3/company/9/invoice/130")
    assert (write.method, write.path, dict(write.query)) == ("POST", "/v3/company/9/invoice", {"requestid": "0f1e"})
    sent = write.body
    assert [line["Amount"] for line in sent["Line"]] == [Decimal("120.10"), Decimal("50.00")]
    assert (sent["SyncToken"], sent["sparse"], sent["DocNumber"]) == ("4", True, "1042")
    assert sent["CustomField"] == invoice()["CustomField"]
    (record,) = answer["records"]
    assert (record["SyncToken"], record["Line"][0]["Amount"]) == ("5", "120.10")


async def test_a_change_since_it_was_seen_is_refused_and_shown() -> None:
    company = Company()
    async with session(company.answer) as (client, upstream):
        await client.call_tool(GET, {"id": "130"})
        company.record = invoice(SyncToken="5", Balance=Decimal("40.00"), Line=[sales_line("1", "40.00")])
        error = error_of(await client.call_tool(UPDATE, {"id": "130", "SyncToken": "4", "DocNumber": "7"}))
    assert (error["code"], error["field"], error["outcome"]) == ("conflict", "SyncToken", "not_sent")
    for part in ("SyncToken 5, not 4", "Balance 150.00 is now 40.00", "Line 1.Amount 100.00 is now 40.00", "Line 2"):
        assert part in error["message"]
    assert {asked.method for asked in upstream.asked} == {"GET"}


async def test_a_record_never_seen_here_shows_what_would_be_changed() -> None:
    company = Company()
    async with session(company.answer) as (client, _):
        error = error_of(await client.call_tool(UPDATE, {"id": "130", "SyncToken": "2", "DocNumber": "7"}))
    assert "What you would change: DocNumber is now 1041" in error["message"]


async def test_quickbooks_own_word_that_it_is_stale_is_explained_too() -> None:
    company = Company()

    def overtaken(_: Asked) -> Response:
        company.record = invoice(SyncToken="5", DocNumber="other")
        return fault("5010", "Stale Object Error", "Stale Object Error : You and Ann were working on this")

    company.on_write = overtaken
    async with session(company.answer) as (client, _):
        await client.call_tool(GET, {"id": "130"})
        error = error_of(await client.call_tool(UPDATE, {"id": "130", "SyncToken": "4", "DocNumber": "7"}))
        assert (error["code"], error["status"], error["outcome"]) == ("conflict", 400, "failed")
        assert "DocNumber 1041 is now other" in error["message"]
        gone = await client.call_tool("delete_a_quick_books_invoice_by_id", {"id": "130", "SyncToken": "4"})
        assert error_of(gone)["code"] == "conflict"


async def test_a_read_that_fails_leaves_the_write_unsent() -> None:
    async def broken(asked: Asked) -> Response:
        return reply("<html>", 500) if asked.method == "GET" else reply("{}")

    async with session(broken) as (client, upstream):
        error = error_of(await client.call_tool(UPDATE, {"id": "130", "SyncToken": "4", "DocNumber": "7"}))
    assert (error["code"], error["outcome"], len(upstream.asked)) == ("unavailable", "not_sent", 1)


@pytest.mark.parametrize(
    ("answer", "code", "outcome"),
    [
        (lambda _: reply("<html>", 503), "unavailable", "unknown"),
        (lambda _: reply("not json"), "unexpected_answer", "unknown"),
        (lambda _: reply('{"Invoice": null}'), "unexpected_answer", "unknown"),
        (lambda _: reply(THROTTLED, 429), "rate_limited", "failed"),
        (lambda _: fault("6210", "Account Period Closed", "closed"), "validation", "failed"),
        (lambda _: fault("610", "Object Not Found"), "not_found", "failed"),
        (lambda _: fault("2020", "Required param missing", status=200, element="Line"), "validation", "failed"),
        (lambda _: fault("10000", "An application error", status=200), "validation", "unknown"),
    ],
)
async def test_what_becomes_of_a_write_is_told(answer: Callable[[Asked], Response], code: str, outcome: str) -> None:
    async with session(Company(answer).answer) as (client, upstream):
        error = error_of(await client.call_tool(UPDATE, {"id": "130", "SyncToken": "4", "DocNumber": "7"}))
    assert (error["code"], error["outcome"]) == (code, outcome)
    assert error["next"]
    assert [asked.method for asked in upstream.asked] == ["GET", "POST"]


async def test_a_throttled_call_says_how_long_and_is_not_repeated() -> None:
    async def throttled(_: Asked) -> Response:
        return Response(THROTTLED, 429, {"Content-Type": "application/xml"})

    async with session(throttled) as (client, upstream):
        result = await client.call_tool("list_all_quick_books_bills", {})
    error = error_of(result)
    assert (error["code"], error["retry_after_s"], len(upstream.asked)) == ("rate_limited", 60.0, 1)
    assert result.meta is not None
    assert result.meta["dev.finchat/rate-limit"]["minute_remaining"] == 0


async def test_pages_follow_one_another_and_maxresults_is_their_size() -> None:
    numbers = list(range(1, 8))

    async def listed(asked: Asked) -> Response:
        words = asked.query["query"].split()
        start, most = int(words[words.index("STARTPOSITION") + 1]), int(words[words.index("MAXRESULTS") + 1])
        rows = [{"Id": str(number), "SyncToken": "0"} for number in numbers[start - 1 : start - 1 + most]]
        found = {"Bill": rows, "startPosition": start, "maxResults": len(rows)} if rows else {}
        return reply(json.dumps({"QueryResponse": found, "time": "x"}))

    async with session(listed) as (client, upstream):
        arguments: dict[str, Any] = {"query": "select * from bill startposition 2 maxresults 3"}
        seen: list[str] = []
        while True:
            answer = answer_of(await client.call_tool("list_all_quick_books_bills", arguments))
            seen += [record["Id"] for record in answer["records"]]
            if answer["next_cursor"] is None:
                break
            arguments["cursor"] = answer["next_cursor"]
        assert seen == ["2", "3", "4", "5", "6", "7"]
        whole = answer_of(await client.call_tool("list_all_quick_books_bills", {}))
        assert (whole["count"], whole["total"], whole["next_cursor"]) == (7, 7, None)
    assert upstream.asked[0].query["query"] == "SELECT * FROM Bill STARTPOSITION 2 MAXRESULTS 3"
    assert upstream.asked[-1].query["query"] == "SELECT * FROM Bill STARTPOSITION 1 MAXRESULTS 1000"


async def test_a_count_is_a_total() -> None:
    async def counted(_: Asked) -> Response:
        return reply('{"QueryResponse": {"totalCount": 41}, "time": "x"}')

    async with session(counted) as (client, upstream):
        query = "SELECT COUNT(*) FROM Customer WHERE Active IN (true, false)"
        answer = answer_of(await client.call_tool("list_all_quick_books_customers", {"query": query}))
    assert (answer["total"], answer["records"], answer["next_cursor"]) == (41, [], None)
    assert upstream.asked[0].query["query"] == query


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        (UPDATE, {"id": "130", "DocNumber": "7"}, "SyncToken"),
        (UPDATE, {"id": "130", "SyncToken": "4"}, None),
        (UPDATE, {"id": "130", "SyncToken": "4", "Balance": "0"}, "Balance"),
        (UPDATE, {"id": "130", "SyncToken": "4", "PrivateNote": ""}, "PrivateNote"),
        (UPDATE, {"id": "130", "SyncToken": "4", "PrivateNote": None}, "PrivateNote"),
        (UPDATE, {"id": "130", "SyncToken": "4", "clear_fields": ["CustomerRef"]}, "clear_fields.0"),
        (UPDATE, {"id": "../payment/1", "SyncToken": "4", "DocNumber": "7"}, "id"),
        (GET, {"id": "../payment/1"}, "id"),
        ("create_a_quick_books_payment", {"CustomerRef": {"value": "1"}, "TotalAmt": "5"}, "DepositToAccountRef"),
        (
            "create_a_quick_books_payment",
            {"CustomerRef": {"value": "1"}, "TotalAmt": "5", "ProcessPayment": True},
            "ProcessPayment",
        ),
        ("create_a_quick_books_invoice", {"CustomerRef": {"value": "1"}}, "Line"),
        ("create_a_quick_books_invoice", {"CustomerRef": {"id": "1"}, "Line": []}, "CustomerRef"),
        ("list_all_quick_books_invoices", {"query": "SELECT * FROM Invoice WHERE Balance != '0'"}, "query"),
    ],
)
async def test_what_is_wrong_is_known_before_anything_is_sent(
    tool: str, arguments: dict[str, Any], field: str | None
) -> None:
    async with session(Company().answer) as (client, upstream):
        error = error_of(await client.call_tool(tool, arguments))
    assert (error["code"], error["outcome"]) == ("invalid_argument", "not_sent")
    assert error["field"] is None or field is None or error["field"].startswith(field)
    assert [asked for asked in upstream.asked if asked.method == "POST"] == []


async def test_a_key_longer_than_quickbooks_takes_is_refused() -> None:
    async with session(Company().answer) as (client, upstream):
        given = {"id": "130", "SyncToken": "4", "DocNumber": "7"}
        error = error_of(await client.call_tool(UPDATE, given, meta=keyed_by("k" * 51)))
    assert error["field"] == "_meta.dev.finchat/idempotency-key"
    assert upstream.asked == []


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded faults are not there")
@pytest.mark.parametrize(
    ("file", "tool", "code", "words"),
    [
        ("error_validation", "create_a_quick_books_customer", "validation", "already exists"),
        ("error_400", "list_all_quick_books_customers", "invalid_argument", "Custmoer"),
        ("error_400_json", "create_a_quick_books_invoice", "validation", "BadJson"),
        ("error_401", "list_all_quick_books_customers", "unauthorized", "Token"),
        ("error_500", "list_all_quick_books_customers", "invalid_request", "Could not find resource"),
    ],
)
def test_recorded_faults_are_told_plainly(file: str, tool: str, code: str, words: str) -> None:
    row = next(row for row in QUICKBOOKS if row.name == tool)
    pairs = json.loads((RECORDED / f"{file}.json").read_text("utf-8"))
    pair = next(pair for pair in pairs if pair["status"] >= 400)
    body = pair.get("response_json")
    content = json.dumps(body).encode() if body is not None else str(pair.get("response_text", "")).encode()
    failure = refusal(row, Answered(pair["status"], {}, content))
    assert failure.code == code, failure
    assert words in failure.message
    assert failure.next
