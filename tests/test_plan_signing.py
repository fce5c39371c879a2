"""A plan that two people must sign, in real processes at real terminals, from the first refusal to the evidence."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pexpect
import pytest

from finchat import cli, verifier
from finchat.safety import keys, signatures
from finchat.settings import Home
from finchat.workflows import plans
from tests.homes import NOW, copied, document
from tests.test_saved_plans import ASKED, at_terminal

UNATTENDED = """
[unattended]
kinds = ["payment", "allocation"]
max_amount = "800.00"
max_total_per_day = "2000.00"
known_counterparties_only = false
expires = 2099-12-31
"""


def policy_for(*listed: keys.Key) -> str:
    lines = "\n".join(key.policy_line for key in listed)
    return f"version = 1\n{UNATTENDED}[signatures]\nrequired = 2\n[signatures.signers]\n{lines}\n"


@pytest.fixture(scope="module")
def first_home(company_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company, anna's key and the public half of bo's, whose own machine is elsewhere; a plan nobody signed."""
    home = copied(company_home, tmp_path_factory.mktemp("signed"))
    bo = keys.make(Home(home / "machine of bo"), "bo", "open sesame")
    (home / "policy.toml").write_text(policy_for(keys.make(Home(home), "anna", None), bo))
    return home


@pytest.fixture(scope="module")
def planned(first_home: Path) -> dict[str, Any]:
    return document(first_home, "reconcile", "--days", "2", "--yes")


@pytest.fixture
def home(first_home: Path, planned: dict[str, Any], tmp_path: Path) -> Path:
    return copied(first_home, tmp_path / "home")


@pytest.fixture
def plan_file(home: Path, planned: dict[str, Any]) -> Path:
    return home / "plans" / f"{planned['plan']['id']}.json"


class Here(Protocol):
    def __call__(self, home: Path, *words: str) -> dict[str, Any]: ...


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """What a command prints with --json, in this process: nobody is at a terminal."""

    def printed(home: Path, *words: str) -> dict[str, Any]:
        monkeypatch.setenv("FINCHAT_HOME", str(home))
        monkeypatch.setenv("FINCHAT_NOW", NOW)
        capsys.readouterr()
        code = cli.run([*words, "--json"])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert found["exit_code"] == code
        return found

    return printed


def read_whole(child: pexpect.spawn[str]) -> tuple[str, str]:
    """Page to the last line: all that was shown, and what is to be typed."""
    shown = ""
    while child.expect([r"q leaves -- ", r"type the count and the\s+total \(([^)]*)\): "]) == 0:
        shown += str(child.before)
        child.sendline("")
    assert isinstance(child.match, re.Match)
    return shown + str(child.before), child.match.group(1)


def sign(home: Path, plan: str, *more: str, passphrase: str = "") -> str:
    """Type what the question names; what was said afterwards."""
    child = at_terminal(home, "plan", "sign", plan, *more)
    shown, expected = read_whole(child)
    assert " 1 of " in shown
    assert not re.search(r"(bank|account|tax) [0-9a-f]{8}-[0-9a-f]{4}-", shown)  # accounts are called by their names
    child.sendline(expected)
    if passphrase:
        child.expect("Passphrase of key [a-z]*: ")
        child.sendline(passphrase)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    return str(child.before)


def signed_by_both(home: Path, plan_file: Path) -> None:
    plan = plans.load(plan_file)
    anna, bo = keys.choose(Home(home), "anna"), keys.choose(Home(home / "machine of bo"), "bo")
    for key in (anna, bo):
        document = signatures.sign_plan(plan, key, datetime.now(UTC), lambda _: "open sesame")
        signatures.add(signatures.file_for(plan_file), plan, document)


def test_a_run_that_ends_with_such_a_plan_asks_nothing_writes_nothing_and_says_why(planned: dict[str, Any]) -> None:
    assert planned["exit_code"] == 3
    assert planned["plan"]["status"] == "awaiting"
    errors = [outcome["error"] for outcome in planned["outcomes"]]
    assert {error["code"] for error in errors} == {"needs_signatures"}
    assert f"finchat plan sign {planned['plan']['id']}" in errors[0]["next"]
    assert planned["balances"]["after"] is None


