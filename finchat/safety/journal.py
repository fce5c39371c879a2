"""The journal in state.sqlite3: plans, approvals, intents, outcomes and consumed evidence. It is the truth.

Every change of a write's state is one durable transaction together with its audit line. The order that makes a write
happen at most once: claim (the approval is used up) → intend (the key is minted and on disk) → send → conclude.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from sqlite3 import Connection, IntegrityError, Row
from typing import Any, Literal

from finchat.books.money import amount_text, spoken
from finchat.books.plan import Plan, Proposal, Write
from finchat.books.plan_json import OtherVersion, organisation_json, plan_from_json
from finchat.canonical import canonical_json, plain_decimal, sha256_of
from finchat.chance import uuid_text
from finchat.clock import Clock, instant_text, utc_now
from finchat.errors import UsageError, WriteRefused
from finchat.safety.approval import Approval, plan_hash, proposal_sha256
from finchat.safety.audit import AuditLog, AuditRecord
from finchat.safety.results import WriteError, WriteOutcome, WriteResult
from finchat.safety.reversing import contradiction
from finchat.safety.runs import Run
from finchat.safety.tables import ROOM, SCRIPTS
from finchat.store.database import Database
from finchat.text.sanitise import one_line

State = Literal["approved", "sending", "unknown", "committed", "failed", "not_sent"]
OPEN_STATES: tuple[State, ...] = ("approved", "sending", "unknown")
_CLOCK_TOLERANCE_S = 5.0
_LONGEST_ID = 200
BY_HAND = "by hand in the ledger"
_KEYS = uuid.UUID("6f1d6a52-6a0e-5b53-9d0c-3f7f2f3f6b1e")  # a name space of finchat's own


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRecord:
    """One write as the journal knows it. `amount` is in `currency`, the document's; instants are UTC.

    `state`: approved (its approval is used, nothing was sent), sending (the intent is on disk; sent or about to be),
    unknown (sent, unclear), or how it ended. `name` is what `finchat journal resolve` takes: PLAN/PROPOSAL/WRITE.
    `reverses` names the earlier write that this one takes back; `undone_by` the one that took this back, or BY_HAND.
    Undone or not, a committed write stays committed: that is what became of it when it was sent.
    """

    plan_id: str
    proposal_id: str
    write_id: str
    state: State
    approval_id: str
    decided_by: str
    run_id: str
    server: str
    org_id: str
    org_name: str
    tool: str
    effect: str
    arguments_sha256: str
    amount: Decimal
    currency: str
    idempotency_key: str | None
    call_id: str | None
    known_ids: frozenset[str]
    lifetime_s: float
    sent_at: datetime | None
    sent_boot: str | None
    sent_monotonic: float | None
    ended_at: datetime | None
    ledger_id: str | None
    due_before: Decimal | None
    due_after: Decimal | None
    error_code: str | None
    error_text: str | None
    read_back_at: datetime | None
    reverses: str | None = None
    undone_by: str | None = None

    @property
    def name(self) -> str:
        return f"{self.plan_id}/{self.proposal_id}/{self.write_id}"

    @property
    def what(self) -> str:
        """`1,234.50 NZD with create_a_xero_payment on books (Demo Company)`."""
        return f"{spoken(self.amount, self.currency)} with {self.tool} on {self.server} ({self.org_name})"

    def seconds_left(self) -> float:
        """How long the vendor may still be working on it: never negative, 0 when it was never sent."""
        if self.sent_at is None:
            return 0.0
        if self.sent_boot is not None and self.sent_boot == _boot_id() and self.sent_monotonic is not None:
            elapsed = Clock.monotonic() - self.sent_monotonic
        else:
            elapsed = (utc_now() - self.sent_at).total_seconds()
        return max(0.0, self.lifetime_s - max(0.0, elapsed))

    def result(self) -> WriteResult:
        """As an outcome of the contract."""
        outcome: WriteOutcome = "unknown" if self.state == "sending" else _OUTCOMES.get(self.state, "not_sent")
        error = None
        if self.error_code is not None:
            error = WriteError(code=self.error_code, message=self.error_text or "")
        elif self.undone_by is not None:
            error = WriteError(
                code="undone", message=f"it was taken back since: {self.undone_by}",
                next="nothing is to be done; to settle its bank line anew, make a new plan: finchat reconcile",
            )  # fmt: skip
        return WriteResult(
            proposal_id=self.proposal_id, write_id=self.write_id, decision="approved", outcome=outcome,
            ledger_id=self.ledger_id, due_before=self.due_before, due_after=self.due_after, error=error,
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """For `finchat journal show --json`."""
        return {
            "write": self.name,
            "plan_id": self.plan_id,
            "proposal_id": self.proposal_id,
            "write_id": self.write_id,
            "state": self.state,
            "server": self.server,
            "org": {"id": self.org_id, "name": self.org_name},
            "tool": self.tool,
            "amount": amount_text(self.amount, self.currency),
            "currency": self.currency,
            "approval_id": self.approval_id,
            "decided_by": self.decided_by,
            "arguments_sha256": self.arguments_sha256,
            "idempotency_key": self.idempotency_key,
            "sent_at": self.sent_at and instant_text(self.sent_at),
            "ended_at": self.ended_at and instant_text(self.ended_at),
            "read_back_at": self.read_back_at and instant_text(self.read_back_at),
            "ledger_id": self.ledger_id,
            "reverses": self.reverses,
            "undone_by": self.undone_by,
            "error": self.error_code and {"code": self.error_code, "message": self.error_text},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What an unattended approval takes of the day's total. Amounts in base currency, by write id."""

    day: date
    limit: Decimal
    base_amounts: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How a write ended, as far as it is known."""

    outcome: WriteOutcome
    text: str
    ledger_id: str | None = None
    due_before: Decimal | None = None
    due_after: Decimal | None = None
    error: WriteError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A person's no to one proposal; `at` in UTC, `reason` as it was typed."""

    user: str
    at: datetime
    reason: str

    @property
    def sentence(self) -> str:
        """`refused on 2026-11-20 by kim: already paid`."""
        because = f": {self.reason}" if self.reason else ""
        return f"refused on {self.at.date().isoformat()} by {self.user}{because}"


