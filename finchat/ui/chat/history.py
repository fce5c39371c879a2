"""What was asked before, in FINCHAT_HOME/history: the owner's alone, secrets taken out before anything is kept."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import FileHistory

from finchat.store.files import write_private
from finchat.text.redact import redact
from finchat.ui.chat.typed import LONGEST, plain

_TOO_LARGE, _KEPT = 2_000_000, 1_000_000  # bytes


class History(FileHistory):
    """Inputs, oldest first in the file. A history that cannot be read or written is none: typing goes on."""

    def __init__(self, home: Path) -> None:
        self._path = home / "history"
        super().__init__(self._path)

    def append_string(self, string: str) -> None:
        """Keep one input; not again what was just kept, and not what begins with a space."""
        kept = redact(string)
        if not kept.startswith(" ") and kept not in self._loaded_strings[:1]:
            super().append_string(kept)

    def load_history_strings(self) -> Iterable[str]:
        try:
            self._shorten()
            return [plain(text)[:LONGEST] for text in super().load_history_strings()]
        except OSError:
            return []

    def store_string(self, string: str) -> None:
        lines = "".join(f"+{line}\n" for line in string.split("\n"))
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self._path, flags, 0o600)
            try:
                if hasattr(os, "fchmod"):
                    os.fchmod(descriptor, 0o600)
                os.write(descriptor, f"\n{lines}".encode("utf-8", "replace"))  # one write: others may append too
            finally:
                os.close(descriptor)

    def _shorten(self) -> None:
        if self._path.exists() and self._path.stat().st_size > _TOO_LARGE:
            newest = self._path.read_bytes()[-_KEPT:]
            write_private(self._path, newest[newest.find(b"\n\n") + 1 :])
