"""What `--yes` may approve: nothing without rules, and with rules nothing beyond them, over all processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.documents import BankLine, Books, ConfirmedLine, Contact, Payment
from finchat.books.plan import Effect, Evidence, Plan, Proposal
from finchat.errors import WriteRefused
from finchat.safety.approval import bind
from finchat.safety.policy import Policy, UnattendedRules
from finchat.safety.profile_protocol import Standing
from finchat.safety.unattended import KNOWN_COUNTERPARTY, base_amounts, judge, known_counterparty
from tests.safety.world import World, make_world, one_payment, plan

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
