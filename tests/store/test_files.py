"""A small file is there whole or as it was before."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from finchat.store.files import write_private


def test_a_file_is_replaced_whole_and_is_of_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("before", "utf-8")

    write_private(path, b"after")

    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["plan.json"]


def test_what_cannot_be_synced_leaves_the_file_as_it_was_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    path.write_text("before", "utf-8")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_private(path, b"after")

    assert path.read_text("utf-8") == "before"
    assert os.listdir(tmp_path) == ["plan.json"]
