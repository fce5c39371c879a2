"""Memory: what a person's decisions taught about counterparties, per organisation, kept in state.sqlite3.

Only a person's word teaches: proposals they approved and that were written, codings they refused, and edits of the
memory itself. Writes they took back teach nothing any more: an undo says what is not to be in the ledger, and not that
the payer was somebody else. What is believed of it, and for how long, is decided in `books.learning`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from sqlite3 import Connection, Row
from typing import Any

from finchat.books.acts import act
from finchat.books.documents import BankLine, Coding, ResidualKind
from finchat.books.learning import Fact, Observation, Remembered, account_digest, facts, recalled
from finchat.books.plan import Plan, Proposal
from finchat.canonical import plain_decimal
from finchat.chance import hex_text
from finchat.clock import instant_text
from finchat.errors import UsageError
from finchat.safety.journal import WriteRecord
from finchat.safety.results import WriteResult
from finchat.store.database import Database
from finchat.workflows.lessons import Decision, PayerAccount, lessons, residual_kind_of
from finchat.workflows.memory_tables import ROOM, SCRIPTS

__all__ = ["Memory", "Remembered", "RememberedFact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedFact:
    """A fact with the organisation it is of."""

    org_id: str
    org_name: str
    fact: Fact


class Memory:
    """The memory of one home. `now` gives the instant of a decision, aware. Raises StorageError like its database."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        database.migrate(ROOM, SCRIPTS)
        self._database = database
        self._now = now
        self._salt = self._kept_salt()

    # Learning

    def saw(self, org_id: str, lines: Iterable[BankLine]) -> None:
        """Keep the digests of the payers' accounts of lines that a plan is about to ask about: plans do not."""
        rows = [
            (org_id, line.id, account_digest(line.counterparty_account, self._salt), _ending(line.counterparty_account))
            for line in lines
            if line.counterparty_account
        ]
        if rows:
            with self._database.transaction() as connection:
                connection.executemany("INSERT OR REPLACE INTO memory_accounts VALUES (?, ?, ?, ?)", rows)

    def begin(self, plan: Plan) -> None:
        """A person is about to decide about a plan: should the run end early, the next one learns what was decided."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO memory_begun VALUES (?, ?)", (plan.organisation.id, plan.id))

    def begun(self, org_id: str) -> tuple[str, ...]:
        """Plans of an organisation that were begun and never learned from."""
        rows = self._database.rows("SELECT plan_id FROM memory_begun WHERE org_id = ? ORDER BY plan_id", (org_id,))
        return tuple(str(row["plan_id"]) for row in rows)

    def learn(
        self,
        plan: Plan,
        results: Sequence[WriteResult],
        writes: Sequence[WriteRecord],
        *,
        asked: Sequence[Plan] = (),
        account_names: Mapping[str, str] | None = None,
    ) -> int:
        """Learn from a plan that a person decided about; returns how many observations are new.

        `results`: what was decided and became of each write; `writes`: the journal's records of the same plan and of
        those it was made from (`asked`, which still know what was asked). Learning twice teaches once.
        """
        org = plan.organisation
        kinds = _residual_kinds((*asked, plan))
        with self._database.transaction() as connection:
            found = [
                o
                for decision in self._decisions(plan, results, writes, kinds)
                if self._new(connection, org.id, decision)
                for o in self._taught(connection, org.id, decision, account_names or {})
            ]
            for taken_back in _taken_back(plan, results, writes):
                _withdraw(connection, org.id, taken_back)
            connection.executemany(
                "DELETE FROM memory_begun WHERE org_id = ? AND plan_id = ?", [(org.id, p.id) for p in (plan, *asked)]
            )
            return sum(_store(connection, org.id, org.name, o) for o in found)

    # Recalling

    def organisations(self) -> tuple[str, ...]:
        """The ids of the organisations that something is remembered of."""
        rows = self._database.rows("SELECT DISTINCT org_id FROM memory_observations ORDER BY org_id")
        return tuple(str(row["org_id"]) for row in rows)

    def recall(self, org_id: str, as_of: date) -> Remembered:
        """What the books of an organisation may know of it on a day."""
        return recalled([o for _, o in self._observations(org_id)], as_of, self._salt)

    def facts(self, as_of: date, org: str | None = None) -> tuple[RememberedFact, ...]:
        """Every fact, by organisation; `org` limits them to one, by name or id."""
        by_org: dict[tuple[str, str], list[Observation]] = {}
        names: dict[str, str] = {}
        for row, observation in self._observations(None):
            names[row["org_id"]] = row["org_name"]
            by_org.setdefault((row["org_id"], ""), []).append(observation)
        return tuple(
            RememberedFact(org_id=org_id, org_name=names[org_id], fact=fact)
            for (org_id, _), seen in sorted(by_org.items(), key=lambda item: (names[item[0][0]], item[0][0]))
            if org is None or org in (org_id, names[org_id])
            for fact in facts(seen, as_of)
        )

    def fact(self, id: str, as_of: date, org: str | None = None) -> RememberedFact:
        """One fact by its id. Raises UsageError when there is none."""
        for known in self.facts(as_of, org):
            if known.fact.id == id:
                return known
        raise UsageError(f"memory holds no {id!r}", field="ID", next="finchat memory lists what it holds, with ids")

    # What a person says of the memory itself

    def forget(self, found: Sequence[RememberedFact]) -> int:
        """Drop facts with everything they rest on, agreement and contradiction; returns how many facts went."""
        with self._database.transaction() as connection:
            for known in found:
                f = known.fact
                rows = connection.execute(
                    "SELECT * FROM memory_observations WHERE org_id = ? AND kind = ? AND key = ? AND contact_id = ?",
                    (known.org_id, f.kind, f.key, f.contact_id),
                ).fetchall()
                ids = [row["id"] for row in rows if _from_row(row).answer == (f.contact_id, f.coding)]
                connection.executemany(
                    "DELETE FROM memory_observations WHERE org_id = ? AND id = ?", [(known.org_id, id) for id in ids]
                )
        return len(found)

    def forget_organisation(self, org_id: str) -> None:
        """Drop all of an organisation that is no more (a sandbox company that another has replaced)."""
        with self._database.transaction() as connection:
            for table in ("memory_observations", "memory_learned", "memory_accounts", "memory_begun"):
                connection.execute(f"DELETE FROM {table} WHERE org_id = ?", (org_id,))  # noqa: S608 - our own names

    def say(
        self,
        known: RememberedFact,
        *,
        contact: tuple[str, str] | None = None,
        coding: Coding | None = None,
        coding_text: str = "",
    ) -> Fact:
        """A person's own word on a fact: another contact (id and name), or another coding. It sets earlier decisions
        on the same key aside and is kept as said. Returns the fact as it now is."""
        fact, now = known.fact, self._now()
        contact_id, name = contact or (fact.contact_id, fact.contact)
        samples = fact.observations or tuple(
            o for _, o in self._observations(known.org_id) if (o.kind, o.key) == (fact.kind, fact.key)
        )
        sample = max(samples, key=lambda o: (o.at, o.id))
        word = replace(
            sample,
            id=hashlib.sha256(f"{fact.id}\n{instant_text(now)}\n{contact_id}\n{coding!r}".encode()).hexdigest()[:32],
            contact_id=contact_id,
            contact=name,
            coding=coding or fact.coding,
            coding_text=coding_text or fact.coding_text,
            sign=1,
            said=True,
            at=now,
            day=now.date(),
            line_id=f"said {instant_text(now)}",
            source="",
            ledger_ids=(),
        )
        with self._database.transaction() as connection:
            _store(connection, known.org_id, known.org_name, word)
        return next(
            k.fact
            for k in self.facts(now.date(), known.org_id)
            if (k.fact.kind, k.fact.key) == (word.kind, word.key)
            and (k.fact.contact_id, k.fact.coding) == (word.contact_id, word.coding)
        )

    # Inside

    def _decisions(
        self,
        plan: Plan,
        results: Sequence[WriteResult],
        writes: Sequence[WriteRecord],
        kinds: Mapping[str, ResidualKind],
    ) -> list[Decision]:
        by_proposal: dict[str, list[WriteResult]] = {}
        for result in results:
            by_proposal.setdefault(result.proposal_id, []).append(result)
        records: dict[str, list[WriteRecord]] = {}
        for record in writes:
            records.setdefault(record.proposal_id, []).append(record)
        # A rest that a habit filled in was not asked about: its kind is the habit's.
        habits = {
            (o.contact_id, o.coding): o.residual for _, o in self._observations(plan.organisation.id) if o.residual
        }
        found = []
        for proposal in plan.proposals:
            mine = by_proposal.get(proposal.id, [])
            source = _written_by_person(proposal, mine, records.get(proposal.id, []))
            refused = bool(mine) and all(r.decision == "refused" and r.outcome is None for r in mine)
            if any(w.reverses for w in proposal.writes) or not (source or refused):
                continue
            ids = {r.write_id: r.ledger_id or "" for r in mine if r.outcome == "committed"}
            contact_write = next((w.id for w in proposal.writes if act(w.operation) == "contact"), "")
            found.append(
                Decision(
                    proposal=proposal,
                    source=source or f"{plan.id}/{proposal.id}",
                    at=self._now(),
                    sign=1 if source else -1,
                    ledger_ids={id: ledger_id for id, ledger_id in ids.items() if id != contact_write},
                    new_contact_id=ids.get(contact_write, ""),
                    residual=kinds.get(proposal.id) or habits.get(_coded_rest(proposal)),
                )
            )
        return found

    def _new(self, connection: Connection, org_id: str, decision: Decision) -> bool:
        what = "confirmed" if decision.sign == 1 else "refused"
        undone = "SELECT 1 FROM memory_learned WHERE org_id = ? AND source = ? AND what = 'undone'"
        if decision.sign == 1 and connection.execute(undone, (org_id, decision.source)).fetchone():
            return False
        cursor = connection.execute(
            "INSERT OR IGNORE INTO memory_learned VALUES (?, ?, ?)", (org_id, decision.source, what)
        )
        return cursor.rowcount == 1

    def _taught(
        self, connection: Connection, org_id: str, decision: Decision, account_names: Mapping[str, str]
    ) -> tuple[Observation, ...]:
        row = connection.execute(
            "SELECT digest, shown FROM memory_accounts WHERE org_id = ? AND line_id = ?",
            (org_id, decision.proposal.line_id),
        ).fetchone()
        return lessons(decision, None if row is None else PayerAccount(row["digest"], row["shown"]), account_names)

    def _observations(self, org_id: str | None) -> list[tuple[Row, Observation]]:
        rows = self._database.rows(
            "SELECT * FROM memory_observations WHERE ? IS NULL OR org_id = ? ORDER BY org_id, id", (org_id, org_id)
        )
        return [(row, _from_row(row)) for row in rows]

    def _kept_salt(self) -> str:
        row = self._database.row("SELECT salt FROM memory_salt")
        if row is None:
            with self._database.transaction() as connection:
                connection.execute("INSERT OR IGNORE INTO memory_salt VALUES (1, ?)", (hex_text("memory salt", 16),))
            row = self._database.row("SELECT salt FROM memory_salt")
        return "" if row is None else str(row["salt"])


def _residual_kinds(plans: Sequence[Plan]) -> dict[str, ResidualKind]:
    found: dict[str, ResidualKind] = {}
    for plan in plans:
        for proposal in plan.proposals:
            if (kind := residual_kind_of(proposal)) is not None:
                found[proposal.id] = kind
    return found


def _coded_rest(proposal: Proposal) -> tuple[str, Coding | None]:
    """Contact and coding of what a proposal books beside its documents."""
    return next(((link.contact_id, link.coding) for link in proposal.links if link.coding is not None), ("", None))


def _written_by_person(proposal: Proposal, results: Sequence[WriteResult], records: Sequence[WriteRecord]) -> str:
    """PLAN/PROPOSAL under which a person's approval was written whole; "" when it was not, or not by a person."""
    wanted = {w.id for w in proposal.writes}
    if not wanted or wanted != {r.write_id for r in results if r.outcome == "committed"}:
        return ""
    done = [r for r in records if r.state == "committed" and r.write_id in wanted]
    if {r.write_id for r in done} != wanted or any(r.decided_by != "human" for r in done):
        return ""
    plans = {r.plan_id for r in done}
    return f"{plans.pop()}/{proposal.id}" if len(plans) == 1 else ""


