"""What a person decided in a review, on disk as soon as it was decided, and where the review stood.

A decision is kept with the hash of the proposal it is about: when that is another one now, the decision is void. An
approval kept here was given and not written yet; what was written is the journal's alone to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from finchat.clock import instant_text, utc_now
from finchat.store.database import Database

ROOM = "review"
Choice = Literal["approved", "skipped", "refused"]

_FIRST = """
CREATE TABLE review_decisions (
    plan_id TEXT NOT NULL, proposal_id TEXT NOT NULL, proposal_sha256 TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('approved', 'skipped', 'refused')),
    reason TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (plan_id, proposal_id)
) STRICT;
CREATE TABLE review_places (plan_id TEXT PRIMARY KEY, place TEXT NOT NULL, at TEXT NOT NULL) STRICT;
CREATE TABLE review_followed (plan_id TEXT PRIMARY KEY, by TEXT NOT NULL) STRICT;
"""
SCRIPTS: tuple[str, ...] = (_FIRST,)
_PLACE: Mapping[str, object] = {"filter": "", "row": "", "cursor": 0, "opened": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision about one proposal. `at` is an instant in UTC; `reason` is what a person typed with a refusal."""

    proposal_id: str
    proposal_sha256: str
    decision: Choice
    at: datetime
    reason: str = ""


class Decisions:
    """The decisions of all reviews of one home. Raises StorageError when the file cannot be read or written.

    `places`: a connection to the same file whose commits need not outlive a power loss: where the cursor stood is
    written at every key.
    """

    def __init__(self, database: Database, places: Database | None = None) -> None:
        database.migrate(ROOM, SCRIPTS)
        self._database = database
        self._places = places or database

    def save(self, plan_id: str, decisions: Iterable[Decision]) -> None:
        """On disk when this returns, all of them or none; each replaces an earlier one about its proposal."""
        rows = [
            (plan_id, d.proposal_id, d.proposal_sha256, d.decision, d.reason, instant_text(d.at)) for d in decisions
        ]
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO review_decisions VALUES (?, ?, ?, ?, ?, ?)", rows)

    def forget(self, plan_id: str, proposal_ids: Iterable[str]) -> None:
        """Take decisions back."""
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM review_decisions WHERE plan_id = ? AND proposal_id = ?",
                [(plan_id, id) for id in proposal_ids],
            )

    def of(self, plan_id: str) -> dict[str, Decision]:
        """The decisions about a plan, by proposal. One that nobody can have saved so is none."""
        found = {}
        for row in self._database.rows("SELECT * FROM review_decisions WHERE plan_id = ?", (plan_id,)):
            with suppress(ValueError):
                found[row["proposal_id"]] = Decision(
                    proposal_id=row["proposal_id"],
                    proposal_sha256=row["proposal_sha256"],
                    decision=row["decision"],
                    at=datetime.fromisoformat(row["at"]),
                    reason=row["reason"],
                )
        return found

    def carry(self, plan_id: str, new_plan_id: str, decisions: Iterable[Decision]) -> None:
        """The review goes on with a plan made from another: these decisions are now about the new one."""
        at = instant_text(utc_now())
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO review_decisions VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (new_plan_id, d.proposal_id, d.proposal_sha256, d.decision, d.reason, instant_text(d.at))
                    for d in decisions
                ],
            )
            connection.execute("DELETE FROM review_decisions WHERE plan_id = ?", (plan_id,))
            connection.execute("INSERT OR REPLACE INTO review_followed VALUES (?, ?)", (plan_id, new_plan_id))
            connection.execute(
                "INSERT OR REPLACE INTO review_places SELECT ?, place, ? FROM review_places WHERE plan_id = ?",
                (new_plan_id, at, plan_id),
            )
            connection.execute("DELETE FROM review_places WHERE plan_id = ?", (plan_id,))

    def latest(self, plan_id: str) -> str:
        """The plan that the review of a plan went on with; the plan itself when nothing was made from it."""
        seen = {plan_id}
        while True:
            row = self._database.row("SELECT by FROM review_followed WHERE plan_id = ?", (plan_id,))
            if row is None or row["by"] in seen:
                return plan_id
            plan_id = str(row["by"])
            seen.add(plan_id)

    def followed(self) -> frozenset[str]:
        """The plans that another one took the place of in a review."""
        return frozenset(row["plan_id"] for row in self._database.rows("SELECT plan_id FROM review_followed"))

    def save_place(self, plan_id: str, place: Mapping[str, Any], at: datetime) -> None:
        """Where the cursor stands and what is filtered."""
        row = (plan_id, json.dumps(place), instant_text(at))
        with self._places.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO review_places VALUES (?, ?, ?)", row)

    def place(self, plan_id: str) -> Mapping[str, Any]:
        """Where the review of a plan stood; empty when it never began, or when nothing of ours can have saved it."""
        row = self._places.row("SELECT place FROM review_places WHERE plan_id = ?", (plan_id,))
        found: object = {}
        with suppress(ValueError):
            found = json.loads(row["place"]) if row is not None else {}
        sound = isinstance(found, dict) and all(isinstance(found.get(k, v), type(v)) for k, v in _PLACE.items())
        return found if isinstance(found, dict) and sound else {}
