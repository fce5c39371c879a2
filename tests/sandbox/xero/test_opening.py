"""A company's file that cannot be opened: what is wrong with the machine is told from what is wrong with the file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from finchat.clock import Clock
from finchat.errors import UsageError
from finchat.sandbox.xero.back_end import XeroBackEnd


def test_a_file_that_is_no_company_is_to_be_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "xero.sqlite3"
    path.write_bytes(b"not a database at all, whatever its name says" * 40)
    with pytest.raises(UsageError) as told:
        XeroBackEnd(path, Clock())
    assert "sandbox reset" in (told.value.next or "")


def test_a_machine_that_gives_no_access_says_nothing_against_the_company(tmp_path: Path) -> None:
    path = tmp_path / "xero.sqlite3"
    XeroBackEnd(path, Clock()).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA journal_mode = DELETE")
    path.with_name(f"{path.name}-wal").mkdir()  # where SQLite keeps what is not in the file yet
    with pytest.raises(UsageError) as told:
        XeroBackEnd(path, Clock())
    assert "free space" in (told.value.next or "")
    assert "reset" not in (told.value.next or "")
