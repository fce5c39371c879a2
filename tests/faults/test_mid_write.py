"""Signals and kills while a write is under way: finished or unknown, never two, and the next start settles it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.faults.world import (
    ASKED,
    ROOT,
    Served,
    at_terminal,
    document,
    ended,
    environment,
    journal,
    payment_card,
    run,
    served,
    until,
)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger that answers a write long after it has done it."""
    with served(tmp_path_factory.mktemp("company"), "--delay", "after=2.5") as company:
        yield company


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def writing(child: pexpect.spawn[str], company: Served) -> str:
    """Approves a payment and comes back while the ledger has it and has not answered: the invoice's id."""
    invoice = payment_card(child)
    before = company.ledger.payments(invoice)
    child.sendline("y")
    until(lambda: company.ledger.payments(invoice) > before)
    return invoice


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), *(pytest.param(n, 143, marks=pytest.mark.slow) for n in (signal.SIGTERM, signal.SIGHUP))],
)
def test_a_signal_while_a_write_is_under_way_leaves_it_known_as_unknown_and_the_next_start_settles_it(
    number: signal.Signals, code: int, slow: Served, home: Path, tmp_path: Path
) -> None:
    flags = ("--mcp-config", str(slow.config(tmp_path / "mcp.json")))
    with at_terminal(home, "reconcile", "--days", "5", *flags) as child:
        invoice = writing(child, slow)
        paid = slow.ledger.payments(invoice)
        child.kill(number)
        status, said = ended(child)
    assert status == code
    assert "Traceback" not in said
    assert journal(home, "SELECT state FROM writes WHERE state NOT IN ('not_sent')") == [("unknown",)]
    start = run(home, "reconcile", "--days", "5", *flags)
    assert start.returncode == 3
    assert "is in the ledger. Nothing is left to do for it" in start.stdout + start.stderr
    assert journal(home, "SELECT state FROM writes WHERE state NOT IN ('not_sent')") == [("committed",)]
    assert slow.ledger.payments(invoice) == paid


def children_of(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find the server's process")
def test_a_server_killed_after_it_wrote_is_asked_again_and_not_told_to_write_again(
    slow: Served, home: Path, tmp_path: Path
) -> None:
    flags = ("--mcp-config", str(slow.config(tmp_path / "mcp.json")))
    with at_terminal(home, "reconcile", "--days", "5", *flags) as child:
        invoice = writing(child, slow)
        paid = slow.ledger.payments(invoice)
        for server in children_of(child.pid or 0):
            os.kill(server, signal.SIGKILL)
        child.expect(ASKED)
        child.sendline("q")
        _, said = ended(child)
    assert "Traceback" not in said
    assert slow.ledger.payments(invoice) == paid
    assert journal(home, "SELECT state FROM writes WHERE state NOT IN ('not_sent')") == [("committed",)]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find the server's process")
def test_a_server_killed_before_it_wrote_never_makes_two(home: Path, tmp_path: Path) -> None:
    # Longer than the test: what the ledger still does when finchat has looked is not this test's.
    with served(tmp_path / "company", "--delay", "before=20") as company:
        flags = ("--mcp-config", str(company.config(tmp_path / "mcp.json")))
        with at_terminal(home, "reconcile", "--days", "5", *flags) as child:
            invoice = payment_card(child)
            paid = company.ledger.payments(invoice)
            child.sendline("y")
            until(lambda: ("sending",) in journal(home, "SELECT state FROM writes"))
            for server in children_of(child.pid or 0):
                os.kill(server, signal.SIGKILL)
            child.expect(ASKED)
            child.sendline("q")
            code, said = ended(child)
        assert "Traceback" not in said

        def settled() -> str | None:
            """What a start makes of it; until the vendor's request lifetime is over it stays unknown."""
            run(home, "reconcile", "--days", "5", *flags)
            ((state,),) = journal(home, "SELECT state FROM writes WHERE sent_at IS NOT NULL")
            return None if state == "unknown" else str(state)

        state = until(settled)
        assert state in ("committed", "not_sent")
        assert company.ledger.payments(invoice) == paid + (state == "committed")
        assert code in (3, 4, 5)


def test_a_kill_in_the_middle_of_an_undo_takes_back_once_and_the_next_start_knows_it(
    slow: Served, home: Path, tmp_path: Path
) -> None:
    flags = ("--mcp-config", str(slow.config(tmp_path / "mcp.json")))
    with at_terminal(home, "reconcile", "--days", "5", *flags) as child:
        invoice = writing(child, slow)
        child.expect(ASKED)
        child.sendline("q")
        ended(child)
    paid = slow.ledger.payments(invoice)
    ((plan,),) = journal(home, "SELECT plan_id FROM writes WHERE state = 'committed'")
    with at_terminal(home, "undo", plan, *flags) as child:
        child.expect(ASKED)
        assert "Takes back" in str(child.before)
        child.sendline("y")
        until(lambda: slow.ledger.payments(invoice) < paid)
        child.kill(signal.SIGKILL)
        child.expect(pexpect.EOF)
    start = document(home, "undo", plan, *flags)
    assert (start["exit_code"], start["proposals"]) == (0, [])
    assert [f["code"] for f in start["findings"]] == ["undone_before"]
    assert slow.ledger.payments(invoice) == paid - 1


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_intent_is_synced_before_a_byte_of_the_write_leaves_the_process(
    slow: Served, home: Path, tmp_path: Path
) -> None:
    flags = ("--mcp-config", str(slow.config(tmp_path / "mcp.json")))
    home.mkdir()
    (home / "policy.toml").write_text(
        'version = 1\n[unattended]\nkinds = ["payment"]\nmax_amount = "1000000.00"\nmax_total_per_day = "200.00"\n'
        "known_counterparties_only = false\nexpires = 2099-12-31\n"
    )
    trace = tmp_path / "trace"
    done = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-y", "-s", "400", "-e", "trace=write,fsync,fdatasync", "-o", str(trace),
         sys.executable, "-m", "finchat", "reconcile", "--days", "5", "--yes", *flags],
        capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=120, check=False,
        env=environment(home),
    )  # fmt: skip
    if "ptrace" in done.stderr and "not permitted" in done.stderr:
        pytest.skip("this machine does not let a process be traced")
    calls = trace.read_text("utf-8", "replace").splitlines()
    sent = next(n for n, line in enumerate(calls) if "write(" in line and "pipe:" in line and '"tools/call"' in
                line.replace("\\", "") and "create_a_xero_payment" in line)  # fmt: skip
    logged = max(n for n, line in enumerate(calls[:sent]) if "audit.jsonl" in line and "write(" in line)
    after = calls[logged:sent]
    assert "intent" in calls[logged].replace("\\", "")
    assert any("sync(" in line and "audit.jsonl" in line for line in after)
    journalled = max(n for n, line in enumerate(calls[:sent]) if "sync(" in line and "state.sqlite3-wal" in line)
    last_read = max(n for n, line in enumerate(calls[:sent]) if "write(" in line and "pipe:" in line)
    assert journalled > last_read
