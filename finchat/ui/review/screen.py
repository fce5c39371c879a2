"""The review screen: groups, rows and cards, one key a decision. It draws the board and passes decisions on.

What could be approved by accident cannot: keys typed or pasted before a card or a confirmation appeared are thrown
away, a row is approved from its whole card, a group from its rows on the screen and its count and total typed.
"""

from __future__ import annotations

import asyncio
import math
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from prompt_toolkit.application import Application
from prompt_toolkit.application.run_in_terminal import in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl, ConditionalContainer, FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.layout.controls import UIContent, UIControl
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import Output, create_output

from finchat.books.plan import Proposal
from finchat.errors import FinchatError
from finchat.events import Event, Notice
from finchat.text.sanitise import one_line
from finchat.ui.amounts import money
from finchat.ui.answers import Answers, replayed, stopping
from finchat.ui.approval import count_and_totals, says_totals
from finchat.ui.prompt import discard_typed_ahead
from finchat.ui.review.drawing import Drawing, fitted, fragments, keys_line
from finchat.ui.review.help import HELP
from finchat.ui.review.taped import TapedKeys, Unseen
from finchat.ui.review.words import because, progress
from finchat.workflows.review.board import Board, Row
from finchat.workflows.review.groups import sums
from finchat.workflows.review.writer import Writer

if TYPE_CHECKING:
    from rich.text import Text

COLUMNS, ROWS = 60, 10  # the smallest screen it is drawn on
Left = Literal["left", "interrupted"]
_HEAD, _FOOT = 3, 3
_BOARD_KEYS = (
    ("Enter", "open"), ("y", "yes"), ("n", "skip"), ("r", "refuse"), ("c", "answer"), ("/", "filter"), ("u", "undo"),
    ("q", "leave"), ("?", "keys"), ("↑↓", "move"), ("Y", "yes to the group"), ("e", "edit"), ("Tab", "next open"),
    ("s", "status"),
)  # fmt: skip
_CARD_KEYS = (
    ("Space", "more"), ("y", "yes"), ("n", "skip"), ("r", "refuse"), ("c", "answer"), ("e", "edit"),
    ("Esc", "back"), ("?", "keys"),
)  # fmt: skip
_STATUSES = ("", "status:open", "status:approved", "status:skipped", "status:written", "status:failed")


class Desk(Protocol):
    """What the screen asks of whoever opened it."""

    def card(self, proposal: Proposal, number: int, total: int, width: int) -> Sequence[Text]:
        """The whole card of a proposal."""

    async def answer(self, proposals: Sequence[Proposal]) -> str:
        """Ask the questions of proposals alike, on the plain terminal; on an answer the board follows the new plan.
        What to say of it, "" when the person left."""

    async def edit(self, proposal: Proposal) -> str:
        """As `answer`, for a change of one write."""


@dataclass
class _Field:
    """A line that is being typed."""

    prompt: str
    done: Callable[[str], None]
    confirms: bool


@dataclass
class _Card:
    """A card that is being read; `read` once its last line was on the screen."""

    proposal: Proposal
    lines: list[StyleAndTextTuples]
    width: int
    top: int = 0
    read: bool = False


class _Body(UIControl):
    """The middle of the screen: exactly the lines that are seen."""

    def __init__(self, screen: ReviewScreen) -> None:
        self._screen = screen

    def create_content(self, width: int, height: int) -> UIContent:
        lines = self._screen.body(width, height)
        return UIContent(get_line=lambda n: lines[n], line_count=len(lines), show_cursor=False)


