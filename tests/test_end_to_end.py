"""The main job in real processes: a fresh home, the sandbox, a plan, a person at a terminal, the ledger afterwards."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pexpect
import pytest
from jsonschema import Draft202012Validator

from finchat.canonical import sha256_of
from finchat.workflows.schemas import PLAN, RECONCILE
from tests import forked
from tests.homes import NOW, document, run

ASKED = r"Approve\?[^:]*: "


@pytest.fixture
def terminal(home: Path) -> Iterator[pexpect.spawn[str]]:
    child = forked.spawn(
        "reconcile", "--days", "2", encoding="utf-8", timeout=60, dimensions=(80, 120),
        env={**os.environ, "FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW, "TERM": "xterm", "NO_COLOR": "1"},
    )  # fmt: skip
    yield child
    child.close(force=True)


def seen_from_outside(home: Path) -> dict[str, Any]:
    """Balances as the sandbox itself states them; it does not know which accounts a person named as clearing."""
    found: dict[str, Any] = document(home, "sandbox", "status")["bal"]
    return found


def without_clearing(balances: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """The same as the sandbox has it: without clearing accounts, and a foreign bank account in its own currency, where
    finchat states what it is worth in base currency."""
    own = {b["account_id"]: b for b in seen["bank"] if b["currency"] != balances["currency"]}
    worth = {b["account_id"]: b["currency"] for b in balances["bank"]}
    assert {worth[id] for id in own} <= {balances["currency"]}
    return {
        **balances,
        "bank": [own.get(b["account_id"], b) for b in balances["bank"]],
        "other": [o for o in balances["other"] if o["control"] != "clearing"],
    }


def test_without_a_terminal_nothing_is_written_and_the_plan_is_kept(home: Path, planned: dict[str, Any]) -> None:
    Draft202012Validator(RECONCILE).validate(planned)
    assert planned["exit_code"] == 3
    assert planned["plan"]["status"] == "awaiting"
    assert {o["decision"] for o in planned["outcomes"]} == {"pending"}
    assert planned["balances"]["after"] is None
    assert planned["org"]["sandbox"] is True
    saved = json.loads(Path(planned["plan"]["path"]).read_text())
    Draft202012Validator(PLAN).validate(saved)
    assert saved["hash"] == planned["plan"]["hash"]
    seen = seen_from_outside(home)
    assert seen == without_clearing(planned["balances"]["before"], seen)


def test_a_run_for_people_names_the_command_that_applies_the_plan(home: Path) -> None:
    done = run(home, "reconcile", "--days", "2")
    assert done.returncode == 3
    assert "SANDBOX" in done.stdout
    assert re.search(r"at a terminal:\n  finchat apply [\w-]+ *\n", done.stdout)
    assert "reconciled" not in done.stdout.lower()
    assert "\x1b" not in done.stdout + done.stderr


def test_the_plan_is_the_same_without_the_answer_file(home: Path, planned: dict[str, Any]) -> None:
    truth = home / "sandbox" / "truth.json"
    kept = truth.read_bytes()
    truth.unlink()
    try:
        again = document(home, "reconcile", "--days", "2")
    finally:
        truth.write_bytes(kept)
    assert again["lines"] == planned["lines"]
    assert [p["links"] for p in again["proposals"]] == [p["links"] for p in planned["proposals"]]


def test_yes_without_a_policy_approves_nothing(home: Path) -> None:
    done = document(home, "reconcile", "--days", "2", "--yes")
    assert done["exit_code"] == 3
    assert {o["decision"] for o in done["outcomes"]} == {"pending"}


def test_what_a_person_approves_is_written_read_back_and_proven(
    home: Path, planned: dict[str, Any], terminal: pexpect.spawn[str]
) -> None:
    terminal.expect(ASKED)
    assert "SANDBOX" in str(terminal.before)
    terminal.sendline("y")
    terminal.expect("done: ")
    terminal.expect(ASKED)
    terminal.sendline("q")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 3  # the rest is pending
    said = str(terminal.before)
    assert "written  " in said
    assert "NOT EQUAL" not in said
    assert "equal" in said
    assert "finchat matched and recorded 1 bank line; confirm each match against the bank line in Xero." in " ".join(
        said.split()
    )
    first = planned["proposals"][0]
    after = document(home, "reconcile", "--days", "2")
    line = next(x for x in after["lines"] if x["id"] == first["line_id"])
    assert line["status"] == "already_settled"
    assert len(after["proposals"]) == len(planned["proposals"]) - 1
    seen = seen_from_outside(home)
    assert seen == without_clearing(after["balances"]["before"], seen)
    assert run(home, "audit", "verify").returncode == 0
    shown = run(home, "journal", "show", "--all").stdout
    assert "committed" in shown


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), pytest.param(signal.SIGHUP, 143, marks=pytest.mark.slow)],
)
def test_a_signal_at_the_prompt_means_no(
    terminal: pexpect.spawn[str], home: Path, number: signal.Signals, code: int
) -> None:
    terminal.expect(ASKED)
    terminal.kill(number)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == code
    assert "\r\nfinchat: " in str(terminal.before)
    assert "the plan is saved: finchat apply 2" in " ".join(str(terminal.before).split())
    assert "Traceback" not in str(terminal.before)
    assert document(home, "journal", "show", "--all")["writes"] == []


def test_policy_lets_small_certain_payments_pass_unattended(home: Path, planned: dict[str, Any]) -> None:
    (home / "policy.toml").write_text(
        'version = 1\n[unattended]\nkinds = ["payment"]\nmax_amount = "1000.00"\nmax_total_per_day = "1200.00"\n'
        "known_counterparties_only = false\nexpires = 2026-12-31\n"
    )
    try:
        done = document(home, "reconcile", "--days", "2", "--yes")
    finally:
        (home / "policy.toml").unlink()
    committed = {o["proposal_id"] for o in done["outcomes"] if o["outcome"] == "committed"}
    amounts = [
        float(w["amount"]) for p in done["proposals"] if p["id"] in committed for w in p["writes"]
    ]  # fmt: skip
    assert amounts
    assert max(amounts) <= 1000
    assert sum(amounts) <= 1200
    assert done["balances"]["after"] == done["balances"]["expected"]
    assert all(p["class"] == "certain" for p in done["proposals"] if p["id"] in committed)


def test_an_edited_plan_file_is_refused(home: Path, planned: dict[str, Any], tmp_path: Path) -> None:
    text = Path(planned["plan"]["path"]).read_text()
    amount = next(p for p in reversed(planned["proposals"]) if p["writes"])["writes"][0]["amount"]
    forged = tmp_path / "plan.json"
    forged.write_text(text.replace(f'"amount": "{amount}"', '"amount": "9.99"', 1))
    done = document(home, "apply", str(forged))
    assert done["schema"] == "finchat.error/1"
    assert done["exit_code"] == 8


def test_a_plan_of_another_home_is_foreign_and_asks_one_by_one(
    home: Path, planned: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    done = run(other, "apply", planned["plan"]["path"])
    assert done.returncode == 3
    assert "not made on this machine" in done.stdout
    assert "certain" not in done.stdout.split("Class", 1)[1].split("proposals:")[0]


@pytest.mark.parametrize("field", ["number", "contact"])
def test_a_foreign_plan_that_calls_a_record_otherwise_than_the_ledger_is_refused(
    field: str, planned: dict[str, Any], tmp_path: Path
) -> None:
    """The name a card shows beside an id is the file's own word until somebody looks."""
    plan = json.loads(Path(planned["plan"]["path"]).read_text(), parse_float=Decimal)
    link = next(link for p in plan["proposals"] for link in p["links"] if link["document_id"])
    link[field] = "Somebody else"
    del plan["hash"]
    forged = tmp_path / "plan.json"
    forged.write_text(json.dumps({**plan, "hash": sha256_of(plan)}))
    done = run(tmp_path / "home", "apply", str(forged))
    assert done.returncode == 8
    assert "was not made here, and it calls document" in done.stderr
    assert "Somebody else" not in done.stdout


def test_neutral_files_are_matched_without_any_connection(shared: Path, tmp_path: Path) -> None:
    case = shared / "bench" / "reconcile" / "case_200"
    done = run(tmp_path, "reconcile", "--from-files", str(case))
    assert done.returncode == 0
    assert {"links", "suggestions", "runtime_s"} <= set(json.loads(done.stdout))
    assert not (tmp_path / "state.sqlite3").exists()
