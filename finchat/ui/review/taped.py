"""The keys of a screen in a recording, and in its replay, where there is no keyboard."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import Input
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import DummyOutput

from finchat.ui.answers import Answers

_PASTED = "\x1b[200~{}\x1b[201~"


class TapedKeys(Input):
    """The input of an application. Keys come in the pieces they were pressed in, each once what the one before did is
    done and drawn; so a replay sees what the recording saw.

    A piece is what a terminal sends. None is the end of input; the last of a sitting is "": the screen was gone.
    """

    def __init__(self, answers: Answers, keyboard: Input | None) -> None:
        self._answers = answers
        self._keyboard = keyboard
        self._pressed: list[KeyPress] = []  # not yet noted
        self._given: list[KeyPress] = []  # not yet taken by the application
        self._parser = Vt100Parser(self._given.append)
        self._came = asyncio.Event()
        self._hear: Callable[[], None] = lambda: None
        self._over = self._ended = False

    @asynccontextmanager
    async def playing(
        self, screen: str, worked_off: Callable[[], Awaitable[None]], leave: Callable[[], None]
    ) -> AsyncIterator[None]:
        """Keys come inside the block. `worked_off` waits until the screen rests; `leave` ends it where it ended by
        itself, or when a replay cannot go on: why is raised at the end of the block."""
        playing = asyncio.ensure_future(self._play(screen, worked_off))
        playing.add_done_callback(lambda _: None if self._ended else leave())
        try:
            yield
        except BaseException:
            playing.cancel()
            raise
        self.end()
        await playing

    def forget(self) -> None:
        """What was pressed and not noted yet answers nothing that appears now."""
        self._pressed.clear()

    def end(self) -> None:
        """The screen is gone."""
        self._over = True
        self._came.set()

    async def _play(self, screen: str, worked_off: Callable[[], Awaitable[None]]) -> None:
        while not self._ended:
            await worked_off()
            piece = await self._answers.answer("keys", screen, self._typed)
            if piece == "":
                return
            self._ended = piece is None
            self._parser.feed_and_flush(piece or "")
            self._hear()

    async def _typed(self) -> str | None:
        assert self._keyboard is not None
        while not self._over:
            pressed, self._pressed = self._pressed, []
            if piece := "".join(map(_sent, pressed)):
                return piece
            if self._keyboard.closed:
                return None
            self._came.clear()
            await self._came.wait()
        return ""

    # What an application asks of its input

    def attach(self, input_ready_callback: Callable[[], None]) -> AbstractContextManager[None]:
        self._hear = input_ready_callback
        return nullcontext() if self._keyboard is None else self._keyboard.attach(self._read)

    def read_keys(self) -> list[KeyPress]:
        given = self._given.copy()
        self._given.clear()
        return given

    def flush_keys(self) -> list[KeyPress]:
        """Esc alone is told from the beginning of another key by the time that passes after it."""
        if self._keyboard is not None:
            self._take(self._keyboard.flush_keys())
        return []

    def _read(self) -> None:
        assert self._keyboard is not None
        self._take(self._keyboard.read_keys())
        self._hear()  # there is nothing yet, but the time runs after which `flush_keys` is called

    def _take(self, pressed: list[KeyPress]) -> None:
        self._pressed += pressed
        self._came.set()

    @property
    def closed(self) -> bool:
        return self._ended

    def detach(self) -> AbstractContextManager[None]:
        return nullcontext() if self._keyboard is None else self._keyboard.detach()

    def raw_mode(self) -> AbstractContextManager[None]:
        return nullcontext() if self._keyboard is None else self._keyboard.raw_mode()

    def cooked_mode(self) -> AbstractContextManager[None]:
        return nullcontext() if self._keyboard is None else self._keyboard.cooked_mode()

    def fileno(self) -> int:
        raise NotImplementedError

    def typeahead_hash(self) -> str:
        return f"taped-{id(self)}"


class Unseen(DummyOutput):
    """A screen of the recorded size that nobody looks at."""

    def get_size(self) -> Size:
        columns, rows = shutil.get_terminal_size()
        return Size(rows=rows, columns=columns)


def _sent(press: KeyPress) -> str:
    return _PASTED.format(press.data) if press.key == Keys.BracketedPaste else press.data
