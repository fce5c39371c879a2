"""Charts in text: a fenced block ```bars of `label | value` lines, and ```spark of numbers.

Figures are shown as they were given; only the lengths are computed. What holds no numbers is shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from finchat.ui.chat.filling import Segment, cells, clean, fitting
from finchat.ui.chat.inline import MARK
from finchat.ui.chat.tables import Number, number

Line = list[Segment]

LONGEST_BAR = 40
_LEAST_BAR = 10
_LEAST_LABEL = 8
NARROWEST = _LEAST_LABEL + _LEAST_BAR + 4 + 16  # columns beside the figures, whose points may lie apart
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEVELS = "▁▂▃▄▅▆▇█"
_MOST_POINTS = 400
_SCALES = {"k": 3, "K": 3, "m": 6, "M": 6, "bn": 9}
_SPLIT = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|[^\s,;]+")


def bar_rows(lines: Sequence[str]) -> list[tuple[str, str, Decimal]] | None:
    """(label, value as given, value) of each line; None when one of them is not a label and a number, or when their
    units differ: 100 NZD and 100 JPY have no common length."""
    units: set[str] = set()
    rows: list[tuple[str, str, Decimal]] = []
    for line in lines:
        if not line.strip():
            continue
        label, bar, value = line.strip().strip("|").rpartition("|")
        given = clean(" ".join(value.split(" ")).strip())
        size = value_of(given)
        if not bar or size is None:
            return None
        if unit := re.sub(r"\[unverified\]|[\d\s.,'’()−–+-]", "", given).rstrip("kKmM").removesuffix("bn"):
            units.add(unit)
        rows.append((clean(label.strip()), given, size))
    return rows if rows and len(units) < 2 else None


def value_of(given: str) -> Decimal | None:
    """The value of a figure as written; None for what is none. A bracket before it makes it negative."""
    found = number(given)
    if found is None:
        return None
    whole = re.sub(r"[^\d]", "", found.head)
    value = Decimal(whole + "." + (re.sub(r"[^\d]", "", found.part) or "0"))
    value = value.scaleb(_SCALES.get(found.tail.removesuffix(MARK).strip(" )"), 0))
    return -value if re.search(r"[-−–(]", found.head) else value


def bar_lines(rows: Sequence[tuple[str, str, Decimal]], width: int, *, longest: int, ascii: bool) -> list[Line]:
    """One bar a line: label, figure on its decimal point, bar. At most `width` columns; bars of at most `longest`."""
    parts = [number(given) or Number(given, "", "") for _, given, _ in rows]
    head = max(cells(n.head) for n in parts)
    part = max(cells(n.part) for n in parts)
    tail = max(cells(n.tail) for n in parts)
    figures = head + part + tail
    label_width = min(max(cells(label) for label, _, _ in rows), max(_LEAST_LABEL, width - figures - _LEAST_BAR - 4))
    room = max(1, min(longest, width - label_width - figures - 4))
    low = min(Decimal(0), *(value for _, _, value in rows))
    high = max(Decimal(0), *(value for _, _, value in rows))
    span = (high - low) or Decimal(1)
    axis = int(-low / span * room * 8) // 8 if low else 0
    out: list[Line] = []
    for (name, _, value), n in zip(rows, parts, strict=True):
        first: Line = []
        label = name
        while cells(label) > label_width:  # the rest of a long label stands above its line
            cut = fitting(label, label_width) or 1
            space = label.rfind(" ", cut // 2, cut)
            cut = space if space > 0 else cut
            out.append([(label[:cut].rstrip(" "), ())])
            label = label[cut:].lstrip(" ")
        figure = " " * (head - cells(n.head)) + n.head + n.part + " " * (part - cells(n.part)) + n.tail
        mark = figure.endswith(MARK)
        first += [(label + " " * (label_width - cells(label)) + "  ", ())]
        first += [(figure.removesuffix(MARK), ()), (MARK, ("unverified",))] if mark else [(figure, ())]
        drawn = _bar(value, span, room, axis, ascii)
        if drawn:
            first += [(" " * (figures - cells(figure) + 2 + drawn[0]), ())]
            first += [(drawn[1], ("negative",) if value < 0 else ("bar",))]
        out.append(first)
    return out


def _bar(value: Decimal, span: Decimal, room: int, axis: int, ascii: bool) -> tuple[int, str] | None:
    """The blanks before a bar and the bar; None for nought."""
    eighths = int(abs(value) / span * (room if not axis else room - 1) * 8)
    if not value:
        return None
    if value < 0:
        length = max(1, (eighths + 4) // 8)
        return max(0, axis - length), ("-" if ascii else "█") * min(length, max(1, axis))
    if ascii:
        return axis, "#" * max(1, (eighths + 4) // 8)
    full, rest = divmod(max(1, eighths), 8)
    return axis, "█" * full + (_EIGHTHS[rest] if rest else "")


def spark_lines(lines: Sequence[str], *, ascii: bool) -> list[tuple[Line, str]] | None:
    """(label and sparkline, the figures as given) of each line; None when there is something else than numbers."""
    out: list[tuple[Line, str]] = []
    for line in lines:
        if not line.strip():
            continue
        label, _, given = line.strip().rpartition("|") if "|" in line else line.strip().rpartition(":")
        given = clean(given.strip())
        values = [value_of(word) for word in _SPLIT.findall(given.replace(MARK, " "))]
        known = [value for value in values if value is not None]
        if not known or len(known) < len(values) or len(known) > _MOST_POINTS:
            return None
        drawn = "" if ascii else sparkline(known)
        name = clean(label.strip())
        out.append(([(f"{name} " if name else "", ()), (drawn, ("bar",))], given))
    return out or None


def sparkline(values: Sequence[Decimal]) -> str:
    low, high = min(values), max(values)
    span = high - low
    return "".join(_LEVELS[int((value - low) / span * 7 + Decimal("0.5")) if span else 3] for value in values)
