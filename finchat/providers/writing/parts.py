"""Putting a write together: what all of them have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finchat.books.documents import BankLine, Document, Undeposited
from finchat.books.money import amount_text
from finchat.books.plan import Effect, Link, PlanLine, Precondition, Write
from finchat.providers.writing.context import WriteContext

AnyLine = BankLine | PlanLine


@dataclass(frozen=True, slots=True)
class Party:
    """A contact as a link names it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a write stands: in which proposal, under which id, after which others."""

    proposal_id: str
    id: str
    depends_on: tuple[str, ...] = ()

    @property
    def link_id(self) -> str:
        return f"{self.proposal_id}.{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A document as a write needs it: all that a plan says of it, so that a saved plan is enough."""

    id: str
    type: str
    number: str
    contact_id: str
    contact: str
    currency: str

    @classmethod
    def of(cls, document: Document) -> Named:
        return cls(
            id=document.id, type=document.type, number=document.number, contact_id=document.contact_id,
            contact=document.contact, currency=document.currency,
        )  # fmt: skip

    @classmethod
    def from_link(cls, link: Link) -> Named:
        return cls(
            id=link.document_id, type=link.type, number=link.number, contact_id=link.contact_id, contact=link.contact,
            currency=link.currency,
        )  # fmt: skip


def gathered_links(place: Place, gathered: Iterable[Undeposited]) -> tuple[Link, ...]:
    """What a deposit takes to the bank, as links: one for each receipt, whose `type` is what it is recorded as."""
    return tuple(
        Link(
            id=f"{place.link_id}.{number}", document_id=one.id, type=one.record, number=one.reference,
            contact_id=one.contact_id, contact=one.contact, amount=one.amount, currency=one.currency,
            bank_amount=one.amount, bank_currency=one.currency,
        )
        for number, one in enumerate(gathered, 1)
    )  # fmt: skip


def write(
    context: WriteContext,
    operation: str,
    place: Place,
    arguments: Mapping[str, Any],
    *,
    amount: Decimal,
    currency: str,
    preconditions: Iterable[Precondition],
    effects: Iterable[Effect],
    verify: Mapping[str, Any],
) -> Write:
    """A write of one link. Raises CannotPropose when the server does not offer its tool."""
    row, tool = context.operation(operation), context.tool(operation)
    return Write(
        id=place.id,
        operation=row.name,
        resource=row.resource,
        tool=tool.name,
        tool_sha256=tool.sha256,
        arguments=dict(arguments),
        amount=amount,
        currency=currency,
        link_ids=(place.link_id,),
        preconditions=tuple(dict.fromkeys(preconditions)),
        effects=tuple(effects),
        verify=dict(verify),
        depends_on=place.depends_on,
    )


def due_verified(document_id: str, amount: Decimal, due: Decimal, currency: str) -> dict[str, str]:
    """What reading back a write that settles a document goes by."""
    return {
        "document_id": document_id,
        "amount": amount_text(amount, currency),
        "due_before": amount_text(due, currency),
        "due_after": amount_text(due - amount, currency),
    }
