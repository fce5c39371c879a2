"""The whole road in process: MCP client, server, HTTP, the sandbox company."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from mcp import Client

from finchat.clock import Clock
from finchat.sandbox.company import generate
from finchat.sandbox.xero.app import create_app
from finchat.sandbox.xero.back_end import XeroBackEnd
from finchat.sandbox.xero.limits import Limits
from finchat.servers.upstream import in_process
from finchat.servers.xero.server import build
from finchat.servers.xero.table import XERO
from tests.servers.fake_upstream import OTHER_GUID, answer_of, error_of, keyed_by

CLOCK = Clock(datetime(2026, 11, 20, 9, tzinfo=UTC))


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company, loaded once; each test works on a copy of its file."""
    file = tmp_path_factory.mktemp("company") / "xero.sqlite3"
    back_end = XeroBackEnd(file, CLOCK)
    back_end.load(generate(1, date(2026, 11, 20)).collections)
    back_end.close()
    return file


@asynccontextmanager
async def sandbox(pristine: Path, limits: str = "1000/60s,5,5000") -> AsyncIterator[Client]:
    copy = pristine.with_name(f"{uuid4()}.sqlite3")
    shutil.copy(pristine, copy)
    back_end = XeroBackEnd(copy, CLOCK)
    async with (
        in_process(create_app(back_end, limits=Limits.parse(limits))) as upstream,
        Client(build(upstream, text_copy=False)) as client,
    ):
        yield client
    back_end.close()


