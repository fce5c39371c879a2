"""`finchat cassette fault`: a recording in which exchanges go wrong, to rehearse what the agent does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from finchat.app.cassettes.making import made, target
from finchat.app.cassettes.recording import numbered
from finchat.app.cassettes.replaying import Run, play
from finchat.app.cassettes.story import words_of
from finchat.app.invocation import Invocation
from finchat.cassettes.reading import read
from finchat.cassettes.rows import Cassette, Row
from finchat.cassettes.writing import write
from finchat.errors import UsageError, VerificationMismatch

KINDS = ("drop", "delay", "429", "garbage")


def fault(
    call: Invocation, file: Path, run: Run, *, on: Sequence[int], kinds: Sequence[str], seconds: Sequence[int],
    out: Path,
) -> int:  # fmt: skip
    """Add faults to the exchanges of a cassette, rehearse it, and seal what the rehearsal prints.

    Raises UsageError for a fault or a row that is none, VerificationMismatch for a fault that the run never meets.
    """
    place = target(out, file, "fault")
    cassette, size = read(file), file.stat().st_size
    faults = _asked_for(cassette, on, kinds, seconds)
    whole = numbered(cassette.header, [Row(row) for row in _with(cassette.rows, faults)])
    played = play(whole, run)
    if played.unmet:
        never = played.unmet[0]
        where = words_of(next(row for row in whole.rows if row.n == never.on))
        raise VerificationMismatch(
            f"the rehearsed run never meets the {never.kind} on {where}",
            code="fault_not_met", field="--on", next="put the fault where the run still goes: finchat cassette show",
        )  # fmt: skip
    write(place, whole.header, whole.rows, played.output)
    rows = {row.n: row for row in cassette.rows}
    done = [f"row {one['on']} meets {_words(one)}: {words_of(rows[one['on']])}" for one in faults]
    if played.beyond is not None:
        done.append(f"then the run goes where the recording does not: {played.beyond.message}")
    done.append(f"rehearsed, the run ends with exit code {played.exit_code}")
    return made(call, "fault", file, place, before=(size, len(cassette.rows)), done=done)


def _asked_for(
    cassette: Cassette, on: Sequence[int], kinds: Sequence[str], seconds: Sequence[int]
) -> list[dict[str, Any]]:
    """The fault rows that were asked for, in the order of the command line."""
    if not on or len(on) != len(kinds):
        raise UsageError(
            f"{len(on)} rows and {len(kinds)} faults are named", field="--on" if len(on) < len(kinds) else "--fault",
            next="give --on ROW and --fault KIND together, as often as there are faults",
        )  # fmt: skip
    if len(seconds) not in (0, 1, len(on)):
        raise UsageError(
            f"--seconds is given {len(seconds)} times for {len(on)} faults", field="--seconds",
            next="give it once for all of them, or once for each",
        )  # fmt: skip
    times = [seconds[0]] * len(on) if len(seconds) == 1 else list(seconds)
    faults: list[dict[str, Any]] = []
    for place, (number, kind) in enumerate(zip(on, kinds, strict=True)):
        _check(cassette, number, kind)
        faults.append({"kind": "fault", "on": number, "fault": kind} | ({"seconds": times[place]} if times else {}))
        if times and times[place] < 0:
            raise UsageError(f"--seconds is {times[place]}", field="--seconds", next="give a number of seconds from 0")
    return faults


def _check(cassette: Cassette, number: int, kind: str) -> None:
    if kind not in KINDS:
        raise UsageError(f"there is no fault {kind!r}", field="--fault", next=f"give one of {', '.join(KINDS)}")
    row = _row(cassette, number)
    if row is None or not (row.kind == "model" or (row.kind == "mcp" and row["method"] == "tools/call")):
        what = "is not there" if row is None else f"is no call of a tool or of the model but {row.kind}"
        raise UsageError(
            f"row {number} {what}", field="--on",
            next=f"see finchat cassette show {cassette.where} --rows: mcp rows with a tool, and model rows",
        )  # fmt: skip


def _row(cassette: Cassette, number: int) -> Row | None:
    return next((row for row in cassette.rows if row.n == number), None)


def _with(rows: Sequence[Row], faults: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The rows, each followed by its new faults; those that it had come first."""
    waiting = list(faults)
    for row in rows:
        yield row
        yield from (one for one in waiting if one["on"] == row.n)


def _words(one: Mapping[str, Any]) -> str:
    late = f" of {one['seconds']} s" if "seconds" in one else ""
    return {"drop": "a broken connection", "delay": f"a delay{late}", "429": f"a 429{late}", "garbage": "garbage"}[
        one["fault"]
    ]
