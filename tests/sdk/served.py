"""`finchat sandbox run quickbooks` as somebody starts it: another process, a port, a line of JSON when it listens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Ready = dict[str, str]
_ROOT = Path(__file__).parents[2]


@contextmanager
def quickbooks(home: Path, *, limits: str = "100000/60s,10000,10000", strict: bool = False) -> Iterator[Ready]:
    """The ready line of a fresh demo company; the process gets SIGTERM at the end and must end by it."""
    options = ["--http", "127.0.0.1:0", "--limits", limits, *(["--strict-auth"] if strict else [])]
    child = subprocess.Popen(
        [sys.executable, "-m", "finchat", "sandbox", "run", "quickbooks", *options],
        cwd=_ROOT,
        env={**os.environ, "FINCHAT_HOME": str(home), "FINCHAT_NOW": "2026-11-20T18:00:00Z"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        ready: Ready = json.loads(child.stdout.readline())
        yield ready
    finally:
        child.terminate()
        assert child.wait(timeout=20) == 143
        assert child.stdout is not None
        child.stdout.close()
