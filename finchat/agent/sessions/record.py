"""A session as its lines tell it: what was asked, looked at, answered, proposed and decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from finchat.agent.conversation import Change
from finchat.agent.facts import Figure, figure_from_json
from finchat.agent.sessions.lines import FORMAT, Line, change_of, read, whole
from finchat.text.sanitise import one_line

_LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOrganisation:
    """Whose books a session is about: the configured server, and the organisation's id and name there."""

    server: str
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """Words of the model with their figures as they were checked. `final` False: a correction, a decision or calls
    followed."""

    text: str
    figures: tuple[Figure, ...]
    final: bool


@dataclass(slots=True, kw_only=True)
class KeptPlan:
    """A plan that the session made. `left`: writes that nobody had decided on, None when nobody was asked."""

    id: str
    hash: str
    proposals: int
    writes: int
    status: str | None = None
    left: int | None = None
    lines: tuple[str, ...] = ()

    @property
    def awaits(self) -> bool:
        """As far as this session knows; what became of it later is in the journal."""
        return self.left is None or self.left > 0


@dataclass(slots=True, kw_only=True)
class KeptUsage:
    """Tokens as the endpoint counted them or finchat guessed; `cost` in the currency of the configured prices."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: Decimal | None = None

    def add(self, data: Mapping[str, Any]) -> None:
        for name in ("requests", "input_tokens", "output_tokens", "cached_tokens"):
            setattr(self, name, getattr(self, name) + int(data[name]))
        if data["cost"] is not None:
            self.cost = (self.cost or Decimal(0)) + Decimal(data["cost"])


@dataclass(slots=True, kw_only=True)
class KeptTurn:
    """One question and what came of it. `complete` None: the process ended before it was over."""

    at: str
    question: str
    model: str
    api: str
    calls: list[Mapping[str, Any]] = field(default_factory=list)
    answers: list[KeptAnswer] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)
    complete: bool | None = None
    stopped_by: str | None = None
    failure: Mapping[str, Any] | None = None
    usage: KeptUsage = field(default_factory=KeptUsage)


@dataclass(slots=True, kw_only=True)
class SessionRecord:
    """Everything of one session. `updated` and `created` are ISO instants, `size` bytes of its lines."""

    id: str
    size: int
    organisation: SessionOrganisation
    created: str
    updated: str
    finchat: str
    model: str
    api: str
    private: bool
    mark: str
    given_title: str = ""
    torn: bool = False
    turns: list[KeptTurn] = field(default_factory=list)
    plans: dict[str, KeptPlan] = field(default_factory=dict)
    usage: KeptUsage = field(default_factory=KeptUsage)
    compactions: int = 0
    changes: list[Change] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What a person called it, else its first question."""
        first = self.turns[0].question if self.turns else ""
        return self.given_title or one_line(first, _LONGEST_TITLE)

    @property
    def awaiting(self) -> tuple[KeptPlan, ...]:
        """The plans that still wait for a person, as far as the session knows."""
        return tuple(plan for plan in self.plans.values() if plan.awaits)


class NotASession(ValueError):
    """A file that does not begin as one of finchat's sessions, or is of a later finchat (`newer`)."""

    def __init__(self, why: str, *, newer: bool = False) -> None:
        super().__init__(why)
        self.newer = newer


def record_of(session_id: str, data: bytes, *, without: tuple[str, ...] = ()) -> SessionRecord:
    """What the lines tell. `without`: types of lines that are left unread; changes and figures are left out then too.

    Raises NotASession for what is none; Damaged for a line in the middle that cannot be read.
    """
    found: SessionRecord | None = None
    for number, line in enumerate(read(data, without=without), 1):
        try:
            if found is None:
                found = _begun(session_id, line)
            else:
                _take(found, line, exact=not without)
        except (KeyError, TypeError, ValueError, AttributeError) as odd:
            if isinstance(odd, NotASession):
                raise
            raise NotASession(f"its line {number} is not one that finchat writes") from odd
    if found is None:
        raise NotASession("it holds no whole line")
    found.size = len(data)
    found.torn = whole(data) < len(data)
    return found


def _begun(session_id: str, line: Line) -> SessionRecord:
    if line.type != "session":
        raise NotASession("it does not begin like a session")
    data = line.data
    if int(data["format"]) > FORMAT:
        raise NotASession("a newer finchat wrote it", newer=True)
    return SessionRecord(
        id=session_id, size=0, created=line.at, updated=line.at, finchat=data["finchat"],
        organisation=SessionOrganisation(**data["organisation"]), model=data["model"], api=data["api"],
        private=data["private"] is True, mark=data["mark"],
    )  # fmt: skip


def _take(record: SessionRecord, line: Line, *, exact: bool) -> None:
    record.updated = line.at
    data = line.data
    match line.type:
        case "question":
            record.turns.append(KeptTurn(at=line.at, question=data["text"], model=record.model, api=record.api))
        case "resumed":
            record.model, record.api, record.private = data["model"], data["api"], record.private or data["private"]
        case "title":
            record.given_title = data["text"]
        case "put_away" | "summary":
            record.compactions += 1
        case "decided" if (plan := record.plans.get(data["plan_id"])) is not None:
            plan.status, plan.left, plan.lines = data["status"], int(data["left"]), tuple(data["lines"])
        case _ if record.turns:
            _of_turn(record, record.turns[-1], line, exact=exact)
    if exact and (change := change_of(line)) is not None:
        record.changes.append(change)


def _of_turn(record: SessionRecord, turn: KeptTurn, line: Line, *, exact: bool) -> None:
    data = line.data
    match line.type:
        case "call":
            turn.calls.append(data)
        case "proposed":
            plan = KeptPlan(
                id=data["plan_id"], hash=data["plan_hash"], proposals=int(data["proposals"]), writes=int(data["writes"])
            )
            record.plans[plan.id] = plan
            turn.plans.append(plan.id)
        case "answer":
            figures = tuple(figure_from_json(figure) for figure in data["figures"] if exact)
            turn.answers.append(KeptAnswer(text=data["text"], figures=figures, final=data["final"]))
        case "finished":
            turn.complete, turn.stopped_by, turn.failure = data["complete"], data["stopped_by"], data["failure"]
            turn.model, turn.api = data["model"], data["api"]
            turn.usage.add(data["usage"])
            record.usage.add(data["usage"])
            if data["answer"] is not None:
                turn.answers.append(KeptAnswer(text=data["answer"], figures=(), final=True))
