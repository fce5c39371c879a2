"""Whether what a plan says of its writes follows from what would be sent.

A hash proves that a file is as it was hashed, and whoever changes a plan can hash it again. A person approves what the
table and the card say, so all that can be told from the payload must be said of it: amount, currency, effects, links,
preconditions and the way it is read back. A write that finchat does not make itself is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import get_args

from finchat.books.plan import Kind, Proposal, Write
from finchat.providers.operations import OperationTable
from finchat.providers.writing.checking import drafted
from finchat.providers.writing.family import Check, Family

# What a proposal with several kinds of writes is called: the first of these that one of its writes is.
_NAMED_BY: tuple[Kind, ...] = ("transfer", "refund", "overpayment", "prepayment", "payment")


@dataclass(frozen=True, slots=True)
class Consistency:
    """The check of one profile. `reversing`: the operations that take something back; `two_sided`: those that consume
    the line of another account as well; `less`: the type of a link that takes from the others' cash ("" for none);
    `many`: operations whose write is about several links; `untold`: kinds that no payload tells from another, which a
    link's type says."""

    table: OperationTable
    family_of: Callable[[str], Family | None]
    reversing: Collection[str]
    two_sided: Collection[str]
    less: str = ""
    many: Collection[str] = ()
    untold: Mapping[Kind, Kind] = field(default_factory=dict)

    def disagreement(self, proposal: Proposal, base_currency: str) -> str | None:
        """The first thing a proposal says of its writes that their payloads contradict, in plain words; None when there
        is none. Pure; never raises, whatever the plan holds."""
        if not proposal.writes and proposal.asks:
            return f"{proposal.id} has nothing to write before its question is answered"
        try:
            wrong = next((name for name, holds in self._checks(proposal, base_currency) if not holds), None)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
            wrong = f"a value ({error})"
        return None if wrong is None else f"{proposal.id}: {wrong} is not what the payload says"

    def kind_of(self, proposal: Proposal) -> Kind | None:
        """What a proposal is called by the writes it has; None without one that says it."""
        families = ((self.family_of(write.operation), write) for write in proposal.writes)
        kinds = [kind for family, write in families if family is not None and (kind := family.kind(write)) is not None]
        return next((kind for kind in (*_NAMED_BY, *get_args(Kind)) if kind in kinds), None)

    def _checks(self, proposal: Proposal, base: str) -> Iterator[Check]:
        line = proposal.line
        # What takes earlier writes back needs no bank line, and one it shows does not bound it. What a conversation
        # drafts has none: its families check the more.
        reversal = bool(proposal.writes) and all(write.reverses for write in proposal.writes)
        if not (reversal or drafted(proposal)):
            yield "line", line is not None and line.id == proposal.line_id and line.amount > 0
            yield "reverses", not any(write.reverses for write in proposal.writes)
        owned = [id for write in proposal.writes for id in write.link_ids]
        yield "links", sorted(owned) == sorted(link.id for link in proposal.links) and len(set(owned)) == len(owned)
        links = {link.id: link for link in proposal.links}
        for write in proposal.writes:
            yield f"{write.id}.operation", self.family_of(write.operation) is not None
            yield f"{write.id}.reverses", bool(write.reverses) == (write.operation in self.reversing)
        kind = self.kind_of(proposal)
        said = any(link.type == proposal.kind for link in proposal.links)
        yield "kind", proposal.kind == kind or (said and kind is not None and self.untold.get(proposal.kind) == kind)
        ids = [write.id for write in proposal.writes]
        for position, write in enumerate(proposal.writes):
            row, family = self.table[write.operation], self.family_of(write.operation)
            assert family is not None
            yield f"{write.id}.tool", (write.tool, write.resource) == (row.tool, row.resource)
            yield f"{write.id}.depends_on", set(write.depends_on) <= set(ids[:position])
            yield (
                f"{write.id}.link_ids",
                len(write.link_ids) == 1 or bool(write.link_ids and write.operation in self.many),
            )
            yield f"{write.id}.verify.fingerprints", self._of_line(proposal, write)
            for name, holds in family.checks(proposal, write, links[write.link_ids[0]], base):
                yield f"{write.id}.{name}", holds
        if line is not None and not reversal:
            # What moves at the bank is of this line, and together no more than it carries.
            cash = [link for link in proposal.links if link.bank_amount is not None]
            yield (
                "links.bank_amount",
                all((link.bank_amount or 0) * (-1 if link.type == self.less else 1) > 0 for link in cash),
            )
            yield "links.bank_currency", all(link.bank_currency == line.currency for link in cash)
            yield "line.amount", not cash or proposal.cash <= line.amount

    def _of_line(self, proposal: Proposal, write: Write) -> bool:
        """Whether a write uses up its own bank line and no other; a transfer the line on its other account as well."""
        named = (write.verify or {}).get("fingerprints", [])
        own = {proposal.line_id, *(proposal.line.fingerprints if proposal.line is not None else ())}
        told = isinstance(named, list | tuple) and all(isinstance(name, str) for name in named)
        return told and (write.operation in self.two_sided or own.issuperset(named))
