"""What the machine does to finchat: its clock, its disk, its environment, another process beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import forked
from tests.faults.world import ROOT, environment, run, served


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-04-05T11:30:00Z", "2026-04-05"),  # half an hour before midnight, the clocks went back that morning
        ("2026-09-27T11:30:00Z", "2026-09-28"),  # half an hour after midnight, they went forward the day before
    ],
)
def test_a_day_is_the_organisations_own_on_the_days_its_clocks_change(instant: str, day: str, tmp_path: Path) -> None:
    done = run(tmp_path / "home", "reconcile", "--days", "1", "--json", FINCHAT_NOW=instant)
    window = json.loads(done.stdout)["window"]
    assert window == {"from": day, "to": day, "timezone": "Pacific/Auckland"}


def test_two_processes_that_sign_in_at_once_do_not_put_each_other_out(tmp_path: Path) -> None:
    with served(tmp_path / "company", "--strict-auth") as company:
        flags = ["reconcile", "--days", "1", "--json", "--mcp-config", str(company.config(tmp_path / "mcp.json"))]
        before = company.token()
        with ThreadPoolExecutor() as at_once:
            runs = [at_once.submit(run, tmp_path / "home", *flags) for _ in range(2)]
        assert [json.loads(done.result().stdout)["exit_code"] for done in runs] == [3, 3]
        assert before["access_token"] != company.token()["access_token"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a directory that even root cannot write in")
@pytest.mark.parametrize("variable", ["FINCHAT_HOME", "HOME"])
def test_a_home_that_cannot_be_written_is_one_sentence(variable: str) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("FINCHAT_", "XDG_"))}
    done = forked.run("reconcile", "--days", "1", environment={**env, variable: "/proc/nowhere"})
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("finchat: cannot create /proc/nowhere")
    assert "Traceback" not in done.stderr


def test_without_a_home_in_the_environment_finchat_still_starts() -> None:
    env = {k: v for k, v in os.environ.items() if k not in ("HOME", "FINCHAT_HOME")}
    done = forked.run("policy", "show", environment=env)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_disk_that_is_full_from_the_start_leaves_nothing_half_written(tmp_path: Path) -> None:
    home = tmp_path / "home"
    full = subprocess.run(
        f"ulimit -f 64; exec {sys.executable} -m finchat reconcile --days 1", shell=True, capture_output=True,
        text=True, cwd=ROOT, env=environment(home), stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert full.returncode == 1
    assert "Traceback" not in full.stderr
    assert full.stderr.startswith("finchat: ")
    assert "next: " in full.stderr
    assert not list((home / "plans").glob("*"))
    assert run(home, "reconcile", "--days", "1").returncode == 3  # with room again, all is well
    assert run(home, "audit", "verify").returncode == 0


def test_a_reader_that_takes_one_line_of_a_plan_sees_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m finchat reconcile --days 2 | head -1; exit ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, cwd=ROOT,
        env=environment(tmp_path / "home"), check=False,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 3)
    assert list((tmp_path / "home" / "plans").glob("*.json"))
