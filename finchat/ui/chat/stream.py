"""A model's answer as it arrives: Markdown drawn block by block, appended and never redrawn.

What is written stays where it is: no cursor movement, so the terminal's scrollback is what was said. Words go to the
screen as they come; what cannot be drawn before it is whole (emphasis, a line of code, a table, a chart) is held until
it is. The screen depends on the text alone, not on the pieces it came in. Text is hostile: it is redacted
and sanitised, and every wait is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from finchat.agent.facts import Figure
from finchat.agent.grounding import marked
from finchat.text.redact import redact
from finchat.text.sanitise import one_line
from finchat.ui.chat import bars
from finchat.ui.chat.filling import Filler, Segment, cells, clean, fitting, may_glue, wrapped
from finchat.ui.chat.inline import MARK, InlineReader, parse_inline
from finchat.ui.chat.redacting import Redacting
from finchat.ui.chat.tables import Table, alignments, is_delimiter, split_row, stripped
from finchat.ui.chat.theme import RESET, Role, Theme

WIDEST_PROSE = 100  # columns; longer lines are hard to read
_NARROWEST = 20
_WIDEST = 400
_LONGEST_LINE = 16_384  # of a table or of code; more is text, or goes on in the next line
_LONGEST_QUESTION = 1_000  # of a line that may become a rule, a list or a fence
_MOST_ROWS = 500  # of a table that are held; the rest is a part of its own
_MOST_CHART = 200  # lines
_DEEPEST_QUOTE = 4
_DEEPEST_LIST = 8
_MOST_TOLD = 40
# Ornament (escapes, padding, bars) is bought with the text: at most this many bytes for each character of it, and some
# to begin with. What is left to twice the text's size pays for the indents of wrapped lines.
_ALLOWANCE = 1.6
_CREDIT = 160

_HEADING = re.compile(r"#{1,6}(?:[ \t]+|\Z)")
_RULE = re.compile(r"([-*_])[ \t]*(?:\1[ \t]*){2,}\Z")
_MARKERS = " *_~`"
_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([^`\n]{0,200})\Z")
_ITEM = re.compile(r"([-*+•]|\d{1,9}[.)])(?:[ \t]+|\Z)")
_QUOTE = re.compile(r">[ ]?")
# The beginning of a line that may become any of these.
_UNDECIDED = re.compile(r"(?:#{1,6}|=+[ \t]*|([-*_])[ \t]*(?:\1[ \t]*)*|[+•]|\d{1,9}[.)]?|`{1,2}|~{1,2}|\\)?\Z")
_HELD = re.compile(r"```|~~~|\||([-*_])[ \t]*\1[ \t]*(?:\1[ \t]*)*\Z")

Held = Literal["", "table", "chart", "code"]


class MarkdownStream:
    """One answer, or several one after the other: `feed` its pieces, then `end` or `abort` it.

    `write` gets clean text with line feeds, one call a piece at most; each is whole in its styles but for a heading,
    whose look lasts to the end of its line. `width`: the columns of the terminal now; asked
    for at the beginning of each line and block.
    """

    def __init__(self, write: Callable[[str], None], *, width: Callable[[], int], theme: Theme, plain: bool) -> None:
        self._write = write
        self._columns = width
        self._theme = replace(theme, name="none") if plain else theme
        self._plain = plain
        self._out: list[str] = []
        self._filler = Filler(self._emit, self._turn)
        self._reset()

    def _reset(self) -> None:
        self._said: list[str] = []
        self._redacting = Redacting()
        self._buffer = ""
        self._at = 0  # in the buffer
        self._done = 0  # characters of redacted text before the buffer
        self._ended = False
        self._line: InlineReader | None = None  # the line of text that is being read
        self._line_tail = ""
        self._bars_in_line = False
        self._paragraph: tuple[int, int] | None = None  # (quotes, indent) of the open paragraph
        self._hard = False
        self._heading = self._heading_dressed = False
        self._first: list[Segment] = []
        self._rest: list[Segment] = []
        self._fresh = True  # nothing stands on the line
        self._anything = False
        self._blank = False
        self._separated = False  # the blank line before the next block is there already
        self._list: list[tuple[int, int, int]] = []  # quotes, indent of the marker, columns of its text
        self._held: Held = ""
        self._held_at = 0
        self._lines: list[str] = []
        self._fence = ("", 0, "")
        self._code_part = False
        self._source = self._spent = 0

    # What a face calls

    def feed(self, text: str) -> None:
        """The next piece of the text."""
        if not text:
            return
        self._said.append(text)
        self._take(self._redacting.feed(text))
        self._filler.flush()
        self._flush()

    def commit(self) -> None:
        """Draw all that came: something else is printed next. Text that follows begins a new block."""
        self._take(self._redacting.end())
        self._finish()
        self._flush()

    def end(self, text: str, figures: Sequence[Figure]) -> None:
        """The answer is whole: `text`, of which all, some or nothing was fed, with its figures checked.

        What is not on the screen yet is drawn with its unverified figures marked; a closing block names every
        unverified figure with its words. A text that is not the one that was fed is drawn whole, as its correction.
        """
        said = "".join(self._said)
        if said and not text.startswith(said):
            self.commit()
            self._reset_for("What stands above was corrected. The checked answer:")
            said = ""
        printed = self._redacting.taken_at(self._position()) if said else 0
        tail = [replace(f, start=f.start - printed, end=f.end - printed) for f in figures if f.start >= printed]
        rest = marked(text[printed:], tail)
        rest = self._redacting.masked(rest) if said and self._held not in {"table", "chart"} else redact(rest)
        self._forget_unprinted()
        self._take(rest.replace("\r\n", "\n"))
        self._finish()
        self._close([f for f in figures if not f.verified], text)
        self._flush()
        self._reset()

    def abort(self, why: str) -> None:
        """The answer broke off: what came is drawn, and a line says why."""
        self.commit()
        if self._anything:
            self._raw("\n")
        for line in wrapped([(f"[{one_line(redact(why), 300)}]", ("faint",))], self._prose()):
            self._print(line)
        self._flush()
        self._reset()

    # Writing

    def _flush(self) -> None:
        if self._out:
            out = "".join(self._out)
            self._out.clear()
            self._write(out)

    def _raw(self, text: str) -> None:
        self._out.append(text)

    def _emit(self, segment: Segment) -> None:
        text, roles = segment
        self._fresh = False
        self._out.append(self._theme.paint(text, *roles) if roles else text)

    def _print(self, line: Sequence[Segment]) -> None:
        for segment in line:
            self._emit(segment)
        self._raw("\n")
        self._fresh = True
        self._anything = True

    def _afford(self, characters: int, ornament: int) -> bool:
        """Whether text of some characters can have its ornament; it is paid for then."""
        if self._spent + characters + ornament > _ALLOWANCE * self._source + _CREDIT:
            return False
        self._spent += ornament
        return True

    def _prose(self) -> int:
        return min(self._width(), WIDEST_PROSE)

    def _width(self) -> int:
        """One column less than there are: a full line would wrap on some terminals."""
        return min(max(self._columns(), _NARROWEST), _WIDEST) - 1

    def _turn(self) -> tuple[int, int]:
        self._raw("\n")
        self._anything = True
        for segment in self._rest:
            self._emit(segment)
        self._fresh = True
        return sum(cells(text) for text, _ in self._rest), self._prose()

    # Reading

    def _take(self, text: str) -> None:
        if self._at:
            self._done += self._at
            self._buffer = self._buffer[self._at :] + text
            self._at = 0
        else:
            self._buffer += text
        while self._step():
            pass

    def _finish(self) -> None:
        """Everything that came is the whole of it."""
        self._ended = True
        while self._step():
            pass
        self._end_held()
        self._end_line()
        self._end_paragraph()
        self._ended = False
        self._list.clear()

    def _position(self) -> int:
        """How much of the redacted text is on the screen, or with the words that wait to be."""
        if self._held in {"table", "chart"}:
            return self._held_at
        return self._done + self._at - (self._line.waiting if self._line is not None else 0)

    def _forget_unprinted(self) -> None:
        """What was taken in and is not on the screen comes again, marked."""
        if self._line is not None:
            self._line.forget()
        if self._held != "code":
            self._separated = bool(self._held)
            self._held = ""
        self._lines = []
        self._done += self._at
        self._buffer = ""
        self._at = 0

    def _step(self) -> bool:
        """Take in one line, or what there is of it. False: nothing more can be said before more comes."""
        if self._at >= len(self._buffer):
            return False
        end = self._buffer.find("\n", self._at)
        complete = end >= 0 or self._ended
        if self._line is not None:
            return self._go_on(end)
        if self._held == "code" and not complete and len(self._buffer) - self._at > _LONGEST_LINE:
            end = self._at + _LONGEST_LINE
            self._code_line(self._buffer[self._at : end], part=True)
            self._at = end
            return True
        if self._held in {"code", "chart"} and not complete and len(self._buffer) - self._at <= _LONGEST_LINE:
            return False
        if end < 0 and (len(self._buffer) - self._at > _LONGEST_LINE):
            end = self._at + _LONGEST_LINE
        line = self._buffer[self._at : end] if end >= 0 else self._buffer[self._at :]
        long = len(line) > _LONGEST_LINE
        return self._begin(line[:_LONGEST_LINE] if long else line, complete, end)

    def _go_on(self, end: int) -> bool:
        assert self._line is not None
        text = self._buffer[self._at : end] if end >= 0 else self._buffer[self._at :]
        self._at += len(text)
        self._text(text, complete=end >= 0)
        if end >= 0:
            self._at += 1
            self._source += 1
            self._end_line()
        return self._at < len(self._buffer)

    def _text(self, text: str, *, complete: bool) -> None:
        assert self._line is not None
        if text:
            self._line_tail = (self._line_tail + text)[-8:]
            self._bars_in_line = self._bars_in_line or "|" in text
        for (piece, roles), length in self._line.read(text, complete=complete):
            if piece == "\n":
                self._hard = True
                continue
            if roles and not self._heading:
                self._source += length
                words = piece.count(" ") + 1
                dressed = self._afford(len(piece), words * self._theme.cost(roles))
                self._spent += len(piece)
                self._filler.add(piece, roles if dressed else ())
            else:
                self._source += length
                self._spent += length
                self._filler.add(piece)

    def _end_line(self) -> None:
        if self._line is None:
            return
        self._text("", complete=True)
        self._hard = self._hard or self._line_tail.endswith("  ")
        self._line = None
        self._filler.space()
        if self._heading:
            self._end_paragraph()

    # Lines

    def _begin(self, line: str, complete: bool, end: int) -> bool:
        """A line begins. False: it is not known yet what it is."""
        quotes, content, at = self._unquoted(line)
        if self._held in {"code", "chart"}:
            self._fenced(line, end)
            return True
        body = line[at + len(content) - len(content.lstrip(" \t")) :]
        indent = cells(content[: len(content) - len(body)].expandtabs(4)) if content else 0
        if not complete and len(line) < _LONGEST_LINE and self._open_question(body):
            return False
        if self._held == "table":
            if body.startswith("|") and complete and len(line) < _LONGEST_LINE:
                self._lines.append(body)
                self._consume(line, end)
                if len(self._lines) > _MOST_ROWS:
                    self._end_table(more=True)
                return True
            self._end_held()
        if not body:
            self._blank_line()
            self._consume(line, end)
            return True
        self._block(line, body, (quotes, indent), end, whole=complete and len(line) < _LONGEST_LINE)
        return True

    def _open_question(self, body: str) -> bool:
        if _HELD.match(body):
            return len(body) < (_LONGEST_LINE if body.startswith("|") else _LONGEST_QUESTION)
        return bool(_UNDECIDED.match(body)) and len(body) < _LONGEST_QUESTION

    def _unquoted(self, line: str) -> tuple[int, str, int]:
        """How deep a line is quoted, what stands behind the signs, and where that begins."""
        at, quotes = 0, 0
        while quotes < _DEEPEST_QUOTE:
            spaces = len(line[at : at + 4]) - len(line[at : at + 4].lstrip(" "))
            match = _QUOTE.match(line, at + spaces) if spaces < 4 else None
            if match is None:
                break
            at, quotes = match.end(), quotes + 1
        return quotes, line[at:], at

    def _consume(self, line: str, end: int, used: int | None = None) -> None:
        """`used`: of the line; None: all of it and the line feed."""
        if used is None:
            used = len(line) + (1 if 0 <= end < len(self._buffer) and self._buffer[end] == "\n" else 0)
        self._at += used
        self._source += used

    def _blank_line(self) -> None:
        self._end_paragraph()
        self._blank = True

    def _block(self, line: str, body: str, place: tuple[int, int], end: int, *, whole: bool) -> None:
        quotes, indent = place
        if whole and (fence := _FENCE.match(body)):
            self._start_block(quotes, indent, apart=True)
            language = fence[2].strip().split(" ")[0].casefold()
            self._fence = (fence[1][0], len(fence[1]), language)
            self._held = "chart" if language in {"bars", "spark"} else "code"
            self._held_at = self._done + self._at
            self._lines = []
            self._fence_indent = indent
            self._consume(line, end)
            return
        if whole and _RULE.match(body):
            self._start_block(quotes, indent)
            self._rule(body)
            self._consume(line, end)
            return
        if whole and self._paragraph is not None and not body.strip("= \t"):  # what stands above it is a title
            self._consume(line, end)
            self._hard = True
            return
        if heading := _HEADING.match(body):
            self._list.clear()
            self._start_heading(quotes)
            self._consume(line, end, len(line) - len(body) + heading.end())
            return
        if whole and body.startswith("|"):
            self._start_block(quotes, indent, apart=True)
            self._held, self._held_at = "table", self._done + self._at
            self._lines = [body]
            self._consume(line, end)
            return
        item = _ITEM.match(body)
        if item is not None:
            self._start_item(item[1], quotes, indent)
            self._consume(line, end, len(line) - len(body) + item.end())
            return
        self._start_text(quotes, indent, body)
        self._consume(line, end, len(line) - len(body))

    # Blocks

    def _start_block(self, quotes: int, indent: int, *, apart: bool = False) -> None:
        """A block begins on a line of its own; `apart`: with a blank line before it, whatever the source has."""
        self._end_paragraph()
        self._leave_lists(quotes, indent)
        if self._anything and not self._separated and (self._blank or (apart and not self._list)):
            self._raw("\n")
            self._spent += 1
        self._blank = self._separated = False
        self._margins(quotes)

    def _leave_lists(self, quotes: int, indent: int) -> None:
        while self._list and (self._list[-1][0] != quotes or indent < self._list[-1][1] + 2):
            self._list.pop()

    def _margins(self, quotes: int) -> None:
        bar = "> " if self._plain or self._theme.ascii else "│ "
        margin: list[Segment] = [(bar * quotes, ())] if quotes else []
        if self._list:
            margin.append((" " * min(self._list[-1][2], self._prose() // 4), ()))
        self._first = self._rest = margin
        self._spent += sum(len(text.encode()) for text, _ in margin)

    def _open_line(self) -> None:
        for segment in self._first:
            self._emit(segment)
        self._filler.begin(sum(cells(text) for text, _ in self._first), self._prose())

    def _start_item(self, marker: str, quotes: int, indent: int) -> None:
        self._end_paragraph()
        while self._list and (self._list[-1][0] != quotes or indent < self._list[-1][1] + 2):
            self._list.pop()
        if self._anything and self._blank:
            self._raw("\n")
        self._blank = False
        self._margins(quotes)
        bullet = marker if marker[0].isdigit() else "-" if self._plain or self._theme.ascii else "•"
        first: list[Segment] = [*self._rest, (f"{bullet} ", ())]
        outer = self._list[-1][2] if self._list else 0
        if len(self._list) < _DEEPEST_LIST:
            self._list.append((quotes, indent, outer + cells(bullet) + 1))
        self._margins(quotes)
        self._first = first
        self._spent += 3
        self._open_line()
        self._paragraph = (quotes, indent)
        self._begin_text()

    def _start_text(self, quotes: int, indent: int, body: str) -> None:
        if self._paragraph is not None and self._paragraph[0] == quotes:
            # Two figures on two lines would look like one on one line: 5 and 000.
            figures = self._line_tail.rstrip(_MARKERS)[-1:].isdigit() and body.lstrip(_MARKERS)[:1].isdigit()
            if self._hard or self._bars_in_line or figures:
                self._break_line()
            self._begin_text()
            return
        self._start_block(quotes, indent)
        self._open_line()
        self._paragraph = (quotes, indent)
        self._begin_text()

    def _start_heading(self, quotes: int) -> None:
        """One line in one look, which is begun here and ended with the line."""
        self._start_block(quotes, 0, apart=True)
        self._open_line()
        self._paragraph = (quotes, 0)
        self._begin_text()
        self._heading_dressed = False
        if self._afford(0, self._theme.cost(("heading",))):
            self._raw(self._theme.code(("heading",)))
            self._heading_dressed = self._theme.colours
        self._heading = True

    def _break_line(self) -> None:
        if not self._filler.empty:
            self._filler.turn()

    def _begin_text(self) -> None:
        self._line = InlineReader()
        self._line_tail = ""
        self._bars_in_line = False
        self._hard = False

    def _end_paragraph(self) -> None:
        if self._paragraph is None:
            return
        self._filler.end()
        if self._heading and self._heading_dressed:
            self._raw(RESET)
        self._heading = False
        self._raw("\n")
        self._spent += 1
        self._anything = True
        self._fresh = True
        self._paragraph = None
        self._hard = False

    def _rule(self, body: str) -> None:
        if not self._plain:
            self._draw([[("-" * max(3, min(len(body), 20)), ("faint",))]], 0)

    def _filled(self, segments: Sequence[Segment]) -> list[list[Segment]]:
        return wrapped(segments, max(_NARROWEST // 2, self._prose() - self._taken()))

    def _taken(self) -> int:
        return sum(cells(text) for text, _ in self._rest)

    def _draw(self, lines: Sequence[Sequence[Segment]], characters: int) -> None:
        """Whole lines, in their roles where that can be afforded."""
        cost = sum(self._theme.cost(roles) for line in lines for text, roles in line if roles)
        dressed = self._afford(characters, cost)
        for line in lines:
            body = line if dressed else [(text, ()) for text, _ in line]
            self._print([*self._rest, *_joined(body)])
        self._spent += sum(len(text) for line in lines for text, _ in line)

    # Tables

    def _end_held(self) -> None:
        held = self._held
        if held == "table":
            self._end_table(more=False)
        elif held in {"chart", "code"}:
            self._end_fence()

    def _end_table(self, *, more: bool) -> None:
        lines, self._lines = self._lines, []
        self._blank = not more
        self._held_at = self._done + self._at
        header: list[str] | None = None
        aligns = alignments(lines[1]) if len(lines) > 1 and is_delimiter(lines[1]) else []
        if aligns:
            header = split_row(lines[0])
            lines_of_rows = lines[2:]
        else:
            lines_of_rows = lines
        table = Table(header, aligns, [split_row(line) for line in lines_of_rows])
        self._draw_table(table)
        if more:
            self._lines = lines[:2] if aligns else []
            if not self._lines:
                self._held = ""
        else:
            self._held = ""

    def _draw_table(self, table: Table) -> None:
        width = self._width() - self._taken()
        lines = None if self._plain else table.lines(width)
        if lines is None:
            self._draw_records(table)
            return
        head = table.header_lines(width)
        size = sum(len(text) for line in lines for text, _ in line)
        bare = sum(len(text.strip(" ")) for line in lines for text, _ in line)
        if not self._afford(bare, size - bare):
            self._draw_records(table)
            return
        header, body = lines[:head], lines[head:]
        if header and self._theme.colours:
            self._draw([_ruled(line) for line in header], 0)
        elif header:
            rule = "  ".join("-" * width for width in table.widths(width))
            self._draw([*header, [(rule, ())]], 0)
        for line in body:
            self._draw([line], 0)

    def _draw_records(self, table: Table) -> None:
        for index, record in enumerate(table.records()):
            if index:
                self._print([])
            for name, value in record:
                label: list[Segment] = [(f"{name}: ", ())] if name else []
                self._draw(self._filled([*label, *value]), 0)

    # Code and charts

    def _fenced(self, line: str, end: int) -> None:
        char, count, _ = self._fence
        closing = line.strip(" \t>") if char in line else ""
        if len(closing) >= count and not closing.strip(char):
            self._consume(line, end)
            self._end_fence()
            return
        spaces = len(line) - len(line.lstrip(" "))
        text = line[min(spaces, self._fence_indent) :]
        self._consume(line, end)
        if self._held == "code":
            self._code_line(text)
            return
        self._lines.append(text)
        if len(self._lines) > _MOST_CHART:
            self._held = "code"
            self._code_lines()

    def _code_lines(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            self._code_line(line)

    def _code_line(self, line: str, *, part: bool = False) -> None:
        if part:
            self._source += len(line)
        text = clean(line.expandtabs(4).rstrip(" "))
        indent = 0 if self._plain else 2
        for piece in _folded(text, max(_NARROWEST // 2, self._width() - self._taken() - indent)):
            cost = self._theme.cost(("code",)) + indent
            dressed = bool(piece) and self._afford(len(piece), cost)
            roles: tuple[Role, ...] = ("code",) if dressed else ()
            self._spent += len(piece) + 1
            self._print([*self._rest, (" " * indent if dressed else "", ()), (piece, roles)] if piece else [])

    def _end_fence(self) -> None:
        held, lines = self._held, self._lines
        self._held, self._lines = "", []
        self._blank = True
        if held == "chart":
            self._chart(lines)

    def _chart(self, lines: list[str]) -> None:
        width = self._width() - self._taken()
        drawn = self._bars(lines, width) if self._fence[2] == "bars" else self._sparks(lines)
        if not drawn:
            for line in lines:
                self._draw(self._filled(parse_inline(line.strip())), 0)

    def _bars(self, lines: list[str], width: int) -> bool:
        rows = None if self._plain else bars.bar_rows(lines)
        if rows is None or max(cells(given) for _, given, _ in rows) + bars.NARROWEST > width:
            given = [line.strip().strip("|").rpartition("|") for line in lines if line.strip()]
            for label, bar, value in given:
                self._draw(self._filled(parse_inline(f"{label.strip()}: {value.strip()}" if bar else value)), 0)
            return bool(given)
        longest, narrow = bars.LONGEST_BAR, self._theme.ascii
        while True:
            drawn = [stripped(line) for line in bars.bar_lines(rows, width, longest=longest, ascii=narrow)]
            size = sum(len(text.encode()) + self._theme.cost(roles) for line in drawn for text, roles in line)
            text = sum(len(label) + len(given) for label, given, _ in rows)
            if self._afford(text, size - text) or (narrow and longest <= 5):
                break
            # A block character is three bytes.
            longest, narrow = (longest // 2, narrow) if longest > 10 else (longest // (2 if narrow else 1), True)
        for line in drawn:
            self._print([*self._rest, *line])
        self._spent += text
        return True

    def _sparks(self, lines: list[str]) -> bool:
        rows = bars.spark_lines(lines, ascii=self._plain or self._theme.ascii)
        if rows is None:
            return False
        for line, given in rows:
            drawn = stripped(line)
            size = sum(len(text.encode()) for text, _ in line)
            if cells("".join(text for text, _ in drawn)) <= self._prose() and self._afford(len(given), size):
                self._print([*self._rest, *drawn])
            elif line[0][0]:
                self._draw(self._filled(line[:1]), 0)
            self._draw(self._filled(parse_inline(given)), 0)
        return True

    # The end

    def _reset_for(self, words: str) -> None:
        self._reset()
        self._raw("\n")
        for line in wrapped([(words, ("strong",))], self._prose()):
            self._print(line)
        self._blank = True

    def _close(self, doubtful: Sequence[Figure], text: str) -> None:
        if not doubtful:
            return
        if self._anything:
            self._raw("\n")
        self._rest = []
        many = len(doubtful) != 1
        words = f"{len(doubtful)} figure{'s' * many} could not be traced to your books:"
        told: list[list[Segment]] = [[(words, ("unverified",))]]
        for figure in doubtful[:_MOST_TOLD]:
            why = one_line(redact(figure.why), 120) or "no record carries it"
            told.append([(f"{one_line(redact(figure.text), 60)}: {why}", ()), (_sentence(text, figure), ("faint",))])
        if len(doubtful) > _MOST_TOLD:
            told.append([(f"… and {len(doubtful) - _MOST_TOLD} more", ())])
        for number, entry in enumerate(told):
            for index, line in enumerate(wrapped(entry, self._prose() - 4)):
                self._print([(("    " if index else "  ") if number else "", ()), *line])


def render(text: str, figures: Sequence[Figure] = (), *, width: int, theme: Theme, plain: bool = False) -> str:
    """A whole text, its unverified figures marked where they stand. Ends in a line feed; "" for nothing."""
    out: list[str] = []
    stream = MarkdownStream(out.append, width=lambda: width, theme=theme, plain=plain)
    stream.feed(marked(text, figures))
    stream.commit()
    return "".join(out)


def _joined(line: Sequence[Segment]) -> list[Segment]:
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


def _ruled(line: Sequence[Segment]) -> list[Segment]:
    """A header's line, underlined from end to end."""
    return [(text, roles or ("header",)) for text, roles in line]


def _folded(text: str, width: int) -> list[str]:
    """A line of code in lines of some columns: at a space where there is one, never inside an amount."""
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


def _sentence(text: str, figure: Figure) -> str:
    """The words a figure stands in, in quotes; "" when it stands alone."""
    first = max(text.rfind(mark, max(0, figure.start - 80), figure.start) for mark in ("\n", ". ", "| "))
    begin = first + 1 if first >= 0 else max(0, figure.start - 80)
    ends = [at for mark in ("\n", ". ", " |") if (at := text.find(mark, figure.end, figure.end + 60)) >= 0]
    end = min(ends, default=min(len(text), figure.end + 60))
    words = one_line(redact(text[begin:end]).strip(" .|*_#>-"), 140)
    return "" if words == one_line(figure.text) or not words else f" — “{words}”"


__all__ = ["MARK", "MarkdownStream", "render"]
