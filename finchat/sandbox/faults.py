"""Faults a test may ask of a served sandbox: slow before the write, slow after it, the reply lost."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from finchat.errors import UsageError

_PART = re.compile(r"(before|after|drop)(?:=(\d{1,3}(?:\.\d{1,6})?))?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Faults:
    """Delays of every write in seconds, around its commit; `drop_after_commit` loses the reply of a done write."""

    delay_before_commit_s: float = 0.0
    delay_after_commit_s: float = 0.0
    drop_after_commit: bool = False

    @classmethod
    def parse(cls, text: str) -> Faults:
        """From "before=0.2,after=0.5,drop". Raises UsageError."""
        before = after = 0.0
        drop = False
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            match = _PART.match(part)
            if match is None or (match[1] == "drop") == (match[2] is not None):
                raise UsageError(
                    f"not a delay: {part!r}", field="--delay", next="write before=SECONDS,after=SECONDS[,drop]"
                )
            if match[1] == "before":
                before = float(match[2])
            elif match[1] == "after":
                after = float(match[2])
            else:
                drop = True
        return cls(before, after, drop)


class LostReply(Response):
    """Promises a body and never sends it: over a socket the client sees the connection break."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        raise ConnectionAbortedError("the sandbox was told to lose this reply")
