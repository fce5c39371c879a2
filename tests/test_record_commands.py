"""What the commands on record and memory say when they cannot do what was asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from finchat import verifier
from finchat.app import memory, records
from finchat.app.invocation import Invocation
from finchat.books.documents import Organisation
from finchat.errors import UsageError
from finchat.safety.journal import timezone_of
from tests.safety.world import make_world, one_payment


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invocation:
    monkeypatch.setenv("FINCHAT_HOME", str(tmp_path / "home"))
    return Invocation(json=True)


def test_of_two_that_exclude_each_other_only_one_may_be_given(call: Invocation) -> None:
    with pytest.raises(UsageError, match="--committed and --not-sent exclude each other: only one") as caught:
        records.journal_resolve(call, "w1", committed="x", not_sent=True)
    assert caught.value.field == "--not-sent"
    with pytest.raises(UsageError, match="--contact and --all exclude each other: only one") as caught:
        memory.forget(call, None, contact="x", everything=True)
    assert caught.value.field == "--all"
    with pytest.raises(UsageError, match="say what to forget"):
        memory.forget(call, None, contact=None, everything=False)


def test_evidence_of_a_plan_that_never_was_is_an_error_and_of_one_not_written_is_none(
    call: Invocation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = make_world(tmp_path)
    world.journal.plan_made(one_payment())
    world.close()
    with pytest.raises(UsageError, match="there is no plan NOSUCH"):
        records.audit_evidence(call, "NOSUCH")
    assert records.audit_evidence(call, "plan-1") == 0
    assert json.loads(capsys.readouterr().out)["packs"] == []


def test_a_verifier_given_a_policy_and_no_evidence_names_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verifier.main([str(tmp_path / "audit.jsonl"), "--policy", "nosuch.toml"]) == 2
    assert "--policy nosuch.toml is about evidence packs" in capsys.readouterr().err


def test_the_zone_of_memory_is_that_of_the_organisations_newest_plan(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    made = one_payment()
    world.journal.plan_made(made)
    org: Organisation = made.organisation
    assert timezone_of(world.database, [org.id]) == org.timezone
    assert timezone_of(world.database, ["another"]) is None
    world.close()


def test_an_interrupt_names_the_journal_only_where_it_was_opened() -> None:
    code = (
        "from finchat.app import invocation as i\n"
        "print(i.Interrupted('x').next)\ni.journal_opened()\nprint(i.Interrupted('x').next)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == ["None", "finchat journal show names any write that is still open"]
