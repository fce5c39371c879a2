"""Undo in real processes: written, proposed for deletion, asked about at a terminal, and proven."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from finchat.workflows.schemas import PLAN, UNDO
from tests.faults.world import ASKED, at_terminal, document, ended, run
from tests.homes import copied

RULES = """version = 1
[unattended]
kinds = ["payment"{kinds}]
max_amount = "1000.00"
max_total_per_day = "3000.00"
known_counterparties_only = false
expires = 2026-12-31
"""


@pytest.fixture(scope="module")
def first_home(company_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(company_home, tmp_path_factory.mktemp("written"))


@pytest.fixture(scope="module")
def before(first_home: Path) -> dict[str, Any]:
    found: dict[str, Any] = document(first_home, "sandbox", "status")["bal"]
    return found


@pytest.fixture(scope="module")
def wrote(first_home: Path, before: dict[str, Any]) -> dict[str, Any]:
    """A plan of which the policy let a few small payments through."""
    (first_home / "policy.toml").write_text(RULES.format(kinds=""))
    return document(first_home, "reconcile", "--days", "2", "--yes")


@pytest.fixture
def home(first_home: Path, wrote: dict[str, Any], tmp_path: Path) -> Path:
    return copied(first_home, tmp_path / "home")


def test_without_a_terminal_the_undo_is_kept_and_waits(home: Path, wrote: dict[str, Any]) -> None:
    done = document(home, "undo", wrote["plan"]["id"])
    Draft202012Validator(UNDO).validate(done)
    assert (done["exit_code"], done["undoes"]) == (3, wrote["plan"]["id"])
    assert {o["decision"] for o in done["outcomes"]} == {"pending"}
    Draft202012Validator(PLAN).validate(json.loads(Path(done["plan"]["path"]).read_text()))
    committed = [f"{wrote['plan']['id']}/{o['proposal_id']}/{o['write_id']}"
                 for o in wrote["outcomes"] if o["outcome"] == "committed"]  # fmt: skip
    assert sorted(w["reverses"] for p in done["proposals"] for w in p["writes"]) == sorted(committed)
    again = run(home, "apply", done["plan"]["id"])
    assert again.returncode == 3  # the kept plan is one like any other


def test_what_is_approved_at_the_terminal_is_taken_back_and_proven(
    home: Path, wrote: dict[str, Any], before: dict[str, Any]
) -> None:
    with at_terminal(home, "undo", wrote["plan"]["id"]) as child:
        child.expect(ASKED)
        card = str(child.before)
        assert "Takes back" in card
        assert "delete_a_xero_payment_by_id" in card
        assert "to write it again, make a new plan" in card
        child.sendline("a")
        child.expect(r"type the count and the total \(([^)]*)\): ")
        assert isinstance(child.match, re.Match)
        child.sendline(child.match.group(1))
        code, said = ended(child)
    assert code == 0, said
    assert "NOT EQUAL" not in said
    assert "finchat took back what it had recorded of" in said
    assert document(home, "sandbox", "status")["bal"] == before
    again = run(home, "undo", wrote["plan"]["id"])
    assert again.returncode == 0
    assert "taken back before" in again.stdout
    assert "taken back since" in run(home, "apply", wrote["plan"]["id"]).stdout
    assert run(home, "audit", "verify").returncode == 0


def test_unattended_it_needs_its_own_kind_in_the_policy(home: Path, wrote: dict[str, Any]) -> None:
    denied = document(home, "undo", wrote["plan"]["id"], "--yes")
    assert (denied["exit_code"], denied["plan"]["status"]) == (3, "awaiting")
    (home / "policy.toml").write_text(RULES.format(kinds=', "delete", "void"').replace("3000.00", "100000.00"))
    done = document(home, "undo", wrote["plan"]["id"], "--yes")
    assert (done["exit_code"], done["plan"]["status"]) == (0, "applied")
    assert done["balances"]["after"] == done["balances"]["expected"]


def test_a_plan_from_elsewhere_cannot_be_undone_here(
    home: Path, wrote: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    error = document(other, "undo", wrote["plan"]["path"])
    assert (error["exit_code"], error["error"]["code"], error["error"]["field"]) == (2, "not_written", "PLAN")
    assert "FINCHAT_HOME" in error["error"]["next"]
    nothing = document(home, "undo", "no-such-plan")
    assert (nothing["exit_code"], nothing["error"]["field"]) == (2, "PLAN")
