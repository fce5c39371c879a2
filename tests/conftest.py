"""What every test shares: a home of its own, and the recorded data when it lies beside the project."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

# Hundreds of processes start here: they find the program compiled, as an installed one is.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Every write is synced, thousands of times: in memory, where there is enough of it, nothing waits for a disk.
_MEMORY = Path("/dev/shm")
if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 2 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


# What a file imports that has long tests: whole desks, and real processes.
_LONG = {"tests.faults.world", "tests.forked", "tests.homes", "tests.workflows.desk"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests go first: the short ones at the end let all workers end together."""

    def is_short(item: pytest.Item) -> bool:
        named = vars(getattr(item, "module", None) or item).values()
        return _LONG.isdisjoint({getattr(x, "__module__", None) or getattr(x, "__name__", "") for x in named})

    short = {item.path: is_short(item) for item in items}
    items.sort(key=lambda item: short[item.path])


def pytest_collection_finish() -> None:
    """What was imported and collected stays: the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def _sound_schemas() -> Iterator[None]:
    from tests import sound

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Draft202012Validator, "check_schema", sound.remembering())
        yield


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.mktemp("homes")
    return (base / str(n) for n in count())


@pytest.fixture(autouse=True)
def own_home(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """FINCHAT_HOME in a fresh directory; nothing of the person's own environment reaches a test."""
    home = next(_homes)
    home.mkdir()
    monkeypatch.setenv("FINCHAT_HOME", str(home))
    openai = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL")
    for name in ("COLUMNS", "FINCHAT_NOW", "NO_COLOR", "XERO_BASE_URL", "XERO_CLIENT_BEARER_TOKEN", *openai):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared data beside the project; a test that needs it is skipped where it is not there."""
    path = Path(__file__).parents[2] / "shared"
    if not path.is_dir():
        pytest.skip("the shared data is not beside this checkout")
    return path


@pytest.fixture(scope="session")
def company_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the company of one day (`tests.homes.NOW`) and nothing else; it is copied, never worked in."""
    from tests import homes

    home = tmp_path_factory.mktemp("company")
    homes.document(home, "sandbox", "status")
    return home


@pytest.fixture(scope="session")
def quickbooks_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the QuickBooks company of that day as server qb, and nothing else; it is copied, never worked in."""
    from tests import homes
    from tests.outside_quickbooks import CONFIG

    home = tmp_path_factory.mktemp("quickbooks")
    (home / "finchat.toml").write_text(CONFIG)
    assert homes.run(home, "sandbox", "reset", "--vendor", "quickbooks").returncode == 0
    return home


@pytest.fixture(scope="session")
def planned_home(company_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A home with a plan of two days of which nothing was written, and what was printed of it; only copied as well."""
    from tests import homes

    home = homes.copied(company_home, tmp_path_factory.mktemp("planned"))
    return home, homes.document(home, "reconcile", "--days", "2")


@pytest.fixture(scope="session")
def planned(planned_home: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    return planned_home[1]


@pytest.fixture
def home(planned_home: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of the company as planned."""
    from tests import homes

    return homes.copied(planned_home[0], tmp_path / "home")


@pytest.fixture(scope="session", autouse=True)
def _processes() -> Iterator[None]:
    """Nothing that was started for the tests outlives them."""
    yield
    from tests import forked

    forked.stop()
