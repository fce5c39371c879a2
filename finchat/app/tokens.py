"""The tokens of a live connection between runs: a file of the owner's alone, which one process at a time may renew."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from finchat.settings import Home
from finchat.store.database import make_private_directory
from finchat.store.files import write_private
from finchat.store.owner import try_lock

_PATIENCE_S = 15.0
_PAUSE_S = 0.05


class TokenFile:
    """`tokens/NAME.json` under FINCHAT_HOME; NAME says nothing about what is inside."""

    def __init__(self, home: Home, *identity: str) -> None:
        """`identity` is what tells the connection from others: vendor, client id, company."""
        self._path = home.tokens / f"{sha256(chr(0).join(identity).encode()).hexdigest()[:24]}.json"

    @property
    def path(self) -> Path:
        return self._path

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """No other process is in here meanwhile. Raises TimeoutError when it does not come free."""
        make_private_directory(self._path.parent)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(self._path.with_suffix(".lock"), flags, 0o600)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                # Another process's lock: nothing tells when it comes free.
                while not try_lock(descriptor):  # noqa: ASYNC110
                    await asyncio.sleep(_PAUSE_S)
            yield
        finally:
            os.close(descriptor)

    def load(self) -> Mapping[str, Any] | None:
        try:
            kept = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return None
        return kept if isinstance(kept, dict) else None

    def save(self, tokens: Mapping[str, Any]) -> None:
        """Raises OSError."""
        write_private(self._path, json.dumps(dict(tokens)).encode())
