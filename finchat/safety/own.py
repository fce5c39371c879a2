"""What the guard knows of finchat's own tools, which a model calls beside a server's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finchat.books.plan import Precondition, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.safety.profile_protocol import Receipt, Sighting, Standing, ToolEffect


class OwnProfile:
    """Every tool reads, and no write can be sent through it. Implements Profile."""

    name = "finchat"
    request_lifetime_s = 0.0
    accepts_idempotency_key = False

    def effect(self, tool: str) -> ToolEffect | None:
        """The tools are rows of finchat's own code, and none of them holds a way to a write."""
        return "read"

    def resource(self, tool: str) -> str | None:
        return None

    def disagreement(self, proposal: Proposal, base_currency: str) -> str | None:
        return "finchat's own tools write nothing"

    async def observe(self, toolbox: Toolbox, conditions: Sequence[Precondition]) -> Mapping[Precondition, str]:
        return {}

    async def look_for(self, toolbox: Toolbox, write: Write, *, known_ids: frozenset[str]) -> Sighting:
        return Sighting(found=False, certain=False, text="finchat's own tools write nothing")

    def receipt(self, write: Write, result: CallResult) -> Receipt:
        return Receipt(disagreement="finchat's own tools write nothing")

    async def read_back(self, toolbox: Toolbox, written: Sequence[tuple[Write, str]]) -> Sequence[Standing]:
        return [Standing(presence="unreadable") for _ in written]
