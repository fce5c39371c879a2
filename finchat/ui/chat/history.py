"""What was asked before, in FINCHAT_HOME/history: the owner's alone, secrets taken out before anything is kept."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import prompt_toolkit.history

from finchat.text.redact import redact
from finchat.ui.chat.typed import LONGEST, plain

_READ = 1_000_000  # bytes of the newest inputs; older ones stay in the file


class History(prompt_toolkit.history.History):
    """Inputs, oldest first in the file, each line after a "+" and a blank line between two: prompt_toolkit's own form.

    A history that cannot be read or written is none: typing goes on.
    """

    def __init__(self, home: Path) -> None:
        super().__init__()
        self._path = home / "history"

    def append_string(self, string: str) -> None:
        """Keep one input; not again what was just kept, and not what begins with a space."""
        kept = redact(string)
        if not kept.startswith(" ") and kept not in self._loaded_strings[:1]:
            super().append_string(kept)

    def load_history_strings(self) -> Iterable[str]:
        """The newest first."""
        inputs: list[list[str]] = [[]]
        for line in self._newest().split("\n"):
            if line.startswith("+"):
                inputs[-1].append(line[1:])
            elif inputs[-1]:
                inputs.append([])
        return [plain("\n".join(lines))[:LONGEST] for lines in reversed(inputs) if lines]

    def store_string(self, string: str) -> None:
        lines = "".join(f"+{line}\n" for line in string.split("\n"))
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self._path, flags, 0o600)
            try:
                if hasattr(os, "fchmod"):
                    os.fchmod(descriptor, 0o600)
                os.write(descriptor, f"\n{lines}".encode("utf-8", "replace"))  # one write: other chats append as well
            finally:
                os.close(descriptor)

    def _newest(self) -> str:
        """The end of the file, from where an input begins."""
        try:
            with self._path.open("rb") as file:
                older = max(file.seek(0, os.SEEK_END) - _READ, 0)
                file.seek(older)
                text = file.read(_READ).decode("utf-8", "replace")
        except OSError:
            return ""
        return text.partition("\n\n")[2] if older else text
