"""The whole road in process: MCP client, server, HTTP, the seeded QuickBooks company."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client

from finchat.sandbox.quickbooks.app import create_app
from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd
from finchat.sandbox.quickbooks.limits import Limits
from finchat.servers.quickbooks.entities import ENTITIES
from finchat.servers.quickbooks.server import build
from finchat.servers.quickbooks.table import QUICKBOOKS, selecting
from finchat.servers.quickbooks.upstream import company_path
from finchat.servers.upstream import in_process
from tests.sandbox.quickbooks.seeded import PLENTY, seeded
from tests.servers.fake_upstream import answer_of, error_of, keyed_by

Record = dict[str, Any]
UPDATE, CREATE = "update_a_quick_books_{}_by_id", "create_a_quick_books_{}"


@dataclass
class Books:
    """A session with the server, and the ledger seen from outside it."""

    client: Client
    back_end: QuickBooksBackEnd

    async def rows(self, tool: str, *, key: str | None = None, **arguments: Any) -> list[Record]:
        meta = None if key is None else keyed_by(key)
        found: list[Record] = answer_of(await self.client.call_tool(tool, arguments, meta=meta))["records"]
        return found

    async def one(self, entity: str, query: str = "") -> Record:
        """The first of a query; without one, the newest."""
        singular, plural = ENTITIES[entity].singular, ENTITIES[entity].plural
        newest = " ORDERBY TxnDate DESC" if "TxnDate" in ENTITIES[entity].queryable else ""
        asked = query or f"{selecting(ENTITIES[entity])}{newest}"
        first = (await self.rows(f"list_all_quick_books_{plural}", query=asked, page_size=1))[0]
        return await self.get(singular, first["Id"])

    async def get(self, singular: str, id: str) -> Record:
        (record,) = await self.rows(f"get_single_quick_books_{singular}_by_id", id=id)
        return record

    async def update(self, singular: str, record: Record, **changes: Any) -> Record:
        tool = UPDATE.format(singular)
        (after,) = await self.rows(tool, id=record["Id"], SyncToken=record["SyncToken"], **changes)
        return after

    async def refused(self, tool: str, **arguments: Any) -> Record:
        return error_of(await self.client.call_tool(tool, arguments))

    async def bank(self) -> Record:
        banks = await self.rows(
            "list_all_quick_books_accounts", query="SELECT * FROM Account WHERE AccountType = 'Bank'"
        )
        return next(bank for bank in banks if bank["CurrencyRef"]["value"] == "USD")

    async def account(self, kind: str) -> Record:
        return await self.one("Account", f"SELECT * FROM Account WHERE AccountSubType = '{kind}'")

    def money(self) -> dict[str, Decimal]:
        """Every bank account, receivables and payables; the trial balance is zero, always."""
        told = self.back_end.balances()
        assert Decimal(str(told["trial_balance_difference"])) == 0
        banks = {row["account_id"]: Decimal(row["amount"]) for row in told["bank"]}
        return {**banks, "AR": Decimal(told["receivables"]), "AP": Decimal(told["payables"])}


@asynccontextmanager
async def sandbox(limits: Limits = PLENTY) -> AsyncIterator[Books]:
    back_end = seeded()
    app = create_app(back_end, limits=limits)
    async with (
        in_process(app, path=company_path(back_end.realm_id)) as upstream,
        Client(build(upstream, text_copy=False)) as client,
    ):
        cursor = None
        while True:  # a client that has not seen a tool's page asks for the list again at every call
            page = await client.list_tools(cursor=cursor)
            if (cursor := page.next_cursor) is None:
                break
        yield Books(client, back_end)
    back_end.close()


def kept(before: Record, after: Record, *but: str) -> None:
    """Everything is as it was but what is named, and what QuickBooks keeps for itself."""
    own = {"SyncToken", "MetaData", "sparse", *but}
    assert {k: v for k, v in after.items() if k not in own} == {k: v for k, v in before.items() if k not in own}


async def test_every_list_and_report_answers_and_takes_the_queries_of_its_documentation() -> None:
    async with sandbox() as books:
        for row in QUICKBOOKS:
            if row.verb == "list":
                page = {"page_size": 5} if row.paging else {}
                answer = answer_of(await books.client.call_tool(row.name, page))
                assert answer["records"], row.name
        for entity in ENTITIES.values():
            for example in entity.examples:
                asked = {"query": example, "page_size": 5}
                answer_of(await books.client.call_tool(f"list_all_quick_books_{entity.plural}", asked))


async def test_pages_hold_every_payment_once() -> None:
    async with sandbox() as books:
        whole = [record["Id"] for record in await books.rows("list_all_quick_books_payments")]
        paged: list[str] = []
        arguments: Record = {"page_size": 100}
        while True:
            answer = answer_of(await books.client.call_tool("list_all_quick_books_payments", arguments))
            paged += [record["Id"] for record in answer["records"]]
            if answer["next_cursor"] is None:
                break
            arguments["cursor"] = answer["next_cursor"]
        count = "SELECT COUNT(*) FROM Payment"
        counted = answer_of(await books.client.call_tool("list_all_quick_books_payments", {"query": count}))
    assert paged == whole
    assert counted["total"] == len(set(paged)) > 200


CHANGED: dict[str, Record] = {
    "Customer": {"CompanyName": "Changed"},
    "Vendor": {"CompanyName": "Changed"},
    "Employee": {"Title": "Dr"},
    "Account": {"Description": "Changed"},
    "Item": {"Description": "Changed"},
    "Term": {"Name": "Net 17"},
    "Attachable": {"Note": "Changed"},
    "TimeActivity": {"Description": "Changed"},
    "Department": {"Name": "Changed"},
    "Class": {"Name": "Changed"},
    "PaymentMethod": {"Name": "Changed"},
}


async def test_a_changed_field_leaves_all_others_as_they_were() -> None:
    async with sandbox() as books:
        before_money = books.money()
        for entity in (entity for entity in ENTITIES.values() if "update" in entity.verbs):
            change = CHANGED.get(entity.name, {"PrivateNote": "Changed"})
            ((field, value),) = change.items()
            before = await books.one(entity.name)
            after = await books.update(entity.singular, before, **change)
            read = await books.get(entity.singular, before["Id"])
            kept(before, read, field, "FullyQualifiedName")
            assert int(read["SyncToken"]) == int(before["SyncToken"]) + 1
            assert after[field] == read[field]
            assert str(read[field]) == value
            if field in entity.clearable and entity.name != "Attachable":  # whose note is all it is
                emptied = await books.update(entity.singular, read, clear_fields=[field])
                assert field not in emptied
                kept({name: value for name, value in read.items() if name != field}, emptied, "FullyQualifiedName")
        assert books.money() == before_money


async def open_invoice(books: Books) -> Record:
    return await books.one("Invoice", "SELECT * FROM Invoice WHERE Balance > '50' ORDERBY TxnDate DESC")


def late_fee(item: str, amount: str) -> Record:
    detail = {"ItemRef": {"value": item}, "TaxCodeRef": {"value": "NON"}}
    return {
        "Description": "Late fee",
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": detail,
    }


def lines_of(record: Record) -> dict[str, Record]:
    return {line["Id"]: line for line in record["Line"] if "Id" in line}


async def test_a_late_fee_keeps_every_line_and_a_line_leaves_only_when_it_is_named() -> None:
    async with sandbox() as books:
        before = await open_invoice(books)
        balances = books.money()
        item = next(iter(lines_of(before).values()))["SalesItemLineDetail"]["ItemRef"]["value"]
        after = await books.update("invoice", before, Line=[late_fee(item, "12.34")])
        added = set(lines_of(after)) - set(lines_of(before))
        assert {id: line for id, line in lines_of(after).items() if id not in added} == lines_of(before)
        assert Decimal(after["TotalAmt"]) == Decimal(before["TotalAmt"]) + Decimal("12.34")
        assert Decimal(after["Balance"]) == Decimal(before["Balance"]) + Decimal("12.34")
        assert books.money()["AR"] == balances["AR"] + Decimal("12.34")
        (fee,) = added
        again = await books.update("invoice", after, remove_lines=[fee])
        assert lines_of(again) == lines_of(before)
        assert books.money() == balances
        kept(before, again, "Line")


async def test_tax_follows_the_lines_that_are_changed() -> None:
    async with sandbox() as books:
        invoices = await books.rows("list_all_quick_books_invoices", query="SELECT * FROM Invoice ORDERBY TxnDate DESC")
        taxed = next(one for one in invoices if Decimal(one["TxnTaxDetail"]["TotalTax"]) > 0)
        before = await books.get("invoice", taxed["Id"])
        first = next(
            line for line in lines_of(before).values() if line["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "TAX"
        )
        fee = {key: first[key] for key in ("DetailType", "SalesItemLineDetail")}
        fee["SalesItemLineDetail"] = {
            "ItemRef": first["SalesItemLineDetail"]["ItemRef"],
            "TaxCodeRef": {"value": "TAX"},
        }
        after = await books.update("invoice", before, Line=[{**fee, "Amount": "1000.00"}])
        rate = Decimal(before["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["TaxPercent"])
        more = Decimal(after["TxnTaxDetail"]["TotalTax"]) - Decimal(before["TxnTaxDetail"]["TotalTax"])
        assert abs(more - 10 * rate) <= Decimal("0.01")
        assert Decimal(after["TotalAmt"]) == Decimal(before["TotalAmt"]) + 1000 + more
        (added,) = set(lines_of(after)) - set(lines_of(before))
        again = await books.update("invoice", after, remove_lines=[added])
        kept(before, again)
        books.money()


async def test_a_field_is_emptied_only_when_it_is_named() -> None:
    async with sandbox() as books:
        before = await books.update("invoice", await open_invoice(books), PrivateNote="a note", DocNumber="F-1")
        after = await books.update("invoice", before, clear_fields=["PrivateNote"])
        assert "PrivateNote" not in after
        kept({k: v for k, v in before.items() if k != "PrivateNote"}, after)


async def test_a_change_by_another_client_between_reading_and_writing_is_refused_and_shown() -> None:
    async with sandbox() as books:
        seen = await open_invoice(books)
        app = create_app(books.back_end)
        async with (
            in_process(app, path=company_path(books.back_end.realm_id)) as upstream,
            Client(build(upstream, text_copy=False)) as other,
        ):
            arguments = {"id": seen["Id"], "SyncToken": seen["SyncToken"], "DocNumber": "OTHER-1"}
            answer_of(await other.call_tool(UPDATE.format("invoice"), arguments))
        late = {"id": seen["Id"], "SyncToken": seen["SyncToken"]}
        error = await books.refused(UPDATE.format("invoice"), **late, PrivateNote="mine")
        assert (error["code"], error["field"], error["outcome"]) == ("conflict", "SyncToken", "not_sent")
        assert f"DocNumber {seen['DocNumber']} is now OTHER-1" in error["message"]
        for tool in ("delete_a_quick_books_invoice_by_id", "void_a_quick_books_invoice_by_id"):
            refused = await books.refused(tool, **late)
            assert (refused["code"], refused["outcome"]) == ("conflict", "failed")
        now = await books.get("invoice", seen["Id"])
        assert (now["DocNumber"], now.get("PrivateNote")) == ("OTHER-1", seen.get("PrivateNote"))


async def test_a_payment_is_written_once_under_its_key_applied_voided_and_deleted() -> None:
    async with sandbox() as books:
        invoice, bank = await open_invoice(books), await books.bank()
        before = books.money()
        given = {
            "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
            "TotalAmt": "30.00",
            "TxnDate": "2026-11-19",
            "DepositToAccountRef": {"value": bank["Id"]},
            "PaymentRefNum": "fc-1",
        }
        create = CREATE.format("payment")
        (first,) = await books.rows(create, key="k1", **given)
        (again,) = await books.rows(create, key="k1", **given)
        assert (first["Id"], first["UnappliedAmt"]) == (again["Id"], "30.00")
        paid = books.money()
        assert (paid[bank["Id"]], paid["AR"]) == (before[bank["Id"]] + 30, before["AR"] - 30)
        pays = {"Amount": "20.00", "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
        applied = await books.update("payment", first, Line=[pays])
        assert applied["UnappliedAmt"] == "10.00"
        assert books.money() == paid
        after = await books.get("invoice", invoice["Id"])
        assert Decimal(after["Balance"]) == Decimal(invoice["Balance"]) - 20
        found = await books.rows(
            "list_all_quick_books_payments", query="SELECT * FROM Payment WHERE PaymentRefNum = 'fc-1'"
        )
        assert [record["Id"] for record in found] == [first["Id"]]
        freed = await books.update("payment", applied, remove_lines=[f"Invoice:{invoice['Id']}"])
        assert freed["UnappliedAmt"] == "30.00"
        kept(first, freed, "Line", "LinkedTxn")
        assert books.money() == paid
        gone = {"id": first["Id"], "SyncToken": freed["SyncToken"]}
        await books.rows("void_a_quick_books_payment_by_id", **gone)
        assert books.money() == before
        voided = await books.get("payment", first["Id"])
        assert Decimal(voided["TotalAmt"]) == 0
        await books.rows("delete_a_quick_books_payment_by_id", id=first["Id"], SyncToken=voided["SyncToken"])
        assert (await books.refused("get_single_quick_books_payment_by_id", id=first["Id"]))["code"] == "not_found"


async def test_undeposited_payments_are_gathered_so_that_the_bank_moves_once() -> None:
    async with sandbox() as books:
        invoice, bank, waiting = await open_invoice(books), await books.bank(), await books.account("UndepositedFunds")
        before = books.money()
        payments = []
        for amount in ("11.00", "7.50"):
            (made,) = await books.rows(
                CREATE.format("payment"),
                CustomerRef={"value": invoice["CustomerRef"]["value"]},
                TotalAmt=amount,
                DepositToAccountRef={"value": waiting["Id"]},
                Line=[{"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
            )
            payments.append(made)
        assert books.money()[bank["Id"]] == before[bank["Id"]]
        links = [
            {
                "Amount": payment["TotalAmt"],
                "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}],
            }
            for payment in payments
        ]
        deposited: Record = {"DepositToAccountRef": {"value": bank["Id"]}, "Line": links, "TxnDate": "2026-11-20"}
        error = await books.refused(CREATE.format("deposit"), **deposited, TotalAmt="18.49")
        assert error["field"] == "TotalAmt"
        (deposit,) = await books.rows(CREATE.format("deposit"), **deposited, TotalAmt="18.50")
        after = books.money()
        assert deposit["TotalAmt"] == "18.50"
        assert (after[bank["Id"]], after["AR"]) == (
            before[bank["Id"]] + Decimal("18.50"),
            before["AR"] - Decimal("18.50"),
        )
        noted = await books.update("deposit", deposit, PrivateNote="slip 7")
        kept(deposit, noted, "PrivateNote")


async def test_a_credit_memo_is_applied_by_a_payment_of_nothing() -> None:
    async with sandbox() as books:
        query = "SELECT * FROM CreditMemo WHERE Balance > '1'"
        memo = (await books.rows("list_all_quick_books_credit_memos", query=query))[0]
        owed = f"SELECT * FROM Invoice WHERE CustomerRef = '{memo['CustomerRef']['value']}' AND Balance > '1'"
        if not (invoices := await books.rows("list_all_quick_books_invoices", query=owed)):
            line = late_fee("1", "40.00")
            invoices = await books.rows(
                CREATE.format("invoice"), CustomerRef={"value": memo["CustomerRef"]["value"]}, Line=[line]
            )
        before = books.money()
        links = [("Invoice", invoices[0]["Id"]), ("CreditMemo", memo["Id"])]
        lines = [{"Amount": "1.00", "LinkedTxn": [{"TxnId": id, "TxnType": kind}]} for kind, id in links]
        await books.rows(
            CREATE.format("payment"), CustomerRef={"value": memo["CustomerRef"]["value"]}, TotalAmt="0.00", Line=lines
        )
        assert books.money() == before
        after = await books.get("credit_memo", memo["Id"])
        assert Decimal(after["Balance"]) == Decimal(memo["Balance"]) - 1


async def test_a_bill_is_paid_by_card() -> None:
    async with sandbox() as books:
        bill = await books.one("Bill", "SELECT * FROM Bill WHERE Balance > '10'")
        card = await books.account("CreditCard")
        before = books.money()
        (paid,) = await books.rows(
            CREATE.format("bill_payment"),
            VendorRef={"value": bill["VendorRef"]["value"]},
            PayType="CreditCard",
            CreditCardPayment={"CCAccountRef": {"value": card["Id"]}},
            TotalAmt="10.00",
            Line=[{"Amount": "10.00", "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}],
        )
        after = await books.get("bill", bill["Id"])
        assert Decimal(after["Balance"]) == Decimal(bill["Balance"]) - 10
        assert books.money()["AP"] == before["AP"] - 10
        await books.rows("delete_a_quick_books_bill_payment_by_id", id=paid["Id"], SyncToken=paid["SyncToken"])
        assert books.money() == before


async def test_a_customer_is_created_found_by_a_name_with_a_quote_and_taken_out_of_use() -> None:
    async with sandbox() as books:
        (made,) = await books.rows(CREATE.format("customer"), DisplayName='Zoë\'s "Bird" Sanctuary')
        query = r"""SELECT * FROM Customer WHERE DisplayName = 'Zoë\'s "Bird" Sanctuary'"""
        (found,) = await books.rows("list_all_quick_books_customers", query=query)
        assert found["Id"] == made["Id"]
        twice = await books.refused(CREATE.format("customer"), DisplayName='Zoë\'s "Bird" Sanctuary')
        assert (twice["code"], twice["field"]) == ("validation", "DisplayName")
        gone = await books.update("customer", found, Active=False)
        assert gone["Active"] is False
        assert await books.rows("list_all_quick_books_customers", query=query) == []


async def test_throttling_is_told_and_not_waited_out() -> None:
    async with sandbox(Limits.parse("8/60s,1000,40")) as books:
        seen = [await books.client.call_tool("list_all_quick_books_terms", {}) for _ in range(9)]
    error = error_of(seen[-1])
    assert (error["code"], error["retry_after_s"], error["outcome"]) == ("rate_limited", 60.0, "failed")


NOTES = st.text("abc é'", min_size=1, max_size=6).map(lambda text: f"n{text}n")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("note"), NOTES),
        st.tuples(st.just("clear"), st.just("")),
        st.tuples(st.just("add"), st.integers(1, 99999).map(lambda cents: str(Decimal(cents).scaleb(-2)))),
        st.tuples(st.just("describe"), NOTES),
        st.tuples(st.just("remove"), st.just("")),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=4, deadline=None)
@given(STEPS)
async def test_no_sequence_of_updates_loses_a_field_or_a_line(steps: list[tuple[str, str]]) -> None:
    async with sandbox() as books:
        current = await open_invoice(books)
        item = next(iter(lines_of(current).values()))["SalesItemLineDetail"]["ItemRef"]["value"]
        for kind, value in steps:
            ids = list(lines_of(current))
            changes: dict[str, Record] = {
                "note": {"PrivateNote": value},
                "clear": {"clear_fields": ["PrivateNote"]},
                "add": {"Line": [late_fee(item, value)]},
                "describe": {"Line": [{"Id": ids[0], "Description": value}]},
                "remove": {"remove_lines": [ids[-1]]},
            }
            change = changes[kind]
            if kind == "remove" and len(ids) == 1:
                continue
            after = await books.update("invoice", current, **change)
            gone = {"PrivateNote"} if kind == "clear" else set()
            assert set(current) - set(after) <= gone
            named = {ids[-1]} if kind == "remove" else set()
            assert set(ids) - set(lines_of(after)) == named
            for id in set(ids) - named:
                told = {"Description": value} if kind == "describe" and id == ids[0] else {}
                assert lines_of(after)[id] == {**lines_of(current)[id], **told}
            kept(
                {k: v for k, v in current.items() if k not in gone},
                after,
                *("PrivateNote", "Line", "TotalAmt", "Balance", "TxnTaxDetail", "HomeTotalAmt", "HomeBalance"),
            )
            books.money()
            current = after
