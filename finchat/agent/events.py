"""What the agent tells its faces while it works; `finchat ask --events` prints them as JSON lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from finchat.agent.facts import Figure
from finchat.agent.messages import Api, Broken, TokenUsage
from finchat.errors import FinchatError
from finchat.events import Event

if TYPE_CHECKING:
    from finchat.books.plan import Plan

StoppedBy = Literal["turns", "tokens", "money", "time", "model"]
CallEffect = Literal["read", "propose", "local", "write", "destructive"]
CallDecision = Literal["allow", "deny", "void", "invalid"]
CallOutcome = Literal["done", "failed", "refused", "not_executed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAsked:
    """A request goes to the model. `estimated_tokens` is ours, of the whole request."""

    turn: int
    tools: int
    estimated_tokens: int


@dataclass(frozen=True, slots=True)
class TextArrived:
    """Words of the model as they come: not checked yet."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWaiting:
    """The model's endpoint is asked again after `seconds`."""

    seconds: float
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnVoid:
    """A turn was broken: its words and calls are void. `retried`: it is asked for once more."""

    why: Broken
    text: str
    retried: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """A call the model asked for begins. `arguments` are what is sent, after validation."""

    id: str
    server: str
    tool: str
    arguments: Mapping[str, Any]
    effect: CallEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call the model asked for, and what became of it. `arguments` is text where they could not be read."""

    id: str
    server: str
    tool: str
    arguments: Mapping[str, Any] | str
    effect: CallEffect
    decision: CallDecision
    outcome: CallOutcome
    rows: int | None = None
    evidence_id: str | None = None
    error: str | None = None
    took_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """Writes were proposed: a plan that only a person can approve."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChecked:
    """The model's words of one turn, whole, with their figures checked. `final` False: calls come next, the model is
    asked to correct it, or a person decides on what it proposed."""

    text: str
    figures: tuple[Figure, ...]
    final: bool

    @property
    def unverified(self) -> tuple[Figure, ...]:
        return tuple(figure for figure in self.figures if not figure.verified)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a run used. `cost` is in the currency of the configured prices; None without prices."""

    requests: int = 0
    tokens: TokenUsage = field(default_factory=TokenUsage)
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The run is over. `complete` is False when a limit or the model stopped it; `answer` then says what was done.

    `failure`: the error that ended the run, where one did (the endpoint is dead, the key is refused); its exit code is
    the run's.
    """

    answer: str
    complete: bool
    stopped_by: StoppedBy | None
    figures: tuple[Figure, ...]
    calls: tuple[Called, ...]
    usage: Usage
    model: str
    api: Api
    session_id: str
    failure: FinchatError | None = None


AgentEvent = (
    ModelAsked | TextArrived | ModelWaiting | TurnVoid | CallStarted | Called | Proposed | AnswerChecked | Finished
    | Event
)  # fmt: skip
