"""`finchat replay`: a recorded run again, from its cassette alone, and whether it is the same."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from finchat import prompts
from finchat.app import invocation
from finchat.app.cassettes.stage import VARIABLES, Show, Terminal, stage
from finchat.app.invocation import Invocation
from finchat.app.taping import taped
from finchat.cassettes.fault_rows import Fault
from finchat.cassettes.local_state import restore
from finchat.cassettes.pace import Pace
from finchat.cassettes.player import Player
from finchat.cassettes.reading import read
from finchat.cassettes.rows import Cassette, Row
from finchat.chance import Seeded, drawn_from
from finchat.clock import parse_instant, told_by
from finchat.errors import ExitCode, FinchatError, UsageError, VerificationMismatch

Run = Callable[[Sequence[str]], int]
_MOST_DIFFERENCES = 3
_KEY = "replayed"  # for a model that wants one: nothing is sent anywhere


class ReplayDiffers(VerificationMismatch):
    """The run is not the recorded one."""

    code = "replay_differs"


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a replay printed, and what was not as recorded, the first problem first. Of a rehearsal, `unmet`: faults
    that nothing met; `beyond`: the first thing it asked that the recording does not hold."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    problems: tuple[FinchatError, ...]
    unmet: tuple[Fault, ...] = ()
    beyond: FinchatError | None = None

    @property
    def output(self) -> dict[str, Any]:
        """The output row of a cassette."""
        return {
            "kind": "output",
            "exit_code": self.exit_code,
            "stdout": _lines(self.stdout),
            "stderr": _lines(self.stderr),
        }


def play(cassette: Cassette, run: Run, *, show: tuple[Show, Show] | None = None, speed: float | None = None) -> Played:
    """Run the command of a cassette on a stage of its own. `show` gets the bytes for stdout and stderr as they come.

    Raises KeyboardInterrupt, Terminated or (where the run has said so on `show`) Stopped when a signal ends the replay
    and none ended the recording: the run in it takes the signal for its own.
    """
    header = cassette.header
    if not may_be_recorded(header["command"]):
        raise ReplayDiffers(
            f"{cassette.where}, line 1: finchat {header['command'][0]} is neither recorded nor replayed",
            field=f"{cassette.where}:1", next="do not trust the file: no finchat made it",
        )  # fmt: skip
    terminal = Terminal(**{name: value for name, value in header["terminal"].items() if name in _TERMINAL})
    recorded = cassette.output
    signalled = recorded is not None and recorded["exit_code"] in {ExitCode.INTERRUPTED, ExitCode.TERMINATED}
    pace = Pace(*show, speed) if show is not None and speed else None
    if pace is not None:
        show = (pace.stdout, pace.stderr)
    signalled = bool(signalled or header.get("signalled", False))
    player = Player(
        cassette.rows, parse_instant(header["clock"], "clock"), ended_by_signal=signalled, speed=speed, pace=pace
    )
    environment = {name: value for name, value in header.get("environment", {}).items() if name in VARIABLES}
    if (model := header.get("model")) and (variable := model.get("key_env")):
        environment[variable] = _KEY
    invocation.forget()
    with (
        stage(terminal, environment, show=show) as (folder, printed),
        told_by(player),
        drawn_from(Seeded(bytes.fromhex(header["seed"]))),
        taped(player),
    ):
        restore(cassette.rows, folder)
        exit_code = run(header["command"])
    invocation.forget()
    if player.stopped or (exit_code in _ENDED_BY_SIGNAL and not signalled):
        _end(exit_code, said=show is not None)
    return Played(
        exit_code=exit_code,
        stdout=bytes(printed.stdout),
        stderr=bytes(printed.stderr),
        problems=tuple(_problems(player)),
        unmet=player.unmet(),
        beyond=player.misses[0] if player.rehearses and player.misses else None,
    )


# Commands that serve until they are stopped, that are about this machine, or that play or change recordings themselves.
NOT_RECORDED = frozenset({"serve", "sandbox", "key", "replay", "cassette", "demo", "connect", "disconnect"})
_OF_THE_SHELL = ("--install-completion", "--show-completion")


def may_be_recorded(arguments: Sequence[str]) -> bool:
    """Whether a command line is one that is recorded and replayed."""
    first = next(iter(arguments), "")
    of_the_shell = first.startswith("-") and any(word.startswith(_OF_THE_SHELL) for word in arguments)
    return first not in NOT_RECORDED and not of_the_shell


_ENDED_BY_SIGNAL = frozenset({int(ExitCode.INTERRUPTED), int(ExitCode.TERMINATED)})


def _end(exit_code: int, *, said: bool) -> NoReturn:
    if said and exit_code in _ENDED_BY_SIGNAL:
        raise invocation.Stopped(ExitCode(exit_code))
    if exit_code == ExitCode.TERMINATED:
        raise invocation.Terminated("terminated")
    raise KeyboardInterrupt


_TERMINAL = frozenset(Terminal.__dataclass_fields__)


def _problems(player: Player) -> list[FinchatError]:
    if player.rehearses:
        return []
    found: list[FinchatError] = list(player.misses)
    if left := player.left():
        found.append(_left_over(left))
    return found


def _left_over(left: Sequence[Row]) -> ReplayDiffers:
    first = left[0]
    from finchat.cassettes.nearest import words

    more = f", and {len(left) - 1} more" if len(left) > 1 else ""
    return ReplayDiffers(
        f"the run ended without what was recorded as row {first.n} (line {first.line}): "
        f"{words(first.kind, first.request)}{more}",
        field=f"row {first.n}",
        next="the program or its settings are not those of the recording; record it again when that is meant",
    )


def difference(cassette: Cassette, played: Played) -> FinchatError | None:
    """Where what a replay printed is not what the recording says; None when it is the same, byte for byte."""
    recorded = cassette.output
    if recorded is None:
        return ReplayDiffers("the recording does not say what the run printed", next="record it again")
    now = played.output
    for stream in ("stdout", "stderr"):
        if now[stream] != list(recorded[stream]):
            return ReplayDiffers(
                f"{stream} is not as recorded: {_first_difference(recorded[stream], now[stream])}",
                field=stream,
                next="the program has changed since; record it again when that is meant",
            )
    if played.exit_code != recorded["exit_code"]:
        return ReplayDiffers(f"the run ended with {played.exit_code}, recorded was {recorded['exit_code']}")
    return None


def _first_difference(recorded: Sequence[str], now: Sequence[str]) -> str:
    for number, (before, after) in enumerate(zip([*recorded, ""], [*now, ""], strict=False), 1):
        if before != after:
            return f"line {number} was {before.rstrip()!r} and is {after.rstrip()!r}"
    return f"{len(recorded)} lines were recorded, and {len(now)} are printed"


def replay(call: Invocation, file: Path, run: Run, *, speed: float | None) -> int:
    """Print what a recording printed, by running it again, and check that it is the same.

    Exit code 0 when it is, byte for byte; 8 when anything differs. Raises CassetteError for a file that is none or was
    changed, UsageError for a speed that is none.
    """
    if speed is not None and speed <= 0:
        raise UsageError(
            f"--speed is {speed:g}", field="--speed", next="give a number like 1 or 4; without it: at once"
        )
    cassette = read(file)
    played = play(cassette, run, show=None if call.json else shown_on_terminal(), speed=speed)
    problem = problem_of(cassette, played)
    if call.json:
        call.sink.document(_document(cassette, file, played, problem))
        return int(ExitCode.DONE if problem is None else ExitCode.MISMATCH)
    if problem is not None:
        raise problem
    return ExitCode.DONE


def problem_of(cassette: Cassette, played: Played) -> VerificationMismatch | None:
    """Why a replay is not the recording; None when it is."""
    problem = next(iter(played.problems), None) or difference(cassette, played)
    if problem is None:
        return None
    return VerificationMismatch(
        f"the replay is not the recording: {problem.message}{_changed_prompts(cassette)}", code=problem.code,
        field=problem.field, next=problem.next,
    )  # fmt: skip


def _changed_prompts(cassette: Cassette) -> str:
    """Which of the texts that are sent to a model have changed since."""
    recorded, now = cassette.header.get("prompts", {}), prompts.hashes()
    changed = [name for name, found in recorded.items() if now.get(name, found) != found]
    gone = [name for name in recorded if name not in now]
    if not (changed or gone) or not cassette.header.get("model"):
        return ""
    return f"; changed since: {', '.join(f'prompts/{name}' for name in [*changed, *gone])}"


def shown_on_terminal() -> tuple[Show, Show]:
    """What is printed goes to this process's own streams."""
    return _writer(sys.stdout), _writer(sys.stderr)


def _document(cassette: Cassette, file: Path, played: Played, problem: FinchatError | None) -> dict[str, Any]:
    counts = {kind: sum(row.kind == kind for row in cassette.rows) for kind in ("mcp", "model", "human")}
    return {
        "schema": "finchat.replay/1",
        "file": str(file),
        "title": cassette.header.get("title", ""),
        "command": list(cassette.header["command"]),
        "same": problem is None,
        "problem": problem and {"code": problem.code, "message": problem.message, "field": problem.field},
        "recorded_exit_code": played.exit_code if cassette.output is None else cassette.output["exit_code"],
        "exchanges": counts,
        "stdout": played.stdout.decode("utf-8", "replace"),
        "stderr": played.stderr.decode("utf-8", "replace"),
        "exit_code": int(ExitCode.DONE if problem is None else ExitCode.MISMATCH),
    }  # fmt: skip


def _writer(stream: Any) -> Show:
    """Writes bytes to a stream of this process at once; a reader that left gets no more."""
    target = getattr(stream, "buffer", None)

    def write(data: bytes) -> None:
        nonlocal target
        try:
            if target is not None:
                target.write(data)
                target.flush()
        except (OSError, ValueError):
            target = None

    return write


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "backslashreplace").splitlines(keepends=True)
