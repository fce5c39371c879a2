"""The commands as scripts meet them: versions, help, errors, one JSON document, exit codes. In real processes."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import finchat
from tests import forked

ROOT = Path(__file__).parents[1]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return forked.run(*arguments, environment={**os.environ, **environ}, timeout_s=60)


def started(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A run from a cold start."""
    return subprocess.run(
        [sys.executable, "-m", "finchat", *arguments], capture_output=True, text=True, cwd=ROOT, check=False,
        stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


def test_the_version_costs_nothing_else() -> None:
    done = started("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"finchat {finchat.__version__}\n", "")
    imported = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "finchat", "--version"],
        capture_output=True, text=True, cwd=ROOT, check=True,
    ).stderr  # fmt: skip
    assert "typer" not in imported
    assert "finchat.cli" not in imported


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    done = started("--help")
    assert done.returncode == 0
    for command in ("reconcile", "apply", "serve", "sandbox", "audit", "journal", "policy", "servers", "schema"):
        assert f"\n  {command} " in done.stdout
    imported = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "finchat", "reconcile", "--help"],
        capture_output=True, text=True, cwd=ROOT, check=True,
    ).stderr  # fmt: skip
    for package in (
        "mcp",
        "httpx",
        "httpx2",
        "rich",
        "jsonschema",
        "rapidfuzz",
        "lark",
        "babel",
        "starlette",
        "finchat.app",
    ):
        assert f" {package}\n" not in imported, package


@pytest.mark.parametrize(("arguments", "limit_s"), [(["--version"], 0.05), (["--help"], 0.13)])
def test_cpu_of_start_up(arguments: list[str], limit_s: float) -> None:
    best = min(_cpu_s(arguments) for _ in range(5))
    assert best < limit_s * 2, f"{best:.3f} s"  # twice the goal: a loaded machine must not fail the suite


def _cpu_s(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started(*arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_shell_is_told_how_a_command_line_goes_on() -> None:
    asked = {"_FINCHAT_COMPLETE": "complete_bash", "COMP_WORDS": "finchat re", "COMP_CWORD": "1"}
    assert run(**asked).stdout.split() == ["reconcile", "review", "replay"]


def test_finchat_alone_is_the_chat_which_ends_where_there_is_nothing_to_read(tmp_path: Path) -> None:
    done = run(FINCHAT_HOME=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["recncile"], "recncile"),
        (["reconcile", "--dayz", "7"], "--dayz"),
        (["reconcile", "--days", "seven"], "--days"),
        (["reconcile"], "--days"),
        (["reconcile", "--days", "7", "--as-of", "yesterday"], "--as-of"),
        (["reconcile", "--days", "7", "--server", "nobody"], "nobody"),
        (["apply"], "PLAN"),
        (["apply", "no-such-plan"], "no-such-plan"),
        (["serve", "sage"], "sage"),
        (["serve", "xero", "--expires", "soon"], "--expires"),
        (["serve", "xero", "--sandbox", "--http", "nowhere"], "--http"),
        (["journal", "resolve", "w1"], "--committed"),
        (["schema", "invoice"], "reconcile, apply, undo, plan"),
        (["reconcile", "--days", "seven"], "--days takes a whole number, not 'seven'"),
        (["audit", "show", "--last=many"], "--last takes a whole number, not 'many'"),
        (["audit", "show", "--last", "-3"], "--last is -3"),
        (["reconcile", "--to", "2026-11-20"], "add --from DATE"),
        (["reconcile", "--days", "7", "--config", "/nowhere.toml"], "cannot read /nowhere.toml: no such file"),
        (["reconcile", "--days", "7", "--mcp-config", "README.md"], "it is not JSON (line 1, column 1)"),
    ],
)
def test_a_wrong_command_line_says_what_and_what_next(arguments: list[str], named: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert named in done.stderr
    assert "next: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["recncile"], ["reconcile", "--days", "7", "--from", "2026-11-01"], ["journal", "resolve", "w1", "--not-sent"]],
)
def test_an_error_in_json_is_one_document_with_all_its_keys(arguments: list[str]) -> None:
    done = run(*arguments, "--json")
    assert done.returncode == 2
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert set(document) == {"schema", "error", "exit_code"}
    assert document["schema"] == "finchat.error/1"
    assert document["exit_code"] == 2
    assert set(document["error"]) == {"code", "message", "field", "next"}
    assert document["error"]["next"]


