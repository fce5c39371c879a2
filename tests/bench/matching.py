"""Prints how well and how fast the matcher does on labelled cases: `python -m tests.bench.matching DIR...`.

Each DIR holds a neutral case and its truth.json; `score.py` beside the cases is what judges.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from finchat.books.matching import match
from finchat.books.neutral import CASE_FILES, proposals, read_case

_SHOWN = ("precision_wrong_only", "recall", "wrong_payments", "false_payments", "double_booked", "suggest_hit3")


def measure(case: Path) -> None:
    """Prints one line for one case."""
    files = {
        name: json.loads(path.read_text("utf-8")) for name in CASE_FILES if (path := case / f"{name}.json").exists()
    }
    books = read_case(files)
    began = time.process_time()
    verdicts = match(books)
    cpu_s = time.process_time() - began
    with tempfile.NamedTemporaryFile("w", suffix=".json") as out:
        out.write(json.dumps(proposals(verdicts, books), default=str))
        out.flush()
        command = [sys.executable, str(case.parent / "score.py"), str(case), out.name, "--json"]
        score = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"{case.name:18} CPU {cpu_s:5.2f} s  " + "  ".join(f"{k} {score[k]}" for k in _SHOWN if k in score))


if __name__ == "__main__":
    for directory in sys.argv[1:]:
        measure(Path(directory))
