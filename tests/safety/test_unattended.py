"""What `--yes` may approve: nothing without rules, and with rules nothing beyond them, over all processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.books.documents import BankLine, Books, ConfirmedLine, Contact, Payment
from finchat.books.plan import Ask, Effect, Evidence, Kind, Plan, Proposal, Write
from finchat.errors import WriteRefused
from finchat.safety.approval import bind
from finchat.safety.counterparties import KNOWN_COUNTERPARTY, known_counterparty
from finchat.safety.journal import Conclusion, Reservation
from finchat.safety.policy import Policy, UnattendedRules
from finchat.safety.profile_protocol import Standing
from finchat.safety.results import WriteOutcome
from finchat.safety.unattended import base_amounts, judge
from tests.safety.world import World, make_world, one_payment, payment, plan, proposal

TODAY = date(2026, 11, 20)
RULES = UnattendedRules(
    kinds=frozenset({"payment"}), max_amount=Decimal("500.00"), max_total_per_day=Decimal("1000.00"),
    known_counterparties_only=True, expires=TODAY,
)  # fmt: skip
KNOWN = (Evidence(kind=KNOWN_COUNTERPARTY, text="paid before"),)
Worlds = Callable[..., World]


def known_payment(plan_id: str = "plan-1", **words: Any) -> Plan:
    return one_payment(plan_id, evidence=KNOWN, **words)


def changed(**changes: Any) -> Proposal:
    return replace(known_payment().proposals[0], **changes)


def test_a_certain_known_small_payment_may_be_approved() -> None:
    made = known_payment()
    assert judge(RULES, made, made.proposals[0], today=TODAY, foreign=False).approved


def question(*, required: bool) -> Ask:
    return Ask(
        id="a1", kind="fee", amount=Decimal("1.00"), currency="NZD", contact_id="c-1", contact="Acme", text="Where to?",
        required=required,
    )  # fmt: skip


def undoing(operation: str) -> Write:
    return replace(known_payment().proposals[0].writes[0], operation=operation)


ANY_KIND = replace(RULES, kinds=frozenset(get_args(Kind)))


@pytest.mark.parametrize("kind", get_args(Kind))
def test_only_the_kinds_that_are_named_may_be_approved(kind: Kind) -> None:
    made = known_payment()
    proposal = changed(kind=kind)
    assert judge(ANY_KIND, made, proposal, today=TODAY, foreign=False).approved
    others = replace(RULES, kinds=ANY_KIND.kinds - {kind})
    assert kind in judge(others, made, proposal, today=TODAY, foreign=False).reason


@pytest.mark.parametrize("operation", ["payment.delete", "credit_note.void", "overpayment.deallocate"])
def test_taking_back_is_a_kind_of_its_own(operation: str) -> None:
    made, writes = known_payment(), (undoing(operation),)
    for kind in ("delete", "void"):
        assert judge(ANY_KIND, made, changed(kind=kind, writes=writes), today=TODAY, foreign=False).approved


def test_a_transfer_between_own_accounts_has_no_counterparty_to_know() -> None:
    proposal = changed(kind="transfer", evidence=(), writes=(undoing("bank_transfer.create"),))
    assert judge(ANY_KIND, known_payment(), proposal, today=TODAY, foreign=False).approved


def test_every_write_of_a_proposal_counts_once() -> None:
    paid = known_payment().proposals[0].writes[0]  # 400.00, a bank effect of as much
    both_ends = (
        Effect(account_id="a", control="bank", amount=Decimal(-70), currency="NZD", base_amount=Decimal(-70)),
        Effect(account_id="b", control="bank", amount=Decimal(40), currency="USD", base_amount=Decimal(70)),
    )
    proposal = changed(
        writes=(
            paid,
            replace(paid, id="w2", operation="bank_transaction.create", amount=Decimal(20), effects=()),
            replace(paid, id="w3", operation="bank_transfer.create", amount=Decimal(70), effects=both_ends),
            replace(paid, id="w4", operation="credit_note.allocate", amount=Decimal(100), effects=()),
            replace(paid, id="w5", operation="contact.create", amount=Decimal(0), effects=()),
        )
    )
    assert base_amounts(plan(proposal), proposal) == {
        "w1": Decimal(400), "w2": Decimal(20), "w3": Decimal(70), "w4": Decimal(100), "w5": Decimal(0)
    }  # fmt: skip
    assert not judge(
        replace(RULES, max_amount=Decimal(399)), plan(proposal), proposal, today=TODAY, foreign=False
    ).approved


@pytest.mark.parametrize(
    ("rules", "proposal", "today", "foreign", "why"),
    [
        (None, changed(), TODAY, False, "no [unattended] rules"),
        (RULES, changed(), TODAY, True, "not made here"),
        (RULES, changed(), TODAY + timedelta(days=1), False, "expired on 2026-11-20"),
        (RULES, changed(certainty="review"), TODAY, False, "only proposals of class certain"),
        (RULES, changed(kind="allocation"), TODAY, False, "kind allocation"),
        (RULES, changed(evidence=()), TODAY, False, "not paid before"),
        (RULES, changed(writes=()), TODAY, False, "nothing to write"),
        (replace(RULES, max_amount=Decimal("399.99")), changed(), TODAY, False, "over unattended.max_amount"),
        (RULES, changed(asks=(question(required=True),)), TODAY, False, "asks something"),
        (RULES, changed(asks=(question(required=False),)), TODAY, False, "asks something"),
        (RULES, changed(asks=(question(required=True),), writes=()), TODAY, False, "asks something"),
        (RULES, changed(writes=(undoing("payment.delete"),)), TODAY, False, "takes something back"),
        (RULES, changed(writes=(undoing("credit_note.deallocate"),)), TODAY, False, "takes something back"),
        (RULES, changed(kind="transfer"), TODAY, False, "kind transfer"),
        (ANY_KIND, changed(kind="transfer", evidence=()), TODAY, False, "not paid before"),
    ],
)
def test_anything_beyond_the_rules_needs_a_person(
    rules: UnattendedRules | None, proposal: Proposal, today: date, foreign: bool, why: str
) -> None:
    verdict = judge(rules, plan(proposal), proposal, today=today, foreign=foreign)
    assert not verdict.approved
    assert why in verdict.reason


def test_a_foreign_amount_counts_in_base_currency_and_an_unknown_one_is_refused() -> None:
    write = known_payment().proposals[0].writes[0]
    effect = Effect(
        account_id="bank", control="bank", amount=Decimal("400"), currency="EUR", base_amount=Decimal("-720")
    )
    foreign = changed(writes=(replace(write, currency="EUR", effects=(effect,)),))
    assert base_amounts(plan(foreign), foreign) == {"w1": Decimal("720")}
    assert not judge(RULES, plan(foreign), foreign, today=TODAY, foreign=False).approved
    untold = changed(writes=(replace(write, currency="EUR", effects=()),))
    assert base_amounts(plan(untold), untold) == {"w1": None}
    assert "not known" in judge(RULES, plan(untold), untold, today=TODAY, foreign=False).reason


def policy(**changes: Any) -> Policy:
    return Policy(unattended=replace(RULES, expires=date(2099, 1, 1), **changes), source=Path("policy.toml"))


async def yes(world: World, made: Plan) -> str | None:
    (result,) = await world.guard.execute(
        made, made.proposals[0], world.guard.approve_unattended(made, made.proposals[0])
    )
    return result.outcome if result.error is None else result.error.code


async def test_the_guard_approves_within_the_rules_and_says_by_which(worlds: Worlds) -> None:
    world = await worlds(policy=policy()).opened()
    made = known_payment()
    with pytest.raises(WriteRefused, match="not made here"):
        world.guard.approve_unattended(made, made.proposals[0])
    world.journal.plan_made(made)
    assert await yes(world, made) == "committed"
    intent = next(line for line in world.audit_lines() if line["event"] == "intent")
    assert intent["decided_by"] == "policy:unattended"


async def test_the_days_total_counts_what_is_done_and_gives_back_what_failed(worlds: Worlds) -> None:
    world = await worlds(policy=policy()).opened()
    world.vendor.set_due("inv-1", "1000.00")
    said = []
    world.vendor.faults = ["none", "refused"]
    for number in range(4):
        world.vendor.set_due("inv-1", "1000.00")
        made = known_payment(f"plan-{number}", line=f"line-{number}")
        world.journal.plan_made(made)
        said.append(await yes(world, made))
    assert said == ["committed", "validation", "committed", "unattended_limit"]


async def test_an_unattended_approval_cannot_be_made_up(worlds: Worlds) -> None:
    world = await worlds().opened()  # no policy
    made = known_payment()
    world.journal.plan_made(made)
    (result,) = await world.guard.execute(
        made, made.proposals[0], bind(made, made.proposals[0], by="policy:unattended")
    )
    assert result.error is not None
    assert result.error.code == "needs_approval"
    assert world.vendor.keys == []


def test_the_days_total_is_reserved_once_over_processes(tmp_path: Path) -> None:
    reports, report = os.pipe()
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            try:
                world = make_world(tmp_path, policy=policy())

                async def main(world: World = world, number: int = number) -> str | None:
                    await world.opened()
                    world.profile.observe = (  # type: ignore[method-assign]
                        lambda toolbox, conditions: asyncio.sleep(0, {c: c.expected for c in conditions})
                    )
                    world.profile.read_back = (  # type: ignore[method-assign]
                        lambda toolbox, written: asyncio.sleep(0, [Standing(presence="there") for _ in written])
                    )
                    made = known_payment(f"plan-{number}", line=f"line-{number}")
                    world.journal.plan_made(made)
                    return await yes(world, made)

                os.write(report, f"{asyncio.run(main())};".encode())
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert sorted(os.read(reports, 1000).decode().split(";")[:-1]) == ["committed", "committed", "unattended_limit"]


def of_amount(number: int, amount: Decimal) -> Plan:
    id, line = f"plan-{number}", f"line-{number}"
    write = payment("w1", "inv-1", f"{amount:.2f}", due="1000000.00", plan_id=id, line=line)
    return plan(proposal("p1", write, line=line), id=id)


def reserved(world: World, made: Plan, limit: Decimal, day: date = TODAY) -> str:
    write = made.proposals[0].writes[0]
    reservation = Reservation(day=day, limit=limit, base_amounts={"w1": write.amount})
    approval = bind(made, made.proposals[0], by="policy:unattended")
    try:
        world.journal.claim(made, made.proposals[0], approval, effects={}, reservation=reservation)
    except WriteRefused as error:
        return error.code
    return "claimed"


CENTS = st.integers(1, 60_000).map(lambda n: Decimal(n) / 100)
STEPS = st.lists(
    st.tuples(CENTS, st.sampled_from(["committed", "failed", "unknown", "not_sent", "in flight"]), st.booleans()),
    max_size=12,
)


@settings(max_examples=15, deadline=None)
@given(limit=CENTS.map(lambda a: a * 2), steps=STEPS)
def test_a_days_total_holds_over_processes_whatever_becomes_of_the_writes(
    limit: Decimal, steps: list[tuple[Decimal, WriteOutcome | Literal["in flight"], bool]]
) -> None:
    with TemporaryDirectory() as directory:
        worlds = [make_world(Path(directory)), make_world(Path(directory))]
        spent = Decimal(0)
        for number, (amount, outcome, second) in enumerate(steps):
            world, made = worlds[second], of_amount(number, amount)
            said = reserved(world, made, limit)
            assert said == ("claimed" if spent + amount <= limit else "unattended_limit")
            if said == "claimed":
                (record,) = world.journal.writes(made.id)
                if outcome != "in flight":
                    world.journal.conclude(record, Conclusion(outcome=outcome, text="so it ended"))
                spent += amount if outcome not in ("failed", "not_sent") else 0
            assert {w.journal.unattended_total("org-1", TODAY) for w in worlds} == {spent}
            assert spent <= limit
        assert worlds[0].journal.unattended_total("org-1", TODAY + timedelta(days=1)) == 0
        assert worlds[0].journal.unattended_total("org-2", TODAY) == 0
        for world in worlds:
            world.close()


def test_processes_that_race_never_pass_the_days_total(tmp_path: Path) -> None:
    make_world(tmp_path).close()
    limit = Decimal("1000.00")
    reports, report = os.pipe()
    children = []
    for child in range(4):
        if (pid := os.fork()) == 0:
            try:
                world = make_world(tmp_path)
                for n in range(6):
                    amount = Decimal(37 + 41 * n + 13 * child)
                    said = reserved(world, of_amount(100 * child + n, amount), limit)
                    os.write(report, f"{amount} {said};".encode())
            finally:
                os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    told = [entry.split() for entry in os.read(reports, 10_000).decode().split(";")[:-1]]
    assert len(told) == 24
    taken = sum((Decimal(amount) for amount, said in told if said == "claimed"), Decimal(0))
    assert taken <= limit
    refused = [Decimal(amount) for amount, said in told if said == "unattended_limit"]
    assert refused
    assert all(taken + amount > limit for amount in refused)
    world = make_world(tmp_path)
    assert world.journal.unattended_total("org-1", TODAY) == taken
    world.close()


LINE = BankLine(
    id="l", source="feed", source_id="l", account_id="bank", date=TODAY, direction="receive", amount=Decimal(1),
    currency="NZD", payee="ACME LTD AUCKLAND", counterparty_account="12-1",
)  # fmt: skip
PAID = Payment(
    id="pay-1", date=TODAY, account_id="bank", direction="receive", contact_id="c", document_id="i", currency="NZD",
    amount=Decimal(1), bank_amount=Decimal(1),
)  # fmt: skip
BOOKS = Books(
    base_currency="NZD", as_of=TODAY, contacts=(Contact(id="c", name="Acme Ltd", bank_account="12-1"),),
    payments=(PAID,),
)  # fmt: skip


def test_known_means_paid_before_under_this_name_and_account() -> None:
    found = known_counterparty(BOOKS, LINE, "c")
    assert found is not None
    assert (found.kind, found.record_id) == (KNOWN_COUNTERPARTY, "pay-1")
    assert known_counterparty(BOOKS, replace(LINE, counterparty_account="99-9"), "c") is None
    assert known_counterparty(BOOKS, replace(LINE, payee="SOMEONE ELSE"), "c") is None
    assert known_counterparty(BOOKS, replace(LINE, direction="spend"), "c") is None
    assert known_counterparty(replace(BOOKS, payments=()), LINE, "c") is None
    history = ConfirmedLine(
        id="h", date=TODAY, direction="receive", amount=Decimal(1), currency="NZD", narration="", contact_id="c",
        counterparty_account="99-9",
    )  # fmt: skip
    assert known_counterparty(replace(BOOKS, history=(history,)), replace(LINE, counterparty_account="99-9"), "c")


HOLDINGS = Contact(id="c", name="Ōld Mill Freight Holdings Ltd")
CUT = replace(LINE, payee="", narration="CR FROM OLD MILL FREIGHT HOLDI SI-60618", counterparty_account="")
EARLIER = replace(CUT, id="e", date=TODAY - timedelta(days=14), narration="CR FROM OLD MILL FREIGHT HOLDI SI-601 TRN 7")
TRADING = replace(LINE, payee="THE RED GATE", narration="SI-7", counterparty_account="")
FREIGHT = replace(BOOKS, contacts=(HOLDINGS,))


@pytest.mark.parametrize(
    ("line", "settled", "known"),
    [
        (CUT, [EARLIER], True),
        (CUT, [], False),
        (CUT, [replace(EARLIER, direction="spend")], False),
        (CUT, [replace(EARLIER, date=TODAY + timedelta(days=1))], False),
        (CUT, [replace(EARLIER, narration="CR FROM OLD MILL FREIGHT")], False),
        (replace(CUT, narration="CR FROM OLD MILL FREIGHT SOUTH SI-9"), [EARLIER], False),
        (
            replace(CUT, narration="OLD MILL FREIGHT SOUTH SI-9"),
            [replace(EARLIER, narration="OLD MILL FREIGHT SI-8")],
            False,
        ),
        (replace(CUT, narration="OLD MILL FREIGHT HOLDINGS LTD"), [], True),
        (replace(CUT, narration="OLD MILL FREIGHT HOLDINGS LTD SOUTH"), [EARLIER], False),
        (TRADING, [replace(TRADING, id="e")], True),
        (TRADING, [replace(TRADING, id="e", payee="THE RED GATE SOUTH")], False),
        (replace(TRADING, counterparty_account="9"), [replace(TRADING, id="e", counterparty_account="8")], False),
        (replace(CUT, counterparty_account="12-3"), [EARLIER], False),
        (replace(CUT, counterparty_account="12-3"), [replace(EARLIER, counterparty_account="12 3")], True),
        (replace(CUT, counterparty_account="12-4"), [replace(EARLIER, counterparty_account="12-3")], False),
    ],
)
def test_a_name_the_bank_cuts_off_is_known_by_an_earlier_line_and_never_by_another_payees(
    line: BankLine, settled: list[BankLine], *, known: bool
) -> None:
    assert (known_counterparty(FREIGHT, line, "c", settled) is not None) is known


@pytest.mark.parametrize("sister", ["Old Mill Freight Holdings South Ltd", "Old Mill Freight Holding Pty"])
def test_a_cut_off_name_that_a_sister_company_may_have_too_is_nobodys(sister: str) -> None:
    both = replace(FREIGHT, contacts=(HOLDINGS, Contact(id="s", name=sister)))
    assert known_counterparty(both, CUT, "c", [EARLIER]) is None
    assert known_counterparty(both, CUT, "s", [EARLIER]) is None


def test_a_line_that_says_a_longer_name_is_not_the_shorter_ones() -> None:
    both = replace(BOOKS, contacts=(*BOOKS.contacts, Contact(id="s", name="Acme Ltd Auckland")))
    assert known_counterparty(both, LINE, "c") is None
    assert known_counterparty(both, replace(LINE, counterparty_account=""), "c") is None
    assert known_counterparty(both, replace(LINE, payee="ACME LTD AUCKL"), "c") is None
