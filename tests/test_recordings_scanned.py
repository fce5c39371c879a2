"""No recording of this repository holds anything that looks like a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from finchat.cassettes.scanner import scan

RECORDINGS = Path(__file__).parents[1] / "recordings"


@pytest.mark.parametrize("file", sorted(RECORDINGS.rglob("*.jsonl")), ids=lambda file: file.stem)
def test_nothing_in_a_recording_looks_like_a_secret(file: Path) -> None:
    found = [f"{file.name}:{each.line} {each.where}: {each.what}" for each in scan(file.read_text("utf-8"))]
    assert not found, "record it again, or redact it: " + "; ".join(found[:10])
