"""`finchat demo`: the best recording, played to somebody who has nothing set up."""

from __future__ import annotations

import sys
from pathlib import Path

from finchat.app.cassettes.replaying import Run, play, problem_of, shown_on_terminal
from finchat.app.invocation import Invocation
from finchat.cassettes.reading import read
from finchat.errors import ExitCode, FinchatError, UsageError
from finchat.ui.sink import is_terminal

_PACKAGE = Path(__file__).parents[2]
_NAME = "demo.jsonl"


def recording() -> Path:
    """The demo's cassette: inside the package where it is installed, else beside it. Raises FinchatError."""
    for folder in (_PACKAGE / "_recordings", _PACKAGE.parent / "recordings"):
        if (folder / _NAME).is_file():
            return folder / _NAME
    raise FinchatError("the demo's recording is not installed", next="install finchat anew")


def demo(call: Invocation, run: Run, *, speed: float | None) -> int:
    """Play the demo at a pace to read at, or at once where nobody watches; 8 when it is not as recorded."""
    if call.json:
        raise UsageError("the demo is for a person", field="--json", next="for scripts: finchat replay FILE --json")
    if speed is not None and speed <= 0:
        raise UsageError(f"--speed is {speed:g}", field="--speed", next="give a number like 1 or 4")
    cassette = read(recording())
    watched = is_terminal(sys.stdout) or is_terminal(sys.stderr)
    call.sink.talk(f"{cassette.header['title']}.")
    call.sink.talk(
        "A recording: the model is scripted, the company is made up, and nothing is sent anywhere. Everything else is "
        "finchat as it runs, now. Ctrl-C ends it.\n"
    )
    played = play(cassette, run, show=shown_on_terminal(), speed=(speed or 1.0) if watched else speed)
    call.sink.talk("\nOn a company of your own to try things on:  finchat reconcile --days 7")
    if (problem := problem_of(cassette, played)) is not None:
        raise problem
    return ExitCode.DONE
