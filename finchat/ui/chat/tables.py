"""Markdown tables on a terminal: columns aligned, amounts on their decimal points, never wider than it.

No character is ever left out: the widest column of words is wrapped until the table fits, and where even that is not
enough each row becomes lines of `column: value`, as it does for screen readers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from finchat.ui.chat.filling import ROOM, Segment, cells, clean, shown, wrapped
from finchat.ui.chat.inline import MARK, parse_inline

Align = Literal["left", "right", "centre", ""]
Line = list[Segment]

_GAP = "  "
_NARROWEST = 8  # columns of words that a wrapped column keeps
_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*\Z")
_MOST_CELLS = 100
_AMOUNT = re.compile(
    r"""(?P<head>[-−–+(~≈<>\s]{0,4}(?:[A-Z]{3}(?:\s[-−–+(]?)?|(?:US|AU?|NZ|CA?|S|HK)?[$€£¥₹₩]\s?[-−–+(]?)?)
    (?P<whole>\d{1,3}(?P<group>[,.'’\ ])\d{3}(?:(?P=group)\d{3})*|\d+)
    (?P<part>(?:[.,]\d+)?)
    (?P<tail>\)?\s?(?:%|pp|x|×|[A-Z]{3}|[€£¥₹₩$]|[kKmM]|bn|CR|DR|[Cc]r|[Dd]r)?\)?(?:\s\[unverified\])?)\Z""",
    re.VERBOSE,
)
_NOTHING = frozenset({"", "-", "–", "—", "n/a", "N/A", "nil", "Nil", "none", "None"})
# What stays on one line in a column of words: a number with the code before or behind it.
_KEPT = re.compile(r"(?:\b[A-Z]{3} )?[^\s]*\d[^\s]*(?: (?:[A-Z]{3}\b|%))?")


@dataclass(frozen=True, slots=True)
class Number:
    """A figure as given, cut at its decimal point: `head` ends before it, `part` begins with it."""

    head: str
    part: str
    tail: str


@dataclass(slots=True)
class _Column:
    align: Align
    numeric: bool = False
    head: int = 0
    part: int = 0
    tail: int = 0
    mark: int = 0
    width: int = 0
    least: int = 0
    cells: list[Line] = field(default_factory=list)


@lru_cache(4096)
def number(text: str) -> Number | None:
    """The figure that a cell is, and nothing but it; None for words, dates and codes (090)."""
    if len(text) > 60:
        return None
    match = _AMOUNT.match(text)
    if match is None:
        return None
    whole, part = match["whole"], match["part"]
    if match["group"] is not None and match["group"] == part[:1]:
        return None
    if len(whole) > 1 and whole[0] == "0" and not part:
        return None
    if match["group"] == "." and not part:  # 1.234: groups, or three decimals; the point is what is aligned
        whole, _, decimals = whole.rpartition(".")
        part = f".{decimals}"
    return Number(match["head"] + whole, part, match["tail"])


def is_delimiter(line: str) -> bool:
    return len(line) < 4_000 and "-" in line and bool(_DELIMITER.match(line))


def split_row(line: str) -> list[str]:
    """The cells of a row; a backslash keeps a bar inside a cell."""
    line = line.strip(" \t")
    line = line[1:] if line.startswith("|") else line
    found = [cell.strip(" \t").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line, maxsplit=_MOST_CELLS)]
    return found[:-1] if len(found) > 1 and not found[-1] else found


def alignments(line: str) -> list[Align]:
    marks: dict[tuple[bool, bool], Align] = {
        (True, True): "centre", (False, True): "right", (True, False): "left", (False, False): "",
    }  # fmt: skip
    return [marks[cell.startswith(":"), cell.endswith(":")] for cell in split_row(line)]


class Table:
    """One table, its rows known. `header` is None for one without."""

    def __init__(self, header: Sequence[str] | None, aligns: Sequence[Align], rows: Sequence[Sequence[str]]) -> None:
        count = len(header) if header is not None else max(map(len, rows), default=0)
        self.header = None if header is None else [_cell(text) for text in header]
        self.rows = [[_cell(text) for text in _fit(row, count)] for row in rows]
        self._columns = [_Column(aligns[i] if i < len(aligns) else "") for i in range(count)]
        for index, column in enumerate(self._columns):
            self._measure(column, index)

    def _measure(self, column: _Column, index: int) -> None:
        column.cells = [row[index] for row in self.rows]
        texts = [shown(cell) for cell in column.cells]
        numbers = [number(text) for text in texts]
        some = any(numbers)
        column.numeric = some and all(n or t in _NOTHING for n, t in zip(numbers, texts, strict=True))
        name = shown(self.header[index]) if self.header is not None else ""
        if column.numeric:
            given = [n for n in numbers if n]
            column.head = max(cells(n.head) for n in given)
            column.part = max(len(n.part) for n in given)
            column.tail = max(cells(n.tail) for n in given)
            column.mark = len(MARK) + 1 if any(n.tail.endswith(MARK) for n in given) else 0
            blank = max((cells(t) for n, t in zip(numbers, texts, strict=True) if not n), default=0)
            figures = max(column.head + column.part + column.tail, blank)
            column.width = max(figures, cells(name))
            column.least = max(figures, min(cells(name), max(map(cells, name.split(" ")), default=0)))
            return
        column.width = max(map(cells, [name, *texts]), default=0)
        kept = max((cells(m) for text in [name, *texts] for m in _KEPT.findall(text[:2_000])), default=0)
        column.least = min(column.width, max(_NARROWEST, min(kept, ROOM)))

    def lines(self, width: int) -> list[Line] | None:
        """The table in at most `width` columns, the header first; None when it cannot be."""
        widths = self._widths(width)
        if widths is None:
            return None
        out: list[Line] = []
        if self.header is not None:
            names = [
                [[(t, ("header", *r)) for t, r in line] for line in wrapped(cell, w)]
                for cell, w in zip(self.header, widths, strict=True)
            ]
            out += self._row(names, widths, header=True)
        for index in range(len(self.rows)):
            row = [
                [self._figure(column, column.cells[index])]
                if column.numeric
                else wrapped(column.cells[index], w)
                if cells(shown(column.cells[index])) > w
                else [column.cells[index]]
                for column, w in zip(self._columns, widths, strict=True)
            ]
            out += self._row(row, widths)
        return out

    def header_lines(self, width: int) -> int:
        """How many of `lines` are the header's."""
        widths = self._widths(width)
        if widths is None or self.header is None:
            return 0
        return max(len(wrapped(cell, w)) for cell, w in zip(self.header, widths, strict=True))

    def widths(self, width: int) -> list[int]:
        return self._widths(width) or []

    def records(self) -> list[list[tuple[str, Line]]]:
        """Each row as (column, value) pairs, for those who read it aloud and for terminals too narrow."""
        if self.header is not None and not self.rows:
            return [[("", [segment for cell in self.header for segment in (*cell, (" ", ()))])]]
        names = [shown(cell) for cell in self.header] if self.header is not None else []
        names += [f"Column {i + 1}" for i in range(len(names), len(self._columns))]
        pairs = [[(i, n, c) for i, (n, c) in enumerate(zip(names, row, strict=True)) if c] for row in self.rows]
        return [[(n or f"Column {i + 1}", c) for i, n, c in row] for row in pairs if row]

    def _widths(self, width: int) -> list[int] | None:
        widths = [column.width for column in self._columns]
        room = width - len(_GAP) * (len(widths) - 1)
        if not widths or sum(column.least for column in self._columns) > room:
            return None
        while (over := sum(widths) - room) > 0:
            able = [i for i, column in enumerate(self._columns) if widths[i] > column.least]
            widest = max(able, key=lambda i: (not self._columns[i].numeric, widths[i]))
            others = [widths[i] for i in able if i != widest and not self._columns[i].numeric]
            next_widest = max((w for w in others if w < widths[widest]), default=0)
            level = next_widest if next_widest and widths[widest] > next_widest else widths[widest] - 1
            widths[widest] = max(self._columns[widest].least, widths[widest] - over, level)
        return widths

    def _figure(self, column: _Column, cell: Line) -> Line:
        found = number(shown(cell))
        rest = column.head + column.part + column.tail
        if found is None:
            return [(" " * max(0, column.head - cells(shown(cell))), ()), *cell]
        before, behind = _cut(cell, len(found.head) + len(found.part))
        return [
            (" " * (column.head - cells(found.head)), ()),
            *before,
            (" " * (column.part - len(found.part)), ()),
            *behind,
            (" " * (rest - column.head - column.part - cells(found.tail)), ()),
        ]

    def _row(self, row: Sequence[list[Line]], widths: Sequence[int], *, header: bool = False) -> list[Line]:
        out: list[Line] = []
        for at in range(max(map(len, row))):
            line: Line = []
            for index, (column, w) in enumerate(zip(self._columns, widths, strict=True)):
                part = row[index][at] if at < len(row[index]) else []
                free = w - cells(shown(part))
                right = column.numeric or column.align == "right"
                left = max(0, free - column.mark * header) if right else free // 2 if column.align == "centre" else 0
                line += [(" " * left, ()), *part, (" " * (free - left), ())]
                if index < len(widths) - 1:
                    line.append((_GAP, ()))
            out.append(stripped(line))
        return out


def stripped(line: Line) -> Line:
    """A line without the blanks at its end and without empty parts."""
    line = [segment for segment in line if segment[0]]
    while line and not line[-1][0].strip(" "):
        line.pop()
    if line and line[-1][0].endswith(" "):
        line[-1] = (line[-1][0].rstrip(" "), line[-1][1])
    return line


def _cell(text: str) -> Line:
    return [(clean(t), roles) for t, roles in parse_inline(" ".join(text.split(" ")))]


def _fit(row: Sequence[str], count: int) -> list[str]:
    """As many cells as there are columns; what is too much stands in the last, never nowhere."""
    if len(row) > count > 0:
        return [*row[: count - 1], " | ".join(row[count - 1 :])]
    return [*row, *[""] * (count - len(row))]


def _cut(line: Line, at: int) -> tuple[Line, Line]:
    before: Line = []
    behind: Line = []
    for text, roles in line:
        before.append((text[: max(0, at)], roles))
        behind.append((text[max(0, at) :], roles))
        at -= len(text)
    return before, behind
