"""Plan files: what cannot be read is told from what was changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finchat.books.plan_json import OtherVersion, plan_from_json
from finchat.errors import VerificationMismatch
from finchat.workflows import plans
from tests.ui.samples import PLAN


def test_a_plan_of_another_version_is_said_to_be_one(tmp_path: Path) -> None:
    older = PLAN.as_json()
    del older["accounts"]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(older, default=str), "utf-8")

    with pytest.raises(OtherVersion):
        plan_from_json(older)
    with pytest.raises(VerificationMismatch, match="another version of finchat") as told:
        plans.load(path)
    assert "made it again" in (told.value.next or "")


def test_a_plan_that_was_changed_is_said_to_be_changed(tmp_path: Path) -> None:
    changed = {**PLAN.as_json(), "as_of": "2026-11-19"}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(changed, default=str), "utf-8")

    with pytest.raises(VerificationMismatch, match="was changed after it was made"):
        plans.load(path)
