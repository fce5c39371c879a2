"""The local files and databases that a run reads, as they were before it: noted in the run, put back for a replay.

A folder is known by a name (`home`, `work`), and what is in it as `home/finchat.toml`; a file elsewhere that finchat
itself opens is `elsewhere/1/NAME`. Left out: the program and its prompts, the sandbox company's ledger (its answers are
in the tape), keys, locks, logs of faults, and the audit log with its tables, which a replay begins anew. Of the chat's
own history only that there is one is kept.
"""

from __future__ import annotations

import base64
import os
import sqlite3
import sys
import sysconfig
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from finchat.errors import ExitCode, FinchatError, plain

ELSEWHERE = "elsewhere"
_HOME = "home"
_LARGEST = 64 * 1024 * 1024  # bytes of a file; a larger one is refused by whatever reads it
_LEFT_OUT = frozenset({"audit.jsonl", "audit.head", "keys", "locks", "evidence"})  # of the home, by their first part
_AUDIT_FILES = frozenset({"audit.jsonl", "audit.head", "evidence"})
_ENDS = (".log", ".lock", "-wal", "-shm", "-journal")
_DATABASES = (".sqlite3", ".sqlite", ".db")
# Of a database that has the audit's tables: their rows, and what counts in them.
_AUDIT = frozenset({"audit_state", "audit_lines", "audit_begun", "write_lines", "evidence"})
_NO_LISTS = frozenset({"sessions", "sandbox"})  # where a list of names makes no run what it is
_PROGRAM = Path(__file__).resolve().parents[1]
_SYSTEM = tuple(Path(place) for place in ("/proc", "/sys", "/etc", "/usr", "/lib", "/lib64", "/bin"))
_REPLAYED_AT = 1_000_000_000  # seconds: the age of the first file that is put back; each next one is a second younger


class BadLocalState(FinchatError):
    """The rows of local state in a cassette are not such rows."""

    exit_code = ExitCode.MISMATCH
    code = "cassette"


@dataclass(slots=True)
class _Seen:
    """A file or database as it was when the run first touched it."""

    name: str
    modified: int
    content: bytes | None  # None: a database, whose rows are in `tables`
    tables: list[dict[str, Any]]
    read: bool = False


