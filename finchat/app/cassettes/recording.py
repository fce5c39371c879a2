"""`--record FILE`: a run as ever, and a cassette of it that was replayed once before it is sealed."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from finchat import __version__, prompts
from finchat.app import taping
from finchat.app.cassettes.overheard import otherwise, overheard
from finchat.app.cassettes.replaying import NOT_RECORDED, Played, Run, may_be_recorded, play
from finchat.app.cassettes.stage import VARIABLES
from finchat.app.invocation import Invocation, report_bug, report_error, report_interrupt
from finchat.books.learning import account_digest
from finchat.canonical import sha256_of
from finchat.cassettes.content import exact
from finchat.cassettes.hashes import derived, replaced
from finchat.cassettes.local_state import Watch
from finchat.cassettes.matching import Miss
from finchat.cassettes.recorder import Recorder
from finchat.cassettes.redaction import Redaction, known_secrets
from finchat.cassettes.rows import Cassette, Row
from finchat.cassettes.shapes import SOMEBODY
from finchat.cassettes.writing import lines, write
from finchat.chance import Seeded, drawn_from, new_seed
from finchat.clock import instant_text, told_by
from finchat.errors import ExitCode, FinchatError, UsageError, VerificationMismatch, worst
from finchat.settings import ServerSettings, home_from_environment
from finchat.text.redact import secrets_of
from finchat.ui.sink import is_terminal

_NOT_RECORDED = NOT_RECORDED
_ACTOR = re.compile(r'"actor":\{"user":"([^"\\]{1,64})"')
_MOST_ROUNDS = 50  # replays in which what follows from what was redacted comes to light, a write at a time
_ENDED_BY_SIGNAL = frozenset({int(ExitCode.INTERRUPTED), int(ExitCode.TERMINATED)})


def record(arguments: Sequence[str], file: Path, run: Run) -> int:
    """Run a command line and record it into a file that is written when the run is over.

    The exit code is the run's; 8 when its recording does not replay, in which case no file is written.
    Raises UsageError for a command that cannot be recorded and a file that cannot be written, before anything runs.
    """
    if not may_be_recorded(arguments):
        raise UsageError(
            f"finchat {arguments[0]} cannot be recorded", field="--record",
            next="record what talks to the books: chat, ask, reconcile, apply, review, undo",
        )  # fmt: skip
    try:
        check_place(file.absolute())
    except FileNotFoundError:
        raise UsageError("the current folder is gone", field="--record", next="change to one that is there") from None
    home = home_from_environment().path
    return taken(arguments, file.absolute(), run, recorder=Recorder(), seed=new_seed(), home=home)


def taken(
    arguments: Sequence[str], file: Path, run: Run, *, recorder: Recorder, seed: bytes, home: Path, title: str = "",
    refused: Callable[[], FinchatError | None] = lambda: None,
) -> int:  # fmt: skip
    """Run a command line on a tape that notes what passes, and seal it. `refused`: after the run, why there is nothing
    to seal. The exit code is as `record` has it."""
    environment = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    terminal = _terminal()
    watch = Watch({"home": home, "work": Path.cwd()}, ignoring=[file], audit=list(arguments[:1]) == ["audit"])
    with watch, overheard() as said, told_by(recorder), drawn_from(Seeded(seed)), taping.taped(recorder):
        code = run(arguments)
    as_json = "--json" in arguments
    try:
        if (why := refused()) is not None:
            raise why
        call = taping.last_call()
        header = {
            "title": title, "finchat": __version__, "command": list(arguments), "clock": instant_text(recorder.started),
            "timezone": "UTC", "locale": None, "terminal": terminal, "environment": environment, "seed": seed.hex(),
            "user": "somebody", "redaction": 1, "prompts": prompts.hashes(), "catalogues": _catalogues(recorder.rows),
            **_settings(call), **({"signalled": True} if code in _ENDED_BY_SIGNAL else {}),
        }  # fmt: skip
        watched = watch.rows()
        given = [*watched, *recorder.rows]
        redaction = Redaction(_secrets(call), _places() | watch.paths(), _actors(watched), digest=account_digest)
        redacted, *rest = redaction.rows([header, *given])
        played = keep(
            file, redacted | {"seed": header["seed"]}, [Row(row) for row in rest], run, expected=code,
            as_it_was=lambda: numbered(header, [Row(row) for row in given]),
        )  # fmt: skip
        differs = otherwise(redaction.text("".join(said)), played.stdout)
    except FinchatError as error:  # the run has printed its document: this is for whoever reads stderr
        return int(worst([code, report_error(error, as_json=False)]))
    except KeyboardInterrupt:
        return int(worst([code, report_interrupt(as_json=False)]))
    except Exception as bug:  # what the run did stays done, and its exit code says so
        return int(worst([code, report_bug(bug, arguments, as_json=False)]))
    if not as_json and "--quiet" not in arguments:
        count = len(recorder.rows)
        with suppress(OSError, ValueError):
            sys.stderr.write(f"recorded: {file} ({count} exchanges); {differs or 'its replay prints the same'}\n")
    return code


def keep(
    file: Path, header: Mapping[str, Any], rows: Sequence[Row], run: Run, *, expected: int | None,
    as_it_was: Callable[[], Cassette] | None = None,
) -> Played:  # fmt: skip
    """Replay what was recorded, seal what that prints, and write the file.

    `expected`: the exit code that the replay must end with. `as_it_was`: the recording before anything in it was
    replaced. Raises VerificationMismatch when the run cannot be replayed; nothing is written then.
    """
    whole = numbered(header, rows)
    played = play(whole, run)
    whole, played = _computed_anew(whole, played, run)
    if played.problems and as_it_was is not None and not play(as_it_was(), run).problems:
        changed: set[int] = set()
        while (row := _asked_otherwise(played)) is not None and row.n not in changed:
            changed.add(row.n)
            whole, played = _computed_anew(*_asked_of_the_model(whole, played, run), run)
    if played.exit_code in _ENDED_BY_SIGNAL and expected not in (None, played.exit_code):
        raise KeyboardInterrupt  # of the replay: the run in it took the signal for its own
    problem = next(iter(played.problems), None)
    if problem is None and expected is not None and played.exit_code != expected:
        problem = VerificationMismatch(f"it ends with {played.exit_code}, the run ended with {expected}")
    if problem is not None:
        raise VerificationMismatch(
            f"the run was not recorded: its replay goes another way: {problem.message}", code="not_replayable",
            field="--record", next="nothing is wrong with the run itself; report what it did",
        )  # fmt: skip
    write(file, whole.header, whole.rows, played.output)
    return played


def _computed_anew(whole: Cassette, played: Played, run: Run) -> tuple[Cassette, Played]:
    """The cassette with what a replay computes otherwise than the run did, because what it is computed over was
    redacted: the mark of a write follows from its payload, and a payload may name an account."""
    for _ in range(_MOST_ROUNDS):
        found: dict[str, str] = {}
        for problem in played.problems:
            if isinstance(problem, Miss) and problem.asked is not None:
                found |= derived(problem.recorded, problem.asked) or {}
        if not found:
            break
        header, *rows = replaced([whole.header, *whole.rows], found)
        whole = numbered(header, [Row(row) for row in rows])
        played = play(whole, run)
    return whole, played


def _asked_otherwise(played: Played) -> Row | None:
    """The recorded question to the model in the place of which a replay asks another, where that is what goes wrong
    first."""
    asked = [p.row for p in played.problems if isinstance(p, Miss) and p.row is not None and p.row.kind == "model"]
    return asked[0] if asked and isinstance(played.problems[0], Miss) else None


def _asked_of_the_model(whole: Cassette, played: Played, run: Run) -> tuple[Cassette, Played]:
    """The cassette with what the redacted run asks its model in the place of what the run itself asked, redacted.

    Only for a recording that replays as it was: what is asked otherwise is then asked so because of what was replaced,
    such as a sentence about a number of which a part is no number any more. It is only what answers are found by.
    """
    miss = next(p for p in played.problems if isinstance(p, Miss) and p.row is not None and p.row.kind == "model")
    number = miss.row.n if miss.row is not None else None
    rows = [Row({**row, "body": miss.asked["body"]}) if row.n == number else row for row in whole.rows]
    whole = numbered(whole.header, rows)
    return whole, play(whole, run)


def numbered(header: Mapping[str, Any], rows: Sequence[Row]) -> Cassette:
    """The cassette of a header and rows, as it would be read back."""
    from finchat.cassettes.reading import parse

    try:
        text = "".join(f"{line}\n" for line in lines(header, rows))
    except ValueError as error:
        raise VerificationMismatch(f"what passed cannot be kept: {error}", code="not_replayable") from error
    return parse(text.encode("utf-8"), "the recording")


def check_place(file: Path) -> None:
    if not file.parent.is_dir():
        raise UsageError(
            f"there is no folder {file.parent}", field="--record", next="name a file in a folder that exists"
        )
    if file.is_dir() or not os.access(file.parent, os.W_OK):
        raise UsageError(f"{file} cannot be written", field="--record", next="name a file in a folder you may write to")


def _terminal() -> dict[str, Any]:
    size = shutil.get_terminal_size((100, 25))
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(OSError, ValueError, AttributeError):
            size = os.get_terminal_size(stream.fileno())  # type: ignore[union-attr]
            break
    return {
        "stdin": is_terminal(sys.stdin), "stdout": is_terminal(sys.stdout), "stderr": is_terminal(sys.stderr),
        "width": size.columns, "height": size.lines, "term": os.environ.get("TERM", ""),
        "encoding": (getattr(sys.stdout, "encoding", None) or "utf-8").lower(),
    }  # fmt: skip


def _catalogues(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A hash of the tools that each server offered."""
    listed = [row for row in rows if row["kind"] == "mcp" and row["method"] == "tools/list" and "result" in row]
    return {row["server"]: sha256_of(row["result"]["tools"]) for row in listed}


