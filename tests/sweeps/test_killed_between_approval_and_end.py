"""SIGKILL of the whole process group at fifty instants after an approval: never two payments, and in the end one."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

import pexpect
import pytest

from tests.sweeps.world import QUESTION, World, invoices_on, kill_group, served

INSTANTS = 50


@pytest.mark.slow
@pytest.mark.parametrize(
    ("delay", "span_s"),
    [("before=0.15,after=0.15", 0.7), ("after=0.3", 0.7), ("", 0.2)],
    ids=["slow before and after the commit", "slow to reply", "no delay"],
)
def test_a_kill_at_any_instant_never_pays_twice_and_a_fresh_apply_pays_once(
    tmp_path: Path, delay: str, span_s: float
) -> None:
    with served(tmp_path, delay=delay) as world:
        ends = Counter(_killed_once(world, after_s=span_s * n / INSTANTS) for n in range(INSTANTS))
    print(f"delay {delay or 'none'}: {dict(ends)}")
    assert len(ends) > 1, "every kill came at the same stage: the instants do not cover the write"


def _killed_once(world: World, *, after_s: float) -> str:
    child = world.at_terminal("reconcile", "--days", "7")
    child.expect(QUESTION)
    while not _pays_only(child.before or ""):
        child.sendline("n")  # a credit put against a document, or an excess kept, is no payment to count
        child.expect(QUESTION)
    invoices = invoices_on(child.before or "")
    plan = max((world.home / "plans").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    before = {invoice: world.payments_of(invoice) for invoice in invoices}

    def paid() -> list[int]:
        return [world.payments_of(invoice) - count for invoice, count in before.items()]

    child.sendline("y")
    time.sleep(after_s)  # the instant of the kill is what is swept, not a wait for something
    kill_group(child)
    assert max(paid()) <= 1

    start = world.finchat("reconcile", "--days", "7")
    said = start.stdout + start.stderr
    assert "Traceback" not in said
    assert start.returncode == 3, said
    recovered = paid()
    assert _apply(world, plan.stem, invoices) == (min(recovered) == 0), said
    assert set(paid()) == {1}, said
    if min(recovered) == 1:
        return "recovered" if "is in the ledger." in said else "concluded before the kill"
    return "partly recovered" if max(recovered) == 1 else "not sent"


def _pays_only(card: str) -> bool:
    """Whether every write on a card is the payment of an invoice."""
    return set(re.findall(r"(?:create|update|delete)_an?_xero_\w+", card)) == {"create_a_xero_payment"} and bool(
        invoices_on(card)
    )


def _apply(world: World, plan: str, invoices: list[str]) -> bool:
    """Approve the payment of the invoices in a saved plan; False when the plan no longer asks for it."""
    child = world.at_terminal("apply", plan)
    asked = False
    while child.expect([QUESTION, pexpect.EOF]) == 0:
        wanted = not asked and invoices_on(child.before or "") == invoices
        child.sendline("y" if wanted else "q" if asked else "n")
        asked = asked or wanted
    child.close()
    return asked
