"""A recording is anonymised only when its run still follows from what was replaced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from finchat.app.cassettes.anonymising import anonymise
from finchat.app.cassettes.recording import keep
from finchat.app.invocation import Invocation
from finchat.cassettes.rows import Row
from finchat.errors import UsageError, VerificationMismatch
from tests.app.test_trimming import HEADER

ROWS: list[dict[str, Any]] = [
    {"kind": "file", "path": "home/feed.json", "text": '[{"payee": "Wetherell Timber", "amount": "12.50"}]'},
]


def goes_by_the_name(_arguments: Sequence[str]) -> int:
    """Stands for a run that knows one customer by name."""
    return 0 if "Wetherell" in Path("home/feed.json").read_text() else 3


def test_a_run_that_goes_by_a_name_is_not_anonymised(tmp_path: Path) -> None:
    file, out = tmp_path / "run.jsonl", tmp_path / "nobody.jsonl"
    keep(file, HEADER, [Row(row) for row in ROWS], goes_by_the_name, expected=0)
    with pytest.raises(VerificationMismatch, match="the run goes another way") as refused:
        anonymise(Invocation(quiet=True), file, goes_by_the_name, out=out)
    assert (refused.value.code, refused.value.exit_code, out.exists()) == ("not_replayable", 8, False)
    assert refused.value.next


def test_a_recording_that_does_not_replay_and_a_rehearsal_are_not_anonymised(tmp_path: Path) -> None:
    file, out = tmp_path / "run.jsonl", tmp_path / "nobody.jsonl"
    keep(file, HEADER, [Row(row) for row in ROWS], goes_by_the_name, expected=0)
    with pytest.raises(VerificationMismatch, match="cannot be anonymised"):
        anonymise(Invocation(quiet=True), file, lambda _: 7, out=out)
    faulty = [
        {"kind": "model", "at": 0, "path": "/responses", "body": {}, "ended": "cut"},
        {"kind": "fault", "on": 1, "fault": "drop"},
    ]
    keep(file, HEADER, [Row(row) for row in faulty], lambda _: 0, expected=0)
    with pytest.raises(UsageError, match="is a rehearsal"):
        anonymise(Invocation(quiet=True), file, lambda _: 0, out=out)
    assert not out.exists()
