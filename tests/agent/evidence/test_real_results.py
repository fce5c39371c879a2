"""Results as the sandbox gives them through a real MCP session: their shapes, totals and facts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.agent.evidence import EvidenceStore, Kept
from finchat.agent.facts import Fact, FactPeriod, Filter
from finchat.connections.sessions import open_session
from finchat.connections.toolbox import CallResult
from finchat.sandbox.xero.app import create_app
from finchat.servers.upstream import in_process
from finchat.servers.xero import server
from finchat.settings import ServerSettings
from tests.agent.evidence.kept import AT, Session
from tests.workflows.desk import back_end_of, company

ANCHOR = date(2026, 11, 20)
QUARTERS = {"from_date": "2026-07-01", "to_date": "2026-09-30", "periods": 1, "timeframe": "QUARTER"}
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("list_all_xero_invoices", {"where": 'Type=="ACCREC" AND Status=="AUTHORISED"'}),
    ("list_all_xero_invoices", {"page_size": 10}),
    ("list_all_xero_payments", {"page_size": 40}),
    ("list_all_xero_profit_and_loss", QUARTERS),
    ("list_all_xero_trial_balance", {"date": "2026-11-20"}),
    ("list_all_xero_accounts", {}),
    ("list_all_xero_aged_receivables", {"contact_id": "nobody"}),
)


@asynccontextmanager
async def own(_: ServerSettings) -> AsyncIterator[Any]:
    back_end = back_end_of(company(1, ANCHOR), ANCHOR)
    async with in_process(create_app(back_end)) as upstream:
        yield server.build(upstream, text_copy=False)


async def fetched() -> list[CallResult]:
    settings = ServerSettings(name="books", profile="xero", sandbox=True)
    async with open_session(settings, in_memory=own) as books:
        results = [await books.call(tool, arguments) for tool, arguments in CALLS]
        first = (results[0].structured or {})["records"][0]
        return [*results, await books.call("get_single_xero_contact_by_id", {"id": first["Contact"]["ContactID"]})]


class Books:
    """The results, and what was kept of each."""

    def __init__(self, place: Path) -> None:
        self.results = asyncio.run(fetched())
        self.session = Session(place)
        calls = (*CALLS, ("get_single_xero_contact_by_id", {"id": "x"}))
        self.kept: list[Kept] = [
            self.session.store.keep(server="books", tool=tool, arguments=arguments, result=result, at=AT)
            for (tool, arguments), result in zip(calls, self.results, strict=True)
        ]

    @property
    def store(self) -> EvidenceStore:
        return self.session.store

    def records(self, number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (self.results[number - 1].structured or {})["records"]
        return found

    def facts(self, evidence_id: str, value: Decimal | date | str) -> list[Fact]:
        return [f for f in self.store.facts([value]) if f.evidence_id == evidence_id and f.value == value]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    opened = Books(tmp_path_factory.mktemp("books"))
    yield opened
    opened.store.close()


def owed(records: list[dict[str, Any]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for record in records:
        found[record["CurrencyCode"]] = found.get(record["CurrencyCode"], Decimal(0)) + Decimal(record["AmountDue"])
    return found


def test_totals_of_a_view_are_those_of_the_records(books: Books) -> None:
    wanted = owed(books.records(1))
    assert len(wanted) > 1
    totals = [f for f in books.store.facts(()) if f.evidence_id == "e1" and f.derivation == "sum(amount_due)"]
    assert {f.currency: f.value for f in totals} == wanted
    assert all(f.kind == "invoice" and not f.opaque for f in totals)
    assert {f.filters for f in totals} == {
        (Filter(field="type", operator="=", value="ACCREC"), Filter(field="status", operator="=", value="AUTHORISED"))
    }
    for currency, value in wanted.items():
        assert f"{currency} (" in books.kept[0].view
        assert f"amount_due {value}" in books.kept[0].view


async def test_sums_in_sql_are_those_of_the_records(books: Books) -> None:
    rows, facts = await books.session.ask("SELECT currency_code, sum(amount_due) AS s FROM e1 GROUP BY currency_code")
    assert {row["currency_code"]: Decimal(row["s"]) for row in rows} == owed(books.records(1))
    assert all(not fact.opaque for fact in facts)
    lines = sum(len(record["LineItems"]) for record in books.records(1))
    rows, _ = await books.session.ask("SELECT count(*) AS n, count(invoice_number) AS m FROM e1_line_items")
    assert rows == [{"n": lines, "m": lines}]
    rows, _ = await books.session.ask(
        "SELECT invoice_contact_name, amount, invoice_currency_code FROM e3 WHERE account_code = '090' LIMIT 1"
    )
    assert rows


def test_every_invoice_answers_for_its_own_figures(books: Books) -> None:
    for position, record in enumerate(books.records(1)[:10]):
        (due,) = [
            f for f in books.facts("e1", Decimal(record["AmountDue"])) if f.path == f"records[{position}].AmountDue"
        ]
        assert due.entities == {record["InvoiceNumber"], record["Contact"]["Name"]}
        assert (due.field, due.currency, due.kind) == ("amount_due", record["CurrencyCode"], "invoice")
    names = books.store.names()
    assert all("contact" in names[record["Contact"]["Name"].casefold()] for record in books.records(1))
    assert all("invoice" in names[record["InvoiceNumber"].casefold()] for record in books.records(1))


def test_a_report_tells_accounts_figures_and_periods_apart(books: Books) -> None:
    this = FactPeriod(first=date(2026, 7, 1), last=date(2026, 9, 30))
    before = FactPeriod(first=date(2026, 4, 1), last=date(2026, 6, 30))
    records = {record.get("name"): record for record in books.records(4)}
    profit, sales = records["Gross Profit"], records["Sales"]
    for amount, period in zip(profit["amounts"], (this, before), strict=True):
        (fact,) = books.facts("e4", Decimal(amount))
        assert (fact.field, fact.period, fact.currency) == ("gross_profit", period, "NZD")
        assert not fact.entities
    for amount, period in zip(sales["amounts"], (this, before), strict=True):
        (fact,) = books.facts("e4", Decimal(amount))
        assert (fact.field, fact.period) == ("amount", period)
        assert fact.entities == {"Sales"}
    balance = next(record for record in books.records(5) if record.get("code") == "200")
    fact = next(f for f in books.facts("e5", Decimal(balance["ytd_credit"])) if f.field == "ytd_credit")
    assert fact.entities == {"200", "Sales"}
    assert fact.period == FactPeriod(first=None, last=date(2026, 11, 20))
    assert not [f for f in books.store.facts(()) if f.evidence_id in ("e4", "e5") and f.derivation.startswith("sum")]


def test_views_stay_small_and_alike(books: Books) -> None:
    few, many = books.kept[1], books.kept[0]
    assert (few.rows, many.rows) == (10, len(books.records(1)))
    assert "PARTIAL: one page of" in few.view
    assert all(len(kept.view) <= 4000 for kept in books.kept)
    assert books.kept[6].view.startswith("[e7] books.list_all_xero_aged_receivables · FAILED (invalid_argument")
    assert books.kept[6].rows is None


def test_what_is_kept_is_what_came(books: Books) -> None:
    for kept, result in zip(books.kept, books.results, strict=True):
        read = books.store.get(kept.id).result
        assert read.structured == result.structured
        assert (read.error is None) == (result.error is None)


def test_a_balance_is_its_contacts(books: Books) -> None:
    contact: Mapping[str, Any] = books.records(8)[0]
    outstanding = Decimal(contact["Balances"]["AccountsReceivable"]["Outstanding"])
    (fact,) = [f for f in books.facts("e8", outstanding) if f.field.endswith("outstanding")]
    assert (fact.entities, fact.kind) == (frozenset({contact["Name"]}), "contact")
