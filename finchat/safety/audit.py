"""audit.jsonl: one chained line for every call and decision, and audit.head, which anchors the last.

The journal is the truth: a line gets its number and hash in the same transaction as the fact it tells, and waits in
the journal until it is in the file. So each is written exactly once, whichever process dies where.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Literal

from finchat import verifier
from finchat.clock import Clock, instant_text, utc_now
from finchat.errors import FinchatError, VerificationMismatch
from finchat.events import Emit, Notice, silent
from finchat.safety.evidence import Evidence
from finchat.safety.results import WriteOutcome
from finchat.safety.runs import Run
from finchat.safety.tables import ROOM, SCRIPTS
from finchat.settings import Home
from finchat.store.database import Database, StorageError, make_private_directory
from finchat.text.bounded import read_bounded
from finchat.text.redact import redact
from finchat.text.sanitise import one_line, visible

AuditEvent = Literal["call", "proposal", "decision", "intent", "outcome", "read_back", "recovery"]
_NOTED_LINES = 100
_NOTED_SECONDS = 2.0
_TEXT_LIMIT = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One line before it is chained. `org` is the contract's object, or None where no organisation is known.

    `amount` is a plain decimal string in `currency`; `text` one sentence: who, what, where, decision.
    """

    event: AuditEvent
    text: str
    server: str | None = None
    org: Mapping[str, Any] | None = None
    tool: str | None = None
    call_id: str | None = None
    effect: str | None = None
    decision: str | None = None
    decided_by: str | None = None
    plan_id: str | None = None
    write_id: str | None = None
    approval_id: str | None = None
    arguments_sha256: str | None = None
    idempotency_key: str | None = None
    outcome: WriteOutcome | None = None
    ledger_id: str | None = None
    amount: str | None = None
    currency: str | None = None
    approval_sha256: str | None = None
    at: datetime = field(default_factory=utc_now)


