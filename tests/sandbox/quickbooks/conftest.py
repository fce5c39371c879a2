from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.quickbooks.books import Books, company


@pytest.fixture
def books() -> Iterator[Books]:
    with company() as made:
        yield made
