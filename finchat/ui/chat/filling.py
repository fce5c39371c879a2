"""Words into lines, as they come: wrapped at spaces, amounts never broken (`1,234.50 NZD` stays together).

Where a word stands depends only on the words before it and the width, never on when its letters came: a letter is put
down early only where the whole word, or the whole amount it may belong to, has room.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

from finchat.text.sanitise import visible
from finchat.ui.chat.inline import Segment
from finchat.ui.chat.theme import Roles

ROOM = 40  # columns: the longest amount with its currency and mark; a longer word may be broken
_LONGEST_WORD = 512  # characters, held until the word is whole
# Written without spaces: a line may end after each of these.
_WIDE = "\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U0001f300-\U0001faff\U00020000-\U0003ffff"
_TOKENS = re.compile(rf"([ \n\t]+)|([{_WIDE}])|([^ \n\t{_WIDE}]+)")
_NO_BREAK = re.compile("[\u00a0\u2007\u2009\u202f]")  # spaces inside an amount
_PICTURE = re.compile("(?<=[\u2190-\u2bff\U0001f000-\U0001faff])\ufe0f(?!\ufe0f)")  # "as a picture": shown anyhow

_NUMBER_ENDS = re.compile(r"(?:\d[)%]?|(?<![A-Za-z])[A-Z]{3}|[%€£¥₹₩$])\Z")
_GOES_ON = re.compile(r"(?:[A-Z]{3}|[€£¥₹₩$%]|\d{3}(?:[.,]\d{1,3})?|CR|DR|\[unverified\])[)\].,;:!?…]*\Z")
_UNIT_ENDS = re.compile(r"(?:(?<![A-Za-z])[A-Z]{3}|[€£¥₹₩$]|[-−])\Z")
_NUMBER_BEGINS = re.compile(r"[-−+(]?\d")


def cells(text: str) -> int:
    """Columns that clean text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_cell, text))