async def rows(client: Client, tool: str, **arguments: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer_of(await client.call_tool(tool, arguments))["records"]
    return found


async def open_invoice(client: Client) -> dict[str, Any]:
    where = 'Type=="ACCREC" AND Status=="AUTHORISED" AND AmountDue>10 AND CurrencyCode=="NZD"'
    return (await rows(client, "list_all_xero_invoices", where=where, page_size=1))[0]


async def test_every_list_answers(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        for row in XERO:
            if row.verb != "list" or row.resource in ("items", "aged_receivables"):
                continue
            answer = answer_of(await client.call_tool(row.name, {}))
            assert answer["records"], row.name
            assert answer["count"] == len(answer["records"])


async def test_every_list_sorts_and_filters_as_its_own_documentation_shows(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        for row in XERO:
            if row.verb != "list" or row.resource == "items":
                continue
            for parameter in row.parameters:
                if parameter.name not in ("where", "order"):
                    continue
                for example in parameter.schema["examples"]:
                    answer_of(await client.call_tool(row.name, {parameter.name: example.replace("…", OTHER_GUID)}))


async def test_a_single_record_is_the_one_of_the_list(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        for row in XERO:
            if row.verb != "get":
                continue
            listed = next(one for one in XERO if one.verb == "list" and one.resource == row.resource)
            first = (await rows(client, listed.name))[0]
            key = f"{row.envelope.removesuffix('s')}ID"
            (single,) = await rows(client, row.name, id=first[key])
            assert single[key] == first[key]


async def test_pages_hold_every_invoice_once(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        whole = [record["InvoiceID"] for record in await rows(client, "list_all_xero_invoices")]
        paged: list[str] = []
        arguments: dict[str, Any] = {"page_size": 150}
        while True:
            answer = answer_of(await client.call_tool("list_all_xero_invoices", arguments))
            paged += [record["InvoiceID"] for record in answer["records"]]
            if answer["next_cursor"] is None:
                break
            arguments["cursor"] = answer["next_cursor"]
    assert paged == whole
    assert len(set(paged)) == len(paged) == answer["total"] > 300


@pytest.mark.parametrize("published", [False, True], ids=["flat", "as published"])
async def test_a_payment_is_written_once_and_read_back(pristine: Path, published: bool) -> None:
    async with sandbox(pristine) as client:
        invoice = await open_invoice(client)
        flat = {"invoice_id": invoice["InvoiceID"], "account_code": "090", "date": "2026-11-19", "amount": "10.00"}
        listed = {
            "Invoice": {"InvoiceID": invoice["InvoiceID"]},
            "Account": {"Code": "090"},
            "Date": "2026-11-19",
            "Amount": "10.00",
        }
        arguments: dict[str, Any] = {"Payments": [listed]} if published else flat
        first = answer_of(await client.call_tool("create_a_xero_payment", arguments, meta=keyed_by("k1")))
        again = answer_of(await client.call_tool("create_a_xero_payment", arguments, meta=keyed_by("k1")))
        (payment,) = first["records"]
        assert again["records"][0]["PaymentID"] == payment["PaymentID"]
        assert (payment["Amount"], payment["Date"]) == ("10.00", "2026-11-19")
        (after,) = await rows(client, "get_single_xero_invoice_by_id", id=invoice["InvoiceID"])
        assert Decimal(after["AmountDue"]) == Decimal(invoice["AmountDue"]) - 10
        await rows(client, "delete_a_xero_payment_by_id", id=payment["PaymentID"])
        (restored,) = await rows(client, "get_single_xero_invoice_by_id", id=invoice["InvoiceID"])
        assert restored["AmountDue"] == invoice["AmountDue"]


async def test_a_payment_beyond_what_is_due_names_the_amount(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        invoice = await open_invoice(client)
        arguments = {"invoice_id": invoice["InvoiceID"], "account_code": "090", "date": "2026-11-19"}
        error = error_of(await client.call_tool("create_a_xero_payment", {**arguments, "amount": "999999.00"}))
        assert (error["code"], error["field"], error["outcome"]) == ("validation", "amount", "failed")
        error = error_of(
            await client.call_tool(
                "create_a_xero_payment", {**arguments, "account_code": "200", "amount": invoice["AmountDue"]}
            )
        )
        assert (error["code"], error["field"]) == ("validation", "account_code")


async def test_a_credit_note_is_created_allocated_and_returned_as_the_vendors_record(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        invoice = await open_invoice(client)
        line = {
            "Description": "Returned",
            "Quantity": "1",
            "UnitAmount": "8.00",
            "AccountCode": "200",
            "TaxType": "NONE",
        }
        (note,) = await rows(
            client,
            "create_a_xero_credit_note",
            type="ACCRECCREDIT",
            contact_id=invoice["Contact"]["ContactID"],
            date="2026-11-19",
            status="AUTHORISED",
            line_amount_types="NoTax",
            line_items=[line],
        )
        assert (note["Total"], note["RemainingCredit"]) == ("8.00", "8.00")
        (allocation,) = await rows(
            client,
            "create_a_xero_credit_note_allocation",
            credit_note_id=note["CreditNoteID"],
            invoice_id=invoice["InvoiceID"],
            amount="5.00",
            date="2026-11-19",
        )
        assert (allocation["Amount"], allocation["Date"]) == ("5.00", "2026-11-19")
        (after,) = await rows(client, "get_single_xero_credit_note_by_id", id=note["CreditNoteID"])
        assert after["RemainingCredit"] == "3.00"


async def test_a_credit_note_is_freed_of_its_allocation_and_voided(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        invoice = await open_invoice(client)
        line = {"Description": "Fee", "LineAmount": "5.00", "AccountCode": "200", "TaxType": "OUTPUT2"}
        (note,) = await rows(
            client,
            "create_a_xero_credit_note",
            type="ACCRECCREDIT",
            contact_id=invoice["Contact"]["ContactID"],
            date="2026-11-19",
            status="AUTHORISED",
            line_amount_types="Inclusive",
            line_items=[line],
        )
        assert (note["Total"], note["TotalTax"]) == ("5.00", "0.65")
        note_id = note["CreditNoteID"]
        given = {"credit_note_id": note_id, "invoice_id": invoice["InvoiceID"], "amount": "5.00", "date": "2026-11-19"}
        (allocation,) = await rows(client, "create_a_xero_credit_note_allocation", **given)
        void = {"id": note_id, "status": "VOIDED"}
        error = error_of(await client.call_tool("update_a_xero_credit_note_by_id", void))
        assert (error["field"], error["outcome"]) == ("status", "failed")
        freed = {"credit_note_id": note_id, "id": allocation["AllocationID"]}
        (gone,) = await rows(client, "delete_a_xero_credit_note_allocation_by_id", **freed)
        assert (gone["AllocationID"], gone["IsDeleted"], gone["Amount"]) == (allocation["AllocationID"], True, "5.00")
        error = error_of(await client.call_tool("delete_a_xero_credit_note_allocation_by_id", freed))
        assert (error["field"], error["outcome"]) == ("id", "failed")
        (voided,) = await rows(client, "update_a_xero_credit_note_by_id", **void)
        assert voided["Status"] == "VOIDED"
        (after,) = await rows(client, "get_single_xero_invoice_by_id", id=invoice["InvoiceID"])
        assert after["AmountDue"] == invoice["AmountDue"]


async def money(client: Client, type: str, amount: str, **more: Any) -> dict[str, Any]:
    invoice = await open_invoice(client)
    (made,) = await rows(
        client,
        "create_a_xero_bank_transaction",
        type=type,
        contact_id=invoice["Contact"]["ContactID"],
        bank_account_code="090",
        date="2026-11-19",
        **{"line_amount_types": "NoTax", "line_items": [{"Description": "Deposit", "LineAmount": amount}], **more},
    )
    return made


@pytest.mark.parametrize("kind", ["overpayment", "prepayment"])
async def test_an_excess_is_booked_allocated_refunded_and_taken_back(pristine: Path, kind: str) -> None:
    async with sandbox(pristine) as client:
        invoice = await open_invoice(client)
        reference = "BANK TEXT fc-0123456789"
        made = await money(client, f"RECEIVE-{kind.upper()}", "30.00", reference=reference)
        assert (made["Reference"], made["TotalTax"]) == (reference, "0.00")
        credit = made[f"{kind.capitalize()}ID"]
        given = {f"{kind}_id": credit, "invoice_id": invoice["InvoiceID"], "amount": "10.00", "date": "2026-11-19"}
        (allocation,) = await rows(client, f"create_a_xero_{kind}_allocation", **given)
        paid = {f"{kind}_id": credit, "account_code": "090", "date": "2026-11-19", "amount": "20.00"}
        (refund,) = await rows(client, "create_a_xero_payment", **paid)
        delete = {"id": made["BankTransactionID"]}
        error = error_of(await client.call_tool("delete_a_xero_bank_transaction_by_id", delete))
        assert (error["outcome"], "allocated or refunded" in error["message"]) == ("failed", True)
        await rows(client, "delete_a_xero_payment_by_id", id=refund["PaymentID"])
        freed = {f"{kind}_id": credit, "id": allocation["AllocationID"]}
        (gone,) = await rows(client, f"delete_a_xero_{kind}_allocation_by_id", **freed)
        assert gone["IsDeleted"] is True
        (deleted,) = await rows(client, "delete_a_xero_bank_transaction_by_id", **delete)
        assert deleted["Status"] == "DELETED"
        (left,) = await rows(client, f"get_single_xero_{kind}_by_id", id=credit)
        assert (left["Status"], left["RemainingCredit"]) == ("VOIDED", "0.00")


async def test_coded_money_carries_tracking_and_is_deleted(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        category = (await rows(client, "list_all_xero_tracking_categories"))[0]
        option = category["Options"][0]
        line = {"Description": "CARD FEE", "LineAmount": "2.30", "AccountCode": "404", "TaxType": "INPUT2"}
        names = {"Name": category["Name"], "Option": option["Name"]}
        made = await money(
            client, "SPEND", "2.30", line_amount_types="Inclusive", line_items=[{**line, "Tracking": [names]}]
        )
        assert (made["Total"], made["TotalTax"], made["IsReconciled"]) == ("2.30", "0.30", False)
        ids = {key: category[key] for key in ("TrackingCategoryID",)} | {"TrackingOptionID": option["TrackingOptionID"]}
        assert made["LineItems"][0]["Tracking"] == [{**names, **ids}]
        wrong = {**line, "Tracking": [{**names, "Option": "Atlantis"}]}
        arguments = {"type": "SPEND", "contact_id": made["Contact"]["ContactID"], "bank_account_code": "090"}
        error = error_of(
            await client.call_tool(
                "create_a_xero_bank_transaction", {**arguments, "date": "2026-11-19", "line_items": [wrong]}
            )
        )
        assert (error["field"], option["Name"] in error["message"]) == ("line_items", True)
        (gone,) = await rows(client, "delete_a_xero_bank_transaction_by_id", id=made["BankTransactionID"])
        assert gone["Status"] == "DELETED"


async def test_a_transfer_is_made_once_read_and_deleted(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        banks = await rows(client, "list_all_xero_accounts", where='Type=="BANK"')
        here, there = [bank["AccountID"] for bank in banks if bank["CurrencyCode"] == "NZD"][:2]
        dollars = next(bank["AccountID"] for bank in banks if bank["CurrencyCode"] == "USD")
        before = {r["code"]: r for r in await rows(client, "list_all_xero_trial_balance") if r["row"] == "account"}
        arguments = {"from_account_id": here, "to_account_id": there, "amount": "75.50", "date": "2026-11-19"}
        create, once = "create_a_xero_bank_transfer", keyed_by("k7")
        first = answer_of(await client.call_tool(create, {**arguments, "reference": "SWEEP fc-1"}, meta=once))
        again = answer_of(await client.call_tool(create, {**arguments, "reference": "SWEEP fc-1"}, meta=once))
        (made,) = first["records"]
        assert again["records"][0]["BankTransferID"] == made["BankTransferID"]
        assert (made["Amount"], made["Date"], made["Reference"]) == ("75.50", "2026-11-19", "SWEEP fc-1")
        assert (made["FromIsReconciled"], made["ToIsReconciled"]) == (False, False)
        where = 'Reference!=null AND Reference.Contains("fc-1")'
        (found,) = await rows(client, "list_all_xero_bank_transfers", where=where)
        assert (found["FromBankAccount"]["AccountID"], found["ToBankAccount"]["AccountID"]) == (here, there)
        (half,) = await rows(client, "get_single_xero_bank_transaction_by_id", id=found["ToBankTransactionID"])
        assert (half["Type"], half["Total"]) == ("RECEIVE-TRANSFER", "75.50")
        error = error_of(await client.call_tool(create, {**arguments, "to_account_id": dollars}))
        assert (error["field"], error["outcome"]) == ("to_account_id", "failed")
        (gone,) = await rows(client, "delete_a_xero_bank_transfer_by_id", id=made["BankTransferID"])
        assert gone["Status"] == "DELETED"
        assert await rows(client, "list_all_xero_bank_transfers", where=where) == []
        assert len(await rows(client, "list_all_xero_bank_transfers", where=where, include_deleted=True)) == 1
        after = {r["code"]: r for r in await rows(client, "list_all_xero_trial_balance") if r["row"] == "account"}
        assert after == before


async def test_a_reconciled_transaction_is_not_deleted(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        where = 'IsReconciled==true AND Type=="SPEND"'
        held = (await rows(client, "list_all_xero_bank_transactions", where=where, page_size=1))[0]
        assert held["IsReconciled"] is True
        arguments = {"id": held["BankTransactionID"]}
        error = error_of(await client.call_tool("delete_a_xero_bank_transaction_by_id", arguments))
        assert (error["field"], error["outcome"]) == ("id", "failed")
        assert "only a person" in error["next"]


async def test_an_invoice_is_created_changed_and_voided(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        contact = (await rows(client, "list_all_xero_contacts", page_size=1))[0]["ContactID"]
        line = {
            "Description": "Work",
            "Quantity": "3",
            "UnitAmount": "33.33",
            "AccountCode": "200",
            "TaxType": "OUTPUT2",
        }
        (invoice,) = await rows(
            client,
            "create_a_xero_invoice",
            type="ACCREC",
            contact_id=contact,
            date="2026-11-19",
            due_date="2026-12-19",
            line_items=[line],
        )
        assert (invoice["Status"], invoice["SubTotal"], invoice["TotalTax"]) == ("DRAFT", "99.99", "15.00")
        assert (invoice["Date"], invoice["DueDate"]) == ("2026-11-19", "2026-12-19")
        update = "update_a_xero_invoice_by_id"
        (issued,) = await rows(client, update, id=invoice["InvoiceID"], status="AUTHORISED")
        assert (issued["Status"], issued["AmountDue"]) == ("AUTHORISED", "114.99")
        (voided,) = await rows(client, update, id=invoice["InvoiceID"], status="VOIDED")
        assert voided["Status"] == "VOIDED"


async def test_contacts_accounts_and_money_transactions_are_created_and_changed(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        (contact,) = await rows(client, "create_a_xero_contact", name="Brand New Ltd", email_address="a@b.example")
        error = error_of(await client.call_tool("create_a_xero_contact", {"name": "Brand New Ltd"}))
        assert error["field"] == "name"
        id = contact["ContactID"]
        (changed,) = await rows(client, "update_a_xero_contact_by_id", id=id, email_address="c@d.example")
        assert (changed["Name"], changed["EmailAddress"]) == ("Brand New Ltd", "c@d.example")
        (account,) = await rows(client, "create_a_xero_account", code="9499", name="Sundry", type="EXPENSE")
        again = {"code": "9499", "name": "Other", "type": "EXPENSE"}
        assert error_of(await client.call_tool("create_a_xero_account", again))["field"] == "code"
        account_id = account["AccountID"]
        (renamed,) = await rows(client, "update_a_xero_account_by_id", id=account_id, name="Sundries")
        assert (renamed["Code"], renamed["Name"]) == ("9499", "Sundries")
        line = {"Description": "Pens", "Quantity": "1", "UnitAmount": "20.00", "AccountCode": "9499", "TaxType": "NONE"}
        (spent,) = await rows(
            client,
            "create_a_xero_bank_transaction",
            type="SPEND",
            contact_id=id,
            bank_account_code="090",
            date="2026-11-19",
            line_amount_types="NoTax",
            line_items=[line],
        )
        assert (spent["Total"], spent["Date"]) == ("20.00", "2026-11-19")
        (gone,) = await rows(
            client, "update_a_xero_bank_transaction_by_id", id=spent["BankTransactionID"], status="DELETED"
        )
        assert gone["Status"] == "DELETED"


async def test_the_trial_balance_is_exact_and_adds_up(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        records = await rows(client, "list_all_xero_trial_balance", date="2026-11-20")
    accounts = [record for record in records if record["row"] == "account"]
    assert all(record["account_id"] for record in accounts)
    assert {"090", "200"} <= {record["code"] for record in accounts}
    debit = sum(Decimal(record["ytd_debit"] or 0) for record in accounts)
    credit = sum(Decimal(record["ytd_credit"] or 0) for record in accounts)
    assert debit == credit > 0


async def test_profit_and_loss_and_balance_sheet_keep_their_results(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        profit = await rows(client, "list_all_xero_profit_and_loss", from_date="2026-10-01", to_date="2026-10-31")
        sheet = await rows(client, "list_all_xero_balance_sheet", date="2026-11-20")
    assert any(record["name"] == "Net Profit" for record in profit if record["row"] != "section")
    named = {record["name"]: record["amount"] for record in sheet if record["row"] != "section"}
    assert named["Total Assets"] is not None
    assert "Net Assets" in named


async def test_a_filter_in_a_wrong_dialect_names_the_argument(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        for where in ("Status='PAID'", 'Nonsense=="x"', 'Contact.ContactID=="not a guid"'):
            error = error_of(await client.call_tool("list_all_xero_invoices", {"where": where}))
            assert (error["code"], error["field"], error["status"]) == ("invalid_argument", "where", 400)


async def test_an_unknown_id_is_not_found(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        error = error_of(await client.call_tool("get_single_xero_invoice_by_id", {"id": OTHER_GUID}))
    assert (error["code"], error["field"], error["status"]) == ("not_found", "id", 404)


async def test_the_budget_of_the_organisation_is_told_and_a_429_is_passed_on(pristine: Path) -> None:
    async with sandbox(pristine, "2/60s,5,5000") as client:
        first = await client.call_tool("list_all_xero_organisations", {})
        assert first.meta is not None
        assert first.meta["dev.finchat/rate-limit"]["minute_remaining"] == 1
        await client.call_tool("list_all_xero_organisations", {})
        error = error_of(await client.call_tool("list_all_xero_organisations", {}))
    assert (error["code"], error["problem"], error["outcome"]) == ("rate_limited", "minute", "failed")
    assert 0 < error["retry_after_s"] <= 60


async def test_the_organisation_is_plain(pristine: Path) -> None:
    async with sandbox(pristine) as client:
        (organisation,) = await rows(client, "list_all_xero_organisations")
    assert (organisation["BaseCurrency"], organisation["IsDemoCompany"]) == ("NZD", True)
    assert isinstance(organisation["FinancialYearEndDay"], int)
