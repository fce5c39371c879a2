"""Evidence packs: FINCHAT_HOME/evidence/PLAN/PROPOSAL-WRITE.json, one for every write that was sent.

A pack (`finchat.evidence/1`) holds what an auditor needs to follow one write without finchat: the payload and its
hashes, who approved and signed what, the lines of the log, what became of it and what the ledger said when it was read
again. It is made of the journal alone, so one that is gone is made again, the same to the byte. `verifier.py` checks
it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from sqlite3 import Row
from typing import Any, Protocol

from finchat import verifier
from finchat.canonical import canonical_json, sha256_of
from finchat.errors import FinchatError
from finchat.events import Emit, Notice, silent
from finchat.safety.payload import FROM
from finchat.safety.tables import ROOM, SCRIPTS
from finchat.settings import Home
from finchat.store.database import Database, make_private_directory
from finchat.store.files import write_private
from finchat.text.bounded import read_bounded
from finchat.text.redact import redact

SCHEMA = verifier.EVIDENCE
_SHORTEST_SECRET = 6
Name = tuple[str, str, str]  # plan, proposal and write id


class WriteName(Protocol):
    """A write of the journal, as far as its name."""

    @property
    def plan_id(self) -> str: ...
    @property
    def proposal_id(self) -> str: ...
    @property
    def write_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack on disk. `written`: just now."""

    write: str
    path: Path
    outcome: str
    ledger_id: str | None
    signers: int
    written: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "write": self.write, "path": str(self.path), "outcome": self.outcome, "ledger_id": self.ledger_id,
            "signers": self.signers, "written": self.written,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plan:
    """A plan as the journal keeps it, with what in it had to be masked."""

    data: Mapping[str, Any]
    made_here: bool
    signed_as: Mapping[str, Any] | None
    text: str
    masked: tuple[str, ...]