class Journal:
    """The journal of one home, as one run of finchat uses it. Raises StorageError when it cannot be read or written."""

    def __init__(self, database: Database, run: Run, audit: AuditLog) -> None:
        database.migrate(ROOM, SCRIPTS)
        self._database = database
        self._run = run
        self._audit = audit
        self._orgs: dict[str, Mapping[str, Any]] = {}  # by plan: finding it parses the whole plan
        self._plans: dict[str, Plan] = {}  # as they were read; a stored plan never changes

    # Plans

    def plan_made(self, plan: Plan, *, made_from: str | None = None, by_model: bool = False) -> None:
        """Remember that this finchat made the plan, with its hash, and say so in the audit log. Once per plan.

        `made_from`: the id of the plan that a person changed to make this one. `by_model`: a model asked for it, so
        that nothing but a person ever approves it, nor a plan that is made from it; said once, it stays said.
        """
        with self._audit.recording() as entry:
            if self._store_plan(entry.connection, plan, made_here=True, made_from=made_from):
                who = "a model asked finchat" if by_model else "finchat proposed"
                for proposal in plan.proposals:
                    for write in proposal.writes:
                        line = f" for bank line {proposal.line_id}" if proposal.line_id else ""
                        text = f"{who} to {_deed(plan, write)}{line}"
                        entry.log(_record(plan, write, "proposal", f"{text} ({proposal.certainty})", decision="ask"))
            if by_model or (made_from is not None and self.by_model(made_from)):
                entry.connection.execute("UPDATE plans SET by_model = 1 WHERE id = ?", (plan.id,))

    def by_model(self, plan_id: str) -> bool:
        """Whether a model asked for the plan, or for one that it was made from."""
        row = self._database.row("SELECT by_model FROM plans WHERE id = ?", (plan_id,))
        return row is not None and bool(row["by_model"])

    def knows(self, plan: Plan) -> bool:
        """Whether this very plan, by id and hash, was made here. Any other is foreign: human approval only."""
        row = self._database.row("SELECT hash, made_here FROM plans WHERE id = ?", (plan.id,))
        return row is not None and bool(row["made_here"]) and row["hash"] == plan_hash(plan)

    def plan(self, plan_id: str) -> Plan | None:
        """The plan as it was made or applied here; None also for one of another version, which cannot be read."""
        if plan_id not in self._plans:
            row = self._database.row("SELECT body FROM plans WHERE id = ?", (plan_id,))
            if row is None:
                return None
            try:
                self._plans[plan_id] = plan_from_json(json.loads(row["body"], parse_float=Decimal))
            except OtherVersion:
                return None
        return self._plans[plan_id]

    def family(self, plan_id: str) -> tuple[str, ...]:
        """The plan and every plan that edits and answers made of it, in the order they were made."""
        rows = self._database.rows(
            "WITH RECURSIVE made(id, at) AS (SELECT id, at FROM plans WHERE id = ?"
            " UNION SELECT p.id, p.at FROM plans p JOIN made m ON p.made_from = m.id)"
            " SELECT id FROM made ORDER BY at, id",
            (plan_id,),
        )
        return tuple(str(row["id"]) for row in rows)

    def origins(self, plan_id: str) -> tuple[str, ...]:
        """The plans that this one was made from by edits and answers, the first of them first."""
        rows = self._database.rows(
            "WITH RECURSIVE origin(id, n) AS (SELECT made_from, 1 FROM plans WHERE id = ?"
            " UNION SELECT p.made_from, o.n + 1 FROM plans p JOIN origin o ON p.id = o.id"
            " WHERE p.made_from IS NOT NULL)"
            " SELECT id FROM origin WHERE id IS NOT NULL ORDER BY n DESC",
            (plan_id,),
        )
        return tuple(str(row["id"]) for row in rows)

    # The life of a write

    def decided(
        self, plan: Plan, proposals: Iterable[Proposal], decision: Literal["skipped", "refused"], reason: str = ""
    ) -> None:
        """Put a human's no on the record, by write; on disk in journal and audit log when this returns.

        `reason` is what the person typed. A refusal stands until the person decides otherwise (`reopened`, `claim`).
        Raises StorageError.
        """
        because = f": {reason}" if reason else ""
        with self._audit.recording() as entry:
            for proposal in proposals:
                for write in proposal.writes:
                    text = f"{self._run.user} {decision} to {_deed(plan, write)}"
                    found = _record(plan, write, "decision", text, decision="deny", decided_by="human")
                    entry.log(replace(found, text=f"{found.text}{because}"))
                if not proposal.writes:
                    text = f"{self._run.user} {decision} to answer the question of proposal {proposal.id}"
                    found = _without_write(plan, text)
                    entry.log(replace(found, text=f"{found.text}{because}"))
                if decision == "refused":
                    entry.connection.execute(
                        "INSERT OR REPLACE INTO declined VALUES (?, ?, ?, ?, ?, ?)",
                        (
                            plan.id, proposal.id, proposal_sha256(proposal), self._run.user,
                            instant_text(utc_now()), reason,
                        ),
                    )  # fmt: skip
        self._audit.flush()

    def reopened(self, plan: Plan, proposals: Iterable[Proposal]) -> None:
        """Put on the record that a person took a no back; on disk when this returns. Nothing where there was none."""
        with self._audit.recording() as entry:
            for proposal in proposals:
                if self._reopen(entry.connection, plan.id, proposal.id):
                    text = f"{self._run.user} took back the refusal of proposal {proposal.id}"
                    entry.log(_without_write(plan, text, decision="ask"))
        self._audit.flush()

    def refusals(self, plan: Plan) -> dict[str, Refusal]:
        """What a person refused of a plan, or of those it was made from, by proposal; none where the proposal is
        another one now."""
        found: dict[str, Refusal] = {}
        by_plan: dict[str, list[Row]] = {}
        rows = self._database.rows(
            "SELECT * FROM declined WHERE plan_id IN (SELECT value FROM json_each(?))",
            (json.dumps([plan.id, *self.origins(plan.id)]),),
        )
        for row in rows:
            by_plan.setdefault(row["proposal_id"], []).append(row)
        for proposal in plan.proposals if by_plan else ():
            for row in by_plan.get(proposal.id, ()):
                if row["proposal_sha256"] == proposal_sha256(proposal):
                    at = datetime.fromisoformat(row["at"])
                    found[proposal.id] = Refusal(user=row["by_user"], at=at, reason=row["reason"])
        return found

    def _reopen(self, connection: Connection, plan_id: str, proposal_id: str) -> bool:
        cursor = connection.execute(
            "DELETE FROM declined WHERE plan_id IN (SELECT value FROM json_each(?)) AND proposal_id = ?",
            (json.dumps([plan_id, *self.origins(plan_id)]), proposal_id),
        )
        return cursor.rowcount > 0

    def refused(
        self, plan: Plan, proposal: Proposal, approval: Approval, reason: str, *, decided_by: str = "default"
    ) -> None:
        """Put on the record that an approval did not hold and nothing was sent for it."""
        with self._audit.recording() as entry:
            for write in proposal.writes:
                text = f"finchat refused to {_deed(plan, write)} although {approval.user} approved it: {reason}"
                entry.log(
                    _record(
                        plan, write, "decision", text, decision="deny", decided_by=decided_by, approval_id=approval.id
                    )
                )

    def claim(
        self, plan: Plan, proposal: Proposal, approval: Approval, *, effects: Mapping[str, str],
        reservation: Reservation | None = None, signed: Plan | None = None,
    ) -> dict[str, WriteRecord]:  # fmt: skip
        """Use up an approval, atomically over all processes: the writes of the proposal by id, as they now stand.

        Those committed by an earlier apply stay committed and must not be sent; the others are `approved`, with the
        same idempotency key when the ledger never saw them, with another after a failure. `effects` gives the class
        of each write for the record; `signed` is the plan as it was signed, where its classes were others.

        Raises WriteRefused when the approval was used, another process is at it, an
        outcome is unknown, everything is written already, the bank line has paid something else, what is to be taken
        back was taken back already, or the day's total would be passed.
        """
        org = plan.organisation
        with self._audit.recording() as entry:
            connection = entry.connection
            self._remember_instant(connection)
            self._store_plan(connection, plan, made_here=False)
            if signed is not None and plan_hash(signed) != plan_hash(plan):
                classes = canonical_json({p.id: p.certainty for p in signed.proposals})
                connection.execute(
                    "INSERT OR REPLACE INTO signed_as VALUES (?, ?, ?)", (plan.id, plan_hash(signed), classes)
                )
            record_sha256 = sha256_of(approval.as_json())
            signers = ", ".join(str(signature["signer"]) for signature in approval.signatures)
            known = {r.write_id: r for r in _records(connection, plan.id, proposal.id)}
            self._refuse_open(known.values())
            if known and all(w.id in known and known[w.id].state == "committed" for w in proposal.writes):
                raise _written_before(known.values())
            fingerprints = fingerprints_of(proposal)
            self._refuse_consumed(connection, plan, proposal)
            self._refuse_undone(connection, plan, proposal)
            self._use_up(connection, approval)
            self._reopen(connection, plan.id, proposal.id)  # a person who approves takes an earlier no back
            if reservation is not None:
                self._reserve(connection, plan, proposal, reservation)
            for write in proposal.writes:
                before = known.get(write.id)
                if before is not None and before.state == "committed":
                    continue
                key = None  # of a write that was never tried: `intend` mints it
                if before is not None:
                    key = uuid_text("idempotency key") if before.state == "failed" else before.idempotency_key
                connection.execute(_CLAIM, {
                    "plan_id": plan.id, "proposal_id": proposal.id, "write_id": write.id,
                    "approval_id": approval.id, "decided_by": approval.decided_by, "run_id": self._run.id,
                    "server": org.server, "org_id": org.id, "org_name": org.name, "tool": write.tool,
                    "effect": effects.get(write.id, "write"), "arguments_sha256": write.arguments_sha256,
                    "amount": plain_decimal(write.amount), "currency": write.currency, "idempotency_key": key,
                    "unattended_day": reservation and reservation.day.isoformat(),
                    "unattended_base": reservation and plain_decimal(reservation.base_amounts[write.id]),
                    "reverses": write.reverses or None,
                })  # fmt: skip
                if write.amount:  # a new contact records nothing of the bank line
                    connection.executemany(
                        "INSERT OR IGNORE INTO consumed VALUES (?, ?, ?, ?, ?)",
                        [(org.id, f, plan.id, proposal.id, write.id) for f in fingerprints],
                    )
                who = approval.user if approval.decided_by == "human" else "the policy's [unattended] rules"
                entry.log(
                    _record(
                        plan, write, "decision",
                        f"{who} approved to {_deed(plan, write)}" + (f", signed by {signers}" if signers else ""),
                        decision="allow", decided_by=approval.decided_by, approval_id=approval.id,
                        idempotency_key=key, approval_sha256=record_sha256,
                    )
                )  # fmt: skip
            claimed = {r.write_id: r for r in _records(connection, plan.id, proposal.id)}
        return claimed

    def intend(
        self, plan: Plan, write: Write, record: WriteRecord, *, call_id: str, known_ids: Iterable[str],
        lifetime_s: float,
    ) -> WriteRecord:  # fmt: skip
        """The intent, on disk in journal and audit log when this returns, with its idempotency key; then send.

        Also for the one more try of a write proved not to have happened: the same key, a new call. Raises
        StorageError when it cannot be stored (then nothing may be sent), WriteRefused when the write is not ours.
        """
        key = record.idempotency_key or _first_key(record)
        with self._audit.recording() as entry:
            self._remember_instant(entry.connection)
            cursor = entry.connection.execute(
                "UPDATE writes SET state = 'sending', idempotency_key = ?, call_id = ?, known_ids = ?, lifetime_s = ?,"
                " sent_at = ?, sent_boot = ?, sent_monotonic = ?, error_code = NULL, error_text = NULL"
                " WHERE plan_id = ? AND proposal_id = ? AND write_id = ? AND run_id = ? AND approval_id = ?"
                " AND state IN ('approved', 'sending')",
                (
                    key, call_id, json.dumps(sorted(known_ids)), lifetime_s, instant_text(utc_now()),
                    _boot_id(), Clock.monotonic(), *_key(record), self._run.id, record.approval_id,
                ),
            )  # fmt: skip
            if cursor.rowcount != 1:
                raise WriteRefused("another finchat has taken this write over", code="taken_over")
            entry.log(
                _record(
                    plan, write, "intent", f"finchat is about to {_deed(plan, write)}", decision="allow",
                    decided_by=record.decided_by, approval_id=record.approval_id, idempotency_key=key,
                    call_id=call_id,
                )
            )  # fmt: skip
            intended = _one(entry.connection, record)
        self._audit.flush()
        return intended

    def conclude(
        self, record: WriteRecord, conclusion: Conclusion, *, event: Literal["outcome", "recovery"] = "outcome",
        looked_at: bool = False,
    ) -> WriteRecord:  # fmt: skip
        """The outcome, on disk when this returns. A failed or not sent write gives its evidence and its share of the
        day's total back. `looked_at`: somebody has seen it in the ledger, so it is not read back any more.

        Raises StorageError; then the intent stays and recovery settles it.
        """
        error, now = conclusion.error, instant_text(utc_now())
        with self._audit.recording() as entry:
            self._remember_instant(entry.connection)
            entry.connection.execute(
                "UPDATE writes SET state = ?, ended_at = ?, ledger_id = ?, due_before = ?, due_after = ?,"
                " error_code = ?, error_text = ?, read_back_at = coalesce(?, read_back_at)"
                " WHERE plan_id = ? AND proposal_id = ? AND write_id = ? AND run_id = ?",
                (
                    conclusion.outcome, now, conclusion.ledger_id, _decimal_text(conclusion.due_before),
                    _decimal_text(conclusion.due_after), error and error.code, error and error.message,
                    now if looked_at else None, *_key(record), self._run.id,
                ),
            )  # fmt: skip
            _mark(entry.connection, record, conclusion.outcome)
            entry.log(self._outcome_record(record, conclusion, event))
            concluded = _one(entry.connection, record)
        self._audit.flush()
        return concluded

    def read_back(self, found: Sequence[tuple[WriteRecord, Conclusion]]) -> tuple[WriteRecord, ...]:
        """What reading the ledger again showed of committed writes, on disk when this returns, a line in the log each.

        A conclusion is committed (its error says what differs) or unknown, when the ledger knows nothing of a write
        that the server confirmed. Only the first reading counts. Raises StorageError; then the next start reads again.
        """
        with self._audit.recording() as entry:
            self._remember_instant(entry.connection)
            now = instant_text(utc_now())
            for record, conclusion in found:
                error = conclusion.error
                cursor = entry.connection.execute(
                    "UPDATE writes SET state = ?, read_back_at = ?, due_before = coalesce(?, due_before),"
                    " due_after = coalesce(?, due_after), error_code = ?, error_text = ?"
                    " WHERE plan_id = ? AND proposal_id = ? AND write_id = ? AND state = 'committed'"
                    " AND read_back_at IS NULL",
                    (
                        conclusion.outcome, now, _decimal_text(conclusion.due_before),
                        _decimal_text(conclusion.due_after), error and error.code, error and error.message,
                        *_key(record),
                    ),
                )  # fmt: skip
                if cursor.rowcount == 1:
                    _mark(entry.connection, record, conclusion.outcome)
                    entry.log(self._outcome_record(record, conclusion, "read_back"))
            stored = tuple(_one(entry.connection, record) for record, _ in found)
        self._audit.flush()
        return stored

    def not_done(self, record: WriteRecord, text: str) -> WriteRecord:
        """Put on the record that a call is proved not to have happened, while the write itself goes on."""
        with self._audit.recording() as entry:
            entry.log(self._outcome_record(record, Conclusion(outcome="not_sent", text=text), "outcome"))
            entry.connection.execute(
                "UPDATE writes SET call_id = NULL WHERE plan_id = ? AND proposal_id = ? AND write_id = ?",
                _key(record),
            )
            return _one(entry.connection, record)

    def gone(self, record: WriteRecord, text: str) -> WriteRecord:
        """Put on the record that somebody took a committed write back in the ledger itself: its evidence is free."""
        with self._audit.recording() as entry:
            cursor = entry.connection.execute(
                "UPDATE writes SET undone_by = ? WHERE plan_id = ? AND proposal_id = ? AND write_id = ?"
                " AND state = 'committed' AND undone_by IS NULL",
                (BY_HAND, *_key(record)),
            )
            if cursor.rowcount == 1:
                found = Conclusion(outcome="committed", ledger_id=record.ledger_id, text=text)
                entry.log(self._outcome_record(record, found, "recovery"))
            stored = _one(entry.connection, record)
        self._audit.flush()
        return stored

    # What was consumed and spent

    def consumed(self, org_id: str) -> Mapping[str, str]:
        """Fingerprint of each bank line that finchat has used → the ledger id made from it.

        A write in flight or unknown counts: its value is `pending:PLAN/PROPOSAL/WRITE`.
        """
        rows = self._database.rows(
            "SELECT c.fingerprint, w.* FROM consumed c JOIN writes w USING (plan_id, proposal_id, write_id)"
            " WHERE c.org_id = ? AND w.state NOT IN ('failed', 'not_sent') AND w.undone_by IS NULL"
            " ORDER BY w.state = 'committed', w.plan_id, w.proposal_id, w.write_id DESC",
            (org_id,),
        )
        found = {}
        for row in rows:
            record = _from_row(row)
            done = record.state == "committed" and record.ledger_id
            found[str(row["fingerprint"])] = record.ledger_id or "" if done else f"pending:{record.name}"
        return found

    def used_by(self, org_id: str) -> Mapping[str, tuple[WriteRecord, ...]]:
        """Fingerprint of each bank line that finchat has used → the writes it was used for, done or not clear yet."""
        rows = self._database.rows(
            "SELECT c.fingerprint, w.* FROM consumed c JOIN writes w USING (plan_id, proposal_id, write_id)"
            " WHERE c.org_id = ? AND w.state NOT IN ('failed', 'not_sent') AND w.undone_by IS NULL"
            " ORDER BY w.plan_id, w.proposal_id, w.write_id",
            (org_id,),
        )
        found: dict[str, tuple[WriteRecord, ...]] = {}
        for row in rows:
            found[str(row["fingerprint"])] = (*found.get(str(row["fingerprint"]), ()), _from_row(row))
        return found

    def unattended_total(self, org_id: str, day: date) -> Decimal:
        """What was approved unattended on a day of the organisation, in base currency: done, unknown and in flight."""
        rows = self._database.rows(
            "SELECT unattended_base FROM writes WHERE org_id = ? AND unattended_day = ?"
            " AND state NOT IN ('failed', 'not_sent')",
            (org_id, day.isoformat()),
        )
        return sum((Decimal(row["unattended_base"]) for row in rows), Decimal(0))

    # Looking things up

    def writes(self, plan_id: str | None = None, *, states: Sequence[State] = ()) -> tuple[WriteRecord, ...]:
        """The writes of a plan, or all; only those in some states when any are named."""
        rows = self._database.rows(
            "SELECT * FROM writes WHERE (? IS NULL OR plan_id = ?)"
            " AND (? OR state IN (SELECT value FROM json_each(?)))"
            " ORDER BY sent_at IS NULL, sent_at, plan_id, proposal_id, write_id",
            (plan_id, plan_id, not states, json.dumps(list(states))),
        )
        return tuple(_from_row(row) for row in rows)

    def committed_here(self) -> int:
        """How many writes of this run are in the ledger."""
        row = self._database.row(
            "SELECT count(*) AS number FROM writes WHERE run_id = ? AND state = 'committed'", (self._run.id,)
        )
        return 0 if row is None else int(row["number"])

    def find(self, name: str) -> WriteRecord:
        """A write by PLAN/PROPOSAL/WRITE, by its idempotency key, or by any unambiguous part of the name.

        Raises UsageError that lists the candidates.
        """
        everything = self.writes()
        found = [r for r in everything if name in (r.name, r.idempotency_key)]
        found = found or [r for r in everything if r.name.endswith(f"/{name}") or r.name.startswith(f"{name}/")]
        if len(found) > 1:
            found = [r for r in found if r.state == "unknown"] or found
        if len(found) != 1:
            open_ones = ", ".join(r.name for r in (found or everything) if r.state in OPEN_STATES)
            what = "is more than one write" if found else "is no write of the journal"
            raise UsageError(f"{name} {what}", field="WRITE", next=f"open are: {open_ones or 'none'}")
        return found[0]

    def now(self) -> datetime:
        """The later of the real clock and the last instant the journal knows: a clock set back extends nothing."""
        last = self._last_instant()
        real = utc_now()
        return max(real, last) if last else real

    def clock_set_back_s(self) -> float:
        """Seconds by which the real clock is behind the journal; 0 within tolerance."""
        last = self._last_instant()
        behind = (last - utc_now()).total_seconds() if last else 0.0
        return behind if behind > _CLOCK_TOLERANCE_S else 0.0

    # Recovery and human settlement

    def not_read_back(self, server: str, org_id: str) -> tuple[WriteRecord, ...]:
        """Committed writes of an organisation that the ledger was not read again for, in the order they were sent."""
        rows = self._database.rows(
            "SELECT * FROM writes WHERE server = ? AND org_id = ? AND state = 'committed' AND read_back_at IS NULL"
            " ORDER BY sent_at",
            (server, org_id),
        )
        return tuple(_from_row(row) for row in rows)

    def adopt(self, record: WriteRecord) -> WriteRecord | None:
        """Take over an open write whose owner is gone; None when somebody was faster. Hold its lock meanwhile."""
        with self._audit.recording() as entry:
            cursor = entry.connection.execute(
                "UPDATE writes SET run_id = ? WHERE plan_id = ? AND proposal_id = ? AND write_id = ? AND run_id = ?"
                " AND state = ?",
                (self._run.id, *_key(record), record.run_id, record.state),
            )
            return _one(entry.connection, record) if cursor.rowcount == 1 else None

    def resolve(self, name: str, *, committed: str | None) -> WriteRecord:
        """A human's word on a write that finchat cannot settle: its ledger id, or None for not sent.

        Raises UsageError when the write is not open or what is given is no id, WriteRefused when the vendor may still
        be working on it or its owner is alive.
        """
        if committed is not None and (not committed or one_line(committed, _LONGEST_ID) != committed):
            raise UsageError(
                "that is not an id of the ledger", field="--committed",
                next="copy the id of the record that you found, or say --not-sent",
            )  # fmt: skip
        record = self.find(name)
        if record.state not in OPEN_STATES:
            raise UsageError(f"{record.name} is {record.state}; nothing to resolve", field="WRITE")
        with self._run.take_over(record.run_id) as gone:
            if not gone and record.run_id != self._run.id:
                raise WriteRefused(
                    "another finchat is still at this write", code="in_flight", next="wait until it ends"
                )
            left = record.seconds_left()
            if committed is None and left > 0:
                raise WriteRefused(
                    f"the vendor may still be working on it for {left:.0f} s", code="too_early",
                    next="wait, look in the ledger again, then resolve it",
                )  # fmt: skip
            adopted = self.adopt(record)
            if adopted is None:
                raise WriteRefused("another finchat has just changed this write", code="taken_over")
            what = f"is in the ledger as {committed}" if committed is not None else "is not in the ledger"
            text = f"{self._run.user} settled by hand that the write of {record.what} {what}"
            ended = Conclusion(outcome="not_sent" if committed is None else "committed", ledger_id=committed, text=text)
            return self.conclude(adopted, ended, event="recovery", looked_at=True)

    def forget_sandbox(self, org_id: str) -> None:
        """Forget what was written to a sandbox company that was just reset; the audit log keeps it."""
        with self._audit.recording() as entry:
            for (body,) in entry.connection.execute("SELECT body FROM plans WHERE org_id = ?", (org_id,)):
                if not json.loads(body)["org"]["sandbox"]:
                    raise UsageError(f"organisation {org_id} is no sandbox; its journal is kept", field="--org")
            entry.connection.execute("DELETE FROM consumed WHERE org_id = ?", (org_id,))
            entry.connection.execute("DELETE FROM writes WHERE org_id = ?", (org_id,))
            entry.connection.execute(
                "DELETE FROM declined WHERE plan_id IN (SELECT id FROM plans WHERE org_id = ?)", (org_id,)
            )
            entry.connection.execute("DELETE FROM plans WHERE org_id = ?", (org_id,))

    # Inside

    def _store_plan(self, connection: Connection, plan: Plan, *, made_here: bool, made_from: str | None = None) -> bool:
        row = connection.execute("SELECT hash FROM plans WHERE id = ?", (plan.id,)).fetchone()
        if row is not None:
            if row["hash"] != plan_hash(plan):
                raise WriteRefused(
                    f"another plan has the id {plan.id}", code="plan_changed", next="make a new plan and apply that"
                )
            return False
        connection.execute(
            "INSERT INTO plans (id, hash, made_here, org_id, at, body, made_from) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                plan.id, plan_hash(plan), int(made_here), plan.organisation.id, instant_text(utc_now()),
                canonical_json(plan.as_json()), made_from,
            ),
        )  # fmt: skip
        return True

    def _refuse_open(self, known: Iterable[WriteRecord]) -> None:
        for record in known:
            if record.state in ("sending", "approved") and self._run.is_alive(record.run_id):
                raise WriteRefused(
                    "another finchat has this proposal in hand; this one leaves it alone", code="approval_used",
                    next=f"let it finish; then finchat apply {record.plan_id} says what became of it",
                )  # fmt: skip
            if record.state in ("sending", "unknown"):
                raise WriteRefused(
                    f"the outcome of an earlier attempt is not known yet: {record.name}", code="outcome_unknown",
                    next=f"run again later, or settle it: finchat journal resolve {record.name} --committed ID",
                )  # fmt: skip

    def _refuse_consumed(self, connection: Connection, plan: Plan, proposal: Proposal) -> None:
        org_id, fingerprints = plan.organisation.id, fingerprints_of(proposal)
        row = connection.execute(
            "SELECT w.* FROM consumed c JOIN writes w USING (plan_id, proposal_id, write_id)"
            " WHERE c.org_id = ? AND c.fingerprint IN (SELECT value FROM json_each(?))"
            " AND w.state NOT IN ('failed', 'not_sent') AND w.undone_by IS NULL"
            " AND NOT (w.plan_id = ? AND w.proposal_id = ?) LIMIT 1",
            (org_id, json.dumps(list(fingerprints)), plan.id, proposal.id),
        ).fetchone()
        if row is not None:
            used = _from_row(row)
            raise WriteRefused(
                f"bank line {proposal.line_id} was used before: {used.ledger_id or used.state} ({used.name})",
                code="evidence_consumed", next="run reconcile again: it leaves settled lines alone",
            )  # fmt: skip

    def _refuse_undone(self, connection: Connection, plan: Plan, proposal: Proposal) -> None:
        """A write is taken back once: not again when it was, and by nobody else while somebody is at it."""
        for write in proposal.writes:
            if not (name := write.reverses):
                continue
            original = connection.execute(
                "SELECT * FROM writes WHERE plan_id || '/' || proposal_id || '/' || write_id = ? AND org_id = ?",
                (name, plan.organisation.id),
            ).fetchone()
            if original is None or original["state"] != "committed":
                state = "no write of this journal" if original is None else original["state"].replace("_", " ")
                raise WriteRefused(
                    f"{name} is {state}, so there is nothing to take back", code="not_written",
                    next="finchat journal show --all lists what was written",
                )  # fmt: skip
            planned = self._planned(name)
            why = (
                "it is not known what that was"
                if planned is None
                else contradiction(write, proposal, *planned, original["ledger_id"])
            )
            if why is not None:
                raise WriteRefused(
                    f"write {write.id} does not take {name} back: {why}", code="payload_changed",
                    next="make a new plan with finchat undo",
                )  # fmt: skip
            mine = connection.execute(
                "SELECT 1 FROM writes WHERE plan_id = ? AND proposal_id = ? AND reverses = ? AND state = 'committed'",
                (plan.id, proposal.id, name),
            ).fetchone()
            if original["undone_by"] is not None and mine is None:
                raise WriteRefused(
                    f"{name} was taken back before: {original['undone_by']}", code="undone",
                    next="nothing is to be done",
                )  # fmt: skip
            other = connection.execute(
                "SELECT * FROM writes WHERE reverses = ? AND NOT (plan_id = ? AND proposal_id = ?)"
                " AND state IN ('approved', 'sending', 'unknown')",
                (name, plan.id, proposal.id),
            ).fetchone()
            if other is not None and (other["state"] != "approved" or self._run.is_alive(other["run_id"])):
                raise WriteRefused(
                    f"{_from_row(other).name} is already taking {name} back", code="in_flight",
                    next=f"let it finish, or settle it: finchat journal resolve {_from_row(other).name} --committed ID",
                )  # fmt: skip

    def _planned(self, name: str) -> tuple[Write, Proposal] | None:
        plan_id, proposal_id, write_id = name.split("/", 2)
        plan = self.plan(plan_id)
        proposals = plan.proposals if plan is not None else ()
        return next(((w, p) for p in proposals if p.id == proposal_id for w in p.writes if w.id == write_id), None)

    def _use_up(self, connection: Connection, approval: Approval) -> None:
        try:
            connection.execute(
                "INSERT INTO approvals VALUES (?, ?, ?, ?, ?, ?)",
                (
                    approval.id, approval.plan_id, approval.proposal_id, self._run.id, instant_text(utc_now()),
                    canonical_json(approval.as_json()),
                ),
            )  # fmt: skip
        except IntegrityError:
            raise WriteRefused("this approval was used before", code="approval_used", next="approve again") from None

    def _reserve(self, connection: Connection, plan: Plan, proposal: Proposal, reservation: Reservation) -> None:
        rows = connection.execute(
            "SELECT unattended_base FROM writes WHERE org_id = ? AND unattended_day = ?"
            " AND state NOT IN ('failed', 'not_sent') AND NOT (plan_id = ? AND proposal_id = ?)",
            (plan.organisation.id, reservation.day.isoformat(), plan.id, proposal.id),
        )
        spent = sum((Decimal(row["unattended_base"]) for row in rows), Decimal(0))
        wanted = sum((reservation.base_amounts[write.id] for write in proposal.writes), Decimal(0))
        if spent + wanted > reservation.limit:
            raise WriteRefused(
                f"{wanted:f} more would pass the {reservation.limit:f} a day that may be written unattended"
                f" ({spent:f} used)", code="unattended_limit", next="approve it at a terminal: finchat apply PLAN",
            )  # fmt: skip

    def _outcome_record(
        self, record: WriteRecord, conclusion: Conclusion, event: Literal["outcome", "read_back", "recovery"]
    ) -> AuditRecord:
        org = self._org(record)
        return AuditRecord(
            event=event, text=conclusion.text, server=record.server, org=org, tool=record.tool,
            call_id=record.call_id if event != "recovery" and record.call_id is not None else uuid_text("call"),
            effect=record.effect, decision="allow", decided_by=record.decided_by, plan_id=record.plan_id,
            write_id=record.write_id, approval_id=record.approval_id, arguments_sha256=record.arguments_sha256,
            idempotency_key=record.idempotency_key, outcome=conclusion.outcome, ledger_id=conclusion.ledger_id,
            amount=amount_text(record.amount, record.currency), currency=record.currency,
        )  # fmt: skip

    def _org(self, record: WriteRecord) -> Mapping[str, Any] | None:
        if record.plan_id not in self._orgs:
            found = self._org_of(record)
            if found is None:
                return None
            self._orgs[record.plan_id] = found
        return self._orgs[record.plan_id]

    def _org_of(self, record: WriteRecord) -> Mapping[str, Any] | None:
        row = self._database.row("SELECT json_extract(body, '$.org') AS org FROM plans WHERE id = ?", (record.plan_id,))
        return None if row is None else dict(json.loads(row["org"]))

    def _last_instant(self) -> datetime | None:
        row = self._database.row("SELECT at FROM last_instant")
        return None if row is None else datetime.fromisoformat(row["at"])

    def _remember_instant(self, connection: Connection) -> None:
        connection.execute(
            "INSERT INTO last_instant VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = max(at, excluded.at)",
            (instant_text(utc_now()),),
        )


