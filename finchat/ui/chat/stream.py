"""A model's answer as it arrives: Markdown drawn block by block, appended and never redrawn.

What is written stays where it is: no cursor movement, so the terminal's scrollback is what was said. Words go to the
screen as they come; what cannot be drawn before it is whole (emphasis, a line of code, a table, a chart) is held until
it is. The screen depends on the text alone, not on the pieces it came in. Text is hostile: it is redacted and
sanitised, and every wait is bounded.
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
from finchat.ui.chat.drawing import draw_chart, draw_code, draw_table
from finchat.ui.chat.filling import Segment, cells, wrapped
from finchat.ui.chat.inline import MARK, InlineReader
from finchat.ui.chat.page import Page
from finchat.ui.chat.redacting import Redacting
from finchat.ui.chat.tables import is_delimiter
from finchat.ui.chat.theme import Theme

_LONGEST_LINE = 16_384  # of a table or of code; more is text, or goes on in the next line
_LONGEST_QUESTION = 1_000  # of a line that may become a rule, a list or a fence
_MOST_ROWS = 500  # of a table that are held; the rest is a part of its own
_MOST_CHART = 200  # lines
_DEEPEST_QUOTE = 4
_DEEPEST_LIST = 8
_MOST_TOLD = 40

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
    whose look lasts to the end of its line. `width`: the columns of the terminal now; asked for at the beginning of
    each line and block.
    """

    def __init__(self, write: Callable[[str], None], *, width: Callable[[], int], theme: Theme, plain: bool) -> None:
        self._page = Page(write, width=width, theme=theme, plain=plain)
        self._reset()

    def _reset(self) -> None:
        self._page.forget()
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
        self._heading = False
        self._blank = False
        self._separated = False  # the blank line before the next block is there already
        self._list: list[tuple[int, int, int]] = []  # quotes, indent of the marker, columns of its text
        self._held: Held = ""
        self._held_at = 0
        self._lines: list[str] = []
        self._fence = ("", 0, "", 0)  # its character, how many, the language, its indent

    # What a face calls

    def feed(self, text: str) -> None:
        """The next piece of the text."""
        if not text:
            return
        self._said.append(text)
        self._take(self._redacting.feed(text))
        self._page.filler.flush()
        self._page.flush()

    def commit(self) -> None:
        """Draw all that came: something else is printed next. Text that follows begins a new block."""
        self._take(self._redacting.end())
        self._finish()
        self._page.flush()

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
        self._page.flush()
        self._reset()

    def abort(self, why: str) -> None:
        """The answer broke off: what came is drawn, and a line says why."""
        self.commit()
        if self._page.anything:
            self._page.blank()
        for line in wrapped([(f"[{one_line(redact(why), 300)}]", ("faint",))], self._page.prose):
            self._page.print(line)
        self._page.flush()
        self._reset()

    # Writing

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
            draw_code(self._page, self._buffer[self._at : end])
            self._page.source += end - self._at
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
            self._page.source += 1
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
                self._page.source += length
                words = piece.count(" ") + 1
                dressed = self._page.afford(len(piece), words * self._page.theme.cost(roles))
                self._page.spent += len(piece)
                self._page.filler.add(piece, roles if dressed else ())
            else:
                self._page.source += length
                self._page.spent += length
                self._page.filler.add(piece)

    def _end_line(self) -> None:
        if self._line is None:
            return
        self._text("", complete=True)
        self._hard = self._hard or self._line_tail.endswith("  ")
        self._line = None
        self._page.filler.space()
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
        if self._paragraph is not None and self._after_figure() and not body.strip(_MARKERS):
            return len(body) < _LONGEST_QUESTION  # a figure may follow
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
        self._page.source += used

    def _blank_line(self) -> None:
        self._end_paragraph()
        self._blank = True

    def _block(self, line: str, body: str, place: tuple[int, int], end: int, *, whole: bool) -> None:
        quotes, indent = place
        if whole and (fence := _FENCE.match(body)):
            self._start_block(quotes, indent, apart=True)
            language = fence[2].strip().split(" ")[0].casefold()
            self._fence = (fence[1][0], len(fence[1]), language, indent)
            self._held = "chart" if language in {"bars", "spark"} else "code"
            self._held_at = self._done + self._at
            self._lines = []
            self._consume(line, end)
            return
        if whole and _RULE.match(body):
            self._start_block(quotes, indent)
            self._consume(line, end)
            if not self._page.plain:
                self._page.draw([[("-" * max(3, min(len(body), 20)), ("faint",))]])
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
        if self._page.anything and not self._separated and (self._blank or (apart and not self._list)):
            self._page.blank()
        self._blank = self._separated = False
        self._page.margins(quotes, self._list[-1][2] if self._list else 0)

    def _leave_lists(self, quotes: int, indent: int) -> None:
        while self._list and (self._list[-1][0] != quotes or indent < self._list[-1][1] + 2):
            self._list.pop()

    def _start_item(self, marker: str, quotes: int, indent: int) -> None:
        self._start_block(quotes, indent)
        bullet = marker if marker[0].isdigit() else "-" if self._page.simple else "•"
        outer = self._list[-1][2] if self._list else 0
        self._page.margins(quotes, outer, bullet)
        if len(self._list) < _DEEPEST_LIST:
            self._list.append((quotes, indent, outer + cells(bullet) + 1))
        self._page.open()
        self._paragraph = (quotes, indent)
        self._begin_text()

    def _start_text(self, quotes: int, indent: int, body: str) -> None:
        if self._paragraph is not None and self._paragraph[0] == quotes:
            # Two figures on two lines would look like one on one line: 5 and 000.
            figures = self._after_figure() and body.lstrip(_MARKERS)[:1].isdigit()
            if self._hard or self._bars_in_line or figures:
                self._break_line()
            self._begin_text()
            return
        self._start_block(quotes, indent)
        self._page.open()
        self._paragraph = (quotes, indent)
        self._begin_text()

    def _start_heading(self, quotes: int) -> None:
        """One line in one look, which is begun here and ended with the line."""
        self._start_block(quotes, 0, apart=True)
        self._page.open(heading=True)
        self._paragraph = (quotes, 0)
        self._begin_text()
        self._heading = True

    def _after_figure(self) -> bool:
        return self._line_tail.rstrip(_MARKERS)[-1:].isdigit()

    def _break_line(self) -> None:
        if not self._page.filler.empty:
            self._page.filler.turn()

    def _begin_text(self) -> None:
        self._line = InlineReader()
        self._line_tail = ""
        self._bars_in_line = False
        self._hard = False

    def _end_paragraph(self) -> None:
        if self._paragraph is None:
            return
        self._page.close()
        self._paragraph = None
        self._hard = self._heading = False

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
        draw_table(self._page, lines)
        head = lines[:2] if more and len(lines) > 1 and is_delimiter(lines[1]) else []
        self._lines, self._held = head, "table" if head else ""

    # Code and charts

    def _fenced(self, line: str, end: int) -> None:
        char, count, _, indent = self._fence
        closing = line.strip(" \t>") if char in line else ""
        if len(closing) >= count and not closing.strip(char):
            self._consume(line, end)
            self._end_fence()
            return
        spaces = len(line) - len(line.lstrip(" "))
        text = line[min(spaces, indent) :]
        self._consume(line, end)
        if self._held == "code":
            draw_code(self._page, text)
            return
        self._lines.append(text)
        if len(self._lines) > _MOST_CHART:
            self._held = "code"
            lines, self._lines = self._lines, []
            for one in lines:
                draw_code(self._page, one)

    def _end_fence(self) -> None:
        held, lines = self._held, self._lines
        self._held, self._lines = "", []
        self._blank = True
        if held == "chart":
            draw_chart(self._page, self._fence[2], lines)

    # The end

    def _reset_for(self, words: str) -> None:
        self._reset()
        self._page.blank()
        for line in wrapped([(words, ("strong",))], self._page.prose):
            self._page.print(line)
        self._blank = True

    def _close(self, doubtful: Sequence[Figure], text: str) -> None:
        if not doubtful:
            return
        if self._page.anything:
            self._page.blank()
        self._page.margins(0, 0)
        many = len(doubtful) != 1
        words = f"{len(doubtful)} figure{'s' * many} could not be traced to your books:"
        told: list[list[Segment]] = [[(words, ("unverified",))]]
        for figure in doubtful[:_MOST_TOLD]:
            why = one_line(redact(figure.why), 120) or "no record carries it"
            told.append([(f"{one_line(redact(figure.text), 60)}: {why}", ()), (_sentence(text, figure), ("faint",))])
        if len(doubtful) > _MOST_TOLD:
            told.append([(f"… and {len(doubtful) - _MOST_TOLD} more", ())])
        for number, entry in enumerate(told):
            for index, line in enumerate(wrapped(entry, self._page.prose - 4)):
                self._page.print([(("    " if index else "  ") if number else "", ()), *line])


def render(text: str, figures: Sequence[Figure] = (), *, width: int, theme: Theme, plain: bool = False) -> str:
    """A whole text, its unverified figures marked where they stand. Ends in a line feed; "" for nothing."""
    out: list[str] = []
    stream = MarkdownStream(out.append, width=lambda: width, theme=theme, plain=plain)
    stream.feed(marked(text, figures))
    stream.commit()
    return "".join(out)


def _sentence(text: str, figure: Figure) -> str:
    """The words a figure stands in, in quotes; "" when it stands alone."""
    first = max(text.rfind(mark, max(0, figure.start - 80), figure.start) for mark in ("\n", ". ", "| "))
    begin = first + 1 if first >= 0 else max(0, figure.start - 80)
    ends = [at for mark in ("\n", ". ", " |") if (at := text.find(mark, figure.end, figure.end + 60)) >= 0]
    end = min(ends, default=min(len(text), figure.end + 60))
    words = one_line(redact(text[begin:end]).strip(" .|*_#>-"), 140)
    return "" if words == one_line(figure.text) or not words else f" — “{words}”"


__all__ = ["MARK", "MarkdownStream", "render"]