class Watch:
    """While it is entered, every file of `folders` that is read is noted. `ignoring`: files that are none of the run's
    matter, such as the cassette itself. `audit`: the run is about the audit log, which is kept then. One watch at a
    time; what a thread of the run opens counts as well."""

    def __init__(self, folders: Mapping[str, Path], *, ignoring: Iterable[Path] = (), audit: bool = False) -> None:
        named = [(name, _resolved(folder)) for name, folder in folders.items()]
        # The innermost first: a home is often in the folder that the command was given in.
        self._folders = sorted(named, key=lambda each: len(each[1].parts), reverse=True)
        self._home = next((folder for name, folder in named if name == _HOME), None)
        self._ignored = {_resolved(path) for path in ignoring}
        self._left_out = _LEFT_OUT - _AUDIT_FILES if audit else _LEFT_OUT
        self._audit_tables = frozenset() if audit else _AUDIT
        self._program = _places_of_the_program()
        self._seen: dict[Path, _Seen | None] = {}  # None: it was not there before, or is nothing to keep
        self._elsewhere: dict[Path, str] = {}
        self._busy = threading.local()
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        _install()
        _active.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _active.remove(self)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of kind `file` and `table`, the oldest file first."""
        read = [seen for seen in self._seen.values() if seen is not None and seen.read]
        return [row for seen in sorted(read, key=lambda each: (each.modified, each.name)) for row in _rows(seen)]

    def paths(self) -> dict[str, str]:
        """For each absolute path that texts may name, what it is called in a replay."""
        kept = {path for path, seen in self._seen.items() if seen is not None}
        found = {str(folder): name for name, folder in self._folders}
        found |= {str(path.parent): name.rpartition("/")[0] for path, name in self._elsewhere.items() if path in kept}
        return found

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if getattr(self._busy, "now", False):
            return
        self._busy.now = True
        try:
            with self._lock, suppress(Exception):  # a run never suffers for its recording
                self._note(event, arguments)
        finally:
            self._busy.now = False

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _mode, flags = arguments
            flags = flags if isinstance(flags, int) else 0
            if flags & os.O_CREAT and flags & os.O_EXCL:
                self._made(path)
            elif not flags & getattr(os, "O_DIRECTORY", 0):
                self._touched(path, reads=flags & os.O_ACCMODE != os.O_WRONLY and not flags & os.O_TRUNC)
        elif event == "sqlite3.connect":
            self._connected(arguments[0])
        elif event in ("os.listdir", "os.scandir"):
            self._listed(arguments[0])
        elif event == "os.rename":
            self._touched(arguments[0], reads=False)
            self._touched(arguments[1], reads=False)
        else:  # os.remove
            self._touched(arguments[0], reads=False)

    def _made(self, given: Any) -> None:
        """Where a file is made that was not there, nothing is to be kept of it."""
        path = path_of(given)
        if path is not None and path not in self._seen and not path.exists():
            self._seen[path] = None

    def _touched(self, given: Any, *, reads: bool) -> None:
        path = path_of(given)
        if path is None or path.suffix in _DATABASES:  # one that is open must not be opened beside SQLite: its locks go
            return
        name = self._name(path)
        if name is None:
            return
        if path not in self._seen or (self._seen[path] is None and self._made_by_the_sandbox(path)):
            self._seen[path] = _file(path, name)
        seen = self._seen[path]
        if seen is not None and reads:
            seen.read = True

    def _connected(self, given: Any) -> None:
        path = path_of(given)
        if path is None or not (name := self._name(path)) or self._in_home(path)[:1] == ("sandbox",):
            return
        if path not in self._seen:
            self._seen[path] = _database(path, name, self._audit_tables)
        seen = self._seen[path]
        if seen is not None:
            seen.read = True

    def _listed(self, given: Any) -> None:
        """The files of a folder in the home: that they are there is what a list of it tells."""
        folder = path_of(given)
        if folder is None or self._home is None or not folder.is_relative_to(self._home):
            return
        if self._in_home(folder)[:1] and self._in_home(folder)[0] in _NO_LISTS | self._left_out:
            return
        for path in _files_in(folder):
            self._touched(path, reads=not path.name.startswith("."))

    def _name(self, path: Path) -> str | None:
        """What a path is called in a cassette; None for one that is left out."""
        if path in self._ignored or path.name.endswith(_ENDS):
            return None
        if part := self._in_home(path):
            left_out = part[0] in self._left_out or (part[0] == "sandbox" and opener() != "finchat")
            return None if left_out else f"{_HOME}/{'/'.join(part)}"
        if any(path.is_relative_to(place) for place in self._program) or opener() != "finchat":
            return None
        for name, folder in self._folders:
            if path.is_relative_to(folder):
                return f"{name}/{path.relative_to(folder).as_posix()}"
        return self._elsewhere.setdefault(path, f"{ELSEWHERE}/{self._number(path)}/{path.name}")

    def _number(self, path: Path) -> int:
        folders = list(dict.fromkeys(each.parent for each in self._elsewhere))
        return folders.index(path.parent) + 1 if path.parent in folders else len(folders) + 1

    def _in_home(self, path: Path) -> tuple[str, ...]:
        if self._home is None or not path.is_relative_to(self._home):
            return ()
        return path.relative_to(self._home).parts

    def _made_by_the_sandbox(self, path: Path) -> bool:
        """Its bank makes a feed and statements in the run itself, and no replay does."""
        return self._in_home(path)[:1] == ("sandbox",)


def restore(rows: Iterable[Mapping[str, Any]], folder: Path) -> None:
    """Puts the files and tables of a cassette's rows under `folder`, their owner's alone, in the order of their age.

    Rows of other kinds are passed over. Raises BadLocalState for a path that leads out of the folder, or a row that
    holds no file or table.
    """
    made: list[Path] = []
    for row in rows:
        if row.get("kind") not in ("file", "table"):
            continue
        path = _inside(folder, row.get("path"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if row["kind"] == "file":
                _put(path, _content(row))
            else:
                _fill(path, row)
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, OSError, sqlite3.Error) as error:
            raise BadLocalState(f"{row.get('path')}: its row holds no {row['kind']} ({plain(error)})") from error
        if path not in made:
            made.append(path)
    for number, path in enumerate(made):
        os.utime(path, (_REPLAYED_AT + number, _REPLAYED_AT + number))


_active: list[Watch] = []
_installed: list[bool] = []
_EVENTS = frozenset({"open", "sqlite3.connect", "os.listdir", "os.scandir", "os.rename", "os.remove"})


def _install() -> None:
    """An audit hook can never be taken away: one for all watches, which does nothing while there is none."""
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_heard)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if _active and event in _EVENTS:
        _active[-1]._heard(event, arguments)


def is_of_the_program(path: Any) -> bool:
    """Whether a file is of finchat itself, or of the Python and the packages that it runs on."""
    found = path_of(path)
    return found is None or any(found.is_relative_to(place) for place in _installed_in())


def opener(hook: str = __name__) -> str:
    """Whose code opens a file: `finchat`, its `sandbox`, or another's; pathlib and the like open for whoever asks.
    `hook`: the module that was told of it and asks."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith(("finchat.sandbox.", "finchat.servers.")):
            return "sandbox"
        ours = name in (__name__, hook)
        if name.startswith("finchat.") and not ours:
            return "finchat"
        top = name.partition(".")[0]
        if not ours and top not in _PASSED:
            return "another"
        frame = frame.f_back
    return "another"


