"""The blocks of an answer that are drawn whole: tables, code, charts."""

from __future__ import annotations

from collections.abc import Sequence

from finchat.ui.chat import bars
from finchat.ui.chat.filling import Segment, cells, clean, fitting, may_glue
from finchat.ui.chat.inline import parse_inline
from finchat.ui.chat.page import Page
from finchat.ui.chat.tables import Table, alignments, is_delimiter, split_row, stripped
from finchat.ui.chat.theme import Roles

_LEAST_BAR = 5  # columns of the longest; the text pays for no less


def draw_table(page: Page, lines: Sequence[str]) -> None:
    """The lines of a Markdown table. For screen readers, and where it cannot fit, `column: value` lines."""
    aligns = alignments(lines[1]) if len(lines) > 1 and is_delimiter(lines[1]) else []
    header = split_row(lines[0]) if aligns else None
    table = Table(header, aligns, [split_row(line) for line in (lines[2:] if aligns else lines)])
    width = page.room
    drawn = None if page.plain else table.lines(width)
    if drawn is None or not _pays(page, drawn):
        _records(page, table)
        return
    head = table.header_lines(width)
    if head and page.theme.colours:  # underlined from end to end
        page.draw([[(text, roles or ("header",)) for text, roles in line] for line in drawn[:head]])
    elif head:
        page.draw([*drawn[:head], [("  ".join("-" * w for w in table.widths(width)), ())]])
    for line in drawn[head:]:
        page.draw([line])


def _pays(page: Page, lines: Sequence[Sequence[Segment]]) -> bool:
    size = sum(len(text) for line in lines for text, _ in line)
    bare = sum(len(text.strip(" ")) for line in lines for text, _ in line)
    return page.afford(bare, size - bare)


def _records(page: Page, table: Table) -> None:
    for index, record in enumerate(table.records()):
        if index:
            page.print([])
        for name, value in record:
            page.words([(f"{name}: ", ()), *value] if name else value)


def draw_code(page: Page, line: str) -> None:
    """A line of code, its blanks kept, in as many lines as it takes."""
    text = clean(line.expandtabs(4).rstrip(" "))
    indent = 0 if page.plain else 2
    for piece in _folded(text, max(1, page.room - indent)):
        dressed = bool(piece) and page.afford(len(piece), page.theme.cost(("code",)) + indent)
        roles: Roles = ("code",) if dressed else ()
        page.spent += len(piece) + 1
        page.print([(" " * indent if dressed else "", ()), (piece, roles)] if piece else [])


def _folded(text: str, width: int) -> list[str]:
    """At a space where there is one, never inside an amount."""
    out: list[str] = []
    while cells(text) > width:
        cut = fitting(text, width) or 1
        space = text.rfind(" ", cut // 2, cut + 1)
        if space > 0 and may_glue(text[max(0, space - 8) : space]):
            earlier = text.rfind(" ", cut // 4, space)
            space = earlier if earlier > 0 else space
        out.append(text[: space if space > 0 else cut].rstrip(" "))
        text = text[space if space > 0 else cut :].lstrip(" ")
    return [*out, text]


def draw_chart(page: Page, language: str, lines: Sequence[str]) -> None:
    """A block of `bars` or `spark`; as text when it holds something else than numbers."""
    lines = [line.strip() for line in lines if line.strip()]
    if not (_bars(page, lines) if language == "bars" else _sparks(page, lines)):
        for line in lines:
            label, bar, value = line.strip("|").rpartition("|")
            page.words(parse_inline(f"{label.strip()}: {value.strip()}" if bar and label else line))


def _bars(page: Page, lines: Sequence[str]) -> bool:
    rows = None if page.plain else bars.bar_rows(lines)
    width = page.room
    if rows is None or max(cells(given) for _, given, _ in rows) + bars.NARROWEST > width:
        return False
    text = sum(len(label) + len(given) for label, given, _ in rows)
    longest, narrow = bars.LONGEST_BAR, page.theme.ascii
    while True:
        drawn = [stripped(line) for line in bars.bar_lines(rows, width, longest=longest, ascii=narrow)]
        size = sum(len(part.encode()) + page.theme.cost(roles) for line in drawn for part, roles in line)
        if page.afford(text, size - text) or (narrow and longest <= _LEAST_BAR):
            break
        # A block character is three bytes.
        longest, narrow = (longest // 2, narrow) if longest > 2 * _LEAST_BAR else (longest // (1 + narrow), True)
    for line in drawn:
        page.print(line)
    page.spent += text
    return True


def _sparks(page: Page, lines: Sequence[str]) -> bool:
    rows = bars.spark_lines(lines, ascii=page.simple)
    if rows is None:
        return False
    for line, given in rows:
        drawn = stripped(line)
        size = sum(len(text.encode()) for text, _ in line)
        if cells("".join(text for text, _ in drawn)) <= page.prose and page.afford(len(given), size):
            page.print(drawn)
        elif line[0][0]:
            page.words(line[:1])
        page.words(parse_inline(given))
    return True
