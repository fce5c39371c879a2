"""One command line, and how a run of it ends: its flags, its errors, its signals."""

from __future__ import annotations

import asyncio
import errno
import os
import shlex
import signal
import sys
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from finchat.app import taping
from finchat.app.taping import Tape
from finchat.errors import ExitCode, FinchatError
from finchat.settings import Home, Settings, home_from_environment, load_settings
from finchat.ui.sink import NotWritten, Sink, is_terminal

SIGNAL_NEXT = "finchat journal show names any write that is still open"


@dataclass(frozen=True)
class Invocation:
    """One command line: the flags every command has, and its words. `model`: the one to ask instead of the configured
    one, at the same endpoint."""

    json: bool = False
    quiet: bool = False
    org: str | None = None
    server: str | None = None
    mcp_config: Path | None = None
    config: Path | None = None
    policy: Path | None = None
    as_of: str | None = None
    command: tuple[str, ...] = ()
    model: str | None = None

    @property
    def chats(self) -> bool:
        """Whether it is the chat, with a person at its prompt: what comes next is typed there, not at a shell."""
        return self.command[:1] == ("chat",) and self.sink.interactive

    @cached_property
    def tape(self) -> Tape | None:
        """What records this run or plays it back, if anything does."""
        return taping.tape()

    @cached_property
    def sink(self) -> Sink:
        return Sink("json" if self.json else "quiet" if self.quiet else "human", answers=self.tape)

    @cached_property
    def home(self) -> Home:
        return home_from_environment()

    @cached_property
    def settings(self) -> Settings:
        """Raises UsageError naming the file and field that is wrong."""
        found = load_settings(self.home, config=self.config, mcp_config=self.mcp_config, policy=self.policy)
        return found if self.model is None else replace(found, model=replace(found.model, name=self.model))

    def again(self, *words: str) -> str:
        """A command with the flags that this one found its settings, organisation and day by, as a shell takes it."""
        flags = {
            "--mcp-config": self.mcp_config, "--config": self.config, "--policy": self.policy, "--server": self.server,
            "--org": self.org, "--as-of": self.as_of,
        }  # fmt: skip
        given = [part for flag, value in flags.items() if value is not None for part in (flag, str(value))]
        return shlex.join(["finchat", *words, *given])

    @property
    def as_of_date(self) -> date | None:
        from finchat.books.periods import parse_day

        return None if self.as_of is None else parse_day(self.as_of, "--as-of")


# The command that asks about this run's plan again, once the plan is saved.
_saved: list[str] = []


def plan_saved(command: str) -> None:
    """From now on whoever is interrupted is told that the plan is there."""
    _saved[:] = [command]


def forget() -> None:
    """Another run begins in this process."""
    _saved.clear()
    _journal.clear()


# Whether this run has opened the journal: without it, it cannot have written.
_journal: list[bool] = []


def journal_opened() -> None:
    """From now on whoever is interrupted is told where open writes are named."""
    _journal[:] = [True]


class _Ended(FinchatError):
    """A signal ended the run; what it leaves behind is named."""

    def __init__(self, message: str) -> None:
        left = [*(f"the plan is saved: {c}" for c in _saved), *([SIGNAL_NEXT] if _journal else [])]
        super().__init__(message, next="; ".join(left) or None)


class Interrupted(_Ended):
    """Ctrl-C ended the run."""

    exit_code = ExitCode.INTERRUPTED
    code = "interrupted"


class Terminated(_Ended):
    """SIGTERM or SIGHUP ended the run."""

    exit_code = ExitCode.TERMINATED
    code = "terminated"


class Stopped(FinchatError):
    """A signal ended a server, which is how servers end: the exit code tells, and there is nothing to say."""

    def __init__(self, exit_code: ExitCode) -> None:
        super().__init__("stopped by a signal", code="stopped")
        self.exit_code = exit_code


@contextmanager
def serving() -> Iterator[None]:
    """Around a server: Ctrl-C and SIGTERM are its normal end."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(ExitCode.INTERRUPTED) from None
    except Terminated:
        raise Stopped(ExitCode.TERMINATED) from None


def report_error(error: FinchatError, *, as_json: bool) -> int:
    """Say an error and return its exit code. Never raises: when nobody listens the code is all there is."""
    if isinstance(error, Stopped):
        return int(error.exit_code)
    sink = Sink("json" if as_json else "human")
    with suppress(OSError, ValueError):
        if isinstance(error, _Ended) and not as_json and is_terminal(sys.stderr):
            sys.stderr.write("\n")  # the cursor stands behind a prompt, or behind the terminal's own ^C
        try:
            sink.error(error)
        except NotWritten as lost:  # the document of the error: its code stays what it is
            sink.error(lost)
    return int(error.exit_code)


def report_interrupt(*, as_json: bool) -> int:
    """Ctrl-C."""
    return report_error(Interrupted("interrupted"), as_json=as_json)


def report_bug(bug: Exception, arguments: Sequence[str], *, as_json: bool) -> int:
    """A fault of finchat's own: one line, the details in a log."""
    from finchat.ui.bug import logged

    if isinstance(bug, OSError) and bug.errno in {errno.ENOSPC, errno.EDQUOT}:  # the help, which the parser prints
        return report_error(NotWritten(bug), as_json=as_json)
    return report_error(logged(bug, arguments), as_json=as_json)


def run_to_exit(main: Coroutine[Any, Any, int]) -> int:
    """Run one command's coroutine; SIGTERM and SIGHUP end it in order with 143, Ctrl-C with KeyboardInterrupt.

    The first signal cancels: a write that is under way is finished or recorded as unknown before the process ends.
    """
    terminated = False

    async def watched() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def end() -> None:
            nonlocal terminated
            terminated = True
            task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        return await main

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        if terminated:
            raise Terminated("terminated") from None
        raise


@contextmanager
def terminable() -> Iterator[None]:
    """Signals end the process from the block, at any instant and without a word.

    A server that takes them itself closes in its own order and passes them on at its end.
    """

    def end(number: int, _frame: object) -> None:
        # No exception: whatever line it would strike could tell of it. What is half done is undone by SQLite.
        os._exit(int(ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED))

    def pass_on(_number: int, _frame: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    handlers = {signal.SIGINT: end, signal.SIGTERM: end, signal.SIGHUP: pass_on}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
