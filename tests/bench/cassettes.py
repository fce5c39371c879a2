"""What recording costs and how fast recordings replay: `python -m tests.bench.cassettes [ROUNDS]`. Prints figures.

A recorded run is measured beside the same run without a cassette, in processes of its own on a copy of one company; its
end replays what was recorded, which is shown apart. Replays run in one process, as CI runs them.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from finchat.cassettes.reading import read
from finchat.cli import run

NOW = "2026-11-20T03:00:00Z"
ROOT = Path(__file__).parents[2]
COMMAND = ("reconcile", "--days", "7")
RECORDINGS = ROOT / "recordings"


def finchat(home: Path, cwd: Path, *arguments: str) -> tuple[float, float]:
    """Wall and CPU seconds of a run in a process of its own."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW, "PYTHONPATH": str(ROOT)}
    environment.pop("CI", None)
    subprocess.run([sys.executable, "-m", "finchat", *arguments], cwd=cwd, env=environment, check=False, text=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def shown(times: list[tuple[float, float]]) -> dict[str, str]:
    walls, cpus = zip(*times, strict=True)
    return {"wall_s": f"{min(walls):.2f}/{median(walls):.2f}", "cpu_s": f"{min(cpus):.2f}/{median(cpus):.2f}"}


def recording(rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        company = folder / "company"
        finchat(company, folder, *COMMAND)
        plain: list[tuple[float, float]] = []
        taped: list[tuple[float, float]] = []
        for number in range(rounds):
            for into, more in ((plain, []), (taped, ["--record", f"{number}.jsonl", "--record-mode", "all"])):
                home = folder / f"home{number}{len(more)}"
                shutil.copytree(company, home)
                into.append(finchat(home, folder, *COMMAND, *more))
        size = (folder / "0.jsonl").stat().st_size
        return {"without": shown(plain), "recorded_and_replayed": shown(taped), "file_kib": size // 1024,
                "replays": replays([folder / "0.jsonl"], rounds)}  # fmt: skip


def replays(files: list[Path], rounds: int) -> dict[str, Any]:
    """Replays in this process, the first left out: it imports the program."""
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(rounds + 1):
        for file in files:
            began, cpu = time.perf_counter(), time.process_time()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                assert run(["replay", str(file)]) == 0, f"{file} does not replay"
            walls.append(time.perf_counter() - began)
            cpus.append(time.process_time() - cpu)
    walls, cpus = walls[len(files):], cpus[len(files):]  # fmt: skip
    reading = []
    for file in files:
        began = time.perf_counter()
        read(file)
        reading.append(time.perf_counter() - began)
    return {
        "files": len(files), "per_second": f"{len(walls) / sum(walls):.1f}",
        "ms_cpu_median": f"{median(cpus) * 1000:.0f}",
        "ms_wall_median": f"{median(walls) * 1000:.0f}", "of_it_reading_ms_median": f"{median(reading) * 1000:.0f}",
    }  # fmt: skip


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    found: dict[str, Any] = {"reconcile": recording(rounds)}
    if files := sorted(RECORDINGS.glob("*.jsonl")):
        found["recordings"] = replays(files, rounds)
    print(json.dumps({**found, "load": f"{os.getloadavg()[0]:.1f}"}))


if __name__ == "__main__":
    main()
