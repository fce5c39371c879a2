"""The seeded company as the provider reads it, against what its own file holds and the answers it was made with."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.ageing import ageing, in_base
from finchat.books.documents import Books
from finchat.books.matching import match
from finchat.books.periods import Window
from finchat.books.profit import tie_out
from finchat.events import Notice
from finchat.providers.provider import Side
from finchat.providers.quickbooks.queries import all_rows
from finchat.providers.quickbooks.table import TABLE
from finchat.sandbox.quickbooks.limits import Limits
from finchat.servers.quickbooks.table import QUICKBOOKS
from finchat.workflows import feed as feeds
from tests.providers.quickbooks.opened import WEEK, Opened, answers, opened
from tests.sandbox.quickbooks.seeded import TODAY


def test_every_operation_names_a_published_tool_with_the_effect_the_server_gives_it() -> None:
    published = {row.name: row for row in QUICKBOOKS}
    assert {row.tool for row in TABLE.rows} == set(published)
    for row in TABLE.rows:
        own = published[row.tool]
        assert (row.effect == "read") == (own.effect == "read"), row.name
        if own.verb in ("delete", "void"):
            assert row.effect == "destructive", row.name


async def test_the_books_of_a_week_hold_what_the_file_holds_in_the_fewest_calls() -> None:
    async with opened() as qb:
        organisation = await qb.provider.organisation()
        assert (organisation.id, organisation.sandbox) == (qb.company.realm_id, True)
        assert (organisation.base_currency, organisation.timezone) == ("USD", "America/Chicago")
        assert organisation.period_lock == date(2026, 7, 31)
        await qb.provider.accounts()
        qb.toolbox.calls.clear()
        books = await qb.provider.read_books(*WEEK, (), TODAY)
        # Fifteen side by side; then documents that were paid, and the vendor credits that only a report tells of.
        assert len(qb.toolbox.calls) == 18
        assert not [event for event in qb.events if isinstance(event, Notice)]

        due = {r["Id"]: Decimal(r["row"]["balance"]) / 100 for e in ("Invoice", "Bill") for r in qb.rows(e)}
        still_open = {d.id: d.amount_due for d in books.documents if d.amount_due}
        assert still_open == {id: amount for id, amount in due.items() if amount}
        assert all(d.status == "paid" and d.paid_on is not None for d in books.documents if not d.amount_due)

        left = {
            r["Id"]: Decimal(r["row"]["balance"]) / 100
            for e in ("CreditMemo", "VendorCredit", "Payment") for r in qb.rows(e) if r["row"]["balance"]
        }  # fmt: skip
        assert {c.id: c.remaining for c in books.credits} == left
        assert {c.source_id for c in books.credits if c.kind == "overpayment"} <= {r["Id"] for r in qb.rows("Payment")}

        held = {account["Id"]: account for account in qb.rows("Account")}
        (undeposited,) = (a for a in books.accounts if a.undeposited)
        waiting = sum((one.amount for one in books.undeposited), Decimal(0))
        balance = next(r for r in qb.company.balances()["other"] if r["account_id"] == undeposited.id)
        assert waiting == Decimal(balance["amount"]) > 0
        assert {a.id for a in books.accounts if a.kind == "bank"} == {
            id for id, a in held.items() if a["AccountType"] in ("Bank", "Credit Card")
        }
        assert {a.name for a in books.accounts if a.card} == {"Visa"}
        a_payment_of_several_documents_is_one_for_a_bank_line(books)
        what_moved_each_bank_account_is_there_once_and_to_the_cent(qb, books)


def what_moved_each_bank_account_is_there_once_and_to_the_cent(qb: Opened, books: Books) -> None:
    first, last = TODAY - timedelta(days=51), TODAY
    moved = {a.id: Decimal(0) for a in books.accounts if a.kind == "bank" and a.currency == "USD"}
    amounts = [
        *((p.account_id, p.date, p.direction, p.bank_amount) for p in books.payments),
        *((t.account_id, t.date, t.direction, t.amount) for t in books.bank_transactions),
        *((t.from_account, t.date, "spend", t.amount) for t in books.transfers),
        *((t.to_account, t.date, "receive", t.amount) for t in books.transfers),
    ]
    for account_id, day, direction, amount in amounts:
        if account_id in moved and first < day <= last:
            moved[account_id] += amount if direction == "receive" else -amount
    ledger = qb.company.ledger
    for account_id, amount in moved.items():
        then, now = (ledger.balances(last=day).get(account_id) for day in (first, last))
        assert amount == Decimal((now.amount if now else 0) - (then.amount if then else 0)) / 100


def a_payment_of_several_documents_is_one_for_a_bank_line(books: Books) -> None:
    parts = {p.id: p for p in books.payments}
    assert books.batches
    for batch in books.batches:
        assert batch.whole
        assert sum(parts[id].bank_amount for id in batch.payment_ids) == batch.amount
        assert {parts[id].batch_id for id in batch.payment_ids} == {batch.id}


async def test_lines_the_ledger_holds_are_claimed_by_the_records_that_hold_them(tmp_path: Path) -> None:
    first, last = date(2026, 10, 1), TODAY
    made = answers()
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps(made.feed, default=str))
    async with opened() as qb:
        lines = feeds.bank_lines(feeds.read(feed), await qb.provider.accounts())
        near = tuple(line for line in lines if first - timedelta(days=38) <= line.date <= last)
        books = await qb.provider.read_books(first, last, near, TODAY)
        verdicts = {v.line_id: v for v in match(books)}
    known = [(line, made.truth["lines"][line.source_id]) for line in near if line.date >= first]
    claims = [(verdicts[line.id], set(t["claim"]["ledger_ids"])) for line, t in known if "claim" in t]
    assert len(claims) > 60
    claimed = [(v, ids) for v, ids in claims if v.status == "already_settled"]
    assert all(set(v.ledger_ids) == ids for v, ids in claimed)
    # Money booked to income or kept as a credit is told with the document it seems to be for; it is held all the same.
    assert all(v.status == "already_settled" or set(v.ledger_ids) == ids for v, ids in claims)


async def test_balances_are_the_company_own_to_the_cent_on_any_day() -> None:
    async with opened() as qb:
        for day in (TODAY, date(2026, 3, 31)):
            told, held = await qb.provider.balances(day), qb.company.balances(day)
            assert told.trial_balance_difference == 0
            assert (told.receivables, told.payables) == (Decimal(held["receivables"]), Decimal(held["payables"]))
            base = {r["account_id"]: Decimal(r["amount"]) for r in held["bank"] if r["currency"] == "USD"}
            assert {b.account_id: b.amount for b in told.bank if b.account_id in base} == base
            assert {(o.account_id, o.control): o.amount for o in told.other if o.control != "gain_loss"} == {
                (o["account_id"], o["control"]): Decimal(o["amount"])
                for o in held["other"]
                if o["control"] != "gain_loss"
            }


@pytest.mark.parametrize("side", ["invoice", "bill"])
async def test_what_was_open_on_any_day_adds_up_to_its_control_account(side: Side) -> None:
    async with opened() as qb:
        lookups = qb.provider.lookups()
        for day in (TODAY, date(2026, 6, 30)):
            found = ageing(*await lookups.open_on(side, day), day)
            assert not found.undated
            assert in_base(found.items, found.credits, "USD") == await lookups.control_balance(side, day)
        everyone = await lookups.open_on(side, TODAY)
        contact = everyone[0][0].document.contact_id
        mine = await lookups.open_on(side, TODAY, contact)
        assert [d.document.id for d in mine[0]] == [
            d.document.id for d in everyone[0] if d.document.contact_id == contact
        ]


def _part_paid(qb: Opened) -> dict[str, Any]:
    return next(r for r in qb.rows("Invoice") if 0 < r["row"]["balance"] < r["row"]["total"])


async def test_a_document_is_found_by_its_number_with_all_that_settled_it() -> None:
    async with opened() as qb:
        lookups = qb.provider.lookups()
        row = _part_paid(qb)
        (invoice,) = await lookups.documents(row["DocNumber"])
        assert (invoice.id, invoice.type, invoice.unexplained) == (row["Id"], "invoice", Decimal(0))
        assert invoice.settled
        assert sum(line.line_amount for line in invoice.lines) + invoice.total_tax == invoice.total
        (receivable,) = await lookups.settleable(row["DocNumber"])
        assert receivable.amount_paid == sum(amount for _, amount in receivable.paid) == invoice.amount_paid
        assert await lookups.documents("no such number") == ()
        assert row["DocNumber"] in await lookups.numbers_like(f"inv. no {row['DocNumber']}")
        used = next(r for r in qb.rows("CreditMemo") if not r["row"]["balance"])
        (credit,) = await lookups.documents(used["DocNumber"])
        assert credit.type == "credit_note"
        assert credit.unexplained == 0
        assert all(one.number for one in credit.settled)


async def test_contacts_are_found_by_name_id_and_what_their_records_say() -> None:
    async with opened() as qb:
        lookups = qb.provider.lookups()
        customer, vendor = qb.rows("Customer")[0], next(r for r in qb.rows("Vendor") if r.get("AcctNum"))
        (found,) = await lookups.contacts(customer["DisplayName"])
        assert (found.id, found.customer, found.supplier) == (customer["Id"], True, False)
        assert customer["Id"] in {c.id for c in await lookups.contacts(customer["Id"])}
        for said in (vendor["AcctNum"], vendor["PrimaryEmailAddr"]["Address"]):
            (other,) = await lookups.contacts(said)
            assert (other.id, other.supplier) == (vendor["Id"], True)
        names = await lookups.contact_names()
        assert len(names) == sum(r["Active"] for e in ("Customer", "Vendor") for r in qb.rows(e))
        last = await lookups.last_documents(customer["Id"], 3)
        assert len(last) == 3
        assert all(one.contact_id == customer["Id"] and one.unexplained == 0 for one in last)
        assert (await lookups.documents_near(customer["Id"], last[0].date, last[0].date))[0].id == last[0].id


@pytest.mark.parametrize("basis", ["accrual", "cash"])
async def test_the_lines_of_the_profit_and_loss_add_up_to_what_it_states(basis: str) -> None:
    async with opened() as qb:
        window = Window(date(2026, 10, 1), date(2026, 10, 31))
        report = await qb.provider.lookups().profit_and_loss(window, "cash" if basis == "cash" else "accrual")
        assert tie_out(report).difference == 0
        assert {line.section for line in report.lines} >= {"revenue", "cost_of_sales", "operating_expenses"}
        assert all(line.code for line in report.lines)


async def test_what_lines_are_coded_with_is_the_company_own() -> None:
    async with opened() as qb:
        chart = await qb.provider.chart()
        assert {rate.type: (rate.percent, rate.revenue, rate.expenses) for rate in chart.tax_rates} == {
            "TAX": (Decimal("8.25"), True, False), "NON": (Decimal(0), True, True),
        }  # fmt: skip
        assert {c.name: set(c.options) for c in chart.tracking} == {
            "Class": {r["Name"] for r in qb.rows("Class")}, "Department": {r["Name"] for r in qb.rows("Department")},
        }  # fmt: skip
        terms = {r["Id"]: r["DueDays"] for r in qb.rows("Term")}
        context = await qb.provider.write_context("P1", chart=True, fresh=True)
        for row in qb.rows("Vendor"):
            own = context.contacts[row["Id"]].bill_terms if row["Active"] else None
            assert (own.day if own else None) == (terms.get(row.get("TermRef", {}).get("value")) if own else None)
        assert any(contact.bill_terms for contact in context.contacts.values())
        assert context.organisation.sales_terms is not None


async def test_a_query_reads_every_page_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finchat.providers.quickbooks.queries.PAGE", 150)
    async with opened() as qb:
        rows = await all_rows(qb.toolbox, "invoice.list", "", "invoices", qb.events.append)
        wanted = qb.rows("Invoice")
        assert [row["Id"] for row in rows] == [row["Id"] for row in sorted(wanted, key=lambda r: int(r["Id"]))]
        # The first page, the number of all, and the other pages.
        assert len(qb.toolbox.calls) == 2 + (len(wanted) - 1) // 150


async def test_the_server_says_how_many_calls_keep_to_both_limits_of_the_vendor() -> None:
    async with opened() as qb:
        rate = (await qb.toolbox.call("list_all_quick_books_company_info", {})).rate
        assert rate is not None
        assert rate.minute_limit is not None
        assert rate.window_s == 1.0
        vendor = Limits()
        assert rate.minute_limit <= vendor.per_second
        assert rate.minute_limit * vendor.window_s <= vendor.per_window
