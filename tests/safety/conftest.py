from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.safety.world import World, make_world


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes runs of finchat on one home; closes them all."""
    made: list[World] = []

    def make(**words: Any) -> World:
        made.append(make_world(tmp_path, **words))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(worlds: Callable[..., World]) -> World:
    return worlds()
