"""Proposals that are alike and may be approved together. Pure: the same plan gives the same groups in the same order.

Alike means: same kind, class, direction, bank account and currency, and then what makes their writes alike. For money
without a document that is payee, account, tax code and tracking; for payments the situation (one document, several,
part of one, from a clearing account …); for a transfer the other account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from finchat.books.acts import act
from finchat.books.documents import Coding, Direction
from finchat.books.plan import Class, Kind, Proposal
from finchat.workflows.situations import situation

# Kinds whose writes are told apart by where they are booked rather than by what they settle.
CODED: frozenset[Kind] = frozenset({"spend_money", "receive_money"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What the proposals of a group have in common. `payee` is "" where it does not matter; `other_account` is the
    other side of a transfer. `codings`: where each line of money is booked, in order."""

    kind: Kind
    certainty: Class
    situation: str
    direction: Direction | None
    account_id: str
    currency: str
    payee: str = ""
    codings: tuple[Coding, ...] = ()
    other_account: str = ""

    @property
    def key(self) -> str:
        """The same for the same likeness, for a place to come back to."""
        codings = ";".join(f"{c.account_id},{c.tax_type},{c.tracking}" for c in self.codings)
        parts = (self.kind, self.certainty, self.situation, self.direction or "", self.account_id, self.currency)
        return "|".join((*parts, self.payee, codings, self.other_account))


@dataclass(frozen=True, kw_only=True)
class Group:
    """Proposals alike, in the order of the plan."""

    like: Likeness
    proposals: tuple[Proposal, ...]

    @cached_property
    def key(self) -> str:
        return self.like.key


def likeness(proposal: Proposal) -> Likeness:
    """What the proposal has to share with others to be decided together with them."""
    line, what = proposal.line, situation(proposal)
    first = proposal.writes[0].currency if proposal.writes else ""
    payee, codings, other = "", tuple[Coding, ...](), ""
    if proposal.kind in CODED or what == "question":
        payee = payee_of(proposal)
        codings = tuple(link.coding for link in proposal.links if link.coding is not None)
    elif proposal.kind == "transfer":
        other = ",".join(_moved(proposal))
    if proposal.kind not in CODED:  # what a rest was booked to
        codings = tuple(link.coding for link in proposal.links if link.coding is not None)
    return Likeness(
        kind=proposal.kind,
        certainty=proposal.certainty,
        situation=what,
        direction=line.direction if line is not None else None,
        account_id=line.account_id if line is not None else "",
        currency=line.currency if line is not None else first,
        payee=payee,
        codings=codings,
        other_account=other,
    )


def groups(proposals: Iterable[Proposal]) -> tuple[Group, ...]:
    """The proposals by likeness: certain ones first, then those to review, then those that ask; larger groups first."""
    found: dict[Likeness, list[Proposal]] = {}
    for proposal in proposals:
        found.setdefault(likeness(proposal), []).append(proposal)
    made = [Group(like=like, proposals=tuple(members)) for like, members in found.items()]
    made.sort(key=lambda group: (_rank(group.like), -len(group.proposals)))  # stable: the plan's order decides ties
    return tuple(made)


def payee_of(proposal: Proposal) -> str:
    """Who is paid or pays: the contact's id where the ledger knows one, else the name the proposal carries, folded."""
    for link in proposal.links:
        if link.contact_id or link.contact:
            return link.contact_id or _folded(link.contact)
    for ask in proposal.asks:
        if ask.contact_id or ask.contact:
            return ask.contact_id or _folded(ask.contact)
    return _folded(proposal.line.payee) if proposal.line is not None else ""


def payee_name(proposal: Proposal) -> str:
    """The payee as a person reads it; "" when nothing names one."""
    names = [link.contact for link in proposal.links] + [ask.contact for ask in proposal.asks]
    names += [proposal.line.payee] if proposal.line is not None else []
    return next((name for name in names if name), "")


def sums(proposals: Sequence[Proposal]) -> dict[str, Decimal]:
    """What the bank lines come to, in and out added up, by currency in alphabetical order."""
    found: dict[str, Decimal] = {}
    for proposal in proposals:
        amount, currency = size(proposal)
        found[currency] = found.get(currency, Decimal(0)) + amount
    return dict(sorted(found.items()))


def size(proposal: Proposal) -> tuple[Decimal, str]:
    """The amount of its bank line, positive, and the currency; without a line what its writes come to."""
    if proposal.line is not None:
        return proposal.line.amount, proposal.line.currency
    paying = [w for w in proposal.writes if act(w.operation) != "allocation"] or list(proposal.writes)
    currency = paying[0].currency if paying else ""
    return sum((w.amount for w in paying), Decimal(0)), currency


def _rank(like: Likeness) -> int:
    if like.situation == "question":
        return 2
    return 0 if like.certainty == "certain" else 1


def _moved(proposal: Proposal) -> list[str]:
    """The bank accounts a transfer moves, other than the line's own."""
    own = proposal.line.account_id if proposal.line is not None else ""
    ids = {effect.account_id for write in proposal.writes for effect in write.effects if effect.control == "bank"}
    return sorted(ids - {own})


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
