"""A fault of finchat's own: one line for the person, the details in a log in FINCHAT_HOME."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from finchat import __version__
from finchat.errors import ExitCode, FinchatError
from finchat.settings import home_from_environment
from finchat.text.redact import redact

LOG = "finchat.log"


def logged(bug: Exception, arguments: Sequence[str]) -> FinchatError:
    """The error a person reads, after its traceback went to the log with secrets masked. Never raises."""
    where = f"{datetime.now(UTC).isoformat()} finchat {__version__} {' '.join(arguments)}"
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
            with (folder / LOG).open("a", encoding="utf-8", errors="backslashreplace") as log:
                log.write(details)
        except OSError:
            continue
        return f"details are in {folder / LOG}; if you approved writes, see finchat journal show"
    return "no log could be written; if you approved writes, see finchat journal show"


def _home() -> Path | None:
    try:
        return home_from_environment().path
    except (OSError, RuntimeError, FinchatError):
        return None
