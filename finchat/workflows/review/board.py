"""The board of a review: what is decided, what is shown, where the cursor stands. It knows no terminal.

Rows are group headers and, under an opened one, its proposals. Moving costs nothing that grows with the plan; a
decision, a filter and opening a group walk the rows once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from finchat.books.money import amount_text, parse_amount
from finchat.books.plan import Plan, Proposal
from finchat.safety.approval import proposal_sha256
from finchat.safety.results import WriteResult
from finchat.workflows.review.decisions import Choice, Decision, Decisions
from finchat.workflows.review.filters import Filter, haystack, parse, test
from finchat.workflows.review.groups import Group, groups, sums
from finchat.workflows.review.standing import standing
from finchat.workflows.review.states import DECIDABLE, DONE, State, shown, state_of

_REVOCABLE: frozenset[State] = frozenset({"approved", "skipped", "refused"})


class Recorder(Protocol):
    """The record of a person's decisions, as far as a no or its taking back needs it."""

    def __call__(self, plan: Plan, proposals: Sequence[Proposal], choice: State, reason: str) -> None:
        """On disk when this returns. `choice` open or approved: an earlier no no longer stands."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the board: a group's header, or with a proposal one of its members."""

    group: Group
    proposal: Proposal | None = None

    @property
    def key(self) -> str:
        return self.group.key if self.proposal is None else self.proposal.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How far a review is: how many of how many, and what their bank lines come to by currency."""

    decided: int
    total: int
    decided_sums: Mapping[str, Decimal]
    total_sums: Mapping[str, Decimal]

    @property
    def percent(self) -> int:
        """Whole percents, 100 only when nothing is left."""
        return self.decided * 100 // self.total if self.total else 100


class Board:
    """The state of one review. `done`: results of earlier runs and of what the policy forbids.

    Decisions of an earlier sitting are taken up when their proposal is still the same; those that are not are in
    `voided`. `record` takes down every no at once. Approvals taken up are `held`: they wait until a person says once
    more that they be written.
    """

    def __init__(
        self,
        plan: Plan,
        store: Decisions,
        *,
        now: Callable[[], datetime],
        account_names: Mapping[str, str],
        done: Sequence[WriteResult] = (),
        foreign: bool = False,
        record: Recorder | None = None,
    ) -> None:
        self._record = record
        self.store = store
        self.now = now
        self.account_names = account_names
        self.foreign = foreign
        self.results: dict[str, tuple[WriteResult, ...]] = {}
        self.reasons: dict[str, str] = {}
        self.seen: set[str] = set()  # rows that were on the screen in this sitting
        self.opened: set[str] = set()
        self.history: list[tuple[str, ...]] = []  # decisions that can be taken back, the last one last
        self.held: set[str] = set()
        self.approved_at: dict[str, datetime] = {}
        self.voided: tuple[Decision, ...] = ()
        self.before = Tally(decided=0, total=0, decided_sums={}, total_sums={})
        self.filter = Filter()
        self.cursor = 0
        self.rows: list[Row] = []
        self.version = 0  # another one after every change of states or filter: what was computed from them is old
        self._members: dict[str, list[Proposal]] = {}
        self._tally: Tally | None = None
        self._hashes: dict[str, str] = {}
        self._load(plan, done)
        self._take_up()
        self._come_back()

    # What there is

    def _load(self, plan: Plan, done: Sequence[WriteResult]) -> None:
        self.plan = plan
        self.proposals = {p.id: p for p in plan.proposals}
        self.groups = groups(plan.proposals)
        self.group_of = {p.id: g for g in self.groups for p in g.proposals}
        self._hay = {p.id: haystack(p, self.account_names) for p in plan.proposals}
        by_proposal: dict[str, list[WriteResult]] = {}
        for result in done:
            by_proposal.setdefault(result.proposal_id, []).append(result)
        self.results |= {id: tuple(found) for id, found in by_proposal.items()}
        self.states: dict[str, State] = {p.id: state_of(p, self.results.get(p.id, ())) for p in plan.proposals}

    def _take_up(self) -> None:
        """The decisions of an earlier sitting, as far as they are about what is there now."""
        saved = self.store.of(self.plan.id)
        found = standing(self.plan, saved, self.results, self.hash_of)
        self.states = found.states
        self.held, self.voided = set(found.held), found.voided
        self.approved_at |= {id: saved[id].at for id in found.held}
        self.reasons |= {id: d.reason for id, d in saved.items() if d.reason}
        if found.voided:
            self.store.forget(self.plan.id, [d.proposal_id for d in found.voided])

    def _come_back(self) -> None:
        place = self.store.place(self.plan.id)
        keys = {g.key for g in self.groups}
        self.opened = {k for k in place.get("opened", ()) if k in keys}
        self.before = _tally_from(place.get("before"))
        try:
            self.filter = parse(str(place.get("filter", "")))
        except ValueError:
            self.filter = Filter()
        self.rebuild()
        self._stand_on(str(place.get("row", "")), int(place.get("cursor", 0)))

    def hash_of(self, proposal_id: str) -> str:
        """SHA-256 of a present proposal, computed once."""
        if proposal_id not in self._hashes:
            self._hashes[proposal_id] = proposal_sha256(self.proposals[proposal_id])
        return self._hashes[proposal_id]

    # What is shown

    def rebuild(self) -> None:
        """The rows anew: after a decision, a filter or an opened group. The cursor stays on its row where that is."""
        self._moved_on()
        here = self.rows[self.cursor].key if self.cursor < len(self.rows) else ""
        rows = []
        for group in self.groups:
            members = self.members(group)
            if not members:
                continue
            rows.append(Row(group))
            if group.key in self.opened:
                rows += [Row(group, p) for p in members]
        self.rows = rows
        self._stand_on(here, self.cursor)

    def members(self, group: Group) -> list[Proposal]:
        """The proposals of a group that the filter shows."""
        if group.key not in self._members:
            holds = test(self.filter)
            self._members[group.key] = [
                p for p in group.proposals if self.filter.empty or holds(p, self._hay[p.id], shown(self.states[p.id]))
            ]
        return self._members[group.key]

    def filter_by(self, text: str) -> None:
        """Show what a filter wants. Raises ValueError that says what is wrong with it; then nothing changes."""
        self.filter = parse(text)
        self.rebuild()
        self.keep_place()

    def toggle(self, group: Group) -> None:
        """Open a group, or close it and stand on its header."""
        self.opened ^= {group.key}
        self.rebuild()
        if group.key not in self.opened:
            self._stand_on(group.key, self.cursor)
        self.keep_place()

    def stand_on(self, proposal_id: str) -> None:
        """The cursor on a proposal, its group opened."""
        group = self.group_of.get(proposal_id)
        if group is not None:
            self.opened.add(group.key)
            self.rebuild()
            self._stand_on(group.key, self.cursor)
            self.keep_place()

    def index_of(self, key: str) -> int:
        """Where a row stands; 0 when it is not shown."""
        return next((n for n, row in enumerate(self.rows) if row.key == key), 0)

    @property
    def row(self) -> Row | None:
        return self.rows[self.cursor] if self.rows else None

    def move(self, by: int) -> None:
        """The cursor up or down, held at the ends."""
        self.cursor = max(0, min(self.cursor + by, len(self.rows) - 1))
        self.keep_place()

    def next_open(self) -> None:
        """The cursor to the next row that waits for a decision, from the top again after the last."""
        for step in range(1, len(self.rows) + 1):
            index = (self.cursor + step) % len(self.rows)
            row = self.rows[index]
            ids = [row.proposal.id] if row.proposal else [p.id for p in row.group.proposals]
            if any(self.states[id] == "open" for id in ids) and (row.proposal or row.group.key not in self.opened):
                self.cursor = index
                break
        self.keep_place()

    def keep_place(self) -> None:
        """Where the review stands, for the next sitting."""
        row = self.row
        self.store.save_place(
            self.plan.id,
            {
                "row": row.key if row else "",
                "cursor": self.cursor,
                "filter": self.filter.text,
                "opened": sorted(self.opened),
                "before": _tally_json(self.before),
            },
            self.now(),
        )

    # Decisions

    def undecided(self, row: Row) -> list[Proposal]:
        """The proposals of a row that a person may decide about now, of those shown."""
        members = [row.proposal] if row.proposal else self.members(row.group)
        return [p for p in members if self.states[p.id] in DECIDABLE]

    def waiting(self, row: Row) -> list[Proposal]:
        """The proposals of a row that nobody has decided about, or whose approval came to nothing; of those shown."""
        return [p for p in self.undecided(row) if self.states[p.id] not in ("skipped", "refused")]

    def revocable(self, proposal_id: str) -> bool:
        """Whether a decision about it can be taken back: it was made and nothing is written."""
        return self.states.get(proposal_id) in _REVOCABLE

    def decide(self, proposals: Iterable[Proposal], choice: Choice, reason: str = "") -> tuple[str, ...]:
        """Keep one decision about each of them, on disk when this returns; their ids."""
        at = self.now()
        found = list(proposals)
        made = [
            Decision(proposal_id=p.id, proposal_sha256=self.hash_of(p.id), decision=choice, at=at, reason=reason)
            for p in found
        ]
        if self._record is not None:
            reopens = choice == "approved" and any(self.states[p.id] == "refused" for p in found)
            if choice != "approved" or reopens:
                self._record(self.plan, found, choice, reason)
        self.store.save(self.plan.id, made)
        ids = tuple(d.proposal_id for d in made)
        for id in ids:
            self.states[id] = choice
            if choice == "approved":
                self.approved_at[id] = at
            self.results.pop(id, None)
            self.reasons.pop(id, None)
            if reason:
                self.reasons[id] = reason
        self.history.append(ids)
        self._changed()
        return ids

    def take_back(self, proposals: Iterable[Proposal]) -> tuple[str, ...]:
        """Undo decisions that were not written: those proposals are open again. Their ids."""
        ids = tuple(p.id for p in proposals if self.revocable(p.id))
        if ids:
            if self._record is not None and any(self.states[id] == "refused" for id in ids):
                self._record(self.plan, [self.proposals[id] for id in ids], "open", "")
            self.store.forget(self.plan.id, ids)
            for id in ids:
                self.states[id] = "open"
                self.reasons.pop(id, None)
            self.held -= set(ids)
            self._changed()
        return ids

    def last_decided(self) -> list[Proposal]:
        """The proposals of the last decision that can still be taken back."""
        while self.history:
            ids = self.history.pop()
            found = [self.proposals[id] for id in ids if self.revocable(id)]
            if found:
                return found
        return []

    def release(self) -> tuple[str, ...]:
        """The approvals held from an earlier sitting, in the order they were given: a person said to write them."""
        ids = tuple(sorted(self.held, key=lambda id: self.approved_at[id]))
        self.held.clear()
        return ids

    def settle(self, results: Sequence[WriteResult]) -> None:
        """What became of proposals that were written, or were to be: from now on the journal tells of them."""
        by_proposal: dict[str, list[WriteResult]] = {}
        for result in results:
            by_proposal.setdefault(result.proposal_id, []).append(result)
        self.store.forget(self.plan.id, by_proposal)
        for id, found in by_proposal.items():
            if id in self.proposals:
                self.results[id] = tuple(found)
                self.states[id] = state_of(self.proposals[id], found)
        self._changed()

    def mark(self, proposal_id: str, state: State) -> None:
        """A passing state of one proposal; the rows stay as they are."""
        if proposal_id in self.states:
            self.states[proposal_id] = state
            self._moved_on()

    def follow(self, plan: Plan) -> None:
        """Go on with a plan that an answer or an edit made of this one. Decisions about what is the same go with it,
        what was written stays counted."""
        kept, gone = self.store.of(self.plan.id), [p for p in self.plan.proposals if p.id not in self._ids(plan)]
        old = self.plan
        before = Tally(
            decided=self.before.decided + len(gone),
            total=self.before.total + len(gone),
            decided_sums=_added(self.before.decided_sums, sums(gone)),
            total_sums=_added(self.before.total_sums, sums(gone)),
        )
        states, hashes = dict(self.states), dict(self._hashes)
        same = {p.id for p in plan.proposals if p is self.proposals.get(p.id)}
        self._hashes = {id: value for id, value in hashes.items() if id in same}
        self.results = {id: found for id, found in self.results.items() if id in same}
        opened = set(self.opened)
        self._load(plan, ())
        self.states |= {id: states[id] for id in same}
        self.store.carry(old.id, plan.id, [d for d in kept.values() if d.proposal_id in same])
        self.before = before
        self.held &= same
        self.seen &= same
        self.opened = {g.key for g in self.groups} & opened
        self.rebuild()
        self.keep_place()

    # Sums

    def tally(self) -> Tally:
        """How far the review is, earlier plans it went through included."""
        if self._tally is None:
            self._tally = self._counted()
        return self._tally

    def _counted(self) -> Tally:
        decided = [p for p in self.plan.proposals if self.states[p.id] in DONE]
        return Tally(
            decided=len(decided) + self.before.decided,
            total=len(self.plan.proposals) + self.before.total,
            decided_sums=_added(self.before.decided_sums, sums(decided)),
            total_sums=_added(self.before.total_sums, sums(self.plan.proposals)),
        )

    def count(self, *states: State) -> int:
        """How many proposals are in one of the states."""
        return sum(state in states for state in self.states.values())

    # Inside

    def _moved_on(self) -> None:
        self.version += 1
        self._members.clear()
        self._tally = None

    def _changed(self) -> None:
        self._moved_on()
        if self.filter.states:
            self.rebuild()
        self.keep_place()

    def _stand_on(self, key: str, otherwise: int) -> None:
        found = next((n for n, row in enumerate(self.rows) if row.key == key), None)
        self.cursor = found if found is not None else max(0, min(otherwise, len(self.rows) - 1))

    @staticmethod
    def _ids(plan: Plan) -> frozenset[str]:
        return frozenset(p.id for p in plan.proposals)


def _added(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> dict[str, Decimal]:
    currencies = sorted({*one, *other})
    return {c: one.get(c, Decimal(0)) + other.get(c, Decimal(0)) for c in currencies}


def _tally_json(tally: Tally) -> dict[str, Any]:
    return {
        "count": tally.decided,
        "sums": {currency: amount_text(amount, currency) for currency, amount in tally.decided_sums.items()},
    }


def _tally_from(data: Any) -> Tally:
    """As `_tally_json` wrote it; nothing for anything else."""
    try:
        count, found = int(data["count"]), {str(c): parse_amount(str(a)) for c, a in data["sums"].items()}
    except (TypeError, KeyError, ValueError, AttributeError):
        count, found = 0, {}
    return Tally(decided=count, total=count, decided_sums=found, total_sums=found)