@pytest.mark.parametrize(
    ("arguments", "schema"),
    [
        (["audit", "show"], "finchat.audit/1"),
        (["audit", "verify"], "finchat.audit_verify/1"),
        (["audit", "verifier"], "finchat.verifier/1"),
        (["journal", "show"], "finchat.journal/1"),
        (["policy", "show"], "finchat.policy/1"),
        (["policy", "test", "create_a_xero_payment"], "finchat.policy_test/1"),
        (["servers"], "finchat.servers/1"),
    ],
)
def test_json_is_one_document_on_a_fresh_machine(arguments: list[str], schema: str) -> None:
    done = run(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["schema"] == schema
    assert document["exit_code"] == 0


def test_the_verifier_that_is_printed_is_a_program() -> None:
    compile(run("audit", "verifier").stdout, "verifier.py", "exec")


def test_a_write_asks_by_default_and_a_policy_can_only_be_stricter(own_home: Path) -> None:
    assert run("policy", "test", "create_a_xero_payment").stdout.startswith("ask")
    assert run("policy", "test", "list_all_xero_invoices").stdout.startswith("allow")
    (own_home / "policy.toml").write_text('version = 1\n[servers.books]\nresources = { payments = "read" }\n')
    assert run("policy", "test", "create_a_xero_payment").stdout.startswith("deny")
    (own_home / "policy.toml").write_text('version = 1\n[defaults]\nwrite = "allow"\n')
    done = run("policy", "show")
    assert done.returncode == 2
    assert "defaults.write" in done.stderr


def test_a_config_file_that_is_wrong_is_named_with_its_field(own_home: Path) -> None:
    (own_home / "finchat.toml").write_text("[servers.books]\nfinchat = { profile = 'sage' }\n")
    done = run("servers")
    assert done.returncode == 2
    assert "finchat.toml" in done.stderr
    assert "servers.books.finchat.profile" in done.stderr


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[server.books]\ncommand = 'x'\n", "server is not known here"),
        ("[servers.books.finchat]\nprofile = 'xero'\nbank_fed = 'f'\n", "has bank_fed, which is not known here; known"),
        ("[servers.books.finchat]\nprofile = 'xero'\nclearing_accounts = 'x'\n", "clearing_accounts must be a list"),
        ("[servers.'my books']\ncommand = 'x'\n", "only letters, digits"),
        ("[servers.books]\nurl = 'http://x'\ncommand = 'x'\n", "has both a command and a url"),
    ],
)
def test_a_mistyped_setting_is_never_silent(toml: str, says: str, own_home: Path) -> None:
    (own_home / "finchat.toml").write_text(toml)
    done = run("servers")
    assert done.returncode == 2
    assert says in done.stderr


def test_the_common_json_of_another_host_without_servers_is_said(tmp_path: Path) -> None:
    (tmp_path / "mcp.json").write_text('{"servers": {}}')
    done = run("servers", "--mcp-config", str(tmp_path / "mcp.json"))
    assert done.returncode == 2
    assert "mcpServers" in done.stderr


def test_names_in_the_policy_that_meet_nothing_are_warned_of(own_home: Path) -> None:
    (own_home / "policy.toml").write_text(
        'version = 1\n[servers.books]\nresources = { payment = "off", payments = "write" }\n'
        '[servers.boks]\nresources = { payments = "off" }\n'
    )
    for arguments in (["policy", "show"], ["policy", "test", "create_a_xero_payment"]):
        said = " ".join(run(*arguments, COLUMNS="200").stdout.split())
        assert "warning: servers.books.resources.payment in" in said
        assert "is no resource there" in said
        assert "rules for server boks, which is not configured" in said
        warnings = json.loads(run(*arguments, "--json").stdout)["warnings"]
        assert len(warnings) == 2
    assert "warning: servers.books.resources.payment in" in run("reconcile", "--days", "1").stderr


