"""The seeded QuickBooks company behind the real server and session, read by the provider; and seen from outside."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from finchat.connections.sessions import open_session
from finchat.connections.toolbox import CallResult, Tool, Toolbox
from finchat.events import Event
from finchat.providers.quickbooks.provider import QuickBooksProvider
from finchat.sandbox.company import SeededCompany, generate_quickbooks
from finchat.sandbox.quickbooks.app import create_app
from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd
from finchat.servers.quickbooks.server import build
from finchat.servers.quickbooks.upstream import company_path
from finchat.servers.upstream import in_process
from finchat.settings import ServerSettings
from tests.sandbox.quickbooks.seeded import PLENTY, TODAY, seeded

WEEK = (date(2026, 11, 14), TODAY)


class Counted:
    """A toolbox that writes down what passes through it."""

    def __init__(self, inner: Toolbox) -> None:
        self._inner = inner
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    @property
    def server(self) -> str:
        return self._inner.server

    async def tools(self) -> Mapping[str, Tool]:
        return await self._inner.tools()

    async def call(self, name: str, arguments: Mapping[str, Any], **more: Any) -> CallResult:
        self.calls.append((name, arguments))
        return await self._inner.call(name, arguments, **more)


@dataclass
class Opened:
    """`company` is a copy of its own; `notices` is what a person was told."""

    company: QuickBooksBackEnd
    toolbox: Counted
    provider: QuickBooksProvider
    events: list[Event] = field(default_factory=list)

    def rows(self, entity: str) -> list[dict[str, Any]]:
        """Every record of an entity with its Id and columns, straight from the file."""
        found = self.company.db.execute(
            "SELECT id, body, party, date, total, balance FROM record WHERE entity = ? AND deleted = 0", (entity,)
        )
        return [{**json.loads(row["body"], parse_float=Decimal), "Id": row["id"], "row": row} for row in found]


@asynccontextmanager
async def opened(company: QuickBooksBackEnd | None = None) -> AsyncIterator[Opened]:
    held = company or seeded()
    settings = ServerSettings(name="qb", profile="quickbooks", sandbox=True)

    @asynccontextmanager
    async def own(_: ServerSettings) -> AsyncIterator[Any]:
        async with in_process(create_app(held, limits=PLENTY), path=company_path(held.realm_id)) as api:
            yield build(api, text_copy=False)

    events: list[Event] = []
    try:
        async with open_session(settings, in_memory=own, emit=events.append) as session:
            toolbox = Counted(session)
            yield Opened(held, toolbox, QuickBooksProvider(toolbox, emit=events.append), events)
    finally:
        held.close()


@cache
def answers() -> SeededCompany:
    """What the company of seed 1 was made with: its feed and the known answers."""
    return generate_quickbooks(1, TODAY)
