"""One kind of write, whole: what its payload must bear out, what a reply says, how it is found and read again.

Every write of a profile belongs to exactly one family. The guard's profile, the consistency check and the read-back go
by the list of them and know no operation themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.writing.undoing import Found, Need

Presence = Literal["there", "deleted", "missing", "unreadable"]
Check = tuple[str, bool]  # the field of the plan, and whether the payload bears it out


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What looking for one write showed. The guard's Sighting, told by its fields."""

    found: bool
    ledger_id: str | None = None
    due_before: Decimal | None = None
    due_after: Decimal | None = None
    text: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The guard's Receipt, told by its fields."""

    ledger_id: str | None = None
    due_after: Decimal | None = None
    disagreement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The guard's Standing, told by its fields."""

    presence: Presence
    due: Decimal | None = None
    remaining: Decimal | None = None
    disagreement: str = ""


class Family(Protocol):
    """The writes of some operations. All but `look_for` is pure."""

    @property
    def operations(self) -> frozenset[str]:
        """The canonical operations it owns."""

    def kind(self, write: Write) -> Kind | None:
        """What a proposal with this write is called; None for a write that only goes with others."""

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        """What the plan says of the write, against its payload. May raise what a malformed plan makes it raise
        (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError): that refuses it as well."""

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> Receipt:
        """What the reply's record says that was done, compared with what was sent. Raises UnreadableRecord."""

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        """Find a write whose outcome is not known. Raises FinchatError when the ledger cannot be read."""

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        """The records that tell how the write stands. Asked again after each read with all that was `found`, until
        nothing new is needed: what only some answers ask for is named when they came."""

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        """How a confirmed write stands by the records that were read. Raises UnreadableRecord."""