class Evidence:
    """Writes the packs of one home. What goes wrong is a warning: the outcome is in the journal, and the next start
    makes what is missing.

    `secrets`: values that must not be in a pack. Where a payload holds one it is masked and the pack says so; it then
    proves no payload. Texts from outside are redacted as they are in the log.
    """

    def __init__(self, database: Database, home: Home, *, secrets: Iterable[str] = (), emit: Emit = silent) -> None:
        database.migrate(ROOM, SCRIPTS)
        self._database = database
        self._home = home
        self._secrets = tuple(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
        self._emit = emit
        self._plan: tuple[str, _Plan] | None = None  # the last one: writes come plan by plan
        self._log: dict[tuple[str, str], list[str]] | None = None
        self._warned = False

    def keep(self, writes: Iterable[WriteName]) -> None:
        """Write the packs of these writes as the journal has them now; those that were never sent have none."""
        self._made([(write.plan_id, write.proposal_id, write.write_id) for write in writes])

    def catch_up(self, org_id: str | None = None, plan_id: str | None = None) -> frozenset[Name]:
        """Write every pack that is missing or older than the journal, of one organisation or all; which they were."""
        try:
            due = self._due(org_id, plan_id)
        except FinchatError as error:
            self._warn(error.message)
            return frozenset()
        return self._made(due)

    def packs(self, plan_id: str | None = None) -> tuple[Pack, ...]:
        """The packs on disk, after catching up, of a plan or all: those of writes that the journal has forgotten too.

        Raises OSError when they cannot be read.
        """
        fresh = self.catch_up(plan_id=plan_id)
        found = []
        for path in sorted(self._home.evidence.glob(f"{plan_id or '*'}/*.json")):
            if path.name == verifier.PLAN_FILE:
                continue
            pack = json.loads(read_bounded(path, verifier.LARGEST_FILE), parse_float=Decimal)
            name = (pack["plan"]["id"], pack["proposal_id"], pack["write_id"])
            signers = {s["signer"] for approval in pack["approvals"] for s in approval.get("signatures", ())}
            found.append(
                Pack(pack["write"], path, pack["outcome"], pack["ledger_id"], len(signers), written=name in fresh)
            )
        return tuple(found)

    # Inside

    def _made(self, names: Sequence[Name]) -> frozenset[Name]:
        if not names:
            return frozenset()
        written: dict[Name, int] = {}
        try:
            with self._alone():
                for name in names:
                    if (seq := self._write(name)) is not None:
                        written[name] = seq
                if written:
                    with self._database.transaction() as connection:
                        connection.executemany(
                            "INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?)",
                            [(*name, seq) for name, seq in written.items()],
                        )
        except OSError as error:
            self._warn(f"{error.filename or self._home.evidence}: {error.strerror}")
        except FinchatError as error:
            self._warn(error.message)
        return frozenset(written)

    def _due(self, org_id: str | None, plan_id: str | None) -> list[Name]:
        rows = self._database.rows(
            "SELECT w.plan_id, w.proposal_id, w.write_id, e.seq AS packed,"
            " (SELECT max(l.seq) FROM approvals a JOIN write_lines l ON l.approval_id = a.id"
            "  WHERE a.plan_id = w.plan_id AND a.proposal_id = w.proposal_id AND l.write_id = w.write_id) AS last"
            " FROM writes w LEFT JOIN evidence e USING (plan_id, proposal_id, write_id)"
            " WHERE w.state NOT IN ('approved', 'sending') AND w.sent_at IS NOT NULL"
            " AND (? IS NULL OR w.org_id = ?) AND (? IS NULL OR w.plan_id = ?)"
            " ORDER BY w.plan_id, w.proposal_id, w.write_id",
            (org_id, org_id, plan_id, plan_id),
        )
        there: dict[str, frozenset[str]] = {}
        due = []
        for row in rows:
            plan = str(row["plan_id"])
            if plan not in there:
                directory = self._home.evidence / plan
                there[plan] = frozenset(os.listdir(directory)) if directory.is_dir() else frozenset()
            name = (plan, str(row["proposal_id"]), str(row["write_id"]))
            complete = {verifier.PLAN_FILE, verifier.pack_name(*name[1:])} <= there[plan]
            if not complete or row["packed"] is None or (row["last"] or 0) > row["packed"]:
                due.append(name)
        return due

    def _write(self, name: Name) -> int | None:
        """Write one pack; the number of the last line in it. None when the write was never sent."""
        row = self._database.row(
            "SELECT w.*, (SELECT json_group_array(body) FROM approvals WHERE plan_id = w.plan_id"
            " AND proposal_id = w.proposal_id) AS approvals,"
            " (SELECT json_group_array(l.line) FROM approvals a JOIN write_lines l ON l.approval_id = a.id"
            "  WHERE a.plan_id = w.plan_id AND a.proposal_id = w.proposal_id AND l.write_id = w.write_id) AS lines"
            " FROM writes w WHERE plan_id = ? AND proposal_id = ? AND write_id = ?"
            " AND state NOT IN ('approved', 'sending') AND sent_at IS NOT NULL",
            name,
        )  # one statement is one snapshot
        plan = self._of_plan(name[0]) if row is not None else None
        if row is None or plan is None:
            return None
        approvals = [json.loads(body) for body in json.loads(row["approvals"])]
        lines = [json.loads(line) for line in json.loads(row["lines"])] or self._lines_of_log(approvals, name[2])
        if not lines:
            return None
        lines.sort(key=lambda line: line["seq"])
        about = {line["approval_id"] for line in lines}
        approvals = sorted((a for a in approvals if a["id"] in about), key=lambda a: a["approved_at"])
        pack = self._pack(row, plan, approvals, lines)
        directory = self._home.evidence / name[0]
        make_private_directory(self._home.evidence)
        make_private_directory(directory)
        if not (directory / verifier.PLAN_FILE).exists():
            write_private(directory / verifier.PLAN_FILE, plan.text.encode("utf-8"))
        write_private(directory / verifier.pack_name(*name[1:]), (canonical_json(pack) + "\n").encode("utf-8"))
        return int(lines[-1]["seq"])

    def _pack(
        self, row: Row, plan: _Plan, approvals: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        proposal = next(p for p in plan.data["proposals"] if p["id"] == row["proposal_id"])
        write = next(w for w in proposal["writes"] if w["id"] == row["write_id"])
        back = next((line for line in reversed(lines) if line["event"] == "read_back"), None)
        masked: list[str] = []
        payload = self._masked(write, "payload", masked)
        return {
            "schema": SCHEMA,
            "write": "/".join((row["plan_id"], row["proposal_id"], row["write_id"])),
            "org": plan.data["org"],
            "server_fingerprint": plan.data["server_fingerprint"],
            "plan": {"id": row["plan_id"], "hash": plan.data["hash"], "made_here": plan.made_here},
            "signed_as": plan.signed_as,
            "proposal_id": row["proposal_id"],
            "proposal_sha256": sha256_of(proposal),
            "write_id": row["write_id"],
            "payload": payload,
            "references": self._references(row, write["arguments"]),
            "approvals": list(approvals),
            "idempotency_key": row["idempotency_key"],
            "decided_by": row["decided_by"],
            "instants": {
                "planned_at": plan.data["created_at"], "approved_at": approvals[-1]["approved_at"],
                "sent_at": row["sent_at"], "ended_at": row["ended_at"], "read_back_at": row["read_back_at"],
            },
            "outcome": row["state"],
            "ledger_id": row["ledger_id"],
            "due_before": row["due_before"],
            "due_after": row["due_after"],
            "error": row["error_code"] and {
                "code": row["error_code"], "message": redact(row["error_text"] or "", self._secrets)
            },
            "read_back": back and {"at": back["at"], "outcome": back["outcome"], "text": back["text"]},
            "audit": list(lines),
            "masked": [*plan.masked, *masked],
        }  # fmt: skip

    def _references(self, row: Row, arguments: Any) -> dict[str, str | None]:
        """What the ids were that an earlier write of the proposal supplied: `w1.CreditNoteID` → the ledger id of w1."""
        names = sorted(set(_from(arguments)))
        if not names:
            return {}
        rows = self._database.rows(
            "SELECT write_id, ledger_id FROM writes WHERE plan_id = ? AND proposal_id = ?",
            (row["plan_id"], row["proposal_id"]),
        )
        ids = {str(r["write_id"]): r["ledger_id"] for r in rows}
        return {name: ids.get(name.partition(".")[0]) for name in names}

    def _of_plan(self, plan_id: str) -> _Plan | None:
        if self._plan is None or self._plan[0] != plan_id:
            row = self._database.row(
                "SELECT p.body, p.made_here, s.plan_hash, s.classes FROM plans p LEFT JOIN signed_as s"
                " ON s.plan_id = p.id WHERE p.id = ?",
                (plan_id,),
            )
            if row is None:
                return None
            data = json.loads(row["body"], parse_float=Decimal)
            masked: list[str] = []
            text = canonical_json(self._masked(data, "plan", masked)) + "\n"
            signed_as = row["plan_hash"] and {"plan_hash": row["plan_hash"], "classes": json.loads(row["classes"])}
            self._plan = (plan_id, _Plan(data, bool(row["made_here"]), signed_as, text, tuple(masked)))
        return self._plan[1]

    def _masked(self, value: Any, where: str, masked: list[str]) -> Any:
        """A copy in which no known secret is left; what was masked is named in `masked`.

        Only the very values finchat was given: text that merely looks like a secret is the bank's or a person's, is in
        the plan and the ledger, and without it nothing could be recomputed.
        """
        if not self._secrets:
            return value
        if isinstance(value, str):
            if not any(secret in value for secret in self._secrets):
                return value
            masked.append(where)
            return redact(value, self._secrets)
        if isinstance(value, Mapping):
            return {key: self._masked(item, f"{where}.{key}", masked) for key, item in value.items()}
        if isinstance(value, list):
            return [self._masked(item, f"{where}[{n}]", masked) for n, item in enumerate(value)]
        return value

    def _lines_of_log(self, approvals: Iterable[Mapping[str, Any]], write_id: str) -> list[dict[str, Any]]:
        """The lines of a write that is older than these packs, from the log itself."""
        if self._log is None:
            self._log = {}
            if self._home.audit_log.exists():
                with self._home.audit_log.open("rb") as file:
                    for raw in verifier.lines_of(file):
                        self._remember(raw)
        return [json.loads(line) for a in approvals for line in self._log.get((a["id"], write_id), ())]

    def _remember(self, raw: bytes) -> None:
        assert self._log is not None
        try:
            line = json.loads(raw)
            name = (line["approval_id"], line["write_id"])
        except (ValueError, KeyError, TypeError):
            return  # a damaged log is told by `audit verify`
        if None not in name:
            self._log.setdefault(name, []).append(raw.decode("utf-8"))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time: whoever reads the journal last writes last."""
        make_private_directory(self._home.locks)
        descriptor = os.open(self._home.locks / "evidence.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _warn(self, why: str) -> None:
        if not self._warned:
            text = (
                f"The evidence of a write could not be saved: {why}. The next start saves it; what was written stands."
            )
            self._emit(Notice(text=text, severity="warning"))
        self._warned = True


def _from(value: Any) -> Iterator[str]:
    """Every `$from` in the arguments."""
    if isinstance(value, Mapping):
        if set(value) == {FROM}:
            yield str(value[FROM])
        for item in value.values():
            yield from _from(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _from(item)
