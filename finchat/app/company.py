"""The sandbox company: status, answers, another one in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from finchat.app.backends import sandbox_home
from finchat.app.desk import books_of_record
from finchat.app.invocation import Invocation
from finchat.canonical import canonical_json
from finchat.errors import ExitCode

if TYPE_CHECKING:
    from finchat.sandbox.home import SandboxHome
    from finchat.sandbox.xero.back_end import XeroBackEnd


def sandbox_reset(call: Invocation, *, seed: int, anchor: str | None) -> int:
    from finchat.books.periods import parse_day

    day = None if anchor is None else parse_day(anchor, "--anchor")
    return _replace_company(call, lambda home: home.reset(seed, day))


def sandbox_load(call: Invocation, directory: Path) -> int:
    return _replace_company(call, lambda home: home.load(directory))


def _replace_company(call: Invocation, replace_it: Callable[[SandboxHome], XeroBackEnd]) -> int:
    """Another company in the place of the present one, whose writes the journal need not settle any more."""
    home = sandbox_home(call)
    before = home.status()["company"]["organisation_id"] if home.database_path.exists() else None
    replace_it(home).close()
    if before is not None:
        with books_of_record(call, via="command") as (journal, *_):
            journal.forget_sandbox(before)
    return sandbox_status(call)


def sandbox_status(call: Invocation) -> int:
    from finchat.ui.sandbox import sandbox_view

    status = sandbox_home(call).status()
    if call.as_of is not None:  # what the notice would say to add is there
        status["company"]["notice"] = None
    if call.json:
        call.sink.document({"schema": "finchat.sandbox/1", **status, "exit_code": 0})
    else:
        call.sink.data(sandbox_view(status))
    return ExitCode.DONE


def sandbox_truth(call: Invocation) -> int:
    call.sink.raw(canonical_json(sandbox_home(call).truth()) + "\n")
    return ExitCode.DONE
