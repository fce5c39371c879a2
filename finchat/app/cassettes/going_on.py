"""`--record-mode new`: a run that is answered from its cassette, asks the world what that lacks, and adds it.

It runs in a home of its own, thrown away after it: what the cassette holds of local state, and of this machine the
settings, the policy and the sandbox company. Held writes are played there and nowhere else; no other is sent.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from finchat.app.cassettes.recording import check_place, taken
from finchat.app.cassettes.replaying import Run
from finchat.cassettes.continuing import Continuing
from finchat.cassettes.local_state import restore
from finchat.cassettes.rows import Cassette
from finchat.clock import parse_instant
from finchat.errors import FinchatError, UsageError, WriteRefused
from finchat.settings import home_from_environment
from finchat.ui.answers import echoed

# What a cassette says of these is never used here: it may be a stranger's, and they say what is started and allowed.
_OF_THIS_MACHINE = ("finchat.toml", "policy.toml", "sandbox")


def go_on(arguments: Sequence[str], file: Path, cassette: Cassette, run: Run) -> int:
    """Run with a cassette that answers what it holds, and seal it with what it lacked.

    The exit code is the run's; 4 when it came to a write that the cassette does not hold and 8 when the recording does
    not replay: the file stays as it was then. Raises UsageError for a rehearsal, and a file that cannot be written.
    """
    if any(row.kind == "fault" for row in cassette.rows):
        raise UsageError(
            f"{file} is a rehearsal: it carries faults", field="--record-mode", next="go on with one that has none"
        )
    check_place(file.absolute())
    header = cassette.header
    tape = Continuing(cassette.rows, parse_instant(header["clock"], "clock"), _echo)

    def refused() -> FinchatError | None:
        if not tape.refused:
            return None
        return WriteRefused(
            f"{file} was not added to: the run came to what it does not hold and may not ask: {tape.refused[0]}",
            code="not_recorded", field="--record-mode", next="record the run anew: --record-mode all",
        )  # fmt: skip

    with _home(cassette) as home:
        code = taken(
            arguments, file.absolute(), run, recorder=tape, seed=bytes.fromhex(header["seed"]), home=home,
            title=header.get("title", ""), refused=refused,
        )  # fmt: skip
    if "--json" not in arguments and "--quiet" not in arguments:
        with suppress(OSError, ValueError):
            sys.stderr.write(
                f"{tape.asked_anew} exchanges were asked anew; nothing of this run was kept in your home\n"
            )
    return code


@contextmanager
def _home(cassette: Cassette) -> Iterator[Path]:
    """The home of the run, as FINCHAT_HOME; the clock of the sandbox as it was, where nothing else pins it."""
    real, before = home_from_environment().path, dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="finchat-new-", ignore_cleanup_errors=True) as made:
        home = Path(made).resolve() / "home"
        home.mkdir(mode=0o700)
        held = [row for row in cassette.rows if _is_of_home(row.get("path", ""), real)]
        restore(held, home.parent)
        for name in _OF_THIS_MACHINE:
            if (real / name).is_dir():
                shutil.copytree(real / name, home / name, dirs_exist_ok=True)
            elif (real / name).is_file():
                shutil.copy2(real / name, home / name)
        try:
            os.environ["FINCHAT_HOME"] = str(home)
            if pinned := (cassette.header.get("environment") or {}).get("FINCHAT_NOW"):
                os.environ.setdefault("FINCHAT_NOW", pinned)
            yield home
        finally:
            os.environ.clear()
            os.environ.update(before)


def _is_of_home(path: str, real: Path) -> bool:
    """Whether a file of the cassette is put into the home. That of a sandbox company is when there is none here."""
    folder, _, rest = path.partition("/")
    name = rest.partition("/")[0]
    return folder == "home" and (name not in _OF_THIS_MACHINE or (name == "sandbox" and not (real / name).exists()))


def _echo(asks: str, prompt: str, line: str | None) -> None:
    """A held line, where the person would have typed it."""
    shown = prompt if asks == "chat" else ""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{shown}{'' if line is None else echoed(line)}\n")
        sys.stderr.flush()
