"""A passphrase typed at a terminal, without showing it."""

from __future__ import annotations

import getpass
import warnings

from finchat.errors import UsageError
from finchat.ui.prompt import discard_typed_ahead
from finchat.ui.sink import Sink

_TRIES = 3


def ask_hidden(sink: Sink, prompt: str) -> str | None:
    """What was typed; None at end of input, and where the terminal would show it.

    Raises UsageError in a recording and in its replay: a passphrase is never written down.
    """
    if sink.answers is not None:
        raise UsageError(
            "a passphrase is wanted here, and a passphrase is never recorded", field="--record",
            next="run this command without recording it",
        )  # fmt: skip
    sink.err.file.flush()
    discard_typed_ahead(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except (EOFError, getpass.GetPassWarning):
            return None


def new_passphrase(sink: Sink, name: str) -> str | None:
    """A passphrase for a new key, typed twice; "" when the person wants none, None when it could not be had."""
    for _ in range(_TRIES):
        first = ask_hidden(sink, f"Passphrase for key {name} (Enter alone: none): ")
        if not first:
            return first
        if ask_hidden(sink, "The same again: ") == first:
            return first
        sink.card("those two are not the same")
    return None