def timezone_of(database: Database, org_ids: Sequence[str]) -> str | None:
    """The IANA time zone of the organisation of these that a plan was made for last; None when there is no plan."""
    database.migrate(ROOM, SCRIPTS)
    row = database.row(
        "SELECT json_extract(body, '$.org.timezone') AS zone FROM plans"
        " WHERE org_id IN (SELECT value FROM json_each(?)) ORDER BY at DESC LIMIT 1",
        (json.dumps(list(org_ids)),),
    )
    return None if row is None else str(row["zone"])


def _first_key(record: WriteRecord) -> str:
    """The key of a write's first attempt: the same for this very write of this very plan, wherever it is applied, so
    that a vendor takes one of two homes that were given the same file and apply it at the same instant."""
    return str(uuid.uuid5(_KEYS, canonical_json([record.org_id, *_key(record), record.arguments_sha256])))


def _written_before(known: Iterable[WriteRecord]) -> WriteRefused:
    ids = ", ".join(record.ledger_id or "?" for record in known)
    undone = sorted({record.undone_by for record in known if record.undone_by})
    if not undone:
        return WriteRefused(f"this was written before: {ids}", code="already_applied")
    return WriteRefused(
        f"this was written before ({ids}) and taken back since: {', '.join(undone)}", code="already_applied",
        next="make a new plan: finchat reconcile",
    )  # fmt: skip