_PASSED = frozenset({"pathlib", "io", "os", "glob", "codecs", "json", "tomllib", "contextlib", "shutil"})


def _places_of_the_program() -> tuple[Path, ...]:
    return (*_installed_in(), *(place.resolve() for place in _SYSTEM))


@cache
def _installed_in() -> tuple[Path, ...]:
    prompts = _PROGRAM.parent / "prompts"
    installed = (sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib", "scripts"))
    places = {_PROGRAM, prompts, *(Path(place) for place in (*installed, sys.prefix, sys.base_prefix))}
    return tuple(place.resolve() for place in places if place != place.parent)


def path_of(given: Any) -> Path | None:
    """The file that a call of the system names, absolute; None for none. That of a database may be a URI."""
    if isinstance(given, int):
        return None
    try:
        text = os.fsdecode(given)
    except TypeError:
        return None
    if text.startswith("file:"):
        text = text[5:].partition("?")[0]
    if not text or text == ":memory:" or "\0" in text:
        return None
    return _resolved(Path(text))


def _resolved(path: Path) -> Path:
    """Absolute, the links in its folder followed, but not what the last part may link to."""
    absolute = Path(os.path.abspath(path))
    return Path(os.path.realpath(absolute.parent)) / absolute.name


def _files_in(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in sorted(os.listdir(folder)) if (folder / name).is_file()]
    except OSError:
        return []


def _file(path: Path, name: str) -> _Seen | None:
    try:
        status = path.stat()
        if not path.is_file() or status.st_size > _LARGEST:
            return None
        content = b"" if name == f"{_HOME}/history" else path.read_bytes()
    except OSError:
        return None
    if b"PRIVATE KEY-----" in content:
        return None
    return _Seen(name=name, modified=status.st_mtime_ns, content=content, tables=[])


def _database(path: Path, name: str, without: frozenset[str]) -> _Seen | None:
    try:
        if not path.is_file() or path.stat().st_size == 0:
            return None
        modified = path.stat().st_mtime_ns
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
            connection.execute("BEGIN")  # one state of all tables
            return _Seen(name=name, modified=modified, content=None, tables=list(_tables(connection, name, without)))
    except (OSError, sqlite3.Error):
        return None  # the run says itself what is wrong with it


def _tables(connection: sqlite3.Connection, path: str, without: frozenset[str]) -> Iterator[dict[str, Any]]:
    """A row for each table that holds something; the first carries the schema of the empty ones too. `without`: tables
    of the audit, whose rows are left out."""
    made = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        " ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, rowid"
    ).fetchall()
    tables = [str(name) for kind, name, _table, _sql in made if kind == "table"]
    audited = without if "audit_lines" in tables else frozenset()
    found = []
    for table in tables:
        columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")]
        held = [] if table in audited else _all_rows(connection, table)
        found.append((table, columns, [[_cell(value) for value in row] for row in held]))
    filled = [each for each in found if each[2]] or found[:1]
    for table, columns, rows in filled:
        first = table == filled[0][0]
        sql = [
            statement for kind, _name, of, statement in made
            if of == table or (first and (kind not in ("table", "index") or of not in {each[0] for each in filled}))
        ]  # fmt: skip
        yield {"kind": "table", "path": path, "sql": sql, "name": table, "columns": columns, "rows": rows}


