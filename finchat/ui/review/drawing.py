"""Rows of the review as prompt_toolkit fragments, cut to the width. Only what is on the screen is ever drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from finchat.books.plan import Proposal
from finchat.ui.amounts import amount, money, short_day
from finchat.ui.plan_table import cash, line_text
from finchat.ui.review.words import STATE_STYLES, STATE_WORDS, because, group_state, group_title
from finchat.ui.settlement import settles
from finchat.workflows.review.board import Board, Row

if TYPE_CHECKING:
    from rich.text import Text

WIDE = 110
_STATE = 10
_CLASS_STYLES = {"certain": "fg:ansigreen", "review": "fg:ansiyellow", "asks": "fg:ansimagenta"}


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Exactly `width` cells of a text, cut with an ellipsis or padded."""
    if width <= 0:
        return ""
    cells = len(text) if text.isascii() else sum(map(get_cwidth, text))
    if cells <= width:
        return " " * (width - cells) + text if right else text + " " * (width - cells)
    kept, used = [], 0
    for char in text:
        wide = get_cwidth(char)
        if used + wide > width - 1:
            break
        kept.append(char)
        used += wide
    return "".join(kept) + "…" + " " * (width - 1 - used)


class Drawing:
    """Draws rows of one board. The texts of a proposal are made once."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._texts: dict[int, tuple[Proposal, str, str, str, str, str]] = {}
        self._groups: dict[tuple[str, int], list[tuple[str, str]]] = {}
        self._version = -1
        self.amount_width = self._widest()

    def follow(self) -> None:
        """The board goes on with another plan."""
        self._texts.clear()
        self.amount_width = self._widest()

    def line(self, row: Row, width: int, *, current: bool) -> StyleAndTextTuples:
        """One row, `width` cells."""
        cursor = " reverse" if current else ""
        made = self._group(row, width) if row.proposal is None else self._proposal(row.proposal, width)
        return [(f"{style}{cursor}", text) for style, text in made]

    def _group(self, row: Row, width: int) -> list[tuple[str, str]]:
        """A header is drawn once until something changes: it counts all its members."""
        if self._version != self._board.version:
            self._version = self._board.version
            self._groups.clear()
        key = (row.group.key, width)
        if key not in self._groups:
            self._groups[key] = self._group_anew(row, width)
        return self._groups[key]

    def _group_anew(self, row: Row, width: int) -> list[tuple[str, str]]:
        members = self._board.members(row.group)
        state_text, state = group_state(self._board, members)
        kind = "asks" if row.group.like.situation == "question" else row.group.like.certainty
        mark = "▾ " if row.group.key in self._board.opened else "▸ "
        room = width - 2 - 9 - _STATE - 2
        title = group_title(row.group, members, self._board.account_names, room)
        return [
            ("bold", mark + fitted(title, room)),
            (_CLASS_STYLES[kind], fitted("  " + kind, 9)),
            (STATE_STYLES[state], fitted("  " + state_text, _STATE + 2)),
        ]

    def _proposal(self, proposal: Proposal, width: int) -> list[tuple[str, str]]:
        date, text, value, what, why = self._told(proposal)
        state = self._board.states[proposal.id]
        free = width - 2 - 7 - self.amount_width - 2 - _STATE - 1
        shares = (free * 4 // 15, free * 6 // 15) if width >= WIDE else (free * 5 // 12, 0)
        first = shares[0]
        second = shares[1] or free - first - 2
        third = free - first - second - 4 if width >= WIDE else 0
        parts = [
            ("", "  " + fitted(date, 7)),
            ("", fitted(text, first) + "  "),
            ("", fitted(value, self.amount_width, right=True) + "  "),
            ("bold", fitted(what, second)),
        ]
        if third > 0:
            parts.append(("fg:ansigray", "  " + fitted(why, third)))
        used = 9 + first + 2 + self.amount_width + 2 + second + (third + 2 if third > 0 else 0)
        parts.append((STATE_STYLES[state], fitted(" " + STATE_WORDS[state], width - used)))
        return parts

    def _told(self, proposal: Proposal) -> tuple[str, str, str, str, str]:
        known = self._texts.get(id(proposal))
        if known is None:
            line = proposal.line
            known = self._texts[id(proposal)] = (
                proposal,  # holding it keeps its id from being used again
                short_day(line.date) if line is not None else "",
                line_text(line) if line is not None else "",
                self._signed(proposal),
                settles(proposal, 40, self._board.account_names),
                because(proposal),
            )
        return known[1:]

    def _widest(self) -> int:
        self._one_currency = len({cash(p)[1] for p in self._board.plan.proposals}) == 1
        return max((len(self._signed(p)) for p in self._board.plan.proposals), default=12)

    def _signed(self, proposal: Proposal) -> str:
        """The currency too, unless the heading says the only one there is."""
        value, currency = cash(proposal)
        return (amount if self._one_currency else money)(value, currency, signed=True)


def fragments(text: Text) -> StyleAndTextTuples:
    """A line of a card, with its styles."""
    found: StyleAndTextTuples = []
    plain, spans = text.plain, sorted(text.spans, key=lambda span: span.start)
    base = str(text.style or "")
    at = 0
    for span in spans:
        if span.start > at:
            found.append((_style(base), plain[at : span.start]))
        if span.end > at:
            found.append((_style(f"{base} {span.style}"), plain[max(at, span.start) : span.end]))
            at = span.end
    if at < len(plain):
        found.append((_style(base), plain[at:]))
    return found


def _style(rich: str) -> str:
    """The few styles that cards use, as prompt_toolkit names them."""
    words: list[str] = []
    background = False
    for word in rich.split():
        if word == "on":
            background = True
        elif word in ("bold", "dim"):
            words.append("fg:ansigray" if word == "dim" else "bold")
        else:
            words.append(f"{'bg' if background else 'fg'}:ansi{word}")
            background = False
    return " ".join(words)


def keys_line(hints: Sequence[tuple[str, str]], width: int) -> StyleAndTextTuples:
    """As many keys as fit, the first ones first."""
    made: StyleAndTextTuples = []
    used = 0
    for key, what in hints:
        cells = len(key) + 1 + len(what) + (2 if used else 0)
        if used + cells > width:
            break
        made += [("", "  " if used else ""), ("bold", key), ("", f" {what}")]
        used += cells
    return made
