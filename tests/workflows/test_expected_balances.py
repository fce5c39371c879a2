"""Whatever is drafted and approved, the ledger afterwards says what the plan said, account by account, to the cent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finchat.books.documents import BankLine, Books, Coding, Credit, Document
from finchat.books.matching.verdict import Coded, CodingChoice, Excess, Refund, Settlement, Verdict
from finchat.books.plan import Balances, Plan
from finchat.providers.writing.context import WriteContext
from finchat.providers.xero import XERO_PROFILE, parsing
from finchat.settings import Home
from finchat.workflows.proposals import draft
from tests.workflows.desk import Desk, Scripted, back_end_of, company, open_desk

ANCHOR = date(2026, 11, 20)
DAY = date(2026, 11, 18)
ROWS = ("pay", "overpay", "keep", "prepay", "refund", "code", "short")
TAXES = ("NONE", "INPUT2", "ZERORATED")
NUMBERS = count(1)


@dataclass(frozen=True)
class Opened:
    portal: BlockingPortal
    desk: Desk
    context: WriteContext
    contact: str
    accounts: Mapping[str, str]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    back_end = back_end_of(company(1, ANCHOR), ANCHOR)
    home = Home(tmp_path_factory.mktemp("home") / "home")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_desk(back_end, home, ANCHOR)) as desk,
    ):

        async def prepare() -> Opened:
            context = await desk.provider.write_context("any", chart=True)
            made = await desk.outside.put("/Contacts", {"Name": "Any Body"})
            accounts = {a.code: a.id for a in context.accounts.values()}
            return Opened(portal, desk, context, made["Contacts"][0]["ContactID"], accounts)

        yield portal.call(prepare)


@st.composite
def cases(draw: Callable[..., Any]) -> dict[str, Any]:
    """A line of any row of the table, in the bank's base or foreign currency, for a document in either."""
    row = draw(st.sampled_from(ROWS))
    cents = draw(st.integers(2, 9_999_999))
    foreign_bank = row in ("pay", "overpay", "keep", "code", "refund") and draw(st.booleans())
    return {
        "row": row,
        "amount": Decimal(cents).scaleb(-2),
        "bank": "092" if foreign_bank else "090",
        "currency": "USD" if foreign_bank or (row in ("pay", "refund") and draw(st.booleans())) else "NZD",
        "document_rate": Decimal(draw(st.integers(300_000, 2_000_000))).scaleb(-6),  # USD for one NZD, as Xero has it
        "line_rate": Decimal(draw(st.integers(300_000, 2_000_000))).scaleb(-6),
        "more": Decimal(draw(st.integers(1, 99_999))).scaleb(-2),
        "inward": draw(st.booleans()),
        "tax": draw(st.sampled_from(TAXES)),
    }


async def document(desk: Desk, case: Mapping[str, Any], contact: str, *, credit: bool) -> dict[str, Any]:
    """An open invoice or bill, or credit, over the case's amount."""
    sales = case["inward"] != credit  # a credit given to a customer goes out, one from a supplier comes in
    name = "CreditNotes" if credit else "Invoices"
    kind = ("ACCREC" if sales else "ACCPAY") + ("CREDIT" if credit else "")
    body: dict[str, Any] = {
        "Type": kind, "Status": "AUTHORISED", "Contact": {"ContactID": contact}, "Date": "2026-11-10",
        "LineAmountTypes": "NoTax", "CurrencyCode": case["currency"],
        "LineItems": [{"Description": "any", "UnitAmount": float(case["amount"]), "AccountCode": "200"}],
    }  # fmt: skip
    if case["currency"] != "NZD":
        body["CurrencyRate"] = float(case["document_rate"])
    if not sales and not credit:
        body["InvoiceNumber"] = f"B-{next(NUMBERS)}"
    (row,) = (await desk.outside.put(f"/{name}", body))[name]
    return dict(row)


