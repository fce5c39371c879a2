"""A conversation and one model request, in no vendor's words. Adapters turn them into an API's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from finchat.errors import AuthenticationError, FinchatError, LimitReached, Unavailable

Api = Literal["responses", "chat"]


@dataclass(frozen=True, slots=True)
class UserText:
    """What the person wrote, or what finchat tells the model in the person's place (outcomes, corrections)."""

    text: str


@dataclass(frozen=True, slots=True)
class AssistantText:
    """Words of the model."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """An item that only the API that gave it understands (encrypted reasoning); handed back to it as it came."""

    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model asked for: the id it gave, the name and the arguments text exactly as they came."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """The answer to one ToolCall, as the model gets it."""

    call_id: str
    text: str


Item = UserText | AssistantText | Reasoning | ToolCall | ToolOutput


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as it is offered to the model. `parameters` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One request: everything the model gets to see."""

    instructions: str
    items: tuple[Item, ...]
    tools: tuple[ToolSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens as the API counted them; zero where it does not tell."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0  # of the input

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
        )


# What a model's turn yields


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the model's words, as it came. Not checked, and void when the turn turns out to be broken."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """The request is sent again after `seconds`; nothing of it was answered."""

    seconds: float
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnComplete:
    """The turn ended as the API says a whole turn ends. `items`: Reasoning, AssistantText and ToolCall, in order."""

    items: tuple[Item, ...]
    usage: TokenUsage = field(default_factory=TokenUsage)

    @property
    def text(self) -> str:
        return "".join(item.text for item in self.items if isinstance(item, AssistantText))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(item for item in self.items if isinstance(item, ToolCall))


ModelEvent = TextDelta | Retrying | TurnComplete


# How a turn fails. Everything else an adapter meets is turned into one of these.

Broken = Literal["cut", "length", "content_filter", "error", "malformed", "silent", "too_slow", "too_large"]


class TurnBroken(FinchatError):
    """The turn did not end as a whole one: cut off, truncated, filtered, an error in the stream, not what the API
    speaks, silent for too long. None of its calls may be executed; `calls` are those that were seen of it, for the
    record."""

    code = "model_turn_broken"

    def __init__(
        self, message: str, *, why: Broken, usage: TokenUsage | None = None, calls: tuple[ToolCall, ...] = ()
    ) -> None:
        super().__init__(message, next="ask again; nothing of the broken answer was used")
        self.why = why
        self.usage = usage or TokenUsage()
        self.calls = calls


class ContextTooLong(FinchatError):
    """The conversation does not fit the model's context."""

    code = "model_context"


class ModelRefused(FinchatError):
    """The endpoint refused the request itself (unknown model, bad parameter); sending it again would not help."""

    code = "model_refused"


class ModelUnavailable(Unavailable):
    """The endpoint cannot be reached, or answers with nothing but errors, within the retries allowed."""

    code = "model_unavailable"


class ModelKeyRefused(AuthenticationError):
    """No key, or the endpoint does not accept it."""

    code = "model_key"


class ModelRateLimited(LimitReached):
    """The endpoint asks to wait longer than finchat waits; `next` names until when."""

    code = "model_rate_limited"


class Model(Protocol):
    """A model behind an API, or a wrapper of one. One turn at a time."""

    @property
    def name(self) -> str:
        """The model's name, as the endpoint takes it."""

    @property
    def api(self) -> Api:
        """Which of the two APIs it is spoken to by."""

    @property
    def destination(self) -> str:
        """Scheme, host and port that everything is sent to; no credentials."""

    def turn(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Send one request and yield what comes: any number of Retrying and TextDelta, then exactly one TurnComplete.

        Raises one of the errors above, and nothing else but CancelledError.
        """

    async def close(self) -> None:
        """Let go of connections."""


class WrappedModel:
    """What a wrapper of a Model has in common with the one inside; it brings its own `turn`."""

    def __init__(self, inner: Model) -> None:
        self._inner = inner

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def api(self) -> Api:
        return self._inner.api

    @property
    def destination(self) -> str:
        return self._inner.destination

    async def close(self) -> None:
        await self._inner.close()
