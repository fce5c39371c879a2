"""A console on which the words of a stranger never begin a line: what is too long goes on indented."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

_INDENT = 2
_LEAST = 40  # columns; narrower is a column of a table


class HangingConsole(Console):
    """Wraps plain text with its later lines two columns further in than its first."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As `Console.render`, for text that is wrapped to the left as well."""
        given = options or self.options
        if isinstance(renderable, Text) and _is_wrapped(renderable, given):
            return self._hung(renderable, given)
        return super().render(renderable, options)

    def _hung(self, text: Text, options: ConsoleOptions) -> Iterator[Segment]:
        lines = [part for line in text.split("\n", allow_blank=True) for part in self._lines(line, options.max_width)]
        for line in lines:
            yield from line.render(self, end="\n")

    def _lines(self, line: Text, width: int) -> Iterator[Text]:
        if line.cell_len <= width:
            yield line
            return
        indent = min(len(line.plain) - len(line.plain.lstrip(" ")), width // 2) + _INDENT
        begun = line.wrap(self, width, overflow="fold")[0]
        begun.rstrip()
        yield begun
        at = len(begun.plain)
        at += len(line.plain) - at - len(line.plain[at:].lstrip(" "))
        for part in line.divide([at])[1].wrap(self, width - indent, overflow="fold"):
            part.rstrip()
            yield Text.assemble(" " * indent, part)


def _is_wrapped(text: Text, options: ConsoleOptions) -> bool:
    left = (options.justify or text.justify or "default") in ("default", "left")
    whole = options.no_wrap or text.no_wrap or (options.overflow or text.overflow or "fold") != "fold"
    return left and not whole and options.max_width >= _LEAST and text.cell_len > options.max_width
