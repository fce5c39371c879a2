"""Today of several organisations: what stands as of each one's own today stands as of today in one conversation.

An organisation in Auckland is a day ahead of one in Texas for most of the day. An answer that says "now" of both, or
names no day, is of the same moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finchat.agent.facts import Fact, FactPeriod, Source, Vocabulary

if TYPE_CHECKING:
    from finchat.agent.attribution import OwnersOf
    from finchat.agent.calls import Kept
    from finchat.agent.loop import Evidence
    from finchat.connections.toolbox import CallResult


@dataclass(frozen=True)
class AtOneMoment:
    """Evidence whose facts as of the own today of an organisation are there as of `as_of`, the conversation's, too.

    `todays`: by the organisation's name; `owners_of` says whose a fact is. One of several organisations stays as it is.
    """

    inner: Evidence
    as_of: date
    todays: Mapping[str, date]
    owners_of: OwnersOf

    def keep(self, *, server: str, tool: str, arguments: Mapping[str, Any], result: CallResult, at: datetime) -> Kept:
        return self.inner.keep(server=server, tool=tool, arguments=arguments, result=result, at=at)

    def facts(self, values: Collection[Decimal | date | str] | None = None) -> Sequence[Fact]:
        return [*(found := self.inner.facts(values)), *self._as_of_today(found)]

    def all_facts(self, most: int) -> Sequence[Fact] | None:
        found = self.inner.all_facts(most)
        return None if found is None else [*found, *self._as_of_today(found)]

    def names(self) -> Vocabulary:
        return self.inner.names()

    def _as_of_today(self, facts: Sequence[Fact]) -> Iterator[Fact]:
        elsewhere = {FactPeriod(first=None, last=day) for day in self.todays.values() if day != self.as_of}
        for fact in facts:
            if fact.period in elsewhere and fact.period is not None:
                owners = {
                    self.todays.get(name)
                    for name in self.owners_of(Source(evidence_id=fact.evidence_id, path=fact.path))
                }
                if owners == {fact.period.last}:
                    yield replace(fact, period=FactPeriod(first=None, last=self.as_of))
