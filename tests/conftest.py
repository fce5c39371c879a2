"""What every test shares: a home of its own, and the recorded data when it lies beside the project."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Hundreds of processes start here: they find the program compiled, as an installed one is.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """FINCHAT_HOME in a fresh directory; nothing of the person's own environment reaches a test."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FINCHAT_HOME", str(home))
    for name in ("COLUMNS", "FINCHAT_NOW", "NO_COLOR", "XERO_BASE_URL", "XERO_CLIENT_BEARER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared data beside the project; a test that needs it is skipped where it is not there."""
    path = Path(__file__).parents[2] / "shared"
    if not path.is_dir():
        pytest.skip("the shared data is not beside this checkout")
    return path


@pytest.fixture(scope="session", autouse=True)
def _processes() -> Iterator[None]:
    """Nothing that was started for the tests outlives them."""
    yield
    from tests import forked

    forked.stop()
