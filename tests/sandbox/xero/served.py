"""Starting and stopping the served sandbox in another process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]


@contextmanager
def sandbox(
    directory: Path, *, limits: str = "1000/60s,50,5000", strict: bool = False, delay: str = ""
) -> Iterator[dict[str, str]]:
    """The ready line of a served company; the process is stopped with SIGTERM at the end."""
    options = [str(directory / "company.sqlite3"), limits, "strict" if strict else "open", delay]
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox.xero.serve_child", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        ready: dict[str, str] = json.loads(child.stdout.readline())
        yield ready
    finally:
        child.terminate()
        assert child.wait(timeout=20) in (0, -15)
        assert child.stdout is not None
        child.stdout.close()
