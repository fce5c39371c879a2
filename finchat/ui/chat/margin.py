"""The margin of an answer on a terminal: no line of a model's begins where finchat's own prompts and results do."""

from __future__ import annotations

from collections.abc import Callable

MARGIN = 2  # columns


class Margin:
    """Passes text on, each line that is not empty a little further in."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._fresh = True

    def __call__(self, text: str) -> None:
        self._write("".join(map(self._line, text.splitlines(keepends=True))))

    def _line(self, line: str) -> str:
        margin = " " * MARGIN if self._fresh and line != "\n" else ""
        self._fresh = line.endswith("\n")
        return margin + line


def inset(text: str) -> str:
    """A whole text with its margin."""
    out: list[str] = []
    Margin(out.append)(text)
    return "".join(out)
