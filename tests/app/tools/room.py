"""A whole finchat with its own tools over a sandbox company, and that company's ledger as its database holds it."""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from finchat.agent.tray import Tray
from finchat.app.desk import Desk, open_desk
from finchat.app.invocation import Invocation
from finchat.app.tools import own_tools
from finchat.clock import clock_from_environment
from finchat.connections.own_tools import OwnToolbox
from finchat.connections.toolbox import CallError
from finchat.sandbox.home import SandboxHome
from finchat.settings import Home

TODAY = date(2026, 11, 20)
NOW = "2026-11-20T01:00:00Z"


@dataclass(frozen=True)
class Room:
    """The tools as a model would call them, and beside them the books as they stand."""

    desk: Desk
    tray: Tray
    box: OwnToolbox
    database: sqlite3.Connection

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """A call that succeeds; `from_` is the argument `from`."""
        result = await self.box.call(name, {key.removesuffix("_"): value for key, value in arguments.items()})
        assert result.error is None, result.error
        assert result.structured is not None
        return dict(result.structured)

    async def refused(self, name: str, **arguments: Any) -> CallError:
        result = await self.box.call(name, {key.removesuffix("_"): value for key, value in arguments.items()})
        assert result.error is not None
        return result.error

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.database.execute(query, values).fetchall()

    def cents(self, query: str, *values: Any) -> Decimal:
        """A sum in hundredths as an amount."""
        ((found,),) = self.sql(query, *values)
        return hundredths(found or 0)


def hundredths(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


@cache
def company(seed: int) -> Path:
    """The company of a seed, made once; each test works on a copy of its files."""
    directory = Path(tempfile.mkdtemp(prefix="finchat-company-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    home = Home(directory)
    SandboxHome(home, clock_from_environment()).reset(seed, TODAY).close()
    return home.sandbox


@asynccontextmanager
async def room(home: Path, monkeypatch: pytest.MonkeyPatch, seed: int = 1) -> AsyncIterator[Room]:
    """The company of a seed, opened as a command opens it. `home`: FINCHAT_HOME."""
    monkeypatch.setenv("FINCHAT_NOW", NOW)
    shutil.copytree(company(seed), home / "sandbox")
    async with open_desk(Invocation(json=True), via="chat") as desk:
        tray = Tray()
        with closing(sqlite3.connect(home / "sandbox" / "xero.sqlite3")) as database:
            yield Room(desk, tray, OwnToolbox(own_tools(desk, tray, TODAY)), database)
