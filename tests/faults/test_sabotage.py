"""Somebody interferes between the plan and the yes: nothing wrong is written, and the message says why.

An edited plan file and a swapped payload are in tests/test_saved_plans.py and tests/safety/test_guard.py.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.faults.world import (
    ASKED,
    Ledger,
    at_terminal,
    config,
    document,
    ended,
    environment,
    journal,
    payment_card,
    run,
)


@pytest.fixture
def payment(planned: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The first proposal of one payment: how many are asked about before it, and the write."""
    return next(
        (n, p["writes"][0])
        for n, p in enumerate(planned["proposals"])
        if [w["operation"] for w in p["writes"]] == ["payment.create"]
    )


def asked_about(child: Any, payment: tuple[int, dict[str, Any]]) -> None:
    """The terminal asks about that payment."""
    for _ in range(payment[0]):
        child.expect(ASKED)
        child.sendline("n")
    child.expect(ASKED)
    assert payment[1]["arguments"]["invoice_id"] in str(child.before)


@pytest.mark.parametrize("what", ["amount due", "lock date"])
def test_what_changed_after_the_card_was_shown_voids_the_yes(
    what: str, home: Path, planned: dict[str, Any], payment: tuple[int, dict[str, Any]]
) -> None:
    ledger, given = Ledger(home), payment[1]["arguments"]
    with at_terminal(home, "apply", planned["plan"]["id"]) as child:
        asked_about(child, payment)
        if what == "amount due":
            ledger.pay(given["invoice_id"], given["account_id"], "1.00")
        else:
            ledger.lock(date(2026, 11, 20))
        before = ledger.payments()
        child.sendline("y")
        child.expect("the ledger changed since the approval: ")
        child.expect(ASKED)
        assert f"{what} of " in " ".join(str(child.before).split())
        child.sendline("q")
        code, said = ended(child)
    assert code == 4
    assert "run reconcile again for a new plan" in said
    assert ledger.payments() == before
    assert journal(home, "SELECT DISTINCT state FROM writes") == [("not_sent",)]


def test_the_same_plan_approved_in_two_terminals_is_written_once_and_the_other_is_told(
    home: Path, planned: dict[str, Any], payment: tuple[int, dict[str, Any]]
) -> None:
    ledger, invoice = Ledger(home), payment[1]["arguments"]["invoice_id"]
    before = ledger.payments(invoice)
    with (
        at_terminal(home, "apply", planned["plan"]["id"]) as one,
        at_terminal(home, "apply", planned["plan"]["id"]) as other,
    ):
        for child in (one, other):
            asked_about(child, payment)
        one.sendline("y")
        one.expect(ASKED)
        other.sendline("y")
        other.expect(ASKED)
        other.sendline("q")
        code, said = ended(other)
    assert code == 4
    assert "by another run of finchat; this one sent nothing" in said
    assert ledger.payments(invoice) == before + 1


def test_a_disk_that_is_full_for_the_journal_stops_the_write_and_not_the_reading(
    home: Path, planned: dict[str, Any]
) -> None:
    # The ledger is another process, so only finchat's own files stop growing.
    settings = config(
        home / "mcp.json", home / "sandbox" / "bank_feed.json",
        [sys.executable, "-m", "finchat", "serve", "xero", "--sandbox"],
        {name: environment(home)[name] for name in ("FINCHAT_HOME", "FINCHAT_NOW")},
    )  # fmt: skip
    with at_terminal(home, "reconcile", "--days", "2", "--as-of", "2026-11-20", "--mcp-config", str(settings)) as child:
        invoice = payment_card(child)
        before = Ledger(home).payments(invoice)
        hard = resource.prlimit(child.pid or 0, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(child.pid or 0, resource.RLIMIT_FSIZE, (1, hard))
        child.sendline("y")
        child.expect(ASKED)
        child.sendline("q")
        code, said = ended(child)
    assert code == 4
    assert "not sent" in said
    assert "the disk did not take the data" in said
    assert "Traceback" not in said
    assert Ledger(home).payments(invoice) == before
    assert journal(home, "SELECT state FROM writes") == []


def test_a_clock_set_back_a_day_is_said_and_the_write_is_as_sound_as_ever(
    home: Path, planned: dict[str, Any], payment: tuple[int, dict[str, Any]]
) -> None:
    with closing(sqlite3.connect(home / "state.sqlite3")) as db, db:
        db.execute("INSERT OR REPLACE INTO last_instant VALUES (1, '2099-01-02T09:00:00.000000Z')")
    invoice = payment[1]["arguments"]["invoice_id"]
    before = Ledger(home).payments(invoice)
    with at_terminal(home, "apply", planned["plan"]["id"]) as child:
        child.expect("behind an earlier run; limits and expiries go by the later time")
        asked_about(child, payment)
        child.sendline("y")
        child.expect(ASKED)
        child.sendline("q")
        _, said = ended(child)
    assert "NOT EQUAL" not in said
    assert Ledger(home).payments(invoice) == before + 1
    assert run(home, "audit", "verify").returncode == 0
    again = document(home, "apply", planned["plan"]["id"])
    assert [o["outcome"] for o in again["outcomes"]].count("committed") == 1
    assert Ledger(home).payments(invoice) == before + 1


def test_keys_typed_before_the_question_are_thrown_away(home: Path, planned: dict[str, Any]) -> None:
    with at_terminal(home, "apply", planned["plan"]["id"]) as child:
        child.send("y\ny\ny\n")
        child.expect(ASKED)
        child.sendline("q")
        code, said = ended(child)
    assert code == 3
    assert "waiting for your approval" in said
    assert journal(home, "SELECT state FROM writes") == []


@pytest.mark.parametrize("end", ["end of input", "hung up"])
def test_a_terminal_that_goes_away_means_no(end: str, home: Path, planned: dict[str, Any]) -> None:
    with at_terminal(home, "apply", planned["plan"]["id"]) as child:
        child.expect(ASKED)
        if end == "end of input":
            child.sendeof()
            code, _ = ended(child)
            assert code == 3
        else:
            child.close()  # the terminal itself
    assert journal(home, "SELECT state FROM writes") == []