async def told(opened: Opened, case: Mapping[str, Any]) -> tuple[Books, Verdict]:
    """The books and the verdict that the case amounts to."""
    desk, row, amount = opened.desk, case["row"], case["amount"]
    bank = opened.context.accounts[opened.accounts[case["bank"]]]
    base_rate = 1 / case["line_rate"]
    cash = amount
    if case["currency"] != bank.currency:
        cash = max(Decimal("0.01"), (amount * base_rate).quantize(Decimal("0.01")))
    known: dict[str, Any] = {"rate": base_rate, "rate_source": "file"} if bank.currency != "NZD" else {}
    documents: list[Document] = []
    credits: list[Credit] = []
    parts: dict[str, Any] = {}
    if row in ("pay", "overpay", "short"):
        found = parsing.document(await document(desk, case, opened.contact, credit=False), "NZD")
        paid = amount if row != "short" else max(Decimal("0.01"), amount - case["more"])
        cash = cash if row != "short" else paid
        documents = [found]
        parts["settlements"] = (Settlement(document_id=found.id, amount=paid, bank_amount=cash, **known),)
    if row == "refund":
        note = parsing.credit(await document(desk, case, opened.contact, credit=True), "credit_note", "NZD")
        credits = [note]
        parts["refunds"] = (Refund(credit_id=note.id, amount=amount, bank_amount=cash, **known),)
    if row in ("overpay", "keep", "prepay"):
        over = case["more"] if row == "overpay" else amount
        cash = cash + over if row == "overpay" else over
        parts["excess"] = Excess(
            kind="prepayment" if row == "prepay" else "overpayment",
            contact_id=opened.contact,
            contact="Any Body",
            amount=over,
        )
    coding = Coding(opened.accounts["404"], case["tax"])
    if row == "code":
        parts["coded"] = Coded(contact_id=opened.contact, contact="Any Body", coding=coding)
    if row == "short" and cash < amount:
        parts["residual_coding"] = CodingChoice(coding=coding, text="as always")
        parts["residual"] = amount - cash
    number = next(NUMBERS)
    line = BankLine(
        id=f"line-{number}", source="feed", source_id=str(number), account_id=bank.id, date=DAY,
        direction="receive" if case["inward"] else "spend", amount=cash, currency=bank.currency, payee="ANY BODY",
        fingerprints=(f"hash:{number}",),
    )  # fmt: skip
    verdict = Verdict(
        line_id=line.id, situation="short_fee" if row == "short" else "exact", status="settle", certain=True,
        confidence=Decimal(1), reason="so it is", **parts,
    )  # fmt: skip
    books = Books(
        base_currency="NZD", as_of=ANCHOR, accounts=tuple(opened.context.accounts.values()),
        documents=tuple(documents), credits=tuple(credits), lines=(line,), rates={DAY: {"USD": base_rate}},
    )  # fmt: skip
    return books, verdict


async def applied(opened: Opened, case: Mapping[str, Any]) -> None:
    desk = opened.desk
    books, verdict = await told(opened, case)
    plan_id = f"20261120-{next(NUMBERS):08d}"
    context = replace(opened.context, plan_id=plan_id, rates=books.rates)
    drafted = draft([verdict], books, context, lambda _: Decimal(0))
    assert not [f for f in drafted.findings if f.code == "cannot_propose"], drafted.findings
    (proposal,) = drafted.proposals
    assert XERO_PROFILE.disagreement(proposal, "NZD") is None
    assert proposal.cash == books.lines[0].amount
    nothing = Balances(bank=(), receivables=None, payables=None, currency="NZD", trial_balance_difference=None)
    plan = Plan(
        id=plan_id, created_at=datetime.now(UTC), as_of=ANCHOR, organisation=desk.organisation,
        server_fingerprint=desk.settings.fingerprint(desk.organisation.id), command=(), proposals=(proposal,),
        expected=nothing,
    )  # fmt: skip
    desk.journal.plan_made(plan)
    before = await desk.outside.trial_balance(ANCHOR)
    done = await desk.apply(plan, Scripted(only=[proposal.id]))
    after = await desk.outside.trial_balance(ANCHOR)
    assert {r.outcome for r in done.results} == {"committed"}, done.results
    assert all(r.error is None for r in done.results)
    assert done.differences == ()
    said: dict[str, Decimal] = {}
    for effect in (e for w in proposal.writes for e in w.effects):
        said[effect.account_id] = said.get(effect.account_id, Decimal(0)) + effect.base_amount
    moved = {id: after.get(id, Decimal(0)) - before.get(id, Decimal(0)) for id in {*before, *after}}
    assert {id: x for id, x in said.items() if x} == {id: x for id, x in moved.items() if x}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
def test_the_ledger_says_what_the_plan_said(opened: Opened, case: dict[str, Any]) -> None:
    opened.portal.call(applied, opened, case)
