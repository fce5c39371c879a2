"""Prints what the main job costs on this machine: `python -m tests.bench.main_job [RUNS]`. A benchmark, not a test.

Wall and CPU seconds (user and system, child processes included) and peak memory, each the least of RUNS runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Cost:
    """Seconds and MiB of one run, and what it printed."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    output: str


def run(home: Path, *arguments: str) -> Cost:
    """One finchat process, without a terminal, measured by the operating system."""
    environment = {**os.environ, "FINCHAT_HOME": str(home)}
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "finchat", *arguments],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL, cwd=ROOT, env=environment,
        )  # fmt: skip
        _, _, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        out.seek(0)
        return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read())


def least(name: str, costs: Sequence[Cost]) -> Cost:
    """Prints the least of several runs and returns the last of them."""
    wall_s, cpu_s = min(c.wall_s for c in costs), min(c.cpu_s for c in costs)
    peak_mib = min(c.peak_mib for c in costs)
    print(f"{name:44} wall {wall_s:6.2f} s   CPU {cpu_s:6.2f} s   peak {peak_mib:5.0f} MiB")
    return costs[-1]


def main(runs: int) -> None:
    job = ("reconcile", "--days", "7", "--json")
    with tempfile.TemporaryDirectory() as directory:
        homes = [Path(directory) / str(n) for n in range(runs)]  # homes of their own: no run waits for another's budget
        least("--version", [run(home, "--version") for home in homes])
        least("--help", [run(home, "--help") for home in homes])
        least("reconcile --days 7, company made on the way", [run(home, *job) for home in homes])
        last = least("reconcile --days 7", [run(home, *job) for home in homes])
        found = json.loads(last.output)
        statuses = [line["status"] for line in found["lines"]]
        print(f"API calls {found['api']['calls']}, waited {found['api']['waited_s']} s")
        print({status: statuses.count(status) for status in sorted(set(statuses))})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
