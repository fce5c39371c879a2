"""The xero profile against the real server: every tool classed, facts re-read in few calls, writes found again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finchat.books.plan import Precondition, Write
from finchat.errors import UsageError
from finchat.providers import registry
from finchat.providers.writing.context import CannotPropose
from finchat.providers.writing.tokens import reference_text, write_token
from finchat.providers.xero import XERO_PROFILE
from finchat.providers.xero.writes.rates import vendor_rate
from finchat.safety.profile_protocol import Profile
from finchat.servers.xero.table import XERO
from finchat.settings import Home
from tests.workflows.desk import Scripted, back_end_of, company, open_desk, written_feed

ANCHOR = date(2026, 11, 20)
KINDS = ["allocate", "create"]


def test_every_tool_of_our_server_has_its_effect_in_the_profile() -> None:
    profile: Profile = XERO_PROFILE
    assert {row.name: profile.effect(row.name) for row in XERO} == {row.name: row.effect for row in XERO}
    assert all(profile.resource(row.name) for row in XERO)
    assert profile.effect("list_all_xero_secrets") is None


def test_a_server_without_a_profile_is_a_usage_error() -> None:
    assert registry.profile("xero", "books") is XERO_PROFILE
    for name in (None, "quickbooks-intuit"):
        with pytest.raises(UsageError, match="books"):
            registry.profile(name, "books")


@pytest.mark.parametrize(
    ("amount", "base"),
    [("1893.61", "2073.30"), ("9000.00", "16363.64"), ("0.05", "0.09"), ("1000000.00", "1799999.99")],
)
def test_a_rate_has_enough_digits_for_the_banks_cents(amount: str, base: str) -> None:
    rate = Decimal(vendor_rate(Decimal(amount), Decimal(base), "NZD"))
    assert round(Decimal(amount) / rate, 2) == Decimal(base)


def test_a_token_belongs_to_one_write_of_one_plan() -> None:
    tokens = {write_token(plan, p, w, {"amount": "1.00"}) for plan in "ab" for p in ("p1", "p2") for w in ("w1", "w2")}
    assert len(tokens) == 8
    assert all(len(token) == 13 and token.startswith("fc-") for token in tokens)


async def test_writes_are_found_again_by_token_and_by_new_ids(tmp_path: Path) -> None:
    seeded = company(1, ANCHOR)
    async with open_desk(back_end_of(seeded, ANCHOR), Home(tmp_path / "home"), ANCHOR) as desk:
        found = await desk.reconcile(written_feed(seeded, tmp_path / "feed.json"))
        toolbox = desk.guard.toolbox("books")
        mixed = next(p for p in found.plan.proposals if [w.operation.rpartition(".")[2] for w in p.writes] == KINDS)
        allocation, payment = mixed.writes[0], mixed.writes[-1]
        for write in (allocation, payment):
            sighting = await XERO_PROFILE.look_for(toolbox, write, known_ids=frozenset())
            assert not sighting.found
            assert sighting.certain
        applied = await desk.apply(found.plan, Scripted(only=[mixed.id]))
        ids = {r.write_id: r for r in applied.results if r.proposal_id == mixed.id}
        for write in (allocation, payment):
            sighting = await XERO_PROFILE.look_for(toolbox, write, known_ids=frozenset())
            assert sighting.found
            assert sighting.ledger_id == ids[write.id].ledger_id
        # An allocation that was there before is not this one.
        there = frozenset({ids[allocation.id].ledger_id or ""})
        again = await XERO_PROFILE.look_for(toolbox, allocation, known_ids=there)
        assert not again.found
        strange: Write = replace(payment, verify={"by": "smell"})
        assert not (await XERO_PROFILE.look_for(toolbox, strange, known_ids=frozenset())).certain


async def test_facts_of_many_documents_are_read_in_one_call(tmp_path: Path) -> None:
    seeded = company(1, ANCHOR)
    async with open_desk(back_end_of(seeded, ANCHOR), Home(tmp_path / "home"), ANCHOR) as desk:
        found = await desk.reconcile(written_feed(seeded, tmp_path / "feed.json"))
        conditions = [
            c
            for p in found.plan.proposals
            for w in p.writes
            if "invoice_id" in w.arguments and len(p.writes) == 1 and w.operation == "payment.create"
            for c in w.preconditions
        ]
        gone = Precondition(type="invoice", id="00000000-0000-4000-8000-000000000000", field="status", expected="open")
        before = len(desk.session.calls)
        facts = await XERO_PROFILE.observe(desk.guard.toolbox("books"), [*conditions, gone])
        documents = {c.id for c in conditions if c.type in ("invoice", "bill")}
        assert len(desk.session.calls) - before == 2 + -(-(len(documents) + 1) // 40)
    assert gone not in facts
    seen = {c.id for c in conditions if facts.get(c) == c.expected}
    assert documents <= seen


async def test_what_has_no_rate_or_too_little_due_is_not_proposed(tmp_path: Path) -> None:
    from finchat.books.documents import BankLine
    from finchat.books.matching.verdict import Settlement
    from finchat.providers.writing.parts import Place
    from finchat.providers.xero.writes.payments import payment_write

    seeded = company(1, ANCHOR)
    async with open_desk(back_end_of(seeded, ANCHOR), Home(tmp_path / "home"), ANCHOR) as desk:
        found = await desk.reconcile(written_feed(seeded, tmp_path / "feed.json"))
        context = await desk.provider.write_context("p")
        document = next(d for d in found.books.documents if d.status == "open" and d.currency == "NZD")
        bank = next(a for a in found.books.accounts if a.code == "090")
        line: BankLine = found.answers[0].line
        fine = Settlement(document_id=document.id, amount=document.amount_due, bank_amount=document.amount_due)

        def write(**changes: object) -> Write:
            given = {"document": document, "settlement": fine, "account": bank, "due": document.amount_due, **changes}
            return payment_write(context, Place("p1", "w1"), line=line, **given)[1]  # type: ignore[arg-type]

        assert write().arguments["amount"] == f"{document.amount_due:.2f}"
        refused: list[dict[str, object]] = [
            {"due": document.amount_due - Decimal("0.01")},
            {"account": replace(bank, active=False)},
            {"account": replace(bank, accepts_payments=False)},
            {"account": replace(bank, currency="USD")},
            {"document": replace(document, currency="EUR", rate=None)},
        ]
        for changes in refused:
            with pytest.raises(CannotPropose):
                write(**changes)
        hostile = replace(line, payee="A\x1b[31m\u202e", narration="x" * 500, reference="one\ntwo")
        text = reference_text(hostile, "fc-abcdefghij")
    assert text.isprintable()
    assert len(text) <= 120
    assert text.endswith(" fc-abcdefghij")
