"""A fault of finchat's own: one line for the person, the details in a log in FINCHAT_HOME."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from finchat import __version__
from finchat.clock import utc_now
from finchat.errors import ExitCode, FinchatError
from finchat.settings import home_from_environment
from finchat.text.redact import redact

LOG = "finchat.log"
_LARGEST = 512 * 1024  # characters


def logged(bug: Exception, arguments: Sequence[str]) -> FinchatError:
    """The error a person reads, after its traceback went to the log with secrets masked. Never raises."""
    where = f"{utc_now().isoformat()} finchat {__version__} {' '.join(arguments)}"
    details = redact(f"{where}\n{''.join(traceback.format_exception(bug))}\n")
    error = FinchatError("finchat made a mistake and stopped", code="internal", next=_kept(details))
    error.exit_code = ExitCode.FAILED
    return error


def _kept(details: str) -> str:
    for folder in (_home(), Path(tempfile.gettempdir())):
        if folder is None:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _append(folder / LOG, details)
        except OSError:
            continue
        return f"details are in {folder / LOG}; if you approved writes, see finchat journal show"
    return "no log could be written; if you approved writes, see finchat journal show"


def _append(log: Path, details: str) -> None:
    """At the end of a log that only its owner reads; a full one makes room and is kept as `finchat.log.1`."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LARGEST:
            log.replace(log.with_name(f"{LOG}.1"))
    # No link is followed: the last resort is a folder that others can write to.
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
        os.fchmod(descriptor, 0o600)
        file.write(details[-_LARGEST:])


def _home() -> Path | None:
    try:
        return home_from_environment().path
    except (OSError, RuntimeError, FinchatError):
        return None
