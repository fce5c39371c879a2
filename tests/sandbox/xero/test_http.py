"""The vendor's HTTP manners: tokens, tenants, limits, idempotency, envelopes, lists."""

from __future__ import annotations

import asyncio
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from finchat.clock import Clock
from finchat.errors import UsageError
from finchat.sandbox.faults import Faults
from finchat.sandbox.xero.app import create_app
from finchat.sandbox.xero.limits import Limits, RateLimiter
from tests.sandbox.xero.company import (
    CUSTOMER,
    NOW,
    SUPPLIER,
    TENANT,
    Client,
    back_end,
    bill,
    invoice,
    line,
    payment,
)
from tests.sandbox.xero.served import sandbox


@pytest.fixture
def client() -> Client:
    return Client(back_end())


async def test_the_envelope_is_the_vendors(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice())
    response = await client.send("GET", f"Invoices/{made['InvoiceNumber']}")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert '\r\n  "Status": "OK"' in response.text
    assert re.search(r'"DateTimeUTC": "\\/Date\(\d+\)\\/"', response.text)
    assert r'"Date": "\/Date(1793491200000+0000)\/"' in response.text
    assert '"DateString": "2026-11-01T00:00:00"' in response.text
    assert '"AmountDue": 115.00' in response.text
    assert '"Quantity": 1.0000' in response.text
    assert "pagination" not in response.json()


async def test_every_date_spelling_is_accepted(client: Client) -> None:
    for given in ("2026-11-01", "2026-11-01T13:45:00", "/Date(1793491200000)/", "/Date(1793491200000+0000)/"):
        made = await client.done("PUT", "Invoices", invoice(Date=given))
        assert made["DateString"] == "2026-11-01T00:00:00"


async def test_pages_carry_lines_and_unpaged_lists_do_not(client: Client) -> None:
    for _ in range(3):
        await client.done("PUT", "Invoices", invoice())
    unpaged = (await client.send("GET", "Invoices")).json()
    assert [found["LineItems"] for found in unpaged["Invoices"]] == [[], [], []]
    page = (await client.send("GET", "Invoices", params={"page": 2, "pageSize": 2})).json()
    assert page["pagination"] == {"page": 2, "pageSize": 2, "pageCount": 2, "itemCount": 3}
    assert len(page["Invoices"][0]["LineItems"]) == 1
    clamped = (await client.send("GET", "Invoices", params={"page": 0, "pageSize": 5000})).json()
    assert (clamped["pagination"]["page"], clamped["pagination"]["pageSize"]) == (1, 1000)
    summary = (await client.send("GET", "Invoices", params={"summaryOnly": "true"})).json()
    assert {"LineItems", "Payments", "HasAttachments"}.isdisjoint(summary["Invoices"][0])


async def test_filters_lists_and_order_select(client: Client) -> None:
    first = await client.done("PUT", "Invoices", invoice(InvoiceNumber="A-1", Date="2026-11-02"))
    await client.done("PUT", "Invoices", invoice(InvoiceNumber="A-2", Status="DRAFT"))
    await client.done("PUT", "Invoices", bill())

    async def numbers(**query: str) -> list[str]:
        answer = await client.send("GET", "Invoices", params={"order": "InvoiceNumber", **query})
        return [found["InvoiceNumber"] for found in answer.json()["Invoices"]]

    assert await numbers(where='Type=="ACCREC" AND AmountDue>=115') == ["A-1", "A-2"]
    assert await numbers(Statuses="DRAFT,PAID") == ["A-2"]
    assert await numbers(IDs=first["InvoiceID"]) == ["A-1"]
    assert await numbers(InvoiceNumbers="A-1,B-77") == ["A-1", "B-77"]
    assert await numbers(ContactIDs=SUPPLIER) == ["B-77"]
    assert await numbers(order="Date DESC, InvoiceNumber DESC") == ["A-1", "B-77", "A-2"]
    assert await numbers(searchTerm="dockside") == ["B-77"]


