"""The prompt of a terminal that can be drawn on: history, search, several lines, an editor, completion, a toolbar."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application.run_in_terminal import run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.color_depth import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Style

from finchat.ui.answers import Answers, heard
from finchat.ui.chat.completion import ChatCompleter, CommandRow, Completion, Words, is_command_word
from finchat.ui.chat.history import History
from finchat.ui.chat.keyboard import Keyboard
from finchat.ui.chat.strays import strays
from finchat.ui.chat.toolbar import COLOURLESS, STYLE, ToolbarState, fragments
from finchat.ui.chat.typed import CONTINUED, LEAVES, LONGEST, PROMPT, plain, said

_MENU_ROWS = 12
_CUT = f"only the first {LONGEST:,} characters are kept; put longer text into a file"
_HIDDEN = "characters that cannot be seen were left out"


class _Screen(Vt100_Output):
    """A terminal that is never asked where its cursor is: an answer that comes late would land in what is typed, and
    the toolbar would wait for it. Everything is drawn from the cursor down in as few rows as it takes."""

    @property
    def responds_to_cpr(self) -> bool:
        return False

    def get_rows_below_cursor_position(self) -> int:
        return 1


class LivePrompt:
    """One session of prompt_toolkit, asked again and again. Used from one event loop; `notice` from any thread."""

    interactive = True

    def __init__(
        self,
        home: Path,
        *,
        toolbar: ToolbarState,
        commands: Sequence[CommandRow] = (),
        source: Input | None = None,
        screen: Output | None = None,
        answers: Answers | None = None,
    ) -> None:
        self._answers = answers
        self.commands = commands
        self.toolbar = toolbar
        self._words = Words()
        self._input = source or create_input(sys.stdin)
        self._output = screen or _screen()
        self._keyboard = Keyboard(self._input, self._output)
        self._hint = ""
        self._asking: asyncio.AbstractEventLoop | None = None
        self._notices: list[str] = []
        self._telling: set[asyncio.Task[None]] = set()
        self._session = self._made(History(home))
        toolbar.changed = self._session.app.invalidate

    async def ask(self) -> str | None:
        """What was typed, stripped, never empty; None when the person leaves: Ctrl-D on an empty line, end of input.

        Ctrl-C forgets the line and says how to leave.
        """
        while True:
            line = await heard(self._answers, "chat", PROMPT, self._asked)
            if line is None or line.strip():
                return line and line.strip()

    def learn(self, words: Iterable[Completion]) -> None:
        """Offer these words at Tab from now on; the latest first."""
        self._words.learn(words)

    def notice(self, text: str) -> None:
        """Words of finchat's own, above the prompt when one is up; from any thread."""
        words = said(text, self._output.get_size().columns)
        loop = self._asking
        if loop is None:
            self._print(words)
            return
        self._notices.append(words)
        loop.call_soon_threadsafe(self._tell)

    @asynccontextmanager
    async def turn(self, cancel: Callable[[], None]) -> AsyncIterator[None]:
        """While a turn runs: Ctrl-C calls `cancel` at once, and what is typed waits for the next prompt, unseen."""
        with self._keyboard.turn(cancel):
            yield

    def suspended(self) -> AbstractContextManager[None]:
        """Inside a turn: the terminal is an ordinary one again, for cards and screens that read their own keys.

        What was typed before answers nothing there; it comes back at the next prompt, to be read before it is sent.
        """
        return self._keyboard.suspended()

    async def _asked(self) -> str | None:
        """One line, as it was typed; "" after Ctrl-C."""
        self._hint = ""
        begun = self._keyboard.hand_over()
        try:
            with self._drawn_on():
                return await self._session.prompt_async(default=begun, pre_run=self._tell, set_exception_handler=False)
        except EOFError:
            return None
        finally:
            self._keyboard.keep_typed_ahead()

    @contextmanager
    def _drawn_on(self) -> Iterator[None]:
        """While the prompt is up, words for the terminal go above it, a library's too."""
        self._asking = asyncio.get_running_loop()
        try:
            with strays(self.notice):
                yield
        finally:
            self._asking = None
            self._flush_notices()

    def _tell(self) -> None:
        """In the loop: print what waits above the prompt. Without one it is told when one begins or ends."""
        app = self._session.app
        if self._notices and app.is_running and app.context is not None:
            task = asyncio.get_running_loop().create_task(self._tell_above(), context=app.context.copy())
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell_above(self) -> None:
        if self._notices:
            await run_in_terminal(self._flush_notices)

    def _flush_notices(self) -> None:
        told, self._notices = self._notices, []
        if told:
            self._print("".join(told))

    def _print(self, words: str) -> None:
        with suppress(OSError, ValueError):
            self._output.write(words)
            self._output.flush()

    # Keys and drawing

    def _made(self, history: History) -> PromptSession[str]:
        session: PromptSession[str] = PromptSession(
            [("class:prompt", PROMPT)],
            history=history,
            completer=ChatCompleter(lambda: self.commands, self._words),
            complete_while_typing=Condition(self._command_word),
            reserve_space_for_menu=_MENU_ROWS,
            prompt_continuation=[("class:prompt", CONTINUED)],
            bottom_toolbar=self._toolbar,
            style=Style.from_dict(COLOURLESS if self._colourless() else STYLE),
            color_depth=ColorDepth.from_env(),
            key_bindings=self._keys(),
            search_ignore_case=True,
            enable_open_in_editor=True,
            enable_suspend=True,
            tempfile_suffix=".md",
            input=self._input,
            output=self._output,
        )
        session.default_buffer.on_text_changed += self._changed
        return session

    def _colourless(self) -> bool:
        return (ColorDepth.from_env() or self._output.get_default_color_depth()) == ColorDepth.DEPTH_1_BIT

    def _command_word(self) -> bool:
        return is_command_word(self._session.default_buffer.text)

    def _toolbar(self) -> StyleAndTextTuples:
        width = self._output.get_size().columns
        if self._hint:
            return [("class:hint", f" {self._hint}"[:width])]
        return fragments(self.toolbar, width)

    def _changed(self, line: Buffer) -> None:
        """What is in the line is what is seen, however it came there: typed, pasted, from the editor or the history."""
        self._hint = ""
        text = plain(line.text)
        if text == line.text and len(text) <= LONGEST:
            return
        hidden = len(text.replace(" ", "")) < len("".join(line.text.split()))
        cursor = min(len(plain(line.text[: line.cursor_position])), LONGEST)
        line.set_document(Document(text[:LONGEST], cursor), bypass_readonly=True)
        self._hint = _CUT if len(text) > LONGEST else _HIDDEN * hidden

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @Condition
        def goes_on() -> bool:
            line = self._session.default_buffer
            return line.document.text_before_cursor.endswith("\\") and not line.document.text_after_cursor

        @keys.add("enter", filter=has_focus(DEFAULT_BUFFER) & goes_on)
        def _backslash(event: KeyPressEvent) -> None:
            event.current_buffer.delete_before_cursor()
            event.current_buffer.newline(copy_margin=False)

        @keys.add("escape", "enter", filter=has_focus(DEFAULT_BUFFER))
        def _new_line(event: KeyPressEvent) -> None:
            event.current_buffer.newline(copy_margin=False)

        @keys.add("c-c", filter=has_focus(DEFAULT_BUFFER))
        @keys.add("<sigint>")
        def _forget(_event: KeyPressEvent) -> None:
            self._session.default_buffer.reset()
            self._hint = LEAVES

        return keys


def _screen() -> Output:
    """The terminal behind stderr: stdout is for results, and may be a file."""
    if sys.platform == "win32":
        return create_output(sys.stderr)
    return _Screen.from_pty(sys.stderr, term=os.environ.get("TERM"))