@lru_cache(4096)
def _cell(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def clean(text: str) -> str:
    """One line of a model's text for a terminal: as `visible`, but no-break spaces are spaces, and a picture sign is
    not told twice that it is one."""
    if text.isascii() and text.isprintable():
        return text
    return visible(_PICTURE.sub("", _NO_BREAK.sub(" ", text)))


def glued(left: str, right: str) -> bool:
    """Two words of one amount: no line ends between them."""
    if len(right) <= 16 and _GOES_ON.match(right) and _NUMBER_ENDS.search(left[-8:]):
        return bool(left[-1:].isdigit() or not right[:1].isdigit())
    return bool(_NUMBER_BEGINS.match(right) and len(left) <= 8 and _UNIT_ENDS.search(left))


def may_glue(word: str) -> bool:
    return bool(_NUMBER_ENDS.search(word[-8:]) or (len(word) <= 8 and _UNIT_ENDS.search(word)))


class _Word:
    """A word as it came, and as it is shown: cleaned only when whole, for a mark belongs to the letter before it."""

    __slots__ = ("_raw", "gap", "length", "segments", "text", "width")

    def __init__(self, gap: bool) -> None:
        self._raw: list[Segment] = []
        self.gap = gap
        self.length = 0
        self.segments: list[Segment] = []
        self.text = ""
        self.width = 0

    def add(self, text: str, roles: Roles) -> None:
        self.length += len(text)
        if self._raw and not roles and not self._raw[-1][1]:
            self._raw[-1] = (self._raw[-1][0] + text, roles)
        else:
            self._raw.append((text, roles))

    @property
    def ascii(self) -> bool:
        return all(text.isascii() for text, _ in self._raw)

    def show(self) -> None:
        self.segments = [(clean(text), roles) for text, roles in self._raw]
        self.text = "".join(text for text, _ in self.segments)
        self.width = cells(self.text)


class Filler:
    """Fills lines from column `start`. `emit` gets clean text; `turn` ends the line, begins the next, and answers with
    the columns that are taken in it and the columns there are."""

    def __init__(self, emit: Callable[[Segment], None], turn: Callable[[], tuple[int, int]]) -> None:
        self._emit = emit
        self._turn = turn
        self._start = self._column = 0
        self._width = 80
        self._gap = False
        self._word: _Word | None = None  # still growing
        self._put = 0  # of its text, how much is on the line; its room is kept
        self._chunk: list[_Word] = []  # whole words that wait for what comes behind them

    @property
    def empty(self) -> bool:
        """Nothing stands on the line, or waits to."""
        return self._column == self._start and not self._chunk and self._word is None

    def begin(self, column: int, width: int) -> None:
        self._start = self._column = column
        self._width = width
        self._gap = False

    def add(self, text: str, roles: Roles = ()) -> None:
        for match in _TOKENS.finditer(text):
            space, wide, word = match.groups()
            if space:
                self.space()
            elif wide:
                self._end_word()
                self._grow(wide, roles)
                self._end_word()
            else:
                self._grow(word, roles)

    def space(self) -> None:
        self._end_word()
        self._gap = True

    def flush(self) -> None:
        """Put down what has come of the open word, where it has room whatever comes."""
        word = self._word
        if word is None or self._chunk or not (self._put or self._roomy) or not word.ascii:
            return
        word.show()
        self._put_rest(word)

    def turn(self) -> None:
        """End the line here."""
        self.end()
        self._next_line()

    def end(self) -> None:
        """All that waits is put down."""
        self._end_word()
        self._place()
        self._gap = False

    def _grow(self, text: str, roles: Roles) -> None:
        while text:
            if self._word is None:
                self._word = _Word(self._gap)
                self._gap = False
            room = _LONGEST_WORD - self._word.length
            if room <= 0:
                self._end_word()
                continue
            self._word.add(text[:room], roles)
            text = text[room:]

    def _end_word(self) -> None:
        word = self._word
        if word is None:
            return
        self._word = None
        word.show()
        if self._put:
            self._put_rest(word)
            self._put = 0
            return
        if self._chunk and not (word.gap and glued(self._chunk[-1].text, word.text)):
            self._place()
        self._chunk.append(word)
        if self._roomy or not may_glue(word.text):
            self._place()

    @property
    def _roomy(self) -> bool:
        """Whatever word or amount comes has room on this line."""
        return self._column + ROOM < self._width

    def _put_rest(self, word: _Word) -> None:
        """The letters of a word that began where it had room: the line ends where it is full."""
        if not self._put:
            self._write_gap(word)
        at = 0
        for text, roles in word.segments:
            begin = max(0, self._put - at)
            if begin < len(text):
                self._fill(text[begin:], roles)
            at += len(text)
        self._put = at

    def _place(self) -> None:
        chunk, self._chunk = self._chunk, []
        if not chunk:
            return
        gap = chunk[0].gap and self._column > self._start
        width = sum(word.width for word in chunk) + sum(word.gap for word in chunk[1:])
        if self._column + gap + width > self._width and not self._roomy and self._column > self._start:
            self._next_line()
        for word in chunk:
            self._write_gap(word)
            for text, roles in word.segments:
                self._fill(text, roles)

    def _write_gap(self, word: _Word) -> None:
        if word.gap and self._column > self._start:
            if self._column + 1 >= self._width:
                self._next_line()
            else:
                self._emit((" ", ()))
                self._column += 1

    def _fill(self, text: str, roles: Roles) -> None:
        while text:
            free = self._width - self._column
            if cells(text) <= free:
                self._emit((text, roles))
                self._column += cells(text)
                return
            count = fitting(text, free)
            if count == 0 and self._column == self._start:
                count = 1  # a column that is narrower than one character
            if count:
                self._emit((text[:count], roles))
            text = text[count:]
            self._next_line()

    def _next_line(self) -> None:
        self._start, self._width = self._turn()
        self._column = self._start


def fitting(text: str, columns: int) -> int:
    """How many characters of clean text fit into some columns; marks stay with their letter."""
    if text.isascii():
        return max(0, min(len(text), columns))
    used = 0
    for index, char in enumerate(text):
        used += _cell(char)
        if used > columns:
            return index
    return len(text)


def wrapped(segments: Sequence[Segment], width: int) -> list[list[Segment]]:
    """Whole text in lines of at most `width` columns; at least one line."""
    lines: list[list[Segment]] = [[]]

    def turn() -> tuple[int, int]:
        lines.append([])
        return 0, width

    def emit(segment: Segment) -> None:
        lines[-1].append(segment)

    filler = Filler(emit, turn)
    filler.begin(0, width)
    for text, roles in segments:
        filler.add(text, roles)
    filler.end()
    return lines


def shown(segments: Sequence[Segment]) -> str:
    return "".join(text for text, _ in segments)


__all__ = ["ROOM", "Filler", "Segment", "cells", "clean", "fitting", "glued", "may_glue", "shown", "wrapped"]
