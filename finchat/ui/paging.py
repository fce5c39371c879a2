"""Long things at a terminal: a screenful at a time, to the last line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finchat.ui.prompt import ask
from finchat.ui.sink import Sink

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text


def drawn(console: Console, renderable: RenderableType) -> list[Text]:
    """What would be printed, as lines."""
    from rich.text import Text

    return [
        Text.assemble(*((s.text, s.style or "") for s in line if not s.control))
        for line in console.render_lines(renderable, pad=False)
    ]


async def paged(sink: Sink, lines: Sequence[Text], what: str) -> bool:
    """All lines, a screenful at a time. False when the person left half-way: nothing may be approved then."""
    console = sink.err
    screen = max(console.height - 2, 8)
    for start in range(0, len(lines), screen):
        if start and not await _go_on(sink, len(lines) - start, what):
            return False
        for text in lines[start : start + screen]:
            console.print(text, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
    return True


async def _go_on(sink: Sink, left: int, what: str) -> bool:
    prompt = f"-- {left} more line{'s' * (left != 1)} of {what}: Enter shows more, q leaves -- "
    while True:
        typed = await ask(sink, prompt)
        if typed is None or typed.lower() in ("q", "quit"):
            return False
        if not typed:
            return True
        sink.card("answers come after the last line: Enter shows more, q leaves")