def _mark(connection: Connection, record: WriteRecord, outcome: WriteOutcome) -> None:
    """What a write takes back is undone while that write is committed, and only then."""
    if record.reverses:
        connection.execute(
            "UPDATE writes SET undone_by = ? WHERE plan_id || '/' || proposal_id || '/' || write_id = ?"
            " AND (undone_by IS NULL OR undone_by = ?)",
            (record.name if outcome == "committed" else None, record.reverses, record.name),
        )


def fingerprints_of(proposal: Proposal) -> tuple[str, ...]:
    """Every name of the bank line that a proposal consumes: its id and the fingerprints its writes carry.

    A proposal that takes earlier writes back consumes nothing, although it shows their bank line.
    """
    if proposal.writes and all(write.reverses for write in proposal.writes):
        return ()
    names = [proposal.line_id] if proposal.line_id else []
    names += proposal.line.fingerprints if proposal.line is not None else ()
    for write in proposal.writes:
        names += [str(name) for name in (write.verify or {}).get("fingerprints", ())]
    return tuple(dict.fromkeys(names))


def _deed(plan: Plan, write: Write) -> str:
    where = f"{plan.organisation.server} ({plan.organisation.name})"
    return f"send {write.tool} of {spoken(write.amount, write.currency)} to {where}"


