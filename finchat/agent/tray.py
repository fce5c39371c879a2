"""The tray: plans that a model's calls made, until a person has decided on them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from finchat.books.plan import Balances, Plan
    from finchat.safety.results import WriteResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedPlan:
    """A saved plan with what a person sees beside it: the balances before it, and what its accounts are called."""

    plan: Plan
    before: Balances
    account_names: Mapping[str, str] = field(default_factory=dict)


class Settled(Protocol):
    """What became of a plan; `workflows.execute.Applied`, told by its fields."""

    @property
    def plan(self) -> Plan: ...
    @property
    def results(self) -> tuple[WriteResult, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What people decided on the plans they were shown.

    `lines`: what became of each proposal, one plain sentence each, made in code. `record`: the same as a JSON object
    in the shape of a tool's result (amounts as text beside `currency`, lists of records under a plural key): it is
    kept as evidence, so that figures of it can be verified in the model's next words.
    """

    lines: tuple[str, ...]
    record: Mapping[str, Any] | None = None


Decide = Callable[[Sequence[ProposedPlan]], Awaitable[Decided]]


class Tray:
    """The plans of one session, in the order they were made. Nothing here approves anything."""

    def __init__(self) -> None:
        self._plans: dict[str, ProposedPlan] = {}
        self._settled: dict[str, Settled] = {}
        self._withdrawn: set[str] = set()

    def put(self, proposed: ProposedPlan) -> None:
        """Lay a plan down. Raises ValueError for another plan under an id that is there already."""
        known = self._plans.setdefault(proposed.plan.id, proposed)
        if known.plan.hash != proposed.plan.hash:
            raise ValueError(f"another plan has the id {proposed.plan.id}")

    def settle(self, plan_id: str, applied: Settled) -> None:
        """Say what became of a plan. Raises KeyError for one that was never put here."""
        if plan_id not in self._plans:
            raise KeyError(plan_id)
        self._settled[plan_id] = applied

    def withdraw(self, plan_id: str) -> None:
        """Take back a plan that another one was made in the place of: nobody is asked about it any more. Nothing
        happens to one that was decided on. Raises KeyError for one that was never put here."""
        if plan_id not in self._plans:
            raise KeyError(plan_id)
        self._withdrawn.add(plan_id)

    def waiting(self) -> tuple[ProposedPlan, ...]:
        """The plans that nobody has decided on yet."""
        gone = self._settled.keys() | self._withdrawn
        return tuple(one for id, one in self._plans.items() if id not in gone)

    def plans(self) -> tuple[ProposedPlan, ...]:
        """Every plan that was put here."""
        return tuple(self._plans.values())

    def settled(self) -> Mapping[str, Settled]:
        """What became of the plans that were decided on, by plan id."""
        return self._settled
