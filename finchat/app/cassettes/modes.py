"""What `--record FILE` does where the file is there already.

none: replay it, and fail where it lacks anything (what a machine of CI does by default). once: record it when it is not
there, else replay it. new: what it holds is answered from it, what it lacks is asked and added. all: record it anew.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from finchat.app.cassettes import going_on, recording, replaying
from finchat.app.cassettes.replaying import Run
from finchat.app.invocation import Invocation
from finchat.cassettes.reading import read
from finchat.errors import UsageError

MODES = ("none", "once", "new", "all")


def without_flags(arguments: Sequence[str]) -> tuple[list[str], Path | None, str | None]:
    """The command line without `--record FILE` and `--record-mode MODE`, and what they say. Raises UsageError."""
    rest: list[str] = []
    found: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        if word == "--":  # what follows are no flags
            rest += [word, *words]
            break
        name, given, value = word.partition("=")
        if name not in {"--record", "--record-mode"}:
            rest.append(word)
            continue
        value = value if given else next(words, "")
        if not value or value.startswith("-"):
            raise UsageError(f"{name} needs a value", field=name, next="name a file: --record run.jsonl")
        if name in found:
            raise UsageError(f"{name} is given twice", field=name, next="give it once")
        found[name] = value
    mode = found.get("--record-mode")
    if mode is not None and mode not in MODES:
        raise UsageError(f"there is no mode {mode!r}", field="--record-mode", next=f"give one of {', '.join(MODES)}")
    if mode is not None and "--record" not in found:
        raise UsageError("--record-mode goes with --record FILE", field="--record-mode", next="add --record FILE")
    return rest, Path(found["--record"]) if "--record" in found else None, mode


def recorded(arguments: Sequence[str], file: Path, mode: str | None, run: Run) -> int:
    """Run a command line with a cassette in a mode. Raises UsageError, CassetteError as reading does."""
    mode = mode or ("none" if os.environ.get("CI", "").lower() in {"1", "true", "yes"} else "once")
    if mode == "all" or (not file.exists() and mode != "none"):
        return recording.record(arguments, file, run)
    cassette = read(file)
    if list(cassette.header["command"]) != list(arguments):
        raise UsageError(
            f"{file} is the recording of another command line: finchat {' '.join(cassette.header['command'])}",
            field="--record", next="name another file, or record it anew with --record-mode all",
        )  # fmt: skip
    if mode == "new":
        return going_on.go_on(arguments, file, cassette, run)
    return replaying.replay(Invocation(json="--json" in arguments), file, run, speed=None)
