"""The state file: durable, shared by processes, and plain about what is wrong with it."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from finchat.errors import FinchatError, UsageError
from finchat.store.database import Database, StorageError

NOTES = ("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE) STRICT;",)
TRIGGER = """
CREATE TRIGGER no_change BEFORE UPDATE ON notes BEGIN
  SELECT RAISE(ABORT, 'notes are final');
END;
CREATE INDEX notes_by_text ON notes (text);
"""


def test_the_home_is_created_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "home" / "state.sqlite3"
    with Database(path) as database:
        database.migrate("notes", NOTES)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_commits_are_synced_and_kept_in_wal_mode(tmp_path: Path) -> None:
    with Database(tmp_path / "state.sqlite3") as database:
        pragmas = {name: database.rows(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}


def test_each_room_migrates_by_itself_and_only_forward(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    with Database(path) as database:
        database.migrate("notes", NOTES)
        database.migrate("other", ("CREATE TABLE other (id INTEGER);",))
        with database.transaction() as rows:
            rows.execute("INSERT INTO notes (text) VALUES ('kept')")
    with Database(path) as database:
        database.migrate("notes", (*NOTES, TRIGGER))
        assert [row["text"] for row in database.rows("SELECT text FROM notes")] == ["kept"]
        with pytest.raises(sqlite3.IntegrityError, match="final"), database.transaction() as rows:
            rows.execute("UPDATE notes SET text = 'changed'")


def test_a_newer_schema_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    with Database(path) as database:
        database.migrate("notes", (*NOTES, TRIGGER))
    with Database(path) as database, pytest.raises(UsageError, match=r"newer finchat.*notes.*version 2") as caught:
        database.migrate("notes", NOTES)
    assert caught.value.code == "newer_schema"
    assert caught.value.next is not None


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with Database(tmp_path / "state.sqlite3") as database:
        with pytest.raises(sqlite3.OperationalError):
            database.migrate("notes", (NOTES[0] + "\nCREATE TABLE broken (",))
        assert database.row("SELECT name FROM sqlite_master WHERE name = 'notes'") is None
        database.migrate("notes", NOTES)


def test_a_transaction_is_undone_when_its_block_raises(tmp_path: Path) -> None:
    with Database(tmp_path / "state.sqlite3") as database:
        database.migrate("notes", NOTES)
        with pytest.raises(KeyboardInterrupt), database.transaction() as rows:
            _insert_then(rows, KeyboardInterrupt())
        assert database.rows("SELECT * FROM notes") == []
        with database.transaction(), pytest.raises(RuntimeError, match="nest"), database.transaction():
            pass


def _insert_then(rows: sqlite3.Connection, interruption: BaseException) -> None:
    rows.execute("INSERT INTO notes (text) VALUES ('lost')")
    raise interruption


def _fill(database: Database) -> None:
    for number in range(100):
        with database.transaction() as rows:
            rows.execute("INSERT INTO notes (text) VALUES (?)", (f"{number}" + "x" * 3000,))


def test_a_full_disk_is_said_plainly_and_nothing_is_stored(tmp_path: Path) -> None:
    with Database(tmp_path / "state.sqlite3") as database:
        database.migrate("notes", NOTES)
        pages = database.rows("PRAGMA page_count")[0][0]
        database.rows(f"PRAGMA max_page_count = {pages + 1}")  # SQLite's own way to a full disk
        with pytest.raises(StorageError, match=r"state\.sqlite3: the disk is full") as caught:
            _fill(database)
        assert caught.value.code == "disk_full"
        assert caught.value.next is not None
        stored = len(database.rows("SELECT id FROM notes"))
        assert 0 < stored < 100


def test_a_file_size_limit_ends_in_a_plain_error(tmp_path: Path) -> None:
    script = f"""
import resource, signal
from pathlib import Path
from finchat.store.database import Database, StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Database(Path({str(tmp_path / "state.sqlite3")!r})) as database:
    database.migrate("notes", {NOTES!r})
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        for number in range(200):
            with database.transaction() as rows:
                rows.execute("INSERT INTO notes (text) VALUES (?)", (str(number) + "x" * 3000,))
    except StorageError as error:
        print(error.code)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("disk_full", 0), done.stderr


def test_a_second_connection_of_a_process_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    look = (
        f"import sqlite3; c = sqlite3.connect({str(path)!r}); print(c.execute('SELECT count(*) FROM t').fetchone()[0])"
    )
    with Database(path) as first:
        first.migrate("room", ["CREATE TABLE t (x)"])
        Database(path).close()
        for count in range(1, 4):
            with first.transaction() as connection:
                connection.execute("INSERT INTO t VALUES (1)")
            # Another process that opens the file, reads and closes it is not the last one there.
            seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
            assert int(seen) == count


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a directory that even root cannot write in")
def test_a_read_only_home_is_named() -> None:
    with pytest.raises(StorageError, match="cannot create /proc/finchat") as caught:
        Database(Path("/proc/finchat/state.sqlite3"))
    assert (caught.value.code, caught.value.next is not None) == ("not_writable", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into a read-only directory")
def test_a_read_only_directory_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    with pytest.raises(StorageError, match=r"cannot write .*home") as caught:
        Database(home / "state.sqlite3")
    assert caught.value.code == "not_writable"


def test_a_file_in_the_place_of_the_home_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a directory")
    with pytest.raises(StorageError, match="home") as caught:
        Database(tmp_path / "home" / "state.sqlite3")
    assert caught.value.code == "not_writable"


def test_a_damaged_file_is_named_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    path.write_bytes(b"this is no database at all, but it is somebody's file" * 40)
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"state\.sqlite3.*not a SQLite database"):
        Database(path)
    assert path.read_bytes() == before


def test_a_lock_held_too_long_is_an_error_not_a_hang(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    with Database(path) as one, Database(path, busy_timeout_s=0.05) as two:
        one.migrate("notes", NOTES)
        with one.transaction(), pytest.raises(FinchatError, match="locked") as caught, two.transaction():
            pass
        assert caught.value.code == "locked"
        with two.transaction() as rows:
            rows.execute("INSERT INTO notes (text) VALUES ('later')")


def test_many_first_starts_at_once_share_one_file(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
import os
from finchat.store.database import Database
with Database(Path({str(tmp_path / "home" / "state.sqlite3")!r})) as database:
    database.migrate("notes", {(*NOTES, TRIGGER)!r})
    for number in range(20):
        with database.transaction() as rows:
            rows.execute("INSERT INTO notes (text) VALUES (?)", (f"{{os.getpid()}}-{{number}}",))
"""
    children = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) for _ in range(6)]
    errors = [child.communicate()[1] for child in children]
    assert [child.returncode for child in children] == [0] * 6, errors
    with Database(tmp_path / "home" / "state.sqlite3") as database:
        assert database.rows("SELECT count(*) FROM notes")[0][0] == 120
