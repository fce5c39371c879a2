"""What an entity is, as its tools, its queries and its updates need it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from finchat.servers.quickbooks.arguments import Field, identity, instant, queryable

Verb = Literal["list", "get", "create", "update", "delete", "void"]
ALL: tuple[Verb, ...] = ("list", "get", "create", "update", "delete")
NAMED: tuple[Verb, ...] = ("list", "get", "create", "update")
READ: tuple[Verb, ...] = ("list", "get")

COMMON = (
    identity("Id", "Id.", "qo"),
    instant("MetaData.CreateTime", "When it was made.", "qo"),
    instant("MetaData.LastUpdatedTime", "When it was last changed.", "qo"),
)


@dataclass(frozen=True)
class Entity:
    """`name` is QuickBooks' own; `singular` and `plural` are the words in tool names; `what` is in their texts.

    `examples` are queries; the first is offered to those who wrote a wrong one. `computed` are amounts QuickBooks
    works out: they are never sent back. `settles`: its TotalAmt is money that its lines divide among documents.
    `named`: a name list, which is deactivated (`Active` false) and never deleted.
    """

    name: str
    singular: str
    plural: str
    what: str
    fields: tuple[Field, ...]
    examples: tuple[str, ...]
    verbs: tuple[Verb, ...] = ALL
    named: bool = False
    settles: bool = False
    computed: frozenset[str] = frozenset()
    note: str = ""
    update_note: str = ""

    @property
    def path(self) -> str:
        """Its place below the company's address."""
        return self.name.lower()

    @cached_property
    def known(self) -> tuple[Field, ...]:
        return (*COMMON, *self.fields)

    @cached_property
    def queryable(self) -> tuple[str, ...]:
        """What a query can filter and sort by."""
        return queryable(self.known)

    @cached_property
    def writable(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.writable)

    @cached_property
    def clearable(self) -> tuple[str, ...]:
        """The fields that may be emptied."""
        return tuple(
            field.name for field in self.writable if not field.required and field.kind not in ("lines", "flag")
        )

    @property
    def has_lines(self) -> bool:
        return any(field.kind == "lines" for field in self.fields)