def _record(
    plan: Plan,
    write: Write,
    event: Literal["proposal", "decision", "intent"],
    text: str,
    *,
    decision: Literal["allow", "ask", "deny"],
    decided_by: str = "default",
    **fields: str | None,
) -> AuditRecord:
    return AuditRecord(
        event=event,
        text=f"{text}, write {write.id} of plan {plan.id}",
        server=plan.organisation.server,
        org=organisation_json(plan.organisation),
        tool=write.tool,
        effect="destructive" if write.reverses else "write",
        decision=decision,
        decided_by=decided_by,
        plan_id=plan.id,
        write_id=write.id,
        arguments_sha256=write.arguments_sha256,
        amount=amount_text(write.amount, write.currency),
        currency=write.currency,
        call_id=fields.get("call_id"),
        approval_id=fields.get("approval_id"),
        idempotency_key=fields.get("idempotency_key"),
        approval_sha256=fields.get("approval_sha256"),
    )


def _without_write(plan: Plan, text: str, *, decision: Literal["ask", "deny"] = "deny") -> AuditRecord:
    return AuditRecord(
        event="decision", text=f"{text} of plan {plan.id}", server=plan.organisation.server,
        org=organisation_json(plan.organisation), decision=decision, decided_by="human", plan_id=plan.id,
    )  # fmt: skip


