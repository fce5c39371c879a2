"""The `xero` profile for the guard: what each tool does, how facts are re-read and how a write is read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finchat.books.plan import Precondition, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.operations import Effect
from finchat.providers.xero.consistency import disagreement
from finchat.providers.xero.facts import observe
from finchat.providers.xero.family import XeroReceipt, XeroSighting, XeroStanding
from finchat.providers.xero.read_back import look_for, read_back, receipt
from finchat.providers.xero.table import TABLE


class XeroProfile:
    """Implements the guard's Profile for finchat's own Xero server and for servers with the same tool names."""

    name = "xero"
    request_lifetime_s = 60.0
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
        return disagreement(proposal, base_currency)

    async def observe(self, toolbox: Toolbox, conditions: Sequence[Precondition]) -> Mapping[Precondition, str]:
        """One call for up to 40 documents or contacts, one for 20 credits or bank records of a kind, and one each for
        all accounts, all tax codes, all tracking options and the organisation."""
        return await observe(toolbox, conditions)

    async def look_for(self, toolbox: Toolbox, write: Write, *, known_ids: frozenset[str]) -> XeroSighting:
        """By the token a write carries; an allocation by what is new on its credit."""
        return await look_for(toolbox, write, known_ids)

    def receipt(self, write: Write, result: CallResult) -> XeroReceipt:
        """The id the server gave, and whether the record it answers with is the one that was sent."""
        return receipt(write, result)

    async def read_back(self, toolbox: Toolbox, written: Sequence[tuple[Write, str]]) -> Sequence[XeroStanding]:
        """One call for up to 40 documents with their payments, one for 20 credits of a kind with their allocations, one
        for 20 bank transactions or transfers; one more for a payment that its document does not list."""
        return await read_back(toolbox, written)


XERO_PROFILE = XeroProfile()
