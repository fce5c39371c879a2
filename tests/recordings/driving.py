"""A home with the small company in it, and the real finchat run there: at a terminal that is typed at, or away from
one. Nothing here waits for time: a line is typed once the screen shows what it answers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyte

from tests import forked
from tests.recordings import company, seeded
from tests.scripted.server import ScriptedModel
from tests.terminal import Terminal

NOW = "2026-11-20T03:00:00Z"
_PROGRAM = "tests.recordings.seeded"
BOOKS = """[servers.books.finchat]
profile = "xero"
sandbox = true
bank_feed = "feed.json"
"""


@dataclass(frozen=True)
class Typed:
    """What is typed once the screen shows `after`, a pattern; `enter` unless it is a key. `meanwhile` is done before:
    for what happens elsewhere."""

    after: str
    text: str | Callable[[re.Match[str]], str]
    enter: bool = True
    meanwhile: Callable[[], Any] | None = None
    anywhere: bool = False  # also above what was waited for before: on a screen that is drawn anew


def line(after: str, text: str | Callable[[re.Match[str]], str]) -> Typed:
    return Typed(after, text)


def key(after: str, text: str, meanwhile: Callable[[], Any] | None = None) -> Typed:
    return Typed(after, text, enter=False, meanwhile=meanwhile)


@dataclass(frozen=True)
class Run:
    """What a run showed: of a terminal its screen with the scrollback, else its two streams."""

    exit_code: int | None
    stdout: str
    stderr: str
    screen: tuple[str, ...] = ()


class World:
    """A folder with `home` and what else a run reads in it; commands are given in it.

    `name`: of the recording; what is drawn by chance follows from it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.name = name
        self.facts: dict[str, Any] = {}  # what a set-up leaves for the command
        self.ports: dict[str, str] = {}  # what is said of this machine's ports, and of what else differs each time
        self._runs = 0

    def environment(self, **more: str) -> dict[str, str]:
        """All that a run has: nothing of this machine's but where programs are."""
        self._runs += 1
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", "TZ": "UTC", "USER": "somebody",
            "FINCHAT_HOME": str(self.home), "FINCHAT_NOW": NOW, seeded.SEED: f"{self.name} {self._runs}", **more,
        }  # fmt: skip

    def open_books(self, *, hostile: bool = False, settings: str = BOOKS) -> None:
        """The small company, in the sandbox of this home, and its bank's feed."""
        records = company.put(self.folder / "source", hostile=hostile)
        (self.home / "feed.json").write_bytes((self.folder / "source" / "feed.json").read_bytes())
        self.write("home/finchat.toml", settings)
        self.finchat("sandbox", "load", str(records))

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def finchat(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A run that is not recorded, away from a terminal."""
        done = self._run(arguments, self.environment(**environment))
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def document(self, *arguments: str, **environment: str) -> dict[str, Any]:
        """What an unrecorded run prints for scripts."""
        done = self.finchat(*arguments, "--json", **environment)
        found: dict[str, Any] = json.loads(done.stdout)
        assert "error" not in found, found
        return found

    def away(self, arguments: Sequence[str], typed: str = "", **environment: str) -> Run:
        """A run away from a terminal."""
        done = self._run(arguments, self.environment(**environment), typed)
        return Run(done.returncode, done.stdout, done.stderr)

    def at_terminal(
        self, arguments: Sequence[str], typed: Sequence[Typed], *, columns: int = 80, rows: int = 60,
        term: str = "xterm-256color", environment: Mapping[str, str] | None = None,
    ) -> Run:  # fmt: skip
        """A run at a terminal. Raises AssertionError with the screen where what is waited for never comes."""
        with Terminal(
            *arguments, environment=self.environment(**environment or {}), columns=columns, rows=rows, term=term,
            program=_PROGRAM, cwd=str(self.folder),
        ) as terminal:  # fmt: skip
            place = 0
            for each in typed:
                shown = terminal.until(each.after, after=0 if each.anywhere else place)
                place = shown.end()
                if each.meanwhile is not None:
                    each.meanwhile()
                text = each.text if isinstance(each.text, str) else each.text(shown)
                (terminal.line if each.enter else terminal.type)(text)
            code = terminal.ended()
            return Run(code, "", "", tuple(terminal.lines))

    def pay(self, number: str, amount: str) -> None:
        """Somebody else pays an invoice of the sandbox."""
        from tests.faults.world import Ledger

        identity = {"invoice": company.identity("document", number), "account": company.identity("account", "090")}
        Ledger(self.home).pay(identity["invoice"], identity["account"], amount)

    @contextmanager
    def served(self, *flags: str) -> Iterator[dict[str, Any]]:
        """The small company behind the vendor's own HTTP, in a process of its own with a home of its own; what it says
        when it is ready. The time there is the machine's."""
        records = company.put(self.folder / "source")
        (self.home / "feed.json").write_bytes((self.folder / "source" / "feed.json").read_bytes())
        environment = self.environment(FINCHAT_HOME=str(self.folder / "elsewhere"))
        del environment["FINCHAT_NOW"]
        self._run(("sandbox", "load", str(records)), environment)
        reads, writes = os.pipe()
        with open(reads) as said, open(os.devnull) as nothing:
            process = forked.start(
                ("sandbox", "run", "xero", "--http", "127.0.0.1:0", *flags), environment, self.folder,
                (nothing.fileno(), writes, sys.stderr.fileno()), terminal=False, program=_PROGRAM,
            )  # fmt: skip
            os.close(writes)
            try:
                ready = json.loads(said.readline())
                self.ports[ready["base_url"].partition("//")[2].partition("/")[0]] = "127.0.0.1:48001"
                yield ready
            finally:
                os.kill(process.pid, signal.SIGTERM)
                process.status(30)

    def _run(
        self, arguments: Sequence[str], environment: Mapping[str, str], typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return forked.run(
            *arguments, environment=environment, cwd=self.folder, typed=typed, program=_PROGRAM, timeout_s=90
        )


def with_model(model: ScriptedModel) -> dict[str, str]:
    """The variables that name a scripted model, which needs no key."""
    return {"OPENAI_BASE_URL": model.base_url, "OPENAI_MODEL": "scripted"}


def screen_of(printed: bytes, columns: int, rows: int) -> tuple[str, ...]:
    """What a terminal shows of what a run printed, scrollback first."""
    screen = pyte.HistoryScreen(columns, rows, history=5_000, ratio=0.5)
    pyte.Stream(screen).feed(printed.decode("utf-8", "replace").replace("\n", "\r\n"))
    above = ["".join(row[x].data for x in range(columns)) for row in screen.history.top]
    return tuple(each.rstrip() for each in (*above, *screen.display))
