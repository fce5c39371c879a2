"""What a replay shows to somebody who watches: what a person typed comes letter by letter, after the time that it takes
to read what stands above. The bytes are the same as without a pace."""

from __future__ import annotations

import time
from collections.abc import Callable

Show = Callable[[bytes], None]
_KEY_S = 0.045
_LEAST_S, _A_LINE_S, _MOST_S = 1.0, 0.1, 6.0  # before a person answers: at least, for each line to read, at most


class Pace:
    """Shows what goes to the two streams of a terminal. `speed`: 2 is twice as fast.

    While letters come nothing else goes on, as nothing else happens on a screen then.
    """

    def __init__(self, to_stdout: Show, to_stderr: Show, speed: float) -> None:
        self._to_stdout = to_stdout
        self._to_stderr = to_stderr
        self._speed = speed
        self._lines = 0  # shown since a person typed last
        self._tail = b""
        self._ahead = b""  # shown before it was printed
        self._types = False

    def stdout(self, data: bytes) -> None:
        self._seen(data)
        self._to_stdout(data)

    def stderr(self, data: bytes) -> None:
        data, self._ahead = data.removeprefix(self._ahead), b""
        self._seen(data)
        if not self._types:
            self._to_stderr(data)
            return
        self._types = False
        line, end, rest = data.partition(b"\n")
        for letter in line.decode("utf-8", "replace"):
            time.sleep(_KEY_S / self._speed)
            self._to_stderr(letter.encode())
        self._to_stderr(end + rest)

    def asks(self, prompt: str) -> float:
        """A person is asked: the prompt is on the screen. Seconds until the answer begins, at speed 1."""
        if prompt and not self._tail.endswith(prompt.encode()):
            self._ahead = prompt.rstrip().encode()  # one that nothing is typed at ends without its blank
            self._to_stderr(self._ahead)
        lines, self._lines = self._lines, 0
        return min(_MOST_S, _LEAST_S + _A_LINE_S * lines)

    def types(self) -> None:
        """What is printed next is what the person types."""
        self._types = True

    def _seen(self, data: bytes) -> None:
        self._lines += data.count(b"\n")
        self._tail = (self._tail + data)[-200:]