def test_at_a_terminal_no_card_is_shown_either(home: Path) -> None:
    child = at_terminal(home, "reconcile", "--days", "1")
    assert child.expect([ASKED, pexpect.EOF]) == 1
    child.close()
    assert child.exitstatus == 3
    assert "needs 2 signatures of different signers and has none" in str(child.before).replace("\r\n", " ")
    assert "finchat plan sign " in str(child.before).rstrip().splitlines()[-1]


def test_applying_or_signing_it_without_a_terminal_is_refused_with_the_next_step(
    here: Here, home: Path, plan_file: Path
) -> None:
    error = here(home, "apply", plan_file.stem, "--yes")
    assert (error["exit_code"], error["error"]["code"]) == (4, "needs_signatures")
    error = here(home, "plan", "sign", plan_file.stem)
    assert (error["exit_code"], error["error"]["code"]) == (3, "needs_terminal")
    assert error["error"]["next"] == f"finchat plan sign {plan_file.stem}"
    assert not signatures.file_for(plan_file).exists()


def test_two_people_sign_on_two_machines_and_the_evidence_holds_what_they_signed(
    here: Here, home: Path, plan_file: Path, planned: dict[str, Any], tmp_path: Path
) -> None:
    said = sign(home, plan_file.stem)
    assert "1 there, 1 still needed" in said
    elsewhere = tmp_path / "sent" / plan_file.name
    elsewhere.parent.mkdir()
    shutil.copy(plan_file, elsewhere)
    sent = tmp_path / "sent" / f"{plan_file.stem}.signatures-bo.json"
    sign(home / "machine of bo", str(elsewhere), "--out", str(sent), passphrase="open sesame")
    shutil.copy(sent, plan_file.parent)
    shown = here(home, "plan", "show", plan_file.stem)
    assert (shown["signatures"]["signers"], shown["signatures"]["missing"]) == (["anna", "bo"], 0)

    child = at_terminal(home, "apply", plan_file.stem)
    child.expect(ASKED)
    assert "signed by anna, bo" in str(child.before)
    child.sendline("y")
    child.expect(ASKED)
    child.sendline("q")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 3

    checked = here(home, "audit", "verify")
    assert (checked["exit_code"], checked["evidence"]["signatures"]) == (0, 2)
    (entry, *_) = here(home, "audit", "evidence")["packs"]
    assert (entry["outcome"], entry["signers"], entry["written"]) == ("committed", 2, False)
    pack = Path(entry["path"])
    pack.write_text(pack.read_text().replace('"sandbox":true', '"sandbox":false', 1))
    assert here(home, "audit", "verify")["exit_code"] == 8
    pack.unlink()
    arguments = ["audit.jsonl", "--evidence", "evidence", "--policy", "policy.toml"]
    words = [str(home / word) if not word.startswith("--") else word for word in arguments]
    assert here(home, "audit", "evidence")["packs"][0]["written"] is True
    assert verifier.main(words) == 0


def test_a_plan_with_its_signatures_is_applied_on_a_third_machine(home: Path, plan_file: Path, tmp_path: Path) -> None:
    signed_by_both(home, plan_file)
    third = tmp_path / "third"
    (third / "plans").mkdir(parents=True)
    shutil.copy(home / "policy.toml", third)
    for path in (plan_file, signatures.file_for(plan_file)):
        shutil.copy(path, tmp_path / path.name)
    child = at_terminal(third, "apply", str(tmp_path / plan_file.name))
    child.expect(ASKED)
    assert "not made on this machine" in str(child.before)
    child.sendline("y")
    child.expect(ASKED)
    child.sendline("q")
    child.expect(pexpect.EOF)
    child.close()
    lines = verifier.Lines()
    assert verifier.check(third / "audit.jsonl", third / "audit.head", lines.add).ok
    signers = verifier.read_policy(third / "policy.toml")[0]
    report = verifier.check_evidence(third / "evidence", lines, signers, 2)
    assert (report.problems, report.signers) == ((), ("anna", "bo"))


