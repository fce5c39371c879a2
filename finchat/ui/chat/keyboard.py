"""The keyboard while no prompt reads it: Ctrl-C is heard at once, the rest is kept unseen for the next prompt."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output

from finchat.ui.chat.interrupts import interrupts

_MOST_KEYS = 20_000
_NOISE = frozenset({Keys.CPRResponse, Keys.Vt100MouseEvent, Keys.WindowsMouseEvent, Keys.SIGINT, Keys.Ignore})


class Keyboard:
    """Keys of one input between two prompts. Never used while a prompt is up."""

    def __init__(self, source: Input, screen: Output) -> None:
        self._input = source
        self._output = screen
        self._keys: list[KeyPress] = []
        self._listening: ExitStack | None = None
        self._cancel: Callable[[], None] | None = None
        self._lent = 0
        # Since the last prompt a card or an interruption came between: what was typed before it was meant for a world
        # that is gone, so it is given back to be read, never carried out.
        self._stale = False

    @contextmanager
    def turn(self, cancel: Callable[[], None]) -> Iterator[None]:
        """Listen until the end of the block; Ctrl-C calls `cancel`."""
        self._cancel = cancel
        try:
            with interrupts(self._interrupted):
                self._listen()
                try:
                    yield
                finally:
                    self._hush()
        finally:
            self._cancel = None

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """The terminal as others expect it. Keys pressed before stay away from them."""
        self._lent += 1
        listened = self._listening is not None
        self._hush()
        self._stale = True
        try:
            yield
        finally:
            self._lent -= 1
            if listened and self._cancel is not None and not self._lent:
                self._listen()

    def keep_typed_ahead(self) -> None:
        """Take what was typed after a line was sent: no other screen at this terminal may find it."""
        self._keep(get_typeahead(self._input))

    def hand_over(self) -> str:
        """Give the next prompt what was typed meanwhile: as keys, or as text to begin with where it must not act."""
        keys, self._keys = self._keys, []
        stale, self._stale = self._stale, False
        if stale:
            return as_text(keys)
        store_typeahead(self._input, keys)
        return ""

    def _listen(self) -> None:
        with ExitStack() as stack:
            stack.enter_context(self._input.raw_mode())
            self._signal_on_ctrl_c()
            with suppress(EOFError):
                stack.enter_context(self._input.attach(self._read))
            self._output.enable_bracketed_paste()  # pasted lines stay one input, also when pasted early
            self._output.flush()
            self._listening = stack.pop_all()

    def _hush(self) -> None:
        listening, self._listening = self._listening, None
        if listening is None:
            return
        with listening:
            self._read()
            self._keep(self._input.flush_keys())
            self._output.disable_bracketed_paste()
            self._output.flush()

    def _read(self) -> None:
        if not self._input.closed:
            self._keep(self._input.read_keys())

    def _keep(self, keys: list[KeyPress]) -> None:
        for press in keys:
            if press.key == Keys.ControlC:
                self._interrupted()
            elif press.key not in _NOISE and len(self._keys) < _MOST_KEYS:
                self._keys.append(press)

    def _interrupted(self) -> None:
        self._stale = True
        if self._cancel is not None:
            self._cancel()

    def _signal_on_ctrl_c(self) -> None:
        r"""Ctrl-C stays a signal, and Ctrl-\ ends a program that hangs; only Ctrl-Z is taken away.

        A turn that is stopped half-way would hold its leases and time limits open.
        """
        if sys.platform == "win32":
            return
        import termios

        with suppress(termios.error, OSError, ValueError):
            fd = self._input.fileno()
            modes = termios.tcgetattr(fd)
            modes[3] |= termios.ISIG
            modes[6][termios.VSUSP] = os.fpathconf(fd, "PC_VDISABLE").to_bytes(1, "little")
            termios.tcsetattr(fd, termios.TCSANOW, modes)


def as_text(keys: list[KeyPress]) -> str:
    """What keys would have typed, without carrying anything out: Enter is a line's end."""
    text = ""
    for press in keys:
        if press.key in (Keys.ControlM, Keys.ControlJ):
            text += "\n"
        elif press.key == Keys.ControlH:
            text = text[:-1]
        elif press.key == Keys.BracketedPaste or not isinstance(press.key, Keys):
            text += press.data
    return text.strip()