_OUTCOMES: Mapping[str, WriteOutcome] = {
    "committed": "committed", "failed": "failed", "unknown": "unknown", "not_sent": "not_sent"
}  # fmt: skip


_CLAIM = """
INSERT OR REPLACE INTO writes (
    plan_id, proposal_id, write_id, state, approval_id, decided_by, run_id, server, org_id, org_name, tool, effect,
    arguments_sha256, amount, currency, idempotency_key, unattended_day, unattended_base, reverses
) VALUES (
    :plan_id, :proposal_id, :write_id, 'approved', :approval_id, :decided_by, :run_id, :server, :org_id, :org_name,
    :tool, :effect, :arguments_sha256, :amount, :currency, :idempotency_key, :unattended_day, :unattended_base,
    :reverses
)
"""  # over the row of an earlier attempt too: its times, ids and errors live on in the audit log


def _records(connection: Connection, plan_id: str, proposal_id: str) -> list[WriteRecord]:
    rows = connection.execute("SELECT * FROM writes WHERE plan_id = ? AND proposal_id = ?", (plan_id, proposal_id))
    return [_from_row(row) for row in rows]


def _one(connection: Connection, record: WriteRecord) -> WriteRecord:
    sql = "SELECT * FROM writes WHERE plan_id = ? AND proposal_id = ? AND write_id = ?"
    return _from_row(connection.execute(sql, _key(record)).fetchone())


def _key(record: WriteRecord) -> tuple[str, str, str]:
    return record.plan_id, record.proposal_id, record.write_id


_INSTANTS = ("sent_at", "ended_at", "read_back_at")
_DECIMALS = ("amount", "due_before", "due_after")
_LEFT_OUT = frozenset({"unattended_day", "unattended_base", "fingerprint"})


def _from_row(row: Row) -> WriteRecord:
    values = {key: row[key] for key in row.keys() if key not in _LEFT_OUT}  # noqa: SIM118
    read: list[tuple[Sequence[str], Callable[[str], Any]]] = [
        (_INSTANTS, datetime.fromisoformat),
        (_DECIMALS, Decimal),
        (("known_ids",), lambda text: frozenset(json.loads(text))),
    ]
    for names, convert in read:
        for name in names:
            values[name] = None if values[name] is None else convert(values[name])
    return WriteRecord(**values)


def _decimal_text(value: Decimal | None) -> str | None:
    return None if value is None else plain_decimal(value)


@lru_cache(maxsize=1)
def _boot_id() -> str | None:
    """The id of this boot of the machine: within it, the monotonic clock is comparable between processes."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None
