"""A read that the policy wants a person to allow: one question each, the same one only once a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

from finchat.safety.reads import ReadRequest
from finchat.text.sanitise import scalars, visible
from finchat.ui.prompt import ask
from finchat.ui.sink import Sink


class ReadQuestions:
    """Asks at the terminal, one question at a time though reads run side by side."""

    def __init__(self, sink: Sink, paused: Callable[[], AbstractContextManager[None]]) -> None:
        self._sink = sink
        self._paused = paused
        self._asking = asyncio.Lock()
        self._allowed: dict[tuple[str, str], bool] = {}

    async def __call__(self, request: ReadRequest) -> bool:
        """Whether a person allows this tool of this server to be read in this run; silence is no."""
        async with self._asking:
            key = (request.server, request.tool)
            if key not in self._allowed:
                with self._paused():
                    self._sink.card(f"{visible(request.server)}: {visible(request.tool)} ({visible(request.reason)})")
                    for path, value in scalars(request.arguments):
                        self._sink.card(f"    {path} {value}")
                    answer = await ask(
                        self._sink,
                        "Allow this read, and others with this tool in this run? y/n (Enter): ",
                        asks="decision",
                    )
                self._allowed[key] = (answer or "").lower() in {"y", "yes"}
            return self._allowed[key]