def test_a_change_on_a_card_makes_the_signatures_die_and_says_so(home: Path, plan_file: Path) -> None:
    signed_by_both(home, plan_file)
    plan = plans.load(plan_file)
    number = next(
        n
        for n, p in enumerate(plan.proposals)
        if len(p.writes) == 1 and p.kind == "payment" and p.writes[0].currency == "NZD"
    )
    child = at_terminal(home, "apply", plan_file.stem)
    for _ in range(number):
        child.expect(ASKED)
        child.sendline("n")
    child.expect(ASKED)
    child.sendline("e")
    for answer in ("", "5", ""):
        child.expect("q leaves the edit: ")
        child.sendline(answer)
    assert child.expect([ASKED, pexpect.EOF]) == 1
    child.close()
    assert child.exitstatus == 3
    said = " ".join(str(child.before).split())
    assert "Signatures under the plan before do not hold for the changed one" in said
    assert "finchat plan sign " in said
    assert plan_file.stem not in str(child.before).rstrip().splitlines()[-1]


def test_what_is_typed_wrong_signs_nothing_and_a_key_signs_once(here: Here, home: Path, plan_file: Path) -> None:
    child = at_terminal(home, "plan", "sign", plan_file.stem)
    read_whole(child)
    child.sendline("1 1.00")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 3
    assert "nothing was signed" in str(child.before)
    assert not signatures.file_for(plan_file).exists()
    signed_by_both(home, plan_file)
    error = here(home, "plan", "sign", plan_file.stem, "--key", "anna")
    assert (error["exit_code"], error["error"]["field"]) == (2, "--key")


def test_a_passphrase_typed_twice_guards_a_new_key(tmp_path: Path) -> None:
    child = at_terminal(tmp_path, "key", "make", "cy")
    for prompt, typed in (
        ("none\\): ", "one"), ("again: ", "two"), ("none\\): ", "three"), ("again: ", "three")
    ):  # fmt: skip
        child.expect(prompt)
        child.sendline(typed)
    child.expect(pexpect.EOF)
    child.close()
    (key,) = keys.all_keys(Home(tmp_path))
    assert key.encrypted
    assert key.policy_line in str(child.before)
    assert keys.sign(key, b"x", lambda _: "three")
    assert "three" not in str(child.before)


def test_what_may_not_pass_unattended_says_why_proposal_by_proposal(
    here: Here, home: Path, planned: dict[str, Any]
) -> None:
    (home / "policy.toml").write_text(f"version = 1\n{UNATTENDED}")
    found = here(home, "apply", planned["plan"]["id"], "--yes")
    assert found["exit_code"] == 3
    written = [o for o in found["outcomes"] if o["outcome"] == "committed"]
    pending = [o for o in found["outcomes"] if o["decision"] == "pending"]
    assert written
    assert pending
    assert {o["error"]["code"] for o in pending} <= {"needs_approval", "unattended_limit"}
    classes = {p["id"]: p["class"] for p in found["proposals"]}
    for outcome in pending:
        if classes[outcome["proposal_id"]] == "review":
            assert "class certain" in outcome["error"]["message"]


def test_the_saved_plans_are_listed_with_their_signatures(here: Here, home: Path, plan_file: Path) -> None:
    signed_by_both(home, plan_file)
    (home / "plans" / "broken.json").write_text("{")
    found = here(home, "plan", "list")
    (entry,) = [p for p in found["plans"] if p["id"] == plan_file.stem]
    assert (entry["status"], entry["signatures"]["signers"]) == ("awaiting", ["anna", "bo"])
    assert [Path(p["path"]).name for p in found["unreadable"]] == ["broken.json"]
