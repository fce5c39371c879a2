"""Plans from a file, in real processes: shown whole, held to their payloads, and never asked about twice."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from finchat.canonical import sha256_of
from tests import forked
from tests.homes import NOW, document, run

ASKED = r"Approve\?[^:]*: "
NO_PAYMENTS = 'version = 1\n[servers.books]\nresources = { payments = "read" }\n'
NO_WRITES = 'version = 1\n[defaults]\nwrite = "deny"\n'


def at_terminal(home: Path, *arguments: str) -> pexpect.spawn[str]:
    given = {"FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW, "TERM": "xterm", "NO_COLOR": "1"}
    return forked.spawn(*arguments, env={**os.environ, **given}, encoding="utf-8", timeout=60, dimensions=(80, 120))


@pytest.fixture
def saved(home: Path, planned: dict[str, Any]) -> Path:
    return home / "plans" / f"{planned['plan']['id']}.json"


def rehashed(path: Path, change: Callable[[dict[str, Any]], None], to: Path) -> Path:
    """The plan with one write changed by somebody who knows how plans are hashed."""
    plan = json.loads(path.read_text())
    proposal = next(p for p in plan["proposals"] if len(p["writes"]) == 1 and p["kind"] == "payment")
    write = proposal["writes"][0]
    change(write)
    write["arguments_sha256"] = sha256_of(write["arguments"])
    plan["id"] = "20261120-forged00"
    plan["hash"] = sha256_of({k: v for k, v in plan.items() if k != "hash"})
    to.write_text(json.dumps(plan))
    return to


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("w1.amount", lambda w: w["arguments"].update(amount="1.00")),
        ("w1.amount", lambda w: w["arguments"].update(amount="99999.00")),
        ("w1.links.document_id", lambda w: w["arguments"].update(invoice_id="00000000-0000-0000-0000-000000000000")),
        ("w1.effects.amount", lambda w: w["effects"][0].update(amount="1.00", base_amount="1.00")),
    ],
)
def test_a_plan_that_was_hashed_again_but_contradicts_its_payload_is_refused(
    home: Path, saved: Path, tmp_path: Path, field: str, change: Callable[[dict[str, Any]], None]
) -> None:
    forged = rehashed(saved, change, tmp_path / "forged.json")
    done = run(home, "apply", str(forged))
    assert done.returncode == 8
    assert field in done.stderr
    assert done.stdout == ""


def test_a_plan_from_a_file_shows_its_bank_lines_and_names_the_command_that_asks_again(
    saved: Path, planned: dict[str, Any], tmp_path: Path
) -> None:
    other = tmp_path / "other home"
    moved = tmp_path / "a plan.json"
    moved.write_bytes(saved.read_bytes())
    rules = tmp_path / "rules.toml"
    rules.write_text("version = 1\n")
    done = run(other, "apply", str(moved), "--policy", str(rules), "--as-of", "2026-11-20")
    assert done.returncode == 3
    table = done.stdout.split("Class", 1)[1]
    for line in (p["line"] for p in planned["proposals"]):
        assert line["narration"][:14] in table
    command = done.stdout.rstrip().splitlines()[-1].strip()
    assert shlex.split(command) == [
        "finchat", "apply", str(moved), "--policy", str(rules), "--as-of", "2026-11-20"
    ]  # fmt: skip
    assert run(other, *shlex.split(command)[1:]).returncode == 3


def test_a_card_of_a_plan_from_a_file_has_the_bank_line(home: Path, saved: Path, planned: dict[str, Any]) -> None:
    child = at_terminal(home, "apply", saved.stem)
    child.expect(ASKED)
    line = planned["proposals"][0]["line"]
    assert f"narration: {line['narration']}" in str(child.before)
    assert "Bank line" in str(child.before)
    child.sendline("q")
    child.expect(pexpect.EOF)
    child.close(force=True)


def test_what_was_written_earlier_is_said_and_asked_and_counted_no_more(
    home: Path, saved: Path, planned: dict[str, Any]
) -> None:
    count = len(planned["proposals"])
    child = at_terminal(home, "apply", saved.stem)
    child.expect(ASKED)
    child.sendline("y")
    child.expect(ASKED)
    child.sendline("q")
    child.expect(pexpect.EOF)
    child.close()
    assert "recorded 1 bank line;" in str(child.before)
    again = run(home, "apply", saved.stem)
    assert f"{count} proposals: 1 written earlier, {count - 1} left" in again.stdout
    certain = sum(p["class"] == "certain" for p in planned["proposals"]) - 1
    assert f"{count - 1} proposals: {certain} certain" in again.stdout
    assert "recorded" not in again.stdout
    assert again.stdout.rstrip().endswith(f"finchat apply {saved.stem}")
    child = at_terminal(home, "apply", saved.stem)
    child.expect(rf"1 of {count - 1} ")
    child.expect(ASKED)
    child.sendline("y")
    child.expect(ASKED)
    child.sendline("q")
    child.expect(pexpect.EOF)
    child.close()
    assert "recorded 1 bank line;" in str(child.before)
    assert "NOT EQUAL" not in str(child.before)


def test_after_an_edit_cards_count_on_and_the_first_plan_leaves_the_line_alone(
    home: Path, saved: Path, planned: dict[str, Any]
) -> None:
    count = len(planned["proposals"])
    number = next(
        n for n, p in enumerate(planned["proposals"], 1)
        if len(p["writes"]) == 1 and p["kind"] == "payment" and p["links"][0]["rate"] is None
    )  # fmt: skip
    child = at_terminal(home, "apply", saved.stem)
    for _ in range(number - 1):
        child.expect(ASKED)
        child.sendline("n")
    child.expect(ASKED)
    child.sendline("e")
    for answer in ("", "5", ""):
        child.expect("q leaves the edit: ")
        child.sendline(answer)
    child.expect(rf"{number} of {count} ")
    child.expect(ASKED)
    assert "of the bank line stays unrecorded" in str(child.before)
    child.sendline("y")
    child.expect(rf"{number + 1} of {count} ")
    child.expect(ASKED)
    child.sendline("q")
    child.expect(pexpect.EOF)
    child.close()
    first = document(home, "apply", saved.stem)
    (void,) = [o for o in first["outcomes"] if o["decision"] == "void"]
    assert void["error"]["code"] == "evidence_consumed"
    assert {o["decision"] for o in first["outcomes"]} == {"void", "pending"}
    assert "1 whose bank line was recorded otherwise" in run(home, "apply", saved.stem).stdout


def test_what_the_policy_forbids_is_not_offered(home: Path, planned: dict[str, Any]) -> None:
    (home / "policy.toml").write_text(NO_WRITES)
    found = document(home, "reconcile", "--days", "2")
    assert found["exit_code"] == 4  # nothing waits for a person: the policy has refused it
    assert {(o["decision"], o["outcome"], o["error"]["code"]) for o in found["outcomes"]} == {
        ("refused", "not_sent", "denied")
    }
    assert [f["code"] for f in found["findings"]].count("policy_forbids") >= 1
    done = run(home, "reconcile", "--days", "2")
    assert done.returncode == 4
    assert "waiting for your approval" not in done.stdout
    child = at_terminal(home, "apply", planned["plan"]["id"])
    assert child.expect([ASKED, pexpect.EOF]) == 1
    child.close()
    assert child.exitstatus == 4
    assert "denied" in str(child.before)


def test_what_only_some_rule_forbids_leaves_the_rest_to_the_person(home: Path, planned: dict[str, Any]) -> None:
    (home / "policy.toml").write_text(NO_PAYMENTS)
    left = [p for p in planned["proposals"] if not any(w["resource"] == "payments" for w in p["writes"])]
    assert left
    child = at_terminal(home, "apply", planned["plan"]["id"])
    child.expect(rf"1 of {len(left)} ")
    child.expect(ASKED)
    child.sendline("q")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 4


def test_a_plan_of_another_company_names_both_and_the_next_step(saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert run(other, "sandbox", "reset", "--seed", "2").returncode == 0
    there = document(other, "reconcile", "--days", "1")["org"]
    of = json.loads(saved.read_text())["org"]
    assert there["id"] != of["id"]
    error = document(other, "apply", str(saved))
    assert (error["error"]["code"], error["exit_code"]) == ("other_organisation", 4)
    for org in (of, there):
        assert f"{org['name']} ({org['id']})" in error["error"]["message"]
    assert "--mcp-config" in error["error"]["next"]


@pytest.mark.parametrize(("place", "why"), [("nope/deep/plan.json", "no directory"), ("", "is a directory")])
def test_a_place_for_the_plan_that_cannot_be_is_refused_before_any_work(tmp_path: Path, place: str, why: str) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    error = document(home, "reconcile", "--days", "2", "--plan", str(here / place))
    assert error["exit_code"] == 2
    assert error["error"]["field"] == "--plan"
    assert why in error["error"]["message"]
    assert list(here.iterdir()) == []
    assert not home.exists()
