"""Chance: identifiers, idempotency keys, marks and jitter. The system's own randomness, or a seed's for a recording.

Every draw names its purpose, and each purpose is a series of its own: which of two reads ends first does not change
which key the next write gets.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

Source = Callable[[str, int], bytes]


def _system(_purpose: str, size: int) -> bytes:
    return os.urandom(size)


_source: Source = _system


def new_seed() -> bytes:
    """A seed for a recording."""
    return os.urandom(32)


class Seeded:
    """A source whose draws follow from a seed, by purpose and number. The seed is as secret as what it makes."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._drawn: dict[str, int] = {}

    def __call__(self, purpose: str, size: int) -> bytes:
        number = self._drawn[purpose] = self._drawn.get(purpose, 0) + 1
        made = b""
        while len(made) < size:
            made += hmac.digest(self._seed, f"{purpose}\0{number}\0{len(made)}".encode(), "sha256")
        return made[:size]


@contextmanager
def drawn_from(source: Source) -> Iterator[None]:
    """Inside the block everything here draws from `source`."""
    global _source  # noqa: PLW0603 - one process has one chance, as it has one clock
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


def uuid_text(purpose: str) -> str:
    """A version 4 UUID with hyphens."""
    return str(UUID(bytes=_source(purpose, 16), version=4))


def hex_text(purpose: str, size: int) -> str:
    """`size` random bytes in hexadecimal."""
    return _source(purpose, size).hex()


def characters(purpose: str, alphabet: str, count: int) -> str:
    """`count` characters of an alphabet of at most 256."""
    most = 256 - 256 % len(alphabet)  # so that every character is as likely as every other
    found = ""
    while len(found) < count:
        found += "".join(alphabet[byte % len(alphabet)] for byte in _source(purpose, 2 * count) if byte < most)
    return found[:count]


def uniform(purpose: str, low: float, high: float) -> float:
    """A number between `low` and `high`; for pauses, never for money."""
    return low + (high - low) * int.from_bytes(_source(purpose, 6), "big") / 2**48