def _taken_back(plan: Plan, results: Sequence[WriteResult], writes: Sequence[WriteRecord]) -> list[str]:
    """PLAN/PROPOSAL of what a person's plan of reversals has taken back."""
    done = {(r.proposal_id, r.write_id) for r in results if r.outcome == "committed"}
    people = {(r.proposal_id, r.write_id) for r in writes if r.decided_by == "human" and r.state == "committed"}
    found = {
        write.reverses.rpartition("/")[0]
        for proposal in plan.proposals
        for write in proposal.writes
        if write.reverses and (proposal.id, write.id) in done & people
    }
    return sorted(found)


def _withdraw(connection: Connection, org_id: str, source: str) -> None:
    """What a proposal taught is taught no more, now that a person has taken its writes back; what was said stays."""
    connection.execute("INSERT OR IGNORE INTO memory_learned VALUES (?, ?, 'undone')", (org_id, source))
    connection.execute(
        "DELETE FROM memory_observations WHERE org_id = ? AND source = ? AND sign = 1 AND said = 0", (org_id, source)
    )


def _store(connection: Connection, org_id: str, org_name: str, o: Observation) -> int:
    body = {
        "line_id": o.line_id,
        "day": o.day.isoformat(),
        "direction": o.direction,
        "amount": plain_decimal(o.amount),
        "currency": o.currency,
        "text": o.text,
        "shown": o.shown,
        "account_id": o.account_id,
        "coding": None if o.coding is None else [o.coding.account_id, o.coding.tax_type, o.coding.tracking],
        "coding_text": o.coding_text,
        "residual": o.residual,
        "ledger_ids": o.ledger_ids,
    }
    cursor = connection.execute(
        "INSERT OR IGNORE INTO memory_observations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            org_id, org_name, o.id, o.kind, o.key, o.contact_id, o.contact, o.sign, int(o.said), instant_text(o.at),
            o.source, json.dumps(body, ensure_ascii=False, sort_keys=True),
        ),
    )  # fmt: skip
    return cursor.rowcount


def _from_row(row: Row) -> Observation:
    body: dict[str, Any] = json.loads(row["body"])
    coding = body.pop("coding")
    return Observation(
        id=row["id"], kind=row["kind"], key=row["key"], contact_id=row["contact_id"], contact=row["contact"],
        sign=1 if row["sign"] == 1 else -1, said=bool(row["said"]), at=datetime.fromisoformat(row["at"]),
        source=row["source"],
        coding=None if coding is None else Coding(coding[0], coding[1], tuple((n, o) for n, o in coding[2])),
        ledger_ids=tuple(body.pop("ledger_ids")),
        day=date.fromisoformat(body.pop("day")),
        amount=Decimal(body.pop("amount")),
        **body,
    )  # fmt: skip


def _ending(number: str) -> str:
    """`…4411`: enough for a person to know an account by."""
    plain = "".join(c for c in number if c.isalnum())
    return f"…{plain[-4:]}"
