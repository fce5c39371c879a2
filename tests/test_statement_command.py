"""`finchat reconcile --statement` in real processes: in a script, in a pipe and at a terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pexpect
import pytest
from jsonschema import Draft202012Validator

from finchat.workflows.schemas import RECONCILE
from tests import forked
from tests.homes import copied

NOW = "2026-11-20T09:00:00Z"
UNDECIDED = "Date,Description,Amount\n10/11/2026,OPENING COFFEE,-4.90\n11/11/2026,ACME,12.00\n"


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    given = {"FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW, "COLUMNS": "120"}
    return forked.run(*arguments, environment={**os.environ, **given})


@pytest.fixture(scope="module")
def made(company_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sandbox company, and its bank's statement of nine days as MT940 and CSV beside it."""
    home = copied(company_home, tmp_path_factory.mktemp("statements"))
    for name, flags in (("month.sta", ("--format", "mt940")), ("month.csv", ("--style", "split"))):
        first = "2026-11-13" if name == "month.sta" else "2026-11-18"
        done = run(home, "sandbox", "statement", *flags, "--from", first, "--out", str(home / name))
        assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return copied(made, tmp_path / "home")


def test_a_script_gets_the_statement_in_the_document_and_as_a_file(home: Path) -> None:
    out = home / "statement.csv"
    done = run(home, "reconcile", "--statement", str(home / "month.sta"), "--export", str(out), "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    Draft202012Validator(RECONCILE).validate(found)
    assert done.returncode == found["exit_code"] == 3
    bank = found["bank_reconciliation"]
    assert (bank["difference"], bank["account"]["code"]) == ("0.00", "090")
    assert found["bank_reconciliations"] == [bank]
    assert found["window"]["from"] >= "2026-11-13"
    assert {x["source"] for x in found["lines"]} <= {"statement", "ledger"}
    text = out.read_text("utf-8-sig")
    assert bank["statement_closing_balance"] in text
    assert all(line["amount"] in text for line in bank["not_in_books"])


def test_a_pipe_shows_how_a_csv_is_read_and_ends_with_the_statement(home: Path) -> None:
    done = run(home, "reconcile", "--statement", str(home / "month.csv"), "--account", "090")
    assert "is read as CSV" in done.stderr
    assert "dates day first" in done.stderr
    last = done.stdout.rstrip().splitlines()
    assert any("Bank reconciliation statement of 090 Business Account" in line for line in last)
    assert "statement of 090 Business Account from month.csv" in done.stdout
    again = run(home, "reconcile", "--statement", str(home / "month.csv"), "--account", "090", "--quiet")
    assert "was read before" in " ".join(again.stdout.split())
    assert again.stderr == ""


def test_what_is_wrong_with_a_file_is_said_before_the_plan(home: Path) -> None:
    text = (home / "month.sta").read_text()
    broken = re.sub(r"(?m)^(:62F:[CD]\d{6}[A-Z]{3})\d+,\d\d", r"\g<1>1,00", text)
    (home / "broken.sta").write_text(broken)
    done = run(home, "reconcile", "--statement", str(home / "broken.sta"))
    assert done.stdout.index("does not add up") < done.stdout.index("Settles")
    assert re.search(r"\d+ proposals: 0 certain", done.stdout)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--csv-dates", "dmy", "--days", "7"), "--csv-dates is about a statement file"),
        (("--statement", "FILE", "--csv-dates", "ddmm"), "give dmy, mdy or ymd"),
        (("--statement", "FILE", "--export", "out.pdf"), "no known suffix"),
        (("--statement", "FILE"), "does not say which bank account"),
        (("--statement", "FILE", "--account", "090"), "--csv-dates dmy|mdy|ymd"),
        (("--statement", "FILE", "--account", "999"), "there is no bank account '999'"),
    ],
)
def test_a_wrong_or_missing_flag_is_named_with_exit_code_2(
    flags: tuple[str, ...], said: str, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "undecided.csv"
    path.write_text(UNDECIDED)
    done = run(home, "reconcile", *(str(path) if flag == "FILE" else flag for flag in flags))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_at_a_terminal_the_account_the_dates_and_the_columns_are_asked_once(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "undecided.csv"
    path.write_text(UNDECIDED)

    def spawn() -> pexpect.spawn[str]:
        return forked.spawn(
            "reconcile", "--statement", str(path), encoding="utf-8", timeout=60, dimensions=(60, 120),
            env={**os.environ, "FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW, "TERM": "xterm", "NO_COLOR": "1"},
        )  # fmt: skip

    child = spawn()
    child.expect("Which account")
    child.sendline("090")
    child.expect("10 Nov 2026 day first, 11 Oct 2026 month first")
    child.expect("Which is first")
    child.sendline("d")
    child.expect(r"10 Nov 2026 +-4.90 +OPENING COFFEE")
    child.expect("Is it read right")
    child.sendline("y")
    child.expect("2 bank lines of 10 Nov 2026 to 11 Nov 2026")
    while child.expect([r"Approve\?[^:]*: ", "Bank reconciliation statement"]) == 0:
        child.sendline("q")
    child.expect(pexpect.EOF)
    child.close()
    child = spawn()
    child.expect("Which account")
    child.sendline("090")
    child.expect("2 bank lines of 10 Nov 2026")  # the answers are remembered
    child.close(force=True)