@dataclass
class ReviewScreen:
    """One sitting. `run` returns when the person leaves; the writer may still have a proposal in hand then."""

    board: Board
    writer: Writer
    desk: Desk
    heading: Sequence[tuple[str, str]]
    input: Input | None = None
    output: Output | None = None
    answers: Answers | None = None
    message: str = ""
    _top: int = 0
    _height: int = 10
    _card: _Card | None = None
    _help: bool = False
    _field: _Field | None = None
    _ending: bool = False
    _aside: bool = False
    _waits_until: float = 0.0
    _tasks: set[asyncio.Future[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._drawing = Drawing(self.board)
        self._drawn = asyncio.Event()
        self._taped: TapedKeys | None = None
        self._gone = False
        self._buffer = Buffer(multiline=False)
        typing = Condition(lambda: self._field is not None)
        prompt = BufferControl(self._buffer, input_processors=[BeforeInput("> ", style="bold")])
        self._input_window = Window(prompt, height=1)
        body = Window(_Body(self), always_hide_cursor=True)
        root = HSplit([
            Window(FormattedTextControl(self._head), height=_HEAD, always_hide_cursor=True),
            body,
            Window(FormattedTextControl(self._foot), height=_FOOT - 1, always_hide_cursor=True),
            ConditionalContainer(self._input_window, filter=typing),
            ConditionalContainer(Window(FormattedTextControl(self._keys), height=1), filter=~typing),
        ])  # fmt: skip
        self._body = body
        self._app: Application[Left] = Application(
            layout=Layout(root, focused_element=body),
            key_bindings=self._bindings(typing),
            full_screen=True,
            input=self._keyboard(),
            output=self.output or (Unseen() if replayed(self.answers) else create_output(sys.stderr)),
            refresh_interval=1.0,
            min_redraw_interval=None if replayed(self.answers) else 0.01,
            after_render=lambda _: self._drawn.set(),
            enable_page_navigation_bindings=False,
        )
        self._app.ttimeoutlen = 0.05  # Esc alone is answered at once
        self._app.timeoutlen = 0.05

    def _keyboard(self) -> Input:
        if self.answers is None:
            return self.input or create_input(sys.stdin)
        keyboard = None if self.answers.replays else self.input or create_input(sys.stdin)
        self._taped = TapedKeys(self.answers, keyboard)
        return self._taped

    async def run(self) -> Left:
        """Until the person leaves. Ctrl-C and a closed terminal end it too; every decision is on disk by then."""
        if self._taped is None:
            return await self._run()
        async with self._taped.playing("review", self._worked_off, self.leave):
            return await self._run()

    async def _worked_off(self) -> None:
        """Until what was pressed is done and drawn: what was on the screen decides what a key may do."""
        while not self._gone and (self._aside or self._app.invalidated or self._app.key_processor.key_buffer):
            self._drawn.clear()
            await self._drawn.wait()

    async def _run(self) -> Left:
        hashing = asyncio.ensure_future(self._hash_ahead())
        try:
            return await self._app.run_async(set_exception_handler=False, handle_sigint=not replayed(self.answers))
        except (EOFError, KeyboardInterrupt):
            return "interrupted"
        finally:
            hashing.cancel()

    def changed(self) -> None:
        """Something in the background moved."""
        if self._ending and not self.writer.left:
            self._exit("left")
        elif not self._aside:
            self._app.invalidate()

    def leave(self) -> None:
        """End the sitting from outside."""
        self._exit("left")

    def heard(self, event: Event) -> None:
        """An event of the engine, told in the status line rather than over the screen."""
        self.writer.heard(event)
        if self.writer.waiting is event and self.writer.waiting is not None:
            self._waits_until = time.monotonic() + self.writer.waiting.seconds
        if isinstance(event, Notice):
            self.message = one_line(event.text)
            self.changed()

    # Drawing

    def body(self, width: int, height: int) -> list[StyleAndTextTuples]:
        """The lines of the middle, at most `height`."""
        columns, rows = self._size()
        if self._small:
            return [[("", f"The screen is {columns} x {rows}; the review needs {COLUMNS} x {ROWS}.")],
                    [("", "Make it larger, or q leaves.")]]  # fmt: skip
        if self._help:
            return [[("", fitted(line, width))] for line in HELP[:height]]
        if self._card is not None:
            return self._card_lines(self._card, width, height)
        return self._board_lines(width, height)

    def _board_lines(self, width: int, height: int) -> list[StyleAndTextTuples]:
        board = self.board
        self._height = max(height, 1)
        if not board.rows:
            return [[("", "No proposal is like that: / changes the filter." if board.plan.proposals else "Nothing.")]]
        if board.cursor < self._top:
            self._top = board.cursor
        elif board.cursor >= self._top + height:
            self._top = board.cursor - height + 1
        self._top = max(0, min(self._top, len(board.rows) - height))
        lines = []
        for index in range(self._top, min(self._top + height, len(board.rows))):
            row = board.rows[index]
            lines.append(self._drawing.line(row, width, current=index == board.cursor))
            if row.proposal is not None:
                board.seen.add(row.proposal.id)
        return lines

    def _card_lines(self, card: _Card, width: int, height: int) -> list[StyleAndTextTuples]:
        if card.width != min(width, 100):
            card.width = min(width, 100)
            card.lines = self._drawn_card(card.proposal, card.width)
        self._height = max(height, 1)
        card.top = max(0, min(card.top, len(card.lines) - height))
        card.read = card.read or card.top + height >= len(card.lines)
        return card.lines[card.top : card.top + height]

    def _drawn_card(self, proposal: Proposal, width: int) -> list[StyleAndTextTuples]:
        number = self.board.plan.proposals.index(proposal) + 1
        return [fragments(t) for t in self.desk.card(proposal, number, len(self.board.plan.proposals), width)]

    def _head(self) -> StyleAndTextTuples:
        if self._small:
            return []
        width = self._size()[0]
        status = self._status()
        return [
            *self.heading, ("", f"  plan {self.board.plan.id}\n"),
            ("", fitted(progress(self.board.tally()), width) + "\n"),
            ("fg:ansicyan" if status else "", fitted(status, width)),
        ]  # fmt: skip

    def _status(self) -> str:
        board, writer = self.board, self.writer
        parts = []
        if board.held:
            held = [board.proposals[id] for id in board.held]
            parts.append(f"{len(held)} approved, not yet written ({_totals(held)}): w writes them")
        if writer.error is not None:
            parts.append(f"writing stopped: {one_line(writer.error.message)}")
        elif writer.left:
            wait = math.ceil(self._waits_until - time.monotonic()) if writer.waiting is not None else 0
            why = f", waiting {wait} s: {one_line(writer.waiting.reason)}" if writer.waiting and wait > 0 else ""
            parts.append(f"writing, {writer.left} to go{why}")
        if written := sum(board.states.get(id) == "written" for id in writer.tried):
            parts.append(f"{written} written now")
        if not board.filter.empty:
            shown = sum(len(board.members(row.group)) for row in board.rows if row.proposal is None)
            parts.append(f"filter: {one_line(board.filter.text)} ({shown} shown)")
        return " · ".join(parts)

    def _foot(self) -> StyleAndTextTuples:
        if self._small:
            return []
        width = self._size()[0]
        row = self.board.row
        told = because(row.proposal) if row is not None and row.proposal is not None else ""
        if self._card is not None or self._help:
            told = ""
        if self._card is not None:
            card = self._card
            last = min(card.top + self._height, len(card.lines))
            told = f"lines {card.top + 1} to {last} of {len(card.lines)}"
        said = self._field.prompt if self._field is not None else self.message
        return [
            ("fg:ansigray", fitted(told, width) + "\n"),
            ("bold", fitted(said, width)),
        ]

    def _keys(self) -> StyleAndTextTuples:
        if self._small:
            return []
        if self._help:
            return keys_line([("any key", "back")], self._size()[0])
        return keys_line(_CARD_KEYS if self._card is not None else _BOARD_KEYS, self._size()[0])

    def _size(self) -> tuple[int, int]:
        size = self._app.output.get_size()
        return size.columns, size.rows

    @property
    def _small(self) -> bool:
        columns, rows = self._size()
        return columns < COLUMNS or rows < ROWS

    # Keys

    def _bindings(self, typing: Condition) -> KeyBindings:
        keys = KeyBindings()
        listing = ~typing

        def on(*names: str, filter: Condition | None = None) -> Callable[[Callable[[], None]], None]:
            def bound(act: Callable[[], None]) -> None:
                def pressed(_event: KeyPressEvent) -> None:
                    self._pressed(act)

                for name in names:
                    keys.add(name, filter=listing if filter is None else filter)(pressed)

            return bound

        on("up", "k")(lambda: self._move(-1))
        on("down", "j")(lambda: self._move(1))
        on("pageup", "b")(lambda: self._move(1 - self._height))
        on("pagedown", "space")(lambda: self._move(max(self._height - 1, 1)))
        on("home", "g")(lambda: self._move(-(10**9)))
        on("end", "G")(lambda: self._move(10**9))
        on("enter", "right", "o")(self._open)
        on("escape", "left", "backspace")(self._back)
        on("tab")(self._next)
        on("y")(self._approve)
        on("Y")(self._approve_whole)
        on("n")(self._skip)
        on("r")(self._refuse)
        on("c")(self._answer)
        on("e")(self._edit)
        on("u")(self._undo)
        on("w")(self._write_held)
        on("s")(self._cycle_status)
        on("/")(self._filter)
        on("?")(self._show_help)
        on("q")(self._leave)

        @keys.add("c-c", filter=listing)
        def _interrupted(_event: KeyPressEvent) -> None:
            self._exit("interrupted")

        @keys.add("enter", filter=typing, eager=True)
        def _typed(_event: KeyPressEvent) -> None:
            self._end_field(self._buffer.text)

        @keys.add("escape", filter=typing)
        @keys.add("c-c", filter=typing, eager=True)
        @keys.add("c-d", filter=typing, eager=True)
        def _abandoned(_event: KeyPressEvent) -> None:
            self._end_field(None)

        @keys.add(Keys.BracketedPaste, eager=True)
        def _pasted(event: KeyPressEvent) -> None:
            if self._field is not None and not self._field.confirms:
                self._buffer.insert_text(" ".join(event.data.split()))
            else:
                self.message = "what is pasted is not taken here"

        return keys

    def _pressed(self, act: Callable[[], None]) -> None:
        if self._help:
            self._help = False
            return
        if self._small and act not in (self._leave,):
            return
        self.message = ""
        try:
            act()
        except FinchatError as error:
            self._tell(error)

    def _tell(self, error: FinchatError) -> None:
        self.message = one_line(error.message) + (f"; {one_line(error.next)}" if error.next else "")

    def _move(self, by: int) -> None:
        if self._card is not None:
            self._card.top = max(0, min(self._card.top + by, len(self._card.lines) - self._height))
        else:
            self.board.move(by)

    def _open(self) -> None:
        row = self.board.row
        if self._card is not None or row is None:
            return
        if row.proposal is not None:
            self._show_card(row.proposal)
        else:
            self.board.toggle(row.group)

    def _back(self) -> None:
        if self._card is not None:
            self._card = None
        elif (row := self.board.row) is not None and row.group.key in self.board.opened:
            self.board.toggle(row.group)

    def _next(self) -> None:
        self._card = None
        self.board.next_open()

    def _show_card(self, proposal: Proposal) -> None:
        self._forget_typed()
        width = min(self._size()[0], 100)
        self._card = _Card(proposal, self._drawn_card(proposal, width), width)

    def _show_help(self) -> None:
        self._help = True

    # Decisions

    def _chosen(self) -> Row | None:
        """What a key is about: the card that is open, or the row under the cursor."""
        if self._card is not None:
            return Row(self.board.group_of[self._card.proposal.id], self._card.proposal)
        return self.board.row

    def _approve(self) -> None:
        row = self._chosen()
        if row is None:
            return
        if row.proposal is not None:
            self._approve_one(row.proposal)
        else:
            self._approve_members(row)

    def _approve_members(self, row: Row) -> None:
        waiting = self.board.waiting(row)
        if not waiting:
            self.message = "nothing in this group waits for an approval"
        elif any(not p.writes for p in waiting):
            asking = sum(not p.writes for p in waiting)
            self.message = f"{asking} of them ask{'s' * (asking == 1)} for an account and tax code first: c answers"
        elif len(waiting) == 1:
            self._show_card(waiting[0])
            self.message = "one proposal: its card; y approves it"
        elif self.board.foreign:
            self.message = "this plan was not made on this machine: open each row and answer it by itself"
        else:
            self._approve_group(row, waiting)

    def _approve_whole(self) -> None:
        """The group of the row under the cursor."""
        row = self.board.row
        if self._card is None and row is not None:
            self._approve_members(Row(row.group))

    def _approve_one(self, proposal: Proposal) -> None:
        if proposal not in self.board.undecided(Row(self.board.group_of[proposal.id], proposal)):
            self.message = "it is decided; u takes a decision back that was not written"
        elif not proposal.writes:
            self.message = "nothing can be written before its question is answered: c"
        elif self._card is None:
            self._show_card(proposal)
            self.message = "its card: y approves it once the whole of it was on the screen"
        elif not self._card.read:
            self.message = "the card goes on: Space shows more, y after its last line"
        else:
            self.writer.add(self.board.decide([proposal], "approved"))
            self._decided("approved")

    def _approve_group(self, row: Row, waiting: Sequence[Proposal]) -> None:
        unseen = [p for p in waiting if p.id not in self.board.seen]
        if row.group.key not in self.board.opened:
            self.board.toggle(row.group)
        if unseen:
            self._forget_typed()
            self._top = self.board.index_of(unseen[0].id)
            self.board.move(min(self._top + self._height - 1, self.board.index_of(waiting[-1].id)) - self.board.cursor)
            self.message = f"{len(unseen)} rows were not on the screen yet: look through them, Y goes on"
            return
        ids = [p.id for p in waiting]
        totals = sums(waiting)
        wanted = count_and_totals(waiting, totals)

        def typed(text: str) -> None:
            now = [self.board.proposals[id] for id in ids if id in self.board.proposals]
            if len(now) != len(ids) or any(p not in self.board.waiting(row) for p in now):
                self.message = "the group changed meanwhile: nothing is approved"
            elif says_totals(text, len(ids), totals):
                self.writer.add(self.board.decide(now, "approved"))
                self.board.toggle(row.group)
                self._decided(f"{len(ids)} approved")
            else:
                self.message = "that is not the count and the total: nothing is approved"

        self._type(
            f"{len(ids)} proposals, {_totals(waiting)}: to approve them all, type {wanted}", typed, confirms=True
        )

    def _skip(self) -> None:
        if (row := self._chosen()) is not None and (found := self._still_undecided(row)):
            self.board.decide(found, "skipped")
            self._decided(f"{len(found)} skipped" if len(found) > 1 else "skipped")

    def _refuse(self) -> None:
        if (row := self._chosen()) is None or not (found := self._still_undecided(row)):
            return
        what = f"{len(found)} proposals" if len(found) > 1 else "it"
        is_are = "are" if len(found) > 1 else "is"

        def typed(text: str) -> None:
            if text.strip():
                self.board.decide(found, "refused", one_line(text, 500))
                self._decided("refused")

        self._type(f"Why {is_are} {what} refused? It goes on the record (Esc: back)", typed)

    def _still_undecided(self, row: Row) -> list[Proposal]:
        found = self.board.waiting(row) if row.proposal is None else self.board.undecided(row)
        if not found:
            self.message = "it is decided; u takes a decision back that was not written"
        return found

    def _undo(self) -> None:
        row = self._chosen()
        found: Sequence[Proposal] = ()
        if row is not None and row.proposal is not None:
            found = [row.proposal] if self.board.revocable(row.proposal.id) else ()
        found = found or self.board.last_decided()
        self.writer.withdraw(p.id for p in found)
        ids = self.board.take_back(found)
        self.message = (
            f"{len(ids)} open again"
            if ids
            else "nothing to take back; what was written: finchat undo " + self.board.plan.id
        )

    def _write_held(self) -> None:
        held = [self.board.proposals[id] for id in self.board.held]
        if not held:
            self.message = "nothing waits to be written"
            return

        def typed(text: str) -> None:
            if text.strip().lower() in ("y", "yes"):
                self.writer.add(self.board.release())
            else:
                self.message = "they stay approved, not yet written"

        self._type(f"Write {len(held)} approved earlier, {_totals(held)}? y and Enter", typed, confirms=True)

    def _answer(self) -> None:
        row = self._chosen()
        asking = [p for p in self.board.undecided(row) if p.asks] if row is not None else []
        found = [p for p in asking if p.open_asks] or asking  # what was answered can be answered again
        if not found:
            self.message = "no question here; e edits a proposal"
            return
        self._go_aside(self.desk.answer(found), found[0].id)

    def _edit(self) -> None:
        row = self._chosen()
        if row is None or row.proposal is None:
            self.message = "open the group and edit one row"
        elif row.proposal not in self.board.undecided(row) or not row.proposal.writes:
            self.message = "it cannot be edited now"
        else:
            self._go_aside(self.desk.edit(row.proposal), row.proposal.id)

    def _go_aside(self, work: Awaitable[str], proposal_id: str) -> None:
        """A dialogue on the plain terminal; afterwards the screen stands on what it changed."""
        self._forget_typed()
        self._aside = True

        async def done() -> None:
            plan = self.board.plan
            try:
                async with in_terminal():
                    said = await self._unless_interrupted(work)
            except FinchatError as error:
                self._tell(error)
            else:
                self.message = one_line(said)
            finally:
                self._aside = False
            if self.board.plan is not plan:
                self._drawing.follow()
                self._card = None
                self.board.stand_on(proposal_id)
            self._app.invalidate()

        self._tasks.add(task := self._app.create_background_task(done()))
        task.add_done_callback(self._tasks.discard)

    async def _unless_interrupted(self, work: Awaitable[str]) -> str:
        """What the dialogue says; Ctrl-C leaves it for the screen, which would hear it itself and do nothing now."""
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
        interrupted = False

        def left() -> None:
            nonlocal interrupted
            interrupted = True
            task.cancel()

        with stopping(self.answers, task, left) as stop:
            if not replayed(self.answers):
                loop.add_signal_handler(signal.SIGINT, stop)
            try:
                return await task
            except asyncio.CancelledError:
                if not interrupted:
                    task.cancel()
                    raise
                return "left: nothing was changed"
            finally:
                if not replayed(self.answers):
                    loop.add_signal_handler(signal.SIGINT, self._app.key_processor.send_sigint)

    def _decided(self, said: str) -> None:
        self.message = said
        self._card = None
        self.board.next_open()

    # Filtering, typing, leaving

    def _filter(self) -> None:
        def typed(text: str) -> None:
            try:
                self.board.filter_by(text)
            except ValueError as wrong:
                self.message = str(wrong)

        self._card = None
        prompt = (
            "Show: words of text, payee, account; >100 <50 =42.00; class:review status:open account:404; Enter: all"
        )
        self._type(prompt, typed, text=self.board.filter.text)

    def _cycle_status(self) -> None:
        words = [w for w in self.board.filter.text.split() if not w.startswith("status:")]
        now = next((w for w in self.board.filter.text.split() if w.startswith("status:")), "")
        after = _STATUSES[(_STATUSES.index(now) + 1) % len(_STATUSES)] if now in _STATUSES else ""
        self._card = None
        self.board.filter_by(" ".join([*words, after]).strip())
        self.message = f"showing {after.removeprefix('status:') or 'all'}"

    def _type(self, prompt: str, done: Callable[[str], None], *, text: str = "", confirms: bool = False) -> None:
        self._forget_typed()
        self._buffer.reset()
        self._buffer.insert_text(text)
        self._field = _Field(prompt, done, confirms)
        self._app.layout.focus(self._input_window)

    def _end_field(self, text: str | None) -> None:
        typed, self._field = self._field, None
        self._app.layout.focus(self._body)
        if typed is None or text is None:
            return
        try:
            typed.done(text)
        except FinchatError as error:
            self._tell(error)

    def _leave(self) -> None:
        if self._card is not None and not self._small:
            self._card = None
        elif not self.writer.left or self._ending or self._small:
            self._exit("left")
        else:
            count = self.writer.left

            def typed(text: str) -> None:
                if text.strip().lower() in ("w", "wait"):
                    self._ending = True
                    self.message = "leaving once they are written; q leaves at once"
                    self.changed()
                elif text.strip().lower() in ("l", "leave"):
                    self._exit("left")

            self._type(
                f"{count} approved are not yet written: w waits for them, l leaves them approved (Esc: back)", typed
            )

    def _exit(self, how: Left) -> None:
        if self._app.is_running and self._app.future is not None and not self._app.future.done():
            self._app.exit(result=how)
            self._gone = True
            if self._taped is not None:
                self._taped.end()

    def _forget_typed(self) -> None:
        """Keys pressed before now answer nothing that appears now."""
        self._app.key_processor.input_queue.clear()
        if self._taped is not None:
            self._taped.forget()
        if self.input is None and not replayed(self.answers):
            discard_typed_ahead(sys.stdin.fileno())

    async def _hash_ahead(self) -> None:
        """Hash proposals while nothing is pressed, so that a decision about many is kept without a wait."""
        plan = None
        while plan is not self.board.plan:
            plan = self.board.plan
            for number, proposal in enumerate(plan.proposals):
                if number % 20 == 0:
                    await asyncio.sleep(0)
                if plan is self.board.plan:
                    self.board.hash_of(proposal.id)


def _totals(proposals: Sequence[Proposal]) -> str:
    return " and ".join(money(value, currency) for currency, value in sums(proposals).items())
