"""Memory learns what people decided about a plan, keeps it per organisation, and lets them see and change it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.documents import Account, BankLine, Books, Coding, Contact, Organisation, TaxRate, TrackingCategory
from finchat.books.plan import Ask, Balances, Link, Plan, PlanLine, Proposal, Write
from finchat.errors import UsageError
from finchat.safety.journal import WriteRecord
from finchat.safety.results import WriteDecision, WriteResult
from finchat.store.database import Database
from finchat.workflows import memory_edit
from finchat.workflows.memory import Memory
from finchat.workflows.memory_words import sentence

DAY = dt.date(2026, 11, 20)
ORG = Organisation(server="books", id="org", name="Ōtorohanga Feeds", base_currency="NZD", timezone="Pacific/Auckland")
TO_FEES = Coding("fees", "NONE")
NAMES = {"fees": "404 Bank Fees", "soft": "463 Software"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "state.sqlite3", durable=False) as opened:
        yield opened


@pytest.fixture
def memory(database: Database) -> Memory:
    return Memory(database, lambda: dt.datetime.combine(DAY, dt.time(9), dt.UTC))


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


def sentences(memory: Memory, on: dt.date = DAY) -> list[str]:
    return [sentence(known.fact) for known in memory.facts(on)]


def test_what_a_person_approved_twice_is_a_name(memory: Memory) -> None:
    applied(memory, proposal(1))
    assert sentences(memory) == [
        "“THE RED GATE” is Ōtorohanga Veterinary Partners: confirmed once, last on 2026-11-20; "
        "not used before it is confirmed again."
    ]
    assert memory.recall("org", DAY).history == ()

    applied(memory, proposal(2), id="another")
    (said,) = sentences(memory)
    assert "confirmed twice" in said
    assert "fades by 2028-02-29" in said
    assert {c.contact_id for c in memory.recall("org", DAY).history} == {"vets"}
    assert memory.recall("other", DAY).history == (), "another organisation knows nothing of it"


def test_a_plan_that_is_applied_again_teaches_once(memory: Memory) -> None:
    assert applied(memory, proposal(1), proposal(2)) == 2
    assert applied(memory, proposal(1), proposal(2)) == 0


@pytest.mark.parametrize("by", ["policy:unattended"])
def test_what_no_person_approved_teaches_nothing(memory: Memory, by: str) -> None:
    assert applied(memory, proposal(1), proposal(2), by=by) == 0


def test_what_was_not_written_whole_teaches_nothing(memory: Memory) -> None:
    made = plan(short(1))
    first, second = results(made)

    assert memory.learn(made, [first, replace(second, outcome="failed")], records(made)) == 0


def test_a_name_the_line_says_itself_is_not_learned(memory: Memory) -> None:
    assert applied(memory, proposal(1, text="OTOROHANGA VETERINARY PARTNERS")) == 0


def test_a_refusal_and_an_undo_teach_the_opposite(memory: Memory) -> None:
    applied(memory, proposal(1), proposal(2))
    refused = plan(proposal(3), id="refused")
    memory.learn(refused, results(refused, "refused"), [])
    skipped = plan(proposal(4), id="skipped")
    assert memory.learn(skipped, results(skipped, "skipped"), []) == 0

    (said,) = sentences(memory)
    assert "confirmed twice, contradicted once" in said
    assert said.endswith("not used, because it was contradicted.")
    assert memory.recall("org", DAY).history == ()

    applied(memory, proposal(5), id="more")
    assert memory.recall("org", DAY).history != ()
    undo = plan(
        proposal(1, writes=(write("w1", operation="payment.delete", reverses="more/p5/w1"),), links=()), id="undo"
    )
    memory.learn(undo, results(undo), records(undo))
    assert memory.recall("org", DAY).history == ()


def test_the_same_answer_to_a_fee_twice_is_a_habit_and_once_is_none(memory: Memory) -> None:
    applied(memory, short(1), asked=[plan(replace(short(1), asks=(ask(),)))])
    assert memory.recall("org", DAY).habits == ()

    applied(memory, short(2), id="second", asked=[plan(replace(short(2), asks=(ask(),)))])
    (habit,) = memory.recall("org", DAY).habits
    assert (habit.contact_id, habit.kind, habit.coding, habit.confirmed) == ("vets", "fee", TO_FEES, 2)
    assert any(
        s.startswith("fees of Ōtorohanga Veterinary Partners: to 404 Bank Fees, NONE: confirmed twice")
        for s in sentences(memory)
    )

    applied(memory, short(3), id="third")  # filled in by the habit: nothing was asked
    (habit,) = memory.recall("org", DAY).habits
    assert habit.confirmed == 3

    applied(memory, short(4, Coding("soft", "NONE")), id="fourth", asked=[plan(replace(short(4), asks=(ask(),)))])
    (habit,) = memory.recall("org", DAY).habits
    assert habit.coding == TO_FEES, "one other answer flips nothing"


def test_coded_money_is_remembered_with_the_contact_it_made(memory: Memory) -> None:
    made = replace(
        coded(1, contact_id=""), writes=(write("w1", operation="contact.create"), write("w2", depends_on=("w1",)))
    )
    applied(memory, made)

    (transaction,) = memory.recall("org", DAY).codings
    assert (transaction.contact_id, transaction.id) == ("ledger plan/p1/w1", "ledger plan/p1/w2")
    assert transaction.codings == ((TO_FEES, Decimal("97.50")),)
    assert sentences(memory) == [
        "money to Netflix without a document: to 404 Bank Fees, NONE: confirmed once, last on 2026-11-20; "
        "counts with what the ledger holds."
    ]


def test_a_payers_account_is_kept_as_a_digest_and_its_ending(memory: Memory, database: Database) -> None:
    number = "12-3456-0008812-00"
    lines = [
        BankLine(
            id=f"line {n}", source="feed", source_id=str(n), account_id="bank", date=DAY - dt.timedelta(days=n),
            direction="receive", amount=Decimal("97.50"), currency="NZD", counterparty_account=number,
        )
        for n in (1, 2)
    ]  # fmt: skip
    memory.saw("org", lines)
    applied(memory, proposal(1), proposal(2))

    kept = "\n".join(str(tuple(row)) for table in ("memory_observations", "memory_accounts")
                     for row in database.rows(f"SELECT * FROM {table}"))  # fmt: skip
    assert "0008812" not in kept
    assert any(s.startswith("the account ending in …1200 is of Ōtorohanga") for s in sentences(memory))
    accounts = [c for c in memory.recall("org", DAY).history if c.counterparty_account]
    assert len(accounts) == 2


def test_what_is_forgotten_stays_forgotten(memory: Memory) -> None:
    applied(memory, proposal(1), proposal(2), coded(3))
    name = next(k for k in memory.facts(DAY) if k.fact.kind == "name")

    assert memory.forget([name]) == 1
    assert [k.fact.kind for k in memory.facts(DAY)] == ["coding"]
    assert applied(memory, proposal(1), proposal(2), coded(3)) == 0
    with pytest.raises(UsageError, match="memory holds no"):
        memory.fact(name.fact.id, DAY)


def test_a_persons_word_sets_a_name_right_at_once_and_is_kept_as_theirs(memory: Memory) -> None:
    applied(memory, proposal(1), proposal(2), proposal(3))
    (known,) = memory.facts(DAY)

    now = memory.say(known, contact=("gate", "Red Gate Trading"))

    assert (now.contact, now.said, now.believed) == ("Red Gate Trading", True, True)
    assert {c.contact_id for c in memory.recall("org", DAY).history} == {"gate"}
    assert "“THE RED GATE” is Red Gate Trading: you said so, last on 2026-11-20" in sentences(memory)[0]


def test_a_persons_word_sets_a_coding_right(memory: Memory) -> None:
    applied(memory, coded(1), coded(2))
    (known,) = memory.facts(DAY)

    memory.say(known, coding=Coding("soft", "INPUT2"), coding_text="463 Software")

    remembered = memory.recall("org", DAY)
    assert [s[2].account_id for s in remembered.said] == ["soft"]


CHART = Books(
    base_currency="NZD", as_of=DAY,
    accounts=(
        Account(id="fees", code="404", name="Bank Fees", kind="expense", currency="NZD", codable=True, tax_type="NONE"),
        Account(id="bank", code="090", name="Everyday", kind="bank", currency="NZD"),
    ),
    tax_rates=(TaxRate(type="NONE", name="No GST", percent=Decimal(0)),),
    tracking=(TrackingCategory(id="t", name="Region", options=("North",)),),
)  # fmt: skip


def test_an_edit_names_what_the_ledger_has() -> None:
    assert memory_edit.coding(CHART, "404", None, ()) == (TO_FEES, "404 Bank Fees, No GST")
    assert memory_edit.coding(CHART, "404", "NONE", ("Region=North",))[0].tracking == (("Region", "North"),)
    contacts = (Contact(id="c1", name="Red Gate Trading"), Contact(id="c2", name="Twin"), Contact(id="c3", name="Twin"))
    assert memory_edit.contact(contacts, "red gate trading") == ("c1", "Red Gate Trading")
    wrong: Mapping[str, tuple[Any, ...]] = {
        "--account": ("999", None, ()),
        "--tax": ("404", "NOPE", ()),
        "--tracking": ("404", None, ("Region=East",)),
    }
    for field, given in wrong.items():
        with pytest.raises(UsageError) as caught:
            memory_edit.coding(CHART, *given)
        assert caught.value.field == field
    with pytest.raises(UsageError, match="no account"):
        memory_edit.coding(CHART, "999", None, ())
    with pytest.raises(UsageError, match="not an account that money can be coded to"):
        memory_edit.coding(CHART, "090", None, ())
    for name in ("gate", "Twin"):
        with pytest.raises(UsageError):
            memory_edit.contact(contacts, name)
