"""From a statement file to the ledger and back: every format settles the same lines once, and the bank reconciliation
statement proves it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from finchat.books.periods import Window
from finchat.books.plan import Plan, Proposal
from finchat.books.statement import BankReconciliation
from finchat.events import silent
from finchat.safety.approval import Approve, ReviewContext, bind, together
from finchat.sandbox.company import SeededCompany, generate
from finchat.sandbox.company.statement_files import Statement as Rendered
from finchat.sandbox.company.statement_files import render
from finchat.settings import Home
from finchat.store.database import Database
from finchat.workflows.bank_files.imported import Imported
from finchat.workflows.bank_files.statement import Statement
from finchat.workflows.bank_reconciliation import bank_reconciliations
from finchat.workflows.reconcile import Reconciliation, Request, prepare
from finchat.workflows.statements import read_statements, wish
from tests.workflows.desk import Desk, back_end_of, open_desk, written_feed

ANCHOR = date(2026, 11, 20)
FIRST = ANCHOR - timedelta(days=8)  # the books were in order until then
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
FILES = (("csv", "split"), ("ofx", ""), ("camt053", ""), ("mt940", ""))


@cache
def seeded() -> SeededCompany:
    return generate(1, ANCHOR)


def rendered(format: str, style: str = "", first: date = FIRST, last: date = ANCHOR) -> bytes:
    whole = Rendered.of(seeded().statements["090"])
    return render(whole.between(first, last), format, style or None)


class Everything:
    """Approves, all together, whatever can be written as it stands."""

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[Approve]:
        asked = [p for p in plan.proposals if p.id in context.proposal_ids and self.wanted(p)]
        for approved in together([bind(plan, p, user="tester") for p in asked]):
            yield approved

    def wanted(self, proposal: Proposal) -> bool:
        return bool(proposal.writes) and not any(a.required for a in proposal.open_asks)


class Bench:
    """One company with its memory of statements, read and written as the command does."""

    def __init__(self, desk: Desk, directory: Path) -> None:
        self.desk = desk
        self.directory = directory
        self.database = Database(directory / "statements.sqlite3", durable=False)
        self.memory = Imported(self.database, desk.organisation.id)
        self.plans = 0

    async def read(self, data: bytes, name: str, feed: Path | None = None) -> tuple[Statement, ...]:
        path = self.directory / name
        path.write_bytes(data)
        read = await read_statements(
            wish([path], "090", None, None), await self.desk.provider.accounts(), memory=self.memory, today=ANCHOR,
            now=NOW, person=None, feed=feed,
        )  # fmt: skip
        return read.statements

    async def plan(self, statements: tuple[Statement, ...], window: Window | None = None) -> Reconciliation:
        self.plans += 1
        request = Request(
            window=window or Window(min(s.first for s in statements), max(s.last for s in statements)),
            as_of=ANCHOR,
            plan_id=f"20261120-0000000{self.plans}",
            created_at=NOW,
            server_fingerprint=self.desk.settings.fingerprint(self.desk.organisation.id),
            statements=statements,
        )
        found = await prepare(self.desk.provider, request, records=self.desk.journal, emit=silent)
        self.desk.journal.plan_made(found.plan)
        return found

    async def statement(self, found: Reconciliation, *, written: bool) -> BankReconciliation:
        (one,) = await bank_reconciliations(
            self.desk.provider, found, memory=self.memory, records=self.desk.journal, as_of=ANCHOR, written=written
        )
        return one


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    back_end = back_end_of(seeded(), ANCHOR)
    async with open_desk(back_end, Home(tmp_path / "home"), ANCHOR) as desk:
        one = Bench(desk, tmp_path)
        yield one
        one.database.close()


# Each is read again in the next format, so every other one has all four in it.
@pytest.mark.parametrize(
    ("format", "style"), [pytest.param(*file, marks=[pytest.mark.slow] * (n % 2)) for n, file in enumerate(FILES)]
)
async def test_each_format_is_settled_once_and_the_bank_agrees_with_the_books(
    format: str, style: str, bench: Bench
) -> None:
    found = await bench.plan(await bench.read(rendered(format, style), f"statement.{format}"))
    before = await bench.statement(found, written=False)
    assert before.difference == 0
    assert before.unrecorded
    applied = await bench.desk.apply(found.plan, Everything())
    written = {r.proposal_id for r in applied.results if r.outcome == "committed"}
    assert len(written) > 15
    after = await bench.statement(found, written=True)
    assert after.difference == 0
    assert after.closing == before.closing
    settled = {p.line_id for p in found.plan.proposals if p.id in written and p.kind != "transfer"}
    open_ = {u.line.id: u for u in after.unrecorded}
    # What is left of a line that was written is a rest the card left to a person, never the line again.
    assert all(abs(open_[id].signed) < open_[id].line.amount for id in settled & set(open_))
    # The same days in another format: whatever was written is in the ledger, and nothing of it is proposed again.
    other_format, other_style = FILES[(FILES.index((format, style)) + 1) % len(FILES)]
    again = await bench.plan(await bench.read(rendered(other_format, other_style), f"again.{other_format}"))
    assert not {p.line_id for p in again.plan.proposals} & {p.line_id for p in found.plan.proposals if p.id in written}
    assert (await bench.statement(again, written=False)).difference == 0


async def test_overlapping_files_pay_nothing_twice(bench: Bench) -> None:
    paid: list[str] = []
    for n, (first, last, format) in enumerate(
        [
            (FIRST, ANCHOR - timedelta(days=2), "ofx"),
            (FIRST + timedelta(days=1), ANCHOR - timedelta(days=1), "csv"),
            (FIRST, ANCHOR, "camt053"),
        ]
    ):
        style = "bare" if format == "csv" else ""
        found = await bench.plan(await bench.read(rendered(format, style, first, last), f"{n}.{format}"))
        applied = await bench.desk.apply(found.plan, Everything())
        done = {r.proposal_id for r in applied.results if r.outcome == "committed"}
        paid += [p.line_id for p in found.plan.proposals if p.id in done]
    assert len(paid) == len(set(paid))
    ledger = await bench.desk.outside.payments()
    assert len({p["PaymentID"] for p in ledger}) == len(ledger)
    assert (await bench.statement(found, written=True)).difference == 0


async def test_what_was_paid_from_the_feed_is_not_paid_from_a_file(bench: Bench) -> None:
    feed = written_feed(seeded(), bench.directory / "feed.json")
    from_feed = await bench.desk.reconcile(feed, days=9)
    applied = await bench.desk.apply(from_feed.plan, Everything())
    assert any(r.outcome == "committed" for r in applied.results)
    found = await bench.plan(await bench.read(rendered("mt940"), "statement.sta", feed))
    done = {r.proposal_id for r in applied.results if r.outcome == "committed"}
    assert not {p.line_id for p in found.plan.proposals} & {p.line_id for p in from_feed.plan.proposals if p.id in done}
    assert {x.id for s in found.statements for x in s.lines} <= set(from_feed.lines) | {x.id for x in found.books.lines}


async def test_money_that_was_settled_aside_of_the_bank_from_the_feed_is_not_counted_twice(bench: Bench) -> None:
    """An allocation of a receipt, and a payment out of a clearing account, move no bank: the receipt holds the line."""
    feed = written_feed(seeded(), bench.directory / "feed.json")
    from_feed = await bench.desk.reconcile(feed, days=9)
    bank = next(a.id for a in from_feed.books.accounts if a.code == "090")

    def aside(operation: str, account: object) -> bool:
        return "allocate" in operation or (operation == "payment.create" and account not in (None, bank))

    kinds = {
        p.id: p.kind
        for p in from_feed.plan.proposals
        if p.line
        and p.line.account_id == bank
        and any(aside(w.operation, w.arguments.get("account_id")) for w in p.writes)
    }
    assert set(kinds.values()) >= {"allocation", "payment"}

    class Those(Everything):
        def wanted(self, proposal: Proposal) -> bool:
            return super().wanted(proposal) and proposal.id in kinds

    applied = await bench.desk.apply(from_feed.plan, Those())
    done = {r.proposal_id for r in applied.results if r.outcome == "committed"}
    assert {kinds[id] for id in done} >= {"allocation", "payment"}
    lines = {p.line_id for p in from_feed.plan.proposals if p.id in done}
    found = await bench.plan(await bench.read(rendered("mt940"), "statement.sta", feed))
    one = await bench.statement(found, written=False)
    assert not lines & {u.line.id for u in one.unrecorded}
    assert not {o.movement.amount for o in one.receipts} & {x.amount for x in found.books.lines if x.id in lines}
    assert one.difference == 0


async def test_nothing_of_a_file_that_does_not_add_up_is_certain(bench: Bench) -> None:
    statements = await bench.read(rendered("camt053"), "statement.xml")
    closing = statements[0].closing
    assert closing is not None
    broken = rendered("camt053").replace(f"{closing}".encode(), f"{closing + 1}".encode())
    found = await bench.plan(await bench.read(broken, "broken.xml"))
    assert found.findings[0].code == "statement_does_not_add_up"
    assert found.findings[0].severity == "error"
    assert found.plan.proposals
    assert {p.certainty for p in found.plan.proposals} == {"review"}
    assert "proposed" not in {a.status for a in found.answers}
    one = await bench.statement(found, written=False)
    assert one.difference == 1
    (why,) = one.explanations
    assert why.amount == 1
    assert "broken.xml does not add up" in why.text


async def test_entries_the_bank_has_not_shown_are_outstanding_with_their_age(bench: Bench) -> None:
    statements = await bench.read(rendered("ofx", last=ANCHOR - timedelta(days=1)), "early.ofx")
    found = await bench.plan(statements)
    account = next(a for a in found.books.accounts if a.code == "090")
    sales = next(a for a in found.books.accounts if a.code == "200")
    day = ANCHOR - timedelta(days=3)
    body = {
        "Type": "SPEND", "BankAccount": {"AccountID": account.id}, "Date": day.isoformat(),
        "Contact": {"ContactID": found.books.contacts[0].id}, "LineAmountTypes": "NoTax",
        "LineItems": [{"Description": "cheque", "Quantity": "1", "UnitAmount": "77.77", "AccountCode": sales.code}],
    }  # fmt: skip
    await bench.desk.outside.put("/BankTransactions", body)
    one = await bench.statement(found, written=True)
    (cheque,) = [o for o in one.payments if o.movement.amount == Decimal("77.77")]
    assert (cheque.age_days, cheque.movement.date) == (2, day)
    assert one.difference == 0
    assert one.adjusted == (one.closing or 0) + sum(
        (o.movement.signed for o in (*one.receipts, *one.payments)), Decimal(0)
    )


async def test_earlier_statements_are_context_and_what_they_showed_is_not_outstanding(bench: Bench) -> None:
    middle = ANCHOR - timedelta(days=2)
    first = await bench.plan(await bench.read(rendered("csv", "split", FIRST, middle), "1.csv"))
    await bench.desk.apply(first.plan, Everything())
    await bench.statement(first, written=True)
    second = await bench.plan(await bench.read(rendered("mt940", "", middle + timedelta(days=1)), "2.sta"))
    assert [f.code for f in second.statements[0].findings] == []  # the balances follow: no gap
    one = await bench.statement(second, written=False)
    assert one.since == min(x.date for x in first.statements[0].lines)
    assert one.difference == 0
    shown = {id for x in second.statements[0].earlier for id in (x.id,)}
    assert shown


async def test_a_window_narrower_than_the_statement_leaves_its_proof_whole(bench: Bench) -> None:
    statements = await bench.read(rendered("ofx"), "statement.ofx")
    narrow = await bench.plan(statements, Window(ANCHOR, ANCHOR))
    assert {a.line.date for a in narrow.answers} == {ANCHOR}
    assert (await bench.statement(narrow, written=False)).difference == 0


async def test_what_lay_before_the_first_statement_is_said_when_the_bank_is_ahead_of_the_books(bench: Bench) -> None:
    late = ANCHOR - timedelta(days=2)
    found = await bench.plan(await bench.read(rendered("ofx", first=late), "late.ofx"))
    one = await bench.statement(found, written=False)
    assert one.difference
    assert not one.explained
    assert f"from before {one.since}" in one.explanations[0].text
    assert "read the earlier statements" in one.explanations[0].text


def test_the_schema_holds_the_document() -> None:
    from jsonschema import Draft202012Validator

    from finchat.books.documents import Account
    from finchat.books.statement import reconcile
    from finchat.workflows.bank_reconciliation import bank_reconciliation_json
    from finchat.workflows.schemas import BANK_RECONCILIATION

    account = Account(id="a", code="090", name="Bank", kind="bank", currency="EUR")
    one = reconcile(
        account, since=FIRST, as_of=ANCHOR, closing=Decimal("-5.00"), lines=(), claims={}, entries=(),
        book=Decimal("1.00"), reasons={},
    )  # fmt: skip
    found = bank_reconciliation_json(one)
    Draft202012Validator(BANK_RECONCILIATION).validate(found)
    assert json.dumps(found)
    Draft202012Validator(BANK_RECONCILIATION).validate(bank_reconciliation_json(replace(one, difference=None)))
