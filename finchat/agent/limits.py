"""What one run may use, and what it has used: requests, tokens, money, seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from finchat.agent.events import StoppedBy, Usage
from finchat.agent.messages import TokenUsage
from finchat.clock import Clock
from finchat.model_settings import RunLimits

T = TypeVar("T")
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a million tokens cost, in `currency`. Cached tokens count like others: never less than the bill."""

    input: Decimal
    output: Decimal
    currency: str

    def of(self, tokens: TokenUsage) -> Decimal:
        return (tokens.input_tokens * self.input + tokens.output_tokens * self.output) / _MILLION


class Stopped(Exception):
    """A limit ends the run."""

    def __init__(self, by: StoppedBy, why: str) -> None:
        super().__init__(why)
        self.by: StoppedBy = by
        self.why = why


class Meter:
    """The use of one run, held against its limits. Time is monotonic and stands still while a person decides."""

    def __init__(self, limits: RunLimits, prices: Prices | None = None) -> None:
        self._limits = limits
        self._prices = prices
        self._requests = 0
        self._tokens = TokenUsage()
        self._last_input = 0  # a conversation only grows: the next request is no smaller
        self._started = Clock.monotonic()

    @property
    def usage(self) -> Usage:
        cost = None if self._prices is None else self._prices.of(self._tokens)
        return Usage(requests=self._requests, tokens=self._tokens, cost=cost)

    @property
    def turns(self) -> int:
        """Requests that were sent to the model."""
        return self._requests

    def seconds_left(self) -> float:
        return self._limits.seconds - (Clock.monotonic() - self._started)

    def admit(self, estimated_tokens: int) -> None:
        """Count a request that is about to be sent; `estimated_tokens` are its input. Raises Stopped."""
        if stop := self.against(estimated_tokens):
            raise stop
        self._requests += 1

    def against(self, estimated_tokens: int) -> Stopped | None:
        """The limit that one more request would pass, if any."""
        limits, tokens = self._limits, self._tokens
        estimated_tokens = max(estimated_tokens, self._last_input)
        used = tokens.input_tokens + tokens.output_tokens
        if self._requests >= limits.turns:
            return Stopped("turns", f"{self._requests} requests to the model are the limit (limits.turns)")
        if used + estimated_tokens > limits.tokens:
            return Stopped(
                "tokens",
                f"{used} tokens are used, and the next request of about {estimated_tokens} would pass the limit of "
                f"{limits.tokens} (limits.tokens)",
            )
        if limits.cost is not None and self._prices is not None:
            cost = self._prices.of(tokens + TokenUsage(input_tokens=estimated_tokens))
            if cost > limits.cost:
                spent, currency = self._prices.of(tokens), self._prices.currency
                return Stopped(
                    "money",
                    f"{spent:.4f} {currency} are spent, and the next request would pass the limit of "
                    f"{limits.cost:f} {currency} (limits.cost)",
                )
        if self.seconds_left() <= 0:
            return self.too_late()
        return None

    def used(self, reported: TokenUsage, *, estimated_input: int, estimated_output: int) -> None:
        """What a turn used, by the endpoint's count; by ours where it tells none."""
        self._last_input = reported.input_tokens
        told = reported.input_tokens or reported.output_tokens
        ours = TokenUsage(input_tokens=estimated_input, output_tokens=estimated_output)
        self._tokens += reported if told else ours

    def compacted(self) -> None:
        """The conversation was made shorter: the last request tells nothing of the next."""
        self._last_input = 0

    async def within(self, awaitable: Awaitable[T]) -> T:
        """Wait for something, as long as there is time. Raises Stopped when it runs out, with the wait cancelled."""
        try:
            async with asyncio.timeout(max(self.seconds_left(), 0)) as timeout:
                return await awaitable
        except TimeoutError:
            if timeout.expired():
                raise self.too_late() from None
            raise

    @contextmanager
    def paused(self) -> Iterator[None]:
        """A person decides: that time is not the run's."""
        began = Clock.monotonic()
        try:
            yield
        finally:
            self._started += Clock.monotonic() - began

    def too_late(self) -> Stopped:
        """What ends a run whose time is up."""
        return Stopped("time", f"{self._limits.seconds:g} s are the limit (limits.seconds)")
