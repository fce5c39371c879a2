"""What an answer is drawn on: lines with margins, appended; ornament only as far as the text pays for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from finchat.ui.chat.filling import Filler, Segment, cells, wrapped
from finchat.ui.chat.theme import RESET, Theme

WIDEST_PROSE = 100  # columns; longer lines are hard to read
_NARROWEST = 20
_WIDEST = 400
# Ornament (escapes, padding, bars) is bought with the text: at most this many bytes for each character of it, and some
# to begin with. What is left to twice the text's size pays for the indents of wrapped lines.
_ALLOWANCE = 1.6
_CREDIT = 160


class Page:
    """Takes clean text. `source` and `spent`: characters of the text that were taken in, and written; who takes text in
    adds to the first, who writes to the second. `anything`: a line was written."""

    def __init__(self, write: Callable[[str], None], *, width: Callable[[], int], theme: Theme, plain: bool) -> None:
        self._write = write
        self._columns = width
        self._out: list[str] = []
        self._first: list[Segment] = []
        self._rest: list[Segment] = []
        self._heading: bool | None = None  # dressed or not
        self.theme = replace(theme, name="none") if plain else theme
        self.plain = plain
        self.filler = Filler(self._emit, self._turn)
        self.source = self.spent = 0
        self.anything = False

    def flush(self) -> None:
        """Hand on what was written."""
        if self._out:
            out = "".join(self._out)
            self._out.clear()
            self._write(out)

    def forget(self) -> None:
        """Another text begins."""
        self.source = self.spent = 0
        self.anything = False
        self._first = self._rest = []

    @property
    def width(self) -> int:
        """One column less than there are: a full line would wrap on some terminals."""
        return min(max(self._columns(), _NARROWEST), _WIDEST) - 1

    @property
    def prose(self) -> int:
        return min(self.width, WIDEST_PROSE)

    @property
    def room(self) -> int:
        """Columns beside the margin."""
        return max(_NARROWEST // 2, self.width - self._taken(self._rest))

    @property
    def simple(self) -> bool:
        """Nothing but the characters of a keyboard."""
        return self.plain or self.theme.ascii

    def afford(self, characters: int, ornament: int) -> bool:
        """Whether text of some characters can have its ornament; it is paid for then."""
        if self.spent + characters + ornament > _ALLOWANCE * self.source + _CREDIT:
            return False
        self.spent += ornament
        return True

    # Blocks of words

    def margins(self, quotes: int, indent: int, bullet: str = "") -> None:
        """The margin of the lines to come: signs of quotation, blanks; `bullet` stands before the first of them."""
        bars = ("> " if self.simple else "│ ") * quotes
        outer: list[Segment] = [(bars + " " * min(indent, self.prose // 4), ())]
        self._first = [*outer, (f"{bullet} ", ())] if bullet else outer
        self._rest = [*outer, (" " * (cells(bullet) + 1), ())] if bullet else outer
        self.spent += len(self._first[0][0].encode()) + len(bullet.encode())

    def open(self, *, heading: bool = False) -> None:
        """Words come next, through the filler; those of a heading in its look."""
        for segment in self._first:
            self._emit(segment)
        self.filler.begin(self._taken(self._first), self.prose)
        if heading:
            self._heading = self.afford(0, self.theme.cost(("heading",)))
            self._out.append(self.theme.code(("heading",)) if self._heading else "")

    def close(self) -> None:
        """The words end, and their line."""
        self.filler.end()
        if self._heading and self.theme.colours:
            self._out.append(RESET)
        self._heading = None
        self._out.append("\n")
        self.spent += 1
        self.anything = True

    # Whole lines

    def blank(self) -> None:
        self._out.append("\n")
        self.spent += 1

    def print(self, line: Sequence[Segment]) -> None:
        """One line that fits, in its looks."""
        for segment in (*self._rest, *line) if line else ():
            self._emit(segment)
        self._out.append("\n")
        self.anything = True

    def draw(self, lines: Sequence[Sequence[Segment]]) -> None:
        """Lines that fit, in their looks where that can be afforded."""
        size = sum(len(text) for line in lines for text, _ in line)
        dressed = self.afford(0, sum(self.theme.cost(roles) for line in lines for _, roles in line))
        for line in lines:
            self.print(joined(line) if dressed else [(text, ()) for text, _ in line])
        self.spent += size

    def words(self, segments: Sequence[Segment]) -> None:
        """Words in as many lines as they take."""
        self.draw(wrapped(segments, max(_NARROWEST // 2, self.prose - self._taken(self._rest))))

    def _emit(self, segment: Segment) -> None:
        text, roles = segment
        self._out.append(self.theme.paint(text, *roles) if roles else text)

    def _turn(self) -> tuple[int, int]:
        self._out.append("\n")
        self.anything = True
        for segment in self._rest:
            self._emit(segment)
        return self._taken(self._rest), self.prose

    @staticmethod
    def _taken(margin: Sequence[Segment]) -> int:
        return sum(cells(text) for text, _ in margin)


def joined(line: Sequence[Segment]) -> list[Segment]:
    """Neighbours of one look become one: fewer escapes."""
    out: list[Segment] = []
    for text, roles in line:
        if out and out[-1][1] == roles:
            out[-1] = (out[-1][0] + text, roles)
        elif len(out) > 1 and roles and out[-1] == (" ", ()) and out[-2][1] == roles:
            out.pop()
            out[-1] = (f"{out[-1][0]} {text}", roles)
        else:
            out.append((text, roles))
    return out
