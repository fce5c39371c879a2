"""Whether a cassette that was read still runs as recorded, and on which of its lines it does not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from finchat.app.cassettes.replaying import Played, Run, play, problem_of
from finchat.cassettes.rows import Cassette
from finchat.errors import ExitCode, FinchatError, VerificationMismatch

_ROW = re.compile(r"row (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Otherwise:
    """How a replay is not the recording. `line`: of the file, counted from 1, that it is about."""

    line: int
    code: str
    message: str
    next: str | None


_ENDED_BY_SIGNAL = frozenset({int(ExitCode.INTERRUPTED), int(ExitCode.TERMINATED)})


def played(cassette: Cassette, run: Run) -> Played:
    """Replay a cassette, printing nothing. Raises KeyboardInterrupt when the replay was ended and the recording was
    not: the run in it takes Ctrl-C for its own."""
    found = play(cassette, run)
    recorded = None if cassette.output is None else int(cassette.output["exit_code"])
    if found.exit_code in _ENDED_BY_SIGNAL and recorded not in (None, found.exit_code):
        raise KeyboardInterrupt
    return found


def check_same(cassette: Cassette, run: Run, what: str) -> None:
    """Raises VerificationMismatch when a replay is not the recording; `what` cannot be done with it then."""
    problem = problem_of(cassette, played(cassette, run))
    if problem is not None:
        raise VerificationMismatch(
            f"{cassette.where} cannot be {what}: {problem.message}", code=problem.code, field=problem.field,
            next=problem.next,
        )  # fmt: skip


def otherwise(cassette: Cassette, run: Run) -> Otherwise | None:
    """Replay a cassette, printing nothing: the first thing that is not as recorded, None when all of it is."""
    problem = problem_of(cassette, played(cassette, run))
    if problem is None:
        return None
    return Otherwise(line=_line(problem, cassette), code=problem.code, message=problem.message, next=problem.next)


def _line(problem: FinchatError, cassette: Cassette) -> int:
    if problem.field is not None and (found := _ROW.fullmatch(problem.field)):
        return int(found[1]) + 1
    return len(cassette.rows) + 2  # of the output, which says what was printed