@pytest.mark.parametrize("since", ["2026-11-20T08:59:59", "Fri, 20 Nov 2026 08:59:59 GMT"])
async def test_modified_since_reads_both_spellings(client: Client, since: str) -> None:
    await client.done("PUT", "Invoices", invoice())
    later = {"If-Modified-Since": "2026-11-20T09:00:01"}
    assert len((await client.send("GET", "Invoices", headers={"If-Modified-Since": since})).json()["Invoices"]) == 1
    assert (await client.send("GET", "Invoices", headers=later)).json()["Invoices"] == []


async def test_a_wrong_filter_is_a_query_exception_naming_its_field(client: Client) -> None:
    response = await client.send("GET", "Invoices", params={"where": 'Contact.ContactID=="x"'})
    told = response.json()
    assert (response.status_code, told["ErrorNumber"], told["Type"]) == (400, 16, "QueryParseException")
    assert told["Message"] == "Operator '==' incompatible with operand types 'Guid' and 'String'"
    assert told["Field"] == "where: Contact.ContactID"


async def test_put_creates_only_and_post_changes(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice(InvoiceNumber="A-1"))
    assert await client.refused("PUT", "Invoices", invoice(InvoiceNumber="A-1")) == (
        "Invoice # must be unique.",
        "InvoiceNumber",
    )
    changed = await client.done("POST", "Invoices", {"InvoiceNumber": "A-1", "Reference": "PO 9"})
    assert (changed["InvoiceID"], changed["Reference"]) == (made["InvoiceID"], "PO 9")
    await client.done("PUT", "Invoices", bill())
    await client.done("PUT", "Invoices", bill())  # two suppliers may use one number
    message, field = await client.refused("PUT", "Contacts", {"Name": "RĀTĀ homes"})
    assert "is already assigned to another contact" in message
    assert field == "Name"


async def test_contact_fields_on_a_document_change_the_contact(client: Client) -> None:
    await client.done("PUT", "Invoices", invoice(Contact={"ContactID": CUSTOMER, "EmailAddress": "new@rata.nz"}))
    found = await client.done("GET", f"Contacts/{CUSTOMER}")
    assert (found["EmailAddress"], found["IsCustomer"], found["IsSupplier"]) == ("new@rata.nz", True, False)
    assert found["Balances"]["AccountsReceivable"] == {"Outstanding": 115, "Overdue": 0}


async def test_tax_is_rounded_per_line_then_summed(client: Client) -> None:
    lines = [line("25.06"), line("25.61"), line("25.63")]
    made = await client.done("PUT", "Invoices", invoice(LineItems=lines))
    assert (made["SubTotal"], made["TotalTax"], made["Total"]) == (Decimal("76.30"), Decimal("11.44"), Decimal("87.74"))
    inclusive = await client.done("PUT", "Invoices", invoice("89.00", LineAmountTypes="Inclusive"))
    assert (inclusive["TotalTax"], inclusive["Total"]) == (Decimal("11.61"), 89)


@pytest.mark.parametrize(
    ("change", "message", "field"),
    [
        ({"Type": "x"}, "not of valid type for creation", "Type"),
        ({"Status": "PAID"}, "not of valid status for creation", "Status"),
        ({"Date": "2026-03-31"}, "currently set at 31 March 2026", "Date"),
        ({"Contact": {"ContactID": TENANT}}, "Contact could not be found", "Contact.ContactID"),
        ({"LineItems": [line("1.00", "zz")]}, "'zz' is not a valid code", "LineItems[0].AccountCode"),
        ({"LineItems": [line("1.00", "200", "NOPE")]}, "TaxType code 'NOPE' does not exist", "LineItems[0].TaxType"),
        (
            {"LineItems": [{**line("1.00"), "LineAmount": "2.00"}]},
            "does not match the expected",
            "LineItems[0].LineAmount",
        ),
        ({"LineItems": []}, "One or more line items", "LineItems"),
        ({"Total": "1.00"}, "does not equal the sum of the lines", "Total"),
        ({"CurrencyCode": "EUR"}, "no rate is known for EUR", "CurrencyRate"),
        ({"LineItems": [line("-5.00")]}, "must not be negative", "Total"),
    ],
)
async def test_a_refusal_says_what_is_wrong_with_which_field(
    client: Client, change: dict[str, Any], message: str, field: str
) -> None:
    told, named = await client.refused("PUT", "Invoices", invoice(**change))
    assert message in told
    assert named == field
    assert client.back.counts().get("Invoices", 0) == 0


