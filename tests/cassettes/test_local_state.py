"""What a run reads of files and databases is noted as it was before, and put back elsewhere."""

from __future__ import annotations

import json
import os
import sqlite3
import types
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from finchat.agent.evidence.store import EvidenceStore
from finchat.cassettes.local_state import BadLocalState, Watch, restore
from finchat.clock import utc_now
from finchat.connections.toolbox import CallResult
from finchat.safety.tables import SCRIPTS
from finchat.store.database import Database
from finchat.store.files import write_private
from finchat.text.bounded import read_bounded


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def watch(home: Path, work: Path, *ignoring: Path) -> Watch:
    return Watch({"home": home, "work": work}, ignoring=ignoring)


def named(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {row["path"]: row.get("text") for row in rows if row["kind"] == "file"}


def test_a_file_that_is_read_is_kept_as_it_was_before_the_run_changed_it(home: Path, work: Path) -> None:
    (home / "finchat.toml").write_text("before")
    (home / "policy.toml").write_text("never read")
    with watch(home, work) as watched:
        write_private(home / "finchat.toml", b"after")
        assert read_bounded(home / "finchat.toml") == b"after"
    assert named(watched.rows()) == {"home/finchat.toml": "before"}


def test_what_the_run_made_itself_is_not_kept(home: Path, work: Path) -> None:
    with watch(home, work) as watched:
        write_private(home / "made.json", b"{}")
        os.close(os.open(home / "session.jsonl", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        read_bounded(home / "made.json")
        read_bounded(home / "session.jsonl")
        with Database(home / "state.sqlite3") as database:
            database.migrate("safety", SCRIPTS)
        with Database(home / "state.sqlite3") as database:
            assert database.rows("SELECT * FROM plans") == []
    assert watched.rows() == []


def test_only_what_was_read_while_it_watched_is_kept(home: Path, work: Path) -> None:
    (work / "feed.json").write_text("[]")
    (work / "late.json").write_text("[]")
    with watch(home, work) as watched:
        read_bounded(work / "feed.json")
    read_bounded(work / "late.json")
    assert named(watched.rows()) == {"work/feed.json": "[]"}


def test_files_of_a_listed_folder_are_kept_in_the_order_of_their_age(home: Path, work: Path, tmp_path: Path) -> None:
    (home / "plans").mkdir()
    for name, age in (("b", 300), ("a", 100), ("c", 200)):
        (home / "plans" / f"{name}.json").write_text(name)
        os.utime(home / "plans" / f"{name}.json", (age, age))
    with watch(home, work) as watched:
        sorted((home / "plans").glob("*.json"))
    rows = watched.rows()
    assert [row["text"] for row in rows] == ["a", "c", "b"]
    restore(rows, tmp_path / "stage")
    back = sorted((tmp_path / "stage/home/plans").iterdir(), key=lambda path: path.stat().st_mtime)
    assert [path.read_text() for path in back] == ["a", "c", "b"]


def test_keys_locks_logs_and_the_audit_are_left_out(home: Path, work: Path) -> None:
    for folder in ("keys", "locks", "evidence", "sandbox"):
        (home / folder).mkdir()
    left_out = ["keys/anna.pem", "locks/run.lock", "finchat.log", "audit.jsonl", "audit.head", "evidence/p.json"]
    for name in left_out:
        (home / name).write_text("secret")
    (work / "mine.pem").write_text("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n")
    (work / "tape.jsonl").write_text("{}")
    (home / "history").write_text("what did Anna pay?\n")
    sqlite3.connect(home / "sandbox/xero.sqlite3").close()
    with watch(home, work, work / "tape.jsonl") as watched:
        for path in [*(home / name for name in left_out), work / "mine.pem", work / "tape.jsonl", home / "history"]:
            read_bounded(path)
        sqlite3.connect(home / "sandbox/xero.sqlite3").close()
    assert named(watched.rows()) == {"home/history": ""}
    assert len(watched.rows()) == 1


def test_what_the_sandbox_makes_in_the_run_is_kept_because_a_replay_has_no_sandbox(home: Path, work: Path) -> None:
    def made_by_the_sandbox() -> None:
        (home / "sandbox").mkdir()
        (home / "sandbox/bank_feed.json").write_text("[1]")

    with watch(home, work) as watched:
        as_if_in("finchat.sandbox.company", made_by_the_sandbox)()
        read_bounded(home / "sandbox/bank_feed.json")
    assert named(watched.rows()) == {"home/sandbox/bank_feed.json": "[1]"}


def test_what_other_packages_read_is_none_of_it_but_a_named_file_is(home: Path, work: Path, tmp_path: Path) -> None:
    for path in (work / ".netrc", tmp_path / "statement.csv", tmp_path / "bundle.pem"):
        path.write_text("x")
    with watch(home, work) as watched:
        as_if_in("httpx2._auth", (work / ".netrc").read_text)()
        as_if_in("httpx2._auth", (tmp_path / "bundle.pem").read_text)()
        read_bounded(tmp_path / "statement.csv")
    assert named(watched.rows()) == {"elsewhere/1/statement.csv": "x"}
    assert watched.paths() == {str(home): "home", str(work): "work", str(tmp_path): "elsewhere/1"}


def test_the_program_and_its_prompts_are_no_local_state(home: Path) -> None:
    root = Path(__file__).parents[2]
    with Watch({"home": home, "work": root}) as watched:
        read_bounded(root / "finchat/error_codes.py")
        read_bounded(next((root / "prompts/agent").glob("*.md")))
    assert watched.rows() == []


def test_bytes_that_are_no_text_come_back(home: Path, work: Path, tmp_path: Path) -> None:
    (work / "latin.csv").write_bytes("Müller;1,00\r\n".encode("latin-1"))
    with watch(home, work) as watched:
        read_bounded(work / "latin.csv")
    restore(watched.rows(), tmp_path / "stage")
    assert (tmp_path / "stage/work/latin.csv").read_bytes() == (work / "latin.csv").read_bytes()


def test_a_database_is_kept_as_it_was_without_the_audit_and_is_one_again(
    home: Path, work: Path, tmp_path: Path
) -> None:
    with Database(home / "state.sqlite3") as database:
        database.migrate("safety", SCRIPTS)
        with database.transaction() as connection:
            connection.execute("INSERT INTO last_instant VALUES (1, '2026-11-20T00:00:00Z')")
            connection.execute("INSERT INTO audit_lines VALUES (1, 'c1', 'call', 'a line')")
    with watch(home, work) as watched, Database(home / "state.sqlite3") as database, database.transaction() as running:
        running.execute("DELETE FROM last_instant")
    rows = json.loads(json.dumps(watched.rows()))
    assert {row["name"]: row["rows"] for row in rows} == {
        "schema_versions": [["safety", len(SCRIPTS)]],
        "last_instant": [[1, "2026-11-20T00:00:00Z"]],
    }
    restore(rows, tmp_path / "stage")
    with Database(tmp_path / "stage/home/state.sqlite3") as database:
        database.migrate("safety", SCRIPTS)
        assert [tuple(row) for row in database.rows("SELECT * FROM last_instant")] == [(1, "2026-11-20T00:00:00Z")]
        assert database.rows("SELECT * FROM audit_lines") == []
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1, 2"
    with (
        closing(sqlite3.connect(home / "state.sqlite3")) as before,
        closing(sqlite3.connect(tmp_path / "stage/home/state.sqlite3")) as after,
    ):
        assert before.execute(schema).fetchall() == after.execute(schema).fetchall()


def test_what_is_packed_in_a_database_lies_open_in_the_rows_and_is_packed_again(
    home: Path, work: Path, tmp_path: Path
) -> None:
    def kept(folder: Path) -> EvidenceStore:
        return EvidenceStore(folder / "sessions/s1.sqlite3", "s1")

    result = CallResult(structured={"Contacts": [{"Name": "Anna", "EmailAddress": "anna@kiwi.co.nz"}] * 9})
    with kept(home) as store:
        store.keep(server="books", tool="list", arguments=None, result=result, at=utc_now())
    with watch(home, work) as watched, kept(home):
        pass
    assert "anna@kiwi.co.nz" in json.dumps(watched.rows())
    restore(watched.rows(), tmp_path / "stage")
    with kept(tmp_path / "stage/home") as store:
        assert store.get("e1").data == result.structured


def test_numbers_that_json_does_not_carry_come_back_as_they_were(home: Path, work: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(work / "odd.sqlite3")) as connection:
        connection.execute("CREATE TABLE t (r, b, n)")
        connection.execute("INSERT INTO t VALUES (0.1, x'ff00', NULL)")
        connection.commit()
    with watch(home, work) as watched:
        as_if_in("finchat.store.database", lambda: sqlite3.connect(work / "odd.sqlite3").close())()
    restore(watched.rows(), tmp_path / "stage")
    with closing(sqlite3.connect(tmp_path / "stage/work/odd.sqlite3")) as connection:
        assert connection.execute("SELECT * FROM t").fetchall() == [(0.1, b"\xff\x00", None)]


@pytest.mark.parametrize("path", ["../x", "home/../../x", "/etc/x", "", "home//x", "home/.", "a\\b", None, "link/x"])
def test_nothing_is_put_outside_the_stage(path: str | None, tmp_path: Path) -> None:
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage/link").symlink_to(tmp_path)
    with pytest.raises(BadLocalState):
        restore([{"kind": "file", "path": path, "text": "x"}], tmp_path / "stage")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "file", "path": "home/x"},
        {"kind": "file", "path": "home/x", "base64": "%"},
        {"kind": "table", "path": "home/x.sqlite3", "sql": ["ATTACH '/tmp/y' AS y"], "name": "t", "columns": [],
         "rows": []},
        {"kind": "table", "path": "home/x.sqlite3", "sql": ["CREATE TABLE t (a)"], "name": "t", "columns": ["a"],
         "rows": [[{"no": "kind"}]]},
    ],
)  # fmt: skip
def test_a_row_that_holds_no_file_is_refused(row: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadLocalState):
        restore([row], tmp_path)


def as_if_in(module: str, function: Callable[[], Any]) -> Callable[[], Any]:
    """The function called by one that seems to stand in another module."""
    made: dict[str, Any] = {"__name__": module, "inner": function}
    exec("def outer():\n    return inner()", made)
    outer: types.FunctionType = made["outer"]
    if isinstance(function, types.FunctionType):
        moved = types.FunctionType(
            function.__code__, {**function.__globals__, "__name__": module}, closure=function.__closure__
        )
        made["inner"] = moved
    return outer