def _settings(call: Invocation | None) -> dict[str, Any]:
    """What was in force, without secrets: servers, model, limits, policy."""
    if call is None:
        return {"model": None, "settings": {}, "policy": {}}
    try:
        settings = call.settings
    except FinchatError:  # the run said so
        return {"model": None, "settings": {}, "policy": {}}
    model = settings.model
    endpoint = None
    if model.configured:
        endpoint = {
            "name": model.name, "api": model.effective_api, "endpoint": model.destination, "scripted": False,
            "key_env": model.key_env if model.key else None,
        }  # fmt: skip
    servers = {name: _server(one) for name, one in settings.servers.items()}
    return {
        "model": endpoint, "settings": {"servers": servers, "limits": _plain(settings.limits)},
        "policy": _policy(call),
    }  # fmt: skip


def _server(one: ServerSettings) -> dict[str, Any]:
    return {
        "profile": one.profile, "organisation": one.organisation, "sandbox": one.sandbox,
        "command": None if one.command is None else [one.command, *one.args], "url": one.url,
    }  # fmt: skip


def _policy(call: Invocation) -> dict[str, Any]:
    path = call.policy or call.home.policy
    try:
        return dict(exact(_plain(tomllib.loads(path.read_text("utf-8")))))
    except (OSError, ValueError):
        return {}


def _plain(value: Any) -> Any:
    """Settings as JSON data."""
    from dataclasses import fields, is_dataclass
    from decimal import Decimal

    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal | float):
        return str(value)
    return value if isinstance(value, str | int | bool) or value is None else str(value)


def _places() -> dict[str, str]:
    """The person's own folder, which has their name, wherever it is; what of it is known better comes first."""
    home = os.path.expanduser("~")
    return {home: f"/home/{SOMEBODY}"} if len(Path(home).parts) > 1 else {}


def _actors(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Who acted, by the audit log in a recording about it: its sentences begin with the name."""
    cells = (cell for row in rows for line in row.get("rows", ()) for cell in line)
    texts = map(str, (*(row.get("text") for row in rows), *cells))
    return {found[1]: SOMEBODY for text in texts for found in _ACTOR.finditer(text)}


def _secrets(call: Invocation | None) -> set[str]:
    """Every secret that this machine knows of: of the environment, the servers' settings and the model's key."""
    with suppress(FinchatError):
        if call is not None:
            return known_secrets(call.settings, os.environ)
    return set(secrets_of(os.environ))