@pytest.mark.parametrize(
    ("change", "message", "field"),
    [
        ({"Amount": "115.01"}, "exceeds the amount outstanding", "Amount"),
        ({"Amount": "0.00"}, "greater than zero", "Amount"),
        ({"Amount": "1.005"}, "two decimal places", "Amount"),
        ({"Account": {"Code": "200"}}, "Account type is invalid", "Account"),
        ({"Account": {"Code": "nope"}}, "not a valid account", "Account"),
        ({"Date": "2026-03-01"}, "period lock date", "Date"),
        ({"CurrencyRate": "1.2"}, "must be 1", "CurrencyRate"),
    ],
)
async def test_a_payment_obeys_the_rules(client: Client, change: dict[str, Any], message: str, field: str) -> None:
    made = await client.done("PUT", "Invoices", invoice())
    told, named = await client.refused("PUT", "Payments", {**payment(made, "10.00"), **change})
    assert message in told
    assert named == field
    assert (await client.done("GET", f"Invoices/{made['InvoiceID']}"))["AmountDue"] == 115


async def test_statuses_change_only_as_allowed(client: Client) -> None:
    draft = await client.done("PUT", "Invoices", invoice(Status="DRAFT"))
    told, _ = await client.refused("PUT", "Payments", payment(draft, "1.00"))
    assert told == "Payments can only be made against Authorised documents"
    await client.done("POST", f"Invoices/{draft['InvoiceID']}", {"Status": "DELETED"})
    told, field = await client.refused("POST", f"Invoices/{draft['InvoiceID']}", {"Status": "DRAFT"})
    assert (told, field) == ("Invoice not of valid status for modification (Status)", "Status")
    paid = await client.done("PUT", "Invoices", invoice())
    await client.done("PUT", "Payments", payment(paid, "15.00"))
    for body in ({"Status": "VOIDED"}, {"LineItems": [line("1.00")]}):
        told, _ = await client.refused("POST", f"Invoices/{paid['InvoiceID']}", body)
        assert "has a payment or credit note allocated to it" in told
    moved = await client.done("POST", f"Invoices/{paid['InvoiceID']}", {"DueDate": "2026-12-24"})
    assert (moved["DueDateString"], moved["AmountDue"]) == ("2026-12-24T00:00:00", 100)


async def test_lines_not_listed_are_gone_and_listed_ones_kept(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice(LineItems=[line("10.00"), line("20.00")]))
    second = made["LineItems"][1]["LineItemID"]
    changed = await client.done("POST", f"Invoices/{made['InvoiceID']}", {"LineItems": [{"LineItemID": second}]})
    assert [(found["LineItemID"], found["LineAmount"]) for found in changed["LineItems"]] == [(second, 20)]
    assert changed["AmountDue"] == 23


async def test_without_summarised_errors_each_object_stands_alone(client: Client) -> None:
    body = {"Invoices": [invoice(), invoice(Type="x")]}
    response = await client.send("PUT", "Invoices", body)
    assert response.status_code == 400
    assert client.back.counts().get("Invoices", 0) == 0
    each = (await client.send("PUT", "Invoices", body, params={"summarizeErrors": "false"})).json()["Invoices"]
    assert [found["StatusAttributeString"] for found in each] == ["OK", "ERROR"]
    assert client.back.counts()["Invoices"] == 1


