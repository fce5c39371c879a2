"""Markdown inside a line: emphasis, code, links, escapes. Read as it comes, and only what is whole is drawn.

What is drawn is what was checked: no marker is taken away where it stands between letters or digits (`5*3*2`,
`5<b></b>00`, `5\\,000` stay as they are), entities and HTML are text, and a link shows where it leads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from finchat.ui.chat.theme import Roles

Segment = tuple[str, Roles]
BREAK: Segment = ("\n", ())
MARK = "[unverified]"

LONGEST_SPAN = 400  # characters between two markers; more is text with a marker in it
_LONGEST_ADDRESS = 1_000
_DEEPEST = 4
_PLAIN = re.compile(r"[^\\*_~`\[!]+")
_RUNS = {char: re.compile(re.escape(char) + "+") for char in "*_~`"}
_SIGNS = frozenset("-−–+")
_POINTS = frozenset(".,'’")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_EMPHASIS: dict[tuple[str, int], Roles] = {
    ("*", 1): ("emphasis",), ("_", 1): ("emphasis",), ("*", 2): ("strong",), ("_", 2): ("strong",),
    ("*", 3): ("strong", "emphasis"), ("_", 3): ("strong", "emphasis"), ("~", 2): ("strike",),
}  # fmt: skip


class InlineReader:
    """One line of text as it comes. `source` of a yielded piece is the number of characters it stood for."""

    def __init__(self, before: str = "", depth: int = 0) -> None:
        self._text = ""
        self._at = 0
        self._before = before  # the two characters before the text
        self._depth = depth
        self._closed_to: dict[tuple[str, int], int] = {}  # marker → there is no closing one up to here

    @property
    def waiting(self) -> int:
        """Characters taken in and not given out yet."""
        return len(self._text) - self._at

    def forget(self) -> None:
        """What was not given out yet will come again."""
        self._text = self._text[: self._at]

    def read(self, text: str, *, complete: bool) -> Iterator[tuple[Segment, int]]:
        """What is certain by now. `complete`: the line ends here, and everything is."""
        if self._at:
            self._before = self._previous()
            self._closed_to = {k: v - self._at for k, v in self._closed_to.items() if v > self._at}
            self._text = self._text[self._at :] + text
            self._at = 0
        else:
            self._text += text
        while self._at < len(self._text):
            plain = _PLAIN.match(self._text, self._at)
            if plain is not None:
                self._at = plain.end()
                yield (plain.group(), ()), plain.end() - plain.start()
                continue
            found = self._marker(complete)
            if found is None:
                return
            length, segments = found
            self._at += length
            for index, segment in enumerate(segments):
                yield segment, 0 if index else length

    def _marker(self, complete: bool) -> tuple[int, list[Segment]] | None:
        char = self._text[self._at]
        if char == "\\":
            return self._escape(complete)
        if char == "[":
            return self._link(self._at, complete)
        if char == "!":
            if self._at + 1 >= len(self._text):
                return (1, [("!", ())]) if complete else None
            image = self._text[self._at + 1] == "["
            found = self._link(self._at + 1, complete) if image else (0, [])
            if found is None:
                return None
            return (1, [("!", ())]) if found[0] <= 1 else (found[0] + 1, found[1])
        return self._span(char, complete)

    def _escape(self, complete: bool) -> tuple[int, list[Segment]] | None:
        if self._at + 1 >= len(self._text):
            return (1, [BREAK]) if complete else None
        following = self._text[self._at + 1]
        if following in _PUNCTUATION and not self._previous()[-1:].isdigit():
            return 2, [(following, ())]
        return 1, [("\\", ())]

    def _span(self, char: str, complete: bool) -> tuple[int, list[Segment]] | None:  # noqa: PLR0911 – one case each
        opening = _RUNS[char].match(self._text, self._at)
        assert opening is not None
        start, count = opening.end(), opening.end() - self._at
        if start >= len(self._text) and not complete and count <= LONGEST_SPAN:
            return None
        literal: tuple[int, list[Segment]] = count, [(opening.group(), ())]
        roles: Roles | None = ("code",) if char == "`" else _EMPHASIS.get((char, count))
        if roles is None or start >= len(self._text) or self._joined_before(self._text[start]):
            return literal
        if char != "`" and self._text[start].isspace():
            return literal
        end = self._closing(char, count, start, complete)
        if end is None:
            return None
        if end < 0:
            return literal
        inner = self._text[start:end]
        length = end + count - self._at
        if char == "`":
            stripped = inner[1:-1] if len(inner) > 2 and inner[0] == inner[-1] == " " else inner
            return length, [(stripped, roles)]
        if self._depth >= _DEEPEST:
            return length, [(inner, roles)]
        reader = InlineReader("", self._depth + 1)
        return length, [(t, tuple(dict.fromkeys((*roles, *r)))) for (t, r), _ in reader.read(inner, complete=True)]

    def _closing(self, char: str, count: int, start: int, complete: bool) -> int | None:
        """Where the inner text ends; -1: nowhere; None: not known yet."""
        limit = start + LONGEST_SPAN
        first = max(start, self._closed_to.get((char, count), 0))
        for run in _RUNS[char].finditer(self._text, first, min(len(self._text), limit + count + 1)):
            length = run.end() - run.start()
            if run.end() >= len(self._text) and not complete:
                return None  # the run may go on
            if length != count and (char == "`" or length != 3 or count == 3):
                continue
            joined = self._joined_after(run.end(), complete)
            if joined is None:
                return None
            end = run.end() - count
            if end == start or joined or (char != "`" and self._text[run.start() - 1].isspace()):
                continue
            return end if end <= limit else -1
        if not complete and len(self._text) <= limit + count + 1:
            return None
        self._closed_to[char, count] = min(len(self._text), limit)
        return -1

    def _link(self, at: int, complete: bool) -> tuple[int, list[Segment]] | None:  # noqa: PLR0911 – one case each
        text = self._text
        literal: tuple[int, list[Segment]] = 1, [("[", ())]
        if text.startswith(MARK, at):
            return len(MARK), [(MARK, ("unverified",))]
        if not complete and len(text) - at < len(MARK) and MARK.startswith(text[at:]):
            return None
        if self._joined_before(text[at + 1 : at + 2]):
            return literal
        first = max(at + 1, self._closed_to.get(("]", 1), 0))
        end = text.find("]", first, at + LONGEST_SPAN)
        if end < 0:
            if not complete and len(text) < at + LONGEST_SPAN:
                return None
            self._closed_to["]", 1] = min(len(text), at + LONGEST_SPAN)
            return literal
        if end + 1 >= len(text):
            return literal if complete else None
        if text[end + 1] != "(" or end == at + 1 or "[" in text[at + 1 : end]:
            return literal
        limit = end + _LONGEST_ADDRESS
        close = text.find(")", max(end + 2, self._closed_to.get((")", 1), 0)), limit)
        if close < 0:
            if not complete and len(text) < limit:
                return None
            self._closed_to[")", 1] = min(len(text), limit)
            return literal
        joined = self._joined_after(close + 1, complete)
        if joined is None:
            return None
        if joined:
            return literal
        label, address = text[at + 1 : end], text[end + 2 : close]
        reader = InlineReader("", self._depth + 1)
        shown = [segment for segment, _ in reader.read(label, complete=True)] if self._depth < _DEEPEST else []
        shown = shown or [(label, ())]
        if address != label:
            shown.append((f" ({address})", ("address",)))
        return close + 1 - at, shown

    def _previous(self) -> str:
        return (self._before + self._text[max(0, self._at - 2) : self._at])[-2:]

    def _joined_before(self, first: str) -> bool:
        """Taking the marker away would join what stands before it and `first` into one word or figure."""
        previous = self._previous()
        last = previous[-1:]
        if last.isalnum() or (last in _SIGNS and first.isdigit()):
            return True
        return len(previous) == 2 and last in _POINTS and previous[0].isdigit() and first.isdigit()

    def _joined_after(self, end: int, complete: bool) -> bool | None:
        """The same for what follows at `end`; None when that has not come yet."""
        after = self._text[end : end + 2]
        if not complete and (not after or (len(after) < 2 and after in _POINTS)):
            return None
        return after[:1].isalnum() or (len(after) == 2 and after[0] in _POINTS and after[1].isdigit())


def parse_inline(text: str) -> list[Segment]:
    """A whole line, or a cell of a table."""
    return [segment for segment, _ in InlineReader().read(text, complete=True) if segment[0]]
