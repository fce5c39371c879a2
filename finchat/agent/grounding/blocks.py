"""An answer's Markdown taken apart into claims: sentences, list items and table rows, each with its headings.

Read line by line, in time linear in the text. Only the structure that answers are made of is known: headings, bold
lines as headings, nested lists, pipe tables, quotes, fences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

_FENCE = re.compile(r"\s{0,3}(?:>\s?)*(?:```+|~~~+)\s*([\w+#.-]*)")
_HEADING = re.compile(r"(?:>\s?)*\s{0,3}(#{1,6})\s+(.*)")
_ORDINAL = re.compile(r"(?:[*_]{0,2}(?:step\s)?\d{1,3}[.):](?=\s|[*_]))\s*", re.IGNORECASE)
_BOLD_LINE = re.compile(r"(?:>\s?)*\s*(?:\*\*|__)([^*_\n]{1,200}?)(?:\*\*:?|__:?|:\*\*|:__)\s*\Z")
_ITEM = re.compile(r"((?:>\s?)*)(\s*)([-*+•‣–]|\(?\d{1,3}[.)])(\s+)(?:\[[ xX]\]\s+)?")
_DELIMITER = re.compile(r"[\s|:>-]*-[\s|:>-]*\Z")
_QUOTE = re.compile(r"(?:\s{0,3}>\s?)+")
# After these a stop ends no sentence; after the second kind it does before a capital.
_NEVER_ENDS = re.compile(r"\b(?:no|nr|approx|e\.g|i\.e|vs|mr|mrs|ms|dr|acct|inv|cf|ca|ref|incl|excl)\Z", re.IGNORECASE)
_ABBREVIATION = re.compile(
    r"(?:\b(?:ltd|inc|co|corp|pty|etc|st|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|ex|avg|est|bros|dept|plc|llc|gmbh"
    r"|max|min|qty|p\.a|a|u\.s)|\b[A-Z])\Z",
    re.IGNORECASE,
)
_STOP = re.compile(r"[.!?](?=[\s*_\"”')\]])[*_\"”')\]]{0,4}\s+|\n+")
_DEEPEST = 8
MOST_CLAIMS = 6_000
_MOST_CELLS = 200

ClaimKind = Literal["sentence", "item", "cell", "heading"]


@dataclass(slots=True, eq=False)
class Claim:
    """One claim: code points `start` to `end`. `parents`: the claims it stands under, nearest first (column head, row
    head, list parent, headings). `before`: the sentence before it, in the same paragraph or leading to its list."""

    start: int
    end: int
    kind: ClaimKind
    parents: tuple[Claim, ...] = ()
    before: Claim | None = None
    children: list[Claim] = field(default_factory=list)
    head: Claim | None = None  # of a cell: its column's head
    row: int = -1
    column: int = -1
    table: int = -1
    list_id: int = -1
    lead: Claim | None = None  # of a sentence after a list or table: the sentence that led to it
    follows: tuple[str, int] | None = None  # the ("list" | "table", number) that a sentence comes right after


@dataclass(slots=True)
class Document:
    """All claims of a text in order; the rows of its tables; its lists, each with the sentence that leads to it.
    `cut`: where reading stopped, when there was more than can be read."""

    claims: list[Claim] = field(default_factory=list)
    tables: list[list[list[Claim]]] = field(default_factory=list)
    lists: list[tuple[Claim | None, list[list[Claim]]]] = field(default_factory=list)
    cut: int | None = None


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.out = Document()
        self.headings: list[tuple[int, Claim]] = []
        self.paragraph: tuple[int, int] | None = None
        self.stack: list[tuple[int, Claim, int]] = []  # open list items: indent, first claim, list number
        self.last: Claim | None = None  # the sentence read last, as long as nothing but blank lines came since
        self.columns: list[Claim] | None = None
        self.blank = True
        self.closed: tuple[str, int] | None = None  # the list or table that ended last
        self.closed_lead: Claim | None = None
        self.table_parents: tuple[Claim, ...] = ()

    def read(self) -> Document:
        lines: list[tuple[int, int]] = []
        at = 0
        for line in self.text.splitlines(keepends=True):
            lines.append((at, at + len(line.rstrip("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))))
            at += len(line)
        for index, (start, end) in enumerate(lines):
            line = self.text[start:end]
            if _FENCE.match(line):
                self.flush()
                continue  # a figure set as code is read as text by the one who reads it
            if len(self.out.claims) > MOST_CLAIMS or line.count("|") > _MOST_CELLS:
                self.flush()
                self.out.cut = start
                return self.out
            following = lines[index + 1] if index + 1 < len(lines) else None
            self.line(line, start, end, self.text[following[0] : following[1]] if following else "")
        self.flush()
        return self.out

    def line(self, line: str, start: int, end: int, following: str) -> None:
        if not line.strip(" \t>"):
            self.flush()
            self.columns = None
            self.blank = True
            return
        if (match := _HEADING.match(line)) or (
            (bold := _BOLD_LINE.match(line))
            and (not self.stack or not line[0].isspace())
            and "|" not in line
            and self.paragraph is None
        ):
            self.flush()
            self.close()
            level = len(match[1]) if match else 7
            content = (match or bold).start(2 if match else 1)  # type: ignore[union-attr]
            ordinal = _ORDINAL.match(line, content)
            self.heading(level, start + (ordinal.end() if ordinal else content), end)
            return
        if "|" in line and (self.columns is not None or _is_table(line, following)):
            self.flush()
            self.row(line, start, following)
            return
        self.columns = None
        if item := _ITEM.match(line):
            self.flush()
            self.item(len(item[1]) + len(item[2].expandtabs(4)), start + item.end(), end, item[3])
            self.blank = False
            return
        quote = _QUOTE.match(line)
        content = quote.end() if quote else 0
        indent = len(line) - len(line.lstrip())
        if self.stack and self.blank and self.paragraph is None and indent == 0:
            self.close()
        if self.stack and self.paragraph is None and indent > 0:
            while self.stack and self.stack[-1][0] >= indent:
                self.stack.pop()
        self.blank = False
        if self.paragraph is None:
            self.paragraph = (start + content, end)
        else:
            self.paragraph = (self.paragraph[0], end)

    def close(self) -> None:
        if self.stack:
            self.closed = ("list", self.stack[0][2])
            self.closed_lead = self.out.lists[self.stack[0][2]][0]
            self.last = None
        self.stack.clear()

    def parents(self) -> tuple[Claim, ...]:
        headings = tuple(claim for _, claim in reversed(self.headings))
        if not self.stack:
            return headings
        chain = [claim for _, claim, _ in reversed(self.stack[-_DEEPEST:])]
        lead = self.out.lists[self.stack[0][2]][0]
        return (*chain, *((lead,) if lead is not None and _leads(self.text, lead) else ()), *headings)

    def heading(self, level: int, start: int, end: int) -> None:
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        claim = Claim(start, end, "heading", self.parents())
        self.out.claims.append(claim)
        self.headings.append((level, claim))
        self.last = None
        self.closed = self.closed_lead = None
        self.blank = True

    def flush(self) -> None:
        """The paragraph read so far becomes sentences."""
        if self.paragraph is None:
            return
        start, end = self.paragraph
        self.paragraph = None
        claims = self.sentences(start, end, "sentence")
        if self.stack:
            self.out.lists[self.stack[-1][2]][1][-1].extend(claims)

    def sentences(self, start: int, end: int, kind: ClaimKind) -> list[Claim]:
        claims = []
        parents = self.parents()
        before = self.last
        for first, last in split(self.text, start, end):
            claim = Claim(first, last, kind, parents, before)
            if not self.stack and kind == "sentence":
                claim.follows = self.closed
                claim.lead = self.closed_lead
            self.out.claims.append(claim)
            claims.append(claim)
            before = claim
        self.last = before
        return claims

    def item(self, indent: int, start: int, end: int, mark: str) -> None:
        while self.stack and self.stack[-1][0] >= indent:
            last = self.stack.pop()
            if last[0] == indent:
                self.new_item(indent, start, end, last[2])
                return
        lead = self.stack[-1][1] if self.stack else self.last
        self.out.lists.append((lead, []))
        self.new_item(indent, start, end, len(self.out.lists) - 1)

    def new_item(self, indent: int, start: int, end: int, number: int) -> None:
        lead = self.out.lists[number][0]
        self.last = None
        top = not self.stack
        claims = self.sentences(start, end, "item") or [Claim(start, end, "item", self.parents())]
        self.last = claims[-1]
        for claim in claims:
            claim.list_id = number
            if top and lead is not None and lead.kind == "sentence":
                claim.parents = (lead, *claim.parents) if _leads(self.text, lead) else claim.parents
        if top and lead is not None and not _leads(self.text, lead):
            claims[0].before = lead
        if lead is not None:
            lead.children.append(claims[0])
        self.out.lists[number][1].append(claims)
        self.stack.append((indent, claims[0], number))

    def row(self, line: str, start: int, following: str) -> None:
        spans = _cells(line, start)
        if _DELIMITER.match(line):
            return
        if self.columns is None:
            self.out.tables.append([])
            lead = self.last
            parents = self.parents()
            if lead is not None and lead.kind == "sentence":
                parents = (lead, *parents)
            is_head = bool(_DELIMITER.match(following)) and "-" in following
            self.columns = [Claim(a, b, "heading", parents) for a, b in spans] if is_head else []
            self.table_parents = parents
            self.closed = ("table", len(self.out.tables) - 1)
            self.closed_lead = lead
            if is_head:
                self.out.claims.extend(self.columns)
                self.last = None
                return
        number = len(self.out.tables) - 1
        cells: list[Claim] = []
        for column, (a, b) in enumerate(spans):
            head = self.columns[column] if column < len(self.columns) else None
            cells.append(
                Claim(
                    a, b, "cell", self.table_parents, None, head=head, row=len(self.out.tables[number]),
                    column=column, table=number,
                )
            )  # fmt: skip
        self.out.claims.extend(cells)
        self.out.tables[number].append(cells)
        self.blank = False
        self.last = None


def _leads(text: str, claim: Claim) -> bool:
    return text[claim.start : claim.end].rstrip("*_ \n").endswith((":", ":**", "—", "–"))


def _is_table(line: str, following: str) -> bool:
    if _DELIMITER.match(following) and "|" in following:
        return True
    return line.lstrip(" >").startswith("|")


def _cells(line: str, start: int) -> list[tuple[int, int]]:
    """The spans of a row's cells, trimmed; a backslash keeps a bar inside a cell."""
    first = len(line) - len(line.lstrip(" \t>"))
    at = first + 1 if line[first : first + 1] == "|" else 0
    spans: list[tuple[int, int]] = []
    for end in [*(m.start() for m in re.finditer(r"(?<!\\)\|", line) if m.start() >= at), len(line)]:
        cell = line[at:end]
        if cell.strip() or end < len(line):
            left = len(cell) - len(cell.lstrip())
            spans.append((start + at + left, start + at + max(left, len(cell.rstrip()))))
        at = end + 1
    return spans


def split(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentences of a span, without the white space between them."""
    spans: list[tuple[int, int]] = []
    first = start
    for match in _STOP.finditer(text, start, end):
        if match.group().isspace():
            before = text[max(first, match.start() - 3) : match.start()].rstrip(" *_")
            after = text[match.end() : match.end() + 3].lstrip(" >*_`")
            if before.endswith((",", ";", "-", "–", "&", "(")) or not after or after[0].islower():
                continue
            stop = match.start()
        else:
            stop = match.start() + 1
            after = text[match.end() : match.end() + 4].lstrip("*_`\"“'([")
            word = text[max(first, match.start() - 8) : match.start()]
            if text[match.start()] == "." and (
                after[:1].islower()
                or _NEVER_ENDS.search(word)
                or (_ABBREVIATION.search(word) and not after[:1].isupper())
            ):
                continue
        if text[first:stop].strip():
            spans.append((first, stop))
        first = match.end()
    if text[first:end].strip():
        spans.append((first, end))
    return spans


def document(text: str) -> Document:
    """The claims of a Markdown text."""
    return _Reader(text).read()
