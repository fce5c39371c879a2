"""Prints what the chat costs: `python -m tests.bench.chat [RUNS]`. A benchmark, not a test.

Seconds from the start of the process to the prompt, from Enter to the first word of an answer on the screen (the model
is scripted and answers at once), and peak memory after 50 questions with a tool call each.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pexpect

from tests.scripted.server import Say, ScriptedModel, Seen

ROOT = Path(__file__).parents[2]
_TURNS = 50


def script(seen: Seen) -> Say:
    """One look at the organisation for each question, then some words."""
    asked = sum(type(item).__name__ == "UserText" for item in seen.items)
    if len(seen.results()) < asked:
        return Say(calls=[("chart", {"search": str(asked)})])
    return Say(f"Answer {asked} begins here, and goes on for some words more. It ends now{asked}.")


def opened(home: Path, environ: dict[str, str]) -> tuple[pexpect.spawn[Any], float]:
    """The chat at its prompt, and the seconds that took."""
    began = time.perf_counter()
    child: pexpect.spawn[Any] = pexpect.spawn(
        sys.executable, ["-m", "finchat"], encoding="utf-8", timeout=60, dimensions=(40, 100), cwd=str(ROOT),
        env={**os.environ, **environ, "FINCHAT_HOME": str(home), "TERM": "xterm"},
    )  # fmt: skip
    child.delaybeforesend = None
    child.expect("finchat>")
    return child, time.perf_counter() - began


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as directory, ScriptedModel(script) as model:
        home = Path(directory) / "home"
        starts, firsts = [], []
        opened(home, model.environ)[0].close(force=True)  # makes the company
        for _ in range(runs):
            child, took = opened(home, model.environ)
            starts.append(took)
            child.close(force=True)
        child, _ = opened(home, model.environ)
        child.expect("writes on approval")
        peak_kib = 0
        for turn in range(1, _TURNS + 1):
            began = time.perf_counter()
            child.send(f"question {turn}\r")
            child.expect(f"Answer {turn} ")
            firsts.append(time.perf_counter() - began)
            child.expect(f"now{turn}")
        status = Path(f"/proc/{child.pid}/status").read_text()
        peak_kib = int(status.split("VmHWM:")[1].split()[0])
        child.close(force=True)
    figures = {
        "prompt_s": {"least": f"{min(starts):.2f}", "median": f"{sorted(starts)[len(starts) // 2]:.2f}"},
        "question_to_first_word_s": {"least": f"{min(firsts):.3f}", "median": f"{sorted(firsts)[_TURNS // 2]:.3f}"},
        "peak_mib_after_50_turns": round(peak_kib / 1024),
        "load": f"{os.getloadavg()[0]:.1f}",
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
