"""Homes of finchat in real processes: the company of one day, made once, and a copy of it for each test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests import forked

NOW = "2026-11-20T09:00:00Z"
ROOT = Path(__file__).parents[1]


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run away from a terminal, on that day."""
    return forked.run(*arguments, environment={**os.environ, "FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW})


def document(home: Path, *arguments: str) -> dict[str, Any]:
    """What a run prints for scripts: one document, which knows its exit code, and no word beside it."""
    done = run(home, *arguments, "--json")
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == done.returncode
    return found


def copied(home: Path, to: Path) -> Path:
    """The home with a call budget of its own: tests must not wait for one another."""
    shutil.copytree(home, to, ignore=shutil.ignore_patterns("budget.sqlite3*", "locks"), dirs_exist_ok=True)
    return to