class Recording:
    """An open journal transaction and the audit lines that belong to it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.records: list[AuditRecord] = []

    def log(self, record: AuditRecord) -> None:
        self.records.append(record)


class AuditLog:
    """The writer of the log. Several processes may hold one each: a lock file lets one append at a time.

    `evidence` makes the packs that hold its lines. `secrets` are values that must never appear in a line, beside
    everything shaped like a secret.
    """

    def __init__(
        self, database: Database, home: Home, run: Run, *, secrets: Iterable[str] = (), emit: Emit = silent
    ) -> None:
        database.migrate(ROOM, SCRIPTS)
        self._database = database
        self._home = home
        self._run = run
        self._secrets = tuple(secrets)
        self._emit = emit
        self.evidence = Evidence(database, home, secrets=self._secrets, emit=emit)
        self._noted: list[AuditRecord] = []
        self._noted_since = 0.0
        self._in_file = (0, 0)  # last seq and size of the file that this process has seen on disk
        self._warned = False

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """A journal transaction; its lines are chained when it commits. Call flush() to have them in the file.

        Raises StorageError when nothing could be stored.
        """
        with self._database.transaction() as connection:
            entry = Recording(connection)
            yield entry
            self._chain(connection, [*self._noted, *entry.records])
        self._noted.clear()

    def note(self, record: AuditRecord) -> None:
        """A line that may wait a little (a read): it is on disk before the next write is sent, or at close."""
        now = Clock.monotonic()
        if not self._noted:
            self._noted_since = now
        self._noted.append(record)
        if len(self._noted) >= _NOTED_LINES or now - self._noted_since > _NOTED_SECONDS:
            self._flush_or_warn()

    def flush(self) -> None:
        """Everything noted or recorded is in audit.jsonl and synced when this returns. Raises StorageError."""
        if self._noted:
            with self.recording():
                pass
        with _exclusive(self._home):
            self._write_out()

    def close(self) -> None:
        """Write what is left; reads go on without a full disk stopping them, so this only warns."""
        self._flush_or_warn()
        if self._in_file[0]:
            with suppress(StorageError):
                self._begun()

    def _begun(self) -> None:
        """Once a home: the log is there, so from now on one that is gone was taken."""
        if self._database.row("SELECT 1 FROM audit_begun") is None:
            with self._database.transaction() as connection:
                connection.execute("INSERT OR IGNORE INTO audit_begun VALUES (1)")

    def _flush_or_warn(self) -> None:
        try:
            self.flush()
        except StorageError as error:
            if not self._warned:
                self._emit(Notice(text=f"The audit log cannot be written: {error.message}", severity="warning"))
            self._warned = True

    def _chain(self, connection: Connection, records: list[AuditRecord]) -> None:
        state = connection.execute("SELECT seq, hash FROM audit_state").fetchone()
        seq, prev = (int(state["seq"]), str(state["hash"])) if state else (0, verifier.START)
        file_seq, file_offset = self._in_file
        if state:
            # What this process saw in the file needs no keeping. Never backwards: another may have seen more.
            connection.execute(
                "UPDATE audit_state SET file_seq = ?, file_offset = ? WHERE file_seq < ?",
                (file_seq, file_offset, file_seq),
            )
            connection.execute("DELETE FROM audit_lines WHERE seq <= (SELECT file_seq FROM audit_state)")
        for record in records:
            seq += 1
            line = self._line(record, seq, prev)
            prev = line["hash"]
            connection.execute(
                "INSERT INTO audit_lines VALUES (?, ?, ?, ?)", (seq, record.call_id, record.event, _text(line))
            )
            if record.approval_id is not None and record.write_id is not None:
                # These stay: the evidence of a write holds them, and can be made again at any time.
                connection.execute(
                    "INSERT INTO write_lines VALUES (?, ?, ?, ?)",
                    (seq, record.approval_id, record.write_id, _text(line)),
                )
        connection.execute(
            "INSERT INTO audit_state VALUES (1, ?, ?, 0, 0)"
            " ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            (seq, prev),
        )

    def _line(self, record: AuditRecord, seq: int, prev: str) -> dict[str, Any]:
        run = self._run
        values: dict[str, Any] = {
            "seq": seq,
            "at": instant_text(record.at),
            "prev": prev,
            "hash": "",
            "run_id": run.id,
            "session_id": run.session_id,
            "actor": {"user": run.user, "via": run.via},
        }
        for key in verifier.KEYS[len(values) :]:
            values[key] = _clean(getattr(record, key))
        values["text"] = one_line(redact(values["text"], self._secrets), _TEXT_LIMIT)
        values["hash"] = verifier.hash_of(values)
        return values

    def _write_out(self) -> None:
        written = write_out(self._database, self._home)
        if written is None:
            return
        self._in_file = (written.seq, written.size)
        if written.damaged:
            self._emit(
                Notice(text="audit.jsonl was changed by something else: see `finchat audit verify`", severity="warning")
            )


@dataclass(frozen=True, slots=True)
class Written:
    """The log after everything was written: its last record, its size in bytes, whether someone else changed it."""

    seq: int
    size: int
    damaged: bool


def write_out(database: Database, home: Home) -> Written | None:
    """Append what the journal holds and the file does not, a line that a crash cut in the middle included.

    A record that audit.head already vouches for is never put back: when it is gone, somebody took it. Call it with
    the lock of the log held. None when there are no records at all. Raises StorageError.
    """
    # One statement is one snapshot: the state and the lines that belong to it.
    rows = database.rows(
        "SELECT s.file_seq, s.file_offset, s.seq AS last, s.hash, l.seq, l.line"
        " FROM audit_state s LEFT JOIN audit_lines l ON l.seq > s.file_seq ORDER BY l.seq"
    )
    if not rows:
        return None
    waiting = [(int(row["seq"]), str(row["line"]).encode() + b"\n") for row in rows if row["seq"] is not None]
    last, hash_ = int(rows[0]["last"]), str(rows[0]["hash"])
    with _as_storage_error(home.audit_log):
        new = not home.audit_log.exists() and not home.audit_head.exists() and int(rows[0]["file_seq"]) == 0
        if new and database.row("SELECT 1 FROM audit_begun") is None:
            # The head is there before the first line: a log without one has lost it.
            _replace(home.audit_head, _text({"seq": 0, "hash": verifier.START}).encode() + b"\n")
        head = _head_seq(home.audit_head)
        vouched = head or 0
        size, damaged = _append(
            home.audit_log,
            int(rows[0]["file_offset"]),
            there=b"".join(line for seq, line in waiting if seq <= vouched),
            open_lines=[line for seq, line in waiting if seq > vouched],
        )
        damaged = damaged or head is None  # and it is not made anew: what is missing stays missed
        if head is not None and vouched != last:
            _replace(home.audit_head, _text({"seq": last, "hash": hash_}).encode() + b"\n")
    return Written(last, size, damaged)


def verify(
    home: Home, database: Database | None = None, each: Callable[[dict[str, Any]], None] | None = None
) -> verifier.Report:
    """Check the log against its chain, its head and, when given, the journal, which knows the last record too.

    `each` is given every sound line. Lines that a crash left in the journal are written first. Raises StorageError when
    the files cannot be read.
    """
    with _exclusive(home), _as_storage_error(home.audit_log):
        if database is not None:
            database.migrate(ROOM, SCRIPTS)
            known = database.row("SELECT seq FROM audit_state WHERE file_seq > 0 OR EXISTS (SELECT 1 FROM audit_begun)")
            if known is not None and not home.audit_log.exists():
                # Seen before writing out: what the journal still holds could make a log anew that looks whole.
                text = f"{home.audit_log} is missing, but the journal knows of {known['seq']} records."
                return verifier.Report(False, 0, 1, 1, text)
            write_out(database, home)
        report = verifier.check(home.audit_log, home.audit_head, each)
        row = database.row("SELECT seq, hash FROM audit_state") if database is not None else None
        if report.ok and row is not None and (row["seq"], row["hash"]) != (report.records, report.last_hash):
            text, at = f"The log ends after record {report.records}, but the journal knows of {row['seq']}.", 1
            if row["seq"] == report.records:
                text, at = f"Record {report.records}, the last, is not the one that the journal knows.", 0
            at += report.records
            return verifier.Report(False, report.records, at, at, text, report.last_hash)
    return report


def require_sound(report: verifier.Report) -> None:
    """Raises VerificationMismatch (exit code 8) when a check found something."""
    if not report.ok:
        raise VerificationMismatch(
            report.text, code="audit", field=f"line {report.line}",
            next="keep a copy of the log as it is and find out who changed it",
        )  # fmt: skip


def lines(home: Home) -> Iterator[dict[str, Any]]:
    """The records of the log in order, for `finchat audit show`; a line that is not JSON ends it with StorageError."""
    if not home.audit_log.exists():
        return
    with _as_storage_error(home.audit_log), home.audit_log.open("rb") as file:
        for number, raw in enumerate(verifier.lines_of(file), 1):
            try:
                record = json.loads(raw)
            except ValueError as error:
                raise StorageError(
                    f"line {number} of {home.audit_log} cannot be read", code="corrupt", field=f"line {number}",
                    next="run `finchat audit verify`",
                ) from error  # fmt: skip
            yield record


def _append(path: Path, offset: int, *, there: bytes, open_lines: list[bytes]) -> tuple[int, bool]:
    """Bring the file up to date; returns its size and whether it is not as it was left.

    From `offset` on, the file must hold `there`, then any part of `open_lines`, of which the rest is appended.
    """
    make_private_directory(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        tail = os.pread(descriptor, size - offset, offset) if size > offset else b""
        wanted = there + b"".join(open_lines)
        damaged = size < offset or not tail.startswith(there) or not wanted.startswith(tail)
        if damaged:
            present = set(tail.splitlines(keepends=True))
            missing = b"".join(line for line in open_lines if line not in present)
            if missing and size and os.pread(descriptor, 1, size - 1) != b"\n":
                missing = b"\n" + missing
        else:
            missing = wanted[len(tail) :]
        if missing:
            _write_all(descriptor, missing)
            os.fsync(descriptor)
        if size == 0:
            _sync_directory(path.parent)
        return size + len(missing), damaged
    finally:
        os.close(descriptor)


def _head_seq(path: Path) -> int | None:
    """The last record that the head vouches for; None when it is gone or says nothing: it is replaced, never cut."""
    try:
        seq = json.loads(read_bounded(path, verifier.SMALL))["seq"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return seq if isinstance(seq, int) else None


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(path)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _exclusive(home: Home) -> Iterator[None]:
    """One process at a time may append; the lock goes with its process."""
    make_private_directory(home.locks)
    with _as_storage_error(home.locks):
        descriptor = os.open(home.locks / "audit.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            os.close(descriptor)
            raise
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _as_storage_error(path: Path) -> Iterator[None]:
    try:
        yield
    except FinchatError:
        raise
    except OSError as error:
        raise StorageError(
            f"{error.filename or path}: {error.strerror}", code="audit_not_writable", field=str(path),
            next="free some disk space or make the file writable; nothing is written to the ledger until then",
        ) from error  # fmt: skip


def _clean(value: Any) -> Any:
    """Text that JSON over UTF-8 can carry: strangers' lone surrogates are replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items()}
    return value


def _text(line: Mapping[str, Any]) -> str:
    """The line as the log has it: as it reads, or all in ASCII where a terminal would act on something in it."""
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    return text if visible(text) == text else json.dumps(line, separators=(",", ":"))
