"""Plans as people decided them, made up: for what is learned from decisions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from finchat.books.documents import Coding, Organisation
from finchat.books.plan import Ask, Balances, Link, Plan, PlanLine, Proposal, Write
from finchat.safety.journal import WriteRecord
from finchat.safety.results import WriteDecision, WriteResult
from finchat.store.database import Database
from finchat.workflows.memory import Memory

DAY = dt.date(2026, 11, 20)
ORG = Organisation(server="books", id="org", name="Ōtorohanga Feeds", base_currency="NZD", timezone="Pacific/Auckland")
TO_FEES = Coding("fees", "NONE")
NAMES = {"fees": "404 Bank Fees", "soft": "463 Software"}


def proposal(n: int, *, kind: Any = "payment", text: str = "THE RED GATE", **changes: Any) -> Proposal:
    """A line of its own day, paid by the vets."""
    line = PlanLine(
        id=f"line {n}", date=DAY - dt.timedelta(days=n), direction="receive", amount=Decimal("97.50"), currency="NZD",
        account_id="bank", narration=f"{text} {4400 + n}",
    )  # fmt: skip
    link = Link(
        id=f"p{n}.w1", document_id=f"doc {n}", type="invoice", number=f"INV-{n}", contact_id="vets",
        contact="Ōtorohanga Veterinary Partners", amount=Decimal("97.50"), currency="NZD", bank_amount=Decimal("97.50"),
    )  # fmt: skip
    given: dict[str, Any] = {
        "id": f"p{n}", "line_id": line.id, "line": line, "kind": kind, "certainty": "review",
        "confidence": Decimal("0.7"), "evidence": (), "rival": None, "links": (link,), "writes": (write("w1"),),
    }  # fmt: skip
    return Proposal(**{**given, **changes})


def write(id: str, **changes: Any) -> Write:
    given: dict[str, Any] = {
        "id": id, "operation": "payment.create", "resource": "payments", "tool": "create_a_xero_payment",
        "tool_sha256": "0" * 64, "arguments": {}, "amount": Decimal("97.50"), "currency": "NZD",
    }  # fmt: skip
    return Write(**{**given, **changes})


def short(n: int, coding: Coding = TO_FEES, *, asks: tuple[Ask, ...] = ()) -> Proposal:
    """A short payment whose rest was booked to `coding`."""
    plain = proposal(n)
    rest = replace(plain.links[0], id=f"p{n}.w2", amount=Decimal("2.50"), bank_amount=None, coding=coding)
    return replace(plain, links=(*plain.links, rest), writes=(write("w1"), write("w2")), asks=asks)


def ask(kind: Any = "fee") -> Ask:
    return Ask(
        id="a1", kind=kind, amount=Decimal("2.50"), currency="NZD", contact_id="vets", contact="Vets", text="where to?",
        required=False,
    )  # fmt: skip


def coded(n: int, *, contact_id: str = "netflix", coding: Coding = TO_FEES) -> Proposal:
    plain = proposal(n, kind="spend_money", text="NETFLIX.COM")
    assert plain.line is not None
    link = replace(
        plain.links[0], document_id="", number="", contact_id=contact_id, contact="Netflix", coding=coding,
        type="spend_money",
    )  # fmt: skip
    return replace(plain, links=(link,), line=replace(plain.line, direction="spend"))


def plan(*proposals: Proposal, id: str = "plan") -> Plan:
    nothing = Balances(
        bank=(), receivables=None, payables=None, currency="NZD", trial_balance_difference=None, why_missing="made up"
    )
    return Plan(
        id=id, created_at=dt.datetime.combine(DAY, dt.time(9), dt.UTC), as_of=DAY, organisation=ORG,
        server_fingerprint="0" * 64, command=(), proposals=proposals, expected=nothing,
    )  # fmt: skip


def results(of: Plan, decision: WriteDecision = "approved") -> list[WriteResult]:
    done = decision == "approved"
    return [
        WriteResult(
            proposal_id=p.id, write_id=w.id, decision=decision, outcome="committed" if done else None,
            ledger_id=f"ledger {of.id}/{p.id}/{w.id}" if done else None,
        )
        for p in of.proposals
        for w in p.writes
    ]  # fmt: skip


def records(of: Plan, *, by: str = "human") -> list[WriteRecord]:
    return [
        WriteRecord(
            plan_id=of.id, proposal_id=p.id, write_id=w.id, state="committed", approval_id="a", decided_by=by,
            run_id="r", server="books", org_id="org", org_name=ORG.name, tool=w.tool, effect="write",
            arguments_sha256=w.arguments_sha256, amount=w.amount, currency=w.currency, idempotency_key=None,
            call_id=None, known_ids=frozenset(), lifetime_s=0, sent_at=None, sent_boot=None, sent_monotonic=None,
            ended_at=None, ledger_id=f"ledger {of.id}/{p.id}/{w.id}", due_before=None, due_after=None, error_code=None,
            error_text=None, read_back_at=None,
        )
        for p in of.proposals
        for w in p.writes
    ]  # fmt: skip


def applied(memory: Memory, *proposals: Proposal, by: str = "human", id: str = "plan", **changes: Any) -> int:
    made = plan(*proposals, id=id)
    return memory.learn(made, results(made), records(made, by=by), account_names=NAMES, **changes)


def taught(state: Path) -> None:
    """A state file whose memory holds a fact of each kind."""
    with Database(state) as database:
        memory = Memory(database, lambda: dt.datetime.combine(DAY, dt.time(9), dt.UTC))
        for n in (1, 2):
            applied(memory, short(n), coded(n + 10), id=f"plan{n}", asked=[plan(replace(short(n), asks=(ask(),)))])
