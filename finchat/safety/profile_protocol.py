"""What the guard must know of a vendor's tools, and how it reads a write back. Providers implement it as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from finchat.books.plan import Precondition, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox

ToolEffect = Literal["read", "write", "destructive"]
# Reads of these resources find out which organisation it is; they are allowed before recovery has run there.
ORGANISATION_RESOURCES = frozenset({"organisations", "organisation", "connections", "company_info", "preferences"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What reading back one write showed.

    `certain` is False when the server offers no way to read this write back at all: only a human can settle it.
    `due_before` and `due_after` are in the document's currency, as the ledger now states or implies them; None when
    the write settles no document. `text` is one plain sentence.
    """

    found: bool
    ledger_id: str | None = None
    due_before: Decimal | None = None
    due_after: Decimal | None = None
    text: str = ""
    certain: bool = True


class SightingLike(Protocol):
    """Sighting, told by its fields: providers may not import this room."""

    @property
    def found(self) -> bool: ...
    @property
    def ledger_id(self) -> str | None: ...
    @property
    def due_before(self) -> Decimal | None: ...
    @property
    def due_after(self) -> Decimal | None: ...
    @property
    def text(self) -> str: ...
    @property
    def certain(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the reply to a write says that the server has done.

    `due_after` is the document's, in its currency, where the reply tells it. `disagreement` says in plain words what
    is missing or is not as it was sent; "" for a reply that is clear and agrees, which then settles the write.
    """

    ledger_id: str | None = None
    due_after: Decimal | None = None
    disagreement: str = ""


class ReceiptLike(Protocol):
    """Receipt, told by its fields."""

    @property
    def ledger_id(self) -> str | None: ...
    @property
    def due_after(self) -> Decimal | None: ...
    @property
    def disagreement(self) -> str: ...


Presence = Literal["there", "deleted", "missing", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the ledger says, on a read of its own, of one write that the server confirmed.

    `presence`: deleted means that the ledger knows it and that somebody took it back; missing, that the ledger knows
    nothing of it; unreadable, that this server offers no way to look. `due` is what the document has due now and
    `remaining` what the credit has left, in the document's currency. `disagreement` says what is not as it was sent.
    """

    presence: Presence
    due: Decimal | None = None
    remaining: Decimal | None = None
    disagreement: str = ""


class StandingLike(Protocol):
    """Standing, told by its fields."""

    @property
    def presence(self) -> Presence: ...
    @property
    def due(self) -> Decimal | None: ...
    @property
    def remaining(self) -> Decimal | None: ...
    @property
    def disagreement(self) -> str: ...


class Profile(Protocol):
    """One MCP server's tools: their effect and resource, and how facts and writes are read again.

    The guard itself understands two keys of `Write.verify`, beside those the profile reads:
    `fingerprints` (list of text): every fingerprint of the bank line the write consumes (FITID and hash);
    `known_ids` (list of text): ids that were there at planning, when a write is recognised by what is new.
    """

    @property
    def name(self) -> str:
        """The profile's name in the settings, e.g. `xero`."""

    @property
    def request_lifetime_s(self) -> float:
        """Seconds the vendor may still be working on a request whose answer never came."""

    @property
    def accepts_idempotency_key(self) -> bool:
        """Whether the server turns the key in `_meta` into the vendor's own."""

    def effect(self, tool: str) -> ToolEffect | None:
        """The tool's class by the profile's own table; None for a tool it does not list, which counts as a write."""

    def resource(self, tool: str) -> str | None:
        """The resource the tool touches, as policy.toml names it; None for a tool the table does not list."""

    def disagreement(self, proposal: Proposal, base_currency: str) -> str | None:
        """The first thing a proposal says of its writes (amount, effects, links, read-back) that their payloads
        contradict, in plain words; None when all that can be told follows from them. Pure; never raises."""

    async def observe(self, toolbox: Toolbox, conditions: Sequence[Precondition]) -> Mapping[Precondition, str]:
        """The present text of each fact, read in as few calls as the API allows. A record that is gone is left out.

        Raises FinchatError when the facts cannot be read.
        """

    async def look_for(self, toolbox: Toolbox, write: Write, *, known_ids: frozenset[str]) -> SightingLike:
        """Find a write in the ledger by its token, its key or the ids that are new beside `known_ids`.

        Raises FinchatError when the ledger cannot be read.
        """

    def receipt(self, write: Write, result: CallResult) -> ReceiptLike:
        """What the reply to a write says that was done, compared with what was sent. Pure; never raises."""

    async def read_back(self, toolbox: Toolbox, written: Sequence[tuple[Write, str]]) -> Sequence[StandingLike]:
        """How confirmed writes, each with its ledger id, stand in the ledger now: in the same order, in as few calls
        as the API allows.

        Raises FinchatError when the ledger cannot be read.
        """