async def test_an_idempotency_key_repeats_the_answer_and_not_the_effect(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice())
    key = {"Idempotency-Key": "k-1"}
    first = await client.send("PUT", "Payments", payment(made, "10.00"), headers=key)
    again = await client.send("PUT", "Payments", payment(made, "10.00"), headers=key)
    assert (first.status_code, first.text) == (200, again.text)
    assert client.back.counts()["Payments"] == 1
    other = await client.send("PUT", "Payments", payment(made, "11.00"), headers=key)
    assert other.status_code == 400
    assert other.json()["Message"] == "Idempotency Key k-1 is used with a different request."
    failed = {"Idempotency-Key": "k-2"}
    refused = await client.send("PUT", "Payments", payment(made, "900.00"), headers=failed)
    await client.done("POST", f"Invoices/{made['InvoiceID']}", {"Reference": "changed meanwhile"})
    assert (await client.send("PUT", "Payments", payment(made, "900.00"), headers=failed)).text == refused.text
    too_long = await client.send("PUT", "Payments", payment(made, "1.00"), headers={"Idempotency-Key": "x" * 129})
    assert (too_long.status_code, too_long.json()["Field"]) == (400, "Idempotency-Key")


async def test_a_key_is_forgotten_after_six_minutes(client: Client) -> None:
    from datetime import timedelta

    made = await client.done("PUT", "Invoices", invoice())
    key = {"Idempotency-Key": "k-1"}
    await client.done("PUT", "Payments", payment(made, "10.00"), headers=key)
    client.back.clock = Clock(NOW + timedelta(minutes=6, seconds=1))
    await client.done("PUT", "Payments", payment(made, "10.00"), headers=key)
    assert client.back.counts()["Payments"] == 2


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "NoDataProcessedException"),
        (b"{", "PostDataInvalidException"),
        (b'{"Invoices": []}', "NoDataProcessedException"),
        (b'{"Total": NaN}', "PostDataInvalidException"),
        (b'{"Total": 1e400}', "PostDataInvalidException"),
        (b"[" * 100_000, "PostDataInvalidException"),
        (b"\xff\xfe", "PostDataInvalidException"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(client: Client, content: bytes, kind: str) -> None:
    response = await client.http.request("PUT", "Invoices", content=content)
    assert (response.status_code, response.json()["Type"]) == (400, kind)
    assert response.json()["Field"]


async def test_only_json_is_spoken(client: Client) -> None:
    assert (await client.send("GET", "Invoices", headers={"Accept": "application/xml"})).status_code == 406
    assert (await client.send("PUT", "Invoices", {}, headers={"Content-Type": "text/xml"})).status_code == 415
    assert (await client.send("GET", "Invoices", {"a": "body on a GET"})).status_code == 200


async def test_what_is_not_there_is_404_in_plain_text(client: Client) -> None:
    for path in ("Nope", f"Invoices/{TENANT}", "Payments/x", f"Accounts/{TENANT}", "Reports/Nope"):
        response = await client.send("GET", path)
        assert (response.status_code, response.headers["content-type"]) == (404, "text/plain; charset=utf-8")


async def test_tokens_and_tenants_guard_the_api() -> None:
    app = create_app(back_end(), strict_auth=True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://xero") as http:
        path = "/api.xro/2.0/Organisation"
        missing = await http.get(path)
        assert (missing.status_code, missing.json()["Detail"]) == (401, "AuthenticationUnsuccessful")
        wrong = await http.post(
            "/connect/token", data={"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
        )
        assert (wrong.status_code, wrong.json()) == (400, {"error": "invalid_client"})
        client = ("FINCHATSANDBOXCLIENTID0000000000", "finchat-sandbox-client-secret")
        reply = await http.post("/connect/token", data={"grant_type": "client_credentials"}, auth=client)
        assert (reply.json()["token_type"], reply.json()["expires_in"]) == ("Bearer", 1800)
        bearer = {"Authorization": f"Bearer {reply.json()['access_token']}"}
        assert (await http.get(path, headers=bearer)).status_code == 200
        other = await http.get(path, headers={**bearer, "xero-tenant-id": CUSTOMER})
        assert (other.status_code, other.json()["title"]) == (403, "Forbidden")
        (connection,) = (await http.get("/Connections", headers=bearer)).json()
        assert connection["tenantId"] == TENANT
        renewed = await http.post(
            "/connect/token",
            data={"grant_type": "refresh_token", "refresh_token": app.state.xero.authority.refresh_token},
            auth=client,
        )
        user = {"Authorization": f"Bearer {renewed.json()['access_token']}"}
        assert (await http.get(path, headers=user)).status_code == 403  # a user's token must name its tenant
        assert (await http.get(path, headers={**user, "xero-tenant-id": TENANT})).status_code == 200


async def test_an_expired_token_says_when() -> None:
    from datetime import timedelta

    back = back_end()
    app = create_app(back)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://xero") as http:
        form = {"grant_type": "client_credentials", "client_id": "any", "client_secret": "any"}
        token = (await http.post("/connect/token", data=form)).json()["access_token"]
        back.clock = Clock(NOW + timedelta(seconds=1801))
        response = await http.get("/api.xro/2.0/Organisation", headers={"Authorization": f"Bearer {token}"})
        assert response.json()["Detail"] == "TokenExpired: token expired at 11/20/2026 09:30:00"


async def test_the_limits_are_counted_told_and_kept() -> None:
    back = back_end()
    client = Client(back, create_app(back, limits=Limits(per_window=2, per_day=5000)))
    first = await client.send("GET", "Organisation")
    assert (first.headers["X-MinLimit-Remaining"], first.headers["X-DayLimit-Remaining"]) == ("1", "4999")
    await client.send("GET", "Organisation")
    refused = await client.send("GET", "Organisation")
    assert (refused.status_code, refused.text) == (429, "")
    assert refused.headers["X-Rate-Limit-Problem"] == "minute"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


async def test_more_than_five_at_once_are_refused() -> None:
    back = back_end()
    app = create_app(back, faults=Faults(delay_before_commit_s=0.05))
    client = Client(back, app)
    answers = await asyncio.gather(*(client.send("PUT", "Contacts", {"Name": f"N{n}"}) for n in range(7)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.headers["X-Rate-Limit-Problem"] for answer in refused] == ["concurrent", "concurrent"]


def test_a_window_slides_and_a_day_ends() -> None:
    now = [0.0]
    limiter = RateLimiter(Limits(per_window=2, window_s=10, concurrent=9, per_day=3), lambda: now[0])
    outcomes = []
    for at in (0, 6, 7, 10.5, 16.5, 90_000):
        now[0] = at
        refused = limiter.enter()
        outcomes.append(refused and (refused.problem, refused.retry_after_s))
    assert outcomes == [None, None, ("minute", 3), None, ("day", 86_384), None]


@pytest.mark.parametrize("text", ["", "60", "60/60,5,5000", "0/60s,5,5000", "60/60s,5", "x/60s,5,5000"])
def test_a_wrong_limit_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        Limits.parse(text)


def test_limits_and_delays_are_read() -> None:
    assert Limits.parse("60/60s,5,5000") == Limits()
    assert Limits.parse("7/0.5s,2,9") == Limits(7, 0.5, 2, 9)
    assert Faults.parse("before=0.2,after=0.5,drop") == Faults(0.2, 0.5, True)
    with pytest.raises(UsageError):
        Faults.parse("sideways=1")


def test_a_lost_reply_leaves_the_write_done_and_the_key_answers(tmp_path: Path) -> None:
    with sandbox(tmp_path, delay="drop") as ready, httpx.Client(base_url=ready["base_url"]) as http:
        headers = {"Authorization": "Bearer any", "Idempotency-Key": "k-9"}
        with pytest.raises(httpx.TransportError):
            http.put("/api.xro/2.0/Invoices", json=invoice(), headers=headers)
        found = http.get("/api.xro/2.0/Invoices", headers=headers).json()["Invoices"]
        assert len(found) == 1
    with sandbox(tmp_path) as ready, httpx.Client(base_url=ready["base_url"]) as http:
        again = http.put("/api.xro/2.0/Invoices", json=invoice(), headers=headers)
        assert json.loads(again.text)["Invoices"][0]["InvoiceID"] == found[0]["InvoiceID"]
        assert len(http.get("/api.xro/2.0/Invoices", headers=headers).json()["Invoices"]) == 1