def _all_rows(connection: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(f"SELECT * FROM {_quoted(table)} ORDER BY rowid").fetchall()  # noqa: S608 - quoted
    except sqlite3.OperationalError:  # one without row ids is in the order of its key
        return connection.execute(f"SELECT * FROM {_quoted(table)}").fetchall()  # noqa: S608 - quoted


def _cell(value: Any) -> Any:
    """A value of SQLite as JSON without floats: bytes and reals in an object that says so."""
    if isinstance(value, float):
        return {"real": repr(value)}
    if isinstance(value, bytes):
        with suppress(zlib.error, UnicodeDecodeError):
            return {"zlib": zlib.decompress(value).decode()}
        with suppress(UnicodeDecodeError):
            return {"utf8": value.decode()}
        return {"base64": base64.b64encode(value).decode()}
    return value


def _value(cell: Any) -> Any:
    if not isinstance(cell, Mapping):
        return cell
    ((kind, text),) = cell.items()
    if kind == "real":
        return float(text)
    if kind == "zlib":
        return zlib.compress(text.encode())
    if kind == "utf8":
        return text.encode()
    if kind == "base64":
        return base64.b64decode(text, validate=True)
    raise ValueError(f"a cell is of no known kind: {kind}")


def _rows(seen: _Seen) -> list[dict[str, Any]]:
    if seen.content is None:
        return seen.tables
    try:
        text = seen.content.decode("utf-8")
    except UnicodeDecodeError:
        return [{"kind": "file", "path": seen.name, "base64": base64.b64encode(seen.content).decode()}]
    return [{"kind": "file", "path": seen.name, "text": text}]


def _content(row: Mapping[str, Any]) -> bytes:
    if "text" in row:
        return bytes(row["text"].encode("utf-8"))
    return base64.b64decode(row["base64"], validate=True)


def _inside(folder: Path, name: Any) -> Path:
    parts = name.split("/") if isinstance(name, str) else [""]
    if any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in parts):
        raise BadLocalState(f"{name!r} is not the path of a file in the replay's own folder")
    path = folder.joinpath(*parts)
    if os.path.commonpath([os.path.realpath(folder), os.path.realpath(path)]) != os.path.realpath(folder):
        raise BadLocalState(f"{name!r} leads out of the replay's own folder")
    return path


def _put(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def _fill(path: Path, row: Mapping[str, Any]) -> None:
    if not path.exists():
        _put(path, b"")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # it is thrown away
        connection.execute("BEGIN")
        for statement in row["sql"]:
            if not str(statement).lstrip().upper().startswith("CREATE "):
                raise ValueError("its schema does something else than to create")
            connection.set_authorizer(_only_creates)
            connection.execute(statement)
            connection.set_authorizer(None)
        marks = ", ".join("?" for _ in row["columns"])
        names = ", ".join(_quoted(column) for column in row["columns"])
        rows: Sequence[Sequence[Any]] = [[_value(cell) for cell in each] for each in row["rows"]]
        into = f"INSERT INTO {_quoted(row['name'])} ({names}) VALUES ({marks})"  # noqa: S608 - quoted
        connection.executemany(into, rows)
        connection.execute("COMMIT")


def _only_creates(action: int, *_what: Any) -> int:
    """A table that is made of a query may never be done; what goes on by itself later is nothing finchat makes."""
    return sqlite3.SQLITE_DENY if action in _NO_SCHEMA else sqlite3.SQLITE_OK


_NO_SCHEMA = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_CREATE_TRIGGER, sqlite3.SQLITE_CREATE_TEMP_TRIGGER,
    sqlite3.SQLITE_CREATE_VIEW, sqlite3.SQLITE_CREATE_TEMP_VIEW, sqlite3.SQLITE_CREATE_VTABLE,
})  # fmt: skip


def _quoted(name: str) -> str:
    return '"' + str(name).replace('"', '""') + '"'
