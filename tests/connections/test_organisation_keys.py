"""The budget key of a server whose organisation is not known yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from finchat.connections.organisation_keys import OrganisationKeys
from finchat.connections.pacing import Limits, Pacer
from finchat.errors import LimitReached
from finchat.store.database import Database
from finchat.store.owner import Owner


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "budget.sqlite3", durable=False) as database:
        Pacer(database, tmp_path / "locks").close()  # its tables hold the calls that move to the organisation
        yield database


async def test_what_was_called_before_the_organisation_was_known_counts_for_it(
    database: Database, tmp_path: Path
) -> None:
    with closing(Pacer(database, tmp_path / "locks", limits=Limits(per_window=2), longest_wait_s=0)) as pacer:
        keys = OrganisationKeys(database)
        async with pacer.call("server", "books"):
            pass
        assert keys.remember("server", "xero:org") == "xero:org"
        assert keys.known("server") == "xero:org"
        async with pacer.call("xero:org", "books"):
            pass
        with pytest.raises(LimitReached):
            await pacer.acquire("xero:org", "books")


async def test_one_process_finds_the_organisation_out_and_the_others_wait_for_its_answer(
    database: Database, tmp_path: Path
) -> None:
    keys = OrganisationKeys(database)
    with closing(Owner(tmp_path / "locks", "pacer")) as first, closing(Owner(tmp_path / "locks", "pacer")) as second:
        asked = asyncio.Event()

        async def follow() -> str | None:
            asked.set()
            async with keys.discovering("server", second) as key:
                return key

        async with keys.discovering("server", first) as key:
            assert key is None
            waiting = asyncio.create_task(follow())
            await asked.wait()
            assert not waiting.done()
            keys.remember("server", "xero:org")
        assert await waiting == "xero:org"


async def test_a_process_that_died_while_finding_out_is_followed_by_the_next(
    database: Database, tmp_path: Path
) -> None:
    keys = OrganisationKeys(database)
    dead = Owner(tmp_path / "locks", "pacer")
    await keys.discovering("server", dead).__aenter__()
    dead.close()
    with closing(Owner(tmp_path / "locks", "pacer")) as alive:
        async with keys.discovering("server", alive) as key:
            assert key is None
