"""What a run that is recorded prints on stdout, so that its replay can be held against it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from finchat.ui.sink import is_terminal


class Overheard:
    """A stream that passes everything on and keeps the text of it."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.said: list[str] = []

    def write(self, text: str) -> int:
        written = self._stream.write(text)  # the parser of the command line tries bytes first, and is refused here
        self.said.append(text)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Inside the block, what is written to stdout is kept in the list as well; of a terminal nothing is: a person's
    screen is drawn in ways that a replay does not repeat."""
    stream = sys.stdout
    if stream is None or is_terminal(stream):
        yield []
        return
    heard = Overheard(stream)
    sys.stdout = cast("Any", heard)
    try:
        yield heard.said
    finally:
        sys.stdout = stream


def otherwise(said: str, replayed: bytes) -> str:
    """Where a replay prints something else than its run did, in words; "" where it prints the same."""
    run, replay = said.splitlines(), replayed.decode("utf-8", "backslashreplace").splitlines()
    if run == replay or not run:
        return ""
    for number, (before, after) in enumerate(zip([*run, ""], [*replay, ""], strict=False), 1):
        if before != after:
            return f"line {number} of its output is otherwise than in the run: {after.strip()[:120]!r}"
    return f"its output has {len(replay)} lines, that of the run had {len(run)}"
