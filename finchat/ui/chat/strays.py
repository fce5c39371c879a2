"""Words that some library writes to the terminal while the prompt is up: they go above it, line by line."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from finchat.ui.sink import is_terminal

_STYLES = re.compile(r"\r?\x1b\[[0-9;]*[mK]|\r(?!\n)")


class _Above:
    """A stream whose lines go above the prompt, and straight through once there is none: whoever holds on to it loses
    nothing."""

    def __init__(self, stream: IO[str], say: Callable[[str], None]) -> None:
        self._stream = stream
        self._say: Callable[[str], None] | None = say
        self._line = ""

    def write(self, text: str) -> int:
        if self._say is None:
            return self._stream.write(text)
        *lines, self._line = (self._line + text).split("\n")
        if lines:
            self._say(_STYLES.sub("", "\n".join(lines)))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if self._say is None:
            self._stream.flush()

    def let_through(self) -> None:
        """From now on this is the stream itself."""
        rest, self._line, self._say = self._line, "", None
        if rest:
            self._stream.write(rest)
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def strays(say: Callable[[str], None]) -> Iterator[None]:
    """Inside the block `sys.stdout` and `sys.stderr`, where they are terminals, are told by `say`."""
    kept = sys.stdout, sys.stderr
    put = [_Above(stream, say) if is_terminal(stream) else None for stream in kept]
    sys.stdout, sys.stderr = (cast("Any", a) or s for a, s in zip(put, kept, strict=True))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept
        for stream in put:
            if stream is not None:
                stream.let_through()
