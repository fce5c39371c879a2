"""The `quickbooks` profile for the guard: what each tool does, how facts are re-read and how a write is read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finchat.books.plan import Precondition, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.operations import Effect
from finchat.providers.quickbooks.consistency import CONSISTENCY
from finchat.providers.quickbooks.facts import observe
from finchat.providers.quickbooks.read_back import READ_BACK
from finchat.providers.quickbooks.table import TABLE
from finchat.providers.writing.family import Receipt, Sighting, Standing


class QuickBooksProfile:
    """Implements the guard's Profile for finchat's own QuickBooks server and for servers with the same tool names."""

    name = "quickbooks"
    request_lifetime_s = 120.0
    accepts_idempotency_key = True

    @property
    def resources(self) -> frozenset[str]:
        """The words policy.toml may use for what this server holds."""
        return frozenset(row.resource for row in TABLE.rows)

    def effect(self, tool: str) -> Effect | None:
        row = TABLE.by_tool(tool)
        return None if row is None else row.effect

    def resource(self, tool: str) -> str | None:
        row = TABLE.by_tool(tool)
        return None if row is None else row.resource

    def disagreement(self, proposal: Proposal, base_currency: str) -> str | None:
        """The first thing a proposal says of its writes that their payloads contradict."""
        return CONSISTENCY.disagreement(proposal, base_currency)

    async def observe(self, toolbox: Toolbox, conditions: Sequence[Precondition]) -> Mapping[Precondition, str]:
        """One query for hundreds of records of a kind, one for the company and one for its preferences."""
        return await observe(toolbox, conditions)

    async def look_for(self, toolbox: Toolbox, write: Write, *, known_ids: frozenset[str]) -> Sighting:
        """By the token a write carries; an unapplied payment by what is put against its document."""
        return await READ_BACK.look_for(toolbox, write, known_ids)

    def receipt(self, write: Write, result: CallResult) -> Receipt:
        """The id the server gave, and whether the record it answers with is the one that was sent."""
        return READ_BACK.receipt(write, result)

    async def read_back(self, toolbox: Toolbox, written: Sequence[tuple[Write, str]]) -> Sequence[Standing]:
        """One query for hundreds of records of a kind."""
        return await READ_BACK.read_back(toolbox, written)


QUICKBOOKS_PROFILE = QuickBooksProfile()
