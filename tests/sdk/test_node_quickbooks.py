"""node-quickbooks, unedited, against the served sandbox company: its tests are JavaScript, in `node/`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sdk.served import quickbooks

pytestmark = pytest.mark.node
_HERE = Path(__file__).parent / "node"


def test_node_quickbooks_works_against_the_sandbox(tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node, "node is not installed"
    assert (_HERE / "node_modules" / "node-quickbooks").is_dir(), f"run: npm ci --prefix {_HERE}"
    with quickbooks(tmp_path, strict=True) as ready:
        done = subprocess.run(
            [node, "--test", "--test-reporter=tap"],
            cwd=_HERE,
            env={**os.environ, "READY": json.dumps(ready)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    passed = int(done.stdout.rpartition("# pass ")[2].split()[0])
    assert passed > 50, done.stdout