def test_the_readme_shows_what_the_command_prints() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    shown = text[text.index("$ finchat reconcile --days 1") :].split("```")[0].splitlines()
    command = shown[0].removeprefix("$ finchat ").split()
    done = run(*command, FINCHAT_NOW="2026-11-20T03:00:00Z", COLUMNS="80")

    def lines(text: list[str]) -> list[str]:
        return [re.sub(r"apply \S+", "apply PLAN", line.rstrip()) for line in text if line.strip() not in ("", "…")]

    printed = lines(done.stdout.splitlines())
    assert [line for line in lines(shown[1:]) if line not in printed] == []


def test_the_policy_of_the_readme_lets_the_main_command_run(own_home: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    sample = text[text.index("version = 1") : text.index("Only proposals of class")].split("```")[0]
    (own_home / "policy.toml").write_text(sample)
    done = run("reconcile", "--days", "1")
    assert done.returncode == 3, done.stderr
    assert "warning" not in run("policy", "show").stdout


def test_a_first_day_alone_runs_to_the_accounting_date() -> None:
    done = run(
        "reconcile", "--from", "2026-11-19", "--as-of", "2026-11-20", "--json", FINCHAT_NOW="2026-11-20T03:00:00Z"
    )
    window = json.loads(done.stdout)["window"]
    assert (window["from"], window["to"]) == ("2026-11-19", "2026-11-20")
    today = json.loads(run("reconcile", "--from", "2026-11-19", "--json", FINCHAT_NOW="2026-11-20T03:00:00Z").stdout)
    assert today["window"] == window


def test_resources_of_a_server_that_nobody_knows_are_free(own_home: Path) -> None:
    (own_home / "finchat.toml").write_text("[servers.other]\ncommand = 'x'\n")
    (own_home / "policy.toml").write_text('version = 1\n[servers.other]\nresources = { widgets = "off" }\n')
    assert "warning" not in run("policy", "show").stdout


def test_a_policy_that_forbids_a_read_names_the_line_to_change(own_home: Path) -> None:
    (own_home / "policy.toml").write_text('version = 1\n[servers.books]\nresources = { accounts = "off" }\n')
    done = run("reconcile", "--days", "1")
    assert done.returncode == 2
    assert f'change servers.books.resources.accounts in {own_home / "policy.toml"} to "read"' in done.stderr
    document = json.loads(run("reconcile", "--days", "1", "--json").stdout)
    assert (document["error"]["code"], document["exit_code"]) == ("denied", 2)


def test_an_unclassified_tool_is_explained_in_words() -> None:
    assert "counts as a write, because nothing says what it does" in " ".join(
        run("policy", "test", "echo").stdout.split()
    )


def test_secrets_of_a_server_are_not_listed(own_home: Path) -> None:
    (own_home / "finchat.toml").write_text(
        '[servers.live]\nurl = "https://user:hunter2hunter2@example.com/mcp?token=abcdef"\n'
        'headers = { Authorization = "Bearer tok-123456789" }\n'
    )
    for done in (run("servers"), run("servers", "--json")):
        assert done.returncode == 0
        assert "hunter2" not in done.stdout
        assert "abcdef" not in done.stdout
        assert "tok-123" not in done.stdout


def test_a_reader_that_leaves_early_sees_no_traceback() -> None:
    done = subprocess.run(
        f"{sys.executable} -m finchat audit verifier | head -1; exit ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_no_traceback(closed: str) -> None:
    done = subprocess.run(
        f"{sys.executable} -m finchat policy show {closed}",
        shell=True, capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["policy", "show"], ["policy", "show", "--json"], ["--help"], ["--version"], ["audit", "verifier"]]
)
def test_a_full_disk_under_the_result_is_said_in_one_line(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full, open(os.devnull) as nothing, tempfile.TemporaryFile("w+") as told:
        streams = (nothing.fileno(), full.fileno(), told.fileno())
        status = forked.start(arguments, os.environ, ROOT, streams, terminal=False).status(timeout_s=60)
        told.seek(0)
        said = told.read()
    assert status is not None
    assert os.waitstatus_to_exitcode(status) == 1
    assert said.lower().startswith("finchat: cannot write the result: no space left on device\n")


def test_an_error_whose_document_cannot_be_written_keeps_its_code() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "finchat", "apply", "no-such-plan", "--json"],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "cannot write the result" in done.stderr


def test_a_run_with_every_stream_closed_does_its_work(own_home: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m finchat reconcile --days 1 <&- >&- 2>&-", shell=True, cwd=ROOT, check=False
    )
    assert done.returncode == 3
    assert list((own_home / "plans").glob("*.json"))
    assert not (own_home / "finchat.log").exists()


def test_a_fault_of_finchat_is_one_line_and_a_log(own_home: Path) -> None:
    broken = (
        "from finchat import cli\nfrom finchat.app import records\n"
        "records.list_servers = lambda call: 1 / 0\nraise SystemExit(cli.run(['servers']))"
    )
    done = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("finchat: finchat made a mistake and stopped\n  next: ")
    assert "Traceback" not in done.stderr
    log = own_home / "finchat.log"
    assert "ZeroDivisionError" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    log.write_text("x" * 2_000_000)
    log.chmod(0o644)
    subprocess.run([sys.executable, "-c", broken], capture_output=True, cwd=ROOT, check=False)
    assert log.stat().st_size < 100_000
    assert log.stat().st_mode & 0o777 == 0o600
    assert "ZeroDivisionError" in log.read_text()


@pytest.mark.parametrize("inside", ["", "home"])
def test_a_file_in_the_place_of_the_home_is_said(inside: str, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = run("journal", "show", FINCHAT_HOME=str(blocked / inside))
    assert done.returncode == 2
    assert "FINCHAT_HOME" in done.stderr
    assert f"{blocked} is a file, not a folder" in done.stderr
    assert "next: " in done.stderr


RECORDED = {
    "Organisations": [{"Name": "Recorded", "BaseCurrency": "NZD", "CountryCode": "NZ"}],
    "Accounts": [
        {"AccountID": "13918178-849a-4823-9a31-57b7eac713d7", "Name": "Day to day", "Type": "BANK", "Code": "090"},
        {"AccountID": "e2bacdc6-2006-43c2-a5da-3c0e5f43b452", "Name": "Sales", "Type": "REVENUE", "Code": "200"},
    ],
}


def test_a_loaded_company_is_not_measured_by_the_demo_company(tmp_path: Path) -> None:
    for name, records in RECORDED.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({name: records}))
    loaded = run("sandbox", "load", str(tmp_path))
    assert "090 Day to day" in loaded.stdout
    assert "13918178" not in loaded.stdout
    done = run("reconcile", "--days", "7")
    assert done.returncode == 0
    assert "warning" not in done.stderr
    assert "0 bank lines" in done.stdout
    assert "holds no lines at all" in " ".join(done.stdout.split())


def test_a_window_without_lines_names_the_days_that_have_some() -> None:
    done = run("reconcile", "--from", "2020-01-01", "--to", "2020-01-07", FINCHAT_NOW="2026-11-20T03:00:00Z")
    assert "0 bank lines" in done.stdout
    assert "covers 2025-11-21 to 2026-11-20." in " ".join(done.stdout.split())


def test_the_advice_to_give_a_date_is_not_given_to_whoever_gave_it() -> None:
    assert run("sandbox", "reset", "--anchor", "2026-01-31").returncode == 0
    assert "add --as-of 2026-01-31" in " ".join(run("reconcile", "--days", "1").stderr.split())
    assert "--as-of" not in run("reconcile", "--days", "1", "--as-of", "2026-01-31").stderr
    assert "--as-of" not in run("sandbox", "status", "--as-of", "2026-01-31").stdout
