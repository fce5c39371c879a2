"""Memory learns what people decided about a plan, keeps it per organisation, and lets them see and change it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.documents import Account, BankLine, Books, Coding, Contact, TaxRate, TrackingCategory
from finchat.books.plan import Plan, Proposal
from finchat.errors import UsageError
from finchat.store.database import Database
from finchat.workflows import memory_edit
from finchat.workflows.memory import Memory
from finchat.workflows.memory_tables import ROOM, SCRIPTS
from finchat.workflows.memory_words import sentence
from tests.workflows.decided import DAY, TO_FEES, applied, ask, coded, plan, proposal, records, results, short, write


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "state.sqlite3", durable=False) as opened:
        yield opened


@pytest.fixture
def memory(database: Database) -> Memory:
    return Memory(database, lambda: dt.datetime.combine(DAY, dt.time(9), dt.UTC))


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


def test_the_same_payer_is_one_name_whatever_else_the_line_says(memory: Memory) -> None:
    def by_field(n: int, narration: str) -> Proposal:
        plain = proposal(n)
        assert plain.line is not None
        return replace(plain, line=replace(plain.line, payee="THE RED GATE", narration=narration))

    applied(memory, by_field(1, "TRANSFER FROM SAVINGS"), by_field(2, "BILL PAYMENT OCTOBER"))

    (said,) = sentences(memory)
    assert said.startswith("“THE RED GATE” is Ōtorohanga Veterinary Partners: confirmed twice")


def test_a_refusal_teaches_nothing_of_names_and_accounts(memory: Memory) -> None:
    applied(memory, proposal(1), proposal(2))
    before = sentences(memory)
    for decision in ("refused", "skipped"):
        made = plan(proposal(3), id=decision)
        assert memory.learn(made, results(made, decision), []) == 0

    assert sentences(memory) == before
    assert memory.recall("org", DAY).history != ()


def test_a_refusal_counts_against_the_coding_and_the_habit_it_proposed(memory: Memory) -> None:
    for n in (1, 2):
        applied(memory, short(n), coded(n), id=f"plan{n}", asked=[plan(replace(short(n), asks=(ask(),)))])
    refused = plan(short(3), replace(coded(4), id="c4"), id="no")

    assert memory.learn(refused, results(refused, "refused"), []) == 2
    told = [s for s in sentences(memory) if "contradicted once" in s]
    assert len(told) == 2
    assert not any("THE RED GATE" in s for s in told)


def undoing(name: str, n: int) -> Plan:
    return plan(proposal(n, writes=(write("w1", operation="payment.delete", reverses=name),), links=()), id=f"undo-{n}")


def test_an_undo_withdraws_what_was_confirmed_and_contradicts_nothing(memory: Memory) -> None:
    applied(memory, proposal(1), proposal(2), id="first")
    before = sentences(memory)
    applied(memory, proposal(5), coded(6), id="more")
    for name, n in (("more/p5/w1", 5), ("more/p6/w1", 6)):
        undo = undoing(name, n)
        assert memory.learn(undo, results(undo), records(undo)) == 0

    assert sentences(memory) == before
    assert applied(memory, proposal(5), id="more") == 0, "a run that learns late does not bring it back"
    assert applied(memory, proposal(5), id="again") == 1


def test_a_state_that_counted_undone_names_as_contradicted_is_set_right(tmp_path: Path) -> None:
    with Database(tmp_path / "old.sqlite3", durable=False) as old:
        old.migrate(ROOM, SCRIPTS[:2])
        rows = [("a", 1), ("b", 1), ("c", 1), ("c-", -1), ("d", -1)]
        with old.transaction() as connection:
            for id, sign in rows:
                connection.execute(
                    "INSERT INTO memory_observations VALUES ('org', '', ?, 'name', 'k', 'v', 'V', ?, 0, '', '', '')",
                    (id, sign),
                )
        Memory(old, lambda: dt.datetime.now(dt.UTC))
        assert [row["id"] for row in old.rows("SELECT id FROM memory_observations ORDER BY id")] == ["a", "b"]


@pytest.mark.parametrize("number", ["SI-56431", "SI 56431", "si56431", "#56431", "CARD 4411 SI-56431"])
def test_a_name_keeps_no_number_of_a_document(memory: Memory, number: str) -> None:
    def naming(n: int) -> Proposal:
        plain = proposal(n)
        assert plain.line is not None
        links = (replace(plain.links[0], number="SI-56431"),)
        return replace(plain, links=links, line=replace(plain.line, payee=f"7-ELEVEN RED GATE {number}"))

    applied(memory, naming(1))

    (known,) = memory.facts(DAY)
    assert known.fact.shown == f"7-ELEVEN RED GATE{' CARD' * number.startswith('CARD')}"
    assert "si" not in known.fact.key.split()


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


def test_a_plan_that_was_begun_is_known_until_it_was_learned_from(memory: Memory) -> None:
    memory.begin(plan(proposal(1)))
    assert memory.begun("org") == ("plan",)
    assert memory.begun("other") == ()

    applied(memory, proposal(1))
    assert memory.begun("org") == ()


def test_an_organisation_that_is_no_more_is_forgotten_whole(memory: Memory) -> None:
    applied(memory, proposal(1), coded(2))
    memory.forget_organisation("org")

    assert memory.facts(DAY) == ()
    assert applied(memory, proposal(1), coded(2)) == 2


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
